"""Policies: named limits of the settings, and the unnamed ones of decorators."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django_ratelimit import ALL

from ..conf import ON_STORE_ERROR, conf
from . import keys, rates
from .dotted import Dotted
from .keys import Key
from .rates import Rate

#: The keys of a policy in the settings.
FIELDS = ("key", "rate", "method", "on_store_error")

#: Where views of this process are limited, with the policy that is named there, for the system checks.
DECLARED: dict[str, str | None] = {}

#: A name is a string of a structured field and a word in URLs and logs.
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One limit: whose requests are counted together (``key``), how many may be made, and by which methods.

    ``rate`` is fixed, or a callable of group and request that returns one. ``name`` is what
    clients read; ``group`` is what the counter is kept under.
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
        return rate
    if isinstance(rate, str) and "." in rate:
        return Dotted(rate)
    return rates.parse(rate)


def _methods(method: str | Sequence[str] | tuple[None]) -> tuple[str, ...] | None:
    if method == ALL:
        return None
    found = {name.upper() for name in ([method] if isinstance(method, str) else method) if name}
    # Else HEAD would be a way around a limit of GET (RFC 9110, 9.3.2: it costs us the same).
    return tuple(sorted(found | {"HEAD"} if "GET" in found else found))
