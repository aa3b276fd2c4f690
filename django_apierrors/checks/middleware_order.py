"""Checks of the place of the middleware."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from ..middleware import is_listed
from .shortcuts import error, warning

MIDDLEWARE = "django_apierrors.middleware.ApiErrorMiddleware"

_CACHE = "django.middleware.cache.UpdateCacheMiddleware"
_SECURITY = "django.middleware.security.SecurityMiddleware"
#: What changes every response, or a browser client cannot read it.
_REQUIRED_ABOVE = ("django.middleware.gzip.GZipMiddleware", "corsheaders.middleware.CorsMiddleware")
_BELOW = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    _CACHE,
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)


def check_middleware_order(**kwargs: Any) -> list[CheckMessage]:
    """E012, E014, W010, W011: the place of the middleware; one place without an error always exists."""
    order = _Order.of(list(settings.MIDDLEWARE))
    if not order.ours:
        return []
    messages: list[CheckMessage] = []
    if len(order.ours) > 1:
        hint = f'Keep one "{MIDDLEWARE}" in MIDDLEWARE.'
        messages.append(error(14, "ApiErrorMiddleware is listed twice: signals would be sent twice.", hint))
    position = order.ours[0]
    for index, path in enumerate(order.paths):
        name = path.rpartition(".")[2]
        if index > position and index in order.required_above:
            # A 503 without CORS headers is a status 0 to a browser client.
            message = f"ApiErrorMiddleware stands above {name}, whose headers its responses would lack."
            messages.append(error(12, message, order.hint()))
        elif index > position and index in order.above:
            message = f"ApiErrorMiddleware stands above {name}, whose headers its responses would lack."
            messages.append(warning(10, message, order.hint()))
        elif index < position and index in order.below:
            message = f"ApiErrorMiddleware stands below {name}, whose errors it never sees."
            messages.append(warning(11, message, order.hint()))
    return messages


def ordered(paths: Sequence[str]) -> list[str]:
    """Return the entries of ``MIDDLEWARE`` with ours in its place; others move only where no place would do."""
    others = [path for path in paths if not is_listed(path)]
    ours = next((path for path in paths if is_listed(path)), MIDDLEWARE)
    order = _Order.of(others)
    first = min(order.below, default=len(others))
    late = [index for index in order.above if index > first]
    moved = [others[index] for index in late]
    kept = [path for index, path in enumerate(others) if index not in late]
    above = [*kept[:first], *moved]
    last = max(_positions(above, (*_REQUIRED_ABOVE, _SECURITY)), default=-1) + 1
    return [*above[:last], ours, *above[last:], *kept[first:]]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Order:
    """The entries of ``MIDDLEWARE``, and the positions of those that have a place relative to ours."""

    paths: Sequence[str]
    ours: Sequence[int]
    required_above: Sequence[int]
    above: Sequence[int]
    below: Sequence[int]

    @classmethod
    def of(cls, paths: Sequence[str]) -> _Order:
        required_above = _positions(paths, _REQUIRED_ABOVE)
        # Django's documentation puts it above GZipMiddleware, which puts it above ours.
        last = max(required_above, default=-1)
        cache = [index for index in _positions(paths, (_CACHE,)) if index < last]
        return cls(
            paths=paths,
            ours=[index for index, path in enumerate(paths) if is_listed(path)],
            required_above=required_above,
            above=_positions(paths, (*_REQUIRED_ABOVE, _SECURITY)),
            below=[index for index in _positions(paths, _BELOW) if index not in cache],
        )

    def hint(self) -> str:
        """Return the moves after which the order is right."""
        if not self.above or not self.below or max(self.above) < min(self.below):
            above = f'below "{self.paths[max(self.above)]}"' if self.above else ""
            below = f'above "{self.paths[min(self.below)]}"' if self.below else ""
            return f'Move "{MIDDLEWARE}" {" and ".join(filter(None, (above, below)))} in MIDDLEWARE.'
        first = min(self.below)
        late = [f'"{self.paths[index]}"' for index in self.above if index > first]
        return (
            f'Move {", ".join(late)} above "{self.paths[first]}" in MIDDLEWARE, as Django\'s documentation does, '
            f'and "{MIDDLEWARE}" between them.'
        )


def _positions(paths: Iterable[str], known: Sequence[str]) -> list[int]:
    classes = tuple(cls for cls in map(_import_class, known) if cls is not None)
    # By name first: corsheaders need not be installed.
    return [index for index, path in enumerate(paths) if path in known or _is_subclass(path, classes)]


def _is_subclass(path: str, classes: tuple[type, ...]) -> bool:
    candidate = _import_class(path)  # Django itself fails to start when there is none, and names it
    return candidate is not None and issubclass(candidate, classes)


def _import_class(path: str) -> type | None:
    try:
        candidate = import_string(path)
    except Exception:  # whatever a module raises while it is imported
        return None
    return candidate if isinstance(candidate, type) else None
