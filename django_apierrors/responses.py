"""The only writer of error bodies and error headers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import BadHeaderError, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import APIException
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from . import catalog, classification, conversion, formats, headers, negotiation
from .catalog import Entry
from .codes import phrase
from .conf import conf
from .exceptions import RateTooHigh, UnknownErrorCode
from .formats import Format
from .problems import Problem

logger = logging.getLogger("django_apierrors")

_JSON_TYPES = ("application/json", "application/problem+json")
_json = JSONRenderer()


class ErrorResponse(Response):
    """The answer of DRF's door; its problem and body are made when they are first read.

    That is when the renderer, the language and the final status are known, and it keeps an
    error that nobody renders as cheap as DRF's own.
    """

    def __init__(
        self, exc: BaseException, *, code: str, status: int, request: HttpRequest | None, view: Any = None
    ) -> None:
        """Take the exception, and the code and status that ``classification.classify`` found for it."""
        self._data: Any = None
        super().__init__(status=status, exception=True)
        self._exc: BaseException | None = exc
        self._code = code
        self._http_request = request
        self._view = view
        self._media_type = "application/json"

    @property
    def data(self) -> Any:
        """The body as the format shapes it; what is assigned or changed here is what is sent."""
        if self._data is None and self._exc is not None:
            exc, self._exc = self._exc, None  # its traceback holds this response
            self._data = self._made(exc)
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        self._data = value

    def _made(self, exc: BaseException) -> Any:
        problem = conversion.from_exception(exc, self._http_request, self._code, self.status_code)
        try:
            format_ = formats.get(negotiation.format_name(self._http_request, self._view))
            self._media_type = format_.media_type
            return _like(getattr(exc, "detail", None), _dress(self, problem, self._http_request, format_))
        except Exception:  # a format must never hide the error that it was to show
            return _fixed(self, self._http_request, problem)
        finally:
            self._http_request = self._view = None

    @property
    def rendered_content(self) -> bytes:  # type: ignore[override]
        """The bytes, by the negotiated renderer, or as plain JSON should that one fail."""
        body = self.data
        try:
            _label(self, self._media_type)
            content: bytes = super().rendered_content
            return content
        except Exception:  # e.g. a renderer of PDFs, given an error: the error must never become a 500
            logger.warning("An error was sent as JSON: its renderer failed", exc_info=True)
            self[headers.CONTENT_TYPE] = self._media_type
            return _json.render(body)


def convert(response: Response, problem: Problem, request: HttpRequest) -> None:
    """Put a problem in the place of the data of a DRF response that is not rendered yet."""
    try:
        format_ = formats.get(negotiation.format_name(request))
        response.data = _like(response.data, _dress(response, problem, request, format_))
        _label(response, format_.media_type)
    except Exception:  # a format must never hide the error that it was to show
        response.data = _fixed(response, request, problem)


def write(response: HttpResponseBase, problem: Problem, request: HttpRequest) -> HttpResponse:
    """Write a problem into a finished response and return it.

    Headers and cookies of others stay; what spoke of the old body goes. Only a streaming
    response and a redirect are replaced, by one that takes over all they carry.
    """
    if not isinstance(response, HttpResponse) or 300 <= response.status_code < 400:
        response = _successor(response)
    if response.status_code != problem.status:
        response.status_code = problem.status
        response.reason_phrase = None  # type: ignore[assignment]
    for name in headers.OF_THE_BODY:
        if name != headers.CONTENT_RANGE or response.status_code != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            del response[name]
    return _filled(response, problem, request)


def make(problem: Problem, request: HttpRequest) -> HttpResponse:
    """Return a new response for a problem, where none exists yet."""
    return _filled(HttpResponse(status=problem.status), problem, request)


def make_page(problem: Problem, request: HttpRequest, render: Callable[[Entry], str]) -> HttpResponse:
    """Return a new response with a page for people; ``render`` makes it of the words for the problem."""
    response = HttpResponse(status=problem.status)
    _set_facts(response, problem, request)
    language = negotiation.language_for(request, response)
    entry = catalog.current().entry(problem.code, language)
    _set_language(response, problem, entry)
    response[headers.VARY] = "Accept, Accept-Language" if settings.USE_I18N else "Accept"
    response.content = render(entry)
    response[headers.CONTENT_LENGTH] = str(len(response.content))
    return response


def make_redirect(problem: Problem, request: HttpRequest, url: str) -> HttpResponse:
    """Return a new response that sends the client to a URL, which tells it of a problem."""
    response = HttpResponse(status=HTTPStatus.FOUND, headers={headers.LOCATION: url})
    _set_facts(response, problem, request)
    del response[headers.RETRY_AFTER]  # of a redirect it would be the wait before that (RFC 9110, 10.2.3)
    return response


def is_structured(request: HttpRequest, exc: BaseException | None = None) -> bool:
    """Tell whether errors of a request are ours to write; a deliberate API exception always is."""
    if negotiation.is_left_alone(request):
        return False
    return isinstance(exc, (APIException, RateTooHigh)) or negotiation.is_api_request(request)


def remember(request: HttpRequest, exc: BaseException) -> bool:
    """Keep an exception until the response is finished, and tell whether that will be ours to write.

    If it will, log records of the request name its code from now on.
    """
    conversion.remember(request, exc)
    try:
        is_ours = is_structured(request, exc)
        if is_ours:
            request._apierrors_code = classification.classify(exc)[0]  # type: ignore[attr-defined]
    except UnknownErrorCode:
        return True  # raised again where the answer is made
    except Exception:  # a wrong setting must never hide what happened
        logger.exception("Whose error this is could not be told; it is left to Django")
        return False
    return is_ours


def problem_of(response: HttpResponseBase) -> Problem | None:
    """Return the problem that was written into a response, ``None`` when it is not ours."""
    return getattr(response, "_apierrors_problem", None)


def _filled(response: HttpResponse, problem: Problem, request: HttpRequest) -> HttpResponse:
    try:
        format_ = formats.get(negotiation.format_name(request))
        content = _json.render(_dress(response, problem, request, format_))
        media_type = format_.media_type
    except Exception:  # a format must never hide the error that it was to show
        content = _json.render(_fixed(response, request, problem))
        media_type = "application/json"
    response.content = content
    response[headers.CONTENT_TYPE] = media_type
    response[headers.CONTENT_LENGTH] = str(len(content))
    return response


def _dress(response: HttpResponseBase, problem: Problem, request: HttpRequest | None, format_: Format) -> Any:
    """Set the headers of a problem and return the body that goes with them."""
    problem = format_.about(problem)
    _set_facts(response, problem, request)
    language = format_.language or negotiation.language_for(request, response)
    entry = catalog.current().entry(problem.code, language, negotiation.docs_at(request))
    body = format_.body(problem, entry)
    _set_language(response, problem, entry)
    _set_headers(response, entry, format_, request)
    return body


def _set_headers(response: HttpResponseBase, entry: Entry, format_: Format, request: HttpRequest | None) -> None:
    """Set the headers that the words and the format decide."""
    for name, value in format_.headers.items():
        response[name] = value
    if entry.doc_url:
        link = f'<{entry.doc_url}>; rel="help"'
        response[headers.LINK] = f"{response[headers.LINK]}, {link}" if response.has_header(headers.LINK) else link
    if request is not None:
        _vary(response, format_, request)


def _set_facts(response: HttpResponseBase, problem: Problem, request: HttpRequest | None) -> None:
    """Set the headers that need neither words nor a format, and mark the response as written."""
    for name, value in problem.headers.items():
        try:
            response[name] = value
        except (BadHeaderError, UnicodeError):  # it may quote the client, with a line break
            logger.error("The header %.200r of an error cannot be sent and was left out", name)
    response[headers.X_ERROR_CODE] = problem.code
    response[headers.X_REQUEST_ID] = problem.request_id
    response[headers.CONTENT_TYPE_OPTIONS] = "nosniff"
    if "no-store" not in response.headers.get(headers.CACHE_CONTROL, ""):
        response[headers.CACHE_CONTROL] = "no-store"
    _set_retry_after(response, problem)
    if problem.status == HTTPStatus.UNAUTHORIZED or problem.code == "INSUFFICIENT_SCOPE":
        _set_challenge(response, problem, request)
    if problem.code == "RATE_LIMITER_UNAVAILABLE":
        # The breaker says once that the store is down; Django would mail it for each request.
        response._has_been_logged = True  # type: ignore[attr-defined]
    response._apierrors_problem = problem  # type: ignore[attr-defined]
    if request is not None:
        request._apierrors_code = problem.code  # type: ignore[attr-defined]


def _set_retry_after(response: HttpResponseBase, problem: Problem) -> None:
    wait = headers.retry_after(response.headers.get(headers.RETRY_AFTER)) or problem.retry_after
    if wait is not None:
        response[headers.RETRY_AFTER] = str(wait)
    else:
        del response[headers.RETRY_AFTER]


def _set_challenge(response: HttpResponseBase, problem: Problem, request: HttpRequest | None) -> None:
    challenge = response.headers.get(headers.WWW_AUTHENTICATE)
    if problem.status == HTTPStatus.UNAUTHORIZED:
        sent = "" if request is None else request.META.get("HTTP_AUTHORIZATION", "")
        is_of_client = problem.code == "OAUTH_INVALID_CLIENT"
        default = headers.for_client(sent, conf.CHALLENGE) if is_of_client else conf.CHALLENGE
        challenge = headers.for_token(sent, challenge or default)
    else:
        challenge = challenge or headers.for_scope(problem.params.get("scope"))
    response[headers.WWW_AUTHENTICATE] = challenge


def _set_language(response: HttpResponseBase, problem: Problem, entry: Entry) -> None:
    # Nobody knows the language of an operator's own words.
    if entry.language and not problem.is_final:
        response[headers.CONTENT_LANGUAGE] = entry.language


def _vary(response: HttpResponseBase, format_: Format, request: HttpRequest) -> None:
    if format_.language is None and settings.USE_I18N:
        headers.vary_on(response, "Accept-Language")
    if not negotiation.is_by_place(request):
        headers.vary_on(response, "Accept")


def _label(response: Response, media_type: str) -> None:
    """Give JSON the content type of the format; the browsable API's HTML keeps its own."""
    if response.accepted_renderer.media_type in _JSON_TYPES:
        response.content_type = media_type


def _like(data: Any, body: Any) -> Any:
    """Carry over the serializer by which the browsable API fills in its form again."""
    serializer = getattr(data, "serializer", None)
    return body if serializer is None else ReturnDict(body, serializer=serializer)


def _fixed(response: HttpResponseBase, request: HttpRequest | None, problem: Problem) -> dict[str, Any]:
    """Return the body that needs no words and no format, while an exception of ours is logged."""
    logger.exception("An error answer could not be made; a fixed one was sent")
    _set_facts(response, problem, request)
    status = response.status_code
    return {"error": {"code": problem.code, "httpCode": status, "message": f"{phrase(status)}."}}


def _successor(response: HttpResponseBase) -> HttpResponse:
    # Never response.close(): it sends request_finished while the request still runs.
    successor = HttpResponse(status=response.status_code)
    successor.headers = response.headers
    successor.cookies = response.cookies
    successor._resource_closers = response._resource_closers  # type: ignore[attr-defined]
    successor._has_been_logged = getattr(response, "_has_been_logged", False)  # type: ignore[attr-defined]
    return successor
