"""The rate limits of the settings, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ..conf import conf
from ..ratelimit import policies

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
class Limit:
    """One policy as clients read it; ``per`` is empty where Python decides whose requests are counted together."""

    name: str
    rate: str
    per: str
    methods: Sequence[str]
    is_global: bool


def live() -> list[Limit]:
    """Return the policies that are in force, in the active language, those of every request first."""
    found = []
    for name, fields in conf.RATELIMIT["POLICIES"].items():
        try:
            policy = policies.named(name)
        except ImproperlyConfigured:
            continue  # a system check says what is wrong
        if policy.rate is not None:
            found.append(
                Limit(
                    name=name,
                    rate=_rate(policy.rate),
                    per=_key(fields["key"]),
                    methods=policy.methods or (),
                    is_global=name in conf.RATELIMIT["GLOBAL"],
                )
            )
    return sorted(found, key=lambda limit: not limit.is_global)


def _rate(rate: Any) -> str:
    if callable(rate):
        return _("depends on the request")
    limit, seconds = rate
    size, one, many = next(unit for unit in _UNITS if seconds % unit[0] == 0)
    number = seconds // size
    words = ngettext("%d request", "%d requests", limit) % limit
    period = one if number == 1 else many % number
    return _("%(requests)s in each %(period)s") % {"requests": words, "period": period}


def _key(key: Any) -> str:
    if not isinstance(key, str):
        return ""
    kind, _colon, name = key.partition(":")
    if kind == "header":
        return _("value of the header %s") % name
    if kind in ("get", "post"):
        return _("value of the parameter %s") % name
    return str(_KEYS.get(key, ""))
