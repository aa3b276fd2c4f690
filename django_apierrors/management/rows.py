"""What a row says, as plain values that can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..codes import TEXTS
from ..docs.exports import LISTS, OVERRIDES
from ..models import ErrorCode, Texts

#: The fields of a row that is as shipped.
BLANK: Mapping[str, Any] = {**dict.fromkeys(OVERRIDES, ""), "status": None, "listed": True, "deprecated": False}

# What a row says beside the words and the contract of its code.
_MARKS = ("listed", "deprecated", "replaced_by")


def state(row: ErrorCode) -> dict[str, Any]:
    """Return all that a row says: its fields by name, and its translations as ``translations.de.title``."""
    said = {name: getattr(row, name) for name in OVERRIDES}
    said["replaced_by"] = row.replaced_by.code if row.replaced_by else ""
    said.update(_texts(row))
    for translation in row.translations.all():
        said.update(translated(translation.language, _texts(translation)))
    return said


def translated(language: str, texts: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a language by the names that they have in a state."""
    return {f"translations.{language}.{name}": text for name, text in texts.items()}


def is_blank(state: Mapping[str, Any]) -> bool:
    """Tell whether a row says nothing of its own."""
    return state == BLANK


def words(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a row changes of the words and the contract of its code."""
    return {name: value for name, value in state.items() if name not in _MARKS and value != BLANK.get(name)}


def _texts(texts: Texts) -> dict[str, str]:
    given: dict[str, str] = {name: getattr(texts, name) for name in TEXTS}
    # Browsers send line breaks of their own kind.
    return given | {name: "\n".join(given[name].splitlines()) for name in LISTS}
