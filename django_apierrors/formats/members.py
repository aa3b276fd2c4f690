"""The members that several formats share: errors, details, and the budget of bytes for both."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from ..problems import FieldError, Problem
from .details import json_size, to_json_values

# The bytes of JSON for errors and details of one problem: an estimate that spares work; bounded.py measures.
BUDGET = 48_000
_BYTES_PER_ERROR = 60
# A character outside the BMP, escaped as JSON does.
_MAX_BYTES_PER_CHARACTER = 12


def errors_by_param(problem: Problem, message: str, budget: int) -> dict[str, Any]:
    """Return the members that list errors by their dotted path, if there are any."""
    if not problem.errors:
        return {}
    errors = [
        {"param": param or None, "code": error.code, "message": error.message or message}
        for param, error in errors_within(problem, message, budget, attrgetter("param"))
    ]
    return {"errors": errors, **errors_total(problem, errors)}


def errors_total(problem: Problem, listed: list[Any]) -> dict[str, int]:
    """Return the number of all errors, when not all of them are listed."""
    return {"errors_total": problem.errors_total} if len(listed) < problem.errors_total else {}


def errors_within(
    problem: Problem, message: str, budget: int, name: Callable[[FieldError], str]
) -> list[tuple[str, FieldError]]:
    """Return the errors that fit into a budget of bytes, at least one, each with its name.

    An error without a text has the message of the problem.
    """
    named = [(name(error), error) for error in problem.errors]
    texts = sum([len(text) + len(error.code) + len(error.message or message) for text, error in named])
    if _BYTES_PER_ERROR * len(named) + _MAX_BYTES_PER_CHARACTER * texts <= budget:
        return named
    for count, (text, error) in enumerate(named):
        budget -= _BYTES_PER_ERROR + json_size(text) + json_size(error.code) + json_size(error.message or message)
        if budget < 0 and count:
            return named[:count]
    return named


def location(place: str, error: FieldError) -> dict[str, str]:
    """Return the member that locates an error: its JSON pointer, or the query parameter."""
    return {"parameter": error.param} if error.in_query and error.path else {"pointer": place}


def details_member(problem: Problem) -> tuple[dict[str, Any], int]:
    """Return the member ``details``, if there are any, and the bytes that are left for errors."""
    values, budget = to_json_values(problem.details, problem.code, BUDGET)
    return {} if values is None else {"details": values}, budget
