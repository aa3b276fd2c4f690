"""The check of a request against its limits, sync and async."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from asgiref.sync import sync_to_async

from ..conf import conf
from ..exceptions import ApiError, RateTooHigh
from ..request_state import RequestState
from ..usage import Usage, exceeded
from . import store
from .policies import Policy, get_policy


def check(request: Any, *names: str | Policy, block: bool = True) -> tuple[Usage, ...]:
    """Count a request, of Django or of DRF, for policies, and return how much of each is used.

    ``names`` are those of ``RATELIMIT["POLICIES"]``. All of them are counted before any refuses.
    Raises ``RateTooHigh`` when one does, and ``ApiError`` with ``RATE_LIMITER_UNAVAILABLE`` when a
    policy that is closed on store errors could not be counted; neither unless ``block``. The result
    holds only policies that were counted: not those of other methods, or switched off.
    """
    counted, is_refused = [], False
    for policy in (get_policy(name) if isinstance(name, str) else name for name in names):
        if not policy.covers(request.method):
            continue
        try:
            usage = store.count(request, policy)
        except store.StoreError:
            is_refused = is_refused or policy.is_closed_on_error
            continue
        if usage is not None:
            counted.append(usage)
    _store_usages(request, counted)
    if block and exceeded(counted):
        raise RateTooHigh(counted)
    if block and is_refused:
        raise ApiError("RATE_LIMITER_UNAVAILABLE", retry_after=conf.RATELIMIT["BREAKER_SECONDS"])
    return tuple(counted)


async def acheck(request: Any, *names: str | Policy, block: bool = True) -> tuple[Usage, ...]:
    """Count a request in async code; see ``check``.

    The counting is sync, in a thread: Django's async caches do not count atomically before 6.1.
    """
    return await _check_in_thread(request, *names, block=block)


# Made once, not in each call: that costs as much as reading the key.
_check_in_thread = sync_to_async(check)


def usages(request: Any) -> tuple[Usage, ...]:
    """Return how much of each limit a request has used, as far as it was checked."""
    return RequestState.of(request).usages


def _store_usages(request: Any, counted: Sequence[Usage]) -> None:
    """Store usages in the state of a request, and set ``request.limited``, also when nothing was counted."""
    request = getattr(request, "_request", request)  # DRF's wraps Django's, the only one that middleware sees
    request.limited = getattr(request, "limited", False) or bool(exceeded(counted))
    if counted:
        RequestState.of(request).add_usages(counted)
