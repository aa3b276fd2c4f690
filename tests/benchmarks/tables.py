"""Options and tables, as all benchmarks read and print them."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable

from measure import Figures

#: The rounds of ``--quick``.
FEW = 2


def parser(description: str | None, rounds: int) -> argparse.ArgumentParser:
    """Return a parser of the options that all benchmarks have."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds, help=f"rounds of each comparison (default {rounds})")
    parser.add_argument("--quick", action="store_true", help=f"{FEW} rounds of a few calls: does it run at all?")
    return parser


def silence() -> None:
    """Let log records be made and filtered as in production, and write them nowhere."""
    logging.getLogger().addHandler(logging.NullHandler())


def table(width: int, first: int = 26) -> Callable[..., None]:
    """Return what prints a row of a table, given its cells, whose columns are so many characters wide."""

    def row(name: str, *cells: str) -> None:
        print((name.ljust(first) + "".join(cell.ljust(width) for cell in cells)).rstrip())

    return row


def plain(figures: Figures) -> str:
    return f"{figures.median:.2f}"


def beside(figures: Figures, other: Figures) -> str:
    """Return the microseconds, and the ratio to others."""
    return f"{figures.median:.2f} ({figures.ratio(other):.2f}x)"


def more(figures: Figures, other: Figures) -> str:
    return f"{figures.difference(other):+.2f}"
