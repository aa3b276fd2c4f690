"""What Django does with errors: nothing of it may be lost, and no entry point may be forgotten."""

import json
from types import SimpleNamespace

import pytest
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousFileOperation,
    SuspiciousOperation,
    TooManyFieldsSent,
)
from django.core.signals import got_request_exception, request_finished
from django.db import IntegrityError, connections, transaction
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.test import Client
from django.urls import include, path
from django_ratelimit.exceptions import Ratelimited
from rest_framework.exceptions import APIException, NotFound, Throttled
from shop.models import Account, Payment
from support.clients import sender

from django_apierrors.exceptions import ApiError, ServiceUnavailable
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500"]

OURS = "django_apierrors.middleware.ApiErrorMiddleware"
CSRF = "django.middleware.csrf.CsrfViewMiddleware"
FORM = "application/x-www-form-urlencoded"

#: What the middleware of this module does, set by a test.
MIDDLEWARE_DOES = SimpleNamespace(raises=None, answers=None, seen=[])


class Raises:
    """A middleware that raises what the test says, on the way in."""

    sync_capable = async_capable = True

    def __init__(self, get_response):
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request):
        if MIDDLEWARE_DOES.raises is not None:
            raise MIDDLEWARE_DOES.raises.with_traceback(None)
        return self.get_response(request)


class RaisesInView(Raises):
    """The same in process_view, whose exceptions process_exception is not told of."""

    def __call__(self, request):
        return self.get_response(request)

    def process_view(self, request, *args):
        raise MIDDLEWARE_DOES.raises.with_traceback(None)


class Answers(Raises):
    """A middleware that answers the exceptions of views."""

    def __call__(self, request):
        return self.get_response(request)

    def process_exception(self, request, exception):
        MIDDLEWARE_DOES.seen.append(exception)
        return MIDDLEWARE_DOES.answers and MIDDLEWARE_DOES.answers()


class Urlconf(Raises):
    """A middleware that chooses the URLconf."""

    def __call__(self, request):
        request.urlconf = "test_traps_django"
        return self.get_response(request)


def reads_form(request):
    return HttpResponse(request.POST.get("a", "none"))


def unreadable(request):
    raise UnreadablePostError("the client went away")


def breaks_at_commit(request):
    Payment.objects.create(account_id=4711, amount=1)
    return HttpResponse("fine")


def breaks_on_commit(request):
    transaction.on_commit(lambda: 1 / 0)
    return HttpResponse("fine")


def breaks_transaction(request):
    for _ in range(2):
        try:
            Account.objects.create(number="same")
        except IntegrityError:
            list(Account.objects.all())  # TransactionManagementError
    return HttpResponse("fine")


def raises_in_transaction(request):
    Account.objects.create(number="gone")
    raise ApiError("RESOURCE_CONFLICT")


urlpatterns = [
    path("", include("urls")),
    path("api/form", reads_form),
    path("api/unreadable", unreadable),
    path("api/slash/", reads_form),
    path("api/at-commit", breaks_at_commit),
    path("api/on-commit", breaks_on_commit),
    path("api/transaction", breaks_transaction),
    path("api/rolled-back", raises_in_transaction),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


@pytest.fixture(autouse=True)
def idle():
    MIDDLEWARE_DOES.raises = MIDDLEWARE_DOES.answers = None
    MIDDLEWARE_DOES.seen = []


@pytest.fixture
def signalled():
    """What got_request_exception was sent for."""
    seen = []

    def receiver(request, **kwargs):
        seen.append(request)

    got_request_exception.connect(receiver)
    yield seen
    got_request_exception.disconnect(receiver)


@pytest.fixture
def bare_urls(settings):
    """The same views with Django's own error views."""

    def use():
        settings.ROOT_URLCONF = "support.traps_urls_without_handlers"

    return use


def body(response):
    return json.loads(response.content)


def records(caplog):
    return [(record.name, record.levelname) for record in caplog.records]


# Log records and signals

URLS = ["/api/plain", "/api/async", "/api/drf"]


@pytest.mark.parametrize("path", URLS)
@pytest.mark.parametrize(
    "exc, code, logger, level, signals",
    [
        (KeyError("x"), "INTERNAL_SERVER_ERROR", "django.request", "ERROR", 1),
        (Http404("x"), "RESOURCE_NOT_FOUND", "django.request", "WARNING", 0),
        (PermissionDenied("x"), "PERMISSION_DENIED", "django.request", "WARNING", 0),
        (ApiError("RESOURCE_CONFLICT"), "RESOURCE_CONFLICT", "django.request", "WARNING", 0),
        (ServiceUnavailable(5), "SERVICE_UNAVAILABLE", "django.request", "ERROR", 0),
        (Ratelimited(), "RATE_TOO_HIGH", "django.request", "WARNING", 0),
        (NotFound(), "RESOURCE_NOT_FOUND", "django.request", "WARNING", 0),
        (Throttled(), "RATE_TOO_HIGH", "django.request", "WARNING", 0),
        (BadRequest("x"), "INVALID_REQUEST", "django.request", "WARNING", 0),
        (MultiPartParserError("x"), "REQUEST_MALFORMED", "django.request", "WARNING", 0),
        (SuspiciousOperation("x"), "INVALID_REQUEST", "django.security.SuspiciousOperation", "ERROR", 0),
        (SuspiciousFileOperation("x"), "INVALID_REQUEST", "django.security.SuspiciousFileOperation", "ERROR", 0),
        (TooManyFieldsSent("x"), "INVALID_REQUEST", "django.security.TooManyFieldsSent", "ERROR", 0),
        (DisallowedHost("x"), "INVALID_REQUEST", "django.security.DisallowedHost", "ERROR", 0),
        (RequestDataTooBig("x"), "PAYLOAD_TOO_LARGE", "django.security.RequestDataTooBig", "ERROR", 0),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_every_exception_makes_one_record_of_its_level_and_the_signal_only_when_unhandled(
    send, set_view, caplog, signalled, path, exc, code, logger, level, signals
):
    set_view(exc)
    response = send("get", path)

    assert_api_error(response, code)
    assert records(caplog) == [(logger, level)]
    assert len(signalled) == signals
    if signals:
        _, logged, traceback = caplog.records[0].exc_info
        assert isinstance(logged, type(exc))
        while traceback.tb_next:
            traceback = traceback.tb_next
        assert traceback.tb_frame.f_code.co_name == "do"  # where it was raised


def test_an_answer_that_a_view_returned_makes_one_record(send, set_view, caplog):
    for status, level in [(404, "WARNING"), (500, "ERROR")]:
        set_view(lambda request, status=status: HttpResponse(status=status))
        caplog.clear()
        assert "X-Error-Code" in send("get", "/api/plain")
        assert records(caplog) == [("django.request", level)]


def test_a_405_makes_one_record(send, caplog):
    send("delete", "/api/class")
    assert records(caplog) == [("django.request", "WARNING")]


@pytest.mark.parametrize("path", URLS)
def test_paths_and_methods_cannot_forge_log_lines(send, caplog, set_view, path):
    set_view(ApiError("RESOURCE_CONFLICT"))
    send("get", "/api/nothing%0aERROR forged")
    send("get", path + "?a=%0aERROR")

    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert len(caplog.records) == 2


@pytest.mark.parametrize("method", ["A\nERROR forged", "A\r\nX: y"])
def test_a_method_cannot_forge_log_lines_or_headers(settings, caplog, method):
    settings.MIDDLEWARE = [OURS]
    response = Client(raise_request_exception=False).generic(method, "/api/class")

    assert response.status_code == 405
    assert all("\n" not in record.getMessage() for record in caplog.records)
    assert "\n" not in body(response)["error"]["message"]


# Debugging


@pytest.mark.parametrize("path", ["/api/plain", "/api/drf"])
def test_exceptions_propagate_when_django_is_told_so(send, set_view, settings, path):
    settings.DEBUG_PROPAGATE_EXCEPTIONS = True
    set_view(KeyError("propagated"))
    with pytest.raises(KeyError, match="propagated"):
        send("get", path)


@pytest.mark.parametrize("path", URLS)
@pytest.mark.parametrize(
    "exc",
    [
        KeyError("x"),
        Http404("x"),
        PermissionDenied("x"),
        BadRequest("x"),
        SuspiciousOperation("x"),
        DisallowedHost("x"),
        RequestDataTooBig("x"),
        MultiPartParserError("x"),
        ApiError("RESOURCE_CONFLICT"),
        ServiceUnavailable(5),
        Throttled(3),
        Ratelimited(),
        UnreadablePostError("x"),
        TimeoutError("x"),
        LookupError("x"),
    ],
    ids=lambda exc: type(exc).__name__,
)
def test_debug_changes_no_status(send, set_view, settings, path, exc):
    settings.APIERRORS = {
        "EXCEPTIONS": {"builtins.TimeoutError": "GATEWAY_TIMEOUT", "builtins.LookupError": "RESOURCE_CONFLICT"}
    }
    set_view(exc)
    without = send("get", path)
    settings.DEBUG = True
    with_debug = send("get", path)

    assert with_debug.status_code == without.status_code
    if without.status_code < 500 or isinstance(exc, APIException):
        assert with_debug.content != b""
        assert with_debug["X-Error-Code"] == without["X-Error-Code"]


@pytest.mark.parametrize("middleware", ["Raises", "RaisesInView"])
@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize(
    "exc, status",
    [
        (KeyError("x"), 500),
        (ApiError("RESOURCE_CONFLICT"), 409),
        (NotFound(), 404),
        (Ratelimited(), 429),
        (PermissionDenied("x"), 403),
        (Http404("x"), 404),
        (SuspiciousOperation("x"), 400),
        (RequestDataTooBig("x"), 413),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_what_another_middleware_raises_takes_its_own_status(send, settings, middleware, above, exc, status):
    theirs = f"{__name__}.{middleware}"
    settings.MIDDLEWARE = [theirs, OURS] if above else [OURS, theirs]
    MIDDLEWARE_DOES.raises = exc
    response = send("get", "/api/plain")

    assert response.status_code == status
    assert body(response)["error"]["httpCode"] == status
    assert response["X-Request-ID"]


@pytest.mark.parametrize("middleware", ["Raises", "RaisesInView"])
@pytest.mark.parametrize(
    "exc",
    [KeyError("x"), ApiError("RESOURCE_CONFLICT"), NotFound(), Ratelimited(), Http404("x"), BadRequest("x")],
    ids=lambda exc: type(exc).__name__,
)
def test_debug_changes_no_status_of_what_a_middleware_below_raises(send, settings, middleware, exc):
    settings.MIDDLEWARE = [OURS, f"{__name__}.{middleware}"]
    MIDDLEWARE_DOES.raises = exc
    without = send("get", "/api/plain")
    settings.DEBUG = True
    assert send("get", "/api/plain").status_code == without.status_code


@pytest.mark.parametrize("exc, signals", [(KeyError("x"), 1), (ApiError("RESOURCE_CONFLICT"), 1), (Http404("x"), 0)])
def test_what_another_middleware_raises_is_signalled_by_django_alone(send, settings, signalled, exc, signals):
    settings.MIDDLEWARE = [OURS, f"{__name__}.Raises"]
    MIDDLEWARE_DOES.raises = exc
    send("get", "/api/plain")
    assert len(signalled) == signals


@pytest.mark.parametrize("exc, status", [(KeyError("x"), 500), (ApiError("RESOURCE_CONFLICT"), 409)])
def test_without_our_error_views_what_a_middleware_below_raises_is_structured(send, settings, bare_urls, exc, status):
    bare_urls()
    settings.MIDDLEWARE = [OURS, f"{__name__}.Raises"]
    MIDDLEWARE_DOES.raises = exc
    assert body(send("get", "/api/plain"))["error"]["httpCode"] == status


# Other middleware


def test_process_exception_of_a_middleware_below_runs_first_and_its_answer_wins(send, set_view, settings):
    settings.MIDDLEWARE = [OURS, f"{__name__}.Answers"]
    MIDDLEWARE_DOES.answers = lambda: JsonResponse({"by": "them"}, status=418)
    set_view(ApiError("RESOURCE_CONFLICT"))
    assert body(send("get", "/api/plain")) == {"by": "them"}


@pytest.mark.parametrize("answer", [HttpResponse, JsonResponse])
@pytest.mark.parametrize("exc", [KeyError("x"), Http404("x")])
def test_process_exception_of_a_middleware_above_runs_and_its_answer_wins(send, set_view, settings, answer, exc):
    settings.MIDDLEWARE = [f"{__name__}.Answers", OURS]
    MIDDLEWARE_DOES.answers = lambda: answer({"by": "them"}, status=418, headers={"X-By": "them"})
    set_view(exc)
    response = send("get", "/api/plain", headers={"accept": "text/html"})

    assert response.status_code == 418
    assert response["X-By"] == "them"
    assert b"them" in response.content or b"by" in response.content
    assert [type(seen) for seen in MIDDLEWARE_DOES.seen] == [type(exc)]


def test_a_middleware_above_sees_the_exceptions_it_does_not_answer(send, set_view, settings):
    settings.MIDDLEWARE = [f"{__name__}.Answers", OURS]
    set_view(KeyError("x"))
    response = send("get", "/api/plain")

    assert_api_error(response, "INTERNAL_SERVER_ERROR")
    assert len(MIDDLEWARE_DOES.seen) == 1


def test_the_error_views_of_the_urlconf_that_a_middleware_chose_answer(send, settings):
    settings.ROOT_URLCONF = "support.urls_without_handlers"
    settings.MIDDLEWARE = [f"{__name__}.Urlconf", f"{__name__}.RaisesInView"]
    MIDDLEWARE_DOES.raises = PermissionDenied("x")
    assert_api_error(send("get", "/api/form"), "PERMISSION_DENIED")


@pytest.mark.parametrize("exc, code", [(PermissionDenied("x"), "PERMISSION_DENIED"), (KeyError("x"), None)])
def test_a_urlconf_without_our_error_views_that_a_middleware_chose_hides_nothing(send, settings, exc, code):
    settings.MIDDLEWARE = ["shop.middleware.bare_urlconf", OURS, f"{__name__}.RaisesInView"]
    MIDDLEWARE_DOES.raises = exc
    assert_api_error(send("get", "/api/plain"), code or "INTERNAL_SERVER_ERROR")


# Oversized forms and bad hosts


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("ours", [True, False], ids=["our error views", "django's error views"])
@pytest.mark.parametrize("middleware", [[OURS], [OURS, CSRF]], ids=["in the view", "in the CSRF check"])
@pytest.mark.parametrize("multipart", [False, True])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_an_oversized_form_is_413_everywhere(mode, settings, bare_urls, debug, ours, middleware, multipart):
    send = sender(mode, cookies={"csrftoken": "a" * 32}, enforce_csrf_checks=True)
    settings.DEBUG = debug
    settings.MIDDLEWARE = middleware
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    if not ours:
        bare_urls()
    if multipart:
        response = send("post", "/api/form", data={"a": "x" * 500})
    else:
        response = send("post", "/api/form", data="a=" + "x" * 500, content_type=FORM)
    assert_api_error(response, "PAYLOAD_TOO_LARGE")


@pytest.mark.parametrize("debug", [False, True])
@pytest.mark.parametrize("ours", [True, False], ids=["our error views", "django's error views"])
def test_a_bad_host_is_400(send, settings, bare_urls, signalled, caplog, debug, ours):
    settings.DEBUG = debug
    settings.ALLOWED_HOSTS = ["testserver"]
    if not ours:
        bare_urls()
    response = send("get", "/api/plain", headers={"host": "evil.example"})

    assert_api_error(response, "INVALID_REQUEST")
    assert b"evil.example" not in response.content
    assert records(caplog) == [("django.security.DisallowedHost", "ERROR")]
    assert signalled == []


def test_a_bad_host_met_above_the_middleware_is_400(send, settings):
    settings.SECURE_SSL_REDIRECT = True
    response = send("get", "/api/plain", headers={"host": "evil.example"})
    assert_api_error(response, "INVALID_REQUEST")


def test_a_client_that_went_away_while_it_sent_is_no_fault_of_ours(send, signalled):
    assert_api_error(send("post", "/api/unreadable"), "REQUEST_MALFORMED")
    assert signalled == []


# Rewritten responses


def carrying(response):
    for name in ("ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Range"):
        response[name] = "stale"
    response["Content-Length"] = "99999"
    response["Allow"] = "GET"
    response["Vary"] = "Cookie"
    response["X-Theirs"] = "kept"
    response.set_cookie("theirs", "kept")
    return response


async def chunks():
    yield b"old"


@pytest.mark.parametrize(
    "make",
    [
        lambda: HttpResponse("old", status=409),
        lambda: StreamingHttpResponse(iter([b"old"]), status=409),
    ],
    ids=["whole", "streaming"],
)
@pytest.mark.parametrize("path", ["/api/plain", "/api/async"])
def test_a_rewritten_response_keeps_what_is_not_of_the_body(send, set_view, make, path):
    set_view(lambda request: carrying(make()))
    response = send("get", path, headers={"origin": "https://client.example"})

    assert_api_error(response, "RESOURCE_CONFLICT")
    assert not response.streaming
    assert response["Allow"] == "GET"
    assert response["X-Theirs"] == "kept"
    assert response.cookies["theirs"].value == "kept"
    assert response["Access-Control-Allow-Origin"] == "https://client.example"
    assert {"Cookie", "Accept-Language", "origin"} <= set(response["Vary"].split(", "))
    assert response["Content-Length"] == str(len(response.content))
    for name in ("ETag", "Last-Modified", "Accept-Ranges", "Content-Disposition", "Content-Encoding", "Content-Range"):
        assert name not in response
    assert response["Content-Type"] == "application/json"


class Closes:
    """An iterator that notes when it is closed."""

    def __init__(self, iterator):
        self.iterator, self.closed = iterator, 0

    def __iter__(self):
        return self.iterator

    def __aiter__(self):
        return self.iterator

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("mode, iterator", [("sync", lambda: iter([b"x"])), ("async", chunks)])
def test_a_stream_that_is_replaced_is_closed_once_when_the_request_is_finished(set_view, mode, iterator):
    finished, streams = [], []

    def answer(request):
        streams.append(Closes(iterator()))
        return StreamingHttpResponse(streams[0], status=503)

    def receiver(**kwargs):
        finished.append(streams[0].closed)

    set_view(answer)
    request_finished.connect(receiver)
    try:
        response = sender(mode)("get", "/api/async" if mode == "async" else "/api/plain")
        if response.streaming:
            list(response)
    finally:
        request_finished.disconnect(receiver)

    assert_api_error(response, "SERVICE_UNAVAILABLE")
    assert streams[0].closed == 1
    assert finished == [1]


def test_the_request_is_finished_once(set_view):
    finished = []

    def receiver(**kwargs):
        finished.append(1)

    request_finished.connect(receiver)
    try:
        for what in (KeyError("x"), ApiError("RESOURCE_CONFLICT"), lambda request: HttpResponse(status=404)):
            set_view(what)
            sender("sync")("get", "/api/plain")
    finally:
        request_finished.disconnect(receiver)
    assert finished == [1, 1, 1]


# CSRF and slashes


def csrf_request(settings, view, path="/api/form"):
    settings.CSRF_FAILURE_VIEW = view
    return Client(enforce_csrf_checks=True, raise_request_exception=False).post(path)


def test_a_failed_csrf_check_has_its_own_code(settings, caplog):
    response = csrf_request(settings, "django_apierrors.handlers.csrf_failure")

    assert_api_error(response, "CSRF_FAILED")
    assert records(caplog) == [("django.security.csrf", "WARNING")]


def test_a_failed_csrf_check_of_a_website_path_gives_djangos_page(settings):
    response = csrf_request(settings, "django_apierrors.handlers.csrf_failure", "/site/plain")

    assert response.status_code == 403
    assert b"CSRF" in response.content
    assert "X-Error-Code" not in response


def test_a_failed_csrf_check_without_our_view_is_a_denied_permission(settings):
    assert_api_error(csrf_request(settings, "django.views.csrf.csrf_failure"), "PERMISSION_DENIED")


def test_a_missing_slash_is_redirected(send):
    response = send("get", "/api/slash")

    assert response.status_code == 301
    assert response["Location"] == "/api/slash/"


# Transactions


@pytest.fixture
def atomic_requests(monkeypatch):
    monkeypatch.setitem(connections.settings["default"], "ATOMIC_REQUESTS", True)


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("atomic_requests")
@pytest.mark.parametrize("name", ["at-commit", "on-commit", "transaction"])
def test_what_fails_around_the_view_is_structured(name, signalled, caplog):
    response = sender("sync")("get", f"/api/{name}")

    assert_api_error(response, "INTERNAL_SERVER_ERROR")
    assert len(signalled) == 1
    assert records(caplog)[-1] == ("django.request", "ERROR")
    assert not Payment.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("atomic_requests")
def test_a_deliberate_error_of_a_plain_view_rolls_back():
    assert_api_error(sender("sync")("get", "/api/rolled-back"), "RESOURCE_CONFLICT")
    assert not Account.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("atomic_requests")
@pytest.mark.parametrize("exc", [ApiError("RESOURCE_CONFLICT"), NotFound(), KeyError("x")])
def test_an_error_of_a_drf_view_rolls_back(set_view, exc):
    def raises(request):
        Account.objects.create(number="gone")
        raise exc

    set_view(raises)
    assert "X-Error-Code" in sender("sync")("get", "/api/drf")
    assert not Account.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "what",
    [KeyError("x"), ApiError("RESOURCE_CONFLICT"), Http404("x"), lambda request: HttpResponse(status=404)],
    ids=["unhandled", "deliberate", "404", "returned"],
)
@pytest.mark.parametrize("path", ["/api/plain", "/api/drf", "/api/nothing"])
def test_no_error_costs_a_query(set_view, django_assert_num_queries, path, what):
    set_view(what if path != "/api/drf" or isinstance(what, Exception) else KeyError("x"))
    with django_assert_num_queries(0):
        sender("sync")("get", path)


# What attackers write


def test_headers_of_a_raise_site_cannot_inject_headers(send, set_view):
    set_view(ApiError("RESOURCE_CONFLICT", headers={"X-A": "a\nSet-Cookie: b"}))
    response = send("get", "/api/plain")

    assert response.status_code == 409
    assert "X-A" not in response
    assert "Set-Cookie" not in response
    assert body(response)["error"]["code"] == "RESOURCE_CONFLICT"


def test_a_method_of_any_length_is_cut_to_200_characters(settings):
    settings.MIDDLEWARE = [OURS]
    response = Client(raise_request_exception=False).generic("M" * 10_000, "/api/class")

    assert_api_error(
        response, "METHOD_NOT_ALLOWED", message="The method " + "M" * 200 + " is not allowed for this endpoint."
    )


def test_a_media_type_of_any_length_is_cut_to_200_characters(send):
    response = send("post", "/api/orders", data="x", content_type="text/" + "m" * 5_000)
    message = "The media type text/" + "m" * 195 + " is not supported by this endpoint."

    assert_api_error(response, "UNSUPPORTED_MEDIA_TYPE", message=message)
