"""The change messages of maintenance windows in Django's admin log."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import datetime
from typing import Any, ParamSpec

from django.utils import translation

from ...datetimes import format_datetime
from ...models import MaintenanceWindow
from ...scopes import describe_scope
from ..catalog.change_message import format_change, format_label

_Params = ParamSpec("_Params")


def _untranslated(function: Callable[_Params, str]) -> Callable[_Params, str]:
    """Deactivate translations inside a function: the whole log is untranslated."""

    @functools.wraps(function)
    def wrapper(*args: _Params.args, **kwargs: _Params.kwargs) -> str:
        with translation.override(None):
            return function(*args, **kwargs)

    return wrapper


@_untranslated
def build_on_message(row: MaintenanceWindow) -> str:
    """Return the message of a window that was turned on."""
    return f"Turned on: refuses {_describe_mode(row)} for {describe_scope(row)} {_describe_log_end(row)}."


@_untranslated
def build_schedule_message(row: MaintenanceWindow) -> str:
    """Return the message of a new scheduled window."""
    return f"Scheduled: refuses {_describe_log_window(row)}."


@_untranslated
def build_cancel_message(row: MaintenanceWindow) -> str:
    """Return the message of a cancelled window."""
    return f"Cancelled: it was to refuse {_describe_log_window(row)}."


@_untranslated
def build_end_message(row: MaintenanceWindow, planned_end: datetime | None) -> str:
    """Return the message of an open window that was ended."""
    planned = _describe_log_time(planned_end)
    return f"Turned off for {describe_scope(row)} at {_describe_log_time(row.ends_at)}; planned was {planned}."


def _describe_log_time(moment: datetime | None) -> str:
    return format_datetime(moment) if moment else "no end"


@_untranslated
def build_extend_message(row: MaintenanceWindow) -> str:
    """Return the message of an open window that was extended."""
    return f"Extended for {describe_scope(row)} {_describe_log_end(row)}."


@_untranslated
def build_bypass_message(row: MaintenanceWindow, *, is_token: bool) -> str:
    """Return the message of a new bypass, without its token."""
    action = "Made a token that lets API clients through" if is_token else "Let a browser through"
    return f"{action} for {describe_scope(row)}, for 12 hours at most and {_describe_log_end(row)}."


@_untranslated
def build_edit_message(form: Any) -> str:
    """Return the message of an edited window: old and new values."""
    names = [name for name in form.changed_data if name != "no_end"]
    values = [(name, form.initial.get(name), form.cleaned_data.get(name)) for name in names]
    changes = [format_change(format_label(name), _to_text(old), _to_text(new)) for name, old, new in values]
    return f"Edited. {'; '.join(changes)}." if changes else "Edited, and nothing changed."


def _describe_log_window(row: MaintenanceWindow) -> str:
    begins = format_datetime(row.starts_at)
    return f"{_describe_mode(row)} for {describe_scope(row)} from {begins} {_describe_log_end(row)}"


def _describe_mode(row: MaintenanceWindow) -> str:
    return "changes" if row.is_read_only else "everything"


def _describe_log_end(row: MaintenanceWindow) -> str:
    return f"until {format_datetime(row.ends_at)}" if row.ends_at else "until it is turned off"


def _to_text(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_datetime(value)
    return ", ".join(value) if isinstance(value, list) else value
