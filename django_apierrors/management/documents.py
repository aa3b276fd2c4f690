"""The JSON document of the catalog as a file: its rows, or the reasons why it cannot be read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..catalog import Row
from ..codes import TEXTS
from ..docs.exports import VERSION
from ..rows import LISTS, OVERRIDES, ROW_FIELDS

# The members of a code in an export; only ``overrides`` and ``translations`` are imported.
_MEMBERS = frozenset(
    ("code", "names", "params", "details", "since", "defined", "overrides", "translations", *OVERRIDES)
)
_TYPES: dict[str, tuple[type, str]] = {
    "status": (int, "a whole number"),
    "listed": (bool, "true or false"),
    "deprecated": (bool, "true or false"),
    **dict.fromkeys(LISTS, (list, "a list of texts")),
}
_TEXT = (str, "a text")
# JSON can hold characters that databases refuse: NUL, and half of a surrogate pair.
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class ImportRefused(Exception):
    """Raised for a file that cannot be imported; ``reasons`` name each entry and field at fault."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(*reasons)
        self.reasons = reasons


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentRow:
    """A row of a document, and its place there for messages."""

    place: str
    row: Row


def parse_document(content: bytes) -> list[DocumentRow]:
    """Return the rows of a document. Raises ``ImportRefused`` with all that is wrong with it."""
    document = _parse_json(content)
    reasons = list(_document_errors(document))
    if reasons:
        raise ImportRefused(reasons)
    rows: list[DocumentRow] = []
    places: dict[str, str] = {}
    for index, item in enumerate(document["codes"]):
        place, errors = f"codes[{index}]", list(_item_errors(item))
        code = item.get("code") if isinstance(item, dict) else None
        if isinstance(code, str):
            place = f"{place} {code}"
            if places.setdefault(code, place) != place:
                errors.append(f"code: it is also {places[code]}")
        reasons.extend(f"{place}: {error}" for error in errors)
        if not errors:
            rows.append(DocumentRow(place=place, row=_parse_row(item)))
    if reasons:
        raise ImportRefused(reasons)
    return rows


def _parse_json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except json.JSONDecodeError as exc:
        raise ImportRefused([f"line {exc.lineno}, column {exc.colno}: this is not JSON: {exc.msg}"]) from None
    except UnicodeDecodeError as exc:
        raise ImportRefused([f"byte {exc.start}: this is not UTF-8"]) from None
    except RecursionError:
        raise ImportRefused(["this is nested too deeply"]) from None
    except ValueError as exc:  # a number of thousands of digits
        raise ImportRefused([f"this cannot be read: {exc}"]) from None


def _document_errors(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        yield 'this is not an object with the members "version" and "codes"'
        return
    yield from _unknown_members(document, frozenset(("version", "codes")))
    version = document.get("version")
    if type(version) is not int or version != VERSION:
        yield f"version: must be {VERSION}, not {_excerpt(version)}"
    if not isinstance(document.get("codes"), list):
        yield f"codes: must be a list, not {_excerpt(document.get('codes'))}"


def _item_errors(item: Any) -> Iterator[str]:
    """Yield the errors in the form of one item; the models validate its values."""
    if not isinstance(item, dict):
        yield f"must be an object, not {_excerpt(item)}"
        return
    yield from _unknown_members(item, _MEMBERS)
    yield from _value_errors("code", item.get("code"))
    for member in ("overrides", "translations"):
        if not isinstance(item.get(member), dict):
            problem = f"not {_excerpt(item[member])}" if member in item else "and `apierrors export` writes it"
            yield f"{member}: must be an object, {problem}"
            return
    yield from _member_errors(item["overrides"], "overrides.", OVERRIDES)
    for language, texts in item["translations"].items():
        if isinstance(texts, dict):
            yield from _member_errors(texts, f"translations.{language}.", TEXTS)
        else:
            yield f"translations.{language}: must be an object, not {_excerpt(texts)}"


def _member_errors(values: Mapping[str, Any], where: str, known: Sequence[str]) -> Iterator[str]:
    yield from (f"{where}{error}" for error in _unknown_members(values, known))
    for name in known:
        if name in values:
            yield from (f"{where}{error}" for error in _value_errors(name, values[name]))


def _value_errors(name: str, value: Any) -> Iterator[str]:
    type_, description = _TYPES.get(name, _TEXT)
    texts = value if isinstance(value, list) else [value]
    # bool is an int in Python, not in JSON.
    if type(value) is not type_ or (type_ is list and not all(isinstance(text, str) for text in texts)):
        yield f"{name}: must be {description}, not {_excerpt(value)}"
    elif any(isinstance(text, str) and _UNSTORABLE.search(text) for text in texts):
        yield f"{name}: holds a character that no database can store"


def _unknown_members(values: Mapping[str, Any], known: Sequence[str] | frozenset[str]) -> Iterator[str]:
    return (f"{name}: is not known" for name in values if name not in known)


def _excerpt(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _parse_row(item: Mapping[str, Any]) -> Row:
    overrides, translations = item["overrides"], item["translations"]
    return Row(
        code=item["code"],
        **{name: overrides[name] for name in ROW_FIELDS if name in overrides and not _is_blank(overrides[name])},
        texts=_parse_texts(overrides),
        translations={language: _parse_texts(texts) for language, texts in translations.items()},
    )


def _parse_texts(values: Mapping[str, Any]) -> dict[str, str]:
    items = {name: values[name] for name in TEXTS if name in values}
    texts = {name: "\n".join(item) if isinstance(item, list) else item for name, item in items.items()}
    return {name: text for name, text in texts.items() if not _is_blank(text)}


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()
