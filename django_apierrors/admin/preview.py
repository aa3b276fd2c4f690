"""What a client is answered for a code, in every format: made by the code that answers on the wire."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest

from .. import catalog, formats
from ..conf import conf
from ..docs.examples import example
from ..models import ErrorCode
from .effective import active_language, entry_of, row_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """One answer: the name of its format, the language of its texts, its head and its body."""

    format: str
    language: str
    head: str
    body: str


def previews(obj: ErrorCode, request: HttpRequest) -> list[Preview]:
    """Return the answer in each format, then in the default format each language that has its own texts."""
    names = dict.fromkeys((conf.FORMAT, *filter(None, conf.FORMATS.values()), *formats.BUILTIN))
    active = active_language()
    translated = [translation.language for translation in obj.translations.all()]
    shown = [(name, active) for name in names]
    shown += [(conf.FORMAT, language) for language in translated if language != active]
    with catalog.override(catalog.current().with_rows([row_of(obj)])):
        return [made for name, language in shown if (made := _preview(obj, name, language, request))]


def _preview(obj: ErrorCode, name: str, language: str, request: HttpRequest) -> Preview | None:
    entry = entry_of(obj, language)
    if entry is None:
        return None
    answer = example(entry, name, request, language)
    return Preview(format=name, language=language, head=answer.head, body=answer.body)
