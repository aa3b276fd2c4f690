"""The words for a code: what Python defines, in one language, ready to be looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.functional import Promise

from . import codes
from .problems import Problem
from .templating import clean, fill

_LONGEST_MESSAGE = 2000


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What we say about one code in one language: plain strings, no translation left to do.

    ``language`` is the language of the texts when they were translated, else empty.
    ``edited`` says that the message comes from the admin and outranks the raise site's.
    """

    code: str
    status: int
    type: str
    retry: str
    title: str
    message: str
    description: str
    causes: tuple[str, ...]
    remedy: tuple[str, ...]
    params: Mapping[str, object]
    pass_detail: bool
    since: str
    doc_url: str
    language: str
    edited: bool = False

    def message_for(self, problem: Problem) -> str:
        """Return the message of one problem: the admin's, the raise site's, or the shipped one.

        A text with a placeholder that has no value is not used: the title and a full stop is.
        """
        text = self.message
        if problem.message and self.pass_detail and not self.edited:
            text = clean(str(problem.message), _LONGEST_MESSAGE)
        return fill(text, problem.params) or f"{self.title}."


class Catalog:
    """All entries, looked up by code and language; texts are resolved once and kept."""

    def __init__(self) -> None:
        """Begin with nothing resolved."""
        self._entries: dict[tuple[str, str], tuple[codes.ErrorDefinition, Entry]] = {}

    def status(self, code: str) -> int | None:
        """Return the status of a code, ``None`` when the catalog does not have it."""
        definition = codes.get(code)
        return definition.status if definition else None

    def passes_detail(self, code: str) -> bool:
        """Tell whether an exception's own words may reach the client under a code."""
        definition = codes.get(code)
        return bool(definition and definition.pass_detail)

    def code_for_status(self, status: int | None) -> str:
        """Return the code that stands for a status that came without one."""
        if status is None:
            return "INTERNAL_SERVER_ERROR"
        return _OF_STATUS.get(status) or ("INVALID_REQUEST" if status < 500 else "INTERNAL_SERVER_ERROR")

    def entry(self, code: str, language: str) -> Entry:
        """Return the entry of a code in a language, as Django spells it: ``de-at``.

        Raises ``KeyError`` for a code that the catalog does not have.
        """
        definition = codes.get(code)
        if definition is None:
            raise KeyError(code)
        kept = self._entries.get((code, language))
        if kept is None or kept[0] is not definition:
            kept = self._entries[(code, language)] = (definition, _resolved(definition, language))
        return kept[1]

    def forget(self) -> None:
        """Drop resolved texts: the languages of the project have changed."""
        self._entries.clear()


def _resolved(definition: codes.ErrorDefinition, language: str) -> Entry:
    with translation.override(language):
        texts = _texts(definition)
    with translation.override("en"):
        source = _texts(definition)
    translatable = any(isinstance(text, Promise) for text in (definition.title, definition.message))
    translated = translatable and (texts != source or language.split("-")[0] == "en")
    return Entry(
        code=definition.code,
        status=definition.status,
        type=definition.type,
        retry=definition.retry,
        **texts,
        params=definition.params,
        pass_detail=bool(definition.pass_detail),
        since=definition.since,
        doc_url=definition.doc_url,
        language=language if translated else "",
    )


def _texts(definition: codes.ErrorDefinition) -> dict[str, Any]:
    return {
        "title": str(definition.title),
        "message": str(definition.message),
        "description": str(definition.description),
        "causes": tuple(map(str, definition.causes)),
        "remedy": tuple(map(str, definition.remedy)),
    }


# 403, 404 and 503 have several codes each; these are the ones that say no more than the status.
_OF_STATUS = {
    400: "INVALID_REQUEST",
    401: "AUTH_KEY_NOT_FOUND",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    406: "NOT_ACCEPTABLE",
    409: "RESOURCE_CONFLICT",
    410: "GONE",
    412: "PRECONDITION_FAILED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE_REQUEST",
    429: "RATE_TOO_HIGH",
    500: "INTERNAL_SERVER_ERROR",
    502: "BAD_GATEWAY",
    503: "SERVICE_UNAVAILABLE",
    504: "GATEWAY_TIMEOUT",
}

_current = Catalog()


def current() -> Catalog:
    """Return the catalog that answers now."""
    return _current
