"""The texts of DRF, Django and the apps by language, to tell in which language a field error is."""

from __future__ import annotations

import functools
import gettext
import logging
import re
import struct
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.utils.translation import to_locale

from . import model_texts
from .translations import (
    COMPLETE_LANGUAGES,
    DOMAIN,
    is_source_language,
    languages_of_django,
    locale_paths,
    source_of,
    translate,
)

logger = logging.getLogger("django_apierrors")

# The placeholders of DRF and of Django.
_VALUE = re.compile(r"%\(\w+\)[a-z]|%[a-z]|\{\w*\}")
# The first number of a compiled catalog, which tells the order of its bytes.
_MAGIC = 0x950412DE
# The letters that a text with values needs, else it matches what was never said in its language.
_FEWEST_LETTERS = 8
# The characters at its beginning or end by which a text with values is found.
_KEY = 3

Pieces = tuple[str, ...]


class Known(NamedTuple):
    """The texts of a language: those without values, and the pieces between the values of the others by their ends."""

    whole: frozenset[str]
    by_start: Mapping[str, Sequence[Pieces]]
    by_end: Mapping[str, Sequence[Pieces]]


@functools.lru_cache(maxsize=2000)
def find_language(text: str, language: str) -> str:
    """Return the language of a text of DRF, Django, an app or this package, ``""`` for a literal of a raise site.

    It is the given language, or the one that stands in where that has no translation.
    """
    return next((spoken for spoken in languages_of_django(language) if _is_known(text, spoken)), "")


def clear_known_texts() -> None:
    """Read the catalogs anew: the languages, the apps or the paths of the project have changed."""
    find_language.cache_clear()
    _known.cache_clear()


def _is_known(text: str, language: str) -> bool:
    known = _known(language)
    if text in known.whole:
        return True
    candidates = (*known.by_start.get(text[:_KEY], ()), *known.by_end.get(text[-_KEY:], ()))
    return any(_matches(text, pieces) for pieces in candidates)


def _matches(text: str, pieces: Pieces) -> bool:
    """Return whether a text has some pieces in their order, the first and the last at its ends."""
    first, *inner, last = pieces
    at, end = len(first), len(text) - len(last)
    if at > end or not (text.startswith(first) and text.endswith(last)):
        return False
    for piece in inner:
        at = text.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return True


@functools.lru_cache(maxsize=50)
def _known(language: str) -> Known:
    whole: set[str] = set()
    by_start, by_end = defaultdict[str, list[Pieces]](list), defaultdict[str, list[Pieces]](list)
    for text in {*_texts_of_models(language), *_texts_of_catalogs(language)}:
        pieces = tuple(_VALUE.split(text))
        if len(pieces) == 1:
            whole.add(text)
        elif sum(map(str.isalpha, "".join(pieces))) < _FEWEST_LETTERS:
            continue
        elif len(pieces[0]) >= _KEY:
            by_start[pieces[0][:_KEY]].append(pieces)
        elif len(pieces[-1]) >= _KEY:
            by_end[pieces[-1][-_KEY:]].append(pieces)
    return Known(frozenset(whole), dict(by_start), dict(by_end))


def _texts_of_models(language: str) -> Iterator[str]:
    """Yield our words in the place of Django's about models."""
    for source in filter(None, map(source_of, vars(model_texts).values())):
        translated = translate(source, language)
        if translated or is_source_language(language):
            yield translated or source.text


def _texts_of_catalogs(language: str) -> Iterator[str]:
    if is_source_language(language):
        paths = locale_paths(english=True)
        for complete in COMPLETE_LANGUAGES:
            for msgids, _ in _entries(complete, paths):
                yield from msgids
    if settings.USE_I18N:
        for _, translations in _entries(language, locale_paths()):
            yield from translations


def _entries(language: str, paths: Sequence[str]) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield msgids and translations of each entry of a language, the singular and the plurals."""
    for path in paths:
        for file in gettext.find(DOMAIN, path, [to_locale(language)], all=True):
            try:
                entries = list(_parse(Path(file).read_bytes()))
            except Exception:  # a catalog that is broken must never hide the error whose language is looked for
                logger.exception("The catalog %s cannot be read", file)
                continue
            yield from entries


def _parse(file: bytes) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """Yield the entries of a compiled catalog: after a header, a table of msgids and one of translations.

    The format is that of the manual of GNU gettext, "The Format of GNU MO Files".
    """
    order = "<" if struct.unpack_from("<I", file)[0] == _MAGIC else ">"
    count, *tables = struct.unpack_from(f"{order}3I", file, 8)
    for number in range(count):
        places = (struct.unpack_from(f"{order}2I", file, table + 8 * number) for table in tables)
        msgid, translation = (file[start : start + length].decode(errors="replace") for length, start in places)
        if msgid:  # else it is the header
            yield msgid.rpartition("\4")[2].split("\0"), translation.split("\0")
