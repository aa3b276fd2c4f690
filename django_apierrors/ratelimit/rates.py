"""Rates, read strictly: what django-ratelimit would misread in silence is refused."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

#: Requests and seconds.
Rate = tuple[int, int]

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_RATE = re.compile(r"([0-9]{1,20})/([0-9]{0,20})([smhd])")
#: What stores and headers bear: counters of 64 bits, integers of 15 digits (RFC 9651, 3.3.1), times of 32 bits.
_MOST_REQUESTS = 10**15 - 1
_MOST_SECONDS = 366 * _SECONDS["d"]
_HELP = 'Write it as "100/h", "10/s" or "5/15m": a number, a slash, and s, m, h or d; "0/s" refuses all, None none.'


def parse(value: Any) -> Rate | None:
    """Return a rate as requests and seconds, ``None`` for one that is switched off.

    Takes a text (``"5/15m"``) or a pair of integers. Raises ``ImproperlyConfigured``, which
    names what was given, for anything else.
    """
    if value is None:
        return None
    rate = _read(value) if isinstance(value, str) else value
    if not (isinstance(rate, tuple) and len(rate) == 2 and all(type(number) is int for number in rate)):
        raise ImproperlyConfigured(f"{value!r} is no rate. {_HELP}")
    requests, seconds = rate
    if not (0 <= requests <= _MOST_REQUESTS and 1 <= seconds <= _MOST_SECONDS):
        raise ImproperlyConfigured(f"The rate {value!r} is below zero, of no time at all, or of over a year. {_HELP}")
    return requests, seconds


def _read(text: str) -> Rate | None:
    found = _RATE.fullmatch(text)
    return (int(found[1]), int(found[2] or 1) * _SECONDS[found[3]]) if found else None
