"""The answer to what no code of Django handled, for the guards of WSGI and ASGI."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from . import headers, negotiation, responses, rewriting
from .codes import phrase
from .last_resort import last_page, last_resort
from .problems import Problem
from .request_state import RequestState
from .signals import problem_sent
from .uncaught import is_from_server, response_for_crash

logger = logging.getLogger("django_apierrors")

# In lower case: what speaks of the answer that is replaced.
_REPLACED_HEADERS = frozenset(
    {name.lower() for name in headers.OF_THE_BODY}
    | headers.FRAMING
    | {"cache-control", "content-type", "content-language", "expires", "retry-after"}
)


class Reply(NamedTuple):
    """The parts of an answer as servers take them."""

    status: int
    reason: str
    headers: list[tuple[str, str]]
    content: bytes


def reply_to_crash(
    exc: BaseException, make_request: Callable[[], HttpRequest], replaced: Iterable[tuple[str, str]]
) -> Reply:
    """Return the answer to an exception, logged and signalled by Django; this cannot fail.

    Headers of the answer that is replaced stay unless they speak of it: what others above the view
    have set (CORS, cookies). Raises the exception under ``DEBUG_PROPAGATE_EXCEPTIONS``.
    """
    if settings.DEBUG_PROPAGATE_EXCEPTIONS:
        raise exc
    request = None
    try:
        request = make_request()
        response = _respond(request, exc)
        return _reply(response, _kept(response, replaced))
    except BaseException as failure:  # the error view of a project, its URLconf: nothing may fail this answer
        if is_from_server(failure, request):
            raise
        logger.exception("A crash could not be answered; a fixed answer was sent")
    return _reply(last_page() if request is not None and _is_page(request) else last_resort(request), [])


def _respond(request: HttpRequest, exc: BaseException) -> HttpResponse:
    state = RequestState.of(request)
    state.clear_exception()
    state.is_inside = True  # the answer is finished here, as in the middleware
    response = rewriting.finish(request, response_for_crash(request, exc), state)
    state.is_inside = False
    problem = responses.problem_of(response)
    if problem is not None:
        problem_sent.send_robust(Problem, problem=problem, request=request, response=response)
    if not isinstance(response, HttpResponse):
        raise TypeError("The error view returned a stream.")
    return response


def _is_page(request: HttpRequest) -> bool:
    try:
        return not negotiation.is_ours(request, RequestState.of(request))
    except Exception:  # of a wrong setting: the answer must never be lost to it
        return False


def _kept(response: HttpResponse, replaced: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Put the headers of the answer that is replaced into the response, and return its cookies, as they are."""
    cookies = []
    for name, value in replaced:
        lowered = name.lower()
        try:
            headers.sendable([(name, value)])
        except headers.UnsendableHeader:
            continue
        if lowered == "vary":
            patch_vary_headers(response, [part.strip() for part in value.split(",")])
        elif lowered == "set-cookie":
            cookies.append((name, value))
        elif lowered not in _REPLACED_HEADERS and name not in response.headers:
            response.headers[name] = value
    return cookies


def _reply(response: HttpResponse, kept: Iterable[tuple[str, str]]) -> Reply:
    content, status = response.content, response.status_code
    cookies = (("Set-Cookie", cookie.OutputString()) for cookie in response.cookies.values())
    pairs = [*response.items(), *kept, *cookies]
    if not response.has_header(headers.CONTENT_LENGTH):
        pairs.append((headers.CONTENT_LENGTH, str(len(content))))
    try:
        headers.sendable([("Status", response.reason_phrase)])
        reason = response.reason_phrase
    except headers.UnsendableHeader:
        reason = phrase(status)
    return Reply(status, reason, headers.sendable(pairs), content)
