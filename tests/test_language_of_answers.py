"""The language of an answer: message, field errors, header and page agree, whoever chose it, and on the first day."""

import itertools
import re

import pytest
from django.core.exceptions import SuspiciousOperation
from django.http import HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.test import RequestFactory
from django.utils import translation
from django.utils.deprecation import MiddlewareMixin
from django.utils.translation import get_language_from_request
from rest_framework import exceptions, fields, serializers
from support.clients import sender

from django_apierrors import catalog
from django_apierrors.handlers import answer
from django_apierrors.testing import maintenance_mode, override_error

APIERRORS = "django_apierrors.middleware.ApiErrorMiddleware"
HEADERS = (
    "", "*", "xx", "garbage;;;,q", "de", "de-AT, en;q=0.5", "en-GB", "fr;q=0.5, de;q=0.9", "cs", "CS-cz", "fa",
    "sv;q=1", "uk, *;q=0.1", "pt-br", "zh-hans", "de;q=0",
)  # fmt: skip
#: Name → LANGUAGES, LANGUAGE_CODE.
PROJECTS = {
    "all": (None, "en"),
    "all, German": (None, "de"),
    "own": ([("en", "English"), ("de", "German"), ("cs", "Czech"), ("fr", "French")], "en"),
    "own, German": ([("en", "English"), ("de", "German"), ("cs", "Czech"), ("fr", "French")], "de"),
}


# Who chooses


class OfAProject(LocaleMiddleware):
    pass


def choice_of_project(header):
    """What a language middleware of a project's own makes of a header."""
    return {"d": "de", "f": "fr", "c": "cs", "C": "cs"}.get(header[:1], "en")


class Activating(MiddlewareMixin):
    """Chooses a language and tells nobody."""

    def process_request(self, request):
        translation.activate(choice_of_project(request.META.get("HTTP_ACCEPT_LANGUAGE", "")))


class Own(Activating):
    """Chooses a language as Django's documentation says."""

    def process_request(self, request):
        super().process_request(request)
        request.LANGUAGE_CODE = translation.get_language()


class Refusing(MiddlewareMixin):
    """Refuses a request that asks for it, before anybody below has seen it."""

    def process_request(self, request):
        if "refuse" in request.GET:
            raise SuspiciousOperation


CHOOSERS = {
    "Locale": "django.middleware.locale.LocaleMiddleware",
    "subclass": f"{__name__}.OfAProject",
    "own": f"{__name__}.Own",
    "activating": f"{__name__}.Activating",
    "nobody": None,
}


# Where the error happens


def not_found(request):
    raise exceptions.NotFound


def crash(request):
    raise ZeroDivisionError("secret")


#: Name → method, path, what the view does, whether the error is inside the chain of middleware.
PLACES = {
    "raised in DRF": ("post", "/api/orders", None, True),
    "returned by DRF": ("put", "/api/orders", None, True),
    "raised in a view": ("get", "/api/plain", not_found, True),
    "crash of a view": ("get", "/api/plain", crash, True),
    "crash of DRF": ("get", "/api/drf", crash, True),
    "no endpoint": ("get", "/api/nothing", None, False),
    "empty body": ("get", "/api/plain", lambda request: HttpResponse(status=403), True),
    "above the language": ("get", "/api/plain?refuse=1", None, None),
}
WRONG = {"customer": "x" * 11, "email": "nope"}


@pytest.fixture
def project(settings, set_view):
    """Return a function that sets a project up, sends a request and returns the response and its expected language."""
    others = [name for name in settings.MIDDLEWARE if "Locale" not in name and name != APIERRORS]

    known, current = settings.LANGUAGES, []

    def send(chooser, header, languages="all", place="raised in DRF", mode="sync", above=False):
        if [chooser, languages, above] != current:  # each change makes Django read all catalogs again
            current[:] = [chooser, languages, above]
            of_project, settings.LANGUAGE_CODE = PROJECTS[languages]
            settings.LANGUAGES = of_project or known
            own = [name for name in (CHOOSERS[chooser],) if name]
            refusing = f"{__name__}.Refusing"
            settings.MIDDLEWARE = [*([refusing, APIERRORS] if above else [APIERRORS, refusing]), *own, *others]
        method, path, action, is_inside = PLACES[place]
        set_view(action)
        headers = {"Accept-Language": header} if header else {}
        data = {"data": WRONG, "content_type": "application/json"} if place.endswith("DRF") and action is None else {}
        # Of the request before; where nobody chooses, a process only knows the language of the project.
        with translation.override(settings.LANGUAGE_CODE if chooser == "nobody" and is_inside else "es"):
            response = sender(mode)(method, path, headers=headers, **data)
        return response, expected(chooser, header, is_inside, settings)

    return send


def expected(chooser, header, is_inside, settings):
    if chooser in ("Locale", "subclass"):
        return get_language_from_request(RequestFactory().get("/", headers={"accept-language": header}))
    is_chosen = (chooser == "own" and is_inside is not None) or (chooser == "activating" and is_inside)
    return choice_of_project(header) if is_chosen else settings.LANGUAGE_CODE


def words(language):
    """Return the texts of DRF in a language that the errors of these tests have, and ours of their codes."""
    with translation.override(language):
        long = str(fields.CharField.default_error_messages["max_length"]).format(max_length=10)
        found = {long, str(fields.EmailField.default_error_messages["invalid"])}
    found |= {f"customer: {long}"}
    for code in ("VALIDATION_FAILED", "RESOURCE_NOT_FOUND", "ENDPOINT_NOT_FOUND", "INTERNAL_SERVER_ERROR"):
        found |= of_catalog(code, language)
    return found | of_catalog("PERMISSION_DENIED", language) | of_catalog("INVALID_REQUEST", language)


def of_catalog(code, language):
    entry = catalog.current().entry(code, language)
    texts = {"message": entry.message, "message_without": entry.message_without, "title": f"{entry.title}."}
    return {text for name, text in texts.items() if entry.languages[name] == language}


def is_one_language(response, language):
    """Assert that each text is in a language, as the header says, or in English, as it says then, too."""
    error = response.json()["error"]
    texts = [error["message"], *(one["message"] for one in error.get("errors", ()))]
    claimed = response["Content-Language"].split(", ")
    assert set(claimed) <= {language, "en"}
    for spoken in claimed:
        assert any(text in words(spoken) for text in texts), (spoken, texts)
    assert all(any(text in words(spoken) for spoken in claimed) for text in texts), (claimed, texts)
    # What has no equivalent in DRF and Django may be English; it is, where nothing is shipped.
    assert language in claimed or error["code"] == "INVALID_REQUEST"


@pytest.mark.parametrize("chooser", CHOOSERS)
def test_sixteen_headers(project, chooser):
    for header in HEADERS:
        is_one_language(*project(chooser, header))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("chooser", CHOOSERS)
def test_errors_above_inside_and_below(project, chooser, mode):
    for place, header in itertools.product(PLACES, ("de", "cs")):
        is_one_language(*project(chooser, header, place=place, mode=mode))
    is_one_language(*project(chooser, "de", place="above the language", mode=mode, above=True))


@pytest.mark.parametrize("languages", list(PROJECTS)[1:])
@pytest.mark.parametrize("chooser", CHOOSERS)
def test_languages_of_projects(project, chooser, languages):
    for place, header in itertools.product(("raised in DRF", "no endpoint"), ("", "de", "fa", "cs")):
        is_one_language(*project(chooser, header, languages, place))


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("languages", PROJECTS)
@pytest.mark.parametrize("chooser", CHOOSERS)
def test_every_header_in_every_place(project, chooser, languages, mode):
    for above, place, header in itertools.product((False, True), PLACES, HEADERS):
        is_one_language(*project(chooser, header, languages, place, mode, above))


@pytest.mark.parametrize("chooser", CHOOSERS)
def test_the_page_of_a_code_is_in_the_language_of_its_errors(project, chooser, settings):
    for header in ("de", "cs", "fa", ""):
        response, language = project(chooser, header, place="raised in a view")
        with translation.override(settings.LANGUAGE_CODE):
            page = sender("sync")("get", "/errors/RESOURCE_NOT_FOUND/", headers={"Accept-Language": header})
        assert response["Content-Language"] == language
        spoken = page["Content-Language"].split(", ")
        assert language in spoken
        html = page.content.decode().replace('<span lang="en">Not Found</span>', "")  # the phrase of the status
        assert re.search(r'<html lang="([^"]*)"', html)[1] == spoken[0]
        assert set(re.findall(r'lang="([^"]*)"', html)) == set(spoken)
        assert response.json()["error"]["message"] in html


@pytest.mark.parametrize(
    ("chooser", "is_asked"), [("Locale", True), ("subclass", True), ("own", False), ("nobody", False)]
)
def test_vary_names_accept_language_where_that_was_asked(project, chooser, is_asked):
    for place in ("raised in DRF", "no endpoint", "above the language"):
        response, _ = project(chooser, "de", place=place)
        assert ("Accept-Language" in response.get("Vary", "")) is is_asked
    page = sender("sync")("get", "/errors/", headers={"Accept-Language": "de"})
    assert ("Accept-Language" in page["Vary"]) is is_asked
    with maintenance_mode():
        for headers in ({}, {"Accept": "text/html"}):
            response = sender("sync")("get", "/site/page", headers={"Accept-Language": "de", **headers})
            assert ("Accept-Language" in response["Vary"]) is is_asked


def test_vary_is_that_of_each_request_though_answers_are_prepared():
    asking, chosen = (RequestFactory().get("/api/x", headers={"accept-language": "de"}) for _ in range(2))
    chosen.LANGUAGE_CODE = "de"
    for _ in range(2):
        assert answer(asking, exceptions.NotFound())["Vary"] == "Accept-Language"
        assert "Vary" not in answer(chosen, exceptions.NotFound())


def test_a_csrf_failure_is_in_the_language_that_was_activated(project, settings):
    project("activating", "de")
    response = sender("sync", enforce_csrf_checks=True)("post", "/api/plain", headers={"Accept-Language": "de"})
    assert (response["X-Error-Code"], response["Content-Language"]) == ("CSRF_FAILED", "de")


def test_a_language_that_a_view_activated_is_that_of_its_errors(project, set_view):
    project("Locale", "de")

    def view(request):
        translation.activate("cs")
        raise exceptions.NotFound

    for path in ("/api/drf", "/api/plain"):
        set_view(view)
        response = sender("sync")("get", path, headers={"Accept-Language": "de"})
        with translation.override("cs"):
            assert response.json()["error"]["message"] == str(exceptions.NotFound.default_detail)
        assert response["Content-Language"] == "cs"


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_all_that_a_view_answers_is_in_the_language_that_was_active(project, set_view, settings, mode):
    project("Locale", "de")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.French"]
    data = {"Accept": "application/json"}
    for path, view in (
        ("/api/drf", not_found),
        ("/api/plain", lambda request: HttpResponse(status=404)),
        ("/errors/GONE/", None),
        ("/errors/NOPE.json", None),
        ("/errors/NOPE/", None),
    ):
        set_view(view)
        for headers in ({}, data):
            response = sender(mode)("get", path, headers={"Accept-Language": "de", **headers})
            assert response["Content-Language"] == "fr", (path, headers)
            assert "Accept-Language" in response["Vary"]
    settings.APIERRORS = {**settings.APIERRORS, "DOCS": {"ACCESS": "authenticated"}}
    response = sender(mode)("get", "/errors/GONE.json", headers={"Accept-Language": "de"})
    assert (response.status_code, response["Content-Language"]) == (401, "fr")


class French(MiddlewareMixin):
    """Chooses a language after LocaleMiddleware, and tells nobody."""

    def process_request(self, request):
        translation.activate("fr")


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_crash_that_passes_all_middleware_has_the_language_and_the_vary_of_any_other(project, set_view, mode):
    project("Locale", "de")

    def leave(request):
        translation.activate("fr")
        raise SystemExit

    for path in ("/api/drf", "/api/plain"):
        set_view(leave)
        response = sender(mode)("get", path, headers={"Accept-Language": "de"})
        assert (response.status_code, response["Content-Language"]) == (500, "fr")
        assert "Accept-Language" in response["Vary"]


def test_a_crash_before_the_view_is_not_in_the_language_of_the_request_before(project, settings):
    project("Locale", "de")
    others, leaving = settings.MIDDLEWARE[1:], f"{__name__}.Leaving"
    for above, below in (([leaving], []), ([], [leaving])):  # has LocaleMiddleware chosen?
        settings.MIDDLEWARE = [APIERRORS, *above, *others, *below]
        with translation.override("es"):
            response = sender("sync")("get", "/api/plain", headers={"Accept-Language": "de"})
        assert (response.status_code, response["Content-Language"], response["Vary"]) == (500, "de", "Accept-Language")


class Leaving(MiddlewareMixin):
    def process_request(self, request):
        raise SystemExit


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_middleware_that_fails_after_the_view_answers_in_its_language(project, set_view, settings, mode):
    project("Locale", "de")
    settings.MIDDLEWARE = [APIERRORS, f"{__name__}.Failing", *settings.MIDDLEWARE[1:], f"{__name__}.French"]
    set_view(lambda request: HttpResponse("fine"))
    response = sender(mode)("get", "/api/plain", headers={"Accept-Language": "de"})
    assert (response.status_code, response["Content-Language"], response["Vary"]) == (500, "fr", "Accept-Language")


class Failing(MiddlewareMixin):
    """Leaves another language behind, and fails."""

    def process_response(self, request, response):
        translation.activate("es")
        raise ZeroDivisionError


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_with_translations_deactivated_an_answer_is_in_the_language_of_the_source(project, set_view, settings, mode):
    project("Locale", "de")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.Deactivating"]
    for view in (not_found, lambda request: HttpResponse(status=404)):
        set_view(view)
        response = sender(mode)("get", "/api/plain", headers={"Accept-Language": "de"})
        assert response["Content-Language"] == "en"


class Deactivating(MiddlewareMixin):
    def process_request(self, request):
        translation.deactivate_all()


def test_an_answer_that_is_written_again_keeps_its_language(project, settings):
    project("activating", "cs")
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:1], f"{__name__}.Renaming", *settings.MIDDLEWARE[1:]]
    response = sender("sync")("get", "/api/drf/no-key", headers={"Accept-Language": "cs"})
    assert (response["X-Request-ID"], response["Content-Language"]) == ("of-a-gateway", "cs")


class Renaming(MiddlewareMixin):
    """Gives each response an id of its own, and leaves another language behind."""

    def process_response(self, request, response):
        response["X-Request-ID"] = "of-a-gateway"
        translation.activate("es")
        return response


# On the first day

#: Name → method, path, what a view does, further arguments of the client. The ten commonest errors.
COMMON = {
    "field errors": ("post", "/api/orders", None, {"data": WRONG, "content_type": "application/json"}),
    "one field": ("post", "/api/orders", None, {"data": {"customer": ""}, "content_type": "application/json"}),
    "a missing field": ("post", "/api/orders", None, {"data": {}, "content_type": "application/json"}),
    "no credentials": ("get", "/api/private", None, {}),
    "wrong credentials": ("get", "/api/drf", lambda request: fail(exceptions.AuthenticationFailed), {}),
    "not permitted": ("get", "/api/drf", lambda request: fail(exceptions.PermissionDenied), {}),
    "no such object": ("get", "/api/drf", not_found, {}),
    "wrong method": ("delete", "/api/orders", None, {}),
    "wrong media type": ("post", "/api/orders", None, {"data": "a,b", "content_type": "text/csv"}),
    "not acceptable": ("get", "/api/drf", None, {"headers": {"Accept": "image/png"}}),
    "throttled": ("get", "/api/drf", lambda request: fail(exceptions.Throttled, 30), {}),
    "failure": ("get", "/api/drf", lambda request: fail(exceptions.APIException), {}),
}


def fail(exception, *args):
    raise exception(*args)


def texts_of(response):
    """Return all texts of a body of DRF, or of ours."""
    found, values = set(), [response.json()]
    while values:
        value = values.pop()
        if isinstance(value, dict):
            values += [value[key] for key in value if key not in ("code", "param", "httpCode")]
        elif isinstance(value, list):
            values += value
        else:
            found.add(value)
    return found


@pytest.fixture
def answers(settings, set_view):
    """Return a function that sends the commonest errors in a language, and returns their texts and headers."""

    def answer(language, is_asked):
        settings.LANGUAGE_CODE = "en" if is_asked else language
        found = {}
        for name, (method, path, action, extra) in COMMON.items():
            headers = {**extra.get("headers", {}), **({"Accept-Language": language} if is_asked else {})}
            set_view(action)
            response = sender("sync")(method, path, **{**extra, "headers": headers})
            found[name] = (texts_of(response), response.get("Content-Language"))
        return found

    return answer


@pytest.mark.parametrize("is_asked", [True, False], ids=["asked for", "of the project"])
@pytest.mark.parametrize("language", ["de", "fr", "fa", "cs", "sv", "uk"])
def test_nothing_that_was_in_a_language_turns_english(language, is_asked, answers, bare, settings):
    if not is_asked:
        settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Locale" not in name]
    after = answers(language, is_asked)
    english_after = answers("en", is_asked)
    bare()
    before, english_before = answers(language, is_asked), answers("en", is_asked)
    for name in COMMON:
        was_translated = before[name][0].isdisjoint(english_before[name][0])
        texts, spoken = after[name]
        if was_translated:
            assert texts.isdisjoint(english_after[name][0]), name
            assert spoken == language, name
    assert sum(before[name][0].isdisjoint(english_before[name][0]) for name in COMMON) >= 10


def test_the_language_of_the_project_is_not_taken_for_that_of_the_client(settings, set_view):
    """Django falls back to ``LANGUAGE_CODE``: where Czech lacks a text, ``gettext`` would say it in German."""
    settings.LANGUAGE_CODE = "de"
    client = sender("sync")
    set_view(lambda request: fail(serializers.ValidationError, "x"))
    with override_error("GONE", status=410):
        response = client("get", "/errors/GONE.json", headers={"Accept-Language": "cs"})
    assert response["Content-Language"] == "en"
    assert response.json()["title"] == catalog.current().entry("GONE", "en").title
