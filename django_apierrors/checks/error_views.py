"""Checks of Django's error views."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.conf import settings, urls
from django.core.checks import CheckMessage
from django.urls import get_callable, get_resolver
from django.views import csrf

from .. import handlers
from .shortcuts import info, warning
from .wrappers import calls_any

CSRF_FAILURE = "django_apierrors.handlers.csrf_failure"

_NAMES = ("handler400", "handler403", "handler404", "handler500")
_OURS = (handlers.handler400, handlers.handler403, handlers.handler404, handlers.handler500, handlers.answer)


def check_error_views(**kwargs: Any) -> list[CheckMessage]:
    """W002, W003, I002, I003: the error views of Django; no hint takes a page of the project away."""
    return [*_check_urlconf(), *_check_csrf_failure()]


def _check_urlconf() -> Iterator[CheckMessage]:
    if not getattr(settings, "ROOT_URLCONF", None):
        return
    urlconf = get_resolver().urlconf_module
    missing, own = missing_error_views(urlconf), own_error_views(urlconf)
    if missing:
        message = f"{settings.ROOT_URLCONF} lacks {', '.join(missing)}: errors above the middleware stay HTML."
        hint = f"Add to {settings.ROOT_URLCONF}: from django_apierrors.handlers import {', '.join(missing)}"
        yield warning(2, message, hint)
    if own:
        message = (
            f"{', '.join(own)} of {settings.ROOT_URLCONF} are views of the project, which answer API requests, too, "
            "when an error arises above the middleware."
        )
        hint = (
            "Keep your pages, and ask django_apierrors.handlers.answer first: "
            "return answer(request, exception) or my_page(request); in a handler500: answer(request)."
        )
        yield info(2, message, hint)


def missing_error_views(urlconf: Any) -> list[str]:
    """Return the names of the error views that a URLconf leaves to Django."""
    return [name for name, view in _error_views(urlconf).items() if _is_same(view, getattr(urls, name))]


def own_error_views(urlconf: Any) -> dict[str, Any]:
    """Return the error views of a URLconf, by name, that do not ask this package first."""
    missing = missing_error_views(urlconf)
    views = _error_views(urlconf).items()
    return {name: view for name, view in views if name not in missing and not _calls_any(view, _OURS)}


def _error_views(urlconf: Any) -> dict[str, Any]:
    # As in Django's resolver, an empty name means the default.
    return {name: getattr(urlconf, name, None) or getattr(urls, name) for name in _NAMES}


def has_default_csrf_failure() -> bool:
    """Return whether ``CSRF_FAILURE_VIEW`` is Django's."""
    return _is_same(settings.CSRF_FAILURE_VIEW, csrf.csrf_failure)


def has_own_csrf_failure() -> bool:
    """Return whether ``CSRF_FAILURE_VIEW`` is a view that does not ask this package first."""
    ours = (handlers.csrf_failure, handlers.answer)
    return not has_default_csrf_failure() and not _calls_any(settings.CSRF_FAILURE_VIEW, ours)


def _check_csrf_failure() -> Iterator[CheckMessage]:
    message = "A failed CSRF check is answered as PERMISSION_DENIED, not as CSRF_FAILED."
    if has_default_csrf_failure():
        yield warning(3, message, f'Set CSRF_FAILURE_VIEW = "{CSRF_FAILURE}".')
    elif has_own_csrf_failure():
        hint = (
            f"Keep your page, and call {CSRF_FAILURE}(request, reason) first: "
            "return its response when that has the header X-Error-Code."
        )
        yield info(3, message, hint)


def _is_same(view: Any, default: Any) -> bool:
    return _import_view(view) is default


def _calls_any(view: Any, ours: Collection[Any]) -> bool:
    imported = _import_view(view)
    return imported is None or calls_any(imported, ours)


def _import_view(view: Any) -> Any:
    """Return a view, or the view of a dotted path; ``None`` when there is none, which Django's own checks say."""
    try:
        return get_callable(view)
    except Exception:  # whatever a module raises while it is imported
        return None
