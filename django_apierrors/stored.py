"""What the database says about the codes, as far as it makes sense."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from . import codes
from .codes import LONGEST_MESSAGE, TEXTS
from .models import ErrorCode, ErrorCodeTranslation, Revision

_FIELDS = ("code", "status", "type", "retry", "doc_url", "listed", "deprecated", "replaced_by__code", *TEXTS)
_URL = re.compile(r"https?://[^\s<>\"]+")
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")


def token(using: str) -> str | None:
    """Return the token of the catalog, ``None`` when it has none; one query for one row."""
    tokens = Revision.objects.using(using).filter(part=Revision.CATALOG).values_list("token", flat=True)
    return next(iter(tokens), None)


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
