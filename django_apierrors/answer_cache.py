"""The cache of answers: what all answers of one code in one format and one language share."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from rest_framework.renderers import JSONRenderer

from . import catalog, codes, formats, negotiation
from .catalog import ResolvedEntry
from .formats import Format
from .problems import Problem
from .request_state import RequestState
from .text import placeholders
from .url_resolution import urlconf_of

renderer = JSONRenderer()

# The types of placeholder values that can be compared without a thought.
_SIMPLE = {str, int, type(None)}
# More than any project has codes, formats and languages; a limit all the same.
_MOST_PREPARED = 50_000


class PreparedAnswer:
    """What all answers of one code, status, format and language have in common.

    ``resolved`` is the entry of the catalog, ``language`` the one in which it was looked up, ``vary`` the
    names of the request headers that the answer depends on.
    """

    __slots__ = ("_format", "_last", "_placeholders", "language", "resolved", "vary")

    def __init__(self, format_: Format, resolved: ResolvedEntry, language: str, vary: tuple[str, ...]) -> None:
        self.resolved, self.language, self.vary = resolved, language, vary
        self._format = format_ if type(format_) in formats.CONSTANT else None
        texts = (resolved.entry.message, resolved.entry.message_without)
        # A wait is put into words when the text is filled; until then it is in seconds.
        derived = ("retry_after",) if "{wait}" in resolved.entry.message else ()
        self._placeholders = sorted(frozenset(derived).union(*map(placeholders, texts)))
        # The last body, with what was put into it: in a flood of errors that is the same.
        self._last: tuple[list[Any], Any, tuple[bytes, str]] | None = None

    def body_for(self, problem: Problem) -> tuple[bytes, str] | None:
        """Return the bytes of a problem without facts of its own, and their languages; ``None`` where each differs.

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
            body = formats.bounded(format_, problem, entry, renderer.render)[1]
            spoken = formats.content_language(format_, problem, entry, self.language)
            last = self._last = (values, details, (body, spoken))
        return last[2]


def prepared_answer(
    problem: Problem, format_: Format, language: str, request: HttpRequest, state: RequestState
) -> PreparedAnswer:
    """Return the prepared answer for a problem in a language, made on the first call.

    The key holds nothing that a client writes as it likes: the language is one of the project's.
    """
    current = catalog.current()
    is_api = negotiation.is_api_path_or_view(request, state)
    # Where the texts are in one language, the URL of the documentation may have the prefix of the client's.
    is_asked = state.is_language_asked and (
        format_.language is None or is_language_prefix_patterns_used(urlconf_of(request))[0]
    )
    key = (problem.code, problem.status, format_, language, is_api, is_asked)
    prepared: PreparedAnswer | None = current.prepared.get(key)
    if prepared is None or prepared.resolved.definition is not codes.registry.get(problem.code):
        if len(current.prepared) >= _MOST_PREPARED:
            current.prepared.clear()
        vary = (*(("Accept-Language",) if is_asked else ()), *(() if is_api else ("Accept",)))
        prepared = PreparedAnswer(format_, current.resolve(problem.code, language), language, vary)
        current.prepared[key] = prepared
    return prepared
