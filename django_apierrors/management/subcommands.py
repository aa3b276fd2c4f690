"""Subcommands that take the options of every Django command."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import CommandParser

#: The exit code of every error but those that a command names.
EXIT_ERROR = 2


def add_subcommand(actions: Any, name: str, help: str) -> CommandParser:
    """Return the parser of a new subcommand."""
    parser: CommandParser = actions.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    hidden: dict[str, Any] = {"default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
    for option in ("--traceback", "--no-color", "--force-color", "--skip-checks"):
        parser.add_argument(option, action="store_true", **hidden)
    for option in ("--settings", "--pythonpath"):
        parser.add_argument(option, **hidden)
    parser.add_argument("-v", "--verbosity", type=int, **hidden)
    return parser
