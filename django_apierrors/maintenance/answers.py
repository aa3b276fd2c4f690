"""What a refused request gets: the error in its format, or a page for people."""

from __future__ import annotations

import logging
from time import time
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils import translation

from .. import headers, negotiation, resolving, responses
from ..catalog import Entry
from ..conf import conf
from ..exception_mapping import problem_with_code
from ..problems import Problem
from ..request_state import RequestState
from ..windows import Window

logger = logging.getLogger("django_apierrors")

TEMPLATE = "django_apierrors/maintenance.html"
_LAST_PAGE = "<!doctype html><html lang=en><title>Maintenance (503)</title><h1>Maintenance</h1></html>"
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
    ends_at, url = window.ends_at, status_url(window)
    facts: dict[str, Any] = {}
    if ends_at is not None:
        facts["ends_at"] = ends_at.isoformat().replace("+00:00", "Z")
    if url:
        facts["status_url"] = url
    return problem_with_code(
        window.code,
        request,
        message=window.message or None,
        is_final=bool(window.message),
        details=facts or None,
        retry_after=window.retry_after(time(), conf.MAINTENANCE["RETRY_AFTER"]),
    )


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
    """Return the page for people: a template of the project's or ours, without anything that queries."""
    language = entry.language or settings.LANGUAGE_CODE
    context = {
        "title": entry.title,
        "message": entry.message_for(found),
        "ends_at": window.ends_at,
        "status_url": status_url(window),
        "support_url": conf.DOCS["SUPPORT_URL"],
        "problem": found,
        "window": window,
        "language": language,
    }
    try:
        with translation.override(language):
            return render_to_string(TEMPLATE, context)
    except Exception:  # a page must never turn a 503 into a 500
        if window.key not in _complained:
            _complained.add(window.key)
            logger.exception("The template %s failed; a fixed page is sent", TEMPLATE)
        return _LAST_PAGE


def _read_language(request: HttpRequest) -> None:
    """Set the language as LocaleMiddleware would, which is never asked, when the path names one."""
    try:
        language = resolving.language_in_path(request)
    except Exception:  # whatever a URLconf raises: a 503 must never become a 500
        return
    if language:
        request.LANGUAGE_CODE = language
