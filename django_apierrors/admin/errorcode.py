"""The error codes in Django's admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from .. import codes
from ..models import ErrorCode, ErrorCodeTranslation
from ..models.fields import MultilineField
from . import log
from .actions import Actions
from .advice import advise
from .effective import CONTRACT, entry_of, state_of, untranslated
from .filters import StateFilter, StatusFilter, TypeFilter, search
from .forms import ErrorCodeForm, TranslationForm, TranslationFormSet, help_texts
from .preview import previews

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[ErrorCode]
else:
    _Admin = object

# Django 6 assumes https for a URL without a scheme; 5.2 warns unless it is told to.
_FIELDS: dict[Any, dict[str, Any]] = {
    models.TextField: {"form_class": MultilineField, "widget": AdminTextareaWidget(attrs={"rows": 3})},
    models.URLField: {"assume_scheme": "https"},
}


_CONTRACT = _("Clients act on these values: a change is a change of the API.")


class TranslationInline(admin.StackedInline):  # type: ignore[type-arg]
    """The texts of a code in other languages."""

    model = ErrorCodeTranslation
    form = TranslationForm
    formset = TranslationFormSet
    fields = ("language", *codes.TEXTS)
    formfield_overrides = {models.TextField: _FIELDS[models.TextField]}
    extra = 0


class ErrorCodeAdminMixin(Actions, _Admin):
    """The admin of the catalog, for any ``ModelAdmin``: a theme's, or Django's as in ``ErrorCodeAdmin``."""

    form = ErrorCodeForm
    inlines = [TranslationInline]
    formfield_overrides = _FIELDS
    autocomplete_fields = ["replaced_by"]
    list_display = ["code", "status_answered", "state", "title_shown", "listed", "deprecated", "lacks"]
    list_filter = [StateFilter, StatusFilter, TypeFilter, "listed", "deprecated"]
    list_select_related = ["replaced_by"]
    ordering = ["code"]
    search_fields = ["code", "title", "message"]
    search_help_text = _("Words of the code, the title or the message, as edited, translated or shipped")
    readonly_fields = ["state_explained", "updated_at"]

    class Media:
        """The style sheet of badges and previews."""

        css = {"all": ["django_apierrors/admin.css"]}

    def get_queryset(self, request: HttpRequest) -> QuerySet[ErrorCode]:
        """Return rows with their translations, so that a list takes the same queries however long it is."""
        return super().get_queryset(request).select_related("replaced_by").prefetch_related("translations")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[ErrorCode], search_term: str
    ) -> tuple[QuerySet[ErrorCode], bool]:
        """Search what is shipped too, which the database does not have."""
        return search(queryset, search_term), False

    @admin.display(description=_("status"))
    def status_answered(self, obj: ErrorCode) -> str:
        """Return the status that is answered."""
        entry = entry_of(obj)
        return str(entry.status) if entry else "-"

    @admin.display(description=_("title"))
    def title_shown(self, obj: ErrorCode) -> str:
        """Return the title that is shown, in the language of the admin."""
        entry = entry_of(obj)
        return entry.title if entry else obj.title

    @admin.display(description=_("state"))
    def state(self, obj: ErrorCode) -> SafeString:
        """Return a badge that says where the words come from."""
        state = state_of(obj)
        return format_html(
            '<span class="apierrors-badge apierrors-{}" title="{}">{}</span>',
            state.value,
            state.explanation,
            state.label,
        )

    @admin.display(description=_("state"))
    def state_explained(self, obj: ErrorCode) -> SafeString:
        """Return the badge with what it means."""
        return format_html("{} {}", self.state(obj), state_of(obj).explanation)

    @admin.display(description=_("untranslated"), empty_value="")
    def lacks(self, obj: ErrorCode) -> str:
        """Return the languages of the project that the message is not in."""
        return ", ".join(untranslated(obj))

    def view_on_site(self, obj: ErrorCode) -> str | None:
        """Return the URL of the page that documents a code, ``None`` when there are no pages."""
        try:
            return reverse("apierrors:detail", args=[obj.code])
        except NoReverseMatch:
            return None

    def get_readonly_fields(self, request: HttpRequest, obj: ErrorCode | None = None) -> list[str]:
        """Fix the code of a row that exists: clients know it by that."""
        return [*super().get_readonly_fields(request, obj), *(["code"] if obj else [])]

    def get_fieldsets(self, request: HttpRequest, obj: ErrorCode | None = None) -> Any:
        """Return the contract, the words, and what is documented; of a new row there is nothing to tell yet."""
        return [
            (None, {"fields": ["code", "state_explained", "updated_at"] if obj else ["code"]}),
            (_("Contract"), {"fields": [CONTRACT], "description": _CONTRACT}),
            (_("Words"), {"fields": codes.TEXTS, "description": _placeholders(obj)}),
            (_("Documentation"), {"fields": ["listed", "doc_url", "deprecated", "replaced_by"]}),
        ]

    def get_form(self, request: HttpRequest, obj: ErrorCode | None = None, change: bool = False, **kwargs: Any) -> Any:
        """Return a form that shows what is shipped beside each field."""
        return super().get_form(request, obj, change=change, **{"help_texts": help_texts(obj), **kwargs})

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Offer replacements without the buttons that add, change and delete them."""
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "replaced_by" and field is not None:
            field.widget = field.widget.widget
        return field

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Add the answer in every format, and the way back to what is shipped in the place of deletion."""
        obj = context.get("original")
        if obj is not None and request.method == "POST":
            obj = self.get_object(request, str(obj.pk))  # the other has the values that were refused
        if obj is not None:
            is_defined = codes.get(obj.code) is not None
            may_reset = is_defined and self.has_change_permission(request, obj)
            context["previews"] = previews(obj, request)
            context["show_delete"] = not is_defined
            context["show_reset"] = may_reset and bool(log.differences(obj))
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: ErrorCode, form: Any, change: bool) -> None:
        """Save a row, note which shipped texts it was compared with, and say what may surprise."""
        before = self.get_queryset(request).filter(pk=obj.pk).first() if change else None
        obj.approve_default()
        super().save_model(request, obj, form, change)
        advise(request, before, obj)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Return what was changed, with old and new values."""
        return log.of_form(form, formsets, add=add)


@admin.register(ErrorCode)
class ErrorCodeAdmin(ErrorCodeAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The error codes in Django's own look."""


def _placeholders(obj: ErrorCode | None) -> SafeString:
    """Return what the texts may name, as HTML."""
    definition = codes.get(obj.code) if obj else None
    if definition is None or not definition.params:
        return format_html("{}", _("These texts take no placeholders."))
    named = format_html_join(", ", "<code>{{{}}}</code>", ((name,) for name in definition.params))
    return format_html("{} {}", _("Placeholders of all texts but the title:"), named)
