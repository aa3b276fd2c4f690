"""The report as lines for a terminal; each block of code can be pasted as it is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .additions import Addition, iter_additions
from .changes import Change, iter_changes


def iter_report() -> Iterator[str]:
    """Yield the lines of the report; raises what the URLconf raises."""
    additions, changes = list(iter_additions()), list(iter_changes())
    yield "Nothing was changed."
    if not additions:
        yield "Nothing is missing either: `manage.py check` says whether anything is out of place."
    for addition in additions:
        yield from _addition_lines(addition)
    if additions:
        yield from ("", "Then run `manage.py migrate` and `manage.py check`.")
    yield from _change_lines(changes)


def _addition_lines(addition: Addition) -> Iterator[str]:
    yield from ("", f"Add at the end of {addition.path}, or change what is there:", "")
    yield from (f"    {line}".rstrip() for line in _stripped(addition.lines))


def _stripped(lines: Iterable[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _change_lines(changes: list[Change]) -> Iterator[str]:
    yield from ("", "What clients will notice, and what to look at:" if changes else "Clients will notice nothing.")
    for change in changes:
        yield from ("", f"* {change.text}")
        yield from (f"    {place}" for place in change.places)
        if change.advice:
            yield f"  {change.advice}"
