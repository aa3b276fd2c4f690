"""Processes of the test project that share nothing but a database."""

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from email.message import Message
from pathlib import Path

from support.live_servers import ASGI, WSGI, running

CODE = "ENDPOINT_NOT_FOUND"
#: Seconds that a process may show what it has; its next answer must be right.
REFRESH_SECONDS = 1.0

COMMANDS = {
    "gunicorn": ["gunicorn", "--workers=1", "--bind={host}:{port}", WSGI],
    "gunicorn with threads": ["gunicorn", "--workers=1", "--threads=8", "--bind={host}:{port}", WSGI],
    "two workers of gunicorn": ["gunicorn", "--workers=2", "--preload", "--bind={host}:{port}", WSGI],
    "uvicorn": ["uvicorn", "--factory", "--lifespan=off", "--host={host}", "--port={port}", ASGI],
}
#: The processes behind one port, and how many there are; a connection stays with the one that took it.
WORKERS = {
    "three workers of gunicorn": (
        3,
        ["gunicorn", "--workers=3", "--threads=8", "--keep-alive=60", "--bind={host}:{port}", WSGI],
    ),
    "two workers of uvicorn": (
        2,
        [*COMMANDS["uvicorn"], "--workers=2", "--timeout-keep-alive=60"],
    ),
}
#: Django advises against connections that outlive their request under ASGI.
PERSISTENT = {"gunicorn with threads": {"APIERRORS_CONN_MAX_AGE": "600"}}
SETUP = f"""
import django
django.setup()
from django.core.management import call_command
from django_apierrors.models import ErrorCode, ErrorCodeTranslation, Revision
rows = ErrorCode.objects.filter(code={CODE!r})
"""


def environment(url):
    return {"DJANGO_SETTINGS_MODULE": "support.live_settings", "APIERRORS_DATABASE_URL": url}


def elsewhere(url, source):
    """Run Python in a process of its own, as a shell or a command of the project would."""
    done = subprocess.run(
        [sys.executable, "-c", SETUP + source],
        cwd=Path(__file__).parent.parent,
        env={**os.environ, **environment(url)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def migrate(url):
    elsewhere(url, "call_command('migrate', verbosity=0)")


@contextlib.contextmanager
def serving(url, *names, **variables):
    """Start servers beside each other, so that it takes as long as one."""
    commands = {**COMMANDS, **{name: command for name, (_, command) in WORKERS.items()}}
    with contextlib.ExitStack() as stack, ThreadPoolExecutor() as pool:
        managers = [
            running(name, commands[name], **environment(url), **PERSISTENT.get(name, {}), **variables) for name in names
        ]
        starting = [pool.submit(manager.__enter__) for manager in managers]
        for manager, started in zip(managers, starting, strict=True):
            if started.exception() is None:
                stack.push(manager)
        yield [started.result() for started in starting]


def ask(server):
    """Return the process that answered and its message, of an answer that must be structured."""
    with contextlib.closing(server.connect()) as opened:
        opened.request("GET", "/api/nowhere")
        response = opened.getresponse()
        body = response.read()
    assert (response.status, response.headers["X-Error-Code"]) == (404, CODE), body
    return response.headers["X-Process"], json.loads(body)["error"]["message"]


def said(server):
    return ask(server)[1]


def until(condition, seconds=60):
    patience = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < patience, "waited in vain"
        time.sleep(0.05)


@dataclass(frozen=True)
class Answer:
    """What came back for one request, and when it was sent and there, in seconds since the epoch."""

    status: int
    process: str
    sent: float
    received: float
    headers: Message
    body: bytes


def exchange(connection, path, method="GET", body=None, headers=None):
    """Send a request on a connection that is open, or opens now, and return the answer."""
    sent = time.time()
    connection.request(method, path, body, headers or {})
    response = connection.getresponse()
    content = response.read()
    return Answer(response.status, response.headers["X-Process"], sent, time.time(), response.headers, content)


@contextlib.contextmanager
def workers(server, path, connections):
    """Yield the processes of a server of ``WORKERS``, each with so many connections that stay with it."""
    number, _ = WORKERS[server.name]
    found = {}
    patience = time.monotonic() + 60
    with contextlib.ExitStack() as stack:
        while len(found) < number or min(map(len, found.values())) < connections:
            assert time.monotonic() < patience, f"{server.name} did not spread its connections: {found}"
            opened = stack.enter_context(contextlib.closing(server.connect()))
            kept = found.setdefault(exchange(opened, path).process, [])
            if len(kept) < connections:
                kept.append(opened)
        yield found


class Held:
    """A request that is answered when it is answered."""

    def __init__(self, server):
        self.message = None
        self.thread = threading.Thread(target=self._ask, args=(server,), daemon=True)
        self.thread.start()

    def _ask(self, server):
        self.message = said(server)

    def is_answered(self):
        return self.message is not None
