"""How many requests of a process use the store of the counters at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django_apierrors.ratelimit.store import AT_ONCE, Turns


class Visits:
    """Threads that want a turn, and stay until they are told to leave."""

    def __init__(self, turns, number):
        self.turns, self.inside = turns, threading.Semaphore(0)
        self.leave = threading.Semaphore(0)
        self.pool = ThreadPoolExecutor(number)
        self.visits = [self.pool.submit(self.visit) for _ in range(number)]

    def visit(self):
        with self.turns:
            self.inside.release()
            assert self.leave.acquire(timeout=10)

    def came_in(self, number):
        """Tell whether just so many came in since the last question."""
        return all(self.inside.acquire(timeout=10) for _ in range(number)) and not self.inside.acquire(timeout=0.1)


def test_the_first_goes_alone_and_then_a_few_at_a_time():
    visits = Visits(Turns(), 2 * AT_ONCE + 1)
    assert visits.came_in(1)
    visits.leave.release()
    assert visits.came_in(AT_ONCE)
    visits.leave.release()
    assert visits.came_in(1)
    visits.leave.release(2 * AT_ONCE - 1)
    assert visits.came_in(AT_ONCE - 1)
    assert [visit.result(timeout=10) for visit in visits.visits] == [None] * (2 * AT_ONCE + 1)
    visits.pool.shutdown()


def test_a_turn_ends_with_an_exception_too():
    turns = Turns()
    for _ in range(2 * AT_ONCE):
        try:
            with turns:
                raise OSError
        except OSError:
            pass
    visits = Visits(turns, AT_ONCE + 1)
    assert visits.came_in(AT_ONCE)
    visits.leave.release(AT_ONCE + 1)
    visits.pool.shutdown()


def test_a_forked_process_has_all_turns_of_its_own():
    turns = Turns()
    turns.__enter__()
    turns.reset()
    with turns:
        pass
