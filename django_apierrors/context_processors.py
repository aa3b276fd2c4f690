"""The context processor ``django_apierrors.context_processors.maintenance``."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from .maintenance.announcements import Notice


def maintenance(request: HttpRequest) -> dict[str, Any]:
    """Return ``maintenance``, a ``Notice``, built when a template uses it; without a query."""
    return {"maintenance": SimpleLazyObject(Notice)}
