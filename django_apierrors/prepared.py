"""Prepared answers: what all answers of one code in one format and one language share."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer

from . import catalog, codes, formats, negotiation
from .catalog import ResolvedEntry
from .formats import Format
from .problems import Problem
from .request_state import RequestState

renderer = JSONRenderer()

# More than any project has codes, formats and languages; a limit all the same.
_MOST_PREPARED = 50_000


class PreparedAnswer:
    """What all answers of one code, status, format and language have in common.

    - ``resolved``: the entry of the catalog.
    - ``vary``: the names of the request headers that the answer depends on.
    - ``body``: the bytes for an error without facts of its own, ``None`` where each body differs.
    """

    __slots__ = ("body", "resolved", "vary")

    def __init__(self, problem: Problem, format_: Format, resolved: ResolvedEntry, *, is_by_place: bool) -> None:
        self.resolved = resolved
        varies_by_language = format_.language is None and settings.USE_I18N
        self.vary = (*(["Accept-Language"] if varies_by_language else []), *([] if is_by_place else ["Accept"]))
        self.body: bytes | None = None
        if type(format_) in formats.CONSTANT and "{" not in resolved.entry.message:
            bare = Problem(code=problem.code, status=problem.status)
            self.body = renderer.render(format_.body(bare, resolved.entry))

    def has_body_for(self, problem: Problem) -> bool:
        """Return whether the prepared body is that of a problem: it has no facts of its own."""
        if self.body is None or problem.errors or problem.details or problem.is_final:
            return False
        entry = self.resolved.entry
        return not problem.message or not entry.pass_detail or entry.edited


def prepared_answer(
    problem: Problem, format_: Format, request: HttpRequest, state: RequestState, response: HttpResponseBase
) -> PreparedAnswer:
    """Return the prepared answer for a problem, made on the first call.

    The key holds nothing that a client writes as it likes: the language is one of the project's.
    """
    current = catalog.current()
    language = format_.language or negotiation.language_for(request, response)
    is_by_place = negotiation.is_by_place(request, state)
    key = (problem.code, problem.status, format_, language, is_by_place)
    prepared: PreparedAnswer | None = current.prepared.get(key)
    if prepared is None or prepared.resolved.definition is not codes.registry.get(problem.code):
        if len(current.prepared) >= _MOST_PREPARED:
            current.prepared.clear()
        resolved = current.resolve(problem.code, language)
        prepared = PreparedAnswer(problem, format_, resolved, is_by_place=is_by_place)
        current.prepared[key] = prepared
    return prepared
