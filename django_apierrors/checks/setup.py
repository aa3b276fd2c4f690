"""Checks of the entry points: middleware, exception handler and error views."""

from __future__ import annotations

from typing import Any

import django
import rest_framework
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Info
from django.urls import get_resolver
from django.utils.module_loading import import_string
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler

from .. import handlers, headers
from ..conf import conf
from ..middleware import MISSING, is_installed, is_listed
from . import ratelimit
from .messages import error, warning

MIDDLEWARE = "django_apierrors.middleware.ApiErrorMiddleware"
HANDLER = "django_apierrors.handlers.exception_handler"
CSRF_FAILURE = "django_apierrors.handlers.csrf_failure"

_ABOVE = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "corsheaders.middleware.CorsMiddleware",
)
_BELOW = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)


def check_entry_points(**kwargs: Any) -> list[CheckMessage]:
    """E010, E011, W001: the middleware and the exception handler; each needs the other."""
    messages: list[CheckMessage] = []
    if not is_installed():
        messages.append(error(10, *MISSING))
    handler: Any = api_settings.EXCEPTION_HANDLER
    if handler is not handlers.exception_handler:
        paste = f'REST_FRAMEWORK = {{"EXCEPTION_HANDLER": "{HANDLER}"}}'
        if handler is drf_exception_handler:
            messages.append(error(11, "Errors of DRF views are not structured: DRF's own handler is set.", paste))
        else:
            message = f"The exception handler is {_handler_name(handler)}."
            messages.append(warning(1, message, f"Call {HANDLER} from it and silence this, or set {paste}."))
    return messages


def _handler_name(handler: Any) -> str:
    name = getattr(handler, "__qualname__", None)
    return f"{handler.__module__}.{name}" if name else repr(handler)


def check_middleware_order(**kwargs: Any) -> list[CheckMessage]:
    """E012 to E014: a 503 without CORS headers is a status 0 to a browser client."""
    paths = list(settings.MIDDLEWARE)
    position = next((index for index, path in enumerate(paths) if is_listed(path)), None)
    if position is None:
        return []
    messages: list[CheckMessage] = []
    if sum(is_listed(path) for path in paths) > 1:
        hint = f'Keep one "{MIDDLEWARE}" in MIDDLEWARE.'
        messages.append(error(14, "ApiErrorMiddleware is listed twice: signals would be sent twice.", hint))
    for index, path in enumerate(paths):
        name = path.rpartition(".")[2]
        if index > position and _is_any(path, _ABOVE):
            message = f"ApiErrorMiddleware stands above {name}, whose headers its answers would lack."
            messages.append(error(12, message, f'Move "{MIDDLEWARE}" below "{path}" in MIDDLEWARE.'))
        if index < position and _is_any(path, _BELOW):
            message = f"ApiErrorMiddleware stands below {name}, whose errors it never sees."
            messages.append(error(13, message, f'Move "{MIDDLEWARE}" above "{path}" in MIDDLEWARE.'))
    return messages


def check_error_views(**kwargs: Any) -> list[CheckMessage]:
    """W002, W003: the error views of Django."""
    messages: list[CheckMessage] = []
    if getattr(settings, "ROOT_URLCONF", None):
        names = ("handler400", "handler403", "handler404", "handler500")
        urlconf = get_resolver().urlconf_module
        missing = [name for name in names if getattr(urlconf, name, None) is not getattr(handlers, name)]
        if missing:
            message = f"{settings.ROOT_URLCONF} lacks {', '.join(missing)}: errors above the middleware stay HTML."
            hint = f"Add to {settings.ROOT_URLCONF}: from django_apierrors.handlers import {', '.join(names)}"
            messages.append(warning(2, message, hint))
    if settings.CSRF_FAILURE_VIEW != CSRF_FAILURE:
        message = "A failed CSRF check is answered as PERMISSION_DENIED, not as CSRF_FAILED."
        messages.append(warning(3, message, f'Set CSRF_FAILURE_VIEW = "{CSRF_FAILURE}".'))
    return messages


def check_versions(**kwargs: Any) -> list[CheckMessage]:
    """W004: pairs of Django and DRF that are tested together."""
    drf = tuple(map(int, rest_framework.VERSION.split(".")[:2]))
    if (django.VERSION[:2] == (6, 1) and drf == (3, 18)) or (
        django.VERSION[:2] in ((5, 2), (6, 0)) and (3, 16) <= drf <= (3, 18)
    ):
        return []
    message = f"Django {django.get_version()} with DRF {rest_framework.VERSION} is not a supported pair."
    hint = "Install Django 5.2 or 6.0 with DRF 3.16 to 3.18, or Django 6.1 with DRF 3.18."
    return [warning(4, message, hint)]


def check_cors(**kwargs: Any) -> list[CheckMessage]:
    """I001: headers that browsers hide from cross-origin clients."""
    if not apps.is_installed("corsheaders"):
        return []
    exposed = {name.lower() for name in getattr(settings, "CORS_EXPOSE_HEADERS", ())}
    has_limits = ratelimit.is_readable() and ratelimit.is_in_use() and conf.RATELIMIT["HEADERS"] != "off"
    sent = (*headers.EXPOSED, *(headers.RATE_LIMIT_HEADERS if has_limits else ()))
    missing = [name for name in sent if name.lower() not in exposed]
    if not missing:
        return []
    message = f"Browser clients of other origins cannot read {', '.join(missing)}."
    hint = f"Set CORS_EXPOSE_HEADERS = {list(sent)!r}."
    return [Info(message, hint=hint, id="django_apierrors.I001")]


def _is_subclass(path: str, cls: type) -> bool:
    candidate = _import_class(path)  # Django itself fails to start when there is none, and names it
    return isinstance(candidate, type) and issubclass(candidate, cls)


def _is_any(path: str, known: tuple[str, ...]) -> bool:
    # By name first: corsheaders need not be installed.
    return path in known or any(_is_subclass(path, cls) for cls in map(_import_class, known) if cls is not None)


def _import_class(path: str) -> type | None:
    try:
        cls: type = import_string(path)
    except Exception:  # whatever a module raises while it is imported
        return None
    return cls
