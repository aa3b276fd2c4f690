"""What is raised uncaught: a server's passes, a view's is a crash; each kind in the middleware, and in a stream."""

import asyncio
import functools
import os
import signal
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connection
from django.http import FileResponse, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.testing import assert_api_error
from django_apierrors.uncaught import AsyncChunks, Chunks, Exchange, contain_stream, is_from_server

UNCAUGHT = [
    SystemExit(3),
    KeyboardInterrupt(),
    GeneratorExit(),
    asyncio.CancelledError(),
    BaseException("secret"),
    BaseExceptionGroup("several", [SystemExit(), ValueError()]),
]


def caught(function, *args):
    """Call a function and return what it raises, as it is in the frame that catches it."""
    try:
        function(*args)
    except BaseException as exc:
        return exc, is_from_server(exc)
    raise AssertionError("nothing was raised")


def raising(exc):
    raise exc


@pytest.mark.parametrize("exc", UNCAUGHT, ids=lambda exc: type(exc).__name__)
@pytest.mark.parametrize("path", ["/api/plain", "/api/drf", "/api/class", "/api/async"])
def test_what_a_view_raises_is_a_crash_with_one_signal_and_one_record(exc, path, api, set_view, signals, caplog):
    set_view(exc)
    response = api.get(path)
    assert_api_error(response, "INTERNAL_SERVER_ERROR", httpCode=500)
    assert b"secret" not in response.content
    assert len(signals) == 1
    [record] = [record for record in caplog.records if record.name == "django.request"]
    assert record.levelname == "ERROR"
    assert record.exc_info[1].__cause__ is exc
    assert str(record.exc_info[1]) == f"The view raised {type(exc).__name__}."


@pytest.mark.parametrize("exc", UNCAUGHT, ids=lambda exc: type(exc).__name__)
def test_so_is_what_an_async_view_raises_under_asgi(exc, async_api, set_view, signals, caplog):
    set_view(exc)
    response = asyncio.run(async_api.get("/api/async"))
    assert_api_error(response, "INTERNAL_SERVER_ERROR", httpCode=500)
    assert len(signals) == 1
    assert [record.levelname for record in caplog.records if record.name == "django.request"] == ["ERROR"]


def test_a_sync_view_under_asgi_too(async_api, set_view, signals):
    set_view(SystemExit())
    assert_api_error(asyncio.run(async_api.get("/api/plain")), "INTERNAL_SERVER_ERROR", httpCode=500)
    assert len(signals) == 1


def test_an_error_view_of_somebody_else_is_rewritten_as_after_every_crash(api, set_view, settings):
    settings.ROOT_URLCONF = "support.urls_without_handlers"
    set_view(SystemExit())
    assert_api_error(api.get("/api/plain"), "INTERNAL_SERVER_ERROR", httpCode=500)


def test_a_website_keeps_its_page(api, set_view):
    set_view(SystemExit())
    response = api.get("/site/plain")
    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")


@pytest.mark.django_db(transaction=True)
def test_the_transaction_of_the_request_is_rolled_back(api, set_view, settings):
    settings.DATABASES["default"]["ATOMIC_REQUESTS"] = True
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    from django.contrib.auth.models import Group

    def view(request):
        Group.objects.create(name="never")
        raise SystemExit

    set_view(view)
    try:
        assert api.get("/api/plain").status_code == 500
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False
    assert not Group.objects.exists()


def test_what_a_server_raised_passes_the_middleware():
    class GreenletExit(BaseException):
        pass

    middleware = ApiErrorMiddleware(lambda request: raising(GreenletExit()))
    with pytest.raises(GreenletExit):
        middleware(RequestFactory().get("/api/x"))


def test_so_it_does_in_the_async_half():
    class GreenletExit(BaseException):
        pass

    async def get_response(request):
        raise GreenletExit

    async def run():
        with pytest.raises(GreenletExit):
            await ApiErrorMiddleware(get_response)(RequestFactory().get("/api/x"))

    asyncio.run(run())


# What a server raises


def exit_like_gunicorn(number, frame):
    raise SystemExit(0)


class Worker:
    def stop(self, number, frame):
        signal.signal(number, signal.SIG_DFL)  # some reset themselves first
        self.leave(frame)

    def leave(self, frame):
        raise SystemExit(0)


@pytest.mark.parametrize(
    "handler",
    [
        exit_like_gunicorn,
        Worker().stop,
        lambda number, frame: exit_like_gunicorn(number, frame),
        lambda *args: exit_like_gunicorn(*args),
        functools.partial(lambda name, *args: exit_like_gunicorn(*args), "worker"),
    ],
)
def test_what_the_handler_of_a_signal_raises_is_the_servers(handler):
    before = signal.signal(signal.SIGUSR1, handler)

    def view():
        os.kill(os.getpid(), signal.SIGUSR1)
        time.sleep(1)

    try:
        exc, is_servers = caught(view)
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert (type(exc), is_servers) == (SystemExit, True)


def test_what_is_raised_for_the_frame_of_a_caller_is_the_views():
    def leave(caller, reason):
        raise SystemExit(reason)

    exc, is_servers = caught(lambda: leave(sys._getframe(), "done"))
    assert (type(exc), is_servers) == (SystemExit, False)


def test_the_interrupt_of_the_terminal_passes_and_that_of_a_view_does_not():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)

    def view():
        os.kill(os.getpid(), signal.SIGINT)
        for _ in range(1000):
            time.sleep(0.001)

    try:
        assert caught(view)[1]
        assert not caught(raising, KeyboardInterrupt())[1]
        assert is_from_server(KeyboardInterrupt())  # of no frame at all
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_is_a_views_where_a_server_has_a_handler_of_its_own():
    before = signal.signal(signal.SIGINT, lambda number, frame: None)
    try:
        assert not is_from_server(KeyboardInterrupt())
    finally:
        signal.signal(signal.SIGINT, before)


def test_no_signal_is_handled_in_another_thread():
    results = []

    def run():
        results.append(caught(exit_like_gunicorn, 15, None)[1])

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert results == [False]


def test_the_close_of_a_coroutine_passes_and_a_generator_exit_that_is_raised_does_not():
    results = []

    class Never:
        def __await__(self):
            yield

    async def suspended():
        try:
            await Never()
        except GeneratorExit as exc:
            results.append(is_from_server(exc))
            raise

    coroutine = suspended()
    coroutine.send(None)
    coroutine.close()
    assert results == [True]
    assert not caught(raising, GeneratorExit())[1]
    assert is_from_server(GeneratorExit())


def test_a_request_that_is_cancelled_passes():
    results = []

    async def view():
        try:
            await asyncio.sleep(9)
        except asyncio.CancelledError as exc:
            results.append(is_from_server(exc))
            raise

    async def run():
        task = asyncio.create_task(view())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        try:
            raise asyncio.CancelledError
        except asyncio.CancelledError as exc:
            results.append(is_from_server(exc))

    asyncio.run(run())
    assert results == [True, False]


def test_in_a_thread_the_guard_knows_whether_a_request_is_cancelled(rf, async_rf):
    exc = asyncio.CancelledError()
    request = async_rf.get("/api/x")
    assert not is_from_server(exc, rf.get("/api/x"))  # nothing cancels one under WSGI
    assert is_from_server(exc, request)  # without a guard nobody knows: as ever
    request.scope["django_apierrors.exchange"] = exchange = Exchange()
    assert not is_from_server(exc, request)
    exchange.is_disconnected = True
    assert is_from_server(exc, request)

    async def run():
        task = asyncio.create_task(asyncio.sleep(9))
        exchange = request.scope["django_apierrors.exchange"] = Exchange(task)
        before = exchange.is_cancelled()
        task.cancel()
        return before, exchange.is_cancelled()

    assert asyncio.run(run()) == (False, True)


# Streams


@pytest.mark.parametrize("exc", UNCAUGHT, ids=lambda exc: type(exc).__name__)
def test_what_a_stream_raises_is_a_crash(exc):
    def chunks():
        yield b"one"
        raise exc

    response = StreamingHttpResponse(chunks())
    contain_stream(response)
    assert isinstance(response._iterator, Chunks)
    body = iter(response)
    assert next(body) == b"one"
    with pytest.raises(RuntimeError) as raised:
        next(body)
    assert exc in (raised.value.__cause__, raised.value)


@pytest.mark.parametrize("exc", UNCAUGHT, ids=lambda exc: type(exc).__name__)
def test_what_an_async_stream_raises_is_a_crash(exc):
    async def chunks():
        yield b"one"
        raise exc

    async def run():
        response = StreamingHttpResponse(chunks())
        contain_stream(response)
        assert isinstance(response._iterator, AsyncChunks)
        return [chunk async for chunk in response]

    with pytest.raises(RuntimeError, match=type(exc).__name__):
        asyncio.run(run())


def test_an_error_of_a_stream_stays_what_it_is():
    async def run():
        async def chunks():
            raise ZeroDivisionError
            yield b""

        return [chunk async for chunk in AsyncChunks(chunks())]

    with pytest.raises(ZeroDivisionError):
        list(Chunks(raising(error) for error in [ZeroDivisionError()]))
    with pytest.raises(ZeroDivisionError):
        asyncio.run(run())


def test_a_stream_that_succeeds_is_whole_and_closed(finished):
    closed = []

    class Source:
        def __iter__(self):
            return iter([b"one", "two"])

        def close(self):
            closed.append(True)

    response = StreamingHttpResponse(Source())
    contain_stream(response)
    assert b"".join(response) == b"onetwo"
    response.close()
    assert closed == [True]


def test_a_file_is_left_for_the_server_to_send(finished):
    with Path(__file__).open("rb") as source:
        response = FileResponse(source)
        contain_stream(response)
        assert response.file_to_stream is source
        assert not isinstance(response._iterator, Chunks)
    response.close()


def test_the_middleware_contains_streams_and_tells_the_guard(rf):
    request = rf.get("/api/x")
    exchange = request.META["django_apierrors.exchange"] = Exchange()
    response = ApiErrorMiddleware(lambda request: StreamingHttpResponse([b"x"]))(request)
    assert isinstance(response._iterator, Chunks)
    assert (exchange.request, exchange.response) == (request, response)
    exchange.clear()
    assert (exchange.request, exchange.response, exchange.is_cancelled()) == (None, None, False)


def test_no_answer_refers_to_its_request_without_a_guard(rf):
    request = rf.get("/api/x")
    ApiErrorMiddleware(lambda request: HttpResponse())(request)
    assert "django_apierrors.exchange" not in request.META
