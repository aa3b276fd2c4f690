"""The languages of the texts in a body, for ``Content-Language``."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise

from ..entries import Entry
from ..equivalents import FIRST_ERROR
from ..known_texts import find_language
from ..problems import Problem
from ..text import has_words, placeholders
from ..translations import language_as_written, languages_of_django, source_of, translate
from .format import Format

# Placeholders whose values are texts of DRF, or of whoever wrote the validation.
_DETAIL = "detail"
_FIRST_DETAIL = FIRST_ERROR.strip("{}")
# That of a wait in words, which may be in another language than what is around it.
_WAIT = "wait"
# Placeholders whose values are names, whatever characters they have.
_PLACEHOLDERS_OF_NAMES = ("param", "method", "media_type", "scope")
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
    details = problem.details
    if details is not None and type(details) is not MappingProxyType and not _has_no_text(details):  # ours are data
        yield ""


def _languages_of_message(problem: Problem, entry: Entry, language: str) -> Iterator[str]:
    text, name = entry.chosen_message(problem)
    if not name:
        yield "" if problem.is_final else _find_own_language(problem.message, text, language)
    elif name == "title":
        yield entry.languages.get(name, "")
    else:
        has_own_words, names = _message_parts(getattr(entry, name))
        if has_own_words:
            yield entry.languages.get(name, "")
        for placeholder in names:
            yield from _languages_of_value(placeholder, problem, entry, language)


@functools.lru_cache(maxsize=1000)
def _message_parts(message: str) -> tuple[bool, Sequence[str]]:
    """Return whether a message of the catalog has words of its own, and its placeholders but those of names."""
    return has_words(message), sorted(placeholders(message).difference(_PLACEHOLDERS_OF_NAMES))


def _languages_of_value(placeholder: str, problem: Problem, entry: Entry, language: str) -> Iterator[str]:
    """Yield the language of what stands in the place of a placeholder, nothing if that is data."""
    if placeholder == _FIRST_DETAIL:
        yield find_language(problem.errors[0].message, language)
    elif placeholder == _DETAIL:
        yield find_language(str(problem.params[_DETAIL]), language)
    elif placeholder == _WAIT and (wait := entry.wait_for(problem.params)):
        yield wait[1]
    elif not _has_no_text(problem.params.get(placeholder)):
        yield ""


def _find_own_language(message: Any, text: str, language: str) -> str:
    """Return the language of the text of a raise site: a lazy one is in that of the answer, or falls back as Django."""
    source = source_of(message)
    if source is None:
        return find_language(text, language)
    known = languages_of_django(language)
    found = next((spoken for spoken in known if translate(source, spoken) is not None), None)
    return found or language_as_written(source, language)


def _has_no_text(value: Any) -> bool:
    try:
        return _is_data(value)
    except Exception:  # a value of somebody else must never hide the error that carries it
        return False


def _is_data(value: Any, levels: int = _MOST_LEVELS) -> bool:
    """Return whether a value has no text in it, as far as that is known: names are ASCII and have no blanks."""
    if isinstance(value, str):
        return value.isascii() and " " not in value
    if isinstance(value, (dict, list, tuple)):
        if type(value) not in (dict, list, tuple) or len(value) > _MOST_MEMBERS or not levels:
            return False
        return all(_is_data(inner, levels - 1) for inner in (value.values() if isinstance(value, dict) else value))
    return not isinstance(value, Promise)
