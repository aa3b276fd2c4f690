"""The errors that functions raise, read from their source and that of the functions they call."""

from __future__ import annotations

import ast
import contextlib
import functools
from collections import Counter
from collections.abc import Iterable, Iterator
from types import FunctionType, MethodType
from typing import Any, TypeAlias

import asgiref.sync
from django import shortcuts
from django.http import Http404
from rest_framework import generics
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from .. import ratelimit
from ..exceptions import RateTooHigh
from ..ratelimit.policies import Policy, find_policy
from .declared import RAISES, declared_errors
from .exception_types import error_of_class
from .hooks import output_functions, serializer_functions
from .name_resolution import UNKNOWN, Instance, Method, NameScope, getter, member
from .raise_sites import read_raise
from .sources import FUNCTION_NODES, FunctionNode, Raised, closure, is_foreign, node_of, place_of, unwrapped
from .static_attributes import class_value, is_of_type, items_of, wrapped
from .view_calls import read_body_access, read_view_call

#: What a serializer answers when it is asked whether its data are valid.
INVALID = ("VALIDATION_FAILED", "PARAM_NOT_FOUND")
_MAX_TIMES = 10
#: Functions that call those they are given.
_CALLERS: tuple[Any, ...] = (asgiref.sync.sync_to_async, asgiref.sync.async_to_sync, functools.partial, map)
_LOOKUPS_WITH_404 = tuple(
    getattr(module, name)
    for module in (shortcuts, generics)
    for name in ("get_object_or_404", "get_list_or_404", "aget_object_or_404", "aget_list_or_404")
    if hasattr(module, name)
)
_LIMIT_CHECKS = (ratelimit.check, ratelimit.acheck)


#: A function, and the class that it is a method of.
FunctionKey: TypeAlias = tuple[FunctionType, type | None]


class Inference:
    """Reads functions; what one of them raises is kept, because many operations call the same.

    A function that is called by one that is being read is read after it. Whatever becomes known of it is
    then read into its callers again, until nothing changes: so functions may call each other in a circle.
    """

    def __init__(self) -> None:
        self._known: dict[FunctionKey, list[Raised]] = {}
        self._callers: dict[FunctionKey, dict[FunctionKey, None]] = {}
        self._reading: FunctionKey | None = None
        self._new: list[FunctionKey] = []
        # By the order in which they were met: those that call others come first.
        self._changed: dict[FunctionKey, int] = {}
        self._readers: dict[FunctionKey, _Reader | None] = {}
        self._times: Counter[FunctionKey] = Counter()

    def errors_of(self, function: Any, cls: type | None = None, *, is_called: bool = True) -> list[Raised]:
        """Return what a function raises, as a method of a class if there is one.

        A function without source is passed over if it is called, and one that nobody can read otherwise.
        """
        function = unwrapped(function)
        if not is_of_type(function, FunctionType):
            return [] if is_called else [_unreadable(function)]
        if is_called and is_foreign(function):
            return []
        key = (function, cls)
        if key not in self._known:
            self._known[key] = []
            self._new.append(key)
        if self._reading is not None:
            self._callers.setdefault(key, {})[self._reading] = None
        elif self._new:
            self._settle()
        return self._known[key]

    def _settle(self) -> None:
        order: dict[FunctionKey, int] = {}
        while self._new or self._changed:
            key = self._new.pop() if self._new else max(self._changed, key=self._changed.__getitem__)
            self._changed.pop(key, None)
            order.setdefault(key, len(order))
            errors = self._read(key)
            if errors != self._known[key]:
                self._known[key] = errors
                self._changed.update((caller, order[caller]) for caller in self._callers.get(key, ()))
        self._callers.clear()
        self._readers.clear()
        self._times.clear()

    def _read(self, key: FunctionKey) -> list[Raised]:
        function = key[0]
        declared = list(declared_errors(function, place_of(function)))
        self._reading = key
        try:
            if key not in self._readers:
                node = node_of(function)
                self._readers[key] = None if node is None else _Reader(self, NameScope(function, node, key[1]), node)
            reader = self._readers[key]
            if reader is None:
                return declared or [_unreadable(function)]
            read = reader.errors()
        except Exception as exc:  # source of somebody else must never cost the schema
            return [*declared, Raised("", place_of(function), message=f"it could not be read ({exc!r})")]
        finally:
            self._reading = None
        # What a function declares need not be known from its source.
        errors = [*declared, *(error for error in read if error.code or not hasattr(function, RAISES))]
        self._times[key] += 1
        # An error that is caught may take the place of another; what has not ended by then only grows.
        return errors if self._times[key] < _MAX_TIMES else list(dict.fromkeys([*self._known[key], *errors]))


def _unreadable(function: Any) -> Raised:
    message = "it has no source to read; declare what it raises with `raises`"
    return Raised("", place_of(function), message=message)


class _Reader:
    """Reads one function."""

    def __init__(self, inference: Inference, scope: NameScope, node: FunctionNode) -> None:
        self._inference = inference
        self._scope = scope
        self._node = node
        #: The names of exceptions in the handlers around, and what they stand for.
        self._caught: list[tuple[str | None, list[Raised]]] = []
        self._inner: set[str] = set()

    def errors(self) -> list[Raised]:
        node = self._node
        self._inner.clear()
        self._caught.clear()
        body: Iterable[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else node.body
        return list(dict.fromkeys(self._all(body)))

    def _all(self, nodes: Iterable[ast.AST]) -> Iterator[Raised]:
        for node in nodes:
            yield from self._one(node)

    def _one(self, node: ast.AST) -> Iterator[Raised]:
        if isinstance(node, ast.Lambda):
            yield from self._one(node.body)
        elif isinstance(node, (*FUNCTION_NODES, ast.ClassDef)):
            return  # read where it is named
        elif isinstance(node, (ast.Try, ast.TryStar)):
            yield from self._try(node)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            yield from self._with(node)
        else:
            if isinstance(node, ast.Raise):
                yield from self._raise(node)
            elif isinstance(node, ast.Call):
                yield from self._call(node)
            elif isinstance(node, ast.Attribute):
                yield from read_body_access(node, self._scope)
                yield from self._attribute(node)
            elif isinstance(node, ast.Name) and node.id in self._scope.inner and node.id not in self._inner:
                self._inner.add(node.id)
                yield from self._all(self._scope.inner[node.id].body)  # type: ignore[arg-type]
            yield from self._all(ast.iter_child_nodes(node))

    def _attribute(self, node: ast.Attribute) -> Iterator[Raised]:
        owner = self._scope.resolve(node.value)
        method = getter(owner, node.attr)
        if method:
            yield from self._inference.errors_of(*method)
        if node.attr == "data" and is_of_type(owner, Instance) and issubclass(owner.cls, BaseSerializer):
            for function, cls in output_functions(owner.cls):
                yield from self._inference.errors_of(function, cls)

    def _raise(self, node: ast.Raise) -> Iterator[Raised]:
        if node.exc is not None:
            yield from read_raise(node.exc, self._scope, self._of_handler)
        elif self._caught:
            yield from self._caught[-1][1]

    def _of_handler(self, name: str) -> list[Raised] | None:
        return next((errors for known, errors in reversed(self._caught) if known == name), None)

    def _try(self, node: ast.Try | ast.TryStar) -> Iterator[Raised]:
        errors = list(self._all(node.body))
        for handler in node.handlers:
            types = self._types(handler.type)
            caught = [error for error in errors if _is_caught(error, types)]
            errors = [error for error in errors if error not in caught]
            place = f"{self._scope.function.__code__.co_filename}:{handler.lineno}"
            self._caught.append((handler.name, caught or [error_of_class(cls, place) for cls in types]))
            yield from self._all(handler.body)
            self._caught.pop()
        yield from errors
        yield from self._all((*node.orelse, *node.finalbody))

    def _with(self, node: ast.With | ast.AsyncWith) -> Iterator[Raised]:
        yield from self._all(item.context_expr for item in node.items)
        errors = list(self._all(node.body))
        for item in node.items:
            call = item.context_expr
            if isinstance(call, ast.Call) and self._scope.resolve(call.func) is contextlib.suppress:
                types = [cls for arg in call.args for cls in self._types(arg)]
                errors = [error for error in errors if not _is_caught(error, types)]
        yield from errors

    def _types(self, node: ast.expr | None) -> list[type[BaseException]]:
        if node is None:
            return [BaseException]
        if isinstance(node, ast.Tuple):
            return [cls for element in node.elts for cls in self._types(element)]
        value = self._scope.resolve(node)
        values = items_of(value) if is_of_type(value, tuple) else [value]
        return [cls for cls in values if is_of_type(cls, type) and issubclass(cls, BaseException)]

    def _call(self, node: ast.Call) -> Iterator[Raised]:
        place = f"{self._scope.function.__code__.co_filename}:{node.lineno}"
        callee = self._scope.resolve(node.func)
        function = callee.function if is_of_type(callee, Method) else callee
        keywords = {each.arg: each.value for each in node.keywords}
        yield from read_view_call(node, callee, place)
        if _is_one_of(function, _LOOKUPS_WITH_404):
            yield error_of_class(Http404, place)
        elif _is_one_of(function, _LIMIT_CHECKS):
            yield from self._limit(node, keywords, place)
        elif function is APIView.permission_denied:
            yield from (Raised(code, place) for code in ("PERMISSION_DENIED", "AUTH_KEY_NOT_FOUND"))
        elif _is_one_of(function, _CALLERS):
            for arg in node.args:
                yield from self._follow(self._scope.resolve(arg))
        elif is_of_type(callee, FunctionType) and self._is_given_self(callee, node):
            yield from self._inference.errors_of(callee, self._scope.cls)
        else:
            for each in self._scope.alternatives(node.func) if callee is UNKNOWN else [callee]:
                yield from self._follow(each)
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("is_valid", "save"):
            yield from self._serializer(node.func, keywords.get("raise_exception"), place)

    def _is_given_self(self, function: FunctionType, node: ast.Call) -> bool:
        """Return whether a call passes the object whose method is read on to a function."""
        cls, first = self._scope.cls, node.args[0] if node.args else None
        if isinstance(first, ast.Starred):  # `*args`, of a decorator
            own = self._scope.function
            return cls is not None and _is_one_of(function, (wrapped(own), *dict(closure(own)).values()))
        given = self._scope.resolve(first)
        return cls is not None and is_of_type(given, Instance) and given.cls is cls

    def _limit(self, node: ast.Call, keywords: dict[str | None, ast.expr], place: str) -> Iterator[Raised]:
        if self._scope.resolve(keywords.get("block")) is False:
            return
        yield error_of_class(RateTooHigh, place)
        named = [self._scope.resolve(arg) for arg in node.args[1:]]
        policies = [find_policy(each) for each in named if is_of_type(each, str, Policy)]
        if any(policy is not None and policy.is_closed_on_error for policy in policies):
            yield Raised("RATE_LIMITER_UNAVAILABLE", place)

    def _serializer(self, called: ast.Attribute, raises: ast.expr | None, place: str) -> Iterator[Raised]:
        """Read the validation and the saving of a serializer, as far as its class is known."""
        if raises is not None and self._scope.resolve(raises) is not False:
            yield from (Raised(code, place) for code in INVALID)
        serializer = self._scope.resolve(called.value)
        if is_of_type(serializer, Instance) and issubclass(serializer.cls, BaseSerializer):
            for function, cls in serializer_functions(serializer.cls):
                yield from self._inference.errors_of(function, cls)

    def _follow(self, callee: Any) -> Iterator[Raised]:
        if is_of_type(callee, Method):
            yield from self._inference.errors_of(callee.function, callee.cls)
        elif is_of_type(callee, Instance):
            yield from self._follow(member(callee, "__call__"))
        elif is_of_type(callee, type):
            if not issubclass(callee, BaseException) and not is_foreign(callee):
                yield from self._follow(member(Instance(callee), "__init__"))
        elif is_of_type(callee, FunctionType, MethodType, functools.partial) or wrapped(callee) is not None:
            yield from self._inference.errors_of(callee)
        else:  # an object of a module or a class
            function = class_value(type(callee), "__call__")
            if is_of_type(function, FunctionType):
                yield from self._inference.errors_of(function, type(callee))


def _is_one_of(item: Any, others: tuple[Any, ...]) -> bool:
    return any(item is other for other in others)


def _is_caught(error: Raised, types: list[type[BaseException]]) -> bool:
    return issubclass(error.exception or Exception, tuple(types)) and bool(error.exception or error.code == "")
