"""Callables by their dotted path, imported when they are first called, so that views may name what imports them."""

from __future__ import annotations

from typing import Any

from django.utils.module_loading import import_string

#: Every path that a limit of this process names, for the system check.
NAMED: set[str] = set()


class Dotted:
    """Stands for a callable; raises ``ImportError`` when it is called and there is none."""

    def __init__(self, path: str) -> None:
        self.path = path
        NAMED.add(path)

    def __call__(self, group: str, request: Any) -> Any:
        """Call what the path names."""
        return import_string(self.path)(group, request)
