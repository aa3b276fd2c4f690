"""Which view a path leads to, before Django looks: above LocaleMiddleware, and whatever a URLconf raises."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Any

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from django.urls import ResolverMatch, get_resolver
from django.utils import translation


def urlconf_of(request: HttpRequest) -> Any:
    """Return the URLconf that an outer middleware chose for a request, else the project's."""
    return getattr(request, "urlconf", None) or settings.ROOT_URLCONF


def language_in_path(request: HttpRequest) -> str | None:
    """Return the language that ``i18n_patterns`` read in a path; raises what a URLconf raises."""
    is_used, _ = is_language_prefix_patterns_used(urlconf_of(request))
    named = translation.get_language_from_path(request.path_info) if is_used else None
    return named and named.lower()  # it is spelled as in the path, and URLs are kept for each spelling


def language_of(request: HttpRequest) -> str:
    """Return the language that the URLs of a request may depend on: that in its path, else the project's."""
    return language_in_path(request) or settings.LANGUAGE_CODE


def using(language: str) -> AbstractContextManager[object]:
    """Use a language; the active one is that of the last request of this thread."""
    # It nearly always is the same, and to activate one costs as much as to resolve a path.
    return nullcontext() if translation.get_language() == language else translation.override(language)


def resolved(request: HttpRequest) -> ResolverMatch | None:
    """Return the view that would answer a request, ``None`` for an unknown path and for URLs that fail."""
    try:
        with using(language_of(request)):
            return get_resolver(urlconf_of(request)).resolve(request.path_info)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return None
