"""The databases that only some machines have: whether they are there, and one of their own for each test."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgresql": "django.db.backends.postgresql",
    "mysql": "django.db.backends.mysql",
}
#: Where the services of continuous integration are; the database is the one to connect to first.
SERVERS = {
    "postgresql": os.environ.get("APIERRORS_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres"),
    "mysql": os.environ.get("APIERRORS_MYSQL_URL", "mysql://root@127.0.0.1:3306/test"),
}


def configuration(url):
    """Return Django's settings for the database of a URL."""
    parts = urlsplit(url)
    if parts.scheme == "mysql" and find_spec("MySQLdb") is None:
        import pymysql

        pymysql.install_as_MySQLdb()
    return {
        "ENGINE": ENGINES[parts.scheme],
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        # MariaDB's own default is latin1 on some systems.
        **({"TEST": {"CHARSET": "utf8mb4"}} if parts.scheme == "mysql" else {}),
    }


def missing(reason):
    """Skip a test that needs what is not there, or fail where it must be there."""
    import pytest

    if os.environ.get("APIERRORS_REQUIRE_SERVICES") == "1":
        pytest.fail(f"APIERRORS_REQUIRE_SERVICES=1, but {reason}")
    pytest.skip(reason)


@contextlib.contextmanager
def database(kind):
    """Make an empty database on a service and yield its URL; skip when nobody listens there."""
    parts = urlsplit(SERVERS[kind])
    driver = {"postgresql": ("psycopg",), "mysql": ("MySQLdb", "pymysql")}[kind]
    if not any(map(find_spec, driver)):
        missing(f"{driver[-1]} is not installed")
    try:
        socket.create_connection((parts.hostname, parts.port), timeout=2).close()
    except OSError as exc:
        missing(f"no {kind} at {parts.hostname}:{parts.port}: {exc}")
    name = f"apierrors_{uuid.uuid4().hex[:12]}"
    _execute(SERVERS[kind], f"CREATE DATABASE {name}" + (" CHARACTER SET utf8mb4" if kind == "mysql" else ""))
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        _execute(SERVERS[kind], f"DROP DATABASE {name}" + (" WITH (FORCE)" if kind == "postgresql" else ""))


def _execute(url, sql):
    given = configuration(url)
    if given["ENGINE"] == ENGINES["postgresql"]:
        import psycopg

        opened = psycopg.connect(url, autocommit=True)
    else:
        import MySQLdb

        opened = MySQLdb.connect(
            host=given["HOST"],
            port=int(given["PORT"]),
            user=given["USER"],
            password=given["PASSWORD"],
            database=given["NAME"],
        )
    with contextlib.closing(opened), contextlib.closing(opened.cursor()) as cursor:
        cursor.execute(sql)


class PrivatePostgres:
    """A PostgreSQL of one test, to be stopped, hung and started again."""

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.url = f"postgresql://postgres@127.0.0.1:{port}/postgres"
        self._process = None

    def start(self):
        options = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 50,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._process = _as_postgres([_program("postgres"), "-D", str(self.folder / "data"), *arguments], log)
        patience = time.monotonic() + 60
        while time.monotonic() < patience:
            with contextlib.suppress(Exception):
                _execute(self.url, "SELECT 1")
                return
            time.sleep(0.1)
        raise RuntimeError(f"PostgreSQL did not start:\n{(self.folder / 'log').read_text()}")

    def stop(self):
        """Shut down at once, and cut all connections."""
        if self._process is not None:
            self.go_on()
            self._process.send_signal(signal.SIGINT)
            self._process.wait(timeout=60)
            self._process = None

    def hang(self):
        """Stop every process of it, the one that makes the others first; connections stay open."""
        os.kill(self._process.pid, signal.SIGSTOP)
        for child in self._children():
            os.kill(child, signal.SIGSTOP)

    def go_on(self):
        """Let it work again."""
        for pid in (*self._children(), self._process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _children(self):
        for path in glob("/proc/[0-9]*/stat"):
            with contextlib.suppress(OSError):
                pid, _, rest = Path(path).read_text().partition(" (")
                if int(rest.rpartition(") ")[2].split()[1]) == self._process.pid:
                    yield int(pid)


@contextlib.contextmanager
def private_postgres():
    """Make and start a PostgreSQL in a folder of its own; skip where its programs are not installed."""
    if find_spec("psycopg") is None:
        missing("psycopg is not installed")
    if _program("initdb") is None or not Path("/proc/self/stat").exists():
        missing("PostgreSQL's programs are not installed")
    # The folder must be open to the user that PostgreSQL runs as, which is never root.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if os.geteuid() == 0:
            shutil.chown(data, "postgres")
        with (folder / "log").open("wb") as log:
            made = _as_postgres([_program("initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-N"], log)
        if made.wait(timeout=120):
            raise RuntimeError((folder / "log").read_text())
        postgres = PrivatePostgres(folder, free_port())
        try:
            postgres.start()
            yield postgres
        finally:
            postgres.stop()


class PrivateStore:
    """A Redis or memcached of one test, to be stopped, hung and started again; what it kept is lost then."""

    def __init__(self, command, folder, port):
        self.command, self.folder, self.port = command, folder, port
        self._process = None

    def start(self):
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self.command, cwd=self.folder, stdout=log, stderr=subprocess.STDOUT)
        patience = time.monotonic() + 30
        while time.monotonic() < patience and self._process.poll() is None:
            with contextlib.suppress(OSError):
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            time.sleep(0.02)
        raise RuntimeError(f"{self.command[0]} did not start:\n{(self.folder / 'log').read_text()}")

    def stop(self):
        """Kill it; the system closes all connections."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=60)
            self._process = None

    def hang(self):
        """Let it answer nobody; connections stay open, and the system accepts new ones for it."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self):
        """Let it work again."""
        self._process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def private_store(kind):
    """Start a "redis" or a "memcached" on a free port; skip where the program or its client is not installed."""
    program, client = {"redis": ("redis-server", "django_redis"), "memcached": ("memcached", "pymemcache")}[kind]
    if find_spec(client) is None:
        missing(f"{client} is not installed")
    if shutil.which(program) is None:
        missing(f"{program} is not installed")
    port = free_port()
    if kind == "redis":
        options = ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    else:
        # Started by root it wants to know who to become.
        options = ["-p", port, "-l", "127.0.0.1", "-U", 0, "-u", "nobody"]
    with tempfile.TemporaryDirectory() as name:
        store = PrivateStore([program, *map(str, options)], Path(name), port)
        try:
            store.start()
            yield store
        finally:
            store.stop()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _program(name):
    return shutil.which(name) or max(glob(f"/usr/lib/postgresql/*/bin/{name}"), default=None)


def _as_postgres(command, log):
    user = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.Popen(command, cwd="/", stdout=log, stderr=subprocess.STDOUT, start_new_session=True, **user)
