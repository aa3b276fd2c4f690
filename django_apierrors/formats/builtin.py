"""The seven formats of this package's own; the eighth is in ``standardized.py``."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from operator import attrgetter
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from ..catalog import Entry
from ..codes import phrase
from ..problems import Problem
from .format import Field, Format
from .members import details_member, errors_by_param, errors_total, errors_within, location

_CODE = Field(name="code", type="string", meaning=_("Names the kind of error. Branch on it."))
_MESSAGE = Field(name="message", type="string", meaning=_("Describes what is wrong. The text may change at any time."))
_DETAILS = Field(name="details", type="object", meaning=_("Facts about this error. Absent when there are none."))
_ERRORS = Field(
    name="errors",
    type="array",
    meaning=_("Validation errors only: each value that was not accepted, as `param`, `code` and `message`."),
)
_ERRORS_TOTAL = Field(
    name="errors_total", type="integer", meaning=_("How many errors there are, when not all of them are listed.")
)
_REQUEST_ID_FIELD = Field(
    name="request_id",
    type="string",
    nullable=True,
    meaning=_("The ID of the request. Quote it to support. `null` when the request did not reach the API."),
)


class Nested(Format):
    """``{"error": {"code", "httpCode", "message"}}``"""

    name = "nested"
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
        own, budget = details_member(problem)
        message = entry.message_for(problem)
        error: dict[str, Any] = {"code": self.code(entry), "httpCode": problem.status, "message": message}
        error.update(errors_by_param(problem, message, budget))
        return self.wrapped(error | own)


class Result(Format):
    """``{"result": "error", "message"}``"""

    name = "result"
    lists_errors = False
    fields = (
        Field(name="result", type="string", meaning=_("`error`, always. What succeeds says `success` here.")),
        _MESSAGE,
    )

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the message beside the word ``error``."""
        return {"result": "error", "message": entry.message_for(problem)}


class Detailed(Format):
    """``{"error": {"code", "message", "details"}}``"""

    name = "detailed"
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
        own, budget = details_member(problem)
        message = entry.message_for(problem)
        if problem.errors:
            fields: dict[str, list[dict[str, str]]] = {}
            listed = errors_within(problem, message, budget, attrgetter("param"))
            for param, error in listed:
                fields.setdefault(param, []).append({"code": error.code, "message": error.message or message})
            more = {"fields_total": problem.errors_total} if len(listed) < problem.errors_total else {}
            own = {"details": {**own.get("details", {}), "fields": fields, **more}}
        return self.wrapped({"code": self.code(entry), "message": message, **own})


class Described(Format):
    """``{"message": "404 Not Found", "description"}``"""

    name = "described"
    lists_errors = False
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
    """``{"error", "error_description"}`` (RFC 6749, 5.2; RFC 8628, 3.5), always in English and ASCII."""

    name = "oauth2"
    lists_errors = False
    language = "en"
    headers = {"Pragma": "no-cache"}
    fields = (
        Field(name="error", type="string", meaning=_("Names the kind of error, as RFC 6749 does. Branch on it.")),
        Field(
            name="error_description",
            type="string",
            meaning=_("Describes in English what is wrong, for developers. The text may change at any time."),
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
        "OAUTH_AUTHORIZATION_PENDING": "authorization_pending",
        "OAUTH_SLOW_DOWN": "slow_down",
        "OAUTH_EXPIRED_TOKEN": "expired_token",
        "OAUTH_SERVER_ERROR": "server_error",
        "OAUTH_TEMPORARILY_UNAVAILABLE": "temporarily_unavailable",
    }
    _key_of_status: ClassVar[Mapping[int, str]] = {
        401: "invalid_client",
        429: "temporarily_unavailable",
        503: "temporarily_unavailable",
    }

    def own_name(self, code: str, names: Mapping[str, str]) -> str | None:
        """Return the key of a code; a code of the project may be spelled as a key itself."""
        return super().own_name(code, names) or (code if code in self.codes.values() else None)

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the key and a description within %x20-21 / %x23-5B / %x5D-7E."""
        text = entry.message_for(self.for_body(problem, entry))
        description = "".join(c if " " <= c <= "~" and c not in '"\\' else " " for c in text)
        # It is never empty (RFC 6749, A.8), whatever alphabet the team writes in.
        description = " ".join(description.split()) or phrase(problem.status)
        return {"error": self._key(problem, entry), "error_description": description}

    def for_body(self, problem: Problem, entry: Entry) -> Problem:
        """Return the problem without texts in the language of the client."""
        is_verbatim = problem.is_final and str(problem.message).isascii()
        if self.own_name(entry.code, entry.names) is None and not is_verbatim:
            # Texts of other raise sites are in the language of the client by now.
            return replace(problem, message=None, params={"param": problem.param, **problem.params, "detail": None})
        return problem

    def _key(self, problem: Problem, entry: Entry) -> str:
        nearest = "server_error" if problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
        nearest = self._key_of_status.get(problem.status, nearest)
        return self.own_name(entry.code, entry.names) or nearest


class Typed(Format):
    """``{"error": {"type", "code", "message", "param", "doc_url", "request_id"}}``, all six always present."""

    name = "typed"
    #: ``None`` gives the flat object.
    envelope = "error"
    fields = (
        Field(name="type", type="string", meaning=_("The class of the error; see the table of types.")),
        _CODE,
        _MESSAGE,
        Field(name="param", type="string", nullable=True, meaning=_("The value at fault. Marks the form field.")),
        Field(name="doc_url", type="string", nullable=True, meaning=_("The documentation of the code.")),
        _REQUEST_ID_FIELD,
        _ERRORS,
        _ERRORS_TOTAL,
        _DETAILS,
    )

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the six keys, ``null`` where they have no value."""
        own, budget = details_member(problem)
        message = entry.message_for(problem)
        error: dict[str, Any] = {
            "type": entry.type,
            "code": self.code(entry),
            "message": message,
            "param": problem.param,
            "doc_url": entry.doc_url or None,
            "request_id": problem.request_id or None,
        }
        error.update(errors_by_param(problem, message, budget), **own)
        return self.wrapped(error)


class RFC9457(Format):
    """``application/problem+json`` (RFC 9457)."""

    name = "problem"
    media_type = "application/problem+json"
    fields = (
        Field(
            name="type",
            type="string",
            meaning=_("The documentation of the code as a URL, or `about:blank`. Do not parse it."),
        ),
        Field(
            name="title",
            type="string",
            meaning=_("Says what the code means; the same for every error of it. With `about:blank`, the HTTP phrase."),
        ),
        Field(name="status", type="integer", meaning=_("The HTTP status.")),
        Field(name="detail", type="string", meaning=_MESSAGE.meaning),
        Field(name="instance", type="string", meaning=_("The request as a URN.")),
        _CODE,
        _REQUEST_ID_FIELD,
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
        """Return the members of RFC 9457, 3.1, and those of this package."""
        own, budget = details_member(problem)
        message = entry.message_for(problem)
        body: dict[str, Any] = {
            "type": entry.doc_url or "about:blank",
            # RFC 9457, 4.2.1: with `about:blank` the title is the phrase of the status.
            "title": entry.title if entry.doc_url else phrase(problem.status),
            "status": problem.status,
            "detail": message,
            **({"instance": _urn(problem.request_id)} if problem.request_id else {}),
            "code": self.code(entry),
            "request_id": problem.request_id or None,
        }
        if problem.errors:
            body["errors"] = [
                {**location(place, error), "code": error.code, "detail": error.message or message}
                for place, error in errors_within(problem, message, budget, attrgetter("pointer"))
            ]
            body.update(errors_total(problem, body["errors"]))
        return body | own

    def texts(self, entry: Entry) -> tuple[str, ...]:
        """Return the title, unless it is the phrase of the status."""
        return ("title",) if entry.doc_url else ()


def _urn(request_id: str) -> str:
    try:
        return uuid.UUID(request_id).urn
    except ValueError:
        # Not every client names its requests by UUIDs; the same name gives the same URN.
        return uuid.uuid5(uuid.NAMESPACE_OID, request_id).urn
