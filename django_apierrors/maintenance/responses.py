"""The responses to refused requests: the error in its format, or an HTML page."""

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

from .. import headers, negotiation, responses
from ..catalog import Entry
from ..conf import conf
from ..datetimes import format_utc
from ..exception_mapping import problem_with_code
from ..problems import Problem
from ..request_state import RequestState
from ..translations import SOURCE_LANGUAGE, Source, is_source_language, translate
from ..windows import Window
from .announcements import Announcement, status_url

logger = logging.getLogger("django_apierrors")

TEMPLATE = "django_apierrors/maintenance.html"
#: A text of the page: it is in the languages that this is translated to.
PAGE_TEXT = Source("Follow the progress")
_FALLBACK_PAGE = "<!doctype html><html lang=en><title>Maintenance (503)</title><h1>Maintenance</h1></html>"
_NO_ORIGIN = Origin("")
_PACKAGE_TEMPLATE = Path(__file__).parents[1] / "templates" / TEMPLATE
# Takes the place of the request id in a cached page; no page contains it by chance.
_ID_MARK = "9b2f4c7e-request-id-5d1a"
# More than the open windows of any project, in all languages.
_MAX_CACHED = 200
_details_cache: dict[str, tuple[Window, str, Mapping[str, Any] | None]] = {}
_page_cache: dict[tuple[str, str], tuple[Any, str, str]] = {}
#: The windows whose template failure is logged already: it fails for each request.
_logged_failures: set[str] = set()


def make_response(window: Window, request: HttpRequest) -> HttpResponse:
    """Return the response to a request that a window refuses."""
    problem = make_problem(window, request)
    if wants_page(request):
        response = responses.make_page(problem, request, lambda entry: render_page(window, problem, entry))
    else:
        response = responses.make(problem, request)
    # Else Django logs and mails an ERROR for each of them.
    responses.mark_as_logged(response)
    if request.method == "HEAD":
        response[headers.CONTENT_LENGTH] = str(len(response.content))
        response.content = b""
    return response


def make_problem(window: Window, request: HttpRequest) -> Problem:
    """Return the problem of a request that a window refuses."""
    return problem_with_code(
        window.code,
        request,
        message=window.message or None,
        is_final=bool(window.message),
        details=_details(window),
        retry_after=window.retry_after(time(), conf.MAINTENANCE["RETRY_AFTER"]),
    )


def _details(window: Window) -> Mapping[str, Any] | None:
    """Return the details of a window: one object for all its requests, as prepared bodies need it."""
    url = status_url(window)
    cached = _details_cache.get(window.key)
    if cached is None or cached[:2] != (window, url):
        details: dict[str, Any] = {}
        if window.ends_at is not None:
            details["ends_at"] = format_utc(window.ends_at)
        if url:
            details["status_url"] = url
        if len(_details_cache) >= _MAX_CACHED:
            _details_cache.clear()
        cached = _details_cache[window.key] = (window, url, MappingProxyType(details) if details else None)
    return cached[2]


def wants_page(request: HttpRequest) -> bool:
    """Return whether a request gets an HTML page: one of a browser outside the API."""
    if not negotiation.accepts_html_explicitly(request) or negotiation.prefers_json(request):
        return False
    state = RequestState.of(request)
    return negotiation.format_name(request, state) is None or not negotiation.is_api_path_or_view(request, state)


def render_page(window: Window, problem: Problem, entry: Entry) -> tuple[str, str]:
    """Return the HTML page and its languages, from the template of the project or of this package; it needs no query.

    The template of this package is rendered once for a window and a language; only the request id differs.
    """
    urls = (status_url(window), conf.DOCS["SUPPORT_URL"])
    facts = (window, entry, urls, timezone.get_current_timezone_name())
    cached = _page_cache.get((window.key, entry.language))
    if cached is not None and cached[0] == facts:
        return cached[1] + problem.request_id + cached[2], _languages_of_page(problem, entry, is_ours=True)
    try:
        template = get_template(TEMPLATE)
        if Path(getattr(template, "origin", _NO_ORIGIN).name) != _PACKAGE_TEMPLATE:
            page = _render_template(template, window, problem, entry, urls)
            return page, _languages_of_page(problem, entry, is_ours=False)
        rendered = _render_template(template, window, replace(problem, request_id=_ID_MARK), entry, urls)
        before, _, after = rendered.partition(_ID_MARK)
    except Exception:  # a page must never turn a 503 into a 500
        if window.key not in _logged_failures:
            _logged_failures.add(window.key)
            logger.exception("The template %s failed; a fixed page is sent", TEMPLATE)
        return _FALLBACK_PAGE, SOURCE_LANGUAGE
    if len(_page_cache) >= _MAX_CACHED:
        _page_cache.clear()
    _page_cache[window.key, entry.language] = (facts, before, after)
    return before + problem.request_id + after, _languages_of_page(problem, entry, is_ours=True)


def clear_pages() -> None:
    """Clear the cached pages: a test has changed the templates."""
    _page_cache.clear()


def _render_template(
    template: Any, window: Window, problem: Problem, entry: Entry, urls: tuple[str, str | None]
) -> str:
    language = entry.language or settings.LANGUAGE_CODE
    message, name = entry.chosen_message(problem)
    context = {
        "title": entry.title,
        "message": message,
        "ends_at": window.ends_at,
        "status_url": urls[0],
        "support_url": urls[1],
        "problem": problem,
        "window": Announcement.of(window, is_open=True),
        "language": language,
        # Empty where nobody knows it, as `lang` is then.
        "title_language": entry.languages.get("title", ""),
        "message_language": entry.languages.get(name, ""),
        "page_language": _language_around(language),
    }
    with translation.override(language):
        rendered: str = template.render(context)
        return rendered


def _language_around(language: str) -> str:
    """Return the language of the words around the texts of the catalog on a page of this package."""
    return language if is_source_language(language) or translate(PAGE_TEXT, language) else SOURCE_LANGUAGE


def _languages_of_page(problem: Problem, entry: Entry, *, is_ours: bool) -> str:
    """Return the languages of a page, none where that of a text is not known, such as the words of an operator."""
    spoken = [entry.language, entry.languages.get("title", "")]
    if problem.is_final or "" in spoken:
        return ""
    return ", ".join(dict.fromkeys([*spoken, _language_around(entry.language)] if is_ours else spoken))
