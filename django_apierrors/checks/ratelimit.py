"""Checks of rate limits: what would misread, forget or miscount is found at boot."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

from ..conf import conf
from ..ratelimit import dotted, keys, policies
from .messages import error, warning

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
    """E016 to E018, W005: policies, where they are named, and what limits name by a dotted path."""
    return [*_unsound(), *_unknown(), *_not_importable(), *_before_authentication()]


def check_store(**kwargs: Any) -> list[CheckMessage]:
    """W006 to W009: the store of the counters, and the addresses they are counted by."""
    if not _is_in_use():
        return []
    return [*_unshared(), *_reconnecting(), *_endless(), *_behind_proxies()]


def check_store_of_deployment(**kwargs: Any) -> list[CheckMessage]:
    """E019, with ``--deploy``: the store of the counters must be shared."""
    return [error(19, message.msg, message.hint or "") for message in _unshared() if _is_in_use()]


def _unsound() -> Iterator[CheckMessage]:
    for name in conf.RATELIMIT["POLICIES"]:
        try:
            policies.named(name)
        except ImproperlyConfigured as exc:
            yield error(16, str(exc), f"Correct APIERRORS['RATELIMIT']['POLICIES'][{name!r}].")


def _unknown() -> Iterator[CheckMessage]:
    known = conf.RATELIMIT["POLICIES"]
    named = {"APIERRORS['RATELIMIT']['GLOBAL']": list(conf.RATELIMIT["GLOBAL"])}
    named |= {where: [name] for where, name in policies.DECLARED.items() if name is not None}
    for where, names in named.items():
        for name in names:
            if name not in known:
                hint = f"Define it in APIERRORS['RATELIMIT']['POLICIES']; there is: {', '.join(known) or 'none'}."
                yield error(17, f"{where} names an unknown rate limit policy {name!r}.", hint)


def _not_importable() -> Iterator[CheckMessage]:
    for path in sorted(dotted.NAMED):
        try:
            import_string(path)
        except Exception as exc:  # whatever a module raises while it is imported
            hint = "Correct the path of the rate or the key."
            yield error(18, f"A rate limit names {path!r}, which cannot be imported: {exc}.", hint)


def _before_authentication() -> Iterator[CheckMessage]:
    given = conf.RATELIMIT["POLICIES"]
    for name in conf.RATELIMIT["GLOBAL"]:
        if given.get(name, {}).get("key") in keys.OF_USERS:
            message = f"The global rate limit {name!r} counts by user, but nobody is known before authentication."
            yield warning(5, message, 'Give it the key "ip" or a header, or limit the views.')


def _is_in_use() -> bool:
    return bool(conf.RATELIMIT["POLICIES"] or policies.DECLARED)


def _cache() -> tuple[str, dict[str, Any]]:
    alias = getattr(settings, "RATELIMIT_USE_CACHE", "default")
    return alias, settings.CACHES.get(alias, {})


def _unshared() -> Iterator[CheckMessage]:
    alias, cache = _cache()
    wrong = _UNSHARED.get(cache.get("BACKEND", ""))
    if not cache:
        yield warning(6, f"RATELIMIT_USE_CACHE names the cache {alias!r}, which is not in CACHES.", _RECOMMENDED)
    elif wrong:
        message = f"Rate limits are counted in the cache {alias!r}, a {cache['BACKEND'].rpartition('.')[2]}: {wrong}."
        yield warning(6, message, _RECOMMENDED)


def _reconnecting() -> Iterator[CheckMessage]:
    alias, cache = _cache()
    if cache.get("BACKEND") == _DJANGOS_REDIS and getattr(settings, "ASGI_APPLICATION", None):
        message = f"Under ASGI the cache {alias!r} opens a connection to Redis for each request that is counted."
        yield warning(7, message, _RECOMMENDED)


def _endless() -> Iterator[CheckMessage]:
    alias, cache = _cache()
    options = cache.get("OPTIONS", {})
    missing = [name for name in _TIMEOUTS.get(cache.get("BACKEND", ""), ()) if name not in options]
    if missing:
        hint = f"Set it in CACHES[{alias!r}]['OPTIONS']: {', '.join(f'{name!r}: 0.25' for name in missing)}."
        yield warning(8, f"A store of rate limits that hangs holds up requests: no {' and '.join(missing)}.", hint)


def _behind_proxies() -> Iterator[CheckMessage]:
    if conf.TRUSTED_PROXIES or not (settings.USE_X_FORWARDED_HOST or settings.SECURE_PROXY_SSL_HEADER):
        return
    message = "Requests come through a proxy, but APIERRORS['TRUSTED_PROXIES'] is empty: clients share its address."
    yield warning(
        9, message, 'Name the proxy: APIERRORS = {"TRUSTED_PROXIES": ["10.0.0.0/8"]}, or "unix" for a socket.'
    )
