"""What checks say: a message with the fix as its hint."""

from __future__ import annotations

from django.core.checks import Error, Warning


def error(number: int, message: str, hint: str) -> Error:
    """Return an error with an id of this package."""
    return Error(message, hint=hint, id=f"django_apierrors.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    """Return a warning with an id of this package."""
    return Warning(message, hint=hint, id=f"django_apierrors.W{number:03}")


def unknown_code(code: str, where: str) -> Error:
    """Return the error of a place that names a code which does not exist."""
    hint = "Correct the spelling, or define it in the api_errors.py of an installed app."
    return error(6, f"{where} names an unknown error code {code!r}.", hint)
