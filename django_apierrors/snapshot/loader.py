"""Loads catalog and windows from the database, and drops values that are not valid."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from .. import catalog, codes, windows
from ..catalog import Catalog, Row
from ..client_ip import Network, parse_network
from ..codes import LONGEST_MESSAGE, TEXTS
from ..models import ErrorCode, ErrorCodeTranslation, MaintenanceWindow, Revision
from ..models.fields import is_web_url
from ..windows import METHODS, Window, Windows

logger = logging.getLogger("django_apierrors")

_ROW_FIELDS = ("code", "status", "type", "retry", "doc_url", "listed", "deprecated", "replaced_by__code", *TEXTS)
_MIDDLE_YEAR = 5000
_YEAR = re.compile(r"([0-9]{4,9})-")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class TransactionCopy:
    """Catalog and windows of an open transaction."""

    catalog: Catalog
    windows: Windows


@contextmanager
def use_copy(copy: TransactionCopy | None) -> Iterator[None]:
    """Use the copy of an open transaction, if any, in the block; other threads and requests do not see it."""
    if copy is None:
        yield
        return
    with catalog.override(copy.catalog), windows.override_windows(copy.windows):
        yield


def load_tokens(using: str) -> dict[str, str]:
    """Return the token of each part that has one; one query."""
    return dict(Revision.objects.using(using).values_list("part", "token"))


def load_catalog(using: str) -> Catalog:
    """Return the catalog with the rows of the database; two queries."""
    return Catalog({fields["code"]: Row(**fields) for fields in load_rows(using)})


def load_windows(using: str) -> Windows:
    """Return the maintenance windows that are not over; one query, more where a row cannot be read."""
    rows = MaintenanceWindow.objects.using(using).not_over()
    try:
        found = list(rows)
        are_readable = all(row.starts_at for row in found)  # SQLite stores any text; what is no time is read as `None`
    except Exception:  # one row must never hide the others; what the database itself raises, it raises again
        are_readable = False
    return Windows(map(parse_window, found) if are_readable else _parse_one_by_one(rows))


def _parse_one_by_one(rows: QuerySet[MaintenanceWindow]) -> Iterator[Window]:
    for pk in rows.values_list("pk", flat=True):
        row = rows.filter(pk=pk)
        try:
            rest = row.defer("starts_at", "ends_at", "created_at").get()
            rest.starts_at = rest.ends_at = None  # type: ignore[assignment]
            begins, ends = _read_time(row, "starts_at", -math.inf), _read_time(row, "ends_at", math.inf)
            yield replace(parse_window(rest), begins=begins, ends=ends)
        except Exception:  # the same
            rows.exists()
            logger.warning("The maintenance window with the primary key %s cannot be read and is not in force", pk)


def _read_time(row: QuerySet[MaintenanceWindow], name: str, default: float) -> float:
    """Return a time of a row as a timestamp; infinite for one that no ``datetime`` can hold."""
    try:
        value: datetime | None = row.values_list(name, flat=True).get()
    except Exception:  # drivers raise many kinds
        value = None
    if value is not None:
        return _timestamp(value, default)
    # PostgreSQL knows infinity, and years before 1 and after 9999.
    text = row.annotate(as_text=Cast(name, CharField())).values_list("as_text", flat=True).get() or ""
    year = _YEAR.match(text)
    if text == "infinity" or (year is not None and int(year[1]) > _MIDDLE_YEAR):
        return math.inf
    return -math.inf if text == "-infinity" or year is not None else default


def parse_window(row: MaintenanceWindow) -> Window:
    """Return the window of a row; a value that is not valid widens the scope and exempts no client."""
    methods = frozenset(method.upper() for method in row.methods)
    are_paths = all(path.startswith("/") for path in row.path_prefixes)
    return Window(
        key=row.key,
        begins=_timestamp(row.starts_at, -math.inf),
        ends=_timestamp(row.ends_at, math.inf),
        is_read_only=row.is_read_only,
        path_prefixes=tuple(row.path_prefixes) if are_paths else (),
        methods=methods if methods.issubset(METHODS) else frozenset(),
        exempt_networks=tuple(_valid_networks(row.exempt_networks)),
        message=row.message.strip(),
        status_url=row.status_url if is_web_url(row.status_url) else "",
    )


def load_rows(using: str) -> Iterator[dict[str, Any]]:
    """Iterate over the fields of all rows; two queries, however many rows there are.

    A value that is not valid, because it never passed the checks of the admin, counts as blank.
    """
    translations: dict[str, dict[str, dict[str, str]]] = {}
    of_languages = ErrorCodeTranslation.objects.using(using).values_list("entry__code", "language", *TEXTS)
    for code, language, *texts in of_languages:
        if _LANGUAGE.fullmatch(language.lower()):
            translations.setdefault(code, {})[language.lower()] = _edited_texts(texts)
    seen: set[str] = set()
    of_codes = ErrorCode.objects.using(using).order_by("code").values_list(*_ROW_FIELDS)
    for code, status, type_, retry, doc_url, listed, deprecated, replaced_by, *texts in of_codes:
        if codes.PATTERN.fullmatch(code) and code.swapcase() not in codes.registry and code.swapcase() not in seen:
            seen.add(code)
            yield {
                "code": code,
                "status": status if _is_valid_status(code, status) else None,
                "type": type_ if type_ in codes.TYPES else "",
                "retry": retry if retry in codes.RETRIES else "",
                "doc_url": doc_url if is_web_url(doc_url) else "",
                "listed": listed,
                "deprecated": deprecated,
                "replaced_by": replaced_by or "",
                "texts": _edited_texts(texts),
                "translations": translations.get(code, {}),
            }


def _is_valid_status(code: str, status: int | None) -> bool:
    # A row must not turn an error into a success, nor a client error into a server error.
    definition = codes.get(code)
    if status is None or not 400 <= status <= 599:
        return False
    return definition is None or status // 100 == definition.status // 100


def _edited_texts(texts: list[str]) -> dict[str, str]:
    edited = {name: text for name, text in zip(TEXTS, texts, strict=True) if text and text.strip()}
    if "message" in edited:
        edited["message"] = edited["message"][:LONGEST_MESSAGE]
    return edited


def _timestamp(moment: datetime | None, default: float) -> float:
    if moment is None:
        return default
    try:
        return moment.timestamp()
    except (OverflowError, ValueError):  # without time zones, near the ends of the calendar
        return math.inf if moment.year > _MIDDLE_YEAR else -math.inf


def _valid_networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        try:
            yield parse_network(text)
        except ValueError:
            continue  # an invalid network exempts no client
