"""What the buttons of the page "Maintenance" do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import get_script_prefix
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..conf import conf
from ..datetimes import add_duration
from ..maintenance import bypass, status
from ..maintenance.operations import atomic_change, end
from ..middleware import is_installed
from ..models import MaintenanceWindow
from ..snapshot import loader
from ..windows import Window
from . import maintenance_words as words
from .maintenance_forms import SwitchForm
from .maintenance_page import Pages
from .maintenance_shown import FIELD, overtaken

_EXTENSION = timedelta(minutes=30)


class Switching(Pages):
    """The views that change something: by POST alone, and by who may toggle alone."""

    def on_view(self, request: HttpRequest) -> HttpResponseBase:
        """Turn maintenance on: check, ask, and do it once that was answered."""
        form = SwitchForm(request.POST)
        if not is_installed():
            return self.page(request, form, 409)
        if "back" in request.POST or not form.is_valid():
            return self.page(request, form)
        if "confirmed" in request.POST:
            told = self._turn_on(request, form.instance)
        else:
            told = overtaken(request.POST.get(FIELD, ""), self.get_queryset(request).db)
        if told:
            form.add_error(None, told)
            return self.page(request, form, 409)
        if "confirmed" not in request.POST:
            return self.confirmation(request, form)
        messages.success(request, words.told_of_on(form.instance, status()))
        response = self.back()
        self.let_through(request, response, self._open(request))
        return response

    def off_view(self, request: HttpRequest) -> HttpResponseBase:
        """End all open windows."""
        return self._end(request, lambda: self.get_queryset(request).open())

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """End one open window."""
        return self._end(request, lambda: filter(None, [self._one(request, object_id)]))

    def extend_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Extend an open window by half an hour."""
        with atomic_change() as using:
            told = overtaken(request.POST.get(FIELD, ""), using)
            row = None if told else self._one(request, object_id)
            if row is None or row.ends_at is None:
                transaction.set_rollback(True, using=using)
            else:
                row.ends_at = add_duration(row.ends_at, _EXTENSION)
                row.save(update_fields=["ends_at"])
                self.log_change(request, row, words.log_extended(row))
        response = self.back()
        if row is None or row.ends_at is None:
            messages.error(request, told or _("This window is over or has no end; nothing was extended."))
            return response
        messages.success(request, _("Extended: maintenance goes on %s.") % words.until(row))
        if row.key in bypass.keys(request):  # else the cookie would end before the window
            self.let_through(request, response, [loader.parse_window(row)])
        return response

    def bypass_view(self, request: HttpRequest) -> HttpResponseBase:
        """Let the browser that asks through."""
        opened = self._open(request)
        response = self.back()
        if not opened:
            messages.error(request, _("Nothing is on, so there is nothing to be let through."))
            return response
        self._log_pass(request, is_token=False)
        self.let_through(request, response, opened)
        messages.success(request, _("This browser is let through until maintenance ends, for 12 hours at most."))
        return response

    def token_view(self, request: HttpRequest) -> HttpResponseBase:
        """Show a token for API clients, this once."""
        opened = self._open(request)
        if not opened:
            messages.error(request, _("Nothing is on, so there is nothing to be let through."))
            return self.back()
        self._log_pass(request, is_token=True)
        made = {
            "title": _("A token for API clients"),
            "header": bypass.HEADER,
            "token": bypass.token(opened),
            "url": request.build_absolute_uri(get_script_prefix() + next(iter(conf.API_PATHS), "/").lstrip("/")),
        }
        response = self.render(request, "token", made)
        add_never_cache_headers(response)
        return response

    def let_through(self, request: HttpRequest, response: HttpResponseBase, windows: Iterable[Window]) -> None:
        """Give the browser a pass for some windows, and for those that it has one for already."""
        held = bypass.keys(request)
        rows = self.get_queryset(request).not_over()
        passes = {window.key: window for window in (*map(loader.parse_window, rows), *windows)}
        wanted = held | {window.key for window in windows}
        bypass.set_bypass_cookie(response, request, [window for key, window in passes.items() if key in wanted])

    def _turn_on(self, request: HttpRequest, row: MaintenanceWindow) -> str:
        """Open a window, or return what others did in the meantime."""
        with atomic_change() as using:
            told = overtaken(request.POST.get(FIELD, ""), using)
            if told:
                transaction.set_rollback(True, using=using)
            else:
                row.created_by = request.user  # type: ignore[assignment]
                row.save()
                self.log_addition(request, row, words.log_on(row))
        return told

    def _end(self, request: HttpRequest, rows: Callable[[], Iterable[MaintenanceWindow]]) -> HttpResponseBase:
        with atomic_change() as using:
            told = overtaken(request.POST.get(FIELD, ""), using)
            ended = [] if told else list(rows())
            if not ended:
                transaction.set_rollback(True, using=using)
            for row in ended:
                planned = row.ends_at
                end(row, user=request.user)
                self.log_change(request, row, words.log_ended(row, planned))
        if told:
            messages.error(request, told)
        elif not ended:
            messages.info(request, _("It was over already; there was nothing to turn off."))
        else:
            said = ngettext("%d window was ended.", "%d windows were ended.", len(ended)) % len(ended)
            messages.success(request, said)
        return self.back()

    def _one(self, request: HttpRequest, object_id: str) -> MaintenanceWindow | None:
        """Return a window if it is open."""
        row = self.get_object(request, unquote(object_id))
        return row if row is not None and row.is_open() else None

    def _open(self, request: HttpRequest) -> list[Window]:
        """Return the windows of the database that are open; what the settings force has no pass."""
        return [loader.parse_window(row) for row in self.get_queryset(request).open()]

    def _log_pass(self, request: HttpRequest, *, is_token: bool) -> None:
        for row in self.get_queryset(request).open():
            self.log_change(request, row, words.log_let_through(row, is_token))
