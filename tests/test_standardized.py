"""The format ``standardized`` beside drf-standardized-errors itself, in one process: equal, but for a written list."""

import json
from unittest.mock import ANY

import pytest
from django.core import exceptions as django_exceptions
from django.http import Http404
from django.test import Client
from django.urls import path
from django.utils import translation
from django.utils.translation import gettext_lazy
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions, serializers
from rest_framework.authentication import BasicAuthentication
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.permissions import IsAuthenticated
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from django_apierrors import catalog, codes
from django_apierrors.codes import ErrorDefinition, register
from django_apierrors.exceptions import ApiError, ParamNotFound
from django_apierrors.formats import Standardized
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.testing import maintenance_mode, override_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)
OURS = "django_apierrors.handlers.exception_handler"
THEIRS = "drf_standardized_errors.handler.exception_handler"


class Line(serializers.Serializer):
    name = serializers.CharField(max_length=5)
    price = serializers.DecimalField(max_digits=6, decimal_places=2)


class Address(serializers.Serializer):
    email = serializers.EmailField()

    def validate(self, attrs):
        raise ValidationError("Nobody lives there.", code="nobody")


class Order(serializers.Serializer):
    customer = serializers.CharField(max_length=10, required=False)
    address = Address(required=False)
    items = Line(many=True, required=False)
    tags = serializers.ListField(child=serializers.IntegerField(), required=False)
    options = serializers.DictField(child=serializers.IntegerField(), required=False)

    def validate(self, attrs):
        if attrs.get("customer") == "both":
            raise ValidationError(["Too early.", "Too late."], code="window")
        return attrs


class Raising(APIView):
    def get(self, request):
        raise CASES[request.query_params["case"]]()

    def post(self, request):
        many = isinstance(request.data, list)
        Order(data=request.data, many=many).is_valid(raise_exception=True)


class Private(APIView):
    authentication_classes = [BasicAuthentication]
    permission_classes = [IsAuthenticated]


class Never(BaseThrottle):
    def allow_request(self, request, view):
        return False

    def wait(self):
        return 29.4


class Slow(APIView):
    throttle_classes = [Never]


urlpatterns = [
    path("api/raising", Raising.as_view()),
    path("api/private", Private.as_view()),
    path("api/slow", Slow.as_view()),
]


class Teapot(exceptions.APIException):
    status_code, default_code, default_detail = 418, "teapot", "I am a teapot."


class Broke(ValidationError):
    status_code = 422


def detail(text, code):
    return ErrorDetail(text, code)


#: What a view raises, as exceptions or the errors of serializers.
CASES = {
    "a text": lambda: ValidationError("No."),
    "a text with a code": lambda: ValidationError("No.", code="closed"),
    "a code in capitals": lambda: ValidationError("No.", code="CLOSED"),
    "several texts": lambda: ValidationError(["No.", "Never."]),
    "a field": lambda: ValidationError({"amount": "Too much."}, code="too_much"),
    "several errors of a field": lambda: ValidationError({"amount": ["Too much.", "Too late."]}),
    "the whole, by its key": lambda: ValidationError({"non_field_errors": ["They differ."]}),
    "the whole of a nested value": lambda: ValidationError({"a": {"non_field_errors": ["They differ."]}, "b": ["No."]}),
    "deep before shallow": lambda: ValidationError({"a": {"b": {"c": ["1"]}, "d": ["2"]}, "e": ["3"]}),
    "a list of dicts": lambda: ValidationError([{}, {"email": ["Enter a valid email address."]}]),
    "a number as a key": lambda: ValidationError({"options": {7: ["A valid integer is required."]}}),
    "a status of its own": lambda: Broke({"amount": ["Too much."]}),
    "ParseError": lambda: exceptions.ParseError(),
    "ParseError with a text": lambda: exceptions.ParseError("Line 3."),
    "AuthenticationFailed": lambda: exceptions.AuthenticationFailed(),
    "NotAuthenticated": lambda: exceptions.NotAuthenticated(),
    "PermissionDenied": lambda: exceptions.PermissionDenied(),
    "PermissionDenied with a code": lambda: exceptions.PermissionDenied(code="not_the_owner"),
    "Django's PermissionDenied": lambda: django_exceptions.PermissionDenied("internal"),
    "NotFound": lambda: exceptions.NotFound(),
    "Http404": lambda: Http404("No Order matches the given query."),
    "NotAcceptable": lambda: exceptions.NotAcceptable(),
    "Throttled": lambda: exceptions.Throttled(),
    "a class of the project": lambda: Teapot(),
    "APIException": lambda: exceptions.APIException(),
    "a crash": lambda: ZeroDivisionError("internal"),
    # Where the two differ.
    "the first of a list, at the top": lambda: ValidationError({0: {"name": ["Too long."]}}),
    "lists in lists": lambda: ValidationError({"grid": [[{}, {"x": ["No."]}], [{"x": ["Never."]}]]}),
    "a text beside a dict": lambda: ValidationError({"a": [detail("No.", "no"), {"b": [detail("Never.", "never")]}]}),
    "no error at all": lambda: ValidationError([]),
    "a text of a raise site": lambda: exceptions.NotFound("Order 7 of Ms Jones was not found."),
    "a value error of Django": lambda: django_exceptions.ValidationError("No.", code="invalid"),
    "a dict that is no validation": lambda: Teapot({"lid": ["It is off."]}),
    "a control character": lambda: ValidationError("a\x1bb"),
    "a failed CSRF check": lambda: exceptions.PermissionDenied("CSRF Failed: CSRF token missing."),
    "a limit of django-ratelimit": lambda: Ratelimited(),
    "a text of Django about a model": lambda: ValidationError(
        {"number": ["Error code with this Code already exists."]}
    ),
    "more errors than one answer lists": lambda: ValidationError({f"f{number}": ["No."] for number in range(101)}),
}
#: Name → what drf-standardized-errors answers where ours differs. The guide gives the reasons.
DIFFERENCES = {
    "the first of a list, at the top": [("invalid", "Too long.", "name")],
    "lists in lists": [("invalid", "No.", "grid.0.2.x"), ("invalid", "Never.", "grid.1.2.x")],
    "a text beside a dict": [("no", "No.", "a"), ("never", "Never.", "a.0.b")],
    "no error at all": [],
    "a text of a raise site": [("not_found", "Order 7 of Ms Jones was not found.", None)],
    "a value error of Django": [("error", "Server Error (500)", None)],
    "a dict that is no validation": [("teapot", "It is off.", "lid")],
    "a control character": [("invalid", "a\x1bb", None)],
    "a failed CSRF check": [("permission_denied", "CSRF Failed: CSRF token missing.", None)],
    "a limit of django-ratelimit": [
        ("permission_denied", "You do not have permission to perform this action.", None),
    ],
    "a text of Django about a model": [("invalid", "Error code with this Code already exists.", "number")],
    "more errors than one answer lists": [("invalid", "No.", f"f{number}") for number in range(101)],
}
#: Exceptions of Django, whose texts are never shown.
WITHOUT_TEXT = ("Http404", "Django's PermissionDenied")
#: What clients send.
SENT = {
    "wrong values at each depth": {
        "customer": "x" * 11,
        "address": {"email": "nobody"},
        "items": [{"name": "Tea", "price": "1"}, {"name": "Coffee"}, "no line"],
        "tags": [1, "x", 3, "y"],
        "options": {"a": "x", "b": 2},
    },
    "errors of a whole": {"customer": "both"},
    "an error of a nested whole": {"address": {"email": "a@example.com"}},
    "a list of wrong values": [{}, {"customer": "x" * 11}, {"items": [{}]}],
    "no object": "text",
}


@pytest.fixture
def ask(settings):
    """Send a request, errors of DRF views written by ours or by the other package."""
    settings.ROOT_URLCONF = __name__
    settings.APIERRORS = {"FORMAT": "standardized", "REFRESH_SECONDS": None}

    def send(handler, call):
        settings.REST_FRAMEWORK = {
            "EXCEPTION_HANDLER": handler,
            "TEST_REQUEST_DEFAULT_FORMAT": "json",
            "DEFAULT_AUTHENTICATION_CLASSES": [],
        }
        kept = settings.MIDDLEWARE
        if handler == THEIRS:
            settings.MIDDLEWARE = [name for name in kept if not name.startswith("django_apierrors")]
        response = call(Client(raise_request_exception=False))
        settings.MIDDLEWARE = kept
        return response

    return send


def get_case(name):
    return lambda client: client.get("/api/raising", {"case": name})


def post(data):
    return lambda client: client.post("/api/raising", data, content_type="application/json")


#: The requests that are compared: 38 exceptions, five bodies, and five errors that DRF finds itself.
EXCHANGES = {
    **{name: get_case(name) for name in CASES},
    **{name: post(data) for name, data in SENT.items()},
    "broken JSON": post("{"),
    "a wrong method": lambda client: client.delete("/api/raising"),
    "a wrong media type": lambda client: client.post("/api/raising", "x", content_type="text/plain"),
    "no credentials": lambda client: client.get("/api/private"),
    "a throttle": lambda client: client.get("/api/slow"),
}


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("name", EXCHANGES)
def test_a_body_is_that_of_the_other_package_byte_for_byte(name, language, ask):
    pytest.importorskip("drf_standardized_errors", reason="the package itself is what ours is compared with")

    def call(client):
        client.defaults["HTTP_ACCEPT_LANGUAGE"] = language
        return EXCHANGES[name](client)

    theirs, ours = ask(THEIRS, call), ask(OURS, call)
    if name in WITHOUT_TEXT and catalog.current().entry("RESOURCE_NOT_FOUND", language).language != language:
        assert errors(ours)[0][0] == errors(theirs)[0][0]  # their text is in the language of the catalog's
    elif name in DIFFERENCES:
        assert ours.content != theirs.content
        assert language != "en" or errors(theirs) == DIFFERENCES[name]
    else:
        assert ours.content == theirs.content
        assert ours.status_code == theirs.status_code


def errors(response):
    return [tuple(error.values()) for error in response.json()["errors"]]


@pytest.mark.parametrize(
    ("name", "type_", "expected"),
    [
        ("the first of a list, at the top", "validation_error", [("invalid", "Too long.", "0.name")]),
        (
            "lists in lists",
            "validation_error",
            [("invalid", "No.", "grid.0.1.x"), ("invalid", "Never.", "grid.1.0.x")],
        ),
        ("a text beside a dict", "validation_error", [("no", "No.", "a"), ("never", "Never.", "a.1.b")]),
        ("no error at all", "validation_error", [("invalid", ANY, None)]),
        ("a text of a raise site", "client_error", [("not_found", "Not found.", None)]),
        ("a value error of Django", "validation_error", [("invalid", "No.", None)]),
        ("a dict that is no validation", "validation_error", [("teapot", "It is off.", "lid")]),
        ("a control character", "validation_error", [("invalid", "a b", None)]),
        ("a limit of django-ratelimit", "client_error", [("throttled", "Request was throttled.", None)]),
        (
            "a text of Django about a model",
            "validation_error",
            [("invalid", "This value is already in use.", "number")],
        ),
        # Equal to the other package, here without it.
        ("the whole, by its key", "validation_error", [("invalid", "They differ.", "non_field_errors")]),
        (
            "the whole of a nested value",
            "validation_error",
            [("invalid", "No.", "b"), ("invalid", "They differ.", "a.non_field_errors")],
        ),
        (
            "deep before shallow",
            "validation_error",
            [("invalid", "3", "e"), ("invalid", "2", "a.d"), ("invalid", "1", "a.b.c")],
        ),
        (
            "PermissionDenied with a code",
            "client_error",
            [("not_the_owner", "You do not have permission to perform this action.", None)],
        ),
        ("APIException", "server_error", [("error", "A server error occurred.", None)]),
        ("a crash", "server_error", [("error", "Server Error (500)", None)]),
    ],
)
def test_what_differs_is_right(name, type_, expected, ask):
    response = ask(OURS, get_case(name))
    assert response.json()["type"] == type_
    assert errors(response) == expected


def test_what_no_view_raised_has_the_texts_of_drf_in_the_language_of_the_client(ask):
    with translation.override("fr"):  # what the request before left behind
        response = ask(OURS, lambda client: client.get("/api/nowhere"))
    assert errors(response) == [("not_found", "Not found.", None)]


@pytest.mark.parametrize("accepted", ["", "Bearer sent"])
def test_a_token_that_no_authenticator_took_has_the_code_of_drf(accepted, ask):
    response = ask(OURS, lambda client: client.get("/api/private", headers={"Authorization": accepted}))
    assert errors(response) == [("not_authenticated", "Authentication credentials were not provided.", None)]


def test_a_code_of_the_project_is_written_in_small_letters_and_a_parameter_is_its_attr(ask, monkeypatch):
    def raised(exc):
        monkeypatch.setitem(CASES, "own", lambda: exc)
        return errors(ask(OURS, get_case("own")))

    assert raised(ApiError("RESOURCE_CONFLICT", "The name is taken.", param="name")) == [
        ("resource_conflict", "The name is taken.", "name")
    ]
    assert raised(ParamNotFound("items.0.price")) == [
        ("required", 'The required parameter "items.0.price" is missing.', "items.0.price")
    ]
    with override_error("RESOURCE_NOT_FOUND", message="Look elsewhere."):
        assert raised(exceptions.NotFound()) == [("not_found", "Look elsewhere.", None)]


def test_a_name_and_a_text_that_the_project_gives_a_code_win(ask, monkeypatch):
    shipped = codes.get("RESOURCE_NOT_FOUND")
    monkeypatch.setitem(codes.registry, shipped.code, shipped)
    register(
        ErrorDefinition(
            code=shipped.code, status=404, title="Gone", message="Not here.", names={"standardized": "absent"}
        )
    )
    assert errors(ask(OURS, get_case("NotFound"))) == [("absent", "Not here.", None)]


def test_an_operator_speaks_for_himself(ask):
    with maintenance_mode(message="Back at noon."):
        assert errors(ask(OURS, get_case("NotFound"))) == [("maintenance", "Back at noon.", None)]


class Slashed(Standardized):
    separator = "/"


def test_the_separator_is_that_of_a_subclass(ask, settings):
    settings.APIERRORS = {"FORMAT": f"{__name__}.Slashed", "REFRESH_SECONDS": None}
    response = ask(OURS, post({"address": {"email": "a@example.com"}, "items": [{}]}))
    assert {error[2] for error in errors(response)} == {"items/0/name", "items/0/price", "address/non_field_errors"}


def test_the_key_of_a_whole_is_spelled_as_the_client_spells_names(ask, settings):
    settings.APIERRORS = {"FORMAT": "standardized", "REFRESH_SECONDS": None, "CASE": "camel"}
    response = ask(OURS, get_case("the whole of a nested value"))
    assert [error[2] for error in errors(response)] == ["b", "a.nonFieldErrors"]


def test_errors_that_are_cut_are_counted(ask, settings):
    settings.APIERRORS = {"FORMAT": "standardized", "REFRESH_SECONDS": None, "MAX_ERRORS": 2}
    body = ask(OURS, get_case("deep before shallow")).json()
    assert (len(body["errors"]), body["errors_total"]) == (2, 3)


def test_a_text_with_a_value_that_nobody_knows_gives_way(ask, monkeypatch):
    monkeypatch.setitem(CASES, "own", lambda: ApiError("UNSUPPORTED_MEDIA_TYPE"))
    response = ask(OURS, get_case("own"))  # a GET has no media type
    assert errors(response)[0][0] == "unsupported_media_type"
    assert "{" not in json.dumps(errors(response))


def test_a_lazy_message_is_shown(ask, monkeypatch):
    monkeypatch.setitem(CASES, "own", lambda: ApiError("RESOURCE_CONFLICT", gettext_lazy("Enter a valid value.")))
    assert errors(ask(OURS, get_case("own"))) == [("resource_conflict", "Enter a valid value.", None)]


# The languages of the texts


@pytest.fixture
def dutch(ask, settings, monkeypatch):
    """Return the texts and ``Content-Language`` of an error for a client that reads Dutch, at a German project."""
    settings.LANGUAGE_CODE = "de"

    def send(exc, language="nl"):
        monkeypatch.setitem(CASES, "own", lambda: exc)
        response = ask(
            OURS, lambda client: client.get("/api/raising", {"case": "own"}, headers={"Accept-Language": language})
        )
        return [error[1] for error in errors(response)], response.get("Content-Language")

    return send


def test_what_a_language_lacks_is_english_and_not_the_language_of_the_project(dutch):
    throttled = "Aanvraag was verstikt."
    assert dutch(exceptions.Throttled()) == ([throttled], "nl")
    assert dutch(exceptions.Throttled(wait=30)) == ([f"{throttled} Expected available in 30 seconds."], "nl, en")
    assert dutch(exceptions.Throttled(wait=1)) == ([f"{throttled} Expected available in 1 second."], "nl, en")
    german = "Die Anfrage wurde gedrosselt. Erwarte Verfügbarkeit in 30 Sekunden."
    assert dutch(exceptions.Throttled(wait=30), "de") == ([german], "de")
    assert dutch(exceptions.NotFound()) == (["Niet gevonden."], "nl")
    assert dutch(ZeroDivisionError("internal")) == (["Server Error (500)"], "en")


def test_the_message_counts_only_where_it_is_written(dutch):
    required = "This field is required."
    assert dutch(ValidationError({"a": [required], "b": [required]})) == ([required, required], "en")
    assert dutch(ValidationError({"a": [required], "b": [""]}))[1] == "nl, en"
    assert dutch(ApiError("GONE"))[1] == "nl"
    assert dutch(ApiError("UNSUPPORTED_MEDIA_TYPE"))[1] == "nl"


def test_a_text_that_a_project_puts_in_the_place_of_drfs_is_in_no_language_that_is_known(dutch, monkeypatch):
    monkeypatch.setattr(exceptions.NotFound, "default_detail", "Nichts da.")
    assert dutch(exceptions.NotFound()) == (["Nichts da."], None)
