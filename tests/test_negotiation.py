"""Whether a request is the API's, which format answers it, and in which language."""

import json

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpResponse
from django.middleware.locale import LocaleMiddleware
from django.test import RequestFactory
from django.urls import include, path
from django.utils import translation
from django.views import View
from rest_framework.decorators import api_view
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
from support.clients import sender

from django_apierrors import negotiation
from django_apierrors.exceptions import ApiError
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.request_state import RequestState
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)


def conflict(*args, **kwargs):
    raise ApiError("RESOURCE_CONFLICT")


def silent(request):
    return HttpResponse(status=409)


def marked(request):
    return HttpResponse(status=409)


marked.error_format = "described"


class Marked(View):
    error_format = "described"
    get = conflict


class MarkedApi(APIView):
    error_format = "described"
    get = conflict


class Viewed(ViewSet):
    list = conflict


@api_view(["GET"])
def decorated(request):
    raise ApiError("RESOURCE_CONFLICT")


OF_NOTHING = path("x", silent)
urlpatterns = [
    path("", include("urls")),
    path("api/silent", silent),
    path("api/marked", marked),
    path("api/marked-class", Marked.as_view()),
    path("api/marked-initkwargs", Marked.as_view(error_format="typed")),
    path("api/marked-drf", MarkedApi.as_view()),
    path("api/marked-drf-initkwargs", MarkedApi.as_view(error_format="typed")),
    path("v1/marked-drf", MarkedApi.as_view()),
    path("v1/silent", silent),
    path("v10/silent", silent),
    path("v1/deep/silent", silent),
    path("site/silent", silent),
    path("site/marked", marked),
    path("site/decorated", decorated),
    path("site/viewset", Viewed.as_view({"get": "list"})),
    path("apis/silent", silent),
]


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


def is_structured(response):
    assert response.status_code == 409
    return "X-Error-Code" in response


def shape(response):
    """Name the format of an answer."""
    body = json.loads(response.content)
    if "result" in body:
        return "result"
    if "description" in body:
        return "described"
    return "typed" if "doc_url" in body["error"] else "nested"


# Which requests


@pytest.mark.parametrize(
    "path, structured",
    [("/api/silent", True), ("/apis/silent", False), ("/site/silent", False), ("/v1/silent", False)],
)
def test_api_paths_match_at_segment_boundaries(send, path, structured):
    assert is_structured(send("get", path)) is structured


@pytest.mark.parametrize("prefix", ["/v1", "/v1/"])
def test_a_prefix_may_end_in_a_slash_or_not(send, settings, prefix):
    settings.APIERRORS = {"API_PATHS": [prefix]}
    assert is_structured(send("get", "/v1/silent"))
    assert not is_structured(send("get", "/v10/silent"))


def test_the_root_covers_every_path(send, settings):
    settings.APIERRORS = {"API_PATHS": ["/"]}
    assert is_structured(send("get", "/site/silent"))


def test_the_script_name_is_no_part_of_the_path():
    request = RequestFactory().get("/api/x", SCRIPT_NAME="/mounted")
    assert request.path == "/mounted/api/x"
    assert negotiation.is_ours(request, RequestState.of(request))


def test_a_prefix_of_formats_is_an_api_path(send, settings):
    settings.APIERRORS = {"FORMATS": {"/v1/": "nested"}}
    assert is_structured(send("get", "/v1/silent"))


@pytest.mark.parametrize("path", ["/site/decorated", "/site/viewset"])
def test_drf_views_are_always_structured(send, path):
    assert_api_error(send("get", path), "RESOURCE_CONFLICT")


@pytest.mark.parametrize(
    "accept, structured",
    [
        ("application/json", True),
        ("application/problem+json", True),
        ("application/*", True),
        ("application/json, text/html;q=0.9", True),
        ("application/json;q=0.9, */*;q=0.1", True),
        ("*/*", False),
        ("", False),
        ("text/html", False),
        ("text/html, application/json", False),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", False),
        ("application/json;q=0.5, text/html", False),
        ("image/png", False),
        ("garbage", False),
        ("application/json;q=zzz", True),
        (";;;,,,///", False),
    ],
)
def test_a_website_path_is_structured_when_the_client_prefers_json(send, accept, structured):
    assert is_structured(send("get", "/site/silent", headers={"accept": accept})) is structured


# Which format


@pytest.mark.parametrize(
    "path, format_",
    [
        ("/api/silent", "nested"),
        ("/v1/silent", "result"),
        ("/v1/deep/silent", "described"),
        ("/api/marked", "described"),
        ("/api/marked-class", "described"),
        ("/api/marked-initkwargs", "typed"),
        ("/api/marked-drf", "described"),
        ("/api/marked-drf-initkwargs", "typed"),
        ("/v1/marked-drf", "described"),
        ("/v1/nothing", "result"),
    ],
)
def test_the_view_beats_the_longest_path_and_that_the_default(send, settings, path, format_):
    settings.APIERRORS = {"FORMATS": {"/v1/deep": "described", "/v1/": "result", "/v1/dee": "typed"}}
    assert shape(send("get", path)) == format_


@pytest.mark.parametrize("path, format_", [("/v1/silent", None), ("/v1/deep/silent", "nested")])
def test_a_path_without_a_format_is_left_alone_but_for_longer_ones(send, settings, path, format_):
    settings.APIERRORS = {"FORMATS": {"/v1/": None, "/v1/deep/": "nested"}}
    assert is_structured(send("get", path)) is (format_ is not None)


def test_a_view_with_a_format_is_structured_on_a_path_without_one(send, settings):
    settings.APIERRORS = {"FORMATS": {"/v1/": None}}
    assert shape(send("get", "/v1/marked-drf")) == "described"


# Which language; test_languages.py walks through all ways of choosing it


def language_for(request):
    return negotiation.language_for(request, RequestState.of(request))


@pytest.mark.parametrize(
    "active, chosen, sent, language",
    [
        ("de", "fr", "it", "de"),
        ("", "fr", "it", "fr"),
        ("", None, "it", "it"),
        ("", None, "xx", "en"),
    ],
)
def test_the_language_is_the_active_one_else_the_requests_else_what_is_asked_for(active, chosen, sent, language):
    request = RequestFactory().get("/", headers={"accept-language": sent})
    RequestState.of(request).language = active
    if chosen:
        request.LANGUAGE_CODE = chosen
    with translation.override("es"):  # of the request before
        assert language_for(request) == language
    assert RequestState.of(request).is_language_asked is (not active and not chosen)


class OfAProject(LocaleMiddleware):
    pass


def passing(get_response):
    return get_response


@pytest.mark.parametrize(
    "middleware, is_asked",
    [
        ("django.middleware.locale.LocaleMiddleware", True),
        (f"{__name__}.OfAProject", True),
        (f"{__name__}.passing", False),
        ("no.such.Middleware", False),
        ("django.middleware.common.CommonMiddleware", False),
    ],
)
def test_nobody_asks_for_a_language_without_locale_middleware_or_a_subclass(middleware, is_asked, settings):
    settings.MIDDLEWARE = [middleware]
    settings.LANGUAGE_CODE = "fr"
    assert language_for(RequestFactory().get("/", headers={"accept-language": "it"})) == ("it" if is_asked else "fr")


def test_a_cookie_names_a_language_before_the_header_does():
    request = RequestFactory().get("/", headers={"accept-language": "fr", "cookie": "django_language=it"})
    assert language_for(request) == "it"


@pytest.mark.parametrize(
    "path, is_default_prefixed, language, is_asked",
    [
        ("/it/x", True, "it", False),
        ("/it/x", False, "it", False),
        ("/x", True, "fr", True),
        ("/x", False, "en-us", False),
    ],
)
def test_a_prefix_in_the_path_counts_first_as_in_locale_middleware(path, is_default_prefixed, language, is_asked):
    class InLanguages:
        urlpatterns = i18n_patterns(OF_NOTHING, prefix_default_language=is_default_prefixed)

    request = RequestFactory().get(path, headers={"accept-language": "fr"})
    request.urlconf = InLanguages
    assert language_for(request) == language
    assert RequestState.of(request).is_language_asked is is_asked


def test_a_urlconf_that_fails_hides_no_error():
    request = RequestFactory().get("/it/x", headers={"accept-language": "fr"})
    request.urlconf = "no.such.urls"
    assert language_for(request) == "fr"


def test_a_header_is_read_anew_when_the_languages_of_the_project_change(settings):
    def asked():
        return language_for(RequestFactory().get("/", headers={"accept-language": "fr, de"}))

    assert asked() == "fr"
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    assert asked() == "de"
    settings.LANGUAGES = [("en", "English")]
    assert asked() == "en"


def test_a_request_that_names_no_language_gets_the_default():
    request = RequestFactory().get("/")
    request.META.pop("HTTP_COOKIE", None)
    with translation.override("es"):
        assert language_for(request) == "en"


def test_without_translation_the_language_is_the_default(settings):
    settings.USE_I18N = False
    settings.LANGUAGE_CODE = "de"
    assert language_for(RequestFactory().get("/")) == "de"


def test_a_default_language_that_django_does_not_know_is_taken_as_it_is(settings):
    settings.LANGUAGE_CODE = "tlh"
    assert language_for(RequestFactory().get("/")) == "tlh"


def test_where_translations_are_deactivated_texts_are_as_they_are_written():
    with translation.override(None):
        assert negotiation.active_language() == "en"


@pytest.mark.parametrize(
    "language, prefix", [("de", "/de"), ("en-us", ""), ("de-at", "/de"), ("en", "/en"), ("tlh", "")]
)
def test_documentation_with_a_prefix_has_that_of_the_answer(language, prefix):
    request = RequestFactory().get("/")
    request.urlconf = "support.docs_urls_by_language"
    with translation.override("es"):  # of the request before
        assert negotiation.docs_base(request, language=language) == f"http://testserver{prefix}/errors/"


def test_documentation_without_a_given_language_has_the_prefix_of_the_active_one():
    request = RequestFactory().get("/")
    request.urlconf = "support.docs_urls_by_language"
    with translation.override("es"):
        assert negotiation.docs_base(request) == "http://testserver/es/errors/"


@pytest.mark.parametrize(
    ("accepted", "prefix"), [("nl", "nl"), ("de", "de"), ("cs", "de"), ("en", "de"), ("nl-be", "nl")]
)
@pytest.mark.parametrize("url", ["/oauth/token", "/oauth/nothing", "/oauth/refused"])
@pytest.mark.urls("support.oauth_urls_by_language")
def test_the_help_of_an_error_of_oauth_is_a_page_that_exists_in_the_language_of_the_client(
    accepted, prefix, url, api, set_view, settings
):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:3], f"{__name__}.refusing_middleware", *settings.MIDDLEWARE[3:]]
    settings.LANGUAGES, settings.LANGUAGE_CODE = [("de", "German"), ("nl", "Dutch")], "de"
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/oauth/": "oauth2"}}
    set_view(ApiError("GONE"))
    response = api.get(url, headers={"Accept-Language": accepted})
    assert response["Content-Language"] == "en"
    assert "Accept-Language" in response["Vary"]
    code = response["X-Error-Code"]
    assert response["Link"] == f'<http://testserver/{prefix}/errors/{code}/>; rel="help"'
    assert api.get(f"/{prefix}/errors/{code}/").status_code == 200


def refusing_middleware(get_response):
    """Refuses above LocaleMiddleware, which then says nothing of the language."""

    def middleware(request):
        if "refused" in request.path:
            raise ApiError("GONE")
        return get_response(request)

    return middleware
