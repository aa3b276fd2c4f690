"""The details of an error: what a raise site gave, as plain JSON values within a number of bytes."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from decimal import Decimal
from json.encoder import encode_basestring_ascii
from typing import Any

from django.utils.encoding import force_str
from rest_framework.utils.encoders import JSONEncoder

from ..text import clean_surrogates

logger = logging.getLogger("django_apierrors")

# In bits; Python refuses to write integers of more than 4300 digits.
_LARGEST_INTEGER = 14_000


def plain(details: Mapping[str, Any] | None, code: str, room: int) -> tuple[Any, int]:
    """Return the details of a code as JSON values, ``None`` if there are none, and the bytes of room they leave."""
    if not details:
        return None, room
    if not isinstance(details, Mapping):
        logger.error("The details of %s are a %s, not a mapping, and were left out", code, type(details).__qualname__)
        return None, room
    values = _Plain(room)
    try:
        return values.value(details), values.room
    except (_TooLargeError, RecursionError):
        logger.error("The details of %s are too large and were left out", code)
        return None, room


def cost(text: str) -> int:
    """Return how many bytes a text takes in JSON, without its quotes."""
    return len(encode_basestring_ascii(text))


class _TooLargeError(Exception):
    pass


class _Plain:
    """Turns what a raise site gave as details into JSON values, within a number of bytes."""

    _encoder = JSONEncoder()

    def __init__(self, room: int) -> None:
        self.room = room

    def value(self, given: Any) -> Any:
        if given is None or isinstance(given, bool):
            return self._spend(given, 5)
        if isinstance(given, int) and given.bit_length() <= _LARGEST_INTEGER:
            return self._spend(int(given), given.bit_length() // 3 + 2)
        if isinstance(given, float):
            # NaN and Infinity are not JSON (RFC 8259, 6).
            return self._spend(float(given) if abs(given) < float("inf") else None, 24)
        if isinstance(given, str):
            return self._text(given)
        if isinstance(given, Mapping):
            self._spend(None, 4)
            return {self._text(force_str(key)): self.value(inner) for key, inner in given.items()}
        if isinstance(given, (list, tuple, set, frozenset)):
            self._spend(None, 4)
            return [self.value(inner) for inner in given]
        return self._other(given)

    def _other(self, given: Any) -> Any:
        if isinstance(given, Decimal):
            return self._text(str(given))  # as DRF's fields write them: a float is not exact
        if hasattr(given, "_meta") or hasattr(given, "query"):
            # A model or a queryset would be read from the database while an error is answered.
            logger.error("Error details hold a %s, which was left out; give plain values", type(given).__qualname__)
            return None
        try:
            return self.value(self._encoder.default(given))
        except (_TooLargeError, RecursionError):
            raise
        except Exception:  # a value of somebody else must never hide the error that carries it
            logger.error("Error details hold a %s, which JSON cannot carry", type(given).__qualname__)
            return None

    def _text(self, given: str) -> str:
        self._spend(None, cost(given) + 2)
        return given if given.isascii() else clean_surrogates(given)

    def _spend(self, plain: Any, bytes_: int) -> Any:
        self.room -= bytes_
        if self.room < 0:
            raise _TooLargeError
        return plain
