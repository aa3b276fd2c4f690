"""Bearer keys: ``good`` is known, every other key is not."""

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request):
        scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if key != "good":
            raise AuthenticationFailed("No such key.")
        return User(username="ana"), key

    def authenticate_header(self, request):
        return 'Bearer realm="shop"'
