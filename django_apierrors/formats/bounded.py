"""The bound of every body: what is too large says less, until it fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ..entries import Entry
from ..problems import Problem
from .format import Format

#: The most bytes of JSON that the body of an error has.
MOST_BYTES = 64_000
# In characters; a character takes at most 12 bytes.
_SHORT = 200
_LONGEST_URL = 2000


def bounded(
    format_: Format, problem: Problem, entry: Entry, render: Callable[[Any], bytes]
) -> tuple[dict[str, Any], bytes]:
    """Return the body of a problem and its bytes, which are at most 64 kB whatever the format writes.

    ``render`` writes a body. Of what is too large the last errors are left out first, then the
    details, then the ends of the texts. Raises ``ValueError`` for a format that is too large all the same
    and ``TypeError`` for one whose body is no dict.
    """
    body = format_.body(problem, entry)
    if not isinstance(body, dict):
        raise TypeError(f"The body of {type(format_).__qualname__} is no dict but of type {type(body).__qualname__}.")
    content = render(body)
    if len(content) > MOST_BYTES:
        for less, shorter in _smaller(problem, entry):
            body = format_.body(less, shorter)
            content = render(body)
            if len(content) <= MOST_BYTES:
                break
        else:
            raise ValueError(
                f"The body of {type(format_).__qualname__} has {len(content)} bytes, whatever it is given."
            )
    return body, content


def _smaller(problem: Problem, entry: Entry) -> Iterator[tuple[Problem, Entry]]:
    total = problem.errors_total or len(problem.errors)
    while len(problem.errors) > 1:
        problem = replace(problem, errors=problem.errors[: len(problem.errors) // 2], errors_total=total)
        yield problem, entry
    problem = replace(problem, details=None)
    yield problem, entry
    message = None if problem.message is None else str(problem.message)[:_SHORT]
    params = {name: str(value)[:_SHORT] for name, value in problem.params.items() if value is not None}
    param = None if problem.param is None else problem.param[:_SHORT]
    problem = replace(problem, message=message, params=params, param=param)
    entry = replace(
        entry,
        title=entry.title[:_SHORT],
        message=entry.message[:_SHORT],
        message_without=entry.message_without[:_SHORT],
        doc_url=entry.doc_url if len(entry.doc_url) <= _LONGEST_URL else "",
    )
    yield problem, entry
    yield replace(problem, errors=(), errors_total=0), entry
