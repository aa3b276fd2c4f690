"""Bearer keys: ``good`` and those of two more users are known, every other key is not."""

from django.contrib.auth.models import User
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed

NAMES = {"good": "ana", "bens": "ben", "cleos": "cleo"}


class KeyAuthentication(BaseAuthentication):
    def authenticate(self, request):
        scheme, _, key = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        if key not in NAMES:
            raise AuthenticationFailed("No such key.")
        return User(pk=1 + list(NAMES).index(key), username=NAMES[key]), key

    def authenticate_header(self, request):
        return 'Bearer realm="shop"'
