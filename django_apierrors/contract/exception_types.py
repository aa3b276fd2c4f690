"""The errors that exceptions mean by their classes, whatever their instances hold."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import APIException

from .. import catalog, codes
from ..conf import conf
from ..exception_codes import codes_by_class
from ..exception_facts import registered_code
from ..exception_mapping import EXCEPTION_TABLE
from ..exceptions import ApiError
from .sources import Raised

CRASH = "INTERNAL_SERVER_ERROR"


def error_of_class(cls: type[BaseException], place: str) -> Raised:
    """Return the error that an exception of a class is answered with; a crash has the code of a crash."""
    code = configured_code_of_class(cls)
    if code is not None:
        return Raised(code, place, None, cls)
    if issubclass(cls, ApiError):
        code = cls.code if isinstance(cls.code, str) else ""
        return Raised(catalog.current().find(code) or code, place, valid_status(cls.status), cls)
    row = next((EXCEPTION_TABLE[base] for base in cls.__mro__ if base in EXCEPTION_TABLE), None)
    if row is None:
        return Raised(CRASH, place, None, cls)
    if not issubclass(cls, APIException):
        return Raised(row.code, place, None, cls)
    code = registered_code(getattr(cls, "default_code", None))
    if code:
        return Raised(code, place, None, cls)
    status = valid_status(getattr(cls, "status_code", None)) or 500
    if row.code and getattr(row.type, "status_code", None) == status:
        return Raised(row.code, place, None, cls)
    return Raised(codes.code_for_status(status), place, status, cls)


def configured_code_of_class(cls: type[BaseException]) -> str | None:
    """Return the code that the setting ``EXCEPTIONS`` gives to a class, ``None`` when it has none of its MRO."""
    by_class = codes_by_class(conf.EXCEPTIONS)
    code = next((by_class[base] for base in cls.__mro__ if base in by_class), None)
    return catalog.current().find(code) or None if code is not None else None


def valid_status(status: Any) -> int | None:
    """Return a status of an error, ``None`` for anything else, which is not sent."""
    return status if isinstance(status, int) and 400 <= status <= 599 else None
