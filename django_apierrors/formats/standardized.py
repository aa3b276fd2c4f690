"""The body of drf-standardized-errors, for an API whose clients read that one."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions

from .. import codes
from ..catalog import Entry
from ..codes_builtin import BUILTIN_CODES
from ..problems import FieldError, Problem
from ..shipped import text_in
from ..text import fill
from ..translations import SOURCE_LANGUAGE
from .format import Field, Format
from .members import BUDGET, errors_total, errors_within

#: The exceptions of DRF that mean no more than a code does: their texts are what its clients read.
_EXCEPTIONS: dict[str, type[exceptions.APIException]] = {
    "REQUEST_MALFORMED": exceptions.ParseError,
    "AUTH_KEY_NOT_FOUND": exceptions.NotAuthenticated,
    "AUTH_KEY_INVALID": exceptions.AuthenticationFailed,
    "PERMISSION_DENIED": exceptions.PermissionDenied,
    "RESOURCE_NOT_FOUND": exceptions.NotFound,
    "ENDPOINT_NOT_FOUND": exceptions.NotFound,
    "METHOD_NOT_ALLOWED": exceptions.MethodNotAllowed,
    "NOT_ACCEPTABLE": exceptions.NotAcceptable,
    "UNSUPPORTED_MEDIA_TYPE": exceptions.UnsupportedMediaType,
    "RATE_TOO_HIGH": exceptions.Throttled,
    "INTERNAL_SERVER_ERROR": exceptions.APIException,
}
_CRASH_CODE = "INTERNAL_SERVER_ERROR"
#: What Django and drf-standardized-errors say of a crash, in every language.
_CRASH_TEXT = "Server Error (500)"
_SHIPPED_MESSAGES = {shipped["code"]: shipped["message"] for shipped in BUILTIN_CODES}
_ABOUT_VALUES = ("VALIDATION_FAILED", "PARAM_NOT_FOUND")


class Standardized(Format):
    """``{"type", "errors": [{"code", "detail", "attr"}]}``, with the codes and the texts of DRF."""

    name = "standardized"
    #: What stands between the steps of ``attr``: the ``NESTED_FIELD_SEPARATOR`` of drf-standardized-errors.
    separator: ClassVar[str] = "."
    fields = (
        Field(name="type", type="string", meaning=_("`validation_error`, `client_error` or `server_error`.")),
        Field(
            name="errors",
            type="array",
            meaning=_(
                "What is wrong, as `code`, `detail` and `attr`: each value that was not accepted, else one error. "
                "Branch on `code`; `detail` may change at any time; `attr` is the value at fault, or `null`."
            ),
        ),
        Field(
            name="errors_total",
            type="integer",
            meaning=_("How many errors there are, when not all of them are listed."),
        ),
    )
    codes = {code: cls.default_code for code, cls in _EXCEPTIONS.items()} | {
        "CSRF_FAILED": exceptions.PermissionDenied.default_code,
        "VALIDATION_FAILED": exceptions.ValidationError.default_code,
        "PARAM_NOT_FOUND": "required",
    }

    def own_name(self, code: str, names: Any) -> str | None:
        """Return the name for a code: all are written in small letters, as those of DRF are."""
        return super().own_name(code, names) or code.lower()

    def body(self, problem: Problem, entry: Entry) -> dict[str, Any]:
        """Return the type and the errors; an error that is about no value is the only one."""
        detail = self._detail(problem, entry)
        if not problem.errors:
            code = entry.names.get(self.name) or problem.reason or self.code(entry)
            errors = [{"code": code, "detail": detail, "attr": problem.param}]
            return {"type": _error_type(problem), "errors": errors}
        # The order of drf-standardized-errors: what lies less deep comes first.
        problem = _sorted(problem)
        listed = [
            {"code": error.code, "detail": error.message or detail, "attr": attr or None}
            for attr, error in errors_within(problem, detail, BUDGET, self._attr)
        ]
        return {"type": _error_type(problem), "errors": listed, **errors_total(problem, listed)}

    def _attr(self, error: FieldError) -> str:
        return self.separator.join(map(str, (*error.path, error.key) if error.key else error.path))

    def own_texts(self, problem: Problem, entry: Entry) -> dict[str, str] | None:
        """Return the sentences of DRF, none where every error has a text, ``None`` for the entry's message."""
        if problem.errors and all(error.message for error in problem.errors):
            return {}
        cls, definition = _EXCEPTIONS.get(entry.code), codes.get(entry.code)
        is_own = problem.message and (problem.is_final or problem.is_safe or entry.pass_detail)
        # A code that the project defined again has the project's text.
        is_shipped = definition is not None and definition.message is _SHIPPED_MESSAGES.get(entry.code)
        if cls is None or entry.edited or is_own or not is_shipped:
            return None
        if problem.reason == exceptions.NotAuthenticated.default_code:  # of a token that no authenticator took
            cls = exceptions.NotAuthenticated
        if entry.code == _CRASH_CODE and not problem.reason:
            return {_CRASH_TEXT: SOURCE_LANGUAGE}
        return _sentences(cls, problem, entry.language or SOURCE_LANGUAGE)

    def _detail(self, problem: Problem, entry: Entry) -> str:
        """Return the text of the admin, of the raise site where it may be shown, else DRF's."""
        own = self.own_texts(problem, entry)
        return entry.message_for(problem) if own is None else " ".join(own)


def _error_type(problem: Problem) -> str:
    if problem.errors or problem.code in _ABOUT_VALUES:
        return "validation_error"
    return "client_error" if problem.status < HTTPStatus.INTERNAL_SERVER_ERROR else "server_error"


def _sorted(problem: Problem) -> Problem:
    depths = [len(error.path) + bool(error.key) for error in problem.errors]
    if depths == sorted(depths):
        return problem
    errors = tuple(sorted(problem.errors, key=lambda error: len(error.path) + bool(error.key)))
    return replace(problem, errors=errors)


def _sentences(cls: type[exceptions.APIException], problem: Problem, language: str) -> dict[str, str] | None:
    """Return DRF's sentences for a problem with the language of each, ``None`` where a value is missing.

    Django would look in ``LANGUAGE_CODE`` for one that a language lacks; here it is as it is written in DRF.
    """
    sentences: list[Any] = [cls.default_detail]
    params, wait = problem.params, problem.retry_after
    if cls is exceptions.Throttled and wait is not None:
        params = {"wait": wait}
        throttled = exceptions.Throttled
        sentences.append(throttled.extra_detail_singular if wait == 1 else throttled.extra_detail_plural)
    found = {}
    for sentence in sentences:
        text, spoken = text_in(sentence, language)
        text = fill(text, params) or ""
        if not text:
            return None
        found[text] = spoken
    return found
