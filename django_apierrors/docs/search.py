"""The search form of the list of codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from .. import codes
from ..catalog import Entry
from .format_aliases import get_aliases
from .public_catalog import PublicCatalog
from .texts import RETRY_TEXTS


@dataclass(kw_only=True, slots=True)
class Search:
    """The values of the search form; a choice without codes counts as blank."""

    q: str
    status: str
    type: str
    retry: str
    statuses: Sequence[str] = ()
    types: Sequence[str] = tuple(codes.TYPES)
    retries: Sequence[tuple[str, Any]] = field(default_factory=lambda: list(RETRY_TEXTS.items()))

    @classmethod
    def from_request(cls, request: HttpRequest, statuses: Iterable[int]) -> Search:
        """Read the query string of a request; ``statuses`` are those of the catalog."""
        choices = [str(status) for status in statuses]
        params = request.GET
        return cls(
            q=params.get("q", "").strip()[:200],
            status=_clean_choice(choices, params.get("status")),
            type=_clean_choice(codes.TYPES, params.get("type")),
            retry=_clean_choice(RETRY_TEXTS, params.get("retry")),
            statuses=choices,
        )

    def filter_codes(self, public: PublicCatalog, statuses: Mapping[str, int]) -> list[str]:
        """Return the codes that match: each word of the search occurs in a text or alias."""
        matching = [code for code, status in statuses.items() if self.status in ("", str(status))]
        if not (self.q or self.type or self.retry):
            return matching
        words, aliases = self.q.casefold().split(), get_aliases()
        entries = [public.entry(code) for code in matching]
        return [
            entry.code
            for entry in entries
            if self.type in ("", entry.type)
            and self.retry in ("", entry.retry)
            and _contains_all(words, entry, aliases.get(entry.code, ()))
        ]

    @property
    def is_used(self) -> bool:
        """Whether any field has a value."""
        return bool(self.q or self.status or self.type or self.retry)


def _contains_all(words: Iterable[str], entry: Entry, aliases: Iterable[str]) -> bool:
    texts = (entry.code, entry.title, entry.message, entry.description, *entry.causes, *entry.remedy)
    text = "\n".join((*texts, *aliases)).casefold()
    return all(word in text for word in words)


def _clean_choice(choices: Iterable[str], value: str | None) -> str:
    return value if value is not None and value in choices else ""
