"""The shipped texts of a code in a language, and the language that each of them is really in."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

from django.utils.functional import Promise

from .codes import TEXTS, WITHOUT, ErrorDefinition, Text
from .codes_builtin import BUILTIN_CODES
from .equivalents import EQUIVALENTS, FIRST_ERROR, PLACEHOLDERS, REQUIRED, Equivalent
from .text import has_words, placeholders
from .translations import SOURCE_LANGUAGE, Source, language_as_written, source_of, translate
from .url_resolution import override_language

_MESSAGES = {item["code"]: item["message"] for item in BUILTIN_CODES}


def shipped_texts(definition: ErrorDefinition) -> dict[str, str]:
    """Return the five texts of a definition in the active language, lists one item a line."""
    return {
        "title": str(definition.title),
        "message": str(definition.message),
        "description": str(definition.description),
        "causes": "\n".join(map(str, definition.causes)),
        "remedy": "\n".join(map(str, definition.remedy)),
    }


def texts_in(definition: ErrorDefinition, language: str) -> tuple[dict[str, str], dict[str, str]]:
    """Return the shipped texts of a definition in a language, and for each the language that it is in.

    What is not translated is English, or what DRF and Django say in the language. A text without words
    is in any language; of one that no catalog can translate the language is ``""``.
    """
    given: dict[str, Sequence[Text]] = {
        name: value if isinstance(value, Sequence) and not isinstance(value, (str, Promise)) else [value]
        for name in (*TEXTS, WITHOUT)
        for value in [getattr(definition, name)]
    }
    read = {name: [text_in(item, language) for item in items if item] for name, items in given.items()}
    texts = {name: "\n".join(text for text, _ in items) for name, items in read.items()}
    languages = {name: _common(language, [spoken for _, spoken in items]) for name, items in read.items()}
    if definition.message is _MESSAGES.get(definition.code):  # else the project has words of its own
        _add_equivalents(definition.code, language, texts, languages)
    return texts, languages


def text_in(text: Text, language: str) -> tuple[str, str]:
    """Return a text in a language, else in English or as it is written, and its language, ``""`` if unknown."""
    source = source_of(text)
    if source is None:
        # A lazy text that joins or computes others is in the language that is active.
        with override_language(language) if isinstance(text, Promise) else nullcontext():
            plain = str(text)
        return plain, "" if has_words(plain) else language
    for spoken in dict.fromkeys((language, SOURCE_LANGUAGE)):
        translated = translate(source, spoken)
        if translated is not None:
            return translated, spoken
    return source.text, language_as_written(source, language)


def _common(language: str, spoken: Sequence[str]) -> str:
    """Return the language of several texts, ``""`` where they are in different ones."""
    languages = set(spoken) or {language}
    return languages.pop() if len(languages) == 1 else ""


def _add_equivalents(code: str, language: str, texts: dict[str, str], languages: dict[str, str]) -> None:
    """Let DRF and Django say what is not translated: the message, and what stands in for it without its values."""
    stands_in = WITHOUT if texts[WITHOUT] else "title"
    missing = [name for name, spoken in (("message", "message"), (WITHOUT, stands_in)) if languages[spoken] != language]
    found = _equivalents(EQUIVALENTS[code], language) if missing and code in EQUIVALENTS else {}
    for name in found.keys() & missing:
        texts[name], languages[name] = found[name], language


def _equivalents(equivalent: Equivalent, language: str) -> dict[str, str]:
    """Return the message of an equivalent in a language, and the same without its values; nothing if it has none.

    A sentence with a placeholder makes no sense without its value: then our own text stands in.
    """
    if equivalent.text == FIRST_ERROR:
        has_errors = translate(Source(REQUIRED), language) is not None
        return {"message": FIRST_ERROR, WITHOUT: FIRST_ERROR} if has_errors else {}
    text = translate(_source(equivalent.text), language)
    if text is None:
        return {}
    then = translate(_source(equivalent.then), language) if equivalent.then else None
    message = f"{equivalent.before}{text}" if then is None else f"{equivalent.before}{text} {then}"
    for theirs, ours in PLACEHOLDERS.items():
        message = message.replace(theirs, ours)
    return {"message": message} if placeholders(text) else {"message": message, WITHOUT: text}


def _source(text: object) -> Source:
    return source_of(text) or Source(str(text))
