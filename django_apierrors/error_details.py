"""DRF's error detail, flattened once and capped."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

from . import model_texts
from .problems import FieldError
from .sound_values import attribute, sound_text
from .text import clean

logger = logging.getLogger("django_apierrors")

Path = tuple[str | int, ...]

_NESTING = (dict, list, tuple)
_MAX_DEPTH = 100
_MAX_STEP = 200
_MAX_TEXT = 500
_MAX_CODE = 63
# The characters of all steps of a path: it is written once or twice for each error.
_MAX_PATH = 1000
# The bits of an integer of 63 digits.
_MAX_BITS = 209
# Of a list that never ends.
_MAX_ERRORS = 1_000_000


def field_errors(detail: Any, *, in_query: bool, most: int) -> tuple[tuple[FieldError, ...], int]:
    """Return the first ``most`` errors of nested dicts, lists and tuples in their order, and how many there are.

    At least one. Texts in a list belong to the path of the list; dicts and lists in a list to their
    position. What contains itself, lies below 100 levels or cannot be read is passed over. Errors below a
    path of 1000 characters are those of that path.
    """
    found = _Flattened(in_query, most)
    try:
        found.visit((), detail)
    except Exception:  # a container of somebody else must never hide what it holds
        logger.exception("An error detail cannot be read to its end")
    if not found.errors:
        found.add((), "")
    return tuple(found.errors), found.total


class _Flattened:
    def __init__(self, in_query: bool, most: int) -> None:
        self.errors: list[FieldError] = []
        self.total = 0
        self._in_query = in_query
        self._most = most
        # Errors under these keys are about the whole that has them.
        self._whole = (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS, None)
        #: The path of such a whole while its errors are read, and the key.
        self._path_of_whole: Path | None = None
        self._key = ""
        self._ancestors: set[int] = set()
        #: The number of errors in each container: one that stands in many places is counted once.
        self._counts: dict[int, int] = {}
        self._texts_of_models = model_texts.templates()

    def visit(self, path: Path, value: Any) -> None:
        if not isinstance(value, _NESTING):
            self.add(path, value)
            return
        key = id(value)
        if key in self._ancestors or len(self._ancestors) == _MAX_DEPTH or self.total >= _MAX_ERRORS:
            return
        count = self._counts.get(key)
        if count is not None and (not count or self.total >= self._most):
            self.total += count
            return
        before = self.total
        self._ancestors.add(key)
        if isinstance(value, dict):
            self._visit_members(path, value)
        else:
            for position, inner in enumerate(value):
                if isinstance(inner, _NESTING):
                    self.visit(_below(path, position), inner)
                else:
                    self.add(path, inner)
                if self.total >= _MAX_ERRORS:
                    break
        self._ancestors.discard(key)
        self._counts[key] = self.total - before

    def _visit_members(self, path: Path, members: dict[Any, Any]) -> None:
        for key, inner in members.items():
            is_whole = key in self._whole
            if is_whole:
                step = self._path_of_whole = path
                self._key = key or ""
            elif type(key) is str and key.isidentifier() and len(key) <= _MAX_STEP:
                step = _below(path, key)
            else:
                is_position = isinstance(key, int) and int.bit_length(key) <= _MAX_BITS
                step = _below(path, key if is_position else clean(_key_text(key), _MAX_STEP))
            if isinstance(inner, list) and len(inner) == 1 and not isinstance(inner[0], _NESTING):
                self.add(step, inner[0])  # nearly every field has one error
            else:
                self.visit(step, inner)
            if is_whole:
                self._path_of_whole = None

    def add(self, path: Path, leaf: Any) -> None:
        self.total += 1
        if self.total > self._most and self.errors:
            return
        is_plain = type(leaf) is ErrorDetail
        code = leaf.code if is_plain else attribute(leaf, "code")
        if not (type(code) is str and code.isidentifier() and len(code) <= _MAX_CODE):  # as those of DRF are
            code = text_code(code) or "invalid"
        text = str(leaf) if is_plain else str(sound_text(leaf, "detail") or "")
        ours = model_texts.neutral(text, self._texts_of_models)
        message = clean(text if ours is None else str(ours), _MAX_TEXT)
        error = object.__new__(FieldError)  # its __init__ pays for each field, because it is frozen
        vars(error).update(path=path, code=code, message=message, in_query=self._in_query)
        if path is self._path_of_whole:
            vars(error)["key"] = self._key
        self.errors.append(error)


def _key_text(key: Any) -> str:
    try:
        return str(key)
    except Exception:  # a key of somebody else must never hide what it stands for
        return ""


def _below(path: Path, step: str | int) -> Path:
    if len(path) < 4:  # nearly all are
        return (*path, step)
    return (*path, step) if sum(len(str(each)) for each in path) < _MAX_PATH - _MAX_STEP else path


def text_code(code: Any) -> str:
    """Return the code of an error as text: of a text, a member of an Enum of texts or an integer; else ``""``."""
    if isinstance(code, str):
        return clean(str.__str__(code), _MAX_CODE)  # of a member that is its value, whatever its own `__str__` says
    if isinstance(code, int) and not isinstance(code, bool) and int.bit_length(code) <= _MAX_BITS:
        return int.__repr__(code)
    return ""  # the repr of an object tells of the process, and differs in each
