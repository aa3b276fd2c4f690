"""From an exception, or the error detail of DRF, to a code and the status of its answer."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.core import exceptions as django_exceptions
from django.db.models import ProtectedError, RestrictedError
from django.http import Http404
from django.http.multipartparser import MultiPartParserError
from django.urls import Resolver404
from django.utils.module_loading import import_string
from django_ratelimit.exceptions import Ratelimited
from rest_framework import exceptions as drf_exceptions
from rest_framework.exceptions import APIException
from rest_framework.fields import get_error_detail

from . import catalog
from .conf import conf
from .exceptions import ApiError, UnknownErrorCode
from .faults import is_clients_fault
from .leaves import leaves, text_code

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
        return _known(exc.code, _sound(exc.status))
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


def code_for_detail(detail: Any, status: int) -> str:
    """Return the code of an error detail that a view returned with a status."""
    if status == HTTPStatus.BAD_REQUEST:
        return _validation_code(detail)
    return _code_of_single_leaf(detail) or catalog.current().code_for_status(status)


def _configured(exc_type: type) -> str | None:
    table = conf.EXCEPTIONS
    if not table:
        return None
    by_type = {_imported(path): code for path, code in table.items()}
    return next((by_type[cls] for cls in exc_type.__mro__ if cls in by_type), None)


def _imported(path: str) -> type | None:
    try:
        found = import_string(path)
    except Exception:  # the system check names it; no error may fail for want of it
        return None
    return found if isinstance(found, type) else None


def _built_in(exc_type: type) -> tuple[str | None, type | None]:
    for cls in exc_type.__mro__:
        if cls in _CODES:
            return _CODES[cls], cls
    return None, None


def _known(code: str, status: int | None) -> tuple[str, int | None]:
    current = catalog.current()
    if current.status(code.upper()) is not None:
        return code.upper(), status
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
    return _sound(status) or HTTPStatus.INTERNAL_SERVER_ERROR


def _sound(status: Any) -> int | None:
    return int(status) if isinstance(status, int) and 400 <= status <= 599 else None


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
