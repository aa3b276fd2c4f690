"""Rates: requests in a period, parsed strictly; what django-ratelimit would misread in silence is refused."""

from __future__ import annotations

import re
from typing import Any

from django.core.exceptions import ImproperlyConfigured

#: Requests and seconds.
Rate = tuple[int, int]

_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_RATE = re.compile(r"([0-9]{1,20})/([0-9]{0,20})([smhd])")
#: The limits of stores and headers: counters of 64 bits, integers of 15 digits (RFC 9651, 3.3.1), times of 32 bits.
_MAX_REQUESTS = 10**15 - 1
_MAX_SECONDS = 366 * _UNIT_SECONDS["d"]
_FORMS = 'Write it as "100/h", "10/s" or "5/15m": a number, a slash, and s, m, h or d; "0/s" refuses all, None none.'


def parse_rate(value: Any) -> Rate | None:
    """Return a rate as requests and seconds, ``None`` for one that is switched off.

    Takes a text (``"5/15m"``) or a pair of integers. Raises ``ImproperlyConfigured``, which
    names the value, for anything else.
    """
    if value is None:
        return None
    rate = _parse_text(value) if isinstance(value, str) else value
    if not (isinstance(rate, tuple) and len(rate) == 2 and all(type(number) is int for number in rate)):
        raise ImproperlyConfigured(f"{value!r} is no rate. {_FORMS}")
    requests, seconds = rate
    if not (0 <= requests <= _MAX_REQUESTS and 1 <= seconds <= _MAX_SECONDS):
        raise ImproperlyConfigured(f"The rate {value!r} is below zero, of no time at all, or of over a year. {_FORMS}")
    return requests, seconds


def _parse_text(text: str) -> Rate | None:
    match = _RATE.fullmatch(text)
    return (int(match[1]), int(match[2] or 1) * _UNIT_SECONDS[match[3]]) if match else None
