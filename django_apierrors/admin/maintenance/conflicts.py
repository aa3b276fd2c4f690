"""Conflicts of two operators: the state of the windows on a page, and the changes since."""

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

from ...datetimes import format_time
from ...models import MaintenanceWindow
from ...models.window import describe_user
from ...scopes import describe_scope

#: The hidden field of every form that changes something.
PAGE_STATE_FIELD = "page_state"

_ROW_PATTERN = re.compile(r"(\d{1,18}):([0-9a-f]{16})")


def dump_page_state(rows: Iterable[MaintenanceWindow]) -> str:
    """Return the current time with fingerprints of some windows: ``1785665040 7:0123456789abcdef``."""
    return " ".join([str(int(time())), *(f"{row.pk}:{_get_fingerprint(row)}" for row in rows)])


def get_stale_message(page_state: str, using: str) -> str:
    """Return the changes to the windows since a page was rendered, ``""`` without changes.

    A planned start or end of a window is not a change.
    """
    rows = MaintenanceWindow.objects.using(using)
    old = dict(_ROW_PATTERN.findall(page_state))
    new = {str(row.pk): row for row in rows.not_over().order_by("created_at", "pk")}
    over = {str(row.pk): row for row in rows.filter(pk__in=old.keys() - new.keys())}
    changes = [*_describe_current(old, new, _get_time(page_state)), *_describe_removed(old, new, over)]
    if not changes:
        return ""
    message = _("In the meantime %(changes)s. Nothing was changed here; look again and decide.")
    return message % {"changes": "; ".join(changes)}


def _get_fingerprint(row: MaintenanceWindow) -> str:
    values = repr([field.value_to_string(row) for field in row._meta.concrete_fields])
    return hashlib.sha256(values.encode()).hexdigest()[:16]


def _get_time(page_state: str) -> datetime:
    match = re.match(r"\d{1,10}", page_state)
    return datetime.fromtimestamp(int(match[0]) if match else time(), UTC)


def _describe_current(old: dict[str, str], new: dict[str, MaintenanceWindow], since: datetime) -> Iterator[str]:
    for pk, row in new.items():
        params = {"by": _format_author(row.created_by, row.created_at), "scope": describe_scope(row)}
        if pk in old and old[pk] != _get_fingerprint(row):
            yield _describe_edit(row, since)
        elif pk not in old and row.has_begun():
            yield _("%(by)s turned maintenance on for %(scope)s") % params
        elif pk not in old:
            params["starts"] = format_time(row.starts_at)
            yield _("%(by)s scheduled maintenance for %(scope)s, from %(starts)s") % params


def _describe_removed(
    old: dict[str, str], new: dict[str, MaintenanceWindow], over: dict[str, MaintenanceWindow]
) -> Iterator[str]:
    for pk in sorted(old.keys() - new.keys()):
        row = over.get(pk)
        if row is None:
            entry = _get_last_log_entry(pk)
            by = _format_author(entry.user, entry.action_time) if entry else _format_author(None, None)
            params = {"by": by, "window": entry.object_repr if entry else pk}
            yield _("%(by)s cancelled the scheduled window %(window)s") % params
        elif old[pk] != _get_fingerprint(row):
            params = {"by": _format_author(row.ended_by, row.ends_at), "scope": describe_scope(row)}
            yield _("%(by)s ended the maintenance for %(scope)s") % params


def _describe_edit(row: MaintenanceWindow, since: datetime) -> str:
    entry = _get_last_log_entry(str(row.pk))
    # An older entry is about another change: this one was not made in the admin.
    is_current = entry is not None and _make_aware(entry.action_time) >= since
    params = {
        "by": _format_author(entry.user, entry.action_time) if entry and is_current else _format_author(None, None),
        "scope": describe_scope(row),
        "ends": format_time(row.ends_at) if row.ends_at else "",
    }
    if row.ends_at:
        return _("%(by)s changed the maintenance for %(scope)s, which now ends at %(ends)s") % params
    return _("%(by)s changed the maintenance for %(scope)s, which now has no end") % params


def _format_author(user: object, moment: datetime | None) -> str:
    """Return the author and time of a change; changes outside the admin have no author."""
    name = describe_user(user) or _("somebody outside the admin")
    return _("%(name)s, at %(at)s,") % {"name": name, "at": format_time(moment)} if moment else name


def _get_last_log_entry(pk: str) -> LogEntry | None:
    content_type = ContentType.objects.get_for_model(MaintenanceWindow)
    entries = LogEntry.objects.filter(content_type=content_type, object_id=pk).select_related("user")
    return entries.order_by("-action_time", "-pk").first()


def _make_aware(moment: datetime) -> datetime:
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)
