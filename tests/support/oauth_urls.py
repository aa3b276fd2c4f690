"""An authorization server: django-oauth-toolkit below /oauth/, and beside it views that raise what it never answers."""

import os

from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from oauth2_provider.views import TokenView
from rest_framework.exceptions import Throttled
from rest_framework.permissions import BasePermission
from rest_framework.response import Response
from rest_framework.views import APIView
from shop import views

from django_apierrors import handlers, oauth2

if os.environ["APIERRORS_OAUTH"] != "alone":
    handler400, handler403 = handlers.handler400, handlers.handler403
    handler404, handler500 = handlers.handler404, handlers.handler500

ERRORS = {
    "invalid_request": oauth2.InvalidRequest,
    "invalid_client": oauth2.InvalidClient,
    "invalid_grant": oauth2.InvalidGrant,
    "unauthorized_client": oauth2.UnauthorizedClient,
    "unsupported_grant_type": oauth2.UnsupportedGrantType,
    "unsupported_response_type": oauth2.UnsupportedResponseType,
    "invalid_scope": oauth2.InvalidScope,
    "forbidden_scope": oauth2.ForbiddenScope,
    "access_denied": oauth2.AccessDenied,
    "server_error": oauth2.ServerError,
    "temporarily_unavailable": oauth2.TemporarilyUnavailable,
}
#: Redirect URIs that the views below know.
REGISTERED = ("https://client.example/callback", "https://client.example/callback?app=1", "com.example.app:/callback")


@csrf_exempt
def token(request, key):
    """A token endpoint that refuses."""
    raise ERRORS[key](request.POST.get("description"), **({"retry_after": 7} if key.startswith("temporarily") else {}))


def authorize(request, key):
    """An authorization endpoint that refuses."""
    asked = request.GET.get("redirect_uri")
    known = asked if request.GET.get("client_id") == "web" and asked in REGISTERED else None
    return oauth2.authorization_error(request, known, key, description=request.GET.get("description"))


async def authorize_async(request, key):
    return authorize(request, key)


class StrictTokenView(TokenView):
    """Challenges a client in the scheme that it used, which the toolkit does not."""

    def post(self, request, *args, **kwargs):
        response = super().post(request, *args, **kwargs)
        if response.status_code == 401:
            raise oauth2.InvalidClient()
        return response


class TokenHasScopeOrSaysWhich(TokenHasScope):
    def has_permission(self, request, view):
        if request.auth is not None and not super().has_permission(request, view):
            raise oauth2.InsufficientScope(" ".join(self.get_scopes(request, view)))
        return request.auth is not None


class HasReadScope(BasePermission):
    """A permission that says by its code alone what is missing."""

    code = "INSUFFICIENT_SCOPE"

    def has_permission(self, request, view):
        return request.auth is not None and request.auth.is_valid(["read"])


class Accounts(APIView):
    authentication_classes = [OAuth2Authentication]
    permission_classes = [TokenHasScopeOrSaysWhich]
    required_scopes = ["read", "write"]

    def get(self, request):
        return Response([])


class Cards(Accounts):
    permission_classes = [HasReadScope]


def throttled(request):
    raise Throttled(wait=4.2)


def crash(request):
    raise ZeroDivisionError("swordfish")


urlpatterns = [
    path("oauth/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("oauth/strict/token/", StrictTokenView.as_view()),
    path("oauth/refusing/token/<key>/", token),
    path("oauth/refusing/authorize/<key>/", authorize),
    path("oauth/refusing/authorize/<key>/async/", authorize_async),
    path("oauth/throttled/", throttled),
    path("oauth/crash/", crash),
    path("api/accounts/", Accounts.as_view()),
    path("api/cards/", Cards.as_view()),
    path("api/plain/<name>", views.plain_fixed),
    path("login/", lambda request: HttpResponse("Log in.")),
]
