"""Maintenance mode: its functions, its windows, and the decorator for views that stay available."""

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
