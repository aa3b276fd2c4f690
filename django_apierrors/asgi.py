"""The guard of an ASGI application: what Django cannot answer any more is answered here."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from io import BytesIO
from typing import Any

from asgiref.sync import ThreadSensitiveContext, sync_to_async
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.core.signals import request_finished
from django.http import HttpRequest
from django.utils.module_loading import import_string

from . import headers
from .uncaught import EXCHANGE, Exchange, as_crash, is_from_server

logger = logging.getLogger("django_apierrors")

ASGIScope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]
Receive = Callable[[], Awaitable[Message]]

#: The most seconds that the head of a stream waits for the first byte.
LONGEST_WAIT = 1.0
_START, _BODY = "http.response.start", "http.response.body"


def guard(application: Callable[..., Awaitable[None]]) -> ASGIGuard:
    """Return the application with an answer to what it does not answer itself: ``guard(get_asgi_application())``.

    That is a stream that fails before its first byte, within a second, a header that cannot be
    sent, and what is raised above the middleware. What a server raises to stop a worker or a request passes.
    """
    return ASGIGuard(application)


class ASGIGuard:
    """An ASGI application (3.0) around another; what is not HTTP is handed over as it is."""

    def __init__(self, application: Callable[..., Awaitable[None]]) -> None:
        self.application = application
        # Not at the top: the file that names the application imports this one before the apps are loaded.
        self._reply = import_string("django_apierrors.crashes.reply_to_crash")

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.application(scope, receive, send)
            return
        exchange = Exchange(asyncio.current_task())
        answer = _ASGIAnswer({**scope, EXCHANGE: exchange}, receive, send, self._reply)
        try:
            # Django's own does nothing then: a response can still be closed in the thread of its request.
            async with ThreadSensitiveContext():
                await answer.run(self.application)
        finally:
            exchange.clear()


class _ASGIAnswer:
    """The answer to one request, which is held back until its first byte is known."""

    def __init__(
        self, scope: MutableMapping[str, Any], receive: Receive, send: Send, reply: Callable[..., Any]
    ) -> None:
        self._scope, self._receive, self._send, self._reply = scope, receive, send, reply
        self._exchange: Exchange = scope[EXCHANGE]
        self._head: Message | None = None
        self._pairs: list[tuple[str, str]] = []
        self._is_released = False
        self._timer: asyncio.TimerHandle | None = None
        self._sending: asyncio.Task[None] | None = None

    async def run(self, application: Callable[..., Awaitable[None]]) -> None:
        """Await the application, and send the answer in the place of its own if it has sent none."""
        try:
            await application(self._scope, self.receive, self.send)
        except BaseException as exc:
            self._stop_timer()
            is_closing = _is_closing(exc)
            if self._is_to_pass(exc, is_closing):
                raise
            is_lost = self._is_released or self._exchange.is_disconnected
            try:
                if not is_lost and is_closing:
                    await self._send_reply(self._reply(exc, self._make_request, self._pairs))
                elif not is_lost:
                    await self._answer(exc)
            finally:  # whatever becomes of the answer
                await self._end(is_closing)
            if is_lost:
                raise as_crash(exc)  # noqa: B904  # the connection must break, and the worker must not
        else:
            self._stop_timer()
            if not (self._is_released or self._exchange.is_disconnected):
                await self._answer(RuntimeError("The application returned without an answer."))

    async def receive(self) -> Message:
        """Return the next event of the server; after a disconnect no answer is owed."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            self._exchange.is_disconnected = True
        return message

    async def send(self, message: Message) -> None:
        """Send an event of the application, the head of its answer with the first byte or the last."""
        kind = message["type"]
        if kind == _START and self._head is None:
            self._head = self._checked(message)
            if self._is_event_stream():
                await self._release()
            elif getattr(self._exchange.response, "streaming", True):
                self._timer = asyncio.get_running_loop().call_later(LONGEST_WAIT, self._release_late)
            return
        if self._head is not None and not self._is_released:
            if kind == _BODY and message.get("more_body") and not message.get("body"):
                return
            await self._release()
        elif self._sending is not None:
            await self._sending
        await self._send(message)

    def _checked(self, message: Message) -> Message:
        """Return the head of an answer if every server sends it: some refuse it when they have begun to."""
        headers.check_status(message["status"])
        self._pairs = [_decoded(pair) for pair in message.get("headers", ())]
        sound = headers.sendable(self._pairs)
        return message if sound == self._pairs else {**message, "headers": _encoded(sound)}

    def _is_event_stream(self) -> bool:
        # Its clients wait for the head: `onopen` of EventSource, and the time-outs of proxies.
        return any(n.lower() == "content-type" and v.startswith("text/event-stream") for n, v in self._pairs)

    async def _release(self) -> None:
        self._stop_timer()
        self._is_released = True
        await self._send(self._head or {})

    def _release_late(self) -> None:
        self._is_released = True
        self._sending = asyncio.ensure_future(self._send(self._head or {}))

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _is_to_pass(self, exc: BaseException, is_closing: bool) -> bool:
        if isinstance(exc, GeneratorExit) and is_closing:
            return not self._is_current()  # a view has raised it in the task of the request
        return is_from_server(exc)

    def _is_current(self) -> bool:
        try:
            return asyncio.current_task() is self._exchange.task
        except RuntimeError:  # no loop runs: the coroutine is closed with the interpreter, or by the collector
            return False

    async def _end(self, is_closing: bool) -> None:
        """Do what Django does at the end of a request, but not of one that raises."""
        if is_closing:
            self._finish()
            return
        if self._sending is not None:
            await asyncio.wait([self._sending])
        await sync_to_async(self._finish)()

    async def _answer(self, exc: BaseException) -> None:
        await self._send_reply(await sync_to_async(self._reply)(exc, self._make_request, self._pairs))

    async def _send_reply(self, reply: Any) -> None:
        content = b"" if self._scope["method"] == "HEAD" else reply.content
        await self._send({"type": _START, "status": reply.status, "headers": _encoded(reply.headers)})
        await self._send({"type": _BODY, "body": content})

    def _make_request(self) -> HttpRequest:
        return self._exchange.request or ASGIRequest(self._scope, BytesIO())

    def _finish(self) -> None:
        """Close files and connections."""
        request, response = self._exchange.request, self._exchange.response
        try:
            if request is not None:
                request.close()
            if response is None:
                request_finished.send(sender=ASGIHandler)
            elif not response.closed:
                response.close()
        except BaseException as exc:  # the answer has been sent: a receiver must never break the connection
            if is_from_server(exc):
                raise
            logger.exception("A request could not be finished")


def _is_closing(exc: BaseException) -> bool:
    """Return whether a coroutine is being closed, by the loop or by a GeneratorExit of a thread: it must not wait."""
    if exc.__traceback__ is None or exc.__traceback__.tb_next is None:
        return True
    return isinstance(exc, RuntimeError) and str(exc).endswith("ignored GeneratorExit")  # somebody below has waited


def _decoded(pair: tuple[bytes, bytes]) -> tuple[str, str]:
    return bytes(pair[0]).decode("latin-1"), bytes(pair[1]).decode("latin-1")


def _encoded(pairs: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs]
