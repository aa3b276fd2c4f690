"""CPU time of calls, measured in interleaved rounds: on a noisy machine only what ran side by side can be compared."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from statistics import median
from time import process_time
from typing import Any


@dataclass(frozen=True)
class Variant:
    """One of the things compared: ``prepare`` makes a fresh argument of each ``call``, untimed.

    ``context`` returns the settings under which it runs. They are entered, and a call is made under them, untimed.
    """

    prepare: Callable[[], Any]
    call: Callable[[Any], Any]
    context: Callable[[], AbstractContextManager[None]] | None = None


@dataclass(frozen=True)
class Figures:
    """Microseconds that a call of one variant took, one figure a round."""

    rounds: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.rounds)

    def ratio(self, other: Figures) -> float:
        """Return the median of the ratios to the other within a round."""
        return median(mine / its for mine, its in zip(self.rounds, other.rounds, strict=True))

    def difference(self, other: Figures) -> float:
        """Return the median of the differences from the other within a round, in microseconds."""
        return median(mine - its for mine, its in zip(self.rounds, other.rounds, strict=True))


def one_by_one(
    call: Callable[[Any], Any], arguments: Sequence[Any], clock: Callable[[], float] = process_time
) -> float:
    """Return the seconds that the calls took, of CPU in all threads unless ``clock`` is another."""
    start = clock()
    for argument in arguments:
        call(argument)
    return clock() - start


async def one_by_one_async(call: Any, arguments: Sequence[Any], clock: Callable[[], float] = process_time) -> float:
    """Return the seconds that the awaited calls took."""
    start = clock()
    for argument in arguments:
        await call(argument)
    return clock() - start


def interleaved(
    variants: Sequence[Variant], rounds: int, calls: int, timed: Callable[..., float] = one_by_one
) -> list[Figures]:
    """Run every variant once a round, A B C A B C ..., after one round to warm up, without garbage collection."""
    figures: list[list[float]] = [[] for _ in variants]
    # There is a collection before each measurement: it need not look through all that was imported.
    gc.collect()
    gc.freeze()
    for number in range(rounds + 1):
        for variant, kept in zip(variants, figures, strict=True):
            seconds = _measure(variant, calls, timed)
            if number:
                kept.append(seconds / calls * 1_000_000)
    gc.unfreeze()
    return [Figures(kept) for kept in figures]


def _measure(variant: Variant, calls: int, timed: Callable[..., float]) -> float:
    if variant.context is None:
        return _without_gc(variant, calls, timed)
    with variant.context():
        timed(variant.call, [variant.prepare()])  # fills what a change of settings has emptied
        return _without_gc(variant, calls, timed)


def _without_gc(variant: Variant, calls: int, timed: Callable[..., float]) -> float:
    arguments = [variant.prepare() for _ in range(calls)]
    gc.collect()
    gc.disable()
    try:
        return timed(variant.call, arguments)
    finally:
        gc.enable()
