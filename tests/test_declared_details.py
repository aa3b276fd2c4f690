"""Details that a code declares by a sample: page, exports and wire agree, and STRICT holds raise sites to it."""

import gc
import json
import re
from collections import deque
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import include, path
from django.utils.timezone import now
from shop import views
from support.json_schema import violations

from django_apierrors import catalog, codes
from django_apierrors.exceptions import ApiError, ResourceConflict, UndeclaredDetails
from django_apierrors.openapi import ErrorComponents
from django_apierrors.samples import error_classes
from django_apierrors.testing import assert_api_error

pytestmark = pytest.mark.urls(__name__)
urlpatterns = [path("errors/", include("django_apierrors.urls")), path("api/drf", views.Drf.as_view())]

SAMPLE = {
    "required": "100.00",
    "count": 3,
    "share": 0.5,
    "limits": {"daily": 5},
    "items": [{"name": "Tea"}],
    "since": "2026-01-01",
    "anything": None,
}


@pytest.fixture
def own_codes():
    """Codes and subclasses made in a test are gone after it; name it before ``set_view``, which holds an instance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "registry", dict(codes.registry))
        yield
    gc.collect()


@pytest.fixture
def declared(own_codes):
    definition = codes.ErrorDefinition(code="SHORT_OF_MONEY", status=422, title="T", message="M", details=SAMPLE)
    return codes.register(definition).code


def shown(code):
    page = Client().get(f"/errors/{code}.json").json()
    html = Client().get(f"/errors/{code}/").content.decode()
    example = re.findall(r"<pre.*?<code[^>]*>(.*?)</code>", html, re.DOTALL)[1].replace("&quot;", '"')
    return page["details"], json.loads(example)["error"].get("details", {})


def test_page_and_export_show_the_sample(declared):
    assert shown(declared) == (SAMPLE, SAMPLE)


def test_a_class_declares_a_sample_that_is_never_sent(own_codes, set_view, api, settings):
    class Short(ApiError):
        code, status, title = "SHORT_OF_TIME", 422, "Short"
        details = {"needed": Decimal("5.0")}

    settings.APIERRORS = {"STRICT": False}
    set_view(Short())
    assert shown("SHORT_OF_TIME") == ({"needed": "5.0"}, {"needed": "5.0"})
    assert "details" not in api.get("/api/drf").json()["error"]


def test_a_class_without_a_definition_has_default_details(set_view, api):
    class Busy(ResourceConflict):
        details = {"by": "ana"}

    set_view(Busy())
    assert_api_error(api.get("/api/drf"), "RESOURCE_CONFLICT", details={"by": "ana"})
    set_view(Busy(details={"by": "eva"}))
    assert_api_error(api.get("/api/drf"), "RESOURCE_CONFLICT", details={"by": "eva"})


def test_what_a_class_makes_of_the_samples_of_its_params_is_a_sample_too(own_codes):
    class Both(ApiError):
        code, status, title = "SHORT_OF_BOTH", 422, "Short"
        message, params = "Needs {required}.", {"required": "1.00"}

        def __init__(self, *, required):
            super().__init__(params={"required": required}, details={"required": required})

    class Positional(ApiError):
        code, status, title, message, params = "SHORT_OF_ALL", 422, "Short", "Needs {a}.", {"a": "1"}

        def __init__(self, left, right):
            super().__init__(params={"a": left}, details={"a": right})

    class Counted(ApiError):
        code, status, title, message, params = "SHORT_OF_SPACE", 422, "Short", "Needs {a}.", {"a": "1"}
        made = 0

        def __init__(self, *, a):
            type(self).made += 1
            super().__init__(params={"a": a}, details={"a": a})

    assert {Both, Positional} <= set(error_classes())
    assert shown("SHORT_OF_SPACE") == shown("SHORT_OF_SPACE") == ({"a": "1"}, {"a": "1"})
    assert Counted.made == 1  # once, however often it is shown
    assert shown("SHORT_OF_BOTH") == ({"required": "1.00"}, {"required": "1.00"})
    assert shown("SHORT_OF_ALL") == ({}, {})


def test_details_as_declared_are_sent(declared, set_view, api):
    given = {**SAMPLE, "required": Decimal("7.50"), "share": 1, "items": [], "since": now(), "anything": [1]}
    set_view(ApiError(declared, details=given))
    details = api.get("/api/drf").json()["error"]["details"]
    assert (details.keys(), details["required"]) == (SAMPLE.keys(), "7.50")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"more": 1}, "more is not declared"),
        ({"required": 7}, "required is of type integer, and string in the sample"),
        ({"count": 1.5}, "count is of type number, and integer"),
        ({"count": True}, "count is of type boolean"),
        ({"since": None}, "since is of type null"),
        ({"limits": {}}, "limits.daily is missing"),
        ({"limits": []}, "limits is of type array"),
        ({"items": [{"name": "Tea"}, {"size": 1}]}, "items.1.size is not declared"),
    ],
)
def test_other_members_and_types_raise_under_strict(changes, told, declared, set_view, settings):
    set_view(ApiError(declared, details={**SAMPLE, **changes}))
    with pytest.raises(UndeclaredDetails, match=f"SHORT_OF_MONEY.*{re.escape(told)}"):
        Client().get("/api/drf")
    settings.APIERRORS = {"STRICT": False}
    assert Client().get("/api/drf").json()["error"]["details"] == {**SAMPLE, **changes}


@pytest.mark.parametrize("details", [None, {}, [1]])
def test_no_details_where_some_are_declared_raise_under_strict(details, declared, set_view):
    set_view(ApiError(declared, details=details))
    with pytest.raises(UndeclaredDetails):
        Client().get("/api/drf")


@pytest.mark.parametrize(
    "ids",
    [{1: 2}.keys(), {2: 1}.values(), (each for each in [1])],
    ids=lambda ids: type(ids).__name__,
)
def test_whatever_is_written_as_a_list_is_one(ids, own_codes, set_view, api):
    codes.register(codes.ErrorDefinition(code="IDS", status=400, title="T", message="M", details={"ids": [1]}))
    set_view(ApiError("IDS", details={"ids": ids}))
    assert_api_error(api.get("/api/drf"), "IDS", details={"ids": [1]})
    set_view(ApiError("IDS", details={"ids": deque([1])}))  # which JSON cannot carry
    with pytest.raises(UndeclaredDetails, match="ids is of type null"):
        Client().get("/api/drf")


@pytest.mark.parametrize(
    ("sample", "items", "told"),
    [
        ([None, 1], [2, None], ""),
        ([None, 1], ["x"], "items.0 is of type string, and integer in the sample"),
        ([1], [2, None], "items.1 is of type null"),
        ([None], ["x", 1], ""),
        ([1, "x"], ["y", 2], ""),
    ],
)
def test_each_item_is_as_one_of_the_sample_as_in_the_schema(sample, items, told, own_codes, set_view):
    details = {"items": sample}
    codes.register(codes.ErrorDefinition(code="ITEMS", status=400, title="T", message="M", details=details))
    set_view(ApiError("ITEMS", details={"items": items}))
    if told:
        with pytest.raises(UndeclaredDetails, match=told):
            Client().get("/api/drf")
    else:
        assert Client().get("/api/drf").json()["error"]["details"] == {"items": items}
    components = ErrorComponents("nested")
    components.response(400, ["ITEMS"])
    schema = components.components["schemas"]["ItemsErrorDetails"]
    assert bool(violations({"items": items}, schema, components.components)) == bool(told)


def test_an_empty_sample_of_an_object_and_a_list_says_nothing_of_what_is_in_them(own_codes, set_view, api):
    codes.register(codes.ErrorDefinition(code="OPEN", status=400, title="T", message="M", details={"a": {}, "b": []}))
    set_view(ApiError("OPEN", details={"a": {"x": 1}, "b": ["y", 2]}))
    assert_api_error(api.get("/api/drf"), "OPEN", details={"a": {"x": 1}, "b": ["y", 2]})


def test_a_sample_that_is_no_mapping_is_refused():
    with pytest.raises(ValueError, match="no mapping"):
        codes.ErrorDefinition(code="WRONG", status=400, title="T", message="M", details=["required"])


def test_the_entry_of_a_code_without_a_definition_has_no_sample():
    row = catalog.Row(code="ROW_ONLY", status=400, texts={"title": "T", "message": "M"})
    assert catalog.Catalog({"ROW_ONLY": row}).entry("ROW_ONLY", "en").details == {}
