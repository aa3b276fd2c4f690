"""The members that several formats share: errors one by one, details, and the room for both."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from ..details import cost, plain
from ..problems import FieldError, Problem

# What may be listed of one problem, in bytes of JSON: a guess that spares work, bounded.py measures.
_BUDGET = 48_000
_PER_ERROR = 60
# A character outside the BMP, escaped as JSON does.
_MOST_PER_CHARACTER = 12


def listed_by_param(problem: Problem, message: str, room: int) -> dict[str, Any]:
    """Return the members that list every error by its dotted path, if there are any."""
    if not problem.errors:
        return {}
    errors = [
        {"param": param or None, "code": error.code, "message": error.message or message}
        for param, error in within(problem, message, room, attrgetter("param"))
    ]
    return {"errors": errors, **total(problem, errors)}


def total(problem: Problem, listed: list[Any]) -> dict[str, int]:
    """Return the number of all errors, when not all of them are listed."""
    return {"errors_total": problem.errors_total} if len(listed) < problem.errors_total else {}


def within(
    problem: Problem, message: str, room: int, name: Callable[[FieldError], str]
) -> list[tuple[str, FieldError]]:
    """Return the errors that fit into the room, at least one, each with its name.

    An error without a text has the message of the problem.
    """
    named = [(name(error), error) for error in problem.errors]
    texts = sum([len(text) + len(error.code) + len(error.message or message) for text, error in named])
    if _PER_ERROR * len(named) + _MOST_PER_CHARACTER * texts <= room:
        return named
    for count, (text, error) in enumerate(named):
        room -= _PER_ERROR + cost(text) + cost(error.code) + cost(error.message or message)
        if room < 0 and count:
            return named[:count]
    return named


def location(place: str, error: FieldError) -> dict[str, str]:
    """Return where an error is: its JSON pointer, or the query parameter."""
    return {"parameter": error.param} if error.in_query and error.path else {"pointer": place}


def details(problem: Problem) -> tuple[dict[str, Any], int]:
    """Return the member ``details``, if there are any, and the room that is left."""
    given, room = plain(problem.details, problem.code, _BUDGET)
    return {} if given is None else {"details": given}, room
