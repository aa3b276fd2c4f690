"""The maintenance windows in memory, and the monitor of those that are open."""

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
from datetime import datetime
from time import time

from django.utils import translation

from .client_ip import Address, Network
from .conf import conf
from .datetimes import from_timestamp
from .paths import covers
from .scopes import describe_scope
from .text import clean

logger = logging.getLogger("django_apierrors")

#: Methods that change nothing (RFC 9110, 9.2.1; RFC 10008 for QUERY), but for TRACE, which no view offers.
SAFE_METHODS = ("GET", "HEAD", "OPTIONS", "QUERY")
#: The methods that a view may offer.
METHODS = (*SAFE_METHODS, "POST", "PUT", "PATCH", "DELETE", "TRACE")

#: The key of the window that ``MAINTENANCE["FORCE"]`` opens; no bypass is valid for it.
FORCED = "force"

_MAX_WINDOW_SECONDS = 86_400
# Characters of the scope of a window in a line of the log.
_MAX_SCOPE = 500
_SUFFIX = re.compile(r"\.[a-z][a-z0-9]*/?\Z")


@dataclass(frozen=True, kw_only=True, slots=True)
class Window:
    """A maintenance window; times are seconds since the epoch, and infinite where there is no bound.

    No prefixes mean every path, no methods every method. A bypass is bound to ``key``.
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
        """The error code of the responses."""
        return "READ_ONLY" if self.is_read_only else "MAINTENANCE"

    @property
    def starts_at(self) -> datetime | None:
        """The start in UTC, in whole seconds; ``None`` without one."""
        return from_timestamp(self.begins)

    @property
    def ends_at(self) -> datetime | None:
        """The end in UTC, rounded up to whole seconds; ``None`` without one."""
        return from_timestamp(self.ends)

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

    def exempts(self, address: Address | None) -> bool:
        """Return whether a client is exempt by its address."""
        return address is not None and any(address in network for network in self.exempt_networks)

    def retry_after(self, now: float, without_end: int) -> int:
        """Return the seconds until the end, 1 to 86 400, or ``without_end`` for a window that has none."""
        if not math.isfinite(self.ends):
            return without_end
        return min(max(1, math.ceil(self.ends - now)), _MAX_WINDOW_SECONDS)


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
        return min((edge for edge in self._edges() if edge > now), default=math.inf)

    def last_change(self, now: float) -> float:
        """Return when the last window began or ended."""
        return max((edge for edge in self._edges() if edge <= now), default=-math.inf)

    def _edges(self) -> Iterator[float]:
        return (edge for window in self._windows for edge in (window.begins, window.ends))


_installed_windows = Windows()
#: The windows that tests have added, for all threads.
_pinned_windows: tuple[Window, ...] = ()
#: The windows of an open transaction, for the requests inside it.
_transaction_windows: ContextVar[Windows | None] = ContextVar("apierrors_windows", default=None)


def current_windows() -> Windows:
    """Return the current windows."""
    windows = _transaction_windows.get() or _installed_windows
    return Windows((*windows, *_pinned_windows)) if _pinned_windows else windows


def install_windows(windows: Windows) -> None:
    """Make windows the current ones in every thread of this process."""
    global _installed_windows
    _installed_windows = windows


@contextmanager
def override_windows(windows: Windows) -> Iterator[None]:
    """Make windows the current ones of this context in the block, as of a request inside an open transaction."""
    token = _transaction_windows.set(windows)
    try:
        yield
    finally:
        _transaction_windows.reset(token)


@contextmanager
def pin_window(window: Window) -> Iterator[None]:
    """Add a window to the current ones in every thread in the block, without the database; for tests."""
    global _pinned_windows
    _pinned_windows = (*_pinned_windows, window)
    try:
        yield
    finally:
        windows = list(_pinned_windows)
        windows.remove(window)  # only one: the same window may be pinned more than once
        _pinned_windows = tuple(windows)


@dataclass(frozen=True, slots=True)
class _Check:
    """The result of a check: the open windows, and the times between which it is valid.

    A clock that is put right may go back.
    """

    windows: Windows | None = None
    since: float = math.inf
    until: float = -math.inf
    open_windows: tuple[Window, ...] = ()

    def is_valid(self) -> bool:
        return current_windows() is self.windows and self.since <= time() < self.until


class Monitor:
    """Keeps track of the open windows of this process; while none is open, a check costs a clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = _Check()
        self._known: frozenset[str] = frozenset()

    def is_inactive(self) -> bool:
        """Return whether no window is open, and no change is to be reported."""
        last = self._last  # once: another thread may replace it
        return not last.open_windows and last.is_valid()

    def check(self) -> tuple[tuple[Window, ...], bool]:
        """Return the windows that are open, the strictest first, and whether others were before.

        A change is logged, and reported to exactly one caller.
        """
        last = self._last
        if last.is_valid():
            return last.open_windows, False
        with self._lock:  # around both reads, or an older result could replace a newer one
            now, windows = time(), current_windows()
            open_windows = open_at(now)
            keys = frozenset(window.key for window in open_windows)
            is_changed, self._known = keys != self._known, keys
            self._last = _Check(windows, windows.last_change(now), windows.next_change(now), open_windows)
        if is_changed:
            logger.warning("Maintenance is %s", "; ".join(map(_summary, open_windows)) or "off")
        return open_windows, is_changed

    def invalidate(self) -> None:
        """Make the next request check again: a test has changed ``FORCE``."""
        self._last = _Check()

    def after_fork(self) -> None:
        """Replace a lock that another thread of the parent held."""
        self._lock = threading.Lock()


def open_at(now: float) -> tuple[Window, ...]:
    """Return the windows that are open at a moment, the strictest first, with regard to ``FORCE``.

    The window of ``FORCE`` covers everything, has no end, and takes message and exempt networks from the
    strictest full window that is open.
    """
    forced = conf.MAINTENANCE["FORCE"]
    if forced is False:
        return ()
    open_windows = current_windows().open_at(now)
    if forced is None:
        return open_windows
    model = next((window for window in open_windows if not window.is_read_only), Window())
    always = replace(model, key=FORCED, begins=-math.inf, ends=math.inf)
    return (replace(always, path_prefixes=(), methods=frozenset()),)


def _summary(window: Window) -> str:
    kind = "read-only" if window.is_read_only else "on"
    with translation.override(None):
        scope = clean(describe_scope(window, max_paths=None), _MAX_SCOPE)
    return f"{kind} for {scope} until {window.ends_at or 'it is turned off'}"


monitor = Monitor()
os.register_at_fork(after_in_child=monitor.after_fork)
