"""The writer: headers and bodies that every structured answer has, whatever its entry point."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import include, path
from django.utils.http import http_date
from django.views import View
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, NotFound, ValidationError
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
from shop import views
from support.clients import sender

from django_apierrors import codes, responses, rewriting
from django_apierrors.codes import ErrorDefinition
from django_apierrors.exception_mapping import problem_for, problem_with_code
from django_apierrors.exceptions import ApiError, ServiceUnavailable
from django_apierrors.request_state import RequestState
from django_apierrors.testing import assert_api_error


class Failing(JSONRenderer):
    media_type = "application/xml"

    def render(self, data, *args, **kwargs):
        raise ZeroDivisionError("no such page")


class Rendered(APIView):
    def get(self, request):
        raise NotFound()


class Resources(ViewSet):
    def list(self, request):
        raise MethodNotAllowed("GET")

    def create(self, request):
        raise MethodNotAllowed("POST")


class Plain(View):
    def get(self, request):
        raise MethodNotAllowed("GET")

    head = post = get


def empty_405(request):
    return HttpResponse(status=405)


urlpatterns = [
    path("api/allowed/resources", Resources.as_view({"get": "list", "post": "create"})),
    path("api/allowed/class", Plain.as_view()),
    path("api/allowed/function", views.plain),
    path("api/allowed/returned", empty_405),
    path("", include("urls")),
    path("api/failing", Rendered.as_view(renderer_classes=[Failing])),
    path("api/html", Rendered.as_view(renderer_classes=[BrowsableAPIRenderer, JSONRenderer])),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


@pytest.fixture
def definition(monkeypatch):
    """Define a code for one test."""

    def define(**fields):
        made = ErrorDefinition(**{"code": "OF_TEST", "status": 409, "title": "Test", "message": "Test.", **fields})
        monkeypatch.setitem(codes.registry, made.code, made)

    return define


def answer(exc, **headers):
    """The answer that a plain view makes for an exception."""
    request = RequestFactory().get("/api/plain", headers=headers)
    return responses.make(problem_for(exc, request, RequestState.of(request)), request)


def returned(**headers):
    """The answer of a view that returned a status and headers, rewritten."""
    request = RequestFactory().get("/api/plain")
    status = headers.pop("status", 503)
    response = HttpResponse(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})
    return rewriting.finish(request, response, RequestState.of(request))


def test_every_answer_carries_the_headers_of_an_error(send, set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    response = send("get", "/api/plain", headers={"x-request-id": "mine-1"})

    assert response["X-Error-Code"] == "RESOURCE_CONFLICT"
    assert response["X-Request-ID"] == "mine-1"
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Type"] == "application/json"
    assert response["Content-Length"] == str(len(response.content))
    assert "Retry-After" not in response
    assert "WWW-Authenticate" not in response
    assert response["Link"] == '<http://testserver/errors/RESOURCE_CONFLICT/>; rel="help"'


def test_a_made_response_tells_its_problem():
    response = answer(ApiError("RESOURCE_CONFLICT"))
    assert responses.problem_of(response).code == "RESOURCE_CONFLICT"
    assert responses.problem_of(HttpResponse(status=409)) is None


def test_the_status_line_follows_a_changed_status_and_is_kept_otherwise():
    request = RequestFactory().get("/api/plain")
    too_large, conflict = (problem_with_code(code, request) for code in ("PAYLOAD_TOO_LARGE", "RESOURCE_CONFLICT"))
    changed = responses.write(HttpResponse(status=400, reason="Odd"), too_large, request)
    kept = responses.write(HttpResponse(status=409, reason="Odd"), conflict, request)

    assert changed.status_code == 413
    assert changed.reason_phrase != "Odd"
    assert kept.reason_phrase == "Odd"


def test_a_cache_control_that_forbids_storing_is_kept(send, set_view):
    set_view(lambda request: HttpResponse(status=404, headers={"Cache-Control": "private, no-store"}))
    assert send("get", "/api/plain")["Cache-Control"] == "private, no-store"
    set_view(lambda request: HttpResponse(status=404, headers={"Cache-Control": "max-age=60"}))
    assert send("get", "/api/plain")["Cache-Control"] == "no-store"


# Retry-After


@pytest.mark.parametrize(
    "given, written",
    [
        ("120", "120"),
        ("1.5", "2"),
        ("0", "1"),
        ("-3", "1"),
        (http_date(0), "1"),
        ("soon", None),
        ("", None),
        ("inf", None),
        ("1" * 40, "2147483647"),
    ],
)
def test_a_wait_that_is_there_is_kept_as_seconds_and_garbage_is_removed(given, written):
    assert returned(Retry_After=given).headers.get("Retry-After") == written


def test_a_date_becomes_seconds():
    later = datetime.now(tz=UTC) + timedelta(hours=1)
    assert 3000 < int(returned(Retry_After=http_date(later.timestamp()))["Retry-After"]) <= 3600


@pytest.mark.parametrize("wait, written", [(30, "30"), (0.1, "1"), (None, None)])
def test_the_wait_of_the_raise_site_is_written(wait, written):
    assert answer(ServiceUnavailable(wait)).headers.get("Retry-After") == written


# WWW-Authenticate


@pytest.mark.parametrize(
    "authorization, challenge",
    [
        ("", 'Bearer realm="api"'),
        ("Bearer", 'Bearer realm="api"'),
        ("Bearer  ", 'Bearer realm="api"'),
        ("Basic abc", 'Bearer realm="api"'),
        ("Bearer abc", 'Bearer realm="api", error="invalid_token"'),
        ("bearer abc", 'Bearer realm="api", error="invalid_token"'),
    ],
)
def test_the_error_of_a_token_is_named_only_when_one_was_sent(authorization, challenge):
    exc = ApiError("AUTH_KEY_INVALID")
    assert answer(exc, authorization=authorization)["WWW-Authenticate"] == challenge


@pytest.mark.parametrize(
    "configured, challenge",
    [
        ('Basic realm="x"', 'Basic realm="x"'),
        ("Bearer", 'Bearer error="invalid_token"'),
        ('Bearer error="expired"', 'Bearer error="expired"'),
        ("Bearerish x=1", "Bearerish x=1"),
    ],
)
def test_the_error_of_a_token_is_added_only_to_a_bearer_challenge_without_one(settings, configured, challenge):
    settings.APIERRORS = {"CHALLENGE": configured}
    assert answer(NotAuthenticated(), authorization="Bearer abc")["WWW-Authenticate"] == challenge


def test_a_challenge_that_is_there_wins():
    assert returned(status=401, WWW_Authenticate='Digest realm="x"')["WWW-Authenticate"] == 'Digest realm="x"'


def test_a_challenge_of_the_raise_site_wins():
    exc = ApiError("AUTH_KEY_INVALID", headers={"WWW-Authenticate": "Negotiate"})
    assert answer(exc)["WWW-Authenticate"] == "Negotiate"


@pytest.mark.parametrize(
    "params, challenge",
    [
        ({"scope": 'read "x"\\\n'}, 'Bearer error="insufficient_scope", scope="read x"'),
        ({}, 'Bearer error="insufficient_scope"'),
    ],
)
def test_an_insufficient_scope_is_a_challenge(params, challenge):
    response = answer(ApiError("INSUFFICIENT_SCOPE", params=params))
    assert_api_error(response, "INSUFFICIENT_SCOPE", 403)
    assert response["WWW-Authenticate"] == challenge


def test_an_insufficient_scope_keeps_the_challenge_of_the_raise_site():
    exc = ApiError("INSUFFICIENT_SCOPE", headers={"WWW-Authenticate": 'Bearer scope="a"'})
    assert answer(exc)["WWW-Authenticate"] == 'Bearer scope="a"'


# Link


def test_the_page_of_a_code_is_linked(definition):
    definition(doc_url="https://docs.example/of-test")
    assert answer(ApiError("OF_TEST"))["Link"] == '<https://docs.example/of-test>; rel="help"'


def test_a_link_that_is_there_is_kept(definition):
    definition(doc_url="https://docs.example/of-test")
    response = answer(ApiError("OF_TEST", headers={"Link": '</next>; rel="next"'}))
    assert response["Link"] == '</next>; rel="next", <https://docs.example/of-test>; rel="help"'


# Language and Vary


def test_the_language_of_the_text_is_named(send, set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    response = send("get", "/api/plain", headers={"accept-language": "en"})
    assert response["Content-Language"] == "en"
    assert "Accept-Language" in response["Vary"]


def test_a_text_that_is_never_translated_has_no_language(definition):
    definition()
    response = answer(ApiError("OF_TEST"))
    assert "Content-Language" not in response


def test_the_language_that_is_there_gives_way_to_that_of_the_text():
    assert returned(Content_Language="sw")["Content-Language"] == "en"


def test_without_translation_nothing_varies_by_language(settings):
    settings.USE_I18N = False
    assert "Vary" not in answer(ApiError("RESOURCE_CONFLICT"))


def test_the_answer_varies_by_accept_only_where_accept_decided(send, set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    assert "Accept" in send("get", "/site/plain")["Vary"].split(", ")
    assert "Accept" not in send("get", "/api/plain")["Vary"].split(", ")


def test_a_format_in_one_language_does_not_vary_by_it(settings):
    settings.APIERRORS = {"FORMAT": "oauth2"}
    response = answer(ApiError("RESOURCE_CONFLICT"), **{"accept-language": "de"})
    assert "Vary" not in response
    assert response["Pragma"] == "no-cache"


# Formats


def test_the_content_type_is_that_of_the_format(settings):
    settings.APIERRORS = {"FORMAT": "problem"}
    response = answer(ApiError("RESOURCE_CONFLICT"))
    assert response["Content-Type"] == "application/problem+json"
    assert json.loads(response.content)["status"] == 409


# Renderers


def test_an_error_whose_renderer_fails_is_sent_as_json(send, caplog):
    response = send("get", "/api/failing")
    assert_api_error(response, "RESOURCE_NOT_FOUND")
    assert response["Content-Type"] == "application/json"
    assert "no such page" in caplog.text


def test_a_page_of_the_browsable_api_keeps_its_type_and_has_the_headers(send, settings):
    settings.APIERRORS = {"FORMAT": "problem"}
    response = send("get", "/api/html", headers={"accept": "text/html"})
    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert (response.status_code, response["X-Error-Code"]) == (404, "RESOURCE_NOT_FOUND")


def test_a_416_keeps_what_could_have_been_asked_for(api, set_view):
    set_view(lambda request: HttpResponse(status=416, headers={"Content-Range": "bytes */1234"}))
    assert api.get("/api/plain")["Content-Range"] == "bytes */1234"
    set_view(lambda request: HttpResponse(status=404, headers={"Content-Range": "bytes */1234"}))
    assert "Content-Range" not in api.get("/api/plain")


@pytest.mark.parametrize(("sent", "challenge"), [("Basic YTpi", 'Basic realm="api"'), ("Bearer x", "Bearer")])
def test_a_client_of_oauth_is_challenged_in_its_own_scheme(api, set_view, sent, challenge):
    set_view(ApiError("OAUTH_INVALID_CLIENT"))
    assert api.get("/api/plain", headers={"authorization": sent})["WWW-Authenticate"].startswith(challenge)


def test_a_setting_that_breaks_the_reading_of_an_error_hides_neither_status_nor_id(api, set_view, settings):
    settings.APIERRORS = {"MAX_ERRORS": "many"}
    set_view(ValidationError({"a": ["x"]}))
    response = api.get("/api/drf", headers={"X-Request-ID": "abc"})
    assert_api_error(response, "VALIDATION_FAILED")
    assert response["X-Request-ID"] == "abc"


# What a raise site may not set, and what every header must be


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize("name", ["Content-Length", "content-encoding", "Transfer-Encoding"])
def test_a_raise_site_sets_no_framing_headers(url, name, api, set_view):
    set_view(ApiError("RESOURCE_CONFLICT", headers={name: "17", "X-Version": "3"}))
    response = api.get(url)
    assert response["X-Version"] == "3"
    assert response.get(name, str(len(response.content))) == str(len(response.content))


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("X-Greeting", "Grüße"),
        ("X-Greeting", "a\x00b"),
        ("X-Greeting", "a\r\nX-Evil: 1"),
        ("X-Greeting", "\u2028"),
        ("X Greeting", "a"),
        ("", "a"),
        ("X-Größe", "a"),
        (7, "Grüße"),
    ],
)
def test_a_header_that_a_server_would_refuse_is_left_out_and_logged(url, name, value, api, set_view, caplog):
    set_view(ApiError("RESOURCE_CONFLICT", headers={name: value, "X-Version": 3}))
    response = api.get(url)
    assert_api_error(response, "RESOURCE_CONFLICT")
    assert response["X-Version"] == "3"
    assert all(text.isascii() and text.isprintable() for pair in response.headers.items() for text in pair)
    assert "cannot be sent" in caplog.text


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_a_link_is_written_in_ascii(url, api, set_view, definition):
    definition(doc_url="https://docs.example/größe/a b\x0b")
    set_view(ApiError("OF_TEST"))
    response = api.get(url)
    assert response["Link"] == '<https://docs.example/gr%C3%B6%C3%9Fe/a%20b%0B>; rel="help"'


def test_the_default_stands_for_a_challenge_that_cannot_be_sent(settings, api, set_view):
    settings.APIERRORS = {"CHALLENGE": 'Bearer realm="Größe"'}
    set_view(ApiError("AUTH_KEY_INVALID"))
    response = api.get("/api/plain")
    assert_api_error(response, "AUTH_KEY_INVALID")
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("/api/allowed/resources", "GET, POST, HEAD, OPTIONS"),  # by DRF
        ("/api/allowed/class", "POST, HEAD, OPTIONS"),
        ("/api/allowed/function", "POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
        ("/api/allowed/returned", "POST, PUT, PATCH, DELETE, HEAD, OPTIONS"),
    ],
)
def test_every_405_says_what_is_allowed(url, allowed, send, set_view):
    set_view(MethodNotAllowed("GET"))
    response = send("get", url)
    assert_api_error(response, "METHOD_NOT_ALLOWED", 405)
    assert response["Allow"] == allowed
