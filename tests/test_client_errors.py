"""What the client's bytes broke is a 400; what the code broke stays a 500."""

import json

import pytest
from django.core.signals import got_request_exception
from django.http import HttpResponse, UnreadablePostError
from django.urls import path
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.response import Response
from shop import views

from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
JSON = "application/json"


@pytest.fixture
def post(api, set_view):
    """The response to a body of which a DRF view makes something."""

    def sent(body, what, content_type=JSON):
        set_view(what)
        return api.generic("POST", "/api/drf", body, content_type=content_type)

    return sent


def echo(request):
    return Response({"echo": request.data})


class TextParser(BaseParser):
    """A parser of a project's own, which trusts the charset."""

    media_type = "text/plain"

    def parse(self, stream, media_type=None, parser_context=None):
        return stream.read().decode(parser_context["encoding"])


class Text(views.Drf):
    parser_classes = [TextParser]


urlpatterns = [
    path("api/drf", views.Drf.as_view()),
    path("api/plain", views.plain),
    path("api/text", Text.as_view()),
]


class Number(serializers.Serializer):
    number = serializers.FloatField()
    parts = serializers.JSONField(required=False)


def through_serializer(request):
    serializer = Number(data=request.data)
    serializer.is_valid(raise_exception=True)
    return Response(serializer.data)


@pytest.mark.parametrize(
    ("body", "what", "content_type"),
    [
        (b"[" * 200_000, echo, JSON),
        (b'{"a":' * 60_000, echo, JSON),
        (b"{}", echo, "application/json; charset=bz2_codec"),
        (b"{}", echo, "application/json; charset=undefined"),
        (b"a=b", echo, "application/x-www-form-urlencoded; charset=bz2_codec"),
        (
            b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--b--',
            echo,
            "multipart/form-data; boundary=b; charset=bz2_codec",
        ),
        (b'{"a": "\\ud800"}', echo, JSON),
        (b'{"number": 1e999}', echo, JSON),
        (b'{"number": 1e999}', lambda request: int(request.data["number"]), JSON),
    ],
    ids=["lists", "objects", "bz2", "undefined", "form", "multipart", "surrogate", "infinity", "to int"],
)
def test_a_body_that_no_server_can_use_is_malformed(body, what, content_type, post):
    assert_api_error(post(body, what, content_type), "REQUEST_MALFORMED")


@pytest.mark.parametrize("body", [b'{"number": -1e999}', b'{"number": 1, "parts": [1, {"a": [2, 1e999]}]}'])
def test_a_number_that_is_no_number_is_refused_by_the_serializer_or_by_us(body, post):
    response = post(body, through_serializer)
    assert response.status_code == 400
    assert response["X-Error-Code"] in ("REQUEST_MALFORMED", "VALIDATION_FAILED")


@pytest.mark.parametrize(("charset", "code"), [("bz2_codec", "REQUEST_MALFORMED"), ("utf-8", "INTERNAL_SERVER_ERROR")])
def test_a_parser_that_fails_is_forgiven_only_for_the_charset(charset, code, api, set_view):
    set_view(echo)
    assert_api_error(api.generic("POST", "/api/text", b"\xff", content_type=f"text/plain; charset={charset}"), code)


def deep(request):
    return deep(request)


def late(request):
    int("x" if request.data else "y")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"{}", deep),
        (b'{"a": [1.5, {"b": "x"}]}', late),
        (b"{}", lambda request: Response({"a": float("nan")})),
        (b"{}", lambda request: "".encode("bz2_codec")),
        (b"{}", lambda request: "é".encode("ascii")),
        (b"{}", lambda request: Response({"a": object()})),
        (b"[1e999" + b",1" * 150_000 + b"]", late),
    ],
    ids=["recursion", "ValueError", "NaN", "charset", "not a surrogate", "not JSON", "too many values to search"],
)
def test_a_fault_of_the_code_stays_a_500(body, what, post):
    assert_api_error(post(body, what), "INTERNAL_SERVER_ERROR")


def test_a_fault_before_the_body_was_read_stays_a_500(post):
    def view(request):
        raise ValueError

    assert_api_error(post(b"1e999", view), "INTERNAL_SERVER_ERROR")


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    ("exc", "code"),
    [
        (UnreadablePostError("gone"), "REQUEST_MALFORMED"),
        (ValueError("x"), "INTERNAL_SERVER_ERROR"),
        (RecursionError("x"), "INTERNAL_SERVER_ERROR"),
    ],
    ids=["client went away", "ValueError", "RecursionError"],
)
def test_plain_views_are_judged_alike(exc, code, url, api, set_view):
    set_view(exc)
    assert_api_error(api.post(url), code)


def test_a_lone_surrogate_that_a_plain_view_echoes_is_the_clients_fault(api, set_view):
    set_view(lambda request: HttpResponse(json.loads(request.body)["name"]))
    response = api.post("/api/plain", r'{"name": "\ud800"}', content_type="application/json")
    assert_api_error(response, "REQUEST_MALFORMED")


@pytest.mark.parametrize("url", ["/api/plain", "/api/drf"])
def test_a_lone_surrogate_of_our_own_is_a_crash(url, api, set_view):
    set_view(lambda request: HttpResponse("\udcff.txt".encode()))  # as the name of a file may be
    assert_api_error(api.get(url), "INTERNAL_SERVER_ERROR")


def test_the_clients_fault_is_no_alarm(post):
    announced = []

    def receiver(sender, **kwargs):
        announced.append(sender)

    got_request_exception.connect(receiver)
    try:
        post(b"[" * 200_000, echo)
        post(b'{"a": "\\ud800"}', echo)
        post(b'{"number": 1e999}', echo)
    finally:
        got_request_exception.disconnect(receiver)
    assert announced == []
