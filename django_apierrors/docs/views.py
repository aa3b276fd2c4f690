"""The documentation over HTTP: who may read, in which language and form, and for how long it may be kept."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from .. import catalog, headers, negotiation, responses
from ..catalog import Entry
from ..conf import conf
from ..exception_mapping import problem_with_code
from ..models import ErrorCode
from . import exports
from . import format_aliases as names
from . import page_context as pages
from .access import Viewer, refusal, viewer
from .public_catalog import Visible

_MAX_AGE = 60


class Page:
    """One request to the documentation: its viewer, and what that one sees of the catalog."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.viewer: Viewer = viewer(request)
        self.language = _spoken(negotiation.language_for(request, HttpResponse()))
        self.visible = Visible(
            catalog.current(), self.language, negotiation.docs_base(request), unlisted=self.viewer.sees_unlisted
        )

    def document(self, entries: list[Entry]) -> dict[str, Any]:
        """Return the public JSON document of some entries."""
        return exports.document(self.visible.catalog, entries)

    def render(self, template: str, **context: Any) -> HttpResponse:
        """Return a page of HTML."""
        docs = conf.DOCS
        context |= {"status_url": docs["STATUS_URL"], "support_url": docs["SUPPORT_URL"], "viewer": self.viewer}
        return render(self.request, f"django_apierrors/docs/{template}.html", context)


def _spoken(language: str) -> str:
    """Return the language, or English when neither the package nor a row of the catalog speaks it."""
    base = language.split("-")[0]
    with translation.override(language):
        is_translated = translation.gettext("How to fix it") != "How to fix it"
    if base == "en" or is_translated or not catalog.current().languages.isdisjoint((language, base)):
        return language
    return "en"


_View = Callable[..., HttpResponseBase]


def _documentation(*, as_data: bool) -> Callable[[_View], _View]:
    """Make a view of a function of a ``Page``; ``as_data`` says that only programs read it."""

    def decorate(answer: _View) -> _View:
        @require_safe
        @functools.wraps(answer)
        def view(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
            is_data = as_data or negotiation.prefers_json(request)
            refused = refusal(request, as_data=is_data)
            if refused is not None:
                return refused
            page = Page(request)
            try:
                with translation.override(page.language):
                    return _finished(page, answer(page, **kwargs))
            except Http404:
                if not is_data:
                    raise
                return responses.make(problem_with_code("RESOURCE_NOT_FOUND", request), request)

        return view

    return decorate


def _finished(page: Page, response: Any) -> HttpResponseBase:
    """Say for how long and for whom an answer holds, or that the client has it already."""
    kept = "public" if page.viewer.is_public else "private"
    response[headers.CACHE_CONTROL] = f"{kept}, max-age={_MAX_AGE}"
    response[headers.CONTENT_LANGUAGE] = page.language
    response[headers.CONTENT_TYPE_OPTIONS] = "nosniff"
    patch_vary_headers(response, ("Accept", "Accept-Language"))
    if response.status_code != 200:
        return response  # type: ignore[no-any-return]
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    return get_conditional_response(page.request, etag=etag, response=response) or response


@_documentation(as_data=False)
def index(page: Page) -> HttpResponse:
    """List all codes."""
    if negotiation.prefers_json(page.request):
        return _json(page.document(page.visible.entries()))
    return page.render("index", **pages.index(page.request, page.visible))


@_documentation(as_data=False)
def detail(page: Page, code: str) -> HttpResponse:
    """Show one code, or lead from a name that a format writes to the codes behind it."""
    if negotiation.prefers_json(page.request):
        return _data(page, code, "apierrors:detail")
    entry, others = _found(page, code)
    if entry is None and len(others) > 1:
        return page.render("alias", name=code, lines=pages.lines(others))
    shown = entry or others[0]
    if shown.code != code:
        return redirect("apierrors:detail", code=shown.code, permanent=True)
    context = pages.detail(page.request, shown, page.language, is_staff=page.viewer.is_staff)
    return page.render(
        "detail",
        **context,
        written_as_it=pages.lines(other for other in others if other.code != shown.code),
        edit_url=_edit_url(page, shown.code),
    )


@_documentation(as_data=True)
def detail_json(page: Page, code: str) -> HttpResponse:
    """Give one code as JSON."""
    return _data(page, code, "apierrors:detail-json")


@_documentation(as_data=True)
def catalog_json(page: Page) -> HttpResponse:
    """Give all codes as JSON."""
    return _json(page.document(page.visible.entries()))


@_documentation(as_data=False)
def catalog_csv(page: Page) -> HttpResponse:
    """Give all codes as CSV."""
    return _download(exports.to_csv(page.document(page.visible.entries())), "text/csv", "errors.csv")


@_documentation(as_data=False)
def catalog_markdown(page: Page) -> HttpResponse:
    """Give all codes as Markdown."""
    return _download(exports.to_markdown(page.document(page.visible.entries())), "text/markdown", "errors.md")


def _found(page: Page, name: str) -> tuple[Entry | None, list[Entry]]:
    """Return the entry of a code in any case, and the entries that a format writes under that name."""
    visible, code = page.visible, name.upper()
    entry = visible.entry(code) if code in visible else None
    others = [visible.entry(code) for code in names.written_as(name) if code in visible]
    if entry is None and not others:
        raise Http404
    return entry, others


def _data(page: Page, code: str, url: str) -> HttpResponse:
    entry, others = _found(page, code)
    if entry is None and len(others) > 1:
        return _json(page.document(others))
    shown = entry or others[0]
    if shown.code != code:
        return redirect(url, code=shown.code, permanent=True)
    return _json(page.document([shown])["codes"][0])


def _json(document: dict[str, Any]) -> HttpResponse:
    return HttpResponse(exports.to_json(document), content_type="application/json")


def _download(text: str, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{media_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _edit_url(page: Page, code: str) -> str:
    """Return where the admin edits a code, if the viewer works there and there is a row."""
    if not (page.viewer.is_staff and page.viewer.sees_unlisted):
        return ""
    pk = ErrorCode.objects.filter(code=code).values_list("pk", flat=True).first()
    try:
        return reverse("admin:django_apierrors_errorcode_change", args=[pk]) if pk is not None else ""
    except NoReverseMatch:
        return ""
