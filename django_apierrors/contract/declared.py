"""Declared errors: the list ``raises``, and the decorator of that name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from .. import catalog
from ..exceptions import ApiError
from .exception_types import error_of_class
from .sources import Raised

Decorated = TypeVar("Decorated", bound=Callable[..., Any])

RAISES = "raises"


def raises(*errors: type[BaseException] | str) -> Callable[[Decorated], Decorated]:
    """Declare the errors that a function or a method raises, each by its class or its code.

    ``@raises(InsufficientBalance, "ACCOUNT_LOCKED")`` adds to what the function declares already. It
    changes nothing but the documentation of the operations that call the function.
    """

    def decorate(function: Decorated) -> Decorated:
        setattr(function, RAISES, [*errors, *_items(function)])
        return function

    return decorate


def declared_errors(owner: Any, place: str) -> Iterator[Raised]:
    """Iterate over the errors that a view, an action, a permission, a serializer or a function declares.

    One that the catalog does not have is without a code, and has a message.
    """
    for item in _items(owner):
        known = _error_of_item(item, place)
        code = catalog.current().find(known.code) if known is not None else ""
        if known is None:
            yield Raised("", place, message=f"{RAISES} has {item!r}, which is no error code and no exception")
        elif not code:
            yield Raised("", place, message=f"{RAISES} has the code {known.code!r}, which is not defined")
        else:
            yield known._replace(code=code)


def _items(owner: Any) -> list[Any]:
    items = getattr(owner, RAISES, None)
    is_list = isinstance(items, Iterable) and not isinstance(items, (str, type))
    return list(items) if is_list and items is not None else [] if items is None else [items]


def _error_of_item(item: Any, place: str) -> Raised | None:
    if isinstance(item, str):
        return Raised(item, place)
    if isinstance(item, ApiError):
        return Raised(item.code, place, item.status)
    if isinstance(item, type) and issubclass(item, BaseException):
        return error_of_class(item, place)
    return None
