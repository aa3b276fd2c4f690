"""Names and values of the headers of an error, each with the RFC that defines it."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.http import parse_http_date_safe

from .usage import Usage

#: Ours: the canonical code, for logs, proxies and formats without a code field.
X_ERROR_CODE = "X-Error-Code"
#: Ours: the id of the request, as the client sent it or made here.
X_REQUEST_ID = "X-Request-ID"
#: Ours: ``read-only`` on responses during a read-only maintenance window.
X_MAINTENANCE = "X-Maintenance"
#: Ours: the token of an API client with a bypass during maintenance.
X_MAINTENANCE_BYPASS = "X-Maintenance-Bypass"
#: RFC 9110, 10.2.1
ALLOW = "Allow"
#: RFC 9111, 5.2.2.5
CACHE_CONTROL = "Cache-Control"
#: RFC 9110, 8.5
CONTENT_LANGUAGE = "Content-Language"
#: RFC 9110, 8.6
CONTENT_LENGTH = "Content-Length"
#: RFC 9110, 14.4: of a part, or, with a 416, of the whole
CONTENT_RANGE = "Content-Range"
#: RFC 9110, 8.3
CONTENT_TYPE = "Content-Type"
#: WHATWG Fetch, 3.6
CONTENT_TYPE_OPTIONS = "X-Content-Type-Options"
#: RFC 8288; the relation type ``help`` is of HTML, 4.6.7.5
LINK = "Link"
#: RFC 9110, 10.2.2
LOCATION = "Location"
#: draft-ietf-httpapi-ratelimit-headers-10, 4
RATE_LIMIT = "RateLimit"
#: draft-ietf-httpapi-ratelimit-headers-10, 3
RATE_LIMIT_POLICY = "RateLimit-Policy"
#: RFC 9110, 10.2.3
RETRY_AFTER = "Retry-After"
#: RFC 9110, 12.5.5
VARY = "Vary"
#: RFC 9110, 11.6.1
WWW_AUTHENTICATE = "WWW-Authenticate"

#: Headers that speak of the body that stood there before it was rewritten.
OF_THE_BODY = (
    "Accept-Ranges",
    "Content-Digest",
    "Content-Disposition",
    "Content-Encoding",
    "Content-Location",
    "Content-MD5",
    CONTENT_RANGE,
    "Digest",
    "ETag",
    "Last-Modified",
    LOCATION,
    "Repr-Digest",
    # A proxy would send the file of the answer that was replaced, and a 200 with it.
    "X-Accel-Redirect",
    "X-LIGHTTPD-send-file",
    "X-Sendfile",
)
#: In lower case: headers that only the server and the writer of the body may set (RFC 9112, 6; RFC 9110, 8.4).
FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})

#: What a cross-origin browser client may read only if ``CORS_EXPOSE_HEADERS`` lists it.
EXPOSED = (X_ERROR_CODE, X_REQUEST_ID, RETRY_AFTER)
#: The same of limited views.
RATE_LIMIT_HEADERS = (RATE_LIMIT, RATE_LIMIT_POLICY)

# RFC 9110, 5.1 and 5.5; a set of known names takes a third of the time.
_FIELD_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_FIELD_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*")
_MOST_NAMES = 1000
_known_names: set[str] = set()
_LENGTHS = frozenset((CONTENT_LENGTH, CONTENT_LENGTH.lower()))
_MAX_RETRY_AFTER = 2**31 - 1
_QUOTED = re.compile(r'"(?:\\.|[^"\\])*"')
_REALM = re.compile(r'realm="(?:\\.|[^"\\])*"')
# RFC 9110, 11.6.1: a parameter is `name=value`, another challenge `scheme name=value`.
_SECOND_CHALLENGE = re.compile(r",\s*[^\s,=]+\s+[^\s,=]")


def retry_after(value: Any) -> int | None:
    """Return a wait as whole seconds ≥ 1 (RFC 9110, 10.2.3), ``None`` for an unusable value.

    Takes a number, its text or an HTTP date; fractions are rounded up.
    """
    if value is None:
        return None
    try:
        if isinstance(value, str):
            date = parse_http_date_safe(value)
            value = date - time.time() if date is not None else value
        seconds = float(value)
    except Exception:  # a wait of somebody else, whose class may raise anything, must never hide its error
        return None
    if not math.isfinite(seconds):
        return None
    return min(max(1, math.ceil(seconds)), _MAX_RETRY_AFTER)


def rate_limits(usages: Sequence[Usage], *, legacy: bool) -> dict[str, str]:
    """Return the headers that tell how much of each limit is left: lists of structured fields (RFC 9651, 3.1).

    ``legacy`` adds the three ``X-RateLimit`` headers of old, of the limit that is nearest to its end.
    """
    values = {
        RATE_LIMIT_POLICY: ", ".join(f'"{sf_string(u.policy)}";q={u.limit};w={u.window}' for u in usages),
        RATE_LIMIT: ", ".join(f'"{sf_string(u.policy)}";r={u.remaining};t={u.reset}' for u in usages),
    }
    if legacy:
        tightest = min(usages, key=lambda usage: (usage.remaining, -usage.reset))
        values["X-RateLimit-Limit"] = str(tightest.limit)
        values["X-RateLimit-Remaining"] = str(tightest.remaining)
        values["X-RateLimit-Reset"] = str(tightest.reset)
    return values


def sf_string(text: str) -> str:
    """Return the inside of a string of a structured field (RFC 9651, 3.3.3); what is not ASCII becomes ``?``."""
    printable = "".join(c if " " <= c <= "~" else "?" for c in text)
    return printable.replace("\\", "\\\\").replace('"', '\\"')


def is_bearer(challenge: str) -> bool:
    """Return whether a challenge uses the Bearer scheme (RFC 6750, 3)."""
    return challenge[:7].lower() in ("bearer", "bearer ")


def has_bearer_token(authorization: str) -> bool:
    """Return whether credentials are a bearer token (RFC 6750, 2.1)."""
    scheme, _, token = authorization.partition(" ")
    return scheme.lower() == "bearer" and token.strip() != ""


def challenge_for_client(authorization: str, challenge: str) -> str:
    """Return the challenge for a client of OAuth that is not accepted: the one given, or that realm by another scheme.

    To credentials of HTTP Basic the answer is Basic (RFC 6749, 5.2). A secret in the body is never
    answered by Basic: a browser would ask people for a password.
    """
    is_sent = authorization[:6].lower() == "basic "
    if is_sent == ("basic" in _QUOTED.sub("", challenge).lower()):
        return challenge
    scheme, realm = "Basic" if is_sent else "Bearer", _REALM.search(challenge)
    return f"{scheme} {realm[0]}" if realm else f'{scheme} realm="api"'


def challenge_for_token(authorization: str, challenge: str) -> str:
    """Return a challenge after credentials that were refused, which says so of a bearer token (RFC 6750, 3.1)."""
    return with_error(challenge, "invalid_token") if has_bearer_token(authorization) else challenge


def challenge_for_scope(scope: Any) -> str:
    """Return the challenge to a bearer token that lacks a scope, which is named if it is known (RFC 6750, 3.1)."""
    return with_error("Bearer", "insufficient_scope", **({"scope": str(scope)} if scope else {}))


def with_error(challenge: str, error: str, **attributes: str) -> str:
    """Add ``error`` and further attributes to a Bearer challenge (RFC 6750, 3).

    A challenge of another scheme, a list of several, or one that already names an error is
    returned as it is.
    """
    bare = _QUOTED.sub("", challenge)
    if not is_bearer(bare) or "error=" in bare.lower() or _SECOND_CHALLENGE.search(bare):
        return challenge
    pairs = ", ".join(f'{name}="{quoted(value)}"' for name, value in {"error": error, **attributes}.items())
    return f"{challenge}{',' if '=' in challenge else ''} {pairs}"


def quoted(value: str) -> str:
    """Return the inside of a quoted-string: printable ASCII without quotes and backslashes."""
    return "".join(c for c in value if " " <= c <= "~" and c not in '"\\')


class UnsendableHeader(ValueError):
    """A header that some server would refuse after it has begun to answer."""


def is_printable(name: str, value: str) -> bool:
    """Return whether a header can be sent by any server without an encoding: its value is printable ASCII."""
    return _is_field_name(name) and value.isascii() and value.isprintable()


def check_status(status: int) -> None:
    """Raise ``UnsendableHeader`` for a status that no final answer has (RFC 9110, 15)."""
    if not 200 <= status <= 599:
        raise UnsendableHeader(f"The status {status!r} cannot be sent.")


def sendable(pairs: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return headers without blanks around their values; raise ``UnsendableHeader`` for one that no answer may have.

    Of several servers the strictest counts: a name is a token, a value has blanks and visible
    characters of Latin-1 only (RFC 9110, 5.1 and 5.5), and a length is a number.
    """
    stripped = [(name, value.strip(" \t")) for name, value in pairs]
    for name, value in stripped:
        if not (name in _known_names or _is_field_name(name)):
            raise UnsendableHeader(f"A header cannot be sent: its name is {name[:200]!r}.")
        if not (value.isascii() and value.isprintable()) and not _FIELD_VALUE.fullmatch(value):
            raise UnsendableHeader(f"The header {name} cannot be sent: its value is {value[:200]!r}.")
        if name in _LENGTHS and not value.isdecimal():
            raise UnsendableHeader(f"The header {name} cannot be sent: {value[:200]!r} is no length.")
    return stripped


def _is_field_name(name: str) -> bool:
    is_token = _FIELD_NAME.fullmatch(name) is not None
    if is_token and len(_known_names) < _MOST_NAMES:
        _known_names.add(name)
    return is_token
