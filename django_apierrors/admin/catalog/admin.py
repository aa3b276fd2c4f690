"""The model admin of error codes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ... import codes
from ...models import ErrorCode, ErrorCodeTranslation
from ...models.fields import MultilineField
from .actions import ErrorCodeActions
from .change_message import build_form_message, get_overrides
from .filters import StateFilter, StatusFilter, TypeFilter, search_codes
from .forms import ErrorCodeForm, TranslationForm, TranslationFormSet, get_help_texts
from .preview import get_code_previews
from .row_state import CONTRACT_FIELDS, get_entry, get_missing_languages, get_state
from .save_warnings import add_warnings

# Django 6 assumes https for a URL without a scheme; 5.2 warns without this setting.
_FORMFIELD_OVERRIDES: dict[Any, dict[str, Any]] = {
    models.TextField: {"form_class": MultilineField, "widget": AdminTextareaWidget(attrs={"rows": 3})},
    models.URLField: {"assume_scheme": "https"},
}

_CONTRACT_HELP = _("Clients act on these values: a change is a change of the API.")


class TranslationInline(admin.StackedInline):  # type: ignore[type-arg]
    """The texts of a code in other languages."""

    model = ErrorCodeTranslation
    form = TranslationForm
    formset = TranslationFormSet
    fields = ("language", *codes.TEXTS)
    formfield_overrides = {models.TextField: _FORMFIELD_OVERRIDES[models.TextField]}
    extra = 0

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        """Return a formset whose forms know the request, to say which translations no other can reach."""
        formset: Any = super().get_formset(request, obj, **kwargs)
        formset.request = request
        return formset


class ErrorCodeAdminMixin(ErrorCodeActions):
    """The admin of the catalog for any subclass of ``ModelAdmin``, such as that of a theme."""

    form = ErrorCodeForm
    inlines = [TranslationInline]
    formfield_overrides = _FORMFIELD_OVERRIDES
    autocomplete_fields = ["replaced_by"]
    list_display = [
        "code", "effective_status", "state", "effective_title", "listed", "deprecated", "missing_translations",
    ]  # fmt: skip
    list_filter = [StateFilter, StatusFilter, TypeFilter, "listed", "deprecated"]
    list_select_related = ["replaced_by"]
    ordering = ["code"]
    search_fields = ["code", "title", "message"]
    search_help_text = _("Words of the code, the title or the message, as edited, translated or shipped")
    readonly_fields = ["state_with_explanation", "updated_at"]

    class Media:
        """The style sheet of badges and previews."""

        css = {"all": ["django_apierrors/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErrorCode]:
        """Return rows with their translations: the number of queries does not depend on the length of the list."""
        return super().get_queryset(request).select_related("replaced_by").prefetch_related("translations")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ErrorCode], search_term: str
    ) -> tuple[QuerySet[ErrorCode], bool]:
        """Search the shipped texts, too, which are not in the database."""
        return search_codes(queryset, search_term), False

    @admin.display(description=_("status"))
    def effective_status(self, obj: ErrorCode) -> str:
        """Return the effective status."""
        entry = get_entry(obj)
        return str(entry.status) if entry else "-"

    @admin.display(description=_("title"))
    def effective_title(self, obj: ErrorCode) -> str:
        """Return the effective title in the active language."""
        entry = get_entry(obj)
        return entry.title if entry else obj.title

    @admin.display(description=_("state"))
    def state(self, obj: ErrorCode) -> SafeString:
        """Return the badge of the state."""
        state = get_state(obj)
        return format_html(
            '<span class="apierrors-badge apierrors-{}" title="{}">{}</span>',
            state.value,
            state.explanation,
            state.label,
        )

    @admin.display(description=_("state"))
    def state_with_explanation(self, obj: ErrorCode) -> SafeString:
        """Return the badge with its explanation."""
        return format_html("{} {}", self.state(obj), get_state(obj).explanation)

    @admin.display(description=_("untranslated"), empty_value="")
    def missing_translations(self, obj: ErrorCode) -> str:
        """Return the languages of the project without a message."""
        return ", ".join(get_missing_languages(obj))

    def view_on_site(self, obj: ErrorCode) -> str | None:
        """Return the URL of the documentation of a code, ``None`` without documentation pages."""
        try:
            return reverse("apierrors:detail", args=[obj.code])
        except NoReverseMatch:
            return None

    def get_readonly_fields(self, request: HttpRequest, obj: ErrorCode | None = None) -> list[str]:
        """Return the read-only fields: the code of an existing row is part of the contract."""
        return [*super().get_readonly_fields(request, obj), *(["code"] if obj else [])]

    def get_fieldsets(self, request: HttpRequest, obj: ErrorCode | None = None) -> Any:
        """Return the fieldsets; a new row has no state."""
        return [
            (None, {"fields": ["code", "state_with_explanation", "updated_at"] if obj else ["code"]}),
            (_("Contract"), {"fields": [CONTRACT_FIELDS], "description": _CONTRACT_HELP}),
            (_("Words"), {"fields": codes.TEXTS, "description": _get_placeholders_help(obj)}),
            (_("Documentation"), {"fields": ["listed", "doc_url", "deprecated", "replaced_by"]}),
        ]

    def get_form(self, request: HttpRequest, obj: ErrorCode | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return a form with the shipped values in the help texts."""
        return super().get_form(request, obj, change=change, **{"help_texts": get_help_texts(obj), **kwargs})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Return the form field, without the related-object buttons of ``replaced_by``."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "replaced_by" and field is not None:
            field.widget = field.widget.widget
        return field

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the previews, and a reset in the place of the deletion of a shipped code."""
        obj = context.get("original")
        if obj is not None and request.method == "POST":
            obj = self.get_object(request, str(obj.pk))  # the original has the invalid values of the form
        if obj is not None:
            is_defined = codes.get(obj.code) is not None
            may_reset = is_defined and self.has_change_permission(request, obj)
            context["previews"] = get_code_previews(obj, request)
            context["show_delete"] = not is_defined
            context["show_reset"] = may_reset and bool(get_overrides(obj))
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: ErrorCode, form: Any, change: bool) -> None:
        """Save a row with the digest of its current shipped texts, and warn of surprising changes."""
        before = self.get_queryset(request).filter(pk=obj.pk).first() if change else None
        obj.approve_default()
        super().save_model(request, obj, form, change)
        add_warnings(request, before, obj)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Return the change message with old and new values."""
        return build_form_message(form, formsets, add=add)


@admin.register(ErrorCode)
class ErrorCodeAdmin(ErrorCodeAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The registered admin of error codes."""


def _get_placeholders_help(obj: ErrorCode | None) -> SafeString:
    """Return the placeholders of the texts of a code, as HTML."""
    definition = codes.get(obj.code) if obj else None
    if definition is None or not definition.params:
        return format_html("{}", _("These texts take no placeholders."))
    names = format_html_join(", ", "<code>{{{}}}</code>", ((name,) for name in definition.params))
    return format_html("{} {}", _("Placeholders of all texts but the title:"), names)
