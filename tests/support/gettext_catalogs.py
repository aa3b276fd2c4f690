"""Compiled catalogs of gettext, written without gettext's own tools."""

import struct
from pathlib import Path

from django_apierrors.translations import source_of

HEADER = {"": "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"}


def compile_catalog(texts, order="<"):
    """Return a compiled catalog: msgid or lazy text to translation, plurals after a null."""
    entries = sorted((_msgid(text).encode(), translation.encode()) for text, translation in (HEADER | texts).items())
    start = 28 + 16 * len(entries)
    tables, strings = [[], []], b""
    for column in (0, 1):
        for entry in entries:
            tables[column] += [len(entry[column]), start + len(strings)]
            strings += entry[column] + b"\0"
    count = len(entries)
    numbers = [0x950412DE, 0, count, 28, 28 + 8 * count, 0, start, *tables[0], *tables[1]]
    return struct.pack(f"{order}{len(numbers)}I", *numbers) + strings


def _msgid(text):
    source = source_of(text)
    if source is None:
        return text
    return f"{source.context}\4{source.text}" if source.context else source.text


def write_catalog(path, language, texts, order="<"):
    """Write the catalog of a language below a directory as Django looks for it; each directory is read once."""
    folder = Path(path) / language / "LC_MESSAGES"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "django.mo").write_bytes(compile_catalog(texts, order))
