"""Maintenance windows in memory: which are open now, and which of them cover a request."""

from __future__ import annotations

import logging
import math
import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import MAXYEAR, UTC, datetime
from time import time

from .client_ip import Address, Network
from .conf import conf
from .paths import covers
from .text import clean

logger = logging.getLogger("django_apierrors")

#: Methods that change nothing (RFC 9110, 9.2.1), but for TRACE, which no view offers.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
#: The methods that a view may offer.
METHODS = (*SAFE_METHODS, "POST", "PUT", "PATCH", "DELETE", "TRACE")

#: The key of the window that ``MAINTENANCE["FORCE"]`` opens; no bypass opens it.
FORCED = "force"

_LONGEST_WAIT = 86_400
# Characters of the scope of a window that a line of the log quotes.
_LONGEST_SCOPE = 500
_SUFFIX = re.compile(r"\.[a-z][a-z0-9]*/?\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """One window; times are seconds since the epoch, and infinite where there is no bound.

    No prefixes mean every path, no methods every method. ``key`` is what a bypass is bound to.
    """

    key: str = ""
    begins: float = -math.inf
    ends: float = math.inf
    is_read_only: bool = False
    path_prefixes: tuple[str, ...] = ()
    methods: frozenset[str] = frozenset()
    exempt_networks: tuple[Network, ...] = ()
    message: str = ""
    status_url: str = ""

    @property
    def code(self) -> str:
        """The code of the catalog that answers."""
        return "READ_ONLY" if self.is_read_only else "MAINTENANCE"

    @property
    def starts_at(self) -> datetime | None:
        """The start in UTC, in whole seconds; ``None`` without one."""
        return _moment(self.begins)

    @property
    def ends_at(self) -> datetime | None:
        """The end in UTC, in whole seconds: whoever waits until then is not refused; ``None`` without one."""
        return _moment(self.ends)

    def is_open(self, now: float) -> bool:
        """Return whether the window is open at a moment."""
        return self.begins <= now < self.ends

    def covers(self, path: str, method: str) -> bool:
        """Return whether a request is in the scope of the window."""
        if self.methods and method not in self.methods and not (method == "HEAD" and "GET" in self.methods):
            return False
        # By a suffix, as in /billing.json, DRF's routers lead to the same view.
        paths = (path, _SUFFIX.sub("", path))
        return not self.path_prefixes or any(covers(prefix, each) for prefix in self.path_prefixes for each in paths)

    def refuses(self, method: str) -> bool:
        """Return whether a request in the scope is refused for its method."""
        return not (self.is_read_only and method in SAFE_METHODS)

    def lets_in(self, address: Address | None) -> bool:
        """Return whether a client is exempt by its address."""
        return address is not None and any(address in network for network in self.exempt_networks)

    def retry_after(self, now: float, without_end: int) -> int:
        """Return the seconds until the end, 1 to 86 400, or what is said for a window without one."""
        if not math.isfinite(self.ends):
            return without_end
        return min(max(1, math.ceil(self.ends - now)), _LONGEST_WAIT)


class Windows:
    """All windows that are not over, the strictest first: full ones, and the latest end."""

    def __init__(self, windows: Iterable[Window] = ()) -> None:
        """Take the windows in any order."""
        self._windows = tuple(sorted(windows, key=lambda window: (window.is_read_only, -window.ends)))

    def __iter__(self) -> Iterator[Window]:
        """Iterate over the windows, the strictest first."""
        return iter(self._windows)

    def open_at(self, now: float) -> tuple[Window, ...]:
        """Return the windows that are open, the strictest first."""
        return tuple(window for window in self._windows if window.is_open(now))

    def upcoming(self, now: float, seconds: float = math.inf) -> tuple[Window, ...]:
        """Return the windows that begin within some seconds, the next one first."""
        later = (window for window in self._windows if now < window.begins <= now + seconds)
        return tuple(sorted(later, key=lambda window: window.begins))

    def next_change(self, now: float) -> float:
        """Return when the next window begins or ends."""
        edges = (edge for window in self._windows for edge in (window.begins, window.ends))
        return min((edge for edge in edges if edge > now), default=math.inf)


def _moment(seconds: float) -> datetime | None:
    try:
        moment = datetime.fromtimestamp(math.ceil(seconds), UTC)
    except (OverflowError, ValueError):  # no bound, or one that no calendar of Python has
        return None
    return moment if moment.year < MAXYEAR else None  # not every zone can express it


_installed = Windows()
#: The windows that tests pinned, for all threads.
_pinned: tuple[Window, ...] = ()
#: The windows of a transaction that is not committed, for the requests inside it.
_of_transaction: ContextVar[Windows | None] = ContextVar("apierrors_windows", default=None)


def current() -> Windows:
    """Return the windows that count now."""
    windows = _of_transaction.get() or _installed
    return Windows((*windows, *_pinned)) if _pinned else windows


def install(windows: Windows) -> None:
    """Let windows count from now on, in every thread of this process."""
    global _installed
    _installed = windows


@contextmanager
def within(windows: Windows) -> Iterator[None]:
    """Let the windows of an open transaction count for the request inside it, and no other."""
    token = _of_transaction.set(windows)
    try:
        yield
    finally:
        _of_transaction.reset(token)


@contextmanager
def pinned(window: Window) -> Iterator[None]:
    """Let a window count in every thread, whatever the database says, for a test."""
    global _pinned
    _pinned = (*_pinned, window)
    try:
        yield
    finally:
        kept = list(_pinned)
        kept.remove(window)  # once: the same may be pinned inside itself
        _pinned = tuple(kept)


@dataclass(frozen=True, slots=True)
class _Check:
    """What was open, by which windows, and until when that is so."""

    windows: Windows | None = None
    until: float = -math.inf
    opened: tuple[Window, ...] = ()

    def is_valid(self) -> bool:
        return current() is self.windows and time() < self.until


class Monitor:
    """What this process knows of open windows; while none is open, it costs a clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = _Check()
        self._known: frozenset[str] = frozenset()

    def is_inactive(self) -> bool:
        """Return whether every request passes, and nobody needs to be told of a change."""
        last = self._last  # once: another thread may replace it
        return not last.opened and current() is last.windows and time() < last.until

    def check(self) -> tuple[tuple[Window, ...], bool]:
        """Return the windows that are open, the strictest first, and whether others were before.

        Exactly one caller learns of a change, which is logged here.
        """
        last = self._last
        if last.is_valid():
            return last.opened, False
        with self._lock:  # from the first look on, or who looked earlier could speak last
            now, windows = time(), current()
            opened = open_at(now)
            keys = frozenset(window.key for window in opened)
            is_changed, self._known = keys != self._known, keys
            self._last = _Check(windows, windows.next_change(now), opened)
        if is_changed:
            logger.warning("Maintenance is %s", "; ".join(map(_summary, opened)) or "off")
        return opened, is_changed

    def invalidate(self) -> None:
        """Make the next request check again: a test has changed ``FORCE``."""
        self._last = _Check()

    def after_fork(self) -> None:
        """Replace a lock that another thread of the parent held."""
        self._lock = threading.Lock()


def open_at(now: float) -> tuple[Window, ...]:
    """Return the windows that are open at a moment, the strictest first, as ``FORCE`` has it.

    What it opens covers everything, without an end, and takes message and exempt networks from the
    strictest full window that is open.
    """
    forced = conf.MAINTENANCE["FORCE"]
    if forced is False:
        return ()
    opened = current().open_at(now)
    if forced is None:
        return opened
    model = next((window for window in opened if not window.is_read_only), Window())
    always = replace(model, key=FORCED, begins=-math.inf, ends=math.inf)
    return (replace(always, path_prefixes=(), methods=frozenset()),)


def _summary(window: Window) -> str:
    kind = "read-only" if window.is_read_only else "on"
    scope = " ".join([*sorted(window.methods), *window.path_prefixes]) or "everything"
    return f"{kind} for {clean(scope, _LONGEST_SCOPE)} until {window.ends_at or 'it is turned off'}"


monitor = Monitor()
os.register_at_fork(after_in_child=monitor.after_fork)
