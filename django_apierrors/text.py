"""Safe text: placeholders, and the removal of control characters and lone surrogates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_VALUE_LENGTH = 200
_MAX_LINE_LENGTH = 2000


def clean(text: str, max_length: int) -> str:
    """Cut a text, strip its control characters and replace lone surrogates."""
    text = text[:max_length]
    if not text.isprintable():  # else it has neither
        text = clean_surrogates(_CONTROL.sub(" ", text))
    return text.strip()


def strip_controls(text: str) -> str:
    """Return a text as one line for a terminal, without the control characters that a terminal obeys."""
    return clean(text, _MAX_LINE_LENGTH)


def clean_surrogates(text: str) -> str:
    """Replace lone surrogates, which JSON can spell and UTF-8 cannot write."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def has_surrogate(text: str) -> bool:
    """Return whether a text holds a lone surrogate."""
    return not text.isascii() and _SURROGATE.search(text) is not None


def is_text_encoding(name: str) -> bool:
    """Return whether a charset can be decoded to text: Python has codecs that compress or refuse."""
    try:
        "".encode(name)
    except (LookupError, UnicodeError):
        return False
    return True


def fill(text: str, params: Mapping[str, Any]) -> str | None:
    """Put values into the ``{placeholders}`` of a text, ``None`` when one has no value.

    One pass; no attributes, no format specifications, no recursion; other braces stay.
    """
    if "{" not in text:
        return text
    if any(params.get(name) is None for name in _PLACEHOLDER.findall(text)):
        return None
    return _PLACEHOLDER.sub(lambda match: clean(str(params[match[1]]), _MAX_VALUE_LENGTH), text)


def placeholders(text: str) -> frozenset[str]:
    """Return the names of the placeholders in a text."""
    return frozenset(_PLACEHOLDER.findall(text))


def without_placeholders(text: str) -> str:
    """Return a text without its placeholders."""
    return _PLACEHOLDER.sub("", text)


def has_words(text: str) -> bool:
    """Return whether a text has letters beside its placeholders."""
    return any(map(str.isalpha, without_placeholders(text)))
