"""What a view raises: ApiError, its subclasses and the ready-made errors."""

import copy
import gc
import pickle
import subprocess
import sys
from dataclasses import replace

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ErrorDetail

from django_apierrors import codes, exceptions
from django_apierrors.exceptions import (
    ApiError,
    IdempotencyKeyInUse,
    ResourceNotFound,
    ServiceUnavailable,
    UnfilledPlaceholder,
    UnknownErrorCode,
)
from django_apierrors.testing import assert_api_error

URLS = ["/api/drf", "/api/plain"]


@pytest.fixture
def own_codes():
    """Codes and subclasses made in a test are gone after it; name it before ``set_view``, which holds an instance."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codes, "registry", dict(codes.registry))
        patch.setattr(codes, "_conflicts", [])
        yield
    gc.collect()


def everything():
    return ApiError(
        "INSUFFICIENT_BALANCE",
        "Short by {required}.",
        status=409,
        details={"required": "25.00"},
        params={"required": "25.00"},
        param="amount",
        retry_after=3,
        headers={"X-Extra": "1"},
    )


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "copied", [lambda exc: exc, copy.copy, copy.deepcopy, lambda exc: pickle.loads(pickle.dumps(exc))]
)
def test_all_that_a_raise_site_says_is_answered_also_by_a_copy(copied, url, api, set_view):
    set_view(copied(everything()))
    response = api.get(url)
    assert_api_error(
        response,
        "INSUFFICIENT_BALANCE",
        409,
        httpCode=409,
        message="Short by {required}.",
        details={"required": "25.00"},
    )
    assert response["Retry-After"] == "3"
    assert response["X-Extra"] == "1"


@pytest.mark.parametrize(
    ("exc", "code", "status"),
    [
        (exceptions.AuthKeyNotFound(), "AUTH_KEY_NOT_FOUND", 401),
        (exceptions.AuthKeyInvalid(), "AUTH_KEY_INVALID", 401),
        (exceptions.ParamNotFound("items.0.price"), "PARAM_NOT_FOUND", 400),
        (exceptions.ResourceNotFound(), "RESOURCE_NOT_FOUND", 404),
        (exceptions.ResourceConflict(), "RESOURCE_CONFLICT", 409),
        (exceptions.IdempotencyKeyMissing(), "IDEMPOTENCY_KEY_MISSING", 400),
        (exceptions.IdempotencyKeyReused(), "IDEMPOTENCY_KEY_REUSED", 422),
        (exceptions.IdempotencyKeyInUse(2), "IDEMPOTENCY_KEY_IN_USE", 409),
        (exceptions.UnprocessableRequest(), "UNPROCESSABLE_REQUEST", 422),
        (exceptions.ServiceUnavailable(30), "SERVICE_UNAVAILABLE", 503),
        (exceptions.BadGateway(), "BAD_GATEWAY", 502),
        (exceptions.GatewayTimeout(), "GATEWAY_TIMEOUT", 504),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, ApiError) else "",
)
@pytest.mark.parametrize("url", URLS)
def test_the_ready_made_errors_are_answered_also_after_a_journey(exc, code, status, url, api, set_view):
    for each in (exc, pickle.loads(pickle.dumps(exc))):
        set_view(each)
        response = api.get(url)
        assert_api_error(response, code, status)
        assert response.headers.get("Retry-After") == (str(exc.retry_after) if exc.retry_after else None)


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_missing_parameter_is_named_and_placed(method, api, set_view, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}
    set_view(exceptions.ParamNotFound("items.0.price"))
    body = getattr(api, method)("/api/drf").json()
    place = {"parameter": "items.0.price"} if method == "get" else {"pointer": "#/items/0/price"}
    message = 'The required parameter "items.0.price" is missing.'
    assert body["detail"] == message
    assert body["errors"] == [{**place, "code": "required", "detail": message}]


def test_a_message_of_a_5xx_stays_here(api, set_view):
    set_view(exceptions.BadGateway(message="secret"))
    assert_api_error(api.get("/api/drf"), "BAD_GATEWAY", message="An upstream service failed.")


@pytest.mark.parametrize(
    ("exc", "code", "status"),
    [
        (ApiError(), "INTERNAL_SERVER_ERROR", 500),
        (ApiError(status=404), "RESOURCE_NOT_FOUND", 404),
        (ApiError(status=418), "INVALID_REQUEST", 418),
        (ApiError(status=599), "INTERNAL_SERVER_ERROR", 599),
        (exceptions.ResourceConflict(status=412), "RESOURCE_CONFLICT", 412),
    ],
    ids=["nothing", "404", "418", "599", "class"],
)
def test_without_a_code_the_status_speaks(exc, code, status, api, set_view):
    for url in URLS:
        set_view(exc)
        assert_api_error(api.get(url), code, status)


@pytest.mark.parametrize("status", [200, 302, 600, "409", -1, True])
@pytest.mark.parametrize("url", URLS)
def test_a_status_that_is_no_error_gives_way_to_the_catalogs(url, status, api, set_view):
    set_view(ApiError("RESOURCE_CONFLICT", status=status))
    assert_api_error(api.get(url), "RESOURCE_CONFLICT", 409)


def test_a_subclass_that_skips_its_constructor_keeps_code_and_status(api, set_view):
    class Hasty(exceptions.ResourceConflict):
        def __init__(self, owner):
            self.owner = owner

    for url in URLS:
        set_view(Hasty("ana"))
        assert_api_error(api.get(url), "RESOURCE_CONFLICT", 409)


def test_readers_that_know_only_drf_find_what_they_look_for():
    exc = ApiError("INSUFFICIENT_BALANCE", gettext_lazy("Yes"))
    assert (exc.status_code, exc.default_code) == (422, "INSUFFICIENT_BALANCE")
    assert exc.detail == ErrorDetail("Yes", "INSUFFICIENT_BALANCE")
    assert exc.get_codes() == "INSUFFICIENT_BALANCE"
    assert str(ApiError("INSUFFICIENT_BALANCE")) == "Insufficient balance"
    assert ApiError("INSUFFICIENT_BALANCE", status=409).status_code == 409
    unknown = ApiError("NO_SUCH_CODE")
    assert (unknown.status_code, str(unknown)) == (500, "NO_SUCH_CODE")


# Subclasses


def test_a_subclass_registers_its_code(own_codes, api, set_view):
    class QuotaUsed(ApiError):
        code = "QUOTA_USED"
        status = 429
        title = "Quota used"
        message = "{used} of {quota} used."
        type = "validation_error"
        retry = "safe"
        params = {"used": 1, "quota": 1}

    definition = codes.get("QUOTA_USED")
    assert (definition.status, definition.type, definition.retry) == (429, "validation_error", "safe")
    for url in URLS:
        set_view(QuotaUsed(params={"used": 3, "quota": 3}))
        assert_api_error(api.get(url), "QUOTA_USED", message="3 of 3 used.")
        set_view(QuotaUsed(params={"used": 3}))
        with pytest.raises(
            UnfilledPlaceholder, match=r"QUOTA_USED needs a value for the placeholder \{quota\}.*params="
        ):
            Client().get(url)


def test_a_subclass_needs_no_words(own_codes, api, set_view):
    class QuotaUsed(ApiError):
        code = "QUOTA_USED"
        status = 409

    set_view(QuotaUsed())
    assert_api_error(api.get("/api/drf"), "QUOTA_USED", message="Quota used.")


def test_a_subclass_of_a_subclass_inherits_or_defines(own_codes):
    class QuotaUsed(ApiError):
        code = "QUOTA_USED"
        status = 409

    class OnlyAnotherName(QuotaUsed):
        pass

    class DailyQuotaUsed(QuotaUsed):
        code = "DAILY_QUOTA_USED"
        title = "Daily quota used"

    assert OnlyAnotherName().code == "QUOTA_USED"
    assert codes.get("DAILY_QUOTA_USED").status == 409


def test_a_definition_without_a_status_says_what_is_missing(own_codes):
    with pytest.raises(TypeError, match="QuotaUsed defines 'QUOTA_USED' without a status; add"):

        class QuotaUsed(ApiError):
            code = "QUOTA_USED"
            title = "Quota used"


def test_an_unsound_definition_says_what_is_wrong(own_codes):
    with pytest.raises(ValueError, match="'Quota' is not valid"):

        class Quota(ApiError):
            code = "Quota"
            status = 422


# Unknown codes


@pytest.mark.parametrize("url", URLS)
def test_an_unknown_code_raises_under_strict(url, client, set_view):
    set_view(ApiError("NO_SUCH_CODE"))
    with pytest.raises(UnknownErrorCode, match="'NO_SUCH_CODE' is not defined"):
        client.get(url)


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    ("status", "sent"), [(None, "INTERNAL_SERVER_ERROR"), (409, "RESOURCE_CONFLICT"), (418, "INVALID_REQUEST")]
)
def test_an_unknown_code_is_answered_by_its_status_and_logged_once(status, sent, url, api, set_view, settings, caplog):
    settings.APIERRORS = {"STRICT": False}
    code = f"NO_SUCH_{status}_{len(url)}"
    for _ in range(3):
        set_view(ApiError(code, status=status))
        assert_api_error(api.get(url), sent, status)
    assert [record.message for record in caplog.records if record.name == "django_apierrors"] == [
        f"Error code '{code}' is not defined; the code of its status was sent instead"
    ]


def test_strict_follows_debug(client, set_view, settings):
    settings.APIERRORS = {}
    settings.DEBUG = True
    set_view(ApiError("NO_SUCH_CODE"))
    with pytest.raises(UnknownErrorCode):
        client.get("/api/drf")


# Import


def test_the_exceptions_can_be_imported_before_the_apps_are_ready(tmp_path):
    app = tmp_path / "early"
    app.mkdir()
    (app / "__init__.py").write_text("")
    (app / "models.py").write_text("from django_apierrors.exceptions import ApiError, ResourceConflict\n")
    script = """
import django
from django.conf import settings

settings.configure(INSTALLED_APPS=["early", "django.contrib.contenttypes", "django_apierrors"])
django.setup()
from early.models import ApiError

print(ApiError("RESOURCE_CONFLICT").status_code)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("409\n", "")


@pytest.mark.usefixtures("own_codes")
def test_a_builtin_code_is_reworded_without_a_change_of_its_contract():
    before = codes.get("IDEMPOTENCY_KEY_IN_USE")

    class Busy(ApiError):
        code = "IDEMPOTENCY_KEY_IN_USE"
        message = "Patience."

    after = codes.get("IDEMPOTENCY_KEY_IN_USE")
    assert after == replace(before, message="Patience.")


@pytest.mark.usefixtures("own_codes")
def test_a_builtin_code_keeps_its_status_when_it_is_reworded_with_another():
    class Busy(ApiError):
        code = "IDEMPOTENCY_KEY_IN_USE"
        status = 429

    assert codes.get("IDEMPOTENCY_KEY_IN_USE").status == 409
    assert codes.conflicts()[-1][1].type == "rate_limit_error"


@pytest.mark.usefixtures("own_codes")
def test_a_code_of_a_subclass_inherits_the_contract_of_its_parent():
    class AccountClosed(IdempotencyKeyInUse):
        code = "ACCOUNT_CLOSED"
        title = "Account closed"

    definition = codes.get("ACCOUNT_CLOSED")
    assert (definition.status, definition.type, definition.retry) == (409, "idempotency_error", "safe")


def test_texts_without_a_code_are_refused():
    with pytest.raises(TypeError, match="no code of its own"):

        class NoAccount(ResourceNotFound):
            message = "There is no such account."


def test_defaults_of_a_class_count_until_an_instance_says_otherwise(api, set_view):
    class Overloaded(ServiceUnavailable):
        retry_after = 30
        headers = {"X-Queue": "full"}

    set_view(Overloaded())
    assert (api.get("/api/drf")["Retry-After"], api.get("/api/plain")["X-Queue"]) == ("30", "full")
    set_view(Overloaded(retry_after=5))
    assert api.get("/api/drf")["Retry-After"] == "5"


def test_readers_that_know_only_drf_get_no_text_that_a_code_does_not_pass():
    assert ApiError("RESOURCE_NOT_FOUND", "secret").detail == "Resource not found"
    assert ApiError("RESOURCE_CONFLICT", "Too late.").detail == "Too late."


def test_a_code_may_be_written_small(api, set_view):
    set_view(ApiError("resource_conflict"))
    assert_api_error(api.get("/api/plain"), "RESOURCE_CONFLICT")


# By position


class Relabelled(exceptions.ResourceConflict):
    """A subclass without a code of its own has that of its parent."""


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    ("exc", "code", "message"),
    [
        (exceptions.ResourceConflict("The name is taken."), "RESOURCE_CONFLICT", "The name is taken."),
        (Relabelled("Gone"), "RESOURCE_CONFLICT", "Gone"),
        (Relabelled("conflict"), "RESOURCE_CONFLICT", "conflict"),
        (Relabelled(gettext_lazy("Yes")), "RESOURCE_CONFLICT", "Yes"),
        (Relabelled(message="Taken {x}."), "RESOURCE_CONFLICT", "Taken {x}."),
        (Relabelled("GONE"), "GONE", "This resource has been permanently removed."),
        (
            Relabelled("unprocessable_request"),
            "UNPROCESSABLE_REQUEST",
            "The request is valid but cannot be carried out.",
        ),
        (Relabelled("GONE", "For good."), "GONE", "For good."),
        (Relabelled(None, "Mine."), "RESOURCE_CONFLICT", "Mine."),
        (Relabelled("Mine.", code="GONE"), "GONE", "Mine."),
        (Relabelled("GONE", message="Mine."), "GONE", "Mine."),
        (exceptions.ResourceNotFound("Secret."), "RESOURCE_NOT_FOUND", "The requested resource was not found."),
        (ApiError("GONE"), "GONE", "This resource has been permanently removed."),
    ],
    ids=repr,
)
def test_the_only_argument_of_a_class_that_has_its_code_is_the_message(exc, code, message, url, api, set_view):
    for each in (exc, copy.copy(exc), pickle.loads(pickle.dumps(exc))):
        set_view(each)
        assert_api_error(api.get(url), code, message=message)


@pytest.mark.parametrize(
    "make",
    [lambda: ApiError("A", "b", "c"), lambda: ApiError("A", code="B"), lambda: Relabelled("A", "b", message="c")],
)
def test_what_is_said_twice_is_refused(make):
    with pytest.raises(TypeError, match=r"position|twice"):
        make()


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    "exc", [Relabelled("GNOE"), Relabelled("GNOE", "Mine."), Relabelled(code="not a code")], ids=repr
)
def test_a_mistyped_code_of_a_class_raises_or_is_answered_by_the_class(exc, url, api, set_view, settings, caplog):
    set_view(exc)
    with pytest.raises(UnknownErrorCode, match=r"is not defined.*`message`"):
        Client().get(url)
    settings.APIERRORS = {"STRICT": False}
    assert_api_error(api.get(url), "RESOURCE_CONFLICT", 409)
    assert (exc.status_code, exc.detail.code) == (409, exc.code)


# Placeholders


def test_an_unfilled_placeholder_is_logged_once_and_the_title_answers(own_codes, api, set_view, settings, caplog):
    class Overdrawn(ApiError):
        code = "OVERDRAWN"
        status = 422
        message = "{needed} needed, {left} left."
        params = {"needed": "7", "left": "3"}

    settings.APIERRORS = {"STRICT": False}
    for given in ({}, {"needed": 7}, {"needed": 7, "lfet": 3}, {"needed": 7, "left": None}):
        set_view(Overdrawn(params=given))
        assert_api_error(api.get("/api/drf"), "OVERDRAWN", message="Overdrawn.")
    (record,) = [record for record in caplog.records if record.name == "django_apierrors"]
    assert (
        record.getMessage()
        == "The message of OVERDRAWN was not sent: its raise site gave no params for {needed}, {left}"
    )


@pytest.mark.parametrize("url", URLS)
def test_an_exception_that_is_mapped_to_a_code_fills_no_placeholder(url, own_codes, api, set_view, settings, caplog):
    class Unfilled(ApiError):
        code = f"UNFILLED{url.replace('/', '_').upper()}"  # each code is logged once
        status = 422
        title = "Odd"
        message = "Needs {needed}."
        params = {"needed": "7"}

    set_view(KeyError("secret"))
    settings.APIERRORS = {"STRICT": False, "EXCEPTIONS": {"builtins.LookupError": Unfilled.code}}
    for _ in range(2):
        assert_api_error(api.get(url), Unfilled.code, 422, message="Odd.")
    (record,) = [record for record in caplog.records if record.name == "django_apierrors"]
    assert "{needed}" in record.getMessage()
    settings.APIERRORS = {**settings.APIERRORS, "STRICT": True}
    with pytest.raises(UnfilledPlaceholder, match=r"\{needed\}"):
        Client().get(url)


def test_a_text_of_the_raise_site_needs_no_params_where_it_is_shown(own_codes, api, set_view):
    class Overdrawn(ApiError):
        code = "OVERDRAWN"
        status = 422
        message = "{needed} needed."
        params = {"needed": "7"}

    set_view(Overdrawn("Too much {needed}."))
    assert_api_error(api.get("/api/drf"), "OVERDRAWN", message="Too much {needed}.")


def test_message_without_stands_in_for_values_that_the_package_fills(own_codes, api, set_view):
    class Busy(ApiError):
        code = "BUSY"
        status = 422
        message = "Busy; {wait} s. {method}"
        message_without = "Busy {wait}."
        params = {"wait": 3, "method": "GET", "unused": 1}

    set_view(Busy(params={"wait": 5}))
    assert_api_error(api.get("/api/drf"), "BUSY", message="Busy 5.")
    set_view(Busy())
    assert_api_error(api.get("/api/drf"), "BUSY", message="Busy.")
