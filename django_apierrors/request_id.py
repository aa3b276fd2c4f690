"""The id of a request: the client's when it is sound, else made here, and then kept."""

from __future__ import annotations

import logging
import os
import re
import sys
import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string

from .request_state import RequestState

logger = logging.getLogger("django_apierrors")

# Used with fullmatch: `$` would accept a newline at the end.
_SOUND = re.compile(r"[A-Za-z0-9._-]{1,128}")


def is_sound(named: object) -> bool:
    """Return whether something may be the id of a request: 1 to 128 characters of ``A-Z a-z 0-9 . _ -``, or a UUID."""
    return isinstance(named, (str, uuid.UUID)) and _SOUND.fullmatch(str(named)) is not None


def request_id(request: HttpRequest, state: RequestState) -> str:
    """Return the id of a request, the same every time, from the first of these that has a sound one.

    ``REQUEST_ID``; django-guid, django-structlog and asgi-correlation-id; ``request.id``,
    ``request.request_id`` and ``request.correlation_id``; the header ``X-Request-ID`` of the client; ours.
    """
    if not state.request_id:
        source = state.conf.REQUEST_ID
        named = None if source is None else _named_by_project(request, source)
        if named is None:
            known = _known_to_packages() or _known_to_request(request) or request.META.get("HTTP_X_REQUEST_ID", "")
            named = str(known) if known and is_sound(known) else _generate()
        state.request_id = named
    return state.request_id


def _known_to_packages() -> object:
    """Return the id that a package keeps in a context variable; one that names no requests here is not asked."""
    for package, read in _PACKAGES.items():
        if package in sys.modules and _is_in_use(package):
            try:
                known = read()
            except Exception:  # another version of the package: an error must never fail for want of an id
                continue
            if is_sound(known):
                return known
    return None


def _known_to_request(request: HttpRequest) -> object:
    values = vars(request)
    for name in ("id", "request_id", "correlation_id"):
        known = values.get(name)
        if known is not None and is_sound(known):
            return known
    return None


def _is_in_use(package: str) -> bool:
    # Without its middleware, which sets the id and clears it, a package may keep that of another request.
    return package == "asgi_correlation_id" or any(path.startswith(f"{package}.") for path in settings.MIDDLEWARE)


def _of_structlog() -> object:
    return sys.modules["structlog.contextvars"].get_contextvars().get("request_id")


#: Package to the function that reads its id.
_PACKAGES: dict[str, Callable[[], object]] = {
    "django_guid": lambda: sys.modules["django_guid"].get_guid(),
    "django_structlog": _of_structlog,
    "asgi_correlation_id": lambda: sys.modules["asgi_correlation_id"].correlation_id.get(),
}


def _named_by_project(request: HttpRequest, source: str | Callable[[HttpRequest], str]) -> str | None:
    try:
        named = (import_string(source) if isinstance(source, str) else source)(request)
        text = "" if named is None else str(named)
    except Exception:  # an error answer must never fail for want of an id
        logger.exception("APIERRORS['REQUEST_ID'] failed; an id was made instead")
        return None
    if is_sound(text):
        return text
    logger.error("APIERRORS['REQUEST_ID'] returned %.200r, which is not an id; one was made instead", text)
    return None


def _generate() -> str:
    """Return a version 4 UUID (RFC 9562, 5.4), without the object that takes most of the time of ``uuid4``."""
    made = bytearray(os.urandom(16))
    made[6] = made[6] & 0x0F | 0x40
    made[8] = made[8] & 0x3F | 0x80
    return made.hex()
