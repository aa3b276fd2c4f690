"""The ``APIERRORS`` setting: one dict, read at use, never frozen at import."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest

# By these orchestrators ask whether a process lives.
_PROBED = ["/livez", "/readyz", "/healthz", "/health", "/up"]

#: Every key with its default; a key that is not here is a system check error.
DEFAULTS: dict[str, Any] = {
    "FORMAT": "nested",
    "FORMATS": {},
    "API_PATHS": ["/api/"],
    "EXCEPTIONS": {},
    "MAX_ERRORS": 100,
    "CHALLENGE": 'Bearer realm="api"',
    "DEBUG_ERRORS": False,
    "STRICT": None,
    "REQUEST_ID": None,
    "LOGIN_REDIRECT_AS_401": False,
    "TRUSTED_PROXIES": [],
    "REFRESH_SECONDS": 1.0,
    "DOCS": {"ACCESS": "public", "BASE_URL": None, "STATUS_URL": None, "SUPPORT_URL": None},
    "MAINTENANCE": {
        "FORCE": None,
        "RETRY_AFTER": 300,
        "EXEMPT_PATHS": _PROBED,
    },
    "RATELIMIT": {
        "POLICIES": {},
        "GLOBAL": [],
        "EXEMPT_PATHS": _PROBED,
        "HEADERS": "draft",
        "ON_STORE_ERROR": "open",
        "BREAKER_SECONDS": 2,
    },
}

#: Key → what its value must satisfy, and that in words.
TYPES: dict[str, tuple[Callable[[Any], bool], str]] = {
    "FORMAT": (lambda value: isinstance(value, str), "a format name or dotted path"),
    "FORMATS": (
        lambda value: (
            isinstance(value, dict)
            and all(isinstance(prefix, str) and isinstance(name, (str, type(None))) for prefix, name in value.items())
        ),
        'a dict of path prefixes and format names, e.g. {"/oauth/": "oauth2"}',
    ),
    "API_PATHS": (
        lambda value: isinstance(value, (list, tuple)) and all(isinstance(prefix, str) for prefix in value),
        'a list of path prefixes, e.g. ["/api/"]',
    ),
    "EXCEPTIONS": (
        lambda value: (
            isinstance(value, dict)
            and all(isinstance(path, str) and isinstance(code, str) for path, code in value.items())
        ),
        'a dict of dotted exception paths and codes, e.g. {"builtins.TimeoutError": "GATEWAY_TIMEOUT"}',
    ),
    "MAX_ERRORS": (lambda value: type(value) is int and value > 0, "an integer greater than 0"),
    "CHALLENGE": (lambda value: isinstance(value, str) and value != "", "a challenge, e.g. 'Bearer realm=\"api\"'"),
    "DEBUG_ERRORS": (lambda value: isinstance(value, bool), "True or False"),
    "STRICT": (lambda value: value is None or isinstance(value, bool), "True, False or None (the value of DEBUG)"),
    "REQUEST_ID": (
        lambda value: value is None or isinstance(value, str) or callable(value),
        "a callable that takes the request, its dotted path, or None",
    ),
    "LOGIN_REDIRECT_AS_401": (lambda value: isinstance(value, bool), "True or False"),
    "REFRESH_SECONDS": (
        lambda value: value is None or (type(value) in (int, float) and value > 0),
        "a number of seconds greater than 0, or None",
    ),
    "TRUSTED_PROXIES": (
        lambda value: isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value),
        'a list of addresses and CIDR blocks, e.g. ["10.0.0.0/8"]',
    ),
    "DOCS": (lambda value: isinstance(value, dict), 'a dict, e.g. {"ACCESS": "public"}'),
    "MAINTENANCE": (lambda value: isinstance(value, dict), 'a dict, e.g. {"RETRY_AFTER": 300}'),
    "RATELIMIT": (lambda value: isinstance(value, dict), 'a dict, e.g. {"GLOBAL": ["anon_ip"]}'),
}

#: Who may read the documentation view: ``DOCS["ACCESS"]``.
ACCESSES = ("public", "authenticated", "staff")

#: How responses tell what is left of a limit: ``RATELIMIT["HEADERS"]``.
HEADERS = ("off", "draft", "draft+legacy")
#: What is done when the store of the counters does not answer: ``RATELIMIT["ON_STORE_ERROR"]``.
ON_STORE_ERROR = ("open", "closed")


def _is_list_of_texts(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and all(isinstance(text, str) for text in value)


_are_paths = (_is_list_of_texts, 'a list of exact paths, e.g. ["/livez"]')
_is_url = (
    lambda value: value is None or str(value).startswith(("http://", "https://")),
    "an absolute URL, or None",
)

#: The same for the keys of the dicts that are merged with their defaults.
NESTED: dict[str, dict[str, tuple[Callable[[Any], bool], str]]] = {
    "DOCS": {
        "ACCESS": (lambda value: value in ACCESSES, f"one of {', '.join(ACCESSES)}"),
        "BASE_URL": _is_url,
        "STATUS_URL": _is_url,
        "SUPPORT_URL": _is_url,
    },
    "MAINTENANCE": {
        # An environment variable is a string, which would be true whatever it says.
        "FORCE": (
            lambda value: value is None or isinstance(value, bool),
            'True, False or None, e.g. {"on": True, "off": False}.get(os.environ.get("MAINTENANCE"))',
        ),
        "RETRY_AFTER": (lambda value: type(value) is int and value > 0, "a number of seconds greater than 0"),
        "EXEMPT_PATHS": _are_paths,
    },
    "RATELIMIT": {
        "POLICIES": (
            lambda value: (
                isinstance(value, dict)
                and all(isinstance(name, str) and isinstance(policy, dict) for name, policy in value.items())
            ),
            'a dict of names and policies, e.g. {"burst": {"key": "user_or_ip", "rate": "10/s"}}',
        ),
        "GLOBAL": (_is_list_of_texts, 'a list of names of policies, e.g. ["anon_ip"]'),
        "EXEMPT_PATHS": _are_paths,
        "HEADERS": (lambda value: value in HEADERS, f"one of {', '.join(HEADERS)}"),
        "ON_STORE_ERROR": (lambda value: value in ON_STORE_ERROR, f"one of {', '.join(ON_STORE_ERROR)}"),
        "BREAKER_SECONDS": (
            lambda value: type(value) in (int, float) and value > 0,
            "a number of seconds greater than 0",
        ),
    },
}


class Settings:
    """Typed views of ``settings.APIERRORS``; ``override_settings`` needs no reset."""

    def __init__(self) -> None:
        self._global: Sequence[str] | None = None

    def look_again(self) -> None:
        """Read anew what is kept: a test has changed the setting."""
        self._global = None

    def given(self) -> Any:
        """What the project wrote, unchecked: ``checks.py`` says what is wrong with it."""
        return getattr(settings, "APIERRORS", {})

    def _get(self, key: str) -> Any:
        given = getattr(settings, "APIERRORS", None)
        return given.get(key, DEFAULTS[key]) if given else DEFAULTS[key]

    @property
    def FORMAT(self) -> str:
        """How errors look: the name of a built-in format or the dotted path of one."""
        value: str = self._get("FORMAT")
        return value

    @property
    def FORMATS(self) -> Mapping[str, str | None]:
        """Path prefix → format; the longest prefix wins, ``None`` leaves a path alone."""
        value: Mapping[str, str | None] = self._get("FORMATS")
        return value

    @property
    def API_PATHS(self) -> Sequence[str]:
        """Path prefixes whose errors are always structured, matched at segment boundaries."""
        value: Sequence[str] = self._get("API_PATHS")
        return value

    @property
    def EXCEPTIONS(self) -> Mapping[str, str]:
        """Dotted path of an exception class → code, looked up along the MRO."""
        value: Mapping[str, str] = self._get("EXCEPTIONS")
        return value

    @property
    def MAX_ERRORS(self) -> int:
        """How many field errors one answer lists."""
        value: int = self._get("MAX_ERRORS")
        return value

    @property
    def CHALLENGE(self) -> str:
        """``WWW-Authenticate`` of a 401 for which nobody else named one (RFC 9110, 11.6.1)."""
        value: str = self._get("CHALLENGE")
        return value

    @property
    def DEBUG_ERRORS(self) -> bool:
        """Whether 500s are structured even while ``DEBUG`` shows Django's technical page."""
        value: bool = self._get("DEBUG_ERRORS")
        return value

    @property
    def STRICT(self) -> bool:
        """Whether an unknown code raises; default: the value of ``DEBUG``."""
        value: bool | None = self._get("STRICT")
        return settings.DEBUG if value is None else value

    @property
    def REQUEST_ID(self) -> str | Callable[[HttpRequest], str] | None:
        """A callable (or its dotted path) that names a request; ``None``: ours."""
        value: str | Callable[[HttpRequest], str] | None = self._get("REQUEST_ID")
        return value

    @property
    def LOGIN_REDIRECT_AS_401(self) -> bool:
        """Whether a redirect to ``LOGIN_URL`` on an API path becomes a 401."""
        value: bool = self._get("LOGIN_REDIRECT_AS_401")
        return value

    @property
    def REFRESH_SECONDS(self) -> float | None:
        """How stale the catalog of a process may be; ``None``: only its own edits are noticed."""
        value: float | None = self._get("REFRESH_SECONDS")
        return value

    @property
    def TRUSTED_PROXIES(self) -> Sequence[str]:
        """Addresses and CIDR blocks whose ``X-Forwarded-For`` is believed; ``"unix"`` for socket peers."""
        value: Sequence[str] = self._get("TRUSTED_PROXIES")
        return value

    @property
    def MAINTENANCE(self) -> Mapping[str, Any]:
        """FORCE (True, False, None), RETRY_AFTER (seconds, without an end), EXEMPT_PATHS (exact)."""
        given: Mapping[str, Any] = self._get("MAINTENANCE")
        return {**DEFAULTS["MAINTENANCE"], **given}

    @property
    def RATELIMIT(self) -> Mapping[str, Any]:
        """POLICIES, GLOBAL, EXEMPT_PATHS, HEADERS, ON_STORE_ERROR (open, closed), BREAKER_SECONDS."""
        given: Mapping[str, Any] = self._get("RATELIMIT")
        return {**DEFAULTS["RATELIMIT"], **given}

    @property
    def GLOBAL(self) -> Sequence[str]:
        """``RATELIMIT["GLOBAL"]``, policies that hold for every path; kept, because each request asks for it."""
        if self._global is None:
            self._global = self.RATELIMIT["GLOBAL"]
        return self._global

    @property
    def FORCE(self) -> bool | None:
        """``MAINTENANCE["FORCE"]``, read when windows change: on or off whatever the database says."""
        value: bool | None = self.MAINTENANCE["FORCE"]
        return value

    @property
    def DOCS(self) -> Mapping[str, str | None]:
        """The documentation view: ACCESS (public, authenticated, staff), BASE_URL, STATUS_URL, SUPPORT_URL."""
        given: Mapping[str, str | None] = self._get("DOCS")
        return {**DEFAULTS["DOCS"], **given}


conf = Settings()
