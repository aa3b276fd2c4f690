"""What the client's bytes broke is a 400; what the code broke stays a 500."""

import inspect
import json
import sys

import pytest
from django.core.signals import got_request_exception
from django.db.models import ProtectedError, RestrictedError
from django.http import HttpResponse, UnreadablePostError
from django.urls import path
from rest_framework import parsers
from rest_framework.exceptions import NotFound, ValidationError
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


class Broken(BaseParser):
    """A parser of a project's own, which fails whatever the charset is."""

    media_type = "text/html"

    def parse(self, stream, media_type=None, parser_context=None):
        return self.parse(stream) if stream.read() == b"deep" else {}[media_type]


class Lenient(views.Drf):
    """A view with the parsers of DRF."""

    parser_classes = [parsers.JSONParser, parsers.FormParser, parsers.MultiPartParser]


class Text(views.Drf):
    parser_classes = [TextParser, Broken]


urlpatterns = [
    path("api/drf", Lenient.as_view()),
    path("api/plain", views.plain),
    path("api/text", Text.as_view()),
    path("api/broken", Text.as_view()),
]


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
        (b"{}", echo, "application/json; charset=hex"),
        (b"a=b", echo, "application/x-www-form-urlencoded; charset=zlib"),
    ],
    ids=["lists", "objects", "bz2", "undefined", "form", "multipart", "hex", "zlib"],
)
def test_a_body_that_no_parser_can_read_is_malformed(body, what, content_type, post):
    assert_api_error(post(body, what, content_type), "REQUEST_MALFORMED")


@pytest.mark.parametrize(("charset", "code"), [("bz2_codec", "REQUEST_MALFORMED"), ("utf-8", "INTERNAL_SERVER_ERROR")])
def test_a_parser_that_fails_is_forgiven_only_for_the_charset(charset, code, api, set_view):
    set_view(echo)
    assert_api_error(api.generic("POST", "/api/text", b"\xff", content_type=f"text/plain; charset={charset}"), code)


def deep(request):
    return deep(request)


def reading_with_frames_left(frames):
    """Return a view that recurses until the stack has only some frames left, and then reads the body."""

    def down(request, levels):
        return down(request, levels - 1) if levels else echo(request)

    return lambda request: down(request, sys.getrecursionlimit() - len(inspect.stack(0)) - frames)


def late(request):
    int("x" if request.data else "y")


@pytest.mark.parametrize(
    ("body", "what"),
    [
        (b"{}", deep),
        (b'{"a": [1.5, {"b": "x"}]}', late),
        (b'{"a": "\\ud800", "b": 1e999}', late),
        (b'{"a": 1e999}', lambda request: int(request.data["a"])),
        (b'{"a": 1e999}', echo),
        (b'{"a": "\\ud800"}', echo),
        (b'{"a": "\\ud83d\\ude00"}', lambda request: request.data["a"].encode("latin-1")),
        (b"{}", lambda request: Response({"a": float("nan")})),
        (b"{}", lambda request: "".encode("bz2_codec")),
        (b"{}", lambda request: Response({"a": object()})),
    ],
)
def test_a_fault_of_the_code_stays_a_500_whatever_the_body_holds(body, what, post):
    assert_api_error(post(body, what), "INTERNAL_SERVER_ERROR")


def test_a_view_that_used_up_the_stack_before_it_read_the_body_stays_a_500(post):
    codes = {post(b"[" * 9 + b"]" * 9, reading_with_frames_left(n)).get("X-Error-Code") for n in range(5, 60, 2)}
    assert codes <= {"INTERNAL_SERVER_ERROR", None}
    assert "INTERNAL_SERVER_ERROR" in codes


@pytest.mark.parametrize("charset", ["utf-8", "bz2_codec"])
@pytest.mark.parametrize("body", [b"deep", b"flat"])
def test_a_parser_of_the_project_that_fails_by_itself_stays_a_500(body, charset, api, set_view):
    set_view(echo)
    response = api.generic("POST", "/api/broken", body, content_type=f"text/html; charset={charset}")
    assert_api_error(response, "INTERNAL_SERVER_ERROR")


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


@pytest.mark.parametrize("text", [r"\ud800", r"\ud83d\ude00"])
def test_a_text_that_a_plain_view_cannot_encode_is_its_own_fault(text, api, set_view):
    set_view(lambda request: HttpResponse(json.loads(request.body)["name"].encode("latin-1")))
    response = api.post("/api/plain", f'{{"name": "{text}"}}', content_type="application/json")
    assert_api_error(response, "INTERNAL_SERVER_ERROR")


@pytest.mark.parametrize("url", ["/api/plain", "/api/drf"])
def test_a_lone_surrogate_of_our_own_is_a_crash(url, api, set_view):
    set_view(lambda request: HttpResponse("\udcff.txt".encode()))  # as the name of a file may be
    assert_api_error(api.get(url), "INTERNAL_SERVER_ERROR")


def test_a_lone_surrogate_in_the_text_of_an_error_is_replaced(post):
    def view(request):
        raise NotFound(request.data["a"]) if "a" in request.data else ValidationError(request.data["b"])

    assert_api_error(post(rb'{"a": "\ud800"}', view), "RESOURCE_NOT_FOUND")
    assert_api_error(post(rb'{"b": "x\ud800"}', view), "VALIDATION_FAILED", message="x\ufffd")


def test_the_clients_fault_is_no_alarm_but_one_warning_with_its_traceback(post, caplog):
    announced = []

    def receiver(sender, **kwargs):
        announced.append(sender)

    got_request_exception.connect(receiver)
    try:
        post(b"[" * 200_000, echo)
    finally:
        got_request_exception.disconnect(receiver)
    assert announced == []
    (record,) = (each for each in caplog.records if each.name == "django_apierrors.client_errors")
    assert record.levelname == "WARNING"
    assert record.exc_info[0] is RecursionError
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def test_a_crash_has_no_such_warning(post, caplog):
    post(b'{"a": 1e999}', echo)
    assert not [each for each in caplog.records if each.name == "django_apierrors.client_errors"]
    assert [each.name for each in caplog.records if each.levelname == "ERROR"] == ["django.request"]


def test_a_client_that_went_away_leaves_no_traceback(api, set_view, caplog):
    set_view(UnreadablePostError("gone"))
    assert_api_error(api.post("/api/plain"), "REQUEST_MALFORMED")
    assert not [each for each in caplog.records if each.exc_info]


@pytest.mark.parametrize("cls", [ProtectedError, RestrictedError])
def test_rows_that_are_in_use_are_a_conflict_with_a_warning_unless_the_settings_expect_it(
    cls, api, set_view, settings, caplog
):
    exc = cls("in use", set())
    set_view(exc)
    assert_api_error(api.post("/api/drf"), "RESOURCE_CONFLICT", 409)
    (record,) = (each for each in caplog.records if each.name == "django_apierrors.client_errors")
    assert record.exc_info[1] is exc
    caplog.clear()
    settings.APIERRORS = {"EXCEPTIONS": {f"django.db.models.{cls.__name__}": "RESOURCE_CONFLICT"}}
    assert_api_error(api.post("/api/drf"), "RESOURCE_CONFLICT", 409)
    assert not [each for each in caplog.records if each.name == "django_apierrors.client_errors"]
