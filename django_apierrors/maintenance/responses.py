"""What a refused request gets: the error in its format, or a page for people."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from time import time
from types import MappingProxyType
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template import Origin
from django.template.loader import get_template
from django.utils import timezone, translation

from .. import headers, negotiation, responses, url_resolution
from ..catalog import Entry
from ..conf import conf
from ..exception_mapping import problem_with_code
from ..problems import Problem
from ..request_state import RequestState
from ..windows import Window

logger = logging.getLogger("django_apierrors")

TEMPLATE = "django_apierrors/maintenance.html"
_LAST_PAGE = "<!doctype html><html lang=en><title>Maintenance (503)</title><h1>Maintenance</h1></html>"
_NO_ORIGIN = Origin("")
_OWN_TEMPLATE = Path(__file__).parents[1] / "templates" / TEMPLATE
# Stands for the request id in a page that is kept; no page holds it by chance.
_ID = "9b2f4c7e-request-id-5d1a"
# Windows, and their languages; more than anybody has open.
_MOST_KEPT = 200
_kept_details: dict[str, tuple[Window, str, Mapping[str, Any] | None]] = {}
_kept_pages: dict[tuple[str, str], tuple[Any, str, str]] = {}
#: The windows for which it was said that the template fails: it fails for each request.
_complained: set[str] = set()


def refusal(window: Window, request: HttpRequest) -> HttpResponse:
    """Return the answer to a request that a window refuses."""
    found = problem(window, request)
    _read_language(request)
    if is_for_people(request):
        response = responses.make_page(found, request, lambda entry: page(window, found, entry))
    else:
        response = responses.make(found, request)
    # Else Django logs each of them as an ERROR, and mails it.
    responses.mark_as_logged(response)
    if request.method == "HEAD":
        response[headers.CONTENT_LENGTH] = str(len(response.content))
        response.content = b""
    return response


def problem(window: Window, request: HttpRequest) -> Problem:
    """Return the problem that a window means for a request."""
    return problem_with_code(
        window.code,
        request,
        message=window.message or None,
        is_final=bool(window.message),
        details=_details(window),
        retry_after=window.retry_after(time(), conf.MAINTENANCE["RETRY_AFTER"]),
    )


def _details(window: Window) -> Mapping[str, Any] | None:
    """Return the details of a window, the same object for all its requests, so that their bodies are prepared."""
    url = status_url(window)
    kept = _kept_details.get(window.key)
    if kept is None or kept[:2] != (window, url):
        details: dict[str, Any] = {}
        if window.ends_at is not None:
            details["ends_at"] = window.ends_at.isoformat().replace("+00:00", "Z")
        if url:
            details["status_url"] = url
        if len(_kept_details) >= _MOST_KEPT:
            _kept_details.clear()
        kept = _kept_details[window.key] = (window, url, MappingProxyType(details) if details else None)
    return kept[2]


def status_url(window: Window) -> str:
    """Return where clients can follow how it goes: the window's page, else the project's, else ``""``."""
    return window.status_url or conf.DOCS["STATUS_URL"] or ""


def is_for_people(request: HttpRequest) -> bool:
    """Tell whether a request gets a page: a browser's, outside the API."""
    if not negotiation.names_html(request) or negotiation.prefers_json(request):
        return False
    state = RequestState.of(request)
    return negotiation.format_name(request, state) is None or not negotiation.is_by_place(request, state)


def page(window: Window, found: Problem, entry: Entry) -> str:
    """Return the page for people: a template of the project's or ours, without anything that queries.

    A page of our own template is rendered once for a window and a language; only the request id differs.
    """
    urls = (status_url(window), conf.DOCS["SUPPORT_URL"])
    facts = (window, entry, urls, timezone.get_current_timezone_name())
    kept = _kept_pages.get((window.key, entry.language))
    if kept is not None and kept[0] == facts:
        return kept[1] + found.request_id + kept[2]
    try:
        template = get_template(TEMPLATE)
        if Path(getattr(template, "origin", _NO_ORIGIN).name) != _OWN_TEMPLATE:
            return _render(template, window, found, entry, urls)
        before, _, after = _render(template, window, replace(found, request_id=_ID), entry, urls).partition(_ID)
    except Exception:  # a page must never turn a 503 into a 500
        if window.key not in _complained:
            _complained.add(window.key)
            logger.exception("The template %s failed; a fixed page is sent", TEMPLATE)
        return _LAST_PAGE
    if len(_kept_pages) >= _MOST_KEPT:
        _kept_pages.clear()
    _kept_pages[window.key, entry.language] = (facts, before, after)
    return before + found.request_id + after


def forget_pages() -> None:
    """Render pages again: a test has changed the templates."""
    _kept_pages.clear()


def _render(template: Any, window: Window, found: Problem, entry: Entry, urls: tuple[str, str | None]) -> str:
    language = entry.language or settings.LANGUAGE_CODE
    context = {
        "title": entry.title,
        "message": entry.message_for(found),
        "ends_at": window.ends_at,
        "status_url": urls[0],
        "support_url": urls[1],
        "problem": found,
        "window": window,
        "language": language,
    }
    with translation.override(language):
        rendered: str = template.render(context)
        return rendered


def _read_language(request: HttpRequest) -> None:
    """Set the language as LocaleMiddleware would, which is never asked, when the path names one."""
    try:
        language = url_resolution.language_in_path(request)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return
    if language:
        request.LANGUAGE_CODE = language
