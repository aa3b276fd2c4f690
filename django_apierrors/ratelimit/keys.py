"""Whose requests are counted together: each key ends in some texts that stand for one client.

What is not there (a header, a user) is replaced by the address: who sends nothing must not
share a counter with all who send nothing.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http.request import HttpHeaders
from django.utils.module_loading import import_string

from ..client_ip import client_ip

logger = logging.getLogger("django_apierrors")

#: Called with group and request, as django-ratelimit calls it; says what kind of key it is, and whose.
Key = Callable[[str, Any], tuple[str, ...]]

#: Keys that need somebody to have authenticated the request.
OF_USERS = ("user", "user_or_ip")
_HEADER = re.compile(r"[A-Za-z0-9_-]+")
_HELP = 'Use "ip", "user", "user_or_ip", "header:x-api-key", "get:name", "post:name", a callable or its dotted path.'
_warned: set[str] = set()


def parse(key: Any) -> Key:
    """Return the function of a key; raises ``ImproperlyConfigured`` for one that there is not."""
    if callable(key):
        name = getattr(key, "__qualname__", type(key).__qualname__)
        return _own(name, usable(key, name))
    if not isinstance(key, str):
        raise ImproperlyConfigured(f"{key!r} is no key of a rate limit. {_HELP}")
    if key == "ip":
        return lambda group, request: ("ip", _address(request))
    if key in OF_USERS:
        return lambda group, request: _user(key, request)
    accessor, colon, name = key.partition(":")
    if colon and name and accessor in _SENT and (accessor != "header" or _HEADER.fullmatch(name)):
        return lambda group, request: _instead(_SENT[accessor](request, name), key, request)
    if not is_path(key):
        raise ImproperlyConfigured(f"{key!r} is no key of a rate limit. {_HELP}")
    return _own(key, Dotted(key))


def _own(name: str, function: Callable[[str, Any], Any]) -> Key:
    return lambda group, request: _instead(function(group, request), name, request)


def _instead(found: Any, kind: str, request: Any) -> tuple[str, ...]:
    return (kind, str(found)) if found not in (None, "") else (kind, "ip", _address(request))


def _address(request: Any) -> str:
    address = client_ip(request)
    if not address:
        _warn(
            "address",
            "The address of a client is not known, so that such clients share a rate limit; "
            "name the proxy in APIERRORS['TRUSTED_PROXIES']",
        )
    return address


def _user(kind: str, request: Any) -> tuple[str, ...]:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        # Of a user who is no model, and has no key: `pk` is what DRF's own throttles ask for, too.
        return _instead(getattr(user, "pk", None), kind, request)
    if kind == "user":
        _warn(
            "user",
            "A rate limit by user met a request without one and counted it by address; above DRF's authentication "
            'nobody is known: put the limit on the method, or say "user_or_ip"',
        )
    return _instead(None, kind, request)


_SENT: dict[str, Callable[[Any, str], Any]] = {
    "header": lambda request, name: request.META.get(HttpHeaders.to_wsgi_name(name)),
    "get": lambda request, name: request.GET.get(name),
    "post": lambda request, name: request.POST.get(name),
}


def _warn(topic: str, message: str) -> None:
    if topic not in _warned:
        _warned.add(topic)
        logger.warning(message)


#: Every path that a limit of this process names, for the system check.
NAMED: set[str] = set()


class Dotted:
    """Stands for a callable; raises ``ImportError`` when it is called and there is none."""

    def __init__(self, path: str) -> None:
        self.path = path
        NAMED.add(path)

    def __call__(self, group: str, request: Any) -> Any:
        """Call what the path names."""
        return found(self.path)(group, request)


def is_path(text: str) -> bool:
    """Tell whether a text could be the path of something in a module."""
    return "." in text and all(part.isidentifier() for part in text.split("."))


def found(path: str) -> Callable[[str, Any], Any]:
    """Return what a path names; raises ``ImportError``, and ``ImproperlyConfigured`` for no usable function."""
    return usable(import_string(path), path)


def usable(function: Any, name: str) -> Callable[[str, Any], Any]:
    """Return a function of key or rate; raises ``ImproperlyConfigured`` for one that cannot be called here."""
    if not callable(function):
        raise ImproperlyConfigured(f"{name} cannot be called; name a function of group and request.")
    if iscoroutinefunction(function):
        # Its coroutine would be another key for each request, and so no limit at all.
        raise ImproperlyConfigured(f"{name} is async; keys and rates are asked for in a thread, by a sync function.")
    return function  # type: ignore[no-any-return]
