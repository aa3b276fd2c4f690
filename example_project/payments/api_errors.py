"""The project's own error codes, found by django-apierrors because of the name of this module."""

from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from django_apierrors.exceptions import ApiError


class InsufficientBalance(ApiError):
    """422: the source account does not hold enough money."""

    code = "INSUFFICIENT_BALANCE"
    status = 422
    title = _("Insufficient balance")
    message = _("This needs {required} but only {available} is available.")
    causes = [_("The items of the transfer sum up to more than the balance of its source account.")]
    remedy = [_("Top up the account, or lower the amount.")]
    params = {"required": "250.00", "available": "120.00"}
    details = {"required": "250.00", "available": "120.00"}

    def __init__(self, *, required: Decimal, available: Decimal) -> None:
        """Show both amounts: to people in the message, to programs in ``details``."""
        amounts = {"required": required, "available": available}
        super().__init__(details=amounts, params=amounts)
