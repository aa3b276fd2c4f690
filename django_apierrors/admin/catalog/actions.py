"""The admin actions and the deletion of error codes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import router, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ... import codes
from ...catalog import Catalog
from ...docs import exports
from ...models import ErrorCode
from ...negotiation import active_language, docs_base
from .change_message import build_row_message, get_overrides, get_values
from .row_state import build_row

if TYPE_CHECKING:
    _ErrorCodeModelAdmin = admin.ModelAdmin[ErrorCode]
else:
    _ErrorCodeModelAdmin = object


class ErrorCodeActions(_ErrorCodeModelAdmin):
    """The actions. Rows are saved one by one, so that each is logged with its old and new values.

    A code with a definition in Python is never deleted: it is reset, with the permission to change it.
    """

    actions = ["list_codes", "unlist_codes", "deprecate_codes", "reset_codes", "export_codes"]

    @admin.action(permissions=["change"], description=gettext_lazy("List in the public documentation"))
    def list_codes(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> None:
        """Show codes in the public documentation."""
        count = self._set_field(request, queryset.filter(listed=False), "listed", True)
        text = ngettext("%d code is now listed.", "%d codes are now listed.", count)
        messages.success(request, text % count)

    @admin.action(permissions=["change"], description=gettext_lazy("Take out of the public documentation"))
    def unlist_codes(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> None:
        """Hide codes from the public documentation."""
        count = self._set_field(request, queryset.filter(listed=True), "listed", False)
        text = ngettext("%d code is no longer listed.", "%d codes are no longer listed.", count)
        messages.success(request, text % count)

    @admin.action(permissions=["change"], description=gettext_lazy("Mark as deprecated"))
    def deprecate_codes(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> None:
        """Mark codes as deprecated."""
        count = self._set_field(request, queryset.filter(deprecated=False), "deprecated", True)
        text = ngettext("%d code is now deprecated.", "%d codes are now deprecated.", count)
        messages.success(request, text % count)

    @admin.action(permissions=["change"], description=gettext_lazy("Reset to default"))
    def reset_codes(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> HttpResponseBase | None:
        """Reset codes to their shipped values after a confirmation."""
        defined, others = _split_by_definition(queryset)
        if others:
            text = _("Not reset, since no Python code defines them: %(codes)s.")
            messages.warning(request, text % {"codes": ", ".join(obj.code for obj in others)})
        return self._reset(request, defined)

    @admin.action(permissions=["view"], description=gettext_lazy("Export as JSON"))
    def export_codes(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> HttpResponse:
        """Return codes with their edits as a file for ``apierrors import``."""
        catalog = Catalog({obj.code: build_row(obj) for obj in queryset})
        known = set(catalog)
        language, docs = active_language(), docs_base(request)
        entries = [catalog.entry(obj.code, language, docs) for obj in queryset if obj.code in known]
        content = exports.to_json(exports.build_document(catalog, entries, with_edits=True))
        disposition = {"Content-Disposition": 'attachment; filename="error-codes.json"'}
        return HttpResponse(content, content_type="application/json", headers=disposition)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete a code that only the database has; reset a code that Python defines."""
        obj = self.get_object(request, unquote(object_id))
        if obj is None or codes.get(obj.code) is None:
            return super().delete_view(request, object_id, extra_context)
        if not self.has_change_permission(request, obj):
            raise PermissionDenied
        name = f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change"
        return self._reset(request, [obj]) or HttpResponseRedirect(reverse(name, args=[obj.pk]))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return the rows to delete and, in the same list, those to reset."""
        defined, others = _split_by_definition(objs)
        names, counts, permissions, protected = super().get_deleted_objects(others, request)
        if defined and not self.has_change_permission(request):
            permissions.add(str(self.opts.verbose_name))  # a reset is a change
        resets = [_("%(code)s: reset to default, since Python defines it") % {"code": obj.code} for obj in defined]
        return [*names, *resets], counts, permissions, protected

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Log deletions without resets."""
        return super().log_deletions(request, _split_by_definition(queryset)[1])  # type: ignore[arg-type]

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[ErrorCode]) -> None:
        """Delete a code that only the database has; reset a code that Python defines."""
        defined, others = _split_by_definition(queryset)
        with self._transaction():
            self._reset_rows(request, [obj for obj in defined if get_overrides(obj)])
            queryset.filter(pk__in=[obj.pk for obj in others]).delete()

    def _reset(self, request: HttpRequest, objs: Iterable[ErrorCode]) -> TemplateResponse | None:
        """Return the confirmation page, or ``None`` after a reset."""
        overridden = {obj: overrides for obj in objs if (overrides := get_overrides(obj))}
        if not overridden:
            messages.info(request, _("There is nothing to reset: everything is as shipped."))
            return None
        if request.POST.get("post"):
            with self._transaction():
                self._reset_rows(request, overridden)
            text = ngettext("%d code was reset to default.", "%d codes were reset to default.", len(overridden))
            messages.success(request, text % len(overridden))
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Reset to default"),
            "opts": self.opts,
            "media": self.media,
            "overridden": overridden.items(),
            "is_action": "action" in request.POST,
            "select_across": request.POST.get("select_across") == "1",
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/django_apierrors/errorcode/reset_confirmation.html", context)

    def _reset_rows(self, request: HttpRequest, objs: Iterable[ErrorCode]) -> None:
        for obj in objs:
            before = get_values(obj)
            obj.reset()
            obj.refresh_from_db()  # its translations were prefetched
            self.log_change(request, obj, build_row_message(before, obj))

    def _set_field(self, request: HttpRequest, queryset: QuerySet[ErrorCode], name: str, value: bool) -> int:
        objs = list(queryset)
        with self._transaction():
            for obj in objs:
                before = get_values(obj)
                setattr(obj, name, value)
                obj.save(update_fields=[name, "updated_at"])
                self.log_change(request, obj, build_row_message(before, obj))
        return len(objs)

    def _transaction(self) -> Any:
        return transaction.atomic(using=router.db_for_write(self.model))


def _split_by_definition(objs: Iterable[ErrorCode]) -> tuple[list[ErrorCode], list[ErrorCode]]:
    """Return the rows with a definition in Python, and the others."""
    defined: list[ErrorCode] = []
    others: list[ErrorCode] = []
    for obj in objs:
        (others if codes.get(obj.code) is None else defined).append(obj)
    return defined, others
