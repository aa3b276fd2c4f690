"""The middleware: its two modes, what it answers, what it rewrites and what it leaves alone."""

import asyncio
import json
import threading

import pytest
from asgiref.sync import iscoroutinefunction
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.template.response import SimpleTemplateResponse
from django.test import AsyncClient
from django.urls import include, path
from django_ratelimit.exceptions import Ratelimited
from rest_framework import serializers
from rest_framework.exceptions import APIException, Throttled
from rest_framework.renderers import BrowsableAPIRenderer, StaticHTMLRenderer
from rest_framework.response import Response
from rest_framework.views import APIView
from shop import views
from support.clients import sender

from django_apierrors.exceptions import ApiError
from django_apierrors.formats import Nested
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.request_state import RequestState
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500"]

OURS = "django_apierrors.middleware.ApiErrorMiddleware"


class Watched(SimpleTemplateResponse):
    """Notes every thread that reads its status, as each of our hooks does; rendered without a hop."""

    threads = set()

    def __init__(self, status):
        super().__init__("none.html", status=status)
        self._has_been_logged = True  # Django logs in a thread of its own

    @property
    def status_code(self):
        self.threads.add(threading.get_ident())
        return vars(self)["status"]

    @status_code.setter
    def status_code(self, value):
        vars(self)["status"] = value

    async def render(self):
        self.content = b"fine"
        return self


async def watched(request):
    return Watched(int(request.GET["status"]))


class OneField(serializers.Serializer):
    name = serializers.CharField()


class Returns(APIView):
    """Returns its serializer's errors, or what the test says."""

    renderer_classes = [*APIView.renderer_classes, BrowsableAPIRenderer]

    def get(self, request):
        return views.ACTION["do"](request)

    def post(self, request):
        serializer = OneField(data=request.data)
        serializer.is_valid()
        return Response(serializer.errors, status=409)


class Html(Returns):
    renderer_classes = [StaticHTMLRenderer]


class Broken(APIException):
    """An exception that cannot even be read."""

    status_code = 409

    @property
    def detail(self):
        raise ZeroDivisionError("the exception is broken")

    @detail.setter
    def detail(self, value):
        pass


class _Unspeakable:
    def __str__(self):
        raise ZeroDivisionError("the text is broken")


class Mute(APIException):
    """An exception whose text cannot be made."""

    status_code = 409

    def __init__(self):
        self.detail = _Unspeakable()


class Failing(Nested):
    def body(self, problem, entry):
        raise ZeroDivisionError("the format is broken")


urlpatterns = [
    path("", include("urls")),
    path("api/watched", watched),
    path("api/returns", Returns.as_view()),
    path("api/html", Html.as_view()),
    path("api/member", login_required(views.plain)),
    path("site/member", login_required(views.plain)),
    path("site/returns", Returns.as_view()),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


def body(response):
    return json.loads(response.content)


# Modes


def test_it_is_a_native_coroutine_function_above_async_code_and_none_above_sync_code():
    async def asynchronous(request):
        return HttpResponse()

    assert iscoroutinefunction(ApiErrorMiddleware(asynchronous))
    assert not iscoroutinefunction(ApiErrorMiddleware(lambda request: HttpResponse()))
    assert ApiErrorMiddleware.sync_capable and ApiErrorMiddleware.async_capable


@pytest.mark.parametrize("status", [200, 302, 404, 500])
def test_under_asgi_no_hook_runs_in_another_thread(settings, status):
    settings.MIDDLEWARE = [OURS]
    Watched.threads = set()

    async def fetch():
        return await AsyncClient(raise_request_exception=False).get(f"/api/watched?status={status}")

    # Not async_to_sync, under which sync code comes back to the calling thread.
    response = asyncio.run(fetch())

    assert response.status_code == status
    assert Watched.threads == {threading.get_ident()}


# What it answers


@pytest.mark.parametrize("path", ["/api/plain", "/api/async", "/site/plain", "/site/async"])
@pytest.mark.parametrize(
    "exc, code",
    [
        (ApiError("RESOURCE_CONFLICT"), "RESOURCE_CONFLICT"),
        (Throttled(wait=7), "RATE_TOO_HIGH"),
        (Ratelimited(), "RATE_TOO_HIGH"),
    ],
)
def test_a_deliberate_error_is_answered_on_api_paths_and_an_api_exception_everywhere(send, set_view, path, exc, code):
    set_view(exc)
    response = send("get", path)

    if path.startswith("/site") and isinstance(exc, Ratelimited):
        assert response.status_code == 403  # a website's own page, as without us
        assert "X-Error-Code" not in response
    else:
        assert_api_error(response, code)


@pytest.mark.parametrize("exc, status", [(Http404("x"), 404), (PermissionDenied("x"), 403), (KeyError("x"), 500)])
def test_other_exceptions_of_a_website_path_are_djangos(send, set_view, exc, status):
    set_view(exc)
    response = send("get", "/site/plain")

    assert response.status_code == status
    assert response["Content-Type"].startswith("text/html")
    assert "X-Error-Code" not in response


def test_a_client_that_prefers_json_is_answered_in_json_on_a_website_path(send, set_view):
    set_view(Http404("x"))
    assert_api_error(send("get", "/site/plain", headers={"accept": "application/json"}), "RESOURCE_NOT_FOUND")


def test_a_path_that_formats_leaves_alone_is_left_to_django(send, set_view, settings):
    settings.APIERRORS = {"FORMATS": {"/api/plain": None}}
    set_view(ApiError("RESOURCE_CONFLICT"))
    response = send("get", "/api/plain")

    assert response.status_code == 500
    assert "X-Error-Code" not in response


# What it converts before rendering


def test_errors_that_a_drf_view_returns_are_structured_with_the_views_status(send):
    response = send("post", "/site/returns", data={})
    assert_api_error(response, "RESOURCE_CONFLICT", 409)


def test_returned_data_without_errors_passes_unchanged(send, set_view):
    set_view(lambda request: Response({"detail": "gone"}, status=404))
    response = send("get", "/api/returns")

    assert response.status_code == 404
    assert body(response) == {"detail": "gone"}


def test_returned_errors_on_a_path_that_formats_leaves_alone_stay_drfs(send, settings):
    settings.APIERRORS = {"FORMATS": {"/site/": None}}
    assert body(send("post", "/site/returns", data={})) == {"name": ["This field is required."]}


def test_a_template_response_of_django_is_not_taken_for_one_of_drf(send, set_view):
    set_view(lambda request: SimpleTemplateResponse(engines["django"].from_string("<html>"), status=404))
    response = send("get", "/api/plain", headers={"accept": "text/html"})

    assert response.status_code == 404
    assert response.content == b"<html>"


# What it rewrites


@pytest.mark.parametrize("accept", ["*/*", "text/html", "application/json"])
@pytest.mark.parametrize("content_type", ["application/json", "application/problem+json", "image/png", "text/csv"])
def test_a_body_of_a_deliberate_type_is_left_alone(send, set_view, accept, content_type):
    set_view(lambda request: HttpResponse(b"deliberate", status=404, content_type=content_type))
    response = send("get", "/api/plain", headers={"accept": accept})

    assert response.content == b"deliberate"
    assert response["Content-Type"] == content_type
    assert "X-Error-Code" not in response


@pytest.mark.parametrize("content_type", ["text/html; charset=utf-8", "text/plain", "TEXT/HTML", ""])
@pytest.mark.parametrize(
    "accept, rewritten", [("*/*", True), ("application/json", True), ("text/html", False), ("text/html;q=0.5", False)]
)
def test_a_page_is_rewritten_only_when_the_client_did_not_name_html(send, set_view, content_type, accept, rewritten):
    set_view(lambda request: HttpResponse(b"<h1>No</h1>", status=418, headers={"Content-Type": content_type}))
    response = send("get", "/api/plain", headers={"accept": accept})

    assert response.status_code == 418
    assert (response.content != b"<h1>No</h1>") is rewritten
    if rewritten:
        assert_api_error(response, "INVALID_REQUEST", 418)


def test_an_empty_body_is_written_even_for_a_client_that_names_html(send, set_view):
    set_view(lambda request: HttpResponse(status=410))
    assert_api_error(send("get", "/api/plain", headers={"accept": "text/html"}), "GONE")


def test_an_empty_answer_of_drf_is_written(send, set_view):
    set_view(lambda request: Response(status=404))
    assert_api_error(send("get", "/api/returns"), "RESOURCE_NOT_FOUND")


def test_html_that_drf_negotiated_is_left_alone(send, set_view):
    set_view(lambda request: Response("<h1>No</h1>", status=404))
    response = send("get", "/api/html")

    assert response.status_code == 404
    assert response.content == b"<h1>No</h1>"


@pytest.mark.parametrize("status", [200, 201, 204, 301, 304, 307])
def test_what_is_no_error_is_never_touched(send, set_view, status):
    set_view(lambda request: HttpResponse(status=status, content_type="text/html", headers={"ETag": '"1"'}))
    response = send("get", "/api/plain")

    assert response.status_code == status
    assert response["ETag"] == '"1"'
    assert response.content == b""
    assert "X-Error-Code" not in response


def test_the_status_of_an_answer_names_its_code(send, set_view):
    for status, code in [(401, "AUTH_KEY_NOT_FOUND"), (405, "METHOD_NOT_ALLOWED"), (503, "SERVICE_UNAVAILABLE")]:
        set_view(lambda request, status=status: HttpResponse(status=status))
        assert_api_error(send("get", "/api/plain"), code, status)


def test_a_returned_401_names_the_key_when_one_was_sent(send, set_view):
    set_view(lambda request: HttpResponse(status=401))
    assert_api_error(send("get", "/api/plain", headers={"authorization": "Bearer x"}), "AUTH_KEY_INVALID")


def test_a_405_of_a_plain_view_keeps_allow(send):
    response = send("delete", "/api/class")

    assert_api_error(response, "METHOD_NOT_ALLOWED", message="The method DELETE is not allowed for this endpoint.")
    assert response["Allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("what", [KeyError("x"), Http404("x"), PermissionDenied("x"), ApiError("RESOURCE_CONFLICT")])
def test_an_exception_on_an_api_path_is_structured_for_browsers_too(send, set_view, what):
    set_view(what)
    response = send("get", "/api/plain", headers={"accept": "text/html,*/*;q=0.8"})
    assert response["Content-Type"] == "application/json"
    assert "X-Error-Code" in response


def test_a_head_request_has_the_headers_and_no_body(send):
    response = send("head", "/api/nothing")
    assert response["X-Error-Code"] == "ENDPOINT_NOT_FOUND"
    assert response.content == b""


def test_an_unmatched_url_is_an_unknown_endpoint(send):
    assert_api_error(send("get", "/api/nothing"), "ENDPOINT_NOT_FOUND")
    assert send("get", "/site/nothing")["Content-Type"].startswith("text/html")


def test_a_stream_that_was_logged_is_not_logged_again(send, set_view, caplog):
    def answer(request):
        response = StreamingHttpResponse(status=404)
        response._has_been_logged = True
        return response

    set_view(answer)
    assert_api_error(send("get", "/api/plain"), "RESOURCE_NOT_FOUND")
    assert caplog.records == []


# The redirect to a login page


@pytest.mark.parametrize("path, redirects", [("/api/member", False), ("/site/member", True)])
def test_a_login_redirect_of_an_api_path_becomes_a_401_when_asked_for(send, settings, path, redirects):
    settings.APIERRORS = {"LOGIN_REDIRECT_AS_401": True}
    settings.MIDDLEWARE = [OURS, f"{__name__}.anonymous"]
    response = send("get", path)

    if redirects:
        assert response.status_code == 302
    else:
        assert_api_error(response, "AUTH_KEY_NOT_FOUND")
        assert "Location" not in response
        assert response["WWW-Authenticate"] == 'Bearer realm="api"'


def test_a_login_redirect_stays_unless_asked_for(send, settings):
    settings.MIDDLEWARE = [OURS, f"{__name__}.anonymous"]
    response = send("get", "/api/member")

    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


def test_another_redirect_stays(send, set_view, settings):
    settings.APIERRORS = {"LOGIN_REDIRECT_AS_401": True}
    set_view(lambda request: redirect("/elsewhere/?next=/accounts/login/"))
    assert send("get", "/api/plain").status_code == 302


def test_a_login_url_may_be_the_name_of_a_view(send, settings):
    settings.APIERRORS = {"LOGIN_REDIRECT_AS_401": True}
    settings.LOGIN_URL = "admin:login"
    settings.MIDDLEWARE = [OURS, f"{__name__}.anonymous"]
    assert_api_error(send("get", "/api/member"), "AUTH_KEY_NOT_FOUND")


class _Nobody:
    is_authenticated = False


def anonymous(get_response):
    if iscoroutinefunction(get_response):

        async def middleware(request):
            request.user = _Nobody()
            return await get_response(request)

    else:

        def middleware(request):
            request.user = _Nobody()
            return get_response(request)

    return middleware


anonymous.async_capable = True


# Faults of ours


@pytest.mark.parametrize("exc, status", [(ApiError("RESOURCE_CONFLICT"), 409), (KeyError("x"), 500)])
def test_a_broken_format_hides_nothing(send, set_view, settings, caplog, exc, status):
    settings.APIERRORS = {"FORMAT": f"{__name__}.Failing"}
    set_view(exc)
    response = send("get", "/api/plain")

    assert response.status_code == status
    assert body(response)["error"]["httpCode"] == status
    assert response["X-Error-Code"] == ("INTERNAL_SERVER_ERROR" if status == 500 else "RESOURCE_CONFLICT")
    assert "the format is broken" in caplog.text
    of_django = [record for record in caplog.records if record.name == "django.request"]
    assert len(of_django) == 1
    assert status != 500 or of_django[0].exc_info[1].args == ("x",)


def test_a_broken_format_hides_no_errors_that_a_view_returned(send, settings, caplog):
    settings.APIERRORS = {"FORMAT": f"{__name__}.Failing"}
    response = send("post", "/api/returns", data={})

    assert response.status_code == 409
    assert body(response)["error"]["httpCode"] == 409
    assert "the format is broken" in caplog.text


def test_a_format_that_cannot_be_imported_hides_nothing(send, set_view, settings):
    settings.APIERRORS = {"FORMAT": "nowhere.Format"}
    set_view(ApiError("RESOURCE_CONFLICT"))
    assert body(send("get", "/api/plain"))["error"]["httpCode"] == 409


@pytest.mark.parametrize("path", ["/api/plain", "/api/async", "/api/drf"])
def test_an_exception_that_cannot_be_read_is_answered_and_logged(send, set_view, caplog, path):
    set_view(Broken())
    response = send("get", path)

    assert response.status_code == 409
    assert body(response)["error"]["code"] == "RESOURCE_CONFLICT"
    assert "the exception is broken" in caplog.text


@pytest.mark.parametrize("path", ["/api/plain", "/site/async", "/api/drf"])
def test_an_exception_whose_text_cannot_be_made_keeps_its_status(send, set_view, caplog, path):
    set_view(Mute())
    response = send("get", path)

    assert response.status_code == 409
    assert body(response)["error"]["httpCode"] == 409
    assert "the text is broken" in caplog.text


def test_settings_that_cannot_be_read_hide_nothing(send, set_view, settings, caplog):
    settings.APIERRORS = {"API_PATHS": 7}
    set_view(lambda request: HttpResponse("as it was", status=409, content_type="text/plain"))
    response = send("get", "/api/plain")

    assert (response.status_code, response.content) == (409, b"as it was")
    assert "could not be structured" in caplog.text


@pytest.mark.parametrize("path", ["/api/plain", "/api/async", "/api/drf"])
def test_a_code_that_nothing_defines_fails_loudly_under_strict_alone(send, set_view, settings, caplog, path):
    set_view(ApiError("RESOURCE_CONFLCT", status=409))
    assert send("get", path).status_code == 500
    assert "RESOURCE_CONFLCT" in caplog.text
    settings.APIERRORS = {"STRICT": False}
    assert_api_error(send("get", path), "RESOURCE_CONFLICT", 409)


# Debugging


@pytest.mark.parametrize("path", ["/api/plain", "/api/async", "/api/drf"])
def test_with_debug_a_500_keeps_djangos_technical_page(send, set_view, settings, path):
    settings.DEBUG = True
    set_view(KeyError("told"))
    response = send("get", path)

    assert response.status_code == 500
    assert b"told" in response.content
    assert "X-Error-Code" not in response


def test_with_debug_errors_a_500_is_structured(send, set_view, settings):
    settings.DEBUG = True
    settings.APIERRORS = {"DEBUG_ERRORS": True}
    set_view(KeyError("secret"))
    response = send("get", "/api/plain")

    assert_api_error(response, "INTERNAL_SERVER_ERROR")
    assert b"secret" not in response.content


def test_with_debug_a_traceback_that_a_framework_answers_passes(send, set_view, settings):
    settings.DEBUG = True
    set_view(lambda request: HttpResponse("Traceback of a framework", status=500, content_type="text/plain"))
    assert send("get", "/api/plain").content == b"Traceback of a framework"
    settings.APIERRORS = {"STRICT": True, "DEBUG_ERRORS": True}
    assert_api_error(send("get", "/api/plain"), "INTERNAL_SERVER_ERROR")


def test_with_debug_other_errors_of_an_api_path_are_structured(send, set_view, settings):
    settings.DEBUG = True
    assert_api_error(send("get", "/api/nothing"), "ENDPOINT_NOT_FOUND")
    set_view(Http404("x"))
    assert_api_error(send("get", "/api/plain"), "RESOURCE_NOT_FOUND")
    assert b"urlpatterns" not in send("get", "/api/nothing").content
    assert send("get", "/site/nothing")["Content-Type"].startswith("text/html")


def test_the_exception_is_let_go_when_the_request_is_answered(send, set_view):
    set_view(KeyError("x"))
    response = send("get", "/api/plain")
    request = getattr(response, "wsgi_request", None) or response.asgi_request
    assert RequestState.of(request).exception is None
