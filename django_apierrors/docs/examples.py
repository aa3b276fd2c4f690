"""Example answers, made by the writer that answers on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from rest_framework import fields

from .. import headers, responses
from ..catalog import Entry
from ..codes import phrase
from ..conf import conf
from ..problems import FieldError, Problem
from ..request_state import RequestState

_REQUEST_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_SECONDS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One answer: the format's name, the status line with the headers, and the body."""

    format: str
    head: str
    body: str


def example(entry: Entry, format_name: str, request: HttpRequest, language: str) -> Example:
    """Return what a client that reads a language gets for a code, with the sample parameters.

    ``request`` is that of the documentation page; only its host and scheme are taken.
    """
    problem = _sample(entry)
    response = responses.make(problem, _ClientRequest(request, format_name, language))
    lines = [f"HTTP/1.1 {response.status_code} {phrase(response.status_code)}"]
    lines += [f"{name}: {value}" for name, value in response.items() if name != headers.CONTENT_LENGTH]
    body = json.dumps(json.loads(response.content), indent=2, ensure_ascii=False)
    return Example(format=format_name, head="\n".join(lines), body=body)


def api_url(request: HttpRequest) -> str:
    """Return the URL of the API for examples of requests."""
    return request.build_absolute_uri(_api_path(""))


def _sample(entry: Entry) -> Problem:
    params: dict[str, Any] = dict(entry.params)
    errors: tuple[FieldError, ...] = ()
    if entry.code in _FIELD_ERRORS and "param" in params:
        kind, message = _FIELD_ERRORS[entry.code]
        params["detail"] = str(message)
        errors = (FieldError(path=(params["param"],), code=kind, message=str(message)),)
    return Problem(
        code=entry.code,
        status=entry.status,
        params=params,
        param=params.get("param"),
        errors=errors,
        errors_total=len(errors),
        retry_after=params.get("retry_after", _SECONDS) if entry.retry == "safe" else None,
        headers={headers.ALLOW: "GET, HEAD, OPTIONS"} if entry.status == 405 else {},
        request_id=_REQUEST_ID,
    )


#: Code → what DRF says of the one field that it is shown with.
_FIELD_ERRORS = {
    "VALIDATION_FAILED": ("invalid", fields.DecimalField.default_error_messages["invalid"]),
    "PARAM_NOT_FOUND": ("required", fields.Field.default_error_messages["required"]),
}


class _ClientRequest(HttpRequest):
    """A request of a client of the API on the host of the page, to a view that names the format."""

    def __init__(self, page: HttpRequest, format_name: str, language: str) -> None:
        super().__init__()
        # The credentials of who reads the page are not part of the example.
        self.META = {name: value for name, value in page.META.items() if name != "HTTP_AUTHORIZATION"}
        self._page_scheme = page.scheme
        self.path_info = _api_path(format_name)
        RequestState.of(self).format_name = format_name
        self.LANGUAGE_CODE = language

    def _get_scheme(self) -> str | None:
        return self._page_scheme


def _api_path(format_name: str) -> str:
    prefixes = [prefix for prefix, name in conf.FORMATS.items() if name == format_name]
    return next(iter([*prefixes, *conf.API_PATHS]), "/api/")
