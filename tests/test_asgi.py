"""The guard of ASGI: each rule of what is held back, released and replaced."""

import asyncio
import contextlib
import contextvars
import json
import logging
import threading

import pytest
from django.core.asgi import get_asgi_application
from django.core.signals import request_finished
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncRequestFactory

from django_apierrors import asgi
from django_apierrors.asgi import guard
from django_apierrors.uncaught import EXCHANGE

pytestmark = pytest.mark.usefixtures("finished")


class Server:
    """A server of ASGI: what it is told, and what it sends."""

    def __init__(self, application, method="GET", path="/api/plain", **headers):
        self.application, self.sent, self.scopes = application, [], []
        self.is_gone = asyncio.Event()
        self.incoming = [{"type": "http.request"}]
        # What the test client of Django adds is no part of the specification.
        self.scope = AsyncRequestFactory().generic(method, path, headers=headers).scope

    async def receive(self):
        if self.incoming:
            return self.incoming.pop()
        await self.is_gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        self.sent.append(message)

    async def answer(self):
        await self.application(self.scope, self.receive, self.send)
        return self

    def run(self):
        asyncio.run(self.answer())
        return self

    @property
    def head(self):
        [head] = [message for message in self.sent if message["type"] == "http.response.start"]
        return head

    @property
    def status(self):
        return self.head["status"]

    @property
    def headers(self):
        return {name.decode().lower(): value.decode("latin-1") for name, value in self.head["headers"]}

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent)


@pytest.fixture
def serve(set_view):
    def serve(view, method="GET", path="/api/plain", **headers):
        set_view(view)
        return Server(guard(get_asgi_application()), method, path, **headers).run()

    return serve


@pytest.fixture
def records(caplog):
    return lambda: [r for r in caplog.records if r.levelno >= logging.ERROR]


def assert_crash(server):
    assert server.status == 500
    assert server.headers["x-error-code"] == json.loads(server.body)["error"]["code"] == "INTERNAL_SERVER_ERROR"
    assert server.headers["content-length"] == str(len(server.body))


def streaming(*steps, content_type="text/plain"):
    async def chunks():
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
            else:
                yield step

    return lambda request: StreamingHttpResponse(chunks(), content_type=content_type)


def test_an_ordinary_answer_passes_and_its_request_is_let_go(set_view, finished):
    exchanges = []

    def view(request):
        exchanges.append(request.scope[EXCHANGE])
        return HttpResponse("fine")

    set_view(view)
    server = Server(guard(get_asgi_application())).run()
    assert (server.status, server.body, len(finished)) == (200, b"fine", 1)
    assert (exchanges[0].request, exchanges[0].response, exchanges[0].task) == (None, None, None)
    assert EXCHANGE not in server.scope  # that one is the server's


def test_a_stream_is_whole(serve):
    server = serve(streaming(b"", b"one", b"", b"two"))
    assert (server.status, server.body) == (200, b"onetwo")


@pytest.mark.parametrize("view", [streaming(), lambda request: HttpResponse(status=204)])
def test_an_answer_without_a_body_is_released(serve, view):
    server = serve(view)
    assert server.status in (200, 204)
    assert server.sent[-1]["type"] == "http.response.body"


EXCEPTIONS = [ZeroDivisionError("secret"), SystemExit(), GeneratorExit(), asyncio.CancelledError(), MemoryError()]


@pytest.mark.parametrize("exc", EXCEPTIONS, ids=lambda exc: type(exc).__name__)
def test_a_stream_that_fails_before_its_first_byte_is_a_crash(serve, exc, signals, records, finished):
    server = serve(streaming(b"", exc), path="/api/async")
    assert_crash(server)
    assert (len(signals), len(records()), len(finished)) == (1, 1, 1)
    assert b"secret" not in server.body


def test_a_sync_stream_that_fails_anywhere_is_a_crash(serve, recwarn):
    def view(request):
        def chunks():
            yield b"one"
            raise SystemExit

        return StreamingHttpResponse(chunks())

    assert_crash(serve(view))
    recwarn.clear()


@pytest.mark.parametrize(("name", "value"), [("X-Odd", "a\0b"), ("X Odd", "a"), ("Content-Length", "many")])
def test_a_header_that_cannot_be_sent_is_a_crash(serve, name, value, signals, finished):
    def view(request):
        response = HttpResponse("fine")
        response.headers._store[name.lower()] = (name, value)
        return response

    server = serve(view, Origin="https://client.example")
    assert_crash(server)
    assert server.headers["access-control-allow-origin"] == "https://client.example"
    assert (len(signals), len(finished)) == (1, 1)


def test_a_status_that_is_none_is_a_crash(serve):
    def view(request):
        response = HttpResponse()
        response.status_code = 42
        return response

    assert_crash(serve(view))


def test_blanks_around_a_value_are_left_out(serve):
    server = serve(lambda request: HttpResponse("fine", headers={"X-Odd": " a \xe9\t"}))
    assert (server.status, server.headers["x-odd"]) == (200, "a \xe9")


def test_the_answer_to_a_head_request_has_no_body(serve):
    server = serve(lambda request: HttpResponse(headers={"Content-Length": "many"}), "HEAD")
    assert (server.status, server.body) == (500, b"")
    assert int(server.headers["content-length"]) > 0


def test_the_response_is_closed_in_the_thread_of_its_request(set_view):
    threads = []

    def view(request):
        threads.append(threading.get_ident())
        response = HttpResponse(headers={"Content-Length": "many"})
        response._resource_closers.append(lambda: threads.append(threading.get_ident()))
        return response

    set_view(view)
    assert_crash(Server(guard(get_asgi_application())).run())
    assert len(set(threads)) == 1
    assert threads[0] != threading.get_ident()
    assert len(threads) == 2


def test_a_response_is_closed_once(finished):
    async def application(scope, receive, send):
        scope[EXCHANGE].response = response = HttpResponse()
        response.close()
        raise ZeroDivisionError

    assert_crash(Server(guard(application)).run())
    assert len(finished) == 1


def test_a_response_that_cannot_be_closed_does_not_break_the_answer(set_view, caplog):
    def view(request):
        response = HttpResponse(headers={"Content-Length": "many"})
        response.close = lambda: 1 / 0
        return response

    set_view(view)
    assert_crash(Server(guard(get_asgi_application())).run())
    assert "could not be finished" in caplog.text


@pytest.mark.parametrize("failure", [OSError("away"), asyncio.CancelledError()], ids=["error", "cancelled"])
def test_an_answer_that_cannot_be_sent_ends_its_request_all_the_same(set_view, finished, failure):
    closed = []

    def view(request):
        response = HttpResponse(headers={"Content-Length": "many"})
        response._resource_closers.append(lambda: closed.append(True))
        return response

    class Unwilling(Server):
        async def send(self, message):
            raise failure

    set_view(view)
    with pytest.raises(type(failure)):
        Unwilling(guard(get_asgi_application())).run()
    assert (closed, len(finished)) == ([True], 1)


@pytest.fixture
def crash_with_receiver():
    """Return the answer to a crash whose receiver of the end of the request raises an exception."""

    def answer(failure):
        def receiver(**kwargs):
            raise failure

        request_finished.connect(receiver)
        try:
            return Server(guard(other(ZeroDivisionError()))).run()
        finally:
            request_finished.disconnect(receiver)

    return answer


@pytest.mark.parametrize("failure", [SystemExit("x"), ZeroDivisionError()])
def test_a_receiver_that_fails_does_not_break_the_answer(failure, crash_with_receiver, caplog):
    assert_crash(crash_with_receiver(failure))
    assert "could not be finished" in caplog.text


def test_a_server_may_stop_a_worker_while_a_request_ends(crash_with_receiver):
    class GreenletExit(BaseException):
        pass

    with pytest.raises(GreenletExit):
        crash_with_receiver(GreenletExit())


# The time that a head is held back


def times_of(server):
    """Let a server note when it is told something."""
    times = {}

    async def send(message):
        kind = "body" if message.get("body") else message["type"].rpartition(".")[2]
        times.setdefault(kind, asyncio.get_running_loop().time())
        await asyncio.sleep(0)
        server.sent.append(message)

    server.send = send
    return times


def test_a_head_waits_for_the_first_byte_but_not_for_long(set_view, monkeypatch):
    monkeypatch.setattr(asgi, "LONGEST_WAIT", 0.05)
    set_view(streaming(0.2, b"late"))
    server = Server(guard(get_asgi_application()), path="/api/async")
    times = times_of(server)
    server.run()
    assert times["body"] - times["start"] > 0.1
    assert (server.status, server.body) == (200, b"late")
    assert server.sent[0]["type"] == "http.response.start"


def test_the_head_of_server_sent_events_is_not_held_back(set_view):
    set_view(streaming(0.2, b"data: 1\n\n", content_type="text/event-stream; charset=utf-8"))
    server = Server(guard(get_asgi_application()), path="/api/async")
    times = times_of(server)
    server.run()
    assert times["body"] - times["start"] > 0.1
    assert server.status == 200


@pytest.mark.parametrize("exc", [SystemExit(), ZeroDivisionError()])
def test_what_fails_after_the_head_breaks_the_connection(set_view, monkeypatch, exc, signals, finished):
    monkeypatch.setattr(asgi, "LONGEST_WAIT", 0.05)
    for steps in ((b"first", exc), (0.1, exc)):
        set_view(streaming(*steps))
        server = Server(guard(get_asgi_application()), path="/api/async")
        times_of(server)
        with pytest.raises((RuntimeError, ZeroDivisionError)):
            server.run()
        assert server.status == 200
        assert signals == []
    assert len(finished) == 2


# Other applications


def other(*steps):
    """Return an application that is not Django's, and does this in turn."""

    async def application(scope, receive, send):
        for step in steps:
            if isinstance(step, BaseException):
                raise step
            await (step(send) if callable(step) else send(step))

    return application


START = {"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]}
BODY = {"type": "http.response.body", "body": b"fine"}


def test_another_application_is_guarded_too():
    assert Server(guard(other(START, BODY))).run().sent == [START, BODY]
    trailers = {"type": "http.response.trailers", "headers": []}
    assert Server(guard(other(START, trailers))).run().sent == [START, trailers]
    debug = {"type": "http.response.debug", "info": {}}
    assert Server(guard(other(debug, START, BODY))).run().sent == [debug, START, BODY]
    without_headers = {"type": "http.response.start", "status": 200}
    assert Server(guard(other(without_headers, BODY))).run().sent == [without_headers, BODY]


@pytest.mark.parametrize("exc", EXCEPTIONS, ids=lambda exc: type(exc).__name__)
def test_what_is_raised_above_the_middleware_is_a_crash_and_the_request_ends(exc, signals, finished, records):
    async def run(application):
        # As a server does: an exception of a task of its own would end the loop.
        return await Server(guard(application)).answer()

    for application in (other(exc), other(START, exc)):
        assert_crash(asyncio.run(run(application)))
    assert [len(each) for each in (signals, finished, records())] == [2, 2, 2]


def test_an_application_that_returns_without_an_answer_is_a_crash(signals):
    for application in (other(), other(START)):
        assert_crash(Server(guard(application)).run())
    assert len(signals) == 2


def test_after_the_first_byte_an_exception_is_an_error():
    for exc, expected in ((SystemExit(), RuntimeError), (ZeroDivisionError(), ZeroDivisionError)):
        with pytest.raises(expected):
            Server(guard(other(START, {**BODY, "more_body": True}, exc))).run()


def test_what_is_no_http_is_handed_over_as_it_is():
    calls = []

    async def application(*args):
        calls.append(args)

    arguments = ({"type": "websocket"}, object(), object())
    asyncio.run(guard(application)(*arguments))
    assert calls == [arguments]


# Who went away, and what is stopped


def test_a_client_that_went_away_gets_no_answer_and_leaves_no_record(set_view, records, finished):
    set_view(streaming(9.0, b"never"))

    async def run():
        server = Server(guard(get_asgi_application()), path="/api/async")
        task = asyncio.create_task(server.answer())
        await asyncio.sleep(0.1)
        server.is_gone.set()
        await task
        return server.sent

    assert asyncio.run(run()) == []
    assert (records(), len(finished)) == ([], 1)


def test_an_exception_after_that_is_nobodys_answer():
    async def application(scope, receive, send):
        while (await receive())["type"] != "http.disconnect":
            pass
        raise ZeroDivisionError

    async def run():
        server = Server(guard(application))
        server.is_gone.set()
        with pytest.raises(ZeroDivisionError):
            await server.answer()
        return server.sent

    assert asyncio.run(run()) == []


def test_a_request_that_a_server_cancels_passes(records):
    async def application(scope, receive, send):
        await send(START)
        await asyncio.sleep(9)

    async def run():
        server = Server(guard(application))
        task = asyncio.create_task(server.answer())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        return server.sent

    assert asyncio.run(run()) == []
    assert records() == []


def test_a_coroutine_that_is_closed_without_its_loop_is_left_alone(records):
    sent = []

    class Never:
        def __await__(self):
            yield

    async def application(scope, receive, send):
        await Never()

    async def send(message):
        sent.append(message)

    async def begin():
        coroutine = guard(application)({"type": "http", "method": "GET"}, None, send)
        coroutine.send(None)
        return coroutine

    async def close(coroutine):
        coroutine.close()

    context = contextvars.copy_context()
    with asyncio.Runner() as runner:
        coroutine = runner.run(begin(), context=context)
        runner.run(close(coroutine), context=context)  # by another task
        coroutine = runner.run(begin(), context=context)
    context.run(coroutine.close)  # by the collector
    assert (sent, records()) == ([], [])


@pytest.mark.parametrize("middleware", [None, ["django_apierrors.middleware.ApiErrorMiddleware"]])
def test_a_sync_view_that_closes_every_coroutine_is_answered_once(middleware, set_view, settings, signals, records):
    """A GeneratorExit of a thread is thrown into the task: whoever waits for anything ignores it."""
    settings.MIDDLEWARE = middleware or settings.MIDDLEWARE
    set_view(GeneratorExit())
    server = Server(guard(get_asgi_application()))
    with contextlib.suppress(RuntimeError, GeneratorExit):  # Django 6.1 waits, and asyncio says so
        server.run()
    assert_crash(server)
    assert (len(signals), len(records())) == (1, 1)


def test_the_guard_itself_is_closed_that_way_and_does_not_wait(signals, finished):
    from asgiref.sync import sync_to_async

    def failing():
        raise GeneratorExit

    def application(scope, receive, send):
        # Nothing stands between the guard and the thread.
        return sync_to_async(failing)()

    server = Server(guard(application))
    with contextlib.suppress(GeneratorExit, RuntimeError):
        server.run()
    assert_crash(server)
    assert (len(signals), len(finished)) == (1, 1)
