"""The spelling of names in errors, as a client spells them."""

import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest

from django_apierrors.exception_mapping import problem_for
from django_apierrors.exceptions import ApiError
from django_apierrors.problems import FieldError, Problem
from django_apierrors.request_state import RequestState
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


MIDDLEWARE = "djangorestframework_camel_case.middleware.CamelCaseMiddleWare"


@pytest.mark.parametrize(
    ("case", "middleware", "spelled"),
    [(None, [], "page_size"), ("camel", [], "pageSize"), (None, [MIDDLEWARE], "pageSize")],
)
def test_a_query_parameter_is_spelled_only_where_query_strings_are(case, middleware, spelled, settings):
    settings.APIERRORS = {"CASE": case}
    settings.MIDDLEWARE = middleware
    body, query = (FieldError(path=("page_size",), code="invalid", message="", in_query=which) for which in (0, 1))
    found = respelled(replace(problem("page_size"), errors=(query, body)), "camel")
    assert [error.param for error in found.errors] == [spelled, "pageSize"]
    assert found.param == found.params["param"] == spelled
    own = Problem(code="GONE", status=410, param="page_size", params={"param": "page_size"}, in_query=True)
    assert respelled(own, "camel").param == respelled(own, "camel").params["param"] == spelled


@pytest.mark.parametrize(("in_query", "spelled"), [(True, "page_size"), (False, "pageSize"), (None, "page_size")])
def test_an_error_of_a_project_says_where_its_parameter_is(in_query, spelled, rf, settings):
    exc = ApiError("RESOURCE_CONFLICT", param="page_size", in_query=in_query)
    found = problem_for(exc, request := rf.get("/api/x"), RequestState.of(request))
    assert respelled(found, "camel").param == spelled


@pytest.mark.parametrize(
    ("path", "spelled"),
    [
        (("meta_data", "my_key", 0, "x_y"), ("metaData", "my_key", 0, "x_y")),
        (("keep_me", "x_y"), ("keep_me", "xY")),
        (("inner_one", "meta_data", "x_y"), ("innerOne", "metaData", "x_y")),
        (("a_b",), ("aB",)),
    ],
)
def test_what_the_package_leaves_alone_stays(path, spelled, monkeypatch):
    options = {"ignore_fields": ("meta_data",), "ignore_keys": ("keep_me",)}
    loaded = SimpleNamespace(api_settings=SimpleNamespace(JSON_UNDERSCOREIZE=options))
    monkeypatch.setitem(sys.modules, "djangorestframework_camel_case.settings", loaded)
    found = respelled(problem(*path), "camel")
    assert found.errors[0].path == spelled
    assert found.param == ".".join(map(str, spelled))
