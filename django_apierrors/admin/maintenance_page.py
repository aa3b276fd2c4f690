"""What stands on the page "Maintenance", and on the pages that its buttons lead to."""

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

from .. import headers
from ..maintenance import banner, bypass, status
from ..middleware import MISSING, is_installed
from ..models import MaintenanceWindow
from ..scopes import describe_scope
from ..snapshot import loader
from . import maintenance_words as words
from .maintenance_forms import SwitchForm
from .maintenance_shown import digest
from .maintenance_tester import Subject, TesterForm, page_for_people, previews, shown_window, subject_of

if TYPE_CHECKING:
    _Admin = admin.ModelAdmin[MaintenanceWindow]
else:
    _Admin = object

_TEMPLATES = "admin/django_apierrors/maintenancewindow"
_OVER_A_PAGE = 20


class Pages(_Admin):
    """The pages; nothing here changes anything."""

    def get_queryset(self, request: HttpRequest) -> Any:
        """Return the windows with who began and ended them, from the database that is written to."""
        rows = super().get_queryset(request).using(router.db_for_write(self.model))
        return rows.select_related("created_by", "ended_by")

    def may_toggle(self, request: HttpRequest) -> bool:
        """Tell whether somebody may turn maintenance on and off."""
        return request.user.has_perm("django_apierrors.toggle_maintenance")

    def url(self, name: str, *args: Any) -> str:
        """Return the URL of one of the views."""
        return reverse(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_{name}", args=args)

    def back(self) -> HttpResponseRedirect:
        """Return a redirect to the page."""
        return HttpResponseRedirect(self.url("changelist"))

    def render(self, request: HttpRequest, name: str, context: dict[str, Any], code: int = 200) -> TemplateResponse:
        """Return a page of the admin."""
        request.current_app = self.admin_site.name
        everything = {**self.admin_site.each_context(request), "opts": self.opts, "media": self.media, **context}
        return TemplateResponse(request, f"{_TEMPLATES}/{name}.html", everything, status=code)

    def page(self, request: HttpRequest, form: SwitchForm | None = None, code: int = 200) -> TemplateResponse:
        """Return the page "Maintenance", with the form of the switch as it was sent."""
        now, is_missing = status(), not is_installed()
        subject = subject_of(now)
        answered = shown_window(subject)
        context = {
            "title": capfirst(self.opts.verbose_name_plural),
            banner.HIDE_BANNER: True,
            "state": now,
            "headline": _("Maintenance refuses nothing") if is_missing else words.headline(now),
            "look": "off" if is_missing else words.look(now),
            "forced": words.forced(now),
            "quiet": "" if now.is_on else words.quiet(now),
            "opened": [(row, words.opened(row)) for row in now.open],
            "scheduled": [(row, words.scheduled(row)) for row in now.upcoming],
            "missing": MISSING if is_missing else (),
            "may_switch": self.may_toggle(request) and not is_missing,
            "may_toggle": self.may_toggle(request),
            "form": form or SwitchForm(),
            "shown": digest((*now.open, *now.upcoming)),
            "is_let_through": bool(now.open) and bypass.has_bypass(request, map(loader.parse_window, now.open)),
            "previews": previews(answered, request),
            "is_example": not subject.windows,
            "subject": subject.words,
            "zone": timezone.get_current_timezone_name(),
            **self._tested(request, subject),
            **self._history(request),
        }
        return self.render(request, "change_list", context, code)

    def preview_view(self, request: HttpRequest) -> Any:
        """Show the page that people see, as a success."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return page_for_people(shown_window(subject_of(status())), request)

    def confirmation(self, request: HttpRequest, form: SwitchForm) -> TemplateResponse:
        """Return the page that says what will be blocked, and asks."""
        row: MaintenanceWindow = form.instance
        context = {
            "title": _("Turn maintenance on?"),
            "form": form,
            "row": row,
            "refused": words.refused(row),
            "until": words.until(row),
            "forced": words.forced(status()),
            "preview": previews(loader.parse_window(row), request)[0],
            "shown": request.POST.get("shown", ""),
        }
        return self.render(request, "on_confirmation", context)

    def not_allowed(self, request: HttpRequest, *allowed: str) -> TemplateResponse:
        """Return the answer to who comes by a link where only a button leads, or the other way round (RFC 9110)."""
        response = self.render(request, "not_allowed", {"title": _("Nothing was changed")}, 405)
        response[headers.ALLOW] = ", ".join(allowed)
        return response

    def _tested(self, request: HttpRequest, subject: Subject) -> dict[str, Any]:
        """Return the tester, and its verdict if it was asked."""
        form = TesterForm(request.GET if "path" in request.GET else None)
        verdict = form.verdict(subject, request) if form.is_valid() else None
        covered = describe_scope(verdict.window) if verdict and verdict.window else ""
        return {"tester": form, "verdict": verdict, "covered": covered}

    def _history(self, request: HttpRequest) -> dict[str, Any]:
        """Return the windows that are over, a page of them."""
        rows = self.get_queryset(request).filter(ends_at__lte=timezone.now()).order_by("-starts_at", "-pk")
        paginator = Paginator(rows, _OVER_A_PAGE)
        page = paginator.get_page(request.GET.get(PAGE_VAR))
        return {
            "over": page,
            "history": [words.past(row) for row in page],
            "page_range": paginator.get_elided_page_range(page.number),
            "page_var": PAGE_VAR,
        }
