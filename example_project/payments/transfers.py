"""Moving money: the one place where balances change."""

import hashlib
import json
from decimal import Decimal

from django.db import IntegrityError, transaction

from django_apierrors.exceptions import IdempotencyKeyInUse, IdempotencyKeyReused, ResourceConflict

from .api_errors import InsufficientBalance
from .models import Account, Transfer, TransferItem


@transaction.atomic
def execute(user, *, source, target, reference, items, idempotency_key="") -> tuple[Transfer, bool]:
    """Make a transfer, or find the one that was made with the same key; return it and whether it is new.

    Raises ``InsufficientBalance``, ``IdempotencyKeyReused``, ``IdempotencyKeyInUse`` and ``ResourceConflict``.
    """
    source, target = _locked(source, target)
    fingerprint = _fingerprint(source, target, reference, items)
    if idempotency_key:
        earlier = Transfer.objects.filter(created_by=user, idempotency_key=idempotency_key).first()
        if earlier is not None:
            if earlier.fingerprint != fingerprint:
                raise IdempotencyKeyReused()
            return earlier, False

    total = sum((item["amount"] for item in items), Decimal("0.00"))
    if total > source.balance:
        raise InsufficientBalance(required=total, available=source.balance)
    source.balance -= total
    target.balance += total
    Account.objects.bulk_update([source, target], ["balance"])
    try:
        with transaction.atomic():
            transfer = Transfer.objects.create(
                created_by=user,
                source=source,
                target=target,
                reference=reference,
                total=total,
                idempotency_key=idempotency_key,
                fingerprint=fingerprint,
            )
    except IntegrityError:
        # Only another source account lets a second request with this key come as far as this.
        raise IdempotencyKeyInUse(retry_after=1) from None
    TransferItem.objects.bulk_create(TransferItem(transfer=transfer, **item) for item in items)
    return transfer, True


def _locked(source: Account, target: Account) -> tuple[Account, Account]:
    # Always in the same order: two opposite transfers would otherwise wait for each other for ever.
    rows = Account.objects.select_for_update().filter(pk__in=[source.pk, target.pk]).order_by("pk")
    locked = {account.pk: account for account in rows}
    if len(locked) < 2:
        raise ResourceConflict(message="One of the accounts has just been closed.")
    return locked[source.pk], locked[target.pk]


def _fingerprint(source: Account, target: Account, reference: str, items: list[dict]) -> str:
    lines = [[item["description"], str(item["amount"])] for item in items]
    data = json.dumps([source.number, target.number, reference, lines])
    return hashlib.sha256(data.encode()).hexdigest()
