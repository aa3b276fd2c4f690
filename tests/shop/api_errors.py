"""Codes of the test project, found by autodiscovery."""

from django_apierrors.codes import ErrorDefinition, register
from django_apierrors.exceptions import ApiError

register(
    ErrorDefinition(
        code="ACCOUNT_LOCKED",
        status=423,
        title="Account locked",
        message="The account {account} is locked.",
        params={"account": "A-17"},
    )
)


class InsufficientBalance(ApiError):
    """The project's own error, defined by a subclass."""

    code = "INSUFFICIENT_BALANCE"
    status = 422
    title = "Insufficient balance"
    message = "This needs {required} but only {available} is available."
    params = {"required": "25.00", "available": "10.00"}
