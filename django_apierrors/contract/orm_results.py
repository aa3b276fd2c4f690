"""The models of what the ORM returns, as far as the source of a call tells it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from django.db.models import Model, QuerySet
from django.shortcuts import aget_object_or_404, get_object_or_404
from rest_framework import generics

from .static_attributes import class_value, is_of_type

# Each returns one object.
_OF_QUERYSET = frozenset(("get", "create", "first", "last", "latest", "earliest"))
_GETTERS_OF_VIEW = frozenset(("get_object", "aget_object"))
_LOOKUPS = (get_object_or_404, aget_object_or_404, generics.get_object_or_404)


def model_of(call: ast.Call, callee: Any, owner: type | None, resolve: Callable[[ast.expr], Any]) -> type[Model] | None:
    """Return the model of the object that a call returns, ``None`` for any other call.

    ``callee`` is what is called, ``owner`` the class of the object whose method that is.
    """
    function = call.func
    if isinstance(function, ast.Attribute):
        if function.attr.removeprefix("a") in _OF_QUERYSET:
            return _queried(function.value, resolve)
        if function.attr in _GETTERS_OF_VIEW:
            queryset: Any = class_value(owner, "queryset") if owner is not None else None
            return queryset.model if is_of_type(queryset, QuerySet) else None
    is_lookup = bool(call.args) and any(callee is lookup for lookup in _LOOKUPS)
    return _queried(call.args[0], resolve) if is_lookup else None


def _queried(node: ast.expr, resolve: Callable[[ast.expr], Any]) -> type[Model] | None:
    """Return the model at the beginning of ``Account.objects.filter(...)``."""
    while not isinstance(node, ast.Name):
        model = resolve(node)
        if is_of_type(model, type):
            break
        if not isinstance(node, (ast.Attribute, ast.Call)):
            return None
        node = node.func if isinstance(node, ast.Call) else node.value
    model = resolve(node)
    return model if is_of_type(model, type) and issubclass(model, Model) else None
