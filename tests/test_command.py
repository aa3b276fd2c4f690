"""``manage.py apierrors``: what it prints, what it changes, and how it exits."""

import json
import re
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DataError, connection
from django.db.models.signals import pre_save
from django.test import Client

from django_apierrors import codes
from django_apierrors.formats import BUILTIN
from django_apierrors.models import ErrorCode, ErrorCodeTranslation, Revision
from django_apierrors.testing import override_error

pytestmark = pytest.mark.django_db


def run(*arguments):
    """Run the command and return what it printed."""
    out = StringIO()
    call_command("apierrors", *map(str, arguments), stdout=out)
    return out.getvalue()


def refusal(*arguments):
    """Run the command, which must fail, and return its message and exit code."""
    with pytest.raises(CommandError) as caught:
        run(*arguments)
    return str(caught.value), caught.value.returncode


def edit(code, **values):
    """Edit a row as the admin does."""
    row = ErrorCode.objects.get(code=code)
    for name, value in values.items():
        setattr(row, name, value)
    row.approve_default()
    row.save()
    return row


def all_rows():
    """Return all that is stored, but for the numbers of rows and the time."""
    fields = [f.name for f in ErrorCode._meta.fields if f.name not in ("id", "updated_at", "replaced_by")]
    texts = ("entry__code", "language", *codes.TEXTS)
    return (
        list(ErrorCode.objects.order_by("code").values(*fields, "replaced_by__code")),
        list(ErrorCodeTranslation.objects.order_by("entry__code", "language").values(*texts)),
    )


def token():
    return Revision.objects.get(part=Revision.CATALOG).token


@pytest.fixture
def edited():
    """A catalog with an edit of each kind."""
    added = ErrorCode.objects.create(code="VAULT_CLOSED", status=423, title="Vault closed", message="Come back later.")
    edit(
        "RATE_TOO_HIGH",
        message="Wait {retry_after} seconds.",
        causes="One cause\nAnother",
        retry="idempotent",
        doc_url="https://docs.example/rate",
    )
    edit("GONE", title="Gone <b>for good</b>", status=404, type="auth_error", listed=False)
    old = edit("RESOURCE_CONFLICT", deprecated=True, replaced_by=added)
    ErrorCodeTranslation.objects.create(entry=old, language="de", title="Konflikt", remedy="Neu laden\nNochmal")
    ErrorCodeTranslation.objects.create(entry=added, language="de-at", message="Später.")
    ErrorCodeTranslation.objects.create(entry=added, language="fr")


# list and explain


@pytest.mark.usefixtures("edited")
def test_list_shows_each_code_as_it_answers_now_with_its_badges():
    lines = run("list").splitlines()
    shown = {line.split()[0]: re.split(r"  +", line)[1:] for line in lines}
    assert shown["INVALID_REQUEST"] == ["400", "never", "Invalid request"]
    assert shown["RATE_TOO_HIGH"] == ["429", "idempotent", "Too many requests", "edited"]
    assert shown["GONE"] == ["404", "never", "Gone <b>for good</b>", "edited unlisted"]
    assert shown["RESOURCE_CONFLICT"] == ["409", "never", "Conflict", "edited deprecated"]
    assert shown["VAULT_CLOSED"] == ["423", "never", "Vault closed", "added"]
    assert len({line.index(" 4") for line in lines if " 4" in line}) == 1


@pytest.mark.usefixtures("edited")
def test_texts_are_in_the_language_that_is_asked_for(settings):
    assert "Konflikt" not in run("list")
    assert "Konflikt" in run("list", "--lang", "de")
    assert "Konflikt" in run("list", "--lang", "DE-at")
    settings.LANGUAGES = [("en", "English"), ("de-at", "Austrian")]
    assert "Später." in run("explain", "VAULT_CLOSED", "--lang=de-at")


def test_a_language_that_the_project_does_not_speak_is_refused():
    message, code = refusal("list", "--lang", "tlh")
    assert message == "'tlh' is not one of the LANGUAGES of this project."
    assert code == 2


def test_the_default_language_needs_not_be_one_of_those_to_choose_from(settings):
    settings.LANGUAGES = [("de", "German")]
    assert "Invalid request" in run("list")


def test_control_characters_of_a_text_do_not_reach_the_terminal():
    edit("GONE", title="Gone\x1b[2J", description="one\x07\ntwo")
    assert "\x1b" not in run("list")
    assert "\x1b" not in run("explain", "GONE")
    assert "  one\n  two\n" in run("explain", "GONE")


@pytest.mark.usefixtures("edited")
def test_explain_says_all_words_and_the_contract(settings):
    settings.APIERRORS = {"FORMAT": "detailed"}
    said = run("explain", "RATE_TOO_HIGH")
    assert said.startswith("RATE_TOO_HIGH  429 Too Many Requests  [edited]\n")
    for text in (
        "Type:          rate_limit_error: Too many requests were sent",
        "Retry:         idempotent: The request may have run",
        "Written as:    RATE_LIMIT_EXCEEDED",
        "Placeholders:  {retry_after} such as 30, {wait} such as 30 seconds",
        "Documentation: https://docs.example/rate",
        "Title\n  Too many requests",
        "Message\n  Wait {retry_after} seconds.",
        "Why it happens\n  - One cause\n  - Another\n",
        "How to fix it\n  - Wait for the time in",
    ):
        assert text in said
    assert "Replaced by" not in said
    assert "Replaced by:   VAULT_CLOSED" in run("explain", "RESOURCE_CONFLICT")


@pytest.mark.parametrize("format_", BUILTIN)
def test_explain_shows_the_answer_of_the_live_format(format_, api, settings):
    edit("ENDPOINT_NOT_FOUND", message="No such place.")
    docs = {"BASE_URL": "http://testserver"}
    settings.APIERRORS = {"FORMAT": format_, "DOCS": docs}
    live = api.get("/api/nope", headers={"X-Request-ID": "7c9e6679-7425-40de-944b-e07fc1f90ae7"})
    settings.APIERRORS = {"DOCS": docs}
    said = run("explain", "ENDPOINT_NOT_FOUND", "--format", format_)
    head, body = said.partition("HTTP/1.1 ")[2].split("\n\n")
    status, *lines = head.splitlines()
    assert status == "404 Not Found"
    assert json.loads(body) == live.json()
    for name in ("Content-Type", "X-Error-Code", "X-Request-ID", "Cache-Control"):
        assert f"{name}: {live[name]}" in lines


def test_explain_follows_the_settings(settings):
    settings.APIERRORS = {"FORMAT": "result", "DOCS": {"BASE_URL": "https://api.example"}}
    said = run("explain", "GONE")
    assert '"result": "error"' in said
    assert "Documentation: https://api.example/errors/GONE/" in said


def test_explain_takes_any_spelling_and_the_name_that_a_format_writes(settings):
    assert run("explain", "gone").startswith("GONE  410 Gone\n")
    settings.APIERRORS = {"FORMAT": "detailed"}
    assert run("explain", "RATE_LIMIT_EXCEEDED").startswith("RATE_TOO_HIGH")


def test_explain_names_the_codes_that_an_unknown_one_may_mean(settings):
    assert refusal("explain", "RATE_TO_HIGH") == (
        "There is no code 'RATE_TO_HIGH'. Did you mean RATE_TOO_HIGH?",
        1,
    )
    assert refusal("explain", "QQQQ") == ("There is no code 'QQQQ'. `apierrors list` shows all.", 1)
    settings.APIERRORS = {"FORMAT": "detailed"}
    message, _ = refusal("explain", "UNAUTHENTICATED")
    assert message.endswith("Did you mean AUTH_KEY_NOT_FOUND, AUTH_KEY_INVALID?")


@pytest.mark.parametrize("name", ["zigzag", "json.loads"])
def test_a_format_that_does_not_exist_is_refused(name):
    message, code = refusal("explain", "GONE", "--format", name)
    assert message.startswith(f"There is no format '{name}': use nested, result, ")
    assert code == 2


# export


@pytest.mark.usefixtures("edited")
def test_the_json_export_is_complete():
    document = json.loads(run("export"))
    exported = {one["code"]: one for one in document["codes"]}
    assert document["version"] == 1
    assert exported["GONE"]["overrides"] == {
        "status": 404,
        "type": "auth_error",
        "listed": False,
        "title": "Gone <b>for good</b>",
    }
    assert exported["RESOURCE_CONFLICT"]["translations"] == {
        "de": {"title": "Konflikt", "remedy": ["Neu laden", "Nochmal"]}
    }


@pytest.mark.usefixtures("edited")
@pytest.mark.parametrize("format_", ["csv", "md"])
def test_csv_and_markdown_show_what_the_public_sees_unless_asked_for_more(format_):
    public, full = run("export", "--format", format_), run("export", "--format", format_, "--unlisted")
    assert "VAULT_CLOSED" in public
    assert "GONE" not in public
    assert "GONE" in full


@pytest.mark.usefixtures("edited")
def test_an_export_goes_into_a_file(tmp_path):
    target = tmp_path / "catalog.csv"
    assert run("export", "--format=csv", "--output", target, "--lang", "de") == ""
    assert '"Konflikt"' in target.read_text()
    assert target.read_bytes().decode() == run("export", "--format=csv", "--lang", "de")


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    target = tmp_path / "nowhere" / "catalog.json"
    assert refusal("export", "--output", target) == (f"{target}: cannot be written: No such file or directory", 2)


# import


@pytest.fixture
def file(tmp_path):
    """Write a document, given as the edits by code or as it shall be, and return its path."""

    def write(given):
        path = tmp_path / "edits.json"
        if isinstance(given, dict) and "version" not in given:
            edits = [{"code": code, "overrides": {}, "translations": {}, **one} for code, one in given.items()]
            given = {"version": 1, "codes": edits}
        path.write_bytes(given if isinstance(given, bytes) else json.dumps(given).encode())
        return path

    return write


def reasons(path):
    """Import a file, which must fail and change nothing, and return the reasons."""
    before, token_before = all_rows(), token()
    message, code = refusal("import", path)
    assert all_rows() == before
    assert token() == token_before
    assert code == 2
    first, *lines = message.splitlines()
    assert first == "Nothing was imported."
    assert all(line.startswith(f"{path}: ") for line in lines)
    return [line.removeprefix(f"{path}: ") for line in lines]


@pytest.mark.usefixtures("edited")
def test_an_export_makes_the_same_rows_of_an_empty_database(tmp_path):
    path, before = tmp_path / "catalog.json", all_rows()
    run("export", "--output", path)
    ErrorCode.objects.all().delete()
    said = run("import", path)
    assert all_rows() == before
    count = len(before[0])
    assert said.endswith(f"{count} created, 0 changed, 0 unchanged.\n")
    assert run("import", path) == f"0 created, 0 changed, {count} unchanged.\n"


@pytest.mark.usefixtures("edited")
def test_an_export_takes_back_what_was_edited_since(tmp_path):
    path, before = tmp_path / "catalog.json", all_rows()
    run("export", "--output", path)
    edit("GONE", title="Away", causes="Wind")
    edit("RATE_TOO_HIGH", message="")
    edit("RESOURCE_CONFLICT", replaced_by=ErrorCode.objects.get(code="GONE"))
    ErrorCodeTranslation.objects.all().delete()
    ErrorCodeTranslation.objects.create(entry=ErrorCode.objects.get(code="GONE"), language="de", title="Weg")
    said = run("import", path)
    assert "changed: GONE (title, causes, translations.de)" in said
    assert "changed: RESOURCE_CONFLICT (replaced_by, translations.de)" in said
    assert all_rows() == before


def test_an_import_is_on_the_wire_and_other_rows_stay(file, api):
    edit("CSRF_FAILED", title="Ours")
    said = run(
        "import",
        file(
            {
                "ENDPOINT_NOT_FOUND": {"overrides": {"message": "No such place."}},
                "VAULT_OPEN": {
                    "overrides": {"status": 423, "title": "Open", "message": "Shut it.", "replaced_by": "VAULT_SHUT"}
                },
                "VAULT_SHUT": {"overrides": {"status": 423, "title": "Shut", "message": "Open it."}},
            }
        ),
    )
    assert said.splitlines() == [
        "created: VAULT_OPEN",
        "created: VAULT_SHUT",
        "changed: ENDPOINT_NOT_FOUND (message)",
        "2 created, 1 changed, 0 unchanged.",
    ]
    assert api.get("/api/nope").json()["error"]["message"] == "No such place."
    assert ErrorCode.objects.get(code="CSRF_FAILED").title == "Ours"
    assert ErrorCode.objects.get(code="VAULT_OPEN").replaced_by.code == "VAULT_SHUT"
    assert not ErrorCode.objects.get(code="VAULT_OPEN").defined


def test_an_import_notes_which_shipped_texts_it_was_made_against(file):
    old = "0" * 64
    ErrorCode.objects.filter(code__in=["GONE", "READ_ONLY", "MAINTENANCE"]).update(title="X", default_digest=old)
    run(
        "import",
        file({"GONE": {"overrides": {"title": "Y"}}, "READ_ONLY": {"overrides": {"title": "X", "listed": False}}}),
    )
    run("import", file({"MAINTENANCE": {}}))
    digests = dict(ErrorCode.objects.values_list("code", "default_digest"))
    assert digests["GONE"] == codes.digest(codes.get("GONE"))
    assert digests["READ_ONLY"] == old  # its texts are the same as before, and still to be reviewed
    assert digests["MAINTENANCE"] == ""


def test_a_dry_run_says_what_would_be_and_changes_nothing(file):
    before, token_before = all_rows(), token()
    path = file({"GONE": {"overrides": {"title": "Away"}}, "NEW": {"overrides": {"status": 400}}})
    assert refusal("import", path, "--dry-run")[1] == 2
    path = file(
        {
            "GONE": {"overrides": {"title": "Away"}, "translations": {"de": {"title": "Weg"}}},
            "NEW_CODE": {"overrides": {"status": 400, "title": "New", "message": "New."}},
            "READ_ONLY": {},
        }
    )
    assert run("import", path, "--dry-run").splitlines() == [
        "would be created: NEW_CODE",
        "would be changed: GONE (title, translations.de)",
        "1 created, 1 changed, 1 unchanged; nothing was written.",
    ]
    assert all_rows() == before
    assert token() == token_before


def test_line_breaks_of_a_browser_are_no_difference(file):
    edit("GONE", causes="one\r\ntwo")
    path = file({"GONE": {"overrides": {"causes": ["one", "two"], "title": "  "}}})
    assert run("import", path) == "0 created, 0 changed, 1 unchanged.\n"


def test_every_reason_is_named_with_its_entry_and_field(file):
    path = file(
        {
            "RATE_TOO_HIGH": {
                "overrides": {"title": "{retry_after}", "message": "Wait {seconds}.", "status": 503},
                "translations": {"de": {"message": "Warte {sekunden}."}, "Klingon!": {}},
            },
            "Mixed": {"overrides": {"status": 400, "title": "x", "message": "x"}},
            "NEW_CODE": {"overrides": {"status": 200, "message": "x", "type": "big_error", "retry": "soon"}},
            "GONE": {"overrides": {"doc_url": "javascript:alert(1)", "title": "x" * 201, "replaced_by": "NOTHING"}},
            "READ_ONLY": {"overrides": {"replaced_by": "NOTHING"}},
            "CSRF_FAILED": {"overrides": {"replaced_by": "NEW_CODE"}},
        }
    )
    found = "\n".join(reasons(path))
    for said in (
        "codes[0] RATE_TOO_HIGH: overrides.title: Unknown placeholder: {retry_after}. This text takes none.",
        "codes[0] RATE_TOO_HIGH: overrides.message: Unknown placeholder: {seconds}. Allowed here: {retry_after}, ",
        "codes[0] RATE_TOO_HIGH: overrides.status: RATE_TOO_HIGH is defined as 429;",
        "codes[0] RATE_TOO_HIGH: translations.de.message: Unknown placeholder: {sekunden}.",
        "codes[0] RATE_TOO_HIGH: translations.Klingon!.language: Write it as Django does",
        "codes[1] Mixed: code: Use letters of one case",
        "codes[2] NEW_CODE: overrides.status: Ensure this value is greater than or equal to 400.",
        "codes[2] NEW_CODE: overrides.type: Value 'big_error' is not a valid choice.",
        "codes[2] NEW_CODE: overrides.retry: Value 'soon' is not a valid choice.",
        "codes[3] GONE: overrides.doc_url: Enter a valid URL.",
        "codes[3] GONE: overrides.title: Ensure this value has at most 200 characters",
        "codes[3] GONE: overrides.replaced_by: there is no code NOTHING",
        "codes[4] READ_ONLY: overrides.replaced_by: there is no code NOTHING",
    ):
        assert said in found
    assert len(found.splitlines()) == 13


def test_a_code_of_the_database_alone_must_be_complete(file):
    assert reasons(file({"NEW_CODE": {"overrides": {"title": "New"}}})) == [
        "codes[0] NEW_CODE: A code that no Python code defines needs a status, a title and a message."
    ]


def test_replacements_that_lead_in_a_circle_are_refused_whatever_stood_there_before(file):
    read_only = edit("READ_ONLY", replaced_by=ErrorCode.objects.get(code="GONE"))
    circle = file(
        {
            "GONE": {"overrides": {"replaced_by": "MAINTENANCE"}},
            "MAINTENANCE": {"overrides": {"replaced_by": "READ_ONLY"}},
        }
    )
    assert reasons(circle) == [
        "codes[0] GONE: overrides.replaced_by: The replacements lead in a circle.",
        "codes[1] MAINTENANCE: overrides.replaced_by: The replacements lead in a circle.",
    ]
    # Turning a chain round passes through no circle.
    run("import", file({"GONE": {"overrides": {"replaced_by": "READ_ONLY"}}, "READ_ONLY": {}}))
    read_only.refresh_from_db()
    assert read_only.replaced_by is None


ENTRY = {"code": "GONE", "overrides": {}, "translations": {}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b'{"version": 1,\n "codes": [}', ["line 2, column 12: this is not JSON: Expecting value"]),
        (b"", ["line 1, column 1: this is not JSON: Expecting value"]),
        (b"\xff{}", ["byte 0: this is not UTF-8"]),
        pytest.param(b"[" * 200_000, ["this is nested too deeply"], id="deep"),
        pytest.param(b"1" * 5000, ["this cannot be read: Exceeds the limit"], id="long"),
        (b"[]", ['this is not an object with the members "version" and "codes"']),
        (
            {"version": 2, "codes": {}, "extra": 1},
            ["extra: is not known", "version: must be 1, not 2", "codes: must be a list, not {}"],
        ),
        ({"version": True}, ["version: must be 1, not true", "codes: must be a list, not null"]),
        (
            {"version": 1, "codes": [{**ENTRY, "colour": 1}, 7, ENTRY]},
            [
                "codes[0] GONE: colour: is not known",
                "codes[1]: must be an object, not 7",
                "codes[2] GONE: code: it is also codes[0] GONE",
            ],
        ),
        (
            {"version": 1, "codes": [{"code": "GONE", "title": "Gone"}]},
            ["codes[0] GONE: overrides: must be an object, and `apierrors export` writes it"],
        ),
        (
            {"version": 1, "codes": [{**ENTRY, "code": None, "translations": []}]},
            ["codes[0]: code: must be a text, not null", "codes[0]: translations: must be an object, not []"],
        ),
        (
            {
                "version": 1,
                "codes": [
                    {
                        **ENTRY,
                        "colour": "red",
                        "overrides": {"colour": "red", "status": True, "listed": 0, "causes": "one", "title": 5},
                        "translations": {"de": {"status": 400, "remedy": [1]}, "fr": "Parti"},
                    }
                ],
            },
            [
                "codes[0] GONE: colour: is not known",
                "codes[0] GONE: overrides.colour: is not known",
                "codes[0] GONE: overrides.status: must be a whole number, not true",
                "codes[0] GONE: overrides.listed: must be true or false, not 0",
                "codes[0] GONE: overrides.title: must be a text, not 5",
                'codes[0] GONE: overrides.causes: must be a list of texts, not "one"',
                "codes[0] GONE: translations.de.status: is not known",
                "codes[0] GONE: translations.de.remedy: must be a list of texts, not [1]",
                'codes[0] GONE: translations.fr: must be an object, not "Parti"',
            ],
        ),
        (
            {"version": 1, "codes": [{**ENTRY, "overrides": {"title": "a\0b", "causes": ["\ud800"], "status": []}}]},
            [
                "codes[0] GONE: overrides.status: must be a whole number, not []",
                "codes[0] GONE: overrides.title: holds a character that no database can store",
                "codes[0] GONE: overrides.causes: holds a character that no database can store",
            ],
        ),
        (
            {"version": 1, "codes": [{**ENTRY, "overrides": {"message": ["x" * 100]}}]},
            [f'codes[0] GONE: overrides.message: must be a text, not ["{"x" * 38}…'],
        ),
    ],
    ids=str,
)
def test_a_file_of_another_form_is_refused_with_the_place_of_each_fault(file, given, expected):
    found = reasons(file(given))
    assert len(found) == len(expected)
    assert all(said.startswith(start) for said, start in zip(found, expected, strict=True))


def test_a_file_that_begins_with_a_byte_order_mark_is_read(file):
    assert "1 unchanged" in run("import", file(b"\xef\xbb\xbf" + json.dumps({"version": 1, "codes": [ENTRY]}).encode()))


def test_a_file_that_is_not_there_is_named(tmp_path):
    path = tmp_path / "none.json"
    assert refusal("import", path) == (f"{path}: cannot be read: No such file or directory", 2)


def test_what_the_database_refuses_is_told_and_nothing_is_kept(file):
    def refuse(instance, **kwargs):
        if instance.code == "READ_ONLY":
            raise DataError("too long")

    before = all_rows()
    path = file({"GONE": {"overrides": {"title": "Away"}}, "READ_ONLY": {"overrides": {"title": "Read"}}})
    pre_save.connect(refuse, sender=ErrorCode)
    try:
        assert refusal("import", path) == ("The database refused: too long", 2)
    finally:
        pre_save.disconnect(refuse, sender=ErrorCode)
    assert all_rows() == before


# sync


@pytest.fixture
def out_of_step():
    """Rows that are out of step with Python, each in its way."""
    Revision.objects.all().delete()
    ErrorCode.objects.filter(code="GONE").delete()
    ErrorCode.objects.filter(code="READ_ONLY").update(defined=False, status=503, title="x", message="x")
    ErrorCode.objects.filter(code="MAINTENANCE").update(title="Pause", default_digest="0" * 64)
    # Marks alone are no words to review.
    ErrorCode.objects.filter(code="CSRF_FAILED").update(listed=False, default_digest="0" * 64)
    whole = {"status": 400, "title": "x", "message": "x"}
    needed = ErrorCode(code="LEFT_NEEDED", defined=True)
    ErrorCode.objects.bulk_create(
        [
            ErrorCode(code="LEFT_BLANK", defined=True),
            needed,
            ErrorCode(code="LEFT_EDITED", defined=True, title="x"),
            ErrorCode(code="LEFT_WHOLE", defined=True, **whole),
            ErrorCode(code="OUR_OWN", **whole),
        ]
    )
    needed = ErrorCode.objects.get(code="LEFT_NEEDED")
    ErrorCode.objects.filter(code="OUR_OWN").update(replaced_by=needed)
    Revision.objects.all().delete()


FIXABLE = [
    "the token is missing, by which processes notice edits",
    "GONE: it has no row",
    "READ_ONLY: Python defines it, its row says otherwise",
    "LEFT_WHOLE: Python does not define it, its row says otherwise",
]
BLANK = "LEFT_BLANK: Python no longer defines it and its row is blank; --prune removes it"
LEFT = [
    "LEFT_EDITED: Python no longer defines it and its row lacks a status, title or message; complete or delete it "
    "in the admin",
    "LEFT_NEEDED: Python no longer defines it and its row lacks a status, title or message; complete or delete it "
    "in the admin",
    "MAINTENANCE: its shipped texts have changed since it was edited; compare them in the admin",
]


@pytest.mark.usefixtures("out_of_step")
def test_sync_check_lists_what_is_out_of_step_and_changes_nothing():
    before = all_rows()
    message, code = refusal("sync", "--check")
    assert message.splitlines() == ["8 out of step:", *FIXABLE, BLANK, *LEFT]
    assert code == 1
    assert all_rows() == before
    assert not Revision.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("out_of_step")
@pytest.mark.parametrize("prune", [False, True])
def test_sync_sets_right_what_it_can_and_names_the_rest(prune):
    said = run("sync", *(["--prune"] if prune else [])).splitlines()
    gone = ["removed: LEFT_BLANK"] if prune else [f"left: {BLANK}"]
    assert said == [
        *(f"set right: {line}" for line in FIXABLE),
        *gone,
        *(f"left: {line}" for line in LEFT),
        "Every process reloads the catalog.",
    ]
    flags = dict(ErrorCode.objects.values_list("code", "defined"))
    assert (flags["GONE"], flags["READ_ONLY"], flags["LEFT_WHOLE"], flags["OUR_OWN"]) == (True, True, False, False)
    assert ("LEFT_BLANK" in flags) is not prune
    assert {"LEFT_EDITED", "LEFT_NEEDED", "OUR_OWN"} <= set(flags)
    message, _ = refusal("sync", "--check")
    assert message.splitlines()[1:] == [*([] if prune else [BLANK]), *LEFT]


def test_sync_replaces_the_token_even_if_nothing_else_is_to_do():
    assert run("sync", "--check") == "Everything is in step.\n"
    before = token()
    assert run("sync") == "Every process reloads the catalog.\n"
    assert token() != before


def test_check_and_prune_exclude_each_other():
    assert "not allowed with" in refusal("sync", "--check", "--prune")[0]


def test_after_raw_sql_sync_brings_the_edit_onto_the_wire(api):
    edit("ENDPOINT_NOT_FOUND", message="Before.")
    assert api.get("/api/nope").json()["error"]["message"] == "Before."
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_apierrors_errorcode SET message = 'Raw.' WHERE code = 'ENDPOINT_NOT_FOUND'")
    run("sync")
    assert api.get("/api/nope").json()["error"]["message"] == "Raw."


# static


@pytest.mark.parametrize("format_", BUILTIN)
def test_static_bodies_are_those_of_the_live_format_without_a_request(format_, api, set_view, settings, tmp_path):
    edit("INTERNAL_SERVER_ERROR", message='Quoted "and" $paid.')
    settings.APIERRORS = {"FORMAT": format_, "DOCS": {"BASE_URL": "http://testserver"}}
    set_view(ZeroDivisionError())
    live = api.get("/api/plain").json()
    run("static", tmp_path / "bodies")
    written = json.loads((tmp_path / "bodies" / "500.json").read_text())
    if format_ == "typed":
        live["error"]["request_id"] = None
    if format_ == "problem":
        live["request_id"] = None
        del live["instance"]
    assert written == live
    snippet = (tmp_path / "bodies" / "nginx-errors.conf").read_text()
    assert ("application/problem+json" in snippet) is (format_ == "problem")
    assert "X-Request-ID" not in re.sub(r"(?m)^#.*", "", snippet)


def test_static_bodies_link_their_documentation_where_its_place_is_known(settings, tmp_path):
    edit("BAD_GATEWAY", doc_url="https://docs.example/502")
    run("static", tmp_path, "--format", "typed")
    assert json.loads((tmp_path / "502.json").read_text())["error"]["doc_url"] == "https://docs.example/502"
    assert json.loads((tmp_path / "504.json").read_text())["error"]["doc_url"] is None
    assert (
        'add_header Link "<https://docs.example/502>; rel=\\"help\\"" always;'
        in (tmp_path / "nginx-errors.conf").read_text()
    )


def test_a_status_that_a_row_changes_is_still_that_of_nginx(tmp_path):
    edit("BAD_GATEWAY", status=503)
    run("static", tmp_path)
    assert json.loads((tmp_path / "502.json").read_text())["error"]["httpCode"] == 502


def test_static_overwrites_only_its_own_unchanged_files_unless_forced(tmp_path):
    edit("GATEWAY_TIMEOUT", message="Slow.")
    run("static", tmp_path)
    assert run("static", tmp_path).splitlines()[-1] == f"wrote {tmp_path}/nginx-errors.conf"
    before = (tmp_path / "504.json").read_bytes()
    (tmp_path / "502.json").write_text("mine")
    edit("GATEWAY_TIMEOUT", message="Too slow.")
    message, code = refusal("static", tmp_path)
    found = f"{tmp_path}/502.json, {tmp_path}/504.json"
    assert (message, code) == (f"{found}: there already, with other content. Use --force.", 2)
    assert (tmp_path / "504.json").read_bytes() == before
    run("static", tmp_path, "--force")
    assert b"Too slow." in (tmp_path / "504.json").read_bytes()


def test_what_nginx_cannot_be_told_is_refused(tmp_path):
    message, code = refusal("static", tmp_path / "a$b")
    assert re.fullmatch(r"nginx cannot be told '.*a\$b.*': it holds a dollar sign or a control character\.", message)
    assert code == 2
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "folder"
    assert refusal("static", path) == (f"{path}: cannot be made: Not a directory", 2)


# the database


def test_what_a_test_pins_is_what_the_command_says():
    with override_error("GONE", title="Pinned"):
        assert "Pinned" in run("list")


@pytest.fixture
def renamed():
    """Rename things in the database, and give them their names again at the end."""
    undo = []

    def rename(statement, old, new):
        def execute(before, after):
            with connection.cursor() as cursor:
                cursor.execute(statement.format(before, after))

        execute(old, new)
        undo.append(lambda: execute(new, old))

    yield rename
    for call in undo:
        call()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [ErrorCode, ErrorCodeTranslation, Revision])
def test_a_missing_table_says_what_to_run(renamed, model):
    renamed("ALTER TABLE {} RENAME TO {}", model._meta.db_table, "elsewhere")
    assert refusal("list") == (
        "The tables of the catalog are not in the database 'default'. Run `manage.py migrate`.",
        2,
    )


@pytest.mark.django_db(transaction=True)
def test_a_database_that_cannot_be_read_is_told_with_its_own_words(renamed):
    renamed("ALTER TABLE django_apierrors_errorcode RENAME COLUMN {} TO {}", "listed", "elsewhere")
    message, code = refusal("list")
    assert message.startswith("The database 'default' cannot be read: ")
    assert "listed" in message
    assert code == 2


def test_the_answers_of_a_request_are_not_touched_by_a_command():
    run("list")
    assert Client().get("/api/nope").json()["error"]["code"] == "ENDPOINT_NOT_FOUND"
