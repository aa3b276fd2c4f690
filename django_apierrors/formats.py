"""Wire formats: Problem + Entry → dict. The only file with the key names of bodies."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus
from operator import attrgetter
from typing import Any, ClassVar

from django.utils.encoding import force_str
from django.utils.functional import Promise
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from .catalog import Entry
from .codes import Text, phrase
from .details import cost, plain
from .problems import FieldError, Problem

# What may be listed of one problem, in bytes of JSON, so that no body exceeds 64 kB.
_BUDGET = 48_000
_PER_ERROR = 60
# A character outside the BMP, escaped as JSON does.
_MOST_PER_CHARACTER = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """What the documentation says of one key of an error object: its JSON type and its meaning."""

    name: str
    type: str
    meaning: Text
    nullable: bool = False


_CODE = Field(name="code", type="string", meaning=_("Names the kind of error. Branch on it."))
_MESSAGE = Field(name="message", type="string", meaning=_("Says in words what is wrong. It may change at any time."))
_DETAILS = Field(name="details", type="object", meaning=_("Facts about this error. Absent when there are none."))
_ERRORS = Field(
    name="errors",
    type="array",
    meaning=_("Validation errors only: each value that was not accepted, as `param`, `code` and `message`."),
)
_ERRORS_TOTAL = Field(
    name="errors_total", type="integer", meaning=_("How many errors there are, when not all of them are listed.")
)
_REQUEST_ID = Field(
    name="request_id",
    type="string",
    nullable=True,
    meaning=_("The id of the request. Quote it to support. `null` when the request did not reach the API."),
)


class Format:
    """A shape for errors and the names it gives to codes; subclass it for a shape of your own.

    ``body()`` is given a problem, which has its final ``status``, and the entry of its code in
    the language of the client, and returns what is sent as JSON.
    """

    #: The content type of the body.
    media_type: ClassVar[str] = "application/json"
    #: Canonical code → the name this format writes for it.
    codes: ClassVar[Mapping[str, str]] = {}
    #: Whether validation problems list every error; others speak of the first.
    lists_errors: ClassVar[bool] = False
    #: The language of the texts; ``None``: the client's.
    language: ClassVar[str | None] = None
    #: Further headers of an answer in this format.
    headers: ClassVar[Mapping[str, str]] = {}
    #: The key around the error object; ``None``: the object is the body.
    envelope: ClassVar[str | None] = None
    #: The keys of the error object, for the documentation.
    fields: ClassVar[Sequence[Field]] = ()

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the body of one answer."""
        raise NotImplementedError

    def code(self, entry: Entry) -> str:
        """Return the name that this format writes for a code."""
        return self.codes.get(entry.code, entry.code)

    def wrapped(self, error: dict[str, Any]) -> dict[str, Any]:
        """Return the body that holds an error object."""
        return {self.envelope: error} if self.envelope else error

    def about(self, problem: Problem) -> Problem:
        """Return what this format speaks of: the whole problem, or only its first error."""
        if self.lists_errors or len(problem.errors) < 2:
            return problem
        first = problem.errors[0]
        message: str | None = first.message
        if (code := problem.code) == "VALIDATION_FAILED" and first.path:
            code = "PARAM_NOT_FOUND" if first.code == "required" else code
            message = None  # the texts of these codes name the parameter
        elif first.path:
            message = f"{first.param}: {first.message}"
        return replace(
            problem,
            code=code,
            message=message,
            params={"param": first.param, "detail": first.message} if first.path else {},
            param=first.param if first.path else None,
            errors=(first,),
            errors_total=1,
        )


class Nested(Format):
    """``{"error": {"code", "httpCode", "message"}}``"""

    lists_errors = True
    envelope = "error"
    fields = (
        _CODE,
        Field(name="httpCode", type="integer", meaning=_("The HTTP status.")),
        _MESSAGE,
        _ERRORS,
        _ERRORS_TOTAL,
        _DETAILS,
    )

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the code, the status and the message in an ``error`` object."""
        details, room = _details(problem)
        message = entry.message_for(problem)
        error: dict[str, Any] = {"code": self.code(entry), "httpCode": problem.status, "message": message}
        error.update(_listed_by_param(problem, message, room))
        return self.wrapped(error | details)


class Result(Format):
    """``{"result": "error", "message"}``"""

    fields = (
        Field(name="result", type="string", meaning=_("`error`, always. What succeeds says `success` here.")),
        _MESSAGE,
    )

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the message beside the word ``error``."""
        return {"result": "error", "message": entry.message_for(problem)}


class Detailed(Format):
    """``{"error": {"code", "message", "details"}}``"""

    lists_errors = True
    envelope = "error"
    fields = (
        _CODE,
        _MESSAGE,
        Field(
            name="details",
            type="object",
            meaning=_(
                "Facts about this error, absent when there are none. Of a validation error, `fields` holds by the path "
                "of each value what is wrong with it, and `fields_total` their number when not all are listed."
            ),
        ),
    )
    codes = {
        "REQUEST_MALFORMED": "INVALID_REQUEST",
        "PARAM_NOT_FOUND": "INVALID_REQUEST",
        "VALIDATION_FAILED": "INVALID_REQUEST",
        "AUTH_KEY_NOT_FOUND": "UNAUTHENTICATED",
        "AUTH_KEY_INVALID": "UNAUTHENTICATED",
        "ENDPOINT_NOT_FOUND": "RESOURCE_NOT_FOUND",
        "RATE_TOO_HIGH": "RATE_LIMIT_EXCEEDED",
        "MAINTENANCE": "SERVICE_UNAVAILABLE",
    }

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the code and the message in an ``error`` object, field errors in its ``details``."""
        details, room = _details(problem)
        message = entry.message_for(problem)
        if problem.errors:
            fields: dict[str, list[dict[str, str]]] = {}
            listed = _within(problem, room, attrgetter("param"))
            for param, error in listed:
                fields.setdefault(param, []).append({"code": error.code, "message": error.message or message})
            more = {"fields_total": problem.errors_total} if len(listed) < problem.errors_total else {}
            details = {"details": {**details.get("details", {}), "fields": fields, **more}}
        return self.wrapped({"code": self.code(entry), "message": message, **details})


class Described(Format):
    """``{"message": "404 Not Found", "description"}``"""

    fields = (
        Field(name="message", type="string", meaning=_("The HTTP status and its phrase.")),
        Field(name="description", type="string", meaning=_MESSAGE.meaning),
    )
    #: ``message``, of the status and its phrase.
    message_template: ClassVar[str] = "{status} {phrase}"

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the status line and the message."""
        message = self.message_template.format(status=problem.status, phrase=phrase(problem.status))
        return {"message": message, "description": entry.message_for(problem)}


class OAuth2(Format):
    """``{"error", "error_description"}`` (RFC 6749, 5.2), always in English and ASCII."""

    language = "en"
    headers = {"Pragma": "no-cache"}
    fields = (
        Field(name="error", type="string", meaning=_("Names the kind of error, as RFC 6749 does. Branch on it.")),
        Field(
            name="error_description",
            type="string",
            meaning=_("Says in English what is wrong, for developers. It may change at any time."),
        ),
    )
    codes = {
        "OAUTH_INVALID_REQUEST": "invalid_request",
        "OAUTH_INVALID_CLIENT": "invalid_client",
        "OAUTH_INVALID_GRANT": "invalid_grant",
        "OAUTH_UNAUTHORIZED_CLIENT": "unauthorized_client",
        "OAUTH_UNSUPPORTED_GRANT_TYPE": "unsupported_grant_type",
        "OAUTH_UNSUPPORTED_RESPONSE_TYPE": "unsupported_response_type",
        "OAUTH_INVALID_SCOPE": "invalid_scope",
        "OAUTH_FORBIDDEN_SCOPE": "forbidden_scope",
        "OAUTH_ACCESS_DENIED": "access_denied",
        "OAUTH_SERVER_ERROR": "server_error",
        "OAUTH_TEMPORARILY_UNAVAILABLE": "temporarily_unavailable",
    }
    _of_status: ClassVar[Mapping[int, str]] = {
        401: "invalid_client",
        429: "temporarily_unavailable",
        503: "temporarily_unavailable",
    }

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the key and a description within %x20-21 / %x23-5B / %x5D-7E."""
        if entry.code not in self.codes:
            # Texts of other raise sites are in the language of the client by now.
            problem = replace(problem, message=None, params={"param": problem.param, **problem.params, "detail": None})
        elif isinstance(problem.message, Promise):
            with override(self.language):
                problem = replace(problem, message=force_str(problem.message))
        text = entry.message_for(problem)
        description = "".join(c if " " <= c <= "~" and c not in '"\\' else " " for c in text)
        return {"error": self._key(problem, entry), "error_description": " ".join(description.split())}

    def _key(self, problem: Problem, entry: Entry) -> str:
        nearest = "server_error" if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
        nearest = self._of_status.get(problem.status, nearest)
        return self.codes.get(entry.code, nearest)


class Typed(Format):
    """``{"error": {"type", "code", "message", "param", "doc_url", "request_id"}}``, all six always there."""

    lists_errors = True
    #: ``None`` gives the flat object.
    envelope = "error"
    fields = (
        Field(name="type", type="string", meaning=_("The class of the error; see the table of types.")),
        _CODE,
        _MESSAGE,
        Field(name="param", type="string", nullable=True, meaning=_("The value at fault. Marks the form field.")),
        Field(name="doc_url", type="string", nullable=True, meaning=_("The documentation of the code.")),
        _REQUEST_ID,
        _ERRORS,
        _ERRORS_TOTAL,
        _DETAILS,
    )

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the six keys, ``null`` where there is nothing to say."""
        details, room = _details(problem)
        message = entry.message_for(problem)
        error: dict[str, Any] = {
            "type": entry.type,
            "code": self.code(entry),
            "message": message,
            "param": problem.param,
            "doc_url": entry.doc_url or None,
            "request_id": problem.request_id or None,
        }
        error.update(_listed_by_param(problem, message, room), **details)
        return self.wrapped(error)


class RFC9457(Format):
    """``application/problem+json`` (RFC 9457)."""

    media_type = "application/problem+json"
    lists_errors = True
    fields = (
        Field(
            name="type",
            type="string",
            meaning=_("The documentation of the code as a URL, or `about:blank`. Do not parse it."),
        ),
        Field(name="title", type="string", meaning=_("Says what the code means; the same for every error of it.")),
        Field(name="status", type="integer", meaning=_("The HTTP status.")),
        Field(name="detail", type="string", meaning=_MESSAGE.meaning),
        Field(name="instance", type="string", meaning=_("The request as a URN.")),
        _CODE,
        _REQUEST_ID,
        Field(
            name="errors",
            type="array",
            meaning=_(
                "Validation errors only: each value that was not accepted, as `pointer` (RFC 6901), or `parameter` "
                "of the query string, `code` and `detail`."
            ),
        ),
        _ERRORS_TOTAL,
        _DETAILS,
    )

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the members of RFC 9457, 3.1, and ours."""
        details, room = _details(problem)
        message = entry.message_for(problem)
        body: dict[str, Any] = {
            "type": entry.doc_url or "about:blank",
            "title": entry.title,
            "status": problem.status,
            "detail": message,
            **({"instance": _urn(problem.request_id)} if problem.request_id else {}),
            "code": self.code(entry),
            "request_id": problem.request_id or None,
        }
        if problem.errors:
            body["errors"] = [
                {**_location(place, error), "code": error.code, "detail": error.message or message}
                for place, error in _within(problem, room, attrgetter("pointer"))
            ]
            body.update(_total(problem, body["errors"]))
        return body | details


def _listed_by_param(problem: Problem, message: str, room: int) -> dict[str, Any]:
    if not problem.errors:
        return {}
    errors = [
        {"param": param or None, "code": error.code, "message": error.message or message}
        for param, error in _within(problem, room, attrgetter("param"))
    ]
    return {"errors": errors, **_total(problem, errors)}


def _total(problem: Problem, listed: list[Any]) -> dict[str, int]:
    return {"errors_total": problem.errors_total} if len(listed) < problem.errors_total else {}


def _within(problem: Problem, room: int, name: Callable[[FieldError], str]) -> list[tuple[str, FieldError]]:
    """Return the errors that fit into the room, at least one, each with its name."""
    named = [(name(error), error) for error in problem.errors]
    texts = sum(len(text) + len(error.code) + len(error.message) for text, error in named)
    if _PER_ERROR * len(named) + _MOST_PER_CHARACTER * texts <= room:
        return named
    for count, (text, error) in enumerate(named):
        room -= _PER_ERROR + cost(text) + cost(error.code) + cost(error.message)
        if room < 0 and count:
            return named[:count]
    return named


def _location(place: str, error: FieldError) -> dict[str, str]:
    return {"parameter": error.param} if error.in_query and error.path else {"pointer": place}


def _details(problem: Problem) -> tuple[dict[str, Any], int]:
    """Return the member ``details``, if there are any, and the room that is left."""
    details, room = plain(problem.details, problem.code, _BUDGET)
    return {} if details is None else {"details": details}, room


def _urn(request_id: str) -> str:
    try:
        return uuid.UUID(request_id).urn
    except ValueError:
        # Not every client names its requests by UUIDs; the same name gives the same URN.
        return uuid.uuid5(uuid.NAMESPACE_OID, request_id).urn


#: The formats by name.
BUILTIN: dict[str, type[Format]] = {
    "nested": Nested,
    "result": Result,
    "detailed": Detailed,
    "described": Described,
    "oauth2": OAuth2,
    "typed": Typed,
    "problem": RFC9457,
}


@functools.cache
def get(name: str) -> Format:
    """Return a format by its name or dotted path.

    Raises ``ImportError`` when there is none and ``TypeError`` when it is not a ``Format``.
    """
    found = BUILTIN.get(name) or import_string(name)
    if not (isinstance(found, type) and issubclass(found, Format) and found is not Format):
        raise TypeError(f"{name!r} is not a subclass of django_apierrors.formats.Format.")
    return found()
