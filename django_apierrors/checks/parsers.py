"""Checks of the parsers of DRF views."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from rest_framework import parsers as drf_parsers
from rest_framework.settings import api_settings

from .. import parsers
from . import ratelimit, setup
from .shortcuts import warning

#: Parser of DRF → ours.
REPLACEMENTS: dict[Any, type] = {
    drf_parsers.JSONParser: parsers.JSONParser,
    drf_parsers.FormParser: parsers.FormParser,
    drf_parsers.MultiPartParser: parsers.MultiPartParser,
}
_ALL_PATHS = [f"django_apierrors.parsers.{cls.__name__}" for cls in REPLACEMENTS.values()]


def check_parsers(**kwargs: Any) -> list[CheckMessage]:
    """W020: parsers of DRF, which let through what no field, database or renderer can use."""
    messages: list[CheckMessage] = []
    if not setup.has_structured_views():
        return messages
    default = api_settings.DEFAULT_PARSER_CLASSES
    if any(cls in REPLACEMENTS for cls in default):
        messages.append(_message("DEFAULT_PARSER_CLASSES", default, f"Set DEFAULT_PARSER_CLASSES = {_ALL_PATHS!r}."))
    for name, classes in sorted(views_with_parsers(), key=str):
        if any(cls in REPLACEMENTS for cls in classes):
            paths = ", ".join(
                f"django_apierrors.parsers.{REPLACEMENTS[cls].__name__}" for cls in classes if cls in REPLACEMENTS
            )
            messages.append(_message(f"{name}.parser_classes", classes, f"Use {paths} there."))
    return messages


def _message(where: str, classes: Any, hint: str) -> CheckMessage:
    names = ", ".join(f"rest_framework.parsers.{cls.__name__}" for cls in classes if cls in REPLACEMENTS)
    message = f"{where} has {names}: NUL, lone surrogates and 1e999 in a body reach the views, which may crash on them."
    return warning(20, message, hint)


def views_with_parsers() -> set[tuple[str, tuple[Any, ...]]]:
    """Return the views of the URLconf that have parsers of their own, and those."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return set()
    views = set()
    for view in ratelimit.iter_views():
        cls = getattr(view, "cls", None)
        classes = getattr(view, "initkwargs", {}).get("parser_classes", getattr(cls, "parser_classes", ()))
        if isinstance(classes, (list, tuple)) and list(classes) != list(api_settings.DEFAULT_PARSER_CLASSES):
            views.add((f"{view.__module__}.{getattr(cls, '__name__', '')}", tuple(classes)))
    return views
