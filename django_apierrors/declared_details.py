"""Sample details: whether those of an error have the members and types that its code declares."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def type_in_json(value: Any) -> str:
    """Return the type of a JSON value, as JSON Schema names it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "integer" if isinstance(value, int) else "number"
    if isinstance(value, str):
        return "string"
    return "object" if isinstance(value, Mapping) else "array"


def difference(details: Mapping[str, Any], sample: Mapping[str, Any], path: str = "") -> str:
    """Return in what details differ from a sample, ``""`` when they have its members and types.

    Both are JSON values. A member whose sample is ``None`` may have any value, an integer is a number, and
    every item of a list is as one of the items of the sample.
    """
    for name in details:
        if name not in sample:
            return f"{path}{name} is not declared"
    for name, expected in sample.items():
        if name not in details:
            return f"{path}{name} is missing"
        text = _value_difference(details[name], expected, f"{path}{name}")
        if text:
            return text
    return ""


def _value_difference(value: Any, expected: Any, path: str) -> str:
    type_, expected_type = type_in_json(value), type_in_json(expected)
    if expected is None or (type_, expected_type) == ("integer", "number"):
        return ""
    if type_ != expected_type:
        return f"{path} is of type {type_}, and {expected_type} in the sample"
    if type_ == "object":
        return difference(value, expected, f"{path}.") if expected else ""
    if type_ == "array":
        texts = (_item_difference(each, expected, f"{path}.{index}") for index, each in enumerate(value))
        return next(filter(None, texts), "")
    return ""


def _item_difference(item: Any, samples: Iterable[Any], path: str) -> str:
    # A ``None`` beside other items says that an item may be null.
    known = [each for each in samples if each is not None]
    if not known or (item is None and None in samples):
        return ""
    texts = [_value_difference(item, each, path) for each in known]
    return "" if "" in texts else texts[0]
