"""Unhandled exceptions that the bytes of the client caused: a 400, not a 500."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from django.http import HttpRequest, UnreadablePostError
from rest_framework import views
from rest_framework.request import Request
from rest_framework.response import Response

from .text import has_surrogate

_PARSE = Request._parse.__code__  # type: ignore[attr-defined]
_RENDER = Response.rendered_content.fget.__code__  # type: ignore[attr-defined]
_MOST_VALUES = 100_000


def is_client_error(exc: BaseException) -> bool:
    """Return whether an exception that nobody handled comes from a body no server could use.

    Meets nesting deeper than the parser, a charset that is no text encoding, a lone surrogate
    that cannot be written, a number that is no number (``1e999``) where the serializer let it
    pass, and a client that went away while it sent. The parsed body must really hold the value.
    """
    if isinstance(exc, RecursionError):
        return any(frame.f_code is _PARSE for frame in frames(exc))
    if isinstance(exc, UnreadablePostError) or _in_unusable_charset(exc):
        return True
    if isinstance(exc, UnicodeEncodeError):
        return _body_holds(exc, _is_lone_surrogate) or _body_spells_surrogate(exc)
    return isinstance(exc, (ValueError, OverflowError)) and _body_holds(exc, _is_infinite)


def frames(exc: BaseException) -> Iterator[FrameType]:
    """Yield the frames of the traceback of an exception, from the outside in."""
    traceback = exc.__traceback__
    while traceback is not None:
        yield traceback.tb_frame
        traceback = traceback.tb_next


def _in_unusable_charset(exc: BaseException) -> bool:
    for frame in frames(exc):
        if frame.f_code is _PARSE:
            charset = frame.f_locals["self"].parser_context.get("encoding") or "utf-8"
            try:
                "".encode(charset)
            except (LookupError, UnicodeError):
                return True
    return False


def _is_lone_surrogate(value: Any) -> bool:
    return isinstance(value, str) and has_surrogate(value)


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _body_holds(exc: BaseException, is_unusable: Callable[[Any], bool]) -> bool:
    request = drf_request(exc)
    # `_full_data` is what was parsed; `data` would parse and raise again.
    pending = [] if request is None else [getattr(request, "_full_data", None)]
    for _ in range(_MOST_VALUES):
        if not pending:
            return False
        value = pending.pop()
        if is_unusable(value):
            return True
        if isinstance(value, dict):
            pending.extend((*value, *value.values()))
        elif isinstance(value, list):
            pending.extend(value)
    return False


def _body_spells_surrogate(exc: BaseException) -> bool:
    # A plain view parses for itself; what it has read of the body is kept by Django.
    for frame in frames(exc):
        request = frame.f_locals.get("request")
        if isinstance(request, HttpRequest):
            return b"\\ud" in vars(request).get("_body", b"").lower()
    return False


def drf_request(exc: BaseException) -> Request | None:
    """Return the request of the DRF view that raised an exception, ``None`` for one that no DRF view raised."""
    for frame in frames(exc):
        found: Any = None
        if frame.f_code is views.APIView.dispatch.__code__:
            found = frame.f_locals["request"]
        elif frame.f_code is _RENDER:
            found = (getattr(frame.f_locals["self"], "renderer_context", None) or {}).get("request")
        if isinstance(found, Request):
            return found
    return None
