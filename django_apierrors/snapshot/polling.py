"""The polling of the database: at most one token per second in each process, and the parts that have changed."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from time import monotonic, time
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
from .loader import TransactionCopy
from .single_flight import TIMEOUT, Read

logger = logging.getLogger("django_apierrors")

#: Seconds until the next probe, after the first, the second and every further failure.
_BACK_OFF = (2.0, 4.0, 8.0)
#: Seconds that a copy may be overdue before requests wait for the read of another, and the seconds that they wait.
_MAX_OVERDUE, _MAX_WAIT = 0.1, 0.2

#: Each part with the function that loads it and the function that installs it in this process.
_PARTS: dict[str, tuple[Callable[[str], Any], Callable[[Any], None]]] = {
    Revision.WINDOWS: (loader.load_windows, windows.install_windows),
    Revision.CATALOG: (loader.load_catalog, catalog.install),
}


class Snapshot:
    """Polls a token at most once per ``REFRESH_SECONDS`` and reloads when it has changed.

    While the database answers, the request that finds the copy stale reads, and all others
    continue with the copy, unless it is too old, as in an idle process. After a failure the last
    known copy stays, and probes run in a separate thread, after 2, 4 and then every 8 seconds.
    """

    def __init__(self) -> None:
        """Start with nothing loaded."""
        self._lock = threading.Lock()
        self._tokens: dict[str, str | None] = {}
        #: The time by the clock at which each part was loaded.
        self._loaded_at: dict[str, float] = {}
        self._is_loaded = False
        self._due = 0.0
        self._edit_seen: object = None
        self._failures = 0
        self._current_read: Read | None = None

    def is_stale(self) -> bool:
        """Return whether a request must refresh the copy; costs a clock and two comparisons."""
        return monotonic() >= self._due or Edit.last_committed is not self._edit_seen or bool(Edit.pending)

    def refresh(self, request: HttpRequest | None = None) -> TransactionCopy | None:
        """Update the copy at the start of a request that found it stale.

        Returns the copy of the transaction for a request inside one with edits, else ``None``.
        """
        if request is not None and _is_exempt(request):
            return None
        copy, is_inside = self._transaction_copy()
        if is_inside:
            return copy
        read, is_owner = self._claim()
        if read is not None and is_owner:
            self._run(read)
        elif read is not None:
            read.done.wait(self._seconds_to_wait(read))
        return None

    async def arefresh(self, request: HttpRequest) -> TransactionCopy | None:
        """Update the copy under ASGI; only the one request that reads leaves the event loop.

        While a transaction of this process has edits, each stale request leaves the loop: it may
        be the transaction of a test, which is visible only in the thread that began it.
        """
        if _is_exempt(request):
            return None
        if Edit.pending:
            copy, is_inside = await sync_to_async(self._transaction_copy, thread_sensitive=True)()
            if is_inside:
                return copy
        read, is_owner = self._claim()
        if read is not None and is_owner:
            return await sync_to_async(self._read_unless_inside, thread_sensitive=True)(read)
        if read is not None:
            await read.wait(self._seconds_to_wait(read))
        return None

    def load(self) -> Catalog:
        """Read everything now, without regard to the clock, and return the catalog; for commands.

        Inside a transaction the result is not installed. Raises the exceptions of the database.
        """
        using = _write_alias()
        edit, started = Edit.last_committed, monotonic()
        tokens = loader.load_tokens(using)
        loaded = {part: load(using) for part, (load, _) in _PARTS.items()}
        if not connections[using].in_atomic_block:
            with self._lock:
                for part, value in loaded.items():
                    self._install(part, value, tokens.get(part))
                self._record_success(edit, started)
        return loaded[Revision.CATALOG]  # type: ignore[no-any-return]

    def invalidate(self) -> None:
        """Make the next request read the tokens: a test has changed ``REFRESH_SECONDS``."""
        self._due = 0.0

    def reset(self) -> None:
        """Install the shipped texts: the tables are new, or a test has emptied them."""
        with self._lock:
            catalog.install(Catalog())
            windows.install_windows(Windows())
            self._tokens, self._is_loaded, self._due = {}, False, 0.0
            self._failures, self._current_read = 0, None
            self._edit_seen = Edit.last_committed

    def after_fork(self) -> None:
        """Drop the lock and the read of the parent process."""
        self._lock = threading.Lock()
        self._current_read = None

    def _transaction_copy(self) -> tuple[TransactionCopy | None, bool]:
        """Return the copy that belongs to the open transaction, and whether there is one.

        At the start of a request this is the transaction of a test. Only an edit triggers a read
        inside it, never the clock. The newest edit holds the copy, so a rollback drops it.
        """
        try:
            using = _write_alias()
            is_inside = connections[using].in_atomic_block
        except Exception:  # a failing router: the read fails too, and is reported
            return None, False
        if not is_inside:
            return None, False
        edit, committed = next(Edit.of_transaction(using), Edit.last_committed), Edit.last_committed
        if edit is None or edit is self._edit_seen:
            return None, True
        if edit.loaded is None or edit.loaded[0] is not committed:
            try:
                with transaction.atomic(using=using):  # a failing read must not break the transaction
                    copy = TransactionCopy(loader.load_catalog(using), loader.load_windows(using))
            except Exception as exc:  # texts must never prevent an answer
                self._report(exc)
                return None, True
            edit.loaded = committed, copy
        return edit.loaded[1], True

    def _claim(self) -> tuple[Read | None, bool]:
        """Return the read that a request must run or wait for, if any, and whether it must run it."""
        with self._lock:
            read = self._current_read
            if read is not None and read.timeout() > 0:
                return (None if read.is_probe or not self._is_too_old() else read), False
            if read is not None:
                self._record_failure(None)
            is_edited = Edit.last_committed is not self._edit_seen
            if conf.REFRESH_SECONDS is None and not is_edited:
                self._due = float("inf")
            if monotonic() < self._due and (self._failures or not is_edited):
                return None, False
            self._current_read = read = Read(is_probe=self._failures > 0)
            if not read.is_probe:
                return read, True
            try:
                threading.Thread(target=self._probe, args=(read,), name="apierrors-probe", daemon=True).start()
            except RuntimeError:  # no more threads, or the process is ending
                self._postpone()
            return None, False

    def _is_too_old(self) -> bool:
        return not self._is_loaded or monotonic() > self._due + _MAX_OVERDUE

    def _seconds_to_wait(self, read: Read) -> float:
        """Return the seconds that a request waits for the read of another: until its timeout if there is no copy."""
        left = read.started + _MAX_WAIT - monotonic() if self._is_loaded else read.timeout()
        return max(left, 0)

    def _probe(self, read: Read) -> None:
        try:
            self._run(read)
        finally:
            connections.close_all()  # those of this thread

    def _read_unless_inside(self, read: Read) -> TransactionCopy | None:
        copy, is_inside = self._transaction_copy()
        if not is_inside:
            self._run(read)
            return None
        with self._lock:
            self._postpone()
        read.done.set()
        return copy

    def _run(self, read: Read) -> None:
        edit, using = Edit.last_committed, ""
        try:
            using = _write_alias()
            # The tokens first: rows read before them could stay outdated for ever.
            self._read_parts(read, using, loader.load_tokens(using))
        except Exception as exc:  # texts must never prevent an answer
            with self._lock:
                if self._current_read is read:
                    self._record_failure(exc)
            if using and isinstance(exc, (InterfaceError, OperationalError)):
                connections[using].close()  # the view then gets a new connection
        else:
            with self._lock:
                if self._current_read is read:
                    self._record_success(edit, read.started)
        finally:
            read.done.set()

    def _read_parts(self, read: Read, using: str, tokens: dict[str, str]) -> None:
        """Read the parts that have changed; a part that fails does not prevent the others."""
        failure: Exception | None = None
        for part, (load, _) in _PARTS.items():
            token = tokens.get(part)
            # Windows that a wrong clock took for over were not loaded: once it has gone back they may be open.
            if part in self._tokens and self._tokens[part] == token and time() >= self._loaded_at[part]:
                continue
            try:
                value = load(using)
            except Exception as exc:  # raised below: maintenance must not depend on a readable catalog
                failure = failure or exc
                continue
            with self._lock:
                if self._current_read is read:
                    self._install(part, value, token)
        if failure is not None:
            raise failure

    def _install(self, part: str, value: Any, token: str | None) -> None:
        _PARTS[part][1](value)
        self._tokens[part], self._loaded_at[part] = token, time()

    def _record_success(self, edit: object, started: float) -> None:
        if self._failures:
            logger.info("The error catalog can be read again")
        self._edit_seen = edit
        self._is_loaded, self._failures, self._current_read = True, 0, None
        seconds = conf.REFRESH_SECONDS
        # At least half of it, or a slow database would be read without a pause.
        self._due = float("inf") if seconds is None else max(started + seconds, monotonic() + seconds / 2)

    def _record_failure(self, exc: Exception | None) -> None:
        if _is_forbidden(exc):
            self._postpone()
            return
        if not self._failures:
            self._report(exc)
        self._current_read = None
        self._due = monotonic() + _BACK_OFF[min(self._failures, len(_BACK_OFF) - 1)]
        self._failures += 1

    def _postpone(self) -> None:
        self._current_read = None
        self._due = monotonic() + (conf.REFRESH_SECONDS or 1.0)

    def _report(self, exc: Exception | None) -> None:
        reason = exc or f"no answer within {TIMEOUT:.0f} s"
        logger.warning("The error catalog cannot be read; the last known texts stay: %s", reason)


def _is_exempt(request: HttpRequest) -> bool:
    # Health checks of orchestrators never wait for a database.
    return is_one_of(request.path_info, conf.MAINTENANCE["EXEMPT_PATHS"])


def _is_forbidden(exc: Exception | None) -> bool:
    # SimpleTestCase and pytest-django forbid queries with exceptions of their own; a project may have no database.
    return isinstance(exc, (AssertionError, RuntimeError, ImproperlyConfigured))


def _write_alias() -> str:
    # Never a replica: it may have the token of an edit and not yet the edit.
    return router.db_for_write(ErrorCode)


snapshot = Snapshot()
os.register_at_fork(after_in_child=snapshot.after_fork)
