"""Checks of the ``APIERRORS`` setting."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage
from django.utils.module_loading import import_string

from .. import codes, formats
from ..client_ip import SOCKET, parse_network
from ..conf import TABLE, Section, conf
from ..exception_codes import import_exception
from .shortcuts import error, unknown_code


def check_settings(**kwargs: Any) -> list[CheckMessage]:
    """E001 to E005, E007, E015: ``APIERRORS``; values are checked only when all keys and types are right."""
    setting = getattr(settings, "APIERRORS", {})
    if not isinstance(setting, dict):
        return [error(1, f"APIERRORS is {setting!r}, not a dict.", 'Write APIERRORS = {"FORMAT": "nested"}.')]
    messages: list[CheckMessage] = [
        error(1, f"APIERRORS has an unknown key {key!r}.", f"Use one of {', '.join(sorted(TABLE))}.")
        for key in setting
        if key not in TABLE
    ]
    for key, entry in TABLE.items():
        if key in setting and not entry.is_valid(setting[key]):
            messages.append(error(2, f"APIERRORS[{key!r}] is {setting[key]!r}.", f"It must be {entry.expected}."))
    if not messages:
        for entry in TABLE.values():
            if isinstance(entry, Section):
                messages.extend(_check_section(entry))
    if not messages:
        for check in (_check_formats, _check_paths, _check_exceptions, _check_request_id, _check_proxies):
            messages.extend(check())
    return messages


def _check_formats() -> Iterator[CheckMessage]:
    named = [("FORMAT", conf.FORMAT)]
    named += [(f"FORMATS[{prefix!r}]", name) for prefix, name in conf.FORMATS.items() if name is not None]
    for where, name in named:
        try:
            formats.get(name)
        except Exception:  # whatever a module raises while it is imported
            known = ", ".join(formats.BUILTIN)
            hint = f"Use one of {known}, or the dotted path of a subclass of django_apierrors.formats.Format."
            yield error(3, f"APIERRORS {where} names an unknown format {name!r}.", hint)


def _check_paths() -> Iterator[CheckMessage]:
    for where, paths in (
        ("['API_PATHS']", conf.API_PATHS),
        ("['FORMATS']", conf.FORMATS),
        ("['MAINTENANCE']['EXEMPT_PATHS']", conf.MAINTENANCE["EXEMPT_PATHS"]),
        ("['RATELIMIT']['EXEMPT_PATHS']", conf.RATELIMIT["EXEMPT_PATHS"]),
    ):
        for path in paths:
            if not path.startswith("/"):
                yield error(4, f"APIERRORS{where} has {path!r}, which matches no path.", f'Write "/{path}".')


def _check_exceptions() -> Iterator[CheckMessage]:
    for path, code in conf.EXCEPTIONS.items():
        if "." not in path:
            hint = f'Write the module too, e.g. "builtins.{path}" or "package.module.{path}".'
            yield error(5, f"APIERRORS['EXCEPTIONS'] has {path!r}, which is not a dotted path.", hint)
            continue
        try:
            cls = import_exception(path)
        except TypeError:
            yield error(5, f"APIERRORS['EXCEPTIONS'] has {path!r}, which is no exception.", "Name a class.")
        except Exception as exc:  # whatever a module raises while it is imported
            yield error(5, f"APIERRORS['EXCEPTIONS'] has {path!r}: {exc}", "Correct the path, or remove the line.")
            continue
        else:
            if cls in (BaseException, Exception):
                hint = "Name the exceptions that the code stands for: this one hides every crash."
                yield error(5, f"APIERRORS['EXCEPTIONS'] has {path!r}, which is every exception.", hint)
        if codes.find(code) is None:
            yield unknown_code(code, f"APIERRORS['EXCEPTIONS'][{path!r}]")


def _check_section(section: Section) -> Iterator[CheckMessage]:
    for name, value in (conf.configured.get(section.name) or {}).items():
        entry = section.entries.get(name)
        if entry is None:
            hint = f"Use one of {', '.join(section.entries)}."
            yield error(1, f"APIERRORS[{section.name!r}] has an unknown key {name!r}.", hint)
        elif not entry.is_valid(value):
            message = f"APIERRORS[{section.name!r}][{name!r}] is {value!r}."
            yield error(2, message, f"It must be {entry.expected}.")


def _check_proxies() -> Iterator[CheckMessage]:
    for text in conf.TRUSTED_PROXIES:
        try:
            if text != SOCKET:
                parse_network(text)
        except ValueError as exc:
            hint = f'Write an address, a CIDR block such as "10.0.0.0/8", or "{SOCKET}".'
            yield error(15, f"APIERRORS['TRUSTED_PROXIES'] has {text!r}: {exc}.", hint)


def _check_request_id() -> Iterator[CheckMessage]:
    source = conf.REQUEST_ID
    if isinstance(source, str):
        try:
            function = import_string(source)
        except Exception as exc:  # whatever a module raises while it is imported
            yield error(7, f"APIERRORS['REQUEST_ID'] is {source!r}: {exc}", "Correct the dotted path.")
        else:
            if not callable(function):
                yield error(7, f"APIERRORS['REQUEST_ID'] is {source!r}, which cannot be called.", "Name a function.")
