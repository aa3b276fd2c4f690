"""The sentences of "Guaranteed" in the README: each holds, and fails when its mechanism is taken out."""

import contextlib
import logging
import re
from importlib import import_module
from pathlib import Path

import pytest
from django.core.signals import got_request_exception
from django.core.wsgi import get_wsgi_application
from django.db import OperationalError, connection
from django.http import HttpResponse, StreamingHttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from rest_framework.exceptions import NotFound, PermissionDenied, ValidationError

from django_apierrors import catalog, formats, handlers, middleware, responses, rewriting, wsgi
from django_apierrors.catalog import Entry
from django_apierrors.exceptions import ApiError
from django_apierrors.formats import Nested
from django_apierrors.maintenance import enable
from django_apierrors.snapshot import loader, snapshot
from django_apierrors.windows import Windows, install_windows, monitor

README = Path(__file__).parents[1] / "README.md"


def sentences():
    """Return the guarantees as the README lists them, one a bullet."""
    text = README.read_text(encoding="utf-8").split("## Guaranteed\n")[1].split("\n## ")[0].split("Not guaranteed")[0]
    return [" ".join(bullet.split()) for bullet in re.split(r"^\* ", text, flags=re.M)[1:]]


class Guarantee:
    """One sentence: ``holds`` tries it with the fixtures it names, ``remove`` takes the mechanism out."""

    by_name = {}

    def __init_subclass__(cls):
        Guarantee.by_name[cls.__doc__] = cls

    def __init__(self, set_view, settings, monkeypatch, caplog):
        self.set_view, self.settings, self.monkeypatch, self.caplog = set_view, settings, monkeypatch, caplog
        self.client = Client(raise_request_exception=False)


class OneShape(Guarantee):
    """Every error of an API request has the shape of its format, unless somebody wrote its body on purpose."""

    def holds(self):
        self.set_view(lambda request: HttpResponse("<h1>Conflict</h1>", status=409))
        return "X-Error-Code" in self.client.get("/api/plain")

    def remove(self):
        self.monkeypatch.setattr(rewriting, "_problem_of_finished", lambda *args: None)


class Wrapped(Guarantee):
    """An exception that nobody handles is logged once and signalled once by Django, as without the package."""

    def holds(self):
        self.set_view(ZeroDivisionError("secret"))
        signals = []
        receiver = lambda **kwargs: signals.append(kwargs["request"])  # noqa: E731
        got_request_exception.connect(receiver)
        try:
            with self.caplog.at_level(logging.ERROR):
                self.caplog.clear()
                self.client.get("/api/drf")
        finally:
            got_request_exception.disconnect(receiver)
        records = [record for record in self.caplog.records if record.levelno >= logging.ERROR]
        return (len(signals), len(records)) == (1, 1)

    def remove(self):
        for module in (handlers, middleware):
            self.monkeypatch.setattr(module, "is_left_to_django", lambda exc, status: False)


class RewrittenInPlace(Guarantee):
    """Headers and cookies that others gave a response stay."""

    def holds(self):
        def view(request):
            response = HttpResponse(status=409, headers={"X-Theirs": "1"})
            response.set_cookie("theirs", "1")
            return response

        self.set_view(view)
        response = self.client.get("/api/plain")
        return "X-Theirs" in response and "theirs" in response.cookies

    def remove(self):
        self.monkeypatch.setattr(
            responses, "write", lambda response, problem, request: responses.make(problem, request)
        )


class DebugPages(Guarantee):
    """With `DEBUG`, a crash keeps Django's technical page, unless `DEBUG_ERRORS` is set."""

    def holds(self):
        self.settings.DEBUG = True
        self.set_view(ZeroDivisionError("secret"))
        return b"ZeroDivisionError" in self.client.get("/api/plain", headers={"Accept": "*/*"}).content

    def remove(self):
        self.monkeypatch.setattr(rewriting, "is_left_to_django", lambda exc, status: False)


class NoQuery(Guarantee):
    """An error makes no query of its own."""

    def holds(self):
        self.set_view(NotFound())
        with CaptureQueriesContext(
            connection,
        ) as queries:
            self.client.get("/api/drf")
        return len(queries) == 0

    def remove(self):
        self.monkeypatch.setattr(catalog, "current", lambda: loader.load_catalog("default"))


class Texts(Guarantee):
    """The text of an exception reaches a client only where its code passes details on, and never with a 5xx."""

    def holds(self):
        contents = []
        for exc in (PermissionDenied("secret"), ApiError("BAD_GATEWAY", "secret"), RuntimeError("secret")):
            self.set_view(exc)
            contents.append(self.client.get("/api/drf").content)
        return b"secret" not in b"".join(contents)

    def remove(self):
        self.monkeypatch.setattr(Entry, "message_for", lambda entry, problem: str(problem.message))
        self.monkeypatch.setattr("django_apierrors.answer_cache.PreparedAnswer.body_for", lambda *args: None)


class LastResort(Guarantee):
    """A format or a renderer that fails never hides the error: a fixed body with its code and status is sent."""

    def holds(self):
        self.settings.APIERRORS = {"STRICT": True, "FORMAT": f"{__name__}.Failing"}
        self.set_view(NotFound())
        response = self.client.get("/api/plain")
        return response.get("X-Error-Code") == "RESOURCE_NOT_FOUND" and response.status_code == 404

    def remove(self):
        self.monkeypatch.setattr(formats, "fallback", Failing.body)


class Bounded(Guarantee):
    """No body of an error is larger than 64 kB."""

    def holds(self):
        self.settings.APIERRORS = {"STRICT": True, "FORMAT": f"{__name__}.Padded"}
        self.set_view(NotFound())
        return len(self.client.get("/api/plain").content) <= 64_000

    def remove(self):
        self.monkeypatch.setattr(import_module("django_apierrors.formats.bounded"), "MOST_BYTES", 10**9)


class Uncaught(Guarantee):
    """Whatever a view raises, `SystemExit` too, is a crash with one signal and one record, and stops no worker."""

    def holds(self):
        self.set_view(SystemExit())
        try:
            return self.client.get("/api/plain").get("X-Error-Code") == "INTERNAL_SERVER_ERROR"
        except SystemExit:
            return False

    def remove(self):
        self.monkeypatch.setattr(middleware, "is_from_server", lambda exc, request: True)


class Guarded(Guarantee):
    """Behind the guard, so is a stream that fails before its first byte, and a header that no server would send."""

    def holds(self):
        def failing():
            raise ZeroDivisionError
            yield b""

        statuses = []
        for response in (StreamingHttpResponse(failing()), HttpResponse(headers={"X-Odd": "a\0b"})):
            self.set_view(lambda request, response=response: response)
            application = wsgi.guard(get_wsgi_application())
            application(RequestFactory().get("/api/plain").environ, lambda status, headers: statuses.append(status))
        return statuses == ["500 Internal Server Error"] * 2

    def remove(self):
        self.monkeypatch.setattr(wsgi.WSGIGuard, "__call__", lambda guard, *args: guard.application(*args))


class OneStatus(Guarantee):
    """The status in a body is that of the response, and the id in it is that of the header."""

    def holds(self):
        self.settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}
        self.settings.MIDDLEWARE = [*self.settings.MIDDLEWARE, f"{__name__}.changing"]
        self.set_view(ApiError("RESOURCE_CONFLICT"))
        response = self.client.get("/api/plain")
        body = response.json()
        return (body["status"], body["request_id"]) == (response.status_code, response["X-Request-ID"])

    def remove(self):
        self.monkeypatch.setattr(rewriting, "reconcile", lambda *args: None)


class MaintenanceWithoutDatabase(Guarantee):
    """Maintenance that a process knows stays on while the database is down, and its 503 never becomes a 500."""

    def holds(self):
        self.settings.APIERRORS = {"STRICT": True, "REFRESH_SECONDS": 0.001}
        enable()
        install_windows(loader.load_windows("default"))
        monitor.check()
        self.monkeypatch.setattr(loader, "load_tokens", failing)
        snapshot.invalidate()
        try:
            return self.client.get("/api/plain").status_code == 503
        finally:
            install_windows(Windows())
            snapshot.reset()
            monitor.check()

    def remove(self):
        self.monkeypatch.setattr(type(snapshot), "_report", lambda self, exc: install_windows(Windows()))


def failing(*args):
    raise OperationalError("the database is down")


class Failing(Nested):
    def body(self, *args):
        raise ZeroDivisionError("the format is broken")


class Padded(Nested):
    def body(self, problem, entry):
        return {"padding": "x" * 100_000}


def changing(get_response):
    """A middleware that gives each response another status and another id."""

    def middleware(request):
        response = get_response(request)
        response.status_code = 422
        response["X-Request-ID"] = "theirs"
        return response

    return middleware


@pytest.fixture
def guarantee(set_view, settings, monkeypatch, caplog):
    return lambda sentence: Guarantee.by_name[sentence](set_view, settings, monkeypatch, caplog)


def test_the_readme_lists_these_sentences_and_those_of_the_benchmark():
    written = [sentence for sentence in sentences() if "tox run -e bench" not in sentence]
    assert written == list(Guarantee.by_name)


@pytest.mark.usefixtures("finished")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sentence", Guarantee.by_name)
def test_a_guarantee_holds(sentence, guarantee):
    assert guarantee(sentence).holds()


@pytest.mark.usefixtures("finished")
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("sentence", Guarantee.by_name)
def test_a_guarantee_fails_without_its_mechanism(sentence, guarantee):
    tried = guarantee(sentence)
    tried.remove()
    with contextlib.suppress(ZeroDivisionError):  # nothing is left that would catch it
        assert not tried.holds()


def test_field_errors_of_validators_are_sent_as_they_are(set_view, api):
    set_view(ValidationError({"name": ["Not this one."]}))
    assert b"Not this one." in api.get("/api/drf").content
