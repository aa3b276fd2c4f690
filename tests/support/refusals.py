"""What becomes of what a database refuses: the expected answer to each line of the probe, by kind of database."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).parent.parent
#: [status, code, has Retry-After, signals of a crash, warnings about values of clients]
VALUE = [400, "INVALID_REQUEST", False, 0, 1]
BUG = [500, "INTERNAL_SERVER_ERROR", False, 1, 0]
INTERRUPTED = [503, "REQUEST_INTERRUPTED", True, 1, 0]
STORED = [201, None, False, 0, 0]
FINE = [200, None, False, 0, 0]
UNKNOWN_USER = [401, "AUTH_KEY_INVALID", False, 0, 0]

EVERYWHERE = {
    "beyond 64 bits": VALUE,
    "no number": BUG,
    "limit": VALUE,
    "own_division": BUG,
    "no_table": BUG,
    "no_syntax": BUG,
    "unique": BUG,
    "unique by marker": [409, "RESOURCE_CONFLICT", False, 0, 0],
    "foreign_key": BUG,
    "foreign_key by marker": [422, "UNPROCESSABLE_REQUEST", False, 0, 0],
    "not_null": BUG,
    "not_null by marker": [502, "BAD_GATEWAY", False, 1, 0],
    "check": BUG,
    "check by marker": [412, "PRECONDITION_FAILED", False, 0, 0],
}
OF_SERVERS = {
    "too long": VALUE,
    "out of range": VALUE,
    "no date": VALUE,
    "JSON with a lone surrogate": VALUE,
    "pattern": VALUE,
    "own_overflow": BUG,
    "own_text": BUG,
    "lock_timeout": INTERRUPTED,
    "nowait": INTERRUPTED,
    "statement_timeout": INTERRUPTED,
    "deadlock": INTERRUPTED,
    "serialization": INTERRUPTED,
    "terminated": INTERRUPTED,
    "closed": INTERRUPTED,
    "refused": INTERRUPTED,
    "unknown_host": INTERRUPTED,
    "too_many": INTERRUPTED,
}
AT_COMMIT = {"foreign_key_at_commit": BUG, "foreign_key_at_commit by marker": EVERYWHERE["foreign_key by marker"]}
POSTGRESQL = {
    **EVERYWHERE,
    **OF_SERVERS,
    **AT_COMMIT,
    "NUL": VALUE,
    "JSON with NUL": VALUE,
    "JSON with NUL in a name": VALUE,
    "credentials": VALUE,
    "overflow of a queryset": BUG,
    "cast of a queryset": BUG,
    # It cannot be told from a server that cannot be reached.
    "no_database": INTERRUPTED,
    "read_only": INTERRUPTED,
}
MYSQL = {
    **EVERYWHERE,
    **OF_SERVERS,
    "NUL": STORED,
    "JSON with NUL": STORED,
    "JSON with NUL in a name": STORED,
    "credentials": UNKNOWN_USER,
    "no_database": BUG,
    "read_only_mysql": INTERRUPTED,
}
SQLITE = {
    **EVERYWHERE,
    **AT_COMMIT,
    "NUL": STORED,
    "too long": STORED,
    "out of range": STORED,
    "no date": STORED,
    "JSON with NUL": STORED,
    "credentials": UNKNOWN_USER,
    "pattern": BUG,
    "own_text": FINE,
    "locked_file": INTERRUPTED,
    "read_only_file": INTERRUPTED,
    "full_disk": INTERRUPTED,
    "cannot_open": INTERRUPTED,
    "interrupted": INTERRUPTED,
}
EXPECTED = {
    # Of a transaction that is idle for too long psycopg2 does not say more than of a lost connection.
    "psycopg": POSTGRESQL | {"idle": BUG},
    "psycopg2": POSTGRESQL | {"idle": INTERRUPTED},
    "pymysql": MYSQL,
    "mysqlclient": MYSQL,
    "sqlite": SQLITE,
}


def probe(driver, url):
    """Return what became of each line of the probe through a driver."""
    done = subprocess.run(command(driver, url), cwd=TESTS, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextlib.contextmanager
def asking(driver, url):
    """Yield a function that lets the probe act once, by name, and returns what became of it."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([*command(driver, url), "asked"], cwd=TESTS, text=True, **pipes) as process:

        def ask(name):
            print(name, file=process.stdin, flush=True)
            return json.loads(process.stdout.readline())

        try:
            yield ask
        finally:
            process.stdin.close()
            process.wait(timeout=60)


def command(driver, url):
    return [sys.executable, "-m", "support.database_probe", driver, url]
