"""Maintenance windows in words, for a terminal, and as a document, for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ..maintenance import Status
from ..models import MaintenanceWindow
from ..snapshot import loader
from ..templating import clean
from ..windows import SAFE_METHODS
from . import times

_LONGEST = 2000


def refused(row: MaintenanceWindow) -> str:
    """Return what a window refuses: ``POST requests to /api/v1/billing``, ``changes to every path``."""
    window = loader.parse_window(row)
    methods = sorted(window.methods.difference(SAFE_METHODS) if window.is_read_only else window.methods)
    kind = "changes" if window.is_read_only and not methods else " ".join([", ".join(methods), "requests"]).strip()
    return inert(f"{kind} to {', '.join(window.path_prefixes) or 'every path'}")


def begin(row: MaintenanceWindow) -> str:
    """Return when a window begins."""
    starts_at = loader.parse_window(row).starts_at
    return times.words(starts_at) if starts_at else "an unknown time"


def until(row: MaintenanceWindow) -> str:
    """Return when a window ends, and for whom it does not count."""
    window = loader.parse_window(row)
    end = f"until {times.words(window.ends_at)}" if window.ends_at else "until it is turned off"
    exempt = ", ".join(map(str, window.exempt_networks))
    return f"{end}, but not from {exempt}" if exempt else end


def line(row: MaintenanceWindow) -> str:
    """Return everything about a window, with who made it and why."""
    origin = ": ".join(filter(None, [str(row.created_by or ""), row.reason]))
    said = f"{refused(row)} from {begin(row)} {until(row)}"
    return f"{said} ({inert(origin)})" if origin else said


def document(status: Status | None, forced: bool | None) -> str:
    """Return the state as JSON; without a status, which only ``forced`` makes known, the windows are ``null``."""
    opened = status.open if status else ()
    ends_at = loader.parse_window(MaintenanceWindow(ends_at=status.ends_at)).ends_at if status else None
    is_full = forced or not all(row.is_read_only for row in opened)
    is_on = bool(opened) if forced is None else forced
    stated = {
        "is_on": is_on,
        "forced": forced,
        "mode": (MaintenanceWindow.Mode.FULL if is_full else MaintenanceWindow.Mode.READ_ONLY) if is_on else None,
        "ends_at": _stamp(ends_at),
        "open": _windows(opened) if status else None,
        "upcoming": _windows(status.upcoming) if status else None,
    }
    # Everything but ASCII is escaped, and with this every character that a terminal obeys.
    return json.dumps(stated, indent=2).replace("\x7f", "\\u007f")


def inert(text: str) -> str:
    """Return a text in one line and without the control characters that a terminal obeys."""
    return clean(text, _LONGEST)


def _windows(rows: Iterable[MaintenanceWindow]) -> list[dict[str, Any]]:
    return [_window(row) for row in rows]


def _window(row: MaintenanceWindow) -> dict[str, Any]:
    window = loader.parse_window(row)
    return {
        "id": row.pk,
        "starts_at": _stamp(window.starts_at),
        "ends_at": _stamp(window.ends_at),
        "mode": row.mode,
        "path_prefixes": row.path_prefixes,
        "methods": row.methods,
        "exempt_networks": row.exempt_networks,
        "message": row.message,
        "status_url": row.status_url,
        "reason": row.reason,
        "created_by": str(row.created_by) if row.created_by else None,
    }


def _stamp(moment: datetime | None) -> str | None:
    return None if moment is None else f"{moment:%Y-%m-%dT%H:%M:%SZ}"
