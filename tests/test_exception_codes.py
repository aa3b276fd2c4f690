"""The setting EXCEPTIONS: which exceptions it names, and what is deliberate whatever was caught before."""

import sqlite3

import pytest
from django import db
from django.core.exceptions import PermissionDenied
from django.http import Http404
from django_ratelimit.exceptions import Ratelimited
from rest_framework.exceptions import ValidationError
from shop.models import Account

from django_apierrors.exception_codes import configured_code, import_exception
from django_apierrors.exceptions import ApiError, RateTooHigh
from django_apierrors.testing import assert_api_error


class Outer:
    class Inner:
        class TooDeep(Exception):
            pass

    value = 1


def caused(exc, cause):
    exc.__cause__ = cause
    return exc


def lost_race():
    cause = sqlite3.IntegrityError("UNIQUE constraint failed: shop_account.number")
    cause.sqlite_errorcode = 2067
    return caused(db.IntegrityError("x"), cause)


def test_nested_names_count():
    assert import_exception("shop.models.Account.DoesNotExist") is Account.DoesNotExist
    assert import_exception(f"{__name__}.Outer.Inner.TooDeep") is Outer.Inner.TooDeep


@pytest.mark.parametrize(
    "path",
    [
        "Nothing",
        "nowhere.Nothing",
        "shop.models.Account.Nothing",
        "shop.nowhere.Nothing",
        f"{__name__}.Outer.value.real",
    ],
)
def test_a_name_of_nothing_raises_the_error_of_the_import(path):
    with pytest.raises(ImportError):
        import_exception(path)


@pytest.mark.parametrize("path", ["builtins.str", "builtins.len", f"{__name__}.Outer.value"])
def test_a_name_of_something_else_raises(path):
    with pytest.raises(TypeError, match="is no exception"):
        import_exception(path)


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (lost_race(), "RESOURCE_CONFLICT"),
        (sqlite3.IntegrityError("x"), None),
        (db.IntegrityError("x"), None),
        (caused(db.IntegrityError("x"), sqlite3.OperationalError("x")), "BAD_GATEWAY"),
        # Only a wrapper of django.db gives way to its cause, for one step.
        (caused(RuntimeError("x"), lost_race()), None),
        (caused(db.IntegrityError("x"), lost_race()), None),
        (ExceptionGroup("x", [lost_race()]), None),
        # Deliberate.
        (caused(ApiError("GONE"), lost_race()), None),
        (caused(ValidationError("x"), lost_race()), None),
        (caused(Http404("x"), lost_race()), None),
        (caused(PermissionDenied("x"), lost_race()), None),
        (caused(Ratelimited("x"), lost_race()), None),
        (caused(RateTooHigh(), lost_race()), None),
        (KeyError("x"), "GONE"),
    ],
    ids=repr,
)
def test_the_cause_counts_for_exceptions_of_django_db_alone(exc, expected):
    table = {
        "django_apierrors.exceptions.UniqueViolation": "RESOURCE_CONFLICT",
        "sqlite3.OperationalError": "BAD_GATEWAY",
        "builtins.LookupError": "GONE",
        "nowhere.At.All": "GONE",
    }
    assert configured_code(exc, table) == expected


def test_an_error_that_is_both_is_deliberate():
    class Taken(ApiError, db.IntegrityError):
        pass

    exc = caused(Taken("GONE"), lost_race().__cause__)
    assert configured_code(exc, {"sqlite3.IntegrityError": "RESOURCE_CONFLICT"}) is None


def test_causes_in_a_circle_end():
    first, second = db.IntegrityError("x"), db.IntegrityError("y")
    first.__cause__, second.__cause__ = second, first
    assert configured_code(first, {"builtins.KeyError": "GONE"}) is None


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["/api/drf", "/api/plain", "/api/async"])
def test_a_lost_race_is_a_conflict_and_a_missing_value_a_crash(url, api, set_view, settings):
    settings.APIERRORS = {"EXCEPTIONS": {"django_apierrors.exceptions.UniqueViolation": "RESOURCE_CONFLICT"}}
    set_view(lost_race())
    assert_api_error(api.get(url), "RESOURCE_CONFLICT")
    missing = sqlite3.IntegrityError("NOT NULL constraint failed: shop_account.number")
    missing.sqlite_errorcode = 1299
    set_view(caused(db.IntegrityError("x"), missing))
    assert_api_error(api.get(url), "INTERNAL_SERVER_ERROR")


def test_a_nested_name_is_mapped(api, set_view, settings):
    settings.APIERRORS = {"EXCEPTIONS": {"shop.models.Account.DoesNotExist": "RESOURCE_NOT_FOUND"}}
    set_view(Account.DoesNotExist("secret"))
    assert_api_error(api.get("/api/drf"), "RESOURCE_NOT_FOUND")
