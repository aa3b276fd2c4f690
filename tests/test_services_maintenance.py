"""Maintenance on live servers: on time in every process, whatever the database does, and nobody is locked out."""

import contextlib
import math
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.admin_browser import SUPERUSER, Operator
from support.server_processes import WORKERS, elsewhere, exchange, migrate, serving, until, workers
from support.services import database, private_postgres

pytestmark = pytest.mark.services

#: Seconds from a commit on, after which no process may answer by what was before.
ON_TIME = 1.2
#: Requests that arrive at one process at once.
AT_ONCE = 6
PATH = "/api/plain/fine"

SCHEDULED = """
from datetime import timedelta
from django.utils import timezone
from django_apierrors import maintenance
now = timezone.now()
window = maintenance.enable(starts_at=now + timedelta(seconds=5), ends_at=now + timedelta(seconds=8))
print(window.starts_at.timestamp(), window.ends_at.timestamp())
"""
#: A hand in the database, and then every process is told to read.
SQL = """
import uuid
from django.db import connection
with connection.cursor() as cursor:
    cursor.execute({statement!r})
    cursor.execute("UPDATE django_apierrors_revision SET token = %s WHERE part = 'windows'", [uuid.uuid4().hex])
"""
TABLE = "django_apierrors_maintenancewindow"
SENSELESS = (
    f"UPDATE {TABLE} SET mode = 'nonsense', status_url = 'javascript:alert(1)', "
    "exempt_networks = E'127.0.0.1/8\\nnobody', message = repeat(E'{nothing} %s \\u0007', 10000)"
)
SINCE_EVER = f"UPDATE {TABLE} SET starts_at = '-infinity'"
GONE = f"ALTER TABLE {TABLE} RENAME TO elsewhere"
BACK = f"ALTER TABLE elsewhere RENAME TO {TABLE}"

ON = "from django_apierrors import maintenance; maintenance.enable(reason='moving house')"


class Traffic:
    """Requests one after the other on each of some connections, until the block is left."""

    def __init__(self, connections):
        self.connections = connections
        self.answers = []
        self._is_over = threading.Event()

    def __enter__(self):
        self._pool = ThreadPoolExecutor(max(1, len(self.connections)))
        self._running = [self._pool.submit(self._run, connection) for connection in self.connections]
        return self

    def __exit__(self, *exc_info):
        self._is_over.set()
        self._pool.shutdown()
        for running in self._running:
            running.result()

    def _run(self, connection):
        while not self._is_over.wait(0.02):
            self.answers.append(exchange(connection, PATH))


def at_once(connections):
    """Send one request on each connection at the same time."""
    barrier = threading.Barrier(len(connections))

    def send(connection):
        barrier.wait(60)
        return exchange(connection, PATH)

    with ThreadPoolExecutor(len(connections)) as pool:
        return list(pool.map(send, connections))


def statuses(answers):
    return {answer.status for answer in answers}


class Deployment:
    """A database, and all processes that serve it."""

    def __init__(self, url, servers, processes):
        self.url = url
        self.servers = {server.name: server for server in servers}
        #: By its id, the connections that stay with a process.
        self.processes = processes

    def lines(self):
        """Count the lines of all logs, those of the servers themselves left out, as far as they name no time."""
        return Counter(
            line.partition(" until")[0]
            for server in self.servers.values()
            for line in server.log().splitlines()
            if not line.startswith(("[", "INFO: "))
        )


@pytest.fixture(scope="module")
def deployment():
    with database("postgresql") as url:
        migrate(url)
        elsewhere(url, SUPERUSER)
        with serving(url, *WORKERS) as servers, contextlib.ExitStack() as stack:
            processes = {}
            for server in servers:
                processes.update(stack.enter_context(workers(server, PATH, AT_ONCE)))
            yield Deployment(url, servers, processes)


@pytest.fixture(scope="module")
def operators(deployment):
    """Somebody at each server, who is signed in."""
    found = [Operator(server) for server in deployment.servers.values()]
    for operator in found:
        operator.sign_in()
    return found


def switched(deployment, switch, number):
    """Switch while some processes are busy and others idle; return what was answered before and from then on."""
    busy = list(deployment.processes.values())[number % 2 :: 2]
    # The last connection of a process is for traffic, the others are for what comes at once.
    with Traffic([kept[-1] for kept in busy]) as traffic:
        until(lambda: traffic.answers)
        before = time.time()
        committed = switch()
        time.sleep(ON_TIME)
        rushed = at_once([connection for kept in deployment.processes.values() for connection in kept[:-1]])
    early = [answer for answer in traffic.answers if answer.received < before]
    late = [answer for answer in traffic.answers if answer.sent >= committed + ON_TIME]
    assert {answer.process for answer in rushed} == set(deployment.processes)
    return early, late + rushed


def test_a_switch_counts_on_time_in_every_process_idle_or_busy(deployment, operators):
    for number in range(3):
        operator = operators[number % 2]
        early, late = switched(deployment, operator.turn_on, number)
        assert (statuses(early), statuses(late)) == ({200}, {503})
        assert operator.get("/site/page").status == 200  # who turned it on goes on, in any process
        early, late = switched(deployment, operators[number // 2].turn_off, number)
        assert (statuses(early), statuses(late)) == ({503}, {200})


def test_refusals_are_no_errors_and_each_transition_is_one_line_of_each_process(deployment, operators):
    before = deployment.lines()
    operators[0].turn_on(reason="moving house")
    time.sleep(ON_TIME)
    connections = [connection for kept in deployment.processes.values() for connection in kept]
    assert [statuses(at_once(connections)) for _ in range(7)] == [{503}] * 7
    operators[0].turn_off()
    time.sleep(ON_TIME)
    assert statuses(at_once(connections)) == {200}
    assert deployment.lines() - before == {
        f"WARNING django_apierrors of {process}: Maintenance is {state}": 1
        for process in deployment.processes
        for state in ("on for everything", "off")
    }


@pytest.mark.parametrize("name", WORKERS)
def test_who_is_signed_out_comes_in_and_turns_it_off_while_all_others_are_refused(deployment, name):
    elsewhere(deployment.url, ON)
    time.sleep(ON_TIME)
    server = deployment.servers[name]
    ana = Operator(server)
    assert ana.get("/site/page").status == 503
    ana.sign_in()
    assert ana.get("/site/page").status == fresh(server).status == 503  # to be somebody opens nothing
    ana.turn_off()
    time.sleep(ON_TIME)
    assert ana.get("/site/page").status == fresh(server).status == 200


def test_a_bypass_is_of_one_browser_one_window_and_no_log(deployment, operators):
    ana, ben = operators
    ana.turn_on()
    time.sleep(ON_TIME)
    assert (ana.get("/site/page").status, ben.get("/site/page").status) == (200, 503)
    assert ana.answer.headers["Cache-Control"] == "private, no-store"
    held = ana.cookies["apierrors_bypass"].value
    ana.cookies["apierrors_bypass"] = held[:-1] + ("a" if held[-1] != "a" else "b")
    assert ana.get("/site/page").status == 503
    ana.cookies["apierrors_bypass"] = held
    ben.turn_off()
    ben.turn_on()
    time.sleep(ON_TIME)
    assert (ana.get("/site/page").status, ben.get("/site/page").status) == (503, 200)
    ben.turn_off()
    assert held not in "".join(server.log() for server in deployment.servers.values())


@pytest.fixture
def postgres():
    with private_postgres() as started:
        migrate(started.url)
        yield started


ALONE = ("gunicorn with threads", "uvicorn")


@contextlib.contextmanager
def traffic(servers):
    """Keep two connections to each of some servers busy; yield what is answered, by server."""
    with contextlib.ExitStack() as stack:
        running = [
            Traffic([stack.enter_context(contextlib.closing(server.connect())) for _ in range(2)]) for server in servers
        ]
        for one in running:
            stack.enter_context(one)
        yield [one.answers for one in running]


def test_a_window_begins_and_ends_on_time_without_the_database(postgres):
    with serving(postgres.url, *ALONE) as servers:
        starts, ends = map(float, elsewhere(postgres.url, SCHEDULED).split())
        time.sleep(ON_TIME)
        with traffic(servers) as answers:
            until(lambda: all(answers))
            postgres.stop()
            assert time.time() < starts
            until(lambda: time.time() > ends + 0.5)
        logs = [server.log() for server in servers]
    for of_server, log in zip(answers, logs, strict=True):
        inside = [answer for answer in of_server if answer.sent >= starts and answer.received < ends]
        assert statuses(inside) == {503}
        assert statuses(answer for answer in of_server if answer.received < starts) == {200}
        assert statuses(answer for answer in of_server if answer.sent >= ends) == {200}
        for answer in inside:
            wait = int(answer.headers["Retry-After"])
            assert math.ceil(ends - answer.received) <= wait <= math.ceil(ends - answer.sent)
        assert log.count("Maintenance is on") == log.count("Maintenance is off") == 1
        assert "ERROR" not in log and "Traceback" not in log


def test_what_is_on_stays_on_whatever_becomes_of_the_database(postgres):
    with serving(postgres.url, *ALONE) as servers:

        def run(statement, said="", times=0):
            elsewhere(postgres.url, SQL.format(statement=statement))
            until(lambda: all(server.log().count(said) >= times for server in servers))

        elsewhere(postgres.url, ON)
        until(lambda: statuses(map(fresh, servers)) == {503})
        with traffic(servers) as answers:
            run(GONE, "cannot be read", 1)
            run(BACK, "can be read again", 1)
            for statement in (SENSELESS, SINCE_EVER):
                run(statement)
                time.sleep(ON_TIME)
            postgres.stop()
            time.sleep(1)
        logs = [server.log() for server in servers]
    for of_server, log in zip(answers, logs, strict=True):
        assert {(answer.status, answer.headers["X-Error-Code"]) for answer in of_server} == {(503, "MAINTENANCE")}
        assert "javascript" not in of_server[-1].body.decode()
        assert log.count("Maintenance is on") == 1
        assert "ERROR" not in log and "Traceback" not in log


def test_a_process_that_starts_without_the_tables_passes_everything_unless_it_is_forced(postgres):
    elsewhere(postgres.url, SQL.format(statement=GONE))
    with serving(postgres.url, *ALONE) as servers:
        assert statuses(map(fresh, servers)) == {200}
    postgres.stop()
    with serving(postgres.url, *ALONE) as servers, serving(postgres.url, *ALONE, APIERRORS_FORCE="on") as forced:
        assert statuses(map(fresh, servers)) == {200}
        assert statuses(map(fresh, forced)) == {503}
        assert [server.log().count("Maintenance is on for everything") for server in forced] == [1, 1]


def fresh(server):
    """Ask on a connection that nobody has used."""
    with contextlib.closing(server.connect()) as opened:
        return exchange(opened, PATH)
