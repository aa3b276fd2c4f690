"""The languages of the texts in a body, for ``Content-Language``."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise

from ..codes import WITHOUT
from ..entries import Entry
from ..equivalents import FIRST_ERROR
from ..known_texts import find_language
from ..problems import Problem
from ..text import has_words, placeholders
from ..translations import language_as_written, languages_of_django, source_of, translate
from .format import Format

# The placeholder whose value is a text, not a name or a number.
_DETAIL = "detail"
# Details of more members, or of more levels, are not searched for texts.
_MOST_MEMBERS = 100
_MOST_LEVELS = 3


def content_language(format_: Format, problem: Problem, entry: Entry, language: str) -> str:
    """Return the languages of all texts of a body (RFC 9110, 8.5), ``""`` where that of one is not known.

    ``language`` is the one in which the answer is made.
    """
    found = dict.fromkeys(_languages(format_, format_.for_body(problem, entry), entry, language))
    return "" if "" in found else ", ".join(found)


def _languages(format_: Format, problem: Problem, entry: Entry, language: str) -> Iterator[str]:
    own = format_.own_texts(problem, entry)
    yield from _languages_of_message(problem, entry, language) if own is None else own.values()
    for name in format_.texts(entry):
        yield entry.languages.get(name, "")
    if format_.lists_errors:
        for message in dict.fromkeys(error.message for error in problem.errors if error.message):
            yield find_language(message, language)
    if problem.details is not None and not _are_details_data(problem.details):
        yield ""


def _languages_of_message(problem: Problem, entry: Entry, language: str) -> Iterator[str]:
    text, name = entry.chosen_message(problem)
    if not name:
        yield "" if problem.is_final else _find_own_language(problem.message, text, language)
    elif name == WITHOUT and entry.message_without == FIRST_ERROR:
        yield find_language(problem.errors[0].message, language)
    elif name == "message":
        has_own_words, has_detail = _message_parts(entry.message)
        if has_own_words:
            yield entry.language
        if has_detail:
            yield find_language(str(problem.params[_DETAIL]), language)
    else:
        yield entry.languages.get(name, "")


@functools.lru_cache(maxsize=1000)
def _message_parts(message: str) -> tuple[bool, bool]:
    """Return whether a message of the catalog has words of its own, and whether it quotes a text."""
    return has_words(message), _DETAIL in placeholders(message)


def _find_own_language(message: Any, text: str, language: str) -> str:
    """Return the language of the text of a raise site: a lazy one is in that of the answer, or falls back as Django."""
    source = source_of(message)
    if source is None:
        return find_language(text, language)
    known = languages_of_django(language)
    found = next((spoken for spoken in known if translate(source, spoken) is not None), None)
    return found or language_as_written(source, language)


def _are_details_data(details: Any) -> bool:
    try:
        return type(details) is MappingProxyType or _is_data(details)  # details of our own are data
    except Exception:  # a value of somebody else must never hide the error that carries it
        return False


def _is_data(value: Any, levels: int = _MOST_LEVELS) -> bool:
    """Return whether a value has no text in it, as far as that is known: none that has a blank."""
    if isinstance(value, str):
        return " " not in value
    if isinstance(value, (dict, list, tuple)):
        if type(value) not in (dict, list, tuple) or len(value) > _MOST_MEMBERS or not levels:
            return False
        return all(_is_data(inner, levels - 1) for inner in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, Promise)
