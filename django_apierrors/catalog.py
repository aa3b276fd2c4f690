"""The words for a code: what Python defines, overlaid with what the team edited, in one language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import Any

from . import codes
from .entries import Entry as Entry
from .shipped import texts_in
from .text import placeholders

_MOST_RESOLVED = 50_000
_NO_TEXTS: Mapping[str, str] = {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """What the database says about one code; empty or ``None`` where it says nothing.

    ``translations`` holds, by language, those of the five texts that are not blank.
    """

    code: str
    status: int | None = None
    type: str = ""
    retry: str = ""
    doc_url: str = ""
    listed: bool = True
    deprecated: bool = False
    replaced_by: str = ""
    texts: Mapping[str, str] = field(default_factory=dict)
    translations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether the row can stand alone, for a code that no Python code defines."""
        return self.status is not None and "title" in self.texts and "message" in self.texts


class ResolvedEntry:
    """The entry of a code in one language, and the same with the URL of its documentation."""

    __slots__ = ("_docs_base", "_linked", "definition", "entry")

    def __init__(self, definition: codes.ErrorDefinition | None, entry: Entry) -> None:
        self.definition = definition
        self.entry = entry
        self._docs_base, self._linked = "", entry

    def doc_url(self, docs_base: str) -> str:
        """Return the URL of the documentation of the code: its own, else the page below a base, else ``""``."""
        entry = self.entry
        return entry.doc_url or (f"{docs_base}{entry.code}/" if docs_base and entry.listed else "")

    def linked(self, docs_base: str) -> Entry:
        """Return the entry with the URL of its documentation."""
        if self._docs_base != docs_base:  # one is kept: a client chooses the host, and could make us keep many
            self._docs_base, self._linked = docs_base, replace(self.entry, doc_url=self.doc_url(docs_base))
        return self._linked


class Catalog:
    """All entries, looked up by code and language; each is resolved once and kept.

    Immutable but for what it has resolved: an edit makes a new catalog of new rows.
    """

    def __init__(self, rows: Mapping[str, Row] | None = None) -> None:
        """Take the rows by code; without them everything is as shipped."""
        self._rows = rows or {}
        self._entries: dict[tuple[str, str], ResolvedEntry] = {}
        #: What was prepared of answers: it goes with the catalog when a row is edited.
        self.prepared: dict[Any, Any] = {}

    def __iter__(self) -> Iterator[str]:
        """Iterate over all codes: those of Python in the order of definition, then the others."""
        for definition in codes.definitions():
            yield definition.code
        for code, row in self._rows.items():
            if codes.get(code) is None and row.is_complete:
                yield code

    def row(self, code: str) -> Row | None:
        """Return what the database says about a code."""
        return self._rows.get(code)

    def status(self, code: str) -> int | None:
        """Return the status of a code, ``None`` when the catalog does not have it."""
        row, definition = self._rows.get(code), codes.registry.get(code)
        if row is not None and row.status is not None and (definition is not None or row.is_complete):
            return row.status
        return definition.status if definition else None

    def find(self, name: str) -> str:
        """Return the code with a name in any case, ``""`` when the catalog has none."""
        code = name.upper()
        if self.status(code) is None:
            code = name.lower()
        return code if self.status(code) is not None else ""

    def passes_detail(self, code: str) -> bool:
        """Return whether the text of an exception may reach the client under a code."""
        definition = codes.get(code)
        if definition is not None:
            return bool(definition.pass_detail)
        status = self.status(code)
        return status is not None and codes.passes_detail(status)

    def placeholders(self, code: str) -> frozenset[str]:
        """Return the placeholders of the message of a code, as shipped and as edited, in any language."""
        definition, row = codes.get(code), self._rows.get(code)
        texts = [str(definition.message)] if definition else []
        if row is not None:
            texts += [given.get("message", "") for given in (row.texts, *row.translations.values())]
        return frozenset[str]().union(*map(placeholders, texts))

    def entry(self, code: str, language: str, docs_base: str = "") -> Entry:
        """Return the entry of a code in a language, as Django spells it: ``de-at``.

        ``docs_base`` is the absolute URL of the documentation, with a slash at its end, if there
        is one. Raises ``KeyError`` for a code that the catalog does not have.
        """
        return self.resolve(code, language).linked(docs_base)

    def resolve(self, code: str, language: str) -> ResolvedEntry:
        """Return the resolved entry of a code in a language; raises ``KeyError`` as ``entry`` does."""
        definition = codes.get(code)
        key = (code, language)
        resolved = self._entries.get(key)
        if resolved is None or resolved.definition is not definition:
            row = self._rows.get(code)
            if definition is None and (row is None or not row.is_complete):
                raise KeyError(code)
            if len(self._entries) >= _MOST_RESOLVED:  # many languages
                self._entries.clear()
            entry = _entry(definition, row or Row(code=code), language)
            resolved = self._entries[key] = ResolvedEntry(definition, entry)
        return resolved

    def with_rows(self, rows: Iterable[Row]) -> Catalog:
        """Return a catalog that differs by some rows."""
        return Catalog({**self._rows, **{row.code: row for row in rows}})

    def forget(self) -> None:
        """Drop what was resolved and prepared: the languages or settings of the project have changed."""
        self._entries.clear()
        self.prepared.clear()


def _entry(definition: codes.ErrorDefinition | None, row: Row, language: str) -> Entry:
    shipped, languages = texts_in(definition, language) if definition is not None else ({}, {})
    chosen = _chosen(row, language)
    texts = shipped | {name: text for name, (text, _) in chosen.items()}
    languages |= {name: spoken for name, (_, spoken) in chosen.items()}
    status = row.status or (definition.status if definition else 500)
    return Entry(
        code=row.code,
        status=status,
        type=row.type or _type(definition, status),
        retry=row.retry or (definition.retry if definition else "never"),
        title=texts.get("title", ""),
        message=texts.get("message", ""),
        description=texts.get("description", ""),
        causes=_lines(texts.get("causes", "")),
        remedy=_lines(texts.get("remedy", "")),
        params=definition.params if definition else {},
        message_without=texts.get(codes.WITHOUT, ""),
        details=definition.details if definition else {},
        names=definition.names if definition else {},
        pass_detail=bool(definition.pass_detail) if definition else codes.passes_detail(status),
        since=definition.since if definition else "",
        doc_url=row.doc_url or (definition.doc_url if definition else ""),
        language=languages.get("message", ""),
        languages=languages,
        edited="message" in chosen,
        listed=row.listed,
        deprecated=row.deprecated,
        replaced_by=row.replaced_by,
    )


def _type(definition: codes.ErrorDefinition | None, status: int) -> str:
    if definition is not None and definition.type != codes.type_for(definition.status):
        return definition.type  # chosen on purpose
    return codes.type_for(status)


def _chosen(row: Row, language: str) -> dict[str, tuple[str, str]]:
    """Return the edited texts with their languages: the exact one, else its base, else ``""``: nobody knows it."""
    base = language.split("-")[0]
    edited = (("", row.texts), *((spoken, row.translations.get(spoken, _NO_TEXTS)) for spoken in (base, language)))
    return {name: (text, spoken) for spoken, texts in edited for name, text in texts.items() if text}


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


_installed = Catalog()
#: The rows that tests pinned, for all threads, the last one first.
_pinned: tuple[Row, ...] = ()
#: The catalog of an open transaction, for the requests inside it.
_of_transaction: ContextVar[Catalog | None] = ContextVar("apierrors_catalog", default=None)


def current() -> Catalog:
    """Return the catalog that answers now."""
    catalog = _of_transaction.get() or _installed
    return catalog.with_rows(reversed(_pinned)) if _pinned else catalog


def install(catalog: Catalog) -> None:
    """Let a catalog answer from now on, in every thread of this process."""
    global _installed
    _installed = catalog


@contextmanager
def override(catalog: Catalog) -> Iterator[None]:
    """Use a catalog in the block; other threads and requests do not see it."""
    token = _of_transaction.set(catalog)
    try:
        yield
    finally:
        _of_transaction.reset(token)


@contextmanager
def pinned(row: Row) -> Iterator[None]:
    """Let a row answer in every thread, whatever the database says, for a test."""
    global _pinned
    _pinned = (row, *_pinned)
    try:
        yield
    finally:
        _pinned = _pinned[1:]
