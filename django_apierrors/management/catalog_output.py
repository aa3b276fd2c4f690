"""The output of ``manage.py apierrors`` for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from .. import codes
from ..catalog import Catalog, Entry, Row
from ..docs import format_aliases
from ..docs.examples import Example
from ..rows import has_overrides
from ..text import strip_controls


def table(catalog: Catalog, entries: Iterable[Entry]) -> Iterator[str]:
    """Yield one line for each code: code, status, retry, title and badges, aligned."""
    lines = [
        (entry.code, str(entry.status), entry.retry, strip_controls(entry.title), " ".join(badges(catalog, entry)))
        for entry in entries
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def badges(catalog: Catalog, entry: Entry) -> Iterator[str]:
    """Yield the marks of a code."""
    row = catalog.row(entry.code) or Row(code=entry.code)
    if codes.get(entry.code) is None:
        yield "added"
    elif has_overrides(row):
        yield "edited"
    if not entry.listed:
        yield "unlisted"
    if entry.deprecated:
        yield "deprecated"


def explanation(catalog: Catalog, entry: Entry, example: Example) -> Iterator[str]:
    """Yield the lines about a code, with an example response, in the active language."""
    marks = "".join(f"  [{badge}]" for badge in badges(catalog, entry))
    yield f"{entry.code}  {entry.status} {codes.phrase(entry.status)}{marks}"
    yield ""
    for name, value in _contract_lines(entry):
        yield f"{name + ':':<15}{strip_controls(value)}"
    for heading, items in (
        ("Title", (entry.title,)),
        ("Message", (entry.message,)),
        ("Description", entry.description.splitlines()),
        ("Why it happens", [f"- {cause}" for cause in entry.causes]),
        ("How to fix it", [f"- {step}" for step in entry.remedy]),
    ):
        if any(items):
            yield from ("", heading, *(f"  {strip_controls(item)}" for item in items))
    yield from ("", f"Example answer, as {example.format} writes it", "", example.head, "", example.body)


def _contract_lines(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "Type", f"{entry.type}: {codes.TYPES[entry.type]}"
    yield "Retry", f"{entry.retry}: {codes.RETRIES[entry.retry]}"
    optional = {
        "Written as": ", ".join(format_aliases.get_aliases().get(entry.code, ())),
        "Placeholders": ", ".join(f"{{{name}}} such as {sample}" for name, sample in entry.params.items()),
        "Replaced by": entry.replaced_by,
        "Since": entry.since,
        "Documentation": entry.doc_url,
    }
    yield from ((name, value) for name, value in optional.items() if value)
