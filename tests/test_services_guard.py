"""The guards on real servers: whatever escapes is answered, and what stops a worker still stops it."""

import contextlib
import http.client
import os
import signal
import socket
import struct
import threading
import time
from importlib.util import find_spec

import django
import pytest
from support.guarded_cases import HEADERS, KINDS
from support.live_servers import running
from support.server_processes import until
from support.services import missing

pytestmark = pytest.mark.services

GUNICORN = ["gunicorn", "--workers=1", "--timeout=4", "--graceful-timeout=5", "--bind={host}:{port}"]
UVICORN = ["uvicorn", "--lifespan=off", "--host={host}", "--port={port}"]
GUARDED = {
    "gunicorn": [*GUNICORN, "support.guarded_wsgi"],
    "gunicorn with threads": [*GUNICORN, "--threads=4", "support.guarded_wsgi"],
    "uvicorn with h11": [*UVICORN, "--http=h11", "support.guarded_asgi:application"],
    "uvicorn with httptools": [*UVICORN, "--http=httptools", "support.guarded_asgi:application"],
    "daphne": ["daphne", "-b", "{host}", "-p", "{port}", "support.guarded_asgi:application"],
}
IS_WSGI = {name for name in GUARDED if name.startswith("gunicorn")}
SETTINGS = {"DJANGO_SETTINGS_MODULE": "support.guarded_settings"}


def start(name, command=(), **environment):
    for module in ("daphne", "httptools"):
        if module in name and find_spec(module) is None:
            missing(f"{module} is not installed")
    return running(name, command or GUARDED[name], **SETTINGS, **environment)


@pytest.fixture(scope="module", params=GUARDED)
def server(request):
    with start(request.param) as started:
        yield started


def get(server, path, method="GET"):
    with contextlib.closing(server.connect()) as connection:
        connection.request(method, path, headers={"X-Request-ID": "5e1f0a9c"})
        response = connection.getresponse()
        return response, response.read()


def pid(server):
    return int(get(server, "/api/plain/fine")[1])


def settled(server):
    """Return the log when nothing is added to it any more."""
    log = ""
    while (now := server.log()) != log:
        log = now
        time.sleep(0.1)
    return log


def events(lines):
    """Return how many signals, records and ends of requests there are."""
    return [sum(line.startswith(word) for line in lines.splitlines()) for word in ("SIGNAL", "RECORD", "FINISHED")]


CASES = [
    *(f"boom/{kind}" for kind in KINDS),
    *(f"async-boom/{kind}" for kind in KINDS),
    *(f"stream/{kind}" for kind in KINDS),
    *(f"above/{kind}" for kind in KINDS),
    *(f"header/{kind}" for kind in HEADERS),
]


@pytest.mark.parametrize("case", [*CASES, *(f"async-stream/{kind}" for kind in KINDS)])
def test_whatever_escapes_is_a_structured_500_with_one_signal_and_one_record(server, case):
    if case.startswith("async-stream") and server.name in IS_WSGI:
        pytest.skip("Django warns of it")
    is_old = django.VERSION < (6, 1) and server.name not in IS_WSGI
    if is_old and case in ("above/exit", "above/interrupt"):
        pytest.skip("Django below 6.1 has a task of its own for it, which ends the loop before anybody is asked")
    worker = pid(server)
    before = len(settled(server))
    response, body = get(server, f"/api/{case}")
    assert (response.status, response.headers["X-Error-Code"]) == (500, "INTERNAL_SERVER_ERROR"), body
    assert response.headers.get_all("Content-Type") == ["application/problem+json"]
    assert response.headers.get_all("Content-Length") == [str(len(body))]
    if case.startswith("stream/"):
        assert (response.headers["X-Theirs"], "theirs=1" in response.headers["Set-Cookie"]) == ("1", True)
    added = settled(server)[before:]
    assert events(added) == [1, 1, 1], added
    if case != "boom/close" or is_old or server.name in IS_WSGI:
        # For that one Django closes what is waiting, and the server has a line of its own about it.
        assert "Traceback" not in added
    assert pid(server) == worker


@pytest.mark.parametrize("kind", KINDS)
def test_what_fails_after_the_first_byte_breaks_the_connection_and_not_the_worker(server, kind):
    if server.name == "daphne":
        pytest.skip("it leaves the connection open, with and without the guard")
    worker = pid(server)
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        get(server, f"/api/late/{kind}")
    assert pid(server) == worker


def test_blanks_around_a_value_are_left_out(server):
    response, body = get(server, "/api/blanks")
    assert (response.status, response.headers["X-Odd"], body) == (200, "a \xe9", b"fine")


SAME = [
    *(("GET", f"/api/{name}") for name in ("parts", "none", "file", "unchanged", "no-content", "nowhere")),
    *(("HEAD", f"/api/{name}") for name in ("parts", "none", "file", "plain/fine", "nowhere")),
]


def test_what_does_not_fail_is_as_without_the_guard(server):
    unguarded = [part.replace("guarded_", "unguarded_") for part in GUARDED[server.name]]
    with start(server.name, unguarded) as other:
        for method, path in SAME:
            (mine, my_body), (its, its_body) = (get(each, path, method) for each in (server, other))
            assert (mine.status, described(mine)) == (its.status, described(its)), path
            assert my_body == its_body


def described(response):
    changing = ("date", "x-request-id", "last-modified")
    return sorted((name.lower(), value) for name, value in response.headers.items() if name.lower() not in changing)


def test_a_server_sends_a_file_itself(server):
    if server.name not in IS_WSGI:
        pytest.skip("only servers of WSGI do")
    with start(server.name, [*GUARDED[server.name], "--config=python:support.sendfile_config"]) as started:
        assert get(started, "/api/file")[0].status == 200
        assert "SENDFILE" in settled(started)


def first_bytes(server, path):
    """Return after how many seconds the head and the first byte of the body are there."""
    with contextlib.closing(server.connect()) as connection:
        begin = time.monotonic()
        connection.request("GET", path)
        response = connection.getresponse()
        head = time.monotonic() - begin
        response.read(1)
        return head, time.monotonic() - begin


def test_the_head_of_server_sent_events_leaves_at_once_and_that_of_other_streams_within_a_second(server):
    if not server.name.startswith("uvicorn"):
        pytest.skip("these servers send the head with the first byte, with and without the guard")
    head, body = first_bytes(server, "/api/events")
    assert head < 0.8 < 1.4 < body
    head, body = first_bytes(server, "/api/slow")
    assert 0.8 < head < 1.8 < 2.4 < body


@pytest.mark.parametrize("path", ["/api/async-sleep/1.5", "/api/slow"])
def test_a_disconnect_leaves_no_record(server, path):
    worker = pid(server)
    before = len(settled(server))
    raw = server.raw()
    raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    time.sleep(0.3)
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    raw.close()
    until(lambda: "FINISHED" in server.log()[before:], 10)
    assert events(settled(server)[before:])[:2] == [0, 0]
    assert "Traceback" not in server.log()[before:]
    assert pid(server) == worker


def ask(server, path):
    """Send a request in a thread; its answer, or ``None``, comes into the list that is returned."""
    answers = []

    def run():
        try:
            answers.append(get(server, path))
        except (OSError, http.client.HTTPException):
            answers.append(None)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    time.sleep(0.5)  # it has reached the view by then
    return thread, answers


@pytest.mark.parametrize("name", [name for name in GUARDED if name in IS_WSGI])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGQUIT, signal.SIGTERM])
def test_a_signal_stops_a_worker_of_gunicorn(name, sent):
    with start(name) as server:
        worker, seconds = pid(server), 1 if sent == signal.SIGTERM else 3
        thread, answers = ask(server, f"/api/sleep/{seconds}")
        os.kill(worker, sent)
        until(lambda: not is_running(worker), 10)
        thread.join(20)
        if sent == signal.SIGTERM:
            assert answers[0][1] == b"slept"  # what had begun is finished
        elif name == "gunicorn":
            assert answers[0] is None or answers[0][1] != b"slept"
        assert pid(server) != worker
        assert events(server.log())[:2] == [0, 0]


def test_a_worker_of_gunicorn_that_takes_too_long_is_stopped():
    with start("gunicorn") as server:
        worker = pid(server)
        thread, _ = ask(server, "/api/sleep/60")
        until(lambda: not is_running(worker), 15)
        thread.join(20)
        assert pid(server) != worker
        assert events(server.log())[:2] == [0, 0]


@pytest.mark.parametrize("name", [name for name in GUARDED if name not in IS_WSGI])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_a_server_of_asgi(name, sent):
    with start(name) as server:
        thread, answers = ask(server, "/api/async-sleep/1")
        os.kill(pid(server), sent)
        thread.join(20)
        if name.startswith("uvicorn"):
            assert answers[0][1] == b"slept"
        until(lambda: not is_listening(server))
        assert events(server.log())[:2] == [0, 0]


def is_running(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def is_listening(server):
    try:
        server.raw().close()
    except OSError:
        return False
    return True
