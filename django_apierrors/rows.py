"""Rows of error codes as plain values, for export, import and comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from .catalog import Row
from .codes import TEXTS
from .models import ErrorCode, Texts

#: The fields of a row besides its code and its texts.
ROW_FIELDS = ("status", "type", "retry", "doc_url", "listed", "deprecated", "replaced_by")
#: The members of ``overrides`` in a JSON document; one that is absent is as shipped.
OVERRIDES = (*ROW_FIELDS, *TEXTS)
#: The texts that are lists of plain strings in JSON; a row keeps them one item a line.
LISTS = ("causes", "remedy")


def to_row(obj: ErrorCode) -> Row:
    """Return a model instance with its translations as plain values; a text of white space is blank."""
    translations = obj.translations.all() if obj.pk else ()
    return Row(
        **{name: getattr(obj, name) for name in ("code", *ROW_FIELDS) if name != "replaced_by"},
        replaced_by=obj.replaced_by.code if obj.replaced_by else "",
        texts=_to_texts(obj),
        translations={translation.language: _to_texts(translation) for translation in translations},
    )


def has_overrides(row: Row) -> bool:
    """Return whether a row changes the texts or the contract of its code."""
    return without_marks(row) != Row(code=row.code)


def without_marks(row: Row) -> Row:
    """Return a row with only its texts and the contract: listed, not deprecated and not replaced."""
    return replace(row, listed=True, deprecated=False, replaced_by="")


def changed_values(before: Row, after: Row) -> list[str]:
    """Return the names of the values that differ; of a translation that comes or goes, only its language."""
    old, new = _flatten(before), _flatten(after)
    names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
    return list(dict.fromkeys(name if name in old and name in new else name.rpartition(".")[0] for name in names))


def _flatten(row: Row) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ROW_FIELDS} | {name: row.texts.get(name, "") for name in TEXTS}
    for language, texts in row.translations.items():
        values.update({f"translations.{language}.{name}": texts.get(name, "") for name in TEXTS})
    return values


def _to_texts(obj: Texts) -> Mapping[str, str]:
    texts = {name: text for name in TEXTS if (text := getattr(obj, name)).strip()}
    # Browsers send line breaks of their own kind.
    return texts | {name: "\n".join(texts[name].splitlines()) for name in LISTS if name in texts}
