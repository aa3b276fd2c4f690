"""Parses the times and durations of a command line."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import dateparse, timezone
from django.utils.translation import gettext as _

from ..datetimes import validate_datetime

_DURATION = re.compile(
    r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m)?(?:(?P<seconds>\d{1,6})s)?", re.ASCII
)


def parse_duration(text: str) -> timedelta:
    """Return the duration of ``90s``, ``30m``, ``2h``, ``1d`` or ``1h30m``; raises ``ValidationError``."""
    match = _DURATION.fullmatch(text)
    duration = match and timedelta(**{name: int(number) for name, number in match.groupdict("0").items()})
    if not duration:
        raise ValidationError(_("This is no duration; write it as in 90s, 30m, 2h, 1d or 1h30m."))
    return duration


def parse_datetime(text: str) -> datetime:
    """Return the time of a text in ISO 8601, naive or aware as ``USE_TZ`` requires.

    A time without an offset is in the current time zone. Raises ``ValidationError`` for any other
    text, and for a local time that is ambiguous or does not exist.
    """
    try:
        # Django reads a date as its midnight; the author may mean the whole day.
        value = dateparse.parse_datetime(text) if dateparse.parse_date(text) is None else None
    except ValueError:
        value = None
    if value is None:
        raise ValidationError(_("This is no time; write it as in 2026-12-01T22:00 or 2026-12-01T22:00+01:00."))
    validate_datetime(value)
    if settings.USE_TZ:
        return from_current_timezone(value).astimezone(UTC)
    if timezone.is_aware(value):
        value = timezone.make_naive(value)
        validate_datetime(value)
    return value
