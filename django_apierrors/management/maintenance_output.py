"""The output of ``manage.py maintenance``: text for a terminal and JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.utils import translation

from ..datetimes import format_datetime, format_utc
from ..maintenance import Status
from ..models import MaintenanceWindow
from ..scopes import describe_scope
from ..snapshot import loader
from ..text import strip_controls


def describe_window_scope(row: MaintenanceWindow) -> str:
    """Return the scope of a window, with its mode unless that is "full": ``POST on /api (read-only)``."""
    with translation.override(None):
        described = describe_scope(loader.parse_window(row), max_paths=None)
    return strip_controls(f"{described} (read-only)" if row.is_read_only else described)


def begin(row: MaintenanceWindow) -> str:
    """Return the start of a window."""
    starts_at = loader.parse_window(row).starts_at
    return format_datetime(starts_at) if starts_at else "an unknown time"


def until(row: MaintenanceWindow) -> str:
    """Return the end of a window, and its exempt networks."""
    window = loader.parse_window(row)
    end = f"until {format_datetime(window.ends_at)}" if window.ends_at else "until it is turned off"
    exempt = ", ".join(map(str, window.exempt_networks))
    return f"{end}, but not from {exempt}" if exempt else end


def line(row: MaintenanceWindow) -> str:
    """Return a window in one line, with its author and its reason."""
    origin = ": ".join(filter(None, [row.created_by, row.reason]))
    report = f"{describe_window_scope(row)} from {begin(row)} {until(row)}"
    return f"{report} ({strip_controls(origin)})" if origin else report


def status_json(status: Status | None, forced: bool | None) -> str:
    """Return the state as JSON; without a status the windows are ``null``, and ``forced`` is not ``None``."""
    open_windows = status.open if status else ()
    ends_at = loader.parse_window(MaintenanceWindow(ends_at=status.ends_at)).ends_at if status else None
    is_full = forced or not all(row.is_read_only for row in open_windows)
    is_on = bool(open_windows) if forced is None else forced
    state = {
        "is_on": is_on,
        "forced": forced,
        "mode": (MaintenanceWindow.Mode.FULL if is_full else MaintenanceWindow.Mode.READ_ONLY) if is_on else None,
        "ends_at": _format_optional(ends_at),
        "open": _windows(open_windows) if status else None,
        "upcoming": _windows(status.upcoming) if status else None,
    }
    # All but ASCII is escaped, and with it every control character of a terminal.
    return json.dumps(state, indent=2).replace("\x7f", "\\u007f")


def _windows(rows: Iterable[MaintenanceWindow]) -> list[dict[str, Any]]:
    return [_window(row) for row in rows]


def _window(row: MaintenanceWindow) -> dict[str, Any]:
    window = loader.parse_window(row)
    return {
        "id": row.pk,
        "starts_at": _format_optional(window.starts_at),
        "ends_at": _format_optional(window.ends_at),
        "mode": row.mode,
        "path_prefixes": row.path_prefixes,
        "methods": row.methods,
        "exempt_networks": row.exempt_networks,
        "message": row.message,
        "status_url": row.status_url,
        "reason": row.reason,
        "created_by": row.created_by or None,
    }


def _format_optional(value: datetime | None) -> str | None:
    return None if value is None else format_utc(value)
