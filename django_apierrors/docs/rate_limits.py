"""Descriptions of the rate limits in the settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, npgettext_lazy, pgettext, pgettext_lazy

from ..conf import conf
from ..ratelimit.policies import get_policy

# Seconds of a unit, the text of one, and the text of several.
_UNITS = (
    (86_400, pgettext_lazy("rate", "day"), npgettext_lazy("rate", "%(count)d day", "%(count)d days", "count")),
    (3_600, pgettext_lazy("rate", "hour"), npgettext_lazy("rate", "%(count)d hour", "%(count)d hours", "count")),
    (60, pgettext_lazy("rate", "minute"), npgettext_lazy("rate", "%(count)d minute", "%(count)d minutes", "count")),
    (1, pgettext_lazy("rate", "second"), npgettext_lazy("rate", "%(count)d second", "%(count)d seconds", "count")),
)
_KEYS = {
    "ip": pgettext_lazy("rate", "IP address"),
    "user": pgettext_lazy("rate", "user"),
    "user_or_ip": gettext_lazy("user, or IP address without one"),
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
    size, one, several = next(unit for unit in _UNITS if seconds % unit[0] == 0)
    number = seconds // size
    requests = ngettext("%(count)d request", "%(count)d requests", limit) % {"count": limit}
    # Translators: %(period)s is one of the texts with the context "rate": "minute", "15 minutes".
    period = one if number == 1 else several % {"count": number}
    return pgettext("rate", "%(requests)s per %(period)s") % {"requests": requests, "period": period}


def _describe_key(key: Any) -> str:
    if not isinstance(key, str):
        return ""
    kind, _colon, name = key.partition(":")
    if kind == "header":
        return _("value of the header %s") % name
    if kind in ("get", "post"):
        return _("value of the parameter %s") % name
    return str(_KEYS.get(key, ""))
