"""What people who look after maintenance read: times with their zone, durations, scopes."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..models import MaintenanceWindow
from ..windows import Window

#: How many paths are listed before the rest is only counted.
_MOST = 4

_DASH = "\N{EN DASH}"


def moment(value: datetime) -> str:
    """Return a time in the current time zone, with its date unless that is today: ``12:04 CEST``."""
    local = _local(value)
    clock = date_format(local, "H:i T")
    if local.date() == _local(datetime.now(UTC)).date():
        return clock
    return f"{date_format(local, 'DATE_FORMAT')}, {clock}"


def span(first: datetime, last: datetime) -> str:
    """Return a time from one moment to another, joined by a dash: its date, ``12:04``, ``13:04 CEST``."""
    begun, over = _local(first), _local(last)
    day, clock = date_format(begun, "DATE_FORMAT"), date_format(over, "H:i T")
    if begun.date() == over.date() and begun.utcoffset() == over.utcoffset():
        return f"{day}, {date_format(begun, 'H:i')} {_DASH} {clock}"
    return f"{day}, {date_format(begun, 'H:i T')} {_DASH} {date_format(over, 'DATE_FORMAT')}, {clock}"


def stamp(value: datetime) -> str:
    """Return a time in the current time zone as the log has it: ``2026-08-02 12:04 CEST``."""
    return date_format(_local(value), "Y-m-d H:i T")


def distance(seconds: float) -> str:
    """Return a time to come, rounded up to minutes: ``35 minutes``, ``1 hour, 5 minutes``."""
    now = datetime(2000, 1, 1)  # any: only the difference counts
    return timesince(now, now + timedelta(minutes=max(1, math.ceil(seconds / 60)))).replace("\xa0", " ")


def scope(window: Window | MaintenanceWindow) -> str:
    """Return what a window covers, after "for": ``everything``, ``/api/``, ``POST on /api/``."""
    paths, methods = list(window.path_prefixes), ", ".join(sorted(window.methods))
    listed = ", ".join(paths[:_MOST])
    if len(paths) > _MOST:
        more = len(paths) - _MOST
        listed = ngettext("%(listed)s and %(more)d more", "%(listed)s and %(more)d more", more) % {
            "listed": listed,
            "more": more,
        }
    if not methods:
        return listed or _("everything")
    return _("%(methods)s on %(paths)s") % {"methods": methods, "paths": listed or _("every path")}


def _local(value: datetime) -> datetime:
    return timezone.localtime(value) if timezone.is_aware(value) else value
