"""The details of an error as JSON values, within a budget of bytes."""

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

# Python refuses to write integers of more than 4300 digits.
_MAX_INTEGER_BITS = 14_000


def to_json_values(details: Mapping[str, Any] | None, code: str, budget: int) -> tuple[Any, int]:
    """Return the details of a code as JSON values, ``None`` if there are none, and the bytes that are left."""
    if not details:
        return None, budget
    if not isinstance(details, Mapping):
        logger.error("The details of %s are a %s, not a mapping, and were left out", code, type(details).__qualname__)
        return None, budget
    encoder = _Encoder(budget)
    try:
        return encoder.convert(details), encoder.budget
    except (_TooLargeError, RecursionError):
        logger.error("The details of %s are too large and were left out", code)
    except Exception:  # a mapping of somebody else must never hide the error that carries it
        logger.exception("The details of %s cannot be read and were left out", code)
    return None, budget


def json_size(text: str) -> int:
    """Return the bytes of a text in JSON, without its quotes."""
    return len(encode_basestring_ascii(text))


class _TooLargeError(Exception):
    pass


class _Encoder:
    """Turns values into JSON values, within a budget of bytes."""

    _drf_encoder = JSONEncoder()

    def __init__(self, budget: int) -> None:
        self.budget = budget

    def convert(self, value: Any) -> Any:
        if value is None or isinstance(value, bool):
            return self._spend(value, 5)
        if isinstance(value, int) and value.bit_length() <= _MAX_INTEGER_BITS:
            return self._spend(int(value), value.bit_length() // 3 + 2)
        if isinstance(value, float):
            # NaN and Infinity are not JSON (RFC 8259, 6).
            return self._spend(float(value) if abs(value) < float("inf") else None, 24)
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, Mapping):
            self._spend(None, 4)
            return {self._text(force_str(key)): self.convert(inner) for key, inner in value.items()}
        if isinstance(value, (list, tuple, set, frozenset)):
            self._spend(None, 4)
            return [self.convert(inner) for inner in value]
        return self._other(value)

    def _other(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return self._text(str(value))  # as DRF's fields write them: a float is not exact
        if hasattr(value, "_meta") or hasattr(value, "query"):
            # A model or a queryset would be read from the database while an error is answered.
            logger.error("Error details hold a %s, which was left out; give plain values", type(value).__qualname__)
            return None
        try:
            return self.convert(self._drf_encoder.default(value))
        except (_TooLargeError, RecursionError):
            raise
        except Exception:  # a project's own value must never hide the error that carries it
            logger.error("Error details hold a %s, which JSON cannot carry", type(value).__qualname__)
            return None

    def _text(self, text: str) -> str:
        self._spend(None, json_size(text) + 2)
        return text if text.isascii() else clean_surrogates(text)

    def _spend(self, value: Any, size: int) -> Any:
        self.budget -= size
        if self.budget < 0:
            raise _TooLargeError
        return value
