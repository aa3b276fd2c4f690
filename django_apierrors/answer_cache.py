"""The cache of answers: what all answers of one code in one format and one language share."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from rest_framework.renderers import JSONRenderer

from . import catalog, codes, formats, negotiation
from .catalog import ResolvedEntry
from .formats import Format
from .problems import Problem
from .request_state import RequestState
from .text import placeholders

renderer = JSONRenderer()

# The types of placeholder values that can be compared without a thought.
_SIMPLE = {str, int, type(None)}
# More than any project has codes, formats and languages; a limit all the same.
_MOST_PREPARED = 50_000


class PreparedAnswer:
    """What all answers of one code, status, format and language have in common.

    ``resolved`` is the entry of the catalog, ``vary`` the names of the request headers that the
    answer depends on.
    """

    __slots__ = ("_format", "_last", "_placeholders", "resolved", "vary")

    def __init__(self, format_: Format, resolved: ResolvedEntry, *, is_api_path_or_view: bool) -> None:
        self.resolved = resolved
        varies_by_language = format_.language is None and settings.USE_I18N
        self.vary = (*(["Accept-Language"] if varies_by_language else []), *([] if is_api_path_or_view else ["Accept"]))
        self._format = format_ if type(format_) in formats.CONSTANT else None
        texts = (resolved.entry.message, resolved.entry.message_without)
        # A wait is put into words when the text is filled; until then it is in seconds.
        derived = ("retry_after",) if "{wait}" in resolved.entry.message else ()
        self._placeholders = sorted(frozenset(derived).union(*map(placeholders, texts)))
        # The last body, with what was put into it: in a flood of errors that is the same.
        self._last: tuple[list[Any], Any, bytes] | None = None

    def body_for(self, problem: Problem) -> bytes | None:
        """Return the bytes of a problem without facts of its own, ``None`` where each body differs.

        Details count as such unless they are a ``MappingProxyType``, which nobody changes.
        """
        entry, format_, details = self.resolved.entry, self._format, problem.details
        has_text = problem.message and (entry.pass_detail or problem.is_safe) and not problem.is_final
        if format_ is None or has_text or problem.errors or (details and type(details) is not MappingProxyType):
            return None
        values = list(map(problem.params.get, self._placeholders))
        values.append(problem.message if problem.is_final else None)
        if not _SIMPLE.issuperset(map(type, values)):
            return None
        last = self._last  # once: another thread may replace it
        if last is None or last[0] != values or last[1] is not details:
            last = self._last = (values, details, formats.bounded(format_, problem, entry, renderer.render)[1])
        return last[2]


def prepared_answer(
    problem: Problem, format_: Format, request: HttpRequest, state: RequestState, response: HttpResponseBase
) -> PreparedAnswer:
    """Return the prepared answer for a problem, made on the first call.

    The key holds nothing that a client writes as it likes: the language is one of the project's.
    """
    current = catalog.current()
    language = format_.language or negotiation.language_for(request, response)
    is_api_path_or_view = negotiation.is_api_path_or_view(request, state)
    key = (problem.code, problem.status, format_, language, is_api_path_or_view)
    prepared: PreparedAnswer | None = current.prepared.get(key)
    if prepared is None or prepared.resolved.definition is not codes.registry.get(problem.code):
        if len(current.prepared) >= _MOST_PREPARED:
            current.prepared.clear()
        resolved = current.resolve(problem.code, language)
        prepared = PreparedAnswer(format_, resolved, is_api_path_or_view=is_api_path_or_view)
        current.prepared[key] = prepared
    return prepared
