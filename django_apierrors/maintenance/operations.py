"""The functions that turn maintenance on and off, for Python, the admin and the command."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.utils import timezone

from ..conf import conf
from ..datetimes import add_duration
from ..models import MaintenanceWindow, Revision, atomic_revision
from ..models.fields import split_lines
from ..models.window import describe_user
from ..signals import maintenance_changed
from ..snapshot import snapshot
from ..snapshot.loader import use_copy
from ..windows import Window, monitor

#: The default duration of maintenance.
DURATION = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """The state of maintenance in the database and in ``MAINTENANCE["FORCE"]``.

    ``open`` holds the windows that are open, ``upcoming`` those that are yet to begin, ``forced``
    is True or False where the setting decides, whatever the windows say, and else ``None``.
    """

    open: tuple[MaintenanceWindow, ...]
    upcoming: tuple[MaintenanceWindow, ...]
    forced: bool | None = None

    @property
    def is_on(self) -> bool:
        """Whether any request is refused."""
        return bool(self.open) if self.forced is None else self.forced

    @property
    def ends_at(self) -> datetime | None:
        """The end of the last open window; ``None`` without an open window, and without an end."""
        ends = [window.ends_at for window in self.open if window.ends_at is not None]
        return max(ends) if self.is_on and self.forced is None and len(ends) == len(self.open) else None


def enable(
    *,
    duration: timedelta | None = DURATION,
    ends_at: datetime | None = None,
    starts_at: datetime | None = None,
    mode: str = MaintenanceWindow.Mode.FULL,
    path_prefixes: Iterable[str] = (),
    methods: Iterable[str] = (),
    exempt_networks: Iterable[str] = (),
    message: str = "",
    status_url: str = "",
    reason: str = "",
    user: Any = None,
) -> MaintenanceWindow:
    """Turn maintenance on, now or at ``starts_at``, and return its window.

    It ends at ``ends_at``, else after ``duration`` (one hour); ``duration=None`` means no end.
    ``mode`` is ``"full"`` or ``"read_only"``; no prefixes cover every path, no methods every
    method; ``exempt_networks`` are addresses and CIDR blocks. ``user``, a user or a text, goes on
    record. Raises ``ValidationError`` for what makes no sense, ``TypeError`` for a duration that is
    none, and the exceptions of the database.
    """
    scope = {"path_prefixes": path_prefixes, "methods": methods, "exempt_networks": exempt_networks}
    starts_at = starts_at or timezone.now()
    if not isinstance(duration, timedelta | None):
        raise TypeError(f"duration={duration!r} is no timedelta; write timedelta(minutes=30), or None for no end.")
    if ends_at is None and duration is not None:
        ends_at = add_duration(starts_at, duration)
    window = MaintenanceWindow(
        starts_at=starts_at,
        ends_at=ends_at,
        mode=mode,
        **{name: _clean_items(name, items) for name, items in scope.items()},
        message=message,
        status_url=status_url,
        reason=reason,
        created_by=describe_user(user),
    )
    window.full_clean()
    with atomic_change():
        window.save()
    return window


def _clean_items(name: str, items: Iterable[str]) -> list[str]:
    """Return the items; a blank one, as from an unset variable, raises ``ValidationError``: no items mean all."""
    items = items.splitlines() or [items] if isinstance(items, str) else list(items)
    if not all(str(item).strip() for item in items):
        raise ValidationError({name: f"{items!r} has a blank item; leave it out, or give no items at all for all."})
    return split_lines(items)


def disable(*, user: Any = None) -> list[MaintenanceWindow]:
    """Turn maintenance off: end every window that is open, and return them; scheduled ones stay.

    ``user``, a user or a text, goes on record.
    """
    with atomic_change() as using:
        windows = list(MaintenanceWindow.objects.using(using).open())
        for window in windows:
            end(window, user=user)
    return windows


def end(window: MaintenanceWindow, *, user: Any = None) -> None:
    """End one open window now."""
    window.ends_at = timezone.now()
    window.ended_by = describe_user(user)
    window.save(update_fields=["ends_at", "ended_by"])


def status() -> Status:
    """Return the current state; raises the exceptions of the database."""
    rows = MaintenanceWindow.objects.using(router.db_for_write(MaintenanceWindow))
    now = timezone.now()
    return Status(
        open=tuple(rows.open(now)),
        upcoming=tuple(rows.upcoming(now)),
        forced=conf.MAINTENANCE["FORCE"],
    )


@contextmanager
def window(**kwargs: Any) -> Iterator[MaintenanceWindow]:
    """Keep maintenance on inside a ``with`` block, with the arguments of ``enable``; ends its own window only."""
    row = enable(**kwargs)
    try:
        yield row
    finally:
        _end_window(row)


@asynccontextmanager
async def awindow(**kwargs: Any) -> AsyncIterator[MaintenanceWindow]:
    """Keep maintenance on inside an ``async with`` block; see ``window``."""
    row = await aenable(**kwargs)
    try:
        yield row
    finally:
        await sync_to_async(_end_window)(row)


async def aenable(**kwargs: Any) -> MaintenanceWindow:
    """Turn maintenance on; see ``enable``."""
    return await sync_to_async(enable)(**kwargs)


async def adisable(**kwargs: Any) -> list[MaintenanceWindow]:
    """Turn maintenance off; see ``disable``."""
    return await sync_to_async(disable)(**kwargs)


async def astatus() -> Status:
    """Return the current state; see ``status``."""
    return await sync_to_async(status)()


@contextmanager
def atomic_change() -> Iterator[str]:
    """Change windows in one transaction, which blocks other operators; yields the database alias.

    The changes apply in this process after the commit, in others within ``REFRESH_SECONDS``.
    """
    using = router.db_for_write(MaintenanceWindow)
    with atomic_revision(Revision.WINDOWS, using):
        yield using
        transaction.on_commit(_apply_change, using=using, robust=True)


def _end_window(window: MaintenanceWindow) -> None:
    with atomic_change() as using:
        # It may have been ended, extended or deleted in the meantime.
        for row in MaintenanceWindow.objects.using(using).not_over().filter(pk=window.pk):
            if row.has_begun():
                end(row)
            else:
                row.delete()


def _apply_change() -> None:
    """Apply a committed change in this process, and send ``maintenance_changed``."""
    with use_copy(snapshot.refresh()):
        open_windows, is_changed = monitor.check()
    if is_changed:
        maintenance_changed.send_robust(Window, is_on=bool(open_windows), windows=open_windows)
