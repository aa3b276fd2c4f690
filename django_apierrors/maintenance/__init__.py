"""Maintenance mode: the switch, the gate that every request passes, and who is let through."""

from .exempt import maintenance_exempt
from .switch import (
    Status,
    adisable,
    aenable,
    astatus,
    awindow,
    disable,
    enable,
    status,
    window,
)

__all__ = [
    "Status",
    "adisable",
    "aenable",
    "astatus",
    "awindow",
    "disable",
    "enable",
    "maintenance_exempt",
    "status",
    "window",
]
