"""The changes that clients of a project will see, and what stays as it is."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import response as http
from django.shortcuts import redirect, render
from django.urls import get_resolver
from django.utils.module_loading import import_string
from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_exception_handler

from ... import catalog, formats, handlers, spelling
from ...checks.error_views import has_own_csrf_failure, own_error_views
from ...checks.parsers import REPLACEMENTS, views_with_parsers
from ...checks.wrappers import calls_any
from ...conf import conf
from ...drf_responses import writes_errors
from ...middleware import is_installed
from ...paths import longest_prefix
from ...problems import Problem
from .additions import closest_format
from .routes import Route, api_prefixes, import_path, iter_drf_routes, iter_routes, iter_routes_without_prefix

_EXAMPLE_DOCS, _EXAMPLE_ID = "https://api.example.com/errors/", "7c9e6679-7425-40de-944b-e07fc1f90ae7"
_RESPONSES = (Response, render, redirect, *(cls for cls in vars(http).values() if isinstance(cls, type)))
#: Packages with a guide: the first part of the dotted path of their handler, middleware or app → the page.
_GUIDES = {
    "drf_standardized_errors": "drf-standardized-errors.md",
    "exceptions_hog": "drf-exceptions-hog.md",
    "drf_problems": "drf-problems.md",
    "maintenance_mode": "django-maintenance-mode.md",
    "django_ratelimit": "django-ratelimit.md",
}


_FOREIGN_MIDDLEWARE = ("django", "corsheaders", "django_apierrors", "whitenoise", *_GUIDES)


@dataclass(frozen=True, kw_only=True)
class Change:
    """One thing that clients will notice: what it is, where it is seen, and how to keep what is there."""

    text: str
    places: tuple[str, ...] = ()
    advice: str = ""


def iter_changes() -> Iterator[Change]:
    """Yield what clients will notice, what stays, and what to look at; raises what the URLconf raises."""
    yield from _changed_bodies()
    yield from _statuses()
    yield from _pages()
    yield from _views()
    yield from _middleware()
    yield from _guides()


def _changed_bodies() -> Iterator[Change]:
    handler: Any = api_settings.EXCEPTION_HANDLER
    after = f"becomes {_sample('RESOURCE_NOT_FOUND')}"
    if handler is drf_exception_handler:
        yield Change(text=f'A 404 of a DRF view: {{"detail":"Not found."}} {after}; every error gets that shape.')
    elif not _has_our_handler():
        advice = ""
        if import_path(handler).partition(".")[0] not in _GUIDES:
            advice = (
                "To keep its body, let it call django_apierrors.handlers.exception_handler and change response.data, "
                "or write it as a format: docs/migrating/own-handler.md."
            )
        text = f"A 404 of a DRF view: the body that {import_path(handler)} makes {after}; every error gets that shape."
        yield Change(text=text, advice=advice)
    formatter = getattr(settings, "DRF_STANDARDIZED_ERRORS", {}).get("EXCEPTION_FORMATTER_CLASS")
    if formatter:
        text = f"What {import_path(formatter)} makes is gone: it is called no more."
        advice = "Write it as a subclass of formats.Standardized: docs/migrating/drf-standardized-errors.md."
        yield Change(text=text, advice=advice)


def _has_our_handler() -> bool:
    return calls_any(api_settings.EXCEPTION_HANDLER, (handlers.exception_handler, handlers.answer))


def _sample(code: str) -> str:
    name = getattr(settings, "APIERRORS", {}).get("FORMAT", closest_format())
    entry = catalog.current().entry(code, settings.LANGUAGE_CODE, _EXAMPLE_DOCS)
    problem = Problem(code=code, status=entry.status, request_id=_EXAMPLE_ID)
    return json.dumps(formats.get(name).body(problem, entry), separators=(",", ":"), ensure_ascii=False)


def _statuses() -> Iterator[Change]:
    is_answered = _has_our_handler()
    places = tuple(route.name for route in iter_drf_routes() if _answers_403(route))
    if places and conf.UNAUTHENTICATED != "drf" and not is_answered:
        yield Change(
            text="A request without credentials, or with wrong ones: 403 becomes 401, with WWW-Authenticate.",
            places=places,
            advice='To keep 403: APIERRORS = {"UNAUTHENTICATED": "drf"}.',
        )
    if _has_ratelimit() and not (is_answered and is_installed()):
        yield Change(text="A request that django-ratelimit refuses: 403 becomes 429, with Retry-After if known.")


def _answers_403(route: Route) -> bool:
    """Return whether DRF turns the 401 of a view into a 403: its first authenticator has no challenge."""
    authenticators = route.attribute("authentication_classes") or ()
    permissions = [cls for cls in route.attribute("permission_classes") or () if cls is not AllowAny]
    first = next(iter(authenticators), None)
    is_silent = getattr(first, "authenticate_header", None) is BaseAuthentication.authenticate_header
    return is_silent and bool(permissions)


def _has_ratelimit() -> bool:
    decorators = sys.modules.get("django_ratelimit.decorators")
    functions = (getattr(decorators, "ratelimit", None),)
    modules = {sys.modules.get(route.view.__module__) for route in iter_routes()}
    return decorators is not None and any(
        value in functions for module in modules - {None} for value in vars(module).values() if callable(value)
    )


def _pages() -> Iterator[Change]:
    api_paths = (*conf.API_PATHS, *api_prefixes())
    paths = ", ".join(api_paths)
    if not is_installed():
        yield Change(text=f"An unknown URL under {paths}: the HTML page becomes {_sample('ENDPOINT_NOT_FOUND')}.")
        where = f"A crash in a DRF view, or in any view under {paths}"
        if api_settings.EXCEPTION_HANDLER is drf_exception_handler:
            yield Change(text=f"{where}: the HTML page becomes JSON, unless DEBUG is on.")
        else:
            yield Change(text=f"{where}: JSON, unless DEBUG is on; Django logs and signals it.")
        yield Change(text="A client that prefers JSON to HTML by its Accept header gets JSON for Django's pages, too.")
        yield Change(text="Every error has X-Error-Code, X-Request-ID, Cache-Control: no-store and nosniff.")
    plain = tuple(
        route.name
        for route in iter_routes()
        if route.view_class is None and not route.is_foreign and longest_prefix(route.path, api_paths)
    )
    if plain and not is_installed():
        yield Change(text="Empty and HTML errors of these views become JSON; JSON of their own stays.", places=plain)
    apart = tuple(route.name for route in iter_routes_without_prefix())
    if apart and not is_installed():
        yield Change(
            text="Views of DRF that share every prefix of their paths with pages: errors that they raise become JSON, "
            "an unknown URL beside them stays a page.",
            places=apart,
            advice="Give them a prefix of their own, and add it to APIERRORS[API_PATHS].",
        )
    if getattr(settings, "ROOT_URLCONF", None):
        own = own_error_views(get_resolver().urlconf_module)
        if own:
            text = f"{', '.join(own)} of the project: requests of the API get JSON, the website keeps the pages."
            yield Change(text=text)
    if has_own_csrf_failure():
        text = f"{import_path(settings.CSRF_FAILURE_VIEW)} answers a failed CSRF check as before, for the API, too."
        advice = "Let it call django_apierrors.handlers.csrf_failure first, and return that if it has X-Error-Code."
        yield Change(text=text, advice=advice)


def _views() -> Iterator[Change]:
    routes = list(iter_drf_routes())
    own = tuple(r.name for r in routes if r.view_class.get_exception_handler is not APIView.get_exception_handler)
    if own:
        advice = "Remove the method, or let it return django_apierrors.handlers.exception_handler."
        yield Change(
            text="Views with a get_exception_handler() of their own: nothing changes.", places=own, advice=advice
        )
    handling = tuple(
        route.name for route in routes if route.view_class.handle_exception is not APIView.handle_exception
    )
    if handling:
        text = "Views with a handle_exception() of their own: what they answer without DRF's stays."
        yield Change(text=text, places=handling)
    renderers = {cls for route in routes for cls in route.attribute("renderer_classes") or () if _is_bypassed(cls)}
    if renderers:
        yield Change(
            text="Errors in JSON are written by DRF's JSONRenderer: what these renderers add is gone from them.",
            places=tuple(sorted(map(import_path, renderers))),
            advice="What they wrap around errors belongs in a format; names in camel case are kept.",
        )
    parsers = {name for name, classes in views_with_parsers() if any(cls in REPLACEMENTS for cls in classes)}
    if parsers:
        advice = "Use those of django_apierrors.parsers there: a NUL or 1e999 in a body is a 400 then."
        yield Change(text="Views with parsers of DRF: nothing changes.", places=tuple(sorted(parsers)), advice=advice)


def _is_bypassed(renderer: Any) -> bool:
    if writes_errors(renderer) or spelling.case_for(None, (renderer,)) is not None:
        return False
    return not renderer.render.__module__.startswith(("rest_framework.", "django_apierrors."))


def _middleware() -> Iterator[Change]:
    places = tuple(path for path in settings.MIDDLEWARE if _answers_itself(path))
    if places:
        text = "Middleware that answers itself: its JSON passes; its empty and HTML errors of the API become JSON."
        yield Change(text=text, places=places, advice="Let it raise django_apierrors.exceptions.ApiError instead.")


def _answers_itself(path: str) -> bool:
    if path.partition(".")[0] in _FOREIGN_MIDDLEWARE:
        return False
    try:
        middleware = import_string(path)
    except Exception:  # Django itself fails to start, and names it
        return False
    return calls_any(middleware, _RESPONSES)


def _guides() -> Iterator[Change]:
    paths = (import_path(api_settings.EXCEPTION_HANDLER), *settings.MIDDLEWARE)
    packages = dict.fromkeys(path.partition(".")[0] for path in paths)
    packages |= {"django_ratelimit": None} if _has_ratelimit() else {}
    for package in packages:
        if package in _GUIDES:
            yield Change(text=f"{package} is in use: docs/migrating/{_GUIDES[package]} has the steps.")
