"""The effective values and the state of a row in the admin."""

from __future__ import annotations

import enum
from dataclasses import replace

from django.conf import global_settings, settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from ... import codes
from ...catalog import Catalog, Entry, Row
from ...models import ErrorCode, ErrorCodeTranslation, Texts
from ...negotiation import active_language

#: The fields by which clients handle an error: a change is a change of the API.
CONTRACT_FIELDS = ("status", "type", "retry")

# Rows with a value other than the default.
_EDITED = ~Q(
    status=None, type="", retry="", title="", message="", description="", causes="", remedy="", doc_url=""
) | Exists(ErrorCodeTranslation.objects.filter(entry=OuterRef("pk")))


class RowState(enum.Enum):
    """The source of the texts of a code."""

    SHIPPED = "shipped"
    EDITED = "edited"
    OUTDATED = "outdated"
    ADDED = "added"
    GONE = "gone"

    @property
    def label(self) -> str:
        """The text of the badge."""
        return str(_STATE_TEXTS[self][0])

    @property
    def explanation(self) -> str:
        """The meaning of the state for editors."""
        return str(_STATE_TEXTS[self][1])


_STATE_TEXTS = {
    RowState.SHIPPED: (_("Shipped"), _("All values are those of the Python code.")),
    RowState.EDITED: (_("Edited"), _("Some values here differ from those of the Python code.")),
    RowState.OUTDATED: (
        _("Needs review"),
        _("The shipped texts have changed since this code was edited. Compare them, then save to confirm."),
    ),
    RowState.ADDED: (_("Added"), _("Python does not define this code; all its values are stored here.")),
    RowState.GONE: (_("Gone"), _("Python no longer defines this code, so it is not in the catalog.")),
}


def build_row(obj: ErrorCode) -> Row:
    """Return a row as it is in the catalog."""
    translations = obj.translations.all() if obj.pk else ()
    return Row(
        code=obj.code,
        status=obj.status,
        type=obj.type,
        retry=obj.retry,
        doc_url=obj.doc_url,
        listed=obj.listed,
        deprecated=obj.deprecated,
        replaced_by=obj.replaced_by.code if obj.replaced_by else "",
        texts=_get_texts(obj),
        translations={translation.language: _get_texts(translation) for translation in translations},
    )


def get_entry(obj: ErrorCode, language: str | None = None) -> Entry | None:
    """Return the effective values of a row in a language, ``None`` if its code is not in the catalog.

    The default language is the active one. The row itself is read: the catalog of this process may be older.
    """
    try:
        return Catalog({obj.code: build_row(obj)}).entry(obj.code, language or active_language())
    except KeyError:
        return None


def get_fallback_texts(obj: ErrorCode, language: str) -> dict[str, str]:
    """Return the effective texts of a row in a language without its translation to that language."""
    row = build_row(obj)
    others = {known: texts for known, texts in row.translations.items() if known != language}
    try:
        entry = Catalog({obj.code: replace(row, translations=others)}).entry(obj.code, language)
    except KeyError:
        return {}
    values = {name: getattr(entry, name) for name in codes.TEXTS}
    return {name: value if isinstance(value, str) else "\n".join(value) for name, value in values.items()}


def get_state(obj: ErrorCode) -> RowState:
    """Return the state of a row."""
    row = build_row(obj)
    if codes.get(obj.code) is None:
        return RowState.ADDED if row.is_complete else RowState.GONE
    if not (row.texts or row.translations or row.status or row.type or row.retry or row.doc_url):
        return RowState.SHIPPED
    return RowState.OUTDATED if obj.is_outdated() else RowState.EDITED


def filter_by_state(queryset: QuerySet[ErrorCode], state: RowState) -> QuerySet[ErrorCode]:
    """Return the rows in a state; the database filters them."""
    definitions = {definition.code: definition for definition in codes.definitions()}
    if state in (RowState.ADDED, RowState.GONE):
        complete = Q(status__isnull=False) & ~Q(title="") & ~Q(message="")
        return queryset.exclude(code__in=definitions).filter(complete if state is RowState.ADDED else ~complete)
    queryset = queryset.filter(code__in=definitions)
    if state is RowState.SHIPPED:
        return queryset.exclude(_EDITED)
    digests = [codes.digest(definition) for definition in definitions.values()]
    is_current = Q(default_digest="") | Q(default_digest__in=digests)
    return queryset.filter(_EDITED, is_current if state is RowState.EDITED else ~is_current)


def get_missing_languages(obj: ErrorCode) -> list[str]:
    """Return the languages of the project without a message of a row.

    Empty if the project has not set ``LANGUAGES``: Django's default has a hundred.
    """
    if not settings.USE_I18N or settings.LANGUAGES == global_settings.LANGUAGES:
        return []
    own = settings.LANGUAGE_CODE.split("-")[0]
    others = [language for language, _name in settings.LANGUAGES if language.split("-")[0] != own]
    entries = {language: get_entry(obj, language) for language in others}
    return [language for language, entry in entries.items() if entry and not entry.language]


def _get_texts(texts: Texts) -> dict[str, str]:
    return {name: text for name in codes.TEXTS if (text := getattr(texts, name)) and text.strip()}
