"""The paths and views that maintenance never refuses: operators need them to end it."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, ResolverMatch, URLResolver, get_resolver, get_script_prefix, reverse

from ..paths import covers
from ..url_resolution import language_of, override_language, urlconf_of

#: The application namespaces of every site of Django's admin and of the documentation of errors.
_APPS = frozenset({"admin", "apierrors"})


def matches_path(request: HttpRequest) -> bool:
    """Return whether the path of a request is that of an admin, a login or a static file."""
    try:
        language = language_of(request)
        with override_language(language):
            resolver = get_resolver(urlconf_of(request))
            urls = (_login_url(), settings.STATIC_URL or "")
            host = request.get_host() if any("//" in url for url in urls) else ""
            paths, below = _protected_paths(resolver, language, get_script_prefix(), host, *urls)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return False
    path = _strip_language(language, request.path_info)
    return path in paths or path.startswith(below)


def matches_view(match: ResolverMatch | None) -> bool:
    """Return whether a view belongs to an admin, also one at the root, or to the documentation of errors."""
    # The catch-all view of the admin has no name.
    return match is not None and match.url_name is not None and not _APPS.isdisjoint(match.app_names)


@functools.lru_cache(maxsize=64)
def _protected_paths(
    resolver: URLResolver, language: str, script: str, host: str, login_url: str, static_url: str
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the paths and the prefixes of those below them, without script name and language.

    ``/``, of a login, matches only itself.
    """
    # Without the documentation of errors: an API may be below its path. ``matches_view`` covers it.
    admins = (_reverse(f"{name}:index", resolver) for name in resolver.app_dict.get("admin", ()))
    local = {_local_path(url, script, language, host) for url in (static_url, *admins)}
    local.discard("/")  # a prefix of every path
    local.add(_local_path(_reverse(login_url, resolver) or login_url, script, language, host))
    paths = frozenset(local - {""})
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


def _local_path(url: str, script: str, language: str, host: str) -> str:
    """Return the path of a URL as in ``path_info``, without a trailing slash; ``""`` for a URL of another host."""
    parts = urlsplit(url)
    if parts.netloc and parts.netloc.lower() != host.lower():
        return ""
    path = unquote(parts.path)
    if not path.startswith(script):
        return ""
    return _strip_language(language, path[len(script) - 1 :]).rstrip("/") or "/"


def _strip_language(language: str, path: str) -> str:
    return (path.removeprefix(f"/{language}") or "/") if covers(f"/{language}", path) else path
