"""Whose requests are counted together: each key ends in one text for one client, and never raises for a client."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from ..client_ip import client_ip
from .dotted import Dotted

logger = logging.getLogger("django_apierrors")

#: Called with group and request, as django-ratelimit calls it.
Key = Callable[[str, Any], Any]

#: Keys that need somebody to have authenticated the request.
OF_USERS = ("user", "user_or_ip")
_ACCESSORS = ("get", "post", "header")
_HELP = 'Use "ip", "user", "user_or_ip", "header:x-api-key", "get:name", "post:name", a callable or its dotted path.'
_warned: set[str] = set()


def parse(key: Any) -> Key:
    """Return the function of a key; raises ``ImproperlyConfigured`` for one that there is not."""
    if callable(key):
        return key  # type: ignore[no-any-return]
    if not isinstance(key, str) or not key:
        raise ImproperlyConfigured(f"{key!r} is no key of a rate limit. {_HELP}")
    if key == "ip":
        return lambda group, request: _address(request)
    if key in OF_USERS:
        return lambda group, request: _user(request, is_expected=key == "user")
    accessor, colon, name = key.partition(":")
    if colon and accessor in _ACCESSORS and name:
        return lambda group, request: _value(request, accessor, name)
    if colon or "." not in key:
        raise ImproperlyConfigured(f"{key!r} is no key of a rate limit. {_HELP}")
    return Dotted(key)


def _address(request: Any) -> str:
    address = client_ip(request)
    if not address:
        _warn(
            "address",
            "The address of a client is not known, so that clients share one rate limit; "
            "name the proxy in APIERRORS['TRUSTED_PROXIES']",
        )
    return f"ip:{address}"


def _user(request: Any, *, is_expected: bool) -> str:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        return f"user:{user.pk}"
    if is_expected:
        _warn(
            "user",
            "A rate limit by user met a request without one and counted it by address; above DRF's authentication "
            'nobody is known: put the limit on the method, or say "user_or_ip"',
        )
    return _address(request)


def _value(request: Any, accessor: str, name: str) -> str:
    """Return what the client sent, or its address: who sends nothing must not share with all who do not."""
    sent = {
        "header": lambda: request.META.get("HTTP_" + name.replace("-", "_").upper()),
        "get": lambda: request.GET.get(name),
        "post": lambda: request.POST.get(name),
    }[accessor]()
    return f"{accessor}:{name}:{sent}" if sent else _address(request)


def _warn(topic: str, message: str) -> None:
    if topic not in _warned:
        _warned.add(topic)
        logger.warning(message)
