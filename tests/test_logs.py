"""The filter that adds the request id and the error code to log records."""

import logging

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import Http404
from django.test import RequestFactory
from rest_framework.request import Request
from support.clients import sender

from django_apierrors.exceptions import ApiError
from django_apierrors.logs import RequestContextFilter


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


@pytest.fixture
def logged(caplog):
    caplog.handler.addFilter(context := RequestContextFilter())
    yield caplog  # its list of records is a new one by the time of the test
    caplog.handler.removeFilter(context)


def record(**extra):
    return logging.makeLogRecord({"msg": "x", **extra})


@pytest.mark.parametrize("path", ["/api/plain", "/api/async", "/api/drf"])
@pytest.mark.parametrize(
    "exc, code",
    [
        (KeyError("x"), "INTERNAL_SERVER_ERROR"),
        (Http404("x"), "RESOURCE_NOT_FOUND"),
        (ApiError("RESOURCE_CONFLICT"), "RESOURCE_CONFLICT"),
        (SuspiciousOperation("x"), "INVALID_REQUEST"),
    ],
)
def test_records_of_django_carry_the_id_and_the_code(send, set_view, logged, path, exc, code):
    set_view(exc)
    send("get", path, headers={"x-request-id": "mine-1"})

    assert [(record.request_id, record.error_code) for record in logged.records] == [("mine-1", code)]


def test_an_unmatched_url_has_its_code(send, logged):
    send("get", "/api/nothing", headers={"x-request-id": "mine-1"})
    assert [(record.request_id, record.error_code) for record in logged.records] == [("mine-1", "ENDPOINT_NOT_FOUND")]


def test_what_a_middleware_raised_has_its_code(send, set_view, logged, settings):
    settings.MIDDLEWARE = ["django_apierrors.middleware.ApiErrorMiddleware", "shop.middleware.before_the_view"]
    set_view(KeyError("x"))
    send("get", "/api/plain")
    assert [record.error_code for record in logged.records] == ["INTERNAL_SERVER_ERROR"]


@pytest.mark.parametrize("request_", [None, object(), "text"], ids=["none", "a socket of runserver", "text"])
def test_a_record_without_a_request_of_django_passes_with_dashes(request_):
    of_nobody = record(request=request_)
    assert RequestContextFilter().filter(of_nobody) is True
    assert (of_nobody.request_id, of_nobody.error_code) == ("-", "-")


def test_a_record_that_names_no_request_passes_with_dashes():
    plain = record()
    assert RequestContextFilter().filter(plain) is True
    assert (plain.request_id, plain.error_code) == ("-", "-")


def test_a_request_of_drf_is_that_of_django():
    request = RequestFactory().get("/", headers={"x-request-id": "mine-1"})
    of_drf = record(request=Request(request))
    RequestContextFilter().filter(of_drf)
    assert (of_drf.request_id, of_drf.error_code) == ("mine-1", "-")


def test_what_a_record_says_already_is_kept():
    said = record(request=RequestFactory().get("/"), request_id="theirs", error_code="THEIRS")
    RequestContextFilter().filter(said)
    assert (said.request_id, said.error_code) == ("theirs", "THEIRS")
