"""JSON Schemas of JSON values: what all of some values have in common."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..declared_details import type_in_json

#: The place of a value in a body: keys, and ``[]`` for any item of a list.
Place = tuple[str, ...]
ITEM = "[]"
#: A JSON Schema.
Schema = dict[str, Any]


class ValueShape:
    """What is known of the values at one place."""

    def __init__(self) -> None:
        self.types: set[str] = set()
        self.values: dict[str, None] = {}
        self.members: dict[str, ValueShape] = {}
        self.required: set[str] | None = None
        self.items: ValueShape | None = None

    def add(self, value: Any) -> None:
        """Take one more value."""
        self.types.add(type_in_json(value))
        if isinstance(value, str):
            self.values[value] = None
        elif isinstance(value, Mapping):
            self.required = set(value) if self.required is None else self.required & set(value)
            for name, inner in value.items():
                self.members.setdefault(name, ValueShape()).add(inner)
        elif isinstance(value, list):
            self.items = self.items or ValueShape()
            for inner in value:
                self.items.add(inner)

    def merge(self, other: ValueShape) -> None:
        """Take all that another shape has."""
        self.types |= other.types
        self.values.update(other.values)
        if other.required is not None:
            self.required = other.required if self.required is None else self.required & other.required
        for name, inner in other.members.items():
            self.members.setdefault(name, ValueShape()).merge(inner)
        if other.items is not None:
            self.items = self.items or ValueShape()
            self.items.merge(other.items)

    def any_member(self) -> ValueShape:
        """Return what all members have in common."""
        shape = ValueShape()
        for inner in self.members.values():
            shape.merge(inner)
        return shape

    def at(self, place: Place) -> ValueShape | None:
        """Return the shape at a place below, ``None`` when no value has one."""
        shape: ValueShape | None = self
        for step in place:
            if shape is None:
                break
            shape = shape.items if step == ITEM else shape.members.get(step)
        return shape

    def schema(self, special: Callable[[Place, ValueShape], Schema | None], place: Place = ()) -> Schema:
        """Return the schema; ``special`` gives that of a place whose values say too little."""
        given = special(place, self)
        if given is not None:
            return given
        schema: Schema = {}
        types = sorted(self.types - {"null"})
        if "integer" in types and "number" in types:
            types.remove("integer")
        if len(types) == 1:
            schema["type"] = types[0]
            if types[0] == "object":
                schema["properties"] = {
                    name: inner.schema(special, (*place, name)) for name, inner in self.members.items()
                }
                if self.required:
                    schema["required"] = sorted(self.required)
            elif types[0] == "array":
                items = self.items or ValueShape()
                schema["items"] = items.schema(special, (*place, ITEM))
            if "null" in self.types:
                schema["nullable"] = True
        return schema


def shape_of(value: Any) -> ValueShape:
    """Return the shape of one value."""
    shape = ValueShape()
    shape.add(value)
    return shape


def without_key(name: str, value: Any) -> Any:
    """Return a value without the members of one name."""
    if isinstance(value, Mapping):
        return {key: without_key(name, inner) for key, inner in value.items() if key != name}
    return [without_key(name, inner) for inner in value] if isinstance(value, list) else value


def places_of(text: str, value: Any, place: Place = ()) -> Iterator[Place]:
    """Iterate over the places of a text in a value."""
    if value == text:
        yield place
    for step, inner in _inner(value):
        yield from places_of(text, inner, (*place, step))


def places_of_key(name: str, value: Any, place: Place = ()) -> Iterator[Place]:
    """Iterate over the places of the objects in a value that have a member of a name."""
    if isinstance(value, Mapping) and name in value:
        yield place
    for step, inner in _inner(value):
        yield from places_of_key(name, inner, (*place, step))


def _inner(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        yield from value.items()
    elif isinstance(value, list):
        yield from ((ITEM, inner) for inner in value)


def for_version(schema: Any, version: str) -> Any:
    """Return a schema as a version of OpenAPI spells it: from 3.1 on ``null`` is a type."""
    if isinstance(schema, list):
        return [for_version(each, version) for each in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: value if name == "example" else for_version(value, version) for name, value in schema.items()}
    if version.startswith("3.0") or schema.get("nullable") is not True:
        return schema
    del schema["nullable"]
    return {**schema, "type": [schema["type"], "null"]}
