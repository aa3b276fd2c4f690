"""The spelling of member names: what a client calls ``firstName`` is no ``first_name`` in its errors."""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from django.conf import settings

from .conf import conf
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

    That is ``param``, the placeholder ``param``, and the paths of the errors; texts and details stay, and
    query parameters unless ``CASE`` or a middleware spells them, too.
    """
    spell = _SPELL.get(case or "")
    if spell is None:
        return problem
    keeps_query = not _spells_query()
    changed: dict[str, Any] = {}
    if problem.errors:
        changed["errors"] = tuple(
            error if keeps_query and error.in_query else _error(error, spell) for error in problem.errors
        )
    if keeps_query and (problem.in_query or (problem.errors and problem.errors[0].in_query)):
        return replace(problem, **changed) if changed else problem
    if problem.param:
        changed["param"] = _spelled(problem.param, spell)
    param = problem.params.get("param")
    if isinstance(param, str):
        changed["params"] = {**problem.params, "param": _spelled(param, spell)}
    return replace(problem, **changed) if changed else problem


def _spells_query() -> bool:
    # The renderers and parsers of the package leave query strings alone, its middleware does not.
    return conf.CASE is not None or any(path.startswith(_PACKAGE) for path in settings.MIDDLEWARE)


def _error(error: FieldError, spell: Callable[[str], str]) -> FieldError:
    path, key = tuple(_steps(error.path, spell)), spell(error.key)
    return error if (path, key) == (error.path, error.key) else replace(error, path=path, key=key)


def _spelled(path: str, spell: Callable[[str], str]) -> str:
    return ".".join(map(str, _steps(path.split("."), spell)))


def _steps(path: Sequence[str | int], spell: Callable[[str], str]) -> Iterator[str | int]:
    fields, keys = _ignored()
    for position, step in enumerate(path, 1):
        if isinstance(step, int):
            yield step
            continue
        spelled = spell(step)
        yield step if step in keys or spelled in keys else spelled
        if step in fields or spelled in fields:
            yield from path[position:]  # whatever is in such a field is left alone
            return


def _ignored() -> tuple[Collection[str], Collection[str]]:
    """Return the fields whose content, and the keys, that djangorestframework-camel-case is told to leave alone."""
    loaded = sys.modules.get(f"{_PACKAGE}settings")
    if loaded is None:
        return (), ()
    options = loaded.api_settings.JSON_UNDERSCOREIZE or {}
    return options.get("ignore_fields") or (), options.get("ignore_keys") or ()


def _camel(name: str) -> str:
    return _JOINT.sub(lambda joint: joint[1].upper(), name) if "_" in name else name


def _snake(name: str) -> str:
    return _WORD.sub("_", name).lower()


_SPELL: dict[str, Callable[[str], str]] = {"camel": _camel, "snake": _snake}
