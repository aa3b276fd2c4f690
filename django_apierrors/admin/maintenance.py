"""Maintenance in Django's admin: the page with the switch, the schedule, and the record of what was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from http import HTTPStatus
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.models import DELETION, LogEntry
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _

from ..datetimes import add_duration
from ..maintenance import bypass
from ..maintenance.operations import atomic_change
from ..models import MaintenanceWindow
from ..snapshot import loader
from . import maintenance_words as words
from .maintenance_forms import FIELDS, ScheduleForm
from .maintenance_shown import FIELD, digest, overtaken
from .maintenance_switch import Switching
from .maintenance_tester import previews

#: Who did what, and when.
_RECORD = ("created_by", "created_at", "ended_by")


class MaintenanceWindowAdminMixin(Switching):
    """The admin of maintenance, for any ``ModelAdmin``: a theme's, or Django's as in ``MaintenanceWindowAdmin``.

    ``toggle_maintenance`` is the permission for everything, ``view_maintenancewindow`` to look. What
    has begun is history: it is extended or ended by buttons, and its row is never edited.
    """

    form = ScheduleForm
    formfield_overrides = FIELDS
    radio_fields = {"mode": admin.VERTICAL}
    actions = None

    class Media:
        """The style sheet of the page."""

        css = {"all": ["django_apierrors/admin.css"]}

    def get_urls(self) -> list[Any]:
        """Return Django's URLs and those of the buttons, which take a POST and nothing else."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        switching: list[tuple[str, str, Callable[..., HttpResponseBase]]] = [
            ("on", "on/", self.on_view),
            ("off", "off/", self.off_view),
            ("end", "<path:object_id>/end/", self.end_view),
            ("extend", "<path:object_id>/extend/", self.extend_view),
            ("bypass", "bypass/", self.bypass_view),
            ("token", "token/", self.token_view),
        ]
        urls = [path(route, self._posted(view), name=f"{name}_{verb}") for verb, route, view in switching]
        preview = self.admin_site.admin_view(self.preview_view)
        return [*urls, path("preview/", preview, name=f"{name}_preview"), *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether somebody may look; who may toggle may."""
        return self.may_toggle(request) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Tell whether the page is listed for somebody."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Tell whether somebody may schedule a window."""
        return self.may_toggle(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether somebody may edit a window: not once it has begun."""
        return self.may_toggle(request) and not (obj is not None and obj.has_begun())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Tell whether somebody may cancel a window: not once it has begun."""
        return self.has_change_permission(request, obj)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the page "Maintenance" in the place of a list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return self.not_allowed(request, "GET", "HEAD")
        return self.page(request)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Schedule a window or edit one; the form itself refuses what others have overtaken."""
        title = {"title": _("Schedule maintenance")} if object_id is None else {}
        view = super().changeform_view

        def answer(shown: str, told: str) -> Any:
            request._maintenance_overtaken = told  # type: ignore[attr-defined]
            return view(request, object_id, form_url, {**title, "shown": shown, **(extra_context or {})})

        return self._alone(request, object_id, answer)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Cancel a window, unless others have overtaken that."""
        view = super().delete_view

        def answer(shown: str, told: str) -> Any:
            if told:
                messages.error(request, told)
                return self.back()
            asked = {"title": _("Cancel maintenance?"), "media": self.media, "shown": shown}
            return view(request, object_id, {**asked, **(extra_context or {})})

        return self._alone(request, object_id, answer)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the schedule, which knows what others did in the meantime."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.overtaken = getattr(request, "_maintenance_overtaken", "")  # type: ignore[attr-defined]
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> Any:
        """Propose the hour after the next full one."""
        now = timezone.now()
        hour = (timezone.localtime(now) if timezone.is_aware(now) else now).replace(minute=0, second=0, microsecond=0)
        starts_at, ends_at = (add_duration(hour, timedelta(hours=hours)) for hours in (2, 3))
        return {"starts_at": starts_at, "ends_at": ends_at, **super().get_changeform_initial_data(request)}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fields; of what has begun, the record is there too."""
        when: dict[str, Any] = {"fields": ["starts_at", "ends_at", "no_end"]}
        if not self.has_change_permission(request, obj):  # the fields of a form name the zone themselves
            zone = _("All times are in the time zone %s.") % timezone.get_current_timezone_name()
            when = {"fields": ["starts_at", "ends_at"], "description": format_html("{}", zone)}
        record = ["reason", *(_RECORD if obj else ())]
        return [
            (_("When"), when),
            (_("What is refused"), {"fields": ["mode", "path_prefixes", "methods", "exempt_networks"]}),
            (_("What clients read"), {"fields": ["message", "status_url"]}),
            (_("For the record"), {"fields": record}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Fix who did what, and when."""
        return [*super().get_readonly_fields(request, obj), *(_RECORD if obj else ())]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Offer one button that saves; show what clients will be answered."""
        row = context.get("original")
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if row is not None and request.method != "POST" and not row.has_begun():
            context["previews"] = previews(loader.parse_window(row), request)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a scheduled window, and note who made it."""
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Return what is logged of a window that was scheduled or edited."""
        return words.log_scheduled(form.instance) if add else words.log_edited(form)

    def render_delete_form(self, request: HttpRequest, context: Any) -> Any:
        """Say what is cancelled."""
        return super().render_delete_form(request, {**context, "sentence": words.scheduled(context["object"])})

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Log what will not happen."""
        log: Any = LogEntry.objects.log_actions
        by = request.user.pk
        return [log(by, [row], DELETION, words.log_cancelled(row), single_object=True) for row in queryset]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """Lead back to the page."""
        return self._scheduled(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        """Lead back to the page."""
        return self._scheduled(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> Any:
        """Lead back to the page."""
        messages.success(request, _("Cancelled: %s.") % obj_display)
        return self.back()

    def _scheduled(self, request: HttpRequest, row: MaintenanceWindow) -> Any:
        """Say what is scheduled; let the browser through if that is within the life of a pass."""
        messages.success(request, _("Scheduled. %s") % words.scheduled(row))
        response = self.back()
        if row.starts_at - timezone.now() <= timedelta(seconds=bypass.MAX_AGE):
            self.let_through(request, response, [loader.parse_window(row)])
            messages.info(request, _("This browser will be let through."))
        return response

    def _alone(self, request: HttpRequest, object_id: str | None, answer: Callable[[str, str], Any]) -> Any:
        """Answer with what is shown now; a POST after all others, and with what they did in the meantime."""
        rows = self.get_queryset(request).not_over()
        if request.method != "POST":
            return answer(digest(rows), "")
        if not self.may_toggle(request):
            raise PermissionDenied
        with atomic_change() as using:
            row = self.get_object(request, unquote(object_id)) if object_id else None
            told = overtaken(request.POST.get(FIELD, ""), using)
            if row is not None and row.has_begun():
                messages.error(request, _("This window has begun: it can be extended or ended, and no longer edited."))
                response = self.back()
            else:
                response = answer(digest(rows), told)
            if told or response.status_code != HTTPStatus.FOUND:
                transaction.set_rollback(True, using=using)
        return response

    def _posted(self, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        """Let a view be reached by POST alone, and by who may toggle alone."""

        def permitted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.may_toggle(request):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        inner = self.admin_site.admin_view(permitted)

        def posted(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            return inner(request, *args, **kwargs) if request.method == "POST" else self.not_allowed(request, "POST")

        return posted


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(MaintenanceWindowAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """Maintenance in Django's own look."""
