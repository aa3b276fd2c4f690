"""An attribute that cannot be read is left out and logged; the error keeps the rest of what it says."""

import time

import pytest
from django.core.exceptions import ValidationError as DjangoValidationError
from django.urls import path
from django.utils.functional import lazy
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions, serializers
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import ErrorDetail
from shop import views

from django_apierrors.exceptions import ApiError, RateTooHigh, ResourceConflict
from django_apierrors.formats import Nested
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.sound_values import attribute, sound_headers, sound_members, sound_status, sound_text
from django_apierrors.testing import assert_api_error

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

pytestmark = pytest.mark.urls(__name__)


class Mute:
    """A value without a text."""

    def __str__(self):
        raise LookupError("no text")

    def __eq__(self, other):
        raise LookupError("not comparable")

    __hash__ = None


class Stubborn(BaseAuthentication):
    def authenticate(self, request):
        return None

    def authenticate_header(self, request):
        raise LookupError("no challenge")


class Silent(BaseAuthentication):
    def authenticate(self, request):
        return None


class Anonymous(views.Drf):
    authentication_classes = [Silent, Stubborn]


class Quoting(Nested):
    """A format of a project's own, which trusts the message."""

    def body(self, problem, entry):
        return {"error": {"code": entry.code, "quoted": problem.message.strip() if problem.details else ""}}


urlpatterns = [
    path("api/drf", views.Drf.as_view()),
    path("api/plain", views.plain),
    path("api/anonymous", Anonymous.as_view()),
]


@pytest.fixture(params=["/api/drf", "/api/plain"])
def answer(request, api, set_view, settings):
    """The answer to an exception of a view."""
    settings.APIERRORS = {**settings.APIERRORS, "STRICT": False}

    def raised(exc):
        set_view(exc)
        return api.get(request.param)

    return raised


def changed(exc, **attributes):
    for name, value in attributes.items():
        setattr(exc, name, value)
    return exc


@pytest.mark.parametrize(
    "value", [Mute(), lazy(lambda: Mute().__str__(), str)(), ["a"], {"a": 1}, {1}, 10**5000], ids=type
)
def test_what_has_no_text_is_none_and_logged(value, caplog):
    assert sound_text(value, "message") is None
    assert "The message of an error cannot be read" in caplog.text


def test_what_has_one_keeps_it():
    later = lazy(lambda: "later", str)()
    assert sound_text(None, "message") is None
    assert sound_text(later, "message") is later
    assert sound_text(5, "message") == "5"
    assert type(sound_text(ErrorDetail("x", "y"), "message")) is str
    assert len(sound_text("x" * 10**6, "message")) == 100_000


class Stopping(dict):
    def items(self):
        yield "first", 1
        raise LookupError("no more")


def test_members_that_cannot_be_read_are_left_out(caplog):
    assert sound_members({"a": 1, "b": Mute(), 5: "c", "d": 10**5000, Mute: 1.5}, "params") == {
        "a": 1,
        "b": None,
        "5": "c",
        "d": None,
        str(Mute): 1.5,
    }
    assert sound_members(Stopping(), "params") == {"first": 1}
    assert len(sound_members(dict.fromkeys(range(5000)), "params")) == 1000
    assert sound_members(None, "params") == {}
    assert len(caplog.records) == 3
    assert sound_members([("a", 1)], "params") == {}
    assert caplog.records[-1].getMessage() == "The params of an error are a list, not a mapping, and were left out"


@pytest.mark.parametrize("field", [None, "amount"])
def test_a_message_of_django_that_is_endless_to_write_is_neither_sent_nor_logged(field, answer, caplog):
    exc = DjangoValidationError({"amount": ["x"]} if field else "x")
    (exc.error_dict["amount"][0] if field else exc).message = shared()
    assert_api_error(answer(exc), "VALIDATION_FAILED", 400)
    (record,) = (each for each in caplog.records if each.name == "django_apierrors.client_errors")
    assert record.exc_info[1].messages == ["Its messages are no texts."]
    assert record.exc_info[2] is not None


def test_a_list_of_texts_is_one_text(caplog):
    odd = ["a", 1, Mute(), ["nested"], "b"]
    assert sound_members({"a": ("x", "y"), "b": odd}, "params") == {"a": "x, y", "b": "a, 1, b"}
    assert len(sound_members({"a": range(5000), "b": ["x"] * 5000}, "params")["b"]) < 500


def test_an_attribute_that_fails_where_nothing_is_stored_is_the_default():
    class Slotted(str):
        __slots__ = ()

        @property
        def code(self):
            raise LookupError("x")

    assert attribute(Slotted("text"), "code", "invalid") == "invalid"
    assert sound_headers({"X-A": 7, "X-B": Mute()}) == {"X-A": "7"}


def test_a_property_that_fails_hides_nothing_that_is_stored():
    class Hidden:
        @property
        def code(self):
            raise LookupError

    assert attribute(Hidden(), "code", "else") == "else"
    hidden = Hidden()
    hidden.__dict__["code"] = "STORED"
    assert attribute(hidden, "code") == "STORED"


@pytest.mark.parametrize(("status", "sound"), [(404, 404), (True, None), (200, None), ("404", None), (600, None)])
def test_a_status_is_one_of_an_error(status, sound):
    assert sound_status(status) == sound


def shared(levels=200):
    """Return a list in which one error stands 2**levels times."""
    value = [ErrorDetail("x", "y")]
    for _ in range(levels):
        value = [value, value]
    return value


class Endless(list):
    def __iter__(self):
        while True:
            yield "again"


class Failing(dict):
    def items(self):
        yield "amount", ["Too small."]
        raise LookupError("no more")


@pytest.mark.parametrize(
    "detail", [shared(90), {"a": shared(90), "b": ["x"]}, Endless([1]), [[]] * 3, Failing(a=1), [Mute()]]
)
def test_a_detail_is_read_as_far_as_it_can_be_at_once(detail, answer):
    started = time.process_time()
    response = answer(changed(exceptions.ValidationError("x"), detail=detail))
    assert_api_error(response, "VALIDATION_FAILED", 400)
    assert response.json()["error"]["errors"]
    assert time.process_time() - started < 15


def test_what_was_read_of_a_detail_stays(answer, caplog):
    error = answer(changed(exceptions.ValidationError("x"), detail=Failing(a=1))).json()["error"]
    assert error["errors"] == [{"param": "amount", "code": "invalid", "message": "Too small."}]
    assert "An error detail cannot be read to its end" in caplog.text


class OddKey:
    def __str__(self):
        raise LookupError("no text")


def test_a_key_without_a_text_keeps_its_error(answer):
    exc = changed(exceptions.ValidationError("x"), detail={"a": {OddKey(): ["Too small."]}})
    assert answer(exc).json()["error"]["errors"] == [{"param": "a.", "code": "invalid", "message": "Too small."}]


class Nameless(ApiError):
    own_code = ["no code"]


@pytest.mark.parametrize(
    ("exc", "code", "status"),
    [
        (changed(ResourceConflict(), code=Mute()), "RESOURCE_CONFLICT", 409),
        (changed(ResourceConflict(), message=shared()), "RESOURCE_CONFLICT", 409),
        (changed(ResourceConflict(), params={"a": shared()}), "RESOURCE_CONFLICT", 409),
        (changed(ResourceConflict(), param=Mute(), in_query=Mute()), "RESOURCE_CONFLICT", 409),
        (changed(ResourceConflict(), details=Stopping(a=1)), "RESOURCE_CONFLICT", 409),
        (changed(ResourceConflict(), status=Mute()), "RESOURCE_CONFLICT", 409),
        (changed(Nameless(), code="TYPO"), "INTERNAL_SERVER_ERROR", 500),
        (changed(ApiError("VALIDATION_FAILED", param="a"), in_query=Mute()), "VALIDATION_FAILED", 400),
        (changed(exceptions.NotFound(), status_code=Mute()), "RESOURCE_NOT_FOUND", 404),
        (changed(exceptions.NotFound(), default_code=Mute(), detail=Mute()), "RESOURCE_NOT_FOUND", 404),
        (changed(exceptions.ParseError(), param=Mute()), "REQUEST_MALFORMED", 400),
        (changed(exceptions.ValidationError("x"), status_code="x"), "VALIDATION_FAILED", 400),
        (changed(exceptions.Throttled(), wait=Mute()), "RATE_TOO_HIGH", 429),
        (changed(RateTooHigh(), usages=5), "RATE_TOO_HIGH", 429),
        (DjangoValidationError("%(missing)s", params={"a": 1}), "VALIDATION_FAILED", 400),
        (changed(exceptions.NotAuthenticated(), auth_header=Mute()), "AUTH_KEY_NOT_FOUND", 401),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_one_unsound_attribute_changes_no_status(exc, code, status, answer):
    assert_api_error(answer(exc), code, status)


def test_a_reader_that_fails_keeps_the_code_of_the_settings(answer, settings):
    settings.APIERRORS = {
        **settings.APIERRORS,
        "EXCEPTIONS": {f"{Ratelimited.__module__}.Ratelimited": "VALIDATION_FAILED"},
    }
    response = answer(changed(RateTooHigh(), usages=5))
    assert_api_error(response, "VALIDATION_FAILED", 400)
    assert response.json()["error"]["errors"] == [
        {"param": None, "code": "invalid", "message": "Some values are not valid."}
    ]


def test_a_challenge_that_cannot_be_asked_for_is_the_one_of_the_settings(api, set_view, caplog):
    set_view(exceptions.NotAuthenticated())
    response = api.get("/api/anonymous")
    assert (response.status_code, response["WWW-Authenticate"]) == (401, 'Bearer realm="api"')


def test_a_challenge_that_cannot_be_sent_is_the_one_of_the_settings(answer):
    exc = changed(exceptions.NotAuthenticated(), auth_header='Basic realm="a"\r\nX-Injected: 1')
    response = answer(exc)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer realm=")
    assert "X-Injected" not in response


def test_data_that_cannot_be_compared_stood_in_the_body(api, set_view, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "problem"}

    class Days(serializers.Serializer):
        days = serializers.IntegerField()

    class Data(dict):
        def __eq__(self, other):
            raise LookupError("not comparable")

        __hash__ = None

    def view(request):
        Days(data=Data(days="x")).is_valid(raise_exception=True)

    set_view(view)
    assert api.post("/api/drf?days=x").json()["errors"][0]["pointer"] == "#/days"


def test_a_format_that_fails_on_the_words_of_a_raise_site_is_asked_without_them(answer, settings, caplog):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": f"{__name__}.Quoting"}
    response = answer(ApiError("RESOURCE_CONFLICT", details={"a": 1}))
    assert response.json() == {"error": {"code": "RESOURCE_CONFLICT", "quoted": ""}}
    assert response.status_code == 409
    assert "one without the words of its raise site was sent" in caplog.text
