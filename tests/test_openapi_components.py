"""The components of a schema: every body on the wire is as they say, in every format; what they say is small."""

import json
import re

import pytest
from django.core.exceptions import RequestDataTooBig
from django.http import Http404
from django.test import Client
from django.urls import include, path
from rest_framework.exceptions import NotAuthenticated, Throttled, ValidationError
from shop import views
from support.json_schema import violations

from django_apierrors import catalog, codes, formats
from django_apierrors.docs.examples import build_example
from django_apierrors.exceptions import ApiError, ParamNotFound
from django_apierrors.formats import Format, Nested, Typed
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.openapi import ComponentNames, ErrorComponents
from django_apierrors.openapi.json_shapes import shape_of
from django_apierrors.testing import override_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
urlpatterns = [
    path("errors/", include("django_apierrors.urls")),
    path("api/drf", views.Drf.as_view()),
    path("api/orders", views.Orders.as_view()),
]
FORMATS = sorted(formats.BUILTIN)
WIRE = {
    "details": ApiError("GONE", details={"a": [1, {"b": None}]}),
    "message": ApiError("RESOURCE_CONFLICT", "Taken."),
    "param": ParamNotFound("items.0.price"),
    "query": ParamNotFound("page", in_query=True),
    "body": ParamNotFound("page", in_query=False),
    "one": ValidationError({"name": ["Wrong."]}),
    "several": ValidationError({"name": ["Wrong."], "items": [{}, {"price": ["Too high."]}]}),
    "required": ValidationError({"name": ["Give it."]}, code="required"),
    "whole": ValidationError(["They do not match."]),
    "own": ValidationError({"name": ["No."]}, code="account_locked"),
    "many": ValidationError({f"f{number}": ["Wrong."] for number in range(200)}),
    "throttled": Throttled(wait=3),
    "nobody": NotAuthenticated(),
    "missing": Http404("secret"),
    "large": RequestDataTooBig(),
    "crash": ZeroDivisionError("secret"),
    "wait": ApiError("SERVICE_UNAVAILABLE", retry_after=9),
}
#: Codes that answer together, by status.
GROUPS = {
    400: ["INVALID_REQUEST", "PARAM_NOT_FOUND", "REQUEST_MALFORMED", "VALIDATION_FAILED"],
    401: ["AUTH_KEY_INVALID", "AUTH_KEY_NOT_FOUND"],
}


class Items(Format):
    """A list of errors, each with a code: of the error, or of a value."""

    def body(self, problem, entry):
        own = {"code": self.code(entry), "detail": entry.message_for(problem), "attr": problem.param}
        items = [{"code": error.code, "detail": error.message, "attr": error.param} for error in problem.errors]
        return {"type": entry.type, "errors": items or [own]}


class First(Nested):
    """One error only, whose code may be another than that of the problem."""

    lists_errors = False


class Numbers2(Format):
    def body(self, problem, entry):
        return {"ok": False, "at": 1.5 if problem.details else 1, "tags": [], "wait": problem.retry_after}


class Broken(Typed):
    def body(self, problem, entry):
        return {}["no such key"]


class Problem(Nested):
    """Named as one of ours."""


OWN = [f"{__name__}.{cls.__name__}" for cls in (Items, First, Numbers2, Broken)]


def described(components, status, names):
    """Return the response of a status, and the schema of its body."""
    reference = components.response(status, names)["$ref"].rpartition("/")[2]
    response = components.components["responses"][reference]
    (content,) = response["content"].values()
    return response, content["schema"]


@pytest.fixture(params=["open", "closed"])
def mode(request, settings):
    settings.APIERRORS = {**settings.APIERRORS, "OPENAPI": {"CODES": request.param}}
    return request.param


ALL = [(name, codes, version) for name in FORMATS for codes in ("open", "closed") for version in ("3.0.3", "3.1.0")]


@pytest.mark.parametrize(
    ("format_", "mode", "version"),
    [
        *((name, "closed", "3.0.3") for name in ("nested", "detailed", *OWN)),
        ("problem", "open", "3.1.0"),
        *(pytest.param(*each, marks=pytest.mark.exhaustive) for each in ALL),
    ],
)
def test_what_is_on_the_wire_is_as_described(format_, mode, version, settings, set_view, api):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": format_, "OPENAPI": {"CODES": mode}}
    components = ErrorComponents(format_, version)
    for name, exc in WIRE.items():
        set_view(exc)
        answer = api.get("/api/drf")
        status, code = answer.status_code, answer["X-Error-Code"]
        group = GROUPS.get(status, [code])
        response, schema = described(components, status, sorted({*group, code}))
        assert violations(answer.json(), schema, components.components) == [], name
        assert [answer["Content-Type"]] == list(response["content"])
        assert ("Retry-After" in answer) <= ("Retry-After" in response["headers"]), name
        assert ("WWW-Authenticate" in answer) == ("WWW-Authenticate" in response["headers"])
        header = response["headers"].get("X-Error-Code")
        if header is not None:
            schema = components.components["headers"][header["$ref"].rpartition("/")[2]]["schema"]
            assert violations(code, schema, components.components) == []


@pytest.mark.parametrize("format_", [*FORMATS, *OWN])
def test_every_example_is_as_described_and_as_the_page_shows_it(format_, settings, rf):
    docs = {"BASE_URL": "https://api.example.com"}
    settings.APIERRORS = {"FORMAT": format_, "DOCS": docs, "OPENAPI": {"CODES": "closed"}}
    components = ErrorComponents(format_)
    for definition in codes.definitions():
        _, schema = described(components, definition.status, [definition.code])
        (example,) = (
            components.components["responses"][components.name(definition.status, [definition.code])]["content"]
            .popitem()[1]["examples"]
            .values()
        )
        value = components.components["examples"][example["$ref"].rpartition("/")[2]]["value"]
        assert violations(value, schema, components.components) == []
        if format_ not in OWN:
            entry = catalog.current().entry(definition.code, "en")
            assert json.loads(build_example(entry, format_, rf.get("/errors/"), "en").body) == value


@pytest.mark.parametrize("format_", ["nested", "result", OWN[0]])
def test_another_code_is_a_violation_only_while_codes_are_closed(format_, mode):
    components = ErrorComponents(format_)
    response, schema = described(components, 410, ["GONE"])
    header = response["headers"].get("X-Error-Code")
    if header is None:
        body = components.components["examples"][f"{format_.rpartition('.')[2].capitalize()}Gone"]["value"]
        found = violations(json.loads(json.dumps(body).replace("GONE", "BROKE")), schema, components.components)
    else:  # the body has no code, or one of a value in its place
        schema = components.components["headers"][header["$ref"].rpartition("/")[2]]["schema"]
        found = violations("BROKE", schema, components.components)
    assert bool(found) == (mode == "closed")


def test_a_format_whose_list_names_codes_of_values_has_the_enum_where_no_value_is_told():
    components = ErrorComponents(OWN[0])
    assert "X-Error-Code" not in described(components, 401, GROUPS[401])[0]["headers"]
    assert "X-Error-Code" in described(components, 400, GROUPS[400])[0]["headers"]


@pytest.fixture
def declared(monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    for code, sample in (("SHORT_OF_MONEY", {"required": "1.00", "any": None}), ("SHORTOFTIME", {"days": [1]})):
        codes.register(codes.ErrorDefinition(code=code, status=422, title="T", message="M", details=sample))
    return ["SHORT_OF_MONEY", "SHORTOFTIME", "UNPROCESSABLE_REQUEST"]


@pytest.mark.parametrize("format_", FORMATS)
def test_declared_details_are_typed(format_, mode, declared, settings, set_view, api):
    settings.APIERRORS = {"STRICT": True, "FORMAT": format_, "OPENAPI": {"CODES": mode}}
    components = ErrorComponents(format_)
    _, schema = described(components, 422, declared)
    for code, details in (
        ("SHORT_OF_MONEY", {"required": "7.00", "any": [1]}),
        ("SHORTOFTIME", {"days": [2, 3]}),
        ("UNPROCESSABLE_REQUEST", {"x": 1}),
        ("UNPROCESSABLE_REQUEST", None),
    ):
        set_view(ApiError(code, details=details))
        assert violations(api.get("/api/drf").json(), schema, components.components) == []
    typed = components.components["schemas"].get("ShortOfMoneyErrorDetails")
    has_details = "details" in json.dumps(components.components["examples"])
    assert (typed is not None) == has_details
    if typed:
        assert (typed["properties"], typed["required"]) == (
            {"required": {"type": "string"}, "any": {}},
            ["any", "required"],
        )


def test_closed_codes_tell_their_details(declared, settings):
    settings.APIERRORS = {"OPENAPI": {"CODES": "closed"}}
    components = ErrorComponents("nested")
    _, schema = described(components, 422, declared)
    body = {"error": {"code": "SHORT_OF_MONEY", "httpCode": 422, "message": "M", "details": {"days": [1]}}}
    assert violations(body, schema, components.components) != []
    assert (
        described(components, 422, ["SHORT_OF_MONEY"])[1]
        in components.components["schemas"][components.name(422, declared)]["oneOf"]
    )
    assert described(components, 422, declared[:2])[1] != schema


class Untold(Format):
    """Details without the code that they belong to."""

    def body(self, problem, entry):
        return {"error": entry.title, "details": dict(problem.details or {})}


class Alike(Nested):
    """Two codes under one name."""

    def code(self, entry):
        return "CONFLICT" if entry.code != "UNPROCESSABLE_REQUEST" else entry.code


@pytest.mark.parametrize("cls", [Untold, Alike])
def test_closed_codes_that_bodies_do_not_tell_apart_are_any_of_them(cls, declared, settings, set_view, api):
    name = f"{__name__}.{cls.__name__}"
    settings.APIERRORS = {"FORMAT": name, "OPENAPI": {"CODES": "closed"}}
    components = ErrorComponents(name)
    _, schema = described(components, 422, declared)
    for code, details in (("SHORT_OF_MONEY", {"required": "7.00", "any": 1}), ("UNPROCESSABLE_REQUEST", {"days": [1]})):
        set_view(ApiError(code, details=details))
        assert violations(api.get("/api/drf").json(), schema, components.components) == []


def test_a_shape_is_what_all_values_have_in_common():
    shape = shape_of({"a": {"x": [1]}, "b": {"x": [2.5]}, "c": {"y": [{"z": None}]}})
    shape.add({"a": "text"})
    schema = shape.any_member().schema(lambda place, inner: None)
    assert schema == {}  # objects and a text
    del shape.members["a"]
    schema = shape.any_member().schema(lambda place, inner: None)
    assert schema["properties"]["x"] == {"type": "array", "items": {"type": "number"}}
    assert "required" not in schema
    assert (shape.at(("b", "x", "[]")).types, shape.at(("b", "y", "z"))) == ({"number"}, None)


def test_names_tell_format_status_and_codes(monkeypatch):
    components = ErrorComponents("problem")
    assert components.name(400, ["INVALID_REQUEST", "REQUEST_MALFORMED"]) == "Problem400"
    assert components.name(400, GROUPS[400]) == "Problem400Validation"
    assert components.name(400, ["INVALID_REQUEST", "OAUTH_SLOW_DOWN"]) == "Problem400OnlyInvalidRequestOauthSlowDown"
    assert components.name(422, ["UNPROCESSABLE_REQUEST"]) == "Problem422UnprocessableRequest"
    assert ErrorComponents(OWN[2]).name(401, GROUPS[401]) == "Numbers2_401"
    # Two codes that differ in an underscore have two names.
    assert components.name(422, ["SHORT_OF_TIME"]) == "Problem422ShortOfTime"
    assert components.name(422, ["SHORT_OF__TIME"]) == "Problem422ShortOfTime_"
    assert components.name(422, ["SHORT_OF_TIME"]) == "Problem422ShortOfTime"


def test_many_codes_have_a_name_of_few_and_a_hash():
    components = ErrorComponents("problem")
    many = [f"TRANSFER_REFUSED_FOR_{letter}" for letter in "ABCDEFGH"]
    name, other = components.name(422, many), components.name(422, [*many, "GONE"])
    assert re.fullmatch(r"Problem422(TransferRefusedFor[ABC]){3}[0-9A-F]{8}", name)
    assert name != other
    assert len(other) <= 80
    assert components.name(422, list(reversed(many))) == name
    assert re.fullmatch(r"Problem422[0-9A-F]{8}", components.name(422, ["X" * 100]))


def test_formats_and_components_of_one_document_have_names_of_their_own():
    names = ComponentNames(lambda kind, name: (kind, name) in {("schemas", "Problem400"), ("schemas", "Problem400_")})
    components = [ErrorComponents(name, names=names) for name in ("problem", f"{__name__}.Problem")]
    schemas = [described(each, 400, GROUPS[400][:1] + GROUPS[400][2:3])[1]["$ref"] for each in components]
    assert schemas == ["#/components/schemas/Problem400__", "#/components/schemas/Problem_400"]
    assert components[0].components["responses"].keys().isdisjoint(components[1].components["responses"])
    assert names.free("schemas", "Problem400__") == "Problem400___"


def test_codes_that_differ_in_an_underscore_have_components_of_their_own(monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    for code in ("STEP_2", "STEP2"):
        codes.register(codes.ErrorDefinition(code=code, status=422, title=code, message=code, details={code: 1}))
    components = ErrorComponents("nested")
    components.response(422, ["STEP2", "STEP_2"])
    examples = components.components["examples"]
    assert [examples[name]["value"]["error"]["code"] for name in ("NestedStep2", "NestedStep2_")] == ["STEP2", "STEP_2"]
    assert components.components["schemas"]["Step2_ErrorDetails"]["required"] == ["STEP_2"]


def test_a_response_is_described_once():
    components = ErrorComponents("nested")
    first = components.response(401, GROUPS[401])
    before = json.dumps(components.components)
    assert components.response(401, GROUPS[401]) == first
    assert json.dumps(components.components) == before


def test_every_enum_and_every_list_is_a_component(mode):
    for format_ in [*FORMATS, *OWN]:
        components = ErrorComponents(format_)
        for status, names in ((400, GROUPS[400]), (429, ["RATE_TOO_HIGH"]), (405, ["METHOD_NOT_ALLOWED"])):
            components.response(status, names)
        for name, schema in components.components["schemas"].items():
            inner = json.dumps(schema.get("properties", {}))
            assert '"enum"' not in inner, name
            assert re.search(r'"items": \{"type": "object"', inner) is None, name
        assert "Allow" in components.components["responses"][components.name(405, ["METHOD_NOT_ALLOWED"])]["headers"]


def test_the_headers_of_limits_are_those_of_the_setting(settings):
    response, _ = described(ErrorComponents("nested"), 429, ["RATE_TOO_HIGH"])
    assert {"RateLimit", "RateLimit-Policy", "Retry-After", "X-Request-ID"} == response["headers"].keys()
    settings.APIERRORS = {"RATELIMIT": {"HEADERS": "off"}}
    response, _ = described(ErrorComponents("typed"), 429, ["RATE_TOO_HIGH"])
    assert response["headers"].keys() == {"Retry-After"}  # the id stands in the body


def test_a_status_of_a_raise_site_has_an_example_of_its_own():
    components = ErrorComponents("nested")
    components.response(409, ["GONE"])
    components.response(410, ["GONE"])
    assert components.components["examples"]["Nested409Gone"]["value"]["error"]["httpCode"] == 409
    assert components.components["examples"]["NestedGone"]["value"]["error"]["httpCode"] == 410


def test_texts_are_in_the_language_that_is_active(settings):
    from django.utils import translation

    with translation.override("de"), override_error("GONE", message="Weg.", status=410):
        components = ErrorComponents("nested")
        components.response(410, ["GONE"])
    assert components.components["examples"]["NestedGone"]["value"]["error"]["message"] == "Weg."


def test_nothing_is_asked_of_the_database(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        ErrorComponents("problem").response(400, GROUPS[400])
    assert Client().get("/errors/").status_code == 200
