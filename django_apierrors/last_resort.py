"""The answers that cannot fail: for when an error view, or Django itself, has failed."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from . import formats, headers, negotiation
from .answer_cache import renderer
from .conf import conf
from .problems import Problem
from .request_state import RequestState

_CRASH = Problem(code="INTERNAL_SERVER_ERROR", status=500)
_LAST_PAGE = b"<!doctype html><html lang=en><title>Server Error (500)</title><h1>Server Error (500)</h1></html>"


def last_resort(request: HttpRequest | None) -> HttpResponse:
    """Return the structured answer to a crash when no other could be made.

    It has the format of the request, else the default one, and the code and the status of the
    exception if that was read.
    """
    problem, name = _CRASH, ""
    try:
        if request is not None:
            state = RequestState.of(request)
            problem = state.problem or problem
            name = negotiation.format_name(request, state) or ""
        format_ = formats.get(name or conf.FORMAT)
    except Exception:  # of a setting or of the request: it has been logged, and must never cost the answer
        format_ = formats.Nested()
    _, content, media_type = formats.fallback(format_, problem, problem.status, renderer.render)
    written = {
        headers.CONTENT_TYPE: media_type,
        headers.CONTENT_LENGTH: str(len(content)),
        headers.X_ERROR_CODE: problem.code,
        headers.CACHE_CONTROL: "no-store",
        headers.CONTENT_TYPE_OPTIONS: "nosniff",
        **({headers.X_REQUEST_ID: problem.request_id} if problem.request_id else {}),
    }
    return HttpResponse(content, status=problem.status, headers=written)


def last_page() -> HttpResponse:
    """Return the page for a crash when the project's own cannot be rendered."""
    return HttpResponse(_LAST_PAGE, status=500)
