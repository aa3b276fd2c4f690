"""What is known to break error handlers of DRF projects, each as a request; and some thousands of odd exceptions."""

import json
import logging
import pickle
import random
from decimal import Decimal
from enum import Enum, StrEnum

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import IntegrityError, connection
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.test.utils import CaptureQueriesContext
from django.urls import path
from django.utils.translation import gettext_lazy
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.generics import CreateAPIView
from rest_framework.renderers import BaseRenderer, BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView
from shop import views
from shop.models import Account
from shop.views import OrderSerializer

from django_apierrors import codes, formats
from django_apierrors import exceptions as ours
from django_apierrors.exceptions import ApiError
from django_apierrors.handlers import exception_handler, handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
FORMATS = sorted(formats.BUILTIN)


class JsonFirst(views.Orders):
    renderer_classes = [JSONRenderer, BrowsableAPIRenderer]

    def get(self, request):
        return Response({})


class BrowsableFirst(JsonFirst):
    renderer_classes = [BrowsableAPIRenderer, JSONRenderer]


class Broken(BaseRenderer):
    """A renderer of tables, which cannot take an error."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return data["rows"]


class Csv(views.Drf):
    renderer_classes = [Broken]


class Form(CreateAPIView):
    serializer_class = OrderSerializer
    renderer_classes = [BrowsableAPIRenderer, JSONRenderer]


class ReturnedForm(Form):
    def post(self, request):
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid()
        return Response(serializer.errors, status=400)


class Adjusted(views.Drf):
    """A project's own handler around ours."""

    def get_exception_handler(self):
        def handler(exc, context):
            response = exception_handler(exc, context)
            response.status_code = 410
            response.data["error"]["hint"] = "Ask us."
            response["X-Extra"] = "1"
            return response

        return handler


class Replaced(views.Drf):
    def finalize_response(self, request, response, *args, **kwargs):
        response.data = {"mine": response.data}
        return super().finalize_response(request, response, *args, **kwargs)


class SessionFirst(views.Private):
    authentication_classes = [SessionAuthentication, *views.Private.authentication_classes]


class Wait(BaseThrottle):
    seconds = 7.2

    def allow_request(self, request, view):
        return False

    def wait(self):
        return self.seconds


class Slow(views.Drf):
    throttle_classes = [Wait]


urlpatterns = [
    path("api/drf", views.Drf.as_view()),
    path("api/plain", views.plain),
    path("api/async", views.asynchronous),
    path("api/orders", views.Orders.as_view()),
    path("api/json-first", JsonFirst.as_view()),
    path("api/browsable-first", BrowsableFirst.as_view()),
    path("api/csv", Csv.as_view()),
    path("api/form", Form.as_view()),
    path("api/returned-form", ReturnedForm.as_view()),
    path("api/adjusted", Adjusted.as_view()),
    path("api/replaced", Replaced.as_view()),
    path("api/session-first", SessionFirst.as_view()),
    path("api/slow", Slow.as_view()),
    *(path(f"api/{name}/drf", views.Drf.as_view()) for name in FORMATS),
    *(path(f"api/{name}/plain", views.plain) for name in FORMATS),
]


@pytest.fixture
def every_format(settings):
    settings.APIERRORS = {"STRICT": True, "FORMATS": {f"/api/{name}/": name for name in FORMATS}}


def errors(caplog):
    return [record for record in caplog.records if record.levelno >= logging.ERROR]


class Kind(Enum):
    LOCKED = "account_locked"
    ODD = 3


class Spelled(StrEnum):
    RED = "red"

    def __str__(self):
        return f"<{self.name}>"


def refined(base, **attributes):
    return type("Refined", (base,), attributes)


class Unprintable:
    def __str__(self):
        raise RuntimeError("no text")


# What a serializer, a view or a caller may hand over


@pytest.mark.parametrize(
    "detail",
    [[], {}, "", (), [[]], [{}], {"a": []}, {"a": [{}, {"b": []}]}, None],
    ids=repr,
)
def test_a_validation_error_always_has_an_error_with_a_code(detail, api, set_view):
    set_view(exceptions.ValidationError(detail))
    response = api.post("/api/drf")
    assert_api_error(response, "VALIDATION_FAILED")
    (error,) = response.json()["error"]["errors"]
    assert error["code"] == "invalid"
    assert error["message"]


@pytest.mark.parametrize(
    ("code", "written"),
    [
        (7, "7"),
        (Kind.ODD, "invalid"),
        (Spelled.RED, "red"),
        (gettext_lazy("Yes"), "invalid"),
        (None, "invalid"),
        ("", "invalid"),
        (True, "invalid"),
        (10**70, "invalid"),
        (object(), "invalid"),
        (["required"], "invalid"),
        ("a\x00b\nc", "a b c"),
        ("c" * 99, "c" * 63),
        ("min value", "min value"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_code_of_an_error_is_a_text_or_a_number_and_never_the_repr_of_an_object(code, written, api, set_view):
    exc = exceptions.ValidationError({"a": ["x"]})
    exc.detail["a"] = [ErrorDetail("x", code)]
    set_view(exc)
    assert api.post("/api/drf").json()["error"]["errors"][0]["code"] == written


class Careless(exceptions.ValidationError):
    def __init__(self):
        self.detail = "Not so."


class Undetailed(exceptions.ValidationError):
    def __init__(self):
        pass


class UndetailedConflict(APIException):
    status_code = 409

    def __init__(self):
        pass


@pytest.mark.parametrize(
    ("exc", "code", "message"),
    [
        (Careless(), "VALIDATION_FAILED", "Not so."),
        (Undetailed(), "VALIDATION_FAILED", "Some values are not valid."),
        (UndetailedConflict(), "RESOURCE_CONFLICT", "The request conflicts with the current state of the resource."),
    ],
    ids=["text", "none", "none on a 409"],
)
def test_an_exception_that_skips_its_constructor_keeps_its_status(exc, code, message, api, set_view):
    set_view(exc)
    assert_api_error(api.post("/api/drf"), code, message=message)


@pytest.mark.parametrize("status", [409, 422])
def test_a_dict_detail_on_another_status_loses_nothing(status, api, set_view):
    set_view(
        refined(APIException, status_code=status)({"title": ["a"], "type": ["b"], "status": ["c"], "errors": ["d"]})
    )
    error = api.post("/api/drf").json()["error"]
    assert error["httpCode"] == status
    assert [(each["param"], each["message"]) for each in error["errors"]] == [
        ("title", "a"),
        ("type", "b"),
        ("status", "c"),
        ("errors", "d"),
    ]


@pytest.mark.parametrize(("key", "param"), [(None, None), (0, "0"), ((1, 2), "(1, 2)")])
def test_keys_need_not_be_text(key, param, api, set_view):
    set_view(exceptions.ValidationError({key: ["x"], "a": ["y"]}))
    assert [error["param"] for error in api.post("/api/drf").json()["error"]["errors"]] == [param, "a"]


def test_a_404_with_several_arguments_is_a_404_that_shows_none(api, set_view):
    set_view(Http404("secret", "b", "c"))
    response = api.get("/api/drf")
    assert_api_error(response, "RESOURCE_NOT_FOUND", message="The requested resource was not found.")


@pytest.mark.django_db
def test_the_name_of_a_model_is_not_shown(api, set_view):
    set_view(lambda request: get_object_or_404(Account, number="none"))
    for url in ("/api/drf", "/api/plain"):
        response = api.get(url)
        assert_api_error(response, "RESOURCE_NOT_FOUND")
        assert b"Account" not in response.content


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_a_plain_exception_that_looks_like_an_answer_is_a_500(url, api, set_view, signals):
    exc = RuntimeError("secret")
    exc.status_code, exc.detail = 200, "secret"
    set_view(exc)
    response = api.get(url)
    assert_api_error(response, "INTERNAL_SERVER_ERROR")
    assert b"secret" not in response.content
    assert signals == [url]


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    "exc",
    [
        RuntimeError("secret"),
        IntegrityError("UNIQUE constraint failed: secret"),
        APIException("secret"),
        ApiError("BAD_GATEWAY", "secret"),
        exceptions.NotAuthenticated("secret"),
        exceptions.AuthenticationFailed("secret"),
        exceptions.NotFound("secret"),
        exceptions.Throttled(detail="secret"),
        exceptions.MethodNotAllowed("GET", "secret"),
        PermissionDenied("secret"),
        SuspiciousOperation("secret"),
        Http404("secret"),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_the_text_of_such_exceptions_never_reaches_the_client(exc, url, every_format, api, set_view):
    set_view(exc)
    for name in FORMATS:
        response = api.get(url.replace("/api/", f"/api/{name}/"))
        assert response.status_code >= 400
        assert b"secret" not in response.content


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_a_detail_that_cannot_be_printed_keeps_its_status(url, api, set_view, caplog):
    exc = exceptions.PermissionDenied()
    exc.detail = Unprintable()
    set_view(exc)
    response = api.get(url)
    assert_api_error(response, "PERMISSION_DENIED", message="You do not have permission to do this.")
    assert "The detail of an error cannot be read" in caplog.text


# Bodies that no server can use


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"[" * 200_000, "application/json"),
        (b'{"customer": "a", "items": [{"name": "a", "price": 1e999}]}', "application/json"),
        (b"{}", "application/json; charset=bz2_codec"),
        (b"{", "application/json"),
        (b"\xff\xfe", "application/json"),
    ],
    ids=["nesting", "infinity", "bz2", "broken", "not utf-8"],
)
def test_a_body_that_cannot_be_read_is_the_clients_fault(body, content_type, api, signals):
    response = api.generic("POST", "/api/orders", body, content_type=content_type)
    assert response.status_code == 400
    assert signals == []
    assert response["X-Error-Code"] in ("REQUEST_MALFORMED", "VALIDATION_FAILED")


def test_a_lone_surrogate_is_echoed_without_harm(every_format, api, set_view):
    set_view(exceptions.ValidationError({"\ud800": ['"\ud800" is not valid.']}))
    for name in FORMATS:
        response = api.post(f"/api/{name}/drf")
        assert_status_and_json(response, 400)


def assert_status_and_json(response, status):
    assert response.status_code == status
    return json.loads(response.content.decode())


def test_a_lone_surrogate_in_what_succeeds_is_a_crash(api, set_view):
    set_view(lambda request: Response({"echo": "\ud800"}))
    response = api.get("/api/drf")
    assert_api_error(response, "INTERNAL_SERVER_ERROR")


def test_touching_the_data_again_raises_again_and_is_answered(api, set_view):
    seen = []

    def twice(request):
        for _ in range(2):
            try:
                request.data  # noqa: B018
            except exceptions.ParseError as exc:
                seen.append(exc)
        raise seen[-1]

    set_view(twice)
    assert_api_error(api.post("/api/drf", "{", content_type="application/json"), "REQUEST_MALFORMED")
    assert seen


# Waits


@pytest.mark.parametrize(
    ("wait", "retry_after"), [(0, "1"), (-3, "1"), (7.2, "8"), (float("inf"), None), ("soon", None), (None, None)]
)
def test_a_wait_is_whole_seconds_or_absent(wait, retry_after, api, set_view):
    exc = exceptions.Throttled()
    exc.wait = wait
    set_view(exc)
    for url in ("/api/drf", "/api/plain"):
        response = api.get(url)
        assert_api_error(response, "RATE_TOO_HIGH")
        assert response.headers.get("Retry-After") == retry_after


def test_a_throttle_answers_its_wait(api):
    response = api.get("/api/slow")
    assert_api_error(response, "RATE_TOO_HIGH", message="Too many requests. Try again in 8 seconds.")
    assert response["Retry-After"] == "8"


# The handler called by others


@pytest.mark.parametrize(
    "context", [None, {}, {"view": None}, {"view": APIView()}], ids=["None", "empty", "no view", "no request"]
)
def test_the_handler_needs_no_request(context):
    response = exception_handler(exceptions.NotFound(), context)
    assert response.status_code == 404
    assert response.data["error"]["code"] == "RESOURCE_NOT_FOUND"


def test_the_handler_answers_an_exception_twice_alike():
    exc = exceptions.ValidationError({"items": [{}, {"a": ["x"]}]})
    before = pickle.dumps(exc.detail)
    first, second = (exception_handler(exc, {}).data for _ in range(2))
    assert first == second
    assert pickle.dumps(exc.detail) == before


def test_the_handler_leaves_what_it_does_not_know():
    assert exception_handler(RuntimeError(), {}) is None


def test_a_handler_of_the_project_may_change_the_answer(api, set_view):
    set_view(exceptions.NotFound())
    response = api.get("/api/adjusted")
    assert_api_error(response, "RESOURCE_NOT_FOUND", 410, httpCode=410, hint="Ask us.")
    assert response["X-Extra"] == "1"


def test_a_view_may_replace_the_body(api, set_view):
    set_view(exceptions.NotFound())
    response = api.get("/api/replaced")
    assert response.json()["mine"]["error"]["code"] == "RESOURCE_NOT_FOUND"
    assert response["X-Error-Code"] == "RESOURCE_NOT_FOUND"


def test_an_async_view_is_answered_like_a_sync_one(api, async_api, set_view):
    set_view(exceptions.ValidationError({"a": ["x"]}))
    sync = api.get("/api/plain", headers={"X-Request-ID": "r"})
    answer = async_to_sync(async_api.get)("/api/async", headers={"X-Request-ID": "r"})
    assert answer.status_code == 400
    assert answer.content == sync.content


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_a_broken_transaction_is_answered_without_a_query_and_rolled_back(url, api, set_view, monkeypatch):
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)

    def broken(request):
        Account.objects.create(number="1")
        try:
            Account.objects.create(number="1")
        except IntegrityError:
            raise exceptions.ValidationError({"number": ["Taken."]}) from None

    set_view(broken)
    with CaptureQueriesContext(connection) as queries:
        response = api.post(url)
    assert_api_error(response, "VALIDATION_FAILED")
    statements = [query["sql"] for query in queries if query["sql"] not in ("BEGIN", "ROLLBACK")]
    assert all(statement.startswith("INSERT") for statement in statements)
    assert not Account.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    "exc", [exceptions.NotFound(), ApiError("UNPROCESSABLE_REQUEST"), RuntimeError(), Http404(), PermissionDenied()]
)
def test_an_error_asks_the_database_nothing(exc, url, api, set_view, django_assert_num_queries):
    set_view(exc)
    with django_assert_num_queries(0):
        assert api.get(url).status_code >= 400


# Negotiation


@pytest.mark.parametrize("name", ["nested", "problem"])
@pytest.mark.parametrize(("url", "is_html"), [("/api/json-first", False), ("/api/browsable-first", True)])
@pytest.mark.parametrize(
    ("query", "accept", "status"), [("", "image/png", 406), ("?format=zzz", "*/*", 404), ("?format=zzz", "", 404)]
)
def test_what_cannot_be_negotiated_has_the_type_of_the_first_renderer(
    query, accept, status, url, is_html, name, api, settings
):
    settings.APIERRORS = {"STRICT": True, "FORMAT": name}
    response = api.get(url + query, headers={"Accept": accept})
    assert response.status_code == status
    json_type = "application/problem+json" if name == "problem" else "application/json"
    assert response["Content-Type"] == ("text/html; charset=utf-8" if is_html else json_type)


def test_a_406_says_what_to_send(api):
    response = api.get("/api/json-first", headers={"Accept": "image/png"})
    assert_api_error(
        response, "NOT_ACCEPTABLE", message="This endpoint cannot answer in the requested format.", httpCode=406
    )


@pytest.mark.parametrize("url", ["/api/form", "/api/returned-form"])
def test_the_browsable_form_keeps_its_values(url, api):
    response = api.post(url, {"customer": "far too long a name"}, headers={"Accept": "text/html"})
    assert response.status_code == 400
    assert response["X-Error-Code"] == "VALIDATION_FAILED"
    page = response.content.decode()
    assert 'value="far too long a name"' in page
    assert "httpCode" in page


def test_an_error_whose_renderer_fails_is_sent_as_json(api, set_view):
    set_view(exceptions.NotFound())
    response = api.get("/api/csv")
    assert_api_error(response, "RESOURCE_NOT_FOUND")
    assert response["Content-Type"] == "application/json"


def test_a_401_stays_a_401_when_the_first_authenticator_has_no_challenge(api):
    response = api.get("/api/session-first")
    assert_api_error(response, "AUTH_KEY_NOT_FOUND")
    assert response["WWW-Authenticate"] == 'Bearer realm="shop"'


# Signals and records


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    "exc",
    [APIException(), ApiError("BAD_GATEWAY"), ours.ServiceUnavailable(3), refined(APIException, status_code=502)()],
)
def test_a_deliberate_5xx_fires_no_alarm(exc, url, api, set_view, signals):
    set_view(exc)
    assert api.get(url).status_code >= 500
    assert signals == []


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_an_unhandled_exception_fires_once_with_one_record_and_its_traceback(url, api, set_view, signals, caplog):
    exc = RuntimeError("boom")
    set_view(exc)
    response = api.get(url)
    assert_api_error(response, "INTERNAL_SERVER_ERROR")
    assert signals == [url]
    (record,) = errors(caplog)
    assert record.name == "django.request"
    assert record.exc_info[1] is exc
    frames = []
    traceback = exc.__traceback__
    while traceback is not None:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames[-1] == "do"


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    "exc",
    [
        exceptions.NotFound(),
        exceptions.ValidationError({"a": ["x"]}),
        exceptions.Throttled(3),
        exceptions.NotAuthenticated(),
        ApiError("UNPROCESSABLE_REQUEST"),
        Http404(),
        PermissionDenied(),
        DjangoValidationError("x"),
        Ratelimited(),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_a_4xx_is_no_error_record_and_no_alarm(exc, url, api, set_view, signals, caplog):
    set_view(exc)
    assert 400 <= api.get(url).status_code < 500
    assert errors(caplog) == []
    assert signals == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_stop_iteration_is_a_500_that_arrives(asynchronous, api, async_api, set_view):
    set_view(StopIteration())
    response = async_to_sync(async_api.get)("/api/drf") if asynchronous else api.get("/api/drf")
    assert_api_error(response, "INTERNAL_SERVER_ERROR")


# Some thousands of odd exceptions


CODES = [None, "", "invalid", "required", "c" * 300, 7, 0, Kind.LOCKED, Kind.ODD, gettext_lazy("Yes"), "account_locked"]
CODES += ["ACCOUNT_LOCKED", "\ud800", "é/~ ", object(), ["list"]]
TEXTS = ["", "text", "\ud800", "é" * 5000, gettext_lazy("This field is required."), "{0} {param} {x.__class__} {", 5]
TEXTS += [True, None, Decimal("1.5"), b"bytes", "a\x00b\r\nc", "CSRF Failed: x"]
KEYS = ["a", "a.b", "~/", "é", "", None, 0, 7, (1, 2), True, "title", "type", "status", "errors", "__all__", "\ud800"]
KEYS += ["non_field_errors", "k" * 3000, Kind.ODD, 10**30]
STATUSES = [400, 401, 403, 404, 409, 418, 422, 429, 499, 500, 501, 503, 599]
NOT_STATUSES = [None, 200, 302, 99, 600, "409", 4.5, -1]


def odd_detail(rng, depth=0):
    shape = rng.choice(["text", "text", "list", "dict", "empty"]) if depth < 4 else "text"
    if shape == "text":
        return rng.choice(TEXTS)
    if shape == "empty":
        return rng.choice([[], {}, ()])
    inner = [odd_detail(rng, depth + 1) for _ in range(rng.randrange(4))]
    if shape == "list":
        return inner
    return {rng.choice(KEYS): value for value in inner}


def odd_leaf(rng, detail):
    """Give every text of a detail a code of its own."""
    if isinstance(detail, dict):
        return {key: odd_leaf(rng, value) for key, value in detail.items()}
    if isinstance(detail, (list, tuple)):
        return [odd_leaf(rng, value) for value in detail]
    return ErrorDetail(str(detail), rng.choice(CODES)) if rng.random() < 0.5 else detail


def odd_drf(rng):
    cls = rng.choice(
        [
            APIException,
            exceptions.ParseError,
            exceptions.ValidationError,
            exceptions.ValidationError,
            exceptions.ValidationError,
            exceptions.NotAuthenticated,
            exceptions.AuthenticationFailed,
            exceptions.PermissionDenied,
            exceptions.NotFound,
            exceptions.NotAcceptable,
        ]
    )
    status = cls.status_code
    if rng.random() < 0.2:
        status = rng.choice(STATUSES)
        cls = refined(cls, status_code=status)
    elif rng.random() < 0.1:
        cls = refined(cls, status_code=rng.choice(NOT_STATUSES))  # then the one of its base counts
    if rng.random() < 0.1:
        cls = refined(cls, default_code=rng.choice(CODES))
    exc = cls(odd_leaf(rng, odd_detail(rng)), rng.choice(CODES))
    way = rng.random()
    if way < 0.1:
        exc.detail = odd_detail(rng)
    elif way < 0.15:
        del exc.detail
    elif way < 0.2:
        exc.detail = rng.choice([Unprintable(), [Unprintable()], {"a": object()}])
    elif way < 0.25:
        exc.detail = "x"
    return exc, status


def odd_message(rng):
    return rng.choice(
        [None, "", "text {param} {account}", "\ud800 é", gettext_lazy("This field is required."), 5, ["x"]]
    )


def odd_api_error(rng):
    status = rng.choice([None, None, None, *STATUSES, *NOT_STATUSES])
    code = rng.choice(
        [
            "ACCOUNT_LOCKED",
            "VALIDATION_FAILED",
            "PARAM_NOT_FOUND",
            "RATE_TOO_HIGH",
            "INSUFFICIENT_SCOPE",
            "BAD_GATEWAY",
            "OAUTH_INVALID_GRANT",
            "OAUTH_SERVER_ERROR",
        ]
    )
    exc = ApiError(
        code,
        odd_message(rng),
        status=status,
        details=rng.choice([None, {}, {"a": odd_detail(rng)}, odd_detail(rng), {rng.choice(KEYS): object()}]),
        params=rng.choice([None, {}, {"account": "\ud800"}, {"account": object()}, {"scope": 'a"\r\n'}]),
        param=rng.choice([None, 5, "a", "items.0.price", "", "\ud800", "p" * 90_000]),
        retry_after=rng.choice([None, 0, -1, 0.5, float("inf"), float("nan"), "soon", "12", 10**400]),
        headers=rng.choice([None, {}, {"X-Extra": "1"}]),
    )
    return exc, status if status in STATUSES else codes.get(code).status


def odd_other(rng):
    plain = RuntimeError("secret")
    plain.status_code = rng.choice([200, 404, "x"])
    plain.detail = odd_detail(rng)
    throttled = exceptions.Throttled()
    throttled.wait = rng.choice([None, 0, -1, 2.5, float("inf"), float("nan"), "soon", [], 10**400])
    return rng.choice(
        [
            (plain, 500),
            (throttled, 429),
            (Http404(*rng.choice([(), ("a", "b", "c"), ({},), ("\ud800",)])), 404),
            (PermissionDenied(*rng.choice([(), ({},), ([],), ("\ud800",)])), 403),
            (Ratelimited(), 429),
            (SuspiciousOperation("secret"), 400),
            (BadRequest("secret"), 400),
            (exceptions.MethodNotAllowed("\ud800" * 500), 405),
            (exceptions.UnsupportedMediaType("\ud800" * 500), 415),
            (DjangoValidationError([]), 400),
            (DjangoValidationError({}), 400),
            (DjangoValidationError({"a": ["b", "c"]}), 400),
            (DjangoValidationError("%(x)s", code="account_locked", params={"x": "\ud800"}), 423),
            (DjangoValidationError(""), 400),
            (ours.ParamNotFound("a.b"), 400),
            (ours.ServiceUnavailable(rng.choice([None, -1, 3])), 503),
            (ZeroDivisionError(), 500),
            (KeyError("\ud800"), 500),
            (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), 500),
        ]
    )


def not_json(constant):
    raise AssertionError(f"{constant} is not JSON")


KEYS_OF_FORMATS = {
    "nested": {"error"},
    "result": {"result", "message"},
    "detailed": {"error"},
    "described": {"message", "description"},
    "oauth2": {"error", "error_description"},
    "typed": {"error"},
    "problem": {"type", "title", "status", "detail", "instance", "code", "request_id"},
    "standardized": {"type", "errors"},
}


@pytest.fixture
def kept_records(monkeypatch):
    """What is logged, kept from the report of the test, which cannot hold lone surrogates."""
    records = []

    def keep(record):
        records.append(record)
        return False

    for name in ("django_apierrors", "django.request"):
        monkeypatch.setattr(logging.getLogger(name), "filters", [keep])
    return records


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.exhaustive) for seed in range(1, 12))])
@pytest.mark.parametrize("where", ["drf", "plain"])
def test_odd_exceptions_have_their_status_and_a_sound_body_in_every_format(
    where, seed, every_format, set_view, api, kept_records, settings
):
    settings.APIERRORS = {**settings.APIERRORS, "STRICT": False}  # else a text without its values raises
    rng = random.Random(seed)
    for number in range(175):
        exc, status = rng.choice([odd_drf, odd_drf, odd_api_error, odd_other])(rng)
        name = FORMATS[number % len(FORMATS)]
        set_view(exc)
        response = api.get(f"/api/{name}/{where}")
        what = (number, name, type(exc), exc.args[:3], getattr(exc, "__dict__", None))
        assert response.status_code in (status, 423), what
        assert response.status_code == status or not isinstance(exc, ApiError), what
        assert len(response.content) < 64_000, what
        body = json.loads(response.content.decode(), parse_constant=not_json)
        assert body.keys() >= KEYS_OF_FORMATS[name], (what, body)
        assert b"secret" not in response.content
        if name == "problem":
            assert body["status"] == response.status_code
        if name == "typed" and response["X-Error-Code"] == "VALIDATION_FAILED" and not isinstance(exc, ApiError):
            listed = body["error"].get("errors", [])
            assert listed, what
            assert all(isinstance(error["code"], str) and error["code"] for error in listed), what
    assert not any("could not be made" in record.getMessage() for record in kept_records)
