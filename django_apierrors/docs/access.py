"""Access to the documentation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import resolve_url

from .. import responses
from ..conf import conf
from ..exception_mapping import problem_with_code


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """The rights of a user beyond the public pages."""

    is_authenticated: bool
    is_staff: bool
    sees_unlisted: bool

    @property
    def is_public(self) -> bool:
        """Whether shared caches may store the response; templates of a project may greet whoever is logged in."""
        return conf.DOCS["ACCESS"] == "public" and not self.is_authenticated


def get_viewer(request: HttpRequest) -> Viewer:
    """Return the rights of the user of a request; no query for an anonymous user."""
    user: Any = getattr(request, "user", None)
    is_authenticated = user is not None and user.is_authenticated
    return Viewer(
        is_authenticated=is_authenticated,
        is_staff=is_authenticated and user.is_active and user.is_staff,
        sees_unlisted=is_authenticated and user.has_perm("django_apierrors.view_errorcode"),
    )


def deny_access(request: HttpRequest, *, as_data: bool) -> HttpResponseBase | None:
    """Return the response for a user without access to the documentation, ``None`` for all others.

    Browsers are redirected to the login page, programs (``as_data``) get a structured error.
    Raises ``PermissionDenied`` where ``ACCESS`` is ``"staff"``.
    """
    access = conf.DOCS["ACCESS"]
    user: Any = getattr(request, "user", None)
    is_authenticated = user is not None and user.is_authenticated
    if access == "public" or (is_authenticated and (access == "authenticated" or (user.is_active and user.is_staff))):
        return None
    if as_data:
        code = "AUTH_KEY_NOT_FOUND" if access == "authenticated" else "PERMISSION_DENIED"
        return responses.make(problem_with_code(code, request), request)
    if access == "authenticated":
        return _redirect_to_login(request.get_full_path())
    raise PermissionDenied


def _redirect_to_login(path: str) -> HttpResponseRedirect:
    """Return a redirect to the login page; ``django.contrib.auth.views`` needs contrib.auth installed."""
    login = urlsplit(resolve_url(settings.LOGIN_URL))
    query = QueryDict(login.query, mutable=True)
    query["next"] = path
    return HttpResponseRedirect(urlunsplit(login._replace(query=query.urlencode(safe="/"))))
