"""What is compared with the gate of maintenance mode: middleware that does less, and django-maintenance-mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import project
from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.cache import caches
from django.http import HttpResponse
from django.test import override_settings

from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.snapshot import snapshot

PEER = "django-maintenance-mode"


class WithoutGate(ApiErrorMiddleware):
    """Our middleware, which does everything else as soon as it knows the catalog."""

    def __call__(self, request):
        if self.is_async:
            return self._call_async(request)
        return super().__call__(request) if snapshot.is_stale() else self._limit(request)

    async def _call_async(self, request):
        return await (super()._call_async(request) if snapshot.is_stale() else self._limit_async(request))


class Constant:
    """The least that an answer can cost: the same bytes for everybody, with the headers that such an answer needs."""

    sync_capable = True
    async_capable = True
    body = json.dumps({"error": {"code": "MAINTENANCE", "message": "The API is paused for planned work."}}).encode()

    def __init__(self, get_response):
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request):
        return self._answer_async() if self.is_async else self._answer()

    async def _answer_async(self):
        return self._answer()

    def _answer(self):
        response = HttpResponse(self.body, status=503, content_type="application/json")
        response["Content-Length"] = str(len(self.body))
        response["Retry-After"] = "300"
        response["Cache-Control"] = "no-store"
        response._has_been_logged = True
        return response


@dataclass(frozen=True)
class Candidate:
    """One of the things compared: its middleware, and the settings under which it works."""

    name: str
    middleware: str
    settings: dict[str, Any]

    @contextmanager
    def at_work(self) -> Iterator[None]:
        with override_settings(**self.settings):
            yield


OURS = Candidate("ours", project.OURS, {})
WITHOUT_GATE = Candidate("ours, no gate", "candidates.WithoutGate", {})
NO_OP = Candidate("no-op", project.NO_OP, {})
CONSTANT = Candidate("constant", "candidates.Constant", {})


def peers(answer: str, state: str) -> tuple[list[Candidate], list[str]]:
    """Return the peer with each of its backends that works here, and what is missing.

    ``answer`` is JSON or HTML, ``state`` the path of the file of the first backend.
    """
    if not find_spec("maintenance_mode"):
        return [], [f"{PEER} is not installed"]
    found, missing = [], []
    for name, backend, cache in (
        ("file", "LocalFileBackend", None),
        ("LocMem", "CacheBackend", "default"),
        ("Redis", "CacheBackend", "redis"),
    ):
        try:
            caches[cache or "default"].get("maintenance_mode")
        except Exception as exc:
            missing.append(f"{PEER} with {name} is left out: {exc}")
            continue
        given = {
            "MAINTENANCE_MODE_STATE_BACKEND": f"maintenance_mode.backends.{backend}",
            "MAINTENANCE_MODE_CACHE_BACKEND": cache,
            "MAINTENANCE_MODE_STATE_FILE_PATH": state,
            "MAINTENANCE_MODE_RESPONSE_TYPE": answer.lower(),
        }
        found.append(Candidate(f"peer, {name}", "maintenance_mode.middleware.MaintenanceModeMiddleware", given))
    return found, missing
