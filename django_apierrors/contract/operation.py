"""An operation of the API: one method at one path, with the view that answers it."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from typing import Any

from rest_framework.mixins import ListModelMixin
from rest_framework.permissions import NOT
from rest_framework.views import APIView

from ..conf import conf
from ..paths import longest_prefix
from .sources import place_of, unwrapped

_FORMAT = "error_format"
_WITH_BODY = ("POST", "PUT", "PATCH")
_KINDS_OF_PARTS = (
    ("authentication", "get_authenticators", "authentication_classes"),
    ("permission", "get_permissions", "permission_classes"),
    ("throttle", "get_throttles", "throttle_classes"),
)


class Operation:
    """One method of a view at a path.

    ``view`` is an instance of a DRF or Django view, ``None`` for a function; ``callback`` is what the
    URLconf holds, as far as it is known. ``has_body`` says whether a body is read, ``None``: by the method;
    it, ``is_paginated`` and ``is_filtered`` become true where the source of the view tells it. ``warnings``
    collects what failed.
    """

    def __init__(
        self,
        path: str,
        method: str,
        *,
        view: Any = None,
        callback: Any = None,
        has_body: bool | None = None,
    ) -> None:
        """Take what is known of the operation."""
        self.path = path
        self.method = method
        self.view = view
        self.callback = callback
        self.has_body = method in _WITH_BODY if has_body is None else has_body
        action = getattr(view, "action", None)
        is_list = action == "list" if action else isinstance(view, ListModelMixin) and method == "GET"
        self.is_paginated = is_list
        self.is_filtered = is_list or "{" in path
        self.warnings: list[str] = []

    @property
    def is_of_drf(self) -> bool:
        """Whether DRF answers it."""
        return isinstance(self.view, APIView)

    @functools.cached_property
    def handler(self) -> Any:
        """The function that answers the method: an action, a method of the class, or the view itself."""
        if self.view is None:
            return self.callback
        name = getattr(self.view, "action", None) or self.method.lower()
        return getattr(type(self.view), name, None)

    @property
    def name(self) -> str:
        """The method and the path, and the class of the view if there is one."""
        cls = type(self.view)
        return f"{self.method} {self.path}" + (f" ({cls.__module__}.{cls.__qualname__})" if self.view else "")

    @functools.cached_property
    def owners(self) -> tuple[Any, ...]:
        """The objects on which marks and declarations stand: the handler, the view, what the URLconf holds."""
        owners = (self.handler, unwrapped(self.handler), self.callback, self.view)
        return tuple({id(each): each for each in owners if each is not None}.values())

    @functools.cached_property
    def parts(self) -> tuple[tuple[str, Any], ...]:
        """The authenticators, permissions, throttles, filters, paginator and parsers of a DRF view, by kind."""
        return tuple(self._parts()) if self.is_of_drf else ()

    def _parts(self) -> Iterator[tuple[str, Any]]:
        for kind, method, attribute in _KINDS_OF_PARTS:
            for part in self.from_view(method, attribute):
                yield from ((kind, each) for each in _operands(part))
        for kind, attribute in (("filter", "filter_backends"), ("parser", "parser_classes")):
            yield from ((kind, cls) for cls in getattr(self.view, attribute, None) or ())
        pagination = getattr(self.view, "pagination_class", None)
        if pagination is not None and self.is_paginated:
            yield "paginator", pagination

    def of_kind(self, kind: str) -> list[Any]:
        """Return the parts of one kind."""
        return [part for name, part in self.parts if name == kind]

    @functools.cached_property
    def serializer_class(self) -> type | None:
        """The class of the serializer of the view, ``None`` when it has none."""
        cls = getattr(self.view, "serializer_class", None)
        if hasattr(self.view, "get_serializer_class"):
            is_default = getattr(type(self.view).get_serializer_class, "__module__", "") == "rest_framework.generics"
            cls = cls if is_default else self.from_view("get_serializer_class", "serializer_class")
        return cls if isinstance(cls, type) else None

    @functools.cached_property
    def format_name(self) -> str | None:
        """The name of the format of its errors, ``None`` where ``FORMATS`` leaves the path to Django and DRF."""
        for named in (
            getattr(self.handler, _FORMAT, None),
            initkwargs(self.callback).get(_FORMAT),
            getattr(self.view, _FORMAT, None),
            getattr(self.callback, _FORMAT, None),
        ):
            if named is not None:
                return str(named)
        prefix = longest_prefix(self.path, conf.FORMATS)
        return conf.FORMAT if prefix is None else conf.FORMATS[prefix]

    def from_view(self, name: str, attribute: str) -> Any:
        """Return what a method of the view returns; what an attribute says, with a warning, when it fails.

        A view may need a real request, for want of which its schema must not fail.
        """
        try:
            return getattr(self.view, name)()
        except Exception as exc:
            self.warnings.append(f"{place_of(getattr(type(self.view), name, self.view))}: {name}() failed: {exc!r}")
        value = getattr(self.view, attribute, ())
        return [cls() for cls in value] if isinstance(value, Sequence) else value


def initkwargs(callback: Any) -> dict[str, Any]:
    """Return the arguments that ``as_view()`` got."""
    # DRF calls the arguments of `as_view()` initkwargs, Django viewinitkwargs.
    return getattr(callback, "initkwargs", None) or getattr(callback, "viewinitkwargs", None) or {}


def _operands(part: Any) -> Iterator[Any]:
    """Iterate over a permission, or over those that it joins by ``&``, ``|`` and ``~``.

    One with ``~`` refuses by itself, whomever its operand lets in.
    """
    joined = [getattr(part, name) for name in ("op1", "op2") if hasattr(part, name)]
    for each in joined:
        yield from _operands(each)
    if not joined or isinstance(part, NOT):
        yield part
