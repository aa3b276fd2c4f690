"""Loads catalog and windows from the database, and drops values that are not valid."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import catalog, codes, windows
from ..catalog import Catalog, Row
from ..client_ip import Network, parse_network
from ..codes import LONGEST_MESSAGE, TEXTS
from ..models import ErrorCode, ErrorCodeTranslation, MaintenanceWindow, Revision
from ..models.fields import is_web_url
from ..windows import METHODS, Window, Windows

_ROW_FIELDS = ("code", "status", "type", "retry", "doc_url", "listed", "deprecated", "replaced_by__code", *TEXTS)
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
    """Return the maintenance windows that are not over; one query."""
    return Windows(map(parse_window, MaintenanceWindow.objects.using(using).not_over()))


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
    of_codes = ErrorCode.objects.using(using).order_by("code").values_list(*_ROW_FIELDS)
    for code, status, type_, retry, doc_url, listed, deprecated, replaced_by, *texts in of_codes:
        if codes.PATTERN.fullmatch(code):
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
    try:
        return default if moment is None else moment.timestamp()
    except (OverflowError, ValueError):  # without time zones, near the ends of the calendar
        return default


def _valid_networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        try:
            yield parse_network(text)
        except ValueError:
            continue  # an invalid network exempts no client
