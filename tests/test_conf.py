"""The settings: every key has a default, and what is overridden counts at once."""

import pytest
from django.test import override_settings

from django_apierrors.conf import TABLE, Section, Setting, Settings, conf

DEFAULTS = {key: entry.default for key, entry in TABLE.items()}
KEYS = sorted(TABLE)


def entries():
    """Every row of the table with the name that a project writes."""
    for key, entry in TABLE.items():
        yield key, entry
        if isinstance(entry, Section):
            yield from ((f"{key}[{name!r}]", inner) for name, inner in entry.entries.items())


def test_the_table_has_every_key_and_the_attributes_are_its_rows():
    assert {name for name in vars(Settings) if name.isupper()} == set(TABLE)
    assert isinstance(Settings.FORMAT, Setting)
    assert Settings.FORMAT is TABLE["FORMAT"]


def test_every_default_is_valid_and_every_row_says_what_it_means():
    wrong = [name for name, entry in entries() if not (entry.is_valid(entry.default) and entry.expected)]
    assert wrong == []
    assert [name for name, entry in entries() if not entry.meaning.endswith(".")] == []


@pytest.mark.parametrize("given", [{}, None])
@pytest.mark.parametrize("key", [key for key in KEYS if key != "STRICT"])
def test_without_a_value_the_default_counts(settings, given, key):
    settings.APIERRORS = given
    assert getattr(conf, key) == DEFAULTS[key]


@pytest.mark.parametrize("key", [key for key in KEYS if key != "STRICT"])
def test_without_the_setting_the_default_counts(settings, key):
    del settings.APIERRORS
    assert getattr(conf, key) == DEFAULTS[key]
    assert conf.configured == {}


@pytest.mark.parametrize("key", [key for key in KEYS if not isinstance(DEFAULTS[key], dict) or not DEFAULTS[key]])
def test_an_override_counts_at_once_and_ends_with_its_block(key):
    before, value = getattr(conf, key), object()
    with override_settings(APIERRORS={key: value}):
        assert getattr(conf, key) is value
        assert conf.configured == {key: value}
    assert getattr(conf, key) == before


@pytest.mark.parametrize("debug", [True, False])
@pytest.mark.parametrize("given", [{}, {"STRICT": None}])
def test_strict_is_debug_unless_it_is_given(settings, debug, given):
    settings.DEBUG = debug
    settings.APIERRORS = given
    assert conf.is_strict is debug
    settings.APIERRORS = {"STRICT": not debug}
    assert conf.is_strict is not debug


def test_texts_follow_the_languages_that_a_test_sets(settings, api):
    french = {"accept-language": "fr"}
    settings.LANGUAGES = [("en", "English")]
    assert api.get("/api/nothing", headers=french)["Content-Language"] == "en"
    settings.USE_I18N = False
    settings.LANGUAGE_CODE = "en-gb"
    assert api.get("/api/nothing", headers=french).status_code == 404


@pytest.mark.parametrize(
    ("key", "given"),
    [("DOCS", {"ACCESS": "staff"}), ("MAINTENANCE", {"FORCE": True}), ("RATELIMIT", {"HEADERS": "off"})],
)
def test_what_is_given_of_a_dict_joins_its_defaults(settings, key, given):
    settings.APIERRORS = {key: given}
    assert dict(getattr(conf, key)) == DEFAULTS[key] | given
    assert len(getattr(conf, key)) == len(DEFAULTS[key])
