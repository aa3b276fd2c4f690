"""The catalog as data: JSON, which is also what ``apierrors import`` reads, CSV and Markdown."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from django.utils.translation import gettext as _

from .. import codes
from ..catalog import Catalog, Entry, Row
from ..codes import TEXTS, phrase
from . import format_aliases as names
from .public_catalog import Visible

#: The version of the JSON document.
VERSION = 1
#: The members of ``overrides``; one that is absent is as shipped.
OVERRIDES = ("status", "type", "retry", "doc_url", "listed", "deprecated", "replaced_by", *TEXTS)
#: The texts that are lists of plain strings in JSON; a row keeps them one item a line.
LISTS = ("causes", "remedy")
#: The columns of the CSV.
COLUMNS = (
    "code", "names", "status", "type", "retry", "title", "message", "description",
    "causes", "remedy", "since", "doc_url", "deprecated", "replaced_by",
)  # fmt: skip

# What a spreadsheet takes for a formula when it opens a CSV.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CODE_SPAN = re.compile(r"(`[^`\n]+`)")
_MARKUP = re.compile(r"([\\`*_\[\]<>#+\-!|&~]|(?<=^\d)[.)])")


def entries(catalog: Catalog, language: str, docs_at: str = "", *, unlisted: bool = False) -> list[Entry]:
    """Return the entries of a catalog in a language; without ``unlisted``, those the public may see.

    A replacement is named only when it is among them.
    """
    return Visible(catalog, language, docs_at, unlisted=unlisted).entries()


def document(catalog: Catalog, entries: Iterable[Entry], *, with_edits: bool = False) -> dict[str, Any]:
    """Return ``{"version": 1, "codes": [...]}``, one object for each entry.

    Each has what applies: ``code``, ``names`` (what configured formats write in its place),
    ``status``, ``type``, ``retry``, ``title``, ``message``, ``description``, ``causes`` and
    ``remedy`` (lists), ``params`` (samples by placeholder), ``since``, ``doc_url``, ``listed``,
    ``deprecated``, ``replaced_by`` (a code or empty) and ``defined`` (Python defines the code).

    ``with_edits`` adds what the database says, from which ``apierrors import`` makes the same
    rows again, and by which alone it goes: ``overrides``, those of ``OVERRIDES`` in which the
    row differs from a blank one, and ``translations``, by language the texts that are not blank.
    """
    written = names.written()
    described = []
    for entry in entries:
        one = _described(entry, written)
        if with_edits:
            one.update(_edits(catalog, catalog.row(entry.code) or Row(code=entry.code)))
        described.append(one)
    return {"version": VERSION, "codes": described}


def to_json(document: Mapping[str, Any]) -> str:
    """Return a document, or the object of one code, as JSON for people and programs."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def to_csv(document: Mapping[str, Any]) -> str:
    """Return a document as CSV (RFC 4180) in which no cell is a formula; lists have one item a line."""
    out = io.StringIO()
    writer = csv.writer(out, quoting=csv.QUOTE_ALL)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(one[name]) for name in COLUMNS] for one in document["codes"])
    return out.getvalue()


def to_markdown(document: Mapping[str, Any]) -> str:
    """Return a document as Markdown, one section a code; of the texts only backticks keep a meaning."""
    sections = [f"# {_('Error codes')}"]
    for one in document["codes"]:
        sections.extend(_section(one))
    return "\n\n".join(sections) + "\n"


def _described(entry: Entry, written: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    return {
        "code": entry.code,
        "names": list(written.get(entry.code, ())),
        "status": entry.status,
        "type": entry.type,
        "retry": entry.retry,
        "title": entry.title,
        "message": entry.message,
        "description": entry.description,
        "causes": list(entry.causes),
        "remedy": list(entry.remedy),
        "params": {name: _plain(value) for name, value in entry.params.items()},
        "since": entry.since,
        "doc_url": entry.doc_url,
        "listed": entry.listed,
        "deprecated": entry.deprecated,
        "replaced_by": entry.replaced_by,
        "defined": codes.get(entry.code) is not None,
    }


def _edits(catalog: Catalog, row: Row) -> dict[str, Any]:
    blank = Row(code=row.code)
    differing = {name: getattr(row, name) for name in OVERRIDES if name not in TEXTS}
    overrides = {name: value for name, value in differing.items() if value != getattr(blank, name)}
    if catalog.status(row.replaced_by) is None:
        overrides.pop("replaced_by", None)  # a code that is gone cannot be imported
    return {
        "overrides": overrides | _texts(row.texts),
        "translations": {language: _texts(texts) for language, texts in row.translations.items()},
    }


def _texts(texts: Mapping[str, str]) -> dict[str, Any]:
    return {name: text.splitlines() if name in LISTS else text for name, text in texts.items()}


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)


def _cell(value: Any) -> str:
    text = "\n".join(value) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _section(one: Mapping[str, Any]) -> Iterable[str]:
    yield f"## `{one['code']}`"
    facts = [f"{one['status']} {phrase(one['status'])}", f"`{one['type']}`", f"{_('Retry')}: `{one['retry']}`"]
    facts += [_("Written as %(name)s") % {"name": f"`{name}`"} for name in one["names"]]
    yield " · ".join(facts)
    if one["deprecated"]:
        replacement = f" {_('Use %(code)s instead.') % {'code': '`' + one['replaced_by'] + '`'}}"
        yield f"**{_('Deprecated.')}**{replacement if one['replaced_by'] else ''}"
    yield f"**{_inert(one['title'])}**: {_inert(one['message'])}"
    if one["description"]:
        yield _inert(one["description"])
    for heading, name in ((_("Why it happens"), "causes"), (_("How to fix it"), "remedy")):
        if one[name]:
            yield f"### {heading}"
            yield "\n".join(f"- {_inert(item)}" for item in one[name])


def _inert(text: str) -> str:
    """Return plain text as Markdown that shows it, on one line; code spans stay."""
    parts = _CODE_SPAN.split(" ".join(text.split()))
    return "".join(part if index % 2 else _MARKUP.sub(r"\\\1", part) for index, part in enumerate(parts))
