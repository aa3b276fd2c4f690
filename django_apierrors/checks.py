"""System checks: a wrong set-up is found at boot, and the hint is the fix."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import django
import rest_framework
from django.apps import apps
from django.conf import settings
from django.core.checks import CheckMessage, Error, Info, Warning
from django.urls import get_resolver
from django.utils.module_loading import import_string
from rest_framework.settings import api_settings
from rest_framework.views import exception_handler as drf_exception_handler

from . import codes, formats, handlers, headers
from .conf import ACCESSES, DEFAULTS, TYPES, conf
from .exceptions import ApiError
from .middleware import ApiErrorMiddleware
from .templating import placeholders

MIDDLEWARE = "django_apierrors.middleware.ApiErrorMiddleware"
HANDLER = "django_apierrors.handlers.exception_handler"
CSRF_FAILURE = "django_apierrors.handlers.csrf_failure"

_ABOVE = (
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "corsheaders.middleware.CorsMiddleware",
)
_BELOW = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django.middleware.http.ConditionalGetMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """E001, E002: keys and types of ``APIERRORS``; what depends on them is checked when they are right."""
    given = conf.given()
    if not isinstance(given, dict):
        return [_error(1, f"APIERRORS is {given!r}, not a dict.", 'Write APIERRORS = {"FORMAT": "nested"}.')]
    messages: list[CheckMessage] = [
        _error(1, f"APIERRORS has an unknown key {key!r}.", f"Use one of {', '.join(sorted(DEFAULTS))}.")
        for key in given
        if key not in DEFAULTS
    ]
    for key, (is_right, wanted) in TYPES.items():
        if key in given and not is_right(given[key]):
            messages.append(_error(2, f"APIERRORS[{key!r}] is {given[key]!r}.", f"It must be {wanted}."))
    if not messages:
        for check in (_formats, _paths, _exceptions, _request_id, _docs):
            messages.extend(check())
    return messages


def _formats() -> Iterator[CheckMessage]:
    named = [("FORMAT", conf.FORMAT)]
    named += [(f"FORMATS[{prefix!r}]", name) for prefix, name in conf.FORMATS.items() if name is not None]
    for where, name in named:
        try:
            formats.get(name)
        except Exception:  # whatever a module raises while it is imported
            known = ", ".join(formats.BUILTIN)
            hint = f"Use one of {known}, or the dotted path of a subclass of django_apierrors.formats.Format."
            yield _error(3, f"APIERRORS {where} names an unknown format {name!r}.", hint)


def _paths() -> Iterator[CheckMessage]:
    for key in ("API_PATHS", "FORMATS"):
        for prefix in getattr(conf, key):
            if not prefix.startswith("/"):
                yield _error(4, f"APIERRORS[{key!r}] has {prefix!r}, which matches no path.", f'Write "/{prefix}".')


def _exceptions() -> Iterator[CheckMessage]:
    for path, code in conf.EXCEPTIONS.items():
        if "." not in path:
            hint = f'Write the module too, e.g. "builtins.{path}" or "package.module.{path}".'
            yield _error(5, f"APIERRORS['EXCEPTIONS'] has {path!r}, which is not a dotted path.", hint)
            continue
        try:
            found = import_string(path)
        except Exception as exc:  # whatever a module raises while it is imported
            yield _error(5, f"APIERRORS['EXCEPTIONS'] has {path!r}: {exc}", "Correct the path, or remove the line.")
            continue
        if not (isinstance(found, type) and issubclass(found, BaseException)):
            yield _error(5, f"APIERRORS['EXCEPTIONS'] has {path!r}, which is no exception.", "Name a class.")
        if codes.get(code) is None:
            yield _unknown_code(code, f"APIERRORS['EXCEPTIONS'][{path!r}]")


def _docs() -> Iterator[CheckMessage]:
    for key, value in conf.DOCS.items():
        if key not in DEFAULTS["DOCS"]:
            hint = f"Use one of {', '.join(DEFAULTS['DOCS'])}."
            yield _error(1, f"APIERRORS['DOCS'] has an unknown key {key!r}.", hint)
        elif key == "ACCESS" and value not in ACCESSES:
            yield _error(2, f"APIERRORS['DOCS']['ACCESS'] is {value!r}.", f"It must be one of {', '.join(ACCESSES)}.")
        elif key != "ACCESS" and not (value is None or str(value).startswith(("http://", "https://"))):
            yield _error(2, f"APIERRORS['DOCS'][{key!r}] is {value!r}.", "It must be an absolute URL, or None.")


def _request_id() -> Iterator[CheckMessage]:
    source = conf.REQUEST_ID
    if isinstance(source, str):
        try:
            found = import_string(source)
        except Exception as exc:  # whatever a module raises while it is imported
            yield _error(7, f"APIERRORS['REQUEST_ID'] is {source!r}: {exc}", "Correct the dotted path.")
        else:
            if not callable(found):
                yield _error(7, f"APIERRORS['REQUEST_ID'] is {source!r}, which cannot be called.", "Name a function.")


def check_codes(**kwargs: Any) -> list[CheckMessage]:
    """E006, E008, E009: what code defines about codes."""
    messages: list[CheckMessage] = [
        _error(
            8,
            f"Error code {refused.code} is defined twice, with status {known.status} and {refused.status}.",
            f"Rename one of them, or give both status {known.status}; until then {known.status} is in force.",
        )
        for known, refused in codes.conflicts()
    ]
    for definition in codes.definitions():
        texts = (definition.message, definition.description, *definition.causes, *definition.remedy)
        used = frozenset[str]().union(*(placeholders(str(text)) for text in texts))
        for name in sorted(used - set(definition.params)):
            hint = f'Declare it with a sample value: params={{"{name}": ...}}.'
            messages.append(_error(9, f"{definition.code} uses the placeholder {{{name}}} undeclared.", hint))
    for cls in _subclasses(ApiError):
        if codes.get(cls.code) is None:
            messages.append(_unknown_code(cls.code, f"{cls.__module__}.{cls.__qualname__}.code"))
    return messages


def _subclasses(cls: type[ApiError]) -> Iterator[type[ApiError]]:
    for subclass in cls.__subclasses__():
        yield subclass
        yield from _subclasses(subclass)


def check_doors(**kwargs: Any) -> list[CheckMessage]:
    """E010, E011, W001: the middleware and the exception handler, each needs the other."""
    messages: list[CheckMessage] = []
    if not any(_is_a(path, ApiErrorMiddleware) for path in settings.MIDDLEWARE):
        hint = (
            f'Add "{MIDDLEWARE}" to MIDDLEWARE, below SecurityMiddleware, GZipMiddleware and CorsMiddleware '
            "and above everything else."
        )
        messages.append(_error(10, "Errors outside DRF views are not structured: the middleware is missing.", hint))
    handler: Any = api_settings.EXCEPTION_HANDLER
    if handler is not handlers.exception_handler:
        paste = f'REST_FRAMEWORK = {{"EXCEPTION_HANDLER": "{HANDLER}"}}'
        if handler is drf_exception_handler:
            messages.append(_error(11, "Errors of DRF views are not structured: DRF's own handler is set.", paste))
        else:
            message = f"The exception handler is {_named(handler)}."
            messages.append(_warning(1, message, f"Call {HANDLER} from it and silence this, or set {paste}."))
    return messages


def _named(handler: Any) -> str:
    name = getattr(handler, "__qualname__", None)
    return f"{handler.__module__}.{name}" if name else repr(handler)


def check_middleware_order(**kwargs: Any) -> list[CheckMessage]:
    """E012 to E014: a 503 without CORS headers is a status 0 to a browser client."""
    paths = list(settings.MIDDLEWARE)
    ours = next((place for place, path in enumerate(paths) if _is_a(path, ApiErrorMiddleware)), None)
    if ours is None:
        return []
    messages: list[CheckMessage] = []
    if sum(_is_a(path, ApiErrorMiddleware) for path in paths) > 1:
        hint = f'Keep one "{MIDDLEWARE}" in MIDDLEWARE.'
        messages.append(_error(14, "ApiErrorMiddleware is listed twice: signals would be sent twice.", hint))
    for place, path in enumerate(paths):
        name = path.rpartition(".")[2]
        if place > ours and _is_any(path, _ABOVE):
            message = f"ApiErrorMiddleware stands above {name}, whose headers its answers would lack."
            messages.append(_error(12, message, f'Move "{MIDDLEWARE}" below "{path}" in MIDDLEWARE.'))
        if place < ours and _is_any(path, _BELOW):
            message = f"ApiErrorMiddleware stands below {name}, whose errors it never sees."
            messages.append(_error(13, message, f'Move "{MIDDLEWARE}" above "{path}" in MIDDLEWARE.'))
    return messages


def check_error_views(**kwargs: Any) -> list[CheckMessage]:
    """W002, W003: Django's own doors."""
    messages: list[CheckMessage] = []
    if getattr(settings, "ROOT_URLCONF", None):
        names = ("handler400", "handler403", "handler404", "handler500")
        urlconf = get_resolver().urlconf_module
        missing = [name for name in names if getattr(urlconf, name, None) is not getattr(handlers, name)]
        if missing:
            message = f"{settings.ROOT_URLCONF} lacks {', '.join(missing)}: errors above the middleware stay HTML."
            hint = f"Add to {settings.ROOT_URLCONF}: from django_apierrors.handlers import {', '.join(names)}"
            messages.append(_warning(2, message, hint))
    if settings.CSRF_FAILURE_VIEW != CSRF_FAILURE:
        message = "A failed CSRF check is answered as PERMISSION_DENIED, not as CSRF_FAILED."
        messages.append(_warning(3, message, f'Set CSRF_FAILURE_VIEW = "{CSRF_FAILURE}".'))
    return messages


def check_versions(**kwargs: Any) -> list[CheckMessage]:
    """W004: pairs of Django and DRF that are tested together."""
    drf = tuple(map(int, rest_framework.VERSION.split(".")[:2]))
    if (django.VERSION[:2] == (6, 1) and drf == (3, 18)) or (
        django.VERSION[:2] in ((5, 2), (6, 0)) and (3, 16) <= drf <= (3, 18)
    ):
        return []
    message = f"Django {django.get_version()} with DRF {rest_framework.VERSION} is not a supported pair."
    hint = "Install Django 5.2 or 6.0 with DRF 3.16 to 3.18, or Django 6.1 with DRF 3.18."
    return [_warning(4, message, hint)]


def check_cors(**kwargs: Any) -> list[CheckMessage]:
    """I001: headers that browsers hide from cross-origin clients."""
    if not apps.is_installed("corsheaders"):
        return []
    exposed = {name.lower() for name in getattr(settings, "CORS_EXPOSE_HEADERS", ())}
    missing = [name for name in headers.EXPOSED if name.lower() not in exposed]
    if not missing:
        return []
    message = f"Browser clients of other origins cannot read {', '.join(missing)}."
    hint = f"Set CORS_EXPOSE_HEADERS = {list(headers.EXPOSED)!r}."
    return [Info(message, hint=hint, id="django_apierrors.I001")]


def _is_a(path: str, cls: type) -> bool:
    found = _imported(path)  # Django itself fails to start when there is none, and names it
    return isinstance(found, type) and issubclass(found, cls)


def _is_any(path: str, known: tuple[str, ...]) -> bool:
    # By name first: corsheaders need not be installed.
    return path in known or any(_is_a(path, cls) for cls in map(_imported, known) if cls is not None)


def _imported(path: str) -> type | None:
    try:
        found: type = import_string(path)
    except Exception:  # whatever a module raises while it is imported
        return None
    return found


def _error(number: int, message: str, hint: str) -> Error:
    return Error(message, hint=hint, id=f"django_apierrors.E{number:03}")


def _warning(number: int, message: str, hint: str) -> Warning:
    return Warning(message, hint=hint, id=f"django_apierrors.W{number:03}")


def _unknown_code(code: str, where: str) -> Error:
    hint = "Correct the spelling, or define it in the api_errors.py of an installed app."
    return _error(6, f"{where} names an unknown error code {code!r}.", hint)


ALL = (
    check_settings,
    check_codes,
    check_doors,
    check_middleware_order,
    check_error_views,
    check_versions,
    check_cors,
)
