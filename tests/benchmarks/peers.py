"""The packages that do a part of what this one does, each installed as its README says.

Imports nothing of DRF: it is read before there are settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

MAINTENANCE_MODE = "django-maintenance-mode"


@dataclass(frozen=True)
class Peer:
    """One package: its name in the registry, its module, and what a project adds to have it.

    ``listed`` returns how many wrong values a body names one by one, each with its place.
    """

    name: str
    module: str
    handler: str
    listed: Callable[[dict[str, Any]], int]
    is_app: bool = False
    urls: str | None = None
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def is_installed(self) -> bool:
        return find_spec(self.module) is not None

    @property
    def label(self) -> str:
        return f"{self.name} {version(self.name)}"


PEERS = (
    Peer(
        "drf-standardized-errors",
        "drf_standardized_errors",
        "drf_standardized_errors.handler.exception_handler",
        listed=lambda body: sum(bool(error["attr"]) for error in body["errors"]),
        is_app=True,
    ),
    Peer(
        "drf-exceptions-hog",
        "exceptions_hog",
        "exceptions_hog.exception_handler",
        listed=lambda body: len(body["list"]) if "list" in body else int(bool(body["attr"])),
        # Without it only the first wrong field is told.
        settings={"EXCEPTIONS_HOG": {"SUPPORT_MULTIPLE_EXCEPTIONS": True}},
    ),
    Peer(
        "drf-simple-api-errors",
        "drf_simple_api_errors",
        "drf_simple_api_errors.exception_handler",
        listed=lambda body: len(body["invalid_params"] or ()),
    ),
    Peer(
        "drf-problems",
        "drf_problems",
        "drf_problems.exceptions.exception_handler",
        listed=lambda body: 0,  # DRF's own body stays, with members added beside the fields
        is_app=True,
        urls="drf_problems.urls",
    ),
    Peer(
        "drf-canon",
        "drf_canon",
        "drf_canon.errors.exception_handler",
        listed=lambda body: len(body.get("errors", ())),
    ),
)

#: For ``settings.configure``.
APPS = [peer.module for peer in PEERS if peer.is_app and peer.is_installed]
SETTINGS = {name: value for peer in PEERS for name, value in peer.settings.items()}
