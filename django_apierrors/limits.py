"""What limits said about a request: how much is used and left, kept until the response has its headers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


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
        """How many more requests are allowed in this window."""
        return max(0, self.limit - self.used)

    @property
    def limited(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit


def record(request: Any, usages: Iterable[Usage]) -> None:
    """Keep what was counted for the headers of the response, and tell view and middleware of a violation.

    ``request.limited`` is set even when nothing was counted, so that a view may always read it.
    """
    request = _underlying(request)
    request.limited = getattr(request, "limited", False)
    for usage in usages:
        request.limited = request.limited or usage.limited
        kept = {known.policy: known for known in recorded(request)}
        # A policy that is checked twice, by view and middleware, is one policy to the client.
        kept[usage.policy] = max(kept.get(usage.policy, usage), usage, key=_strictness)
        request._apierrors_usages = tuple(kept.values())


def recorded(request: Any) -> tuple[Usage, ...]:
    """Return what was recorded for a request, of Django or of DRF, in the order of the checks."""
    # Each response asks. A request of DRF looks into the one of Django by itself.
    found: tuple[Usage, ...] = getattr(request, "_apierrors_usages", ())
    return found


def blame(request: Any, usages: Iterable[Usage]) -> None:
    """Keep which usages refuse a request whose exception cannot carry them, as DRF's ``Throttled``."""
    request = _underlying(request)
    request._apierrors_blamed = (*blamed(request), *violated(usages))


def blamed(request: Any) -> tuple[Usage, ...]:
    """Return the usages that were said to refuse a request."""
    return getattr(_underlying(request), "_apierrors_blamed", ())


def violated(usages: Iterable[Usage]) -> tuple[Usage, ...]:
    """Return those that refuse the request."""
    return tuple(usage for usage in usages if usage.limited)


def wait(usages: Sequence[Usage]) -> int | None:
    """Return the seconds until none of the violated limits refuses any more, ``None`` when none does."""
    return max((usage.reset for usage in violated(usages)), default=None)


def _strictness(usage: Usage) -> tuple[bool, int, int]:
    return usage.limited, -usage.remaining, usage.reset


def _underlying(request: Any) -> Any:
    # A DRF request wraps the one of Django, which is all that middleware sees.
    return getattr(request, "_request", request)
