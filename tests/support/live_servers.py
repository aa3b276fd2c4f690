"""Live servers of the test project: gunicorn and uvicorn as subprocesses on a free port."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

HOST = "127.0.0.1"
WSGI = "django.core.wsgi:get_wsgi_application()"
ASGI = "django.core.asgi:get_asgi_application"

COMMANDS = {
    "gunicorn": ["gunicorn", "--workers=1", "--bind={host}:{port}", WSGI],
    "gunicorn with threads": ["gunicorn", "--workers=1", "--threads=2", "--bind={host}:{port}", WSGI],
    "uvicorn": ["uvicorn", "--factory", "--lifespan=off", "--host={host}", "--port={port}", ASGI],
}


@dataclass(frozen=True)
class Server:
    """A server that is running."""

    name: str
    port: int
    log_path: Path

    def connect(self) -> HTTPConnection:
        return HTTPConnection(HOST, self.port, timeout=30)

    def raw(self) -> socket.socket:
        """Return a connection for bytes that no HTTP library sends."""
        return socket.create_connection((HOST, self.port), timeout=30)

    def log(self) -> str:
        return self.log_path.read_text()


@contextlib.contextmanager
def running(name: str, command: Sequence[str] = (), **environment: str) -> Iterator[Server]:
    """Start a server, wait until it answers and stop it, whatever happens.

    ``command`` takes the place of the one of that name, ``environment`` comes on top of this process's.
    """
    with tempfile.TemporaryDirectory() as folder:
        server = Server(name, _free_port(), Path(folder) / "log")
        arguments = [part.format(host=HOST, port=server.port) for part in command or COMMANDS[name]]
        with server.log_path.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=Path(__file__).parent.parent,
                # Else gunicorn keeps a control socket in the home directory.
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "settings", "XDG_RUNTIME_DIR": folder, **environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            _wait_for(process, server)
            yield server
        finally:
            _stop(process)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_for(process: subprocess.Popen[bytes], server: Server) -> None:
    patience = time.monotonic() + 60
    while time.monotonic() < patience:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), contextlib.closing(server.connect()) as connection:
            connection.request("GET", "/api/plain/fine")
            connection.getresponse().read()
            return
        time.sleep(0.05)
    raise RuntimeError(f"{server.name} did not start:\n{server.log()}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
