"""Paths by which operators work: they are never closed, or nobody could open the rest again."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.http import HttpRequest
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, get_resolver, get_script_prefix, reverse
from django.utils import translation

from ..paths import covers

#: What an admin at the root of the site has besides its apps.
_OF_ADMIN = ("login", "logout", "password_change", "jsi18n")


def holds(request: HttpRequest) -> bool:
    """Tell whether a request is for the admin, a login, a static file or the documentation of errors."""
    urlconf = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
    try:
        prefixes = _prefixes(urlconf, get_script_prefix(), resolve_url(settings.LOGIN_URL), settings.STATIC_URL)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return False
    path = request.path_info
    return (path == "/" and "/" in prefixes) or any(prefix != "/" and covers(prefix, path) for prefix in prefixes)


@functools.lru_cache(maxsize=64)
def _prefixes(urlconf: Any, script_prefix: str, login_url: str, static_url: str | None) -> frozenset[str]:
    """Return the prefixes without the script name; ``/`` stands for that one path."""
    found = {login_url, static_url or ""}
    for language in _languages(urlconf):
        with translation.override(language):
            found.update(_reversed(urlconf))
    script = script_prefix.rstrip("/")
    local = (url.removeprefix(script) for url in found if url.startswith(f"{script}/") and not url.startswith("//"))
    return frozenset(url.rstrip("/") or "/" for url in local)


def _languages(urlconf: Any) -> list[str | None]:
    if is_language_prefix_patterns_used(urlconf)[0]:
        return [code for code, _name in settings.LANGUAGES]
    return [translation.get_language()]


def _reversed(urlconf: Any) -> Iterator[str]:
    yield _reverse("apierrors:index", urlconf)
    for admin in get_resolver(urlconf).app_dict.get("admin", ()):
        index = _reverse(f"{admin}:index", urlconf)
        yield index
        if index == get_script_prefix():
            yield from (_reverse(f"{admin}:{name}", urlconf) for name in _OF_ADMIN)
            labels = (config.label for config in apps.get_app_configs())
            yield from (_reverse(f"{admin}:app_list", urlconf, app_label=label) for label in labels)


def _reverse(name: str, urlconf: Any, **kwargs: str) -> str:
    try:
        return reverse(name, urlconf=urlconf, kwargs=kwargs)
    except NoReverseMatch:
        return ""
