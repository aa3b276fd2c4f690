"""Turning maintenance on and off from Python; what the admin and the command do, too."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from asgiref.sync import sync_to_async
from django.core.exceptions import ValidationError
from django.db import router, transaction
from django.utils import timezone

from ..conf import conf
from ..models import MaintenanceWindow, Revision, announced
from ..models.fields import lines
from ..signals import maintenance_changed
from ..snapshot import snapshot
from ..snapshot.loader import within
from ..windows import Window, monitor

#: How long maintenance stays on when nobody says for how long.
DURATION = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True, slots=True)
class Status:
    """What the database and ``MAINTENANCE["FORCE"]`` say now.

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
        """When the last open window ends; ``None`` when nothing is on, or there is no end."""
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
    method; ``exempt_networks`` are addresses and CIDR blocks. ``user`` goes on record. Raises
    ``ValidationError`` for what makes no sense, ``TypeError`` for a duration that is none, and what
    the database raises.
    """
    scope = {"path_prefixes": path_prefixes, "methods": methods, "exempt_networks": exempt_networks}
    starts_at = starts_at or timezone.now()
    if not isinstance(duration, timedelta | None):
        raise TypeError(f"duration={duration!r} is no timedelta; write timedelta(minutes=30), or None for no end.")
    if ends_at is None and duration is not None:
        ends_at = after(starts_at, duration)
    opened = MaintenanceWindow(
        starts_at=starts_at,
        ends_at=ends_at,
        mode=mode,
        **{name: _listed(name, items) for name, items in scope.items()},
        message=message,
        status_url=status_url,
        reason=reason,
        created_by=user,
    )
    opened.full_clean()
    with changing():
        opened.save()
    return opened


def _listed(name: str, items: Iterable[str]) -> list[str]:
    """Return the items; a blank one among them, as of a variable that is not set, must not mean everything."""
    items = items.splitlines() or [items] if isinstance(items, str) else list(items)
    if not all(str(item).strip() for item in items):
        raise ValidationError({name: f"{items!r} has a blank item; leave it out, or give no items at all for all."})
    return lines(items)


def after(moment: datetime, duration: timedelta) -> datetime:
    """Return when some time has passed since a moment, also while clocks are changed."""
    is_aware, zone = timezone.is_aware(moment), timezone.get_default_timezone()
    # Python adds to the clock on the wall, which may be changed in between.
    later = (moment if is_aware else timezone.make_aware(moment, zone)).astimezone(UTC) + duration
    return later if is_aware else timezone.make_naive(later, zone)


def disable(*, user: Any = None) -> list[MaintenanceWindow]:
    """Turn maintenance off: end every window that is open, and return them; scheduled ones stay."""
    with changing() as using:
        found = list(MaintenanceWindow.objects.using(using).open())
        for opened in found:
            end(opened, user=user)
    return found


def end(opened: MaintenanceWindow, *, user: Any = None) -> None:
    """End one open window now."""
    opened.ends_at = timezone.now()
    opened.ended_by = user
    opened.save(update_fields=["ends_at", "ended_by"])


def status() -> Status:
    """Return what the database says now; raises what the database raises."""
    rows = MaintenanceWindow.objects.using(router.db_for_write(MaintenanceWindow))
    now = timezone.now()
    return Status(
        open=tuple(rows.open(now).select_related("created_by")),
        upcoming=tuple(rows.upcoming(now).select_related("created_by")),
        forced=conf.MAINTENANCE["FORCE"],
    )


@contextmanager
def window(**kwargs: Any) -> Iterator[MaintenanceWindow]:
    """Keep maintenance on inside a ``with`` block, with the arguments of ``enable``; ends its own window only."""
    opened = enable(**kwargs)
    try:
        yield opened
    finally:
        _end_own(opened)


@asynccontextmanager
async def awindow(**kwargs: Any) -> AsyncIterator[MaintenanceWindow]:
    """Keep maintenance on inside an ``async with`` block; see ``window``."""
    opened = await aenable(**kwargs)
    try:
        yield opened
    finally:
        await sync_to_async(_end_own)(opened)


async def aenable(**kwargs: Any) -> MaintenanceWindow:
    """Turn maintenance on; see ``enable``."""
    return await sync_to_async(enable)(**kwargs)


async def adisable(**kwargs: Any) -> list[MaintenanceWindow]:
    """Turn maintenance off; see ``disable``."""
    return await sync_to_async(disable)(**kwargs)


async def astatus() -> Status:
    """Return what the database says now; see ``status``."""
    return await sync_to_async(status)()


@contextmanager
def changing() -> Iterator[str]:
    """Make changes of windows in one transaction, one operator after the other; yields the database.

    This process knows of them as soon as they are committed, the others within ``REFRESH_SECONDS``.
    """
    using = router.db_for_write(MaintenanceWindow)
    with announced(Revision.WINDOWS, using):
        yield using
        transaction.on_commit(_tell, using=using, robust=True)


def _end_own(opened: MaintenanceWindow) -> None:
    with changing() as using:
        # Somebody may have ended, extended or deleted it in the meantime.
        for found in MaintenanceWindow.objects.using(using).not_over().filter(pk=opened.pk):
            if found.has_begun():
                end(found)
            else:
                found.delete()


def _tell() -> None:
    """Let this process know of a change that it has just committed, and whoever listens to it."""
    with within(snapshot.refresh()):
        opened, is_changed = monitor.check()
    if is_changed:
        maintenance_changed.send_robust(Window, is_on=bool(opened), windows=opened)
