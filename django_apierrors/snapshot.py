"""This process's copy of the catalog: the only code that reads the database for a request."""

from __future__ import annotations

import enum
import logging
import os
import threading
from time import monotonic
from typing import Any

from asgiref.sync import sync_to_async
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connections, router, transaction
from django.http import HttpRequest

from . import catalog
from .catalog import Catalog, Row
from .codes import TEXTS
from .conf import conf
from .models import Edit, ErrorCode, ErrorCodeTranslation, Revision

logger = logging.getLogger("django_apierrors")

#: Seconds after which a read that has not come back counts as failed.
_PATIENCE = 5.0
#: Seconds after which a probe that has not come back is given up for another.
_PATIENCE_WITH_PROBES = 60.0
_LONGEST_BACK_OFF = 8.0
#: Paths by which orchestrators ask whether the process lives; they never wait for a database.
_PROBED_PATHS = frozenset(("/livez", "/readyz", "/healthz", "/health", "/up"))


class _Task(enum.Enum):
    """What a request that found the copy stale does about it."""

    NOTHING = enum.auto()
    READ = enum.auto()
    WAIT = enum.auto()


class _Flight:
    """One read of the database, of which there is at most one at a time."""

    def __init__(self, *, is_probe: bool) -> None:
        self.begun = monotonic()
        self.is_probe = is_probe
        self.done = threading.Event()

    def is_overdue(self) -> bool:
        return monotonic() - self.begun > (_PATIENCE_WITH_PROBES if self.is_probe else _PATIENCE)


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
        return monotonic() >= self._due or Edit.last_committed is not self._edit_seen or Edit.count > 0

    def refresh(self, request: HttpRequest) -> Catalog | None:
        """Bring the copy up to date, at the start of a request that found it stale.

        Returns a catalog of its own for a request inside a transaction with edits, else ``None``.
        """
        if request.path_info in _PROBED_PATHS:
            return None
        own, is_inside = self._of_transaction()
        if is_inside:
            return own
        task, flight = self._claim()
        if task is _Task.READ:
            self._read(flight)
        elif task is _Task.WAIT:
            flight.done.wait(_PATIENCE)
        return None

    async def arefresh(self, request: HttpRequest) -> Catalog | None:
        """Do the same under ASGI; only the one request that reads, or that has no copy, leaves the loop."""
        if request.path_info in _PROBED_PATHS:
            return None
        if Edit.count:
            own, is_inside = await sync_to_async(self._of_transaction, thread_sensitive=True)()
            if is_inside:
                return own
        task, flight = self._claim()
        if task is _Task.READ:
            await sync_to_async(self._read_unless_inside, thread_sensitive=True)(flight)
        elif task is _Task.WAIT:
            await sync_to_async(flight.done.wait, thread_sensitive=False)(_PATIENCE)
        return None

    def load(self) -> None:
        """Read now, whatever the clock says; for commands. Raises what the database raises."""
        using = _alias()
        edit = Edit.last_committed
        token, loaded = _load(using, known=None, is_loaded=False)
        with self._lock:
            self._succeeded(token, loaded, edit)

    def look_again(self) -> None:
        """Let the next request look at the clock anew: a test has changed ``REFRESH_SECONDS``."""
        self._due = 0.0

    def reset(self) -> None:
        """Go back to what is shipped: the tables are new, or a test has emptied them."""
        with self._lock:
            catalog.install(Catalog())
            self._token, self._is_loaded, self._due, self._flight = None, False, 0.0, None
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
        using = _alias()
        connection: Any = connections[using]
        if not connection.in_atomic_block:
            return None, False
        edits = [*Edit.pending(using), Edit.last_committed]
        if edits == [self._edit_seen]:
            return None, True
        kept = getattr(connection, "_apierrors_copy", None)
        if kept is None or kept[0] != edits:
            try:
                with transaction.atomic(using=using):  # a failing read must not break the transaction
                    kept = (edits, Catalog(_rows(using)))
            except Exception as exc:  # the words must never stand in the way of the answer
                self._report(exc)
                return None, True
            connection._apierrors_copy = kept
        return kept[1], True

    def _claim(self) -> tuple[_Task, Any]:
        with self._lock:
            flight = self._flight
            if flight is not None and not flight.is_overdue():
                return (_Task.NOTHING if self._is_loaded or flight.is_probe else _Task.WAIT), flight
            if flight is not None:
                self._failed(None)
            is_edited = Edit.last_committed is not self._edit_seen
            if conf.REFRESH_SECONDS is None and not is_edited:
                self._due = float("inf")
            if monotonic() < self._due and (self._failures or not is_edited):
                return _Task.NOTHING, None
            self._flight = flight = _Flight(is_probe=self._failures > 0)
            if flight.is_probe:
                threading.Thread(target=self._probe, args=(flight,), name="apierrors-probe", daemon=True).start()
                return _Task.NOTHING, None
            return _Task.READ, flight

    def _probe(self, flight: _Flight) -> None:
        try:
            self._read(flight)
        finally:
            connections[_alias()].close()

    def _read_unless_inside(self, flight: _Flight) -> None:
        if connections[_alias()].in_atomic_block:
            with self._lock:
                self._flight, self._due = None, monotonic() + (conf.REFRESH_SECONDS or 1.0)
            flight.done.set()
        else:
            self._read(flight)

    def _read(self, flight: _Flight) -> None:
        using = _alias()
        edit = Edit.last_committed
        try:
            token, loaded = _load(using, known=self._token, is_loaded=self._is_loaded)
        except Exception as exc:  # the words must never stand in the way of the answer
            with self._lock:
                if self._flight is flight:
                    self._failed(exc)
            if isinstance(exc, (InterfaceError, OperationalError)) and not flight.is_probe:
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
        seconds = conf.REFRESH_SECONDS
        self._token, self._edit_seen = token, edit
        self._is_loaded, self._failures, self._flight = True, 0, None
        self._due = float("inf") if seconds is None else monotonic() + seconds

    def _failed(self, exc: Exception | None) -> None:
        self._flight = None
        if exc is not None and _is_forbidden(exc):
            self._due = monotonic() + (conf.REFRESH_SECONDS or 1.0)
            return
        if not self._failures:
            self._report(exc)
        self._failures += 1
        self._due = monotonic() + min(2.0**self._failures, _LONGEST_BACK_OFF)

    def _report(self, exc: Exception | None) -> None:
        if exc is None or not _is_forbidden(exc):
            said = exc or f"no answer within {_PATIENCE:.0f} s"
            logger.warning("The error catalog cannot be read; the last known texts stay: %s", said)


def _is_forbidden(exc: Exception) -> bool:
    # SimpleTestCase and pytest-django forbid queries by exceptions of their own.
    return isinstance(exc, (AssertionError, RuntimeError)) and not isinstance(exc, DatabaseError)


def _alias() -> str:
    # Never a replica: it may not have the edit that its token announces.
    return router.db_for_write(ErrorCode)


def _load(using: str, *, known: str | None, is_loaded: bool) -> tuple[str | None, Catalog | None]:
    """Return the token and, if it has changed, the catalog that belongs to it or is newer.

    The token is read first: rows read before it could be older than it says, for ever.
    """
    tokens = Revision.objects.using(using).filter(part=Revision.CATALOG).values_list("token", flat=True)
    token = next(iter(tokens), None)
    if is_loaded and token == known:
        return token, None
    return token, Catalog(_rows(using))


def _rows(using: str) -> dict[str, Row]:
    translations: dict[str, dict[str, dict[str, str]]] = {}
    of_languages = ErrorCodeTranslation.objects.using(using).values_list("entry__code", "language", *TEXTS)
    for code, language, *texts in of_languages:
        translations.setdefault(code, {})[language.lower()] = _given(texts)
    fields = ("code", "status", "type", "retry", "doc_url", "listed", "deprecated", "replaced_by__code", *TEXTS)
    rows: dict[str, Row] = {}
    of_codes = ErrorCode.objects.using(using).order_by("code").values_list(*fields)
    for code, status, type_, retry, doc_url, listed, deprecated, replaced_by, *texts in of_codes:
        rows[code] = Row(
            code=code,
            # A row that got past its constraints must not make an error a success.
            status=status if status and 400 <= status <= 599 else None,
            type=type_,
            retry=retry,
            doc_url=doc_url,
            listed=listed,
            deprecated=deprecated,
            replaced_by=replaced_by or "",
            texts=_given(texts),
            translations=translations.get(code, {}),
        )
    return rows


def _given(texts: list[str]) -> dict[str, str]:
    return {name: text for name, text in zip(TEXTS, texts, strict=True) if text and text.strip()}


snapshot = Snapshot()
os.register_at_fork(after_in_child=snapshot.after_fork)
