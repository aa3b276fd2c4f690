"""The URLs behind the guards: views that fail as only a server shows it; the log has a line for each event."""

import asyncio
import os
import sys
import time

from asgiref.sync import iscoroutinefunction
from django.core.signals import got_request_exception, request_finished
from django.http import HttpResponse, HttpResponseNotModified, StreamingHttpResponse
from django.urls import path
from django.utils.decorators import sync_and_async_middleware
from shop import views

from django_apierrors.handlers import handler400, handler403, handler404, handler500
from support.guarded_cases import HEADERS, KINDS

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]


def say(line):
    print(line, file=sys.stderr, flush=True)


got_request_exception.connect(lambda **kwargs: say("SIGNAL"), weak=False)
request_finished.connect(lambda **kwargs: say("FINISHED"), weak=False)


@sync_and_async_middleware
def above(get_response):
    """A middleware above ours that raises what the path names."""

    def fail(request):
        if request.path.startswith("/api/above/"):
            raise KINDS[request.path.rpartition("/")[2]]

    if iscoroutinefunction(get_response):

        async def middleware(request):
            fail(request)
            return await get_response(request)

    else:

        def middleware(request):
            fail(request)
            return get_response(request)

    return middleware


def pid(request):
    return HttpResponse(f"{os.getpid():08}")


def boom(request, kind):
    raise KINDS[kind]


async def async_boom(request, kind):
    raise KINDS[kind]


def stream(request, kind):
    def chunks():
        raise KINDS[kind]
        yield b""

    response = StreamingHttpResponse(chunks(), content_type="text/plain")
    response["X-Theirs"] = "1"
    response.set_cookie("theirs", "1")
    return response


def async_stream(request, kind):
    async def chunks():
        await asyncio.sleep(0)
        raise KINDS[kind]
        yield b""

    return StreamingHttpResponse(chunks(), content_type="text/plain")


def late(request, kind):
    async def chunks():
        yield b"first"
        raise KINDS[kind]

    def sync_chunks():
        yield b"first"
        raise KINDS[kind]

    return StreamingHttpResponse(chunks() if hasattr(request, "scope") else sync_chunks(), content_type="text/plain")


def header(request, kind):
    response = HttpResponse("fine")
    name, value = HEADERS[kind]
    response.headers._store[name.lower()] = (name, value)  # Django's own check knows only line breaks
    return response


def blanks(request):
    response = HttpResponse("fine")
    response.headers["X-Odd"] = " a \xe9 "
    return response


def events(request):
    async def chunks():
        await asyncio.sleep(1.5)
        yield b"data: 1\n\n"

    return StreamingHttpResponse(chunks(), content_type="text/event-stream")


def slow(request):
    async def chunks():
        await asyncio.sleep(2.5)
        yield b"late"

    return StreamingHttpResponse(chunks(), content_type="text/plain")


def sleep(request, seconds):
    time.sleep(float(seconds))
    return HttpResponse("slept")


async def async_sleep(request, seconds):
    await asyncio.sleep(float(seconds))
    return HttpResponse("slept")


urlpatterns = [
    path("api/plain/fine", pid),
    path("api/boom/<kind>", boom),
    path("api/async-boom/<kind>", async_boom),
    path("api/stream/<kind>", stream),
    path("api/async-stream/<kind>", async_stream),
    path("api/late/<kind>", late),
    path("api/header/<kind>", header),
    path("api/blanks", blanks),
    path("api/events", events),
    path("api/slow", slow),
    path("api/sleep/<seconds>", sleep),
    path("api/async-sleep/<seconds>", async_sleep),
    path("api/file", views.download),
    path("api/parts", lambda request: StreamingHttpResponse(iter([b"one ", b"", b"two"]), content_type="text/plain")),
    path("api/none", lambda request: StreamingHttpResponse(iter([]), content_type="text/plain")),
    path("api/unchanged", lambda request: HttpResponseNotModified()),
    path("api/no-content", lambda request: HttpResponse(status=204)),
]
