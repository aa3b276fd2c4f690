"""The copy of the catalog in this process: the only code that reads the database for a request."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connections, router, transaction
from django.http import HttpRequest

from . import catalog, stored
from .catalog import Catalog, Row
from .conf import conf
from .models import Edit, ErrorCode

logger = logging.getLogger("django_apierrors")

#: Seconds after which a read that has not come back counts as failed.
_PATIENCE = 5.0
#: Seconds after which a probe that has not come back is given up for another.
_PATIENCE_WITH_PROBES = 60.0
#: Seconds from the first, second and every further failure to the next probe.
_BACK_OFF = (2.0, 4.0, 8.0)
#: Paths by which orchestrators ask whether the process lives; they never wait for a database.
_PROBED_PATHS = frozenset(("/livez", "/readyz", "/healthz", "/health", "/up"))


class _Flight:
    """One read of the database, of which there is at most one at a time."""

    def __init__(self, *, is_probe: bool) -> None:
        self.is_probe = is_probe
        self.done = threading.Event()
        self._patient_until = monotonic() + (_PATIENCE_WITH_PROBES if is_probe else _PATIENCE)

    def patience(self) -> float:
        """Return the seconds after which it counts as failed, zero or less when it does."""
        return self._patient_until - monotonic()

    async def landed(self) -> None:
        """Wait for it as long as there is patience, without a thread for each who waits."""
        while self.patience() > 0 and not self.done.is_set():
            await asyncio.sleep(0.01)


class Snapshot:
    """Polls a token at most once per ``REFRESH_SECONDS`` and reloads when it has changed.

    While the database answers, the request that finds the copy stale reads it and all others
    go on with what there is. After a failure the last known copy stays, and probes run in a
    thread of their own, 2, 4 and then every 8 seconds.
    """

    def __init__(self) -> None:
        """Begin with nothing loaded."""
        self._lock = threading.Lock()
        self._token: str | None = None
        self._is_loaded = False
        self._due = 0.0
        self._edit_seen: object = None
        self._failures = 0
        self._flight: _Flight | None = None

    def is_stale(self) -> bool:
        """Tell whether a request must look closer; costs a clock and two comparisons."""
        return monotonic() >= self._due or Edit.last_committed is not self._edit_seen or bool(Edit.alive)

    def refresh(self, request: HttpRequest) -> Catalog | None:
        """Bring the copy up to date, at the start of a request that found it stale.

        Returns a catalog of its own for a request inside a transaction with edits, else ``None``.
        """
        if _is_probed(request):
            return None
        own, is_inside = self._of_transaction()
        if is_inside:
            return own
        flight, is_mine = self._claim()
        if flight is not None and is_mine:
            self._read(flight)
        elif flight is not None:
            flight.done.wait(max(flight.patience(), 0))
        return None

    async def arefresh(self, request: HttpRequest) -> Catalog | None:
        """Do the same under ASGI; only the one request that reads leaves the loop.

        While a transaction of this process has edits, each stale request leaves it: that may be
        the transaction of a test, which only the thread that began it can see.
        """
        if _is_probed(request):
            return None
        if Edit.alive:
            own, is_inside = await sync_to_async(self._of_transaction, thread_sensitive=True)()
            if is_inside:
                return own
        flight, is_mine = self._claim()
        if flight is not None and is_mine:
            return await sync_to_async(self._read_unless_inside, thread_sensitive=True)(flight)
        if flight is not None:
            await flight.landed()
        return None

    def load(self) -> Catalog:
        """Read now, whatever the clock says, and return what is there; for commands.

        Inside a transaction nobody else gets to see it. Raises what the database raises.
        """
        using = _alias()
        edit = Edit.last_committed
        token = stored.token(using)
        loaded = _read_catalog(using)
        if not connections[using].in_atomic_block:
            with self._lock:
                self._succeeded(token, loaded, edit)
        return loaded

    def look_again(self) -> None:
        """Let the next request look at the clock anew: a test has changed ``REFRESH_SECONDS``."""
        self._due = 0.0

    def reset(self) -> None:
        """Go back to what is shipped: the tables are new, or a test has emptied them."""
        with self._lock:
            catalog.install(Catalog())
            self._token, self._is_loaded, self._due = None, False, 0.0
            self._failures, self._flight = 0, None
            self._edit_seen = Edit.last_committed

    def after_fork(self) -> None:
        """Leave behind what only the parent has: a held lock, a read in another thread."""
        self._lock = threading.Lock()
        self._flight = None

    def _of_transaction(self) -> tuple[Catalog | None, bool]:
        """Return the copy that belongs to the open transaction, and whether there is one.

        Inside a transaction, which at the start of a request is that of a test, only an edit
        of its own triggers a read, never the clock.
        """
        try:
            using = _alias()
            connection: Any = connections[using]
        except Exception:  # a router that fails: the read will, too, and says so
            return None, False
        if not connection.in_atomic_block:
            return None, False
        state = [*(edit.mark for edit in Edit.pending(using)), Edit.last_committed]
        if state == [self._edit_seen]:
            return None, True
        kept = getattr(connection, "_apierrors_copy", None)
        if kept is None or kept[0] != state:
            try:
                with transaction.atomic(using=using):  # a failing read must not break the transaction
                    kept = (state, _read_catalog(using))
            except Exception as exc:  # the words must never stand in the way of the answer
                self._report(exc)
                return None, True
            connection._apierrors_copy = kept
        return kept[1], True

    def _claim(self) -> tuple[_Flight | None, bool]:
        """Return the read that a request must make or wait for, if any, and whether it must make it."""
        with self._lock:
            flight = self._flight
            if flight is not None and flight.patience() > 0:
                return (None if self._is_loaded or flight.is_probe else flight), False
            if flight is not None:
                self._failed(None)
            is_edited = Edit.last_committed is not self._edit_seen
            if conf.REFRESH_SECONDS is None and not is_edited:
                self._due = float("inf")
            if monotonic() < self._due and (self._failures or not is_edited):
                return None, False
            self._flight = flight = _Flight(is_probe=self._failures > 0)
            if not flight.is_probe:
                return flight, True
            try:
                threading.Thread(target=self._probe, args=(flight,), name="apierrors-probe", daemon=True).start()
            except RuntimeError:  # no more threads, or the process is ending
                self._postpone()
            return None, False

    def _probe(self, flight: _Flight) -> None:
        try:
            self._read(flight)
        finally:
            connections.close_all()  # those of this thread

    def _read_unless_inside(self, flight: _Flight) -> Catalog | None:
        own, is_inside = self._of_transaction()
        if not is_inside:
            self._read(flight)
            return None
        with self._lock:
            self._postpone()
        flight.done.set()
        return own

    def _read(self, flight: _Flight) -> None:
        edit, using = Edit.last_committed, ""
        try:
            using = _alias()
            # The token first: rows read before it could be older than it says, for ever.
            token = stored.token(using)
            is_known = self._is_loaded and token == self._token
            loaded = None if is_known else _read_catalog(using)
        except Exception as exc:  # the words must never stand in the way of the answer
            with self._lock:
                if self._flight is flight:
                    self._failed(exc)
            if using and isinstance(exc, (InterfaceError, OperationalError)):
                connections[using].close()  # so that the view gets a connection that works, if there is one
        else:
            with self._lock:
                if self._flight is flight:
                    self._succeeded(token, loaded, edit)
        finally:
            flight.done.set()

    def _succeeded(self, token: str | None, loaded: Catalog | None, edit: object) -> None:
        if self._failures:
            logger.info("The error catalog can be read again")
        if loaded is not None:
            catalog.install(loaded)
        self._token, self._edit_seen = token, edit
        self._is_loaded, self._failures, self._flight = True, 0, None
        seconds = conf.REFRESH_SECONDS
        self._due = float("inf") if seconds is None else monotonic() + seconds

    def _failed(self, exc: Exception | None) -> None:
        if _is_forbidden(exc):
            self._postpone()
            return
        if not self._failures:
            self._report(exc)
        self._flight = None
        self._due = monotonic() + _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        self._failures += 1

    def _postpone(self) -> None:
        self._flight = None
        self._due = monotonic() + (conf.REFRESH_SECONDS or 1.0)

    def _report(self, exc: Exception | None) -> None:
        said = exc or f"no answer within {_PATIENCE:.0f} s"
        logger.warning("The error catalog cannot be read; the last known texts stay: %s", said)


def _is_probed(request: HttpRequest) -> bool:
    return (request.path_info.rstrip("/") or "/") in _PROBED_PATHS


def _is_forbidden(exc: Exception | None) -> bool:
    # SimpleTestCase and pytest-django forbid queries by exceptions of their own; a project may have no database.
    return isinstance(exc, (AssertionError, RuntimeError, ImproperlyConfigured))


def _alias() -> str:
    # Never a replica: it may not have the edit that its token announces.
    return router.db_for_write(ErrorCode)


def _read_catalog(using: str) -> Catalog:
    return Catalog({fields["code"]: Row(**fields) for fields in stored.rows(using)})


snapshot = Snapshot()
os.register_at_fork(after_in_child=snapshot.after_fork)
