"""The id of a request: the client's when it is sound, else made here, and then kept."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable

from django.http import HttpRequest
from django.utils.module_loading import import_string

from .request_state import RequestState

logger = logging.getLogger("django_apierrors")

# Used with fullmatch: `$` would accept a newline at the end.
_SOUND = re.compile(r"[A-Za-z0-9._-]{1,128}")


def request_id(request: HttpRequest, state: RequestState) -> str:
    """Return the id of a request, 1 to 128 characters of ``A-Z a-z 0-9 . _ -``, the same every time."""
    if not state.request_id:
        source = state.conf.REQUEST_ID
        named = None if source is None else _named_by_project(request, source)
        if named is None:
            sent = request.META.get("HTTP_X_REQUEST_ID", "")
            named = sent if _SOUND.fullmatch(sent) else _made()
        state.request_id = named
    return state.request_id


def _named_by_project(request: HttpRequest, source: str | Callable[[HttpRequest], str]) -> str | None:
    try:
        named = (import_string(source) if isinstance(source, str) else source)(request)
        text = "" if named is None else str(named)
    except Exception:  # an error answer must never fail for want of an id
        logger.exception("APIERRORS['REQUEST_ID'] failed; an id was made instead")
        return None
    if _SOUND.fullmatch(text):
        return text
    logger.error("APIERRORS['REQUEST_ID'] returned %.200r, which is not an id; one was made instead", text)
    return None


def _made() -> str:
    """Return a version 4 UUID (RFC 9562, 5.4), without the object that takes most of the time of ``uuid4``."""
    made = bytearray(os.urandom(16))
    made[6] = made[6] & 0x0F | 0x40
    made[8] = made[8] & 0x3F | 0x80
    return made.hex()
