"""Callables by their dotted path, imported when they are first called, so that views may name what imports them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
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
        return found(self.path)(group, request)


def is_path(text: str) -> bool:
    """Tell whether a text could be the path of something in a module."""
    return "." in text and all(part.isidentifier() for part in text.split("."))


def found(path: str) -> Callable[[str, Any], Any]:
    """Return what a path names; raises ``ImportError``, and ``ImproperlyConfigured`` for no usable function."""
    return usable(import_string(path), path)


def usable(function: object, name: str) -> Callable[[str, Any], Any]:
    """Return a function of key or rate; raises ``ImproperlyConfigured`` for one that cannot be called here."""
    if not callable(function):
        raise ImproperlyConfigured(f"{name} cannot be called; name a function of group and request.")
    if iscoroutinefunction(function):
        # Its coroutine would be another key for each request, and so no limit at all.
        raise ImproperlyConfigured(f"{name} is async; keys and rates are asked for in a thread, by a sync function.")
    return function
