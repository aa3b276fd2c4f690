"""Checks of the codes that Python defines."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage

from .. import codes
from ..samples import error_classes
from ..text import placeholders
from .shortcuts import error, unknown_code


def check_codes(**kwargs: Any) -> list[CheckMessage]:
    """E006, E008, E009: the error codes that Python defines."""
    messages: list[CheckMessage] = [_conflict(*pair) for pair in codes.conflicts()]
    for definition in codes.definitions():
        lists = (*definition.causes, *definition.remedy)
        texts = (definition.message, definition.message_without, definition.description, *lists)
        used = frozenset[str]().union(*(placeholders(str(text)) for text in texts))
        for name in sorted(used - set(definition.params)):
            hint = f'Declare it with a sample value: params={{"{name}": ...}}.'
            messages.append(error(9, f"{definition.code} uses the placeholder {{{name}}} undeclared.", hint))
    for cls in error_classes():
        if codes.find(cls.code) is None:
            messages.append(unknown_code(cls.code, f"{cls.__module__}.{cls.__qualname__}.code"))
    return messages


def _conflict(known: codes.ErrorDefinition, refused: codes.ErrorDefinition) -> CheckMessage:
    if known.code != refused.code:
        message = f"Error codes {known.code} and {refused.code} differ in case alone."
        return error(8, message, f"Rename one of them, or write it {known.code}; until then {known.code} is in force.")
    message = f"Error code {refused.code} is defined twice, with status {known.status} and {refused.status}."
    hint = f"Rename one of them, or give both status {known.status}; until then {known.status} is in force."
    return error(8, message, hint)
