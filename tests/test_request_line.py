"""A NUL in the path or the query string is refused before the view; any other byte passes as Django decodes it."""

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.urls import path
from django.views import View
from rest_framework.response import Response
from rest_framework.views import APIView

from django_apierrors.exceptions import ApiError
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
FORM = "application/x-www-form-urlencoded"
calls = []


class Drf(APIView):
    def get(self, request, name=""):
        calls.append(name)
        return Response({"name": name, **request.query_params.dict()})

    post = get


class Typed(Drf):
    error_format = "typed"


class Page(View):
    def get(self, request, name=""):
        return HttpResponse(repr((name, request.GET.get("q", ""))))


urlpatterns = [
    path("api/<str:name>", Drf.as_view()),
    path("elsewhere/<str:name>", Typed.as_view()),
    path("site/<str:name>", Page.as_view()),
]


@pytest.fixture(autouse=True)
def no_calls():
    calls.clear()


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def get(request, api, async_api):
    return async_to_sync(async_api.get) if request.param else api.get


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("/api/a%00b", "The path holds a NUL character."),
        ("/api/nothing/here%00", "The path holds a NUL character."),
        ("/api/a?q=b%00", 'The query parameter "q" holds a NUL character.'),
        ("/api/a?p=1&q=b&q=%00", 'The query parameter "q" holds a NUL character.'),
        ("/api/a?x%00y=1", 'The query parameter "x y" holds a NUL character.'),
        ("/api/a?%00=1", 'The query parameter "" holds a NUL character.'),
        ("/elsewhere/a?q=%00", 'The query parameter "q" holds a NUL character.'),
        ("/elsewhere/%00", "The path holds a NUL character."),
    ],
)
def test_a_nul_is_refused_before_the_view(url, message, get, django_assert_num_queries):
    response = get(url)
    assert_api_error(response, "REQUEST_MALFORMED", 400, message=message)
    assert calls == []


def test_the_format_is_that_of_the_view(get):
    error = get("/elsewhere/a?q=%00").json()["error"]
    assert (error["type"], error["param"]) == ("validation_error", "q")


@pytest.mark.parametrize(
    ("url", "data"),
    [
        ("/api/a?q=%E9", {"name": "a", "q": "\ufffd"}),
        ("/api/a?q=%2500", {"name": "a", "q": "%00"}),
        ("/api/a?q=%ED%A0%80", {"name": "a", "q": "\ufffd\ufffd\ufffd"}),
        ("/api/%01?q=%0d%0a", {"name": "\x01", "q": "\r\n"}),
    ],
)
def test_other_bytes_pass(url, data, get):
    assert get(url).json() == data


def test_a_website_is_left_alone(get):
    assert b"a\\x00" in get("/site/a%00?q=%00").content
    assert get("/elsewhere").status_code == 404
    assert get("/nowhere%00").status_code == 404


@pytest.mark.parametrize(
    ("query", "charset", "message"),
    [
        ("q=%2BAAA-", "utf-7", 'The query parameter "q" holds a NUL character.'),
        ("q=%2B2AA-", "utf-7", 'The query parameter "q" holds a lone surrogate.'),
    ],
)
def test_a_charset_of_the_client_hides_nothing(query, charset, message, api):
    response = api.generic("POST", f"/api/a?{query}", "x=1", content_type=f"{FORM}; charset={charset}")
    assert_api_error(response, "REQUEST_MALFORMED", 400, message=message)


def test_a_charset_of_the_client_is_no_fault(api):
    response = api.generic("POST", "/api/a?q=%E9", "x=1", content_type=f"{FORM}; charset=iso-8859-1")
    assert response.json() == {"name": "a", "q": "é"}


def test_too_many_parameters_are_the_views_to_meet(api, settings):
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 2
    response = api.get("/api/a?a=1&b=2&c=%00")
    assert_api_error(response, "INVALID_REQUEST", 400)


def test_a_path_that_is_left_to_django_is(api, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/api/": None}}
    assert api.get("/api/a?q=%00").json() == {"name": "a", "q": "\0"}


def test_what_was_asked_before_the_view_was_known_is_not_kept(api, settings, monkeypatch):
    def fail(self, request, name=""):
        raise ApiError("RESOURCE_CONFLICT")

    monkeypatch.setattr(Page, "get", fail)
    assert_api_error(api.get("/site/a%00"), "RESOURCE_CONFLICT")
