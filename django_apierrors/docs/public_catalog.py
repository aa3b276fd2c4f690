"""The public part of the catalog in one language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ..catalog import Catalog, Entry


class PublicCatalog:
    """A view of a catalog without its unlisted codes, or with them (``unlisted``).

    Entries are resolved on access: a page counts and sorts ten thousand codes and resolves
    two hundred.
    """

    def __init__(self, catalog: Catalog, language: str, docs_at: str = "", *, unlisted: bool = False) -> None:
        """Wrap a catalog; ``docs_at`` is the base URL of the documentation."""
        self.catalog = catalog
        self.language = language
        self._docs_at = docs_at
        self._unlisted = unlisted

    def __iter__(self) -> Iterator[str]:
        return iter(self.statuses())

    def __contains__(self, code: str) -> bool:
        return self._is_visible(code) and self.catalog.status(code) is not None

    def statuses(self) -> dict[str, int]:
        """Return the statuses of all codes."""
        statuses = ((code, self.catalog.status(code)) for code in self.catalog if self._is_visible(code))
        return {code: status for code, status in statuses if status is not None}

    def entry(self, code: str) -> Entry:
        """Return the entry of a code, without its replacement if that is unlisted."""
        entry = self.catalog.entry(code, self.language, self._docs_at)
        return replace(entry, replaced_by="") if entry.replaced_by and entry.replaced_by not in self else entry

    def entries(self) -> list[Entry]:
        """Return all entries."""
        return [self.entry(code) for code in self]

    def _is_visible(self, code: str) -> bool:
        row = self.catalog.row(code)
        return row is None or row.listed or self._unlisted
