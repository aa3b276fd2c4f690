"""Errors of OAuth 2: exceptions for token and resource endpoints, the redirect of the authorization endpoint."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse

from . import catalog, formats, responses
from .codes import Text
from .exception_mapping import problem_for
from .exceptions import ApiError
from .request_state import RequestState

# An absolute URI without a fragment (RFC 6749, 3.1.2; RFC 3986, 4.3); http has a host (RFC 9110, 4.2).
_TARGET = re.compile(
    r"""(?:https?://(?![/?\\])|(?!https?:)(?P<other>[a-z][a-z0-9+.-]*):)[!$-;=?-\[\]_a-z~]+""", re.ASCII | re.IGNORECASE
)
# Schemes that browsers run or show in place, where no client waits for an answer.
_FORBIDDEN_SCHEMES = frozenset(
    ("about", "blob", "data", "file", "filesystem", "intent", "javascript", "vbscript", "view-source")
)


class OAuthError(ApiError):
    """The base class of the errors of RFC 6749 and RFC 8628; raise one of the classes below.

    Each takes a description for the developer of the client, in English; those of 401 and 5xx have
    fixed texts. Further arguments are those of ``ApiError``, by name.
    """

    def __init__(self, description: Text | None = None, **kwargs: Any) -> None:
        """Take the description."""
        super().__init__(message=description, **kwargs)


class InvalidRequest(OAuthError):
    """400: the request is malformed (RFC 6749, 4.1.2.1 and 5.2)."""

    code = "OAUTH_INVALID_REQUEST"


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
    """400: the user or the server refused (RFC 6749, 4.1.2.1; for devices RFC 8628, 3.5)."""

    code = "OAUTH_ACCESS_DENIED"


class AuthorizationPending(OAuthError):
    """400: the user of a device has not decided yet (RFC 8628, 3.5); token endpoint only."""

    code = "OAUTH_AUTHORIZATION_PENDING"


class SlowDown(OAuthError):
    """400: as above, and the interval grows by 5 seconds (RFC 8628, 3.5); token endpoint only."""

    code = "OAUTH_SLOW_DOWN"


class ExpiredToken(OAuthError):
    """400: the device code has expired (RFC 8628, 3.5); token endpoint only."""

    code = "OAUTH_EXPIRED_TOKEN"


class ServerError(OAuthError):
    """500: the server failed (RFC 6749, 4.1.2.1)."""

    code = "OAUTH_SERVER_ERROR"


class TemporarilyUnavailable(OAuthError):
    """503: the server cannot take the request now (RFC 6749, 4.1.2.1)."""

    code = "OAUTH_TEMPORARILY_UNAVAILABLE"


class InsufficientScope(ApiError):
    """403: the token lacks a scope, which the challenge names (RFC 6750, 3.1); of a protected resource."""

    code = "INSUFFICIENT_SCOPE"

    def __init__(self, scope: str | None = None, **kwargs: Any) -> None:
        """Take the scopes that are necessary, with blanks between them."""
        super().__init__(params={"scope": scope} if scope else None, **kwargs)
        self.args = (scope,)


#: The errors of the authorization endpoint, by key.
AUTHORIZATION_ERRORS: dict[str, type[OAuthError]] = {
    formats.OAuth2.codes[cls.code]: cls
    for cls in (
        InvalidRequest,
        UnauthorizedClient,
        AccessDenied,
        UnsupportedResponseType,
        InvalidScope,
        ForbiddenScope,
        ServerError,
        TemporarilyUnavailable,
    )
}


def authorization_error(
    request: HttpRequest,
    redirect_uri: str | None,
    error: str | OAuthError,
    state: str | None = None,
    description: str | None = None,
) -> HttpResponse:
    """Return the answer of an authorization endpoint that refuses (RFC 6749, 4.1.2.1 and 4.2.2.1).

    ``redirect_uri`` is one that is registered for the client, never one that only the request
    names. It gets ``error``, ``error_description`` and ``state`` added to its query, or as its
    fragment when the request asks for a token at once. ``error`` is a key (``"access_denied"``) or
    one of the exceptions above; ``state`` is by default that of the request. With ``None``, for an
    unknown client or redirect URI, and with what is no absolute URI, there is no redirect: the
    error itself is the answer. The errors of a 5xx keep their own description. Raises ``ValueError``
    for an error that this endpoint does not answer.
    """
    request = getattr(request, "_request", request)  # of DRF
    exc = _authorization_error(error)
    problem = problem_for(exc, request, RequestState.of(request))
    if description is not None:
        problem = replace(problem, message=description)
    if redirect_uri is None or not _is_target(redirect_uri):
        return responses.make(problem, request)
    members = formats.get("oauth2").body(problem, catalog.current().entry(problem.code, "en"))
    state = _parameter(request, "state") if state is None else state
    if state:
        members["state"] = state
    # A lone surrogate, which no URL can carry, must not become a 500.
    query = urlencode(members, errors="replace")
    target = _add_to_uri(redirect_uri, query, as_fragment=_is_implicit(request))
    return responses.make_redirect(problem, request, target)


def _authorization_error(error: str | OAuthError) -> OAuthError:
    if isinstance(error, OAuthError) and error.code in {cls.code for cls in AUTHORIZATION_ERRORS.values()}:
        return error
    cls = AUTHORIZATION_ERRORS.get(error) if isinstance(error, str) else None
    if cls is None:
        known = ", ".join(AUTHORIZATION_ERRORS)
        raise ValueError(f"An authorization endpoint does not answer {error!r}; use one of {known}.")
    return cls()


def _is_target(uri: str) -> bool:
    match = _TARGET.fullmatch(uri)
    return match is not None and (match["other"] or "").lower() not in _FORBIDDEN_SCHEMES


def _is_implicit(request: HttpRequest) -> bool:
    types = (_parameter(request, "response_type") or "").split()
    return not {"token", "id_token"}.isdisjoint(types)


def _parameter(request: HttpRequest, name: str) -> str | None:
    # RFC 6749, 3.1: the endpoint takes GET, and may take POST.
    return request.GET.get(name) or (request.POST.get(name) if request.method == "POST" else None)


def _add_to_uri(uri: str, query: str, *, as_fragment: bool) -> str:
    # Not urlsplit: the registered URI stays as it is, byte for byte, also where a scheme is not known.
    if as_fragment:
        return f"{uri}#{query}"
    separator = "?" if "?" not in uri else "" if uri.endswith(("?", "&")) else "&"
    return f"{uri}{separator}{query}"
