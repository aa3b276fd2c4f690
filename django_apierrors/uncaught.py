"""The exceptions that no ``except Exception`` catches: a server's, which pass, and a view's, which are crashes."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import AsyncIterator, Iterator
from opcode import opmap
from types import TracebackType
from typing import Any

from django.core.handlers.exception import response_for_exception
from django.http import HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase

#: The key of an ``Exchange`` in the environ of WSGI and the scope of ASGI.
EXCHANGE = "django_apierrors.exchange"

_RAISE = opmap["RAISE_VARARGS"]


class Exchange:
    """What a guard knows of one request, and what the middleware tells it: request and response as they pass."""

    __slots__ = ("is_disconnected", "request", "response", "task")

    def __init__(self, task: asyncio.Task[Any] | None = None) -> None:
        self.request: HttpRequest | None = None
        self.response: HttpResponseBase | None = None
        self.task = task
        self.is_disconnected = False

    def is_cancelled(self) -> bool:
        """Return whether nobody waits for the answer any more."""
        return self.is_disconnected or (self.task is not None and self.task.cancelling() > 0)

    def clear(self) -> None:
        """Drop what holds the environ or the scope, which holds this."""
        self.request = self.response = self.task = None


def is_from_server(exc: BaseException, request: HttpRequest | None = None) -> bool:
    """Return whether a server raised an exception in the code of a project, to stop a worker or a request.

    To be asked in the frame that caught the exception: some kinds are told by the frames of the
    traceback. Python runs the handlers of signals in the main thread only.
    """
    if any(cls.__name__ == "GreenletExit" for cls in type(exc).__mro__):
        return True
    if isinstance(exc, GeneratorExit):
        # A coroutine that is closed gets it at its own `await`, with no frame below.
        return exc.__traceback__ is None or exc.__traceback__.tb_next is None
    if isinstance(exc, asyncio.CancelledError):
        return _is_cancelled(request)
    if threading.current_thread() is not threading.main_thread():
        return False
    return _is_of_signal(exc.__traceback__) or (isinstance(exc, KeyboardInterrupt) and _is_of_terminal(exc))


def _is_cancelled(request: HttpRequest | None) -> bool:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no loop runs in this thread
        scope = getattr(request, "scope", None)
        if scope is None:
            return False  # nothing cancels a request under WSGI
        exchange: Exchange | None = scope.get(EXCHANGE)
        return exchange is None or exchange.is_cancelled()
    return task is not None and task.cancelling() > 0


def _is_of_signal(traceback: TracebackType | None) -> bool:
    """Return whether the handler of a signal raised: it is called with the frame that it interrupts."""
    while traceback is not None and traceback.tb_next is not None:
        below, frame = traceback.tb_next, traceback.tb_frame
        values = tuple(below.tb_frame.f_locals.values())
        for arguments in (values, *(value for value in values if type(value) is tuple)):  # (signum, frame), or *args
            if any(value is frame for value in arguments) and any(isinstance(value, int) for value in arguments):
                return True
        traceback = below
    return False


def _is_of_terminal(exc: KeyboardInterrupt) -> bool:
    """Return whether Python's own handler of SIGINT raised: it has no frame, and the one below no ``raise``."""
    if signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        return False
    traceback = exc.__traceback__
    while traceback is not None and traceback.tb_next is not None:
        traceback = traceback.tb_next
    return traceback is None or traceback.tb_frame.f_code.co_code[traceback.tb_lasti] != _RAISE


def as_crash(exc: BaseException) -> BaseException:
    """Return what to raise of an exception, so that it is a crash: itself, if it is one or a server raised it.

    For any other it is a ``RuntimeError`` whose cause is the exception.
    """
    return exc if isinstance(exc, Exception) or is_from_server(exc) else _crash_from(exc)


def _crash_from(exc: BaseException) -> RuntimeError:
    crash = RuntimeError(f"The view raised {type(exc).__name__}.")
    crash.__cause__ = exc
    return crash


def response_for_crash(request: HttpRequest, exc: BaseException) -> HttpResponseBase:
    """Return Django's answer to an exception, after its signal and with its record: once, as for every crash."""
    try:
        raise exc if isinstance(exc, Exception) else _crash_from(exc)
    except Exception as crash:
        return response_for_exception(request, crash)


def contain_stream(response: HttpResponseBase) -> None:
    """Contain the chunks of a streaming response; a file stays what it is, so that the server can send it itself."""
    if isinstance(response, StreamingHttpResponse) and getattr(response, "file_to_stream", None) is None:
        content: Any = response.streaming_content
        response.streaming_content = AsyncChunks(content) if response.is_async else Chunks(content)


class Chunks:
    """The chunks of a stream, whose exceptions are crashes."""

    def __init__(self, chunks: Iterator[Any]) -> None:
        self._chunks = chunks

    def __iter__(self) -> Chunks:
        return self

    def __next__(self) -> Any:
        try:
            return next(self._chunks)
        except BaseException as exc:
            raise as_crash(exc)  # noqa: B904


class AsyncChunks:
    """The same of an async stream."""

    def __init__(self, chunks: AsyncIterator[Any]) -> None:
        self._chunks = chunks

    def __aiter__(self) -> AsyncChunks:
        return self

    async def __anext__(self) -> Any:
        try:
            return await anext(self._chunks)
        except BaseException as exc:
            raise as_crash(exc)  # noqa: B904
