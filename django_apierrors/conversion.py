"""From what went wrong to a Problem: exceptions, and responses that are finished."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core import exceptions as django_exceptions
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions as drf_exceptions
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.fields import get_error_detail

from . import catalog, classification, headers
from .conf import conf
from .exceptions import ApiError
from .leaves import field_errors, leaves
from .limits import blamed, violated, wait
from .problems import FieldError, Problem
from .request_id import request_id
from .templating import clean

logger = logging.getLogger("django_apierrors")

# Of what an ApiError says about one value, which may quote the client.
_LONGEST_PARAM = 500
_LONGEST_MESSAGE = 500


def from_exception(exc: BaseException, request: HttpRequest | None, code: str, status: int) -> Problem:
    """Return the problem that an exception means, with the code and status of ``classification.classify``."""
    try:
        return _from_exception(exc, request, code, status)
    except Exception:  # as in classify: code and status must never be lost with the text
        logger.exception("An exception of type %s could not be read", type(exc).__qualname__)
        if code == "VALIDATION_FAILED":
            return from_detail([], request, code, status)
        return _problem(code, request, status=status)


def _from_exception(exc: BaseException, request: HttpRequest | None, code: str, status: int) -> Problem:
    if isinstance(exc, ApiError):
        return _from_api_error(exc, request, code, status)
    if isinstance(exc, django_exceptions.ValidationError):
        return from_detail(get_error_detail(exc), request, code, status)
    if isinstance(exc, (Ratelimited, drf_exceptions.Throttled)):
        return _from_limits(exc, request, code, status)
    if not isinstance(exc, APIException):
        return _problem(code, request, status=status)
    if isinstance(exc, drf_exceptions.NotAuthenticated) and code == "AUTH_KEY_NOT_FOUND" and _has_token(request):
        code = "AUTH_KEY_INVALID"  # an authenticator may pass over a token that it does not accept
    detail = getattr(exc, "detail", None)
    seconds = headers.retry_after(getattr(exc, "wait", None))
    if isinstance(exc, drf_exceptions.ValidationError) and detail is None:
        detail = []
    if isinstance(exc, drf_exceptions.ValidationError) or isinstance(detail, (list, tuple, dict)):
        return from_detail(detail, request, code, status, retry_after=seconds)
    message = str(detail or "")
    if isinstance(exc, drf_exceptions.ParseError):
        message = message[:200]  # may quote the client: a charset, a position
    return _problem(code, request, status=status, message=message, retry_after=seconds)


def _from_limits(exc: Exception, request: HttpRequest | None, code: str, status: int) -> Problem:
    """Return the problem of a limit: with the policies and the wait, where those are known."""
    # DRF's exception carries only a wait, the longest of all throttles; what ours counted stands in the request.
    usages = violated(getattr(exc, "usages", None) or blamed(request))
    retry_after = headers.retry_after(getattr(exc, "wait", None)) or wait(usages)
    details = {"retry_after": retry_after, "violated_policies": [usage.policy for usage in usages]} if usages else None
    return _problem(code, request, status=status, details=details, retry_after=retry_after)


def from_detail(
    detail: Any, request: HttpRequest | None, code: str, status: int, retry_after: int | None = None
) -> Problem:
    """Return the problem that a DRF error detail (nested lists, dicts, ErrorDetails) means."""
    if not catalog.current().passes_detail(code):
        return _problem(code, request, status=status, retry_after=retry_after)
    errors, total = field_errors(detail, in_query=_is_in_query(request), most=conf.MAX_ERRORS)
    first = errors[0]
    single = total == 1
    message = (
        first.message if single and not (first.path and code in ("VALIDATION_FAILED", "PARAM_NOT_FOUND")) else None
    )
    return _problem(
        code,
        request,
        status=status,
        message=message,
        param=first.param if single and first.path else None,
        params=first.params if single else {},
        errors=errors,
        errors_total=total,
        retry_after=retry_after,
    )


def _has_token(request: HttpRequest | None) -> bool:
    return request is not None and headers.has_bearer_token(request.META.get("HTTP_AUTHORIZATION", ""))


def _is_in_query(request: HttpRequest | None) -> bool:
    """Tell whether the values of a request stand in its query string: it has no body."""
    return request is not None and request.method in ("GET", "HEAD")


def is_error_detail(data: Any) -> bool:
    """Tell whether data has leaves and all of them are DRF's ``ErrorDetail``."""
    found = False
    for _path, leaf in leaves(data):
        if not isinstance(leaf, ErrorDetail):
            return False
        found = True
    return found


def from_response(request: HttpRequest, response: HttpResponseBase, *, names_html: bool) -> Problem | None:
    """Return the problem that a finished 4xx or 5xx means, ``None`` to leave it as it is.

    ``names_html`` says that the client asked for ``text/html`` by name. Left alone are bodies
    of deliberate types (JSON, images, ...) and pages that a view returned to such a client.
    """
    exc = remembered(request)
    if exc is not None and not _is_djangos_answer(response, exc):
        exc = None  # process_exception of another middleware answered it
    made_by_django = exc is not None or request.resolver_match is None or getattr(response, "_has_been_logged", False)
    if not _is_empty(response):
        content_type = response.headers.get(headers.CONTENT_TYPE, "").partition(";")[0].strip().lower()
        if content_type not in ("", "text/html", "text/plain"):
            return None
        negotiated = hasattr(response, "data")  # DRF chose this type with the client
        if not made_by_django and (names_html or negotiated):
            return None
    if exc is not None:
        return from_exception(exc, request, *classification.classify(exc))
    return _from_status(request, response, made_by_django)


def _is_djangos_answer(response: HttpResponseBase, exc: BaseException) -> bool:
    # Django logs its answer to every exception at once, but for a 404.
    return getattr(response, "_has_been_logged", False) or (
        isinstance(exc, Http404) and response.status_code == HTTPStatus.NOT_FOUND
    )


def _is_empty(response: HttpResponseBase) -> bool:
    return not response.streaming and not getattr(response, "content", b"")


def _from_status(request: HttpRequest, response: HttpResponseBase, made_by_django: bool) -> Problem:
    status = response.status_code
    if made_by_django and status == HTTPStatus.NOT_FOUND and request.resolver_match is None:
        return _problem("ENDPOINT_NOT_FOUND", request)
    if made_by_django and status == HTTPStatus.BAD_REQUEST and _is_oversized_form(request):
        return _problem("PAYLOAD_TOO_LARGE", request)
    code = catalog.current().code_for_status(status)
    if status == HTTPStatus.UNAUTHORIZED and request.META.get("HTTP_AUTHORIZATION"):
        code = "AUTH_KEY_INVALID"
    seconds = headers.retry_after(response.headers.get(headers.RETRY_AFTER))
    return _problem(code, request, status=status, retry_after=seconds)


def _is_oversized_form(request: HttpRequest) -> bool:
    # CsrfViewMiddleware reads the form in process_view, whose exceptions nobody is shown.
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_form = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
    return limit is not None and is_form and str(length).isdigit() and int(length) > limit


def unauthorized(request: HttpRequest) -> Problem:
    """Return the problem of a request that was sent to a login page."""
    return _problem("AUTH_KEY_NOT_FOUND", request)


def with_code(code: str, request: HttpRequest | None, **fields: Any) -> Problem:
    """Return a problem of a code that no exception brought, with further fields of ``Problem``."""
    return _problem(code, request, **fields)


def remember(request: HttpRequest, exc: BaseException) -> None:
    """Keep an exception until the response is finished."""
    request._apierrors_exception = exc  # type: ignore[attr-defined]


def remembered(request: HttpRequest) -> BaseException | None:
    """Return the exception that was kept for a request."""
    return getattr(request, "_apierrors_exception", None)


def forget(request: HttpRequest) -> None:
    """Let go of the exception: its traceback holds every frame of the request."""
    request.__dict__.pop("_apierrors_exception", None)


def _from_api_error(exc: ApiError, request: HttpRequest | None, code: str, status: int) -> Problem:
    errors: tuple[FieldError, ...] = ()
    param = None if exc.param is None else clean(str(exc.param), _LONGEST_PARAM)
    if code in ("PARAM_NOT_FOUND", "VALIDATION_FAILED"):
        leaf_code = "required" if code == "PARAM_NOT_FOUND" else "invalid"
        message = clean(str(exc.message or ""), _LONGEST_MESSAGE)
        path = tuple(param.split(".")) if param else ()
        errors = (FieldError(path=path, code=leaf_code, message=message, in_query=_is_in_query(request)),)
    return _problem(
        code,
        request,
        status=status,
        message=exc.message,
        details=exc.details,
        params={"param": param, **exc.params},
        param=param,
        errors=errors,
        errors_total=len(errors),
        retry_after=headers.retry_after(exc.retry_after),
        headers=exc.headers,
    )


def _problem(
    code: str,
    request: HttpRequest | None,
    *,
    status: int | None = None,
    params: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Problem:
    """Build a problem, with the catalog's status and the placeholder values the request gives."""
    implied = _IMPLIED_PARAMS.get(code)
    values = dict(params or {})
    if implied is not None and request is not None:
        values = {**implied(request), **values}
    if fields.get("retry_after") is not None:
        values.setdefault("retry_after", fields["retry_after"])
    status = status or catalog.current().status(code) or HTTPStatus.INTERNAL_SERVER_ERROR
    return Problem(code=code, status=status, request_id=request_id(request), params=values, **fields)


_IMPLIED_PARAMS: dict[str, Callable[[HttpRequest], dict[str, Any]]] = {
    "METHOD_NOT_ALLOWED": lambda request: {"method": request.method},
    "UNSUPPORTED_MEDIA_TYPE": lambda request: {"media_type": request.content_type or None},
}
