"""The decorator, which takes the place of django-ratelimit's."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from asgiref.sync import iscoroutinefunction
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest
from django_ratelimit import ALL, UNSAFE
from rest_framework.request import Request

from . import policies
from .checking import acheck, check
from .policies import Policy

View = TypeVar("View", bound=Callable[..., Any])

#: Who forgets the rate must not get a limit that is switched off.
_FORGOTTEN: Any = object()


def ratelimit(
    group: str | None = None,
    key: Any = None,
    rate: Any = _FORGOTTEN,
    method: Any = ALL,
    block: bool = True,
    *,
    policy: str | None = None,
    on_store_error: str | None = None,
) -> Callable[[View], View]:
    """Limit how often a view may be called; takes the place of ``django_ratelimit.decorators.ratelimit``.

    Decorates functions, sync and async, methods (directly or by ``method_decorator``) and actions
    of view sets, above or below ``@api_view``. Either ``policy`` names one of
    ``RATELIMIT["POLICIES"]``, or ``key`` and ``rate`` are given; ``rate=None`` switches it off.
    ``group`` joins the counters of several views, and is read by clients. ``method`` is one or a
    list, where GET includes HEAD. With ``block=False`` nobody is refused and ``request.limited``
    says who would be. Raises ``ImproperlyConfigured`` at import for what makes no sense.
    """
    limit = _limit(policy, group, key, rate, method, on_store_error)
    caller = sys._getframe(1)
    line = caller.f_lineno
    policies.declare(f"{caller.f_globals.get('__name__')}, line {line},", policy)
    by_group: dict[str, Policy] = {}

    def limit_of(view: Any, args: tuple[Any, ...]) -> Policy | str:
        if isinstance(limit, str) or limit.group:
            return limit
        group = _group(view, args, line)
        if group not in by_group:
            by_group[group] = replace(limit, group=group)
        return by_group[group]

    def decorate(view: View) -> View:
        if isinstance(view, type):
            raise TypeError(
                f'ratelimit decorates functions; put @method_decorator(ratelimit(...), name="dispatch") '
                f"on {view.__qualname__}."
            )

        async def awaited(*args: Any, **kwargs: Any) -> Any:
            await acheck(_request(view, args), limit_of(view, args), block=block)
            return await view(*args, **kwargs)

        def limited(*args: Any, **kwargs: Any) -> Any:
            if getattr(_holder(view, args), "view_is_async", False):
                return awaited(*args, **kwargs)  # `dispatch` is no coroutine function, but returns a coroutine
            check(_request(view, args), limit_of(view, args), block=block)
            return view(*args, **kwargs)

        return functools.wraps(view)(awaited if iscoroutinefunction(view) else limited)  # type: ignore[return-value]

    return decorate


ratelimit.ALL = ALL  # type: ignore[attr-defined]
ratelimit.UNSAFE = UNSAFE  # type: ignore[attr-defined]


def _limit(policy: str | None, group: Any, key: Any, rate: Any, method: Any, on_store_error: Any) -> Policy | str:
    if policy is not None:
        if (group, key, rate, method, on_store_error) != (None, None, _FORGOTTEN, ALL, None):
            raise ImproperlyConfigured(f"The policy {policy!r} says what is counted: give it alone, but for block.")
        return policy
    if key is None or rate is _FORGOTTEN:
        raise ImproperlyConfigured("Give a rate limit either the name of a policy, or a key and a rate.")
    if not (group is None or isinstance(group, str)):
        raise ImproperlyConfigured(f"{group!r} is no group of rate limits; it must be a text.")
    found = policies.policy(
        name="", group=group or "", key=key, rate=rate, method=method, on_store_error=on_store_error
    )
    # Clients must not read where our code is.
    return replace(found, name=group or _in_words(found.rate))


def _in_words(rate: Any) -> str:
    return f"{rate[0]}/{rate[1]}s" if isinstance(rate, tuple) else "default"


def _group(view: Any, args: tuple[Any, ...], line: int) -> str:
    """Return the name of a view, under which its requests are counted."""
    holder = _holder(view, args)
    # One class may hold many views: `dispatch`, and what `as_view` and `@api_view` return, have one name for all.
    of_class = type(holder) if holder is not None else getattr(view, "view_class", None) or getattr(view, "cls", None)
    module, name = _name(view)
    if of_class is not None:
        return f"{of_class.__module__}.{of_class.__qualname__}.{of_class.__name__}.{module}.{name}"
    # So have lambdas, and what other decorators return: the line of the limit tells them apart.
    return f"{module}.{name}:{line}" if "<" in name else f"{module}.{name}"


def _name(view: Any) -> tuple[str, str]:
    while isinstance(view, functools.partial) and not hasattr(view, "__qualname__"):
        view = view.func
    return view.__module__, getattr(view, "__qualname__", type(view).__qualname__)


def _holder(view: Any, args: tuple[Any, ...]) -> Any:
    """Return the instance whose method a view is, ``None`` for a function."""
    if args and not isinstance(args[0], (HttpRequest, Request)):
        return args[0]
    while True:  # `method_decorator` binds the method before it decorates it
        holder = getattr(getattr(view, "func", view), "__self__", None)
        if holder is not None or not hasattr(view, "__wrapped__"):
            return holder
        view = view.__wrapped__


def _request(view: Any, args: tuple[Any, ...]) -> Any:
    """Return the request among the arguments of a view: the first, or after ``self``."""
    for arg in args[:2]:
        if isinstance(arg, (HttpRequest, Request)):
            return arg
    raise TypeError(f"ratelimit decorates views: {'.'.join(_name(view))} was called without a request.")
