"""The meaning of a ``raise`` in source: the exceptions, and the codes and statuses that it gives them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from itertools import islice
from types import FunctionType, NoneType
from typing import Any, TypeAlias

from rest_framework.exceptions import APIException, ValidationError

from .. import catalog, codes
from ..exception_facts import registered_code
from ..exceptions import ApiError
from .exception_types import configured_code_of_class, error_of_class, valid_status
from .name_resolution import UNKNOWN, Instance, Method, NameScope, is_none
from .sources import Raised, node_of
from .static_attributes import is_of_type

#: The message about a raise site that does not tell its code.
DYNAMIC = "the error code is not known from the source; declare it with `raises`"
_MAX_FACTORIES = 5
_MAX_ERRORS_OF_RAISE = 100
#: Returns the errors of an exception that a handler has under a name, ``None`` for other names.
Caught: TypeAlias = Callable[[str], list[Raised] | None]


def read_raise(expr: ast.expr, scope: NameScope, caught: Caught) -> list[Raised]:
    """Return the errors that an expression after ``raise`` means."""
    errors = list(islice(_read_expression(expr, scope, caught, 0), _MAX_ERRORS_OF_RAISE + 1))
    if len(errors) > _MAX_ERRORS_OF_RAISE:
        errors[-1] = _unknown(f"{scope.function.__code__.co_filename}:{expr.lineno}")
    return errors


def _read_expression(expr: ast.expr, scope: NameScope, caught: Caught, depth: int) -> Iterator[Raised]:
    place = f"{scope.function.__code__.co_filename}:{expr.lineno}"
    if isinstance(expr, ast.IfExp):
        parts = [part for part in (expr.body, expr.orelse) if not is_none(part)]
        yield from (each for part in parts for each in _read_expression(part, scope, caught, depth))
        return
    if isinstance(expr, ast.Name):
        known = caught(expr.id)
        if known is not None:
            yield from known
            return
        # `error = None` says that there is no error yet.
        values = [value for value in scope.assigned.get(expr.id, []) if not is_none(value)]
        if values and depth < _MAX_FACTORIES:
            # What is assigned to itself is no further error.
            around: Caught = lambda name: [] if name == expr.id else caught(name)  # noqa: E731
            yield from (each for value in values for each in _read_expression(value, scope, around, depth + 1))
            return
    if isinstance(expr, ast.Await):
        yield from _read_expression(expr.value, scope, caught, depth)
    elif isinstance(expr, ast.Call):
        yield from _read_call(expr, scope, caught, depth, place)
    elif isinstance(expr, ast.Subscript):
        for item in scope.alternatives(expr):
            yield from _read_object(item, place)
    else:
        yield from _read_object(scope.resolve(expr), place)


def _read_call(call: ast.Call, scope: NameScope, caught: Caught, depth: int, place: str) -> Iterator[Raised]:
    callee = scope.resolve(call.func)
    if is_of_type(callee, type):
        yield from read_class(callee, call, scope, place) if issubclass(callee, BaseException) else [_unknown(place)]
        return
    if isinstance(call.func, ast.Attribute) and call.func.attr in ("with_traceback", "add_note"):
        yield from _read_expression(call.func.value, scope, caught, depth)
        return
    function = callee.function if is_of_type(callee, Method) else callee
    node = node_of(function) if is_of_type(function, FunctionType) and depth < _MAX_FACTORIES else None
    returned = [each.value for each in ast.walk(node) if isinstance(each, ast.Return) and each.value] if node else []
    returned = [value for value in returned if not is_none(value)]
    if node is None or not returned:
        made = scope.resolve(call)  # by its annotation
        yield from _read_object(made.cls if is_of_type(made, Instance) else UNKNOWN, place)
        return
    inner = NameScope(function, node, callee.cls if is_of_type(callee, Method) else None)
    for value in returned:
        yield from _read_expression(value, inner, lambda name: None, depth + 1)


def _read_object(item: Any, place: str) -> Iterator[Raised]:
    if is_of_type(item, Instance):
        item = item.cls
    if is_of_type(item, type) and issubclass(item, BaseException):
        yield _defined(error_of_class(item, place))
    elif is_of_type(item, ApiError):
        yield _defined(Raised(item.code, place, valid_status(item.status), type(item)))
    elif is_of_type(item, BaseException):
        yield error_of_class(type(item), place)
    else:
        yield _unknown(place)


def read_class(cls: type[BaseException], call: ast.Call, scope: NameScope, place: str) -> Iterator[Raised]:
    """Read a call of an exception class: its code, and those that the arguments name."""
    if configured_code_of_class(cls) is not None or not issubclass(cls, APIException):
        yield error_of_class(cls, place)
        return
    keywords = {each.arg: each.value for each in call.keywords}
    is_starred = None in keywords or any(isinstance(arg, ast.Starred) for arg in call.args)
    if not issubclass(cls, ApiError):
        yield from _read_drf_call(cls, call, keywords, scope, place)
        return
    is_own = "__init__" in {name for base in cls.__mro__[: cls.__mro__.index(ApiError)] for name in vars(base)}
    given = _codes_given(cls, [] if is_own else call.args, keywords, scope)
    if (is_starred and not cls.own_code) or (is_own and not cls.own_code and given[0] is None):
        given = [UNKNOWN]
    status = scope.resolve(keywords["status"]) if "status" in keywords else None
    for code in given:
        if not (is_of_type(code, str, NoneType) and is_of_type(status, int, NoneType)):
            yield _unknown(place, cls)
            continue
        name = code or cls.code
        if not code and status is not None and cls is ApiError:
            name = codes.code_for_status(status)
        yield _defined(Raised(name, place, valid_status(status), cls))


def _codes_given(
    cls: type[ApiError], args: list[ast.expr], keywords: dict[str | None, ast.expr], scope: NameScope
) -> list[Any]:
    """Return the codes that the arguments of an ``ApiError`` name: ``None`` for that of the class."""
    first = keywords.get("code")
    if first is None and args:
        values = scope.alternatives(args[0])
        is_message = cls.own_code and len(args) == 1 and "message" not in keywords
        are_codes = all(is_of_type(value, str) and codes.is_code(value) for value in values)
        return [None] if is_message and not are_codes else values
    return [None] if first is None else scope.alternatives(first)


def _read_drf_call(
    cls: type[APIException], call: ast.Call, keywords: dict[str | None, ast.expr], scope: NameScope, place: str
) -> Iterator[Raised]:
    given = keywords.get("code", call.args[1] if len(call.args) > 1 else None)
    code = scope.resolve(given) if given is not None else None
    if code is UNKNOWN:
        yield _unknown(place, cls)
    named = registered_code(code) if is_of_type(code, str) else ""
    if named:
        yield Raised(named, place, None, cls)
        return
    error = error_of_class(cls, place)
    yield error
    is_required = is_of_type(code, str) and code == "required"
    if issubclass(cls, ValidationError) and is_required and error.code == "VALIDATION_FAILED":
        yield Raised("PARAM_NOT_FOUND", place, None, cls)


def _defined(error: Raised) -> Raised:
    """Return an error, without its code and with a message when the catalog does not have it."""
    known = catalog.current().find(error.code)
    if known:
        return error._replace(code=known)
    return error._replace(code="", message=f"the error code {error.code!r} is not defined")


def _unknown(place: str, cls: type[BaseException] | None = None) -> Raised:
    return Raised("", place, None, cls, DYNAMIC)
