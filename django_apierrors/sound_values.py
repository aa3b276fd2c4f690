"""Sound values of exceptions: attributes of somebody else, read so that none of them can fail later."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from itertools import islice
from typing import Any

from django.utils.functional import Promise

logger = logging.getLogger("django_apierrors")

# Characters of a text, and members of a mapping: more of them no format sends.
_MAX_CHARACTERS = 100_000
_MAX_MEMBERS = 1000
_MAX_LISTED = 100
_CONTAINERS = (list, tuple, set, frozenset, Mapping)
_SOUND_TYPES = frozenset({str, int, float, bool, type(None)})
# The bits of an integer of 4200 digits: Python refuses to write more than 4300.
_WRITABLE_BITS = 13_950


def attribute(source: object, name: str, default: Any = None) -> Any:
    """Return an attribute of an exception; one that cannot be read is logged.

    Then it is what was stored under its name, else the default value.
    """
    try:
        return getattr(source, name, default)
    except Exception as exc:  # an attribute of somebody else must never hide the error that it belongs to
        _log(name, exc)
    try:
        stored: dict[str, Any] = object.__getattribute__(source, "__dict__")
    except AttributeError:  # it has slots
        return default
    return stored.get(name, default)


def sound_status(status: Any) -> int | None:
    """Return a status as a plain number, ``None`` unless it is one of an error: 400 to 599."""
    number = int.__index__(status) if isinstance(status, int) else 0
    return number if 400 <= number <= 599 else None


def sound_text(value: Any, name: str) -> Any:
    """Return a text that can be read, cut; ``None`` for one that cannot, which is logged under a name.

    A list or a mapping is no text, and may be endless to write. A lazy text stays one: the language of
    the answer is not known yet.
    """
    if value is None:
        return None
    try:
        if isinstance(value, _CONTAINERS):
            raise TypeError(f"It is a {type(value).__name__}.")
        text = str.__getitem__(str(value), slice(_MAX_CHARACTERS))
    except Exception as exc:  # the same
        _log(name, exc)
        return None
    return value if isinstance(value, Promise) else text


def sound_members(mapping: Any, name: str) -> dict[str, Any]:
    """Return a mapping without the members that cannot be read, which are logged; empty for what is no mapping.

    A list of texts becomes one text, with commas.
    """
    members: dict[str, Any] = {}
    if not isinstance(mapping, Mapping):
        if mapping is not None:
            logger.error("The %s of an error are a %s, not a mapping, and were left out", name, type(mapping).__name__)
        return members
    try:
        for key, value in mapping.items():
            if type(value) not in _SOUND_TYPES or (type(value) is int and value.bit_length() > _WRITABLE_BITS):
                value = _readable(value, name)
            members[sound_text(key, name) or ""] = value
            if len(members) >= _MAX_MEMBERS:
                break
    except Exception as exc:  # the same; the members that were read stay
        _log(name, exc)
    return members


def sound_headers(mapping: Any) -> dict[str, str]:
    """Return headers as texts, without those that cannot be read, which are logged."""
    members = sound_members(mapping, "headers")
    texts = {name: sound_text(value, "headers") for name, value in members.items()}
    return {name: str(value) for name, value in texts.items() if value is not None}


def _readable(value: Any, name: str) -> Any:
    if isinstance(value, (list, tuple, set, frozenset)):
        texts = [sound_text(each, name) for each in islice(value, _MAX_LISTED)]
        return ", ".join(str(text) for text in texts if text is not None)
    return None if sound_text(value, name) is None else value


def _log(name: str, exc: Exception) -> None:
    exc.__context__ = None  # the error itself, whose text may be endless
    logger.error("The %s of an error cannot be read and was left out", name, exc_info=exc)
