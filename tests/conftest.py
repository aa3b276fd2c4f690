"""Fixtures of all tests."""

import gc

import pytest
from django.core.signals import got_request_exception, request_finished, request_started, setting_changed
from django.db import close_old_connections
from django.dispatch import receiver
from django.test import AsyncClient, Client
from django.utils import translation
from django.utils.translation import trans_real
from shop import views
from support.gettext_catalogs import write_catalog

from django_apierrors.windows import monitor


@receiver(setting_changed)
def forget_languages(setting, **kwargs):
    """Read languages anew that Django keeps with the ``LANGUAGE_CODE`` of before as what they fall back to."""
    if setting == "LANGUAGE_CODE":
        trans_real._translations = {}


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


@pytest.fixture
def locale_path(settings, tmp_path):
    """Write the translations of a project's own into a directory of ``LOCALE_PATHS``."""

    def write(language, texts):
        write_catalog(tmp_path, language, texts)
        settings.LOCALE_PATHS = [*settings.LOCALE_PATHS, tmp_path]

    return write


@pytest.fixture(autouse=True)
def end_of_maintenance():
    """Let the gate notice that the maintenance of a test is over, before a request of another test does."""
    yield
    monitor.check()


@pytest.fixture(autouse=True)
def end_of_language():
    """Take away the language that LocaleMiddleware activated for the last request of a test."""
    yield
    translation.deactivate()


@pytest.fixture
def finished():
    """The requests whose end Django has signalled; connections stay open, as in Django's own test client."""
    ends = []

    def receiver(**kwargs):
        ends.append(kwargs["sender"])

    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    request_finished.connect(receiver)
    yield ends
    request_finished.disconnect(receiver)
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


@pytest.fixture
def signals():
    """The paths of the requests of whose errors Django has signalled."""
    paths = []

    def receiver(request, **kwargs):
        paths.append(request.path)

    got_request_exception.connect(receiver)
    yield paths
    got_request_exception.disconnect(receiver)
