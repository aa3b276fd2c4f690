"""The mapping of exceptions to error codes: one table, and what each kind of exception says."""

from __future__ import annotations

import logging
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django_exceptions
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404, HttpRequest
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions as drf_exceptions
from rest_framework.exceptions import APIException, ErrorDetail

from . import catalog, codes, headers
from .client_errors import log_client_error
from .error_details import text_code
from .exception_codes import configured_code
from .exception_facts import (
    DRF_CODES,
    Facts,
    Mapped,
    check_params,
    known_code,
    read_api_error,
    read_crash,
    read_detail,
    read_django_validation,
    read_origin,
    read_validation,
    registered_code,
)
from .exceptions import ApiError, RaiseSiteError
from .problems import FieldError, Problem
from .request_id import request_id
from .request_state import RequestState
from .sound_values import attribute, sound_status, sound_text
from .usage import exceeded, longest_wait

logger = logging.getLogger("django_apierrors")

# Reads an attribute of an exception: (exception, name, default) -> value.
_Read = Callable[..., Any]

# The characters of DRF's text about a body, which may quote the client.
_LONGEST_PARSE_ERROR = 200


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
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return True
    # Django writes the text of the latter into its record, and fails where there is none.
    return isinstance(exc, _LOGGED_BY_DJANGO) and sound_text(exc, "text") is not None


def _read(exc: BaseException, request: HttpRequest, state: RequestState) -> Facts:
    facts, row = Facts(), EXCEPTION_TABLE.get(type(exc)) or _row_of_base(type(exc))
    try:
        table = state.conf.EXCEPTIONS
        if table:
            code = configured_code(exc, table)
            facts.code = "" if code is None else known_code(code, None)
        if row is not None:
            row.read(exc, facts, request, row)
        elif not facts.code:
            read_crash(exc, facts, request)
        is_chosen = row is None or facts.code != row.code  # the codes of the table need no values
        if is_chosen and not (facts.message and catalog.current().passes_detail(facts.code)):
            check_params(facts.code, facts.params)
    except RaiseSiteError:
        raise
    except Exception:  # an exception class of somebody else must never hide what happened
        logger.exception("An exception of type %s could not be read", type(exc).__qualname__)
        if row is not None and not facts.code:  # it was raised on purpose
            facts.code = row.code or codes.code_for_status(_status(exc, row, attribute))
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


def _row_of_base(exc_type: type[BaseException]) -> Mapped | None:
    return next((EXCEPTION_TABLE[cls] for cls in exc_type.__mro__ if cls in EXCEPTION_TABLE), None)


def _status(exc: BaseException, row: Mapped, read: _Read, *, is_of_class: bool = False) -> int:
    """Return the status of an exception, of its class where that of the instance is unsound, else of the row."""
    for source in (type(exc), row.type) if is_of_class else (exc, type(exc), row.type):
        status = read(source, "status_code", None)
        if not (type(status) is int and 400 <= status <= 599):  # nearly all are
            status = sound_status(status)
        if status is not None:
            return int(status)
    return 500


# What each kind of exception says


def _read_nothing(exc: BaseException, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    facts.code = facts.code or row.code


def _read_drf(exc: APIException, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    # What an exception of DRF itself holds can be read, whatever it is.
    read: _Read = getattr if type(exc) in EXCEPTION_TABLE else attribute
    detail = read(exc, "detail", None)
    if not facts.code:
        _read_drf_code(exc, detail, facts, row, read)
    is_403 = isinstance(exc, _UNAUTHENTICATED) and sound_status(read(exc, "status_code", None)) == HTTPStatus.FORBIDDEN
    if is_403 and RequestState.of(request).conf.UNAUTHENTICATED == "drf":
        facts.status = HTTPStatus.FORBIDDEN
    is_without_key = facts.code == "AUTH_KEY_NOT_FOUND" and isinstance(exc, drf_exceptions.NotAuthenticated)
    if is_without_key and headers.has_bearer_token(request.META.get("HTTP_AUTHORIZATION", "")):
        # An authenticator may pass over a token that it does not accept.
        facts.status = facts.status or catalog.current().status(facts.code)
        facts.code = "AUTH_KEY_INVALID"
    wait = read(exc, "wait", None)
    if wait is not None:
        facts.retry_after = headers.retry_after(wait)
    if isinstance(detail, (list, tuple, dict)):
        read_detail(detail, facts, request, exc=exc)
    else:
        facts.message = str(detail) if type(detail) is ErrorDetail else sound_text(detail, "detail") or ""
        if facts.message != read(exc, "default_detail", ""):
            read_origin(exc, facts)
        if isinstance(exc, drf_exceptions.ParseError):
            facts.message = str(facts.message)[:_LONGEST_PARSE_ERROR]
            param = sound_text(read(exc, "param", None), "param")  # of our parsers
            facts.param = str(param)[:_LONGEST_PARSE_ERROR] if param else None


def _read_drf_code(exc: APIException, detail: Any, facts: Facts, row: Mapped, read: _Read) -> None:
    of_detail = detail.code if type(detail) is ErrorDetail else attribute(detail, "code")
    facts.reason = of_detail if type(of_detail) is str and of_detail in DRF_CODES else text_code(of_detail)
    for code in (of_detail, read(exc, "default_code", None)):
        # Most codes are those that DRF gives when the raise site gives none.
        if not (type(code) is str and code in DRF_CODES):
            facts.code = registered_code(code)
            if facts.code:
                return
    # DRF writes 403 on the instance of an authentication error without a challenge.
    status = _status(exc, row, read, is_of_class=row.code in ("AUTH_KEY_NOT_FOUND", "AUTH_KEY_INVALID"))
    if row.code and row.type.status_code == status:  # type: ignore[attr-defined]
        is_csrf = row.code == "PERMISSION_DENIED" and isinstance(detail, str) and detail.startswith("CSRF Failed")
        facts.code = "CSRF_FAILED" if is_csrf else row.code
    else:
        facts.code, facts.status = codes.code_for_status(status), status


def _read_protected(exc: Exception, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    if not facts.code:  # EXCEPTIONS does not expect it
        log_client_error(exc, request)
        facts.code = row.code


def _read_http404(exc: Http404, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    facts.code = facts.code or row.code
    read_origin(exc, facts)


def _read_limit(exc: Exception, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    """Read the policies and the wait of a limit, where those are known."""
    if isinstance(exc, APIException):
        detail = attribute(exc, "detail")
        facts.message = sound_text(detail, "detail")
        if not facts.code:
            _read_drf_code(exc, detail, facts, row, attribute)
    facts.code = facts.code or row.code
    # DRF's exception carries only a wait, the longest of all throttles; what ours counted stands in the request.
    facts.retry_after = headers.retry_after(attribute(exc, "wait"))
    usages = exceeded(attribute(exc, "usages") or RequestState.of(request).violations)
    facts.retry_after = facts.retry_after or longest_wait(usages)
    if usages:
        policies = [usage.policy for usage in usages]
        facts.details = {"retry_after": facts.retry_after, "violated_policies": policies}


#: Exception to code and reader, looked up along the MRO, after EXCEPTIONS and the code of the raise site.
EXCEPTION_TABLE: dict[type, Mapped] = {
    row.type: row
    for row in (
        Mapped(ApiError, "", read_api_error),
        Mapped(APIException, "", _read_drf),
        Mapped(drf_exceptions.ParseError, "REQUEST_MALFORMED", _read_drf),
        Mapped(drf_exceptions.ValidationError, "VALIDATION_FAILED", read_validation),
        Mapped(drf_exceptions.NotAuthenticated, "AUTH_KEY_NOT_FOUND", _read_drf),
        Mapped(drf_exceptions.AuthenticationFailed, "AUTH_KEY_INVALID", _read_drf),
        Mapped(drf_exceptions.PermissionDenied, "PERMISSION_DENIED", _read_drf),
        Mapped(drf_exceptions.NotFound, "RESOURCE_NOT_FOUND", _read_drf),
        Mapped(drf_exceptions.MethodNotAllowed, "METHOD_NOT_ALLOWED", _read_drf),
        Mapped(drf_exceptions.NotAcceptable, "NOT_ACCEPTABLE", _read_drf),
        Mapped(drf_exceptions.UnsupportedMediaType, "UNSUPPORTED_MEDIA_TYPE", _read_drf),
        Mapped(drf_exceptions.Throttled, "RATE_TOO_HIGH", _read_limit),
        Mapped(django_exceptions.ValidationError, "VALIDATION_FAILED", read_django_validation),
        Mapped(Ratelimited, "RATE_TOO_HIGH", _read_limit),
        Mapped(django_exceptions.PermissionDenied, "PERMISSION_DENIED", _read_nothing),
        Mapped(Resolver404, "ENDPOINT_NOT_FOUND", _read_nothing),
        Mapped(Http404, "RESOURCE_NOT_FOUND", _read_http404),
        Mapped(django_exceptions.RequestDataTooBig, "PAYLOAD_TOO_LARGE", _read_nothing),
        Mapped(django_exceptions.BadRequest, "INVALID_REQUEST", _read_nothing),
        Mapped(django_exceptions.SuspiciousOperation, "INVALID_REQUEST", _read_nothing),
        Mapped(MultiPartParserError, "REQUEST_MALFORMED", _read_nothing),
        Mapped(ProtectedError, "RESOURCE_CONFLICT", _read_protected),
        Mapped(RestrictedError, "RESOURCE_CONFLICT", _read_protected),
    )
}
_UNAUTHENTICATED = (drf_exceptions.NotAuthenticated, drf_exceptions.AuthenticationFailed)
_LOGGED_BY_DJANGO = (django_exceptions.BadRequest, django_exceptions.SuspiciousOperation, MultiPartParserError)
