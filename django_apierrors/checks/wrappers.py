"""Wrappers: functions of a project that call functions of this package, as far as their code shows."""

from __future__ import annotations

import dis
import functools
import sys
from collections.abc import Collection, Iterator
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

#: The most objects that are looked at for one function, and the most calls from it to any of them.
_MAX_OBJECTS, _MAX_CALLS = 500, 3
#: Packages whose own code is not read.
_FOREIGN = frozenset({"asgiref", "django", "django_apierrors", "rest_framework", *sys.stdlib_module_names})


def calls_any(function: Any, targets: Collection[Any]) -> bool:
    """Return whether the code of a function, or of what it calls, names one of the targets.

    Its decorators, closure, defaults and partial arguments count, so do the methods of its class,
    imports inside it and dotted paths in its strings. A call by any other way is not seen.
    """
    queue, seen = [(function, 0)], {id(function)}
    for item, calls in queue:  # it grows meanwhile
        if any(item is target for target in targets):
            return True
        if isinstance(item, FunctionType) and any(_names(code, target) for code in _codes(item) for target in targets):
            return True
        found = [(part, calls) for part in _parts(item)]
        if calls < _MAX_CALLS:
            found += [(callee, calls + 1) for callee in _callees(item)]
        for part, depth in found:
            if id(part) not in seen and len(queue) < _MAX_OBJECTS:
                seen.add(id(part))
                queue.append((part, depth))
    return False


def _parts(item: Any) -> Iterator[Any]:
    """Yield what a callable consists of."""
    if isinstance(item, MethodType):
        yield from (item.__func__, item.__self__)
    elif isinstance(item, (staticmethod, classmethod)):
        yield item.__func__
    elif isinstance(item, functools.partial):
        yield from (item.func, *item.args, *item.keywords.values())
    elif isinstance(item, type):
        if not _is_foreign(item):
            yield from (*vars(item).values(), *item.__bases__)
    elif callable(item):
        # Of a view by as_view() its class is an attribute, of a decorated function the function.
        yield from getattr(item, "__dict__", {}).values()
        if not isinstance(item, FunctionType):
            yield type(item)
            return
        yield from (*(item.__defaults__ or ()), *(item.__kwdefaults__ or {}).values())
        for cell in item.__closure__ or ():
            try:
                yield cell.cell_contents
            except ValueError:  # it is not filled yet
                continue


def _callees(item: Any) -> Iterator[Any]:
    """Yield the functions and classes that the code of a function names."""
    if not isinstance(item, FunctionType) or _is_foreign(item):
        return
    for code in _codes(item):
        names = {each.argval for each in dis.get_instructions(code) if each.opname == "LOAD_GLOBAL"}
        for value in map(item.__globals__.get, names):
            if isinstance(value, ModuleType):
                yield from filter(callable, map(vars(value).get, code.co_names))
            elif callable(value):
                yield value


def _names(code: CodeType, target: Any) -> bool:
    """Return whether code names a target by an import or a dotted path."""
    module, name = target.__module__, target.__qualname__
    package, _, last = module.rpartition(".")
    names = {*code.co_names, *(constant for constant in code.co_consts if isinstance(constant, str))}
    return f"{module}.{name}" in names or (name in names and (module in names or {package, last} <= names))


def _codes(function: FunctionType) -> Iterator[CodeType]:
    """Yield the code of a function and of the functions inside it."""
    codes = [function.__code__]
    for code in codes:  # it grows meanwhile
        codes.extend(constant for constant in code.co_consts if isinstance(constant, CodeType))
        yield code


def _is_foreign(item: Any) -> bool:
    return str(getattr(item, "__module__", "")).partition(".")[0] in _FOREIGN
