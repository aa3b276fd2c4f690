"""Who calls: ``Authorization: Bearer <key>``."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import SAFE_METHODS, BasePermission

from django_apierrors.exceptions import AuthKeyInvalid
from django_apierrors.oauth2 import InsufficientScope

from .models import ApiKey


class BearerAuthentication(BaseAuthentication):
    """Takes a DRF request or a plain Django one; ``request.auth`` becomes the key."""

    def authenticate(self, request):
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = ApiKey.digest_of(secret.strip())
        keys = ApiKey.objects.filter(revoked=False, owner__is_active=True).select_related("owner")
        key = keys.filter(digest=digest).first()
        if key is None:
            raise AuthKeyInvalid()
        return key.owner, key

    def authenticate_header(self, request):
        # DRF answers 403 instead of 401 when there is no challenge to send.
        return 'Bearer realm="payments"'


class MayTransfer(BasePermission):
    """Keeps read-only keys from moving money; people who are logged in have no key."""

    def has_permission(self, request, view):
        key = request.auth
        if request.method not in SAFE_METHODS and isinstance(key, ApiKey) and not key.may_transfer:
            raise InsufficientScope("transfers:write")
        return True
