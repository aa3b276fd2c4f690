"""The schema of drf-spectacular with the errors of each operation."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.urls import URLResolver, get_resolver
from drf_spectacular.drainage import warn
from drf_spectacular.generators import SchemaGenerator as SpectacularSchemaGenerator
from drf_spectacular.openapi import AutoSchema as SpectacularAutoSchema
from drf_spectacular.plumbing import ComponentRegistry, ResolvedComponent
from drf_spectacular.settings import spectacular_settings

from ..contract.inference import Inference
from ..contract.operation import Operation
from ..contract.operation_errors import errors_of
from ..contract.sources import place_of
from ..openapi import ComponentNames, ErrorComponents

# The attribute of a view that names its callback.
_CALLBACK = "schema_callback"
# What drf-spectacular asks a view for, and the attribute that answers by default.
_ASKED_FOR_AUTH = (("get_authenticators", "authentication_classes"), ("get_permissions", "permission_classes"))


class AutoSchemaMixin:
    """Adds the errors of an operation to an ``AutoSchema`` of drf-spectacular; what was written by hand stays."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        """Return the operation with a response for each status of its errors."""
        view: Any = self.view  # type: ignore[attr-defined]
        _guard(view)
        operation: dict[str, Any] | None
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)  # type: ignore[misc]
        if operation:
            document = _Document.of(registry)
            callback = document.callback(path_regex, view)
            has_body = "requestBody" in operation
            document.describe(
                operation, Operation(path, method.upper(), view=view, callback=callback, has_body=has_body)
            )
        return operation


class SchemaGeneratorMixin:
    """Tells the schema which callback of the URLconf a view stands for; for any other than ``ROOT_URLCONF``."""

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        """Return the view of a callback, which it keeps."""
        view = super().create_view(callback, method, request)  # type: ignore[misc]
        setattr(view, _CALLBACK, callback)
        return view


class SchemaGenerator(SchemaGeneratorMixin, SpectacularSchemaGenerator):  # type: ignore[misc]
    """The ``DEFAULT_GENERATOR_CLASS`` of drf-spectacular for a schema of any URLconf."""


class AutoSchema(AutoSchemaMixin, SpectacularAutoSchema):  # type: ignore[misc]
    """The ``DEFAULT_SCHEMA_CLASS`` of DRF for a schema with errors."""


class _Document:
    """What the operations of one document share."""

    _of_registry: weakref.WeakKeyDictionary[ComponentRegistry, _Document] = weakref.WeakKeyDictionary()

    @classmethod
    def of(cls, registry: ComponentRegistry) -> _Document:
        if registry not in cls._of_registry:
            cls._of_registry[registry] = cls(registry)
        return cls._of_registry[registry]

    def __init__(self, registry: ComponentRegistry) -> None:
        self._registry = weakref.ref(registry)
        self._inference = Inference()
        self._names = ComponentNames(self._is_taken)
        self._components: dict[str, ErrorComponents] = {}
        self._callbacks: dict[str, list[Any]] = {}
        self._is_warned = False
        for urlconf in _urlconfs():
            for regex, callback in _callbacks(get_resolver(urlconf), ""):
                self._callbacks.setdefault(regex, []).append(callback)

    def callback(self, path_regex: str, view: Any) -> Any:
        """Return what the URLconf holds for a view, with one warning ``None`` for one of another URLconf."""
        if hasattr(view, _CALLBACK):
            return getattr(view, _CALLBACK)
        found = [each for each in self._callbacks.get(path_regex, ()) if issubclass(type(view), _class_of(each))]
        if found:  # a replacement by an OpenApiViewExtension is a subclass
            return max(found, key=lambda each: _class_of(each) is type(view))
        if not self._is_warned:
            self._is_warned = True
            warn(
                f"{path_regex}: neither ROOT_URLCONF nor SERVE_URLCONF has this view; what stands on it in the "
                "URLconf, such as @ratelimit around as_view(), is not described. Set DEFAULT_GENERATOR_CLASS of "
                f"SPECTACULAR_SETTINGS to {SchemaGenerator.__module__}.{SchemaGenerator.__name__}."
            )
        return None

    def describe(self, operation: dict[str, Any], described: Operation) -> None:
        """Add the errors of an operation to it, and their components to the document."""
        try:
            format_name = described.format_name
            if format_name is None:
                return
            if format_name not in self._components:
                version = spectacular_settings.OAS_VERSION
                self._components[format_name] = ErrorComponents(format_name, version, self._names)
            components, errors = self._components[format_name], errors_of(described, self._inference)
        except Exception as exc:  # a view or a format of somebody else must never cost the schema
            warn(f"the errors of {described.name} could not be described: {exc!r}")
            return
        for warning in errors.warnings:
            warn(warning)
        responses = operation["responses"]
        for status, codes in errors.by_status().items():
            if str(status) not in responses:
                responses[str(status)] = components.response(status, codes)
        self._register(components)

    def _is_taken(self, kind: str, name: str) -> bool:
        registry: Any = self._registry()
        try:
            return registry[name, kind].object is not ErrorComponents
        except KeyError:
            return False

    def _register(self, components: ErrorComponents) -> None:
        registry: Any = self._registry()
        for kind, of_kind in components.components.items():
            for name, schema in of_kind.items():
                component = ResolvedComponent(name=name, type=kind, schema=schema, object=ErrorComponents)
                registry.register_on_missing(component)


def _urlconfs() -> list[str]:
    served = spectacular_settings.SERVE_URLCONF
    named = [served] if isinstance(served, str) else served or ()
    return [settings.ROOT_URLCONF, *(each for each in named if isinstance(each, str))]


def _class_of(callback: Any) -> type:
    return getattr(callback, "cls", _NoView)


class _NoView:
    """The class of a callback that no class of DRF has."""


def _callbacks(resolver: URLResolver, prefix: str) -> Iterator[tuple[str, Any]]:
    """Iterate over all views of a URLconf, each with its pattern as drf-spectacular spells it."""
    for pattern in resolver.url_patterns:
        regex = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _callbacks(pattern, regex)
        else:
            yield regex, pattern.callback


def _guard(view: Any) -> None:
    """Let a view whose methods need a real request be described by its attributes, with a warning."""
    for name, attribute in _ASKED_FOR_AUTH:
        try:
            getattr(view, name)()
        except Exception as exc:  # its schema must not fail for want of a request
            warn(f"{place_of(getattr(type(view), name))}: {name}() failed: {exc!r}; {attribute} is described")
            parts = [cls() for cls in getattr(view, attribute)]
            setattr(view, name, lambda parts=parts: parts)
