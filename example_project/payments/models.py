"""Accounts, transfers between them, and the keys that open the API."""

import hashlib
from decimal import Decimal

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models


class Account(models.Model):
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="accounts")
    number = models.CharField(max_length=20, unique=True)
    currency = models.CharField(max_length=3, default="EUR")
    balance = models.DecimalField(max_digits=18, decimal_places=2, default=Decimal("0.00"))

    class Meta:
        ordering = ["number"]
        constraints = [
            models.CheckConstraint(condition=models.Q(balance__gte=0), name="payments_account_not_overdrawn"),
        ]

    def __str__(self):
        return self.number


class Transfer(models.Model):
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="transfers")
    source = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="outgoing")
    target = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="incoming")
    reference = models.CharField(max_length=100)
    total = models.DecimalField(max_digits=18, decimal_places=2)
    receipt_sha256 = models.CharField(max_length=64, blank=True)
    idempotency_key = models.CharField(max_length=64, blank=True)
    fingerprint = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["created_by", "idempotency_key"],
                condition=~models.Q(idempotency_key=""),
                name="payments_transfer_key_once",
            ),
        ]

    def __str__(self):
        return f"{self.reference}: {self.total}"


class TransferItem(models.Model):
    transfer = models.ForeignKey(Transfer, on_delete=models.CASCADE, related_name="items")
    description = models.CharField(max_length=100)
    amount = models.DecimalField(max_digits=10, decimal_places=2, validators=[MinValueValidator(Decimal("0.01"))])

    class Meta:
        ordering = ["pk"]

    def __str__(self):
        return f"{self.description}: {self.amount}"


class ApiKey(models.Model):
    """A bearer key. Only its digest is stored; the key itself is shown once, when it is made."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="api_keys")
    label = models.CharField(max_length=50)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    may_transfer = models.BooleanField(default=True)
    revoked = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.label

    @staticmethod
    def digest_of(secret: str) -> str:
        # 256 random bits cannot be guessed: no salt, no slow hash, and the digest can be looked up.
        return hashlib.sha256(secret.encode()).hexdigest()
