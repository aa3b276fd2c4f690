"""Limits that hold for every path, before anybody is authenticated."""

import logging

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import Client
from django.urls import include, path
from http_sfv import List
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import NotFound
from rest_framework.views import APIView
from support.clients import sender

from django_apierrors.exceptions import ApiError
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.ratelimit import check, ratelimit
from django_apierrors.signals import problem_sent
from django_apierrors.testing import assert_api_error, freeze_window, maintenance_mode, override_error, reset_ratelimits

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)

#: How often somebody was asked who he is.
ASKED = []


class Counting(BaseAuthentication):
    def authenticate(self, request):
        ASKED.append(request)
        raise ApiError("AUTH_KEY_INVALID")


class Private(APIView):
    authentication_classes = [Counting]

    def get(self, request):
        raise AssertionError("nobody gets here")


class Typed(APIView):
    error_format = "typed"

    def get(self, request):
        return HttpResponse("fine")


def plain(request):
    return HttpResponse("fine")


def strict(group, request):
    raise {"own": ApiError("AUTH_KEY_NOT_FOUND"), "drf": NotFound(), "bug": KeyError("tenant")}[request.GET["raise"]]


urlpatterns = [
    path("", include("urls")),
    path("api/counted", Private.as_view()),
    path("api/typed", Typed.as_view()),
    path("api/limited", ratelimit(policy="two")(plain)),
    path("healthz", plain),
    path("own/health", plain),
    path("v1/plain", plain),
]

POLICIES = {
    "five": {"key": "ip", "rate": "5/m"},
    "two": {"key": "ip", "rate": "2/m"},
    "three": {"key": "ip", "rate": "3/m"},
    "never": {"key": "ip", "rate": "0/m"},
    "by_header": {"key": "header:x-api-key", "rate": "1/m"},
    "posts": {"key": "ip", "rate": "0/m", "method": ["POST"]},
    "strict": {"key": strict, "rate": "1/m"},
    "off": {"key": "ip", "rate": None},
}


@pytest.fixture(autouse=True)
def _fresh(settings):
    limit(settings, "five")
    ASKED.clear()
    reset_ratelimits()
    with freeze_window():
        yield


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


@pytest.fixture
def sent():
    """The problems that were announced."""
    found = []

    def receive(problem, response, **kwargs):
        found.append((problem.code, response.status_code))

    problem_sent.connect(receive)
    yield found
    problem_sent.disconnect(receive)


def limit(settings, *names, **given):
    ratelimit = {"POLICIES": POLICIES, "GLOBAL": list(names), **given}
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": ratelimit}


def left(response):
    members = List()
    members.parse(response.headers["RateLimit"].encode("ascii"))
    return {member.value: member.params["r"] for member in members}


def test_the_sixth_of_six_bad_credentials_is_429_before_authentication(send, sent):
    bad = {"headers": {"authorization": "Bearer wrong"}}
    for remaining in (4, 3, 2, 1, 0):
        response = send("get", "/api/counted", **bad)
        assert_api_error(response, "AUTH_KEY_INVALID", 401)
        assert left(response) == {"five": remaining}
    assert len(ASKED) == 5
    response = send("get", "/api/counted", **bad)
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert left(response) == {"five": 0}
    assert 1 <= int(response.headers["Retry-After"]) <= 60
    assert response.json()["error"]["details"]["violated_policies"] == ["five"]
    assert int(response.headers["Content-Length"]) == len(response.content)
    assert len(ASKED) == 5
    assert sent == [*5 * [("AUTH_KEY_INVALID", 401)], ("RATE_TOO_HIGH", 429)]


def test_what_is_not_there_and_what_is_not_allowed_count_too(send):
    found = [
        send(method, url).status_code
        for method, url in [
            ("get", "/api/nothing"),
            ("delete", "/api/orders"),
            ("get", "/site/page"),
            ("get", "/api/plain/unhandled"),
            ("head", "/api/plain/fine"),
            ("get", "/api/plain/fine"),
        ]
    ]
    assert found == [404, 405, 200, 500, 200, 429]


@pytest.mark.parametrize("url", ["/healthz", "/healthz/", "/livez", "/readyz", "/health", "/up"])
def test_exempt_paths_are_never_counted(send, settings, url):
    limit(settings, "never")
    response = send("get", url)
    assert response.status_code != 429
    assert "RateLimit" not in response.headers


def test_exempt_paths_may_be_ones_own(send, settings):
    limit(settings, "never", EXEMPT_PATHS=["/own/health"])
    assert send("get", "/own/health").status_code == 200
    assert send("get", "/own/healthy").status_code == 429
    assert send("get", "/healthz").status_code == 429


def preflights(send, number, **headers):
    """Return the statuses of some preflights for a view that authenticates."""
    asked = {"origin": "https://client.example", "access-control-request-method": "GET", **headers}
    return [send("options", "/api/counted", headers=asked).status_code for _ in range(number)]


def test_preflights_are_counted_by_themselves_at_the_same_rate(send, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "cors" not in name]
    limit(settings, "three")
    assert preflights(send, 5)[3:] == [429, 429]
    found = [send("get", "/api/plain/fine") for _ in range(4)]
    assert [response.status_code for response in found] == [200, 200, 200, 429]
    assert send("options", "/api/counted", headers={"origin": "https://client.example"}).status_code == 429


def test_keys_cannot_be_guessed_by_forged_preflights(send, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "cors" not in name]
    limit(settings, "three")
    for number in range(9):
        preflights(send, 1, authorization=f"Bearer guess-{number}")
    assert len(ASKED) == 3


def test_the_refusal_of_a_preflight_names_the_policy_of_the_settings(send, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "cors" not in name]
    limit(settings, "never")
    asked = {"origin": "https://client.example", "access-control-request-method": "GET"}
    refused = send("options", "/api/private", headers=asked)
    assert_api_error(refused, "RATE_TOO_HIGH", 429)
    assert refused.json()["error"]["details"]["violated_policies"] == ["never"]
    assert '"never"' in refused.headers["RateLimit"]


def test_preflights_during_maintenance_are_limited_too(send, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "cors" not in name]
    limit(settings, "three")
    with maintenance_mode():
        assert preflights(send, 4) == [204, 204, 204, 429]


def test_a_browser_of_another_origin_may_read_the_refusal(send, settings):
    limit(settings, "never")
    response = send("get", "/api/plain/fine", headers={"origin": "https://client.example"})
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert response.headers["Access-Control-Allow-Origin"] == "https://client.example"


@pytest.mark.parametrize("url", ["/api/plain/fine", "/site/page", "/nothing"])
@pytest.mark.parametrize("accept", ["application/json", "text/html", "*/*"])
def test_a_refusal_is_never_a_page(send, settings, url, accept):
    limit(settings, "never")
    assert_api_error(send("get", url, headers={"accept": accept}), "RATE_TOO_HIGH", 429)


def test_the_format_is_that_of_the_view_else_of_the_path_else_the_default(send, settings):
    limit(settings, "never")
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "result", "FORMATS": {"/v1/": "problem", "/site/": None}}
    assert "doc_url" in send("get", "/api/typed").json()["error"]
    assert send("get", "/v1/plain").headers["Content-Type"] == "application/problem+json"
    for url in ("/api/plain/fine", "/site/page", "/nothing"):
        assert send("get", url).json()["result"] == "error"


def test_the_language_is_that_of_the_client(send, settings):
    limit(settings, "never")
    with override_error("RATE_TOO_HIGH", message="Zu viele Anfragen, {retry_after} s."):
        response = send("get", "/api/plain/fine", headers={"accept-language": "de"})
    assert response.json()["error"]["message"].startswith("Zu viele Anfragen, ")
    assert "Accept-Language" in response.headers["Vary"]


def test_a_global_limit_may_count_by_a_header(send, settings):
    limit(settings, "by_header")
    for key in ("ana", "ben"):
        assert send("get", "/api/nothing", headers={"x-api-key": key}).status_code == 404
        assert send("get", "/api/nothing", headers={"x-api-key": key}).status_code == 429


def test_a_global_limit_may_count_some_methods(send, settings):
    limit(settings, "posts")
    assert send("get", "/api/plain/fine").status_code == 200
    assert send("post", "/api/plain/fine").status_code == 429


def test_several_global_limits_are_counted_together_and_with_those_of_the_view(send, settings):
    limit(settings, "five", "by_header", "off")
    response = send("get", "/api/limited", headers={"x-api-key": "ana"})
    assert left(response) == {"five": 4, "by_header": 0, "two": 1}
    response = send("get", "/api/limited", headers={"x-api-key": "ana"})
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert left(response) == {"five": 3, "by_header": 0}
    assert response.json()["error"]["details"]["violated_policies"] == ["by_header"]


def test_a_policy_that_is_global_and_of_the_view_is_told_once_and_counted_twice(send, settings):
    limit(settings, "two")
    response = send("get", "/api/limited")
    assert response.status_code == 200
    assert left(response) == {"two": 0}
    assert send("get", "/api/limited").status_code == 429


def test_maintenance_comes_first_and_does_not_count(send):
    with maintenance_mode():
        for _ in range(7):
            assert_api_error(send("get", "/api/plain/fine"), "MAINTENANCE", 503)
    assert left(send("get", "/api/plain/fine")) == {"five": 4}


def test_what_a_read_only_window_lets_through_is_limited(send, settings, sent):
    limit(settings, "two")
    with maintenance_mode(mode="read_only"):
        found = [send("get", "/api/plain/fine") for _ in range(3)]
    assert [response.status_code for response in found] == [200, 200, 429]
    assert [response.headers["X-Maintenance"] for response in found] == 3 * ["read-only"]
    assert sent == [("RATE_TOO_HIGH", 429)]


def test_refusals_are_warnings_of_django_and_never_errors(send, settings, caplog):
    limit(settings, "never")
    send("get", "/api/plain/fine")
    assert [record.levelno for record in caplog.records if record.name == "django.request"] == [logging.WARNING]
    assert all(record.levelno < logging.ERROR for record in caplog.records)


@pytest.mark.parametrize(
    ("what", "code", "status"), [("own", "AUTH_KEY_NOT_FOUND", 401), ("drf", "RESOURCE_NOT_FOUND", 404)]
)
def test_a_key_may_refuse_a_request_itself(send, settings, what, code, status):
    limit(settings, "strict")
    assert_api_error(send("get", f"/api/plain/fine?raise={what}"), code, status)


def test_a_key_that_fails_is_a_500_as_any_fault_of_the_project(send, settings, caplog):
    limit(settings, "strict")
    assert_api_error(send("get", "/api/plain/fine?raise=bug"), "INTERNAL_SERVER_ERROR", 500)
    assert [record.exc_info[0] for record in caplog.records if record.levelno == logging.ERROR] == [KeyError]


def test_an_unknown_global_limit_stops_the_server_from_starting(settings):
    limit(settings, "five", "fvie")
    with pytest.raises(ImproperlyConfigured, match="no rate limit policy 'fvie'"):
        ApiErrorMiddleware(plain)


@pytest.mark.parametrize("kind", ["off", "draft+legacy"])
def test_the_headers_of_a_refusal_are_as_the_settings_say(send, settings, kind):
    limit(settings, "never", HEADERS=kind)
    response = send("get", "/api/plain/fine")
    assert ("RateLimit" in response.headers) is ("X-RateLimit-Limit" in response.headers) is (kind != "off")
    assert "Retry-After" in response.headers


def test_a_limit_checked_in_another_middleware_is_429(send, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.checking"]
    limit(settings, POLICIES=POLICIES)
    response = send("get", "/api/plain/fine")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert left(response) == {"never": 0}
    assert "Retry-After" in response.headers


def checking(get_response):
    def middleware(request):
        check(request, "never")
        return get_response(request)

    return middleware


def test_nothing_is_counted_without_global_limits(send, settings):
    limit(settings)
    response = send("get", "/api/plain/fine")
    assert response.status_code == 200
    assert "RateLimit" not in response.headers


def test_an_overridden_setting_counts_at_once(settings):
    client = Client()
    assert client.get("/api/plain/fine").status_code == 200
    limit(settings, "never")
    assert client.get("/api/plain/fine").status_code == 429
    limit(settings)
    assert client.get("/api/plain/fine").status_code == 200


def test_clients_of_different_addresses_are_counted_apart(settings):
    limit(settings, "two")
    for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
        client = Client(REMOTE_ADDR=address)
        assert [client.get("/api/plain/fine").status_code for _ in range(3)] == [200, 200, 429]
