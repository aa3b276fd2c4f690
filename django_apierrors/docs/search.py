"""The search form above the list of codes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest

from .. import codes
from ..catalog import Entry
from . import format_aliases as names
from . import texts as words
from .public_catalog import Visible


@dataclass(kw_only=True, slots=True)
class Search:
    """What the form asks for; of its selects, a value that no code has counts as none."""

    q: str
    status: str
    type: str
    retry: str
    statuses: Sequence[str] = ()
    types: Sequence[str] = tuple(codes.TYPES)
    retries: Sequence[tuple[str, Any]] = field(default_factory=lambda: list(words.RETRIES.items()))

    @classmethod
    def of(cls, request: HttpRequest, statuses: Iterable[int]) -> Search:
        """Read the query string of a request, for codes of some statuses."""
        choices = [str(status) for status in statuses]
        given = request.GET.get
        return cls(
            q=given("q", "").strip()[:200],
            status=_one_of(choices, given("status")),
            type=_one_of(codes.TYPES, given("type")),
            retry=_one_of(words.RETRIES, given("retry")),
            statuses=choices,
        )

    def apply(self, visible: Visible, statuses: Mapping[str, int]) -> list[str]:
        """Return the codes that match, every word of the search in any of their texts and names."""
        found = [code for code, status in statuses.items() if self.status in ("", str(status))]
        if not (self.q or self.type or self.retry):
            return found
        wanted, written = self.q.casefold().split(), names.written()
        entries = [visible.entry(code) for code in found]
        return [
            entry.code
            for entry in entries
            if self.type in ("", entry.type)
            and self.retry in ("", entry.retry)
            and _has_all(wanted, entry, written.get(entry.code, ()))
        ]

    @property
    def is_used(self) -> bool:
        """Whether anything is asked for."""
        return bool(self.q or self.status or self.type or self.retry)


def _has_all(wanted: Iterable[str], entry: Entry, written: Iterable[str]) -> bool:
    texts = (entry.code, entry.title, entry.message, entry.description, *entry.causes, *entry.remedy)
    text = "\n".join((*texts, *written)).casefold()
    return all(word in text for word in wanted)


def _one_of(choices: Iterable[str], given: str | None) -> str:
    return given if given is not None and given in choices else ""
