"""What this package does when Django says something."""

from __future__ import annotations

import sys
import uuid
from contextlib import suppress
from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections, router

from . import catalog, codes, negotiation, rewriting
from .exceptions import RaiseSiteError
from .maintenance import answers
from .models import ErrorCode, ErrorCodeTranslation, MaintenanceWindow, Revision
from .request_state import RequestState
from .snapshot import snapshot
from .windows import monitor

#: The models whose rows the snapshot holds.
ANNOUNCED = (ErrorCode, ErrorCodeTranslation, MaintenanceWindow)

_SETTINGS_OF_TEXTS = {"LANGUAGES", "LANGUAGE_CODE", "LOCALE_PATHS", "USE_I18N"}


def store_exception(request: Any = None, **kwargs: Any) -> None:
    """Keep what middleware or the resolver raised: ``process_exception`` is not told of it."""
    exc = sys.exc_info()[1]
    if request is not None and exc is not None:
        with suppress(RaiseSiteError):  # raised again where the answer is made
            rewriting.store_exception(request, RequestState.of(request), exc)


def forget_texts(setting: str, **kwargs: Any) -> None:
    """Resolve texts again when a test changes the languages, and look anew when it changes our settings."""
    if setting in _SETTINGS_OF_TEXTS:
        catalog.current().forget()
        negotiation.forget_languages()
    elif setting == "TEMPLATES":
        answers.forget_pages()
    elif setting == "APIERRORS":
        catalog.current().forget()
        snapshot.look_again()
        monitor.invalidate()


def announce(instance: Any, using: str, **kwargs: Any) -> None:
    """Replace the token before a row is written or deleted, however that is done (``loaddata`` too)."""
    Revision.bump(instance.part, using)


def announce_once_more(instance: Any, using: str, **kwargs: Any) -> None:
    """Replace the token after a row that a deserializer wrote outside any transaction."""
    if not connections[using].in_atomic_block:
        Revision.bump(instance.part, using)


def insert_missing_rows(app_config: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """After ``migrate``: give each code of Python its row, so that the admin shows it; change none."""
    if not router.allow_migrate_model(using, ErrorCode):
        return
    tables = kwargs.get("apps", apps)  # `flush` sends none
    try:
        # The models as of this migration: an earlier one may lack a column that we know.
        revisions = tables.get_model(app_config.label, "Revision")._base_manager.using(using)
        rows = tables.get_model(app_config.label, "ErrorCode")._base_manager.using(using)
    except LookupError:
        return  # migrated back to zero
    if not revisions.filter(part=Revision.CATALOG).exists():
        revisions.bulk_create([revisions.model(part=Revision.CATALOG, token=uuid.uuid4().hex)], ignore_conflicts=True)
        snapshot.reset()
    known = set(rows.values_list("code", flat=True))
    missing = [rows.model(code=d.code, defined=True) for d in codes.definitions() if d.code not in known]
    # Blank rows change no word, so they are not announced.
    rows.bulk_create(missing, ignore_conflicts=True)
    defined = {definition.code for definition in codes.definitions()}
    rows.filter(code__in=defined & known, defined=False).update(defined=True)
