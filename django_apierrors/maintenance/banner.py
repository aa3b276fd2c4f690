"""The banner on every page of the admin while maintenance is on."""

from __future__ import annotations

from collections.abc import Iterator
from time import time
from typing import Any

from django.contrib.messages import ERROR, get_messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..datetimes import format_time
from ..scopes import describe_scope
from ..windows import FORCED, Window, open_at

#: The context variable of a page that needs no banner.
HIDE_BANNER = "hide_maintenance_banner"

_PAGE = "django_apierrors_maintenancewindow_changelist"
_VIEW_PERMISSIONS = ("django_apierrors.view_maintenancewindow", "django_apierrors.toggle_maintenance")


def add_banner(request: HttpRequest, response: Any) -> None:
    """Add the banner to the messages of an unrendered page of an admin; other responses stay as they are.

    The banner is not stored as a message: an unrendered one would appear on a later page.
    """
    match, context = request.resolver_match, getattr(response, "context_data", None)
    if match is None or not context or "site_header" not in context or context.get(HIDE_BANNER):
        return
    existing = context.get("messages")
    open_windows = () if isinstance(existing, Banner) else open_at(time())
    if open_windows:
        namespace = match.namespace if context.get("has_permission") else ""
        messages = get_messages(request) if existing is None else existing
        context["messages"] = Banner(messages, request, open_windows, namespace)


class Banner:
    """The messages of a page, preceded by the banner, which is built during rendering."""

    def __init__(self, messages: Any, request: HttpRequest, open_windows: tuple[Window, ...], namespace: str) -> None:
        """Take the other messages, and the namespace of the admin, ``""`` for a user without access to it."""
        self._messages = messages
        self._request = request
        self._open_windows = open_windows
        self._namespace = namespace

    def __len__(self) -> int:
        return 1 + len(self._messages)

    def __iter__(self) -> Iterator[Any]:
        # Only now is the user known for certain, and are queries allowed under ASGI.
        yield Message(ERROR, self._text(), extra_tags="apierrors-maintenance")
        yield from self._messages

    def _text(self) -> str:
        may_view = self._may_view()
        line, url = describe(self._open_windows, with_internals=may_view), self._url() if may_view else ""
        return format_html('{} <a href="{}">{}</a>', line, url, _("To the switch")) if url else line

    def _may_view(self) -> bool:
        # The page of the login has a banner, too, for anybody.
        user: Any = getattr(self._request, "user", None)
        return bool(self._namespace) and any(map(user.has_perm, _VIEW_PERMISSIONS))

    def _url(self) -> str:
        try:
            return reverse(f"{self._namespace}:{_PAGE}")
        except NoReverseMatch:
            return ""  # a custom admin site without maintenance


def describe(open_windows: tuple[Window, ...], *, with_internals: bool) -> str:
    """Return the sentences of the banner: the strictest window, and the number of the others.

    Paths and settings are for those who may see the windows (``with_internals``).
    """
    window, others = open_windows[0], len(open_windows) - 1
    values = {
        "scope": describe_scope(window) if with_internals or not window.path_prefixes else _("some paths"),
        "ends": format_time(window.ends_at) if window.ends_at else "",
    }
    if window.key == FORCED and not with_internals:
        return _("Maintenance is on for everything.")
    if window.key == FORCED:
        return _('Maintenance is on for everything: MAINTENANCE["FORCE"] is True in the settings.')
    if window.is_read_only and values["ends"]:
        line = _("Maintenance is on for %(scope)s until %(ends)s: only reading goes on.") % values
    elif window.is_read_only:
        line = _("Maintenance is on for %(scope)s until somebody turns it off: only reading goes on.") % values
    elif values["ends"]:
        line = _("Maintenance is on for %(scope)s until %(ends)s.") % values
    else:
        line = _("Maintenance is on for %(scope)s until somebody turns it off.") % values
    if not others:
        return line
    more = ngettext("%(others)d more window is open.", "%(others)d more windows are open.", others)
    return f"{line} {more % {'others': others}}"
