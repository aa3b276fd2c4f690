"""The ``APIERRORS`` setting: one dict, read at use, never kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar, overload

from django.conf import settings
from django.http import HttpRequest

from .validators import (
    is_count,
    is_dict,
    is_dict_of_texts,
    is_flag,
    is_flag_or_none,
    is_formats,
    is_list_of_texts,
    is_policies,
    is_seconds,
    is_text,
    is_url_or_none,
)

T = TypeVar("T")

#: Who may read the documentation view: ``DOCS["ACCESS"]``.
ACCESSES = ("public", "authenticated", "staff")
#: The status of missing and wrong credentials: ``UNAUTHENTICATED``.
UNAUTHENTICATED = (401, "drf")
#: How responses report what is left of a limit: ``RATELIMIT["HEADERS"]``.
HEADERS = ("off", "draft", "draft+legacy")
#: What is done when the store of the counters does not answer: ``RATELIMIT["ON_STORE_ERROR"]``.
ON_STORE_ERROR = ("open", "closed")

#: Whether the codes of a schema are a closed set: ``OPENAPI["CODES"]``.
CODES = ("open", "closed")

#: How names of members are spelled: ``CASE``.
CASES = ("camel", "snake")

# The paths by which orchestrators ask whether a process lives.
_PROBED = ["/livez", "/readyz", "/healthz", "/health", "/up"]


class Setting(Generic[T]):
    """One key of ``APIERRORS``: its default, the check of a value, what the value must be, and its meaning.

    As an attribute of ``Settings`` it is the value that the project gave, else the default;
    ``override_settings`` and a plain assignment count at once.
    """

    def __init__(self, default: T, is_valid: Callable[[Any], bool], expected: str, meaning: str) -> None:
        """Take the four columns of the table of settings."""
        self.default = default
        self.is_valid = is_valid
        self.expected = expected
        self.meaning = meaning

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Setting[T]: ...

    @overload
    def __get__(self, instance: Settings, owner: type) -> T: ...

    def __get__(self, instance: Settings | None, owner: type) -> Setting[T] | T:
        if instance is None:
            return self
        value: T = instance.configured.get(self.name, self.default)
        return value


class Section:
    """A key of ``APIERRORS`` that is a dict itself; what the project gives is merged with the defaults."""

    def __init__(self, example: str, meaning: str, **entries: Setting[Any]) -> None:
        """Take the table of the inner keys."""
        self.expected = f"a dict, e.g. {example}"
        self.meaning = meaning
        self.entries = entries
        self.is_valid = is_dict
        #: The defaults of all inner keys.
        self.default = {name: entry.default for name, entry in entries.items()}

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Section: ...

    @overload
    def __get__(self, instance: Settings, owner: type) -> Mapping[str, Any]: ...

    def __get__(self, instance: Settings | None, owner: type) -> Section | Mapping[str, Any]:
        if instance is None:
            return self
        return {**self.default, **(instance.configured.get(self.name) or {})}


def _exempt_paths(meaning: str) -> Setting[list[str]]:
    return Setting(_PROBED, is_list_of_texts, 'a list of exact paths, e.g. ["/livez"]', meaning)


def _choice(choices: Sequence[str], default: str, meaning: str) -> Setting[str]:
    return Setting(default, lambda value: value in choices, f"one of {', '.join(choices)}", meaning)


def _url(meaning: str) -> Setting[str | None]:
    return Setting(None, is_url_or_none, "an absolute URL, or None", meaning)


class Settings:
    """The keys of ``settings.APIERRORS``, each with its value; the class holds the table of settings."""

    FORMAT: Setting[str] = Setting(
        "nested",
        is_text,
        "a format name or dotted path",
        "The shape of errors: the name of a built-in format or the dotted path of one.",
    )
    FORMATS: Setting[Mapping[str, str | None]] = Setting(
        {},
        is_formats,
        'a dict of path prefixes and format names, e.g. {"/oauth/": "oauth2"}',
        "Path prefix to format; the longest prefix wins, ``None`` leaves a path to Django and DRF.",
    )
    API_PATHS: Setting[Sequence[str]] = Setting(
        ["/api/"],
        is_list_of_texts,
        'a list of path prefixes, e.g. ["/api/"]',
        "Path prefixes whose errors are always structured, matched at segment boundaries.",
    )
    EXCEPTIONS: Setting[Mapping[str, str]] = Setting(
        {},
        is_dict_of_texts,
        'a dict of dotted exception paths and codes, e.g. {"builtins.TimeoutError": "GATEWAY_TIMEOUT"}',
        "Dotted path of an exception class to code, looked up along the MRO.",
    )
    MAX_ERRORS: Setting[int] = Setting(
        100, is_count, "an integer greater than 0", "The number of field errors that one answer lists."
    )
    CHALLENGE: Setting[str] = Setting(
        'Bearer realm="api"',
        lambda value: isinstance(value, str) and value != "",
        "a challenge, e.g. 'Bearer realm=\"api\"'",
        "``WWW-Authenticate`` of a 401 for which nobody else named one (RFC 9110, 11.6.1).",
    )
    UNAUTHENTICATED: Setting[int | str] = Setting(
        401,
        lambda value: value in UNAUTHENTICATED,
        '401, or "drf"',
        'The status of missing and wrong credentials; ``"drf"``: the 403 that DRF gives when the first authenticator '
        "has no challenge.",
    )
    DEBUG_ERRORS: Setting[bool] = Setting(
        False,
        is_flag,
        "True or False",
        "Whether 500s are structured even while ``DEBUG`` shows Django's technical page.",
    )
    STRICT: Setting[bool | None] = Setting(
        None,
        is_flag_or_none,
        "True, False or None (the value of DEBUG)",
        "Whether an unknown code raises; ``None``: the value of ``DEBUG``.",
    )
    REQUEST_ID: Setting[str | Callable[[HttpRequest], str] | None] = Setting(
        None,
        lambda value: value is None or isinstance(value, str) or callable(value),
        "a callable that takes the request, its dotted path, or None",
        "A callable (or its dotted path) that names a request; ``None``: ours.",
    )
    LOGIN_REDIRECT_AS_401: Setting[bool] = Setting(
        False, is_flag, "True or False", "Whether a redirect to ``LOGIN_URL`` on an API path becomes a 401."
    )
    TRUSTED_PROXIES: Setting[Sequence[str]] = Setting(
        [],
        is_list_of_texts,
        'a list of addresses and CIDR blocks, e.g. ["10.0.0.0/8"]',
        'Addresses and CIDR blocks whose ``X-Forwarded-For`` is believed; ``"unix"`` for socket peers.',
    )
    CASE: Setting[str | None] = Setting(
        None,
        lambda value: value is None or value in CASES,
        f"one of {', '.join(CASES)}, or None",
        "The case of names of members and parameters; ``None``: camel where a renderer is of "
        "djangorestframework-camel-case, else as they are.",
    )
    REFRESH_SECONDS: Setting[float | None] = Setting(
        1.0,
        lambda value: value is None or is_seconds(value),
        "a number of seconds greater than 0, or None",
        "How stale the catalog of a process may be; ``None``: only edits of the process are noticed.",
    )
    OPENAPI = Section(
        '{"CODES": "closed"}',
        "The OpenAPI schema of errors.",
        CODES=_choice(CODES, "open", "Whether a client must take codes that the schema does not name."),
        INFER=Setting(True, is_flag, "True or False", "Whether the source of views is read for the codes they raise."),
    )
    DOCS = Section(
        '{"ACCESS": "public"}',
        "The documentation view.",
        ACCESS=_choice(ACCESSES, "public", "Who may read it."),
        BASE_URL=_url("The scheme and host of links to it and of samples; ``None``: those of the request."),
        STATUS_URL=_url("The status page of the service."),
        SUPPORT_URL=_url("Where people get help."),
    )
    MAINTENANCE = Section(
        '{"RETRY_AFTER": 300}',
        "Maintenance mode.",
        # An environment variable is a string, which would be true whatever it says.
        FORCE=Setting(
            None,
            is_flag_or_none,
            'True, False or None, e.g. {"on": True, "off": False}.get(os.environ.get("MAINTENANCE"))',
            "On or off whatever the database says; ``None``: what the database says.",
        ),
        RETRY_AFTER=Setting(
            300, is_count, "a number of seconds greater than 0", "``Retry-After`` of a window without an end."
        ),
        EXEMPT_PATHS=_exempt_paths("Exact paths that answer during maintenance."),
    )
    RATELIMIT = Section(
        '{"GLOBAL": ["anon_ip"]}',
        "Rate limits.",
        POLICIES=Setting(
            {},
            is_policies,
            'a dict of names and policies, e.g. {"burst": {"key": "user_or_ip", "rate": "10/s"}}',
            "Name to policy.",
        ),
        GLOBAL=Setting(
            [], is_list_of_texts, 'a list of names of policies, e.g. ["anon_ip"]', "Policies of every path."
        ),
        EXEMPT_PATHS=_exempt_paths("Exact paths that global policies do not count."),
        HEADERS=_choice(HEADERS, "draft", "How responses report what is left."),
        ON_STORE_ERROR=_choice(ON_STORE_ERROR, "open", "Whether requests pass while nothing can be counted."),
        BREAKER_SECONDS=Setting(
            2,
            is_seconds,
            "a number of seconds greater than 0",
            "How long a store that does not answer is not asked again.",
        ),
    )

    def __init__(self, configured: Mapping[str, Any]) -> None:
        """Take what the project wrote; ``conf`` reads it at each use."""
        self.configured = configured

    def value(self, section: str, key: str) -> Any:
        """Return one value of a section, without merging all of them."""
        inner = self.configured.get(section)
        return inner[key] if inner and key in inner else _SECTIONS[section].default[key]

    @property
    def is_strict(self) -> bool:
        """Whether an unknown code raises: ``STRICT``, else ``DEBUG``."""
        strict = self.STRICT
        return settings.DEBUG if strict is None else strict


class LiveSettings(Settings):
    """The settings as they are at each use."""

    def __init__(self) -> None:
        """Take nothing: nothing is kept."""

    @property
    def configured(self) -> Any:  # type: ignore[override]
        """What the project wrote, unchecked; system checks report what is wrong with it."""
        return getattr(settings, "APIERRORS", None) or {}


_SECTIONS: dict[str, Section] = {name: entry for name, entry in vars(Settings).items() if isinstance(entry, Section)}
#: The table of settings: every key of ``APIERRORS``; a key that is not here is a system check error.
TABLE: dict[str, Setting[Any] | Section] = {
    name: entry for name, entry in vars(Settings).items() if isinstance(entry, (Setting, Section))
}

conf = LiveSettings()
