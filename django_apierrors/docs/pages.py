"""What the pages show: plain values, ready for the templates."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest
from django.utils.safestring import SafeString

from .. import codes, formats
from ..catalog import Entry
from ..codes import phrase
from ..conf import conf
from ..formats import Format
from ..maintenance.announcements import Notice
from ..templating import fill
from . import limits, names, words
from .examples import Example, api_url, example
from .search import Search
from .visible import Visible
from .words import rich

#: How many codes a page lists.
PER_PAGE = 200
# How many codes the table of statuses names for each.
_PER_STATUS = 8
_SUCCESSES = (200, 201, 204)
_RETRIED_BY_CURL = (429, 500, 502, 503, 504)
_SHOWN_FIRST = "RATE_TOO_HIGH"


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """One code in a list."""

    entry: Entry
    names: Sequence[str]
    title: SafeString
    message: SafeString
    retry: Any
    description: SafeString | str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Section:
    """The codes of one status class, or those of OAuth."""

    id: str
    heading: Any
    about: Any
    lines: Sequence[Line]


@dataclass(frozen=True, kw_only=True, slots=True)
class StatusLine:
    """One HTTP status that the API uses, with some of its codes and the number of the others."""

    status: int
    phrase: str
    meaning: Any
    codes: Sequence[str]
    more: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """How errors look under some paths: a format, its keys, and an example."""

    name: str
    paths: Sequence[str]
    fields: Sequence[Mapping[str, Any]]
    example: Example | None
    types: Sequence[tuple[str, Any]] = ()


def index(request: HttpRequest, visible: Visible) -> dict[str, Any]:
    """Return what the list of all codes shows."""
    statuses = dict(sorted(visible.statuses().items(), key=itemgetter(1)))
    by_status = {status: list(having) for status, having in groupby(statuses, key=statuses.__getitem__)}
    search = Search.of(request, by_status)
    oauth = bool(names.oauth_format())
    found = sorted(search.apply(visible, statuses), key=lambda code: oauth and names.is_oauth(code))
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    query = request.GET.copy()
    query.pop("page", None)
    return {
        "announcements": Notice().announcements,
        "shapes": _shapes(request, visible),
        "headers": [(name, rich(meaning)) for name, meaning in words.HEADERS],
        "statuses": _statuses(by_status),
        "search": search,
        "page": page,
        "pages": list(page.paginator.get_elided_page_range(page.number)),
        "query": query.urlencode(),
        "sections": _sections([visible.entry(code) for code in page.object_list], oauth=oauth),
        "limits": limits.live(),
        "advice": [rich(item) for item in words.ADVICE],
    }


def detail(request: HttpRequest, entry: Entry, language: str, *, is_staff: bool) -> dict[str, Any]:
    """Return what the page of one code shows; of other formats than its own only to staff."""
    own = names.oauth_format() if names.is_oauth(entry.code) else ""
    own = own or conf.FORMAT
    others = dict.fromkeys([*names.configured(), *formats.BUILTIN]) if is_staff else {}
    return {
        "entry": entry,
        "names": names.written().get(entry.code, ()),
        "phrase": phrase(entry.status),
        "retry_meaning": codes.RETRIES.get(entry.retry, ""),
        "message": _message(entry),
        "title": rich(entry.title),
        "description": rich(entry.description),
        "causes": [rich(item) for item in entry.causes],
        "remedy": [rich(item) for item in entry.remedy],
        "example": example(entry, own, request, language),
        "api_url": api_url(request),
        "is_server_error": entry.status >= HTTPStatus.INTERNAL_SERVER_ERROR,
        "is_retried_by_curl": entry.status in _RETRIED_BY_CURL,
        "other_examples": [example(entry, name, request, language) for name in others if name != own],
    }


def lines(entries: Iterable[Entry], *, described: bool = False) -> list[Line]:
    """Return what a list shows of each entry; its description only where that is asked for."""
    written = names.written()
    return [
        Line(
            entry=entry,
            names=written.get(entry.code, ()),
            title=rich(entry.title),
            message=_message(entry),
            retry=words.RETRIES.get(entry.retry, entry.retry),
            description=rich(entry.description) if described else "",
        )
        for entry in entries
    ]


def _shapes(request: HttpRequest, visible: Visible) -> list[Shape]:
    """Return how errors look, the default first, then what some paths have instead."""
    code = _SHOWN_FIRST if _SHOWN_FIRST in visible else next(iter(visible), None)
    shown = visible.entry(code) if code else None
    return [
        Shape(
            name=name,
            paths=[prefix for prefix, used in conf.FORMATS.items() if used == name],
            fields=_fields(format_),
            example=example(shown, name, request, visible.language) if shown else None,
            types=[(type_, rich(meaning)) for type_, meaning in codes.TYPES.items()]
            if isinstance(format_, formats.Typed)
            else (),
        )
        for name, format_ in names.configured().items()
    ]


def _fields(format_: Format) -> list[Mapping[str, Any]]:
    prefix = f"{format_.envelope}." if format_.envelope else ""
    return [
        {
            "name": prefix + each.name,
            "type": each.type,
            "nullable": each.nullable,
            "meaning": rich(each.meaning),
        }
        for each in format_.fields
    ]


def _sections(entries: Iterable[Entry], *, oauth: bool) -> list[Section]:
    sections = []
    for key, group in groupby(
        entries, key=lambda entry: 0 if oauth and names.is_oauth(entry.code) else entry.status // 100
    ):
        heading, about = words.CLASSES.get(key, words.OAUTH)
        # The description of an error of OAuth says at which endpoint it occurs.
        listed = lines(group, described=not key)
        sections.append(
            Section(id=f"codes-{key}xx" if key else "codes-oauth", heading=heading, about=about, lines=listed)
        )
    return sections


def _statuses(by_status: Mapping[int, Sequence[str]]) -> list[StatusLine]:
    having = {**dict.fromkeys(_SUCCESSES, ()), **by_status}
    return [
        StatusLine(
            status=status,
            phrase=phrase(status),
            meaning=codes.STATUSES[status].meaning if status in codes.STATUSES else "",
            codes=having[status][:_PER_STATUS],
            more=max(0, len(having[status]) - _PER_STATUS),
        )
        for status in sorted(having)
    ]


def _message(entry: Entry) -> SafeString:
    return rich(fill(entry.message, entry.params) or entry.title)
