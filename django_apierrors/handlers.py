"""The exception handler for DRF, and Django's error views for what no middleware sees."""

from __future__ import annotations

import logging
import sys
from http import HTTPStatus
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.views import csrf, defaults
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from . import headers, negotiation, responses
from .drf_responses import ErrorResponse
from .exception_mapping import is_left_to_django, problem_for, problem_with_code
from .last_resort import last_page, last_resort
from .problems import Problem
from .request_state import RequestState
from .signals import problem_sent
from .sound_values import attribute, sound_text

logger = logging.getLogger("django_apierrors")


def exception_handler(exc: Exception, context: dict[str, Any] | None) -> Response | None:
    """Answer an exception of a DRF view: ``REST_FRAMEWORK["EXCEPTION_HANDLER"]``.

    Returns a response for what DRF or this package knows. Returns ``None`` for anything else,
    so that Django logs it, signals it and rolls back; the middleware then rewrites the 500.
    """
    context = context or {}
    view, drf_request = context.get("view"), context.get("request")
    request: HttpRequest = getattr(drf_request, "_request", drf_request) or HttpRequest()
    state = RequestState.of(request)
    if negotiation.format_name(request, state, view) is None:
        return drf_exception_handler(exc, context)
    if isinstance(exc, StopIteration):
        # Before Python 3.13 it would never leave the thread of a sync view under ASGI.
        raise RuntimeError("The view raised StopIteration.") from exc
    state.language = negotiation.active_language()
    problem = problem_for(exc, request, state)
    if is_left_to_django(exc, problem.status):
        return None
    set_rollback()
    state.exception = state.problem = None  # it is answered
    detail = attribute(exc, "detail") if isinstance(exc, ValidationError) else None
    response = ErrorResponse(problem, request, detail)
    # By the authenticators of a view users are known, not clients of OAuth.
    if problem.status == HTTPStatus.UNAUTHORIZED and problem.code != "OAUTH_INVALID_CLIENT":
        challenge = sound_text(attribute(exc, "auth_header"), "auth_header") or _challenge_of_authenticators(
            drf_request
        )
        if challenge:
            responses.set_header(response, headers.WWW_AUTHENTICATE, challenge)
    return response


def handler400(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that Django refused, for the root URLconf."""
    exception = exception or BadRequest()
    return answer(request, exception) or defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request that may not do what it asks, for the root URLconf."""
    exception = exception or PermissionDenied()
    return answer(request, exception) or defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Answer a request for what is not there, for the root URLconf."""
    exception = exception or Http404()
    return answer(request, exception) or defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer an exception that nobody handled, for the root URLconf; this one cannot fail."""
    try:
        response = answer(request, sys.exc_info()[1] or RuntimeError())
    except Exception:  # a failing handler500 is called again by every middleware above: it must never fail
        logger.exception("handler500 failed; a fixed answer was sent")
        return last_resort(request)
    if response is not None:
        return response
    try:
        return defaults.server_error(request)
    except Exception:  # the same: a page of the project's that cannot be rendered must never fail it
        logger.exception("The page for a server error failed; a fixed one was sent")
        return last_page()


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a request that the CSRF check refused: ``settings.CSRF_FAILURE_VIEW``."""
    state = RequestState.of(request)
    state.language = negotiation.active_language()
    if negotiation.is_ours(request, state):
        return _send(problem_with_code("CSRF_FAILED", request), request, state)
    return csrf.csrf_failure(request, reason=reason)


def answer(request: HttpRequest, exc: BaseException | None = None) -> HttpResponse | None:
    """Return the structured answer to an exception, ``None`` where errors of the request are not structured.

    For error views of a project's own: ``return answer(request, exception) or my_page(request)``. Without
    an exception it is the one that is being handled, else a crash.
    """
    exc = exc or sys.exc_info()[1] or RuntimeError()
    state = RequestState.of(request)
    if not negotiation.is_ours(request, state, exc):
        return None
    return _send(problem_for(exc, request, state), request, state)


def _send(problem: Problem, request: HttpRequest, state: RequestState) -> HttpResponse:
    response = responses.make(problem, request)
    if not state.is_inside:
        # Raised above our middleware, which will not see it leave.
        sent = responses.problem_of(response)
        problem_sent.send_robust(Problem, problem=sent, request=request, response=response)
        state.clear_exception()
    return response


def _challenge_of_authenticators(drf_request: Any) -> str | None:
    # DRF asks only the first one, and SessionAuthentication has no challenge.
    for authenticator in getattr(drf_request, "authenticators", None) or ():
        try:
            challenge: str | None = authenticator.authenticate_header(drf_request)
        except Exception:  # an authenticator without a challenge must never hide that one is needed
            logger.exception("The challenge of %s cannot be read", type(authenticator).__qualname__)
            continue
        if challenge:
            return challenge
    return None
