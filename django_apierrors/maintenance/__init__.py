"""Maintenance mode: the switch, the gate that every request passes, and who is let through."""

from .decorators import maintenance_exempt
from .operations import (
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
