"""The languages of the documentation pages."""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from django.utils import translation

from .. import negotiation
from ..catalog import Entry
from ..request_state import RequestState
from ..translations import SOURCE_LANGUAGE, Source, is_source_language, translate
from ..url_resolution import urlconf_of

#: A text of the pages: they are in the languages that it is translated to.
DOCS_TEXT = Source("How to fix it")


def get_page_language(language: str) -> str:
    """Return the language of the words around the texts of codes: that of the reader, else English."""
    return language if is_source_language(language) or translate(DOCS_TEXT, language) else SOURCE_LANGUAGE


def get_languages(entries: Iterable[Entry], names: Iterable[str], page: str = "") -> str:
    """Return the value of ``Content-Language`` for some texts of codes, and for the words of a page around them.

    Texts of which nobody knows the language are passed over: the codes of a project are mostly written in one.
    """
    spoken = dict.fromkeys([page])
    spoken |= {entry.languages.get(name, ""): None for entry in entries for name in names if getattr(entry, name)}
    return ", ".join(filter(None, spoken))


def is_language_public(request: HttpRequest, language: str) -> bool:
    """Return whether the URL and ``Accept-Language`` chose the language of the reader, by which caches know a page.

    A cookie, a session or the profile of a user may have chosen another one, or happen to choose the same.
    """
    if not settings.USE_I18N:
        return True
    if not negotiation.has_locale_middleware():
        return language == settings.LANGUAGE_CODE and not hasattr(request, "LANGUAGE_CODE")
    # As in LocaleMiddleware: the prefix of the path, or none for the default language.
    has_prefixes, is_default_prefixed = is_language_prefix_patterns_used(urlconf_of(request))
    prefix = translation.get_language_from_path(request.path_info) if has_prefixes else None
    if prefix or (has_prefixes and not is_default_prefixed):
        return language == (prefix or settings.LANGUAGE_CODE)
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return False
    anonymous = HttpRequest()
    if "HTTP_ACCEPT_LANGUAGE" in request.META:
        anonymous.META["HTTP_ACCEPT_LANGUAGE"] = request.META["HTTP_ACCEPT_LANGUAGE"]
    return language == negotiation.language_for(anonymous, RequestState.of(anonymous))
