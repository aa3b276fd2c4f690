"""Sample data. Loading it again restores what is missing and leaves the rest as it is."""

from datetime import UTC, datetime
from decimal import Decimal

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from . import transfers
from .models import Account, ApiKey

USER, PASSWORD = "admin", "demo-password"
KEY, READ_KEY = "demo-key", "demo-read-key"
FULL, EMPTY, OTHER = "ACC-1001", "ACC-1002", "ACC-2001"
IDEMPOTENCY_KEY = "rent-november"
WITH_OAUTH = settings.WITH_OAUTH
CLIENT_ID, CLIENT_SECRET, TOKEN = "demo-app", "demo-secret", "demo-token"


@transaction.atomic
def load() -> None:
    """Make the users, their accounts, two keys, one transfer and, where there is OAuth, an app with a token."""
    admin = _user(USER, "Ada", "Admin", is_staff=True, is_superuser=True)
    if not admin.check_password(PASSWORD):
        admin.set_password(PASSWORD)
        admin.save()
    other = _user("ben", "Ben", "Baker")

    full = _account(FULL, admin, "100.00")
    empty = _account(EMPTY, admin, "20.00")
    _account(OTHER, other, "50.00")
    rent = [{"description": "Rent", "amount": Decimal("20.00")}]
    transfers.execute(
        admin, source=empty, target=full, reference="November", items=rent, idempotency_key=IDEMPOTENCY_KEY
    )

    for secret, label, may_transfer in [(KEY, "Demo", True), (READ_KEY, "Demo, read only", False)]:
        values = {"owner": admin, "label": label, "may_transfer": may_transfer, "revoked": False}
        ApiKey.objects.update_or_create(digest=ApiKey.digest_of(secret), defaults=values)
    if WITH_OAUTH:
        _app(admin)


def _app(owner: User) -> None:
    values = {"client_secret": CLIENT_SECRET, "client_type": "confidential", "user": owner, "name": "Demo"}
    values["authorization_grant_type"] = "client-credentials"
    app, _ = apps.get_model("oauth2_provider.Application").objects.get_or_create(client_id=CLIENT_ID, defaults=values)
    # It may move money, but not see the accounts.
    values = {"application": app, "scope": "transfers:write", "expires": datetime(2099, 1, 1, tzinfo=UTC)}
    apps.get_model("oauth2_provider.AccessToken").objects.get_or_create(token=TOKEN, defaults=values)


def _user(username: str, first_name: str, last_name: str, **flags: bool) -> User:
    names = {"first_name": first_name, "last_name": last_name}
    return User.objects.update_or_create(username=username, defaults={**flags, **names})[0]


def _account(number: str, owner: User, balance: str) -> Account:
    return Account.objects.get_or_create(number=number, defaults={"owner": owner, "balance": Decimal(balance)})[0]
