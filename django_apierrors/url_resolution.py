"""The resolution of a path to its view and language, before Django resolves it."""

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
    """Return the language prefix of ``i18n_patterns`` in a path; raises the exceptions of a URLconf."""
    is_used, _ = is_language_prefix_patterns_used(urlconf_of(request))
    language = translation.get_language_from_path(request.path_info) if is_used else None
    return language and language.lower()  # in the spelling of the path; Django caches URLs for each spelling


def language_of(request: HttpRequest) -> str:
    """Return the language for the URLs of a request: that in its path, else ``LANGUAGE_CODE``."""
    return language_in_path(request) or settings.LANGUAGE_CODE


def override_language(language: str) -> AbstractContextManager[object]:
    """Activate a language in a block; until then, that of the last request of the thread is active."""
    # It is mostly the same one, and to activate a language costs as much as to resolve a path.
    return nullcontext() if translation.get_language() == language else translation.override(language)


def resolve(request: HttpRequest) -> ResolverMatch | None:
    """Return the match of a request, ``None`` for an unknown path and for a URLconf that fails."""
    try:
        with override_language(language_of(request)):
            return get_resolver(urlconf_of(request)).resolve(request.path_info)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return None
