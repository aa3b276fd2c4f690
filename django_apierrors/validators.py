"""Validators of the values of settings."""

from __future__ import annotations

from typing import Any


def is_dict(value: Any) -> bool:
    """Return whether a value is a dict."""
    return isinstance(value, dict)


def is_text(value: Any) -> bool:
    """Return whether a value is a text."""
    return isinstance(value, str)


def is_flag(value: Any) -> bool:
    """Return whether a value is True or False."""
    return isinstance(value, bool)


def is_flag_or_none(value: Any) -> bool:
    """Return whether a value is True, False or None."""
    return value is None or isinstance(value, bool)


def is_list_of_texts(value: Any) -> bool:
    """Return whether a value is a list or tuple of texts."""
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


def is_dict_of_texts(value: Any) -> bool:
    """Return whether a value is a dict of texts by texts."""
    return isinstance(value, dict) and all(isinstance(text, str) for pair in value.items() for text in pair)


def is_formats(value: Any) -> bool:
    """Return whether a value is a dict of format names, or None, by path prefix."""
    return isinstance(value, dict) and all(
        isinstance(prefix, str) and isinstance(name, (str, type(None))) for prefix, name in value.items()
    )


def is_policies(value: Any) -> bool:
    """Return whether a value is a dict of dicts by name."""
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(policy, dict) for name, policy in value.items()
    )


def is_count(value: Any) -> bool:
    """Return whether a value is an integer greater than 0."""
    return type(value) is int and value > 0


def is_seconds(value: Any) -> bool:
    """Return whether a value is a number greater than 0."""
    return type(value) in (int, float) and value > 0


def is_url_or_none(value: Any) -> bool:
    """Return whether a value is an absolute URL or None."""
    return value is None or str(value).startswith(("http://", "https://"))
