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


#: Each of them may keep a connection open.
AT_ONCE = 4


class Turns:
    """Lets few requests at a time to the store, the first of them alone; used by ``with``.

    Under ASGI each request has a thread of its own, and a client of a store a connection for each
    thread that uses it at the same time. The first goes alone because such clients make their
    pool of connections when they are first used, without a lock.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, for a process that was forked while others had their turns."""
        self._free = threading.Semaphore(1)
        self._is_first = True

    def __enter__(self) -> None:
        self._free.acquire()

    def __exit__(self, *exc: object) -> None:
        freed, self._is_first = (AT_ONCE if self._is_first else 1), False
        self._free.release(freed)


turns = Turns()
os.register_at_fork(after_in_child=turns.reset)


class Breaker:
    """Keeps requests from a store that does not answer: one of them tries again in each ``BREAKER_SECONDS``."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, for a test or a process that was forked."""
        self._lock = threading.Lock()
        self._open_until = 0.0
        self._silent_until = 0.0

    def admit(self) -> None:
        """Raise ``StoreError`` while the breaker is open; of those who come after that, only the first may try."""
        if not self._open_until:
            return
        with self._lock:
            now = monotonic()
            if now < self._open_until:
                raise StoreError("the store did not answer a moment ago")
            if self._open_until:
                self._open_until = now + conf.RATELIMIT["BREAKER_SECONDS"]

    def failed(self, exc: BaseException) -> None:
        """Open the breaker, and say so once in each of its periods."""
        with self._lock:
            now = monotonic()
            is_silent = now < self._silent_until
            self._open_until = now + conf.RATELIMIT["BREAKER_SECONDS"]
            if not is_silent:
                self._silent_until = self._open_until
        if not is_silent:
            logger.warning("The store of the rate limits does not answer: %s: %s", type(exc).__name__, exc)

    def succeeded(self) -> None:
        """Close the breaker."""
        if not self._open_until:
            return
        with self._lock:
            was_open, self._open_until, self._silent_until = self._open_until, 0.0, 0.0
        if was_open:
            logger.info("The store of the rate limits answers again")


breaker = Breaker()
os.register_at_fork(after_in_child=breaker.reset)


def count(request: Any, policy: Policy) -> Usage | None:
    """Count a request for a policy and return the usage, ``None`` when the policy is switched off.

    Raises ``StoreError`` when it could not be counted. What key and rate raise is passed on: it
    is a fault of the project, or of the request, not of the store.
    """
    if not getattr(settings, "RATELIMIT_ENABLE", True):
        return None
    rate = policy.rate_for(request)
    if rate is None:
        return None
    counter = _counter(policy, policy.key(policy.group, request))
    with turns:
        breaker.admit()
        try:
            # Twice, because a full store may drop a counter between its making and its counting.
            found = _counted(request, counter, rate) or _counted(request, counter, rate)
            if found is None:
                raise StoreError("it did not count")
        except Exception as exc:  # whatever a client of a store raises: it must never become a 500
            breaker.failed(exc)
            raise StoreError(str(exc)) from exc
        breaker.succeeded()
    # The last second of a window still counts, so that `time_left` is one short; and a second may
    # have passed since the window was chosen.
    reset = max(1, found["time_left"] + 1)
    return Usage(policy=policy.name, limit=found["limit"], window=rate[1], used=found["count"], reset=reset)


def _counted(request: Any, counter: str, rate: Rate) -> dict[str, int] | None:
    """Count by django-ratelimit, and return what it found, ``None`` when the store did not count."""
    # Which methods count was decided before.
    found = get_usage(request, group="", key=lambda *_: counter, rate=rate, method=ALL, increment=True)
    # It says so by a count of nothing, or by None under RATELIMIT_FAIL_OPEN.
    return found if found is not None and found["count"] else None


def _counter(policy: Policy, key: tuple[str, ...]) -> str:
    """Return the name of a counter: different for all that differs, whatever a client puts into its part.

    django-ratelimit would join the parts without a separator, and fail on half a surrogate pair,
    which must not look like a fault of the store.
    """
    return hashlib.sha256(ascii((policy.group, policy.methods, key)).encode()).hexdigest()
