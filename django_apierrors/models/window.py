"""The model of maintenance windows."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ..client_ip import parse_network
from ..datetimes import format_datetime
from ..scopes import describe_scope
from ..text import clean
from ..windows import METHODS, SAFE_METHODS
from .fields import LinesField, split_lines, url_error
from .revision import Revision, RevisionedModel, RevisionedQuerySet

#: Characters of the text that stands for a user.
MAX_USER_LENGTH = 255


def describe_user(user: Any) -> str:
    """Return a user as text, primary key and name, as in ``7 ana``; a text as it is, ``""`` for nobody."""
    if user is None or isinstance(user, str):
        return clean(user or "", MAX_USER_LENGTH)
    name = user.get_username() if hasattr(user, "get_username") else user
    return clean(" ".join(str(part) for part in (getattr(user, "pk", None), name) if part is not None), MAX_USER_LENGTH)


def new_key() -> str:
    """Return a random key, which is never used again."""
    return uuid.uuid4().hex


class WindowQuerySet(RevisionedQuerySet):
    """A queryset of windows that are open, upcoming or over."""

    def open(self, now: datetime | None = None) -> WindowQuerySet:
        """Return the windows that are open, in the order of their start."""
        now = now or timezone.now()
        return self.not_over(now).filter(starts_at__lte=now).order_by("starts_at", "pk")

    def upcoming(self, now: datetime | None = None) -> WindowQuerySet:
        """Return the windows that have not begun, in the order of their start."""
        return self.filter(starts_at__gt=now or timezone.now()).order_by("starts_at", "pk")

    def not_over(self, now: datetime | None = None) -> WindowQuerySet:
        """Return the windows that are open or have not begun."""
        return self.filter(Q(ends_at__isnull=True) | Q(ends_at__gt=now or timezone.now()))


class MaintenanceWindow(RevisionedModel):
    """A time in which requests are answered 503; its row is kept as a record."""

    class Mode(models.TextChoices):
        """The refused requests."""

        FULL = "full", _("everything")
        READ_ONLY = "read_only", _("changes (GET, HEAD, OPTIONS and QUERY go on)")

    key = models.CharField(max_length=32, unique=True, default=new_key, editable=False)
    starts_at = models.DateTimeField(_("starts at"), default=timezone.now)
    ends_at = models.DateTimeField(_("ends at"), null=True, blank=True)
    mode = models.CharField(_("refuses"), max_length=10, choices=Mode.choices, default=Mode.FULL)
    path_prefixes = LinesField(
        _("paths"),
        help_text=_("One a line, as in /api/v1/billing, which covers what is below it too. None: every path."),
    )
    methods = LinesField(_("methods"), help_text=_("One a line, as in POST. None: every method."))
    exempt_networks = LinesField(
        _("exempt networks"), help_text=_("Who is let through: one address or CIDR block a line, as in 10.0.0.0/8.")
    )
    message = models.TextField(
        _("message"), blank=True, help_text=_("Public. Blank: what the catalog says of MAINTENANCE or READ_ONLY.")
    )
    status_url = models.URLField(
        _("status URL"),
        blank=True,
        help_text=_("Public. Where clients can follow the progress."),
    )
    reason = models.TextField(_("reason"), blank=True, help_text=_("Internal: for colleagues and the record."))
    # Texts, not foreign keys: the tables may be in a database without users, and the record outlives them.
    created_by = models.CharField(_("by"), max_length=MAX_USER_LENGTH, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    ended_by = models.CharField(_("ended by"), max_length=MAX_USER_LENGTH, blank=True, editable=False)

    part = Revision.WINDOWS
    objects = WindowQuerySet.as_manager()

    class Meta:
        """Names, order, permissions and constraints."""

        verbose_name = _("maintenance window")
        verbose_name_plural = _("maintenance")
        ordering = ["-starts_at", "-pk"]
        default_permissions = ("view",)
        permissions = [("toggle_maintenance", _("Can turn maintenance on and off"))]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__isnull=True) | Q(ends_at__gte=F("starts_at")),
                name="apierrors_window_ends_after_its_start",
                violation_error_message=_("The end is before the start."),
            ),
        ]

    def __str__(self) -> str:
        return f"{describe_scope(self)}, {format_datetime(self.starts_at)}"

    @property
    def is_read_only(self) -> bool:
        """Whether safe methods are not refused."""
        return self.mode == self.Mode.READ_ONLY

    def is_open(self, now: datetime | None = None) -> bool:
        """Return whether the window is open."""
        return self.has_begun(now) and not self.is_over(now)

    def has_begun(self, now: datetime | None = None) -> bool:
        """Return whether the window is open or over."""
        return self.starts_at <= (now or timezone.now())

    def is_over(self, now: datetime | None = None) -> bool:
        """Return whether the window is over."""
        return self.ends_at is not None and self.ends_at <= (now or timezone.now())

    def clean(self) -> None:
        """Refuse invalid times, paths, methods, networks and URLs; each message names the value and the fix."""
        self.methods = [method.upper() for method in split_lines(self.methods)]
        errors: dict[str, Any] = self._time_errors()
        checks = (("path_prefixes", _path_error), ("methods", _method_error))
        for name, check in (*checks, ("exempt_networks", _network_error)):
            messages = [message for message in map(check, split_lines(getattr(self, name))) if message]
            if messages:
                errors[name] = messages
        if error := url_error(self.status_url):
            errors["status_url"] = error
        if self.is_read_only and self.methods and set(self.methods) <= set(SAFE_METHODS):
            errors.setdefault("methods", _("A read-only window lets these pass: nothing would be refused."))
        if errors:
            raise ValidationError(errors)

    def _time_errors(self) -> dict[str, Any]:
        start, end = self.starts_at, self.ends_at
        errors = {"starts_at": start and _time_error(start), "ends_at": end and _time_error(end)}
        if any(errors.values()):
            return {name: message for name, message in errors.items() if message}
        if start and end and end <= start:
            values = {"end": format_datetime(end), "start": format_datetime(start)}
            return {"ends_at": _("The end, %(end)s, is not after the start, %(start)s: choose a later one.") % values}
        if end and self.is_over():
            return {"ends_at": _("The end, %s, is in the past: choose a later one.") % format_datetime(end)}
        return {}


def _time_error(moment: datetime) -> str | None:
    if timezone.is_aware(moment) == settings.USE_TZ:
        return None
    if settings.USE_TZ:
        return _("%s has no time zone: give it one, as django.utils.timezone.make_aware() does.") % moment
    return _("%s has a time zone, but USE_TZ is False: give the local time without one.") % moment


def _path_error(path: str) -> str | None:
    if not path.startswith("/"):
        return _("%(path)s begins with no slash; write /%(path)s.") % {"path": path}
    if any(character in "?#*% " or not character.isprintable() for character in path):
        return _("%s is no path: it has no query, no pattern, no blank and no percent sign.") % path
    return None


def _method_error(method: str) -> str | None:
    if method in METHODS:
        return None
    return _("%(method)s is no method; write one of %(known)s.") % {"method": method, "known": ", ".join(METHODS)}


def _network_error(text: str) -> str | None:
    try:
        parse_network(text)
    except ValueError:
        return _("%s is no network: write an address, or a CIDR block without host bits, as in 10.0.0.0/8.") % text
    return None
