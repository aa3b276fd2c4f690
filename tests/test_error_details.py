"""Error details become field errors: real positions, declaration order, at least one and never too many."""

import json

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.urls import path
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView
from shop import views

from django_apierrors import formats
from django_apierrors.testing import assert_api_error

pytestmark = pytest.mark.urls(__name__)
FORMATS = sorted(formats.BUILTIN)
LIMIT = 64_000


class Basket(serializers.Serializer):
    owner = serializers.CharField(max_length=3)
    lines = views.LineSerializer(many=True, required=False)
    numbers = serializers.ListField(child=serializers.IntegerField(), required=False)
    grid = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), required=False, max_length=9
    )
    color = serializers.ChoiceField(["red"], required=False)
    address = serializers.DictField(child=serializers.IntegerField(), required=False)

    def validate(self, attrs):
        if attrs["owner"] == "bad":
            raise ValidationError("Not this owner.", code="owner")
        return attrs


class Baskets(APIView):
    many = False

    def post(self, request):
        serializer = Basket(data=request.data, many=self.many)
        serializer.is_valid(raise_exception=True)
        return Response({})

    def get(self, request):
        Basket(data=request.query_params).is_valid(raise_exception=True)


urlpatterns = [
    path("api/baskets", Baskets.as_view()),
    path("api/many", Baskets.as_view(many=True)),
    path("api/drf", views.Drf.as_view()),
    *(path(f"api/{name}/drf", views.Drf.as_view()) for name in FORMATS),
    *(path(f"api/{name}/baskets", Baskets.as_view()) for name in FORMATS),
]


@pytest.fixture
def every_format(settings):
    settings.APIERRORS = {"STRICT": True, "FORMATS": {f"/api/{name}/": name for name in FORMATS}}


@pytest.fixture
def post(api):
    def send(url, data):
        return api.post(url, json.dumps(data), content_type="application/json")

    return send


def params(response):
    return [error["param"] for error in response.json()["error"]["errors"]]


@pytest.fixture
def pointers(settings, api, set_view):
    """The pointers of an error detail, as the problem format writes them."""
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}

    def of(detail):
        set_view(ValidationError(detail))
        return [error["pointer"] for error in api.post("/api/drf").json()["errors"]]

    return of


LINE = {"name": "ok", "price": "1.00"}


@pytest.mark.parametrize("as_dict", [True, False])
@pytest.mark.filterwarnings("ignore:.*LIST_SERIALIZER_ERRORS_AS_DICT")
def test_items_of_a_list_serializer_keep_their_positions(as_dict, post, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "LIST_SERIALIZER_ERRORS_AS_DICT": as_dict}
    lines = [{"name": "too long"}, LINE, {"price": "x"}]
    response = post("/api/baskets", {"owner": "ana", "lines": lines})
    assert params(response) == ["lines.0.name", "lines.0.price", "lines.2.name", "lines.2.price"]


def test_a_list_of_objects_at_the_top_keeps_its_positions(post):
    response = post("/api/many", [{"owner": "anna"}, {"owner": "ana"}, {}])
    assert params(response) == ["0.owner", "2.owner"]


@pytest.mark.parametrize(
    "detail",
    [
        {"items": [{}, {"price": ["x"]}, {}, {"price": ["y"]}]},
        {"items": {1: {"price": ["x"]}, 3: {"price": ["y"]}}},
    ],
    ids=["padded list", "dict of positions"],
)
def test_both_spellings_of_drf_give_the_same_places(detail, pointers):
    assert pointers(detail) == ["#/items/1/price", "#/items/3/price"]


def test_list_fields_and_lists_in_lists_keep_real_positions(post):
    data = {"owner": "ana", "numbers": ["x", 1, "y"], "grid": [[1], ["x", 2, "z"], ["y"]]}
    assert params(post("/api/baskets", data)) == ["numbers.0", "numbers.2", "grid.1.0", "grid.1.2", "grid.2.0"]


def test_a_single_error_at_position_0_names_it(post):
    response = post("/api/baskets", {"owner": "ana", "numbers": ["x"]})
    assert_api_error(response, "VALIDATION_FAILED", message="numbers.0: A valid integer is required.")


def test_errors_come_in_the_order_of_declaration(post):
    data = {"color": "blue", "numbers": "x", "lines": [{}], "owner": "anna", "address": {"b": "x", "a": "y"}}
    assert params(post("/api/baskets", data)) == [
        "owner",
        "lines.0.name",
        "lines.0.price",
        "numbers",
        "color",
        "address.b",
        "address.a",
    ]


@pytest.mark.parametrize(
    ("detail", "found"),
    [
        ({"a.b": ["x"], "a": {"b": ["x"]}}, ["#/a.b", "#/a/b"]),
        ({"m~n": ["x"], "m/n": ["x"]}, ["#/m~0n", "#/m~1n"]),
        ({"größe": ["x"], "a b%": ["x"], 'q"<>': ["x"]}, ["#/gr%C3%B6%C3%9Fe", "#/a%20b%25", "#/q%22%3C%3E"]),
        ({"": ["x"]}, ["#/"]),
        (["x", "y"], ["#", "#"]),
        ({"non_field_errors": ["x"], "__all__": ["y"]}, ["#", "#"]),
        ({"items": [{"non_field_errors": ["x"]}]}, ["#/items/0"]),
        ([["x"], ["y"]], ["#/0", "#/1"]),
        ({"items": ["x", {"a": ["y"]}]}, ["#/items", "#/items/1/a"]),
    ],
    ids=str,
)
def test_places_are_json_pointers(detail, found, pointers):
    assert pointers(detail) == found


def test_errors_of_the_query_string_name_a_parameter(api, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}
    assert api.get("/api/baskets?owner=anna&numbers=x").json()["errors"] == [
        {"parameter": "owner", "code": "max_length", "detail": "Ensure this field has no more than 3 characters."},
        {"parameter": "numbers.0", "code": "invalid", "detail": "A valid integer is required."},
    ]


def test_an_error_of_the_whole_has_no_param_and_its_own_code(post):
    response = post("/api/baskets", {"owner": "bad"})
    assert_api_error(response, "VALIDATION_FAILED", message="Not this owner.", param="(absent)")
    assert response.json()["error"]["errors"] == [{"param": None, "code": "owner", "message": "Not this owner."}]


def test_fields_called_like_members_of_a_body_are_only_fields(every_format, api, set_view):
    names = ["title", "type", "status", "errors", "code", "error", "detail"]
    set_view(ValidationError({name: [f"About {name}."] for name in names}))
    body = api.post("/api/problem/drf").json()
    assert (body["status"], body["title"], body["code"]) == (400, "Bad Request", "VALIDATION_FAILED")
    assert [error["pointer"] for error in body["errors"]] == [f"#/{name}" for name in names]


def test_djangos_validation_errors_are_read_alike(api, set_view):
    set_view(
        DjangoValidationError({"number": [DjangoValidationError("Taken %(by)s.", code="taken", params={"by": "b"})]})
    )
    response = api.post("/api/drf")
    assert_api_error(response, "VALIDATION_FAILED", message="number: Taken b.")
    assert response.json()["error"]["errors"] == [{"param": "number", "code": "taken", "message": "Taken b."}]


# Floods


class Counted(dict):
    """Counts how many of its items were looked at."""

    seen = 0

    def items(self):
        for pair in super().items():
            self.seen += 1
            yield pair


def test_a_flood_of_errors_is_read_once(api, set_view):
    exc = ValidationError({"items": ["x"]})
    exc.detail["items"] = Counted.fromkeys(range(400_000), [ErrorDetail("A valid integer is required.", "invalid")])
    set_view(exc)
    response = api.post("/api/drf")
    error = response.json()["error"]
    assert error["errors_total"] == 400_000
    assert len(error["errors"]) == 100
    # Once to count, and twice to see that there is more than one error.
    assert exc.detail["items"].seen < 400_010


def test_a_flood_of_bad_items_is_answered(post):
    response = post("/api/baskets", {"owner": "ana", "numbers": ["x"] * 40_000})
    assert_api_error(response, "VALIDATION_FAILED")
    assert response.json()["error"]["errors_total"] == 40_000
    assert response.json()["error"]["errors"][99]["param"] == "numbers.99"
    assert len(response.content) < LIMIT


MANY = range(2000)


@pytest.mark.parametrize(
    "name", ["nested", *(pytest.param(name, marks=pytest.mark.exhaustive) for name in FORMATS if name != "nested")]
)
@pytest.mark.parametrize(
    "detail",
    [
        {"items": {place: ["A valid integer is required."] for place in MANY}},
        {"items": {place: ["\u20ac" * 10_000] for place in MANY}},
        {"items": {place: ["\U0001f600\u2028" * 10_000] for place in MANY}},
        {"k" * 1_000_000 + str(place): ["x"] for place in range(2)},
        {f"{place}/" + "~ö" * 500: ["\x00\x1f\u2028"] * 3 for place in MANY},
        {"a": {"b" * 190 + str(place): {"c" * 200: {"d" * 200: ["x"]}} for place in MANY}},
        {"a": ["x" * 3_000_000]},
        ["€" * 3_000_000],
    ],
    ids=["many", "long", "astral", "huge keys", "odd keys", "deep", "one huge", "one huge of the whole"],
)
@pytest.mark.parametrize("most", [100, pytest.param(100_000, marks=pytest.mark.exhaustive)])
def test_no_body_exceeds_64_kb(most, detail, name, api, set_view, settings):
    settings.APIERRORS = {"STRICT": True, "MAX_ERRORS": most, "FORMATS": {f"/api/{name}/": name}}
    set_view(ValidationError(detail))
    response = api.post(f"/api/{name}/drf")
    assert response.status_code == 400
    assert len(response.content) < LIMIT


@pytest.mark.parametrize("name", FORMATS)
def test_a_huge_value_that_drf_echoes_is_cut(name, every_format, post):
    response = post(f"/api/{name}/baskets", {"owner": "ana", "color": "\u20ac" * 200_000})
    assert response["X-Error-Code"] == "VALIDATION_FAILED"
    assert len(response.content) < LIMIT


def test_what_is_cut_says_how_many_there_are(api, set_view, settings):
    settings.APIERRORS = {"STRICT": True, "MAX_ERRORS": 2, "FORMATS": {f"/api/{name}/": name for name in FORMATS}}
    set_view(ValidationError({"a": ["1"], "b": ["2"], "c": ["3"]}))
    answers = {name: api.post(f"/api/{name}/drf").json() for name in FORMATS}
    assert len(answers["nested"]["error"]["errors"]) == 2
    assert answers["nested"]["error"]["errors_total"] == 3
    assert answers["typed"]["error"]["errors_total"] == 3
    assert answers["problem"]["errors_total"] == 3
    assert answers["detailed"]["error"]["details"]["fields"].keys() == {"a", "b"}
    assert answers["detailed"]["error"]["details"]["fields_total"] == 3


def test_what_is_whole_says_no_total(every_format, api, set_view):
    set_view(ValidationError({"a": ["1"], "b": ["2"]}))
    for name in FORMATS:
        assert b"total" not in api.post(f"/api/{name}/drf").content


def nested(depth):
    detail = ["deep"]
    for _ in range(depth):
        detail = {"a": detail, "b": ["x"]}
    return detail


def test_what_contains_itself_is_passed_over_and_the_rest_is_listed(set_view, api):
    itself = {"a": ["x"]}
    itself["again"] = [itself, {"b": ["y"]}]
    exc = ValidationError({})
    exc.detail = itself
    set_view(exc)
    response = api.post("/api/drf")
    assert_api_error(response, "VALIDATION_FAILED")
    assert params(response) == ["a", "again.1.b"]


def test_what_lies_too_deep_is_passed_over_and_the_rest_is_listed(set_view, api):
    exc = ValidationError({})
    exc.detail = nested(5000)
    set_view(exc)
    response = api.post("/api/drf")
    assert_api_error(response, "VALIDATION_FAILED")

    assert "b" in {path.rpartition(".")[2] for path in params(response)}
