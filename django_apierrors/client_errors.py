"""Unhandled exceptions that the bytes of the client provably caused: a 400, not a 500."""

from __future__ import annotations

import logging
import sys
from traceback import walk_tb
from types import FrameType

from django.http import HttpRequest, UnreadablePostError
from rest_framework import views
from rest_framework.request import Request

from .text import is_text_encoding

logger = logging.getLogger("django_apierrors.client_errors")

_PARSE = Request._parse.__code__  # type: ignore[attr-defined]
# What recurses into a body: parsers of others, by the first parts of the names of their modules.
_PARSERS = ("json", "simplejson", "xml", "yaml", "rest_framework")
_CODECS = frozenset({"codecs", "encodings"})


def is_client_error(exc: BaseException) -> bool:
    """Return whether an exception that nobody handled is the fault of the body: proved, not guessed.

    It is one of DRF's parse step, for nesting that is deeper than the stack and for a charset
    that is no text encoding, or a client that went away while it sent. A value of the body that
    the view could not use is a fault of the view.
    """
    if isinstance(exc, UnreadablePostError):
        return True
    if isinstance(exc, RecursionError):
        return _is_too_deep(frames(exc))
    return _in_unusable_charset(exc)


def log_client_error(exc: BaseException, request: HttpRequest) -> None:
    """Log an exception that is answered 4xx although nobody handled it: one WARNING with its traceback.

    A client that went away is no news: nobody waits for the answer.
    """
    if not isinstance(exc, UnreadablePostError):
        told = "An exception that nobody handled was answered as an error of the client"
        logger.warning(told, exc_info=exc, extra={"request": request})


def frames(exc: BaseException) -> list[FrameType]:
    """Return the frames of the traceback of an exception, from the outside in."""
    return [frame for frame, _ in walk_tb(exc.__traceback__)]


def _root(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _is_too_deep(passed: list[FrameType]) -> bool:
    # A view that recurses and reads the body at last has used the stack itself.
    depth = next((depth for depth, frame in enumerate(passed) if frame.f_code is _PARSE), None)
    return depth is not None and depth < sys.getrecursionlimit() // 2 and _root(passed[-1]).startswith(_PARSERS)


def _in_unusable_charset(exc: BaseException) -> bool:
    passed = frames(exc)
    parse = next((frame for frame in passed if frame.f_code is _PARSE), None)
    if parse is None or is_text_encoding(parse.f_locals["self"].parser_context.get("encoding") or "utf-8"):
        return False
    # Python refuses such an encoding by a plain LookupError; some of them fail in their own module.
    is_refused = type(exc) is LookupError or isinstance(exc, UnicodeError)
    return is_refused or any(_root(frame) in _CODECS for frame in passed)


def drf_request(exc: BaseException) -> Request | None:
    """Return the request of the DRF view that raised an exception, ``None`` for one that no DRF view raised."""
    for frame in frames(exc):
        if frame.f_code is views.APIView.dispatch.__code__ and isinstance(frame.f_locals["request"], Request):
            return frame.f_locals["request"]
    return None
