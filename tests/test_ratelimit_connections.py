"""The number of requests of a process that use the store of the counters at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django_apierrors.ratelimit.store import MAX_CONCURRENT, ConnectionLimiter


class Users:
    """Threads that enter a limiter, and leave it when they are released."""

    def __init__(self, limiter, number):
        self.limiter, self.entered = limiter, threading.Semaphore(0)
        self.leave = threading.Semaphore(0)
        self.pool = ThreadPoolExecutor(number)
        self.results = [self.pool.submit(self.use) for _ in range(number)]

    def use(self):
        with self.limiter:
            self.entered.release()
            assert self.leave.acquire(timeout=10)

    def have_entered(self, number):
        """Return whether exactly so many have entered since the last call."""
        return all(self.entered.acquire(timeout=10) for _ in range(number)) and not self.entered.acquire(timeout=0.1)


def test_the_first_enters_alone_and_then_a_few_at_a_time():
    users = Users(ConnectionLimiter(), 2 * MAX_CONCURRENT + 1)
    assert users.have_entered(1)
    users.leave.release()
    assert users.have_entered(MAX_CONCURRENT)
    users.leave.release()
    assert users.have_entered(1)
    users.leave.release(2 * MAX_CONCURRENT - 1)
    assert users.have_entered(MAX_CONCURRENT - 1)
    assert [result.result(timeout=10) for result in users.results] == [None] * (2 * MAX_CONCURRENT + 1)
    users.pool.shutdown()


def test_an_exception_leaves_too():
    limiter = ConnectionLimiter()
    for _ in range(2 * MAX_CONCURRENT):
        try:
            with limiter:
                raise OSError
        except OSError:
            pass
    users = Users(limiter, MAX_CONCURRENT + 1)
    assert users.have_entered(MAX_CONCURRENT)
    users.leave.release(MAX_CONCURRENT + 1)
    users.pool.shutdown()


def test_a_forked_process_starts_anew():
    limiter = ConnectionLimiter()
    limiter.__enter__()
    limiter.reset()
    with limiter:
        pass
