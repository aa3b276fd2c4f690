"""Who may read the documentation, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from .. import responses
from ..conf import conf
from ..exception_mapping import problem_with_code


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """What the one who asks may see beyond the public pages."""

    is_staff: bool
    sees_unlisted: bool

    @property
    def is_public(self) -> bool:
        """Whether the answer may be kept and shown to anybody."""
        return conf.DOCS["ACCESS"] == "public" and not (self.is_staff or self.sees_unlisted)


def viewer(request: HttpRequest) -> Viewer:
    """Return what the user of a request may see; without a query for an anonymous one."""
    user: Any = getattr(request, "user", None)
    is_known = user is not None and user.is_authenticated
    return Viewer(
        is_staff=is_known and user.is_active and user.is_staff,
        sees_unlisted=is_known and user.has_perm("django_apierrors.view_errorcode"),
    )


def refusal(request: HttpRequest, *, as_data: bool) -> HttpResponseBase | None:
    """Return the answer to one who may not read the documentation at all, else ``None``.

    People are sent to the login page, programs (``as_data``) get a structured error. Where
    only staff may read, everybody else is forbidden: raises ``PermissionDenied``.
    """
    access = conf.DOCS["ACCESS"]
    user: Any = getattr(request, "user", None)
    is_known = user is not None and user.is_authenticated
    if access == "public" or (is_known and (access == "authenticated" or (user.is_active and user.is_staff))):
        return None
    if as_data:
        code = "AUTH_KEY_NOT_FOUND" if access == "authenticated" else "PERMISSION_DENIED"
        return responses.make(problem_with_code(code, request), request)
    if access == "authenticated":
        return redirect_to_login(request.get_full_path())
    raise PermissionDenied
