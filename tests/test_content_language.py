"""``Content-Language`` says what is true of all text in a body: one language, several, or nothing."""

from datetime import date

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import HttpResponse
from django.utils.translation import gettext_lazy, override, pgettext_lazy
from rest_framework import exceptions
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.fields import CharField
from rest_framework.response import Response
from support.clients import sender

from django_apierrors import catalog, codes
from django_apierrors.catalog import Row
from django_apierrors.codes import ErrorDefinition
from django_apierrors.exceptions import ApiError
from django_apierrors.formats import Nested
from django_apierrors.handlers import exception_handler
from django_apierrors.testing import override_error
from django_apierrors.translations import language_as_written, source_of

REQUIRED = gettext_lazy("This field is required.")
INVALID = gettext_lazy("Enter a valid value.")
CHOICE = gettext_lazy('"{input}" is not a valid choice.')


class WithTitle(Nested):
    """A format of a project that writes the title of a code, too."""

    def body(self, problem, entry):
        return {**super().body(problem, entry), "title": entry.title}

    def texts(self, entry):
        return ["title"]


@pytest.fixture
def spoken(set_view, settings):
    """Return a function that raises an exception for a client, and returns what the header says."""

    def said(raised, language="cs", format_="nested", path="/api/drf"):
        settings.APIERRORS = {**settings.APIERRORS, "FORMAT": format_}

        def view(request):
            raise raised() if callable(raised) else raised

        set_view(view)
        response = sender("sync")("post" if path == "/api/drf" else "get", path, headers={"Accept-Language": language})
        assert response.status_code >= 400
        return response.get("Content-Language")

    return said


def in_language(text, language, **values):
    with override(language):
        return str(text).format(**values)


# Field errors


@pytest.mark.parametrize(
    ("detail", "header"),
    [
        ({"a": [REQUIRED]}, "cs"),
        ({"a": [REQUIRED], "b": [INVALID]}, "cs"),
        ({"a": [REQUIRED], "b": {"c": [REQUIRED]}}, "cs"),
        ([REQUIRED], "cs"),
        ({"a": [REQUIRED], "b": ["Of the raise site."]}, None),
        ({"a": ["Of the raise site."]}, None),
        (["Of the raise site."], None),
        ({"a": [REQUIRED], "b": ["Enter a valid value."]}, "cs, en"),
        ({"a": ["This field is required."]}, "en"),
        ({"a": [in_language(CHOICE, "cs", input="x y")]}, "cs"),
        ({"a": [in_language(CHOICE, "cs", input="x")], "b": [in_language(CHOICE, "en", input="x")]}, "cs, en"),
        ({"a": [in_language(REQUIRED, "sv")]}, None),
    ],
    ids=str,
)
def test_field_errors_of_drf_are_in_its_language_and_literals_in_none(detail, header, spoken):
    assert spoken(lambda: ValidationError(detail)) == header


@pytest.mark.parametrize("format_", ["nested", "typed", "problem", "detailed"])
def test_every_listed_error_counts(format_, spoken):
    assert spoken(lambda: ValidationError({"a": [REQUIRED], "b": ["Mine."]}), format_=format_) is None


@pytest.mark.parametrize("format_", ["result", "described"])
def test_only_the_error_counts_that_is_written(format_, spoken):
    assert spoken(lambda: ValidationError({"a": [REQUIRED], "b": ["Mine."]}), format_=format_) == "cs"
    assert spoken(lambda: ValidationError({"b": ["Mine."], "a": [REQUIRED]}), format_=format_) is None


def test_errors_without_a_text_have_that_of_the_message(spoken):
    assert spoken(lambda: ValidationError({"a": [""], "b": [""]})) == "en"
    assert spoken(lambda: ApiError("VALIDATION_FAILED")) == "en"


def test_neutral_words_in_the_place_of_djangos_about_models_are_english(spoken):
    detail = {"a": [REQUIRED], "b": [ErrorDetail("User with this Username already exists.", "unique")]}
    assert spoken(lambda: ValidationError(detail)) == "cs, en"


def test_a_translation_of_those_words_is_known_too(spoken, locale_path):
    locale_path("cs", {"This value is already in use.": "Tato hodnota se již používá."})
    assert spoken(lambda: ValidationError({"a": [REQUIRED], "b": ["Tato hodnota se již používá."]})) == "cs"


# Messages


@pytest.mark.parametrize("path", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    ("raised", "header"),
    [
        (ApiError("RESOURCE_NOT_FOUND"), "cs"),
        (ApiError("GONE"), "en"),
        (ApiError("RESOURCE_CONFLICT", "Of the raise site."), None),
        (ApiError("RESOURCE_CONFLICT", REQUIRED), "cs"),
        (ApiError("RESOURCE_CONFLICT", gettext_lazy("Of nobody's catalog.")), None),
        (ApiError("RESOURCE_CONFLICT", in_language(REQUIRED, "cs")), "cs"),
        (ApiError("VALIDATION_FAILED", "Of the raise site.", param="a"), None),
        (ApiError("VALIDATION_FAILED", param="a", params={"detail": "Mine."}), None),
        (ApiError("PARAM_NOT_FOUND", param="a"), "cs"),
        (ApiError("PARAM_NOT_FOUND"), "cs"),
        (ApiError("INSUFFICIENT_BALANCE", params={"required": 1, "available": 0}), None),
        (exceptions.ParseError("JSON parse error - here"), None),
    ],
    ids=str,
)
def test_a_literal_of_a_raise_site_is_in_no_language_that_is_known(raised, header, path, spoken):
    assert spoken(raised, path=path) == header


def test_a_lazy_text_of_a_raise_site_falls_back_as_django_does(spoken, settings, locale_path):
    settings.LANGUAGE_CODE = "de"
    locale_path("de", {"Of the project.": "Vom Projekt."})
    assert spoken(ApiError("RESOURCE_CONFLICT", gettext_lazy("Of the project."))) == "de"
    assert spoken(ApiError("RESOURCE_CONFLICT", gettext_lazy("Of the project.")), "en") is None


@pytest.mark.parametrize("default", ["de", "en"])
@pytest.mark.parametrize("asked", ["de", "cs", "en"])
def test_an_untranslated_text_of_a_project_is_in_no_language_that_is_known(default, asked, spoken, settings):
    settings.LANGUAGE_CODE = default
    assert spoken(ApiError("RESOURCE_CONFLICT", gettext_lazy("Das Konto ist gesperrt.")), asked) is None


def test_the_catalog_of_a_project_says_that_its_texts_are_english(spoken, locale_path):
    locale_path("en", {"The account is locked.": "The account is locked."})
    assert spoken(ApiError("RESOURCE_CONFLICT", gettext_lazy("The account is locked.")), "en-gb") == "en-gb"
    assert spoken(ApiError("RESOURCE_CONFLICT", gettext_lazy("The account is locked.")), "cs") == "en"
    assert spoken(lambda: ValidationError({"a": ["The account is locked."]}), "en") == "en"


def test_texts_of_this_package_drf_and_django_are_english_in_every_project(spoken, settings):
    settings.LANGUAGE_CODE = "de"
    assert spoken(ApiError("GONE"), "cs") == "en"
    for text in (REQUIRED, INVALID, codes.get("GONE").message, codes.get("GONE").title):
        assert language_as_written(source_of(text), "cs") == "en"
        assert language_as_written(source_of(text), "en-gb") == "en-gb"
    assert language_as_written(source_of(pgettext_lazy("of a project", "Gone")), "cs") == ""


def test_a_lazy_text_above_locale_middleware_is_in_the_language_of_the_answer(settings):
    settings.MIDDLEWARE = [settings.MIDDLEWARE[2], f"{__name__}.refusing_middleware", *settings.MIDDLEWARE[3:]]
    with override("es"):  # of the request before
        response = sender("sync")("get", "/api/plain", headers={"Accept-Language": "sv"})
    assert response["Content-Language"] == "sv"
    assert response.json()["error"]["message"] == in_language(REQUIRED, "sv")


def refusing_middleware(get_response):
    def middleware(request):
        raise ApiError("RESOURCE_CONFLICT", REQUIRED)

    return middleware


def test_edited_words_without_a_language_claim_none(spoken):
    with catalog.pinned(Row(code="GONE", texts={"message": "Weg."}, translations={"sv": {"message": "Borta."}})):
        assert spoken(ApiError("GONE")) is None
        assert spoken(ApiError("GONE"), "sv") == "sv"


def test_a_title_in_the_place_of_a_message_counts(spoken, monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    definition = ErrorDefinition(code="OF_TEST", status=409, title=REQUIRED, message=gettext_lazy("{missing}"))
    codes.register(definition)
    assert spoken(ApiError("OF_TEST")) == "cs"


# Further texts


def test_a_title_beside_the_message_counts_where_it_is_written(spoken):
    assert spoken(ApiError("RESOURCE_NOT_FOUND"), format_="problem") == "cs, en"
    assert spoken(ApiError("RESOURCE_NOT_FOUND"), format_="typed") == "cs"
    assert spoken(ApiError("RESOURCE_NOT_FOUND"), format_=f"{__name__}.WithTitle") == "cs, en"


def test_a_phrase_of_http_is_no_text(spoken):
    assert spoken(exceptions.NotFound, format_="described", path="/api/nothing") == "cs"


@pytest.mark.parametrize(
    ("details", "is_data"),
    [
        ({"id": 7, "when": date(2026, 1, 2), "tags": ["a", "b"], "deep": {"er": [True, None]}}, True),
        ({"hint": "Call us."}, False),
        ({"reason": "残高不足です"}, False),
        ({"hints": ["a", {"b": "Call us."}]}, False),
        ({"lazy": REQUIRED}, False),
        ({"numbers": list(range(101))}, False),
        ({"a": {"b": {"c": {"d": 1}}}}, False),
    ],
    ids=str,
)
def test_details_are_data_unless_a_text_is_in_them(details, is_data, spoken):
    assert spoken(ApiError("RESOURCE_NOT_FOUND", details=details)) == ("cs" if is_data else None)


@pytest.mark.parametrize("format_", ["nested", "result"])
@pytest.mark.parametrize(
    ("value", "header"),
    [
        ("AC-1", "cs"),
        (7, "cs"),
        (date(2026, 1, 2), "cs"),
        ("no funds are left", None),
        ("残高不足です", None),
        (["closed", "out of stock"], None),
        (gettext_lazy("Open"), None),
    ],
    ids=str,
)
def test_a_value_in_a_text_of_the_catalog_may_be_a_text_itself(value, header, format_, spoken, monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    codes.register(ErrorDefinition(code="OF_TEST", status=409, title="A", message="{reason}", params={"reason": "a"}))
    with catalog.pinned(Row(code="OF_TEST", translations={"cs": {"message": "Nelze: {reason}"}})):
        assert spoken(ApiError("OF_TEST", params={"reason": value}), format_=format_) == header
        assert spoken(ApiError("OF_TEST", params={"reason": value}), format_=format_, path="/api/plain") == header


def test_a_name_in_a_text_is_no_text(spoken):
    assert spoken(ApiError("PARAM_NOT_FOUND", param="dodací adresa")) == "cs"


def test_details_of_another_type_are_not_searched(spoken):
    class OfAProject(dict):
        pass

    assert spoken(ApiError("RESOURCE_NOT_FOUND", details=OfAProject(a=1))) is None


def test_details_that_cannot_be_searched_hide_nothing(set_view):
    class Unsearchable(str):
        def __contains__(self, part):
            raise LookupError("secret")

    set_view(lambda request: fail(ApiError("RESOURCE_NOT_FOUND", details={"a": Unsearchable("b")})))
    response = sender("sync")("get", "/api/drf")
    assert response.json()["error"]["details"] == {"a": "b"}
    assert "Content-Language" not in response


def fail(exc):
    raise exc


def test_an_oauth_description_is_english_and_literals_are_not_known(spoken):
    assert spoken(ApiError("OAUTH_INVALID_GRANT"), format_="oauth2") == "en"
    assert spoken(ApiError("OAUTH_INVALID_GRANT", REQUIRED), format_="oauth2") == "en"
    assert spoken(ApiError("OAUTH_INVALID_GRANT", "Mine."), format_="oauth2") is None
    assert spoken(ApiError("RESOURCE_CONFLICT", "Mine."), format_="oauth2") == "en"


# What others say


def test_an_answer_of_somebody_else_keeps_its_language(set_view):
    set_view(lambda request: Response({"a": 1}, status=409, headers={"Content-Language": "tlh"}))
    assert sender("sync")("get", "/api/drf")["Content-Language"] == "tlh"


def test_a_body_that_a_middleware_changed_keeps_the_language_that_it_has_then(spoken, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:3], f"{__name__}.rewording_middleware", *settings.MIDDLEWARE[3:]]
    assert spoken(ApiError("GONE"), "sv") == "tlh"


def rewording_middleware(get_response):
    def middleware(request):
        response = get_response(request)
        response.content, response["Content-Language"] = b"{}", "tlh"
        return response

    return middleware


def test_a_language_that_others_put_in_the_place_of_the_true_one_is_put_right(spoken, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:3], f"{__name__}.claiming_middleware", *settings.MIDDLEWARE[3:]]
    assert spoken(ApiError("GONE"), "sv") == "en"


def claiming_middleware(get_response):
    def middleware(request):
        response = get_response(request)
        response["Content-Language"] = "tlh"
        return response

    return middleware


def extending_handler(exc, context):
    """Adds to the body as projects do, where the exception asks for it."""
    response = exception_handler(exc, context)
    if "hint" in str(exc):
        response.data = {**response.data, "hint": "Call us."}
    elif "other" in str(exc):
        assert response.data
        response.data = {"other": "Of the project."}
    elif "read" in str(exc):
        assert response.data
    return response


@pytest.mark.parametrize(
    ("how", "header"), [("as it is", "cs"), ("read", "cs"), ("hint", None), ("other", "tlh")], ids=str
)
def test_a_body_that_a_handler_of_a_project_changed_claims_nothing_of_ours(how, header, spoken, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": f"{__name__}.extending_handler"}
    settings.MIDDLEWARE = [*settings.MIDDLEWARE[:3], f"{__name__}.defaulting_middleware", *settings.MIDDLEWARE[3:]]
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Locale" not in name]
    settings.LANGUAGE_CODE = "cs"
    assert spoken(exceptions.NotFound(how)) == header


def defaulting_middleware(get_response):
    """Names a language where nobody did, as LocaleMiddleware does."""

    def middleware(request):
        response = get_response(request)
        response.headers.setdefault("Content-Language", "tlh")
        return response

    return middleware


class Failing(Nested):
    """A format of a project that fails."""

    def body(self, problem, entry):
        raise ZeroDivisionError


class FailingLate(Nested):
    """A format of a project that fails when its texts are made already."""

    headers = None


@pytest.mark.parametrize("path", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize("format_", [Failing, FailingLate])
def test_a_fixed_answer_claims_no_language(format_, path, spoken):
    assert spoken(ApiError("RESOURCE_NOT_FOUND"), format_=f"{__name__}.{format_.__name__}", path=path) is None


def test_a_lazy_text_of_a_raise_site_with_its_argument_by_name_is_known(spoken):
    assert spoken(ApiError("RESOURCE_CONFLICT", gettext_lazy(message="This field is required."))) == "cs"


def test_a_validation_error_of_django_is_known_as_one_of_drf(spoken):
    assert spoken(lambda: DjangoValidationError({"a": [CharField.default_error_messages["blank"]]})) == "cs"


def test_a_response_loses_its_language_where_the_text_in_its_place_has_none(api, set_view):
    set_view(lambda request: HttpResponse(status=409, headers={"Content-Language": "de"}))
    assert api.get("/api/plain")["Content-Language"] == "en"
    with override_error("RESOURCE_CONFLICT", message="In use."):  # nobody knows the language of an edit
        assert "Content-Language" not in api.get("/api/plain")
