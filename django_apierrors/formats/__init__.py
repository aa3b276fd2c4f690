"""Wire formats: Problem + Entry → dict. The only package with the key names of bodies."""

from __future__ import annotations

import functools

from django.utils.module_loading import import_string

from .bounded import bounded
from .builtin import RFC9457, Described, Detailed, Nested, OAuth2, Result, Typed
from .shape import Field, Format

__all__ = [
    "BUILTIN",
    "CONSTANT",
    "RFC9457",
    "Described",
    "Detailed",
    "Field",
    "Format",
    "Nested",
    "OAuth2",
    "Result",
    "Typed",
    "bounded",
    "get",
]

#: The formats by name.
BUILTIN: dict[str, type[Format]] = {
    "nested": Nested,
    "result": Result,
    "detailed": Detailed,
    "described": Described,
    "oauth2": OAuth2,
    "typed": Typed,
    "problem": RFC9457,
}

#: The formats whose body is the same for all errors of one code and status that have no facts of
#: their own. A subclass may add what differs, so the class itself counts.
CONSTANT: frozenset[type[Format]] = frozenset({Nested, Result, Detailed, Described, OAuth2})


@functools.cache
def get(name: str) -> Format:
    """Return a format by its name or dotted path.

    Raises ``ImportError`` when there is none and ``TypeError`` when it is not a ``Format``.
    """
    found = BUILTIN.get(name) or import_string(name)
    if not (isinstance(found, type) and issubclass(found, Format) and found is not Format):
        raise TypeError(f"{name!r} is not a subclass of django_apierrors.formats.Format.")
    return found()
