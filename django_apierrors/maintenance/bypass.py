"""The signed bypass for a browser or an API client; it is valid only for its windows."""

from __future__ import annotations

from collections.abc import Iterable
from time import time

from django.conf import settings
from django.core import signing
from django.http import HttpRequest
from django.http.request import HttpHeaders
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix

from .. import headers
from ..windows import Window

COOKIE = "apierrors_bypass"
HEADER = headers.X_MAINTENANCE_BYPASS
#: Seconds until a bypass expires, however long its windows are open.
MAX_AGE = 12 * 60 * 60

_SALT = "django_apierrors.maintenance.bypass"
_META = HttpHeaders.to_wsgi_name(HEADER)


def token(windows: Iterable[Window]) -> str:
    """Return a signed token for some windows, valid for 12 hours at most and while they are open."""
    return signing.dumps(sorted(window.key for window in windows), salt=_SALT)


def keys(request: HttpRequest) -> frozenset[str]:
    """Return the keys of the windows that a request bypasses."""
    cookie = request.COOKIES.get(COOKIE) if request.META.get("HTTP_COOKIE") else None  # parsed only if any
    sent = (request.META.get(_META), cookie)
    return frozenset(key for text in sent if text for key in _load_keys(text))


def _load_keys(text: str) -> list[str]:
    try:
        value = signing.loads(text, salt=_SALT, max_age=MAX_AGE)
    except Exception:  # an invalid token must never be more than no token
        return []
    return [key for key in value if isinstance(key, str)] if isinstance(value, list) else []


def set_bypass_cookie(response: HttpResponseBase, request: HttpRequest, windows: Iterable[Window]) -> None:
    """Set the cookie that lets the browser bypass some windows (RFC 6265, 4.1)."""
    windows = tuple(windows)
    left = max((window.ends for window in windows), default=0.0) - time()
    response.set_cookie(
        COOKIE,
        token(windows),
        max_age=max(0, int(min(MAX_AGE, left))),
        domain=settings.SESSION_COOKIE_DOMAIN,
        path=get_script_prefix(),
        secure=request.is_secure() or settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def has_bypass(request: HttpRequest, windows: Iterable[Window]) -> bool:
    """Return whether a request bypasses all of some windows."""
    bypassed = keys(request)
    return all(window.key in bypassed for window in windows)
