"""``manage.py demo``: database, sample data and server in one command; ``--once`` proves that it works."""

import json
import logging
import shlex
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.management import BaseCommand, CommandError, call_command
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections

from django_apierrors.wsgi import guard

from ... import sample, tour

HOST = "127.0.0.1"
SHOWN_HEADERS = (
    "Content-Type",
    "WWW-Authenticate",
    "Retry-After",
    "RateLimit-Policy",
    "RateLimit",
    "X-Error-Code",
    "X-Request-ID",
)


class Command(BaseCommand):
    help = "Makes the database and sample data, prints what to try, and serves the example API."
    # They run when the port is there: a check of a model may open the database, and SQLite then makes it.
    requires_system_checks = ()

    def add_arguments(self, parser):
        parser.add_argument("--port", type=int, default=8000, help="port to serve on (default: 8000; 0: a free one)")
        parser.add_argument(
            "--once",
            action="store_true",
            help="send ten requests to a server on a free port with a temporary database, the last three while "
            "maintenance is switched on and off, check the answers, and exit",
        )

    def handle(self, *, port: int, once: bool, **options):
        if once:
            self._try_out()
        else:
            self._serve(port)

    def _serve(self, port: int) -> None:
        with _server(port) as server:  # first of all: nothing has happened yet if the port is taken
            self.check()
            _prepare_database()
            base = f"http://{HOST}:{server.server_port}"
            self.stdout.write(_introduction(base))
            self.stdout.flush()  # at once, even into a pipe
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                self.stdout.write("\nStopped.")

    def _try_out(self) -> None:
        with _temporary_database(), _without_log(), _server(0) as server:
            server.daemon_threads = False  # closing it waits until they have let go of the database
            self.check()
            _prepare_database()
            threading.Thread(target=server.serve_forever, daemon=True).start()
            try:
                done, wrong = self._try_all(f"http://{HOST}:{server.server_port}")
            finally:
                server.shutdown()
        if wrong:
            raise CommandError(f"{len(wrong)} of {done} answers differ: {'; '.join(wrong)}.")
        self.stdout.write(self.style.SUCCESS(f"All {done} answers are as they should be."))

    def _try_all(self, base: str) -> tuple[int, list[str]]:
        """Send all requests; return their number, and the titles of those with a wrong answer."""
        self.stdout.write(f"Requests that fail, sent to {base}, and their answers:\n\n")
        steps = [*tour.FIRST, tour.LIMITED, tour.PAUSED, tour.EXEMPT, tour.OPEN]
        wrong = []
        for number, step in enumerate(steps, start=1):
            if step is tour.PAUSED:
                self._switch("on", "--for", "5m", "--reason", "demonstration")
            if step is tour.OPEN:
                self._switch("off")
            self.stdout.write(self.style.MIGRATE_HEADING(f"{number}. {step.title}"))
            self.stdout.write(f"$ {step.curl(base)}\n\n")
            answer = step.send_until_met(base)
            self.stdout.write(_written(answer))
            differences = step.differences(answer)
            if differences:
                wrong.append(step.title)
            for difference in differences:
                self.stdout.write(self.style.ERROR(f"WRONG: {difference}"))
            self.stdout.write("")
        return len(steps), wrong

    def _switch(self, *arguments: str) -> None:
        """Switch maintenance; the server, in this process, knows of it when the command returns."""
        self.stdout.write(self.style.MIGRATE_HEADING(f"Maintenance, switched {arguments[0]}"))
        self.stdout.write(f"$ {shlex.join(['manage.py', 'maintenance', *arguments])}\n\n")
        call_command("maintenance", *arguments, stdout=self.stdout)
        self.stdout.write("")


def _prepare_database() -> None:
    call_command("migrate", verbosity=0, interactive=False)
    sample.load()


@contextmanager
def _server(port: int) -> Iterator[ThreadedWSGIServer]:
    try:
        server = ThreadedWSGIServer((HOST, port), WSGIRequestHandler)
    except (OSError, OverflowError) as exc:
        reason = getattr(exc, "strerror", None) or "there is no such port"
        raise CommandError(f"Cannot serve on port {port}: {reason}. Name another one with --port.") from None
    # The CSS of the admin and the browsable API comes from the same server.
    server.set_app(StaticFilesHandler(guard(get_wsgi_application())))
    with server:
        yield server


@contextmanager
def _temporary_database() -> Iterator[None]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        # As Django's test runner does it; the threads of the server connect by the same settings.
        name = str(Path(folder) / "db.sqlite3")
        settings.DATABASES["default"]["NAME"] = connection.settings_dict["NAME"] = name
        try:
            yield
        finally:
            connections.close_all()


@contextmanager
def _without_log() -> Iterator[None]:
    # The traceback of the failure that is asked for would look like one that is not.
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _introduction(base: str) -> str:
    steps = "\n".join(
        f"  {number}. {step.title} ({step.status} {step.code})\n     {step.curl(base)}\n"
        for number, step in enumerate(tour.FIRST, start=1)
    )
    return f"""
The example payments API is running.

  Home page    {base}/            what there is to try
  API          {base}/api/v1/     errors in the default format
  The same     {base}/api/v2/     errors as application/problem+json
  Error codes  {base}/errors/     what each of them means
{_api_docs(base)}  Admin        {base}/admin/      user {sample.USER}, password {sample.PASSWORD}
  API key      {sample.KEY}

Maintenance pauses the API, but for the webhook of the bank: by the switch in the admin, or from another terminal with

  {_manage()} maintenance on --for 5m
  {_manage()} maintenance off

Six requests to try in another terminal:

{steps}
Stop with Ctrl-C.
"""


def _api_docs(base: str) -> str:
    """Return the line about the page with the schema, which is there when drf-spectacular is installed."""
    return f"  Swagger UI   {base}/api/docs/   every error of every operation\n" if settings.WITH_SWAGGER_UI else ""


def _manage() -> str:
    """Return the command line that runs this project, from the same place."""
    python = Path(sys.executable)
    if python.is_relative_to(Path.cwd()):
        python = python.relative_to(Path.cwd())
    return shlex.join([str(python), sys.argv[0]])


def _written(answer: tour.Answer) -> str:
    shown = [f"{name}: {answer.headers[name]}" for name in SHOWN_HEADERS if name in answer.headers]
    body = answer.text[:500] if answer.body is None else json.dumps(answer.body, indent=2)
    return "\n".join([f"HTTP/1.1 {answer.status} {answer.reason}", *shown, "", body])
