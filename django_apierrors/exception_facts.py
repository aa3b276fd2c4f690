"""The facts of an exception: what it says, read once, and the codes that raise sites name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions as drf_exceptions
from rest_framework.fields import get_error_detail

from . import catalog, codes, headers
from .client_errors import is_client_error, log_client_error
from .conf import conf
from .database_errors import Refusal, refusal
from .declared_details import difference
from .error_details import field_errors, text_code
from .exceptions import ApiError, UndeclaredDetails, UnfilledPlaceholder, UnknownErrorCode
from .formats.details import to_json_values
from .formats.members import BUDGET
from .problems import FieldError
from .query_errors import is_in_query, names_sent
from .refused_values import is_refused_value
from .request_state import RequestState
from .sound_values import attribute, sound_headers, sound_members, sound_status, sound_text
from .text import clean

logger = logging.getLogger("django_apierrors")

# In seconds, after work that the database interrupted: a restart takes longer, a deadlock none at all.
_RETRY_AFTER = 5
_MOST_LOGGED = 10_000
# Of what an ApiError says about one value, which may quote the client.
_LONGEST_TEXT = 500

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
    reason: str = ""


class Mapped(NamedTuple):
    """A row of the table: the exception, its code, and the function that reads the facts."""

    type: type[BaseException]
    code: str
    read: Callable[[Any, Facts, HttpRequest, Mapped], None]


def known_code(code: Any, status: int | None, own_code: str = "") -> str:
    """Return a code of the catalog; for one that it does not have, and for none, another.

    That is the code of the class that was raised, else the code of the status.
    """
    current = catalog.current()
    text = text_code(code)
    known = current.find(text)
    if known:
        return known
    has_own = bool(own_code) and current.status(own_code) is not None
    if text or not (code is None or isinstance(code, str)):
        text = text or type(code).__qualname__
        if conf.is_strict:
            raise UnknownErrorCode(
                f"Error code {text!r} is not defined. Define it in an api_errors.py of an installed app, or "
                "correct the spelling; a text is given as `message`. (APIERRORS['STRICT'] makes this raise.)"
            )
        if _is_first(text, _unknown_codes):
            sent = "class" if has_own else "status"
            logger.error("Error code %r is not defined; the code of its %s was sent instead", text, sent)
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


def _checked_details(code: str, details: Any) -> Any:
    """Return details; under ``STRICT`` as JSON values, or raise for others than those which a code declares."""
    definition = codes.registry.get(code)
    sample = definition.details if definition else None
    if not sample or not conf.is_strict:
        return details
    if details and not isinstance(details, Mapping):
        told = f"they are a {type(details).__qualname__}, not a mapping"
    else:
        # What is written; an iterator can be read only once.
        details, declared = (to_json_values(each, code, BUDGET)[0] for each in (details, sample))
        told = difference(details or {}, declared or {})
    if told:
        raise UndeclaredDetails(
            f"The details of {code} are not as it declares them: {told}. Correct the raise site, or the sample "
            "`details` of the code. (APIERRORS['STRICT'] makes this raise.)"
        )
    return details


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
    return catalog.current().find(name)


def read_crash(exc: BaseException, facts: Facts, request: HttpRequest) -> None:
    """Read an exception that nobody handled: what the client sent, work that was interrupted, or a bug."""
    if is_client_error(exc):
        facts.code = "REQUEST_MALFORMED"
        log_client_error(exc, request)
    elif is_refused_value(exc, request):
        facts.code = "INVALID_REQUEST"
        log_client_error(exc, request)
    elif refusal(exc) is Refusal.INTERRUPTED:
        facts.code, facts.retry_after = "REQUEST_INTERRUPTED", _RETRY_AFTER
    else:
        facts.code = "INTERNAL_SERVER_ERROR"


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


def read_api_error(exc: ApiError, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    """Read what the raise site of an ``ApiError`` gave, each value for itself."""
    if not facts.code:
        facts.status = sound_status(attribute(exc, "status"))
        facts.code = known_code(attribute(exc, "code"), facts.status, attribute(type(exc), "own_code", ""))
    message, given = sound_text(attribute(exc, "message"), "message"), attribute(exc, "param")
    facts.param = None if given is None else clean(str(sound_text(given, "param") or ""), _LONGEST_TEXT)
    facts.message = message
    facts.details = _checked_details(facts.code, attribute(exc, "details"))
    in_query = attribute(exc, "in_query")
    facts.in_query = in_query if isinstance(in_query, bool) else is_in_query(request)
    facts.params = {"param": facts.param, **sound_members(attribute(exc, "params"), "params")}
    facts.retry_after = headers.retry_after(attribute(exc, "retry_after"))
    facts.headers = sound_headers(attribute(exc, "headers"))
    if facts.code in ("PARAM_NOT_FOUND", "VALIDATION_FAILED"):
        error = FieldError(
            path=tuple(facts.param.split(".")) if facts.param else (),
            code="required" if facts.code == "PARAM_NOT_FOUND" else "invalid",
            message=clean(str(message or ""), _LONGEST_TEXT),
            in_query=facts.in_query,
        )
        facts.errors, facts.errors_total = (error,), 1


def read_validation(exc: drf_exceptions.ValidationError, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    """Read the error detail of a ``ValidationError`` of DRF; one of another status has the code of that."""
    status = sound_status(attribute(exc, "status_code")) or sound_status(attribute(type(exc), "status_code"))
    is_plain = status in (None, HTTPStatus.BAD_REQUEST)
    if not is_plain and not facts.code:
        facts.status = status
    detail = attribute(exc, "detail")
    facts.retry_after = headers.retry_after(attribute(exc, "wait"))
    read_detail([] if detail is None else detail, facts, request, row.code if is_plain else "", exc)


def read_django_validation(exc: ValidationError, facts: Facts, request: HttpRequest, row: Mapped) -> None:
    """Read a ``ValidationError`` of Django, which no serializer or form handled; it is logged."""
    is_sound = _has_texts(exc)
    if not facts.code:  # EXCEPTIONS does not expect it
        told = exc if is_sound else ValidationError("Its messages are no texts.").with_traceback(exc.__traceback__)
        log_client_error(told, request)
    try:
        detail = get_error_detail(exc) if is_sound else []
    except Exception:  # e.g. a message whose parameters are missing
        logger.exception("A ValidationError of Django could not be read")
        detail = []
    read_detail(detail, facts, request, row.code, exc)


def _has_texts(exc: ValidationError) -> bool:
    """Return whether the messages of an exception are texts: anything else may be endless to write."""
    errors = vars(exc).get("error_dict")
    lists = list(errors.values()) if type(errors) is dict else [vars(exc).get("error_list")]
    return all(
        type(each) is list
        and all(isinstance(getattr(error, "__dict__", {}).get("message"), (str, Promise)) for error in each)
        for each in lists
    )


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
