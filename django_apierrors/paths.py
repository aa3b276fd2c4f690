"""Path prefixes, which match at segment boundaries, and exact paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def covers(prefix: str, path: str) -> bool:
    """Return whether a path is the prefix or lies below it: ``/api/`` covers ``/api`` and ``/api/x``, not ``/apis``."""
    prefix = prefix.rstrip("/")
    return path == prefix or path.startswith(prefix + "/")


def longest(path: str, prefixes: Iterable[str]) -> str | None:
    """Return the longest of the prefixes that cover a path."""
    found: str | None = None
    for prefix in prefixes:
        if covers(prefix, path) and (found is None or len(prefix) > len(found)):
            found = prefix
    return found


def is_one_of(path: str, paths: Collection[str]) -> bool:
    """Return whether a path is one of some exact paths; a slash at the end makes no difference."""
    if path in paths:
        return True
    bare = path.rstrip("/")
    return any(known.rstrip("/") == bare for known in paths)
