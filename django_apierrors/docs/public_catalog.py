"""The part of the catalog that a reader may see, in one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..catalog import Catalog, Entry


class Visible:
    """A catalog without the codes that are not for everybody, or with them (``unlisted``).

    Nothing is resolved until an entry is asked for, so that ten thousand codes can be counted
    and sorted while two hundred are shown.
    """

    def __init__(self, catalog: Catalog, language: str, docs_at: str = "", *, unlisted: bool = False) -> None:
        """Read a catalog in a language; ``docs_at`` is where its entries are documented."""
        self.catalog = catalog
        self.language = language
        self._docs_at = docs_at
        self._unlisted = unlisted

    def __iter__(self) -> Iterator[str]:
        return iter(self.statuses())

    def __contains__(self, code: str) -> bool:
        return self._shows(code) and self.catalog.status(code) is not None

    def statuses(self) -> dict[str, int]:
        """Return all codes with their statuses."""
        found = ((code, self.catalog.status(code)) for code in self.catalog if self._shows(code))
        return {code: status for code, status in found if status is not None}

    def entry(self, code: str) -> Entry:
        """Return the entry of a code; it names a replacement only if that is visible too."""
        entry = self.catalog.entry(code, self.language, self._docs_at)
        return replace(entry, replaced_by="") if entry.replaced_by and entry.replaced_by not in self else entry

    def entries(self) -> list[Entry]:
        """Return all entries."""
        return [self.entry(code) for code in self]

    def _shows(self, code: str) -> bool:
        row = self.catalog.row(code)
        return row is None or row.listed or self._unlisted
