"""The answers of DRF views: errors rendered as one shape, whatever renders the successes."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from django.http import HttpRequest
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response
from rest_framework.utils.serializer_helpers import ReturnDict

from . import headers
from .answer_cache import renderer
from .formats import MOST_BYTES
from .problems import Problem
from .responses import forget_language, make_body, mark
from .sound_values import attribute

logger = logging.getLogger("django_apierrors")

# Renderers of these write an error as they write everything else.
_RENDERED = frozenset({"html", "xml", "yaml", "msgpack"})
# JSON that a client of the package, or of JSON:API, would misread under this name.
_RELABELLED = frozenset({"application/json", "application/problem+json", "application/vnd.api+json"})


class ErrorResponse(Response):
    """The answer of DRF's exception handler; its body is made when it is first read or rendered.

    That is when the renderer, the language and the final status are known.
    """

    def __init__(self, problem: Problem, request: HttpRequest, detail: Any = None) -> None:
        """Take the problem, and the error detail of its exception, whose serializer the browsable API needs."""
        self._data: Any = None
        #: The problem of the body that was read, ``None`` before that and for a body of somebody else.
        self._read: Problem | None = None
        self._media_type = JSONRenderer.media_type
        super().__init__(status=problem.status, exception=True)
        self._problem: Problem | None = problem
        self._http_request = request
        self._detail = detail

    @property
    def data(self) -> Any:
        """The body as the format shapes it; what is assigned or changed here is what is sent."""
        if self._data is None and self._problem is not None:
            self._read = self._current_problem(self._problem)
            self._data = self._body(self._read)
        return self._data

    @data.setter
    def data(self, value: Any) -> None:
        before, self._data = self._data, value
        if self._read is None or not (
            isinstance(value, dict) and isinstance(before, dict) and before.keys() <= value.keys()
        ):
            self._read = self._problem = None  # else it is the body that was read, with more in it

    @property
    def rendered_content(self) -> Any:
        """The bytes: JSON by DRF's own renderer, anything else by the negotiated one, or as JSON should that fail."""
        if self._problem is None:
            forget_language(self)
            return super().rendered_content  # of a body that somebody assigned
        problem = self._current_problem(self._problem)
        if self._data is None and (
            # DRF's renderer would write what ours writes: nothing else was asked of it.
            type(self.accepted_renderer) is JSONRenderer
            and self.accepted_media_type == JSONRenderer.media_type
            and "indent" not in vars(self)["renderer_context"]
        ):
            content, self.headers[headers.CONTENT_TYPE] = make_body(self, problem, self._http_request, as_bytes=True)
        else:
            content = self._render(problem)
        mark(self, content)
        return content

    def renew(self, problem: Problem) -> None:
        """Write the answer again, for a problem that differs in its status or its request id."""
        self._problem = problem
        self.status_code = problem.status
        self.content = self.rendered_content
        if headers.CONTENT_LENGTH in self.headers:  # a middleware below has measured the one before
            self.headers[headers.CONTENT_LENGTH] = str(len(self.content))

    def _render(self, problem: Problem) -> Any:
        is_read = self._data is not None
        body = self.data
        if self._read is not None and self._read != problem:
            # What was added to the body or changed in it stays, whichever came first.
            body = self._data = _merged(self._body(self._read), body, self._body(problem))
            self._read = problem
        if is_read and body != self._body(problem):
            forget_language(self)
        if writes_errors(self.accepted_renderer):
            try:
                return super().rendered_content
            except Exception:  # e.g. a template that is missing: the error must never become a 500
                logger.warning("An error was sent as JSON: its renderer failed", exc_info=True)
        self.headers[headers.CONTENT_TYPE] = json_type(self.accepted_renderer, self._media_type)
        content = renderer.render(body, self.accepted_media_type, vars(self).get("renderer_context"))
        # Indented, a body may become twice as long.
        return content if len(content) <= MOST_BYTES else renderer.render(body)

    def _body(self, problem: Problem) -> Any:
        body, self._media_type = make_body(self, problem, self._http_request)
        return keep_serializer(self._detail, body)

    def _current_problem(self, problem: Problem) -> Problem:
        return problem if problem.status == self.status_code else replace(problem, status=self.status_code)


def convert(response: Response, problem: Problem, request: HttpRequest, detail: Any) -> None:
    """Put a problem in the place of the data of a DRF response that is not rendered yet."""
    for name in headers.OF_THE_BODY:
        del response[name]
    body, media_type = make_body(response, problem, request)
    response.data = keep_serializer(detail, body)
    if not writes_errors(response.accepted_renderer):
        response.content_type = json_type(response.accepted_renderer, media_type)
        response.accepted_renderer = renderer
    response.add_post_render_callback(lambda rendered: mark(rendered, rendered.content))


def writes_errors(accepted: BaseRenderer) -> bool:
    """Return whether a renderer writes errors itself: HTML, XML, YAML and MessagePack; all else becomes JSON.

    A renderer of JSON may rename or wrap members, and others (CSV, PDF, images) cannot show an error.
    """
    subtype = (accepted.media_type or "").partition(";")[0].rpartition("/")[2].strip().lower()
    return subtype.replace("+", ".").rpartition(".")[2].removeprefix("x-") in _RENDERED


def json_type(accepted: BaseRenderer, media_type: str) -> str:
    """Return the content type of an error in JSON: the format's, but a ``+json`` type of the project's stays."""
    own = (accepted.media_type or "").partition(";")[0].strip().lower()
    is_own = own.endswith("+json") and own not in _RELABELLED and isinstance(accepted, JSONRenderer)
    return own if is_own else media_type


def keep_serializer(detail: Any, body: Any) -> Any:
    """Return a body with the serializer by which the browsable API fills in its form again."""
    serializer = attribute(detail, "serializer")
    return body if serializer is None else ReturnDict(body, serializer=serializer)


def _merged(before: Any, changed: Any, after: Any) -> Any:
    """Return a changed body as if the change had been made to another one."""
    if changed == before:
        return after
    if not (isinstance(changed, dict) and isinstance(before, dict) and isinstance(after, dict)):
        return changed
    merged = {key: _merged(before.get(key), value, after.get(key)) for key, value in changed.items()}
    return {**{key: value for key, value in after.items() if key not in before}, **merged}
