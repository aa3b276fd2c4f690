"""What this process knows of catalog and windows: the only code that reads the database for a request."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import InterfaceError, OperationalError, connections, router, transaction
from django.http import HttpRequest

from .. import catalog, windows
from ..catalog import Catalog
from ..conf import conf
from ..models import Edit, ErrorCode, Revision
from ..paths import is_one_of
from ..windows import Windows
from . import loader
from .loader import Copy
from .single_flight import PATIENCE, Flight

logger = logging.getLogger("django_apierrors")

#: Seconds from the first, second and every further failure to the next probe.
_BACK_OFF = (2.0, 4.0, 8.0)
#: Seconds that a request waits for the read of another, when the copy is stale for longer than that.
_HURRY, _GRACE = 0.2, 0.1

#: Each part with what reads it and what lets it count in this process.
_PARTS: dict[str, tuple[Callable[[str], Any], Callable[[Any], None]]] = {
    Revision.WINDOWS: (loader.windows, windows.install),
    Revision.CATALOG: (loader.catalog, catalog.install),
}


class Snapshot:
    """Polls a token at most once per ``REFRESH_SECONDS`` and reloads when it has changed.

    While the database answers, the request that finds the copy stale reads it and all others
    go on with what there is, unless that is too old: an idle process knows nothing of a switch.
    After a failure the last known copy stays, and probes run in a thread of their own, 2, 4 and
    then every 8 seconds.
    """

    def __init__(self) -> None:
        """Begin with nothing loaded."""
        self._lock = threading.Lock()
        self._tokens: dict[str, str | None] = {}
        self._is_loaded = False
        self._due = 0.0
        self._edit_seen: object = None
        self._failures = 0
        self._flight: Flight | None = None

    def is_stale(self) -> bool:
        """Tell whether a request must look closer; costs a clock and two comparisons."""
        return monotonic() >= self._due or Edit.last_committed is not self._edit_seen or bool(Edit.alive)

    def refresh(self, request: HttpRequest | None = None) -> Copy | None:
        """Bring the copy up to date, at the start of a request that found it stale.

        Returns a copy of its own for a request inside a transaction with edits, else ``None``.
        """
        if request is not None and _is_probed(request):
            return None
        own, is_inside = self._of_transaction()
        if is_inside:
            return own
        flight, is_mine = self._claim()
        if flight is not None and is_mine:
            self._read(flight)
        elif flight is not None:
            flight.done.wait(self._wait_for(flight))
        return None

    async def arefresh(self, request: HttpRequest) -> Copy | None:
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
            await flight.landed(self._wait_for(flight))
        return None

    def load(self) -> Catalog:
        """Read everything now, whatever the clock says, and return the catalog; for commands.

        Inside a transaction nobody else gets to see it. Raises what the database raises.
        """
        using = _alias()
        edit, began = Edit.last_committed, monotonic()
        tokens = loader.tokens(using)
        loaded = {part: read(using) for part, (read, _) in _PARTS.items()}
        if not connections[using].in_atomic_block:
            with self._lock:
                for part, value in loaded.items():
                    self._take(part, value, tokens.get(part))
                self._succeeded(edit, began)
        return loaded[Revision.CATALOG]  # type: ignore[no-any-return]

    def look_again(self) -> None:
        """Let the next request look anew: a test has changed ``REFRESH_SECONDS``."""
        self._due = 0.0

    def reset(self) -> None:
        """Go back to what is shipped: the tables are new, or a test has emptied them."""
        with self._lock:
            catalog.install(Catalog())
            windows.install(Windows())
            self._tokens, self._is_loaded, self._due = {}, False, 0.0
            self._failures, self._flight = 0, None
            self._edit_seen = Edit.last_committed

    def after_fork(self) -> None:
        """Leave behind what only the parent has: a held lock, a read in another thread."""
        self._lock = threading.Lock()
        self._flight = None

    def _of_transaction(self) -> tuple[Copy | None, bool]:
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
                    kept = (state, Copy(loader.catalog(using), loader.windows(using)))
            except Exception as exc:  # the words must never stand in the way of the answer
                self._report(exc)
                return None, True
            connection._apierrors_copy = kept
        return kept[1], True

    def _claim(self) -> tuple[Flight | None, bool]:
        """Return the read that a request must make or wait for, if any, and whether it must make it."""
        with self._lock:
            flight = self._flight
            if flight is not None and flight.patience() > 0:
                return (None if flight.is_probe or not self._is_too_old() else flight), False
            if flight is not None:
                self._failed(None)
            is_edited = Edit.last_committed is not self._edit_seen
            if conf.REFRESH_SECONDS is None and not is_edited:
                self._due = float("inf")
            if monotonic() < self._due and (self._failures or not is_edited):
                return None, False
            self._flight = flight = Flight(is_probe=self._failures > 0)
            if not flight.is_probe:
                return flight, True
            try:
                threading.Thread(target=self._probe, args=(flight,), name="apierrors-probe", daemon=True).start()
            except RuntimeError:  # no more threads, or the process is ending
                self._postpone()
            return None, False

    def _is_too_old(self) -> bool:
        return not self._is_loaded or monotonic() > self._due + _GRACE

    def _wait_for(self, flight: Flight) -> float:
        """Return the seconds that a request waits for the read of another: until it fails if there is no copy."""
        left = flight.began + _HURRY - monotonic() if self._is_loaded else flight.patience()
        return max(left, 0)

    def _probe(self, flight: Flight) -> None:
        try:
            self._read(flight)
        finally:
            connections.close_all()  # those of this thread

    def _read_unless_inside(self, flight: Flight) -> Copy | None:
        own, is_inside = self._of_transaction()
        if not is_inside:
            self._read(flight)
            return None
        with self._lock:
            self._postpone()
        flight.done.set()
        return own

    def _read(self, flight: Flight) -> None:
        edit, using = Edit.last_committed, ""
        try:
            using = _alias()
            # The tokens first: rows read before them could be older than they say, for ever.
            self._read_parts(flight, using, loader.tokens(using))
        except Exception as exc:  # the words must never stand in the way of the answer
            with self._lock:
                if self._flight is flight:
                    self._failed(exc)
            if using and isinstance(exc, (InterfaceError, OperationalError)):
                connections[using].close()  # so that the view gets a connection that works, if there is one
        else:
            with self._lock:
                if self._flight is flight:
                    self._succeeded(edit, flight.began)
        finally:
            flight.done.set()

    def _read_parts(self, flight: Flight, using: str, tokens: dict[str, str]) -> None:
        """Read what has changed; a part that cannot be read keeps none of the others from being known."""
        failure: Exception | None = None
        for part, (read, _) in _PARTS.items():
            token = tokens.get(part)
            if part in self._tokens and self._tokens[part] == token:
                continue
            try:
                value = read(using)
            except Exception as exc:  # raised below: a switch must never wait for a catalog that cannot be read
                failure = failure or exc
                continue
            with self._lock:
                if self._flight is flight:
                    self._take(part, value, token)
        if failure is not None:
            raise failure

    def _take(self, part: str, value: Any, token: str | None) -> None:
        _PARTS[part][1](value)
        self._tokens[part] = token

    def _succeeded(self, edit: object, began: float) -> None:
        if self._failures:
            logger.info("The error catalog can be read again")
        self._edit_seen = edit
        self._is_loaded, self._failures, self._flight = True, 0, None
        seconds = conf.REFRESH_SECONDS
        # Half of it at least, or a slow database would be asked without a pause.
        self._due = float("inf") if seconds is None else max(began + seconds, monotonic() + seconds / 2)

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
        said = exc or f"no answer within {PATIENCE:.0f} s"
        logger.warning("The error catalog cannot be read; the last known texts stay: %s", said)


def _is_probed(request: HttpRequest) -> bool:
    # Orchestrators ask there whether the process lives; they never wait for a database.
    return is_one_of(request.path_info, conf.MAINTENANCE["EXEMPT_PATHS"])


def _is_forbidden(exc: Exception | None) -> bool:
    # SimpleTestCase and pytest-django forbid queries by exceptions of their own; a project may have no database.
    return isinstance(exc, (AssertionError, RuntimeError, ImproperlyConfigured))


def _alias() -> str:
    # Never a replica: it may not have the edit that its token announces.
    return router.db_for_write(ErrorCode)


snapshot = Snapshot()
os.register_at_fork(after_in_child=snapshot.after_fork)
