"""The language of the documentation pages."""

from __future__ import annotations

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest, HttpResponse
from django.utils import translation

from .. import catalog, negotiation


def get_page_language(request: HttpRequest) -> str:
    """Return the language of a request, or English if neither the package nor a row is translated to it."""
    language = negotiation.language_for(request, HttpResponse())
    base = language.split("-")[0]
    with translation.override(language):
        is_translated = translation.gettext("How to fix it") != "How to fix it"
    if base == "en" or is_translated or not catalog.current().languages.isdisjoint((language, base)):
        return language
    return "en"


def is_language_public(request: HttpRequest) -> bool:
    """Return whether the URL and ``Accept-Language`` chose the language, by which caches know a page.

    A cookie, a session or the profile of a user may have chosen another one, or happen to choose the same.
    """
    if not settings.USE_I18N:
        return True
    language = negotiation.language_for(request, HttpResponse())
    # As in LocaleMiddleware: the prefix of the path, or none for the default language.
    urlconf = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
    has_prefixes, is_default_prefixed = is_language_prefix_patterns_used(urlconf)
    prefix = translation.get_language_from_path(request.path_info) if has_prefixes else None
    if prefix or (has_prefixes and not is_default_prefixed):
        return language == (prefix or settings.LANGUAGE_CODE)
    if settings.LANGUAGE_COOKIE_NAME in request.COOKIES:
        return False
    anonymous = HttpRequest()
    if "HTTP_ACCEPT_LANGUAGE" in request.META:
        anonymous.META["HTTP_ACCEPT_LANGUAGE"] = request.META["HTTP_ACCEPT_LANGUAGE"]
    return language == negotiation.language_for(anonymous, HttpResponse())
