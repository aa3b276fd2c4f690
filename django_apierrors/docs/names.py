"""The formats that a project has configured, and the names they write for canonical codes."""

from __future__ import annotations

from collections.abc import Mapping

from .. import codes, formats
from ..conf import conf
from ..formats import Format


def configured() -> dict[str, Format]:
    """Return the formats that the settings name, by their names there, the default first."""
    names = dict.fromkeys(name for name in (conf.FORMAT, *conf.FORMATS.values()) if name is not None)
    return {name: formats.get(name) for name in names}


def written() -> Mapping[str, tuple[str, ...]]:
    """Return, by canonical code, the names that configured formats write in its place."""
    names: dict[str, dict[str, None]] = {}
    for format_ in configured().values():
        named = dict(format_.codes)
        for definition in codes.definitions():
            named[definition.code] = format_.own_name(definition.code, definition.names) or definition.code
        for code, name in named.items():
            if name != code:
                names.setdefault(code, {})[name] = None
    return {code: tuple(found) for code, found in names.items()}


def written_as(name: str) -> list[str]:
    """Return the canonical codes for which a configured format writes a name, in any spelling of its case."""
    wanted = name.casefold()
    return [code for code, names in written().items() if wanted in map(str.casefold, names)]


def oauth_format() -> str:
    """Return the name of the configured format for OAuth errors, empty without one."""
    return next((name for name, format_ in configured().items() if isinstance(format_, formats.OAuth2)), "")


def is_oauth(code: str) -> bool:
    """Tell whether a code is an error of OAuth itself (RFC 6749, RFC 8628)."""
    definition = codes.get(code)
    names = definition.names if definition else {}
    return formats.get("oauth2").own_name(code, names) is not None
