"""Error codes: their definitions in Python, and the meanings of statuses, types and retry classes."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from .codes_builtin import BUILTIN_CODES

Text = str | Promise

#: Of one case, so that two codes never differ in it alone.
PATTERN = re.compile(r"(?:[A-Z][A-Z0-9_]*[A-Z0-9]|[a-z][a-z0-9_]*[a-z0-9])")
MAX_LENGTH = 63
_FORMAT_NAME = re.compile(r"[ !#-\[\]-~]+")

#: In characters.
LONGEST_MESSAGE = 2000
#: The texts of a code that the team may edit.
TEXTS = ("title", "message", "description", "causes", "remedy")
#: The text in the place of a message one of whose placeholders has no value.
WITHOUT = "message_without"

#: Error types, as the ``typed`` format writes them, with their meanings.
TYPES: dict[str, Text] = {
    "api_error": _("Something failed in the service or in an upstream service."),
    "validation_error": _("The request itself must be changed before it can succeed."),
    "auth_error": _("The credentials are missing, not valid, or not allowed to do this."),
    "idempotency_error": _("An idempotency key is missing, was reused, or its first request is still running."),
    "rate_limit_error": _("Too many requests were sent in too short a time."),
}

#: Retry classes with their meanings.
RETRIES: dict[str, Text] = {
    "never": _("The same request will fail again."),
    "safe": _("The request was not processed; send it again after the delay."),
    "idempotent": _("The request may have run; retry only GET, PUT and DELETE, or with an idempotency key."),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusText:
    """An HTTP status of the API: its phrase (RFC 9110, 15) and its meaning."""

    phrase: str
    meaning: Text


#: The HTTP statuses an API uses. Phrases are those of RFC 9110, whatever Python is running.
STATUSES: dict[int, StatusText] = {
    200: StatusText(phrase="OK", meaning=_("The request succeeded.")),
    201: StatusText(phrase="Created", meaning=_("The request succeeded and something was created.")),
    204: StatusText(phrase="No Content", meaning=_("The request succeeded and there is nothing to return.")),
    400: StatusText(phrase="Bad Request", meaning=_("The request is malformed or a value was not accepted.")),
    401: StatusText(phrase="Unauthorized", meaning=_("Credentials are missing or not valid.")),
    403: StatusText(phrase="Forbidden", meaning=_("The credentials are valid but lack a permission.")),
    404: StatusText(phrase="Not Found", meaning=_("The endpoint or the resource does not exist.")),
    405: StatusText(phrase="Method Not Allowed", meaning=_("The endpoint does not support this method.")),
    406: StatusText(phrase="Not Acceptable", meaning=_("This endpoint cannot answer in the requested format.")),
    409: StatusText(phrase="Conflict", meaning=_("The request conflicts with the current state of the resource.")),
    410: StatusText(phrase="Gone", meaning=_("This resource has been permanently removed.")),
    412: StatusText(phrase="Precondition Failed", meaning=_("A condition sent with the request does not hold.")),
    413: StatusText(phrase="Content Too Large", meaning=_("The request body is too large.")),
    415: StatusText(
        phrase="Unsupported Media Type",
        meaning=_("The media type of the request body is not supported by this endpoint."),
    ),
    422: StatusText(phrase="Unprocessable Content", meaning=_("The request is valid but cannot be carried out.")),
    429: StatusText(phrase="Too Many Requests", meaning=_("Too many requests were sent in too short a time.")),
    500: StatusText(phrase="Internal Server Error", meaning=_("Something went wrong on our side.")),
    502: StatusText(phrase="Bad Gateway", meaning=_("An upstream service failed.")),
    503: StatusText(phrase="Service Unavailable", meaning=_("The service is temporarily unavailable.")),
    504: StatusText(phrase="Gateway Timeout", meaning=_("An upstream service did not respond in time.")),
}

# 403, 404, 409 and 503 have several codes each; these mean no more than the status.
_CODE_OF_STATUS = {
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


def phrase(status: int) -> str:
    """Return the phrase of a status, ``Error`` for one that no RFC names."""
    known = STATUSES.get(status)
    if known is not None:
        return known.phrase
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def type_for(status: int) -> str:
    """Return the error type that a status implies."""
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "api_error"
    return {401: "auth_error", 403: "auth_error", 429: "rate_limit_error"}.get(status, "validation_error")


def code_for_status(status: int | None) -> str:
    """Return the code of a status that has no code of its own."""
    if status is None:
        return "INTERNAL_SERVER_ERROR"
    return _CODE_OF_STATUS.get(status) or ("INVALID_REQUEST" if status < 500 else "INTERNAL_SERVER_ERROR")


def passes_detail(status: int) -> bool:
    """Return whether the text of an exception may be shown with a status, unless its code says otherwise."""
    return status not in (401, 403, 404, 429) and status < HTTPStatus.INTERNAL_SERVER_ERROR


@dataclass(frozen=True, kw_only=True, slots=True)
class ErrorDefinition:
    """The definition of a code in Python: the contract, and the texts as shipped.

    ``code`` is 2 to 63 letters of one case, digits and underscores. ``status`` is 400 to 599; ``type``
    and ``pass_detail`` follow from it unless given. ``retry`` is a key of ``RETRIES``.
    ``params`` declares the placeholders of the texts, each with a sample value, and ``details`` the
    members of the details, each with a sample (``None``: any value); ``causes`` and ``remedy``
    hold one item a line of the documentation. ``message_without`` takes the place of
    ``message`` where one of its placeholders has no value. ``pass_detail`` says whether the text of
    an exception may replace the message. ``doc_url`` is an absolute URL. ``names`` holds, by the
    name of a format, what that format writes for the code: ``{"oauth2": "slow_down"}``.

    Raises ``ValueError``, which names the value and the fix, when the contract is not valid.
    """

    code: str
    status: int
    title: Text
    message: Text
    message_without: Text = ""
    description: Text = ""
    causes: Sequence[Text] = ()
    remedy: Sequence[Text] = ()
    retry: str = "never"
    type: str = ""
    params: Mapping[str, object] = field(default_factory=dict)
    pass_detail: bool | None = None
    since: str = ""
    doc_url: str = ""
    names: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Validate the contract and set the values that follow from the status."""
        if not (isinstance(self.code, str) and PATTERN.fullmatch(self.code) and len(self.code) <= MAX_LENGTH):
            raise ValueError(
                f"Error code {self.code!r} is not valid: use 2 to {MAX_LENGTH} letters of one case, digits and "
                "underscores, beginning with a letter, as in 'INSUFFICIENT_BALANCE' or 'insufficient_balance'."
            )
        if not (isinstance(self.status, int) and 400 <= self.status <= 599):
            raise ValueError(f"{self.code}: status {self.status!r} is not an error; use a status from 400 to 599.")
        if self.retry not in RETRIES:
            raise ValueError(f"{self.code}: retry {self.retry!r} is unknown; use one of {', '.join(RETRIES)}.")
        if self.type and self.type not in TYPES:
            raise ValueError(f"{self.code}: type {self.type!r} is unknown; use one of {', '.join(TYPES)}.")
        if not (isinstance(self.names, Mapping) and all(map(_is_name, (*self.names, *self.names.values())))):
            raise ValueError(
                f"{self.code}: names {self.names!r} are not valid: use names of formats and what those write, in "
                'printable ASCII without quotes, as in {"oauth2": "slow_down"}.'
            )
        if not isinstance(self.details or {}, Mapping):
            raise ValueError(
                f"{self.code}: details {self.details!r} are no mapping; give a sample, as in "
                '{"required": "100.00", "available": "50.50"}.'
            )
        object.__setattr__(self, "details", self.details or {})
        object.__setattr__(self, "type", self.type or type_for(self.status))
        if self.pass_detail is None:
            object.__setattr__(self, "pass_detail", passes_detail(self.status))


def _is_name(text: object) -> bool:
    # The characters of an `error` of OAuth (RFC 6749, 5.2), which has the strictest rule.
    return isinstance(text, str) and _FORMAT_NAME.fullmatch(text) is not None


def digest(definition: ErrorDefinition) -> str:
    """Return a hash of the shipped texts of a code, as written in Python: another when one of them changes.

    The code is part of it, so that no two codes have the same.
    """
    with override(None):  # a translation does not change the shipped texts
        texts = [str(definition.title), str(definition.message), str(definition.description)]
        lists = [[str(item) for item in items] for items in (definition.causes, definition.remedy)]
    return hashlib.sha256(json.dumps([definition.code, *texts, *lists]).encode()).hexdigest()


#: Code → definition, in the order in which they were registered; ``register`` adds to it.
registry: dict[str, ErrorDefinition] = {}
_conflicts: list[tuple[ErrorDefinition, ErrorDefinition]] = []


def register(definition: ErrorDefinition) -> ErrorDefinition:
    """Register a definition and return it.

    A later definition with the same status replaces the earlier one, so that a project may
    reword a built-in code. One with another status does not: a status is a promise to
    clients. Nor does one whose code differs in case alone. Both are kept for the system check
    that reports them.
    """
    known = registry.get(definition.code) or registry.get(definition.code.swapcase())
    if known is not None and (known.code, known.status) != (definition.code, definition.status):
        _conflicts.append((known, definition))
    else:
        registry[definition.code] = definition
    return definition


def get(code: str) -> ErrorDefinition | None:
    """Return the definition of a code, ``None`` when it has none."""
    return registry.get(code)


def find(name: str) -> ErrorDefinition | None:
    """Return the definition of a code that is written in either case, ``None`` when it has none."""
    return registry.get(name) or registry.get(name.upper()) or registry.get(name.lower())


def is_code(given: object) -> bool:
    """Return whether an argument of an exception is a code, known or mistyped, and no text for people."""
    # A text for people has blanks or a full stop, or is one word.
    if not isinstance(given, str):
        return False
    if PATTERN.fullmatch(given) and (given.isupper() or get(given) is not None):
        return True
    return "_" in given and find(given) is not None


def definitions() -> Iterator[ErrorDefinition]:
    """Iterate over all definitions in the order in which they were registered."""
    return iter(tuple(registry.values()))


def conflicts() -> Sequence[tuple[ErrorDefinition, ErrorDefinition]]:
    """Return pairs of definitions of one code whose status or case differs: the one in force, the refused."""
    return tuple(_conflicts)


for _builtin in BUILTIN_CODES:
    register(ErrorDefinition(**_builtin))
