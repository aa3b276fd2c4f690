"""How many requests of a process use the store at the same time."""

from __future__ import annotations

import os
import threading

#: Each of them may keep a connection open.
AT_ONCE = 4


class Turns:
    """Lets few requests at a time to the store, the first of them alone; used by ``with``.

    Under ASGI each request has a thread of its own, and a client of a store a connection for each
    thread that uses it at the same time. The first goes alone because such clients make their
    pool of connections when they are first used, without a lock.
    """

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Begin anew, for a process that was forked while others had their turns."""
        self._free = threading.Semaphore(1)
        self._is_first = True

    def __enter__(self) -> None:
        self._free.acquire()

    def __exit__(self, *exc: object) -> None:
        freed, self._is_first = (AT_ONCE if self._is_first else 1), False
        self._free.release(freed)


turns = Turns()
os.register_at_fork(after_in_child=turns.reset)
