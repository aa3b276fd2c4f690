"""The functions of a project that DRF calls for an operation: of the view and of all that the view names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import FunctionType
from typing import Any

from django.views import View
from rest_framework import serializers
from rest_framework.fields import Field, SerializerMethodField

from .sources import is_of_project, unwrapped
from .static_attributes import bare_function, class_value, is_of_type

#: A function, and the class of the instance that it is a method of.
Hook = tuple[Any, type | None]

# What answers a method is read where it is called; what is left runs for no request or for one that failed.
_NOT_OF_EVERY_REQUEST = frozenset(
    (
        *View.http_method_names,
        *("as_view", "get_extra_actions", "get_view_name", "get_view_description"),
        *("handle_exception", "raise_uncaught_exception", "http_method_not_allowed"),
    )
)
_OF_OUTPUT = frozenset(("to_representation", "get_attribute", "get_fields", "data"))
_CONSTRUCTORS = frozenset(("__init__", "__new__", "__call__"))


def view_functions(cls: type) -> Iterator[Hook]:
    """Iterate over what a view class overrides of DRF's way through a request."""
    yield from _overridden(cls, lambda name: name not in _NOT_OF_EVERY_REQUEST)


def part_functions(cls: type) -> Iterator[Hook]:
    """Iterate over what an authentication, a permission, a throttle, a filter, a paginator or a parser overrides."""
    yield from _overridden(cls, lambda name: True)


def serializer_functions(cls: type, seen: frozenset[type] = frozenset()) -> Iterator[Hook]:
    """Iterate over what a serializer class and its fields override of validating and saving."""
    if cls in seen:
        return
    yield from _overridden(cls, lambda name: name not in _OF_OUTPUT, "validate_")
    for field in _fields(cls).values():
        yield from _field_functions(field, seen | {cls})


def output_functions(cls: type, seen: frozenset[type] = frozenset()) -> Iterator[Hook]:
    """Iterate over what a serializer class and its fields override of writing an object."""
    if cls in seen:
        return
    yield from _overridden(cls, _OF_OUTPUT.__contains__)
    for name, field in _fields(cls).items():
        if isinstance(field, SerializerMethodField):
            yield from _of_project(cls, (field.method_name or f"get_{name}",))
        inner = _innermost(field)
        yield from output_functions(type(field), seen | {cls})
        yield from output_functions(type(inner), seen | {cls, type(field)})


def _fields(cls: type) -> dict[str, Field[Any, Any, Any, Any]]:
    return getattr(cls, "_declared_fields", {})


def _innermost(field: Field[Any, Any, Any, Any]) -> Field[Any, Any, Any, Any]:
    child = getattr(field, "child", None) or getattr(field, "child_relation", None)
    return field if child is None else _innermost(child)


def _field_functions(field: Field[Any, Any, Any, Any], seen: frozenset[type]) -> Iterator[Hook]:
    child = getattr(field, "child", None) or getattr(field, "child_relation", None)
    if isinstance(field, serializers.BaseSerializer) and child is None:
        yield from serializer_functions(type(field), seen)
        return
    yield from _overridden(type(field), lambda name: name not in _OF_OUTPUT)
    if child is not None:
        yield from _field_functions(child, seen)
    # Those of a model have more validators; to ask for them is to read the model's.
    for validator in field.__dict__.get("_kwargs", {}).get("validators", ()):
        if callable(validator):
            function = validator if hasattr(validator, "__code__") else type(validator).__call__
            if is_of_project(unwrapped(function)):
                yield function, None if function is validator else type(validator)


def _overridden(cls: type, is_asked: Callable[[str], bool], prefix: str | None = None) -> Iterator[Hook]:
    """Iterate over what a project has in the place of what Django or DRF defines, and over what has a prefix."""
    names = dict.fromkeys(name for base in cls.__mro__ if is_of_project(base) for name in vars(base))
    theirs = {name for base in cls.__mro__ if _is_of_framework(base) for name in vars(base)}
    for name in names:
        is_special = name.startswith("__") and name not in _CONSTRUCTORS
        is_theirs = name in theirs and not is_special and is_asked(name)
        if is_theirs or (prefix is not None and name.startswith(prefix)):
            yield from _of_project(cls, (name,))


def _of_project(cls: type, names: Iterable[str]) -> Iterator[Hook]:
    for name in names:
        value = class_value(cls, name)
        function = value.fget if isinstance(value, property) else bare_function(value)
        if is_of_type(function, FunctionType) and is_of_project(unwrapped(function)):
            yield function, cls


def _is_of_framework(cls: type) -> bool:
    # What mixins define is called by what answers a method.
    package = cls.__module__.partition(".")[0]
    return package in ("django", "rest_framework", "django_filters") and cls.__module__ != "rest_framework.mixins"
