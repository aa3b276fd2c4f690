"""Errors of an operation, each with the place that it comes from, and the source of functions."""

from __future__ import annotations

import ast
import functools
import linecache
import sys
from collections.abc import Iterator
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any, NamedTuple, TypeAlias

from .static_attributes import bare_function, globals_name, is_of_type, wrapped

FunctionNode: TypeAlias = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTION_NODES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)

# Not followed: what they raise is known by their settings, or is no error of the API.
_UNREAD_PACKAGES = sys.stdlib_module_names | {
    *("asgiref", "django", "django_apierrors", "django_filters", "django_ratelimit", "drf_spectacular"),
    *("oauth2_provider", "oauthlib", "rest_framework"),
}
# Their methods call methods that views override.
_FOLLOWED = frozenset(("rest_framework.generics", "rest_framework.mixins", "rest_framework.viewsets"))


class Raised(NamedTuple):
    """An error that an operation may answer.

    ``code`` is ``""`` for one that the source does not tell. ``status`` is ``None`` for the catalog's,
    ``exception`` for an error that no exception brings. ``place`` is ``file:line``, or the name of what
    has the error as its consequence.
    """

    code: str
    place: str
    status: int | None = None
    exception: type[BaseException] | None = None
    message: str = ""


def is_foreign(function: Any) -> bool:
    """Return whether a function or a class is of Python, Django, DRF or this package, whose source tells nothing."""
    module = _module(function)
    return module not in _FOLLOWED and module.partition(".")[0] in _UNREAD_PACKAGES


def is_of_project(function: Any) -> bool:
    """Return whether a function or a class is none of Python, Django, DRF and this package."""
    return _module(function).partition(".")[0] not in _UNREAD_PACKAGES


def place_of(function: Any) -> str:
    """Return where a function begins, as ``file:line``; its dotted name when it has no source."""
    inner = unwrapped(function)
    if is_of_type(inner, FunctionType):
        return f"{inner.__code__.co_filename}:{inner.__code__.co_firstlineno}"
    is_named = is_of_type(function, type, BuiltinFunctionType, MethodType)
    return f"{_module(function)}.{(function if is_named else type(function)).__qualname__}"


def unwrapped(function: Any) -> Any:
    """Return the function inside the wrappers of other packages, and behind ``@api_view``."""
    for _ in range(50):
        function = bare_function(function)
        inner = wrapped(function)
        if inner is None and globals_name(function) == "rest_framework.decorators":
            inner = dict(closure(function)).get("func")
        if inner is None or not _is_wrapper_of_others(function):
            break
        function = inner
    return function


def node_of(function: Any) -> FunctionNode | None:
    """Return the syntax tree of a function, ``None`` when it has no source."""
    code = function.__code__
    text = "".join(linecache.getlines(code.co_filename, function.__globals__))
    return _functions(text).get((code.co_firstlineno, code.co_name))


@functools.lru_cache(maxsize=512)
def _functions(text: str) -> dict[tuple[int, str], FunctionNode]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):  # it is no source, or one of another Python
        return {}
    functions: dict[tuple[int, str], FunctionNode] = {}
    for node in ast.walk(tree):
        if isinstance(node, FUNCTION_NODES):
            marks = getattr(node, "decorator_list", ())
            line = min([node.lineno, *(mark.lineno for mark in marks)])
            functions.setdefault((line, getattr(node, "name", "<lambda>")), node)
    return functions


def closure(function: Any) -> Iterator[tuple[str, Any]]:
    """Iterate over the variables that a function has from the functions around it."""
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # it is not filled yet
            continue


def _is_wrapper_of_others(function: Any) -> bool:
    module = globals_name(function)
    return module is None or module.partition(".")[0] in _UNREAD_PACKAGES


def _module(item: Any) -> str:
    return str(globals_name(item) or (item if is_of_type(item, type) else type(item)).__module__)
