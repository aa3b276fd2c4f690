"""The page "Maintenance" and the pages of its buttons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.views.main import PAGE_VAR
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db import router
from django.http import HttpRequest, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from ... import headers
from ...datetimes import format_range
from ...maintenance import banner, bypass, status
from ...middleware import MISSING, is_installed
from ...models import MaintenanceWindow
from ...scopes import describe_scope
from ...snapshot import loader
from .conflicts import PAGE_STATE_FIELD, dump_page_state
from .forms import SwitchForm
from .page_texts import (
    describe_end,
    describe_force,
    describe_next_window,
    describe_open_window,
    describe_refusal,
    describe_scheduled_window,
    describe_status,
    get_status_class,
)
from .tester import (
    TestedWindows,
    TesterForm,
    get_preview_window,
    get_tested_windows,
    get_window_previews,
    render_maintenance_page,
)

if TYPE_CHECKING:
    _WindowModelAdmin = admin.ModelAdmin[MaintenanceWindow]
else:
    _WindowModelAdmin = object

_TEMPLATES = "admin/django_apierrors/maintenancewindow"
_HISTORY_PER_PAGE = 20


class MaintenancePages(_WindowModelAdmin):
    """The pages of maintenance, all of them read-only."""

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the windows, from the database for writes."""
        return super().get_queryset(request).using(router.db_for_write(self.model))

    def has_toggle_permission(self, request: HttpRequest) -> bool:
        """Return whether a user may turn maintenance on and off."""
        return request.user.has_perm("django_apierrors.toggle_maintenance")

    def get_url(self, name: str, *args: Any) -> str:
        """Return the URL of one of the views."""
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{name}", args=args)

    def redirect_to_page(self) -> HttpResponseRedirect:
        """Return a redirect to the page "Maintenance"."""
        return HttpResponseRedirect(self.get_url("changelist"))

    def render_page(
        self, request: HttpRequest, name: str, context: dict[str, Any], code: int = 200
    ) -> TemplateResponse:
        """Return an admin page."""
        request.current_app = self.admin_site.name
        context = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **context}
        return TemplateResponse(request, f"{_TEMPLATES}/{name}.html", context, status=code)

    def maintenance_page(
        self, request: HttpRequest, form: SwitchForm | None = None, code: int = 200
    ) -> TemplateResponse:
        """Return the page "Maintenance", with the submitted form of the switch."""
        now, is_missing = status(), not is_installed()
        tested = get_tested_windows(now)
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            banner.HIDE_BANNER: True,
            "status": now,
            "headline": _("Maintenance refuses nothing") if is_missing else describe_status(now),
            "status_class": "off" if is_missing else get_status_class(now),
            "forced": describe_force(now),
            "next_window": "" if now.is_on else describe_next_window(now),
            "open_windows": [(row, describe_open_window(row)) for row in now.open],
            "scheduled_windows": [(row, describe_scheduled_window(row)) for row in now.upcoming],
            "missing": MISSING if is_missing else (),
            "can_switch": self.has_toggle_permission(request) and not is_missing,
            "has_toggle_permission": self.has_toggle_permission(request),
            "form": form or SwitchForm(),
            PAGE_STATE_FIELD: dump_page_state((*now.open, *now.upcoming)),
            "has_bypass": bool(now.open) and bypass.has_bypass(request, map(loader.parse_window, now.open)),
            "previews": get_window_previews(get_preview_window(tested), request),
            "is_example": not tested.windows,
            "tested": tested.description,
            "zone": timezone.get_current_timezone_name(),
            **self._get_tester_context(request, tested),
            **self._get_history_context(request),
        }
        return self.render_page(request, "change_list", context, code)

    def preview_view(self, request: HttpRequest) -> Any:
        """Show the maintenance page of the site with the status 200."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return render_maintenance_page(get_preview_window(get_tested_windows(status())), request)

    def confirmation_page(self, request: HttpRequest, form: SwitchForm) -> TemplateResponse:
        """Return the page that asks for a confirmation."""
        row: MaintenanceWindow = form.instance
        context = {
            "title": _("Turn maintenance on?"),
            "form": form,
            "row": row,
            "refusal": describe_refusal(row),
            "until": describe_end(row),
            "forced": describe_force(status()),
            "preview": get_window_previews(loader.parse_window(row), request)[0],
            PAGE_STATE_FIELD: request.POST.get(PAGE_STATE_FIELD, ""),
        }
        return self.render_page(request, "on_confirmation", context)

    def method_not_allowed(self, request: HttpRequest, *allowed: str) -> TemplateResponse:
        """Return the response to a wrong method, with ``Allow`` (RFC 9110)."""
        response = self.render_page(request, "not_allowed", {"title": _("Nothing was changed")}, 405)
        response[headers.ALLOW] = ", ".join(allowed)
        return response

    def _get_tester_context(self, request: HttpRequest, tested: TestedWindows) -> dict[str, Any]:
        """Return the form of the tester with its result."""
        form = TesterForm(request.GET if "path" in request.GET else None)
        decision = form.decide(tested, request) if form.is_valid() else None
        covered = describe_scope(decision.window) if decision and decision.window else ""
        return {"tester": form, "decision": decision, "covered": covered}

    def _get_history_context(self, request: HttpRequest) -> dict[str, Any]:
        """Return a page of the windows that are over."""
        rows = self.get_queryset(request).filter(ends_at__lte=timezone.now()).order_by("-starts_at", "-pk")
        paginator = Paginator(rows, _HISTORY_PER_PAGE)
        page = paginator.get_page(request.GET.get(PAGE_VAR))
        return {
            "over": page,
            "history": [
                {"row": row, "when": format_range(row.starts_at, row.ends_at), "scope": describe_scope(row)}
                for row in page
            ],
            "page_range": paginator.get_elided_page_range(page.number),
            "page_var": PAGE_VAR,
        }
