"""The texts of the page "Maintenance", in the language of the admin."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone
from django.utils.translation import gettext as _

from ...datetimes import format_remaining, format_time
from ...maintenance import Status
from ...models import MaintenanceWindow
from ...scopes import describe_scope


def describe_status(status: Status) -> str:
    """Return the headline of the page."""
    if status.forced:
        return _("Maintenance is on, by the settings")
    if status.forced is False:
        return _("Maintenance is off, by the settings")
    headlines = {
        "off": _("Maintenance is off"),
        "reading": _("Maintenance is on: read-only"),
        "on": _("Maintenance is on"),
    }
    return headlines[get_status_class(status)]


def get_status_class(status: Status) -> str:
    """Return the suffix of the CSS class: ``on``, ``reading`` while only changes are refused, or ``off``."""
    if not status.is_on:
        return "off"
    return "reading" if not status.forced and all(row.is_read_only for row in status.open) else "on"


def describe_force(status: Status) -> str:
    """Return the effect of the setting ``FORCE``, ``""`` if it is ``None``."""
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


def describe_next_window(status: Status) -> str:
    """Return the state while no window is open, with the next scheduled window."""
    if not status.upcoming:
        return _("Every request passes, and nothing is scheduled.")
    return _("Every request passes. Next: %(scope)s, in %(left)s (%(starts)s).") % _get_params(status.upcoming[0])


def describe_open_window(row: MaintenanceWindow) -> str:
    """Return an open window: ``On since 12:04 CEST for /api/, ends in 35 minutes (13:04 CEST), by ana.``"""
    params = {**_get_params(row), "by": row.created_by}
    if row.ends_at is not None:
        params["left"] = _format_time_left(row.ends_at)
    if row.ends_at is not None and row.created_by:
        return _("On since %(starts)s for %(scope)s, ends in %(left)s (%(ends)s), by %(by)s.") % params
    if row.ends_at is not None:
        return _("On since %(starts)s for %(scope)s, ends in %(left)s (%(ends)s).") % params
    if row.created_by:
        return _("On since %(starts)s for %(scope)s, without an end, by %(by)s.") % params
    return _("On since %(starts)s for %(scope)s, without an end.") % params


def describe_scheduled_window(row: MaintenanceWindow) -> str:
    """Return a scheduled window: ``In 2 hours, from 14:00 CEST until 15:00 CEST, for /api/.``"""
    if row.ends_at is None:
        return _("In %(left)s, from %(starts)s without an end, for %(scope)s.") % _get_params(row)
    return _("In %(left)s, from %(starts)s until %(ends)s, for %(scope)s.") % _get_params(row)


def describe_refusal(row: MaintenanceWindow) -> str:
    """Return the requests that a window refuses, as a sentence."""
    if row.is_read_only:
        text = _("Changes are refused for %(scope)s; GET, HEAD, OPTIONS and QUERY go on.")
        return text % {"scope": describe_scope(row)}
    return _("Every request is refused for %(scope)s.") % {"scope": describe_scope(row)}


def describe_end(row: MaintenanceWindow) -> str:
    """Return the end of a window, as the rest of a sentence."""
    if row.ends_at is None:
        return _("until somebody turns it off")
    params = {"ends": format_time(row.ends_at), "left": _format_time_left(row.ends_at)}
    return _("until %(ends)s, which is in %(left)s") % params


def describe_turned_on(row: MaintenanceWindow, status: Status) -> str:
    """Return the message to the user who has turned maintenance on."""
    if status.forced is not None:
        return " ".join([_("The window is open."), describe_force(status)])
    params = {"scope": describe_scope(row), "until": describe_end(row)}
    return _("Maintenance is on for %(scope)s %(until)s. This browser is let through.") % params


def _get_params(row: MaintenanceWindow) -> dict[str, object]:
    return {
        "scope": describe_scope(row),
        "starts": format_time(row.starts_at),
        "ends": format_time(row.ends_at) if row.ends_at else "",
        "left": _format_time_left(row.starts_at),
    }


def _format_time_left(moment: datetime) -> str:
    return format_remaining((moment - timezone.now()).total_seconds())
