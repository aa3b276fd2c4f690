"""From what went wrong to a Problem: exceptions, and responses that are finished."""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core import exceptions as django_exceptions
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.http.response import HttpResponseBase
from django.urls import Resolver404
from django.utils.module_loading import import_string
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions as drf_exceptions
from rest_framework.exceptions import APIException, ErrorDetail
from rest_framework.fields import get_error_detail

from . import catalog, headers
from .conf import conf
from .exceptions import ApiError, UnknownErrorCode
from .faults import is_clients_fault
from .leaves import field_errors, leaves, text_code
from .problems import FieldError, Problem
from .request_id import request_id
from .templating import clean

logger = logging.getLogger("django_apierrors")

#: Looked up along the MRO, after EXCEPTIONS and the code of the raise site.
_CODES: dict[type, str] = {
    drf_exceptions.ParseError: "REQUEST_MALFORMED",
    drf_exceptions.ValidationError: "VALIDATION_FAILED",
    drf_exceptions.NotAuthenticated: "AUTH_KEY_NOT_FOUND",
    drf_exceptions.AuthenticationFailed: "AUTH_KEY_INVALID",
    drf_exceptions.PermissionDenied: "PERMISSION_DENIED",
    drf_exceptions.NotFound: "RESOURCE_NOT_FOUND",
    drf_exceptions.MethodNotAllowed: "METHOD_NOT_ALLOWED",
    drf_exceptions.NotAcceptable: "NOT_ACCEPTABLE",
    drf_exceptions.UnsupportedMediaType: "UNSUPPORTED_MEDIA_TYPE",
    drf_exceptions.Throttled: "RATE_TOO_HIGH",
    django_exceptions.ValidationError: "VALIDATION_FAILED",
    Ratelimited: "RATE_TOO_HIGH",
    django_exceptions.PermissionDenied: "PERMISSION_DENIED",
    Resolver404: "ENDPOINT_NOT_FOUND",
    Http404: "RESOURCE_NOT_FOUND",
    django_exceptions.RequestDataTooBig: "PAYLOAD_TOO_LARGE",
    django_exceptions.BadRequest: "INVALID_REQUEST",
    django_exceptions.SuspiciousOperation: "INVALID_REQUEST",
    MultiPartParserError: "REQUEST_MALFORMED",
    ProtectedError: "RESOURCE_CONFLICT",
    RestrictedError: "RESOURCE_CONFLICT",
}
#: The codes DRF gives when the raise site gives none; some are spelled like ours.
_NOT_GIVEN = {cls.default_code for cls in (APIException, *_CODES) if issubclass(cls, APIException)}
_LOGGED_BY_DJANGO = (
    django_exceptions.BadRequest,
    django_exceptions.SuspiciousOperation,
    MultiPartParserError,
)
_unknown_codes: set[str] = set()
# Of what an ApiError says about one value, which may quote the client.
_LONGEST_PARAM = 500
_LONGEST_MESSAGE = 500


def classify(exc: BaseException) -> tuple[str, int]:
    """Return the code of an exception and the status of its answer.

    The status is the raise site's, else the catalog's. Raises ``UnknownErrorCode`` under
    ``STRICT`` for a code that the catalog does not have.
    """
    try:
        code, status = _classified(exc)
    except UnknownErrorCode:
        raise
    except Exception:  # an exception class of somebody else must never hide what happened
        logger.exception("An exception of type %s could not be read", type(exc).__qualname__)
        code, status = "INTERNAL_SERVER_ERROR", None
    return code, status or catalog.current().status(code) or HTTPStatus.INTERNAL_SERVER_ERROR


def _classified(exc: BaseException) -> tuple[str, int | None]:
    configured = _configured(type(exc))
    if configured is not None:
        return _known(configured, None)
    if isinstance(exc, ApiError):
        return _known(exc.code, exc.status)
    if isinstance(exc, APIException):
        return _classify_drf(exc)
    if isinstance(exc, django_exceptions.ValidationError):
        return _validation_code(get_error_detail(exc)), None
    code = _built_in(type(exc))[0]
    if code is None:
        code = "REQUEST_MALFORMED" if is_clients_fault(exc) else "INTERNAL_SERVER_ERROR"
    return code, None


def is_left_to_django(exc: BaseException, status: int) -> bool:
    """Tell whether Django must log and answer an exception first, wherever it was raised.

    True for anything that is not deliberate and ends in a 5xx, and for the client's faults
    that Django records on ``django.security``; the finished response is rewritten then.
    """
    if isinstance(exc, APIException):
        return False
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(exc, _LOGGED_BY_DJANGO)


def from_exception(exc: BaseException, request: HttpRequest | None, code: str, status: int) -> Problem:
    """Return the problem that an exception means, with the code and status of ``classify``."""
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
    if not isinstance(exc, APIException):
        return _problem(code, request, status=status)
    detail = getattr(exc, "detail", None)
    wait = headers.retry_after(getattr(exc, "wait", None))
    if isinstance(exc, drf_exceptions.ValidationError) and detail is None:
        detail = []
    if isinstance(exc, drf_exceptions.ValidationError) or isinstance(detail, (list, tuple, dict)):
        return from_detail(detail, request, code, status, retry_after=wait)
    message = str(detail or "")
    if isinstance(exc, drf_exceptions.ParseError):
        message = message[:200]  # may quote the client: a charset, a position
    return _problem(code, request, status=status, message=message, retry_after=wait)


def from_detail(
    detail: Any, request: HttpRequest | None, code: str, status: int, retry_after: int | None = None
) -> Problem:
    """Return the problem that a DRF error detail (nested lists, dicts, ErrorDetails) means."""
    if not catalog.current().passes_detail(code):
        return _problem(code, request, status=status, retry_after=retry_after)
    in_query = request is not None and request.method in ("GET", "HEAD")
    errors, total = field_errors(detail, in_query=in_query, most=conf.MAX_ERRORS)
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
        params=detail_params(first) if single else {},
        errors=errors,
        errors_total=total,
        retry_after=retry_after,
    )


def detail_params(error: FieldError) -> dict[str, str]:
    """Return the placeholder values that one field error gives."""
    return {"param": error.param, "detail": error.message} if error.path else {}


def code_for_detail(detail: Any, status: int) -> str:
    """Return the code of an error detail that a view returned with a status."""
    if status == HTTPStatus.BAD_REQUEST:
        return _validation_code(detail)
    return _code_of_single_leaf(detail) or catalog.current().code_for_status(status)


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
        return from_exception(exc, request, *classify(exc))
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
    wait = headers.retry_after(response.headers.get(headers.RETRY_AFTER))
    return _problem(code, request, status=status, retry_after=wait)


def _is_oversized_form(request: HttpRequest) -> bool:
    # CsrfViewMiddleware reads the form in process_view, whose exceptions nobody is shown.
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    length = request.META.get("CONTENT_LENGTH") or "0"
    is_form = request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data")
    return limit is not None and is_form and str(length).isdigit() and int(length) > limit


def unauthorized(request: HttpRequest) -> Problem:
    """Return the problem of a request that was sent to a login page."""
    return _problem("AUTH_KEY_NOT_FOUND", request)


def with_code(code: str, request: HttpRequest | None, status: int | None = None) -> Problem:
    """Return a problem of which nothing but the code is known."""
    return _problem(code, request, status=status)


def remember(request: HttpRequest, exc: BaseException) -> None:
    """Keep an exception until the response is finished; log records may name its code."""
    request._apierrors_exception = exc  # type: ignore[attr-defined]
    with suppress(UnknownErrorCode):  # raised again where the answer is made
        request._apierrors_code = classify(exc)[0]  # type: ignore[attr-defined]


def remembered(request: HttpRequest) -> BaseException | None:
    """Return the exception that was kept for a request."""
    return getattr(request, "_apierrors_exception", None)


def forget(request: HttpRequest) -> None:
    """Let go of the exception: its traceback holds every frame of the request."""
    request.__dict__.pop("_apierrors_exception", None)


def _configured(exc_type: type) -> str | None:
    table = conf.EXCEPTIONS
    if not table:
        return None
    by_type = {_imported(path): code for path, code in table.items()}
    return next((by_type[cls] for cls in exc_type.__mro__ if cls in by_type), None)


@functools.cache
def _imported(path: str) -> type | None:
    try:
        found = import_string(path)
    except ImportError:
        return None  # the system check names it
    return found if isinstance(found, type) else None


def _built_in(exc_type: type) -> tuple[str | None, type | None]:
    for cls in exc_type.__mro__:
        if cls in _CODES:
            return _CODES[cls], cls
    return None, None


def _known(code: str, status: int | None) -> tuple[str, int | None]:
    current = catalog.current()
    if current.status(code) is not None:
        return code, status
    if code:
        if conf.STRICT:
            raise UnknownErrorCode(
                f"Error code {code!r} is not defined. Define it in an api_errors.py of an installed app, "
                "or correct the spelling. (APIERRORS['STRICT'] makes this raise.)"
            )
        if code not in _unknown_codes:
            _unknown_codes.add(code)
            logger.error("Error code %.200r is not defined; the code of its status was sent instead", code)
    return current.code_for_status(status), status


def _classify_drf(exc: APIException) -> tuple[str, int | None]:
    current = catalog.current()
    detail = getattr(exc, "detail", None)
    is_validation = isinstance(exc, drf_exceptions.ValidationError)
    if not is_validation:
        for given in (getattr(detail, "code", None), getattr(exc, "default_code", None)):
            code = _registered(given)
            if code is not None:
                return code, None
    status = _drf_status(exc)
    code, base = _built_in(type(exc))
    if code is None or base is None or base.status_code != status:  # type: ignore[attr-defined]
        return (_code_of_single_leaf(detail) if is_validation else None) or current.code_for_status(status), status
    if is_validation:
        return _validation_code(detail), None
    if code == "PERMISSION_DENIED" and isinstance(detail, str) and detail.startswith("CSRF Failed"):
        return "CSRF_FAILED", None
    return code, None


def _drf_status(exc: APIException) -> int:
    # DRF writes 403 on the instance of an authentication error without a challenge.
    is_auth = isinstance(exc, (drf_exceptions.NotAuthenticated, drf_exceptions.AuthenticationFailed))
    status: Any = type(exc).status_code if is_auth else exc.status_code
    return int(status) if isinstance(status, int) and 400 <= status <= 599 else HTTPStatus.INTERNAL_SERVER_ERROR


def _registered(given: Any) -> str | None:
    if isinstance(given, str) and given in _NOT_GIVEN:
        return None
    code = text_code(given)
    if not code or code in _NOT_GIVEN:
        return None
    code = code.upper()
    return code if catalog.current().status(code) is not None else None


def _code_of_single_leaf(detail: Any) -> str | None:
    found = leaves(detail)
    first, second = next(found, None), next(found, None)
    if first is None or second is not None:
        return None
    return _registered(getattr(first[1], "code", None))


def _validation_code(detail: Any) -> str:
    found = leaves(detail)
    first, second = next(found, None), next(found, None)
    if first is None or second is not None:
        return "VALIDATION_FAILED"
    path, leaf = first
    given = getattr(leaf, "code", None)
    if given == "required" and path:
        return "PARAM_NOT_FOUND"
    return _registered(given) or "VALIDATION_FAILED"


def _from_api_error(exc: ApiError, request: HttpRequest | None, code: str, status: int) -> Problem:
    errors: tuple[FieldError, ...] = ()
    param = None if exc.param is None else clean(exc.param, _LONGEST_PARAM)
    if param is not None and code in ("PARAM_NOT_FOUND", "VALIDATION_FAILED"):
        in_query = request is not None and request.method in ("GET", "HEAD")
        leaf_code = "required" if code == "PARAM_NOT_FOUND" else "invalid"
        message = clean(str(exc.message or ""), _LONGEST_MESSAGE)
        errors = (FieldError(path=tuple(param.split(".")), code=leaf_code, message=message, in_query=in_query),)
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
