"""The table of what databases refuse: by SQLSTATE, by number and by result code, on every driver."""

import sqlite3

import pytest
from django import db
from django.db.models import ProtectedError
from support.refusals import SQLITE, probe

from django_apierrors.database_errors import Refusal, classes, driver_error, refusal
from django_apierrors.exceptions import NotNullViolation, UniqueViolation

VALUE, INTERRUPTED = Refusal.VALUE, Refusal.INTERRUPTED


def raised_by(driver, name, *args, base="", **attributes):
    """Return an exception as a driver raises it, wrapped by Django's of the same name."""
    error = type("Error", (Exception,), {"__module__": driver})
    standard = type(base or name, (error,), {"__module__": driver})
    cls = type(name, (standard,), {"__module__": f"{driver}.errors"}) if base else standard
    cause = cls(*args)
    for attribute, value in attributes.items():
        setattr(cause, attribute, value)
    exc = getattr(db, base or name)(*args)
    exc.__cause__ = cause
    return exc


@pytest.mark.parametrize("attribute", ["sqlstate", "pgcode"])
@pytest.mark.parametrize(
    ("sqlstates", "expected"),
    [
        ("22001 22003 22007 22008 22009 22021 22032 2201B 2201W 2201X 22P02 22P03 22P05", VALUE),
        ("08000 08006 25006 40001 40P01 53100 53300 53400 55P03 57014 57P01 57P02 57P03 57P05 58030", INTERRUPTED),
        ("23505", Refusal.UNIQUE),
        ("23503", Refusal.FOREIGN_KEY),
        ("23502", Refusal.NOT_NULL),
        ("23514", Refusal.CHECK),
        # Arithmetic of the project's own SQL, its arguments, its transactions, its statements.
        ("22012 2201E 2201F 22011 22023 22033 23P01 25P02 25P03 42601 42703 42P01 42501 P0001 21000", None),
    ],
)
def test_postgresql_says_it_by_sqlstate(attribute, sqlstates, expected):
    driver = {"sqlstate": "psycopg", "pgcode": "psycopg2"}[attribute]
    for sqlstate in sqlstates.split():
        exc = raised_by(driver, "DatabaseError", "text", **{attribute: sqlstate})
        assert (sqlstate, refusal(exc)) == (sqlstate, expected)


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (raised_by("psycopg", "OperationalError", "connection failed", sqlstate=None), INTERRUPTED),
        (raised_by("psycopg", "ConnectionTimeout", "expired", base="OperationalError", sqlstate=None), INTERRUPTED),
        (raised_by("psycopg2", "OperationalError", "could not connect", pgcode=None), INTERRUPTED),
        (raised_by("psycopg2", "InterfaceError", "connection already closed", pgcode=None), INTERRUPTED),
        (raised_by("psycopg2", "InterfaceError", "cursor already closed", pgcode=None), None),
        (raised_by("psycopg", "DataError", "text fields cannot contain NUL (0x00) bytes", sqlstate=None), VALUE),
        (raised_by("psycopg", "DataError", "date too large", sqlstate=None), None),
        (raised_by("psycopg", "ProgrammingError", "NUL", sqlstate=None), None),
    ],
    ids=str,
)
def test_without_an_sqlstate_the_class_says_it(exc, expected):
    assert refusal(exc) is expected


@pytest.mark.parametrize("driver", ["pymysql", "MySQLdb"])
@pytest.mark.parametrize("name", ["DataError", "OperationalError", "IntegrityError"])
@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([1139, 1153, 1264, 1292, 1366, 1406, 1690, 3140], VALUE),
        ([1020, 1040, 1053, 1129, 1203, 1205, 1213, 1226, 1290, 1317, 1792, 1836, 1927, 1969], INTERRUPTED),
        ([2002, 2003, 2005, 2006, 2013, 2055, 3024, 3572, 4031], INTERRUPTED),
        ([1062, 1586], Refusal.UNIQUE),
        ([1216, 1217, 1451, 1452], Refusal.FOREIGN_KEY),
        ([1048, 1364], Refusal.NOT_NULL),
        ([3819, 4025], Refusal.CHECK),
        ([0, 1044, 1045, 1049, 1054, 1064, 1146, 1365, 4151], None),
    ],
)
def test_mysql_says_it_by_number_whatever_the_class_and_the_sqlstate(driver, name, numbers, expected):
    for number in numbers:
        exc = raised_by(driver, name, number, "text", sqlstate="HY000")
        assert (number, refusal(exc)) == (number, expected)


def test_django_raises_some_of_mysql_without_a_cause():
    assert refusal(db.IntegrityError(1048, "Column 'must' cannot be null")) is Refusal.NOT_NULL
    assert refusal(db.IntegrityError(4025, "CONSTRAINT `low` failed for `test`.`item`")) is Refusal.CHECK


def test_a_constraint_of_mariadb_that_has_a_column_in_its_name_is_of_a_json_column():
    assert refusal(db.IntegrityError(4025, "CONSTRAINT `item.meta` failed for `test`.`item`")) is VALUE


def test_a_connection_that_was_lost_before_has_the_number_0():
    assert refusal(raised_by("pymysql", "InterfaceError", 0, "")) is INTERRUPTED


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (18, "string or blob too big", VALUE),
        (20, "datatype mismatch", VALUE),
        (1, "integer overflow", VALUE),
        (1, "no such table: nowhere", None),
        (275, 'CHECK constraint failed: (JSON_VALID("meta") OR "meta" IS NULL)', VALUE),
        (275, "CHECK constraint failed: low", Refusal.CHECK),
        (1555, "", Refusal.UNIQUE),
        (2067, "", Refusal.UNIQUE),
        (2579, "", Refusal.UNIQUE),
        (787, "", Refusal.FOREIGN_KEY),
        (1299, "", Refusal.NOT_NULL),
        (1811, "", None),
        (26, "", None),
        *((code, "", INTERRUPTED) for code in (5, 6, 8, 9, 10, 13, 14, 261, 517, 2570)),
    ],
)
def test_sqlite_says_it_by_result_code(code, text, expected):
    assert refusal(raised_by("sqlite3", "OperationalError", text, sqlite_errorcode=code)) is expected


@pytest.mark.parametrize(
    "exc",
    [
        ValueError("x"),
        db.IntegrityError(),
        db.OperationalError("of the project"),
        raised_by("sqlite3", "ProgrammingError", "Cannot operate on a closed database."),
        ProtectedError("x", []),
        TimeoutError(1205, "x"),
    ],
    ids=str,
)
def test_what_no_database_said_is_nothing(exc):
    assert refusal(exc) is None


def test_the_drivers_own_exception_says_the_same():
    exc = raised_by("psycopg", "OperationalError", "x", sqlstate="40001")
    assert refusal(exc.__cause__) is INTERRUPTED


def test_only_the_exception_of_a_driver_is_looked_at():
    exc = db.IntegrityError("of the project")
    exc.__cause__ = KeyError("x")
    assert driver_error(exc) is exc
    bug = RuntimeError("x")
    bug.__cause__ = sqlite3.IntegrityError("x")
    assert driver_error(bug) is bug


def test_what_was_violated_comes_after_the_class_of_its_own_and_before_that_of_all_kinds():
    exc = raised_by("psycopg", "UniqueViolation", "x", base="IntegrityError", sqlstate="23505")
    names = [f"{cls.__module__}.{cls.__name__}" for cls in classes(exc)]
    assert names[:4] == [
        "psycopg.errors.UniqueViolation",
        "django_apierrors.database_errors.UniqueViolation",
        "psycopg.IntegrityError",
        "psycopg.Error",
    ]
    assert names[4:6] == ["django.db.utils.IntegrityError", "django.db.utils.DatabaseError"]
    assert names.count("builtins.Exception") == 1


def test_a_marker_is_found_without_a_cause():
    assert UniqueViolation in list(classes(db.IntegrityError(1062, "x")))
    # Whose class is another one: a column without a default in a strict mode.
    assert NotNullViolation in list(classes(db.OperationalError(1364, "x")))


def test_what_sqlite_refuses(tmp_path):
    results = probe("sqlite", f"sqlite:///{tmp_path}/db.sqlite3")
    assert {name: results[name] for name in SQLITE} == SQLITE
    assert results["lone surrogate"][0] == 400
