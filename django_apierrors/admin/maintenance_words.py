"""What the page says of maintenance, in the language of who reads, and what the log keeps, in English."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from django.utils import timezone, translation
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ..datetimes import format_datetime, format_range, format_remaining, format_time
from ..maintenance import Status
from ..models import MaintenanceWindow
from ..scopes import describe_scope
from .log import change

Text = TypeVar("Text", bound=Callable[..., str])


def headline(status: Status) -> str:
    """Return whether maintenance is on."""
    if status.forced:
        return _("Maintenance is on, by the settings")
    if status.forced is False:
        return _("Maintenance is off, by the settings")
    said = {"off": _("Maintenance is off"), "reading": _("Maintenance is on: read-only"), "on": _("Maintenance is on")}
    return said[look(status)]


def look(status: Status) -> str:
    """Return how the page shows it: ``on``, ``reading`` while only changes are refused, or ``off``."""
    if not status.is_on:
        return "off"
    return "reading" if not status.forced and all(row.is_read_only for row in status.open) else "on"


def forced(status: Status) -> str:
    """Return what ``FORCE`` does to everything on the page, ``""`` where it decides nothing."""
    if status.forced:
        return _(
            'MAINTENANCE["FORCE"] is True in the settings: every request is refused, on every path and without an '
            "end, whatever is switched here. A bypass does not pass it. What is switched here counts once the "
            "setting is None."
        )
    if status.forced is False:
        return _(
            'MAINTENANCE["FORCE"] is False in the settings: every request passes, whatever is switched here. What is '
            "switched here counts once the setting is None."
        )
    return ""


def quiet(status: Status) -> str:
    """Return what is so while nothing is on: what comes next."""
    if not status.upcoming:
        return _("Every request passes, and nothing is scheduled.")
    row = status.upcoming[0]
    said = {"left": _until(row.starts_at), "starts": format_time(row.starts_at), "scope": describe_scope(row)}
    return _("Every request passes. Next: %(scope)s, in %(left)s (%(starts)s).") % said


def opened(row: MaintenanceWindow) -> str:
    """Return what is on: ``On since 12:04 CEST for /api/, ends in 35 minutes (13:04 CEST), by ana.``"""
    said = {"since": format_time(row.starts_at), "scope": describe_scope(row), "by": row.created_by}
    if row.ends_at is not None:
        said |= {"left": _until(row.ends_at), "ends": format_time(row.ends_at)}
    if row.ends_at is not None and row.created_by:
        return _("On since %(since)s for %(scope)s, ends in %(left)s (%(ends)s), by %(by)s.") % said
    if row.ends_at is not None:
        return _("On since %(since)s for %(scope)s, ends in %(left)s (%(ends)s).") % said
    if row.created_by:
        return _("On since %(since)s for %(scope)s, without an end, by %(by)s.") % said
    return _("On since %(since)s for %(scope)s, without an end.") % said


def scheduled(row: MaintenanceWindow) -> str:
    """Return what is to come: ``In 2 hours, from 14:00 CEST until 15:00 CEST, for /api/.``"""
    said = {"left": _until(row.starts_at), "starts": format_time(row.starts_at), "scope": describe_scope(row)}
    if row.ends_at is None:
        return _("In %(left)s, from %(starts)s without an end, for %(scope)s.") % said
    said["ends"] = format_time(row.ends_at)
    return _("In %(left)s, from %(starts)s until %(ends)s, for %(scope)s.") % said


def past(row: MaintenanceWindow) -> dict[str, Any]:
    """Return what a line of the history shows of a window that is over."""
    return {"row": row, "when": format_range(row.starts_at, row.ends_at or row.starts_at), "scope": describe_scope(row)}


def refused(row: MaintenanceWindow) -> str:
    """Return what a window refuses, as a sentence."""
    said = {"scope": describe_scope(row)}
    if row.is_read_only:
        return _("Changes are refused for %(scope)s; GET, HEAD and OPTIONS go on.") % said
    return _("Every request is refused for %(scope)s.") % said


def until(row: MaintenanceWindow) -> str:
    """Return until when, as the rest of a sentence."""
    if row.ends_at is None:
        return _("until somebody turns it off")
    said = {"ends": format_time(row.ends_at), "left": _until(row.ends_at)}
    return _("until %(ends)s, which is in %(left)s") % said


def told_of_on(row: MaintenanceWindow, status: Status) -> str:
    """Return what is said to who turned maintenance on."""
    if status.forced is not None:
        return " ".join([_("The window is open."), forced(status)])
    said = {"scope": describe_scope(row), "until": until(row)}
    return _("Maintenance is on for %(scope)s %(until)s. This browser is let through.") % said


def _until(moment: Any) -> str:
    return format_remaining((moment - timezone.now()).total_seconds())


def _of_log(text: Text) -> Text:
    """Make a text of the log: untranslated, as all of it is."""

    @functools.wraps(text)
    def made(*args: Any) -> str:
        with translation.override(None):
            return text(*args)

    return made  # type: ignore[return-value]


@_of_log
def log_on(row: MaintenanceWindow) -> str:
    """Return what the log says when maintenance was turned on."""
    return f"Turned on: refuses {_kind(row)} for {describe_scope(row)} {_end(row)}."


@_of_log
def log_scheduled(row: MaintenanceWindow) -> str:
    """Return what the log says when a window was scheduled."""
    return (
        f"Scheduled: refuses {_kind(row)} for {describe_scope(row)} from {format_datetime(row.starts_at)} {_end(row)}."
    )


@_of_log
def log_cancelled(row: MaintenanceWindow) -> str:
    """Return what the log says when a scheduled window was cancelled."""
    what = f"{_kind(row)} for {describe_scope(row)} from {format_datetime(row.starts_at)} {_end(row)}"
    return f"Cancelled: it was to refuse {what}."


@_of_log
def log_ended(row: MaintenanceWindow, planned: Any) -> str:
    """Return what the log says when an open window was ended, or turned off with all others."""
    planned = format_datetime(planned) if planned else "no end"
    return f"Turned off for {describe_scope(row)} at {format_datetime(row.ends_at)}; planned was {planned}."  # type: ignore[arg-type]


@_of_log
def log_extended(row: MaintenanceWindow) -> str:
    """Return what the log says when an open window was extended."""
    return f"Extended for {describe_scope(row)} {_end(row)}."


@_of_log
def log_let_through(row: MaintenanceWindow, is_token: bool) -> str:
    """Return what the log says when a bypass was made; never the bypass itself."""
    what = "Made a token that lets API clients through" if is_token else "Let a browser through"
    return f"{what} for {describe_scope(row)}, for 12 hours at most and {_end(row)}."


@_of_log
def log_edited(form: Any) -> str:
    """Return what the log says when a scheduled window was edited: old and new values."""
    names = [name for name in form.changed_data if name != "no_end"]
    values = [(name, form.initial.get(name), form.cleaned_data.get(name)) for name in names]
    changes = [change(capfirst(name.replace("_", " ")), _plain(old), _plain(new)) for name, old, new in values]
    return f"Edited. {'; '.join(changes)}." if changes else "Edited, and nothing changed."


def _kind(row: MaintenanceWindow) -> str:
    return "changes" if row.is_read_only else "everything"


def _end(row: MaintenanceWindow) -> str:
    return f"until {format_datetime(row.ends_at)}" if row.ends_at else "until it is turned off"


def _plain(value: Any) -> Any:
    if hasattr(value, "tzinfo"):
        return format_datetime(value)
    return ", ".join(value) if isinstance(value, list) else value
