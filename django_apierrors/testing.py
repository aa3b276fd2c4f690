"""Test utilities: an assertion, and context managers for error codes, maintenance and rate limits."""

from __future__ import annotations

import functools
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import AbstractContextManager, ContextDecorator, ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.conf import settings
from django.utils import timezone
from django_ratelimit import core

from . import catalog, codes, headers, windows
from .models import MaintenanceWindow
from .ratelimit.store import breaker
from .snapshot import loader


def assert_api_error(response: Any, code: str, status: int | None = None, **fields: Any) -> None:
    """Assert that a response is an API error; the failure shows the whole response.

    Takes a response of Django's or DRF's test client, or any with ``status_code``, ``headers``
    and ``content``. ``code`` is canonical, whatever the format writes. ``status`` defaults to
    the catalog's. ``fields`` are members of the error object: ``message="..."``, ``param=None``,
    ``details={...}``.
    """
    if status is None and catalog.current().status(code) is None:
        raise AssertionError(f"The catalog has no code {code!r}; correct it, or give the status.")
    expected: dict[str, Any] = {
        "X-Error-Code": code,
        "status": catalog.current().status(code) if status is None else status,
        **fields,
    }
    body = _body(response)
    # Formats wrap the error in an "error" object or write its members at the top.
    error = body["error"] if isinstance(body.get("error"), dict) else body
    actual = {
        "X-Error-Code": response.headers.get(headers.X_ERROR_CODE),
        "status": response.status_code,
        **{name: error.get(name, "(absent)") for name in fields},
    }
    if actual == expected:
        return
    wrong = "\n".join(
        f"  {name}: expected {expected[name]!r}, got {actual[name]!r}"
        for name in expected
        if expected[name] != actual[name]
    )
    raise AssertionError(f"Not the expected API error:\n{wrong}\n{_dump(response)}")


class _TestContext(ContextDecorator):
    """A context manager and decorator for tests, sync and async, with effect in every thread."""

    def __init__(self) -> None:
        self._open: list[ExitStack] = []

    def _context(self) -> AbstractContextManager[Any]:
        raise NotImplementedError

    def __enter__(self) -> Any:
        """Enter the context."""
        stack = ExitStack()
        value = stack.enter_context(self._context())
        self._open.append(stack)
        return value

    def __exit__(self, *exc_info: object) -> None:
        """Exit the context."""
        self._open.pop().close()

    def __call__(self, decorated: Any) -> Any:
        """Decorate a function; raises ``TypeError`` for a class, whose tests would not run."""
        if isinstance(decorated, type):
            name = type(self).__name__
            raise TypeError(f"{name} decorates functions; in a test case, use self.enterContext() in setUp().")
        if not iscoroutinefunction(decorated):
            return super().__call__(decorated)

        @functools.wraps(decorated)
        async def inner(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await decorated(*args, **kwargs)

        return inner


class override_error(_TestContext):  # noqa: N801 (used as a function is, like override_settings)
    """Overrides the entry of a code inside a ``with`` block or a decorated test, in every thread.

    ``differences`` are fields of an ``ErrorCode`` row: ``message="..."``, ``title``, ``description``,
    ``causes``, ``remedy`` (one item a line), ``status``, ``type``, ``retry``, ``doc_url``, ``listed``,
    ``deprecated``, ``replaced_by`` (a code). Texts count in every language. The database is neither
    read nor written. Decorates functions, sync and async. Raises ``TypeError`` for a field that does
    not exist and for a class, ``ValueError`` for a status that is no error, and ``LookupError`` for a
    code that does not exist, unless ``status``, ``title`` and ``message`` make one.
    """

    def __init__(self, code: str, **differences: Any) -> None:
        """Take the code and the differences."""
        super().__init__()
        self._texts = {name: differences.pop(name) for name in codes.TEXTS if name in differences}
        definition = codes.find(code)
        self._code = code = definition.code if definition else code
        self._others = differences
        catalog.Row(code=code, **differences)  # refuses a field that does not exist
        if differences.get("status") is not None and not 400 <= differences["status"] <= 599:
            raise ValueError(f"{code}: status {differences['status']!r} is not an error; use 400 to 599.")

    def _context(self) -> AbstractContextManager[None]:
        row = self._row()
        if codes.get(self._code) is None and not row.is_complete:
            raise LookupError(f"The catalog has no code {self._code!r}; correct it, or give status, title and message.")
        return catalog.pinned(row)

    def _row(self) -> catalog.Row:
        row = catalog.current().row(self._code) or catalog.Row(code=self._code)
        translations = {
            language: {name: text for name, text in texts.items() if name not in self._texts}
            for language, texts in row.translations.items()
        }
        return replace(row, **self._others, texts={**row.texts, **self._texts}, translations=translations)


class maintenance_mode(_TestContext):  # noqa: N801 (used as a function is, like override_settings)
    """Turns maintenance on inside a ``with`` block or a decorated test, in every thread.

    ``fields`` are those of a ``MaintenanceWindow``: ``mode="read_only"``, ``path_prefixes=["/api/v1"]``,
    ``methods``, ``exempt_networks``, ``message``, ``status_url``, ``starts_at``, ``ends_at`` (default: no
    end). The database is neither read nor written. Decorates functions, sync and async. Raises
    ``TypeError`` for a field that does not exist and for a class, ``ValidationError`` for a value that
    the admin would refuse.
    """

    def __init__(self, **fields: Any) -> None:
        """Take the fields of the window."""
        super().__init__()
        row = MaintenanceWindow(**{"starts_at": timezone.now(), **fields})
        row.clean_fields()
        row.clean()
        self._window = loader.parse_window(row)

    def _context(self) -> AbstractContextManager[None]:
        return windows.pin_window(self._window)


class Clock:
    """The clock of rate limits in a test; only ``advance`` moves it."""

    def __init__(self, now: float) -> None:
        self.now = now

    def time(self) -> float:
        """Return the seconds since the epoch."""
        return self.now

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self.now += seconds


class freeze_window(_TestContext):  # noqa: N801 (used as a function is, like override_settings)
    """Keeps all rate limits in one window inside a ``with`` block or a decorated test, in every thread.

    Else a test that begins shortly before the end of a window counts in two. ``now`` is the time of
    the clock, in seconds since the epoch; ``with freeze_window() as clock`` gives a clock to
    ``advance``. Decorates functions, sync and async; raises ``TypeError`` for a class.
    """

    def __init__(self, now: float | None = None) -> None:
        """Take the time of the clock, by default now."""
        super().__init__()
        self._now = now

    def _context(self) -> AbstractContextManager[Clock]:
        return _frozen_clock(Clock(time.time() if self._now is None else self._now))


def reset_ratelimits() -> None:
    """Reset all counters of rate limits, and the circuit breaker of their store.

    Counters get a new prefix in the cache (``RATELIMIT_CACHE_PREFIX``); all other cache entries stay.
    """
    settings.RATELIMIT_CACHE_PREFIX = f"rl:{uuid.uuid4().hex}:"
    breaker.reset()


@contextmanager
def _frozen_clock(clock: Clock) -> Iterator[Clock]:
    running, core.time = core.time, clock
    try:
        yield clock
    finally:
        core.time = running


def _body(response: Any) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except (AttributeError, ValueError):
        raise AssertionError(f"The body is not JSON:\n{_dump(response)}") from None
    if not isinstance(body, dict):
        raise AssertionError(f"The body is not a JSON object:\n{_dump(response)}")
    return body


def _dump(response: Any) -> str:
    head = "\n".join(f"  {name}: {value}" for name, value in response.headers.items())
    return f"  HTTP {response.status_code}\n{head}\n\n  {getattr(response, 'content', b'(streamed)')[:2000]!r}"
