"""Times and durations as operators write and read them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.forms.utils import from_current_timezone
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _

_DURATION = re.compile(
    r"(?:(?P<days>\d{1,6})d)?(?:(?P<hours>\d{1,6})h)?(?:(?P<minutes>\d{1,6})m)?(?:(?P<seconds>\d{1,6})s)?", re.ASCII
)
#: Those in which every time has its place in every zone, whatever is added to it.
_YEARS = range(1970, 3000)


def duration(text: str) -> timedelta:
    """Return what ``90s``, ``30m``, ``2h``, ``1d`` or ``1h30m`` means; raises ``ValidationError`` for anything else."""
    found = _DURATION.fullmatch(text)
    span = found and timedelta(**{name: int(number) for name, number in found.groupdict("0").items()})
    if not span:
        raise ValidationError(_("This is no duration; write it as in 90s, 30m, 2h, 1d or 1h30m."))
    return span


def moment(text: str) -> datetime:
    """Return the time that a text in ISO 8601 names, in the form that the database takes.

    Without an offset it is in the current time zone. Raises ``ValidationError`` for what is no
    time, and for a local time that does not exist or exists twice.
    """
    found = _read(text)
    if found is None:
        raise ValidationError(_("This is no time; write it as in 2026-12-01T22:00 or 2026-12-01T22:00+01:00."))
    if found.year not in _YEARS:
        raise ValidationError(_("This time is too far away."))
    if settings.USE_TZ:
        return from_current_timezone(found).astimezone(UTC)
    return _unmistakable(timezone.make_naive(found) if timezone.is_aware(found) else found)


def words(moment: datetime) -> str:
    """Return a time with its zone, as the clocks on the wall have it: ``2026-12-01 22:00:00 CET``."""
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M:%S %Z}"


def _read(text: str) -> datetime | None:
    try:
        # Django takes a date for its midnight; who writes a date may mean the whole day.
        return parse_datetime(text) if parse_date(text) is None else None
    except ValueError:
        return None


def _unmistakable(local: datetime) -> datetime:
    # A project without USE_TZ stores local times, and cannot say which of two it means.
    zone = timezone.get_default_timezone()
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    if first.utcoffset() != second.utcoffset():
        raise ValidationError(
            _("%(moment)s does not exist in %(zone)s or exists twice: the clocks are changed.")
            % {"moment": local, "zone": zone}
        )
    return local
