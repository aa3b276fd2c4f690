"""The language of a text, by the catalogs that have it."""

import pytest
from support.gettext_catalogs import write_catalog

from django_apierrors.known_texts import find_language


@pytest.mark.parametrize(
    ("text", "language", "spoken"),
    [
        ("This field is required.", "en-gb", "en-gb"),
        ("This field is required.", "cs", "en"),
        ("Toto pole je vyžadováno.", "cs", "cs"),
        ("Toto pole je vyžadováno.", "sv", ""),
        ("Ensure this field has no more than 5 characters.", "en", "en"),
        ("Ensure this field has no more than 5 characters!", "en", ""),
        ("Ensure this field has no more than", "en", ""),
        ("“a” is not a valid UUID.", "en", "en"),
        ("Ensure that there are no more than 3 digits in total.", "en", "en"),
        ("Ensure that there are no more than 1 digit in total.", "en", "en"),
        ("Ensure", "en", ""),
        ("Mine.", "en", ""),
        ("", "en", ""),
        ("This value is already in use.", "en", "en"),
    ],
)
def test_a_text_is_in_the_language_whose_catalog_has_it(text, language, spoken):
    assert find_language(text, language) == spoken


@pytest.mark.parametrize("order", "<>")
def test_a_catalog_of_the_project_is_read_in_both_orders_of_bytes(order, settings, tmp_path):
    texts = {
        "Of the project": "Z projektu",
        "%(count)s code\0%(count)s codes": "%(count)s chybový kód\0%(count)s chybové kódy",
        "before {a} between {b} after": "nejdříve {a} uprostřed {b} nakonec",
        "{a} is too short, {b}": "{a} není dost dlouhé",
        "{}: {}": "{}: {}",
    }
    write_catalog(tmp_path, "cs", texts, order)
    settings.LOCALE_PATHS = [tmp_path]
    for text in ("Z projektu", "3 chybové kódy", "1 chybový kód", "x není dost dlouhé"):
        assert find_language(text, "cs") == "cs"
    assert find_language("nejdříve 1 uprostřed 2 nakonec", "cs") == "cs"
    assert find_language("nejdříve 1 2 nakonec", "cs") == ""
    assert find_language("nejdříve nakonec", "cs") == ""
    assert find_language("a: b", "cs") == ""  # a text of two values says nothing


def test_a_catalog_that_is_broken_is_logged_and_passed_over(settings, tmp_path, caplog):
    (tmp_path / "de" / "LC_MESSAGES").mkdir(parents=True)
    (tmp_path / "de" / "LC_MESSAGES" / "django.mo").write_bytes(b"broken")
    settings.LOCALE_PATHS = [tmp_path]
    assert find_language("Dieses Feld ist zwingend erforderlich.", "de") == "de"
    assert "django.mo cannot be read" in caplog.text


def test_without_translation_only_what_is_written_in_python_is_known(settings):
    settings.USE_I18N = False
    assert find_language("Toto pole je vyžadováno.", "cs") == ""
    assert find_language("This field is required.", "cs") == "en"


def test_the_language_of_the_project_stands_in(settings):
    settings.LANGUAGE_CODE = "de"
    assert find_language("Dieses Feld ist zwingend erforderlich.", "cs") == "de"


def test_what_a_project_writes_in_python_may_be_in_any_language(locale_path):
    locale_path("fr", {"Das Konto ist gesperrt.": "Le compte est bloqué."})
    assert find_language("Das Konto ist gesperrt.", "en") == ""
    assert find_language("Le compte est bloqué.", "fr") == "fr"
    assert find_language("This field is required.", "en") == "en"
