"""The views of a project with their paths, and the classes of DRF among them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from django.conf import settings
from django.urls import URLPattern, get_resolver
from rest_framework.views import APIView

from ...conf import conf
from ...paths import longest_prefix

# `orders/`, but not the `orders` of `orders<int:pk>`.
_SEGMENT = re.compile(r"[\w.~-]+(?:/|\Z)")
# A prefix whose last segment says that all below it is an API: `/shop/api/`, `/v2/`.
_API_PREFIX = re.compile(r".*/(?:api|v\d+(?:\.\d+)*)/?", re.IGNORECASE)
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
    """Return the prefixes of the paths of DRF views that no API path covers: the shortest that are only an API's."""
    return list(dict.fromkeys(filter(None, (prefix for _, prefix in _uncovered_routes()))))


def iter_routes_without_prefix() -> Iterator[Route]:
    """Yield the DRF views that share each prefix of their paths with pages, so that no API path can be proposed."""
    found = list(_uncovered_routes())
    # A router of DRF gives one view several paths, of which some have a prefix.
    covered = {route.view_class for route, prefix in found if prefix}
    return (route for route, prefix in found if not (prefix or route.is_foreign or route.view_class in covered))


def _uncovered_routes() -> Iterator[tuple[Route, str]]:
    """Yield the DRF views that no API path covers, with their prefixes, ``""`` where there is none."""
    taken = _page_prefixes()
    for route in iter_drf_routes():
        if not route.name.startswith(_REMOVED_VIEWS) and longest_prefix(route.path, conf.API_PATHS) is None:
            prefixes = _static_prefixes(route.path)
            yield route, next((p for p in prefixes if _API_PREFIX.fullmatch(p) or p.rstrip("/") not in taken), "")


def _page_prefixes() -> set[str]:
    """Return the paths of the views that are no DRF views, and all that lie above them, without a slash at the end."""
    found: set[str] = set()
    for route in iter_routes():
        if route.view_class is None and not route.name.startswith(("django_apierrors.", *_REMOVED_VIEWS)):
            found.update(accumulate(route.path.rstrip("/").split("/"), "{}/{}".format))
    return found


def _static_prefixes(path: str) -> Iterator[str]:
    """Yield the prefixes of a path that end with a segment and have no placeholder, the shortest first."""
    end = 1
    while match := _SEGMENT.match(path, end):
        end = match.end()
        yield path[:end]


def import_path(value: Any) -> str:
    """Return the dotted path of a class, a function or a text that is one already."""
    if isinstance(value, str):
        return value
    if isinstance(value, functools.partial):
        return import_path(value.func)
    return f"{value.__module__}.{getattr(value, '__qualname__', type(value).__qualname__)}"
