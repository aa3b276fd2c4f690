"""DRF error details, flattened once, lazily and capped."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

from django.core.exceptions import NON_FIELD_ERRORS
from rest_framework.settings import api_settings

from .problems import FieldError
from .templating import clean

Path = tuple[str | int, ...]

_NESTING = (dict, list, tuple)
_MAX_STEP = 200
_MAX_TEXT = 500
_MAX_CODE = 63


def leaves(detail: Any) -> Iterator[tuple[Path, Any]]:
    """Yield ``(path, leaf)`` for each leaf of nested dicts, lists and tuples, in their order.

    Texts in a list belong to the path of the list; dicts and lists in a list to their position.
    """
    pending: list[Iterator[tuple[Path, Any]]] = [iter([((), detail)])]
    while pending:
        for path, value in pending[-1]:
            if isinstance(value, dict):
                pending.append(_of_dict(path, value))
                break
            if isinstance(value, (list, tuple)):
                pending.append(_of_list(path, value))
                break
            yield path, value
        else:
            pending.pop()


def _of_dict(path: Path, value: dict[Any, Any]) -> Iterator[tuple[Path, Any]]:
    whole = (api_settings.NON_FIELD_ERRORS_KEY, NON_FIELD_ERRORS, None)
    for key, inner in value.items():
        if isinstance(inner, list) and len(inner) == 1 and not isinstance(inner[0], _NESTING):
            inner = inner[0]  # nearly every field has one error: spare a list its iterator
        if key in whole:
            yield path, inner
        else:
            yield (*path, key if isinstance(key, int) else clean(str(key), _MAX_STEP)), inner


def _of_list(path: Path, value: list[Any] | tuple[Any, ...]) -> Iterator[tuple[Path, Any]]:
    for position, inner in enumerate(value):
        yield ((*path, position) if isinstance(inner, _NESTING) else path), inner


def field_errors(detail: Any, *, in_query: bool, most: int) -> tuple[tuple[FieldError, ...], int]:
    """Return the first ``most`` errors of a detail and how many there are; at least one."""
    errors: list[FieldError] = []
    total = 0
    for path, leaf in leaves(detail):
        total += 1
        if total <= most or not errors:
            errors.append(_field_error(path, leaf, in_query))
    if not errors:
        return (_field_error((), "", in_query),), 1
    return tuple(errors), total


def _field_error(path: Path, leaf: Any, in_query: bool) -> FieldError:
    return FieldError(
        path=path,
        code=text_code(getattr(leaf, "code", None)) or "invalid",
        message=clean(str(leaf), _MAX_TEXT),
        in_query=in_query,
    )


def text_code(code: Any) -> str:
    """Return a leaf's code as text, whatever the raise site gave: text, int, Enum, lazy, None."""
    if isinstance(code, Enum):
        code = code.value
    return "" if code is None else clean(str(code), _MAX_CODE)
