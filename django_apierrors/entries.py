"""An entry of the catalog: what we say about one code in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from .codes import LONGEST_MESSAGE
from .problems import Problem
from .text import clean, fill
from .waits import wait_text_in


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What we say about one code in one language: plain strings, no translation left to do.

    ``message_without`` is the message where a placeholder of ``message`` has no value, if there is
    one. ``names`` holds what formats write for the code, by the name of the format. ``language``
    is the language of the message when it was chosen by language, else empty. ``edited`` says that
    the message comes from the admin and outranks the raise site's. ``doc_url`` is absolute, or
    empty when nothing documents the code publicly.
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
    names: Mapping[str, str] = field(default_factory=dict)
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
        own = ""
        if problem.message and (problem.is_final or problem.is_safe or self.pass_detail):
            own = clean(str(problem.message), LONGEST_MESSAGE)
        if own and (problem.is_final or not self.edited):
            return own
        params, without = problem.params, self.message_without
        if "retry_after" in params and params.get("wait") is None and "{wait}" in self.message:
            params = self._with_wait(params)
        return fill(self.message, params) or own or fill(without, params) or f"{self.title}."

    def _with_wait(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        # In the language of the message; where nobody knows that, it is the team's.
        seconds = params["retry_after"]
        if not isinstance(seconds, int):  # a raise site gave another text
            return params
        return {**params, "wait": wait_text_in(self.language or settings.LANGUAGE_CODE, seconds)}
