"""Calls of DRF whose errors follow from the settings of the view: pages, filters, and the body of a request."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from django.http import HttpRequest
from django.views import View
from rest_framework import filters, generics, pagination
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from .exception_types import error_of_class
from .name_resolution import Instance, Method, NameScope
from .sources import Raised, is_foreign
from .static_attributes import is_of_type

#: These stand for the errors of pages, of filters and of a body, which the settings of a view tell.
PAGES, FILTERS, BODY = "(pages)", "(filters)", "(body)"
CALLS_OF_VIEW = frozenset((PAGES, FILTERS, BODY))
#: The answers of a filter backend to a query that it cannot use.
CODES_OF_FILTER = ("VALIDATION_FAILED", "PARAM_NOT_FOUND")
# A LimitOffsetPagination corrects what it is given.
_PAGINATE = (
    pagination.PageNumberPagination.paginate_queryset,
    pagination.CursorPagination.paginate_queryset,
)
_OF_BODY = ("data", "POST", "FILES")


def read_view_call(call: ast.Call, callee: Any, place: str) -> Iterator[Raised]:
    """Iterate over what a call of a paginator or a filter, of a view or by itself, may answer."""
    if not is_of_type(callee, Method):
        if isinstance(call.func, ast.Attribute) and ast.unparse(call.func).endswith(".paginator.paginate_queryset"):
            yield Raised(PAGES, place)
    elif callee.function is generics.GenericAPIView.paginate_queryset:
        yield Raised(PAGES, place)
    elif callee.function is generics.GenericAPIView.filter_queryset:
        yield Raised(FILTERS, place)
    elif any(callee.function is function for function in _PAGINATE):
        yield error_of_class(NotFound, place)
    elif _is_filter(callee.function):
        is_ordering = callee.cls is not None and issubclass(callee.cls, filters.OrderingFilter)
        yield from (Raised(code, place) for code in CODES_OF_FILTER if not is_ordering)


def _is_filter(function: Any) -> bool:
    return is_of_type(function, FunctionType) and function.__name__ == "filter_queryset" and is_foreign(function)


def read_body_access(node: ast.Attribute, scope: NameScope) -> Iterator[Raised]:
    """Iterate over what an attribute of the request that parses its body may answer."""
    if node.attr in _OF_BODY and _is_request(node.value, scope):
        yield Raised(BODY, f"{scope.function.__code__.co_filename}:{node.lineno}")


def _is_request(node: ast.expr, scope: NameScope) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr == "request"
    if not isinstance(node, ast.Name):
        return False
    code = scope.function.__code__
    # The first argument of a function behind `@api_view`, the second of a method.
    of_view = code.co_varnames[: min(2, code.co_argcount)] if scope.cls and issubclass(scope.cls, View) else ()
    if node.id == "request" or node.id in of_view:
        return True
    value = scope.resolve(node)
    return is_of_type(value, Instance) and issubclass(value.cls, (Request, HttpRequest))
