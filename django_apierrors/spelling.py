"""The spelling of member names: what a client calls ``firstName`` is no ``first_name`` in its errors."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from .problems import FieldError, Problem

# As the renderer and the parser of djangorestframework-camel-case spell: an underscore goes with the letter or
# digit after it, a leading one too; a capital or a digit begins a word, and capitals in a row are one.
_JOINT = re.compile(r"_([a-z0-9])")
_WORD = re.compile(
    r"(?<=[a-z0-9])(?=[A-Z])"
    r"|(?=[A-Z](?:[a-z]|[0-9][a-zA-Z_]))"
    r"|(?<=[a-z])(?=[0-9](?:[0-9A-Z]|$))"
    r"|(?<=[A-Z])(?=[0-9](?:[0-9]|$))"
)
_PACKAGE = "djangorestframework_camel_case."


def case_for(case: str | None, renderers: Iterable[type]) -> str | None:
    """Return the case in which names are spelled, by the setting and the renderer classes of a view.

    ``None``, as names are, unless a renderer is of djangorestframework-camel-case.
    """
    return case or ("camel" if any(map(_is_camel, renderers)) else None)


@functools.lru_cache(maxsize=256)
def _is_camel(renderer: type) -> bool:
    return any(cls.__module__.startswith(_PACKAGE) for cls in getattr(renderer, "__mro__", ()))


def respelled(problem: Problem, case: str | None) -> Problem:
    """Return a problem with the names of the client's own members in a case; ``None`` leaves them as they are.

    That is ``param``, the placeholder ``param``, and the paths of the errors; texts and details stay.
    """
    spell = _SPELL.get(case or "")
    if spell is None:
        return problem
    changed: dict[str, Any] = {}
    if problem.param:
        changed["param"] = _spelled(problem.param, spell)
    param = problem.params.get("param")
    if isinstance(param, str):
        changed["params"] = {**problem.params, "param": _spelled(param, spell)}
    if problem.errors:
        changed["errors"] = tuple(_error(error, spell) for error in problem.errors)
    return replace(problem, **changed) if changed else problem


def _error(error: FieldError, spell: Callable[[str], str]) -> FieldError:
    path = tuple(spell(step) if isinstance(step, str) else step for step in error.path)
    return error if path == error.path else replace(error, path=path)


def _spelled(path: str, spell: Callable[[str], str]) -> str:
    return ".".join(map(spell, path.split(".")))


def _camel(name: str) -> str:
    return _JOINT.sub(lambda joint: joint[1].upper(), name) if "_" in name else name


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


_SPELL: dict[str, Callable[[str], str]] = {"camel": _camel, "snake": _snake}
