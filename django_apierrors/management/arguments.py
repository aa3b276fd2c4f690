"""The arguments of ``maintenance on``, and the values of the window that they describe."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.core.management.base import CommandParser
from django.utils import timezone

from ..datetimes import add_duration
from ..maintenance.operations import DURATION
from ..models import MaintenanceWindow
from ..text import strip_controls
from . import times

Value = TypeVar("Value")

#: Options that may be given more than once, with the fields that they fill.
_LIST_OPTIONS = {"path_prefixes": "--path", "methods": "--method", "exempt_networks": "--exempt"}


def add_arguments(parser: CommandParser) -> None:
    """Add the options."""
    ends = parser.add_mutually_exclusive_group()
    ends.add_argument("--for", dest="duration", metavar="DURATION", help="as in 90s, 30m, 2h, 1d, 1h30m (default: 1h)")
    ends.add_argument("--until", metavar="TIME", help="as in 2026-12-01T22:00, in the time zone of the project")
    ends.add_argument("--no-end", action="store_true", help="until it is turned off")
    parser.add_argument("--start", metavar="TIME", help="schedule it, as in 2026-12-01T22:00+01:00 (default: now)")
    parser.add_argument("--read-only", action="store_true", help="let GET, HEAD, OPTIONS and QUERY pass")
    for option, metavar, help in (
        ("--path", "PREFIX", "cover this path and what is below it, not everything; can be repeated"),
        ("--method", "METHOD", "cover this method, not every one; can be repeated"),
        ("--exempt", "CIDR", "let an address or a network through; can be repeated"),
    ):
        parser.add_argument(option, metavar=metavar, help=help, action="append", default=[])
    parser.add_argument("--message", metavar="TEXT", default="", help="public (default: what the catalog says)")
    parser.add_argument("--status-url", metavar="URL", default="", help="public: where to follow the progress")
    parser.add_argument("--reason", metavar="TEXT", default="", help="internal: for colleagues and the record")


def parse_options(options: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of ``maintenance.enable``; raises ``ValidationError`` with all errors."""
    problems: list[str] = []
    starts_at = _parse_option("--start", options["start"], times.parse_datetime, problems) or timezone.now()
    ends_at = _parse_option("--until", options["until"], times.parse_datetime, problems)
    duration = _parse_option("--for", options["duration"], times.parse_duration, problems) or DURATION
    if options["until"] is None and not options["no_end"]:
        ends_at = add_duration(starts_at, duration)
    lists = {field: options[option.removeprefix("--")] for field, option in _LIST_OPTIONS.items()}
    for name, texts in lists.items():
        problems += [f"{_LIST_OPTIONS[name]} {text!r}: It is blank." for text in texts if not text.strip()]
    arguments = {
        "starts_at": starts_at,
        "ends_at": ends_at,
        "mode": MaintenanceWindow.Mode.READ_ONLY if options["read_only"] else MaintenanceWindow.Mode.FULL,
        **lists,
        **{name: options[name] for name in ("message", "status_url", "reason")},
    }
    problems += _model_errors(arguments, options)
    if problems:
        raise ValidationError([strip_controls(problem) for problem in problems])
    return {**arguments, "duration": None}


def _parse_option(option: str, text: str | None, parse: Callable[[str], Value], problems: list[str]) -> Value | None:
    try:
        return None if text is None else parse(text)
    except ValidationError as exc:
        problems.extend(f"{option} {text!r}: {message}" for message in exc.messages)
        return None


def _model_errors(arguments: dict[str, Any], options: dict[str, Any]) -> list[str]:
    """Return the errors of the model, with the names of the options."""
    window = MaintenanceWindow(**arguments)
    errors: dict[str, Any] = {}
    for check in (window.clean_fields, window.clean):
        try:
            check()
        except ValidationError as exc:
            exc.update_error_dict(errors)
    end = f"--until {options['until']!r}" if options["until"] else f"--for {options['duration'] or '1h'}"
    names = {**_LIST_OPTIONS, "ends_at": end, "status_url": f"--status-url {options['status_url']!r}"}
    messages = ValidationError(errors).message_dict
    return [f"{names.get(name, name)}: {message}" for name in messages for message in messages[name]]
