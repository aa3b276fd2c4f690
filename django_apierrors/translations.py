"""Translations of a text, asked of the gettext catalogs one by one: Django itself falls back to ``LANGUAGE_CODE``."""

from __future__ import annotations

import functools
import gettext
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import django.conf
from django.apps import apps
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext as django_gettext
from django.utils.translation import pgettext as django_pgettext
from django.utils.translation import to_locale

from .waits import spell_wait

logger = logging.getLogger("django_apierrors")

#: The domain of the catalogs of Django, DRF, apps and projects.
DOMAIN = "django"
#: The language in which texts are written in Python.
SOURCE_LANGUAGE = "en"
#: Languages with nearly every msgid of this package, DRF and Django: for English itself there are no catalogs.
COMPLETE_LANGUAGES = ("en", "de", "fr", "es")
# What DRF and Django ship; the texts of all other apps go before theirs.
_FRAMEWORKS = ("rest_framework", "django")
# The packages whose texts are written in English, whatever the language of the project is.
_ENGLISH = (*_FRAMEWORKS, __name__.partition(".")[0])
# The functions whose lazy texts have a source, and the names of their arguments in their order.
_ARGUMENTS: dict[Any, Sequence[str]] = {django_gettext: ("message",), django_pgettext: ("context", "message")}


class Source(NamedTuple):
    """A text as it is written in Python: the msgid and the context of gettext."""

    text: str
    context: str = ""


def source_of(text: object) -> Source | None:
    """Return the source of a lazy text of gettext, ``None`` for any other text."""
    if not isinstance(text, Promise):
        return None
    try:
        pickled: Any = text.__reduce__()
        function, args, kwargs, *_classes = pickled[1]  # what is needed to make the text again
        given = {**dict(zip(_ARGUMENTS[function], args, strict=False)), **kwargs}
        source = Source(given["message"], given.get("context", ""))
    except Exception:  # a lazy text of somebody else may be pickled in any way: it must never hide the error
        return None
    return source if all(type(part) is str for part in source) else None


@functools.lru_cache(maxsize=5000)
def translate(source: Source, language: str) -> str | None:
    """Return a text in a language, ``None`` where no catalog of that language has it.

    The catalogs are asked in the order of Django: those of ``LOCALE_PATHS``, of the apps, DRF's and Django's.
    """
    if not settings.USE_I18N:
        return None
    found = (_find(source, catalog) for catalog in _catalogs(language))
    return next(filter(None, found), None)


@functools.lru_cache(maxsize=1024)
def wait_in(language: str, seconds: int) -> tuple[str, str]:
    """Return a wait in words and the language that they are in: the given one, or English where no catalog has them.

    It is kept, because many clients wait as long.
    """
    for catalog in _catalogs(language) if settings.USE_I18N else ():
        found = spell_wait(seconds, catalog.npgettext)
        if found:
            return found, language
    english = spell_wait(seconds, gettext.NullTranslations().npgettext)
    return english, language if is_source_language(language) else SOURCE_LANGUAGE


@functools.lru_cache(maxsize=5000)
def language_as_written(source: Source, language: str) -> str:
    """Return the language of a text that is not translated into the given one, ``""`` if nobody knows it.

    It is English, of which the given one may be a variant, for this package, DRF and Django. Others may write their
    texts in any language.
    """
    catalogs = (catalog for complete in COMPLETE_LANGUAGES for catalog in _catalogs(complete, english=True))
    if not any(_find(source, catalog) for catalog in catalogs):
        return ""
    return language if is_source_language(language) else SOURCE_LANGUAGE


def is_source_language(language: str) -> bool:
    """Return whether a language is the one in which texts are written in Python."""
    return language.partition("-")[0] == SOURCE_LANGUAGE


def languages_of_django(language: str) -> Sequence[str]:
    """Return the languages in which Django looks for a text: the given one, ``LANGUAGE_CODE``, that of the code."""
    if is_source_language(language):
        return (language,)  # for these Django has no fallback
    default = () if is_source_language(settings.LANGUAGE_CODE) else (settings.LANGUAGE_CODE,)
    return tuple(dict.fromkeys((language, *default, SOURCE_LANGUAGE)))


def locale_paths(*, english: bool = False) -> Sequence[str]:
    """Return the directories of the catalogs of the project, its apps, DRF and Django, in the order of their weight.

    ``english`` leaves those of which nobody knows the language of the msgids: of the project and its apps.
    """
    named = [(config.name.partition(".")[0], str(Path(config.path) / "locale")) for config in apps.get_app_configs()]
    named.sort(key=lambda item: item[0] in _FRAMEWORKS)
    of_apps = [path for name, path in named if not english or name in _ENGLISH]
    of_project = () if english else map(str, settings.LOCALE_PATHS)
    return [*of_project, *of_apps, str(Path(django.conf.__file__).parent / "locale")]


def clear_catalogs() -> None:
    """Ask the catalogs anew: the languages, the apps or the paths of the project have changed."""
    translate.cache_clear()
    language_as_written.cache_clear()
    wait_in.cache_clear()
    _catalogs.cache_clear()


class _Nothing(gettext.NullTranslations):
    """The end of a chain of catalogs: it has no text, where others return the text that was asked for."""

    def gettext(self, message: str) -> str:
        return ""

    def pgettext(self, context: str, message: str) -> str:
        return ""

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return ""


def _find(source: Source, catalog: gettext.NullTranslations) -> str:
    text, context = source
    return catalog.pgettext(context, text) if context else catalog.gettext(text)


@functools.lru_cache(maxsize=200)
def _catalogs(language: str, *, english: bool = False) -> Sequence[gettext.NullTranslations]:
    # Python reads each file once; of "de_AT" it finds "de", too.
    found = []
    for path in locale_paths(english=english):
        try:
            catalog = gettext.translation(DOMAIN, path, [to_locale(language)], fallback=True)
        except Exception:  # a catalog that is broken must never hide the error whose text is looked for
            logger.exception("A catalog of %s in %s cannot be read", language, path)
            continue
        if isinstance(catalog, gettext.GNUTranslations):
            catalog.add_fallback(_Nothing())
            found.append(catalog)
    return found
