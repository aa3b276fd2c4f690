"""Previews of an error code: the responses to clients in every format and language."""

from __future__ import annotations

from django.http import HttpRequest

from ... import catalog, formats
from ...conf import conf
from ...docs.examples import Example, build_example
from ...models import ErrorCode
from ...negotiation import active_language
from .row_state import build_row, get_entry


def get_code_previews(obj: ErrorCode, request: HttpRequest) -> list[tuple[str, Example]]:
    """Return pairs of language and response: each format, then each language with own texts in the default format."""
    names = dict.fromkeys((conf.FORMAT, *filter(None, conf.FORMATS.values()), *formats.BUILTIN))
    active = active_language()
    variants = [(name, active) for name in names]
    translated = [translation.language for translation in obj.translations.all()]
    variants += [(conf.FORMAT, language) for language in translated if language != active]
    with catalog.override(catalog.current().with_rows([build_row(obj)])):
        return [
            (language, build_example(entry, name, request, language))
            for name, language in variants
            if (entry := get_entry(obj, language))
        ]
