"""``manage.py maintenance``: the switch on the command line; scripts go by its exit codes."""

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
from .. import arguments, reports, subcommands

#: Exit codes besides 0: of ``status`` while maintenance is on; and of whatever is wrong or not known.
_ON = 3
_BAD = 2

_FORCED = {
    True: 'MAINTENANCE["FORCE"] is True: everything is refused, whatever the windows say.',
    False: 'MAINTENANCE["FORCE"] is False: everything passes, whatever the windows say.',
}
_NO_DATABASE_NEEDED = 'The setting MAINTENANCE["FORCE"] turns maintenance on and off without it.'


class Command(BaseCommand):
    """Turns maintenance on and off, and tells whether it is on."""

    help = "Turns maintenance on and off, and tells whether it is on."
    # Who must pause a project cannot wait until all its checks pass.
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the subcommands."""
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        arguments.declare(subcommands.add(actions, "on", "turn maintenance on, at once or at a time"))
        subcommands.add(actions, "off", "end every window that is open; scheduled ones stay")
        told = "tell whether maintenance is on; exit code 0: off, 3: on, 2: not known"
        subcommands.add(actions, "status", told).add_argument("--json", action="store_true", help="times are in UTC")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        """Run one subcommand."""
        getattr(self, f"_{action}")(**options)

    def _on(self, **options: Any) -> None:
        if not is_installed():
            raise CommandError("\n".join(MISSING), returncode=_BAD)
        try:
            asked = arguments.read(options)
            with _database():
                opened = maintenance.enable(**asked)
                others = [row for row in maintenance.status().open if row.pk != opened.pk]
        except ValidationError as exc:
            reasons = "\n".join(exc.messages)
            raise CommandError(f"Nothing was changed.\n{reasons}", returncode=_BAD) from None
        scope, until = reports.scope(opened), reports.until(opened)
        if opened.has_begun():
            self._say([f"Turned on for {scope} {until}."])
        else:
            self._say([f"Scheduled for {scope} from {reports.begin(opened)} {until}."])
        self._say(f"Also on: {reports.line(row)}." for row in others)
        self._say_what_follows()

    def _off(self, **options: Any) -> None:
        with _database():
            ended = maintenance.disable()
            left = maintenance.status().upcoming
        self._say(f"Turned off for {reports.scope(row)}, on since {reports.begin(row)}." for row in ended)
        if not ended:
            self._say(["Nothing was on."])
        self._say(f"Still scheduled: {reports.line(row)}." for row in left)
        self._say_what_follows()

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
            self._say([reports.document(status, forced)])
        else:
            self._say([f"Maintenance is {'on' if is_on else 'off'}."])
            self._say(f"Open: {reports.line(row)}." for row in (status.open if status else ()))
            self._say(f"Scheduled: {reports.line(row)}." for row in (status.upcoming if status else ()))
        self._say_what_counts()
        if is_on:
            sys.exit(_ON)

    def _say_what_follows(self) -> None:
        seconds = conf.REFRESH_SECONDS
        if seconds is None:
            self._warn("REFRESH_SECONDS is None: processes that run notice nothing until they are started again.")
        else:
            self._say([f"Processes that run follow within {seconds:g} s."])
        self._say_what_counts()

    def _say_what_counts(self) -> None:
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
    """Give what is wrong with the database in words and as an exit code."""
    using = router.db_for_write(MaintenanceWindow)
    try:
        tables = connections[using].introspection.table_names()
        if not {model._meta.db_table for model in (MaintenanceWindow, Revision)}.issubset(tables):
            message = f"The tables of maintenance are not in the database {using!r}. Run `manage.py migrate`."
            raise CommandError(f"{message}\n{_NO_DATABASE_NEEDED}", returncode=_BAD)
        yield
    except (DatabaseError, ImproperlyConfigured) as exc:
        message = f"The database {using!r} cannot be reached, or refuses: {exc}"
        raise CommandError(f"{message}\n{_NO_DATABASE_NEEDED}", returncode=_BAD) from exc
