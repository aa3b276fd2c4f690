"""Keys of rate limits: functions that return the parts of the name of a counter, of which the last stand for a client.

A header or a user that a request lacks is replaced by the address: clients that send nothing must
not share a counter.
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

#: Called with group and request, as django-ratelimit calls it; returns the kind of the key and the client.
Key = Callable[[str, Any], tuple[str, ...]]

#: Keys that need an authenticated request.
USER_KEYS = ("user", "user_or_ip")
_HEADER = re.compile(r"[A-Za-z0-9_-]+")
_KEY_HELP = (
    'Use "ip", "user", "user_or_ip", "header:x-api-key", "get:name", "post:name", a callable or its dotted path.'
)
_warned: set[str] = set()


def parse_key(key: Any) -> Key:
    """Return the function of a key; raises ``ImproperlyConfigured`` for an unknown key."""
    if callable(key):
        name = getattr(key, "__qualname__", type(key).__qualname__)
        return _custom_key(name, validate_callable(key, name))
    if not isinstance(key, str):
        raise ImproperlyConfigured(f"{key!r} is no key of a rate limit. {_KEY_HELP}")
    if key == "ip":
        return lambda group, request: ("ip", _address(request))
    if key in USER_KEYS:
        return lambda group, request: _user(key, request)
    accessor, colon, name = key.partition(":")
    if colon and name and accessor in _ACCESSORS and (accessor != "header" or _HEADER.fullmatch(name)):
        return lambda group, request: _value_or_address(_ACCESSORS[accessor](request, name), key, request)
    if not is_dotted_path(key):
        raise ImproperlyConfigured(f"{key!r} is no key of a rate limit. {_KEY_HELP}")
    return _custom_key(key, LazyCallable(key))


def _custom_key(name: str, function: Callable[[str, Any], Any]) -> Key:
    return lambda group, request: _value_or_address(function(group, request), name, request)


def _value_or_address(value: Any, kind: str, request: Any) -> tuple[str, ...]:
    return (kind, str(value)) if value not in (None, "") else (kind, "ip", _address(request))


def _address(request: Any) -> str:
    address = client_ip(request)
    if not address:
        _warn_once(
            "address",
            "The address of a client is not known, so that such clients share a rate limit; "
            "name the proxy in APIERRORS['TRUSTED_PROXIES']",
        )
    return address


def _user(kind: str, request: Any) -> tuple[str, ...]:
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        # Of a user who is no model, and has no key: `pk` is what DRF's own throttles ask for, too.
        return _value_or_address(getattr(user, "pk", None), kind, request)
    if kind == "user":
        _warn_once(
            "user",
            "A rate limit by user met a request without one and counted it by address; above DRF's authentication "
            'nobody is known: put the limit on the method, or say "user_or_ip"',
        )
    return _value_or_address(None, kind, request)


_ACCESSORS: dict[str, Callable[[Any, str], Any]] = {
    "header": lambda request, name: request.META.get(HttpHeaders.to_wsgi_name(name)),
    "get": lambda request, name: request.GET.get(name),
    "post": lambda request, name: request.POST.get(name),
}


def _warn_once(topic: str, message: str) -> None:
    if topic not in _warned:
        _warned.add(topic)
        logger.warning(message)


#: The dotted paths that limits of this process name, for the system check.
DOTTED_PATHS: set[str] = set()


class LazyCallable:
    """A callable by its dotted path, imported by the first call: a view may name what imports the view.

    Raises ``ImportError`` when it is called and does not exist.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        DOTTED_PATHS.add(path)

    def __call__(self, group: str, request: Any) -> Any:
        """Call the function with that path."""
        return import_callable(self.path)(group, request)


def is_dotted_path(text: str) -> bool:
    """Return whether a text could be the path of an attribute of a module."""
    return "." in text and all(part.isidentifier() for part in text.split("."))


def import_callable(path: str) -> Callable[[str, Any], Any]:
    """Return the function with a path; raises ``ImportError``, or ``ImproperlyConfigured`` if it is not usable."""
    return validate_callable(import_string(path), path)


def validate_callable(function: object, name: str) -> Callable[[str, Any], Any]:
    """Return a function for keys or rates; raises ``ImproperlyConfigured`` for one that cannot be called here."""
    if not callable(function):
        raise ImproperlyConfigured(f"{name} cannot be called; name a function of group and request.")
    if iscoroutinefunction(function):
        # Its coroutine would be another key for each request, and so no limit at all.
        raise ImproperlyConfigured(f"{name} is async; keys and rates are called in a thread, as sync functions.")
    return function
