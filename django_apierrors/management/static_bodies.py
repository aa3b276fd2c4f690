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

STATUSES = (500, 502, 503, 504)
SNIPPET = "nginx-errors.conf"

# What is true of one answer, or said by nginx itself.
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
class _Answer:
    status: int
    media_type: str
    headers: dict[str, str]
    body: bytes


def files(folder: Path, format_name: str, language: str) -> Iterator[tuple[Path, bytes]]:
    """Yield path and content of each file: the bodies, made by the writer of live errors, and the nginx snippet.

    ``folder`` is absolute, for nginx. Raises ``ValueError`` when nginx cannot be told its name.
    """
    answers = [_answer(status, format_name, language) for status in STATUSES]
    for answer in answers:
        yield folder / f"{answer.status}.json", answer.body
    snippet = folder / SNIPPET
    locations = (_location(answer, folder / f"{answer.status}.json") for answer in answers)
    yield snippet, (_HEAD.format(snippet=_quoted(str(snippet))) + "".join(locations)).encode()


def nobodys_request(format_name: str, language: str) -> HttpRequest:
    """Return a request to the API that no client sent and no host took.

    URLs in its answer are absolute only where the settings name their base.
    """
    request = HttpRequest()
    request.META = {"HTTP_HOST": ""}
    request.path_info = next(iter(conf.API_PATHS), "/api/")
    RequestState.of(request).format_name = format_name
    request.LANGUAGE_CODE = language
    return request


def _answer(status: int, format_name: str, language: str) -> _Answer:
    problem = Problem(code=codes.code_for_status(status), status=status)
    response = responses.make(problem, nobodys_request(format_name, language))
    return _Answer(
        status=status,
        media_type=response[headers.CONTENT_TYPE],
        headers={name: value for name, value in response.items() if name not in _NOT_STATIC},
        body=response.content,
    )


def _location(answer: _Answer, path: Path) -> str:
    lines = (f"    add_header {name} {_quoted(value)} always;" for name, value in answer.headers.items())
    return _LOCATION.format(
        status=answer.status,
        path=_quoted(str(path)),
        media_type=_quoted(answer.media_type),
        headers="\n".join(lines),
    )


def _quoted(text: str) -> str:
    """Return a string of nginx. It has no way to write a dollar, which begins a variable, nor a line break."""
    if "$" in text or not text.isprintable():
        raise ValueError(f"nginx cannot be told {text!r}: it holds a dollar sign or a control character")
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
