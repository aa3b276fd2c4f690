"""Assertions for the tests of a project."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from . import catalog, codes, headers


def assert_api_error(response: Any, code: str, status: int | None = None, **fields: Any) -> None:
    """Assert that a response states an error, and fail with the whole answer when it does not.

    Takes a response of Django's or DRF's test client, or any with ``status_code``, ``headers``
    and ``content``. ``code`` is canonical, whatever the format writes. ``status`` defaults to
    the catalog's. ``fields`` are members of the error object: ``message="..."``, ``param=None``,
    ``details={...}``.
    """
    if status is None and catalog.current().status(code) is None:
        raise AssertionError(f"The catalog has no code {code!r}; correct it, or give the status.")
    expected: dict[str, Any] = {
        "X-Error-Code": code,
        "status": catalog.current().status(code) if status is None else status,
        **fields,
    }
    body = _body(response)
    # Formats wrap the error in an "error" object or write its members at the top.
    error = body["error"] if isinstance(body.get("error"), dict) else body
    actual = {
        "X-Error-Code": response.headers.get(headers.X_ERROR_CODE),
        "status": response.status_code,
        **{name: error.get(name, "(absent)") for name in fields},
    }
    if actual == expected:
        return
    wrong = "\n".join(
        f"  {name}: expected {expected[name]!r}, got {actual[name]!r}"
        for name in expected
        if expected[name] != actual[name]
    )
    raise AssertionError(f"Not the expected API error:\n{wrong}\n{_written(response)}")


@contextmanager
def override_error(code: str, **differences: Any) -> Iterator[None]:
    """Let a code be answered differently inside a ``with`` block or a decorated test, in every thread.

    ``differences`` are fields of an ``ErrorCode`` row: ``message="..."``, ``title``, ``description``,
    ``causes``, ``remedy`` (one item a line), ``status``, ``type``, ``retry``, ``doc_url``, ``listed``,
    ``deprecated``, ``replaced_by`` (a code). The database is neither read nor written. Raises
    ``TypeError`` for a field that does not exist.
    """
    texts = {name: differences.pop(name) for name in codes.TEXTS if name in differences}
    row = catalog.current().row(code) or catalog.Row(code=code)
    with catalog.pinned(replace(row, **differences, texts={**row.texts, **texts})):
        yield


def _body(response: Any) -> dict[str, Any]:
    try:
        body = json.loads(response.content)
    except (AttributeError, ValueError):
        raise AssertionError(f"The body is not JSON:\n{_written(response)}") from None
    if not isinstance(body, dict):
        raise AssertionError(f"The body is not a JSON object:\n{_written(response)}")
    return body


def _written(response: Any) -> str:
    head = "\n".join(f"  {name}: {value}" for name, value in response.headers.items())
    return f"  HTTP {response.status_code}\n{head}\n\n  {getattr(response, 'content', b'(streamed)')[:2000]!r}"
