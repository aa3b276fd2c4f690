"""Views that go on during maintenance."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.urls import ResolverMatch

View = TypeVar("View", bound=Callable[..., Any])

_MARK = "maintenance_exempt"


def maintenance_exempt(view: View) -> View:
    """Let a view answer during maintenance; decorates functions, view classes and actions of view sets.

    Goes above the other decorators. A method of a class is marked by
    ``method_decorator(maintenance_exempt, name="dispatch")``.
    """
    if isinstance(view, type):
        setattr(view, _MARK, True)
        return view
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await view(*args, **kwargs)

    else:

        @functools.wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **kwargs)

    setattr(wrapper, _MARK, True)  # on a copy: the view itself may be used without the mark elsewhere
    return wrapper  # type: ignore[return-value]


def is_exempt(match: ResolverMatch | None, method: str) -> bool:
    """Tell whether a view is marked: itself, its class, or the action of a view set for a method."""
    if match is None:
        return False
    view: Any = match.func
    view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
    actions = getattr(view, "actions", None) or {}
    # DRF lets HEAD be answered by what answers GET, but says so only after the first request.
    action = actions.get(method.lower()) or (actions.get("get") if method == "HEAD" else None) or ""
    return any(getattr(marked, _MARK, False) for marked in (view, view_class, getattr(view_class, action, None)))
