"""The red line on every page of the admin while maintenance is on."""

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

from ..windows import FORCED, Window, open_at
from . import descriptions

#: What a page that says by itself what is on has in its context.
SHOWN = "maintenance_is_shown"

_PAGE = "django_apierrors_maintenancewindow_changelist"
_MAY_SEE = ("django_apierrors.view_maintenancewindow", "django_apierrors.toggle_maintenance")


def is_admin(request: HttpRequest) -> bool:
    """Tell whether a request was for an admin, whatever its site is called; every rendered page is asked."""
    match = request.resolver_match
    return match is not None and "admin" in match.app_names


def add(request: HttpRequest, response: Any) -> None:
    """Put the banner among the messages of a page of an admin that is not rendered yet; leave others alone.

    It is no message of Django's storage: what nobody renders would turn up on a later page.
    """
    match, context = request.resolver_match, getattr(response, "context_data", None)
    if match is None or not context or "site_header" not in context or context.get(SHOWN):
        return
    there = context.get("messages")
    opened = () if isinstance(there, Banner) else open_at(time())
    if opened:
        namespace = match.namespace if context.get("has_permission") else ""
        messages = get_messages(request) if there is None else there
        context["messages"] = Banner(messages, request, opened, namespace)


class Banner:
    """The messages of a page with the banner in front, which is made when the page is rendered."""

    def __init__(self, messages: Any, request: HttpRequest, opened: tuple[Window, ...], namespace: str) -> None:
        """Take the other messages, and the namespace of the admin that the banner links to, ``""`` for none."""
        self._messages = messages
        self._request = request
        self._opened = opened
        self._namespace = namespace

    def __len__(self) -> int:
        return 1 + len(self._messages)

    def __iter__(self) -> Iterator[Any]:
        # Only now are the permissions of the user there for certain, and queries allowed under ASGI.
        yield Message(ERROR, self._line(), extra_tags="apierrors-maintenance")
        yield from self._messages

    def _line(self) -> str:
        line, url = text(self._opened), self._url()
        return format_html('{} <a href="{}">{}</a>', line, url, _("To the switch")) if url else line

    def _url(self) -> str:
        user: Any = getattr(self._request, "user", None)
        if not self._namespace or not any(map(user.has_perm, _MAY_SEE)):
            return ""
        try:
            return reverse(f"{self._namespace}:{_PAGE}")
        except NoReverseMatch:
            return ""  # an admin site of its own, without maintenance


def text(opened: tuple[Window, ...]) -> str:
    """Return in one or two sentences what is on, the strictest first."""
    window, others = opened[0], len(opened) - 1
    said = {"scope": descriptions.scope(window), "ends": descriptions.moment(window.ends_at) if window.ends_at else ""}
    if window.key == FORCED:
        return _('Maintenance is on for everything: MAINTENANCE["FORCE"] is True in the settings.')
    if window.is_read_only and said["ends"]:
        line = _("Maintenance is on for %(scope)s until %(ends)s: only reading goes on.") % said
    elif window.is_read_only:
        line = _("Maintenance is on for %(scope)s until somebody turns it off: only reading goes on.") % said
    elif said["ends"]:
        line = _("Maintenance is on for %(scope)s until %(ends)s.") % said
    else:
        line = _("Maintenance is on for %(scope)s until somebody turns it off.") % said
    if not others:
        return line
    more = ngettext("%(others)d more window is open.", "%(others)d more windows are open.", others)
    return f"{line} {more % {'others': others}}"
