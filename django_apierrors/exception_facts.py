"""The facts of an exception: what it says, read once, and the codes that raise sites name."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf_exceptions

from . import catalog, codes
from .conf import conf
from .error_details import field_errors, text_code
from .exceptions import UnfilledPlaceholder, UnknownErrorCode
from .problems import FieldError
from .query_errors import is_in_query, names_sent
from .request_state import RequestState

logger = logging.getLogger("django_apierrors")

_MOST_LOGGED = 10_000

#: The codes that DRF gives when the raise site gives none; some are spelled like ours.
DRF_CODES = {
    cls.default_code
    for cls in vars(drf_exceptions).values()
    if isinstance(cls, type) and issubclass(cls, drf_exceptions.APIException)
}
#: Placeholders whose values this package gives where it knows them: no raise site must.
FILLED = frozenset(("param", "detail", "wait", "retry_after", "media_type", "method", "scope"))
_NO_SUCH_FORMAT = _("This endpoint is not available in the requested format.")
# What these say is no secret: a page or a version that the client asked for.
_SPEAKING = frozenset(("rest_framework.pagination", "rest_framework.versioning"))
_unknown_codes: set[str] = set()
_unfilled_codes: set[str] = set()


class Facts:
    """What one exception says, read once; what was read before a failure counts."""

    code: str = ""
    status: int | None = None
    message: Any = None
    params: Mapping[str, Any] = {}
    details: Mapping[str, Any] | None = None
    param: str | None = None
    in_query: bool = False
    errors: tuple[FieldError, ...] = ()
    errors_total: int = 0
    retry_after: int | None = None
    headers: Mapping[str, str] = {}
    is_final: bool = False
    is_safe: bool = False


def known_code(code: Any, status: int | None, own_code: str = "") -> str:
    """Return a code of the catalog; for one that it does not have, and for none, another.

    That is the code of the class that was raised, else the code of the status.
    """
    current = catalog.current()
    name = code.upper() if isinstance(code, str) else ""
    if current.status(name) is not None:
        return name
    has_own = bool(own_code) and current.status(own_code) is not None
    if code:
        if conf.is_strict:
            raise UnknownErrorCode(
                f"Error code {code!r} is not defined. Define it in an api_errors.py of an installed app, or "
                "correct the spelling; a text is given as `message`. (APIERRORS['STRICT'] makes this raise.)"
            )
        if _is_first(repr(code)[:200], _unknown_codes):
            sent = "class" if has_own else "status"
            logger.error("Error code %.200r is not defined; the code of its %s was sent instead", code, sent)
    return own_code if has_own else codes.code_for_status(status)


def check_params(code: str, params: Mapping[str, Any]) -> None:
    """Say which placeholder of the message of a code nobody filled: raise under ``STRICT``, else log.

    Only those count that the code declares; each code is logged once.
    """
    definition = codes.registry.get(code)
    if definition is None or not definition.params:
        return
    missing = [name for name in definition.params if name not in FILLED and params.get(name) is None]
    missing = [name for name in missing if name in catalog.current().placeholders(code)] if missing else []
    if not missing:
        return
    if conf.is_strict:
        raise UnfilledPlaceholder(
            f"The message of {code} needs a value for the placeholder {{{missing[0]}}}. Give it where the error is "
            f"raised, as params={{{missing[0]!r}: ...}} of an ApiError; no exception of EXCEPTIONS has one. "
            "(APIERRORS['STRICT'] makes this raise.)"
        )
    if _is_first(code, _unfilled_codes):
        named = ", ".join(f"{{{name}}}" for name in missing)
        logger.error("The message of %s was not sent: its raise site gave no params for %s", code, named)


def _is_first(key: str, seen: set[str]) -> bool:
    # Codes may come from clients, so that only so many are kept.
    if key in seen or len(seen) >= _MOST_LOGGED:
        return False
    seen.add(key)
    return True


def registered_code(code: Any) -> str:
    """Return the code of the catalog that a raise site names, ``""`` when it names none."""
    name = text_code(code)
    if not name or name in DRF_CODES:
        return ""
    name = name.upper()
    return name if catalog.current().status(name) is not None else ""


def read_detail(
    detail: Any, facts: Facts, request: HttpRequest, code: str = "", exc: BaseException | None = None
) -> None:
    """Read the error detail of an exception, or of a view that returned it.

    Its only error may name the code, else it is ``code``, else that of the status.
    """
    try:
        most = RequestState.of(request).conf.MAX_ERRORS
        errors, total = field_errors(detail, in_query=is_in_query(request, detail, exc), most=most)
        errors = errors if exc is None else names_sent(errors, exc)
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


def read_origin(exc: BaseException, facts: Facts) -> None:
    """Let the client read what DRF itself says of its page, version or format; other texts may name what is ours."""
    module = _raised_in(exc)
    if module in _SPEAKING:
        facts.is_safe = True
    elif module == "rest_framework.negotiation" and isinstance(exc, Http404):
        facts.message, facts.is_safe = _NO_SUCH_FORMAT, True


def _raised_in(exc: BaseException) -> str:
    traceback = exc.__traceback__
    if traceback is None:
        return ""
    while traceback.tb_next is not None:
        traceback = traceback.tb_next
    return str(traceback.tb_frame.f_globals.get("__name__", ""))
