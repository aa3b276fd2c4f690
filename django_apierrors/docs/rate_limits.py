"""Descriptions of the rate limits in the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..conf import conf
from ..ratelimit.policies import get_policy

_UNITS = (
    (86_400, gettext_lazy("day"), gettext_lazy("%d days")),
    (3_600, gettext_lazy("hour"), gettext_lazy("%d hours")),
    (60, gettext_lazy("minute"), gettext_lazy("%d minutes")),
    (1, gettext_lazy("second"), gettext_lazy("%d seconds")),
)
_KEYS = {
    "ip": gettext_lazy("address"),
    "user": gettext_lazy("user"),
    "user_or_ip": gettext_lazy("user, or address without one"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class PolicyDescription:
    """A policy for readers of the documentation; ``per`` is empty if a callable computes the key."""

    name: str
    rate: str
    per: str
    methods: Sequence[str]
    is_global: bool


def describe_policies() -> list[PolicyDescription]:
    """Return the active policies in the active language, the global policies first."""
    described = []
    for name, fields in conf.RATELIMIT["POLICIES"].items():
        try:
            policy = get_policy(name)
        except ImproperlyConfigured:
            continue  # reported by a system check
        if policy.rate is not None:
            described.append(
                PolicyDescription(
                    name=name,
                    rate=_describe_rate(policy.rate),
                    per=_describe_key(fields["key"]),
                    methods=policy.methods or (),
                    is_global=name in conf.RATELIMIT["GLOBAL"],
                )
            )
    return sorted(described, key=lambda policy: not policy.is_global)


def _describe_rate(rate: Any) -> str:
    if callable(rate):
        return _("depends on the request")
    limit, seconds = rate
    size, singular, plural = next(unit for unit in _UNITS if seconds % unit[0] == 0)
    number = seconds // size
    requests = ngettext("%d request", "%d requests", limit) % limit
    period = singular if number == 1 else plural % number
    return _("%(requests)s in each %(period)s") % {"requests": requests, "period": period}


def _describe_key(key: Any) -> str:
    if not isinstance(key, str):
        return ""
    kind, _colon, name = key.partition(":")
    if kind == "header":
        return _("value of the header %s") % name
    if kind in ("get", "post"):
        return _("value of the parameter %s") % name
    return str(_KEYS.get(key, ""))
