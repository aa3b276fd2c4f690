"""Tables of figures, as all benchmarks print them."""

from __future__ import annotations

from measure import Figures


def head(*cells: str) -> None:
    """Print the head of a table."""
    row(*cells)
    print("-" * sum(width(number) for number in range(len(cells))))


def row(*cells: str) -> None:
    """Print a row of a table."""
    print("".join(cell.ljust(width(number)) for number, cell in enumerate(cells)).rstrip())


def width(column: int) -> int:
    return 18 if column == 0 else 24


def plain(figures: Figures) -> str:
    return f"{figures.median:.2f}"


def beside(figures: Figures, other: Figures) -> str:
    of_medians, of_rounds = figures.times(other)
    return f"{figures.median:.2f} ({of_medians:.2f} / {of_rounds:.2f}x)"


def more(figures: Figures, other: Figures) -> str:
    of_medians, of_rounds = figures.over(other)
    return f"{of_medians:+.2f} / {of_rounds:+.2f}"
