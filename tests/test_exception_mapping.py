"""From what went wrong to a code and a status: exceptions, returned errors, finished responses."""

import logging
from http import HTTPStatus

import pytest
from django.contrib.auth.views import redirect_to_login
from django.core import exceptions as django_exceptions
from django.db import connection
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.multipartparser import MultiPartParserError
from django.test import Client
from django.urls import Resolver404, path
from django.utils.translation import gettext_lazy
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions, serializers
from rest_framework.exceptions import APIException, ErrorDetail, ValidationError
from rest_framework.response import Response
from shop import views
from shop.models import Account

from django_apierrors.exceptions import ApiError, ResourceConflict
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
URLS = ["/api/drf", "/api/plain"]


class Broken(APIException):
    @property
    def status_code(self):
        raise RuntimeError("no status")


class Gone(exceptions.NotFound):
    status_code = 410


class Locked(APIException):
    status_code = 409
    default_code = "account_locked"
    default_detail = "Locked by us."


class Teapot(APIException):
    status_code = 418
    default_detail = "Short and stout."


class Refusing(serializers.Serializer):
    """A serializer with one field, whose errors are those of its context."""

    a = serializers.CharField(required=False)

    def validate(self, attrs):
        raise ValidationError(self.context["detail"])


def errors_of(detail):
    serializer = Refusing(data={}, context={"detail": detail})
    serializer.is_valid()
    return serializer.errors


urlpatterns = [
    path("api/drf", views.Drf.as_view()),
    path("api/plain", views.plain),
    path("api/private", views.Private.as_view()),
    path("api/orders", views.Orders.as_view()),
]


class Answering:
    """A middleware of the project that answers exceptions itself."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        return HttpResponse("Theirs.", status=409, content_type="image/png")


def errors(caplog):
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


def refined(base, **attributes):
    return type("Refined", (base,), attributes)


@pytest.mark.parametrize(
    ("exc", "code", "status"),
    [
        (exceptions.ParseError(), "REQUEST_MALFORMED", 400),
        (ValidationError({"a": ["x"]}), "VALIDATION_FAILED", 400),
        (ValidationError({"a": [ErrorDetail("x", "required")]}), "PARAM_NOT_FOUND", 400),
        (ValidationError([ErrorDetail("x", "required")]), "VALIDATION_FAILED", 400),
        (exceptions.NotAuthenticated(), "AUTH_KEY_NOT_FOUND", 401),
        (exceptions.AuthenticationFailed(), "AUTH_KEY_INVALID", 401),
        (exceptions.PermissionDenied(), "PERMISSION_DENIED", 403),
        (exceptions.PermissionDenied("CSRF Failed: no cookie."), "CSRF_FAILED", 403),
        (exceptions.NotFound(), "RESOURCE_NOT_FOUND", 404),
        (exceptions.MethodNotAllowed("PATCH"), "METHOD_NOT_ALLOWED", 405),
        (exceptions.NotAcceptable(), "NOT_ACCEPTABLE", 406),
        (exceptions.UnsupportedMediaType("text/csv"), "UNSUPPORTED_MEDIA_TYPE", 415),
        (exceptions.Throttled(), "RATE_TOO_HIGH", 429),
        (Ratelimited(), "RATE_TOO_HIGH", 429),
        (django_exceptions.PermissionDenied(), "PERMISSION_DENIED", 403),
        (django_exceptions.ValidationError("x"), "VALIDATION_FAILED", 400),
        (Http404(), "RESOURCE_NOT_FOUND", 404),
        (Resolver404(), "ENDPOINT_NOT_FOUND", 404),
        (django_exceptions.BadRequest(), "INVALID_REQUEST", 400),
        (django_exceptions.SuspiciousOperation(), "INVALID_REQUEST", 400),
        (django_exceptions.TooManyFieldsSent(), "INVALID_REQUEST", 400),
        (django_exceptions.RequestDataTooBig(), "PAYLOAD_TOO_LARGE", 413),
        (MultiPartParserError(), "REQUEST_MALFORMED", 400),
        (ProtectedError("secret", set()), "RESOURCE_CONFLICT", 409),
        (RestrictedError("secret", set()), "RESOURCE_CONFLICT", 409),
        (APIException(), "INTERNAL_SERVER_ERROR", 500),
        (Teapot(), "INVALID_REQUEST", 418),
        (Gone(), "GONE", 410),
        (refined(APIException, status_code=503)(), "SERVICE_UNAVAILABLE", 503),
        (refined(APIException, status_code=599)(), "INTERNAL_SERVER_ERROR", 599),
        (refined(APIException, status_code=200)(), "INTERNAL_SERVER_ERROR", 500),
        (refined(APIException, status_code=None)(), "INTERNAL_SERVER_ERROR", 500),
        (refined(APIException, status_code=HTTPStatus.CONFLICT)(), "RESOURCE_CONFLICT", 409),
        (refined(ValidationError, status_code=422)({"a": ["x"]}), "UNPROCESSABLE_REQUEST", 422),
        (refined(exceptions.NotAuthenticated, status_code=407)(), "INVALID_REQUEST", 407),
        (Broken(), "INTERNAL_SERVER_ERROR", 500),
        (RuntimeError(), "INTERNAL_SERVER_ERROR", 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
@pytest.mark.parametrize("url", URLS)
def test_an_exception_has_its_code_and_status(exc, code, status, url, api, set_view):
    set_view(exc)
    assert_api_error(api.post(url), code, status)


class Busy(APIException):
    status_code = 503
    wait = 2.5


@pytest.mark.parametrize("url", URLS)
def test_the_wait_of_any_exception_of_drf_is_told(url, api, set_view):
    set_view(Busy())
    assert api.get(url)["Retry-After"] == "3"


def test_an_exception_that_cannot_be_read_is_logged(api, set_view, caplog):
    set_view(Broken())
    api.get("/api/drf")
    assert "The status_code of an error cannot be read" in caplog.text


# Codes of the raise site


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "exc",
    [
        exceptions.PermissionDenied("Locked by us.", code="account_locked"),
        exceptions.PermissionDenied("Locked by us.", code="ACCOUNT_LOCKED"),
        exceptions.NotFound("Locked by us.", code="account_locked"),
        Locked(),
        ValidationError("Locked by us.", code="account_locked"),
        refined(ValidationError, default_code="account_locked")("Locked by us."),
        refined(ValidationError, status_code=409)("Locked by us.", code="account_locked"),
        django_exceptions.ValidationError("Locked by us.", code="account_locked"),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_a_registered_code_of_the_raise_site_counts_with_its_text(exc, url, api, set_view):
    set_view(exc)
    response = api.post(url)
    status = 409 if getattr(exc, "status_code", 0) == 409 and isinstance(exc, ValidationError) else 423
    assert_api_error(response, "ACCOUNT_LOCKED", status, message="Locked by us.")


def test_a_registered_code_of_one_field_counts_and_names_it(api, set_view):
    set_view(ValidationError({"from": [ErrorDetail("Locked by us.", "account_locked")]}))
    response = api.post("/api/drf")
    assert_api_error(response, "ACCOUNT_LOCKED", message="Locked by us.")
    assert response.json()["error"]["errors"] == [
        {"param": "from", "code": "account_locked", "message": "Locked by us."}
    ]


def test_of_several_errors_none_names_the_answer(api, set_view):
    set_view(ValidationError([ErrorDetail("x", "account_locked"), ErrorDetail("y", "account_locked")]))
    assert_api_error(api.post("/api/drf"), "VALIDATION_FAILED")


@pytest.mark.parametrize("code", ["no_such_code", "", 7, gettext_lazy("Yes"), "error", "not_found", "gone!"])
def test_an_unregistered_code_of_the_raise_site_changes_nothing(code, api, set_view):
    exc = exceptions.PermissionDenied("Not you.")
    exc.detail = ErrorDetail("Not you.", code)
    set_view(exc)
    assert_api_error(api.post("/api/drf"), "PERMISSION_DENIED")


# EXCEPTIONS


@pytest.fixture
def mapping(settings):
    def configured(**codes):
        table = {name.replace("__", "."): code for name, code in codes.items()}
        settings.APIERRORS = {"STRICT": False, "EXCEPTIONS": table}

    return configured


@pytest.mark.parametrize("url", URLS)
def test_an_exception_that_is_mapped_to_a_4xx_is_answered_without_alarm(url, api, set_view, mapping, signals, caplog):
    mapping(builtins__LookupError="RESOURCE_CONFLICT")
    set_view(KeyError("secret"))
    response = api.get(url)
    assert_api_error(
        response, "RESOURCE_CONFLICT", message="The request conflicts with the current state of the resource."
    )
    assert signals == []
    assert errors(caplog) == []


@pytest.mark.parametrize("url", URLS)
def test_an_exception_that_is_mapped_to_a_5xx_is_left_to_django_first(url, api, set_view, mapping, signals, caplog):
    mapping(builtins__TimeoutError="GATEWAY_TIMEOUT")
    exc = TimeoutError("secret")
    set_view(exc)
    assert_api_error(api.get(url), "GATEWAY_TIMEOUT", message="An upstream service did not respond in time.")
    assert signals == [url]
    (record,) = errors(caplog)
    assert (record.name, record.exc_info[1]) == ("django.request", exc)


@pytest.mark.parametrize("url", URLS)
def test_a_validation_error_whose_text_cannot_be_filled_stays_one(url, api, set_view, settings):
    for exc in (
        django_exceptions.ValidationError("%(missing)s is odd.", params={"other": 1}),
        django_exceptions.ValidationError({"name": [django_exceptions.ValidationError("100 %", params={"other": 1})]}),
    ):
        set_view(exc)
        assert_api_error(api.get(url), "VALIDATION_FAILED", 400)
    settings.APIERRORS = {"EXCEPTIONS": {"django.core.exceptions.ValidationError": "UNPROCESSABLE_REQUEST"}}
    assert_api_error(api.get(url), "UNPROCESSABLE_REQUEST", 422)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(("code", "status"), [("GATEWAY_TIMEOUT", 504), ("RESOURCE_CONFLICT", 409)])
def test_a_mapped_exception_rolls_back(code, status, url, api, set_view, mapping, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    mapping(builtins__TimeoutError=code)

    def late(request):
        Account.objects.create(number="1")
        raise TimeoutError

    set_view(late)
    assert_api_error(api.post(url), code, status)
    assert not Account.objects.exists()


def test_the_nearest_class_of_the_mapping_wins_and_comes_before_all_else(api, set_view, mapping):
    mapping(
        builtins__Exception="GONE",
        rest_framework__exceptions__APIException="PRECONDITION_FAILED",
        django_apierrors__exceptions__ResourceConflict="RATE_TOO_HIGH",
    )
    for exc, code in [
        (exceptions.NotFound("x", code="account_locked"), "PRECONDITION_FAILED"),
        (ApiError("RESOURCE_CONFLICT"), "PRECONDITION_FAILED"),
        (ResourceConflict(), "RATE_TOO_HIGH"),
        (Http404(), "GONE"),
    ]:
        set_view(exc)
        assert_api_error(api.get("/api/drf"), code)


@pytest.mark.parametrize(
    ("detail", "message"),
    [({"a": ["x"]}, "x"), ({"a": ["x"], "b": ["y"]}, "The request is valid but cannot be carried out.")],
    ids=str,
)
def test_validation_may_be_a_422(detail, message, api, set_view, mapping):
    mapping(rest_framework__exceptions__ValidationError="UNPROCESSABLE_REQUEST")
    set_view(ValidationError(detail))
    response = api.post("/api/drf")
    assert_api_error(response, "UNPROCESSABLE_REQUEST", 422, message=message)
    assert [error["param"] for error in response.json()["error"]["errors"]] == list(detail)


def test_paths_that_name_no_exception_are_ignored_here(api, set_view, mapping):
    mapping(no__such__Error="GONE", os__getcwd="GONE")
    set_view(Http404())
    assert_api_error(api.get("/api/drf"), "RESOURCE_NOT_FOUND")


def test_an_unknown_code_in_the_mapping_is_a_500_and_logged(api, set_view, mapping, caplog):
    mapping(builtins__KeyError="NO_SUCH_MAPPED_CODE")
    set_view(KeyError())
    assert_api_error(api.get("/api/drf"), "INTERNAL_SERVER_ERROR")
    assert "Error code 'NO_SUCH_MAPPED_CODE' is not defined" in caplog.text


# Errors that a view returns


@pytest.mark.parametrize(
    ("detail", "status", "code", "count"),
    [
        ({"a": ["x"]}, 400, "VALIDATION_FAILED", 1),
        ({"a": [ErrorDetail("x", "required")]}, 400, "PARAM_NOT_FOUND", 1),
        ({"a": ["x"], "b": ["y", "z"]}, 400, "VALIDATION_FAILED", 3),
        ([ErrorDetail("x", "account_locked")], 409, "ACCOUNT_LOCKED", 1),
        ({"a": ["x"]}, 422, "UNPROCESSABLE_REQUEST", 1),
        ({"a": ["x"]}, 418, "INVALID_REQUEST", 1),
    ],
    ids=str,
)
def test_returned_serializer_errors_are_structured_with_their_status(detail, status, code, count, api, set_view):
    set_view(lambda request: Response(errors_of(detail), status=status))
    response = api.post("/api/drf")
    assert_api_error(response, code, status, httpCode=status)
    assert len(response.json()["error"]["errors"]) == count


@pytest.mark.parametrize("wrapped", [lambda errors: {"errors": errors, "ok": False}, lambda errors: {"data": errors}])
def test_returned_serializer_errors_may_be_one_member_of_the_data(wrapped, api, set_view):
    set_view(lambda request: Response(wrapped(errors_of({"a": ["x"]})), status=400))
    response = api.post("/api/drf")
    assert response.json()["error"]["errors"] == [{"param": "a", "code": "invalid", "message": "x"}]


@pytest.mark.parametrize("detail", [{"a": ["secret"]}, ["secret"]], ids=str)
def test_returned_errors_under_a_guarded_status_tell_nothing(detail, api, set_view):
    set_view(lambda request: Response(errors_of(detail), status=403))
    response = api.post("/api/drf")
    assert_api_error(response, "PERMISSION_DENIED", message="You do not have permission to do this.")
    assert b"secret" not in response.content


@pytest.mark.parametrize(
    "data",
    [
        {"detail": "No."},
        {"a": [ErrorDetail("x", "y")], "b": "z"},
        {},
        [],
        "text",
        {"a": []},
        dict(errors_of({"a": ["x"]})),
        {"errors": dict(errors_of({"a": ["x"]}))},
        Refusing().data,
        Refusing({"a": "x"}).data,
    ],
    ids=repr,
)
def test_other_data_that_a_view_returned_is_left_as_it_is(data, api, set_view):
    set_view(lambda request: Response(data, status=404))
    response = api.get("/api/drf")
    assert (response.status_code, response.json()) == (404, data)
    assert "X-Error-Code" not in response.headers


# Finished responses


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (HttpResponse(status=400), "INVALID_REQUEST"),
        (HttpResponse(status=404), "RESOURCE_NOT_FOUND"),
        (HttpResponse(status=410), "GONE"),
        (HttpResponse(status=418), "INVALID_REQUEST"),
        (HttpResponse(status=507), "INTERNAL_SERVER_ERROR"),
        (HttpResponse("secret", status=404), "RESOURCE_NOT_FOUND"),
        (HttpResponse("secret", status=502, content_type="text/plain"), "BAD_GATEWAY"),
        (HttpResponse("secret", status=409, content_type=""), "RESOURCE_CONFLICT"),
        (StreamingHttpResponse([b"secret"], status=404), "RESOURCE_NOT_FOUND"),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_page_that_a_view_returned_takes_the_code_of_its_status(response, code, api, set_view):
    status = response.status_code
    set_view(lambda request: response)
    assert_api_error(api.get("/api/plain"), code, status, httpCode=status)


@pytest.mark.parametrize(
    "response",
    [
        HttpResponse("{}", status=404, content_type="application/json"),
        HttpResponse("{}", status=400, content_type="application/problem+json"),
        HttpResponse(b"png", status=404, content_type="image/png"),
    ],
    ids=lambda response: response["Content-Type"],
)
def test_a_body_of_a_deliberate_type_stays(response, api, set_view):
    body = response.content
    set_view(lambda request: response)
    answer = api.get("/api/plain")
    assert answer.content == body
    assert "X-Error-Code" not in answer.headers


def test_a_page_that_a_view_returned_stays_when_html_was_asked_for(api, set_view):
    set_view(lambda request: HttpResponse("<p>", status=404))
    assert api.get("/api/plain", headers={"Accept": "text/html"}).content == b"<p>"


@pytest.mark.parametrize("urlconf", [__name__, "support.urls_without_handlers"])
def test_an_unmatched_url_is_no_endpoint(urlconf, api, settings):
    settings.ROOT_URLCONF = urlconf
    assert_api_error(api.get("/api/nowhere"), "ENDPOINT_NOT_FOUND")


def test_a_failed_csrf_check_has_its_own_code():
    response = Client(enforce_csrf_checks=True).post("/api/plain")
    assert_api_error(response, "CSRF_FAILED", 403)


@pytest.mark.parametrize("above", [True, False])
def test_an_exception_that_another_middleware_answered_is_its_answer(above, api, set_view, settings):
    theirs = f"{__name__}.Answering"
    settings.MIDDLEWARE = [theirs, *settings.MIDDLEWARE] if above else [*settings.MIDDLEWARE, theirs]
    set_view(RuntimeError())
    response = api.get("/api/plain")
    assert (response.status_code, response.content) == (409, b"Theirs.")
    assert "X-Error-Code" not in response.headers


@pytest.mark.parametrize(
    ("authorization", "code"), [({}, "AUTH_KEY_NOT_FOUND"), ({"Authorization": "Bearer x"}, "AUTH_KEY_INVALID")]
)
def test_a_returned_401_tells_whether_credentials_were_sent(authorization, code, api, set_view):
    set_view(lambda request: HttpResponse(status=401))
    assert_api_error(api.get("/api/plain", headers=authorization), code)


@pytest.mark.parametrize(
    ("path", "authorization", "code"),
    [
        ("/api/drf", "Bearer good", "AUTH_KEY_INVALID"),
        ("/api/plain", "Bearer good", "AUTH_KEY_INVALID"),
        ("/api/plain", "Bearer ", "AUTH_KEY_NOT_FOUND"),
        ("/api/plain", "Basic YTpi", "AUTH_KEY_NOT_FOUND"),
    ],
)
def test_a_token_that_the_authenticators_passed_over_is_not_missing(path, authorization, code, api, set_view):
    set_view(exceptions.NotAuthenticated())
    assert_api_error(api.get(path, headers={"Authorization": authorization}), code)


def test_a_returned_wait_is_kept_and_told(api, set_view):
    set_view(lambda request: HttpResponse(status=429, headers={"Retry-After": "17"}))
    response = api.get("/api/plain")
    assert_api_error(response, "RATE_TOO_HIGH", message="Too many requests. Try again in 17 seconds.")
    assert response["Retry-After"] == "17"


@pytest.mark.parametrize("debug", [False, True])
def test_an_oversized_form_is_too_large_also_when_the_csrf_check_reads_it(debug, settings, set_view):
    settings.DEBUG = debug
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.cookies["csrftoken"] = "a" * 32
    response = client.post("/api/plain", "a=" + "b" * 200, content_type="application/x-www-form-urlencoded")
    assert_api_error(response, "PAYLOAD_TOO_LARGE", 413)


def test_a_login_redirect_becomes_a_401_when_asked_for(settings, api, set_view):
    set_view(lambda request: redirect_to_login(request.path))
    assert api.get("/api/plain").status_code == 302
    settings.APIERRORS = {"LOGIN_REDIRECT_AS_401": True}
    assert_api_error(api.get("/api/plain"), "AUTH_KEY_NOT_FOUND")


# What the request says


def test_the_method_is_named_and_cut(api):
    response = api.generic("P" * 300, "/api/orders")
    assert_api_error(
        response, "METHOD_NOT_ALLOWED", message=f"The method {'P' * 200} is not allowed for this endpoint."
    )
    assert response["Allow"] == "POST, PUT, OPTIONS"


@pytest.mark.parametrize(
    ("content_type", "message"),
    [
        ("text/csv", "The media type text/csv is not supported by this endpoint."),
        ("", "The media type of the request body is not supported by this endpoint."),
    ],
)
def test_the_media_type_is_named(content_type, message, api, set_view):
    set_view(exceptions.UnsupportedMediaType("x"))
    for url in URLS:
        response = api.generic("POST", url, b"{}", content_type=content_type)
        assert_api_error(response, "UNSUPPORTED_MEDIA_TYPE", message=message)


def test_a_parse_error_is_told_and_cut(api, set_view):
    set_view(exceptions.ParseError("x" * 900))
    assert_api_error(api.post("/api/drf"), "REQUEST_MALFORMED", message="x" * 200)


@pytest.mark.parametrize("format_", ["result", "described"])
def test_a_format_for_one_error_speaks_of_the_first_under_any_code(format_, api, set_view, settings):
    class Unprocessable(exceptions.ValidationError):
        status_code = 422

    settings.APIERRORS = {"FORMAT": format_}
    set_view(Unprocessable({"amount": ["Too much."], "currency": ["Unknown."]}))
    response = api.get("/api/drf")
    assert response.headers["X-Error-Code"] == "UNPROCESSABLE_REQUEST"
    assert "amount: Too much." in response.json().values()


def test_a_validation_error_of_ours_without_a_parameter_is_listed_too(api, set_view):
    set_view(ApiError("VALIDATION_FAILED", "These two exclude each other."))
    listed = [{"param": None, "code": "invalid", "message": "These two exclude each other."}]
    assert_api_error(api.get("/api/plain"), "VALIDATION_FAILED", errors=listed)


@pytest.mark.parametrize("url", URLS)
def test_an_error_whose_text_django_cannot_log_is_answered_here(url, api, set_view, caplog):
    set_view(django_exceptions.BadRequest({10**5000: "x"}))
    assert_api_error(api.get(url), "INVALID_REQUEST")
    assert "The text of an error cannot be read" in caplog.text
