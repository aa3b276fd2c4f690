"""The OAuth 2 server, and what its clients may read: there when django-oauth-toolkit is installed."""

from django.urls import include, path
from oauth2_provider import views
from oauth2_provider.contrib.rest_framework import OAuth2Authentication, TokenHasScope
from rest_framework.generics import ListAPIView

from django_apierrors.oauth2 import InsufficientScope, InvalidClient

from .models import Account
from .serializers import AccountSerializer


class TokenView(views.TokenView):
    """Challenges a client in the scheme that it used; the toolkit says Bearer, whatever it was (RFC 6749, 5.2)."""

    def post(self, request, *args, **kwargs):
        response = super().post(request, *args, **kwargs)
        if response.status_code == 401:
            raise InvalidClient()
        return response


class HasScope(TokenHasScope):
    """Tells a client which scope its token lacks (RFC 6750, 3.1)."""

    def has_permission(self, request, view):
        is_allowed = super().has_permission(request, view)
        if request.auth and not is_allowed:
            raise InsufficientScope(" ".join(view.required_scopes))
        return is_allowed


class AppAccountsView(ListAPIView):
    """The accounts of the owner of an app, for the app itself."""

    serializer_class = AccountSerializer
    authentication_classes = [OAuth2Authentication]
    permission_classes = [HasScope]
    required_scopes = ["accounts:read"]

    def get_queryset(self):
        return Account.objects.filter(owner=self.request.auth.application.user)


urlpatterns = [
    path("oauth/token/", TokenView.as_view()),
    path("oauth/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("api/v1/app/accounts/", AppAccountsView.as_view()),
]
