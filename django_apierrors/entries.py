"""An entry of the catalog: what we say about one code in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from .codes import LONGEST_MESSAGE, WITHOUT
from .equivalents import FIRST_ERROR
from .problems import Problem
from .text import clean, fill
from .translations import wait_in


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What we say about one code in one language: plain strings, no translation left to do.

    ``message_without`` is the message where a placeholder of ``message`` has no value, if there is
    one. ``details`` is the sample of the details, empty when none is declared. ``names`` holds what
    formats write for the code, by the name of the format. ``language`` is the language of the
    message, empty where nobody knows it; ``languages`` holds the same of each text by its name.
    ``edited`` says that the message comes from the admin and outranks the raise site's. ``doc_url``
    is absolute, or empty when nothing documents the code publicly.
    """

    code: str
    status: int
    type: str
    retry: str
    title: str
    message: str
    description: str
    causes: tuple[str, ...]
    remedy: tuple[str, ...]
    params: Mapping[str, object]
    pass_detail: bool
    since: str
    doc_url: str
    language: str
    message_without: str = ""
    languages: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    details: Mapping[str, object] = field(default_factory=dict)
    edited: bool = False
    listed: bool = True
    deprecated: bool = False
    replaced_by: str = ""

    def message_for(self, problem: Problem) -> str:
        """Return the message of one problem: a final one, the admin's, the raise site's, or the shipped one.

        Only texts of the catalog have placeholders: in the words of a raise site, which may quote the
        client, and of an operator a brace is a brace. A text with a placeholder that has no value
        gives way to the raise site's, to ``message_without``, and to the title with a full stop.
        """
        return self.chosen_message(problem)[0]

    def chosen_message(self, problem: Problem) -> tuple[str, str]:
        """Return the message of one problem with the name of its text, ``""`` for that of the raise site."""
        own = ""
        if problem.message and (problem.is_final or problem.is_safe or self.pass_detail):
            own = clean(str(problem.message), LONGEST_MESSAGE)
        if own and (problem.is_final or not self.edited):
            return own, ""
        params = self._with_wait(problem.params)
        text = fill(self.message, params)
        if text:
            return text, "message"
        if own:
            return own, ""
        without = self.message_without
        text = fill(without, _with_first_error(problem) if FIRST_ERROR in without else params)
        return (text, WITHOUT) if text else (f"{self.title}.", "title")

    def _with_wait(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the placeholder values with the wait in words."""
        wait = self.wait_for(params)
        return params if wait is None else {**params, "wait": wait[0]}

    def wait_for(self, params: Mapping[str, Any]) -> tuple[str, str] | None:
        """Return the words for the wait in a message and their language: that of the message or else the team's.

        ``None`` where the message says no wait, or the raise site says it itself.
        """
        seconds = params.get("retry_after")
        if not isinstance(seconds, int) or params.get("wait") is not None or "{wait}" not in self.message:
            return None
        return wait_in(self.language or settings.LANGUAGE_CODE, seconds)


def _with_first_error(problem: Problem) -> Mapping[str, object]:
    """Return the placeholder values with what is wrong first, and where."""
    first = problem.errors[0] if problem.errors else None
    text = first and first.message and (f"{first.param}: {first.message}" if first.path else first.message)
    return {**problem.params, "first_error": text or None}
