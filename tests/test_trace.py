"""The way from an exception to its answer: how many functions and files, and which questions are asked once."""

import sys
from pathlib import Path

import pytest
from django.test import Client
from django.urls import path
from rest_framework.exceptions import NotFound
from rest_framework.response import Response
from shop import views

import django_apierrors
from django_apierrors.handlers import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
PACKAGE = Path(django_apierrors.__file__).parent

urlpatterns = [path("api/drf", views.Drf.as_view()), path("api/plain", views.plain)]


@pytest.fixture
def trace(set_view):
    """Return the calls of functions of the package during a request, as pairs of file and function."""

    def traced(what, url="/api/drf"):
        client = Client(raise_request_exception=False)
        set_view(what)
        client.get(url)  # what is prepared once is prepared now
        calls = []

        def profile(frame, event, arg):
            name = Path(frame.f_code.co_filename)
            if event == "call" and PACKAGE in name.parents:
                calls.append((name.relative_to(PACKAGE).as_posix(), frame.f_code.co_name))

        sys.setprofile(profile)
        try:
            client.get(url)
        finally:
            sys.setprofile(None)
        return calls

    return traced


def not_found(request):
    raise NotFound  # in the language of the request


def test_a_drf_404_is_a_short_way(trace):
    calls = trace(not_found)
    assert len(calls) <= 60
    assert len({file for file, _ in calls}) <= 14


def test_a_drf_200_is_a_shorter_one(trace):
    assert len(trace(lambda request: Response({}))) <= 14


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_a_crash_is_classified_once_and_asked_for_its_owner_once(url, trace):
    names = [name for _, name in trace(ZeroDivisionError("x"), url)]
    assert names.count("_read") == 1
    assert names.count("is_client_error") == 1
    assert names.count("_format_of_view") <= 1
    assert names.count("_view_class") <= 2  # for the format and for the owner


def test_the_same_answer_is_prepared_once(trace):
    names = [name for _, name in trace(NotFound())]
    assert "body" not in names
    assert "_entry" not in names
