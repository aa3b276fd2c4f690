"""The codes that the setting ``EXCEPTIONS`` gives to exceptions."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.utils.module_loading import import_string
from rest_framework.exceptions import APIException

from . import database_errors

# Raised on purpose, whatever was caught before and whatever else its class is.
_DELIBERATE = (APIException, Http404, PermissionDenied)


def configured_code(exc: BaseException, table: Mapping[str, str]) -> str | None:
    """Return the code of the nearest class of an exception, ``None`` when the setting has none of them.

    An exception of ``django.db`` is known by the driver's, too, and by what was violated.
    """
    by_class = codes_by_class(table)
    classes = type(exc).__mro__ if isinstance(exc, _DELIBERATE) else database_errors.classes(exc)
    return next((by_class[cls] for cls in classes if cls in by_class), None)


def codes_by_class(table: Mapping[str, str]) -> dict[type[BaseException] | None, str]:
    """Return the setting with the exceptions in the place of their paths; one that cannot be imported is ``None``."""
    return {_class_or_none(path): code for path, code in table.items()}


@functools.cache
def import_exception(path: str) -> type[BaseException]:
    """Return the exception of a dotted path, which may lie in another class: ``shop.models.Order.DoesNotExist``.

    Raises ``TypeError`` for what is no exception, and whatever the import raises.
    """
    found = _import_nested(path)
    if not (isinstance(found, type) and issubclass(found, BaseException)):
        raise TypeError(f"{path} is no exception")
    return found


def _import_nested(path: str) -> object:
    outer, _, name = path.rpartition(".")
    try:
        return import_string(path)
    except ImportError:
        if "." not in outer:
            raise
        try:
            cls = _import_nested(outer)
        except ImportError:
            cls = None
        if not (isinstance(cls, type) and hasattr(cls, name)):
            raise  # the error of the import that was asked for
        return getattr(cls, name)


def _class_or_none(path: str) -> type[BaseException] | None:
    try:
        return import_exception(path)
    except Exception:  # the system check names it; no error may fail for want of it
        return None
