"""Policies: named limits of the settings, and the unnamed ones of decorators."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django_ratelimit import ALL

from ..conf import ON_STORE_ERROR, conf
from .keys import Key, LazyCallable, is_dotted_path, parse_key, validate_callable
from .rates import Rate, parse_rate

#: The keys of a policy in the settings.
POLICY_FIELDS = ("key", "rate", "method", "on_store_error")

#: The places of the limits of this process, each with the policy that it names, for the system checks.
DECLARED_LIMITS: set[tuple[str, str | None]] = set()

#: A name is a string of a structured field and a word in URLs and logs.
_NAME = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_HTTP_METHODS = ("CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE")


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """One limit: the ``key`` by which requests are counted, the ``rate``, and the ``methods`` that count.

    ``rate`` is fixed, or a callable of group and request that returns one. Clients read
    ``name``; ``group`` is the name of the counter, ``""`` for the name of the view.
    """

    name: str
    group: str
    key: Key
    rate: Rate | Callable[[str, Any], Any] | None
    methods: tuple[str, ...] | None = None
    on_store_error: str | None = None

    def covers(self, method: str) -> bool:
        """Return whether requests of a method are counted."""
        return self.methods is None or method in self.methods

    def rate_for(self, request: Any) -> Rate | None:
        """Return the rate for a request; raises ``ImproperlyConfigured`` for a callable that returns none."""
        return parse_rate(self.rate(self.group, request)) if callable(self.rate) else self.rate

    @property
    def is_closed_on_error(self) -> bool:
        """Whether a request is refused when it cannot be counted."""
        return (self.on_store_error or conf.RATELIMIT["ON_STORE_ERROR"]) == "closed"


def create_policy(
    *, name: str, group: str, key: Any, rate: Any, method: Any = ALL, on_store_error: str | None = None
) -> Policy:
    """Return a policy; raises ``ImproperlyConfigured``, which names the value, for an invalid key or rate."""
    if on_store_error not in (None, *ON_STORE_ERROR):
        raise ImproperlyConfigured(f"on_store_error is {on_store_error!r}; it must be one of {ON_STORE_ERROR}.")
    return Policy(
        name=name,
        group=group,
        key=parse_key(key),
        rate=_parse_rate(rate),
        methods=_parse_methods(method),
        on_store_error=on_store_error,
    )


def declare_limit(where: str, name: Any) -> None:
    """Keep the place of a limit and the policy of the settings that it names, if any, for the system checks.

    Raises ``ImproperlyConfigured`` for a name that is not a text.
    """
    if not (name is None or isinstance(name, str)):
        raise ImproperlyConfigured(f"{name!r} is no name of a rate limit policy.")
    DECLARED_LIMITS.add((where, name))


def get_policy(name: str) -> Policy:
    """Return a policy of ``RATELIMIT["POLICIES"]``; raises ``ImproperlyConfigured`` when it is not there."""
    policies = conf.RATELIMIT["POLICIES"]
    if name not in policies:
        known = ", ".join(sorted(policies)) or "none"
        raise ImproperlyConfigured(f"There is no rate limit policy {name!r} in APIERRORS; there is: {known}.")
    fields = policies[name]
    cached = _parsed.get(name)
    if cached is None or cached[0] != fields:
        cached = _parsed[name] = (dict(fields), _policy_from_settings(name, fields))
    return cached[1]


def find_policy(policy: Any) -> Policy | None:
    """Return a policy, or the one that a name means; ``None`` where there is none, or a wrong one."""
    try:
        found = get_policy(policy) if isinstance(policy, str) else policy
    except Exception:  # a system check names it
        return None
    return found if isinstance(found, Policy) else None


#: Name → the fields in the settings and the policy; the fields, because a test may change them.
_parsed: dict[str, tuple[dict[str, Any], Policy]] = {}


def _policy_from_settings(name: str, fields: dict[str, Any]) -> Policy:
    if not _NAME.fullmatch(name):
        raise ImproperlyConfigured(f"The policy name {name!r} has other characters than A-Z a-z 0-9 _ . : / -.")
    unknown = sorted(set(fields).difference(POLICY_FIELDS))
    if unknown:
        raise ImproperlyConfigured(
            f"The policy {name!r} has an unknown key {unknown[0]!r}; use {', '.join(POLICY_FIELDS)}."
        )
    missing = [field for field in ("key", "rate") if field not in fields]
    if missing:
        raise ImproperlyConfigured(f"The policy {name!r} has no {missing[0]!r}.")
    try:
        return create_policy(name=name, group=f"policy:{name}", **fields)
    except ImproperlyConfigured as exc:
        raise ImproperlyConfigured(f"The policy {name!r}: {exc}") from None


def _parse_rate(rate: Any) -> Any:
    if callable(rate):
        return validate_callable(rate, getattr(rate, "__qualname__", repr(rate)))
    if isinstance(rate, str) and is_dotted_path(rate):
        return LazyCallable(rate)
    return parse_rate(rate)


def _parse_methods(method: Any) -> tuple[str, ...] | None:
    if method in (ALL, None):
        return None
    names = [method] if isinstance(method, str) else method
    if not (isinstance(names, (list, tuple, set, frozenset)) and names and all(_is_method(name) for name in names)):
        raise ImproperlyConfigured(
            f"{method!r} is no method; use one of {', '.join(_HTTP_METHODS)}, or a list of them."
        )
    methods = {name.upper() for name in names}
    # Else HEAD would be a way around a limit of GET (RFC 9110, 9.3.2: it costs us the same).
    return tuple(sorted(methods | {"HEAD"} if "GET" in methods else methods))


def _is_method(name: Any) -> bool:
    return isinstance(name, str) and name.upper() in _HTTP_METHODS
