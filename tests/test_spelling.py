"""The spelling of names in errors, as a client spells them."""

import pytest

from django_apierrors.problems import FieldError, Problem
from django_apierrors.spelling import case_for, respelled


def problem(*path, **facts):
    error = FieldError(path=path, code="invalid", message="Of first_name.")
    return Problem(
        code="VALIDATION_FAILED", status=400, param=error.param, params=error.params, errors=(error,), **facts
    )


@pytest.mark.parametrize(
    ("given", "camel", "snake"),
    [
        ("first_name", "firstName", "first_name"),
        ("firstName", "firstName", "first_name"),
        ("name", "name", "name"),
        ("_private", "Private", "_private"),
        ("__twice", "_Twice", "__twice"),
        ("ends_", "ends_", "ends_"),
        ("address_2", "address2", "address_2"),
        ("address2", "address2", "address_2"),
        ("line_2_text", "line2Text", "line_2_text"),
        ("item_ID", "item_ID", "item_id"),
        ("itemID", "itemID", "item_id"),
        ("HTTPStatus", "HTTPStatus", "http_status"),
        ("größe_neu", "größeNeu", "größe_neu"),
        ("x-y.z", "x-y.z", "x-y.z"),
        ("", "", ""),
    ],
)
def test_a_name_is_spelled_as_djangorestframework_camel_case_does(given, camel, snake):
    for case, spelled in (("camel", camel), ("snake", snake), (None, given)):
        assert respelled(problem(given), case).errors[0].path == (spelled,)


def test_positions_texts_and_details_stay():
    spelled = respelled(problem("line_items", 0, "unit_price", details={"max_price": 1}), "camel")
    assert spelled.errors[0].path == ("lineItems", 0, "unitPrice")
    assert spelled.param == spelled.params["param"] == "lineItems.0.unitPrice"
    assert spelled.params["detail"] == spelled.errors[0].message == "Of first_name."
    assert spelled.details == {"max_price": 1}


def test_without_names_there_is_nothing_to_spell():
    plain = Problem(code="GONE", status=410, params={"retry_after": 3, "param": None})
    assert respelled(plain, "camel") is plain


def test_the_renderer_of_the_package_means_camel_also_below_a_subclass():
    theirs = type("CamelCaseJSONRenderer", (), {"__module__": "djangorestframework_camel_case.render"})
    below = type("Mine", (theirs,), {})
    assert case_for(None, [object, below]) == "camel"
    assert case_for("snake", [theirs]) == "snake"
    assert case_for(None, [object]) is None
    assert case_for(None, []) is None
