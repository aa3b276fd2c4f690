"""Paths by which operators work: they are never closed, or nobody could open the rest again."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, ResolverMatch, URLResolver, get_resolver, get_script_prefix, reverse

from ..paths import covers
from ..url_resolution import language_of, urlconf_of, using

#: The applications, as URLs name them: every site of Django's admin, the documentation of errors.
_APPS = frozenset({"admin", "apierrors"})


def holds(request: HttpRequest) -> bool:
    """Tell by its path whether a request is for an admin, a login or a static file."""
    try:
        language = language_of(request)
        with using(language):
            resolver = get_resolver(urlconf_of(request))
            urls = (_login_url(), settings.STATIC_URL or "")
            host = request.get_host() if any("//" in url for url in urls) else ""
            paths, below = _places(resolver, language, get_script_prefix(), host, *urls)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return False
    path = _without(language, request.path_info)
    return path in paths or path.startswith(below)


def serves(match: ResolverMatch | None) -> bool:
    """Tell whether a view is one of these where no prefix tells: of an admin at the root, or of the documentation."""
    # The admin has one view without a name, for all that it does not know.
    return match is not None and match.url_name is not None and not _APPS.isdisjoint(match.app_names)


@functools.lru_cache(maxsize=64)
def _places(
    resolver: URLResolver, language: str, script: str, host: str, login_url: str, static_url: str
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the paths, and what begins those below them, without script name and language.

    ``/``, of a login, stands for that one path.
    """
    # Not so the documentation of errors: an API may stand below it. Its views are known when they are resolved.
    admins = (_reverse(f"{name}:index", resolver) for name in resolver.app_dict.get("admin", ()))
    found = {_local(url, script, language, host) for url in (static_url, *admins)} - {"/"}  # a prefix of everything
    found.add(_local(_reverse(login_url, resolver) or login_url, script, language, host))
    paths = frozenset(found - {""})
    return paths, tuple(f"{path}/" for path in paths - {"/"})


def _reverse(name: str, resolver: URLResolver) -> str:
    urlconf: Any = resolver.urlconf_name
    try:
        return reverse(name, urlconf=urlconf)
    except NoReverseMatch:
        return ""


def _login_url() -> str:
    try:
        return str(settings.LOGIN_URL)
    except NoReverseMatch:  # it may be lazy, and wrong
        return ""


def _local(url: str, script: str, language: str, host: str) -> str:
    """Return the path of a URL as requests have it, without a slash at its end; ``""`` for one of another host."""
    parts = urlsplit(url)
    if parts.netloc and parts.netloc.lower() != host.lower():
        return ""
    path = unquote(parts.path)
    if not path.startswith(script):
        return ""
    return _without(language, path[len(script) - 1 :]).rstrip("/") or "/"


def _without(language: str, path: str) -> str:
    return (path.removeprefix(f"/{language}") or "/") if covers(f"/{language}", path) else path
