"""Texts in a language, asked of the catalogs one by one; and what DRF and Django say where there is none."""

import pytest
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy, ngettext_lazy, override, pgettext_lazy
from rest_framework import exceptions
from support.gettext_catalogs import write_catalog

from django_apierrors import catalog, codes
from django_apierrors.codes import ErrorDefinition
from django_apierrors.equivalents import EQUIVALENTS
from django_apierrors.problems import FieldError, Problem
from django_apierrors.translations import Source, languages_of_django, locale_paths, source_of, translate

REQUIRED = "This field is required."
CZECH = "Toto pole je vyžadováno."
OTHER = FieldError(path=("b",), code="x", message="c")


# Sources


class PickledOtherwise(Promise):
    """A lazy text of somebody else, which is not pickled as those of Django are."""

    def __reduce__(self):
        return "PickledOtherwise"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (gettext_lazy("Gone"), ("Gone", "")),
        (pgettext_lazy("title", "Gone"), ("Gone", "title")),
        (gettext_lazy(message="Gone"), ("Gone", "")),
        (pgettext_lazy("title", message="Gone"), ("Gone", "title")),
        (pgettext_lazy(context="title", message="Gone"), ("Gone", "title")),
        (gettext_lazy(gettext_lazy("Gone")), None),
        (PickledOtherwise(), None),
        ("Gone", None),
        (ngettext_lazy("%d code", "%d codes", 3), None),
        (format_lazy("{}.", gettext_lazy("Gone")), None),
        (None, None),
    ],
)
def test_the_source_of_a_lazy_text_is_its_msgid_and_context(text, source):
    assert source_of(text) == source


# Catalogs


def test_the_catalogs_of_the_project_go_first_then_apps_then_drf_then_django(settings):
    paths = [*locale_paths()]
    settings.LOCALE_PATHS = ["/first", "/second"]
    assert [*locale_paths()] == ["/first", "/second", *paths]
    names = [path.split("/")[-2] for path in paths]
    assert names.index("django_apierrors") < names.index("rest_framework") < names.index("conf")
    assert names.index("shop") < names.index("admin")
    assert names[-1] == "conf"


def test_the_first_catalog_that_has_a_text_counts(locale_path, settings, tmp_path):
    assert translate(Source("Gone"), "cs") is None
    assert translate(Source(REQUIRED), "cs") == CZECH
    locale_path("cs", {REQUIRED: "Povinné."})
    assert translate(Source(REQUIRED), "cs") == "Povinné."
    write_catalog(tmp_path / "before", "cs", {REQUIRED: "Dříve."})
    settings.LOCALE_PATHS = [tmp_path / "before", *settings.LOCALE_PATHS]
    assert translate(Source(REQUIRED), "cs") == "Dříve."


def test_a_catalog_that_is_broken_is_logged_and_passed_over(settings, tmp_path, caplog):
    (tmp_path / "cs" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "cs" / "LC_MESSAGES" / "django.mo").write_bytes(b"broken")
    settings.LOCALE_PATHS = [tmp_path]
    assert translate(Source(REQUIRED), "cs") == CZECH
    assert f"A catalog of cs in {tmp_path} cannot be read" in caplog.text


def test_a_context_chooses_among_texts_that_are_spelled_alike(locale_path):
    locale_path("cs", {"May": "Květen", "permission\4May": "Smí"})
    assert translate(Source("May"), "cs") == "Květen"
    assert translate(Source("May", "permission"), "cs") == "Smí"
    assert translate(Source("May", "other"), "cs") is None


def test_a_variant_has_the_texts_of_its_base_and_no_other_language_stands_in(locale_path, settings):
    settings.LANGUAGE_CODE = "de"
    locale_path("de", {"Of the project.": "Vom Projekt."})
    source = Source("Of the project.")
    assert translate(source, "de-at") == "Vom Projekt."
    assert translate(source, "cs") is None
    with override("cs"):
        assert str(gettext_lazy("Of the project.")) == "Vom Projekt."  # that is why nobody asks Django
    assert languages_of_django("cs") == ("cs", "de", "en")
    assert languages_of_django("de") == ("de", "en")
    assert languages_of_django("en-gb") == ("en-gb",)


def test_a_text_that_is_the_same_in_a_language_is_translated(locale_path):
    locale_path("cs", {"Status": "Status"})
    assert translate(Source("Status"), "cs") == "Status"


def test_without_translation_there_is_none(settings):
    settings.USE_I18N = False
    assert translate(Source(REQUIRED), "cs") is None
    entry = catalog.current().entry("VALIDATION_FAILED", "cs")
    assert entry.message_without != "{first_error}"


# What is shipped


def test_a_definition_in_plain_words_is_in_no_language_that_is_known(monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    lists = {"causes": (gettext_lazy(REQUIRED), "Mine."), "remedy": (gettext_lazy(REQUIRED), gettext_lazy("Of nobody"))}
    codes.register(ErrorDefinition(code="OF_TEST", status=409, title="Mein", message="{a}: {b}", **lists))
    languages = catalog.current().entry("OF_TEST", "cs").languages
    assert languages["title"] == ""
    assert languages["message"] == "cs"  # there is no word in it
    assert languages["causes"] == languages["remedy"] == ""
    assert languages["description"] == "cs"


def test_a_lazy_text_that_joins_others_is_in_the_language_of_its_entry_whichever_is_active(monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    joined = format_lazy("name: {}", gettext_lazy(REQUIRED))
    codes.register(ErrorDefinition(code="OF_TEST", status=409, title="Mine", message=joined))
    with override("fr"):
        entry = catalog.current().entry("OF_TEST", "cs")
        assert catalog.current().entry("OF_TEST", "fr").message != entry.message
    assert (entry.message, entry.language) == (f"name: {CZECH}", "")


def test_a_translation_of_a_project_goes_before_what_drf_says(locale_path):
    locale_path("cs", {codes.get("RESOURCE_NOT_FOUND").message: "Nic tu není."})
    assert catalog.current().entry("RESOURCE_NOT_FOUND", "cs").message == "Nic tu není."
    assert catalog.current().entry("ENDPOINT_NOT_FOUND", "cs").message == "Nenalezeno."


def test_a_definition_that_no_catalog_has_is_in_no_language_that_is_known(monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    title, message = gettext_lazy("Konto gesperrt"), gettext_lazy("Das Konto ist gesperrt.")
    codes.register(ErrorDefinition(code="OF_TEST", status=409, title=title, message=message))
    for language in ("en", "cs", "de"):
        languages = catalog.current().entry("OF_TEST", language).languages
        assert languages["title"] == languages["message"] == ""


def test_the_english_catalog_of_a_project_stands_in_for_a_language_that_it_lacks(monkeypatch, locale_path):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    locale_path("en", {"account.locked": "The account is locked."})
    definition = ErrorDefinition(code="OF_TEST", status=409, title="A", message=gettext_lazy("account.locked"))
    codes.register(definition)
    for language, spoken in (("cs", "en"), ("en-gb", "en-gb")):
        entry = catalog.current().entry("OF_TEST", language)
        assert (entry.message, entry.language) == ("The account is locked.", spoken)


def test_words_of_a_projects_own_are_not_replaced_by_those_of_drf(monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    own = ErrorDefinition(code="RESOURCE_NOT_FOUND", status=404, title="Weg", message=gettext_lazy("Of nobody."))
    codes.register(own)
    entry = catalog.current().entry("RESOURCE_NOT_FOUND", "cs")
    assert (entry.message, entry.language) == ("Of nobody.", "")


@pytest.mark.parametrize("code", EQUIVALENTS)
def test_every_equivalent_is_of_a_shipped_code_and_is_there_in_czech(code):
    assert codes.get(code) is not None
    entry = catalog.current().entry(code, "cs")
    assert entry.language == "cs"
    problem = Problem(
        code=code,
        status=entry.status,
        params={"param": "a", "detail": CZECH, "method": "PUT", "media_type": "text/csv", "retry_after": 30},
    )
    assert "{" not in entry.message_for(problem)
    bare = Problem(code=code, status=entry.status)
    if code not in ("VALIDATION_FAILED", "METHOD_NOT_ALLOWED"):  # these have their values always
        assert "{" not in entry.message_for(bare)
        assert entry.chosen_message(bare)[1] in ("message", "message_without")


def test_an_equivalent_has_the_values_of_the_code():
    def message(code, language="cs", **params):
        entry = catalog.current().entry(code, language)
        return entry.message_for(Problem(code=code, status=entry.status, params=params))

    assert message("PARAM_NOT_FOUND", param="name") == f"name: {CZECH}"
    assert message("PARAM_NOT_FOUND") == CZECH
    assert message("METHOD_NOT_ALLOWED", method="PUT") == in_czech(exceptions.MethodNotAllowed("PUT"))
    assert "text/csv" in message("UNSUPPORTED_MEDIA_TYPE", media_type="text/csv")


@pytest.mark.parametrize("code", ["METHOD_NOT_ALLOWED", "UNSUPPORTED_MEDIA_TYPE"])
def test_an_equivalent_without_its_value_gives_way_to_our_own_text(code):
    entry = catalog.current().entry(code, "cs")
    text = entry.message_for(Problem(code=code, status=entry.status))
    assert text == codes.get(code).message_without
    assert (entry.language, entry.languages["message_without"]) == ("cs", "en")


def test_an_answer_without_the_value_of_its_text_has_no_empty_quotes(api, set_view):
    set_view(lambda request: HttpResponse(status=415))
    response = api.get("/api/plain", headers={"Accept-Language": "cs"})
    assert '"' not in response.json()["error"]["message"]
    assert response["Content-Language"] == "en"


def in_czech(exc):
    with override("cs"):
        return str(type(exc).default_detail).format(method="PUT")


def test_the_second_sentence_of_throttled_stays_away_where_a_language_lacks_it(locale_path):
    entry = catalog.current().entry("RATE_TOO_HIGH", "cs")
    assert entry.message == in_czech(exceptions.Throttled())
    locale_path("cs", {exceptions.Throttled.extra_detail_plural: "Zkuste to za {wait} s."})
    message = (
        catalog.current()
        .entry("RATE_TOO_HIGH", "cs")
        .message_for(Problem(code="RATE_TOO_HIGH", status=429, params={"retry_after": 7}))
    )
    assert message == f"{in_czech(exceptions.Throttled())} Zkuste to za 7 s."


@pytest.mark.parametrize(
    ("errors", "message"),
    [
        (
            (FieldError(path=("a", 0), code="required", message=CZECH), FieldError(code="x", message="b")),
            f"a.0: {CZECH}",
        ),
        ((FieldError(code="x", message=CZECH), FieldError(path=("a",), code="x", message="b")), CZECH),
        ((FieldError(path=("a",), code="x", message=""), FieldError(code="x", message="b")), "Validation failed."),
        ((), "Validation failed."),
    ],
)
def test_of_several_errors_the_first_is_the_message_where_ours_is_not_translated(errors, message, monkeypatch):
    title = codes.get("VALIDATION_FAILED").title
    entry = catalog.current().entry("VALIDATION_FAILED", "cs")
    found = entry.message_for(Problem(code="VALIDATION_FAILED", status=400, errors=errors))
    assert found == message.replace("Validation failed", source_of(title).text)


def test_a_translation_of_the_title_stands_in_as_ever(locale_path):
    locale_path("cs", {codes.get("VALIDATION_FAILED").title: "Neplatné hodnoty"})
    entry = catalog.current().entry("VALIDATION_FAILED", "cs")
    if not codes.get("VALIDATION_FAILED").message_without:
        assert entry.message_for(Problem(code="VALIDATION_FAILED", status=400)) == "Neplatné hodnoty."


def test_a_language_that_nobody_has_is_english():
    entry = catalog.current().entry("RESOURCE_NOT_FOUND", "tlh")
    assert (entry.language, entry.message) == ("en", catalog.current().entry("RESOURCE_NOT_FOUND", "en").message)
