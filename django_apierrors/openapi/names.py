"""The names of the components of an OpenAPI document, each of one component."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from itertools import accumulate

# The codes that nearly every response of a status has: its name does not repeat them.
_BASE_CODES: dict[int, frozenset[str]] = {
    400: frozenset({"INVALID_REQUEST", "REQUEST_MALFORMED"}),
    401: frozenset({"AUTH_KEY_NOT_FOUND", "AUTH_KEY_INVALID"}),
    404: frozenset({"ENDPOINT_NOT_FOUND", "RESOURCE_NOT_FOUND"}),
    406: frozenset({"NOT_ACCEPTABLE"}),
    409: frozenset({"RESOURCE_CONFLICT"}),
    413: frozenset({"PAYLOAD_TOO_LARGE"}),
    415: frozenset({"UNSUPPORTED_MEDIA_TYPE"}),
    429: frozenset({"RATE_TOO_HIGH"}),
    500: frozenset({"INTERNAL_SERVER_ERROR"}),
    503: frozenset({"MAINTENANCE", "REQUEST_INTERRUPTED", "SERVICE_UNAVAILABLE"}),
}
_VALIDATION_CODES = frozenset({"PARAM_NOT_FOUND", "VALIDATION_FAILED"})
# Files and classes of generated clients are named after components.
_MOST_CHARACTERS = 80
_HASH_DIGITS = 8


class ComponentNames:
    """The names that the formats of one document share."""

    def __init__(self, is_taken: Callable[[str, str], bool] = lambda kind, name: False) -> None:
        """Take a function that tells of a type and a name whether the document has such a component of others."""
        self._is_taken = is_taken
        self._prefixes: set[str] = set()
        self._words: dict[str, str] = {}
        self._responses: dict[str, tuple[str, frozenset[str]]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._given: set[tuple[str, str]] = set()

    def prefix(self, name: str) -> str:
        """Return what the names of a format begin with, another for each format."""
        prefix = f"{name}_" if name[-1].isdigit() else name
        while prefix in self._prefixes:
            prefix += "_"
        self._prefixes.add(prefix)
        return prefix

    def word(self, code: str) -> str:
        """Return a code in the spelling of names, another for each code."""
        word = pascal(code)
        while self._words.setdefault(word, code) != code:
            word += "_"
        return word

    def response(self, prefix: str, status: int, codes: Sequence[str]) -> str:
        """Return the name of a response: format, status, and the codes that not every response of the status has."""
        base, given = _BASE_CODES.get(status, frozenset()), frozenset(codes)
        only = "" if base <= given else "Only"
        extra = given - base if base <= given else given
        words = ["Validation"] if extra >= _VALIDATION_CODES else []
        words += map(pascal, sorted(extra - _VALIDATION_CODES if words else extra))
        name = f"{prefix}{status}{only}"
        name += _bounded(words, _MOST_CHARACTERS - len(name))
        while self._responses.setdefault(name, (prefix, given)) != (prefix, given):  # other codes may give it, too
            name += "_"
        return name

    def free(self, kind: str, name: str) -> str:
        """Return the name of a component, or one like it where the document has one of others under that name."""
        if (kind, name) not in self._names:
            free = name
            while self._is_taken(kind, free) or (kind, free) in self._given:
                free += "_"
            self._names[kind, name] = free
            self._given.add((kind, free))
        return self._names[kind, name]


def pascal(text: str) -> str:
    """Return a text in the spelling of names: ``INVALID_REQUEST`` as ``InvalidRequest``."""
    return "".join(part[:1].upper() + part[1:].lower() for part in re.split(r"[^A-Za-z0-9]+", text))


def _bounded(words: Sequence[str], length: int) -> str:
    """Return words in a row; the first of them and a hash of all where they are too many."""
    text = "".join(words)
    if len(text) <= length:
        return text
    begins = [begin for begin in accumulate(words) if len(begin) + _HASH_DIGITS <= length]
    return max(begins, key=len, default="") + hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS].upper()
