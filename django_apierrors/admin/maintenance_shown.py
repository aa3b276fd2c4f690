"""What a page showed of the windows, and what others have done since: two operators at once."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from time import time

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django.utils.translation import gettext as _

from ..datetimes import format_time
from ..models import MaintenanceWindow
from ..scopes import describe_scope

#: The hidden field of every form that changes something.
FIELD = "shown"

_ENTRY = re.compile(r"(\d{1,18}):([0-9a-f]{16})")


def digest(rows: Iterable[MaintenanceWindow]) -> str:
    """Return what stands for some windows and the moment: ``1785665040 7:0123456789abcdef``."""
    return " ".join([str(int(time())), *(f"{row.pk}:{_fingerprint(row)}" for row in rows)])


def overtaken(shown: str, using: str) -> str:
    """Return what was done to the windows since a page showed them, ``""`` when nothing was.

    What the clock did is nobody's deed: a window that has begun or ended as it was to be.
    """
    rows = MaintenanceWindow.objects.using(using).select_related("created_by", "ended_by")
    was = dict(_ENTRY.findall(shown))
    now = {str(row.pk): row for row in rows.not_over().order_by("created_at", "pk")}
    gone = {str(row.pk): row for row in rows.filter(pk__in=was.keys() - now.keys())}
    deeds = [*_of_those_there(was, now, _since(shown)), *_of_those_gone(was, now, gone)]
    if not deeds:
        return ""
    told = _("In the meantime %(deeds)s. Nothing was changed here; look again and decide.")
    return told % {"deeds": "; ".join(deeds)}


def _fingerprint(row: MaintenanceWindow) -> str:
    said = repr([field.value_to_string(row) for field in row._meta.concrete_fields])
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _since(shown: str) -> datetime:
    found = re.match(r"\d{1,10}", shown)
    return datetime.fromtimestamp(int(found[0]) if found else time(), UTC)


def _of_those_there(was: dict[str, str], now: dict[str, MaintenanceWindow], since: datetime) -> Iterator[str]:
    for pk, row in now.items():
        said = {"by": _by(row.created_by, row.created_at), "scope": describe_scope(row)}
        if pk in was and was[pk] != _fingerprint(row):
            yield _changed(row, since)
        elif pk not in was and row.has_begun():
            yield _("%(by)s turned maintenance on for %(scope)s") % said
        elif pk not in was:
            said["starts"] = format_time(row.starts_at)
            yield _("%(by)s scheduled maintenance for %(scope)s, from %(starts)s") % said


def _of_those_gone(
    was: dict[str, str], now: dict[str, MaintenanceWindow], over: dict[str, MaintenanceWindow]
) -> Iterator[str]:
    for pk in sorted(was.keys() - now.keys()):
        row = over.get(pk)
        if row is None:
            entry = _entry(pk)
            by = _by(entry.user, entry.action_time) if entry else _by(None, None)
            yield _("%(by)s cancelled the scheduled window %(window)s") % {
                "by": by,
                "window": entry.object_repr if entry else pk,
            }
        elif was[pk] != _fingerprint(row):
            said = {"by": _by(row.ended_by, row.ends_at), "scope": describe_scope(row)}
            yield _("%(by)s ended the maintenance for %(scope)s") % said


def _changed(row: MaintenanceWindow, since: datetime) -> str:
    entry = _entry(str(row.pk))
    # An older one is about something else: who changed the window did not use the admin.
    is_his = entry is not None and _aware(entry.action_time) >= since
    said = {
        "by": _by(entry.user, entry.action_time) if entry and is_his else _by(None, None),
        "scope": describe_scope(row),
        "ends": format_time(row.ends_at) if row.ends_at else "",
    }
    if row.ends_at:
        return _("%(by)s changed the maintenance for %(scope)s, which now ends at %(ends)s") % said
    return _("%(by)s changed the maintenance for %(scope)s, which now has no end") % said


def _by(user: object, moment: datetime | None) -> str:
    """Return who did something, and when; what the command and programs do goes by no name."""
    name = str(user) if user else _("somebody outside the admin")
    return _("%(name)s, at %(at)s,") % {"name": name, "at": format_time(moment)} if moment else name


def _entry(pk: str) -> LogEntry | None:
    of_windows = ContentType.objects.get_for_model(MaintenanceWindow)
    entries = LogEntry.objects.filter(content_type=of_windows, object_id=pk).select_related("user")
    return entries.order_by("-action_time", "-pk").first()


def _aware(moment: datetime) -> datetime:
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
