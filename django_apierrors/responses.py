"""The only writer of error bodies and error headers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.encoding import iri_to_uri

from . import catalog, formats, headers, negotiation, spelling
from .answer_cache import PreparedAnswer, prepared_answer, renderer
from .catalog import Entry
from .codes import phrase
from .conf import Settings, conf
from .formats import Format
from .problems import FieldError, Problem
from .request_state import RequestState
from .url_resolution import override_language

logger = logging.getLogger("django_apierrors")

#: The attribute of a response with what ``Content-Language`` says of its body, ``""`` if nobody knows.
LANGUAGE = "_apierrors_language"
_PROBLEM = "_apierrors_problem"
_CONTENT = "_apierrors_content"
_NESTED = formats.Nested()


def write(response: HttpResponseBase, problem: Problem, request: HttpRequest) -> HttpResponse:
    """Write a problem into a finished response and return it.

    Headers and cookies of others stay; what spoke of the old body goes. Only a streaming
    response and a redirect are replaced, by one that takes over all they carry.
    """
    if not isinstance(response, HttpResponse) or 300 <= response.status_code < 400:
        response = _replacement(response)
    if response.status_code != problem.status:
        response.status_code = problem.status
        response.reason_phrase = phrase(problem.status)
    for name in headers.OF_THE_BODY:
        if name != headers.CONTENT_RANGE or response.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            del response[name]
    return _render(response, problem, request)


def make(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Return a new response for a problem, where none exists yet."""
    return _render(HttpResponse(status=problem.status), problem, request)


def make_page(problem: Problem, request: HttpRequest, render: Callable[[Entry], tuple[str, str]]) -> HttpResponse:
    """Return a new response with a page for people; ``render`` returns the page and its languages for an entry."""
    response, state = HttpResponse(status=problem.status), RequestState.of(request)
    _set_fixed_headers(response, problem, request, state)
    entry = catalog.current().entry(problem.code, negotiation.language_for(request, state))
    response.content, spoken = render(entry)
    if spoken:
        response[headers.CONTENT_LANGUAGE] = spoken
    response[headers.VARY] = "Accept, Accept-Language" if state.is_language_asked else "Accept"
    response[headers.CONTENT_LENGTH] = str(len(response.content))
    return response


def make_redirect(problem: Problem, request: HttpRequest, url: str) -> HttpResponse:
    """Return a new response that sends the client to a URL, which tells it of a problem."""
    response = HttpResponse(status=HTTPStatus.FOUND, headers={headers.LOCATION: url})
    _set_fixed_headers(response, problem, request, RequestState.of(request))
    del response[headers.RETRY_AFTER]  # of a redirect it would be the wait before that (RFC 9110, 10.2.3)
    return response


def problem_of(response: HttpResponseBase) -> Problem | None:
    """Return the problem that was written into a response, ``None`` when it is not ours."""
    return response.__dict__.get(_PROBLEM)


def mark(response: HttpResponseBase, content: bytes) -> None:
    """Keep the bytes that were written for a problem, so that a later change of theirs is noticed."""
    response.__dict__[_CONTENT] = content


def is_as_written(response: HttpResponseBase) -> bool:
    """Return whether the body of an answer is still the one that was written."""
    return response.__dict__.get(_CONTENT) == getattr(response, "content", None)


def forget_language(response: HttpResponseBase) -> None:
    """Take back what was said of the languages of a body: it is no longer the one that was made."""
    spoken = response.__dict__.pop(LANGUAGE, "")
    if spoken and response.headers.get(headers.CONTENT_LANGUAGE) == spoken:
        del response.headers[headers.CONTENT_LANGUAGE]


def restore_language(response: HttpResponseBase) -> None:
    """Take away a language that LocaleMiddleware has given to an answer with texts of which nobody knows it."""
    if is_as_written(response):
        spoken = response.__dict__.get(LANGUAGE, "")
        if spoken:
            response.headers[headers.CONTENT_LANGUAGE] = spoken
        else:
            response.headers.pop(headers.CONTENT_LANGUAGE, None)


def renew(response: HttpResponse, problem: Problem, request: HttpRequest) -> None:
    """Write an answer again, for a problem that differs in its status or its request id."""
    _render(response, problem, request)


def _render(response: HttpResponse, problem: Problem, request: HttpRequest) -> HttpResponse:
    content, media_type = make_body(response, problem, request, as_bytes=True)
    response.content = content
    mark(response, response.content)
    response.headers[headers.CONTENT_TYPE] = media_type
    response.headers[headers.CONTENT_LENGTH] = str(len(content))
    return response


def make_body(
    response: HttpResponseBase, problem: Problem, request: HttpRequest, *, as_bytes: bool = False
) -> tuple[Any, str]:
    """Set the headers of a problem and return its body, as data or as bytes, and the content type."""
    state = RequestState.of(request)
    try:
        return _formatted(response, problem, request, state, as_bytes=as_bytes)
    except Exception:  # a value or a format of somebody else must never hide the error that it was to show
        logger.exception("An error answer could not be made; one without the words of its raise site was sent")
    problem = _without_values(problem)
    try:
        return _formatted(response, problem, request, state, as_bytes=as_bytes)
    except Exception:  # the same
        logger.exception("An error answer could not be made; a fixed one was sent")
    format_: Format = _NESTED
    with suppress(Exception):  # what has just failed may be asked here again: it must never fail twice
        format_ = formats.get(state.format_name or conf.FORMAT)
        _set_fixed_headers(response, problem, request, state)
    _set_own_headers(response, problem, state)
    response.__dict__.pop(LANGUAGE, None)  # of an attempt that failed after its texts were made
    response.headers.pop(headers.CONTENT_LANGUAGE, None)
    body, content, media_type = formats.fallback(format_, problem, response.status_code, renderer.render)
    return content if as_bytes else body, media_type


def _formatted(
    response: HttpResponseBase, problem: Problem, request: HttpRequest, state: RequestState, *, as_bytes: bool
) -> tuple[Any, str]:
    format_ = formats.get(state.format_name or negotiation.format_name(request, state) or conf.FORMAT)
    if problem.errors or problem.param:
        problem = _name_members(problem, format_, request, state)
    clients_language = negotiation.language_for(request, state)
    language = format_.language or clients_language
    prepared = prepared_answer(problem, format_, language, request, state)
    docs_base = negotiation.docs_base(request, state.conf, clients_language)
    written: tuple[Any, str] | None = prepared.body_for(problem) if as_bytes else None
    if written is None:
        entry = prepared.resolved.linked(docs_base)
        with override_language(language):  # of lazy texts; above LocaleMiddleware that of the request before is active
            body = formats.bounded(format_, problem, entry, renderer.render)[as_bytes]
            written = body, formats.content_language(format_, problem, entry, language)
    _set_fixed_headers(response, problem, request, state)
    _set_text_headers(response, prepared, docs_base, written[1])
    for name, value in format_.headers.items():
        set_header(response, name, value)
    return written[0], format_.media_type


def _without_values(problem: Problem) -> Problem:
    """Return the problem of a code, a status and a request, which cannot fail: what a raise site gave is left out."""
    is_validation = problem.code == "VALIDATION_FAILED"
    errors = (FieldError(code="invalid", message=""),) if is_validation else ()
    return Problem(
        code=problem.code,
        status=problem.status,
        errors=errors,
        errors_total=len(errors),
        retry_after=problem.retry_after,
        headers=problem.headers,
        request_id=problem.request_id,
    )


def _name_members(problem: Problem, format_: Format, request: HttpRequest, state: RequestState) -> Problem:
    """Return a problem with names as the client spells them, and with the errors that the format writes."""
    if not isinstance(format_, formats.OAuth2):  # RFC 6749 names its parameters itself
        renderers = negotiation.renderer_classes(request)
        problem = spelling.respelled(problem, spelling.case_for(state.conf.CASE, renderers))
    return format_.about(problem) if problem.errors else problem


def _set_fixed_headers(response: HttpResponseBase, problem: Problem, request: HttpRequest, state: RequestState) -> None:
    """Set the headers that need neither texts nor a format."""
    written = response.headers
    for name, value in problem.headers.items():
        if name.lower() not in headers.FRAMING:
            set_header(response, name, value)
    _set_own_headers(response, problem, state)
    seconds, there = problem.retry_after, written.get(headers.RETRY_AFTER)
    if there is not None:
        seconds = headers.retry_after(there) or seconds
        del written[headers.RETRY_AFTER]
    if seconds is not None:
        written[headers.RETRY_AFTER] = str(seconds)
    if problem.status == HTTPStatus.UNAUTHORIZED or problem.code == "INSUFFICIENT_SCOPE":
        _set_challenge(response, problem, request)
    if problem.status == HTTPStatus.METHOD_NOT_ALLOWED and headers.ALLOW not in written:
        written[headers.ALLOW] = negotiation.allowed_methods(request)
    if problem.code == "RATE_LIMITER_UNAVAILABLE":
        # The breaker says once that the store is down; Django would mail it for each request.
        mark_as_logged(response)


def _set_own_headers(response: HttpResponseBase, problem: Problem, state: RequestState) -> None:
    """Set the headers that every error has, and mark the response as written."""
    written = response.headers
    written[headers.X_ERROR_CODE] = state.code = problem.code
    written[headers.X_REQUEST_ID] = problem.request_id
    written[headers.CONTENT_TYPE_OPTIONS] = "nosniff"
    if "no-store" not in written.get(headers.CACHE_CONTROL, ""):
        written[headers.CACHE_CONTROL] = "no-store"
    response.__dict__[_PROBLEM] = problem


def _set_text_headers(response: HttpResponseBase, prepared: PreparedAnswer, docs_base: str, spoken: str) -> None:
    """Set the headers that the catalog and the format decide; ``spoken`` are the languages of the body."""
    written = response.headers
    response.__dict__[LANGUAGE] = spoken
    if spoken:
        written[headers.CONTENT_LANGUAGE] = spoken
    elif headers.CONTENT_LANGUAGE in written:
        del written[headers.CONTENT_LANGUAGE]
    url = prepared.resolved.doc_url(docs_base)
    if url:
        link, there = f'<{iri_to_uri(url)}>; rel="help"', written.get(headers.LINK)
        if there is None or link not in there:
            set_header(response, headers.LINK, f"{there}, {link}" if there else link)
    vary = written.get(headers.VARY)
    if vary is None and prepared.vary:
        written[headers.VARY] = ", ".join(prepared.vary)
    elif vary == "Accept" and prepared.vary == ("Accept-Language",):
        written[headers.VARY] = "Accept, Accept-Language"  # of nearly every DRF view: spares regular expressions
    elif prepared.vary:
        patch_vary_headers(response, prepared.vary)


def set_header(response: HttpResponseBase, name: str, value: str) -> None:
    """Set a header, or leave out and log one that a server would refuse: its value is not printable ASCII.

    It may quote the client, with a line break.
    """
    name, text = str(name), str(value)
    if headers.is_printable(name, text):
        response.headers[name] = text
    else:
        response.headers.pop(name)
        logger.error("The header %.200r of an error cannot be sent and was left out", name)


def _set_challenge(response: HttpResponseBase, problem: Problem, request: HttpRequest) -> None:
    challenge = response.headers.get(headers.WWW_AUTHENTICATE)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        sent = request.META.get("HTTP_AUTHORIZATION", "")
        is_of_client = problem.code == "OAUTH_INVALID_CLIENT"
        default = headers.challenge_for_client(sent, conf.CHALLENGE) if is_of_client else conf.CHALLENGE
        challenge = headers.challenge_for_token(sent, challenge or default)
    else:
        challenge = challenge or headers.challenge_for_scope(problem.params.get("scope"))
    set_header(response, headers.WWW_AUTHENTICATE, challenge)
    if problem.status == HTTPStatus.UNAUTHORIZED and headers.WWW_AUTHENTICATE not in response.headers:
        response.headers[headers.WWW_AUTHENTICATE] = Settings.CHALLENGE.default  # RFC 9110, 15.5.2: there is always one


def mark_as_logged(response: HttpResponseBase) -> None:
    """Keep Django from logging a response, and from mailing it to the admins."""
    response.__dict__["_has_been_logged"] = True


def _replacement(response: HttpResponseBase) -> HttpResponse:
    # Never response.close(): it sends request_finished while the request still runs.
    replacement = HttpResponse(status=response.status_code)
    replacement.headers = response.headers
    replacement.cookies = response.cookies
    for name in ("_resource_closers", "_has_been_logged"):
        if name in response.__dict__:
            replacement.__dict__[name] = response.__dict__[name]
    return replacement
