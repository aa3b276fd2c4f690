"""Checks of rate limits: their policies, their store and the addresses of clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.urls import URLPattern, get_resolver
from django.utils.module_loading import import_string

from ..conf import conf
from ..ratelimit import RatelimitThrottle, keys, policies
from .settings import check_settings
from .shortcuts import error, warning

_UNSHARED = {
    "django.core.cache.backends.locmem.LocMemCache": "each process counts for itself, and of more than 300 clients "
    "some are forgotten",
    "django.core.cache.backends.dummy.DummyCache": "nothing is counted",
    "django.core.cache.backends.db.DatabaseCache": "counting is not atomic, and counters of long periods are lost",
    "django.core.cache.backends.filebased.FileBasedCache": "counting is not atomic, and counters of long periods "
    "are lost",
}
_DJANGOS_REDIS = "django.core.cache.backends.redis.RedisCache"
_RECOMMENDED = (
    'Install django-apierrors[redis] and set CACHES = {"default": {"BACKEND": "django_redis.cache.RedisCache", '
    '"LOCATION": "redis://127.0.0.1:6379/1", "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": 0.25, "SOCKET_TIMEOUT": 0.25}}}; '
    "or name the alias of such a cache in RATELIMIT_USE_CACHE."
)
#: Backend → the options that bound how long a call may take.
_TIMEOUTS = {
    "django_redis.cache.RedisCache": ("SOCKET_CONNECT_TIMEOUT", "SOCKET_TIMEOUT"),
    _DJANGOS_REDIS: ("socket_connect_timeout", "socket_timeout"),
    "django.core.cache.backends.memcached.PyMemcacheCache": ("connect_timeout", "timeout"),
}


def check_policies(**kwargs: Any) -> list[CheckMessage]:
    """E016 to E018, W005: policies, the places that name them, and dotted paths of keys and rates."""
    if not is_readable():
        return []
    return [*_invalid_policies(), *_unknown_policies(), *_unusable_callables(), *_global_keys()]


def check_store(**kwargs: Any) -> list[CheckMessage]:
    """E019, W006 to W009: the store of the counters, and the addresses of clients."""
    if not is_readable() or not is_in_use():
        return []
    return list(_missing_cache()) or [*_unshared_cache(), *_new_connections(), *_timeouts(), *_unknown_proxies()]


def check_store_of_deployment(**kwargs: Any) -> list[CheckMessage]:
    """E019, with ``--deploy``: the store of the counters must be shared."""
    return [
        error(19, message.msg, message.hint or "") for message in check_store() if message.id == "django_apierrors.W006"
    ]


def is_in_use() -> bool:
    """Return whether this process has rate limits."""
    return bool(conf.RATELIMIT["POLICIES"] or policies.DECLARED_LIMITS)


def is_readable() -> bool:
    """Return whether the settings are of the right types; the other checks need that."""
    return not {"django_apierrors.E001", "django_apierrors.E002"}.intersection(
        message.id for message in check_settings()
    )


def is_behind_proxy() -> bool:
    """Return whether the settings of Django say that requests come through a proxy."""
    return bool(settings.USE_X_FORWARDED_HOST or settings.USE_X_FORWARDED_PORT or settings.SECURE_PROXY_SSL_HEADER)


def _invalid_policies() -> Iterator[CheckMessage]:
    for name in conf.RATELIMIT["POLICIES"]:
        try:
            policies.get_policy(name)
        except ImproperlyConfigured as exc:
            yield error(16, str(exc), f"Correct APIERRORS['RATELIMIT']['POLICIES'][{name!r}].")


def _unknown_policies() -> Iterator[CheckMessage]:
    known = conf.RATELIMIT["POLICIES"]
    named = {("APIERRORS['RATELIMIT']['GLOBAL']", name) for name in conf.RATELIMIT["GLOBAL"]}
    for where, name in sorted({*named, *policies.DECLARED_LIMITS, *_throttled_views()}, key=str):
        if name is not None and name not in known:
            hint = f"Define it in APIERRORS['RATELIMIT']['POLICIES']; there is: {', '.join(known) or 'none'}."
            yield error(17, f"{where} names an unknown rate limit policy {name!r}.", hint)


def _throttled_views() -> Iterator[tuple[str, str | None]]:
    """Yield the views of the URLconf that ``RatelimitThrottle`` limits by their ``throttle_scope``, and the scope."""
    for view in iter_views():
        cls, initkwargs = getattr(view, "cls", None), getattr(view, "initkwargs", {})
        throttles = initkwargs.get("throttle_classes", getattr(cls, "throttle_classes", ()))
        scope = initkwargs.get("throttle_scope", getattr(cls, "throttle_scope", None))
        # What a property returns is not known without a request.
        if isinstance(scope, str) and isinstance(throttles, (list, tuple)) and any(map(_is_by_scope, throttles)):
            yield f"{view.__module__}.{getattr(cls, '__qualname__', '')}", scope


def _is_by_scope(throttle: Any) -> bool:
    return isinstance(throttle, type) and issubclass(throttle, RatelimitThrottle) and throttle.policy is None


def iter_views() -> Iterator[Any]:
    """Yield the views of the root URLconf; whatever cannot be imported has none."""
    patterns: list[Any] = [get_resolver()]
    while patterns:
        pattern = patterns.pop()
        if isinstance(pattern, URLPattern):
            yield pattern.callback
            continue
        try:
            patterns.extend(pattern.url_patterns)
        except Exception:  # whatever a URLconf raises: Django's own checks say it
            continue


def _unusable_callables() -> Iterator[CheckMessage]:
    for path in sorted(keys.DOTTED_PATHS):
        try:
            keys.import_callable(path)
        except Exception as exc:  # whatever a module raises while it is imported
            hint = "Correct the path of the rate or the key: it names a sync function of group and request."
            yield error(18, f"A rate limit names {path!r}, which cannot be used: {exc}", hint)


def _global_keys() -> Iterator[CheckMessage]:
    known = conf.RATELIMIT["POLICIES"]
    for name in conf.RATELIMIT["GLOBAL"]:
        key = known.get(name, {}).get("key")
        if key in keys.USER_KEYS:
            message = f"The global rate limit {name!r} counts by user, but nobody is known before authentication."
            yield warning(5, message, 'Give it the key "ip" or a header, or limit the views.')
        if isinstance(key, str) and key.startswith("post:"):
            message = (
                f"The global rate limit {name!r} counts by a form field: the body of every request is read for it."
            )
            yield warning(5, message, 'Give it the key "ip" or a header, or limit the views.')


def _cache() -> tuple[str, Mapping[str, Any]]:
    alias = getattr(settings, "RATELIMIT_USE_CACHE", "default")
    return alias, settings.CACHES.get(alias, {})


def _missing_cache() -> Iterator[CheckMessage]:
    alias, cache = _cache()
    if not cache:
        yield error(19, f"RATELIMIT_USE_CACHE names the cache {alias!r}, which is not in CACHES.", _RECOMMENDED)
        return
    try:
        import_string(cache["BACKEND"])
    except Exception as exc:  # whatever a module raises while it is imported
        message = f"Rate limits are counted in the cache {alias!r}, which cannot be used: {type(exc).__name__}: {exc}"
        yield error(19, message, _RECOMMENDED)


def _class_paths(backend: str) -> Iterator[str]:
    """Yield the dotted paths of a backend and its base classes."""
    for cls in getattr(import_string(backend), "__mro__", ()):
        yield f"{cls.__module__}.{cls.__qualname__}"


def _unshared_cache() -> Iterator[CheckMessage]:
    alias, cache = _cache()
    wrong = next((_UNSHARED[name] for name in _class_paths(cache["BACKEND"]) if name in _UNSHARED), None)
    if wrong:
        message = f"Rate limits are counted in the cache {alias!r}, a {cache['BACKEND'].rpartition('.')[2]}: {wrong}."
        yield warning(6, message, _RECOMMENDED)


def _new_connections() -> Iterator[CheckMessage]:
    alias, cache = _cache()
    if _DJANGOS_REDIS in _class_paths(cache["BACKEND"]) and getattr(settings, "ASGI_APPLICATION", None):
        message = f"Under ASGI the cache {alias!r} opens a connection to Redis for each request that is counted."
        yield warning(7, message, _RECOMMENDED)


def _timeouts() -> Iterator[CheckMessage]:
    alias, cache = _cache()
    names = next((_TIMEOUTS[name] for name in _class_paths(cache["BACKEND"]) if name in _TIMEOUTS), ())
    options = _options(cache)
    missing = [name for name in names if not options.get(name.lower())]
    if missing:
        hint = f"Set it in CACHES[{alias!r}]['OPTIONS']: {', '.join(f'{name!r}: 0.25' for name in missing)}."
        yield warning(8, f"A store of rate limits that hangs holds up requests: no {' and '.join(missing)}.", hint)


def _options(cache: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of the client of a store, from the URL and from the settings, by their names in lower case."""
    options = cache.get("OPTIONS", {})
    location = cache.get("LOCATION", "")
    first = location if isinstance(location, str) else next(iter(location), "")
    every = {**dict(parse_qsl(urlsplit(first).query)), **options.get("CONNECTION_POOL_KWARGS", {}), **options}
    return {name.lower(): value for name, value in every.items()}


def _unknown_proxies() -> Iterator[CheckMessage]:
    if conf.TRUSTED_PROXIES:
        return
    hint = 'Name the proxy: APIERRORS = {"TRUSTED_PROXIES": ["10.0.0.0/8"]}, or "unix" for a socket.'
    if getattr(settings, "RATELIMIT_IP_META_KEY", None):
        message = (
            "RATELIMIT_IP_META_KEY is not read, and APIERRORS['TRUSTED_PROXIES'] is empty: clients share an address."
        )
        yield warning(9, message, hint)
    elif is_behind_proxy():
        message = "Requests come through a proxy, but APIERRORS['TRUSTED_PROXIES'] is empty: clients share its address."
        yield warning(9, message, hint)
