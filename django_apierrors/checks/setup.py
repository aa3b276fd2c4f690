"""Checks of the middleware, the exception handler, the versions and the exposed headers."""

from __future__ import annotations

from typing import Any

import django
import rest_framework
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage
from rest_framework.settings import api_settings
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_exception_handler

from .. import handlers, headers
from ..conf import conf
from ..middleware import MISSING, is_installed
from . import ratelimit, wrappers
from .shortcuts import error, info, warning

HANDLER = "django_apierrors.handlers.exception_handler"


def check_entry_points(**kwargs: Any) -> list[CheckMessage]:
    """E010, E011: the middleware and the exception handler; each needs the other."""
    messages: list[CheckMessage] = []
    if not is_installed():
        messages.append(error(10, *MISSING))
    handler: Any = api_settings.EXCEPTION_HANDLER
    if wrappers.calls_any(handler, (handlers.exception_handler, handlers.answer)) or not has_structured_views():
        return messages
    paste = f'REST_FRAMEWORK = {{"EXCEPTION_HANDLER": "{HANDLER}"}}'
    if handler is drf_exception_handler:
        messages.append(error(11, "Errors of DRF views are not structured: DRF's own handler is set.", paste))
    else:
        message = (
            f"Errors of DRF views are not structured: the exception handler is {_handler_name(handler)}, "
            "and what it answers passes untouched."
        )
        hint = (
            f"Set {paste}, or call {HANDLER} from your handler and return its response. "
            "Silence this if it does so in a way that its code does not show."
        )
        messages.append(error(11, message, hint))
    return messages


def has_structured_views() -> bool:
    """Return whether errors of any DRF view are to be structured."""
    formats = conf.FORMATS if ratelimit.is_readable() else {}
    if "/" in formats and not any(formats.values()):
        return False
    return apps.is_installed("rest_framework") or (
        bool(getattr(settings, "ROOT_URLCONF", None)) and any(map(_is_of_drf, ratelimit.iter_views()))
    )


def _is_of_drf(view: Any) -> bool:
    cls = getattr(view, "cls", None)
    return isinstance(cls, type) and issubclass(cls, APIView)


def _handler_name(handler: Any) -> str:
    name = getattr(handler, "__qualname__", None)
    return f"{handler.__module__}.{name}" if name else repr(handler)


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
    return [info(1, message, hint)]
