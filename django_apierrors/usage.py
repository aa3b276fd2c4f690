"""The usage of rate limits by one client."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """The use of one limit by one client in the current window.

    ``limit`` requests are allowed in ``window`` seconds, ``used`` were made (this one
    included), ``reset`` is in how many seconds the next window has begun, at least 1.
    ``limited`` says that this request is one too many.
    """

    policy: str
    limit: int
    window: int
    used: int
    reset: int

    @property
    def remaining(self) -> int:
        """The number of requests that are still allowed in this window."""
        return max(0, self.limit - self.used)

    @property
    def limited(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit


def exceeded(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """Return the usages that exceed their limits."""
    return tuple(usage for usage in usages if usage.limited)


def longest_wait(usages: Iterable[Usage]) -> int | None:
    """Return the seconds until none of the exceeded limits refuses any more, ``None`` when none does."""
    return max((usage.reset for usage in exceeded(usages)), default=None)


def strictness(usage: Usage) -> tuple[bool, int, int]:
    """Return a sort key for usages of one policy: one that is exceeded, has less left or resets later is greater."""
    return usage.limited, -usage.remaining, usage.reset
