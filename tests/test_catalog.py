"""The words for a code: whose text wins, and in which language."""

import dataclasses

import pytest
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import NotFound, ValidationError

from django_apierrors import catalog, codes
from django_apierrors.codes import ErrorDefinition
from django_apierrors.exceptions import ApiError
from django_apierrors.problems import Problem
from django_apierrors.testing import assert_api_error

URLS = ["/api/drf", "/api/plain"]


@pytest.fixture
def required(monkeypatch):
    """A code whose words Django itself translates, and whose text of the raise site counts."""
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    codes.register(
        ErrorDefinition(
            code="FIELD_REQUIRED",
            status=400,
            title=gettext_lazy("Yes"),
            message=gettext_lazy("This field is required."),
            doc_url="https://docs.example/required",
        )
    )


@pytest.fixture
def german(settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German"), ("fr", "French")]


# Whose text wins


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    ("exc", "message"),
    [
        (ApiError("RESOURCE_CONFLICT"), "The request conflicts with the current state of the resource."),
        (ApiError("RESOURCE_CONFLICT", ""), "The request conflicts with the current state of the resource."),
        (ApiError("RESOURCE_CONFLICT", "Mine."), "Mine."),
        (ApiError("RESOURCE_CONFLICT", "Mine, {a}.", params={"a": 1}), "Mine, {a}."),
        (ApiError("RESOURCE_CONFLICT", "Mine, {a}."), "Mine, {a}."),
        (ApiError("RESOURCE_CONFLICT", "\x00"), "The request conflicts with the current state of the resource."),
        (ApiError("RESOURCE_CONFLICT", "a\x00b\r\nc \ud800"), "a b c \ufffd"),
        (ApiError("RESOURCE_CONFLICT", "m" * 9000), "m" * 2000),
        (ApiError("PERMISSION_DENIED", "Withheld."), "You do not have permission to do this."),
        (ApiError("INSUFFICIENT_BALANCE", "Only 3 is left."), "Only 3 is left."),
        (ApiError("PARAM_NOT_FOUND"), "A required parameter is missing."),
        (
            ApiError("INSUFFICIENT_BALANCE", params={"required": 2, "available": 0}),
            "This needs 2 but only 0 is available.",
        ),
        (ApiError("VALIDATION_FAILED"), "Some values are not valid."),
        (ApiError("VALIDATION_FAILED", param="a", params={"detail": "Wrong."}), "a: Wrong."),
        (ValidationError({"a": ["Wrong."]}), "a: Wrong."),
        (ValidationError(["Wrong."]), "Wrong."),
        (NotFound("Withheld."), "The requested resource was not found."),
    ],
    ids=str,
)
def test_the_raise_site_wins_where_it_may_and_where_its_values_are_there(exc, message, url, api, set_view):
    set_view(exc)
    assert api.post(url).json()["error"]["message"] == message


def test_an_edited_text_wins_over_the_raise_site():
    entry = catalog.current().entry("RESOURCE_CONFLICT", "en")
    problem = Problem(code="RESOURCE_CONFLICT", status=409, message="Of the raise site.")
    edited = dataclasses.replace(entry, message="Of the admin.", edited=True)
    assert entry.message_for(problem) == "Of the raise site."
    assert edited.message_for(problem) == "Of the admin."


def test_an_edited_text_without_its_value_gives_way_to_the_raise_site():
    entry = catalog.current().entry("RESOURCE_CONFLICT", "en")
    edited = dataclasses.replace(entry, message="Of {somebody}.", edited=True)
    assert edited.message_for(Problem(code="RESOURCE_CONFLICT", status=409, message="Mine.")) == "Mine."


def test_a_final_text_wins_over_the_admin_and_a_brace_in_it_is_a_brace():
    entry = catalog.current().entry("PERMISSION_DENIED", "en")
    for shown in (entry, dataclasses.replace(entry, message="Of the admin.", edited=True)):
        for text in ("Final.", "Back at {noon}.", "{", "{param}"):
            problem = Problem(code="PERMISSION_DENIED", status=403, message=text, params={"param": "a"}, is_final=True)
            assert shown.message_for(problem) == text
            assert shown.message_for(dataclasses.replace(problem, is_final=False)) == shown.message
    unprintable = Problem(code="PERMISSION_DENIED", status=403, message="\x00", is_final=True)
    assert entry.message_for(unprintable) == entry.message


def test_a_code_that_nothing_defines_has_no_entry():
    current = catalog.current()
    assert current.status("NO_SUCH") is None
    assert not current.passes_detail("NO_SUCH")
    with pytest.raises(KeyError, match="NO_SUCH"):
        current.entry("NO_SUCH", "en")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (None, "INTERNAL_SERVER_ERROR"),
        (400, "INVALID_REQUEST"),
        (403, "PERMISSION_DENIED"),
        (404, "RESOURCE_NOT_FOUND"),
        (418, "INVALID_REQUEST"),
        (503, "SERVICE_UNAVAILABLE"),
        (599, "INTERNAL_SERVER_ERROR"),
    ],
)
def test_a_status_without_a_code_has_one_that_says_no_more(status, code):
    assert codes.code_for_status(status) == code


def test_every_code_that_stands_for_a_status_has_it():
    for status in codes.STATUSES:
        if status >= 400:
            assert catalog.current().status(codes.code_for_status(status)) == status


# Languages

GERMAN = "Dieses Feld ist zwingend erforderlich."


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    ("accept", "language", "message"),
    [
        ("de-AT, en;q=0.5", "de", GERMAN),
        ("en", "en", "This field is required."),
        ("xx", "en", "This field is required."),
        ("", "en", "This field is required."),
    ],
)
def test_a_text_is_in_the_language_of_the_client(
    accept, language, message, url, api, set_view, required, german, settings
):
    settings.LANGUAGE_CODE = "en"
    set_view(ApiError("FIELD_REQUIRED"))
    response = api.get(url, headers={"Accept-Language": accept} if accept else {})
    assert_api_error(response, "FIELD_REQUIRED", message=message)
    assert response["Content-Language"] == language
    assert "Accept-Language" in response["Vary"]


def test_a_text_of_a_raise_site_claims_no_language(api, set_view, german):
    set_view(ApiError("INSUFFICIENT_BALANCE", "Short."))
    response = api.get("/api/drf", headers={"Accept-Language": "de"})
    assert "Content-Language" not in response.headers


def test_a_lazy_text_of_the_raise_site_is_translated(api, set_view, german):
    set_view(ApiError("RESOURCE_CONFLICT", gettext_lazy("This field is required.")))
    assert api.get("/api/drf", headers={"Accept-Language": "de"}).json()["error"]["message"] == GERMAN


def test_without_translation_the_texts_are_those_of_the_project(api, set_view, required, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Locale" not in name]
    settings.USE_I18N = False
    set_view(ApiError("FIELD_REQUIRED"))
    response = api.get("/api/drf", headers={"Accept-Language": "de"})
    assert_api_error(response, "FIELD_REQUIRED", message="This field is required.")
    assert "Accept-Language" not in response.headers.get("Vary", "")


def test_the_title_that_stands_in_is_translated_too(api, set_view, required, german, monkeypatch):
    reworded = dataclasses.replace(codes.get("FIELD_REQUIRED"), message="{missing}")
    monkeypatch.setitem(codes.registry, "FIELD_REQUIRED", reworded)
    set_view(ApiError("FIELD_REQUIRED"))
    assert api.get("/api/drf", headers={"Accept-Language": "de"}).json()["error"]["message"] == "Ja."


def test_two_languages_do_not_mix(api, set_view, required, german):
    set_view(ApiError("FIELD_REQUIRED"))
    first, second, third = (
        api.get("/api/drf", headers={"Accept-Language": language}).json()["error"]["message"]
        for language in ("de", "en", "de")
    )
    assert first == third != second


@pytest.mark.parametrize("url", URLS)
def test_a_page_of_the_definition_is_linked(url, api, set_view, required, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}
    set_view(ApiError("FIELD_REQUIRED"))
    response = api.get(url)
    assert response.json()["type"] == "https://docs.example/required"
    assert response["Link"] == '<https://docs.example/required>; rel="help"'
