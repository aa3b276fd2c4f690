"""The model admin of maintenance windows: the page with the switch, the schedule, and the history."""

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

from ...datetimes import add_duration
from ...maintenance import bypass
from ...maintenance.operations import atomic_change
from ...models import MaintenanceWindow
from ...models.window import describe_user
from ...snapshot import loader
from .change_message import build_cancel_message, build_edit_message, build_schedule_message
from .conflicts import PAGE_STATE_FIELD, dump_page_state
from .forms import WINDOW_FORMFIELD_OVERRIDES, ScheduleForm
from .page_texts import describe_scheduled_window
from .switch_views import SwitchViews
from .tester import get_window_previews

#: The fields that are set by the admin.
_RECORD_FIELDS = ("created_by", "created_at", "ended_by")
#: Where a request keeps what other operators changed, from its view to its form.
_STALE_MESSAGE = "_maintenance_stale_message"


class MaintenanceWindowAdminMixin(SwitchViews):
    """The admin of maintenance for any subclass of ``ModelAdmin``, such as that of a theme.

    ``toggle_maintenance`` is the permission for all changes, ``view_maintenancewindow`` for reading.
    A window that has begun is extended or ended by buttons; its row is never edited.
    """

    form = ScheduleForm
    formfield_overrides = WINDOW_FORMFIELD_OVERRIDES
    radio_fields = {"mode": admin.VERTICAL}
    actions = None

    class Media:
        """The style sheet of the page."""

        css = {"all": ["django_apierrors/admin.css"]}

    def get_urls(self) -> list[Any]:
        """Return Django's URLs and those of the buttons, which accept only POST."""
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        buttons: list[tuple[str, str, Callable[..., HttpResponseBase]]] = [
            ("on", "on/", self.on_view),
            ("off", "off/", self.off_view),
            ("end", "<path:object_id>/end/", self.end_view),
            ("extend", "<path:object_id>/extend/", self.extend_view),
            ("bypass", "bypass/", self.bypass_view),
            ("token", "token/", self.token_view),
        ]
        urls = [path(route, self._require_post(view), name=f"{name}_{action}") for action, route, view in buttons]
        preview = self.admin_site.admin_view(self.preview_view)
        return [*urls, path("preview/", preview, name=f"{name}_preview"), *super().get_urls()]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a user may read; ``toggle_maintenance`` suffices."""
        return self.has_toggle_permission(request) or super().has_view_permission(request, obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Return whether the app index lists the page for a user."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether a user may schedule a window."""
        return self.has_toggle_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a user may edit a window: not after its start."""
        return self.has_toggle_permission(request) and not (obj is not None and obj.has_begun())

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether a user may cancel a window: not after its start."""
        return self.has_change_permission(request, obj)

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Show the page "Maintenance" in the place of a list."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return self.method_not_allowed(request, "GET", "HEAD")
        return self.maintenance_page(request)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        """Schedule or edit a window; the form refuses a stale page."""
        title = {"title": _("Schedule maintenance")} if object_id is None else {}
        view = super().changeform_view

        def respond(page_state: str, stale_message: str) -> Any:
            vars(request)[_STALE_MESSAGE] = stale_message
            context = {**title, PAGE_STATE_FIELD: page_state, **(extra_context or {})}
            return view(request, object_id, form_url, context)

        return self._respond_exclusively(request, object_id, respond)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> Any:
        """Cancel a window, unless the page is stale."""
        view = super().delete_view

        def respond(page_state: str, stale_message: str) -> Any:
            if stale_message:
                messages.error(request, stale_message)
                return self.redirect_to_page()
            context = {"title": _("Cancel maintenance?"), "media": self.media, PAGE_STATE_FIELD: page_state}
            return view(request, object_id, {**context, **(extra_context or {})})

        return self._respond_exclusively(request, object_id, respond)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form of the schedule with the changes since the page was rendered."""
        form = super().get_form(request, obj, change=change, **kwargs)
        form.stale_message = vars(request).get(_STALE_MESSAGE, "")  # type: ignore[attr-defined]
        return form

    def get_changeform_initial_data(self, request: HttpRequest) -> Any:
        """Return an hour in length from the second full hour on."""
        now = timezone.now()
        hour = (timezone.localtime(now) if timezone.is_aware(now) else now).replace(minute=0, second=0, microsecond=0)
        starts_at, ends_at = (add_duration(hour, timedelta(hours=hours)) for hours in (2, 3))
        return {"starts_at": starts_at, "ends_at": ends_at, **super().get_changeform_initial_data(request)}

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the fieldsets; those of an existing window include its record."""
        when: dict[str, Any] = {"fields": ["starts_at", "ends_at", "no_end"]}
        if not self.has_change_permission(request, obj):  # the help texts of a form name the zone
            zone = _("All times are in the time zone %s.") % timezone.get_current_timezone_name()
            when = {"fields": ["starts_at", "ends_at"], "description": format_html("{}", zone)}
        record = ["reason", *(_RECORD_FIELDS if obj else ())]
        return [
            (_("When"), when),
            (_("What is refused"), {"fields": ["mode", "path_prefixes", "methods", "exempt_networks"]}),
            (_("What clients read"), {"fields": ["message", "status_url"]}),
            (_("For the record"), {"fields": record}),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the read-only fields, among them the record."""
        return [*super().get_readonly_fields(request, obj), *(_RECORD_FIELDS if obj else ())]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> Any:
        """Show one save button, and the previews of a window that has not begun."""
        row = context.get("original")
        context |= {"show_save_and_continue": False, "show_save_and_add_another": False}
        if row is not None and request.method != "POST" and not row.has_begun():
            context["previews"] = get_window_previews(loader.parse_window(row), request)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save a scheduled window with its author."""
        if not change:
            obj.created_by = describe_user(request.user)
        super().save_model(request, obj, form, change)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Return the change message of a scheduled or edited window."""
        return build_schedule_message(form.instance) if add else build_edit_message(form)

    def render_delete_form(self, request: HttpRequest, context: Any) -> Any:
        """Add the description of the window."""
        context["summary"] = describe_scheduled_window(context["object"])
        return super().render_delete_form(request, context)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Log cancelled windows."""
        log: Any = LogEntry.objects.log_actions
        user_id = request.user.pk
        return [log(user_id, [row], DELETION, build_cancel_message(row), single_object=True) for row in queryset]

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        """Redirect to the page "Maintenance"."""
        return self._respond_scheduled(request, obj)

    def response_change(self, request: HttpRequest, obj: Any) -> Any:
        """Redirect to the page "Maintenance"."""
        return self._respond_scheduled(request, obj)

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: Any) -> Any:
        """Redirect to the page "Maintenance"."""
        messages.success(request, _("Cancelled: %s.") % obj_display)
        return self.redirect_to_page()

    def _respond_scheduled(self, request: HttpRequest, row: MaintenanceWindow) -> Any:
        """Add a message; grant a bypass if the window begins within its lifetime."""
        messages.success(request, _("Scheduled. %s") % describe_scheduled_window(row))
        response = self.redirect_to_page()
        if row.starts_at - timezone.now() <= timedelta(seconds=bypass.MAX_AGE):
            self.grant_bypass(request, response, [loader.parse_window(row)])
            messages.info(request, _("This browser will be let through."))
        return response

    def _respond_exclusively(
        self, request: HttpRequest, object_id: str | None, respond: Callable[[str, str], Any]
    ) -> Any:
        """Call a function with the page state, and for a POST, under a lock, with the changes of others."""
        rows = self.get_queryset(request).not_over()
        if request.method != "POST":
            return respond(dump_page_state(rows), "")
        if not self.has_toggle_permission(request):
            raise PermissionDenied
        with atomic_change() as using:
            row = self.get_object(request, unquote(object_id)) if object_id else None
            stale_message = self._get_stale_message(request, using)
            if row is not None and row.has_begun():
                messages.error(request, _("This window has begun: it can be extended or ended, and no longer edited."))
                response = self.redirect_to_page()
            else:
                response = respond(dump_page_state(rows), stale_message)
            if stale_message or response.status_code != HTTPStatus.FOUND:
                transaction.set_rollback(True, using=using)
        return response

    def _require_post(self, view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        """Restrict a view to POST and to users with the permission."""

        def checked_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not self.has_toggle_permission(request):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        inner = self.admin_site.admin_view(checked_view)

        def post_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method != "POST":
                return self.method_not_allowed(request, "POST")
            return inner(request, *args, **kwargs)

        return post_view


@admin.register(MaintenanceWindow)
class MaintenanceWindowAdmin(MaintenanceWindowAdminMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    """The registered admin of maintenance windows."""
