"""Exports of the catalog as JSON, CSV and Markdown; ``apierrors import`` reads the JSON."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from .. import codes
from ..catalog import Catalog, Entry, Row
from ..codes import phrase
from ..rows import LISTS, ROW_FIELDS
from ..samples import sample_details
from .format_aliases import get_aliases

#: The version of the JSON document.
VERSION = 1
#: The columns of the CSV.
COLUMNS = (
    "code", "names", "status", "type", "retry", "title", "message", "description",
    "causes", "remedy", "since", "doc_url", "deprecated", "replaced_by",
)  # fmt: skip

# The first characters of a formula in spreadsheets; some read full-width signs as the others.
_SIGNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
# A spreadsheet that separates cells by semicolons or tabs sees cells, and lines, where we have written none.
_FORMULA = re.compile(rf"((?:^|[;\t\r\n])[\s\"\u200b\ufeff]*)(?=[{_SIGNS}])")
_MARKDOWN_CODE = re.compile(r"(`[^`\n]+`)")
_MARKDOWN_SYNTAX = re.compile(r"([\\`*_\[\]<>#+\-!|&~]|(?<=^\d)[.)])")


def build_document(catalog: Catalog, entries: Iterable[Entry], *, with_edits: bool = False) -> dict[str, Any]:
    """Return ``{"version": 1, "codes": [...]}``, one object for each entry.

    The members are the effective values: ``code``, ``names`` (its aliases in configured formats),
    ``status``, ``type``, ``retry``, ``title``, ``message``, ``description``, ``causes`` and
    ``remedy`` (lists), ``params`` (samples by placeholder), ``details`` (a sample), ``since``, ``doc_url``, ``listed``,
    ``deprecated``, ``replaced_by`` (a code or empty) and ``defined`` (Python defines the code).

    ``with_edits`` adds the values of the database, the only ones that ``apierrors import`` reads:
    ``overrides``, the members of ``OVERRIDES`` in which the row differs from a blank row, and
    ``translations``, the texts by language that are not blank.
    """
    aliases = get_aliases()
    items = []
    for entry in entries:
        item = _serialize_entry(entry, aliases.get(entry.code, ()))
        if with_edits:
            item.update(_serialize_row(catalog, catalog.row(entry.code) or Row(code=entry.code)))
        items.append(item)
    return {"version": VERSION, "codes": items}


def to_json(document: Mapping[str, Any]) -> str:
    """Return a document, or the object of one code, as indented JSON."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_csv(document: Mapping[str, Any]) -> str:
    """Return a document as CSV (RFC 4180); lists have one item a line.

    A formula, also one that begins after a semicolon, a tab or a line break, is preceded by an apostrophe.
    """
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows([_csv_cell(item[name]) for name in COLUMNS] for item in document["codes"])
    return out.getvalue()


def to_markdown(document: Mapping[str, Any]) -> str:
    """Return a document as Markdown, one section a code; texts are escaped but for code spans."""
    sections = ["# " + _("Error codes")]
    for item in document["codes"]:
        sections.extend(_markdown_section(item))
    return "\n\n".join(sections) + "\n"


def _serialize_entry(entry: Entry, aliases: Iterable[str]) -> dict[str, Any]:
    return {
        "code": entry.code,
        "names": list(aliases),
        "status": entry.status,
        "type": entry.type,
        "retry": entry.retry,
        "title": entry.title,
        "message": entry.message,
        "description": entry.description,
        "causes": list(entry.causes),
        "remedy": list(entry.remedy),
        "params": {name: _to_json_value(value) for name, value in entry.params.items()},
        "details": sample_details(entry),
        "since": entry.since,
        "doc_url": entry.doc_url,
        "listed": entry.listed,
        "deprecated": entry.deprecated,
        "replaced_by": entry.replaced_by,
        "defined": codes.get(entry.code) is not None,
    }


def _serialize_row(catalog: Catalog, row: Row) -> dict[str, Any]:
    blank = Row(code=row.code)
    values = {name: getattr(row, name) for name in ROW_FIELDS}
    overrides = {name: value for name, value in values.items() if value != getattr(blank, name)}
    if catalog.status(row.replaced_by) is None:
        overrides.pop("replaced_by", None)  # the import refuses a code that is no longer defined
    return {
        "overrides": overrides | _serialize_texts(row.texts),
        "translations": {language: _serialize_texts(texts) for language, texts in row.translations.items()},
    }


def _serialize_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    return {name: text.splitlines() if name in LISTS else text for name, text in texts.items()}


def _to_json_value(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _csv_cell(value: Any) -> str:
    text = "\n".join(value) if isinstance(value, list) else str(value)
    text = _FORMULA.sub(r"\1'", text)
    return f"'{text}" if text.startswith(("\t", "\r")) else text


def _markdown_section(item: Mapping[str, Any]) -> Iterable[str]:
    retry, deprecated = pgettext("documentation", "Retry"), pgettext("documentation", "Deprecated.")
    yield f"## `{item['code']}`"
    facts = [
        f"{item['status']} {phrase(item['status'])}",
        f"`{item['type']}`",
        f"{retry}: `{item['retry']}`",
    ]
    facts += [_("Written as %(name)s") % {"name": f"`{name}`"} for name in item["names"]]
    yield " · ".join(facts)
    if item["deprecated"]:
        replacement = _("Use %(code)s instead.") % {"code": f"`{item['replaced_by']}`"}
        yield f"**{deprecated}**" + (f" {replacement}" if item["replaced_by"] else "")
    yield f"**{_escape_markdown(item['title'])}**: {_escape_markdown(item['message'])}"
    if item["description"]:
        yield _escape_markdown(item["description"])
    for heading, name in ((_("Why it happens"), "causes"), (_("How to fix it"), "remedy")):
        if item[name]:
            yield f"### {heading}"
            yield "\n".join(f"- {_escape_markdown(text)}" for text in item[name])


def _escape_markdown(text: str) -> str:
    """Return plain text as one line of Markdown; code spans stay."""
    parts = _MARKDOWN_CODE.split(" ".join(text.split()))
    return "".join(part if index % 2 else _MARKDOWN_SYNTAX.sub(r"\\\1", part) for index, part in enumerate(parts))
