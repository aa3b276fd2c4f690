"""A row as the catalog sees it: what it answers, where its words come from, which languages it lacks."""

from __future__ import annotations

import enum
from dataclasses import replace

from django.conf import global_settings, settings
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from ... import codes
from ...catalog import Catalog, Entry, Row, shipped_texts
from ...models import ErrorCode, ErrorCodeTranslation, Texts

#: The fields by which clients handle an error: a change is a change of the API.
CONTRACT = ("status", "type", "retry")

# Where a row says something other than what is shipped.
_EDITED = ~Q(
    status=None, type="", retry="", title="", message="", description="", causes="", remedy="", doc_url=""
) | Exists(ErrorCodeTranslation.objects.filter(entry=OuterRef("pk")))


class State(enum.Enum):
    """Where the words of a code come from."""

    SHIPPED = "shipped"
    EDITED = "edited"
    OUTDATED = "outdated"
    ADDED = "added"
    GONE = "gone"

    @property
    def label(self) -> str:
        """The badge."""
        return str(_LABELS[self][0])

    @property
    def explanation(self) -> str:
        """What it means for who edits the code."""
        return str(_LABELS[self][1])


_LABELS = {
    State.SHIPPED: (_("Shipped"), _("Everything is as the code defines it.")),
    State.EDITED: (_("Edited"), _("Something is said differently here than the code defines it.")),
    State.OUTDATED: (
        _("Needs review"),
        _("The shipped texts have changed since this code was edited. Compare them, then save to confirm."),
    ),
    State.ADDED: (_("Added"), _("No Python code defines this; everything it says stands here.")),
    State.GONE: (_("Gone"), _("Python no longer defines this code, so it is not in the catalog.")),
}


def row_of(obj: ErrorCode) -> Row:
    """Return what a row says, as the snapshot has it."""
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
        texts=_given(obj),
        translations={translation.language: _given(translation) for translation in translations},
    )


def entry_of(obj: ErrorCode, language: str | None = None) -> Entry | None:
    """Return what the catalog answers for a row, in the active language, ``None`` if it has no such code.

    It is made from the row itself: the copy of this process may be a moment older.
    """
    try:
        return Catalog({obj.code: row_of(obj)}).entry(obj.code, language or active_language())
    except KeyError:
        return None


def without_translation(obj: ErrorCode, language: str) -> dict[str, str]:
    """Return the texts that stand in where a row is not translated into a language."""
    row = row_of(obj)
    others = {known: texts for known, texts in row.translations.items() if known != language}
    try:
        entry = Catalog({obj.code: replace(row, translations=others)}).entry(obj.code, language)
    except KeyError:
        return {}
    values = {name: getattr(entry, name) for name in codes.TEXTS}
    return {name: value if isinstance(value, str) else "\n".join(value) for name, value in values.items()}


def state_of(obj: ErrorCode) -> State:
    """Return where the words of a row come from."""
    if codes.get(obj.code) is None:
        return State.ADDED if row_of(obj).is_complete else State.GONE
    row = row_of(obj)
    if not (row.texts or row.translations or row.status or row.type or row.retry or row.doc_url):
        return State.SHIPPED
    return State.OUTDATED if obj.is_outdated() else State.EDITED


def in_state(state: State, queryset: QuerySet[ErrorCode]) -> QuerySet[ErrorCode]:
    """Return the rows in a state, which the database finds itself."""
    known = {definition.code: definition for definition in codes.definitions()}
    if state in (State.ADDED, State.GONE):
        complete = Q(status__isnull=False) & ~Q(title="") & ~Q(message="")
        return queryset.exclude(code__in=known).filter(complete if state is State.ADDED else ~complete)
    queryset = queryset.filter(code__in=known)
    if state is State.SHIPPED:
        return queryset.exclude(_EDITED)
    digests = [codes.digest(definition) for definition in known.values()]
    is_current = Q(default_digest="") | Q(default_digest__in=digests)
    return queryset.filter(_EDITED, is_current if state is State.EDITED else ~is_current)


def untranslated(obj: ErrorCode) -> list[str]:
    """Return the languages of the project in which a row has no message of its own.

    Empty when the project has not chosen its languages: Django knows a hundred.
    """
    if not settings.USE_I18N or settings.LANGUAGES == global_settings.LANGUAGES:
        return []
    own = settings.LANGUAGE_CODE.split("-")[0]
    others = [language for language, _name in settings.LANGUAGES if language.split("-")[0] != own]
    entries = {language: entry_of(obj, language) for language in others}
    return [language for language, entry in entries.items() if entry and not entry.language]


def shipped(code: str) -> dict[str, str]:
    """Return the five texts of a code as shipped, in the active language; empty if Python does not define it."""
    definition = codes.get(code)
    return shipped_texts(definition) if definition else {}


def active_language() -> str:
    """Return the language of whoever uses the admin."""
    return get_language() or settings.LANGUAGE_CODE


def _given(texts: Texts) -> dict[str, str]:
    return {name: text for name in codes.TEXTS if (text := getattr(texts, name)) and text.strip()}
