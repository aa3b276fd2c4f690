"""What templates may say of maintenance: ``django_apierrors.context_processors.maintenance``."""

from __future__ import annotations

from time import time
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from . import windows
from .maintenance.gate import open_at
from .windows import Window

#: Seconds before its start from which a window is announced.
ANNOUNCED = 30 * 60


class Notice:
    """What is on and what is to come: ``is_on``, ``open`` and ``upcoming``, each the first of its kind or ``None``."""

    def __init__(self) -> None:
        now = time()
        #: The strictest window that is open.
        self.open: Window | None = next(iter(open_at(now)), None)
        #: The next window that begins within 30 minutes.
        self.upcoming: Window | None = next(iter(windows.current().upcoming(now, ANNOUNCED)), None)

    @property
    def is_on(self) -> bool:
        """Whether any request is refused."""
        return self.open is not None


def maintenance(request: HttpRequest) -> dict[str, Any]:
    """Return ``maintenance``, a ``Notice``, made when a template looks at it; without a query."""
    return {"maintenance": SimpleLazyObject(Notice)}
