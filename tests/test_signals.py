"""problem_sent: once for each structured answer, as it leaves, whatever its entry point."""

import pytest
from asgiref.sync import iscoroutinefunction
from django.core.exceptions import PermissionDenied
from django.core.signals import got_request_exception
from django.http import Http404, HttpResponse, JsonResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from django_ratelimit.exceptions import Ratelimited
from rest_framework.exceptions import NotFound
from support.clients import sender

from django_apierrors.exceptions import ApiError
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.problems import Problem
from django_apierrors.request_state import RequestState
from django_apierrors.signals import problem_sent

__all__ = ["handler400", "handler403", "handler404", "handler500"]

OURS = "django_apierrors.middleware.ApiErrorMiddleware"

urlpatterns = [path("", include("urls")), path("api/slash/", lambda request: HttpResponse("fine"))]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


@pytest.fixture(params=["def", "async def"])
def sent(request):
    """What receivers of both kinds were told."""
    told = []

    def receiver(sender, problem, request, response, **kwargs):
        told.append((sender, problem, request, response))

    async def asynchronous(sender, problem, request, response, **kwargs):
        told.append((sender, problem, request, response))

    connected = asynchronous if request.param == "async def" else receiver
    problem_sent.connect(connected)
    yield told
    problem_sent.disconnect(connected)


def codes(sent):
    return [problem.code for _, problem, _, _ in sent]


@pytest.mark.parametrize("path", ["/api/plain", "/api/async", "/api/drf"])
@pytest.mark.parametrize(
    "exc, code",
    [
        (KeyError("x"), "INTERNAL_SERVER_ERROR"),
        (Http404("x"), "RESOURCE_NOT_FOUND"),
        (PermissionDenied("x"), "PERMISSION_DENIED"),
        (ApiError("RESOURCE_CONFLICT"), "RESOURCE_CONFLICT"),
        (NotFound(), "RESOURCE_NOT_FOUND"),
        (Ratelimited(), "RATE_TOO_HIGH"),
    ],
)
def test_an_exception_is_told_once_with_its_answer(send, set_view, sent, path, exc, code):
    set_view(exc)
    response = send("get", path, headers={"x-request-id": "mine-1"})

    assert codes(sent) == [code]
    told_by, problem, request, told = sent[0]
    assert told_by is Problem
    assert problem.status == told.status_code == response.status_code
    assert problem.request_id == "mine-1"
    assert request.path == path
    assert told.content == response.content


def test_an_unmatched_url_and_a_returned_error_are_told_once(send, set_view, sent):
    send("get", "/api/nothing")
    send("delete", "/api/class")
    set_view(lambda request: HttpResponse(status=410))
    send("get", "/api/plain")
    send("put", "/api/orders", data="{}", content_type="application/json")
    assert codes(sent) == ["ENDPOINT_NOT_FOUND", "METHOD_NOT_ALLOWED", "GONE", "PARAM_NOT_FOUND"]


def test_a_failed_csrf_check_is_told_once(sent):
    Client(enforce_csrf_checks=True).post("/api/plain")
    assert codes(sent) == ["CSRF_FAILED"]


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("exc", [PermissionDenied("x"), KeyError("x"), ApiError("RESOURCE_CONFLICT")])
def test_what_another_middleware_raises_is_told_once(send, set_view, settings, sent, above, exc):
    theirs = "shop.middleware.before_the_view"
    settings.MIDDLEWARE = [theirs, OURS] if above else [OURS, theirs]
    set_view(exc)
    send("get", "/api/plain")
    assert len(sent) == 1


def test_what_a_middleware_above_raises_when_an_error_has_left_is_told_once_more(send, set_view, settings, sent):
    settings.MIDDLEWARE = ["shop.middleware.after_the_view", OURS]
    set_view(PermissionDenied("x"))
    send("get", "/api/nothing")
    assert codes(sent) == ["ENDPOINT_NOT_FOUND", "PERMISSION_DENIED"]


@pytest.mark.parametrize("above", [True, False])
def test_a_bad_host_is_told_once(send, settings, sent, above):
    settings.SECURE_SSL_REDIRECT = above
    send("get", "/api/plain", headers={"host": "evil.example"})
    assert codes(sent) == ["INVALID_REQUEST"]


def test_a_missing_slash_is_not_told(send, sent):
    assert send("get", "/api/slash").status_code == 301
    assert sent == []


def test_what_is_not_structured_is_not_told(send, set_view, sent):
    send("get", "/site/nothing")
    set_view(lambda request: JsonResponse({}, status=404))
    send("get", "/api/plain")
    set_view(lambda request: HttpResponse("fine"))
    send("get", "/api/plain")
    assert sent == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_a_receiver_that_raises_harms_nothing(send, set_view, sent, asynchronous, caplog):
    def raises(**kwargs):
        raise ZeroDivisionError("the receiver is broken")

    async def raises_too(**kwargs):
        raise ZeroDivisionError("the receiver is broken")

    broken = raises_too if asynchronous else raises
    assert iscoroutinefunction(broken) is asynchronous
    problem_sent.connect(broken)
    try:
        set_view(ApiError("RESOURCE_CONFLICT"))
        assert send("get", "/api/plain").status_code == 409
    finally:
        problem_sent.disconnect(broken)
    assert codes(sent) == ["RESOURCE_CONFLICT"]
    assert "the receiver is broken" in caplog.text


def test_a_signal_of_django_without_a_request_or_an_exception_is_no_concern_of_ours():
    request = RequestFactory().get("/api/plain")
    got_request_exception.send(sender=None, request=request)
    try:
        raise KeyError("x")
    except KeyError:
        got_request_exception.send(sender=None, request=None)
    assert RequestState.of(request).exception is None
