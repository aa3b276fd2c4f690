"""What ``maintenance on`` can be told, and the window that it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.utils import timezone

from ..datetimes import add_duration
from ..maintenance.operations import DURATION
from ..models import MaintenanceWindow
from . import times
from .reports import inert

Value = TypeVar("Value")

#: Options that may be given more than once, with the fields that they fill.
_LISTS = {"path_prefixes": "--path", "methods": "--method", "exempt_networks": "--exempt"}


def declare(parser: CommandParser) -> None:
    """Declare the options."""
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--for", dest="duration", metavar="DURATION", help="as in 90s, 30m, 2h, 1d, 1h30m (default: 1h)")
    ends.add_argument("--until", metavar="TIME", help="as in 2026-12-01T22:00, in the time zone of the project")
    ends.add_argument("--no-end", action="store_true", help="until it is turned off")
    parser.add_argument("--start", metavar="TIME", help="schedule it, as in 2026-12-01T22:00+01:00 (default: now)")
    parser.add_argument("--read-only", action="store_true", help="let GET, HEAD and OPTIONS pass")
    for option, metavar, help in (
        ("--path", "PREFIX", "cover this path and what is below it, not everything; can be repeated"),
        ("--method", "METHOD", "cover this method, not every one; can be repeated"),
        ("--exempt", "CIDR", "let an address or a network through; can be repeated"),
    ):
        parser.add_argument(option, metavar=metavar, help=help, action="append", default=[])
    parser.add_argument("--message", metavar="TEXT", default="", help="public (default: what the catalog says)")
    parser.add_argument("--status-url", metavar="URL", default="", help="public: where to follow how it goes")
    parser.add_argument("--reason", metavar="TEXT", default="", help="internal: for colleagues and the record")


def read(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``maintenance.enable``; raises ``ValidationError`` that names all that is wrong."""
    problems: list[str] = []
    starts_at = _read("--start", options["start"], times.parse_datetime, problems) or timezone.now()
    ends_at = _read("--until", options["until"], times.parse_datetime, problems)
    duration = _read("--for", options["duration"], times.parse_duration, problems) or DURATION
    if options["until"] is None and not options["no_end"]:
        ends_at = add_duration(starts_at, duration)
    lists = {field: options[option.removeprefix("--")] for field, option in _LISTS.items()}
    problems += [f"{_LISTS[name]} {text!r}: It is blank." for name in lists for text in lists[name] if not text.strip()]
    arguments = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "mode": MaintenanceWindow.Mode.READ_ONLY if options["read_only"] else MaintenanceWindow.Mode.FULL,
        **lists,
        **{name: options[name] for name in ("message", "status_url", "reason")},
    }
    problems += _wrong(arguments, options)
    if problems:
        raise ValidationError([inert(problem) for problem in problems])
    return {**arguments, "duration": None}


def _read(option: str, text: str | None, read: Callable[[str], Value], problems: list[str]) -> Value | None:
    try:
        return None if text is None else read(text)
    except ValidationError as exc:
        problems.extend(f"{option} {text!r}: {message}" for message in exc.messages)
        return None


def _wrong(arguments: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """Return what the model has against the arguments, in the words of the command line."""
    opened = MaintenanceWindow(**arguments)
    errors: dict[str, Any] = {}
    for check in (opened.clean_fields, opened.clean):
        try:
            check()
        except ValidationError as exc:
            exc.update_error_dict(errors)
    end = f"--until {options['until']!r}" if options["until"] else f"--for {options['duration'] or '1h'}"
    given = {**_LISTS, "ends_at": end, "status_url": f"--status-url {options['status_url']!r}"}
    messages = ValidationError(errors).message_dict
    return [f"{given.get(name, name)}: {message}" for name in messages for message in messages[name]]
