"""The rewriting of finished responses: which of them are errors of ours, and what they mean."""

from __future__ import annotations

import functools
import logging
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url
from rest_framework.renderers import StaticHTMLRenderer, TemplateHTMLRenderer
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict, ReturnList

from . import codes, drf_responses, headers, negotiation, responses
from .conf import conf
from .exception_mapping import is_left_to_django, problem_for, problem_for_detail, problem_with_code
from .exceptions import RaiseSiteError
from .problems import Problem
from .request_id import is_sound
from .request_state import RequestState

logger = logging.getLogger("django_apierrors")


def finish(request: HttpRequest, response: HttpResponseBase, state: RequestState) -> HttpResponseBase:
    """Return a 4xx, a 5xx or a redirect as it leaves, structured if it is an error of ours."""
    problem = responses.problem_of(response)
    try:
        if problem is None:
            problem = _problem_of_finished(request, response, state)
            if problem is not None:
                problem = _with_id_of(response, problem)
                state.request_id = problem.request_id
                response = responses.write(response, problem, request)
        elif problem.status != response.status_code or problem.request_id != response.headers.get(headers.X_REQUEST_ID):
            reconcile(request, response, problem, state)
        if problem and response.headers.get(headers.CONTENT_LANGUAGE, "") != response.__dict__.get(responses.LANGUAGE):
            responses.restore_language(response)
    except Exception:  # the answer of somebody else must never be lost to a fault of ours
        logger.exception("An error answer could not be structured; it was sent as it was")
    state.exception = state.problem = None  # its traceback holds every frame of the request
    return response


def reconcile(request: HttpRequest, response: HttpResponseBase, problem: Problem, state: RequestState) -> None:
    """Let header, body and signal of an answer agree with the status and the id that others gave it since.

    An answer whose bytes are not those that were written keeps them; an id that is not sound is put back.
    """
    changed = _with_id_of(response, replace(problem, status=response.status_code))
    if changed != problem and isinstance(response, HttpResponse) and responses.is_as_written(response):
        state.request_id = changed.request_id
        if isinstance(response, drf_responses.ErrorResponse):
            response.renew(changed)
        else:
            responses.renew(response, changed, request)
    written = responses.problem_of(response) or problem
    response.headers[headers.X_REQUEST_ID] = written.request_id


def _with_id_of(response: HttpResponseBase, problem: Problem) -> Problem:
    """Return a problem with the request id that another middleware has given its response."""
    named = response.headers.get(headers.X_REQUEST_ID, "")
    if named == problem.request_id or not is_sound(named):
        return problem
    _warn_of_id()
    return replace(problem, request_id=named)


@functools.cache
def _warn_of_id() -> None:
    logger.warning(
        "Another middleware gives responses an X-Request-ID of its own; errors take it over. Set "
        "APIERRORS['REQUEST_ID'] to what names it, so that log records of errors carry it too."
    )


def store_exception(request: HttpRequest, state: RequestState, exc: BaseException) -> Problem | None:
    """Keep an exception until the response is finished; return its problem if that will be ours to write.

    If it will, log records of the request name its code from now on. Raises a ``RaiseSiteError``
    as ``problem_for`` does.
    """
    if state.is_stored and state.exception is exc:
        return state.problem
    state.is_stored = True
    try:
        if negotiation.is_ours(request, state, exc):
            problem = problem_for(exc, request, state)
            state.code = problem.code
            return problem
    except RaiseSiteError:
        raise
    except Exception:  # a wrong setting must never hide what happened
        logger.exception("An error could not be judged; it is left to Django")
    state.exception, state.problem = exc, None
    return None


def convert_returned(request: HttpRequest, response: Response) -> None:
    """Structure the serializer errors that a DRF view returned, before they are rendered.

    What an exception handler made is left alone: a handler of the view's own, or one that wraps ours,
    meant what it wrote. DRF marks it. So is the data of a template.
    """
    if response.exception or isinstance(response.accepted_renderer, (TemplateHTMLRenderer, StaticHTMLRenderer)):
        return
    errors = _serializer_errors(response.data)
    state = RequestState.of(request)
    if errors is not None and negotiation.is_ours(request, state):
        state.language = negotiation.active_language()
        drf_responses.convert(response, problem_for_detail(errors, request, response.status_code), request, errors)


def _serializer_errors(data: Any) -> Any:
    """Return the errors of a serializer: the data itself, or the one member of it that is such; else ``None``."""
    if _is_errors(data):
        return data
    found = [errors for errors in data.values() if _is_errors(errors)] if isinstance(data, dict) else []
    return found[0] if len(found) == 1 else None


def _is_errors(data: Any) -> bool:
    # The data of a serializer is of the same types.
    try:
        return bool(data) and isinstance(data, (ReturnDict, ReturnList)) and bool(data == data.serializer.errors)
    except AssertionError:  # of DRF, for a serializer that validated nothing
        return False


def _problem_of_finished(request: HttpRequest, response: HttpResponseBase, state: RequestState) -> Problem | None:
    if response.status_code == HTTPStatus.FOUND:
        is_login = conf.LOGIN_REDIRECT_AS_401 and _is_login_redirect(request, response, state)
        return problem_with_code("AUTH_KEY_NOT_FOUND", request) if is_login else None
    exc = state.exception
    if not negotiation.is_ours(request, state, exc):
        return None
    if exc is not None and not _is_of_exception(response, exc):
        exc = None  # process_exception of another middleware answered it
    is_djangos = exc is not None or request.resolver_match is None or getattr(response, "_has_been_logged", False)
    if not _is_replaceable(request, response, is_djangos):
        return None
    is_debug = settings.DEBUG and not conf.DEBUG_ERRORS
    if exc is None:
        # With DEBUG a framework may show its traceback, as django-ninja does.
        is_traceback = is_debug and response.status_code == HTTPStatus.INTERNAL_SERVER_ERROR and _has_body(response)
        return None if is_traceback else _problem_of_status(request, response, is_djangos)
    problem = problem_for(exc, request, state)
    if is_debug and problem.status >= HTTPStatus.INTERNAL_SERVER_ERROR and is_left_to_django(exc, problem.status):
        response.status_code = problem.status
        return None  # Django's technical page helps a developer more than our texts
    return problem


def _is_of_exception(response: HttpResponseBase, exc: BaseException) -> bool:
    # Django logs its answer to every exception at once, but for a 404.
    return getattr(response, "_has_been_logged", False) or (
        isinstance(exc, Http404) and response.status_code == HTTPStatus.NOT_FOUND
    )


def _is_replaceable(request: HttpRequest, response: HttpResponseBase, is_djangos: bool) -> bool:
    """Return whether the body of an error is nobody's intention.

    Left alone are bodies of deliberate types (JSON, images, ...) and pages that a view returned
    to a client that names ``text/html``.
    """
    if getattr(response, "exception", False):
        return False  # DRF marks what an exception handler made
    if not _has_body(response):
        return True
    content_type = response.headers.get(headers.CONTENT_TYPE, "").partition(";")[0].strip().lower()
    if content_type not in ("", "text/html", "text/plain"):
        return False
    is_negotiated = hasattr(response, "data")  # DRF chose this type with the client
    return is_djangos or not (is_negotiated or negotiation.accepts_html_explicitly(request))


def _has_body(response: HttpResponseBase) -> bool:
    return response.streaming or bool(getattr(response, "content", b""))


def _problem_of_status(request: HttpRequest, response: HttpResponseBase, is_djangos: bool) -> Problem:
    status = response.status_code
    if is_djangos and status == HTTPStatus.NOT_FOUND and request.resolver_match is None:
        return problem_with_code("ENDPOINT_NOT_FOUND", request)
    if is_djangos and status == HTTPStatus.BAD_REQUEST and _is_oversized_form(request):
        return problem_with_code("PAYLOAD_TOO_LARGE", request)
    code = codes.code_for_status(status)
    if status == HTTPStatus.UNAUTHORIZED and request.META.get("HTTP_AUTHORIZATION"):
        code = "AUTH_KEY_INVALID"
    seconds = headers.retry_after(response.headers.get(headers.RETRY_AFTER))
    return problem_with_code(code, request, status=status, retry_after=seconds)


def _is_oversized_form(request: HttpRequest) -> bool:
    # CsrfViewMiddleware reads the form in process_view, whose exceptions nobody is shown.
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_form = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
    return limit is not None and is_form and str(length).isdigit() and int(length) > limit


def _is_login_redirect(request: HttpRequest, response: HttpResponseBase, state: RequestState) -> bool:
    if not negotiation.is_ours(request, state):
        return False
    target = response.headers.get(headers.LOCATION, "").partition("?")[0]
    return target == resolve_url(settings.LOGIN_URL).partition("?")[0]
