"""The mapping of exceptions to error codes: one table, and what each kind of exception says."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core import exceptions as django_exceptions
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404
from django.utils.module_loading import import_string
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions as drf_exceptions
from rest_framework.exceptions import APIException
from rest_framework.fields import get_error_detail

from . import catalog, codes, headers
from .client_errors import is_client_error
from .exception_facts import (
    DRF_CODES,
    Facts,
    check_params,
    known_code,
    read_detail,
    read_origin,
    registered_code,
)
from .exceptions import ApiError, RaiseSiteError
from .problems import FieldError, Problem
from .query_errors import is_in_query
from .request_id import request_id
from .request_state import RequestState
from .text import clean
from .usage import exceeded, longest_wait

logger = logging.getLogger("django_apierrors")

# The characters of an ApiError about one value, and of DRF about a body: both may quote the client.
_LONGEST_TEXT, _LONGEST_PARSE_ERROR = 500, 200


class Mapped(NamedTuple):
    """A row of the table: the exception, its code, and the function that reads the facts."""

    type: type[BaseException]
    code: str
    read: Callable[[Any, Facts, HttpRequest, Mapped], None]


def problem_for(exc: BaseException, request: HttpRequest, state: RequestState) -> Problem:
    """Return the problem that an exception means; an exception is read once for a request.

    The status is that of the raise site, else the catalog's. Raises a ``RaiseSiteError`` under
    ``STRICT`` for a code that the catalog does not have and for a placeholder without a value.
    """
    if state.problem is None or state.exception is not exc:
        problem = _problem(_read(exc, request, state), request, state)
        state.exception, state.problem = exc, problem
    return state.problem


def problem_with_code(code: str, request: HttpRequest, **facts: Any) -> Problem:
    """Return the problem of a code that no exception brought, with further ``Facts``."""
    known = Facts()
    vars(known).update(code=code, **facts)
    return _problem(known, request, RequestState.of(request))


def problem_for_detail(detail: Any, request: HttpRequest, status: int) -> Problem:
    """Return the problem of an error detail (nested lists, dicts, ErrorDetails) that a view returned with a status."""
    facts = Facts()
    facts.status = status
    read_detail(detail, facts, request, "VALIDATION_FAILED" if status == HTTPStatus.BAD_REQUEST else "")
    return _problem(facts, request, RequestState.of(request))


def is_left_to_django(exc: BaseException, status: int) -> bool:
    """Return whether Django must log and answer an exception first, wherever it was raised.

    True for anything that is not deliberate and ends in a 5xx, and for the errors of clients
    that Django records on ``django.security``; the finished response is rewritten then.
    """
    if isinstance(exc, APIException):
        return False
    return status >= HTTPStatus.INTERNAL_SERVER_ERROR or isinstance(exc, _LOGGED_BY_DJANGO)


def _read(exc: BaseException, request: HttpRequest, state: RequestState) -> Facts:
    facts = Facts()
    try:
        table = state.conf.EXCEPTIONS
        if table:
            facts.code = _configured_code(type(exc), table)
        row = _row(type(exc))
        if row is not None:
            row.read(exc, facts, request, row)
        elif not facts.code:
            facts.code = "REQUEST_MALFORMED" if is_client_error(exc) else "INTERNAL_SERVER_ERROR"
        is_chosen = row is None or facts.code != row.code  # the codes of the table need no values
        if is_chosen and not (facts.message and catalog.current().passes_detail(facts.code)):
            check_params(facts.code, facts.params)
    except RaiseSiteError:
        raise
    except Exception:  # an exception class of somebody else must never hide what happened
        logger.exception("An exception of type %s could not be read", type(exc).__qualname__)
        facts.code = facts.code or "INTERNAL_SERVER_ERROR"
        if facts.code == "VALIDATION_FAILED" and not facts.errors:
            facts.errors, facts.errors_total = (FieldError(code="invalid", message=""),), 1
    return facts


def _problem(facts: Facts, request: HttpRequest, state: RequestState) -> Problem:
    """Return the problem of some facts, with the catalog's status and the placeholder values that the request gives."""
    params, code = facts.params, facts.code
    if code == "METHOD_NOT_ALLOWED":
        params = {"method": request.method, **params}
    elif code == "UNSUPPORTED_MEDIA_TYPE":
        params = {"media_type": request.content_type or None, **params}
    if facts.retry_after is not None:
        params = {"retry_after": facts.retry_after, **params}
    problem = object.__new__(Problem)  # its __init__ pays for each field, because it is frozen
    vars(problem).update(vars(facts))
    vars(problem).update(
        status=facts.status or catalog.current().status(code) or 500,
        params=params,
        headers=facts.headers,
        request_id=request_id(request, state),
    )
    return problem


def _configured_code(exc_type: type[BaseException], table: Mapping[str, str]) -> str:
    by_type = {_imported(path): code for path, code in table.items()}
    code = next((by_type[cls] for cls in exc_type.__mro__ if cls in by_type), None)
    return "" if code is None else known_code(code, None)


def _imported(path: str) -> type | None:
    try:
        found = import_string(path)
    except Exception:  # the system check names it; no error may fail for want of it
        return None
    return found if isinstance(found, type) else None


def _row(exc_type: type[BaseException]) -> Mapped | None:
    return EXCEPTION_TABLE.get(exc_type) or next(
        (EXCEPTION_TABLE[cls] for cls in exc_type.__mro__ if cls in EXCEPTION_TABLE), None
    )


def _sound_status(status: Any) -> int:
    return int(status) if isinstance(status, int) and 400 <= status <= 599 else 500


# What each kind of exception says


def _read_nothing(exc: BaseException, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    facts.code = facts.code or row.code


def _read_api_error(exc: ApiError, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    if not facts.code:
        facts.status = exc.status if isinstance(exc.status, int) and 400 <= exc.status <= 599 else None
        facts.code = known_code(exc.code, facts.status, exc.own_code)
    facts.param = None if exc.param is None else clean(str(exc.param), _LONGEST_TEXT)
    facts.in_query = is_in_query(request) if exc.in_query is None else bool(exc.in_query)
    facts.message, facts.details = exc.message, exc.details
    facts.params = {"param": facts.param, **exc.params}
    facts.retry_after = headers.retry_after(exc.retry_after)
    facts.headers = exc.headers
    if facts.code in ("PARAM_NOT_FOUND", "VALIDATION_FAILED"):
        error = FieldError(
            path=tuple(facts.param.split(".")) if facts.param else (),
            code="required" if facts.code == "PARAM_NOT_FOUND" else "invalid",
            message=clean(str(exc.message or ""), _LONGEST_TEXT),
            in_query=facts.in_query,
        )
        facts.errors, facts.errors_total = (error,), 1


def _read_drf(exc: APIException, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    detail = getattr(exc, "detail", None)
    if not facts.code:
        _read_drf_code(exc, detail, facts, row)
    is_403 = exc.status_code == HTTPStatus.FORBIDDEN and isinstance(exc, _UNAUTHENTICATED)
    if is_403 and RequestState.of(request).conf.UNAUTHENTICATED == "drf":
        facts.status = HTTPStatus.FORBIDDEN
    is_without_key = facts.code == "AUTH_KEY_NOT_FOUND" and isinstance(exc, drf_exceptions.NotAuthenticated)
    if is_without_key and headers.has_bearer_token(request.META.get("HTTP_AUTHORIZATION", "")):
        # An authenticator may pass over a token that it does not accept.
        facts.status = facts.status or catalog.current().status(facts.code)
        facts.code = "AUTH_KEY_INVALID"
    wait = getattr(exc, "wait", None)
    if wait is not None:
        facts.retry_after = headers.retry_after(wait)
    if isinstance(detail, (list, tuple, dict)):
        read_detail(detail, facts, request, exc=exc)
    else:
        facts.message = str(detail or "")
        if facts.message != exc.default_detail:
            read_origin(exc, facts)
        if isinstance(exc, drf_exceptions.ParseError):
            facts.message = facts.message[:_LONGEST_PARSE_ERROR]


def _read_drf_code(exc: APIException, detail: Any, facts: Facts, row: Mapped) -> None:
    for code in (getattr(detail, "code", None), getattr(exc, "default_code", None)):
        # Most codes are those that DRF gives when the raise site gives none.
        if not (type(code) is str and code in DRF_CODES):
            facts.code = registered_code(code)
            if facts.code:
                return
    # DRF writes 403 on the instance of an authentication error without a challenge.
    is_auth = row.code in ("AUTH_KEY_NOT_FOUND", "AUTH_KEY_INVALID")
    status = _sound_status(type(exc).status_code if is_auth else exc.status_code)
    if row.code and row.type.status_code == status:  # type: ignore[attr-defined]
        is_csrf = row.code == "PERMISSION_DENIED" and isinstance(detail, str) and detail.startswith("CSRF Failed")
        facts.code = "CSRF_FAILED" if is_csrf else row.code
    else:
        facts.code, facts.status = codes.code_for_status(status), status


def _read_validation(exc: drf_exceptions.ValidationError, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    status = _sound_status(exc.status_code)
    is_plain = status == HTTPStatus.BAD_REQUEST
    if not is_plain and not facts.code:
        facts.status = status
    detail = getattr(exc, "detail", None)
    facts.retry_after = headers.retry_after(getattr(exc, "wait", None))
    read_detail([] if detail is None else detail, facts, request, row.code if is_plain else "", exc)


def _read_django_validation(
    exc: django_exceptions.ValidationError, facts: Facts, request: HttpRequest, row: Mapped
) -> None:
    if not facts.code:  # EXCEPTIONS does not expect it
        told = "A ValidationError of Django that no serializer or form handled was answered"
        logger.warning(told, exc_info=exc, extra={"request": request})
    configured, facts.code = facts.code, facts.code or row.code  # whatever its texts do
    detail, facts.code = get_error_detail(exc), configured
    read_detail(detail, facts, request, row.code, exc)


def _read_http404(exc: Http404, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    facts.code = facts.code or row.code
    read_origin(exc, facts)


def _read_limit(exc: Exception, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    """Read the policies and the wait of a limit, where those are known."""
    if isinstance(exc, APIException) and not facts.code:
        _read_drf_code(exc, getattr(exc, "detail", None), facts, row)
    facts.code = facts.code or row.code
    # DRF's exception carries only a wait, the longest of all throttles; what ours counted stands in the request.
    usages = exceeded(getattr(exc, "usages", None) or RequestState.of(request).violations)
    facts.retry_after = headers.retry_after(getattr(exc, "wait", None)) or longest_wait(usages)
    if usages:
        policies = [usage.policy for usage in usages]
        facts.details = {"retry_after": facts.retry_after, "violated_policies": policies}


#: Exception to code and reader, looked up along the MRO, after EXCEPTIONS and the code of the raise site.
EXCEPTION_TABLE: dict[type, Mapped] = {
    row.type: row
    for row in (
        Mapped(ApiError, "", _read_api_error),
        Mapped(APIException, "", _read_drf),
        Mapped(drf_exceptions.ParseError, "REQUEST_MALFORMED", _read_drf),
        Mapped(drf_exceptions.ValidationError, "VALIDATION_FAILED", _read_validation),
        Mapped(drf_exceptions.NotAuthenticated, "AUTH_KEY_NOT_FOUND", _read_drf),
        Mapped(drf_exceptions.AuthenticationFailed, "AUTH_KEY_INVALID", _read_drf),
        Mapped(drf_exceptions.PermissionDenied, "PERMISSION_DENIED", _read_drf),
        Mapped(drf_exceptions.NotFound, "RESOURCE_NOT_FOUND", _read_drf),
        Mapped(drf_exceptions.MethodNotAllowed, "METHOD_NOT_ALLOWED", _read_drf),
        Mapped(drf_exceptions.NotAcceptable, "NOT_ACCEPTABLE", _read_drf),
        Mapped(drf_exceptions.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", _read_drf),
        Mapped(drf_exceptions.Throttled, "RATE_TOO_HIGH", _read_limit),
        Mapped(django_exceptions.ValidationError, "VALIDATION_FAILED", _read_django_validation),
        Mapped(Ratelimited, "RATE_TOO_HIGH", _read_limit),
        Mapped(django_exceptions.PermissionDenied, "PERMISSION_DENIED", _read_nothing),
        Mapped(Resolver404, "ENDPOINT_NOT_FOUND", _read_nothing),
        Mapped(Http404, "RESOURCE_NOT_FOUND", _read_http404),
        Mapped(django_exceptions.RequestDataTooBig, "PAYLOAD_TOO_LARGE", _read_nothing),
        Mapped(django_exceptions.BadRequest, "INVALID_REQUEST", _read_nothing),
        Mapped(django_exceptions.SuspiciousOperation, "INVALID_REQUEST", _read_nothing),
        Mapped(MultiPartParserError, "REQUEST_MALFORMED", _read_nothing),
        Mapped(ProtectedError, "RESOURCE_CONFLICT", _read_nothing),
        Mapped(RestrictedError, "RESOURCE_CONFLICT", _read_nothing),
    )
}
_UNAUTHENTICATED = (drf_exceptions.NotAuthenticated, drf_exceptions.AuthenticationFailed)
_LOGGED_BY_DJANGO = (django_exceptions.BadRequest, django_exceptions.SuspiciousOperation, MultiPartParserError)
