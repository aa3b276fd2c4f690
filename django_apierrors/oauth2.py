"""Errors of OAuth 2: exceptions for token and resource endpoints, the redirect of the authorization endpoint."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from django.http import HttpRequest, HttpResponse

from . import catalog, conversion, formats, headers, responses
from .exceptions import ApiError
from .problems import Problem

# RFC 3986, 3 and 4.3: a scheme, something behind it, and no fragment (RFC 6749, 3.1.2).
_ABSOLUTE = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):[!-~]+")
#: Schemes that browsers run or show in place, where nobody waits for an answer.
_NO_TARGETS = frozenset(("about", "blob", "data", "file", "javascript", "vbscript"))


class OAuthError(ApiError):
    """An error of RFC 6749; ``key`` is what its ``error`` member says.

    Takes a description for the developer of the client, which is sent in ASCII, without quotes
    and backslashes, and where the code allows it (those of 401 and 5xx have fixed texts); further
    arguments are those of ``ApiError``.
    """

    code = "OAUTH_INVALID_REQUEST"

    def __init__(self, description: str | None = None, **kwargs: Any) -> None:
        """Take the description."""
        super().__init__(message=description, **kwargs)

    @property
    def key(self) -> str:
        """The value of ``error``: ``invalid_request``."""
        return formats.OAuth2.codes[self.code]


class InvalidRequest(OAuthError):
    """400: the request is malformed (RFC 6749, 4.1.2.1 and 5.2)."""


class InvalidClient(OAuthError):
    """401: the client could not be authenticated (RFC 6749, 5.2); token endpoint only."""

    code = "OAUTH_INVALID_CLIENT"


class InvalidGrant(OAuthError):
    """400: the authorization code or refresh token is of no use (RFC 6749, 5.2); token endpoint only."""

    code = "OAUTH_INVALID_GRANT"


class UnauthorizedClient(OAuthError):
    """400: the client may not use this flow (RFC 6749, 4.1.2.1 and 5.2)."""

    code = "OAUTH_UNAUTHORIZED_CLIENT"


class UnsupportedGrantType(OAuthError):
    """400: the grant type is not offered (RFC 6749, 5.2); token endpoint only."""

    code = "OAUTH_UNSUPPORTED_GRANT_TYPE"


class UnsupportedResponseType(OAuthError):
    """400: the response type is not offered (RFC 6749, 4.1.2.1); authorization endpoint only."""

    code = "OAUTH_UNSUPPORTED_RESPONSE_TYPE"


class InvalidScope(OAuthError):
    """400: a scope is unknown or malformed (RFC 6749, 4.1.2.1 and 5.2)."""

    code = "OAUTH_INVALID_SCOPE"


class ForbiddenScope(OAuthError):
    """400: a scope is not allowed for this client; an extension, authorization endpoint only."""

    code = "OAUTH_FORBIDDEN_SCOPE"


class AccessDenied(OAuthError):
    """400: the user or the server refused (RFC 6749, 4.1.2.1); authorization endpoint only."""

    code = "OAUTH_ACCESS_DENIED"


class ServerError(OAuthError):
    """500: the server met a fault (RFC 6749, 4.1.2.1)."""

    code = "OAUTH_SERVER_ERROR"


class TemporarilyUnavailable(OAuthError):
    """503: the server cannot take the request now (RFC 6749, 4.1.2.1)."""

    code = "OAUTH_TEMPORARILY_UNAVAILABLE"


class InsufficientScope(ApiError):
    """403: the token lacks a scope, which the challenge names (RFC 6750, 3.1); of a protected resource."""

    code = "INSUFFICIENT_SCOPE"

    def __init__(self, scope: str | None = None, **kwargs: Any) -> None:
        """Take the scopes that are necessary, with blanks between them."""
        params = {**({"scope": scope} if scope else {}), **(kwargs.pop("params", None) or {})}
        super().__init__(params=params, **kwargs)
        self.args = (scope,)


_AUTHORIZATION = (
    InvalidRequest,
    UnauthorizedClient,
    AccessDenied,
    UnsupportedResponseType,
    InvalidScope,
    ForbiddenScope,
    ServerError,
    TemporarilyUnavailable,
)
#: What the authorization endpoint may answer: key → code.
AUTHORIZATION_KEYS = {formats.OAuth2.codes[cls.code]: cls.code for cls in _AUTHORIZATION}


def authorization_error(
    request: HttpRequest,
    redirect_uri: str | None,
    error: str | OAuthError,
    state: str | None = None,
    description: str | None = None,
) -> HttpResponse:
    """Return the answer of an authorization endpoint that refuses (RFC 6749, 4.1.2.1 and 4.2.2.1).

    ``redirect_uri`` is the one that is registered for the client, never one that only the request
    names. It gets ``error``, ``error_description`` and ``state`` added to its query, or to its fragment
    when the request asks for a token at once. ``error`` is a key (``"access_denied"``) or one of the
    exceptions above. ``state`` is by default what the request sent. With ``None``, for an unknown
    client or redirect URI, and with what is no absolute URI, there is no redirect and the error is
    shown. Raises ``ValueError`` for a key that the endpoint does not have.
    """
    problem = _problem(request, error, description)
    if redirect_uri is None or not _is_target(redirect_uri):
        return responses.make(problem, request)
    entry = catalog.current().entry(problem.code, "en")
    members = formats.get("oauth2").body(problem, entry)
    sent = _parameter(request, "state") if state is None else state
    if sent:
        members["state"] = sent
    response = HttpResponse(status=302)
    response[headers.LOCATION] = _with(redirect_uri, urlencode(members), in_fragment=_is_implicit(request))
    response[headers.X_ERROR_CODE] = problem.code
    response[headers.X_REQUEST_ID] = problem.request_id
    response[headers.CACHE_CONTROL] = "no-store"
    return response


def _problem(request: HttpRequest, error: str | OAuthError, description: str | None) -> Problem:
    key = error.key if isinstance(error, OAuthError) else error
    code = AUTHORIZATION_KEYS.get(key)
    if code is None:
        raise ValueError(f"An authorization endpoint has no error {key!r}; use one of {', '.join(AUTHORIZATION_KEYS)}.")
    message = description if description is not None else getattr(error, "message", None)
    return conversion.with_code(code, request, message=message)


def _is_target(uri: str) -> bool:
    found = _ABSOLUTE.fullmatch(uri)
    return found is not None and "#" not in uri and found["scheme"].lower() not in _NO_TARGETS


def _is_implicit(request: HttpRequest) -> bool:
    asked = (_parameter(request, "response_type") or "").split()
    return not {"token", "id_token"}.isdisjoint(asked)


def _parameter(request: HttpRequest, name: str) -> str | None:
    # RFC 6749, 3.1: the endpoint takes GET, and may take POST.
    return request.GET.get(name) or (request.POST.get(name) if request.method == "POST" else None)


def _with(uri: str, query: str, *, in_fragment: bool) -> str:
    parts = urlsplit(uri)
    if in_fragment:
        return urlunsplit(parts._replace(fragment=query))
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))
