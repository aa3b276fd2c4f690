"""The lines that a project adds, by file."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from django.conf import ENVIRONMENT_VARIABLE, settings
from django.urls import Resolver404, get_resolver, reverse
from django.urls.exceptions import NoReverseMatch
from rest_framework.settings import api_settings

from ... import handlers
from ...checks.error_views import CSRF_FAILURE, has_default_csrf_failure, missing_error_views, own_error_views
from ...checks.middleware_order import check_middleware_order, ordered
from ...checks.parsers import REPLACEMENTS
from ...checks.setup import HANDLER
from ...checks.wrappers import calls_any
from ...middleware import is_installed
from .routes import api_prefixes, import_path

#: Exception handlers of other packages, with the format that is closest to what they write.
_CLOSEST_FORMATS = {"drf_standardized_errors": "standardized", "drf_problems": "problem"}
_DOCS_PATHS = ("errors/", "error-codes/", "apierrors/")


@dataclass(frozen=True, kw_only=True)
class Addition:
    """What belongs at the end of one file of the project."""

    path: str
    lines: tuple[str, ...]


def iter_additions() -> Iterator[Addition]:
    """Yield what the settings, the root URLconf and the files of the servers lack; raises what the URLconf raises."""
    module = sys.modules.get(os.environ.get(ENVIRONMENT_VARIABLE, ""))
    yield from _addition(_file_of(module), _settings_lines(module))
    if getattr(settings, "ROOT_URLCONF", None):
        urlconf = get_resolver().urlconf_module
        yield from _addition(_file_of(urlconf), _urlconf_lines(urlconf))
    for kind in ("wsgi", "asgi"):
        module_name, _, name = (getattr(settings, f"{kind.upper()}_APPLICATION", None) or "").rpartition(".")
        path = _server_file(kind, module_name)
        if path is not None and "django_apierrors" not in path.read_text(encoding="utf-8"):
            name = name or "application"
            lines = [f"from django_apierrors.{kind} import guard", "", f"{name} = guard({name})"]
            yield from _addition(str(path), lines)


def _addition(path: str, lines: Iterable[str]) -> Iterator[Addition]:
    found = tuple(lines)
    if found:
        yield Addition(path=path, lines=found)


def _file_of(module: Any) -> str:
    return str(getattr(module, "__file__", None) or getattr(module, "__name__", "the settings"))


# The settings


def _settings_lines(module: Any) -> Iterator[str]:
    """Yield assignments: each is the whole new value, but for the keys of a dict that stay."""
    if not is_installed() or check_middleware_order():
        yield from ("MIDDLEWARE = [", *map(_middleware_line, ordered(list(settings.MIDDLEWARE))), "]", "")
    yield from _dict_lines("REST_FRAMEWORK", _rest_framework(), module)
    yield from _dict_lines("APIERRORS", _apierrors(), module)
    if has_default_csrf_failure():
        yield from (f"CSRF_FAILURE_VIEW = {_quoted(CSRF_FAILURE)}", "")


def _middleware_line(path: str) -> str:
    return f"    {_quoted(path)},{'' if path in settings.MIDDLEWARE else '  # new'}"


def _rest_framework() -> dict[str, Any]:
    values: dict[str, Any] = {}
    if not calls_any(api_settings.EXCEPTION_HANDLER, (handlers.exception_handler, handlers.answer)):
        values["EXCEPTION_HANDLER"] = HANDLER
    parsers = [REPLACEMENTS.get(cls, cls) for cls in api_settings.DEFAULT_PARSER_CLASSES]
    if parsers != list(api_settings.DEFAULT_PARSER_CLASSES):
        values["DEFAULT_PARSER_CLASSES"] = list(map(import_path, parsers))
    return values


def _apierrors() -> dict[str, Any]:
    values: dict[str, Any] = {}
    format_ = closest_format()
    if format_ != "nested" and "FORMAT" not in getattr(settings, "APIERRORS", {}):
        values["FORMAT"] = format_
    prefixes = api_prefixes()
    if prefixes:
        values["API_PATHS"] = [*getattr(settings, "APIERRORS", {}).get("API_PATHS", ["/api/"]), *prefixes]
    return values


def closest_format() -> str:
    """Return the name of the format that is closest to what the exception handler of the project writes."""
    package = import_path(api_settings.EXCEPTION_HANDLER).partition(".")[0]
    return _CLOSEST_FORMATS.get(package, "nested")


def _dict_lines(name: str, values: dict[str, Any], module: Any) -> Iterator[str]:
    if not values:
        return
    yield f"{name} = {{"
    if hasattr(module, name):
        yield f"    **{name},"
    for key, value in values.items():
        if isinstance(value, list):
            yield from (f"    {_quoted(key)}: [", *(f"        {_quoted(item)}," for item in value), "    ],")
        else:
            yield f"    {_quoted(key)}: {_quoted(value)},"
    yield from ("}", "")


def _quoted(text: str) -> str:
    return json.dumps(text)


# The root URLconf


def _urlconf_lines(urlconf: Any) -> Iterator[str]:
    missing, own, docs_path = missing_error_views(urlconf), own_error_views(urlconf), _free_docs_path()
    if docs_path:
        yield from ("from django.urls import include, path", "")
    imports = [*(["answer"] if own else []), *missing]
    if imports:
        yield f"from django_apierrors.handlers import {', '.join(imports)}"
    for name, view in own.items():
        if isinstance(view, str):
            module, _, function = view.rpartition(".")
            yield f"from {module} import {function} as own_{name}"
    if docs_path:
        yield from ("", f'urlpatterns = [path("{docs_path}", include("django_apierrors.urls")), *urlpatterns]')
    for name, view in own.items():
        yield from _wrapper(name, view)


def _wrapper(name: str, view: Any) -> Iterator[str]:
    arguments = "request" if name == "handler500" else "request, exception"
    if not isinstance(view, str):
        yield from ("", f"own_{name} = {name}")
    yield from ("", "", f"def {name}({arguments}):")
    yield f"    return answer({arguments}) or own_{name}({arguments})"


def _free_docs_path() -> str:
    """Return a path for the documentation that is not taken, ``""`` where it is mounted already."""
    try:
        reverse("apierrors:index")
    except NoReverseMatch:
        return next((path for path in _DOCS_PATHS if not _is_taken(path)), _DOCS_PATHS[0])
    return ""


def _is_taken(path: str) -> bool:
    """Return whether a path has a view of its own, and not one that takes every path."""
    return _resolves(path) and not _resolves(f"{path}not-a-page/") and not _resolves("not-a-page/")


def _resolves(path: str) -> bool:
    try:
        get_resolver().resolve(f"/{path}")
    except Resolver404:
        return False
    return True


# The servers


def _server_file(kind: str, named: str) -> Path | None:
    """Return the file of a named module, else of ``wsgi.py`` or ``asgi.py``, ``None`` when there is none.

    It is not imported.
    """
    sibling = f"{str(getattr(settings, 'ROOT_URLCONF', '')).rpartition('.')[0]}.{kind}".lstrip(".")
    for name in filter(None, (named, sibling)):
        try:
            spec = find_spec(name)
        except (ImportError, ValueError):
            continue
        if spec is not None and spec.origin:
            return Path(spec.origin)
    return None
