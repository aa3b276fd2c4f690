"""The admin: accounts, transfers to look at, and API keys to issue and revoke."""

import secrets

from django.contrib import admin, messages

from .models import Account, ApiKey, Transfer, TransferItem


@admin.register(Account)
class AccountAdmin(admin.ModelAdmin):
    list_display = ["number", "owner", "currency", "balance"]


class ItemInline(admin.TabularInline):
    model = TransferItem


@admin.register(Transfer)
class TransferAdmin(admin.ModelAdmin):
    """To read only: a transfer that is edited no longer agrees with the balances."""

    list_display = ["reference", "source", "target", "total", "created_at"]
    list_select_related = ["source", "target"]
    inlines = [ItemInline]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(admin.ModelAdmin):
    list_display = ["label", "owner", "may_transfer", "revoked", "created_at"]

    def save_model(self, request, obj, form, change):
        if not change:
            secret = secrets.token_urlsafe(32)
            obj.digest = ApiKey.digest_of(secret)
            messages.warning(request, f"The key is {secret} and is shown only this once.")
        super().save_model(request, obj, form, change)
