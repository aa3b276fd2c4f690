"""Editable texts and client values meet without harm."""

import pytest

from django_apierrors.exceptions import ApiError
from django_apierrors.testing import override_error
from django_apierrors.text import clean, clean_surrogates, fill, placeholders


@pytest.fixture
def message(api, set_view):
    """The message of an error whose text was edited and whose raise site gave values."""

    def of(text, **params):
        set_view(ApiError("RESOURCE_CONFLICT", params=params))
        with override_error("RESOURCE_CONFLICT", message=text):
            return api.get("/api/drf").json()["error"]["message"]

    return of


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("{a} and {a}", "1 and 1"),
        ("no placeholder", "no placeholder"),
        ("{0} {} {a.b} {a[0]} {a!r} {a:>9} {x.__class__} {1a}", "{0} {} {a.b} {a[0]} {a!r} {a:>9} {x.__class__} {1a}"),
        ("{ {a} } {{a}} {", "{ 1 } {1} {"),
        ("}{a}{", "}1{"),
        ("{missing}", "Conflict."),
        ("{a} {missing}", "Conflict."),
        ("{none}", "Conflict."),
        ("{zero} {empty}|", "0 |"),
        ("{braces}", "{a}"),
        ("{control}", "x y"),
        ("{surrogate}", "\ufffd"),
        ("{long}", "l" * 200),
    ],
)
def test_only_names_in_braces_are_filled_once_and_cleaned(text, written, message):
    values = {"a": 1, "none": None, "zero": 0, "empty": "", "braces": "{a}", "control": "\x00x\r\ny\x7f"}
    assert message(text, **values, surrogate="\ud800", long="l" * 999) == written


def test_a_text_is_cut_before_it_is_searched():
    assert clean("x" * 10 + "\n", 10) == "x" * 10
    assert clean("\x00 é\x85\ud800 ", 99) == "é \ufffd"


def test_sound_text_stays():
    assert clean_surrogates("größe 😀") == "größe 😀"
    assert clean_surrogates("plain") == "plain"


def test_placeholders_are_named():
    assert placeholders("{a} {b_1} {0} {a.b} {a}") == {"a", "b_1"}
    assert fill("{a}", {"a": "{b}", "b": "never"}) == "{b}"
