"""The views behind the buttons of the page "Maintenance"."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.cache import add_never_cache_headers
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ...datetimes import add_duration
from ...docs.examples import get_api_url
from ...maintenance import bypass, status
from ...maintenance.operations import atomic_change, end
from ...middleware import is_installed
from ...models import MaintenanceWindow
from ...models.window import describe_user
from ...snapshot import loader
from ...windows import Window
from .change_message import build_bypass_message, build_end_message, build_extend_message, build_on_message
from .conflicts import PAGE_STATE_FIELD, get_stale_message
from .forms import SwitchForm
from .page_texts import describe_end, describe_turned_on
from .pages import MaintenancePages

_EXTENSION = timedelta(minutes=30)


class SwitchViews(MaintenancePages):
    """The views that change something; see ``MaintenanceWindowAdminMixin.get_urls`` for method and permission."""

    def on_view(self, request: HttpRequest) -> HttpResponseBase:
        """Turn maintenance on, after a confirmation."""
        form = SwitchForm(request.POST)
        if not is_installed():
            return self.maintenance_page(request, form, 409)
        if "back" in request.POST or not form.is_valid():
            return self.maintenance_page(request, form)
        if "confirmed" in request.POST:
            stale_message = self._turn_on(request, form.instance)
        else:
            stale_message = self._get_stale_message(request, self.get_queryset(request).db)
        if stale_message:
            form.add_error(None, stale_message)
            return self.maintenance_page(request, form, 409)
        if "confirmed" not in request.POST:
            return self.confirmation_page(request, form)
        messages.success(request, describe_turned_on(form.instance, status()))
        response = self.redirect_to_page()
        self.grant_bypass(request, response, self._get_open_windows(request))
        return response

    def off_view(self, request: HttpRequest) -> HttpResponseBase:
        """End all open windows."""
        return self._end_windows(request, lambda: self.get_queryset(request).open())

    def end_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """End one open window."""
        return self._end_windows(request, lambda: filter(None, [self._get_open_row(request, object_id)]))

    def extend_view(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Extend an open window by half an hour."""
        with atomic_change() as using:
            stale_message = self._get_stale_message(request, using)
            row = None if stale_message else self._get_open_row(request, object_id)
            if row is None or row.ends_at is None:
                transaction.set_rollback(True, using=using)
            else:
                row.ends_at = add_duration(row.ends_at, _EXTENSION)
                row.save(update_fields=["ends_at"])
                self.log_change(request, row, build_extend_message(row))
        response = self.redirect_to_page()
        if row is None or row.ends_at is None:
            message = stale_message or _("This window is over or has no end; nothing was extended.")
            messages.error(request, message)
            return response
        messages.success(request, _("Extended: maintenance goes on %s.") % describe_end(row))
        if row.key in bypass.keys(request):  # the old cookie would expire before the window
            self.grant_bypass(request, response, [loader.parse_window(row)])
        return response

    def bypass_view(self, request: HttpRequest) -> HttpResponseBase:
        """Set a bypass cookie in this browser."""
        windows = self._get_open_windows(request)
        response = self.redirect_to_page()
        if not windows:
            messages.error(request, _("Nothing is on, so there is nothing to be let through."))
            return response
        self._log_bypass(request, is_token=False)
        self.grant_bypass(request, response, windows)
        messages.success(request, _("This browser is let through until maintenance ends, for 12 hours at most."))
        return response

    def token_view(self, request: HttpRequest) -> HttpResponseBase:
        """Show a new bypass token for API clients, once."""
        windows = self._get_open_windows(request)
        if not windows:
            messages.error(request, _("Nothing is on, so there is nothing to be let through."))
            return self.redirect_to_page()
        self._log_bypass(request, is_token=True)
        context = {
            "title": _("A token for API clients"),
            "header": bypass.HEADER,
            "token": bypass.token(windows),
            "url": get_api_url(request),
        }
        response = self.render_page(request, "token", context)
        add_never_cache_headers(response)
        return response

    def grant_bypass(self, request: HttpRequest, response: HttpResponseBase, windows: Iterable[Window]) -> None:
        """Set a bypass cookie for some windows, in addition to those of the current cookie."""
        rows = self.get_queryset(request).not_over()
        by_key = {window.key: window for window in (*map(loader.parse_window, rows), *windows)}
        keys = bypass.keys(request) | {window.key for window in windows}
        bypass.set_bypass_cookie(response, request, [window for key, window in by_key.items() if key in keys])

    def _turn_on(self, request: HttpRequest, row: MaintenanceWindow) -> str:
        """Open a window, or return the changes of others since the page was rendered."""
        with atomic_change() as using:
            stale_message = self._get_stale_message(request, using)
            if stale_message:
                transaction.set_rollback(True, using=using)
            else:
                row.created_by = describe_user(request.user)
                row.save()
                self.log_addition(request, row, build_on_message(row))
        return stale_message

    def _end_windows(self, request: HttpRequest, rows: Callable[[], Iterable[MaintenanceWindow]]) -> HttpResponseBase:
        with atomic_change() as using:
            stale_message = self._get_stale_message(request, using)
            ended = [] if stale_message else list(rows())
            if not ended:
                transaction.set_rollback(True, using=using)
            for row in ended:
                planned_end = row.ends_at
                end(row, user=request.user)
                self.log_change(request, row, build_end_message(row, planned_end))
        if stale_message:
            messages.error(request, stale_message)
        elif not ended:
            messages.info(request, _("It was over already; there was nothing to turn off."))
        else:
            text = ngettext("%d window was ended.", "%d windows were ended.", len(ended))
            messages.success(request, text % len(ended))
        return self.redirect_to_page()

    def _get_stale_message(self, request: HttpRequest, using: str) -> str:
        return get_stale_message(request.POST.get(PAGE_STATE_FIELD, ""), using)

    def _get_open_row(self, request: HttpRequest, object_id: str) -> MaintenanceWindow | None:
        """Return a window if it is open."""
        row = self.get_object(request, unquote(object_id))
        return row if row is not None and row.is_open() else None

    def _get_open_windows(self, request: HttpRequest) -> list[Window]:
        """Return the open windows of the database; ``FORCE`` has no bypass."""
        return [loader.parse_window(row) for row in self.get_queryset(request).open()]

    def _log_bypass(self, request: HttpRequest, *, is_token: bool) -> None:
        for row in self.get_queryset(request).open():
            self.log_change(request, row, build_bypass_message(row, is_token=is_token))
