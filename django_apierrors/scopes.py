"""The description of the scope of a maintenance window: its paths and methods."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

#: The default number of paths in a description; the others are only counted.
_MAX_PATHS = 4


class Scope(Protocol):
    """A window, or the row of one; no prefixes mean every path, no methods every method."""

    @property
    def path_prefixes(self) -> Collection[str]:
        """The prefixes of the paths."""

    @property
    def methods(self) -> Collection[str]:
        """The HTTP methods."""


def describe_scope(scope: Scope, max_paths: int | None = _MAX_PATHS) -> str:
    """Return a scope as it follows "for": ``everything``, ``/api/``, ``POST on /api/``."""
    prefixes, methods = list(scope.path_prefixes), ", ".join(sorted(scope.methods))
    paths = ", ".join(prefixes[:max_paths])
    more = len(prefixes[max_paths:]) if max_paths else 0
    if more:
        values = {"listed": paths, "more": more}
        paths = ngettext("%(listed)s and %(more)d more", "%(listed)s and %(more)d more", more) % values
    if not methods:
        return paths or _("everything")
    return _("%(methods)s on %(paths)s") % {"methods": methods, "paths": paths or _("every path")}
