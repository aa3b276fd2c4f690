"""The receivers of the signals of Django."""

from __future__ import annotations

import sys
import uuid
from contextlib import suppress
from typing import Any

from django.apps import AppConfig, apps
from django.db import DEFAULT_DB_ALIAS, connections, router

from . import catalog, codes, known_texts, negotiation, rewriting, translations
from .exceptions import RaiseSiteError
from .maintenance import responses
from .models import ErrorCode, ErrorCodeTranslation, MaintenanceWindow, Revision, bump_revision
from .request_state import RequestState
from .snapshot import snapshot
from .windows import monitor

#: The models whose rows the snapshot holds.
REVISIONED_MODELS = (ErrorCode, ErrorCodeTranslation, MaintenanceWindow)

_SETTINGS_OF_TEXTS = {"INSTALLED_APPS", "LANGUAGES", "LANGUAGE_CODE", "LOCALE_PATHS", "USE_I18N"}


def receive_exception(request: Any = None, **kwargs: Any) -> None:
    """Store an exception of a middleware or the resolver, which ``process_exception`` never gets."""
    exc = sys.exc_info()[1]
    if request is not None and exc is not None:
        with suppress(RaiseSiteError):  # raised again when the response is made
            rewriting.store_exception(request, RequestState.of(request), exc)


def clear_caches(setting: str, **kwargs: Any) -> None:
    """Clear what was resolved or prepared when a test changes the languages, the templates or our settings."""
    if setting in _SETTINGS_OF_TEXTS:
        catalog.current().forget()
        negotiation.clear_language_cache()
        translations.clear_catalogs()
        known_texts.clear_known_texts()
    elif setting == "TEMPLATES":
        responses.clear_pages()
    elif setting == "APIERRORS":
        catalog.current().forget()
        snapshot.invalidate()
        monitor.invalidate()


def bump_revision_before(instance: Any, using: str, **kwargs: Any) -> None:
    """Replace the token before a row is written or deleted, also by ``loaddata``."""
    bump_revision(instance.part, using)


def bump_revision_after(instance: Any, using: str, **kwargs: Any) -> None:
    """Replace the token again after a deserializer has written a row outside any transaction."""
    if not connections[using].in_atomic_block:
        bump_revision(instance.part, using)


def insert_missing_rows(app_config: AppConfig, using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Insert a row for each code of Python that has none, after ``migrate``; existing texts stay."""
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
    # Blank rows change no text, so the revision stays.
    rows.bulk_create(missing, ignore_conflicts=True)
    defined = {definition.code for definition in codes.definitions()}
    rows.filter(code__in=defined & known, defined=False).update(defined=True)
