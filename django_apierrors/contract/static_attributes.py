"""Types and attributes of objects of a project, read without running code of theirs."""

from __future__ import annotations

import functools
from types import FunctionType, GetSetDescriptorType, MappingProxyType, MemberDescriptorType, MethodType
from typing import Any

# Written in C: what they return is what the object holds.
_SLOTS = (GetSetDescriptorType, MemberDescriptorType)


def is_of_type(item: Any, *types: type) -> bool:
    """Return whether an object is of one of the types, whatever it says by ``__class__``, as a lazy object does."""
    return issubclass(type(item), types)


def instance_values(item: Any) -> dict[str, Any]:
    """Return the attributes that an object itself has."""
    try:
        values = object.__getattribute__(item, "__dict__")
    except AttributeError:
        return {}
    return values if type(values) is dict else {}


def class_value(cls: type, name: str, default: Any = None) -> Any:
    """Return what the body of a class, or of one of its bases, has under a name."""
    return next((vars(base)[name] for base in cls.__mro__ if name in vars(base)), default)


def wrapped(item: Any) -> Any:
    """Return what an object wraps, as ``functools.wraps`` names it; ``None`` for no wrapper."""
    values = instance_values(item)
    if "__wrapped__" in values:
        return values["__wrapped__"]
    value = class_value(type(item), "__wrapped__")
    return value.__get__(item) if is_of_type(value, *_SLOTS) else None


def bare_function(item: Any) -> Any:
    """Return what a method, a partial or a cached property is made of; any other object itself."""
    if is_of_type(item, MethodType, staticmethod, classmethod):
        return item.__func__
    if is_of_type(item, functools.partial, functools.partialmethod):
        return item.func
    return item if is_of_type(item, type) else instance_values(item).get("func", item)


def items_of(container: Any) -> list[Any]:
    """Return the items of a list or a tuple, and the values of a dict; none of any other object."""
    if is_of_type(container, dict):
        return list(dict.values(container))
    if type(container) is MappingProxyType:
        return list(container.values())
    if is_of_type(container, list):
        return list(list.__iter__(container))
    return list(tuple.__iter__(container)) if is_of_type(container, tuple) else []


def globals_name(item: Any) -> str | None:
    """Return the name of the module whose globals a function has, ``None`` for any other object."""
    # `functools.wraps` copies the name of the module, not the globals.
    return item.__globals__.get("__name__") if is_of_type(item, FunctionType) else None
