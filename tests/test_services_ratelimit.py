"""Limits on a real Redis and memcached: exact for many processes, and nobody's trouble when the store is away."""

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path
from statistics import median

import pytest
from support.live_servers import running
from support.server_processes import COMMANDS
from support.services import private_store

pytestmark = pytest.mark.services

#: Seconds that a request waits for a store that is away, as the README recommends them.
TIMEOUT = 0.25
#: Seconds that it waits where every request must be counted, however busy the machine is.
LONG_TIMEOUT = 10
STORES = {
    "redis": lambda port, timeout: {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"redis://127.0.0.1:{port}/1",
        "OPTIONS": {"SOCKET_CONNECT_TIMEOUT": timeout, "SOCKET_TIMEOUT": timeout},
    },
    "memcached": lambda port, timeout: {
        "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
        "LOCATION": f"127.0.0.1:{port}",
        "OPTIONS": {"connect_timeout": timeout, "timeout": timeout, "retry_attempts": 0, "dead_timeout": 0},
    },
}
BREAKER_SECONDS = 0.5
WARNING = "The store of the rate limits does not answer"

#: Answers each line of its input, a path and a client, by how many of four times 60 tries passed and were refused.
COUNTER = """
import sys
from concurrent.futures import ThreadPoolExecutor
import django
django.setup()
from django.core.wsgi import get_wsgi_application
from django.test import RequestFactory
application = get_wsgi_application()

def tries(path, client):
    environ, statuses = RequestFactory().get(path, headers={"X-Client": client}).environ, []
    for _ in range(60):
        response = application(dict(environ), lambda status, headers: statuses.append(status[:3]))
        b"".join(response)
        response.close()
    return statuses.count("200"), statuses.count("429")

print("ready", flush=True)
for line in sys.stdin:
    with ThreadPoolExecutor(4) as pool:
        counted = list(pool.map(tries, *zip(*[line.split()] * 4)))
    print(*map(sum, zip(*counted)), flush=True)
"""
#: Serves 1 000 requests, fifty at a time, without a server, and prints their statuses.
IN_PROCESS = """
import asyncio
import django
django.setup()
from django.core.asgi import get_asgi_application
application = get_asgi_application()

async def ask(number):
    received, sent = [{"type": "http.request"}], []
    async def receive():
        return received.pop() if received else await asyncio.Event().wait()
    async def send(message):
        sent.append(message)
    headers = [(b"host", b"testserver"), (b"x-client", b"%d" % (number % 10))]
    scope = {"type": "http", "method": "GET", "path": "/api/hundred/async", "headers": headers, "query_string": b""}
    await application(scope, receive, send)
    return sent[0]["status"]

async def main():
    statuses = []
    for begin in range(0, 1000, 50):
        statuses += await asyncio.gather(*map(ask, range(begin, begin + 50)))
    print(set(statuses))

asyncio.run(main())
"""


@pytest.fixture(scope="module", params=STORES)
def store(request):
    with private_store(request.param) as started:
        started.kind = request.param
        yield started


@pytest.fixture(scope="module")
def servers(store):
    """The same project by threads and by coroutines, beside each other."""
    with both_servers(store, LONG_TIMEOUT) as started:
        yield started


@pytest.fixture
def servers_with_timeout(store):
    """The same with the timeout that the README recommends."""
    with both_servers(store, TIMEOUT) as started:
        yield started


@contextlib.contextmanager
def both_servers(store, timeout):
    with contextlib.ExitStack() as stack, ThreadPoolExecutor() as pool:
        names = ("gunicorn with threads", "uvicorn")
        managers = [running(name, COMMANDS[name], **environment(store, timeout)) for name in names]
        yield list(pool.map(stack.enter_context, managers))


@pytest.fixture(scope="module")
def redis():
    with private_store("redis") as started:
        started.kind = "redis"
        yield started


def environment(store, timeout=LONG_TIMEOUT):
    cache = STORES[store.kind](store.port, timeout)
    return {"DJANGO_SETTINGS_MODULE": "support.ratelimit_settings", "APIERRORS_STORE": json.dumps(cache)}


def somebody():
    return uuid.uuid4().hex


def ask(server, path, client=None):
    """Return status, headers and seconds of an answer."""
    begun = time.perf_counter()
    with contextlib.closing(server.connect()) as opened:
        opened.request("GET", path, headers={"X-Client": client or somebody()})
        response = opened.getresponse()
        response.read()
    return response.status, response.headers, time.perf_counter() - begun


def at_once(server, path, number=8):
    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: ask(server, path), range(number)))


def many(servers, path, header, method="GET", tries=960, clients=16):
    """Return how many of so many tries, by so many clients at once, were answered how."""
    name = somebody()

    def try_some(number):
        statuses = []
        with contextlib.closing(servers[number % len(servers)].connect()) as opened:
            for _ in range(tries // clients):
                opened.request(method, path, headers={header: name})
                response = opened.getresponse()
                response.read()
                statuses.append(response.status)
        return statuses

    with ThreadPoolExecutor(clients) as pool:
        return dict(Counter(chain.from_iterable(pool.map(try_some, range(clients)))))


def run(source, *, store):
    return subprocess.Popen(
        [sys.executable, "-c", source],
        cwd=Path(__file__).parent,
        env={**os.environ, **environment(store)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_exactly_as_many_pass_as_may_among_four_processes_of_four_threads(store):
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(run(COUNTER, store=store)) for _ in range(4)]
        assert [process.stdout.readline() for process in processes] == ["ready\n"] * 4
        for path in ("/api/hundred", "/api/hundred", "/api/throttled"):
            client = somebody()
            for process in processes:
                print(path, client, file=process.stdin, flush=True)
            counted = [tuple(map(int, process.stdout.readline().split())) for process in processes]
            assert tuple(map(sum, zip(*counted, strict=True))) == (100, 860)
        for process in processes:
            process.stdin.close()


def test_exactly_as_many_pass_as_may_through_threads_and_coroutines_of_servers(store, servers):
    assert many(servers, "/api/hundred/async", "X-Client") == {200: 100, 429: 860}


def test_the_global_limit_is_exact_through_threads_and_coroutines_of_servers(store, servers):
    assert many(servers, "/api/free", "X-Everywhere", method="PUT") == {200: 100, 429: 860}


@pytest.fixture(params=["killed", "hung"])
def away(request, store):
    """Take the store away inside a ``with`` block."""

    @contextlib.contextmanager
    def taken_away():
        (store.stop if request.param == "killed" else store.hang)()
        try:
            yield
        finally:
            (store.start if request.param == "killed" else store.go_on)()

    return taken_away


def test_a_store_that_is_away_costs_its_timeout_once_and_limits_hold_again_when_it_is_back(
    store, servers_with_timeout, away
):
    for server in servers_with_timeout:
        usual = median(ask(server, "/api/three")[2] for _ in range(20))
        crowded = max(seconds for _, _, seconds in at_once(server, "/api/three"))
        logged = len(server.log())
        with away():
            begun = time.monotonic()
            first = at_once(server, "/api/three")
            quick = [ask(server, "/api/three") for _ in range(20)]
            closed = [ask(server, f"/api/closed{where}") for where in ("", "/async")]
            open_for = traffic(server, 2.5 * BREAKER_SECONDS)
            gone = time.monotonic() - begun
        warnings = server.log()[logged:].count(WARNING)
        waited, then = max(seconds for _, _, seconds in first), median(seconds for _, _, seconds in quick)
        print(
            f"{store.kind}, {server.name}: healthy {usual * 1000:.1f} ms, eight at once {crowded * 1000:.0f} ms; "
            f"away: first eight {waited * 1000:.0f} ms, then {then * 1000:.1f} ms; {warnings} warnings in {gone:.1f} s"
        )
        back = traffic(server, BREAKER_SECONDS + 1)
        # Nobody saw more of it than no headers, or a 503 where that was asked for.
        assert {status for status, _, _ in [*first, *quick, *open_for, *back]} == {200}
        assert not any("RateLimit" in headers for _, headers, _ in [*first, *quick, *open_for])
        assert {(status, headers["X-Error-Code"], headers["Retry-After"]) for status, headers, _ in closed} == {
            (503, "RATE_LIMITER_UNAVAILABLE", "1")
        }
        assert waited < 2 * TIMEOUT + crowded
        assert then < usual + TIMEOUT / 5
        assert 2 <= warnings <= gone / BREAKER_SECONDS + 1
        client = somebody()
        assert [ask(server, "/api/three", client)[0] for _ in range(5)] == [200, 200, 200, 429, 429]
        assert server.log()[logged:].count("answers again") == 1
        assert "Traceback" not in server.log()


def traffic(server, seconds):
    """Send requests of different clients for so long."""
    end, sent = time.monotonic() + seconds, []
    while time.monotonic() < end:
        sent.append(ask(server, "/api/three"))
        time.sleep(0.05)
    return sent


def test_a_thousand_requests_of_an_asgi_server_need_four_connections(asgi):
    server, opened = asgi
    assert sum(many([server], "/api/hundred/async", "X-Client", tries=1000, clients=50).values()) == 1000
    assert sum(many([server], "/api/hundred", "X-Client", tries=200, clients=50).values()) == 200
    assert 1 <= opened() <= 4


def test_a_thousand_requests_in_one_event_loop_need_four_connections(redis):
    with connections(redis) as opened:
        assert run(IN_PROCESS, store=redis).communicate(timeout=120)[0] == "{200}\n"
        assert 1 <= opened() <= 4


@pytest.fixture(scope="module")
def asgi(redis):
    """A server, and how many connections to its Redis were opened since it started."""
    with connections(redis) as opened, running("uvicorn", COMMANDS["uvicorn"], **environment(redis)) as server:
        yield server, opened


@contextlib.contextmanager
def connections(store):
    """Tell how many connections the Redis has accepted since then."""
    from redis import Redis

    with Redis(port=store.port) as client:
        number = lambda: client.info("stats")["total_connections_received"]  # noqa: E731
        before = number()
        yield lambda: number() - before


def test_a_client_that_waits_as_long_as_it_was_told_is_served_and_one_that_comes_a_second_early_is_not(asgi):
    server, client = asgi[0], somebody()
    while not 0.1 < time.time() % 1 < 0.3:  # so that the answer and the next question lie in the same second
        time.sleep(0.01)
    ask(server, "/api/moment", client)
    for _ in range(2):
        status, headers, _ = ask(server, "/api/moment", client)
        assert status == 429
        wait = int(headers["Retry-After"])
        if wait > 1:
            time.sleep(wait - 1)
            status, headers, _ = ask(server, "/api/moment", client)
            assert (status, headers["Retry-After"]) == (429, "1")
        time.sleep(1)
        assert ask(server, "/api/moment", client)[0] == 200
    assert wait == 3
