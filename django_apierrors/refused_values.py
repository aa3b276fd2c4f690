"""The values of a client that a database, arithmetic or a calendar refuses inside DRF and django-filter."""

from __future__ import annotations

import decimal
import re
from traceback import walk_tb
from types import CodeType, FrameType

from django.db.backends.utils import CursorWrapper
from django.http import HttpRequest
from rest_framework.serializers import ListSerializer

from .database_errors import Refusal, refusal

# Where a statement and its values are handed to the driver; the code of a project runs above, never below.
_EXECUTE_CODES = frozenset(
    (CursorWrapper._execute.__code__, CursorWrapper._executemany.__code__)  # type: ignore[attr-defined]
)
_LISTS: CodeType = ListSerializer.to_representation.__code__
_AUTHENTICATION = "rest_framework.authentication"
# The modules, and in them the functions, that handle values of clients; None: all of them.
_PLACES: dict[str, frozenset[str] | None] = {
    _AUTHENTICATION: None,
    "rest_framework.fields": None,
    "rest_framework.filters": None,
    "rest_framework.pagination": None,
    "rest_framework.relations": None,
    "rest_framework.validators": None,
    "rest_framework.generics": frozenset(("get_object_or_404", "filter_queryset", "paginate_queryset")),
    "rest_framework.mixins": frozenset(("list",)),  # a queryset is evaluated here that a filter has made
    "rest_framework.serializers": frozenset(("save",)),
}
# They call code of the project for other ends, too: none of it may stand between them and the fault.
_NARROW = frozenset(("rest_framework.generics", "rest_framework.mixins"))
_FILTERS = "django_filters"
# What is read from the database, or written to the client, was stored before.
_READ_FUNCTIONS = frozenset((("django.db.models.sql.compiler", "apply_converters"), ("django.db.utils", "inner")))
# What these do they do for the code that called them; any other module is the project's own.
_LIBRARIES = {
    *("django", "rest_framework", _FILTERS, "MySQLdb", "psycopg", "psycopg2", "pymysql", "sqlite3"),
    *("_pydatetime", "_pydecimal", "_strptime", "asgiref", "contextlib", "decimal", "encodings", "fractions"),
    *("functools", "ipaddress", "json", "uuid", "zoneinfo"),
}
_ARITHMETIC = (ValueError, OverflowError, decimal.DecimalException)
# SQL that computes, with operators, casts or functions, what the database then refuses: the project wrote that.
# The casts of texts and of dates are those of lookups.
_COMPUTES = re.compile(
    r" [-+*/] |(?<!AT TIME ZONE %s)(?<!\(%s)\)::(?!text)|\bCAST\((?!%s)"
    r"|\b(?:EXP|POWER|TO_DATE|TO_NUMBER|TO_TIMESTAMP)\("
)
# A page that may lie beyond 64 bits: it is written into the statement.
_PAGE_NUMBER = re.compile(r"\b(?:LIMIT|OFFSET) (\d{19,})")
_MYSQL_SYNTAX = 1064


def is_refused_value(exc: BaseException, request: HttpRequest) -> bool:
    """Return whether an exception that nobody handled comes from a value of the client that cannot be used.

    It must have passed code of DRF or django-filter that handles such values: an authenticator, a
    lookup, a filter, a paginator, a field or ``serializer.save()``.
    """
    is_arithmetic, is_syntax = isinstance(exc, _ARITHMETIC), exc.args[:1] == (_MYSQL_SYNTAX,)
    if not (is_arithmetic or is_syntax or refusal(exc) is Refusal.VALUE):
        return False
    passed = [frame for frame, _ in walk_tb(exc.__traceback__)]
    sent = next((frame for frame in passed if frame.f_code in _EXECUTE_CODES), None)
    if not is_arithmetic:
        is_possible = _is_in_statement(sent, is_syntax=is_syntax)
    else:  # a text that cannot be encoded is refused by drivers alone
        is_possible = sent is not None or not isinstance(exc, (UnicodeError, ZeroDivisionError))
    place = _place(passed, is_computed=is_arithmetic and sent is None) if is_possible else ""
    return place != "" and _has_values(request, place)


def _is_in_statement(sent: FrameType | None, *, is_syntax: bool) -> bool:
    """Return whether what a database refused was sent to it, not computed by the SQL of the project."""
    statement = None if sent is None else sent.f_locals.get("sql")
    sql = statement if isinstance(statement, str) else ""
    page = max(map(int, _PAGE_NUMBER.findall(sql)), default=0)
    if is_syntax:
        return page >= 2**64
    return page >= 2**63 or _COMPUTES.search(sql) is None


def _place(passed: list[FrameType], *, is_computed: bool) -> str:
    """Return the module that handled a value of the client, ``""`` when none did.

    ``is_computed``: the fault lies in arithmetic, not in a statement. Then no code of the project may
    stand between that module and the fault, and ``serializer.save()`` is no such place: it computes nothing.
    """
    place = ""
    for frame in passed:
        module, function = str(frame.f_globals.get("__name__", "")), frame.f_code.co_name
        root = module.partition(".")[0]
        if (function == "to_representation" and frame.f_code is not _LISTS) or (module, function) in _READ_FUNCTIONS:
            return ""
        if _handles_values(frame, module, function):
            place = "" if is_computed and function == "save" else module
        elif root not in _LIBRARIES and (is_computed or place in _NARROW):
            place = ""
    return place


def _handles_values(frame: FrameType, module: str, function: str) -> bool:
    functions = None if module.partition(".")[0] == _FILTERS else _PLACES.get(module, frozenset())
    if functions is None or function not in functions:
        return functions is None
    # Without a filter, the queryset of a list is the project's own.
    return function != "list" or bool(getattr(frame.f_locals["self"], "filter_backends", ()))


def _has_values(request: HttpRequest, place: str) -> bool:
    match, meta = request.resolver_match, request.META
    return bool(
        meta.get("QUERY_STRING")
        or meta.get("CONTENT_LENGTH") not in (None, "", "0")
        or "HTTP_TRANSFER_ENCODING" in meta
        or (match is not None and (match.args or match.kwargs))
        or (place == _AUTHENTICATION and "HTTP_AUTHORIZATION" in meta)
    )
