"""The catalogs that ship: complete, compiled, and right in their placeholders and plural forms."""

import ast
import gettext
import re
from pathlib import Path

import django
import locale_catalogs
import pytest
import rest_framework
from babel import Locale
from django.utils import translation

import django_apierrors
from django_apierrors import codes

#: What is tested is the installed package: these catalogs are in the wheel.
PACKAGE = Path(django_apierrors.__file__).parent
LANGUAGES = ["ar", "de", "es", "fa", "fr", "it", "ja", "ko", "nl", "pl", "pt_BR", "ru", "tr", "zh_Hans"]
OF_PAGES = {"de", "es", "fr", "ja", "pt_BR", "zh_Hans"}
#: The files whose texts stand in bodies and on pages for everybody, and those whose texts only staff reads.
WIRE = (
    "exception_facts.py",
    "model_texts.py",
    "parsers.py",
    "request_line.py",
    "waits.py",
    "templates/django_apierrors/maintenance",
)
STAFF = ("admin/", "datetimes.py", "maintenance/", "management/", "models/", "scopes.py", "templates/admin/")
MARKUP = re.compile(r"\{\w+\}|%(?:\(\w+\))?[sd]|`[^`]+`|</?\w+[^>]*>|\b[45]xx\b|\b[45]\d\d\b|RFC \d+")


def of_codes():
    """The titles and messages of the codes that ship."""
    definitions = [codes.get(definition["code"]) for definition in codes.BUILTIN_CODES]
    with translation.override(None):
        return {str(text) for d in definitions for text in (d.title, d.message, d.message_without)}


def files(message):
    return [place.removeprefix("django_apierrors/") for place, _line in message.locations]


def is_of_wire(message):
    is_of_code = "codes_builtin.py" in files(message) and message.id in of_codes()
    return is_of_code or any(name.startswith(WIRE) for name in files(message))


def is_of_staff(message):
    return all(name.startswith(STAFF) for name in files(message))


def key(message):
    return message.id, message.context


@pytest.fixture(scope="module", autouse=True)
def _installed():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(locale_catalogs, "PACKAGE", PACKAGE)
        yield


@pytest.fixture(scope="module")
def texts(_installed):
    """The texts of the package, without the header of the catalog."""
    return [message for message in locale_catalogs.texts() if message.id]


@pytest.fixture(scope="module", params=LANGUAGES)
def catalog(request, _installed):
    return locale_catalogs.read(request.param)


def language_of(catalog):
    return str(catalog.locale)


def translated(catalog):
    return [message for message in catalog if locale_catalogs.is_translated(message)]


def forms(message):
    """Yield the pairs of a text and its translation."""
    if not message.pluralizable:
        yield message.id, message.string
        return
    for form in message.string:
        yield message.id[1], form


def test_these_languages_ship():
    assert locale_catalogs.languages() == LANGUAGES


def test_a_catalog_has_every_text_of_the_package_and_no_other(catalog, texts):
    assert {key(message) for message in catalog if message.id} == {key(message) for message in texts}
    assert not list(catalog.obsolete)


def test_the_compiled_catalog_says_what_the_text_says(catalog):
    with locale_catalogs.po_file(language_of(catalog)).with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    for message in catalog:
        one, *several = message.id if message.pluralizable else (message.id,)
        name = f"{message.context}\x04{one}" if message.context else one
        found = compiled._catalog.get(name) if not several else compiled._catalog.get((name, 0))
        if not message.id:
            assert f"Language: {language_of(catalog)}\n" in found
        elif not locale_catalogs.is_translated(message):
            assert found is None
        elif several:
            assert [compiled._catalog[name, form] for form in range(catalog.num_plurals)] == list(message.string)
        else:
            assert found == message.string
    assert compiled.plural.__code__.co_code == gettext.c2py(catalog.plural_expr).__code__.co_code


def test_texts_of_bodies_are_in_every_language_and_texts_of_pages_in_six(catalog):
    done = {key(message) for message in translated(catalog)}
    missing = {key(message) for message in catalog if message.id and not is_of_staff(message)} - done
    if language_of(catalog) not in OF_PAGES:
        missing &= {key(message) for message in catalog if message.id and is_of_wire(message)}
    assert missing == set()


def test_a_translation_has_the_placeholders_the_code_and_the_markup_of_its_text(catalog):
    for message in translated(catalog):
        for text, form in forms(message):
            expected, found = sorted(MARKUP.findall(text)), sorted(MARKUP.findall(form))
            if message.pluralizable and is_of_one_number(catalog, message.string.index(form)):
                expected = [name for name in expected if name in found]  # "in one second" needs no figure
            assert found == expected, form


def is_of_one_number(catalog, form):
    """Return whether a plural form is only for one number, and not the form of most."""
    plural = gettext.c2py(catalog.plural_expr)
    return [plural(number) for number in range(201)].count(form) == 1


def test_a_translation_ends_and_begins_as_its_text_does(catalog):
    ends = {".": ".。", ":": ":\N{FULLWIDTH COLON}"}
    for message in translated(catalog):
        for text, form in forms(message):
            assert form == form.strip()
            assert (form[-1] in ends[text[-1]]) if text[-1] in ends else (form[-1] not in ".。"), form


def test_plural_forms_are_those_of_cldr(catalog):
    plural = gettext.c2py(catalog.plural_expr)
    category = Locale.parse(language_of(catalog)).plural_form
    pairs = {(category(number), plural(number)) for number in range(1001)}
    assert len(pairs) == catalog.num_plurals == len({form for _, form in pairs}) == len({name for name, _ in pairs})


def test_what_django_says_stays_djangos(catalog):
    """All catalogs are one to Django: a text that it has, too, is translated only with a context."""
    theirs = set()
    for module in (django, rest_framework):
        for path in Path(module.__file__).parent.glob("**/locale/de/LC_MESSAGES/django.mo"):
            with path.open("rb") as file:
                found = gettext.GNUTranslations(file)._catalog
                theirs |= {name if isinstance(name, str) else name[0] for name in found}
    assert "Search" in theirs
    without_context = [message for message in translated(catalog) if message.context is None]
    bare = {message.id[0] if message.pluralizable else message.id for message in without_context}
    assert bare & theirs == set()
    assert not [text for text in bare if " " not in text]


def test_french_has_its_spaces_before_double_signs():
    for message in translated(locale_catalogs.read("fr")):
        for _, form in forms(message):
            prose = re.sub(r"<[^>]*>|`[^`]*`|\d+:\d+|\w+:\w+", "", form)
            assert not re.search(r"(?<![\u00a0\u202f])[;:!?»]", prose), form
            assert not re.search(r"«(?!\u00a0)", prose), form


def test_no_text_is_marked_where_the_tool_does_not_see_it():
    """Inside an f-string the extraction of older Pythons finds nothing."""
    marks = set(locale_catalogs.KEYWORDS)
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                names = {getattr(inner.func, "id", "") for inner in ast.walk(node) if isinstance(inner, ast.Call)}
                assert not names & marks, f"{path.name}:{node.lineno}"


# The tool


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with two texts and a template."""
    package = tmp_path / "django_apierrors"
    package.mkdir()
    (package / "texts.py").write_text('_("Old text.")\n# Translators: of a wait\nngettext("%d day", "%d days", 2)\n')
    (package / "page.html").write_text(
        '{% load i18n %}\n  <p>{% translate "Gone" context "error" %}</p>\n'
        "{% blocktranslate count n=n %}{{ n }} code{% plural %}{{ n }} codes{% endblocktranslate %}\n"
    )
    monkeypatch.setattr(locale_catalogs, "PACKAGE", package)
    return package


def test_the_tool_begins_a_language_and_keeps_what_is_translated(package, capsys):
    locale_catalogs.main(["pl"])
    assert capsys.readouterr().out == "pl: 0 of 4 texts are translated.\n"
    po = locale_catalogs.po_file("pl")
    text = po.read_text()
    assert "nplurals=3" in text
    assert '#. of a wait\n#: django_apierrors/texts.py\n#, python-format\nmsgid "%d day"' in text
    assert 'msgctxt "error"\nmsgid "Gone"' in text
    assert 'msgid "%(n)s code"\nmsgid_plural "%(n)s codes"' in text
    po.write_text(text.replace('msgid "Old text."\nmsgstr ""', '# checked\nmsgid "Old text."\nmsgstr "Tekst."'))
    (package / "texts.py").write_text('_("Old text.")\n_("New text.")\n')
    locale_catalogs.main([])
    assert capsys.readouterr().out == "pl: 1 of 4 texts are translated.\n"
    assert "%d day" not in po.read_text()
    assert '# checked\n#: django_apierrors/texts.py\nmsgid "Old text."\nmsgstr "Tekst."' in po.read_text()
    with po.with_suffix(".mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    assert compiled.gettext("Old text.") == "Tekst."
    assert compiled.ngettext("%(n)s code", "%(n)s codes", 2) == "%(n)s codes"
