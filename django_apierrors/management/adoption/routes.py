"""The views of a project with their paths, and the classes of DRF among them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import URLPattern, get_resolver
from rest_framework.views import APIView

from ...conf import conf
from ...paths import longest_prefix

_STATIC = re.compile(r"[\w.~-]+/?")
#: Views of Django and DRF, and ours: they are what they are.
_FOREIGN_VIEWS = ("django.", "django_apierrors.", "rest_framework.")
#: Views of packages that this one replaces.
_REMOVED_VIEWS = ("drf_problems.",)


@dataclass(frozen=True, kw_only=True)
class Route:
    """A view of the root URLconf: its path as it is written there, and its class if it is one of DRF."""

    path: str
    view: Any
    view_class: Any

    @property
    def name(self) -> str:
        """The dotted path of the view with its path: ``shop.views.Orders at /api/orders/``."""
        owner = self.view_class or getattr(self.view, "view_class", None) or self.view
        return f"{owner.__module__}.{getattr(owner, '__qualname__', type(owner).__qualname__)} at {self.path}"

    @property
    def is_foreign(self) -> bool:
        """Whether the view is of Django, DRF or this package."""
        return self.name.startswith(_FOREIGN_VIEWS)

    def attribute(self, name: str) -> Any:
        """Return an attribute of the view of DRF, which ``as_view()`` may have set."""
        return getattr(self.view, "initkwargs", {}).get(name, getattr(self.view_class, name, None))


def iter_routes() -> Iterator[Route]:
    """Yield the views of the root URLconf in its order; raises what the URLconf raises."""
    if getattr(settings, "ROOT_URLCONF", None):
        yield from _iter_routes(get_resolver(), "")


def _iter_routes(resolver: Any, prefix: str) -> Iterator[Route]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$")
        if not isinstance(pattern, URLPattern):
            yield from _iter_routes(pattern, path)
            continue
        cls = getattr(pattern.callback, "cls", None)
        is_of_drf = isinstance(cls, type) and issubclass(cls, APIView)
        yield Route(path=f"/{path}", view=pattern.callback, view_class=cls if is_of_drf else None)


def iter_drf_routes() -> Iterator[Route]:
    """Yield the views of DRF."""
    return (route for route in iter_routes() if route.view_class is not None)


def api_prefixes() -> list[str]:
    """Return the first segments of the paths of DRF views that no API path covers."""
    routes = [route for route in iter_drf_routes() if not route.name.startswith(_REMOVED_VIEWS)]
    found = dict.fromkeys(_first_segment(route.path) for route in routes)
    return [prefix for prefix in found if prefix and longest_prefix(prefix, conf.API_PATHS) is None]


def is_under_api_path(route: Route) -> bool:
    """Return whether a view lies under an API path, with those that ``api_prefixes`` adds."""
    return longest_prefix(route.path, (*conf.API_PATHS, *api_prefixes())) is not None


def _first_segment(path: str) -> str:
    match = _STATIC.match(path[1:])
    # `orders/`, but not the `orders` of `orders<int:pk>`.
    return f"/{match[0]}" if match and (match[0].endswith("/") or len(path) == match.end() + 1) else ""


def import_path(value: Any) -> str:
    """Return the dotted path of a class, a function or a text that is one already."""
    if isinstance(value, str):
        return value
    if isinstance(value, functools.partial):
        return import_path(value.func)
    return f"{value.__module__}.{getattr(value, '__qualname__', type(value).__qualname__)}"
