"""The body of an error whose own could not be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..codes import phrase, type_for
from ..entries import Entry
from ..problems import Problem
from .bounded import bounded
from .builtin import RFC9457, Described, Detailed, Nested, OAuth2, Result, Typed
from .format import Format
from .standardized import Standardized

_SHIPPED = (RFC9457, Described, Detailed, Nested, OAuth2, Result, Standardized, Typed)


def fallback(
    format_: Format, problem: Problem, status: int, render: Callable[[Any], bytes]
) -> tuple[dict[str, Any], bytes, str]:
    """Return a body, its bytes and its content type, of the code, the status and the request id alone.

    They need no catalog and no text of a raise site. A format that fails all the same gives way to
    the shipped one that it is derived from, else to ``nested``.
    """
    bare = Problem(code=problem.code, status=status, request_id=problem.request_id)
    text = phrase(status)
    entry = Entry(
        code=problem.code,
        status=status,
        type=type_for(status),
        retry="never",
        title=text,
        message=f"{text}.",
        description="",
        causes=(),
        remedy=(),
        params={},
        pass_detail=False,
        since="",
        doc_url="",
        language="",
    )
    try:
        return *bounded(format_, bare, entry, render), format_.media_type
    except Exception:  # it has been logged: this must never hide the code and the status
        shipped = next((cls for cls in type(format_).__mro__ if cls in _SHIPPED), Nested)()
        return *bounded(shipped, bare, entry, render), shipped.media_type
