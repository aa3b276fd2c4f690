"""The shapes of errors, member by member, and formats of a project's own."""

import datetime
import json
import uuid
from decimal import Decimal
from enum import Enum

import pytest
from django.urls import path
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import NotAuthenticated, NotFound, Throttled, ValidationError
from rest_framework.response import Response
from shop import views
from shop.models import Account

from django_apierrors import answer_cache, codes, formats
from django_apierrors.docs.format_aliases import get_aliases, get_codes_by_alias, is_oauth_error
from django_apierrors.exceptions import ApiError, ParamNotFound
from django_apierrors.formats import Described, Format, Typed
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import override_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
FORMATS = sorted(formats.BUILTIN)
REQUEST_ID = "0123456789abcdef0123456789abcdef"
URLS = ["/api/drf", "/api/plain"]

urlpatterns = [path("api/drf", views.Drf.as_view()), path("api/plain", views.plain)]


class Nothing(Format):
    def body(self, problem, entry):
        return None


class Listing(Format):
    def body(self, problem, entry):
        return [problem.code]


class Broken(Format):
    def body(self, problem, entry):
        raise ZeroDivisionError("the format's own fault")


class Flat(Typed):
    envelope = None


class Terse(Described):
    message_template = "{status}"


class Listed(Format):
    media_type = "application/vnd.shop+json"
    codes = {"VALIDATION_FAILED": "E17"}
    headers = {"X-Shape": "listed"}

    def body(self, problem, entry):
        return {"code": self.code(entry), "fields": [error.param for error in problem.errors]}


@pytest.fixture
def answer(settings, set_view, api):
    """The response to an exception in a format, with a known request id."""

    def of(what, name="nested", url="/api/drf", **headers):
        settings.APIERRORS = {"STRICT": True, "FORMAT": name}
        set_view(what)
        return api.post(url, headers={"X-Request-ID": REQUEST_ID, **headers})

    return of


TWO = {"amount": ["Too much."], "items": [{}, {"price": ["Too low.", "Odd."]}]}
URN = f"urn:uuid:{uuid.UUID(REQUEST_ID)}"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "nested",
            {
                "error": {
                    "code": "RESOURCE_NOT_FOUND",
                    "httpCode": 404,
                    "message": "The requested resource was not found.",
                }
            },
        ),
        ("result", {"result": "error", "message": "The requested resource was not found."}),
        (
            "detailed",
            {"error": {"code": "RESOURCE_NOT_FOUND", "message": "The requested resource was not found."}},
        ),
        ("described", {"message": "404 Not Found", "description": "The requested resource was not found."}),
        ("oauth2", {"error": "invalid_request", "error_description": "The requested resource was not found."}),
        (
            "typed",
            {
                "error": {
                    "type": "validation_error",
                    "code": "RESOURCE_NOT_FOUND",
                    "message": "The requested resource was not found.",
                    "param": None,
                    "doc_url": None,
                    "request_id": REQUEST_ID,
                }
            },
        ),
        (
            "problem",
            {
                "type": "about:blank",
                "title": "Not Found",
                "status": 404,
                "detail": "The requested resource was not found.",
                "instance": URN,
                "code": "RESOURCE_NOT_FOUND",
                "request_id": REQUEST_ID,
            },
        ),
    ],
)
def test_an_error_has_exactly_the_documented_members(name, body, answer):
    for url in URLS:
        response = answer(NotFound(), name, url)
        assert list(flat(response.json())) == list(flat(body))
        assert response["X-Error-Code"] == "RESOURCE_NOT_FOUND"


def flat(value, path=()):
    """Every member with its path and value, in order."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from flat(inner, (*path, key))
    else:
        yield path, value


@pytest.mark.parametrize(
    ("name", "body"),
    [
        (
            "nested",
            {
                "error": {
                    "code": "VALIDATION_FAILED",
                    "httpCode": 400,
                    "message": "Some values are not valid.",
                    "errors": [
                        {"param": "amount", "code": "invalid", "message": "Too much."},
                        {"param": "items.1.price", "code": "invalid", "message": "Too low."},
                        {"param": "items.1.price", "code": "invalid", "message": "Odd."},
                    ],
                }
            },
        ),
        ("result", {"result": "error", "message": "amount: Too much."}),
        (
            "detailed",
            {
                "error": {
                    "code": "INVALID_REQUEST",
                    "message": "Some values are not valid.",
                    "details": {
                        "fields": {
                            "amount": [{"code": "invalid", "message": "Too much."}],
                            "items.1.price": [
                                {"code": "invalid", "message": "Too low."},
                                {"code": "invalid", "message": "Odd."},
                            ],
                        }
                    },
                }
            },
        ),
        ("described", {"message": "400 Bad Request", "description": "amount: Too much."}),
        ("oauth2", {"error": "invalid_request", "error_description": "Some values are not valid."}),
        (
            "typed",
            {
                "error": {
                    "type": "validation_error",
                    "code": "VALIDATION_FAILED",
                    "message": "Some values are not valid.",
                    "param": None,
                    "doc_url": None,
                    "request_id": REQUEST_ID,
                    "errors": [
                        {"param": "amount", "code": "invalid", "message": "Too much."},
                        {"param": "items.1.price", "code": "invalid", "message": "Too low."},
                        {"param": "items.1.price", "code": "invalid", "message": "Odd."},
                    ],
                }
            },
        ),
        (
            "problem",
            {
                "type": "about:blank",
                "title": "Bad Request",
                "status": 400,
                "detail": "Some values are not valid.",
                "instance": URN,
                "code": "VALIDATION_FAILED",
                "request_id": REQUEST_ID,
                "errors": [
                    {"pointer": "#/amount", "code": "invalid", "detail": "Too much."},
                    {"pointer": "#/items/1/price", "code": "invalid", "detail": "Too low."},
                    {"pointer": "#/items/1/price", "code": "invalid", "detail": "Odd."},
                ],
            },
        ),
    ],
)
def test_formats_list_the_errors_of_a_validation_or_speak_of_the_first(name, body, answer):
    for url in URLS:
        assert answer(ValidationError(TWO), name, url).json() == body


@pytest.mark.parametrize(
    ("detail", "code", "message"),
    [
        ({"a": ["A."], "b": ["B."]}, "VALIDATION_FAILED", "a: A."),
        (["Of all.", "More."], "VALIDATION_FAILED", "Of all."),
    ],
)
def test_a_single_error_format_speaks_of_the_first(detail, code, message, answer):
    response = answer(ValidationError(detail), "result")
    assert response["X-Error-Code"] == code
    assert response.json()["message"] == message


@pytest.mark.parametrize(
    ("name", "member", "message"),
    [
        ("result", "message", 'The required parameter "a" is missing.'),
        ("described", "description", 'The required parameter "a" is missing.'),
        ("oauth2", "error_description", "The required parameter a is missing."),
    ],
)
def test_a_single_error_format_says_that_the_first_is_missing(name, member, message, answer):
    missing = ValidationError("x", code="required").detail
    response = answer(ValidationError({"a": missing, "b": ["B."]}), name)
    assert response["X-Error-Code"] == "PARAM_NOT_FOUND"
    assert response.json()[member] == message


@pytest.mark.parametrize("name", FORMATS)
def test_one_missing_value_is_a_missing_parameter(name, answer):
    response = answer(ValidationError({"a": {"b": ValidationError("x", code="required").detail}}), name)
    assert response["X-Error-Code"] == "PARAM_NOT_FOUND"
    assert response.status_code == 400


# Details


@pytest.mark.parametrize(
    ("name", "where"),
    [("nested", ("error",)), ("detailed", ("error",)), ("typed", ("error",)), ("problem", ())],
)
def test_details_are_a_further_member(name, where, answer):
    body = answer(ApiError("RESOURCE_CONFLICT", details={"required": Decimal("25.00")}), name).json()
    for key in where:
        body = body[key]
    assert body["details"] == {"required": "25.00"}


@pytest.mark.parametrize("name", ["result", "described", "oauth2"])
def test_some_formats_never_carry_details(name, answer):
    response = answer(ApiError("RESOURCE_CONFLICT", details={"required": "25.00"}), name)
    assert b"25.00" not in response.content


def test_details_and_fields_share_the_details_of_detailed(answer):
    body = answer(ParamNotFound("amount", details={"hint": "h"}), "detailed").json()
    message = 'The required parameter "amount" is missing.'
    assert body["error"]["details"] == {
        "hint": "h",
        "fields": {"amount": [{"code": "required", "message": message}]},
    }


class Color(Enum):
    RED = 1


DEEP = []
for _ in range(100_000):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (-(2**70), -(2**70)),
        (1.5, 1.5),
        (float("nan"), None),
        (float("-inf"), None),
        ("größe", "größe"),
        ("\ud800", "\ufffd"),
        (gettext_lazy("Yes"), "Yes"),
        (Decimal("1.50"), "1.50"),
        (uuid.UUID(REQUEST_ID), str(uuid.UUID(REQUEST_ID))),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        (datetime.timedelta(seconds=90), "90.0"),
        (b"bytes", "bytes"),
        (b"\xff", None),
        (datetime.time(tzinfo=datetime.UTC), None),
        ((1, [2, {"a": {3}}]), [1, [2, {"a": [3]}]]),
        ({1: "a", None: "b", "\ud800": "c"}, {"1": "a", "None": "b", "\ufffd": "c"}),
        (Color.RED, None),
        (object(), None),
        (Account(number="1"), None),
        (Account.objects.all(), None),
        ([10**5000], [None]),
    ],
)
def test_details_become_plain_json(given, sent, answer):
    assert answer(ApiError("RESOURCE_CONFLICT", details={"x": given})).json()["error"]["details"] == {"x": sent}


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(
    "details",
    [
        {"text": "€" * 100_000},
        {"list": list(range(100_000))},
        {"keys": dict.fromkeys(range(100_000)).keys()},
        {"empty": [[]] * 100_000},
        {"dicts": [{}] * 100_000},
        {str(number): None for number in range(100_000)},
        {"k" * 100_000: 1},
        {"deep": DEEP},
    ],
    ids=["text", "list", "view", "empty lists", "empty dicts", "keys", "key", "deep"],
)
def test_details_that_are_too_large_are_left_out_and_logged(details, name, answer, caplog):
    response = answer(ApiError("INSUFFICIENT_BALANCE", "No.", details=details), name)
    assert response["X-Error-Code"] == "INSUFFICIENT_BALANCE"
    assert len(response.content) < 64_000
    assert b"details" not in response.content
    carries = name not in ("result", "described", "oauth2", "standardized")
    assert ("The details of INSUFFICIENT_BALANCE" in caplog.text) is carries


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("details", [["a"], "text", 7], ids=repr)
def test_details_that_are_no_mapping_are_left_out(details, name, answer):
    response = answer(ParamNotFound("a", details=details), name)
    assert response["X-Error-Code"] == "PARAM_NOT_FOUND"
    left = {".".join(path) for path, _ in flat(response.json()) if "details" in path}
    assert left == ({"error.details.fields.a"} if name == "detailed" else set())


@pytest.mark.parametrize("name", FORMATS)
def test_details_and_errors_share_the_64_kb(name, answer):
    details = {"text": "d" * 40_000}
    exc = ApiError("VALIDATION_FAILED", "m" * 9000, param="ö" * 9000, params={"detail": "€" * 9000}, details=details)
    assert len(answer(exc, name).content) < 64_000


# OAuth


@pytest.mark.parametrize(
    ("exc", "key"),
    [
        (ApiError("OAUTH_INVALID_CLIENT"), "invalid_client"),
        (ApiError("OAUTH_FORBIDDEN_SCOPE"), "forbidden_scope"),
        (ApiError("OAUTH_SERVER_ERROR"), "server_error"),
        (ApiError("OAUTH_TEMPORARILY_UNAVAILABLE"), "temporarily_unavailable"),
        (NotAuthenticated(), "invalid_client"),
        (NotFound(), "invalid_request"),
        (Throttled(3), "temporarily_unavailable"),
        (ApiError("MAINTENANCE"), "temporarily_unavailable"),
        (ApiError("BAD_GATEWAY"), "server_error"),
        (RuntimeError(), "server_error"),
    ],
    ids=str,
)
def test_oauth_writes_the_nearest_key(exc, key, answer):
    response = answer(exc, "oauth2")
    assert response.json()["error"] == key
    assert response["Cache-Control"] == "no-store"
    assert response["Pragma"] == "no-cache"


def test_an_oauth_description_is_english_and_within_the_grammar(answer, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    for text in ('No\n"grant" \\ größe\x7f€', gettext_lazy("This field is required.")):
        response = answer(ApiError("OAUTH_INVALID_GRANT", text), "oauth2", **{"Accept-Language": "de"})
        description = response.json()["error_description"]
        assert all(" " <= c <= "~" and c not in '"\\' for c in description)
        assert description in ("No grant gr e", "This field is required.")


def test_an_oauth_description_of_another_error_is_the_shipped_one(answer):
    response = answer(ApiError("RESOURCE_CONFLICT", "Schon vergeben."), "oauth2")
    assert response.json()["error_description"] == "The request conflicts with the current state of the resource."


def test_an_oauth_description_names_the_parameter(answer):
    response = answer(ParamNotFound("client_id"), "oauth2")
    assert response.json()["error_description"] == "The required parameter client_id is missing."


# The vocabulary of detailed


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("REQUEST_MALFORMED", "INVALID_REQUEST"),
        ("AUTH_KEY_NOT_FOUND", "UNAUTHENTICATED"),
        ("AUTH_KEY_INVALID", "UNAUTHENTICATED"),
        ("ENDPOINT_NOT_FOUND", "RESOURCE_NOT_FOUND"),
        ("RATE_TOO_HIGH", "RATE_LIMIT_EXCEEDED"),
        ("MAINTENANCE", "SERVICE_UNAVAILABLE"),
        ("PERMISSION_DENIED", "PERMISSION_DENIED"),
    ],
)
def test_detailed_has_names_of_its_own_for_some_codes(code, name, answer):
    response = answer(ApiError(code), "detailed")
    assert response.json()["error"]["code"] == name
    assert response["X-Error-Code"] == code


# The problem format


@pytest.mark.parametrize("url", URLS)
def test_a_problem_is_labelled_as_one(url, answer):
    assert answer(NotFound(), "problem", url)["Content-Type"] == "application/problem+json"


def test_the_instance_of_a_problem_is_a_urn_of_the_request_id(answer):
    first, second = (answer(NotFound(), "problem", **{"X-Request-ID": "order-17"}).json() for _ in range(2))
    assert first["request_id"] == "order-17"
    assert first["instance"] == second["instance"]
    assert uuid.UUID(first["instance"].removeprefix("urn:uuid:")).version == 5


# Formats of a project


def test_the_typed_object_can_be_flat(answer):
    body = answer(NotFound(), f"{__name__}.Flat").json()
    assert body.keys() == {"type", "code", "message", "param", "doc_url", "request_id"}


def test_the_first_line_of_described_can_be_another(answer):
    assert answer(NotFound(), f"{__name__}.Terse").json()["message"] == "404"


@pytest.mark.parametrize("url", URLS)
def test_a_format_of_a_project_decides_shape_type_names_and_headers(url, answer):
    response = answer(ValidationError({"a": ["x"], "b": ["y"]}), f"{__name__}.Listed", url)
    assert response.json() == {"code": "E17", "fields": ["a", "b"]}
    assert response["Content-Type"] == "application/vnd.shop+json"
    assert response["X-Shape"] == "listed"
    assert response["X-Error-Code"] == "VALIDATION_FAILED"


@pytest.mark.parametrize(
    ("what", "status", "code"),
    [
        (NotFound(), 404, "RESOURCE_NOT_FOUND"),
        (ApiError("BAD_GATEWAY"), 502, "BAD_GATEWAY"),
        (RuntimeError("secret"), 500, "INTERNAL_SERVER_ERROR"),
    ],
    ids=["404", "502", "unhandled"],
)
@pytest.mark.parametrize("url", URLS)
def test_a_format_that_fails_hides_no_error(url, what, status, code, answer, caplog):
    assert_fixed(answer(what, f"{__name__}.Broken", url), status, code)
    assert "ZeroDivisionError: the format's own fault" in caplog.text


@pytest.mark.parametrize("name", ["Nothing", "Listing"])
@pytest.mark.parametrize("url", URLS)
def test_a_body_that_is_no_dict_is_a_failure_of_the_format(name, url, answer, caplog):
    assert_fixed(answer(NotFound(), f"{__name__}.{name}", url), 404, "RESOURCE_NOT_FOUND")
    assert f"TypeError: The body of {name} is no dict" in caplog.text


def test_a_format_that_fails_hides_no_error_that_a_view_returned(answer, caplog):
    serializer = views.OrderSerializer(data={})
    serializer.is_valid()
    returned = Response(serializer.errors, status=422)
    assert_fixed(answer(lambda request: returned, f"{__name__}.Broken"), 422, "UNPROCESSABLE_REQUEST")
    assert "ZeroDivisionError: the format's own fault" in caplog.text


def assert_fixed(response, status, code):
    assert response.status_code == status
    error = json.loads(response.content)["error"]
    assert error.keys() == {"code", "httpCode", "message"}
    assert (error["code"], error["httpCode"]) == (code, status)
    assert response["Content-Type"] == "application/json"
    assert response["X-Error-Code"] == code
    assert response["X-Request-ID"] == REQUEST_ID
    assert response["Cache-Control"] == "no-store"
    assert response["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("name", ["no_such", "no.such.Format", "shop.views.NoSuch"])
def test_a_format_that_does_not_exist_is_an_import_error(name):
    with pytest.raises(ImportError):
        formats.get(name)


@pytest.mark.parametrize("name", ["shop.views.plain", "shop.views.Plain"])
def test_a_format_must_be_a_format(name):
    with pytest.raises(TypeError, match="is not a subclass of"):
        formats.get(name)


# The bound, and what a project's own format is given


class Everything(Format):
    name = "everything"

    def body(self, problem, entry):
        return {
            "code": self.code(entry),
            "all": [vars(error) for error in problem.errors] * 40,
            "text": entry.description,
        }


LONG = "\U0001f600" * 2000
DEEP = {"a": ["x"]}
for _number in range(90):
    DEEP = {"\U0001f600" * 190 + str(_number): DEEP}


@pytest.mark.parametrize("name", [*FORMATS, f"{__name__}.Everything"])
@pytest.mark.parametrize(
    "detail",
    [{f"f{n}": [""] for n in range(100)}, DEEP, {"a": [DEEP] * 50}, {f"f{n}": [LONG] for n in range(100)}],
    ids=["blank", "deep", "deep ones", "long"],
)
def test_no_body_is_larger_than_64_kb_whatever_is_in_it(name, detail, answer, monkeypatch):
    monkeypatch.setattr(answer_cache.renderer, "ensure_ascii", True)
    with override_error("VALIDATION_FAILED", message=LONG, title="t" * 200):
        response = answer(ValidationError(detail), name)
    assert response.status_code == 400
    assert len(response.content) <= 64_000
    assert response["X-Error-Code"] == "VALIDATION_FAILED"
    assert response.json()


def test_what_is_left_out_is_counted(answer):
    with override_error("VALIDATION_FAILED", message=LONG):
        error = answer(ValidationError({f"f{n}": [""] for n in range(100)})).json()["error"]
    assert error["errors_total"] == 100
    assert 0 < len(error["errors"]) < 100


def test_a_format_of_the_project_is_given_every_error(answer):
    response = answer(ValidationError({"a": ["A."], "b": ["B."]}), f"{__name__}.Everything")
    assert {error["path"][0] for error in response.json()["all"]} == {"a", "b"}
    assert response["X-Error-Code"] == "VALIDATION_FAILED"


def test_about_blank_has_the_phrase_and_a_documented_code_its_title(answer, settings):
    assert answer(ApiError("RESOURCE_CONFLICT", status=423), "problem").json()["title"] == "Locked"
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}
    with override_error("RESOURCE_CONFLICT", doc_url="https://docs.example/conflict"):
        body = answer(ApiError("RESOURCE_CONFLICT"), "problem").json()
    assert (body["type"], body["title"]) == ("https://docs.example/conflict", "Conflict")


# Names that codes bring


@pytest.fixture
def named(monkeypatch):
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    names = {"oauth2": "pair_first", "detailed": "UNPAIRED", "everything": "x1"}
    texts = {"title": "Pair first", "message": "Pair first."}
    codes.register(codes.ErrorDefinition(code="PAIR_FIRST", status=400, names=names, **texts))
    return lambda message=None: ApiError("PAIR_FIRST", message)


def test_a_code_brings_its_own_names(named, answer):
    assert answer(named("Pair the device."), "oauth2").json() == {
        "error": "pair_first",
        "error_description": "Pair the device.",
    }
    assert answer(named(), "detailed").json()["error"]["code"] == "UNPAIRED"
    assert answer(named(), f"{__name__}.Everything").json()["code"] == "x1"
    response = answer(named())
    assert response.json()["error"]["code"] == response["X-Error-Code"] == "PAIR_FIRST"


def test_the_documentation_leads_from_the_name_to_the_code(named, settings):
    settings.APIERRORS = {"STRICT": True, "FORMATS": {"/oauth/": "oauth2"}}
    assert get_aliases()["PAIR_FIRST"] == ("pair_first",)
    assert get_codes_by_alias("pair_first") == ["PAIR_FIRST"]
    assert is_oauth_error("PAIR_FIRST")
    assert not is_oauth_error("GONE")


@pytest.mark.parametrize("names", [{"oauth2": ""}, {"oauth2": 'a"b'}, {"oauth2": "größe"}, {3: "x"}, "oauth2"])
def test_names_that_a_format_cannot_write_are_refused(names):
    with pytest.raises(ValueError, match="are not valid"):
        codes.ErrorDefinition(code="ODD_NAMES", status=400, title="Odd", message="Odd.", names=names)


class Padded(Format):
    """A format of a project that is too large whatever it is given."""

    def body(self, problem, entry):
        return {"padding": "x" * 100_000}


@pytest.mark.parametrize("url", URLS)
def test_a_format_that_is_always_too_large_leaves_the_error_to_the_fixed_body(url, answer, caplog):
    response = answer(NotFound(), f"{__name__}.Padded", url)
    assert_fixed(response, 404, "RESOURCE_NOT_FOUND")
    assert "100014 bytes" in caplog.text
