"""The views of the documentation."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.views.decorators.http import require_safe

from .. import catalog, codes, headers, negotiation, responses
from ..catalog import Entry
from ..conf import conf
from ..exception_mapping import problem_with_code
from ..models import ErrorCode
from ..request_state import RequestState
from . import exports
from .access import Viewer, deny_access, get_viewer
from .format_aliases import get_codes_by_alias
from .languages import get_languages, get_page_language, is_language_public
from .page_context import get_code_rows, get_detail_context, get_index_context
from .public_catalog import PublicCatalog

_MAX_AGE = 60


class DocsRequest:
    """A request to the documentation, with its viewer and the visible catalog."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.viewer: Viewer = get_viewer(request)
        self.language = RequestState.of(request).language
        self.page_language = get_page_language(self.language)
        base = negotiation.docs_base(request, language=self.language)
        self.public = PublicCatalog(catalog.current(), self.language, base, unlisted=self.viewer.sees_unlisted)
        #: The languages of the texts in the response.
        self.spoken = ""

    def build_document(self, entries: list[Entry] | None = None) -> dict[str, Any]:
        """Return the public JSON document of some entries, of all by default."""
        entries = self.public.entries() if entries is None else entries
        self.spoken = get_languages(entries, codes.TEXTS)
        return exports.build_document(self.public.catalog, entries)

    def render(self, template: str, entries: Iterable[Entry], **context: Any) -> HttpResponse:
        """Return an HTML page with the texts of some entries."""
        docs = conf.DOCS
        names = codes.TEXTS if template == "detail" else ("title", "message")
        self.spoken = get_languages(entries, names, self.page_language)
        context |= {"status_url": docs["STATUS_URL"], "support_url": docs["SUPPORT_URL"], "viewer": self.viewer}
        return render(self.request, f"django_apierrors/docs/{template}.html", context)


_Answer = Callable[..., HttpResponse]
_View = Callable[..., HttpResponseBase]


def _docs_view(*, as_data: bool) -> Callable[[_Answer], _View]:
    """Turn a function of a ``DocsRequest`` into a view; ``as_data`` marks a view for programs."""

    def decorator(function: _Answer) -> _View:
        @require_safe
        @functools.wraps(function)
        def view(request: HttpRequest, **kwargs: str) -> HttpResponseBase:
            RequestState.of(request).language = negotiation.active_language()
            is_data = as_data or negotiation.prefers_json(request)
            denied = deny_access(request, as_data=is_data)
            if denied is not None:
                return denied
            docs = DocsRequest(request)
            try:
                with translation.override(docs.page_language):
                    return _set_cache_headers(docs, function(docs, **kwargs))
            except Http404:
                if not is_data:
                    raise
                return responses.make(problem_with_code("RESOURCE_NOT_FOUND", request), request)

        return view

    return decorator


def _set_cache_headers(docs: DocsRequest, response: HttpResponse) -> HttpResponseBase:
    """Set the headers for caches and the ETag; return 304 to a client whose copy is current (RFC 9110)."""
    is_public = docs.viewer.is_public and is_language_public(docs.request, docs.language)
    scope = "public" if is_public else "private"
    response[headers.CACHE_CONTROL] = f"{scope}, max-age={_MAX_AGE}"
    if docs.spoken:
        response[headers.CONTENT_LANGUAGE] = docs.spoken
    response[headers.CONTENT_TYPE_OPTIONS] = "nosniff"
    patch_vary_headers(response, ("Accept",))  # LocaleMiddleware adds Accept-Language, if that was asked
    if response.status_code != 200:
        return response
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    return get_conditional_response(docs.request, etag=etag, response=response) or response


@_docs_view(as_data=False)
def index(docs: DocsRequest) -> HttpResponse:
    """List all codes."""
    if negotiation.prefers_json(docs.request):
        return _json_response(docs.build_document())
    context = get_index_context(docs.request, docs.public)
    return docs.render("index", map(docs.public.entry, context["page"].object_list), **context)


@_docs_view(as_data=False)
def detail(docs: DocsRequest, code: str) -> HttpResponse:
    """Show one code, or redirect from an alias to its code."""
    if negotiation.prefers_json(docs.request):
        return _detail_response(docs, code, "apierrors:detail")
    entry, others = _get_entries(docs, code)
    if entry is None and len(others) > 1:
        return docs.render("alias", others, name=code, lines=get_code_rows(others))
    entry = entry or others[0]
    if entry.code != code:
        return redirect("apierrors:detail", code=entry.code, permanent=True)
    context = get_detail_context(docs.request, entry, docs.language, is_staff=docs.viewer.is_staff)
    return docs.render(
        "detail",
        [entry],
        **context,
        written_as_it=get_code_rows(other for other in others if other.code != entry.code),
        edit_url=_get_edit_url(docs, entry.code),
    )


@_docs_view(as_data=True)
def detail_json(docs: DocsRequest, code: str) -> HttpResponse:
    """Return one code as JSON."""
    return _detail_response(docs, code, "apierrors:detail-json")


@_docs_view(as_data=True)
def catalog_json(docs: DocsRequest) -> HttpResponse:
    """Return all codes as JSON."""
    return _json_response(docs.build_document())


@_docs_view(as_data=False)
def catalog_csv(docs: DocsRequest) -> HttpResponse:
    """Return all codes as CSV."""
    return _download_response(exports.to_csv(docs.build_document()), "text/csv", "errors.csv")


@_docs_view(as_data=False)
def catalog_markdown(docs: DocsRequest) -> HttpResponse:
    """Return all codes as Markdown."""
    document = docs.build_document()
    docs.spoken = ", ".join(dict.fromkeys(filter(None, (docs.page_language, *docs.spoken.split(", ")))))
    return _download_response(exports.to_markdown(document), "text/markdown", "errors.md")


def _get_entries(docs: DocsRequest, name: str) -> tuple[Entry | None, list[Entry]]:
    """Return the entry of a code, and the entries with that alias; case is ignored."""
    public, code = docs.public, docs.public.catalog.find(name)
    entry = public.entry(code) if code in public else None
    others = [public.entry(code) for code in get_codes_by_alias(name) if code in public]
    if entry is None and not others:
        raise Http404
    return entry, others


def _detail_response(docs: DocsRequest, code: str, url: str) -> HttpResponse:
    entry, others = _get_entries(docs, code)
    if entry is None and len(others) > 1:
        return _json_response(docs.build_document(others))
    entry = entry or others[0]
    if entry.code != code:
        return redirect(url, code=entry.code, permanent=True)
    return _json_response(docs.build_document([entry])["codes"][0])


def _json_response(document: dict[str, Any]) -> HttpResponse:
    return HttpResponse(exports.to_json(document), content_type="application/json")


def _download_response(text: str, media_type: str, name: str) -> HttpResponse:
    response = HttpResponse(text, content_type=f"{media_type}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _get_edit_url(docs: DocsRequest, code: str) -> str:
    """Return the URL of a code in the admin, ``""`` without a row or the permission."""
    if not (docs.viewer.is_staff and docs.viewer.sees_unlisted):
        return ""
    pk = ErrorCode.objects.filter(code=code).values_list("pk", flat=True).first()
    try:
        return reverse("admin:django_apierrors_errorcode_change", args=[pk]) if pk is not None else ""
    except NoReverseMatch:
        return ""
