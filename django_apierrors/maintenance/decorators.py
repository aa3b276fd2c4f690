"""The decorator for views that stay available during maintenance."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.urls import ResolverMatch

ExemptView = TypeVar("ExemptView", bound=Callable[..., Any])

_EXEMPT = "maintenance_exempt"


def maintenance_exempt(view: ExemptView) -> ExemptView:
    """Exempt a view from maintenance; decorates functions, view classes and actions of view sets.

    Belongs above all other decorators. A method of a class is marked by
    ``method_decorator(maintenance_exempt, name="dispatch")``.
    """
    if isinstance(view, type):
        setattr(view, _EXEMPT, True)
        return view
    if iscoroutinefunction(view):

        @functools.wraps(view)
        async def wrapper(*args: Any, **kwargs: Any) -> Any:
            return await view(*args, **kwargs)

    else:

        @functools.wraps(view)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            return view(*args, **kwargs)

    setattr(wrapper, _EXEMPT, True)  # on a wrapper: the view itself may be used elsewhere, not exempt
    return wrapper  # type: ignore[return-value]


def is_exempt(match: ResolverMatch | None, method: str) -> bool:
    """Return whether a view is exempt: itself, its class, or the action of a view set for a method."""
    if match is None:
        return False
    view: Any = match.func
    view_class = getattr(view, "cls", None) or getattr(view, "view_class", None)
    actions = getattr(view, "actions", None) or {}
    # DRF maps HEAD to the action of GET, but only during the first request.
    action = actions.get(method.lower()) or (actions.get("get") if method == "HEAD" else None) or ""
    candidates = (view, view_class, getattr(view_class, action, None))
    return any(getattr(candidate, _EXEMPT, False) for candidate in candidates)
