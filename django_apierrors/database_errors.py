"""The table of what databases refuse, by SQLSTATE, error number and extended result code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from enum import Enum
from typing import Any

from django import db

# Whose exceptions are read; none of them is imported.
_DRIVERS = frozenset(("MySQLdb", "psycopg", "psycopg2", "pymysql", "sqlite3"))
_SQLITE_PRIMARY = 0xFF
_SQLITE_ERROR, _SQLITE_CHECK = 1, 275
# A constraint of MariaDB that is named after table and column is of a JSON column: others have names without a dot.
_JSON_CONSTRAINT = re.compile(r"CONSTRAINT `[^`]+\.[^`]+` failed")


class UniqueViolation(Exception):
    """Stands in ``EXCEPTIONS`` for a broken unique constraint or primary key, on every database; never raised."""


class ForeignKeyViolation(Exception):
    """Stands in ``EXCEPTIONS`` for a broken foreign key, of either side, on every database; never raised."""


class NotNullViolation(Exception):
    """Stands in ``EXCEPTIONS`` for a broken ``NOT NULL``, on every database; never raised."""


class CheckViolation(Exception):
    """Stands in ``EXCEPTIONS`` for a broken check constraint, on every database; never raised."""


class Refusal(Enum):
    """What a database refused."""

    #: A value that no column of that type can hold: too long, out of range, not of the encoding.
    VALUE = "value"
    #: The work: a lost or refused connection, a deadlock, a timeout. The same statement may succeed later.
    INTERRUPTED = "interrupted"
    UNIQUE = "unique"
    FOREIGN_KEY = "foreign_key"
    NOT_NULL = "not_null"
    CHECK = "check"


MARKERS: dict[Refusal, type[Exception]] = {
    Refusal.UNIQUE: UniqueViolation,
    Refusal.FOREIGN_KEY: ForeignKeyViolation,
    Refusal.NOT_NULL: NotNullViolation,
    Refusal.CHECK: CheckViolation,
}


def _table(**rows: Iterable[Any]) -> dict[Any, Refusal]:
    return {key: Refusal(name) for name, keys in rows.items() for key in keys}


#: PostgreSQL, appendix A. Of class 22 only what a value causes: arithmetic such as 22012 is of the project's SQL.
SQLSTATES: dict[str, Refusal] = _table(
    value=[
        *("22001", "22003", "22007", "22008", "22009", "22021", "22032"),
        *("2201B", "2201W", "2201X", "22P02", "22P03", "22P05"),
    ],
    interrupted=["25006", "40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03", "57P05", "58030"],
    unique=["23505"],
    foreign_key=["23503"],
    not_null=["23502"],
    check=["23514"],
)
#: Classes of PostgreSQL whose every SQLSTATE means the same: 08 connection, 53 insufficient resources.
SQLSTATE_CLASSES: dict[str, Refusal] = _table(interrupted=["08", "53"])
#: MySQL and MariaDB. Their SQLSTATE and the class of the driver say less: drivers disagree about both.
MYSQL_NUMBERS: dict[int, Refusal] = _table(
    value=[1139, 1153, 1264, 1292, 1366, 1406, 1690, 3140],
    interrupted=[
        *(1020, 1040, 1053, 1129, 1203, 1205, 1213, 1226, 1290, 1317, 1792, 1836, 1927, 1969),
        *(2002, 2003, 2005, 2006, 2013, 2055, 3024, 3572, 4031),
    ],
    unique=[1062, 1586],
    foreign_key=[1216, 1217, 1451, 1452],
    not_null=[1048, 1364],
    check=[3819, 4025],
)
#: SQLite, extended result codes, and primary ones for those that are not listed.
SQLITE_CODES: dict[int, Refusal] = _table(
    value=[18, 20],
    interrupted=[5, 6, 8, 9, 10, 13, 14],
    unique=[1555, 2067, 2579],
    foreign_key=[787],
    not_null=[1299],
    check=[_SQLITE_CHECK],
)


def driver_error(exc: BaseException) -> BaseException:
    """Return the exception of the driver that an exception of ``django.db`` wraps; any other exception itself.

    Django's backend for MySQL raises some without a cause; they have the arguments of the driver's.
    """
    cause = exc.__cause__
    return cause if isinstance(exc, db.Error) and cause is not None and _is_of_driver(type(cause)) else exc


def classes(exc: BaseException) -> Iterator[type]:
    """Yield the classes by which ``EXCEPTIONS`` knows an exception, the most specific first.

    Those of the driver come before those of ``django.db``, and what was violated before ``IntegrityError``,
    which drivers raise for all kinds of it, or else before ``DatabaseError``.
    """
    own = type(exc).__mro__
    drivers = (cls for cls in type(driver_error(exc)).__mro__ if cls not in own)
    known = refusal(exc)
    marker = None if known is None else MARKERS.get(known)
    for cls in (*drivers, *own):
        if marker is not None and cls.__name__ in ("IntegrityError", "DatabaseError"):
            yield marker
            marker = None
        yield cls


def refusal(exc: BaseException) -> Refusal | None:
    """Return what a database refused by an exception of ``django.db`` or of a driver; ``None`` for anything else."""
    error: Any = driver_error(exc)
    if not (isinstance(error, db.Error) or _is_of_driver(type(error))):
        return None
    number = error.args[0] if error.args else None
    if isinstance(number, int):
        return _of_mysql(error, number)
    if hasattr(error, "sqlite_errorcode"):
        return _of_sqlite(error, error.sqlite_errorcode)
    if hasattr(error, "sqlstate") or hasattr(error, "pgcode"):
        return _of_postgresql(error, getattr(error, "sqlstate", None) or getattr(error, "pgcode", None))
    return None


def _is_of_driver(exc_type: type) -> bool:
    # PEP 249: every driver has a class Error, whatever the rest is called.
    return any(cls.__name__ == "Error" and cls.__module__.partition(".")[0] in _DRIVERS for cls in exc_type.__mro__)


def _of_postgresql(error: BaseException, sqlstate: str | None) -> Refusal | None:
    if sqlstate:
        return SQLSTATES.get(sqlstate) or SQLSTATE_CLASSES.get(sqlstate[:2])
    # What fails before or without an answer of the server has none: everything while connecting, for one.
    names = {cls.__name__ for cls in type(error).__mro__}
    if "OperationalError" in names or ("InterfaceError" in names and "connection already closed" in str(error)):
        return Refusal.INTERRUPTED
    return Refusal.VALUE if "DataError" in names and "NUL" in str(error) else None


def _of_mysql(error: BaseException, number: int) -> Refusal | None:
    if number == 0 and type(error).__name__ == "InterfaceError":
        return Refusal.INTERRUPTED  # the connection was lost before
    known = MYSQL_NUMBERS.get(number)
    if known is Refusal.CHECK and _JSON_CONSTRAINT.search(str(error.args)):
        return Refusal.VALUE
    return known


def _of_sqlite(error: BaseException, code: int) -> Refusal | None:
    if code == _SQLITE_CHECK and "JSON_VALID(" in str(error):
        return Refusal.VALUE
    if code == _SQLITE_ERROR and str(error) == "integer overflow":
        return Refusal.VALUE
    return SQLITE_CODES.get(code) or SQLITE_CODES.get(code & _SQLITE_PRIMARY)
