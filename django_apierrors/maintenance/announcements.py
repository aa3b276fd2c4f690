"""What people and clients are told of maintenance beforehand and while it is on."""

from __future__ import annotations

from dataclasses import dataclass
from time import time

from .. import windows
from ..conf import conf
from ..windows import Window, open_at
from .responses import status_url

#: Seconds before its start from which a window is announced.
ANNOUNCED = 30 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """One window that is open, or is about to be; its internal reason is not among what it knows."""

    window: Window
    is_open: bool

    @property
    def methods(self) -> list[str]:
        """The methods that are refused, in a stable order; none for all."""
        return sorted(self.window.methods)

    @property
    def status_url(self) -> str:
        """Where to follow how it goes, ``""`` for nowhere."""
        return status_url(self.window)


class Notice:
    """What is on and what is to come: ``is_on``, ``open`` and ``upcoming``, each the first of its kind or ``None``."""

    def __init__(self) -> None:
        now = time()
        opened = open_at(now)
        # Whatever is scheduled: the setting decides when it begins, too.
        coming = windows.current().upcoming(now, ANNOUNCED) if conf.MAINTENANCE["FORCE"] is None else ()
        #: The strictest window that is open.
        self.open: Window | None = next(iter(opened), None)
        #: The next window that begins within 30 minutes.
        self.upcoming: Window | None = next(iter(coming), None)
        #: All of both kinds, in this order.
        self.announcements: tuple[Announcement, ...] = (
            *(Announcement(window=window, is_open=True) for window in opened),
            *(Announcement(window=window, is_open=False) for window in coming),
        )

    @property
    def is_on(self) -> bool:
        """Whether any request is refused."""
        return self.open is not None
