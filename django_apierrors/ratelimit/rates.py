"""Rates, read strictly: what django-ratelimit would misread in silence is refused."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

#: Requests and seconds.
Rate = tuple[int, int]

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_RATE = re.compile(r"([0-9]{1,9})/([0-9]{0,6})([smhd])")
_HELP = 'Write it as "100/h", "10/s" or "5/15m": a number, a slash, and s, m, h or d; "0/s" refuses all, None none.'


def parse(value: Any) -> Rate | None:
    """Return a rate as requests and seconds, ``None`` for one that is switched off.

    Takes a text (``"5/15m"``) or a pair of integers. Raises ``ImproperlyConfigured``, which
    names what was given, for anything else.
    """
    if value is None:
        return None
    found = _RATE.fullmatch(value) if isinstance(value, str) else None
    if found:
        value = (int(found[1]), int(found[2] or 1) * _SECONDS[found[3]])
    if not (isinstance(value, tuple) and len(value) == 2 and all(type(number) is int for number in value)):
        raise ImproperlyConfigured(f"{value!r} is no rate. {_HELP}")
    if value[0] < 0 or value[1] < 1:
        raise ImproperlyConfigured(f"The rate {value!r} is below zero, or of no time at all. {_HELP}")
    return value
