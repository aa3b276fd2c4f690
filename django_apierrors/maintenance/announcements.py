"""The announcements of maintenance that is on or about to begin, for templates and the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from time import time

from django.utils.encoding import iri_to_uri

from .. import windows
from ..conf import conf
from ..windows import Window, open_at

#: Seconds before its start at which a window is announced.
LEAD_SECONDS = 30 * 60


@dataclass(frozen=True, kw_only=True, slots=True)
class Announcement:
    """What everybody may know about a window, for templates: not its paths, its reason, or who is exempt.

    Times are in UTC; ``is_partial`` says that the window covers only some paths, ``methods`` are
    the covered methods, sorted, empty for all.
    """

    code: str
    starts_at: datetime | None
    ends_at: datetime | None
    is_open: bool
    is_read_only: bool
    is_partial: bool
    methods: tuple[str, ...]
    message: str
    status_url: str

    @classmethod
    def of(cls, window: Window, *, is_open: bool) -> Announcement:
        """Return the announcement of a window."""
        return cls(
            code=window.code,
            starts_at=window.starts_at,
            ends_at=window.ends_at,
            is_open=is_open,
            is_read_only=window.is_read_only,
            is_partial=bool(window.path_prefixes),
            methods=tuple(sorted(window.methods)),
            message=window.message,
            status_url=status_url(window),
        )


def status_url(window: Window) -> str:
    """Return the URL of the status page of the window, else of the project, else ``""``; in ASCII (RFC 3986)."""
    url = window.status_url or conf.DOCS["STATUS_URL"] or ""
    return url if url.isascii() else iri_to_uri(url)


class Notice:
    """The current and the upcoming maintenance: the first open window and the first upcoming one, if any."""

    def __init__(self) -> None:
        now = time()
        open_windows = open_at(now)
        # FORCE also overrides scheduled windows.
        upcoming = windows.current_windows().upcoming(now, LEAD_SECONDS) if conf.MAINTENANCE["FORCE"] is None else ()
        current = tuple(Announcement.of(window, is_open=True) for window in open_windows)
        coming = tuple(Announcement.of(window, is_open=False) for window in upcoming)
        #: The strictest window that is open.
        self.open: Announcement | None = next(iter(current), None)
        #: The next window that begins within 30 minutes.
        self.upcoming: Announcement | None = next(iter(coming), None)
        #: All of both kinds, in this order.
        self.announcements: tuple[Announcement, ...] = (*current, *coming)

    @property
    def is_on(self) -> bool:
        """Whether any request is refused."""
        return self.open is not None
