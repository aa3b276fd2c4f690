"""One read of the database on behalf of a whole process."""

from __future__ import annotations

import asyncio
import threading
from time import monotonic

#: Seconds after which a read that has not come back counts as failed.
PATIENCE = 5.0
#: Seconds after which a probe that has not come back is given up for another.
PATIENCE_WITH_PROBES = 60.0


class Flight:
    """A read, of which there is at most one at a time; a probe is one that no request waits for."""

    def __init__(self, *, is_probe: bool) -> None:
        self.is_probe = is_probe
        self.done = threading.Event()
        self.began = monotonic()

    def patience(self) -> float:
        """Return the seconds after which it counts as failed, zero or less when it does."""
        return self.began + (PATIENCE_WITH_PROBES if self.is_probe else PATIENCE) - monotonic()

    async def landed(self, seconds: float) -> None:
        """Wait for it, without a thread for each who waits."""
        patience = monotonic() + seconds
        while monotonic() < patience and not self.done.is_set():
            await asyncio.sleep(0.01)
