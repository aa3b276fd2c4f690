"""Waits in words: which unit they take, and where the words stand in an answer."""

import pytest
from rest_framework.exceptions import Throttled

from django_apierrors import catalog, codes
from django_apierrors.catalog import Row
from django_apierrors.codes import ErrorDefinition
from django_apierrors.exception_facts import FILLED
from django_apierrors.exceptions import ApiError, RateTooHigh
from django_apierrors.testing import assert_api_error, override_error
from django_apierrors.text import placeholders
from django_apierrors.translations import wait_in
from django_apierrors.waits import wait_text

TOO_MANY = "Too many requests. Try again "


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "61 seconds"),
        (119, "119 seconds"),
        (120, "2 minutes"),
        (121, "3 minutes"),
        (3540, "59 minutes"),
        (3541, "1 hour"),
        (3600, "1 hour"),
        (3601, "61 minutes"),
        (7200, "2 hours"),
        (7201, "3 hours"),
        (23 * 3600 + 1, "1 day"),
        (86_400, "1 day"),
        (86_401, "25 hours"),
        (172_800, "2 days"),
        (172_801, "3 days"),
    ],
)
def test_a_wait_is_said_in_the_unit_that_suits_it_and_never_too_short(seconds, words):
    assert wait_text(seconds) == words


@pytest.mark.parametrize(
    ("exc", "end"),
    [
        (Throttled(wait=29.2), "in 30 seconds."),
        (Throttled(wait=7), "in 7 seconds."),
        (ApiError("RATE_TOO_HIGH", retry_after=86_400), "in 1 day."),
        (RateTooHigh(), "later."),
        (ApiError("RATE_TOO_HIGH", params={"wait": "a moon"}), "in a moon."),
        (ApiError("RATE_TOO_HIGH", params={"retry_after": "soon"}), "later."),
    ],
    ids=str,
)
@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_the_wait_of_a_limit_is_said_in_words(exc, end, url, api, set_view):
    set_view(exc)
    assert_api_error(api.get(url), "RATE_TOO_HIGH", message=TOO_MANY + end)


def test_each_answer_says_its_own_wait(api, set_view):
    for seconds in (5, 6, 5):
        set_view(ApiError("RATE_TOO_HIGH", retry_after=seconds))
        response = api.get("/api/plain")
        assert_api_error(response, "RATE_TOO_HIGH", message=f"{TOO_MANY}in {seconds} seconds.")
        assert response["Retry-After"] == str(seconds)


def test_an_edited_text_says_the_wait_in_words_and_in_seconds(api, set_view):
    set_view(ApiError("RATE_TOO_HIGH", retry_after=3600))
    with override_error("RATE_TOO_HIGH", message="Wait {wait} ({retry_after} s)."):
        assert_api_error(api.get("/api/drf"), "RATE_TOO_HIGH", message="Wait 1 hour (3600 s).")


@pytest.mark.parametrize("definition", [codes.get(each["code"]) for each in codes.BUILTIN_CODES], ids=lambda d: d.code)
def test_a_built_in_text_that_needs_a_value_has_one_without(definition: ErrorDefinition):
    needed = placeholders(str(definition.message))
    assert needed <= FILLED & set(definition.params)
    assert bool(needed) is bool(definition.message_without)
    assert not placeholders(str(definition.message_without))


TOO_MANY_IN_CZECH = "Příliš mnoho požadavků. Zkuste to znovu za"


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize(
    ("language", "words", "header"),
    [("cs", "30 seconds", "cs, en"), ("de", "30 Sekunden", "de"), ("en-gb", "30 seconds", "en-gb")],
)
def test_a_wait_in_another_language_than_its_text_says_so(language, words, header, url, api, set_view, settings):
    settings.LANGUAGE_CODE = "de"
    set_view(Throttled(wait=30))
    row = Row(code="RATE_TOO_HIGH", translations={language: {"message": f"{TOO_MANY_IN_CZECH} {{wait}}."}})
    with catalog.pinned(row):
        response = api.get(url, headers={"Accept-Language": language})
    assert_api_error(response, "RATE_TOO_HIGH", message=f"{TOO_MANY_IN_CZECH} {words}.")
    assert response["Content-Language"] == header


def test_a_wait_that_a_catalog_of_the_project_has_is_in_its_language(locale_path):
    locale_path("cs", {"wait\4%(count)d second\0%(count)d seconds": "%(count)d sekundu\0%(count)d sekund"})
    assert wait_in("cs", 1) == ("1 sekundu", "cs")
    assert wait_in("cs", 30) == ("30 sekund", "cs")
    assert wait_in("cs", 7200) == ("2 hours", "en")


def test_without_translation_a_wait_is_english(settings):
    settings.USE_I18N = False
    assert wait_in("de", 30) == ("30 seconds", "en")
