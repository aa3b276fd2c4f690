"""The entry points: DRF's exception handler, and Django's error views."""

import json

import pytest
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotFound, Throttled
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView
from shop.authentication import KeyAuthentication
from support.clients import sender

from django_apierrors import handlers
from django_apierrors.exceptions import ApiError
from django_apierrors.formats import Nested
from django_apierrors.handlers import exception_handler, handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)


class Silent(SessionAuthentication):
    """An authenticator without a challenge, so that DRF answers 403."""


class Private(APIView):
    permission_classes = [IsAuthenticated]

    def get(self, request):
        return Response({})


class OwnFormat(APIView):
    error_format = "result"

    def get(self, request):
        raise NotFound()


class Failing(Nested):
    def body(self, problem, entry):
        raise ZeroDivisionError("the format is broken")


urlpatterns = [
    path("", include("urls")),
    path("api/silent", Private.as_view(authentication_classes=[Silent, KeyAuthentication])),
    path("api/mute", Private.as_view(authentication_classes=[Silent])),
    path("api/own-format", OwnFormat.as_view()),
]


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


def body(response):
    return json.loads(response.content)


# DRF's exception handler


@pytest.mark.parametrize("context", [None, {}, {"request": None, "view": None}])
def test_a_handler_without_a_context_answers_all_the_same(context):
    response = exception_handler(NotFound(), context)
    assert response.status_code == 404
    assert response.data["error"]["code"] == "RESOURCE_NOT_FOUND"


def test_the_same_exception_is_answered_twice_alike():
    exc = NotFound("x")
    first, second = (exception_handler(exc, {"request": RequestFactory().get("/")}).data for _ in range(2))
    assert first == second
    assert str(exc.detail) == "x"


def test_an_exception_that_nobody_knows_is_left_to_django():
    assert exception_handler(KeyError("x"), {}) is None


def test_a_stop_iteration_leaves_the_view_as_a_runtime_error(send, set_view, caplog):
    set_view(StopIteration("x"))
    assert_api_error(send("get", "/api/drf"), "INTERNAL_SERVER_ERROR")
    exc = caplog.records[-1].exc_info[1]
    assert isinstance(exc, RuntimeError)
    assert isinstance(exc.__cause__, StopIteration)


def test_on_a_path_that_formats_leaves_alone_it_is_what_it_is(rf, set_view, settings):
    settings.APIERRORS = {"FORMATS": {"/api/drf": None}}
    assert exception_handler(StopIteration("x"), {"request": rf.get("/api/drf")}) is None


def test_a_path_that_formats_leaves_alone_is_answered_by_drf(send, set_view, settings):
    settings.APIERRORS = {"FORMATS": {"/api/drf": None}}
    set_view(NotFound("x"))
    response = send("get", "/api/drf")

    assert body(response) == {"detail": "x"}
    assert "X-Error-Code" not in response


def test_without_the_middleware_drf_errors_are_structured(send, settings, set_view):
    settings.MIDDLEWARE = []
    set_view(NotFound())
    assert_api_error(send("get", "/api/drf"), "RESOURCE_NOT_FOUND")


def test_the_format_of_the_view_is_used(send):
    assert body(send("get", "/api/own-format")) == {
        "result": "error",
        "message": "The requested resource was not found.",
    }


@pytest.mark.parametrize(
    "wait, header",
    [
        (30, "30"),
        (0.2, "1"),
        (0, "1"),
        (-5, "1"),
        (float("inf"), None),
        ("soon", None),
        (float("nan"), None),
        (None, None),
    ],
)
def test_the_wait_of_a_throttle_is_an_integer_of_at_least_1_or_absent(send, set_view, wait, header):
    exc = Throttled()
    exc.wait = wait
    set_view(exc)
    response = send("get", "/api/drf")

    assert_api_error(response, "RATE_TOO_HIGH")
    assert response.headers.get("Retry-After") == header


def test_the_challenge_of_the_authenticators_is_sent_even_when_the_first_has_none(send):
    response = send("get", "/api/silent")
    assert_api_error(response, "AUTH_KEY_NOT_FOUND", 401)
    assert response["WWW-Authenticate"] == 'Bearer realm="shop"'


def test_the_configured_challenge_is_sent_when_no_authenticator_has_one(send, settings):
    settings.APIERRORS = {"CHALLENGE": 'Key realm="x"'}
    response = send("get", "/api/mute")
    assert_api_error(response, "AUTH_KEY_NOT_FOUND", 401)
    assert response["WWW-Authenticate"] == 'Key realm="x"'


def test_the_challenge_that_drf_found_wins():
    exc = AuthenticationFailed()
    exc.auth_header = 'Digest realm="x"'
    response = exception_handler(exc, {})
    assert response.data["error"]["code"] == "AUTH_KEY_INVALID"
    assert response["WWW-Authenticate"] == 'Digest realm="x"'


# Django's error views

ERROR_VIEWS = [(handler400, 400), (handler403, 403), (handler404, 404), (handler500, 500)]


@pytest.mark.parametrize("view, status", ERROR_VIEWS)
def test_on_an_api_path_an_error_view_answers_even_without_an_exception(view, status):
    response = view(RequestFactory().get("/api/x"))
    assert response.status_code == status
    assert body(response)["error"]["httpCode"] == status


@pytest.mark.parametrize("view, status", ERROR_VIEWS)
def test_on_a_website_path_an_error_view_gives_djangos_own_page(view, status):
    response = view(RequestFactory().get("/site/x"))
    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert "X-Error-Code" not in response


@pytest.mark.parametrize(
    "view, exc", [(handler400, None), (handler403, PermissionDenied("told")), (handler404, Http404("told"))]
)
def test_the_exception_says_nothing_to_the_client(view, exc):
    assert b"told" not in view(RequestFactory().get("/api/x"), exc).content


def test_a_deliberate_error_on_a_website_path_is_structured():
    assert_api_error(handler403(RequestFactory().get("/site/x"), ApiError("RESOURCE_CONFLICT")), "RESOURCE_CONFLICT")


def test_an_error_view_that_fails_gives_a_fixed_answer(send, settings, set_view, caplog):
    settings.MIDDLEWARE = ["shop.middleware.before_the_view"]
    settings.APIERRORS = {"API_PATHS": 7}
    set_view(KeyError("original"))
    response = send("get", "/api/plain")

    assert_api_error(response, "INTERNAL_SERVER_ERROR", httpCode=500, message="Internal Server Error.")
    assert response["Cache-Control"] == "no-store"
    assert response["Content-Type"] == "application/json"
    assert "handler500 failed" in caplog.text
    assert "original" in caplog.text


def test_a_failing_template_of_a_website_gives_a_fixed_page(settings):
    settings.TEMPLATES = [
        {
            "BACKEND": "django.template.backends.django.DjangoTemplates",
            "OPTIONS": {"loaders": [("django.template.loaders.locmem.Loader", {"500.html": "{% load nowhere %}"})]},
        }
    ]
    response = handler500(RequestFactory().get("/site/x"))
    assert (response.status_code, response["Content-Type"]) == (500, "text/html; charset=utf-8")


def test_a_broken_format_hides_no_error_of_a_middleware(send, settings, set_view, caplog):
    settings.MIDDLEWARE = ["shop.middleware.before_the_view"]
    settings.APIERRORS = {"FORMAT": f"{__name__}.Failing"}
    set_view(PermissionDenied("x"))
    response = send("get", "/api/plain")

    assert response.status_code == 403
    assert body(response)["error"]["httpCode"] == 403
    assert "the format is broken" in caplog.text


def test_a_500_of_a_drf_view_needs_no_resolved_url():
    response = handlers.handler500(RequestFactory().get("/api/x", headers={"accept": "text/html"}))
    assert_api_error(response, "INTERNAL_SERVER_ERROR")


# The CSRF check


@pytest.mark.parametrize("path, ours", [("/api/plain", True), ("/site/plain", False), ("/site/plain", None)])
def test_a_failed_csrf_check_is_structured_where_errors_are(path, ours):
    accept = {"accept": "application/json"} if ours is None else {}
    response = Client(enforce_csrf_checks=True).post(path, headers=accept)

    assert response.status_code == 403
    if ours is False:
        assert b"<html" in response.content
    else:
        assert_api_error(response, "CSRF_FAILED")


def test_a_website_view_may_return_what_it_likes(send, set_view):
    set_view(lambda request: HttpResponse("teapot", status=418))
    assert send("get", "/site/plain").content == b"teapot"
