"""What the database says about codes and maintenance windows, as far as it makes sense."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from .. import catalog as catalogs
from .. import codes
from .. import windows as memory
from ..catalog import Catalog, Row
from ..client_ip import Network, parse_network
from ..codes import LONGEST_MESSAGE, TEXTS
from ..models import ErrorCode, ErrorCodeTranslation, MaintenanceWindow, Revision
from ..windows import METHODS, Window, Windows

_FIELDS = ("code", "status", "type", "retry", "doc_url", "listed", "deprecated", "replaced_by__code", *TEXTS)
_URL = re.compile(r"https?://[^\s<>\"]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True)
class Copy:
    """Catalog and windows of an open transaction."""

    catalog: Catalog
    windows: Windows


@contextmanager
def within(copy: Copy | None) -> Iterator[None]:
    """Let the copy of an open transaction answer the request inside it, and no other."""
    if copy is None:
        yield
        return
    with catalogs.within(copy.catalog), memory.within(copy.windows):
        yield


def tokens(using: str) -> dict[str, str]:
    """Return the token of each part that has one; one query."""
    return dict(Revision.objects.using(using).values_list("part", "token"))


def catalog(using: str) -> Catalog:
    """Return the catalog as it is in the database."""
    return Catalog({fields["code"]: Row(**fields) for fields in rows(using)})


def windows(using: str) -> Windows:
    """Return the maintenance windows that are not over; one query."""
    return Windows(map(window, MaintenanceWindow.objects.using(using).not_over()))


def window(row: MaintenanceWindow) -> Window:
    """Return what a row means; what cannot be read covers as much, and exempts as few, as it can."""
    methods = frozenset(method.upper() for method in row.methods)
    are_paths = all(path.startswith("/") for path in row.path_prefixes)
    return Window(
        key=row.key,
        begins=_seconds(row.starts_at, -math.inf),
        ends=_seconds(row.ends_at, math.inf),
        is_read_only=row.is_read_only,
        path_prefixes=tuple(row.path_prefixes) if are_paths else (),
        methods=methods if methods.issubset(METHODS) else frozenset(),
        exempt_networks=tuple(_networks(row.exempt_networks)),
        message=row.message.strip(),
        status_url=row.status_url if _URL.fullmatch(row.status_url) else "",
    )


def rows(using: str) -> Iterator[dict[str, Any]]:
    """Iterate over the fields of all rows; two queries, however many rows there are.

    What got past the checks of the admin and would do harm reads as if it were blank.
    """
    translations: dict[str, dict[str, dict[str, str]]] = {}
    of_languages = ErrorCodeTranslation.objects.using(using).values_list("entry__code", "language", *TEXTS)
    for code, language, *texts in of_languages:
        if _LANGUAGE.fullmatch(language.lower()):
            translations.setdefault(code, {})[language.lower()] = _given(texts)
    of_codes = ErrorCode.objects.using(using).order_by("code").values_list(*_FIELDS)
    for code, status, type_, retry, doc_url, listed, deprecated, replaced_by, *texts in of_codes:
        if codes.PATTERN.fullmatch(code):
            yield {
                "code": code,
                "status": status if _is_sound(code, status) else None,
                "type": type_ if type_ in codes.TYPES else "",
                "retry": retry if retry in codes.RETRIES else "",
                "doc_url": doc_url if _URL.fullmatch(doc_url) else "",
                "listed": listed,
                "deprecated": deprecated,
                "replaced_by": replaced_by or "",
                "texts": _given(texts),
                "translations": translations.get(code, {}),
            }


def _is_sound(code: str, status: int | None) -> bool:
    # A row must not make a success of an error, nor a client's fault of ours.
    definition = codes.get(code)
    if status is None or not 400 <= status <= 599:
        return False
    return definition is None or status // 100 == definition.status // 100


def _given(texts: list[str]) -> dict[str, str]:
    given = {name: text for name, text in zip(TEXTS, texts, strict=True) if text and text.strip()}
    if "message" in given:
        given["message"] = given["message"][:LONGEST_MESSAGE]
    return given


def _seconds(moment: datetime | None, without: float) -> float:
    try:
        return without if moment is None else moment.timestamp()
    except (OverflowError, ValueError):  # without time zones, near the ends of the calendar
        return without


def _networks(texts: Iterable[str]) -> Iterator[Network]:
    for text in texts:
        try:
            yield parse_network(text)
        except ValueError:
            continue  # nobody is let through by what cannot be read
