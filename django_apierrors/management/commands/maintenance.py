"""The command ``manage.py maintenance``: maintenance on the command line, with exit codes for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error as DatabaseError
from django.db import connections, router

from ... import maintenance
from ...conf import conf
from ...middleware import MISSING, is_installed
from ...models import MaintenanceWindow, Revision
from .. import arguments, maintenance_output
from ..subcommands import EXIT_ERROR, add_subcommand

#: The exit code of ``status`` while maintenance is on.
_ON = 3

_FORCED = {
    True: 'MAINTENANCE["FORCE"] is True: everything is refused, whatever the windows say.',
    False: 'MAINTENANCE["FORCE"] is False: everything passes, whatever the windows say.',
}
_NO_DATABASE_NEEDED = 'The setting MAINTENANCE["FORCE"] turns maintenance on and off without it.'


class Command(BaseCommand):
    """Turns maintenance on and off, and shows whether it is on."""

    help = "Turns maintenance on and off, and shows whether it is on."
    # A project must be paused without waiting until all its checks pass.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        arguments.add_arguments(add_subcommand(actions, "on", "turn maintenance on, at once or at a time"))
        add_subcommand(actions, "off", "end every window that is open; scheduled ones stay")
        help = "tell whether maintenance is on; exit code 0: off, 3: on, 2: not known"
        add_subcommand(actions, "status", help).add_argument("--json", action="store_true", help="times are in UTC")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Run one subcommand."""
        getattr(self, f"_{action}")(**options)

    def _on(self, **options: Any) -> None:
        if not is_installed():
            raise CommandError("\n".join(MISSING), returncode=EXIT_ERROR)
        try:
            values = arguments.parse_options(options)
            with _database():
                opened = maintenance.enable(**values)
                others = [row for row in maintenance.status().open if row.pk != opened.pk]
        except ValidationError as exc:
            reasons = "\n".join(exc.messages)
            raise CommandError(f"Nothing was changed.\n{reasons}", returncode=EXIT_ERROR) from None
        scope, until = maintenance_output.describe_window_scope(opened), maintenance_output.until(opened)
        if opened.has_begun():
            self._say([f"Turned on for {scope} {until}."])
        else:
            self._say([f"Scheduled for {scope} from {maintenance_output.begin(opened)} {until}."])
        self._say(f"Also on: {maintenance_output.line(row)}." for row in others)
        self._report_delay()

    def _off(self, **options: Any) -> None:
        with _database():
            ended = maintenance.disable()
            left = maintenance.status().upcoming
        self._say(
            f"Turned off for {maintenance_output.describe_window_scope(row)}, on since {maintenance_output.begin(row)}."
            for row in ended
        )
        if not ended:
            self._say(["Nothing was on."])
        self._say(f"Still scheduled: {maintenance_output.line(row)}." for row in left)
        self._report_delay()

    def _status(self, *, json: bool, **options: Any) -> None:
        status, forced = None, conf.MAINTENANCE["FORCE"]
        try:
            with _database():
                status = maintenance.status()
        except CommandError as exc:
            if forced is None:
                raise
            self._warn(f"The windows are not known. {exc}")
        is_on = forced if status is None else status.is_on
        if json:
            self._say([maintenance_output.status_json(status, forced)])
        else:
            self._say([f"Maintenance is {'on' if is_on else 'off'}."])
            self._say(f"Open: {maintenance_output.line(row)}." for row in (status.open if status else ()))
            self._say(f"Scheduled: {maintenance_output.line(row)}." for row in (status.upcoming if status else ()))
        self._report_precedence()
        if is_on:
            sys.exit(_ON)

    def _report_delay(self) -> None:
        seconds = conf.REFRESH_SECONDS
        if seconds is None:
            self._warn("REFRESH_SECONDS is None: processes that run notice nothing until they are started again.")
        else:
            self._say([f"Processes that run follow within {seconds:g} s."])
        self._report_precedence()

    def _report_precedence(self) -> None:
        if conf.MAINTENANCE["FORCE"] in _FORCED:
            self._warn(_FORCED[conf.MAINTENANCE["FORCE"]])
        elif not is_installed():
            self._warn(MISSING[0])

    def _say(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.stdout.write(line)

    def _warn(self, line: str) -> None:
        self.stderr.write(self.style.WARNING(line))


@contextmanager
def _database() -> Iterator[None]:
    """Turn errors of the database into a message and an exit code."""
    using = router.db_for_write(MaintenanceWindow)
    try:
        tables = connections[using].introspection.table_names()
        if not {model._meta.db_table for model in (MaintenanceWindow, Revision)}.issubset(tables):
            message = f"The tables of maintenance are not in the database {using!r}. Run `manage.py migrate`."
            raise CommandError(f"{message}\n{_NO_DATABASE_NEEDED}", returncode=EXIT_ERROR)
        yield
    except (DatabaseError, ImproperlyConfigured) as exc:
        message = f"The database {using!r} cannot be reached, or refuses: {exc}"
        raise CommandError(f"{message}\n{_NO_DATABASE_NEEDED}", returncode=EXIT_ERROR) from exc
