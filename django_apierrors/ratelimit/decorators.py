"""The decorator ``ratelimit``, a replacement of django-ratelimit's."""

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

from .checking import acheck, check
from .policies import Policy, create_policy, declare_limit

ViewFunction = TypeVar("ViewFunction", bound=Callable[..., Any])

#: The attribute of a limited view that holds its policies and names of policies, for its OpenAPI schema.
LIMITS = "_apierrors_limits"
#: The default of ``rate``: a rate that is left out must not switch a limit off, as ``None`` does.
_UNSET: Any = object()


def ratelimit(
    group: str | None = None,
    key: Any = None,
    rate: Any = _UNSET,
    method: Any = ALL,
    block: bool = True,
    *,
    policy: str | None = None,
    on_store_error: str | None = None,
) -> Callable[[ViewFunction], ViewFunction]:
    """Limit how often a view may be called; a replacement of ``django_ratelimit.decorators.ratelimit``.

    Decorates functions, sync and async, methods (directly or by ``method_decorator``) and actions
    of view sets, above or below ``@api_view``. Either ``policy`` names one of
    ``RATELIMIT["POLICIES"]``, or ``key`` and ``rate`` are given; ``rate=None`` switches it off.
    ``group`` joins the counters of several views; clients read it. ``method`` is one or a list,
    where GET includes HEAD. With ``block=False`` no request is refused and ``request.limited`` says
    which would be. Raises ``ImproperlyConfigured`` at import for arguments that are not valid.
    """
    limit = _parse_arguments(policy, group, key, rate, method, on_store_error)
    caller = sys._getframe(1)
    line = caller.f_lineno
    declare_limit(f"{caller.f_globals.get('__name__')}, line {line},", policy)
    by_group: dict[str, Policy] = {}

    def limit_of(view: Any, args: tuple[Any, ...]) -> Policy | str:
        if isinstance(limit, str) or limit.group:
            return limit
        group = _group_name(view, args, line)
        if group not in by_group:
            by_group[group] = replace(limit, group=group)
        return by_group[group]

    def decorate(view: ViewFunction) -> ViewFunction:
        if isinstance(view, type):
            raise TypeError(
                f'ratelimit decorates functions; put @method_decorator(ratelimit(...), name="dispatch") '
                f"on {view.__qualname__}."
            )

        async def async_wrapper(*args: Any, **kwargs: Any) -> Any:
            await acheck(_find_request(view, args), limit_of(view, args), block=block)
            return await view(*args, **kwargs)

        def wrapper(*args: Any, **kwargs: Any) -> Any:
            if getattr(_view_instance(view, args), "view_is_async", False):
                return async_wrapper(*args, **kwargs)  # `dispatch` is no coroutine function, but returns a coroutine
            check(_find_request(view, args), limit_of(view, args), block=block)
            return view(*args, **kwargs)

        limited = functools.wraps(view)(async_wrapper if iscoroutinefunction(view) else wrapper)
        if block:
            setattr(limited, LIMITS, (limit, *getattr(view, LIMITS, ())))
        return limited  # type: ignore[return-value]

    return decorate


ratelimit.ALL = ALL  # type: ignore[attr-defined]
ratelimit.UNSAFE = UNSAFE  # type: ignore[attr-defined]


def _parse_arguments(
    policy: str | None, group: Any, key: Any, rate: Any, method: Any, on_store_error: Any
) -> Policy | str:
    if policy is not None:
        if (group, key, rate, method, on_store_error) != (None, None, _UNSET, ALL, None):
            raise ImproperlyConfigured(f"The policy {policy!r} says what is counted: give it alone, but for block.")
        return policy
    if key is None or rate is _UNSET:
        raise ImproperlyConfigured("Give a rate limit either the name of a policy, or a key and a rate.")
    if not (group is None or isinstance(group, str)):
        raise ImproperlyConfigured(f"{group!r} is no group of rate limits; it must be a text.")
    unnamed = create_policy(
        name="", group=group or "", key=key, rate=rate, method=method, on_store_error=on_store_error
    )
    # Clients must not read where our code is.
    return replace(unnamed, name=group or _default_name(unnamed.rate))


def _default_name(rate: Any) -> str:
    return f"{rate[0]}/{rate[1]}s" if isinstance(rate, tuple) else "default"


def _group_name(view: Any, args: tuple[Any, ...], line: int) -> str:
    """Return the name of a view as the name of its counter."""
    instance = _view_instance(view, args)
    # One class may hold many views: `dispatch`, and what `as_view` and `@api_view` return, have one name for all.
    cls = type(instance) if instance is not None else getattr(view, "view_class", None) or getattr(view, "cls", None)
    module, name = _view_name(view)
    if cls is not None:
        return f"{cls.__module__}.{cls.__qualname__}.{cls.__name__}.{module}.{name}"
    # So have lambdas, and the functions of other decorators: the line of the limit tells them apart.
    return f"{module}.{name}:{line}" if "<" in name else f"{module}.{name}"


def _view_name(view: Any) -> tuple[str, str]:
    while isinstance(view, functools.partial) and not hasattr(view, "__qualname__"):
        view = view.func
    return view.__module__, getattr(view, "__qualname__", type(view).__qualname__)


def _view_instance(view: Any, args: tuple[Any, ...]) -> Any:
    """Return the instance of a view that is a method, ``None`` for a function."""
    if args and not isinstance(args[0], (HttpRequest, Request)):
        return args[0]
    while True:  # `method_decorator` binds the method before it decorates it
        instance = getattr(getattr(view, "func", view), "__self__", None)
        if instance is not None or not hasattr(view, "__wrapped__"):
            return instance
        view = view.__wrapped__


def _find_request(view: Any, args: tuple[Any, ...]) -> Any:
    """Return the request among the arguments of a view: the first, or after ``self``."""
    for arg in args[:2]:
        if isinstance(arg, (HttpRequest, Request)):
            return arg
    raise TypeError(f"ratelimit decorates views: {'.'.join(_view_name(view))} was called without a request.")
