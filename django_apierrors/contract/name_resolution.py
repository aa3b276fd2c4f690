"""The objects that names in the source of a function stand for: looked up, never executed."""

from __future__ import annotations

import ast
import builtins
import enum
import functools
import sys
from collections.abc import Iterator, Mapping
from itertools import islice
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType, NoneType, UnionType
from typing import Any, NamedTuple, Optional

from .orm_results import model_of
from .sources import FUNCTION_NODES, FunctionNode, closure
from .static_attributes import bare_function, instance_values, is_of_type, items_of

#: What a name stands for when that cannot be known without executing something.
UNKNOWN: Any = object()
# A chain of calls takes two steps a link.
_MAX_STEPS = 100
_MAX_ALTERNATIVES = 100
# As `Optional[X]` and `X | None` make them.
_UNIONS = (type(Optional[int]), UnionType)  # noqa: UP045


class Instance(NamedTuple):
    """An instance of a class; ``after`` is the class behind which ``super()`` looks."""

    cls: type
    after: type | None = None


class Method(NamedTuple):
    """A function, with the class of the instance or the class that it is bound to, if any."""

    function: Any
    cls: type | None = None


class NameScope:
    """The names of one function, as a method of a class if there is one."""

    def __init__(self, function: Any, node: FunctionNode, cls: type | None) -> None:
        self.function = function
        self.cls = cls
        self._globals: dict[str, Any] = function.__globals__
        self._closure = dict(closure(function))
        self._steps = 0
        # A scope never changes, so that an expression is read once. One that is being read is unknown to itself.
        self._resolved: dict[ast.expr, Any] = {}
        self._ways: dict[ast.expr, list[Any]] = {}
        arguments = node.args
        self._parameters = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        #: The expressions that are assigned to each local name.
        self.assigned: dict[str, list[ast.expr]] = {}
        #: The functions that are defined inside.
        self.inner: dict[str, FunctionNode] = {}
        self._locals = {argument.arg for argument in self._parameters}
        self._locals.update(argument.arg for argument in (arguments.vararg, arguments.kwarg) if argument)
        for statement in getattr(node, "body", []) if not isinstance(node, ast.Lambda) else []:
            self._collect(statement)

    def _collect(self, node: ast.AST) -> None:
        if isinstance(node, (*FUNCTION_NODES, ast.ClassDef)):
            if not isinstance(node, (ast.Lambda, ast.ClassDef)):
                self.inner[node.name] = node
            return
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            self._closure.update(_imports(node, self._globals))
        for target, value in _assignments(node):
            self._locals.add(target)
            self.assigned.setdefault(target, []).extend([value] if value is not None else [])
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            self._locals.add(node.id)
        for child in ast.iter_child_nodes(node):
            self._collect(child)

    def resolve(self, node: ast.expr | None) -> Any:
        """Return what an expression stands for: an object, an ``Instance``, a ``Method``, or ``UNKNOWN``."""
        if node is None or self._steps > _MAX_STEPS:
            return UNKNOWN
        if node not in self._resolved:
            self._resolved[node] = UNKNOWN
            self._steps += 1
            try:
                self._resolved[node] = self._resolve(node)
            finally:
                self._steps -= 1
        return self._resolved[node]

    def alternatives(self, node: ast.expr) -> list[Any]:
        """Return all that an expression may stand for: by a condition, several assignments, or an item of a dict.

        Where they are too many, ``UNKNOWN`` stands for the rest.
        """
        if node not in self._ways:
            self._ways[node] = [UNKNOWN]
            ways = list(islice(self._alternatives(node), _MAX_ALTERNATIVES + 1))
            self._ways[node] = [*ways[:_MAX_ALTERNATIVES], *([UNKNOWN] if len(ways) > _MAX_ALTERNATIVES else [])]
        return self._ways[node]

    def _alternatives(self, node: ast.expr) -> Iterator[Any]:
        if isinstance(node, ast.IfExp):
            yield from (*self.alternatives(node.body), *self.alternatives(node.orelse))
        elif isinstance(node, ast.Name) and len(self.assigned.get(node.id, ())) > 1:
            for value in self.assigned[node.id]:
                yield from self.alternatives(value)
        elif isinstance(node, ast.Subscript):
            container = self.resolve(node.value)
            yield from items_of(container) or [UNKNOWN]
        else:
            yield self.resolve(node)

    def _resolve(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.Attribute):
            return member(self.resolve(node.value), node.attr)
        if isinstance(node, ast.Await):
            return self.resolve(node.value)
        return self._called(node) if isinstance(node, ast.Call) else UNKNOWN

    @functools.cached_property
    def _bound(self) -> Any:
        """What a method is bound to: its class, or an instance of it."""
        cls = self.cls
        return cls if cls is None or _is_classmethod(cls, self.function) else Instance(cls)

    def _name(self, name: str) -> Any:
        if self._parameters and name == self._parameters[0].arg and self.cls is not None:
            return self._bound
        if name in self._locals:
            values = self.assigned.get(name, [])
            if len(values) == 1:
                return self.resolve(values[0])
            argument = next((each for each in self._parameters if each.arg == name), None)
            annotated = self.annotated(argument.annotation) if argument is not None and not values else None
            return UNKNOWN if annotated is None else Instance(annotated)
        for names in (self._closure, self._globals, vars(builtins)):
            if name in names:
                return names[name]
        return UNKNOWN

    def _called(self, node: ast.Call) -> Any:
        callee = self.resolve(node.func)
        owner: Any = self.resolve(node.func.value) if isinstance(node.func, ast.Attribute) else None
        model = model_of(node, callee, owner.cls if is_of_type(owner, Instance) else None, self.resolve)
        if model is not None:
            return Instance(model)
        if callee is super and self.cls is not None:
            return Instance(self.cls, _owner(self.cls, self.function))
        if is_of_type(callee, type):
            return Instance(callee)
        function = callee.function if is_of_type(callee, Method) else callee
        if is_of_type(function, FunctionType):
            annotation = function.__annotations__.get("return")
            cls = NameScope(function, _NOTHING, None).annotated(annotation)
            return UNKNOWN if cls is None else Instance(cls)
        return UNKNOWN

    def annotated(self, annotation: Any) -> type | None:
        """Return the class that an annotation names, ``None`` for any other."""
        if isinstance(annotation, ast.Constant):
            annotation = annotation.value
        if isinstance(annotation, str):
            try:
                annotation = ast.parse(annotation, mode="eval").body
            except SyntaxError:
                return None
        if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
            return _only([self.annotated(side) for side in (annotation.left, annotation.right) if not is_none(side)])
        if isinstance(annotation, ast.Subscript) and self.resolve(annotation.value) is Optional:
            return self.annotated(annotation.slice)
        cls = self.resolve(annotation) if isinstance(annotation, ast.expr) else annotation
        if type(cls) in _UNIONS:
            return _only([self.annotated(each) for each in cls.__args__ if each is not NoneType])
        return cls if is_of_type(cls, type) and cls is not NoneType else None


#: A function without parameters, for annotations, which have no local names.
_NOTHING = ast.Lambda(
    args=ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[]), body=ast.Constant(None)
)


def is_none(node: ast.expr) -> bool:
    """Return whether an expression is the literal ``None``."""
    return isinstance(node, ast.Constant) and node.value is None


def _only(classes: list[type | None]) -> type | None:
    return classes[0] if len(classes) == 1 else None


def member(base: Any, name: str) -> Any:
    """Return an attribute of what an expression stands for, without executing anything."""
    if is_of_type(base, ModuleType):
        return vars(base).get(name, UNKNOWN)
    if is_of_type(base, Instance):
        return _of_class(base.cls, name, base.after)
    if is_of_type(base, type):
        return _of_class(base, name, None)
    if base is UNKNOWN or is_of_type(base, Method, FunctionType, MethodType, BuiltinFunctionType):
        return UNKNOWN
    if is_of_type(base, enum.Enum) and name in ("name", "value"):
        return base._name_ if name == "name" else base._value_
    own = instance_values(base)
    return own[name] if name in own else _of_class(type(base), name, None)


def _of_class(cls: type, name: str, after: type | None) -> Any:
    mro = cls.__mro__
    if issubclass(cls, enum.Enum) and name in cls.__members__:
        return cls.__members__[name]
    if after is not None and after in mro:
        mro = mro[mro.index(after) + 1 :]
    value = next((vars(base)[name] for base in mro if name in vars(base)), UNKNOWN)
    if is_of_type(value, staticmethod):
        return Method(value.__func__)
    if is_of_type(value, classmethod):
        return Method(value.__func__, cls)
    return Method(value, cls) if is_of_type(value, FunctionType) else value


def _imports(node: ast.Import | ast.ImportFrom, names: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Iterate over what an import inside a function binds, as far as its modules are loaded."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            name = alias.name if alias.asname else alias.name.partition(".")[0]
            yield alias.asname or name, sys.modules.get(name, UNKNOWN)
        return
    package = str(names.get("__package__") or "").split(".")
    outer = package[: len(package) - node.level + 1] if node.level else []
    module = ".".join([*outer, *([node.module] if node.module else [])])
    for alias in node.names:
        # A module of a package need not be an attribute of it yet.
        inner = sys.modules.get(f"{module}.{alias.name}", UNKNOWN)
        value = instance_values(sys.modules[module]).get(alias.name, inner) if module in sys.modules else UNKNOWN
        yield alias.asname or alias.name, value


def getter(base: Any, name: str) -> Method | None:
    """Return the function of a property of an instance, ``None`` for any other attribute."""
    if not is_of_type(base, Instance):
        return None
    function = _function_of_property(_of_class(base.cls, name, base.after))
    return Method(function, base.cls) if is_of_type(function, FunctionType) else None


def _function_of_property(value: Any) -> Any:
    if is_of_type(value, property):
        return value.fget
    return bare_function(value) if type(value).__name__ == "cached_property" else None


def _owner(cls: type, function: Any) -> type | None:
    return next((base for base in cls.__mro__ if _defines(base, function)), None)


def _defines(cls: type, function: Any) -> bool:
    values = vars(cls).values()
    return any(bare_function(value) is function or _function_of_property(value) is function for value in values)


def _is_classmethod(cls: type, function: Any) -> bool:
    owner = _owner(cls, function)
    values = vars(owner).values() if owner is not None else ()
    return any(is_of_type(value, classmethod) and value.__func__ is function for value in values)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr | None]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Name):
                yield target.id, node.value
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value
    elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        yield node.optional_vars.id, node.context_expr
    elif isinstance(node, ast.ExceptHandler) and node.name:
        yield node.name, None
