"""Every error, in every format, sync and async, has one shape."""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.core import exceptions as django_exceptions
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpResponse, HttpResponseBadRequest, StreamingHttpResponse
from django.test import AsyncClient, Client
from rest_framework import exceptions as drf_exceptions
from rest_framework.response import Response

from django_apierrors.codes import phrase
from django_apierrors.exceptions import ApiError, ParamNotFound, ServiceUnavailable
from django_apierrors.testing import maintenance_mode

REQUEST_ID = "5e1f0a9c-2b7d-4c63-8f10-9d4b6a7e3c21"
FORMATS = ("nested", "result", "detailed", "described", "oauth2", "typed", "problem", "standardized")

# What formats.md says, written down a second time: a test that asked the package would agree with anything.
KEYS = {
    "nested": {"code", "httpCode", "message"},
    "result": {"result", "message"},
    "detailed": {"code", "message"},
    "described": {"message", "description"},
    "oauth2": {"error", "error_description"},
    "typed": {"type", "code", "message", "param", "doc_url", "request_id"},
    "problem": {"type", "title", "status", "detail", "instance", "code", "request_id"},
    "standardized": {"type", "errors"},
}
IN_ENVELOPE = {"nested", "detailed", "typed"}
DETAILED_NAMES = {
    "REQUEST_MALFORMED": "INVALID_REQUEST",
    "PARAM_NOT_FOUND": "INVALID_REQUEST",
    "VALIDATION_FAILED": "INVALID_REQUEST",
    "AUTH_KEY_NOT_FOUND": "UNAUTHENTICATED",
    "AUTH_KEY_INVALID": "UNAUTHENTICATED",
    "ENDPOINT_NOT_FOUND": "RESOURCE_NOT_FOUND",
    "RATE_TOO_HIGH": "RATE_LIMIT_EXCEEDED",
    "MAINTENANCE": "SERVICE_UNAVAILABLE",
}
STANDARDIZED_NAMES = {
    "REQUEST_MALFORMED": "parse_error",
    "AUTH_KEY_NOT_FOUND": "not_authenticated",
    "AUTH_KEY_INVALID": "authentication_failed",
    "CSRF_FAILED": "permission_denied",
    "RESOURCE_NOT_FOUND": "not_found",
    "ENDPOINT_NOT_FOUND": "not_found",
    "RATE_TOO_HIGH": "throttled",
    "INTERNAL_SERVER_ERROR": "error",
}
OAUTH_NAMES = {401: "invalid_client", 429: "temporarily_unavailable", 503: "temporarily_unavailable"}
TYPES = {401: "auth_error", 403: "auth_error", 429: "rate_limit_error"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One way for an error to come about, and what its response is in every format."""

    name: str
    code: str
    status: int
    path: str = "/api/plain"
    method: str = "get"
    send: Mapping[str, Any] = field(default_factory=dict)  # arguments of the client's method
    headers: Mapping[str, str] = field(default_factory=dict)  # of the request
    cookies: Mapping[str, str] = field(default_factory=dict)
    view: Callable[[Any], Any] | None = None  # what the view does, given the request
    settings: Mapping[str, Any] = field(default_factory=dict)
    middleware: tuple[str, ...] = ()  # put below ours
    outer: tuple[str, ...] = ()  # put above ours
    checks_csrf: bool = False
    response_headers: Mapping[str, str] = field(default_factory=dict)  # besides those of every error
    window: Mapping[str, Any] | None = None  # of maintenance, which is on meanwhile
    has_errors: bool = False  # a validation problem: formats list its errors
    first_code: str = ""  # the code of formats that speak of the first error only
    has_details: bool = False

    def __str__(self):
        return self.name


def raising(cls, *args, **kwargs):
    """Return a view that raises; the exception is a new one each time."""

    def view(request):
        raise cls(*args, **kwargs)

    return view


def returning(cls, *args, headers=None, **kwargs):
    """Return a view that returns a response."""

    def view(request):
        response = cls(*args, **kwargs)
        for name, value in (headers or {}).items():
            response[name] = value
        return response

    return view


def reading_the_body(request):
    return HttpResponse(request.body)


def reading_the_form(request):
    return HttpResponse(str(len(request.POST)))


BEARER = {"WWW-Authenticate": "Bearer "}
JSON = "application/json"
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

#: Exceptions that mean the same in every view.
RAISED = [
    Case(name="ParseError", view=raising(drf_exceptions.ParseError), code="REQUEST_MALFORMED", status=400),
    Case(
        name="ValidationError of DRF",
        view=raising(drf_exceptions.ValidationError, {"amount": ["Too small."], "to": ["Unknown."]}),
        code="VALIDATION_FAILED",
        status=400,
        has_errors=True,
    ),
    Case(
        name="NotAuthenticated",
        view=raising(drf_exceptions.NotAuthenticated),
        code="AUTH_KEY_NOT_FOUND",
        status=401,
        response_headers=BEARER,
    ),
    Case(
        name="AuthenticationFailed",
        view=raising(drf_exceptions.AuthenticationFailed, "secret"),
        code="AUTH_KEY_INVALID",
        status=401,
        response_headers=BEARER,
    ),
    Case(
        name="PermissionDenied of DRF",
        view=raising(drf_exceptions.PermissionDenied, "secret"),
        code="PERMISSION_DENIED",
        status=403,
    ),
    Case(
        name="CSRF failure of SessionAuthentication",
        view=raising(drf_exceptions.PermissionDenied, "CSRF Failed: secret"),
        code="CSRF_FAILED",
        status=403,
    ),
    Case(name="NotFound", view=raising(drf_exceptions.NotFound, "secret"), code="RESOURCE_NOT_FOUND", status=404),
    Case(
        name="MethodNotAllowed",
        view=raising(drf_exceptions.MethodNotAllowed, "secret"),
        code="METHOD_NOT_ALLOWED",
        status=405,
    ),
    Case(name="NotAcceptable", view=raising(drf_exceptions.NotAcceptable), code="NOT_ACCEPTABLE", status=406),
    Case(
        name="UnsupportedMediaType",
        view=raising(drf_exceptions.UnsupportedMediaType, "text/secret"),
        code="UNSUPPORTED_MEDIA_TYPE",
        status=415,
    ),
    Case(
        name="Throttled",
        view=raising(drf_exceptions.Throttled, wait=12.3),
        code="RATE_TOO_HIGH",
        status=429,
        response_headers={"Retry-After": "13"},
    ),
    Case(
        name="APIException",
        view=raising(drf_exceptions.APIException, "secret"),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
    Case(
        name="ApiError",
        view=raising(ApiError, "RESOURCE_CONFLICT", "Version 3 is newer.", details={"version": 3}),
        code="RESOURCE_CONFLICT",
        status=409,
        has_details=True,
    ),
    Case(
        name="ApiError with a status and headers",
        view=raising(ApiError, "UNPROCESSABLE_REQUEST", status=418, headers={"X-Tea": "yes"}),
        code="UNPROCESSABLE_REQUEST",
        status=418,
        response_headers={"X-Tea": "yes"},
    ),
    Case(
        name="ParamNotFound",
        view=raising(ParamNotFound, "amount"),
        code="PARAM_NOT_FOUND",
        status=400,
        has_errors=True,
    ),
    Case(
        name="ServiceUnavailable",
        view=raising(ServiceUnavailable, 30),
        code="SERVICE_UNAVAILABLE",
        status=503,
        response_headers={"Retry-After": "30"},
    ),
    Case(name="Http404", view=raising(Http404, "secret", "more", 3), code="RESOURCE_NOT_FOUND", status=404),
    Case(
        name="PermissionDenied of Django",
        view=raising(django_exceptions.PermissionDenied, "secret"),
        code="PERMISSION_DENIED",
        status=403,
    ),
    Case(
        name="ValidationError of Django",
        view=raising(django_exceptions.ValidationError, {"amount": ["Too small."]}),
        code="VALIDATION_FAILED",
        status=400,
        has_errors=True,
    ),
    Case(
        name="SuspiciousOperation",
        view=raising(django_exceptions.SuspiciousOperation, "secret"),
        code="INVALID_REQUEST",
        status=400,
    ),
    Case(name="BadRequest", view=raising(django_exceptions.BadRequest, "secret"), code="INVALID_REQUEST", status=400),
    Case(
        name="TooManyFieldsSent",
        view=raising(django_exceptions.TooManyFieldsSent, "secret"),
        code="INVALID_REQUEST",
        status=400,
    ),
    Case(
        name="RequestDataTooBig",
        view=raising(django_exceptions.RequestDataTooBig, "secret"),
        code="PAYLOAD_TOO_LARGE",
        status=413,
    ),
    Case(name="ProtectedError", view=raising(ProtectedError, "secret", set()), code="RESOURCE_CONFLICT", status=409),
    Case(name="RestrictedError", view=raising(RestrictedError, "secret", set()), code="RESOURCE_CONFLICT", status=409),
    Case(
        name="unhandled exception",
        view=raising(ZeroDivisionError, "secret"),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
]

#: What DRF itself finds wrong with a request.
FOUND_BY_DRF = [
    Case(
        name="broken body",
        path="/api/orders",
        method="post",
        send={"data": '{"customer": ', "content_type": JSON},
        code="REQUEST_MALFORMED",
        status=400,
    ),
    Case(
        name="invalid values",
        path="/api/orders",
        method="post",
        send={"data": {"customer": "far too long a name", "email": "x"}, "content_type": JSON},
        code="VALIDATION_FAILED",
        status=400,
        has_errors=True,
    ),
    Case(
        name="missing value",
        path="/api/orders",
        method="post",
        send={"data": {}, "content_type": JSON},
        code="PARAM_NOT_FOUND",
        status=400,
        has_errors=True,
    ),
    Case(
        name="several errors of which the first is a missing value",
        path="/api/orders",
        method="post",
        send={"data": {"email": "x"}, "content_type": JSON},
        code="VALIDATION_FAILED",
        first_code="PARAM_NOT_FOUND",
        status=400,
        has_errors=True,
    ),
    Case(
        name="errors returned by the view",
        path="/api/orders",
        method="put",
        send={"data": {"customer": "far too long a name", "email": "x"}, "content_type": JSON},
        code="VALIDATION_FAILED",
        status=400,
        has_errors=True,
    ),
    Case(
        name="no key",
        path="/api/private",
        code="AUTH_KEY_NOT_FOUND",
        status=401,
        response_headers={"WWW-Authenticate": 'Bearer realm="shop"'},
    ),
    Case(
        name="wrong key",
        path="/api/private",
        headers={"Authorization": "Bearer secret"},
        code="AUTH_KEY_INVALID",
        status=401,
        response_headers={"WWW-Authenticate": 'Bearer realm="shop", error="invalid_token"'},
    ),
    Case(
        name="wrong method",
        path="/api/drf",
        method="delete",
        code="METHOD_NOT_ALLOWED",
        status=405,
        response_headers={"Allow": "GET, POST, HEAD, OPTIONS"},
    ),
    Case(
        name="unacceptable type",
        path="/api/drf",
        headers={"Accept": "image/png"},
        code="NOT_ACCEPTABLE",
        status=406,
    ),
    Case(
        name="unknown ?format=",
        path="/api/drf?format=secret",
        code="RESOURCE_NOT_FOUND",
        status=404,
    ),
    Case(
        name="unsupported type of body",
        path="/api/orders",
        method="post",
        send={"data": "a;b", "content_type": "text/csv"},
        code="UNSUPPORTED_MEDIA_TYPE",
        status=415,
    ),
    Case(
        name="StopIteration of a DRF view",
        path="/api/drf",
        view=raising(StopIteration, "secret"),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
    *(
        Case(name=f"failure in {where}", path=f"/api/broken/{where}", code="INTERNAL_SERVER_ERROR", status=500)
        for where in ("initialize_request", "get_exception_handler", "finalize_response")
    ),
    Case(
        name="data that cannot be serialised",
        path="/api/drf",
        view=returning(Response, {"secret": object()}),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
    Case(
        name="NaN",
        path="/api/drf",
        view=returning(Response, {"secret": float("nan")}),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
    Case(
        name="empty 404 of a DRF view",
        path="/api/drf",
        view=returning(Response, status=404),
        code="RESOURCE_NOT_FOUND",
        status=404,
    ),
]

#: What Django finds wrong, and what a plain view returns.
FOUND_BY_DJANGO = [
    Case(name="unmatched URL", path="/api/nowhere", code="ENDPOINT_NOT_FOUND", status=404),
    Case(
        name="wrong method of a class view",
        path="/api/class",
        method="post",
        code="METHOD_NOT_ALLOWED",
        status=405,
        response_headers={"Allow": "GET, HEAD, OPTIONS"},
    ),
    Case(
        name="StopIteration of an async view",
        path="/api/async",
        view=raising(StopIteration, "secret"),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
    Case(name="CSRF failure", method="post", checks_csrf=True, code="CSRF_FAILED", status=403),
    Case(
        name="CSRF failure without our view for it",
        method="post",
        checks_csrf=True,
        settings={"CSRF_FAILURE_VIEW": "django.views.csrf.csrf_failure"},
        code="PERMISSION_DENIED",
        status=403,
    ),
    Case(
        name="unknown host",
        headers={"Host": "secret.example"},
        code="INVALID_REQUEST",
        status=400,
    ),
    Case(
        name="unknown host met above our middleware",
        headers={"Host": "secret.example"},
        outer=("django.middleware.common.CommonMiddleware",),
        code="INVALID_REQUEST",
        status=400,
    ),
    Case(
        name="oversized body",
        method="post",
        send={"data": b"x" * 11, "content_type": "application/octet-stream"},
        view=reading_the_body,
        settings={"DATA_UPLOAD_MAX_MEMORY_SIZE": 10},
        code="PAYLOAD_TOO_LARGE",
        status=413,
    ),
    Case(
        name="oversized form met by the CSRF check",
        method="post",
        checks_csrf=True,
        send={"data": "a=12345678901234567890", "content_type": "application/x-www-form-urlencoded"},
        cookies={"csrftoken": "a" * 32},
        settings={"DATA_UPLOAD_MAX_MEMORY_SIZE": 10},
        code="PAYLOAD_TOO_LARGE",
        status=413,
    ),
    Case(
        name="oversized form met by the CSRF check without our error views",
        method="post",
        checks_csrf=True,
        send={"data": "a=12345678901234567890", "content_type": "application/x-www-form-urlencoded"},
        cookies={"csrftoken": "a" * 32},
        settings={"DATA_UPLOAD_MAX_MEMORY_SIZE": 10, "ROOT_URLCONF": "support.urls_without_handlers"},
        code="PAYLOAD_TOO_LARGE",
        status=413,
    ),
    Case(
        name="too many fields",
        method="post",
        send={"data": "a=1&b=2&c=3", "content_type": "application/x-www-form-urlencoded"},
        view=reading_the_form,
        settings={"DATA_UPLOAD_MAX_NUMBER_FIELDS": 2},
        code="INVALID_REQUEST",
        status=400,
    ),
    Case(
        name="multipart body without a boundary",
        method="post",
        send={"data": b"x", "content_type": "multipart/form-data"},
        view=reading_the_form,
        code="REQUEST_MALFORMED",
        status=400,
    ),
    *(
        Case(name=f"empty {status} of a view", view=returning(HttpResponse, status=status), code=code, status=status)
        for status, code in {
            400: "INVALID_REQUEST",
            404: "RESOURCE_NOT_FOUND",
            410: "GONE",
            418: "INVALID_REQUEST",
            500: "INTERNAL_SERVER_ERROR",
            507: "INTERNAL_SERVER_ERROR",
        }.items()
    ),
    Case(
        name="empty 503 that names a wait",
        view=returning(HttpResponse, status=503, headers={"Retry-After": "120"}),
        code="SERVICE_UNAVAILABLE",
        status=503,
        response_headers={"Retry-After": "120"},
    ),
    Case(
        name="empty 401 that names a challenge",
        view=returning(HttpResponse, status=401, headers={"WWW-Authenticate": 'Digest realm="vault"'}),
        code="AUTH_KEY_NOT_FOUND",
        status=401,
        response_headers={"WWW-Authenticate": 'Digest realm="vault"'},
    ),
    Case(
        name="text returned to a client that did not ask for HTML",
        view=returning(HttpResponseBadRequest, "secret"),
        code="INVALID_REQUEST",
        status=400,
    ),
    Case(
        name="streamed text",
        view=returning(StreamingHttpResponse, [b"sec", b"ret"], status=502, content_type="text/plain"),
        code="BAD_GATEWAY",
        status=502,
    ),
    Case(
        name="404 under a URLconf of the request",
        path="/api/nowhere",
        middleware=("shop.middleware.bare_urlconf",),
        code="ENDPOINT_NOT_FOUND",
        status=404,
    ),
    Case(
        name="500 under a URLconf of the request",
        middleware=("shop.middleware.bare_urlconf",),
        view=raising(ZeroDivisionError, "secret"),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
]

#: What other middleware raises, above ours and below, before the view and after it.
RAISED_BY_MIDDLEWARE = [
    Case(
        name=f"{name} of a middleware {place} ours, {when.replace('_', ' ')}",
        view=view,
        code=code,
        status=status,
        outer=(f"shop.middleware.{when}",) if place == "above" else (),
        middleware=(f"shop.middleware.{when}",) if place == "below" else (),
        path="/api/plain/fine",
    )
    for place in ("above", "below")
    for when in ("before_the_view", "after_the_view")
    for name, view, code, status in (
        ("Http404", raising(Http404, "secret"), "RESOURCE_NOT_FOUND", 404),
        ("ApiError", raising(ApiError, "RESOURCE_CONFLICT"), "RESOURCE_CONFLICT", 409),
        ("PermissionDenied", raising(drf_exceptions.PermissionDenied, "secret"), "PERMISSION_DENIED", 403),
        ("SuspiciousOperation", raising(django_exceptions.SuspiciousOperation, "secret"), "INVALID_REQUEST", 400),
        ("ZeroDivisionError", raising(ZeroDivisionError, "secret"), "INTERNAL_SERVER_ERROR", 500),
    )
]

#: Refused during maintenance, whatever else would be wrong with the request.
REFUSED = [
    Case(name="maintenance", window={}, code="MAINTENANCE", status=503, response_headers={"Retry-After": "300"}),
    *(
        Case(
            name=f"maintenance, and {name}",
            path=path,
            method=method,
            headers=headers,
            window={"status_url": "https://status.example"},
            code="MAINTENANCE",
            status=503,
            response_headers={"Retry-After": "300"},
            has_details=True,
        )
        for name, method, path, headers in (
            ("an unmatched URL", "get", "/api/nowhere", {}),
            ("a wrong method", "delete", "/api/drf", {}),
            ("an unacceptable type", "get", "/api/drf", {"Accept": "image/png"}),
            ("an unknown ?format=", "get", "/api/drf?format=secret", {}),
            ("a view that would fail", "get", "/api/broken/initialize_request", {}),
        )
    ),
    Case(
        name="a change in a read-only window",
        method="post",
        window={"mode": "read_only", "path_prefixes": ["/api"], "methods": ["POST"]},
        code="READ_ONLY",
        status=503,
        response_headers={"Retry-After": "300"},
    ),
]

VIEWS = ("/api/drf", "/api/plain", "/api/async", "/api/class")

#: One case of each kind of body and of headers: nothing of its own, errors, details, a challenge, a wait, a 500.
ONE_OF_EACH_BODY = [
    case
    for case in (*RAISED, *FOUND_BY_DRF, *FOUND_BY_DJANGO)
    if case.name
    in (
        *("unmatched URL", "several errors of which the first is a missing value", "ApiError", "wrong key"),
        *("Throttled", "unhandled exception"),
    )
]


def arrange_and_send(case, settings, make_views, *, is_async):
    """Set up what a case needs, send its request and return the response."""
    for name, value in case.settings.items():
        setattr(settings, name, value)
    settings.MIDDLEWARE = [*case.outer, *settings.MIDDLEWARE, *case.middleware]
    if case.view:
        make_views(case.view)
    with contextlib.nullcontext() if case.window is None else maintenance_mode(**case.window):
        return send(case, is_async=is_async)


def send(case, *, is_async, **headers):
    client = (AsyncClient if is_async else Client)(raise_request_exception=False, enforce_csrf_checks=case.checks_csrf)
    client.cookies.load(dict(case.cookies))
    method = getattr(client, case.method)
    call = async_to_sync(method) if is_async else method
    return call(case.path, **case.send, headers={"X-Request-ID": REQUEST_ID, **case.headers, **headers})


def assert_shape(response, case, format_):
    """Assert all that formats.md promises of one answer."""
    code, lists_errors = case.code, format_ in ("nested", "detailed", "typed", "problem", "standardized")
    if not lists_errors and case.first_code:
        code = case.first_code
    assert (response.status_code, response.headers["X-Error-Code"]) == (case.status, code)
    assert_headers(response, case, format_)
    body = json.loads(response.content)
    assert_keys(body, case, format_)
    # A host that is not allowed must not come back in a URL.
    page = None if "Host" in case.headers else f"http://testserver/errors/{code}/"
    assert response.headers.get("Link") == (page and f'<{page}>; rel="help"')
    assert written(body, format_) == expected(code, case.status, format_, page)
    assert b"secret" not in response.content


def assert_headers(response, case, format_):
    headers = response.headers
    assert headers["X-Request-ID"] == REQUEST_ID
    assert headers["Cache-Control"] == "no-store"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Type"] == ("application/problem+json" if format_ == "problem" else "application/json")
    assert headers["Content-Length"] == str(len(response.content))
    assert ("Pragma" in headers) == (format_ == "oauth2")
    assert ("Retry-After" in headers) == ("Retry-After" in case.response_headers)
    assert ("WWW-Authenticate" in headers) == (case.status == 401)
    for name, value in case.response_headers.items():
        # The realm is the authenticator's or the project's; its value is asserted where one of them speaks.
        assert headers[name].startswith(value) if value == BEARER.get(name) else headers[name] == value


def assert_keys(body, case, format_):
    keys = set(KEYS[format_])
    if format_ in IN_ENVELOPE:
        assert set(body) == {"error"}
        body = body["error"]
    if case.has_details and format_ in IN_ENVELOPE | {"problem"}:
        keys.add("details")
    if case.has_errors and format_ in ("nested", "typed", "problem"):
        keys.add("errors")
    if case.has_errors and format_ == "detailed":
        keys.add("details")
        assert set(body["details"]) == {"fields"}
    assert set(body) == keys


def written(body, format_):
    """Return what a body says about code, status and type, as far as its format says it."""
    match format_:
        case "nested":
            return body["error"]["code"], body["error"]["httpCode"]
        case "result":
            return body["result"]
        case "detailed":
            return body["error"]["code"]
        case "described":
            return body["message"]
        case "oauth2":
            return body["error"]
        case "typed":
            return body["error"]["code"], body["error"]["type"], body["error"]["request_id"], body["error"]["doc_url"]
        case "problem":
            return body["code"], body["status"], body["request_id"], body["instance"], body["type"]
        case "standardized":
            # Of values that were not accepted each has a code of its own.
            listed = [error["code"] for error in body["errors"] if body["type"] != "validation_error"]
            return body["type"], listed


def expected(code, status, format_, page):
    """Return what a body must say."""
    match format_:
        case "nested":
            return code, status
        case "result":
            return "error"
        case "detailed":
            return DETAILED_NAMES.get(code, code)
        case "described":
            return f"{status} {phrase(status)}"
        case "oauth2":
            return OAUTH_NAMES.get(status, "server_error" if status >= 500 else "invalid_request")
        case "typed":
            type_ = TYPES.get(status, "api_error" if status >= 500 else "validation_error")
            return code, type_, REQUEST_ID, page
        case "problem":
            return code, status, REQUEST_ID, f"urn:uuid:{REQUEST_ID}", page or "about:blank"
        case "standardized":
            return expected_of_standardized(code, status)


def expected_of_standardized(code, status):
    if code in ("VALIDATION_FAILED", "PARAM_NOT_FOUND"):
        return "validation_error", []
    return "client_error" if status < 500 else "server_error", [STANDARDIZED_NAMES.get(code, code.lower())]


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def is_async(request):
    return request.param


@pytest.fixture(params=["nested", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in FORMATS[1:])])
def format_(request, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": request.param}
    return request.param


@pytest.fixture
def get_response(settings, set_view):
    def arranged(case, *, is_async):
        return arrange_and_send(case, settings, set_view, is_async=is_async)

    return arranged


@pytest.mark.parametrize("path", VIEWS)
@pytest.mark.parametrize("case", RAISED, ids=str)
def test_an_exception_means_the_same_in_every_view(case, path, format_, is_async, get_response):
    response = get_response(replace(case, path=path), is_async=is_async)
    assert_shape(response, case, format_)


@pytest.mark.parametrize("case", [*FOUND_BY_DRF, *FOUND_BY_DJANGO], ids=str)
def test_what_the_frameworks_find_wrong_is_structured(case, format_, is_async, get_response):
    assert_shape(get_response(case, is_async=is_async), case, format_)


@pytest.mark.parametrize("case", RAISED_BY_MIDDLEWARE, ids=str)
def test_what_other_middleware_raises_is_structured(case, format_, is_async, get_response):
    assert_shape(get_response(case, is_async=is_async), case, format_)


@pytest.mark.parametrize("case", REFUSED, ids=str)
def test_what_maintenance_refuses_is_structured(case, format_, is_async, get_response):
    assert_shape(get_response(case, is_async=is_async), case, format_)


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_has_one_shape(name, is_async, settings, get_response):
    """The part of the product of cases and formats that is not exhaustive."""
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": name}
    for case in ONE_OF_EACH_BODY:
        assert_shape(get_response(case, is_async=is_async), case, name)


#: What no view of ours is asked to answer under DEBUG, or without the import in the root URLconf.
BELOW = [case for case in RAISED_BY_MIDDLEWARE if not case.outer]


@pytest.mark.parametrize("case", BELOW, ids=str)
def test_what_middleware_below_ours_raises_needs_no_error_views(case, is_async, get_response, settings):
    settings.ROOT_URLCONF = "support.urls_without_handlers"
    assert_shape(get_response(case, is_async=is_async), without_error_views(case), "nested")


@pytest.mark.parametrize(
    "case",
    [
        *(replace(case, path=VIEWS[0]) for case in RAISED),
        *(
            pytest.param(replace(case, path=path), marks=pytest.mark.exhaustive)
            for case in RAISED
            for path in VIEWS[1:]
        ),
        *FOUND_BY_DRF,
        *(case for case in FOUND_BY_DJANGO if not case.outer),
        *BELOW,
        *REFUSED,
    ],
    ids=lambda case: f"{case} at {case.path}",
)
def test_debug_changes_no_status_and_no_shape_but_that_of_a_500(case, is_async, get_response, settings):
    settings.DEBUG = True
    response = get_response(case, is_async=is_async)
    assert response.status_code == case.status
    if case.status != 500:
        assert_shape(response, without_error_views(case), "nested")


def without_error_views(case):
    # Before the URL is resolved, Django's page of an Http404 is that of an unmatched URL.
    unresolved = case.middleware == ("shop.middleware.before_the_view",) and case.status == 404
    return replace(case, code="ENDPOINT_NOT_FOUND") if unresolved else case


#: A browser may be shown text that a view wrote, the browsable API has a page for an empty answer,
#: and the type that a browser accepts is not unacceptable.
NOT_FOR_A_BROWSER = {
    "empty 404 of a DRF view",
    "streamed text",
    "text returned to a client that did not ask for HTML",
    "unacceptable type",
}


@pytest.mark.parametrize(
    "case",
    [case for case in (*FOUND_BY_DRF, *FOUND_BY_DJANGO, *REFUSED) if case.name not in NOT_FOR_A_BROWSER],
    ids=str,
)
def test_a_browser_gets_the_same_status_and_headers(case, is_async, get_response):
    response = get_response(replace(case, headers={**case.headers, "Accept": BROWSER}), is_async=is_async)
    assert (response.status_code, response.headers["X-Error-Code"]) == (case.status, case.code)
    if response.headers["Content-Type"] == "text/html; charset=utf-8":
        # The browsable API of DRF shows the same error as a page.
        assert response.headers["X-Request-ID"] == REQUEST_ID
        assert f"&quot;httpCode&quot;: {case.status}" in response.content.decode()
    else:
        assert_shape(response, case, "nested")


# Whose errors are structured.

WEBSITE = [
    Case(name="unmatched URL", path="/site/nowhere", code="ENDPOINT_NOT_FOUND", status=404),
    Case(name="Http404", path="/site/plain", view=raising(Http404), code="RESOURCE_NOT_FOUND", status=404),
    Case(
        name="PermissionDenied",
        path="/site/plain",
        view=raising(django_exceptions.PermissionDenied),
        code="PERMISSION_DENIED",
        status=403,
    ),
    Case(
        name="BadRequest",
        path="/site/async",
        view=raising(django_exceptions.BadRequest),
        code="INVALID_REQUEST",
        status=400,
    ),
    Case(
        name="unhandled exception",
        path="/site/async",
        view=raising(ZeroDivisionError),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    ),
    Case(name="wrong method", path="/site/class", method="post", code="METHOD_NOT_ALLOWED", status=405),
    Case(name="CSRF failure", path="/site/plain", method="post", checks_csrf=True, code="CSRF_FAILED", status=403),
    Case(name="empty 410", path="/site/plain", view=returning(HttpResponse, status=410), code="GONE", status=410),
]


def assert_same_answer(one, other):
    assert one.status_code == other.status_code
    assert dict(one.headers) == dict(other.headers)
    assert one.getvalue() == other.getvalue()


@pytest.mark.parametrize("accept", [BROWSER, "text/html", "*/*", "text/html, application/json;q=0.9", ""])
@pytest.mark.parametrize("case", WEBSITE, ids=str)
def test_errors_of_a_website_are_exactly_those_of_django(case, accept, is_async, get_response, bare):
    asking = replace(case, headers={"Accept": accept})
    ours = get_response(asking, is_async=is_async)
    bare()
    assert_same_answer(ours, send(asking, is_async=is_async))


@pytest.mark.parametrize(
    "accept",
    [
        JSON,
        "application/problem+json",
        "application/vnd.api+json",
        "application/json; charset=utf-8",
        'application/json; profile="a,b"; q=0.9, text/html;q=0.5',
    ],
)
@pytest.mark.parametrize("case", WEBSITE, ids=str)
def test_errors_of_a_website_are_structured_for_a_client_that_prefers_json(case, accept, is_async, get_response):
    response = get_response(replace(case, headers={"Accept": accept}), is_async=is_async)
    assert_shape(response, case, "nested")
    assert "Accept" in response.headers["Vary"].split(", ")


@pytest.mark.parametrize("accept", ["text/html", "*/*", JSON])
def test_errors_of_a_drf_view_are_structured_wherever_it_is_mounted(accept, is_async, get_response):
    case = Case(
        name="unhandled exception of a DRF view",
        path="/site/drf",
        headers={"Accept": accept},
        view=raising(ZeroDivisionError),
        code="INTERNAL_SERVER_ERROR",
        status=500,
    )
    assert_shape(get_response(case, is_async=is_async), case, "nested")


# Which format answers.

LEFT_ALONE = [
    *(
        replace(case, path=path)
        for case in RAISED
        if case.name in ("NotFound", "Http404", "Throttled", "ValidationError of DRF", "BadRequest", "ProtectedError")
        for path in ("/api/drf", "/api/plain", "/api/async")
    ),
    # DRF alone never answers a StopIteration under ASGI before Python 3.13.
    *(case for case in FOUND_BY_DRF if case.name != "StopIteration of a DRF view"),
    *FOUND_BY_DJANGO,
]


@pytest.mark.parametrize("case", LEFT_ALONE, ids=lambda case: f"{case} at {case.path}")
def test_errors_of_a_path_without_a_format_are_exactly_those_of_django_and_drf(
    case, is_async, get_response, settings, bare
):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/api/": None}}
    ours = get_response(case, is_async=is_async)
    bare()
    assert_same_answer(ours, send(case, is_async=is_async))


PREFIXES = {"/api/": "detailed", "/api/drf": "result", "/api/drf/throttled/": "described", "/shop": "problem"}


@pytest.mark.parametrize(
    ("path", "format_"),
    [
        ("/api/nowhere", "detailed"),
        ("/api", "detailed"),
        ("/api/drf", "result"),
        ("/api/drf/unhandled", "result"),
        ("/api/drf/throttled", "described"),
        ("/api/drfs", "detailed"),
        ("/shop", "problem"),
        ("/shop/nowhere", "problem"),
    ],
)
def test_the_longest_prefix_that_ends_at_a_segment_picks_the_format(path, format_, is_async, set_view, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": PREFIXES}
    set_view(raising(Http404))
    response = send(Case(name="", path=path, code="", status=0), is_async=is_async)
    assert_body_is_of(response, format_)


def test_a_path_that_only_begins_like_a_prefix_is_no_api_path(is_async, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": PREFIXES}
    for path in ("/shops", "/apis"):
        response = send(Case(name="", path=path, code="", status=0), is_async=is_async)
        assert response.headers["Content-Type"].startswith("text/html")


@pytest.mark.parametrize("view", [raising(ApiError), raising(ZeroDivisionError), returning(HttpResponse, status=500)])
@pytest.mark.parametrize("path", ["/api/typed/drf", "/api/typed/class", "/api/typed/plain"])
@pytest.mark.parametrize("formats", [{}, {"/api/": "result"}, {"/api/": None}], ids=str)
def test_the_format_of_a_view_beats_that_of_its_path(formats, path, view, is_async, set_view, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "described", "FORMATS": formats}
    set_view(view)
    response = send(Case(name="", path=path, code="", status=0), is_async=is_async)
    assert response.headers["X-Error-Code"] == "INTERNAL_SERVER_ERROR"
    assert_body_is_of(response, "typed")


def test_the_format_of_a_path_beats_the_default(is_async, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "described", "FORMATS": {"/api/drf": "typed"}}
    for path, format_ in {"/api/drf/throttled": "typed", "/api/plain/throttled": "described"}.items():
        assert_body_is_of(send(Case(name="", path=path, code="", status=0), is_async=is_async), format_)


def assert_body_is_of(response, format_):
    body = json.loads(response.content)
    assert KEYS[format_] == set(body["error"] if format_ in IN_ENVELOPE else body)
