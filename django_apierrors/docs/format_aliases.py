"""The configured formats and their aliases of canonical codes."""

from __future__ import annotations

from collections.abc import Mapping

from .. import codes, formats
from ..conf import conf
from ..formats import Format


def get_configured_formats() -> dict[str, Format]:
    """Return the formats of the settings by name, the default format first."""
    names = dict.fromkeys(name for name in (conf.FORMAT, *conf.FORMATS.values()) if name is not None)
    return {name: formats.get(name) for name in names}


def get_aliases() -> Mapping[str, tuple[str, ...]]:
    """Return the aliases of each canonical code in the configured formats."""
    aliases: dict[str, dict[str, None]] = {}
    for format_ in get_configured_formats().values():
        names = dict(format_.codes)
        for definition in codes.definitions():
            names[definition.code] = format_.own_name(definition.code, definition.names) or definition.code
        for code, name in names.items():
            if name != code:
                aliases.setdefault(code, {})[name] = None
    return {code: tuple(alias) for code, alias in aliases.items()}


def get_codes_by_alias(alias: str) -> list[str]:
    """Return the canonical codes of an alias; the comparison ignores case."""
    folded = alias.casefold()
    return [code for code, names in get_aliases().items() if folded in map(str.casefold, names)]


def get_oauth_format_name() -> str:
    """Return the name of the configured format for OAuth errors, ``""`` if there is none."""
    formats_ = get_configured_formats()
    return next((name for name, format_ in formats_.items() if isinstance(format_, formats.OAuth2)), "")


def is_oauth_error(code: str) -> bool:
    """Return whether a code is an error of the OAuth protocol (RFC 6749, RFC 8628)."""
    definition = codes.get(code)
    names = definition.names if definition else {}
    return formats.get("oauth2").own_name(code, names) is not None
