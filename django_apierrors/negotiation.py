"""Whether a request is the API's, which format answers it, and in which language."""

from __future__ import annotations

import functools
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import NoReverseMatch, get_script_prefix, get_urlconf, reverse
from django.utils import translation
from django.utils.translation import get_language
from rest_framework import views

from . import headers
from .conf import conf
from .paths import longest

_HTML = ("text/html", "application/xhtml+xml")
_JSON = ("application/json", "application/problem+json")


def is_api_request(request: HttpRequest) -> bool:
    """Tell whether errors of a request are structured: a DRF view, an API path, or JSON preferred."""
    return is_by_place(request) or prefers_json(request)


def is_by_place(request: HttpRequest) -> bool:
    """Tell whether a request is the API's whatever its Accept header says."""
    view_class = _view_class(request)
    if isinstance(view_class, type) and issubclass(view_class, views.APIView):
        return True
    return longest(request.path_info, (*conf.API_PATHS, *conf.FORMATS)) is not None


def prefers_json(request: HttpRequest) -> bool:
    """Tell whether the client prefers JSON over HTML in so many words; ``*/*`` counts as HTML."""
    return _wishes(request.META.get("HTTP_ACCEPT"))[0]


def names_html(request: HttpRequest) -> bool:
    """Tell whether the client accepts HTML by name."""
    return _wishes(request.META.get("HTTP_ACCEPT"))[1]


def is_preflight(request: HttpRequest) -> bool:
    """Tell whether a browser asks whether it may send another request (WHATWG Fetch, 3.2.2)."""
    return (
        request.method == "OPTIONS"
        and "HTTP_ORIGIN" in request.META
        and "HTTP_ACCESS_CONTROL_REQUEST_METHOD" in request.META
    )


def is_left_alone(request: HttpRequest | None, view: Any = None) -> bool:
    """Tell whether ``FORMATS`` leaves a request to Django and DRF."""
    return bool(conf.FORMATS) and _format_name(request, view) is None


def format_name(request: HttpRequest | None, view: Any = None) -> str:
    """Return the name of the format that answers: the view's, else the path's, else the default."""
    return _format_name(request, view) or conf.FORMAT


def language_for(request: HttpRequest | None, response: HttpResponseBase) -> str:
    """Return the language of the texts: the response's, else the request's, else LANGUAGE_CODE.

    Never the active language: above LocaleMiddleware that is the previous request's.
    """
    if not settings.USE_I18N:
        return settings.LANGUAGE_CODE
    if request is None:
        return _default_language(settings.LANGUAGE_CODE)
    said = response.headers.get(headers.CONTENT_LANGUAGE, "").partition(",")[0].strip().lower()
    if said and translation.check_for_language(said):
        return said
    chosen: str | None = getattr(request, "LANGUAGE_CODE", None)
    if chosen:
        return chosen
    if request.META.get("HTTP_COOKIE"):  # it may name one
        return translation.get_language_from_request(request)
    accepted = request.META.get("HTTP_ACCEPT_LANGUAGE")
    return _default_language(settings.LANGUAGE_CODE) if accepted is None else _accepted_language(accepted)


def forget_languages() -> None:
    """Read headers anew: the languages of the project have changed."""
    _accepted_language.cache_clear()


@functools.lru_cache(maxsize=256)
def _accepted_language(accepted: str) -> str:
    # Clients send few different ones, and Django takes long for each.
    request = HttpRequest()
    request.META["HTTP_ACCEPT_LANGUAGE"] = accepted
    return translation.get_language_from_request(request)


def _default_language(code: str) -> str:
    # What Django takes when the client says nothing: `en` for `en-us`.
    try:
        return translation.get_supported_language_variant(code)
    except LookupError:
        return code


def docs_at(request: HttpRequest | None) -> str:
    """Return the absolute URL of the public documentation, with a slash at its end, else ``""``.

    Its base is ``DOCS["BASE_URL"]``, else the request's; a host that is not allowed has none.
    """
    docs = conf.DOCS
    if docs["ACCESS"] != "public":
        return ""
    path = _docs_path(get_urlconf() or settings.ROOT_URLCONF, get_script_prefix(), get_language())
    if not path:
        return ""
    if docs["BASE_URL"]:
        return docs["BASE_URL"].rstrip("/") + path
    try:
        return f"{request.scheme}://{request.get_host()}{path}" if request is not None else ""
    except DisallowedHost:
        return ""


@functools.lru_cache(maxsize=64)
def _docs_path(urlconf: Any, script_prefix: str, language: str | None) -> str:
    # All that `reverse` depends on; it costs as much as the rest of an answer.
    try:
        return reverse("apierrors:index", urlconf=urlconf)
    except NoReverseMatch:
        return ""


def _format_name(request: HttpRequest | None, view: Any) -> str | None:
    named = _named_by_view(request, view)
    if named is not None:
        return named
    prefix = longest(request.path_info, conf.FORMATS) if request is not None else None
    return conf.FORMAT if prefix is None else conf.FORMATS[prefix]


def _named_by_view(request: HttpRequest | None, view: Any) -> str | None:
    if view is not None:
        return getattr(view, "error_format", None)
    match = getattr(request, "resolver_match", None)
    if match is None:
        return None
    for initkwargs in ("initkwargs", "view_initkwargs"):
        named: str | None = getattr(match.func, initkwargs, {}).get("error_format")
        if named is not None:
            return named
    return getattr(_view_class(request), "error_format", None) or getattr(match.func, "error_format", None)


def _view_class(request: HttpRequest | None) -> Any:
    match = getattr(request, "resolver_match", None)
    func = getattr(match, "func", None)
    # DRF calls it `cls`, Django `view_class`.
    return getattr(func, "cls", None) or getattr(func, "view_class", None)


@functools.lru_cache(maxsize=256)
def _wishes(accept: str | None) -> tuple[bool, bool]:
    """Return whether an Accept header prefers JSON, and whether it names HTML: clients send few different ones."""
    request = HttpRequest()
    if accept is not None:
        request.META["HTTP_ACCEPT"] = accept
    try:
        named = {f"{accepted.main_type}/{accepted.sub_type}" for accepted in request.accepted_types}
        return request.get_preferred_type((_HTML[0], *_JSON)) in _JSON, not named.isdisjoint(_HTML)
    except ValueError:  # of Django, for a header that is too long or names no charset
        return False, False
