"""The catalogs of translations: collects the texts of the package, updates the .po files, compiles the .mo files.

    python tests/locale_catalogs.py          # all languages
    python tests/locale_catalogs.py cs sv    # begin languages, or update only these

Needs Django and Babel (tests/requirements.txt), and no binaries of gettext.
"""

import io
import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

PACKAGE = Path(__file__).resolve().parent.parent / "django_apierrors"
#: The functions that mark texts, with the positions of context, text and plural; lazy ones of Django count their own.
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
#: Plural forms by CLDR where Babel knows other ones.
PLURALS = {"fa": "nplurals=2; plural=(n > 1);", "tr": "nplurals=2; plural=(n != 1);"}
#: The headers that say something: no dates and no versions, so that an update changes only what is new.
HEADERS = ("Language", "Plural-Forms", "MIME-Version", "Content-Type", "Content-Transfer-Encoding")


class TextCatalog(Catalog):
    """A catalog of the package in one language, or without one, with the headers that say something."""

    def __init__(self, locale=None):
        super().__init__(locale, fuzzy=False)
        self.header_comment = "# Translations of django-apierrors, under the license of the package."
        if locale in PLURALS:
            self.mime_headers = [("Plural-Forms", PLURALS[locale])]

    @property
    def mime_headers(self):
        return [(name, value.strip()) for name, value in super().mime_headers if name in HEADERS]

    @mime_headers.setter
    def mime_headers(self, headers):
        Catalog.mime_headers.fset(self, headers)


def texts(language=None):
    """Return a catalog of all marked texts of the package, without translations."""
    catalog = TextCatalog(language)
    for path in sorted(PACKAGE.rglob("*")):
        if path.suffix not in (".py", ".html") or "migrations" in path.parts:
            continue
        source = path.read_text(encoding="utf-8")
        if path.suffix == ".html":  # as makemessages does it: what is no text becomes X
            source = "\n".join(line.strip() for line in templatize(source).splitlines())
        place = path.relative_to(PACKAGE.parent).as_posix()
        found = extract("python", io.BytesIO(source.encode()), KEYWORDS, ["Translators:"], strip_comment_tags=True)
        for _line, text, comments, context in found:
            catalog.add(text, locations=[(place, None)], auto_comments=comments, context=context)
    return catalog


def languages():
    """Return the locales of the package, as their directories are named."""
    return sorted(path.parent.parent.name for path in PACKAGE.glob("locale/*/LC_MESSAGES/django.po"))


def po_file(language):
    """Return the path of the .po file of a language."""
    return PACKAGE / "locale" / language / "LC_MESSAGES" / "django.po"


def read(language):
    """Return the catalog of a language."""
    with po_file(language).open("rb") as file:
        return read_po(file, locale=language)


def is_translated(message):
    """Return whether a message has a translation, in all its plural forms."""
    return bool(message.id) and all(message.string if message.pluralizable else [message.string])


def updated(language):
    """Return the catalog of a language with all texts of the package and no others."""
    catalog = texts(language)
    known = read(language) if po_file(language).exists() else ()
    for message in known:
        there = catalog.get(message.id, message.context) if message.id else None
        if there is not None and there.pluralizable == message.pluralizable:
            there.string, there.user_comments = message.string, message.user_comments
    return catalog


def as_po(catalog):
    """Return a catalog as the content of a .po file."""
    file = io.BytesIO()
    write_po(file, catalog, width=110, sort_by_file=True, include_lineno=False)
    return file.getvalue()


def as_mo(catalog):
    """Return a catalog as the content of a .mo file: what has no translation is not in it."""
    for message in list(catalog):
        if message.id and not is_translated(message):
            catalog.delete(message.id, message.context)
    file = io.BytesIO()
    write_mo(file, catalog)
    return file.getvalue()


def main(chosen):
    """Update and compile the catalogs of some languages, of all without arguments."""
    for language in chosen or languages():
        path, catalog = po_file(language), updated(language)
        done = sum(map(is_translated, catalog))
        print(f"{language}: {done} of {len(catalog)} texts are translated.")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(as_po(catalog))
        path.with_suffix(".mo").write_bytes(as_mo(catalog))


if __name__ == "__main__":
    main(sys.argv[1:])
