"""Policies: named limits of the settings, and the unnamed ones of decorators."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django_ratelimit import ALL

from ..conf import ON_STORE_ERROR, conf
from . import keys, rates
from .keys import Key
from .rates import Rate

#: The keys of a policy in the settings.
FIELDS = ("key", "rate", "method", "on_store_error")

#: Where this process has limits, with the policy that is named there, for the system checks.
DECLARED: set[tuple[str, str | None]] = set()

#: A name is a string of a structured field and a word in URLs and logs.
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One limit: whose requests are counted together (``key``), how many may be made, and by which methods.

    ``rate`` is fixed, or a callable of group and request that returns one. ``name`` is what
    clients read; ``group`` is what the counter is kept under, ``""`` for the name of the view.
    """

    name: str
    group: str
    key: Key
    rate: Rate | Callable[[str, Any], Any] | None
    methods: tuple[str, ...] | None = None
    on_store_error: str | None = None

    def covers(self, method: str) -> bool:
        """Tell whether requests of a method are counted."""
        return self.methods is None or method in self.methods

    def rate_for(self, request: Any) -> Rate | None:
        """Return the rate for a request; raises ``ImproperlyConfigured`` for a callable that returns none."""
        return rates.parse(self.rate(self.group, request)) if callable(self.rate) else self.rate

    @property
    def is_closed_on_error(self) -> bool:
        """Whether a request is refused when it cannot be counted."""
        return (self.on_store_error or conf.RATELIMIT["ON_STORE_ERROR"]) == "closed"


def policy(
    *, name: str, group: str, key: Any, rate: Any, method: Any = ALL, on_store_error: str | None = None
) -> Policy:
    """Return a policy; raises ``ImproperlyConfigured`` for a key or a rate that makes no sense, and names it."""
    if on_store_error not in (None, *ON_STORE_ERROR):
        raise ImproperlyConfigured(f"on_store_error is {on_store_error!r}; it must be one of {ON_STORE_ERROR}.")
    return Policy(
        name=name,
        group=group,
        key=keys.parse(key),
        rate=_rate(rate),
        methods=_methods(method),
        on_store_error=on_store_error,
    )


def declare(where: str, name: Any) -> None:
    """Remember that there is a limit, and the policy that is named there, if it is one of the settings.

    Raises ``ImproperlyConfigured`` for what is no name.
    """
    if not (name is None or isinstance(name, str)):
        raise ImproperlyConfigured(f"{name!r} is no name of a rate limit policy.")
    DECLARED.add((where, name))


def named(name: str) -> Policy:
    """Return a policy of ``RATELIMIT["POLICIES"]``; raises ``ImproperlyConfigured`` when it is not there."""
    given = conf.RATELIMIT["POLICIES"]
    if name not in given:
        known = ", ".join(sorted(given)) or "none"
        raise ImproperlyConfigured(f"There is no rate limit policy {name!r} in APIERRORS; there is: {known}.")
    fields = given[name]
    kept = _parsed.get(name)
    if kept is None or kept[0] != fields:
        kept = _parsed[name] = (dict(fields), _of_settings(name, fields))
    return kept[1]


#: What was read of the settings, with what it was read from: a test may change them.
_parsed: dict[str, tuple[dict[str, Any], Policy]] = {}


def _of_settings(name: str, fields: dict[str, Any]) -> Policy:
    if not _NAME.fullmatch(name):
        raise ImproperlyConfigured(f"The policy name {name!r} has other characters than A-Z a-z 0-9 _ . : / -.")
    unknown = sorted(set(fields).difference(FIELDS))
    if unknown:
        raise ImproperlyConfigured(f"The policy {name!r} has an unknown key {unknown[0]!r}; use {', '.join(FIELDS)}.")
    missing = [field for field in ("key", "rate") if field not in fields]
    if missing:
        raise ImproperlyConfigured(f"The policy {name!r} has no {missing[0]!r}.")
    try:
        return policy(name=name, group=f"policy:{name}", **fields)
    except ImproperlyConfigured as exc:
        raise ImproperlyConfigured(f"The policy {name!r}: {exc}") from None


def _rate(rate: Any) -> Any:
    if callable(rate):
        return keys.usable(rate, getattr(rate, "__qualname__", repr(rate)))
    if isinstance(rate, str) and keys.is_path(rate):
        return keys.Dotted(rate)
    return rates.parse(rate)


def _methods(method: Any) -> tuple[str, ...] | None:
    if method in (ALL, None):
        return None
    names = [method] if isinstance(method, str) else method
    if not (isinstance(names, (list, tuple, set, frozenset)) and names and all(_is_method(name) for name in names)):
        raise ImproperlyConfigured(f"{method!r} is no method; use one of {', '.join(_METHODS)}, or a list of them.")
    found = {name.upper() for name in names}
    # Else HEAD would be a way around a limit of GET (RFC 9110, 9.3.2: it costs us the same).
    return tuple(sorted(found | {"HEAD"} if "GET" in found else found))


def _is_method(name: Any) -> bool:
    return isinstance(name, str) and name.upper() in _METHODS
