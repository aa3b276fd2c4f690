"""Interleaved rounds: on a noisy machine only what ran side by side can be compared."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Any


@dataclass(frozen=True)
class Variant:
    """One of the things compared: ``prepare`` makes a fresh argument of each ``call``, untimed."""

    prepare: Callable[[], Any]
    call: Callable[[Any], Any]


@dataclass(frozen=True)
class Figures:
    """Microseconds a call of one variant took, one figure a round."""

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.rounds)

    @property
    def fastest(self) -> float:
        """The round that the machine disturbed least."""
        return min(self.rounds)

    def times(self, other: Figures) -> tuple[float, float]:
        """How many times the other it took: the ratio of the medians, the median of the rounds' ratios."""
        ratios = [mine / its for mine, its in zip(self.rounds, other.rounds, strict=True)]
        return self.median / other.median, median(ratios)

    def over(self, other: Figures) -> tuple[float, float]:
        """What it took more than the other: the difference of the medians, the median of the rounds' differences."""
        differences = [mine - its for mine, its in zip(self.rounds, other.rounds, strict=True)]
        return self.median - other.median, median(differences)


def one_by_one(call: Callable[[Any], Any], arguments: Sequence[Any]) -> float:
    """Return the seconds that the calls took."""
    start = perf_counter()
    for argument in arguments:
        call(argument)
    return perf_counter() - start


async def one_by_one_async(call: Any, arguments: Sequence[Any]) -> float:
    """Return the seconds that the awaited calls took."""
    start = perf_counter()
    for argument in arguments:
        await call(argument)
    return perf_counter() - start


def interleaved(
    variants: Sequence[Variant], rounds: int, calls: int, timed: Callable[..., float] = one_by_one
) -> list[Figures]:
    """Run every variant once a round, A B C A B C ..., after one round to warm up."""
    figures: list[list[float]] = [[] for _ in variants]
    for number in range(rounds + 1):
        for variant, kept in zip(variants, figures, strict=True):
            arguments = [variant.prepare() for _ in range(calls)]
            gc.collect()
            gc.disable()
            seconds = timed(variant.call, arguments)
            gc.enable()
            if number:
                kept.append(seconds / calls * 1_000_000)
    return [Figures(kept) for kept in figures]
