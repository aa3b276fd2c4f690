"""A read of the database that is shared by all requests of a process."""

from __future__ import annotations

import asyncio
import threading
from time import monotonic

#: Seconds after which a read counts as failed.
TIMEOUT = 5.0
#: Seconds after which a probe counts as failed, and another one may start.
PROBE_TIMEOUT = 60.0


class Read:
    """A read, of which at most one runs at a time; no request waits for a probe."""

    def __init__(self, *, is_probe: bool) -> None:
        self.is_probe = is_probe
        self.done = threading.Event()
        self.started = monotonic()

    def timeout(self) -> float:
        """Return the seconds until the read counts as failed; zero or less once it does."""
        return self.started + (PROBE_TIMEOUT if self.is_probe else TIMEOUT) - monotonic()

    async def wait(self, seconds: float) -> None:
        """Wait for the end of the read, at most some seconds, without a thread for each waiter."""
        deadline = monotonic() + seconds
        while monotonic() < deadline and not self.done.is_set():
            await asyncio.sleep(0.01)
