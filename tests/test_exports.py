"""The catalog as JSON, CSV and Markdown: what is in it, and that text stays text."""

import csv
import io
import json
import re

import pytest

from django_apierrors import catalog, codes
from django_apierrors.catalog import Row
from django_apierrors.docs import exports, format_aliases
from django_apierrors.docs.public_catalog import PublicCatalog
from django_apierrors.formats import Format
from django_apierrors.testing import override_error

OWN = {"status": 402, "title": "Card declined", "message": "The card was declined."}
HOSTILE = '<script>alert(1)</script> {x.__class__} {0} } "'


class Same(Format):
    """A format that names one code as it is called anyway."""

    codes = {"GONE": "GONE", "RATE_TOO_HIGH": "SLOW_DOWN"}


def exported(code="GONE", language="en", **flags):
    entries = PublicCatalog(catalog.current(), language, unlisted=True).entries()
    document = exports.build_document(catalog.current(), entries, **flags)
    return next(one for one in document["codes"] if one["code"] == code)


def cells(client):
    return list(csv.DictReader(io.StringIO(client.get("/errors/catalog.csv").content.decode(), newline="")))


def test_the_document_describes_every_code(client):
    document = client.get("/errors/catalog.json").json()
    assert document["version"] == 1
    assert [one["code"] for one in document["codes"]] == list(catalog.current())
    assert document["codes"] == [client.get(f"/errors/{code}.json").json() for code in catalog.current()]


def test_a_code_is_described_with_what_applies(client, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "detailed"}
    assert client.get("/errors/RATE_TOO_HIGH.json").json() == {
        "code": "RATE_TOO_HIGH",
        "names": ["RATE_LIMIT_EXCEEDED"],
        "status": 429,
        "type": "rate_limit_error",
        "retry": "safe",
        "title": "Too many requests",
        "message": "Too many requests. Try again in {wait}.",
        "description": "",
        "causes": ["A rate limit was exceeded."],
        "remedy": ["Wait for the time in `Retry-After`. If the error repeats, back off exponentially with jitter."],
        "params": {"retry_after": 30, "wait": "30 seconds"},
        "details": {},
        "since": "",
        "doc_url": "http://testserver/errors/RATE_TOO_HIGH/",
        "listed": True,
        "deprecated": False,
        "replaced_by": "",
        "defined": True,
    }


def test_a_code_of_the_database_is_not_defined(client):
    with override_error("CARD_DECLINED", **OWN):
        assert client.get("/errors/CARD_DECLINED.json").json()["defined"] is False


def test_a_name_that_is_the_code_itself_is_no_other_name(settings):
    settings.APIERRORS = {"FORMAT": "test_exports.Same"}
    assert format_aliases.get_aliases() == {"RATE_TOO_HIGH": ("SLOW_DOWN",)}


def test_edits_are_what_a_row_says_and_nothing_else():
    assert exported(with_edits=True)["overrides"] == {}
    assert exported(with_edits=True)["translations"] == {}
    row = Row(
        code="GONE",
        status=418,
        listed=False,
        deprecated=True,
        replaced_by="RESOURCE_NOT_FOUND",
        texts={"message": "Not here.", "causes": "One.\nTwo."},
        translations={"de": {"title": "Weg", "remedy": "Eins.\nZwei."}},
    )
    with catalog.pinned(row):
        found = exported(with_edits=True)
        assert found["overrides"] == {
            "status": 418,
            "listed": False,
            "deprecated": True,
            "replaced_by": "RESOURCE_NOT_FOUND",
            "message": "Not here.",
            "causes": ["One.", "Two."],
        }
        assert found["translations"] == {"de": {"title": "Weg", "remedy": ["Eins.", "Zwei."]}}
        assert (found["status"], found["message"], found["causes"]) == (418, "Not here.", ["One.", "Two."])
        assert exported(language="de")["title"] == "Weg"
        assert "overrides" not in exported()


def test_edits_are_not_public(client):
    with override_error("GONE", message="Not here."):
        found = client.get("/errors/GONE.json").json()
    assert found["message"] == "Not here."
    assert not {"overrides", "translations"} & found.keys()


def test_samples_are_json_whatever_they_are():
    definition = codes.ErrorDefinition(
        code="OF_TEST", status=400, title="T", message="M", params={"a": object, "b": 1.5, "c": None}
    )
    codes.register(definition)
    try:
        params = json.loads(exports.to_json(exported("OF_TEST")))["params"]
    finally:
        codes.registry.pop("OF_TEST")
    assert params == {"a": "<class 'object'>", "b": 1.5, "c": None}


# CSV


def test_the_csv_has_a_row_for_every_code(client):
    response = client.get("/errors/catalog.csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="errors.csv"'
    rows = cells(client)
    assert [row["code"] for row in rows] == list(catalog.current())
    assert tuple(rows[0]) == exports.COLUMNS
    malformed = next(row for row in rows if row["code"] == "REQUEST_MALFORMED")
    second = "The body is not in the format or encoding that `Content-Type` declares."
    assert malformed["causes"] == f"The JSON is not well formed.\n{second}"


SIGNS = ["=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20"]


@pytest.mark.parametrize("start", [*SIGNS, "\t", "\r"])
def test_no_cell_is_a_formula(client, start):
    formula = f'{start}HYPERLINK("http://x")'
    with override_error("GONE", message=formula, causes="a\n=1", remedy=formula.strip()):
        row = next(row for row in cells(client) if row["code"] == "GONE")
    assert row["message"] == f"'{formula}"
    assert row["causes"] == "a\n'=1"
    assert row["title"] == "Gone"
    assert not any(cell.startswith((*SIGNS, "\t", "\r")) for cell in row.values())


def spreadsheet(text, separator):
    """Return the cells that a spreadsheet sees which separates them by something else than we do."""
    return [
        cell.strip(' \t\u3000\xa0\ufeff\u200b"')
        for line in re.split(r"\r\n|\r|\n", text)
        for cell in line.split(separator)
    ]


@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("before", ["", " ", "\u3000", '"', "\ufeff"])
@pytest.mark.parametrize("sign", SIGNS)
def test_no_part_of_a_cell_is_a_formula_in_a_spreadsheet_of_other_separators(client, separator, before, sign):
    formula = f"{before}{sign}cmd|'/C calc'!A0"
    ends = {"message": separator, "description": 2 * separator, "causes": "\n"}
    texts = {name: f"fine{end}{formula}" for name, end in ends.items()}
    with override_error("GONE", **texts):
        content = client.get("/errors/catalog.csv").content.decode()
        row = next(row for row in cells(client) if row["code"] == "GONE")
    assert "cmd|" in content
    assert not any(cell.startswith(tuple(SIGNS)) for cell in spreadsheet(content, separator))
    # The text itself stays what it is, but for the apostrophe.
    assert row["description"].replace("'", "") == texts["description"].replace("'", "")


@pytest.mark.parametrize("text", ["1 - 2 = -1; a=b", "Use `a;b`, not a - b.", "x@y.example; z@y.example"])
def test_ordinary_text_stays_as_it_is_in_csv(client, text):
    with override_error("GONE", message=text):
        assert next(row for row in cells(client) if row["code"] == "GONE")["message"] == text


# Markdown


def test_the_markdown_has_a_section_for_every_code(client, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "detailed"}
    with override_error("GONE", description="More.", causes="", deprecated=True, replaced_by="RESOURCE_NOT_FOUND"):
        response = client.get("/errors/catalog.md")
    assert response["Content-Type"] == "text/markdown; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="errors.md"'
    text = response.content.decode()
    assert [line[4:-1] for line in text.splitlines() if line.startswith("## `")] == list(catalog.current())
    limit = text.split("## `RATE_TOO_HIGH`\n")[1].split("\n## ")[0]
    assert "429 Too Many Requests · `rate_limit_error` · Retry: `safe` · Written as `RATE_LIMIT_EXCEEDED`" in limit
    assert "**Too many requests**: Too many requests. Try again in {wait}." in limit
    assert "- Wait for the time in `Retry-After`. If the error repeats, back off exponentially with jitter." in limit
    gone = text.split("## `GONE`\n")[1].split("\n## ")[0]
    assert "**Deprecated.** Use `RESOURCE_NOT_FOUND` instead." in gone
    assert "\nMore.\n" in gone


def test_a_code_without_causes_has_no_empty_list(client):
    with override_error("CARD_DECLINED", deprecated=True, **OWN):
        text = client.get("/errors/catalog.md").content.decode().split("## `CARD_DECLINED`\n")[1]
    assert "Why it happens" not in text
    assert "**Deprecated.**\n" in text


# Text that wants to be more than text


def test_html_and_braces_stay_what_they_are(client):
    with override_error("GONE", **dict.fromkeys(codes.TEXTS, HOSTILE)):
        found = client.get("/errors/GONE.json").json()
        row = next(row for row in cells(client) if row["code"] == "GONE")
        markdown = client.get("/errors/catalog.md").content.decode()
    assert found["message"] == row["message"] == HOSTILE
    assert found["causes"] == [HOSTILE]
    assert "<script" not in markdown.replace("\\<", "")
    assert '\\<script\\>alert(1)\\</script\\> {x.\\_\\_class\\_\\_} {0} } "' in markdown


@pytest.mark.parametrize(
    "text, written",
    [
        ("# a\n## b", "\\# a \\#\\# b"),
        ("[a](http://x) ![b](y)", "\\[a\\](http://x) \\!\\[b\\](y)"),
        ("1. one", "1\\. one"),
        ("`<b>` and ` alone", "`<b>` and \\` alone"),
        ("- a | b * c_d ~e~ &lt;", "\\- a \\| b \\* c\\_d \\~e\\~ \\&lt;"),
    ],
)
def test_markup_in_a_text_is_shown_not_followed(client, text, written):
    with override_error("GONE", description=text):
        section = client.get("/errors/catalog.md").content.decode().split("## `GONE`\n")[1].split("\n## ")[0]
    assert written in section.splitlines()


def test_a_replacement_that_is_gone_is_left_out_so_that_the_rest_can_be_imported():
    with catalog.pinned(Row(code="GONE", replaced_by="OLD_CODE", deprecated=True)):
        assert exported(with_edits=True)["overrides"] == {"deprecated": True}
