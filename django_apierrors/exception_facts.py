"""The facts of an exception: what it says, read once, and the codes that raise sites name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from rest_framework import exceptions as drf_exceptions

from . import catalog, codes
from .conf import conf
from .error_details import field_errors, text_code
from .exceptions import UnknownErrorCode
from .problems import FieldError
from .request_state import RequestState

logger = logging.getLogger("django_apierrors")

#: The codes that DRF gives when the raise site gives none; some are spelled like ours.
DRF_CODES = {
    cls.default_code
    for cls in vars(drf_exceptions).values()
    if isinstance(cls, type) and issubclass(cls, drf_exceptions.APIException)
}
_unknown_codes: set[str] = set()


class Facts:
    """What one exception says, read once; what was read before a failure counts."""

    code: str = ""
    status: int | None = None
    message: Any = None
    params: Mapping[str, Any] = {}
    details: Mapping[str, Any] | None = None
    param: str | None = None
    errors: tuple[FieldError, ...] = ()
    errors_total: int = 0
    retry_after: int | None = None
    headers: Mapping[str, str] = {}
    is_final: bool = False


def known_code(code: str, status: int | None) -> str:
    """Return a code of the catalog; for one that it does not have, and for none, the code of the status."""
    current = catalog.current()
    if current.status(code.upper()) is not None:
        return code.upper()
    if code:
        if conf.is_strict:
            raise UnknownErrorCode(
                f"Error code {code!r} is not defined. Define it in an api_errors.py of an installed app, "
                "or correct the spelling. (APIERRORS['STRICT'] makes this raise.)"
            )
        if code not in _unknown_codes:
            _unknown_codes.add(code)
            logger.error("Error code %.200r is not defined; the code of its status was sent instead", code)
    return codes.code_for_status(status)


def registered_code(code: Any) -> str:
    """Return the code of the catalog that a raise site names, ``""`` when it names none."""
    name = text_code(code)
    if not name or name in DRF_CODES:
        return ""
    name = name.upper()
    return name if catalog.current().status(name) is not None else ""


def read_detail(detail: Any, facts: Facts, request: HttpRequest, code: str = "") -> None:
    """Read an error detail; its only error may name the code, else it is ``code``, else that of the status."""
    try:
        most = RequestState.of(request).conf.MAX_ERRORS
        errors, total = field_errors(detail, in_query=is_in_query(request), most=most)
    except Exception:
        facts.code = facts.code or code or codes.code_for_status(facts.status)
        raise
    if not facts.code:
        own = errors[0] if total == 1 else None
        facts.code = _code_of_error(own, code) or codes.code_for_status(facts.status)
    if not catalog.current().passes_detail(facts.code):
        return
    facts.errors, facts.errors_total = errors, total
    if total == 1:
        first = errors[0]
        facts.params = first.params
        if first.path:
            facts.param = first.param
        if not (first.path and facts.code in ("VALIDATION_FAILED", "PARAM_NOT_FOUND")):
            facts.message = first.message  # else the texts of these codes name the parameter


def _code_of_error(error: FieldError | None, code: str) -> str:
    if error is None:
        return code
    if code and error.code == "required" and error.path:
        return "PARAM_NOT_FOUND"
    return registered_code(error.code) or code


def is_in_query(request: HttpRequest) -> bool:
    """Return whether the values of a request stand in its query string: it has no body."""
    return request.method in ("GET", "HEAD")
