"""The list filters and the search of error codes, over effective values: most are not in the database."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin, SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.text import smart_split, unescape_string_literal
from django.utils.translation import gettext_lazy as _

from ... import codes
from ...models import ErrorCodeTranslation
from ...shipped import shipped_texts
from .row_state import RowState, filter_by_state


class StateFilter(SimpleListFilter):
    """Filters by the source of the texts."""

    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """Return all states."""
        return [(state.value, state.label) for state in RowState]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows in the chosen state."""
        chosen = next((state for state in RowState if state.value == self.value()), None)
        return filter_by_state(queryset, chosen) if chosen else queryset


class StatusFilter(SimpleListFilter):
    """Filters by the effective status."""

    title = _("status")
    parameter_name = "answered"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """Return the statuses of all codes with their phrases."""
        stored = model_admin.get_queryset(request).order_by().exclude(status=None).values_list("status", flat=True)
        statuses = {definition.status for definition in codes.definitions()} | set(stored.distinct())
        return [(str(status), f"{status} {codes.phrase(status)}") for status in sorted(statuses)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows with the chosen status."""
        chosen = self.value() or ""
        if not chosen.isdecimal():
            return queryset
        inherited = [definition.code for definition in codes.definitions() if definition.status == int(chosen)]
        return queryset.filter(Q(status=int(chosen)) | Q(status=None, code__in=inherited))


class TypeFilter(SimpleListFilter):
    """Filters by the effective type."""

    title = _("type")
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: ModelAdmin[Any]) -> list[tuple[str, str]]:
        """Return all types."""
        return [(name, name) for name in codes.TYPES]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows with the chosen type."""
        chosen = self.value()
        if chosen not in codes.TYPES:
            return queryset
        defined = [definition for definition in codes.definitions() if definition.type == chosen]
        # A type other than that of the status is explicit: a change of the status does not change it.
        explicit = {d.code: d.type for d in codes.definitions() if d.type != codes.type_for(d.status)}
        implied = [status for status in range(400, 600) if codes.type_for(status) == chosen]
        return queryset.filter(
            Q(type=chosen)
            | Q(type="", status=None, code__in=[definition.code for definition in defined])
            | Q(type="", status__isnull=False, code__in=[code for code, type_ in explicit.items() if type_ == chosen])
            | (Q(type="", status__in=implied) & ~Q(code__in=explicit))
        )


def search_codes(queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
    """Return the rows with every word in the code, title or message: edited, translated or shipped."""
    definitions = codes.definitions() if term.strip() else ()
    texts = {definition.code: shipped_texts(definition) for definition in definitions}
    for word in smart_split(term):
        if word[0] in "\"'" and word[0] == word[-1] and len(word) > 1:
            word = unescape_string_literal(word)
        in_texts = Q(title__icontains=word) | Q(message__icontains=word)
        as_shipped = [
            code for code, text in texts.items() if word.casefold() in f"{text['title']}\n{text['message']}".casefold()
        ]
        translated = ErrorCodeTranslation.objects.filter(in_texts).values("entry")
        queryset = queryset.filter(in_texts | Q(code__icontains=word) | Q(code__in=as_shipped) | Q(pk__in=translated))
    return queryset
