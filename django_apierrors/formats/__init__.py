"""Formats of error bodies: Problem + Entry → dict. The only package with the key names of bodies."""

from __future__ import annotations

import functools

from django.utils.module_loading import import_string

from .bounded import MOST_BYTES, bounded
from .builtin import RFC9457, Described, Detailed, Nested, OAuth2, Result, Typed
from .fallback import fallback
from .format import Field, Format
from .languages import content_language
from .standardized import Standardized

__all__ = [
    "BUILTIN",
    "CONSTANT",
    "MOST_BYTES",
    "RFC9457",
    "Described",
    "Detailed",
    "Field",
    "Format",
    "Nested",
    "OAuth2",
    "Result",
    "Standardized",
    "Typed",
    "bounded",
    "content_language",
    "fallback",
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
    "standardized": Standardized,
}

#: The formats whose body is the same for all errors of one code and status without facts of their
#: own. A subclass may write a body that differs, so only these classes count.
CONSTANT: frozenset[type[Format]] = frozenset({Nested, Result, Detailed, Described, OAuth2})


@functools.cache
def get(name: str) -> Format:
    """Return a format by its name or dotted path.

    Raises ``ImportError`` when it does not exist and ``TypeError`` when it is not a ``Format``.
    """
    cls = BUILTIN.get(name) or import_string(name)
    if not (isinstance(cls, type) and issubclass(cls, Format) and cls is not Format):
        raise TypeError(f"{name!r} is not a subclass of django_apierrors.formats.Format.")
    return cls()
