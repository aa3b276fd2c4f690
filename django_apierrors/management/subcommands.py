"""Subcommands that take Django's options too, as commands do."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import CommandParser


def add(actions: Any, name: str, help: str) -> CommandParser:
    """Return the parser of a new subcommand."""
    parser: CommandParser = actions.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    quiet: dict[str, Any] = {"default": argparse.SUPPRESS, "help": argparse.SUPPRESS}
    for option in ("--traceback", "--no-color", "--force-color", "--skip-checks"):
        parser.add_argument(option, action="store_true", **quiet)
    for option in ("--settings", "--pythonpath"):
        parser.add_argument(option, **quiet)
    parser.add_argument("-v", "--verbosity", type=int, **quiet)
    return parser
