"""Shortcuts that build the messages of checks."""

from __future__ import annotations

from django.core.checks import Error, Info, Warning


def error(number: int, message: str, hint: str) -> Error:
    """Return an error with an id of this package."""
    return Error(message, hint=hint, id=f"django_apierrors.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    """Return a warning with an id of this package."""
    return Warning(message, hint=hint, id=f"django_apierrors.W{number:03}")


def info(number: int, message: str, hint: str) -> Info:
    """Return an information with an id of this package."""
    return Info(message, hint=hint, id=f"django_apierrors.I{number:03}")


def unknown_code(code: str, where: str) -> Error:
    """Return the error for a place that names an unknown code."""
    hint = "Correct the spelling, or define it in the api_errors.py of an installed app."
    return error(6, f"{where} names an unknown error code {code!r}.", hint)
