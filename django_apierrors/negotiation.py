"""Content negotiation: requests of the API, the format of their errors, and the language."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable
from contextlib import nullcontext
from typing import Any

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.middleware.locale import LocaleMiddleware
from django.urls import NoReverseMatch, get_script_prefix, reverse
from django.utils import translation
from django.utils.module_loading import import_string
from django.utils.translation import get_language
from rest_framework import views
from rest_framework.exceptions import APIException

from .conf import Settings, conf
from .exceptions import RateTooHigh
from .paths import longest_prefix
from .request_state import VIEW_LANGUAGE, RequestState
from .translations import SOURCE_LANGUAGE
from .url_resolution import language_in_path, override_language, urlconf_of

_MARK = "error_format"
_METHODS = ("get", "post", "put", "patch", "delete", "head", "options")
_HTML = ("text/html", "application/xhtml+xml")
_JSON = ("application/json", "application/problem+json")
# Django refuses to read a value of more than 10,000 characters.
_LONGEST_ACCEPT = 8_000
_PARAMETER = re.compile(r';(?!\s*q\s*=)[^;,"]*(?:"[^"]*")?', re.IGNORECASE)
_SUFFIX_JSON = re.compile(r"\bapplication/[\w.-]{1,100}\+json\b", re.IGNORECASE)


def is_ours(request: HttpRequest, state: RequestState, exc: BaseException | None = None) -> bool:
    """Return whether errors of a request are structured; a deliberate API exception always is.

    Unless ``FORMATS`` says otherwise, they are for a DRF view, an API path, and a client that
    prefers JSON.
    """
    if format_name(request, state) is None:
        return False
    if isinstance(exc, (APIException, RateTooHigh)):
        return True
    if state.is_ours is None:
        state.is_ours = is_api_path_or_view(request, state) or prefers_json(request)
    return state.is_ours


def is_api_path_or_view(request: HttpRequest, state: RequestState) -> bool:
    """Return whether a request is for an API path or a DRF view, whatever its Accept header is."""
    if state.is_api_path_or_view is None:
        view_class = _view_class(request)
        state.is_api_path_or_view = (isinstance(view_class, type) and issubclass(view_class, views.APIView)) or (
            longest_prefix(request.path_info, (*state.conf.API_PATHS, *state.conf.FORMATS)) is not None
        )
    return state.is_api_path_or_view


def prefers_json(request: HttpRequest) -> bool:
    """Return whether the client explicitly prefers JSON over HTML; ``*/*`` counts as HTML."""
    return _preferences(request.META.get("HTTP_ACCEPT"))[0]


def accepts_html_explicitly(request: HttpRequest) -> bool:
    """Return whether the client accepts HTML by name."""
    return _preferences(request.META.get("HTTP_ACCEPT"))[1]


def is_preflight(request: HttpRequest) -> bool:
    """Return whether a request is a CORS preflight (WHATWG Fetch, 3.2.2)."""
    return (
        request.method == "OPTIONS"
        and "HTTP_ORIGIN" in request.META
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    )


def format_name(request: HttpRequest, state: RequestState, view: Any = None) -> str | None:
    """Return the name of the format of errors: the view's, else the path's, else the default.

    ``None`` when ``FORMATS`` leaves the request to Django and DRF. ``view`` is the instance of a
    DRF view.
    """
    if state.format_name == "":
        named = _format_of_view(request, view)
        if named is None:
            formats = state.conf.FORMATS
            prefix = longest_prefix(request.path_info, formats) if formats else None
            named = state.conf.FORMAT if prefix is None else formats[prefix]
        state.format_name = named
    return state.format_name


def renderer_classes(request: HttpRequest) -> Iterable[type]:
    """Return the renderer classes of the DRF view of a request, none for any other view."""
    renderers: Iterable[type] = getattr(_view_class(request), "renderer_classes", ())
    return renderers


def allowed_methods(request: HttpRequest) -> str:
    """Return the value of ``Allow`` for a request whose method is not allowed (RFC 9110, 10.2.1)."""
    # DRF sets it on every response of its views.
    view_class = _view_class(request)
    names = getattr(view_class, "http_method_names", _METHODS)
    if view_class is not None:
        names = [name for name in names if hasattr(view_class, name)]
    return ", ".join(name.upper() for name in names if name.upper() != request.method)


def language_for(request: HttpRequest, state: RequestState) -> str:
    """Return the language of the texts of an answer, as Django spells it.

    Inside the chain of middleware it is the active one, which the entry points there keep in the state: texts of
    DRF were made in it. Of a finished response it is the one with which its view was called. Elsewhere it is that
    of ``request.LANGUAGE_CODE``, else what LocaleMiddleware would choose if it is installed, else
    ``LANGUAGE_CODE``. The active language is there that of the request before.
    """
    if state.language or not settings.USE_I18N:
        return state.language or settings.LANGUAGE_CODE
    chosen: str = getattr(request, "LANGUAGE_CODE", "")
    if hasattr(request, VIEW_LANGUAGE):
        chosen = state.language = getattr(request, VIEW_LANGUAGE) or SOURCE_LANGUAGE
    if chosen and not state.is_stored:
        return chosen  # LocaleMiddleware is shown the answer, and says itself what it asked
    if not has_locale_middleware():
        return chosen or settings.LANGUAGE_CODE
    by_url = _language_of_url(request)
    state.is_language_asked = by_url is None
    return chosen or by_url or _negotiated_language(request)


def active_language() -> str:
    """Return the active language; with translations deactivated that is the one in which texts are written."""
    return get_language() or SOURCE_LANGUAGE


def has_locale_middleware() -> bool:
    """Return whether LocaleMiddleware, or a subclass of it, is in ``MIDDLEWARE``."""
    return any(map(_is_locale_middleware, settings.MIDDLEWARE))


def clear_language_cache() -> None:
    """Forget the languages of headers, when the languages of the project have changed."""
    _accepted_language.cache_clear()


@functools.lru_cache(maxsize=200)
def _is_locale_middleware(path: str) -> bool:
    try:
        found = import_string(path)
    except Exception:  # Django fails to start when there is none, and names it: an answer must never fail for it
        return False
    return isinstance(found, type) and issubclass(found, LocaleMiddleware)


def _language_of_url(request: HttpRequest) -> str | None:
    """Return the language that LocaleMiddleware chooses by the URL alone, ``None`` where it asks further."""
    try:
        in_path = language_in_path(request)
        has_prefixes, is_default_prefixed = is_language_prefix_patterns_used(urlconf_of(request))
    except Exception:  # whatever a URLconf raises: an error must never hide behind another
        in_path, has_prefixes, is_default_prefixed = None, False, False
    if in_path or (has_prefixes and not is_default_prefixed):
        return in_path or settings.LANGUAGE_CODE
    return None


def _negotiated_language(request: HttpRequest) -> str:
    """Return the language that LocaleMiddleware would choose by the cookie, else by the header."""
    if request.META.get("HTTP_COOKIE"):  # it may name one
        return translation.get_language_from_request(request)
    return _accepted_language(request.META.get("HTTP_ACCEPT_LANGUAGE"))


@functools.lru_cache(maxsize=256)
def _accepted_language(accepted: str | None) -> str:
    # Clients send few different ones, and Django takes long for each.
    request = HttpRequest()
    if accepted is not None:
        request.META["HTTP_ACCEPT_LANGUAGE"] = accepted
    return translation.get_language_from_request(request)


def docs_base(request: HttpRequest | None, values: Settings = conf, language: str = "") -> str:
    """Return the absolute URL of the public documentation, with a slash at its end, else ``""``.

    Its base is ``DOCS["BASE_URL"]``, else the request's; a host that is not allowed has none. A URL
    with the prefix of a language has that of ``language``, the active one by default, and that of ``LANGUAGE_CODE``
    where the project does not have it.
    """
    if values.value("DOCS", "ACCESS") != "public":
        return ""
    urlconf = getattr(request, "urlconf", None) or settings.ROOT_URLCONF
    has_prefix, is_default_prefixed = is_language_prefix_patterns_used(urlconf)
    if has_prefix:
        language = _language_of_prefix(language or active_language(), is_default_prefixed=is_default_prefixed)
    path = _docs_path(urlconf, get_script_prefix(), language if has_prefix else None)
    if not path:
        return ""
    base_url: str | None = values.value("DOCS", "BASE_URL")
    if base_url:
        return base_url.rstrip("/") + path
    try:
        return f"{request.scheme}://{request.get_host()}{path}" if request is not None else ""
    except (DisallowedHost, KeyError):  # the second of a request that no server made
        return ""


def _language_of_prefix(language: str, *, is_default_prefixed: bool) -> str:
    """Return the language whose prefix Django would take for that of a given one: ``en`` for ``en-us``."""
    if language == settings.LANGUAGE_CODE and not is_default_prefixed:
        return language
    try:
        return translation.get_supported_language_variant(language)
    except LookupError:
        return settings.LANGUAGE_CODE


@functools.lru_cache(maxsize=64)
def _docs_path(urlconf: Any, script_prefix: str, language: str | None) -> str:
    # All that `reverse` depends on; it costs as much as the rest of a response.
    try:
        with override_language(language) if language else nullcontext():
            return reverse("apierrors:index", urlconf=urlconf)
    except NoReverseMatch:
        return ""


def _format_of_view(request: HttpRequest, view: Any) -> str | None:
    """Return the ``error_format`` of the view: of its action, ``as_view()``, its function, its class."""
    func = getattr(request.resolver_match, "func", None)
    view_class = _view_class(request) if view is None else type(view)
    actions = getattr(func, "actions", None) or {}
    action = getattr(view_class, actions.get((request.method or "").lower(), ""), None) if actions else None
    # DRF calls the arguments of `as_view()` initkwargs, Django view_initkwargs.
    given = getattr(func, "initkwargs", None) or getattr(func, "view_initkwargs", None)
    for owner in (action, given, None if view is None else vars(view), func, view_class):
        named: str | None = owner.get(_MARK) if isinstance(owner, dict) else getattr(owner, _MARK, None)
        if named is not None:
            return named
    return None


def _view_class(request: HttpRequest) -> Any:
    func = getattr(request.resolver_match, "func", None)
    # DRF calls it `cls`, Django `view_class`.
    return getattr(func, "cls", None) or getattr(func, "view_class", None)


@functools.lru_cache(maxsize=256)
def _preferences(accept: str | None) -> tuple[bool, bool]:
    """Return whether an Accept header prefers JSON, and whether it names HTML: clients send few different ones."""
    request = HttpRequest()
    if accept is not None and len(accept) <= _LONGEST_ACCEPT:
        # Django compares parameters too, yet JSON with a charset or an indent is JSON.
        request.META["HTTP_ACCEPT"] = _SUFFIX_JSON.sub(_JSON[0], _PARAMETER.sub("", accept))
    named = {f"{accepted.main_type}/{accepted.sub_type}" for accepted in request.accepted_types}
    return request.get_preferred_type((_HTML[0], *_JSON)) in _JSON, not named.isdisjoint(_HTML)
