"""The guard of a WSGI application: what Django cannot answer any more is answered here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished
from django.http import HttpRequest
from django.utils.module_loading import import_string

from . import headers
from .uncaught import EXCHANGE, Exchange, as_crash, is_from_server

logger = logging.getLogger("django_apierrors")

_WITHOUT_BODY = ("204", "304")


def guard(application: Callable[..., Iterable[bytes]]) -> WSGIGuard:
    """Return the application with an answer to what it does not answer itself: ``guard(get_wsgi_application())``.

    That is a stream that fails before its first byte, a header that cannot be sent, and what is
    raised above the middleware. What a server raises to stop a worker passes.
    """
    return WSGIGuard(application)


class WSGIGuard:
    """A WSGI application (PEP 3333) around another."""

    def __init__(self, application: Callable[..., Iterable[bytes]]) -> None:
        self.application = application
        # Not at the top: the file that names the application imports this one before the apps are loaded.
        self._reply = import_string("django_apierrors.crashes.reply_to_crash")

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Return the body of the answer to one request."""
        return _WSGIAnswer(environ, start_response, self._reply).run(self.application)


class _WSGIAnswer:
    """The answer to one request, which is held back until its first byte is known."""

    def __init__(self, environ: dict[str, Any], start_response: Callable[..., Any], reply: Callable[..., Any]) -> None:
        self._environ = environ
        self._exchange = environ[EXCHANGE] = Exchange()
        self._start_response = start_response
        self._reply = reply
        self._head: tuple[str, list[tuple[str, str]]] | None = None
        self._is_released = False

    def run(self, application: Callable[..., Iterable[bytes]]) -> Iterable[bytes]:
        """Return the body of the application's answer, or of the one in its place."""
        body: Any = None
        try:
            body = application(self._environ, self.start)
            if self._is_whole(body):
                self.release()
                self._exchange.clear()
                return body  # type: ignore[no-any-return]
            chunks = iter(body)
            first = next(filter(None, chunks), None)
            self.release()
            return _Body(self._exchange, first, chunks, body)
        except BaseException as exc:
            if self._is_released:
                _close(body)
                raise as_crash(exc)  # noqa: B904  # the connection must break, and the worker must not
            if is_from_server(exc):
                raise
            return self._answer(exc, body)

    def start(self, status: str, pairs: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], Any]:
        """Take the status and the headers of the application; the server gets them when the first byte is known."""
        if exc_info and self._is_released:
            raise exc_info[1]
        if self._head is not None and not exc_info:
            raise AssertionError("start_response was called twice without an exception.")
        self._head = status, pairs
        return self.write

    def write(self, data: bytes) -> None:
        """Send bytes at once, as the callable that ``start_response`` returns does."""
        if not self._is_released:
            self._write = self.release()
        self._write(data)

    def release(self) -> Any:
        """Hand the status and the headers to the server: once, for some keep those that they refused."""
        if self._head is None:
            raise RuntimeError("The application returned without calling start_response.")
        if not self._is_released:
            status, pairs = self._head
            sound = headers.sendable(pairs)
            headers.check_status(int(status[:3]))
            headers.sendable([("Status", status)])
            self._is_released = True
            self._write = self._start_response(status, sound)
        return self._write

    def _is_whole(self, body: Any) -> bool:
        """Return whether nothing can fail any more, or nothing may touch the body: of a file the server takes care."""
        wrapper = self._environ.get("wsgi.file_wrapper")
        return (
            getattr(body, "streaming", True) is False
            or self._environ.get("REQUEST_METHOD") == "HEAD"
            or (self._head is not None and self._head[0].startswith(_WITHOUT_BODY))
            or getattr(self._exchange.response, "file_to_stream", None) is not None
            or (isinstance(wrapper, type) and isinstance(body, wrapper))
        )

    def _answer(self, exc: BaseException, body: Any) -> Iterable[bytes]:
        try:
            reply = self._reply(exc, self._make_request, self._head[1] if self._head else ())
        finally:
            if body is None:
                # Django does this when a response is closed, and there is none.
                request_finished.send_robust(sender=WSGIHandler)
            else:
                _close(body)
            self._exchange.clear()
        self._start_response(f"{reply.status} {reply.reason}", reply.headers)
        return [] if self._environ.get("REQUEST_METHOD") == "HEAD" else [reply.content]

    def _make_request(self) -> HttpRequest:
        return self._exchange.request or WSGIRequest(self._environ)


class _Body:
    """A body whose first chunk is known."""

    def __init__(self, exchange: Exchange, first: bytes | None, chunks: Iterator[bytes], body: Any) -> None:
        self._exchange, self._first, self._chunks, self._body = exchange, first, chunks, body

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        if first is not None:
            return first
        try:
            return next(self._chunks)
        except BaseException as exc:
            raise as_crash(exc)  # noqa: B904

    def close(self) -> None:
        self._exchange.clear()
        if hasattr(self._body, "close"):
            self._body.close()


def _close(body: Any) -> None:
    """Close a body that is not sent."""
    try:
        if hasattr(body, "close"):
            body.close()
    except BaseException as exc:  # the answer to the first failure must never be lost to a second one
        if is_from_server(exc):
            raise
        logger.exception("A response that was replaced could not be closed")
