"""Path prefixes, which match at segment boundaries, and exact paths."""

from __future__ import annotations

from collections.abc import Collection, Iterable


def covers(prefix: str, path: str) -> bool:
    """Return whether a path is the prefix or lies below it: ``/api/`` covers ``/api`` and ``/api/x``, not ``/apis``."""
    prefix = prefix.rstrip("/")
    return path == prefix or path.startswith(prefix + "/")


def longest_prefix(path: str, prefixes: Iterable[str]) -> str | None:
    """Return the longest of the prefixes that cover a path."""
    longest: str | None = None
    for prefix in prefixes:
        if covers(prefix, path) and (longest is None or len(prefix) > len(longest)):
            longest = prefix
    return longest


def is_one_of(path: str, paths: Collection[str]) -> bool:
    """Return whether a path is one of some exact paths; a slash at the end makes no difference."""
    if path in paths:
        return True
    path = path.rstrip("/")
    return any(known.rstrip("/") == path for known in paths)
