"""The project that is measured: five errors and a success, whoever answers them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.handlers.asgi import ASGIHandler
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import got_request_exception
from django.http import HttpResponse
from django.test import AsyncRequestFactory, RequestFactory, override_settings
from django.urls import include, path
from rest_framework import exceptions, serializers
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_handler

APP = "django_apierrors"
OURS = "django_apierrors.middleware.ApiErrorMiddleware"
NO_OP = "project.NoOp"
STARTPROJECT = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ERROR_VIEWS = ("handler400", "handler403", "handler404", "handler500")
LEAVES = 22
SENT = {"HTTP_ACCEPT": "application/json", "HTTP_ACCEPT_LANGUAGE": "en-GB,en;q=0.8"}


class NoOp:
    """The least that a middleware can do."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request):
        if self.is_async:
            return self._call_async(request)
        return self.get_response(request)

    async def _call_async(self, request):
        return await self.get_response(request)


class Line(serializers.Serializer):
    name = serializers.CharField(max_length=5)
    price = serializers.DecimalField(max_digits=6, decimal_places=2)


class Order(serializers.Serializer):
    customer = serializers.CharField(max_length=10)
    email = serializers.EmailField(required=False)
    lines = Line(many=True, required=False)


WRONG_LINES = [{"name": "too long a name", "price": "cheap"}] * ((LEAVES - 2) // 2)
#: What is sent to fail in each way.
BODIES = {
    "NotFound": {},
    "Throttled": {},
    "unhandled": {},
    "one wrong field": {"customer": "ana", "email": "nobody"},
    "22 wrong leaves": {"customer": "a name too long", "email": "nobody", "lines": WRONG_LINES},
}
STATUSES = {
    "NotFound": HTTPStatus.NOT_FOUND,
    "Throttled": HTTPStatus.TOO_MANY_REQUESTS,
    "unhandled": HTTPStatus.INTERNAL_SERVER_ERROR,
    "one wrong field": HTTPStatus.BAD_REQUEST,
    "22 wrong leaves": HTTPStatus.BAD_REQUEST,
}
#: How many values are wrong.
WRONG_VALUES = {"one wrong field": 1, "22 wrong leaves": LEAVES}


class Failing(APIView):
    """Fails in one of the five ways, and has the exception handler that is measured."""

    error = ""
    handler: Any = None

    def get_exception_handler(self):
        return self.handler

    def post(self, request):
        if self.error == "NotFound":
            raise exceptions.NotFound
        if self.error == "Throttled":
            raise exceptions.Throttled(wait=29.2)
        if self.error == "unhandled":
            raise ZeroDivisionError("secret")
        Order(data=request.data).is_valid(raise_exception=True)


class Succeeding(APIView):
    def get(self, request):
        return Response({"fine": True})


def fine(request):
    return HttpResponse("fine")


async def fine_async(request):
    return HttpResponse("fine")


def urlconf(handler: Any, error_views: Any = None, included: str | None = None, is_documented: bool = False) -> Any:
    """Return a URLconf whose views have an exception handler.

    ``error_views`` has the ``handler400`` to ``handler500`` of the root URLconf; ``included`` is the URLconf of a peer;
    ``is_documented`` adds the documentation of the error codes.
    """
    attributes = {name: view for name, view in vars(error_views).items() if name in ERROR_VIEWS} if error_views else {}
    patterns = [
        *(path(f"api/{error}", Failing.as_view(error=error, handler=handler)) for error in BODIES),
        path("api/fine", fine),
        path("api/fine-async", fine_async),
        path("api/fine-drf", Succeeding.as_view()),
        path("site/fine", fine),
        path("site/fine-async", fine_async),
        *([path("", include(included))] if included else []),
        *([path("errors/", include("django_apierrors.urls"))] if is_documented else []),
    ]
    return type("URLconf", (), {**attributes, "urlpatterns": patterns, "is_documented": is_documented})


#: A project with neither this package nor another like it.
ALONE = urlconf(drf_handler)
urlpatterns = ALONE.urlpatterns


@contextmanager
def without_receivers() -> Iterator[None]:
    """Disconnect what the installed app does when a request fails, so that DRF alone is alone."""
    connected = got_request_exception.receivers
    # The first of each is its ``dispatch_uid``, which begins with the name of our app.
    got_request_exception.receivers = [each for each in connected if not str(each[0][0]).startswith(APP)]
    try:
        yield
    finally:
        got_request_exception.receivers = connected


def wsgi(urls: Any, middleware: list[str]) -> WSGIHandler:
    """Return a WSGI application of its own URLs and middleware, beside others in this process."""
    with override_settings(MIDDLEWARE=middleware):
        application = WSGIHandler()
    application.request_class = type("Request", (WSGIRequest,), {"urlconf": urls})
    return application


def asgi(middleware: list[str]) -> ASGIHandler:
    """Return an ASGI application of its own middleware."""
    with override_settings(MIDDLEWARE=middleware):
        return ASGIHandler()


def environ(error: str) -> dict[str, Any]:
    """Return what a server gives to the application for a request that fails."""
    return RequestFactory().post(f"/api/{error}", json.dumps(BODIES.get(error, {})), "application/json", **SENT).environ


def get(place: str) -> WSGIRequest:
    """Return a request that succeeds."""
    return RequestFactory().get(place, **SENT)


def get_async(place: str) -> Any:
    """Return the same for ASGI."""
    return AsyncRequestFactory().get(place, headers={"accept": SENT["HTTP_ACCEPT"]})


def answer(application: WSGIHandler) -> Callable[[dict[str, Any]], bytes]:
    """Return what serves one request as a server does, from the environ to the last byte."""

    def serve(environ: dict[str, Any]) -> bytes:
        response = application(environ, lambda status, headers: None)
        content = b"".join(response)
        response.close()
        return content

    return serve


def answer_async(application: ASGIHandler) -> Callable[[dict[str, Any]], Any]:
    """Return what serves one request as a server does, from the scope to the last byte."""

    async def serve(scope: dict[str, Any]) -> bytes:
        received, sent = [{"type": "http.request"}], []

        async def receive() -> Any:
            # A client that stays until it is answered.
            return received.pop() if received else await asyncio.Event().wait()

        async def send(message: dict[str, Any]) -> None:
            sent.append(message.get("body", b""))

        await application(scope, receive, send)
        return b"".join(sent)

    return serve
