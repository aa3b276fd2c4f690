"""The decorator, which takes the place of django-ratelimit's."""

from __future__ import annotations

import functools
from collections.abc import Callable
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


def ratelimit(
    group: str | None = None,
    key: Any = None,
    rate: Any = None,
    method: Any = ALL,
    block: bool = True,
    *,
    policy: str | None = None,
    on_store_error: str | None = None,
) -> Callable[[View], View]:
    """Limit how often a view may be called; takes the place of ``django_ratelimit.decorators.ratelimit``.

    Decorates functions, sync and async, methods (directly or by ``method_decorator``) and actions
    of view sets, above or below ``@api_view``. Either ``policy`` names one of
    ``RATELIMIT["POLICIES"]``, or ``key`` and ``rate`` are given. ``method`` is one or a list, where
    GET includes HEAD. With ``block=False`` nobody is refused and ``request.limited`` says who would
    be. Raises ``ImproperlyConfigured`` at import for a key or a rate that makes no sense.
    """
    if (policy is None) == (rate is None and key is None):
        raise ImproperlyConfigured("Give a rate limit either the name of a policy, or a key and a rate.")

    def decorate(view: View) -> View:
        policies.DECLARED[f"{view.__module__}.{view.__qualname__}"] = policy
        limit: str | Policy = policy if policy is not None else _own(view, group, key, rate, method, on_store_error)
        if iscoroutinefunction(view):

            @functools.wraps(view)
            async def limited(*args: Any, **kwargs: Any) -> Any:
                await acheck(_request(args), limit, block=block)
                return await view(*args, **kwargs)

        else:

            @functools.wraps(view)
            def limited(*args: Any, **kwargs: Any) -> Any:
                check(_request(args), limit, block=block)
                return view(*args, **kwargs)

        return limited  # type: ignore[return-value]

    return decorate


ratelimit.ALL = ALL  # type: ignore[attr-defined]
ratelimit.UNSAFE = UNSAFE  # type: ignore[attr-defined]


def _own(view: Any, group: str | None, key: Any, rate: Any, method: Any, on_store_error: str | None) -> Policy:
    kept_under = group or f"{view.__module__}.{view.__qualname__}"
    return policies.policy(
        # Clients must not read where our code is.
        name=group or _name(rate),
        group=kept_under,
        key=key,
        rate=rate,
        method=method,
        on_store_error=on_store_error,
    )


def _name(rate: Any) -> str:
    return rate if isinstance(rate, str) and "." not in rate else "default"


def _request(args: tuple[Any, ...]) -> Any:
    """Return the request among the arguments of a view: the first, or after ``self``."""
    return next(arg for arg in args if isinstance(arg, (HttpRequest, Request)))
