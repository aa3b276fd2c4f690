"""The announcements of maintenance that is on or about to begin, for templates and the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from time import time

from .. import windows
from ..conf import conf
from ..windows import Window, open_at
from .responses import status_url

#: Seconds before its start at which a window is announced.
LEAD_SECONDS = 30 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """A window that is open or about to open; without its internal reason."""

    window: Window
    is_open: bool

    @property
    def methods(self) -> list[str]:
        """The refused methods, sorted; empty for all methods."""
        return sorted(self.window.methods)

    @property
    def status_url(self) -> str:
        """The URL of a status page, ``""`` for none."""
        return status_url(self.window)


class Notice:
    """The current and the upcoming maintenance: the first open window and the first upcoming one, if any."""

    def __init__(self) -> None:
        now = time()
        open_windows = open_at(now)
        # FORCE also overrides scheduled windows.
        upcoming = windows.current_windows().upcoming(now, LEAD_SECONDS) if conf.MAINTENANCE["FORCE"] is None else ()
        #: The strictest window that is open.
        self.open: Window | None = next(iter(open_windows), None)
        #: The next window that begins within 30 minutes.
        self.upcoming: Window | None = next(iter(upcoming), None)
        #: All of both kinds, in this order.
        self.announcements: tuple[Announcement, ...] = (
            *(Announcement(window=window, is_open=True) for window in open_windows),
            *(Announcement(window=window, is_open=False) for window in upcoming),
        )

    @property
    def is_on(self) -> bool:
        """Whether any request is refused."""
        return self.open is not None
