"""Example responses, built by the code that builds the real ones."""

from __future__ import annotations

import json
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix

from .. import headers, responses
from ..catalog import Entry
from ..codes import phrase
from ..conf import conf
from ..request_state import RequestState
from ..samples import sample_problem
from ..url_resolution import override_language

_EXAMPLE_BASE = "https://api.example.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """An example response: the name of its format, its status line with the headers, its body and its language.

    That is ``""`` where nobody knows it, and ``None`` where there are several.
    """

    format: str
    head: str
    body: str
    language: str | None = None


def build_example(entry: Entry, format_name: str, request: HttpRequest, language: str) -> Example:
    """Return the response to a client for a code, with the sample parameters.

    ``request`` is that of the documentation page; without ``DOCS["BASE_URL"]`` links have its host and scheme.
    """
    with override_language(language):
        response = responses.make(sample_problem(entry), _ClientRequest(request, format_name, language))
    return format_response(response, format_name)


def format_response(response: HttpResponse, format_name: str) -> Example:
    """Return a JSON response as text, without ``Content-Length``."""
    lines = [f"HTTP/1.1 {response.status_code} {phrase(response.status_code)}"]
    lines += [f"{name}: {value}" for name, value in response.items() if name != headers.CONTENT_LENGTH]
    body = json.dumps(json.loads(response.content), indent=2, ensure_ascii=False)
    spoken = response.get(headers.CONTENT_LANGUAGE, "")
    return Example(format=format_name, head="\n".join(lines), body=body, language=None if "," in spoken else spoken)


def get_api_url(request: HttpRequest) -> str:
    """Return the URL of the API for samples that send a key: that of ``DOCS["BASE_URL"]``, else of the request.

    Nobody sends a key over plain HTTP because a sample does: without HTTPS the host is an example (RFC 2606).
    """
    base = conf.DOCS["BASE_URL"] or f"{request.scheme}://{request.get_host()}"
    if not base.lower().startswith("https://"):
        base = _EXAMPLE_BASE
    return base.rstrip("/") + get_script_prefix() + _api_path("").lstrip("/")


class _ClientRequest(HttpRequest):
    """A request of an API client to the host of the page; the view has chosen the format."""

    def __init__(self, page: HttpRequest, format_name: str, language: str) -> None:
        super().__init__()
        # The credentials of the reader are not part of the example.
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
