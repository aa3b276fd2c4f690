"""Fixtures of all tests."""

import gc

import pytest
from django.core.signals import got_request_exception
from django.test import AsyncClient, Client
from shop import views

from django_apierrors.windows import monitor


def pytest_collection_finish():
    """Keep the garbage collector from looking through thousands of tests again and again."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def api():
    """A client for which a 500 is an answer, not an exception."""
    return Client(raise_request_exception=False)


@pytest.fixture
def async_api():
    """The same through ASGI."""
    return AsyncClient(raise_request_exception=False)


@pytest.fixture(name="set_view")
def view_setter(monkeypatch):
    """Make every view raise an exception, or return what a function of the request returns."""

    def set_view(what):
        def do(request):
            if isinstance(what, BaseException):
                raise what.with_traceback(None)
            return what(request)

        monkeypatch.setitem(views.ACTION, "do", do)

    return set_view


@pytest.fixture
def bare(settings):
    """Take the package away: what is answered now is what Django and DRF make."""

    def without_the_package():
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("django_apierrors")]
        settings.ROOT_URLCONF = "support.urls_without_handlers"
        settings.REST_FRAMEWORK = {
            **settings.REST_FRAMEWORK,
            "EXCEPTION_HANDLER": "rest_framework.views.exception_handler",
        }
        settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"

    return without_the_package


@pytest.fixture(autouse=True)
def end_of_maintenance():
    """Let the gate notice that the maintenance of a test is over, before a request of another test does."""
    yield
    monitor.check()


@pytest.fixture
def signals():
    """The exceptions that Django announced."""
    announced = []

    def receiver(sender, request, **kwargs):
        announced.append(request.path)

    got_request_exception.connect(receiver)
    yield announced
    got_request_exception.disconnect(receiver)
