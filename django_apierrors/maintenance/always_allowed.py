"""The paths and views that maintenance never refuses: operators need them to end it."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.http import HttpRequest
from django.urls import (
    NoReverseMatch,
    Resolver404,
    ResolverMatch,
    URLResolver,
    get_resolver,
    get_script_prefix,
    reverse,
)

from ..paths import covers
from ..url_resolution import language_of, override_language, urlconf_of

#: The module of the views of the documentation of errors.
_DOCS = "django_apierrors.docs.views"
#: The view of an admin for the paths that it does not know.
_CATCH_ALL = "catch_all_view"


def matches_path(request: HttpRequest) -> bool:
    """Return whether the path of a request is that of a login, a static file or an admin.

    A view below the path of an admin that is not in its namespace is refused like any other.
    """
    try:
        language = language_of(request)
        with override_language(language):
            resolver = get_resolver(urlconf_of(request))
            urls = (_login_url(), settings.STATIC_URL or "")
            host = request.get_host() if any("//" in url for url in urls) else ""
            allowed, admins = _allowed_paths(resolver, language, get_script_prefix(), host, *urls)
            path = _strip_language(language, request.path_info)
            if allowed.cover(path):
                return True
            return admins.cover(path) and _is_left_to_admin(resolver, request.path_info)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return False


def matches_view(request: HttpRequest, match: ResolverMatch | None) -> bool:
    """Return whether a view belongs to an admin, also one at the root, or to the documentation of errors."""
    if match is None:
        return False
    if getattr(match.func, "__module__", None) == _DOCS:
        return True
    # An admin at the root would, else, take every unknown path.
    return is_admin_view(request, match) and getattr(match.func, "__name__", None) != _CATCH_ALL


def is_admin_view(request: HttpRequest, match: ResolverMatch | None) -> bool:
    """Return whether a view is in the namespace of an admin site, whatever the name of that is."""
    if match is None or not match.namespaces:
        return False
    try:
        return _is_in_admin(get_resolver(urlconf_of(request)), match)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return False


class _Prefixes(NamedTuple):
    """Paths without a trailing slash, and the prefixes of what is below them."""

    paths: frozenset[str]
    below: tuple[str, ...]

    @classmethod
    def of(cls, paths: Iterable[str]) -> _Prefixes:
        known = frozenset(paths) - {""}
        return cls(known, tuple(f"{path}/" for path in known - {"/"}))  # "/" matches only itself

    def cover(self, path: str) -> bool:
        return path in self.paths or path.startswith(self.below)


@functools.lru_cache(maxsize=64)
def _allowed_paths(
    resolver: URLResolver, language: str, script: str, host: str, login_url: str, static_url: str
) -> tuple[_Prefixes, _Prefixes]:
    """Return the paths of logins and static files, and those of admins, without script name and language."""
    # Without the documentation of errors: an API may be below its path. ``matches_view`` covers it.
    allowed, admins = {_local_path(static_url, script, language, host)}, set()
    for name, url in _admin_indexes(resolver, script):
        admins.add(_local_path(url, script, language, host))
        # A page of a single sign-on or a second factor often stands in front of them.
        for page in (_reverse(f"{name}:login", resolver), _reverse(f"{name}:logout", resolver)):
            allowed.add(_local_path(page, script, language, host) if page.startswith(url) else "")
    for paths in (allowed, admins):
        paths.discard("/")  # a prefix of every path
    allowed.add(_local_path(_reverse(login_url, resolver) or login_url, script, language, host))
    return _Prefixes.of(allowed), _Prefixes.of(admins)


def _admin_indexes(resolver: URLResolver, script: str) -> Iterator[tuple[str, str]]:
    """Iterate over the admins that have one path, as pairs of namespace and URL."""
    for namespaces in sorted({namespaces for namespaces, _ in _admin_views(resolver)}):
        name = ":".join(namespaces)
        url = _reverse(f"{name}:index", resolver)
        # Of two namespaces of one name the other may be meant.
        if url.startswith(script) and _is_left_to_admin(resolver, unquote(url)[len(script) - 1 :]):
            yield name, url


def _is_left_to_admin(resolver: URLResolver, path: str) -> bool:
    """Return whether a path leads to a view of an admin or to none, as before a redirect to a language."""
    try:
        return _is_in_admin(resolver, resolver.resolve(path))
    except Resolver404:
        return True


def _is_in_admin(resolver: URLResolver, match: ResolverMatch) -> bool:
    namespaces, view = tuple(match.namespaces), id(match.func)
    return any((namespaces[:end], view) in _admin_views(resolver) for end in range(1, len(namespaces) + 1))


@functools.lru_cache(maxsize=64)
def _admin_views(resolver: URLResolver) -> frozenset[tuple[tuple[str, ...], int]]:
    """Return the views in the namespaces of admins, each with the namespace, by identity.

    A name says nothing: that of an API may be "admin" too. The page ``index`` of an admin has its
    site as an attribute; pages of a project's own and the login have no mark.
    """
    return frozenset(_find_admin_views(resolver, (), ()))


def _find_admin_views(
    resolver: URLResolver, namespaces: tuple[str, ...], outer: tuple[int, ...]
) -> Iterator[tuple[tuple[str, ...], int]]:
    for included in _included(resolver, outer):
        inner = (*namespaces, included.namespace) if included.namespace else namespaces
        below = (*outer, id(resolver.url_patterns))
        if included.namespace and _has_admin_index(included, below):
            yield from ((inner, id(view)) for view in _iterate_views(included, below))
        else:
            yield from _find_admin_views(included, inner, below)


def _has_admin_index(resolver: URLResolver, outer: tuple[int, ...]) -> bool:
    """Return whether ``index`` of a namespace is that of an admin site; those of inner namespaces do not count."""
    below = (*outer, id(resolver.url_patterns))
    return any(
        pattern.name == "index" and hasattr(pattern.callback, "admin_site")
        for pattern in resolver.url_patterns
        if not isinstance(pattern, URLResolver)
    ) or any(_has_admin_index(each, below) for each in _included(resolver, outer) if not each.namespace)


def _iterate_views(resolver: URLResolver, outer: tuple[int, ...]) -> Iterator[Any]:
    """Iterate over the views of a resolver and of what it includes."""
    yield from (each.callback for each in resolver.url_patterns if not isinstance(each, URLResolver))
    for included in _included(resolver, outer):
        yield from _iterate_views(included, (*outer, id(resolver.url_patterns)))


def _included(resolver: URLResolver, outer: tuple[int, ...]) -> Iterator[URLResolver]:
    """Iterate over what a resolver includes, unless one of the outer ones is the same: a URLconf may include itself."""
    if id(resolver.url_patterns) not in outer:
        yield from (each for each in resolver.url_patterns if isinstance(each, URLResolver))


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
