"""The template contexts of the documentation pages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from .. import codes, formats
from ..catalog import Entry
from ..codes import phrase
from ..conf import conf
from ..formats import Format
from ..maintenance.announcements import Notice
from ..negotiation import active_language
from ..samples import sample_params
from ..text import fill
from ..url_resolution import override_language
from . import texts
from .examples import Example, build_example, get_api_url
from .format_aliases import get_aliases, get_configured_formats, get_oauth_format_name, is_oauth_error
from .public_catalog import PublicCatalog
from .rate_limits import describe_policies
from .search import Search
from .texts import to_html

#: The number of codes on a page of the list.
PER_PAGE = 200
# The number of codes beside each status in the table of statuses.
_CODES_PER_STATUS = 8
_SUCCESSES = (200, 201, 204)
_RETRIED_BY_CURL = (429, 500, 502, 503, 504)
_EXAMPLE_CODE = "RATE_TOO_HIGH"


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeRow:
    """A code in a list."""

    entry: Entry
    names: Sequence[str]
    title: SafeString
    message: SafeString
    retry: Any
    description: SafeString | str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class CodeSection:
    """The codes of a status class, or those of OAuth."""

    id: str
    heading: Any
    about: Any
    lines: Sequence[CodeRow]


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusRow:
    """An HTTP status with some of its codes and the number of the others (``more``)."""

    status: int
    phrase: str
    meaning: Any
    codes: Sequence[str]
    more: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """The shape of errors under some paths: a format, its fields, and an example."""

    name: str
    paths: Sequence[str]
    fields: Sequence[Mapping[str, Any]]
    example: Example | None
    types: Sequence[tuple[str, Any]] = ()


def get_index_context(request: HttpRequest, public: PublicCatalog) -> dict[str, Any]:
    """Return the context of the list of codes."""
    statuses = dict(sorted(public.statuses().items(), key=itemgetter(1)))
    by_status = {status: list(group) for status, group in groupby(statuses, key=statuses.__getitem__)}
    search = Search.from_request(request, by_status)
    oauth = bool(get_oauth_format_name())
    matching = sorted(search.filter_codes(public, statuses), key=lambda code: oauth and is_oauth_error(code))
    page = Paginator(matching, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "announcements": Notice().announcements,
        "shapes": _get_shapes(request, public),
        "headers": [(name, to_html(meaning)) for name, meaning in texts.HEADER_TEXTS],
        "statuses": _get_status_rows(by_status),
        "search": search,
        "page": page,
        "pages": list(page.paginator.get_elided_page_range(page.number)),
        "query": query.urlencode(),
        "sections": _get_sections([public.entry(code) for code in page.object_list], oauth=oauth),
        "limits": describe_policies(),
        "advice": [to_html(item) for item in texts.ADVICE],
    }


def get_detail_context(request: HttpRequest, entry: Entry, language: str, *, is_staff: bool) -> dict[str, Any]:
    """Return the context of the page of a code; examples in other formats are for staff."""
    own_format = (get_oauth_format_name() if is_oauth_error(entry.code) else "") or conf.FORMAT
    others = dict.fromkeys([*get_configured_formats(), *formats.BUILTIN]) if is_staff else {}
    return {
        "entry": entry,
        "names": get_aliases().get(entry.code, ()),
        "phrase": phrase(entry.status),
        "retry_meaning": codes.RETRIES.get(entry.retry, ""),
        "message": _format_message(entry),
        "title": _mark_language(entry, "title", entry.title),
        "description": _mark_language(entry, "description", entry.description),
        "causes": [_mark_language(entry, "causes", item) for item in entry.causes],
        "remedy": [_mark_language(entry, "remedy", item) for item in entry.remedy],
        "example": build_example(entry, own_format, request, language),
        "api_url": get_api_url(request),
        "is_server_error": entry.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        "is_retried_by_curl": entry.status in _RETRIED_BY_CURL,
        "other_examples": [build_example(entry, name, request, language) for name in others if name != own_format],
    }


def get_code_rows(entries: Iterable[Entry], *, with_description: bool = False) -> list[CodeRow]:
    """Return the rows of a list of entries."""
    aliases = get_aliases()
    return [
        CodeRow(
            entry=entry,
            names=aliases.get(entry.code, ()),
            title=_mark_language(entry, "title", entry.title),
            message=_format_message(entry),
            retry=texts.RETRY_TEXTS.get(entry.retry, entry.retry),
            description=_mark_language(entry, "description", entry.description) if with_description else "",
        )
        for entry in entries
    ]


def _get_shapes(request: HttpRequest, public: PublicCatalog) -> list[Shape]:
    """Return the shapes of errors, that of the default format first."""
    code = _EXAMPLE_CODE if _EXAMPLE_CODE in public else next(iter(public), None)
    entry = public.entry(code) if code else None
    return [
        Shape(
            name=name,
            paths=[prefix for prefix, used in conf.FORMATS.items() if used == name],
            fields=_get_fields(format_),
            example=build_example(entry, name, request, public.language) if entry else None,
            types=[(type_, to_html(meaning)) for type_, meaning in codes.TYPES.items()]
            if isinstance(format_, formats.Typed)
            else (),
        )
        for name, format_ in get_configured_formats().items()
    ]


def _get_fields(format_: Format) -> list[Mapping[str, Any]]:
    prefix = f"{format_.envelope}." if format_.envelope else ""
    return [
        {
            "name": prefix + field.name,
            "type": field.type,
            "nullable": field.nullable,
            "meaning": to_html(field.meaning),
        }
        for field in format_.fields
    ]


def _get_sections(entries: Iterable[Entry], *, oauth: bool) -> list[CodeSection]:
    def status_class(entry: Entry) -> int:
        return 0 if oauth and is_oauth_error(entry.code) else entry.status // 100

    sections = []
    for key, group in groupby(entries, key=status_class):
        heading, about = texts.STATUS_CLASS_TEXTS.get(key, texts.OAUTH_TEXTS)
        # The description of an OAuth error names its endpoint.
        rows = get_code_rows(group, with_description=not key)
        id_ = f"codes-{key}xx" if key else "codes-oauth"
        sections.append(CodeSection(id=id_, heading=heading, about=about, lines=rows))
    return sections


def _get_status_rows(by_status: Mapping[int, Sequence[str]]) -> list[StatusRow]:
    all_statuses = {**dict.fromkeys(_SUCCESSES, ()), **by_status}
    return [
        StatusRow(
            status=status,
            phrase=phrase(status),
            meaning=codes.STATUSES[status].meaning if status in codes.STATUSES else "",
            codes=all_statuses[status][:_CODES_PER_STATUS],
            more=max(0, len(all_statuses[status]) - _CODES_PER_STATUS),
        )
        for status in sorted(all_statuses)
    ]


def _format_message(entry: Entry) -> SafeString:
    with override_language(entry.language or active_language()):
        text = fill(entry.message, sample_params(entry))
    return _mark_language(entry, "message", text) if text else _mark_language(entry, "title", entry.title)


def _mark_language(entry: Entry, name: str, text: str) -> SafeString:
    """Return a text of a code as HTML, with its language where the page is in another one or nobody knows it."""
    html, language = to_html(text), entry.languages.get(name, "")
    if not text or language == get_language():
        return html
    return format_html('<span lang="{}" dir="auto">{}</span>', language, html)
