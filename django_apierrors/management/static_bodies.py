"""Error bodies as files, for the errors that a proxy makes itself and Django never sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.http import HttpRequest

from .. import codes, headers, responses
from ..conf import conf
from ..problems import Problem
from ..request_state import RequestState

PROXY_STATUSES = (500, 502, 503, 504)
SNIPPET = "nginx-errors.conf"

# Headers of one response only, or set by nginx itself.
_NOT_STATIC = (headers.X_REQUEST_ID, headers.CONTENT_LENGTH, headers.CONTENT_TYPE, "Vary")

_HEAD = """\
# What nginx answers when it makes an error itself, in the words and the shape of the API.
# Written by `manage.py apierrors static`; run it again when texts have changed.
#
# In the server block that passes requests on:  include {snippet};
#
# Errors that Django answers pass through untouched, as long as proxy_intercept_errors stays off.
# A location with error_page lines of its own does not inherit these: give the pages of a website theirs there.
# nginx knows no request id of the API. To have one, send its own to Django, beside proxy_pass:
#   proxy_set_header X-Request-ID $request_id;
# and to the client, in each location below:
#   add_header X-Request-ID $request_id always;
"""

_LOCATION = """
error_page {status} /_apierrors/{status}.json;
location = /_apierrors/{status}.json {{
    internal;
    alias {path};
    types {{ }}
    default_type {media_type};
    etag off;
    add_header Last-Modified "" always;
{headers}
}}
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class _StaticBody:
    status: int
    media_type: str
    headers: dict[str, str]
    content: bytes


def build_files(folder: Path, format_name: str, language: str) -> Iterator[tuple[Path, bytes]]:
    """Yield path and content of each file: the bodies, as live errors have them, and the nginx snippet.

    ``folder`` is absolute, for nginx. Raises ``ValueError`` when nginx cannot write its name.
    """
    bodies = [_build_body(status, format_name, language) for status in PROXY_STATUSES]
    for body in bodies:
        yield folder / f"{body.status}.json", body.content
    snippet = folder / SNIPPET
    locations = (_location(body, folder / f"{body.status}.json") for body in bodies)
    yield snippet, (_HEAD.format(snippet=_quote(str(snippet))) + "".join(locations)).encode()


def build_request(format_name: str, language: str) -> HttpRequest:
    """Return a request to the API, without a client and without a host.

    URLs in its response are absolute only where the settings name their base.
    """
    request = HttpRequest()
    request.META = {"HTTP_HOST": ""}
    request.path_info = next(iter(conf.API_PATHS), "/api/")
    RequestState.of(request).format_name = format_name
    request.LANGUAGE_CODE = language
    return request


def _build_body(status: int, format_name: str, language: str) -> _StaticBody:
    problem = Problem(code=codes.code_for_status(status), status=status)
    response = responses.make(problem, build_request(format_name, language))
    return _StaticBody(
        status=status,
        media_type=response[headers.CONTENT_TYPE],
        headers={name: value for name, value in response.items() if name not in _NOT_STATIC},
        content=response.content,
    )


def _location(body: _StaticBody, path: Path) -> str:
    lines = (f"    add_header {name} {_quote(value)} always;" for name, value in body.headers.items())
    return _LOCATION.format(
        status=body.status,
        path=_quote(str(path)),
        media_type=_quote(body.media_type),
        headers="\n".join(lines),
    )


def _quote(text: str) -> str:
    """Return a string of nginx. nginx has no way to write a dollar, which begins a variable, nor a line break."""
    if "$" in text or not text.isprintable():
        raise ValueError(f"nginx cannot be told {text!r}: it holds a dollar sign or a control character")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
