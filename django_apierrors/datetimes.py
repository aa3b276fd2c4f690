"""Arithmetic, validation and formats of dates and times; all formats are in the current time zone."""

from __future__ import annotations

import math
from datetime import MAXYEAR, UTC, datetime, timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

_DASH = "\N{EN DASH}"
#: The years in which every time can be converted to every time zone, also after an addition.
_YEARS = range(1970, 3000)
#: The message of Django, which checks only aware times.
_NOT_A_LOCAL_TIME = (
    "%(datetime)s couldn’t be interpreted in time zone %(current_timezone)s; it may be ambiguous or it may not exist."  # noqa: RUF001
)


def from_timestamp(seconds: float) -> datetime | None:
    """Return the time of a timestamp in UTC, rounded up to whole seconds; ``None`` for infinity and beyond 9998."""
    try:
        value = datetime.fromtimestamp(math.ceil(seconds), UTC)
    except (OverflowError, ValueError, OSError):  # infinite, or outside the calendar of Python or of the system
        return None
    return value if value.year < MAXYEAR else None  # else not every time zone can express it


def add_duration(value: datetime, duration: timedelta) -> datetime:
    """Return a time plus a duration, also across a change of the clocks."""
    is_aware, zone = timezone.is_aware(value), timezone.get_default_timezone()
    # Python adds to the local time, and the clocks may change in between.
    later = (value if is_aware else timezone.make_aware(value, zone)).astimezone(UTC) + duration
    return later if is_aware else timezone.make_naive(later, zone)


def validate_datetime(value: datetime) -> None:
    """Raise ``ValidationError`` for a year before 1970 or after 2999, and for an ambiguous or missing local time."""
    if value.year not in _YEARS:
        raise ValidationError(_("This time is too far away."))
    if timezone.is_naive(value):
        # A project without USE_TZ stores local times, which cannot tell an hour from its repetition.
        zone = timezone.get_default_timezone()
        first, second = (value.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
        if first != second:
            raise ValidationError(_(_NOT_A_LOCAL_TIME) % {"datetime": value, "current_timezone": zone})


def localize(value: datetime) -> datetime:
    """Return a time in the current time zone; a naive one, and one that the zone cannot express, as it is."""
    try:
        return timezone.localtime(value) if timezone.is_aware(value) else value
    except (OverflowError, ValueError):  # within a day of an end of the calendar
        return value


def format_time(value: datetime) -> str:
    """Return a time, with its date unless that is today: ``12:04 CEST``, ``Aug. 2, 2026, 12:04 CEST``."""
    local = localize(value)
    clock = date_format(local, "H:i T")
    if local.date() == localize(datetime.now(UTC)).date():
        return clock
    return f"{date_format(local, 'DATE_FORMAT')}, {clock}"


def format_range(start: datetime, end: datetime) -> str:
    """Return two times, joined by a dash; the second has a date only if it is another."""
    first, last = localize(start), localize(end)
    day, clock = date_format(first, "DATE_FORMAT"), date_format(last, "H:i T")
    if first.date() == last.date() and first.utcoffset() == last.utcoffset():
        return f"{day}, {date_format(first, 'H:i')} {_DASH} {clock}"
    return f"{day}, {date_format(first, 'H:i T')} {_DASH} {date_format(last, 'DATE_FORMAT')}, {clock}"


def format_datetime(value: datetime) -> str:
    """Return a time in a fixed format, for logs, terminals and error messages: ``2026-08-02 12:04:00 CEST``."""
    return f"{localize(value):%Y-%m-%d %H:%M:%S %Z}".strip()


def format_utc(value: datetime) -> str:
    """Return a time, which must be in UTC, as in RFC 3339: ``2026-08-02T10:04:00Z``."""
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"


def format_remaining(seconds: float) -> str:
    """Return a duration, rounded up to minutes: ``35 minutes``, ``1 hour, 5 minutes``."""
    start = datetime(2000, 1, 1)  # any: only the difference matters
    return timesince(start, start + timedelta(minutes=max(1, math.ceil(seconds / 60)))).replace("\xa0", " ")
