"""The errors of an operation: declared, by its settings, and read from its source."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.permissions import SAFE_METHODS

from .. import catalog
from ..conf import conf
from .declared import declared_errors
from .hooks import Hook, output_functions, part_functions, serializer_functions, view_functions
from .inference import Inference
from .operation import Operation
from .sources import Raised, place_of
from .structure import structural_errors
from .view_calls import BODY, CALLS_OF_VIEW, FILTERS, PAGES


@dataclass(frozen=True, kw_only=True)
class OperationErrors:
    """The errors of an operation.

    ``places`` holds, by status and code, where each comes from: ``file:line``, or the name of what has
    it as its consequence. ``warnings`` name the places that could not be read.
    """

    places: Mapping[tuple[int, str], tuple[str, ...]]
    warnings: Sequence[str]

    @property
    def codes(self) -> frozenset[str]:
        """All codes."""
        return frozenset(code for _, code in self.places)

    def by_status(self) -> dict[int, tuple[str, ...]]:
        """Return the codes of each status, both in order."""
        statuses: dict[int, list[str]] = {}
        for status, code in sorted(self.places):
            statuses.setdefault(status, []).append(code)
        return {status: tuple(codes) for status, codes in statuses.items()}


def errors_of(operation: Operation, inference: Inference | None = None) -> OperationErrors:
    """Return the errors of an operation; ``inference`` keeps what was read for the next one."""
    inference = Inference() if inference is None else inference
    if conf.OPENAPI["INFER"]:
        _read_calls(operation, inference)
    declared = list(_declared(operation))
    errors = [*structural_errors(operation), *declared]
    if conf.OPENAPI["INFER"]:
        # What a view declares need not be known from its source.
        is_declared = any(error.code for error in _of_view(operation))
        inferred = [error for error in _inferred(operation, inference) if error.code not in CALLS_OF_VIEW]
        errors += [error for error in inferred if error.code or not is_declared]
    places: dict[tuple[int, str], dict[str, None]] = {}
    warnings = dict.fromkeys(operation.warnings)
    for error in errors:
        if error.code:
            status = error.status or catalog.current().status(error.code) or 500
            places.setdefault((status, error.code), {})[error.place] = None
        else:
            warnings[f"{error.place}: {error.message}"] = None
    return OperationErrors(places={key: tuple(at) for key, at in places.items()}, warnings=tuple(warnings))


def _read_calls(operation: Operation, inference: Inference) -> None:
    """Let the operation know what its source says of pages, filters and a body."""
    if operation.handler is not None:
        called = {error.code for error in _of_handler(operation, inference)}
        operation.is_paginated |= PAGES in called
        operation.is_filtered |= FILTERS in called
    if operation.method not in SAFE_METHODS and not operation.has_body:
        operation.has_body = any(error.code == BODY for error in _inferred(operation, inference))


def _of_view(operation: Operation) -> Iterator[Raised]:
    for owner in operation.owners:
        yield from declared_errors(owner, place_of(owner))


def _declared(operation: Operation) -> Iterator[Raised]:
    yield from _of_view(operation)
    parts: list[Any] = [part for _, part in operation.parts]
    if operation.serializer_class is not None and operation.has_body:
        parts += [operation.serializer_class, *_nested(operation.serializer_class)]
    for part in parts:
        cls = part if isinstance(part, type) else type(part)
        yield from declared_errors(part, f"{cls.__module__}.{cls.__qualname__}")


def _nested(cls: type) -> Iterator[type]:
    """Iterate over the classes of the fields of a serializer, which may be serializers."""
    for field in getattr(cls, "_declared_fields", {}).values():
        yield type(getattr(field, "child", field))


def _of_handler(operation: Operation, inference: Inference) -> list[Raised]:
    cls = None if operation.view is None else type(operation.view)
    return inference.errors_of(operation.handler, cls, is_called=False)


def _inferred(operation: Operation, inference: Inference) -> Iterator[Raised]:
    if operation.handler is not None:
        for error in _of_handler(operation, inference):
            # The name of a function in C does not tell which view has it.
            yield error if ":" in error.place else error._replace(place=f"{operation.name}: {error.place}")
    for function, owner in _hooks(operation):
        yield from inference.errors_of(function, owner, is_called=False)


def _hooks(operation: Operation) -> Iterator[Hook]:
    if not operation.is_of_drf:
        return
    yield from view_functions(type(operation.view))
    for kind, part in operation.parts:
        if kind != "parser" or operation.has_body:
            yield from part_functions(part if isinstance(part, type) else type(part))
    if operation.serializer_class is not None:
        if operation.has_body:
            yield from serializer_functions(operation.serializer_class)
        yield from output_functions(operation.serializer_class)
