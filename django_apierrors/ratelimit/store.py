"""The store of the counters: django-ratelimit's counting, behind a circuit breaker."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from time import monotonic
from typing import Any

from django.conf import settings
from django_ratelimit import ALL
from django_ratelimit.core import get_usage

from ..conf import conf
from ..usage import Usage
from .policies import Policy
from .rates import Rate

logger = logging.getLogger("django_apierrors")


class StoreError(Exception):
    """Raised when a request could not be counted."""


#: The requests of a process that use the store at the same time; each may keep a connection open.
MAX_CONCURRENT = 4


class ConnectionLimiter:
    """A context manager that lets ``MAX_CONCURRENT`` requests use the store, the first of them alone.

    Under ASGI each request has a thread of its own, and a client of a store a connection for each
    thread that uses it at the same time. The first goes alone because such clients make their
    pool of connections when they are first used, without a lock.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, for a process that was forked while requests used the store."""
        self._semaphore = threading.Semaphore(1)
        self._is_first = True

    def __enter__(self) -> None:
        self._semaphore.acquire()

    def __exit__(self, *exc: object) -> None:
        number, self._is_first = (MAX_CONCURRENT if self._is_first else 1), False
        self._semaphore.release(number)


class CircuitBreaker:
    """Keeps requests from a store that does not answer; one of them tries again in each ``BREAKER_SECONDS``."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start anew, for a test or a process that was forked."""
        self._lock = threading.Lock()
        self._open_until = 0.0
        self._logged_until = 0.0

    def raise_if_open(self) -> None:
        """Raise ``StoreError`` while the breaker is open; after that only the first request may try."""
        if not self._open_until:
            return
        with self._lock:
            now = monotonic()
            if now < self._open_until:
                raise StoreError("the store did not answer a moment ago")
            if self._open_until:
                self._open_until = now + conf.RATELIMIT["BREAKER_SECONDS"]

    def record_failure(self, exc: BaseException) -> None:
        """Open the breaker, and log it once in each of its periods."""
        with self._lock:
            now = monotonic()
            is_logged = now < self._logged_until
            self._open_until = now + conf.RATELIMIT["BREAKER_SECONDS"]
            if not is_logged:
                self._logged_until = self._open_until
        if not is_logged:
            logger.warning("The store of the rate limits does not answer: %s: %s", type(exc).__name__, exc)

    def record_success(self) -> None:
        """Close the breaker."""
        if not self._open_until:
            return
        with self._lock:
            was_open, self._open_until, self._logged_until = self._open_until, 0.0, 0.0
        if was_open:
            logger.info("The store of the rate limits answers again")


limiter = ConnectionLimiter()
breaker = CircuitBreaker()
os.register_at_fork(after_in_child=limiter.reset)
os.register_at_fork(after_in_child=breaker.reset)


def count(request: Any, policy: Policy) -> Usage | None:
    """Count a request for a policy and return the usage, ``None`` when the policy is switched off.

    Raises ``StoreError`` when it could not be counted. Exceptions of key and rate are passed on:
    they are errors of the project, or of the request, not of the store.
    """
    if not getattr(settings, "RATELIMIT_ENABLE", True):
        return None
    rate = policy.rate_for(request)
    if rate is None:
        return None
    counter = _counter_name(policy, policy.key(policy.group, request))
    with limiter:
        breaker.raise_if_open()
        try:
            # Twice, because a full store may drop a counter between its making and its counting.
            counted = _increment(request, counter, rate) or _increment(request, counter, rate)
            if counted is None:
                raise StoreError("it did not count")
        except Exception as exc:  # whatever a client of a store raises: it must never become a 500
            breaker.record_failure(exc)
            raise StoreError(str(exc)) from exc
        breaker.record_success()
    # The last second of a window still counts, so that `time_left` is one short; and a second may
    # have passed since the window was chosen.
    reset = max(1, counted["time_left"] + 1)
    return Usage(policy=policy.name, limit=counted["limit"], window=rate[1], used=counted["count"], reset=reset)


def _increment(request: Any, counter: str, rate: Rate) -> dict[str, int] | None:
    """Count by django-ratelimit, and return its usage, ``None`` when the store did not count."""
    # The methods were checked before.
    usage = get_usage(request, group="", key=lambda *_: counter, rate=rate, method=ALL, increment=True)
    # It says so by a count of nothing, or by None under RATELIMIT_FAIL_OPEN.
    return usage if usage is not None and usage["count"] else None


def _counter_name(policy: Policy, key: tuple[str, ...]) -> str:
    """Return the name of a counter, a digest of all its parts, whatever a client puts into its own.

    django-ratelimit would join the parts without a separator, and fail on half a surrogate pair,
    which must not look like a fault of the store.
    """
    return hashlib.sha256(ascii((policy.group, policy.methods, key)).encode()).hexdigest()
