"""The signed pass that lets one browser or API client through, worth nothing beyond its windows."""

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
#: Seconds that a pass is good for, however long its windows are open.
MAX_AGE = 12 * 60 * 60

_SALT = "django_apierrors.maintenance.bypass"
_META = HttpHeaders.to_wsgi_name(HEADER)


def token(windows: Iterable[Window]) -> str:
    """Return a pass for some windows: signed, good for 12 hours and as long as they are open."""
    return signing.dumps(sorted(window.key for window in windows), salt=_SALT)


def keys(request: HttpRequest) -> frozenset[str]:
    """Return the keys of the windows that a request may pass."""
    cookie = request.COOKIES.get(COOKIE) if request.META.get("HTTP_COOKIE") else None  # else it is parsed for nothing
    sent = (request.META.get(_META), cookie)
    return frozenset(key for text in sent if text for key in _read(text))


def _read(text: str) -> list[str]:
    try:
        found = signing.loads(text, salt=_SALT, max_age=MAX_AGE)
    except Exception:  # whatever somebody made up must never be more than worth nothing
        return []
    return [key for key in found if isinstance(key, str)] if isinstance(found, list) else []


def hand_out(response: HttpResponseBase, request: HttpRequest, windows: Iterable[Window]) -> None:
    """Give a pass for some windows to the browser that gets a response (RFC 6265, 4.1)."""
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


def is_held(request: HttpRequest, windows: Iterable[Window]) -> bool:
    """Tell whether a request may pass all of some windows."""
    held = keys(request)
    return all(window.key in held for window in windows)
