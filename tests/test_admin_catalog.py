"""The admin of the catalog: what editors see, may do, are refused and are told; and what the log keeps."""

import json
import re
import subprocess
import sys

import pytest
from django.contrib.admin.models import CHANGE, DELETION, LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override

from django_apierrors import catalog, codes
from django_apierrors.admin.catalog.row_state import get_entry
from django_apierrors.models import ErrorCode, ErrorCodeTranslation

pytestmark = pytest.mark.django_db

LIST = "/admin/django_apierrors/errorcode/"
ADD = f"{LIST}add/"
BLANK = {
    "status": "", "type": "", "retry": "", "title": "", "message": "", "description": "", "causes": "",
    "remedy": "", "doc_url": "", "listed": "on", "replaced_by": "",
    "translations-TOTAL_FORMS": "0", "translations-INITIAL_FORMS": "0",
}  # fmt: skip
OWN = {**BLANK, "code": "CARD_EXPIRED", "status": "402", "title": "Card expired", "message": "The card has expired."}
INERT = "<script>alert(1)</script>"


def staff(*permissions):
    user = User.objects.create_user(f"with {' '.join(permissions) or 'nothing'}", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=[f"{name}_errorcode" for name in permissions]))
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def editor():
    client = Client()
    client.force_login(User.objects.create_superuser("admin"))
    return client


@pytest.fixture
def own():
    return ErrorCode.objects.create(
        code="CARD_EXPIRED", status=402, title="Card expired", message="The card has expired."
    )


def row(code="RATE_TOO_HIGH"):
    return ErrorCode.objects.get(code=code)


def edit(code="RATE_TOO_HIGH", **fields):
    """Write what an editor writes, and note like the admin what was shipped then."""
    obj = row(code)
    for name, value in fields.items():
        setattr(obj, name, value)
    obj.approve_default()
    obj.save()
    return obj


def page(obj, name="change"):
    return reverse(f"admin:django_apierrors_errorcode_{name}", args=[obj.pk])


def translation(index=0, **values):
    return {f"translations-{index}-{name}": value for name, value in values.items()}


def translations(obj, *forms, there=0):
    data = {"translations-TOTAL_FORMS": str(len(forms)), "translations-INITIAL_FORMS": str(there)}
    for index, form in enumerate(forms):
        blank = dict.fromkeys(("id", *codes.TEXTS), "")
        data |= translation(index, **{**blank, "entry": str(obj.pk), **form})
    return data


def listed(response):
    return [obj.code for obj in response.context["cl"].result_list]


def told(response):
    return [str(message) for message in response.context["messages"]]


def errors(response):
    return {name: list(found) for name, found in response.context["adminform"].form.errors.items()}


def act(client, action, *objs, **more):
    data = {"action": action, "_selected_action": [obj.pk for obj in objs], **more}
    return client.post(LIST, data, follow=True)


# The list


def test_the_list_shows_what_is_answered(editor):
    edit("AUTH_KEY_INVALID", status=400, title="Wrong key")
    text = editor.get(LIST, {"q": "AUTH_KEY_INVALID"}).content.decode()
    assert '<td class="field-effective_status">400</td>' in text
    assert "Wrong key" in text


def test_a_code_without_edits_is_badged_as_shipped(editor):
    response = editor.get(LIST, {"q": "RATE_TOO_HIGH"})
    assert "apierrors-badge apierrors-shipped" in response.content.decode()
    assert '<td class="field-effective_status">429</td>' in response.content.decode()


@pytest.mark.parametrize(
    ("state", "change"),
    [
        ("edited", {"message": "Not so fast."}),
        ("edited", {"status": 420}),
        ("edited", {"doc_url": "https://example.com/limits"}),
        ("shipped", {"listed": False, "deprecated": True}),
    ],
)
def test_a_badge_says_whether_the_words_or_the_contract_were_edited(state, change, editor):
    edit(**change)
    assert f"apierrors-badge apierrors-{state}" in editor.get(LIST, {"q": "RATE_TOO_HIGH"}).content.decode()
    assert "RATE_TOO_HIGH" in listed(editor.get(LIST, {"state": state}))


def test_a_translation_alone_is_an_edit(editor):
    ErrorCodeTranslation.objects.create(entry=row(), language="de", message="Langsamer.")
    assert listed(editor.get(LIST, {"state": "edited"})) == ["RATE_TOO_HIGH"]


def test_each_state_has_its_rows(editor, own):
    edit("GONE", message="It is gone.")
    ErrorCode.objects.filter(pk=edit("NOT_ACCEPTABLE", message="No.").pk).update(default_digest="0" * 64)
    ErrorCode.objects.create(code="REMOVED_FROM_PYTHON", defined=True)
    found = {state: listed(editor.get(LIST, {"state": state})) for state in ("edited", "outdated", "added", "gone")}
    assert found == {
        "edited": ["GONE"],
        "outdated": ["NOT_ACCEPTABLE"],
        "added": ["CARD_EXPIRED"],
        "gone": ["REMOVED_FROM_PYTHON"],
    }
    rest = listed(editor.get(LIST, {"state": "shipped"}))
    assert len(rest) + 4 == ErrorCode.objects.count()


def test_an_unknown_state_filters_nothing(editor):
    assert len(listed(editor.get(LIST, {"state": "nonsense"}))) == ErrorCode.objects.count()


def test_a_row_that_python_no_longer_defines_is_listed_without_a_status(editor):
    ErrorCode.objects.create(code="REMOVED_FROM_PYTHON", defined=True, title="Removed")
    text = editor.get(LIST, {"state": "gone"}).content.decode()
    assert ">Gone</span>" in text
    assert "Removed" in text


def test_the_status_filter_knows_what_is_answered(editor):
    edit("AUTH_KEY_INVALID", status=400)
    assert "AUTH_KEY_INVALID" in listed(editor.get(LIST, {"answered": "400"}))
    assert "AUTH_KEY_INVALID" not in listed(editor.get(LIST, {"answered": "401"}))
    assert "AUTH_KEY_NOT_FOUND" in listed(editor.get(LIST, {"answered": "401"}))


def test_the_status_filter_offers_what_only_a_row_says(editor, own):
    assert "402 Payment Required" in editor.get(LIST).content.decode()
    assert listed(editor.get(LIST, {"answered": "402"})) == ["CARD_EXPIRED"]


def test_a_status_that_is_no_number_filters_nothing(editor):
    assert len(listed(editor.get(LIST, {"answered": "x"}))) == ErrorCode.objects.count()


@pytest.mark.parametrize("kind", codes.TYPES)
def test_the_type_filter_finds_what_the_catalog_answers(kind, editor, own):
    edit("AUTH_KEY_INVALID", status=400)  # its type follows
    edit("IDEMPOTENCY_KEY_REUSED", status=409)  # its type was chosen and stays
    edit("GONE", type="api_error")
    edit("RATE_TOO_HIGH", status=420)
    answered = [obj.code for obj in ErrorCode.objects.all() if get_entry(obj).type == kind]
    assert listed(editor.get(LIST, {"kind": kind})) == answered


def test_an_unknown_type_filters_nothing(editor):
    assert len(listed(editor.get(LIST, {"kind": "x"}))) == ErrorCode.objects.count()


@pytest.mark.parametrize(
    "term",
    [
        "rate_too",
        "Too many requests",
        '"many requests. Try"',
        "requests again",
        "gemächlich",
        "'many requests. try'",
        "Pomalu",
    ],
)
def test_search_finds_what_is_shipped_edited_and_translated(term, editor):
    if term == "gemächlich":
        edit(message="gemächlich, bitte")
    ErrorCodeTranslation.objects.create(entry=row(), language="cs", title="Pomalu")
    assert "RATE_TOO_HIGH" in listed(editor.get(LIST, {"q": term}))


def test_search_wants_every_word(editor):
    assert listed(editor.get(LIST, {"q": "slow unheard-of"})) == []


def test_languages_without_a_message_are_named(editor, settings):
    settings.LANGUAGE_CODE = "en"
    settings.LANGUAGES = [("en", "English"), ("de", "German"), ("cs", "Czech")]
    ErrorCodeTranslation.objects.create(entry=edit(message="Not so fast."), language="de", message="Langsamer.")
    text = editor.get(LIST, {"q": "RATE_TOO_HIGH"}).content.decode()
    assert '<td class="field-missing_translations">cs</td>' in text


def test_no_language_is_missed_where_the_project_chose_none(editor):
    assert '<td class="field-missing_translations">-</td>' not in editor.get(LIST).content.decode()
    assert '<td class="field-missing_translations">de' not in editor.get(LIST).content.decode()


def test_the_list_takes_the_same_queries_however_long_it_is(editor, own, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]

    def count(**data):
        with CaptureQueriesContext(connection) as queries:
            assert editor.get(LIST, data).status_code == 200
        return len(queries)

    asked = ({}, {"q": "card"}, {"state": "added"}, {"state": "outdated"}, {"answered": "402"}, {"kind": "api_error"})
    editor.get(LIST)  # reads the catalog and the user's session for the first time
    before = [count(**data) for data in asked]
    rows = ErrorCode.objects.bulk_create(
        ErrorCode(code=f"CARD_{n}", status=402, title=f"Card {n}", message="No.", replaced_by=own) for n in range(500)
    )
    ErrorCodeTranslation.objects.bulk_create(
        ErrorCodeTranslation(entry=row, language="de", message="Nein.") for row in rows
    )
    editor.get(LIST)
    assert [count(**data) for data in asked] == before


# The form


def test_each_field_shows_what_is_shipped_beside_it(editor):
    text = editor.get(page(row())).content.decode()
    shipped = codes.get("RATE_TOO_HIGH")
    assert text.count("As shipped:") >= 6
    for value in (shipped.title, shipped.message, shipped.retry):
        assert str(value) in text
    assert '<option value="" selected>As shipped</option>' in text
    assert "<code>{retry_after}</code>" in text


def test_what_is_shipped_is_shown_to_who_may_only_look():
    ErrorCodeTranslation.objects.create(entry=row(), language="de", message="Zu viel.")
    response = staff("view").get(page(row()))
    assert response.status_code == 200
    assert str(codes.get("RATE_TOO_HIGH").message) in response.content.decode()
    assert "apierrors-answer" in response.content.decode()
    assert "Zu viel." in response.content.decode()
    assert 'name="_save"' not in response.content.decode()


def test_the_code_of_a_row_cannot_be_changed(editor):
    editor.post(page(row()), {**BLANK, "code": "SOMETHING_ELSE"})
    assert row().code == "RATE_TOO_HIGH"


def test_saving_makes_the_answer_other(editor, api):
    editor.post(page(row("ENDPOINT_NOT_FOUND")), {**BLANK, "message": "Look elsewhere."})
    assert api.get("/api/nowhere").json()["error"]["message"] == "Look elsewhere."


def test_a_text_in_another_language_is_answered_in_it(editor, api, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    obj = row("ENDPOINT_NOT_FOUND")
    editor.post(page(obj), {**BLANK, **translations(obj, {"language": "de", "message": "Gibt es nicht."})})
    answer = api.get("/api/nowhere", headers={"Accept-Language": "de"})
    assert answer.json()["error"]["message"] == "Gibt es nicht."
    assert "If blank:" in editor.get(page(obj)).content.decode()


def test_line_ends_of_browsers_are_no_change(editor):
    obj = edit(causes="One\nTwo")
    editor.post(page(obj), {**BLANK, "causes": "One\r\nTwo"})
    assert row().causes == "One\nTwo"
    assert LogEntry.objects.get().get_change_message() == "No fields changed."


@pytest.mark.parametrize("name", ["message", "description", "causes", "remedy"])
def test_an_unknown_placeholder_is_refused_and_the_allowed_are_named(name, editor):
    response = editor.post(page(row()), {**BLANK, name: "Wait {seconds} or {retry_after}."})
    assert errors(response) == {name: ["Unknown placeholder: {seconds}. Allowed here: {retry_after}, {wait}."]}
    assert getattr(row(), name) == ""


def test_a_title_takes_no_placeholder(editor):
    response = editor.post(page(row()), {**BLANK, "title": "Wait {retry_after}"})
    assert errors(response) == {"title": ["Unknown placeholder: {retry_after}. This text takes none."]}


@pytest.mark.parametrize("text", ["{x.__class__}", "{0}", "}", "{", '{"a": 1}', "{retry_after!r:>10}"])
def test_other_braces_are_only_text(text, editor):
    assert editor.post(page(row()), {**BLANK, "message": text}).status_code == 302
    assert row().message == text


def test_a_translation_may_not_name_more_than_the_code_declares(editor):
    obj = row()
    data = translations(obj, {"language": "de", "message": "Warte {sekunden}."})
    response = editor.post(page(obj), {**BLANK, **data})
    found = response.context["inline_admin_formsets"][0].formset.errors
    assert found == [{"message": ["Unknown placeholder: {sekunden}. Allowed here: {retry_after}, {wait}."]}]


@pytest.mark.parametrize("language", ["xx-unknown", "", "DE", "english"])
def test_a_language_that_django_does_not_know_is_refused(language, editor):
    obj = row()
    editor.post(page(obj), {**BLANK, **translations(obj, {"language": language, "message": "Hm."})})
    assert not ErrorCodeTranslation.objects.exists()


def test_the_base_of_a_language_of_the_project_is_offered(editor, settings):
    settings.LANGUAGES = [("en", "English"), ("de-at", "Austrian German"), ("tlh-x", "Klingon")]
    text = editor.get(page(row())).content.decode()
    assert '<option value="de">German (de)</option>' in text
    assert '<option value="tlh">tlh (tlh)</option>' in text


def test_a_language_that_the_project_gave_up_can_still_be_edited(editor, settings):
    settings.LANGUAGES = [("en", "English")]
    obj = row()
    there = ErrorCodeTranslation.objects.create(entry=obj, language="cs", message="Pomalu.")
    data = translations(obj, {"id": str(there.pk), "language": "cs", "message": "Pomaleji."}, there=1)
    editor.post(page(obj), {**BLANK, **data})
    there.refresh_from_db()
    assert there.message == "Pomaleji."


def activating_middleware(get_response):
    def middleware(request):
        with override("cs"):
            return get_response(request)

    return middleware


def naming_middleware(get_response):
    def middleware(request):
        request.LANGUAGE_CODE = "en"
        return get_response(request)

    return middleware


LOCALE = "django.middleware.locale.LocaleMiddleware"


@pytest.mark.parametrize(
    ("middleware", "languages", "use_i18n", "stored", "reason"),
    [
        (LOCALE, ["en", "de-at"], True, "de", ""),
        (LOCALE, ["en", "de-at"], True, "de-at", ""),
        (LOCALE, ["en", "de"], True, "de-at", "LANGUAGES does not list its language."),
        (LOCALE, ["en"], True, "cs", "LANGUAGES does not list its language."),
        (LOCALE, ["en", "cs"], False, "cs", "USE_I18N is off"),
        (None, ["en", "cs"], True, "cs", "MIDDLEWARE has no LocaleMiddleware"),
        (None, ["en", "cs"], True, "en", ""),
        (None, ["en", "cs"], False, "en", ""),
        (f"{__name__}.activating_middleware", ["en", "cs"], True, "cs", ""),
        (f"{__name__}.naming_middleware", ["en", "cs"], True, "cs", ""),
    ],
)
def test_beside_a_translation_that_no_request_can_reach_stands_why(
    middleware, languages, use_i18n, stored, reason, editor, settings
):
    settings.LANGUAGE_CODE, settings.USE_I18N = "en", use_i18n
    settings.LANGUAGES = [(code, code) for code in languages]
    others = [name for name in settings.MIDDLEWARE if name != LOCALE]
    settings.MIDDLEWARE = [*others, middleware] if middleware else others
    obj = row()
    ErrorCodeTranslation.objects.create(entry=obj, language=stored, message="Pomalu.")
    with override("en"):
        text = editor.get(page(obj)).content.decode()
    assert ("No request can reach this translation" in text) is bool(reason)
    assert reason in text


def test_a_language_has_one_translation(editor):
    obj = row()
    twice = {"language": "de", "message": "Langsamer."}
    response = editor.post(page(obj), {**BLANK, **translations(obj, twice, twice)})
    assert response.status_code == 200
    assert not ErrorCodeTranslation.objects.exists()


@pytest.mark.parametrize(("status", "is_refused"), [("420", False), ("503", True), ("200", True), ("600", True)])
def test_a_status_changes_only_within_its_class(status, is_refused, editor):
    response = editor.post(page(row()), {**BLANK, "status": status})
    assert (response.status_code == 200) is is_refused
    assert (row().status is None) is is_refused


def test_a_change_of_the_contract_is_saved_with_a_warning(editor):
    response = editor.post(page(row()), {**BLANK, "status": "420", "retry": "never"}, follow=True)
    warnings = [text for text in told(response) if "contract" in text]
    assert ["status changed from 429 to 420" in warnings[0], "retry changed from safe to never" in warnings[-1]] == [
        True,
        True,
    ]


def test_an_edit_of_words_warns_of_nothing(editor):
    response = editor.post(page(row()), {**BLANK, "message": "Not so fast."}, follow=True)
    assert len(told(response)) == 1


def test_the_same_title_as_another_code_is_saved_with_a_warning(editor):
    response = editor.post(page(row()), {**BLANK, "title": "endpoint not found"}, follow=True)
    assert any("same title as ENDPOINT_NOT_FOUND" in text for text in told(response))
    assert row().title == "endpoint not found"


def test_a_code_can_be_added_without_python(editor):
    response = editor.post(ADD, OWN, follow=True)
    assert response.status_code == 200
    added = row("CARD_EXPIRED")
    assert (added.defined, added.default_digest) == (False, "")
    assert catalog.current().status("CARD_EXPIRED") is None  # the copy belongs to the next request


@pytest.mark.parametrize("name", ["status", "title", "message"])
def test_a_code_that_only_the_database_defines_must_be_complete(name, editor):
    assert list(errors(editor.post(ADD, {**OWN, name: ""}))) == [name]


@pytest.mark.parametrize("name", ["status", "title", "message"])
def test_it_stays_complete(name, editor, own):
    assert list(errors(editor.post(page(own), {**OWN, name: " "}))) == [name]


def test_it_takes_no_placeholders(editor):
    response = editor.post(ADD, {**OWN, "message": "Card {number} has expired."})
    assert errors(response) == {"message": ["Unknown placeholder: {number}. This text takes none."]}


@pytest.mark.parametrize(("typed", "stored"), [("card_expired", "card_expired"), ("Card_expired", "CARD_EXPIRED")])
def test_a_code_is_written_in_one_case(typed, stored, editor):
    editor.post(ADD, {**OWN, "code": typed})
    assert row(stored).status == 402


def test_the_same_code_in_another_case_is_refused(editor, own):
    assert list(errors(editor.post(ADD, {**OWN, "code": "Card_Expired"}))) == ["code"]


@pytest.mark.parametrize("code", ["", "A", "1_FIRST", "WITH SPACE", "ENDS_", "Ä_CODE", "A" * 64])
def test_a_code_that_no_client_could_compare_is_refused(code, editor):
    assert "code" in errors(editor.post(ADD, {**OWN, "code": code}))


def test_a_code_of_python_whose_row_is_missing_needs_no_words(editor):
    row().delete()
    editor.post(ADD, {**BLANK, "code": "RATE_TOO_HIGH"})
    assert row().defined


def test_replacements_never_lead_in_a_circle(editor):
    edit("GONE", replaced_by=row())
    response = editor.post(page(row()), {**BLANK, "replaced_by": str(row("GONE").pk)})
    assert errors(response) == {"replaced_by": ["The replacements lead in a circle."]}
    response = editor.post(page(row()), {**BLANK, "replaced_by": str(row().pk)})
    assert list(errors(response)) == ["replaced_by"]


def test_a_replacement_is_searched_for(editor):
    query = {
        "app_label": "django_apierrors",
        "model_name": "errorcode",
        "field_name": "replaced_by",
        "term": "rate_too",
    }
    results = editor.get("/admin/autocomplete/", query).json()["results"]
    assert [result["text"] for result in results] == ["RATE_TOO_HIGH"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "/errors/", "no url"])
def test_a_documentation_url_must_be_one(url, editor):
    assert list(errors(editor.post(page(row()), {**BLANK, "doc_url": url}))) == ["doc_url"]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://docs.example/\x1b", "U+001B"),
        ("https://docs.example/a\x7fb", "U+007F"),
        ("https://docs.example/\x9b", "U+009B"),
        ("https://docs.example/\u200b", "U+200B ZERO WIDTH SPACE"),
        ("https://docs.example/\u202emoc", "U+202E RIGHT-TO-LEFT OVERRIDE"),
        ('https://docs.example/"x', "U+0022 QUOTATION MARK"),
        ("https://docs.example/<x>", "U+003C LESS-THAN SIGN"),
    ],
)
def test_a_character_that_no_url_has_is_named(url, name, editor):
    obj = row()
    found = errors(editor.post(page(obj), {**BLANK, "doc_url": url}))
    assert found == {
        "doc_url": [f"The character {name} cannot stand in a URL: remove it, or write it percent-encoded."]
    }
    obj.refresh_from_db()
    assert obj.doc_url == ""


def test_a_documentation_url_in_letters_of_any_language_is_sent_in_ascii(editor):
    url = "https://docs.example/błędy/?q=ż%20#é"
    assert editor.post(page(row("ENDPOINT_NOT_FOUND")), {**BLANK, "doc_url": url}).status_code == 302
    link = Client().get("/api/nowhere")["Link"]
    assert link == '<https://docs.example/b%C5%82%C4%99dy/?q=%C5%BC%20#%C3%A9>; rel="help"'


def test_html_in_a_text_is_inert_everywhere(editor):
    obj = edit(title=INERT, message=INERT, causes=INERT)
    ErrorCodeTranslation.objects.create(entry=obj, language="de", message=INERT)
    pages = [LIST, page(obj), page(obj, "history"), page(obj, "delete")]
    editor.post(page(obj), {**BLANK, "title": INERT, "message": f"{INERT}!"})
    for url in pages:
        assert INERT not in editor.get(url).content.decode()


# The preview


def previews(response):
    return [(example.format, language, json.loads(example.body)) for language, example in response.context["previews"]]


def test_the_preview_is_what_is_answered_in_every_format(editor, api, settings):
    edit("ENDPOINT_NOT_FOUND", message="Look elsewhere.")
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/site": None}}
    made = previews(editor.get(page(row("ENDPOINT_NOT_FOUND"))))
    assert [name for name, _, _ in made] == [
        "nested", "result", "detailed", "described", "oauth2", "typed", "problem", "standardized",
    ]  # fmt: skip
    for name, _, body in made:
        settings.APIERRORS = {**settings.APIERRORS, "FORMAT": name, "FORMATS": {}}
        request_id = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
        assert api.get("/api/nowhere", headers={"X-Request-ID": request_id}).json() == body


def test_the_preview_shows_the_headers(editor):
    head = editor.get(page(row())).context["previews"][0][1].head
    assert head.startswith("HTTP/1.1 429 Too Many Requests\n")
    assert "X-Error-Code: RATE_TOO_HIGH" in head
    assert "Retry-After: 30" in head or "Retry-After:" in head


def test_each_language_with_its_own_texts_is_previewed(editor):
    ErrorCodeTranslation.objects.create(entry=row(), language="de", message="Langsamer.")
    ErrorCodeTranslation.objects.create(entry=row(), language="en-us", message="Slower.")
    made = previews(editor.get(page(row())))
    assert ("nested", "de", {"error": {"code": "RATE_TOO_HIGH", "httpCode": 429, "message": "Langsamer."}}) in made
    assert [language for _, language, _ in made].count("de") == 1


def test_a_row_that_is_not_in_the_catalog_has_no_preview(editor):
    gone = ErrorCode.objects.create(code="REMOVED_FROM_PYTHON", defined=True)
    ErrorCodeTranslation.objects.create(entry=gone, language="de", message="Weg.")
    response = editor.get(page(gone))
    assert response.context["previews"] == []
    assert "no longer defines" in response.content.decode()


def test_a_new_code_has_no_preview_yet(editor):
    assert "previews" not in editor.get(ADD).context


def test_a_format_of_the_project_is_previewed_first(editor, settings):
    settings.APIERRORS = {
        **settings.APIERRORS,
        "FORMAT": "support.themed_admin_urls.Short",
        "FORMATS": {"/v1/": "typed"},
    }
    made = previews(editor.get(page(row())))
    assert made[0][::2] == ("support.themed_admin_urls.Short", {"oops": "RATE_TOO_HIGH"})
    assert [name for name, _, _ in made].count("typed") == 1


# After an upgrade


def test_an_edit_of_a_text_that_was_shipped_otherwise_wants_review_until_it_is_saved(editor):
    obj = edit(message="Not so fast.")
    ErrorCode.objects.filter(pk=obj.pk).update(default_digest="0" * 64)
    assert "Needs review" in editor.get(LIST, {"q": "RATE_TOO_HIGH", "state": "outdated"}).content.decode()
    assert "save to confirm" in editor.get(page(obj)).content.decode()
    editor.post(page(obj), {**BLANK, "message": "Not so fast."})
    assert listed(editor.get(LIST, {"state": "outdated"})) == []
    assert row().default_digest == codes.digest(codes.get("RATE_TOO_HIGH"))


# Deletion and reset


def test_deleting_what_python_defines_resets_it(editor):
    obj = edit(status=420, message="Not so fast.", deprecated=True, replaced_by=row("GONE"))
    ErrorCodeTranslation.objects.create(entry=obj, language="de", message="Langsamer.")
    asked = editor.get(page(obj, "delete"))
    assert "not deleted" in asked.content.decode()
    assert "Not so fast." in asked.content.decode()
    response = editor.post(page(obj, "delete"), {"post": "yes"})
    assert response.url == page(obj)
    obj = row()
    assert (obj.status, obj.message, obj.deprecated, obj.replaced_by, obj.default_digest) == (None, "", False, None, "")
    assert not obj.translations.exists()
    entry = LogEntry.objects.get()
    assert entry.action_flag == CHANGE
    assert "Message: “Not so fast.” → (blank)" in entry.get_change_message()
    assert "Message (de): “Langsamer.” → (blank)" in entry.get_change_message()
    assert "Replaced by: GONE → (blank)" in entry.get_change_message()


def test_the_form_offers_to_reset_what_differs_and_deletes_only_what_python_does_not_define(editor, own):
    def offers(obj):
        text = editor.get(page(obj)).content.decode()
        return [words for words in ("Reset to default", ">Delete</a>") if words in text]

    assert offers(row()) == []
    assert offers(edit(message="Not so fast.")) == ["Reset to default"]
    assert offers(own) == [">Delete</a>"]


def test_what_is_unlisted_can_be_reset_too(editor):
    edit(listed=False)
    assert "Reset to default" in editor.get(page(row())).content.decode()


def test_resetting_what_is_as_shipped_asks_nothing(editor):
    assert editor.get(page(row(), "delete")).status_code == 302


def test_deleting_what_only_the_database_defines_deletes_it(editor, own):
    assert "Are you sure" in editor.get(page(own, "delete")).content.decode()
    editor.post(page(own, "delete"), {"post": "yes"})
    assert not ErrorCode.objects.filter(code="CARD_EXPIRED").exists()
    assert LogEntry.objects.get().action_flag == DELETION


def test_deleting_a_row_that_is_not_there_goes_home(editor):
    assert editor.get(f"{LIST}999999/delete/").status_code == 302


def test_the_selected_are_deleted_or_reset_as_they_are(editor, own):
    obj = edit(message="Not so fast.")
    asked = act(editor, "delete_selected", obj, own)
    assert "RATE_TOO_HIGH: reset to default, since Python defines it" in asked.content.decode()
    act(editor, "delete_selected", obj, own, post="yes")
    assert row().message == ""
    assert not ErrorCode.objects.filter(code="CARD_EXPIRED").exists()
    assert sorted(LogEntry.objects.values_list("object_repr", "action_flag")) == [
        ("CARD_EXPIRED", DELETION),
        ("RATE_TOO_HIGH", CHANGE),
    ]


def test_the_selected_are_reset_after_a_question(editor, own):
    obj = edit(message="Not so fast.")
    asked = act(editor, "reset_codes", obj, row("GONE"), own)
    assert "Not so fast." in asked.content.decode()
    assert row().message == "Not so fast."
    done = act(editor, "reset_codes", obj, own, post="yes")
    assert row().message == ""
    assert "1 code was reset to default." in told(done)
    assert any("CARD_EXPIRED" in text for text in told(done))


def test_all_pages_are_reset_at_once(editor):
    objs = [edit("GONE", message="Gone."), edit("RATE_TOO_HIGH", message="Slow.")]
    data = {"action": "reset_codes", "index": "0", "select_across": "1", "_selected_action": [objs[0].pk]}
    asked = editor.post(LIST, data)
    assert asked.content.decode().count('name="_selected_action"') == 1
    assert 'name="select_across" value="1"' in asked.content.decode()
    del data["index"]
    editor.post(LIST, {**data, "post": "yes"})
    assert (row("GONE").message, row().message) == ("", "")


# Actions


@pytest.mark.parametrize(
    ("action", "name", "old", "new", "said"),
    [
        ("list_codes", "listed", False, True, "1 code is now listed."),
        ("unlist_codes", "listed", True, False, "1 code is no longer listed."),
        ("deprecate_codes", "deprecated", False, True, "1 code is now deprecated."),
    ],
)
def test_an_action_changes_what_is_selected_and_logs_it(action, name, old, new, said, editor):
    obj = edit(**{name: old})
    done = edit("GONE", **{name: new})
    assert told(act(editor, action, obj, done)) == [said]
    assert getattr(row(), name) is new
    entry = LogEntry.objects.get()
    assert entry.object_repr == "RATE_TOO_HIGH"
    assert entry.get_change_message() == f"Changed {name.capitalize()}: {old} → {new}."


def test_an_action_is_no_review(editor):
    obj = edit(message="Not so fast.")
    ErrorCode.objects.filter(pk=obj.pk).update(default_digest="0" * 64)
    act(editor, "unlist_codes", obj)
    assert row().is_outdated()


def test_the_selected_are_exported_with_their_edits(editor, own):
    obj = edit(message="Not so fast.", causes="One\nTwo")
    gone = ErrorCode.objects.create(code="REMOVED_FROM_PYTHON", defined=True)
    response = act(editor, "export_codes", obj, own, gone)
    assert response.headers["Content-Disposition"] == 'attachment; filename="error-codes.json"'
    exported = {one["code"]: one for one in response.json()["codes"]}
    assert list(exported) == ["CARD_EXPIRED", "RATE_TOO_HIGH"]
    assert exported["RATE_TOO_HIGH"]["overrides"] == {"message": "Not so fast.", "causes": ["One", "Two"]}


def test_the_page_of_a_code_is_linked_where_the_documentation_is_mounted(editor, settings):
    settings.ROOT_URLCONF = "support.admin_and_docs_urls"
    text = editor.get(page(row())).content.decode()
    assert 'href="/errors/RATE_TOO_HIGH/"' in text


def test_no_page_is_linked_where_it_is_not(editor, settings):
    settings.ROOT_URLCONF = "support.admin_urls"
    assert "View on site" not in editor.get(page(row())).content.decode()


def test_the_mixin_serves_the_model_admin_of_a_theme_on_a_site_of_its_own(editor, settings):
    settings.ROOT_URLCONF = "support.themed_admin_urls"
    obj = edit(message="Not so fast.")
    list_page = reverse("themed:django_apierrors_errorcode_changelist")
    change_page = reverse("themed:django_apierrors_errorcode_change", args=[obj.pk])
    delete_page = reverse("themed:django_apierrors_errorcode_delete", args=[obj.pk])
    assert "Not so fast." not in editor.get(list_page).content.decode()
    assert f'href="{delete_page}"' in editor.get(change_page).content.decode()
    assert f'href="{list_page}"' in editor.get(delete_page).content.decode()
    assert editor.post(delete_page, {"post": "yes"}).url == change_page


# The log


def test_the_log_keeps_old_and_new_values(editor):
    obj = edit(message="Not so fast.", replaced_by=row("GONE"))
    there = ErrorCodeTranslation.objects.create(entry=obj, language="de", message="Langsamer.", title="Zu viel")
    lost = ErrorCodeTranslation.objects.create(entry=obj, language="cs", message="Pomalu.")
    forms = [
        {"id": str(there.pk), "language": "de", "title": "Zu viel", "message": "Viel langsamer."},
        {"id": str(lost.pk), "language": "cs", "message": "Pomalu.", "DELETE": "on"},
        {"language": "fr", "message": "Doucement."},
        {"language": "it", "message": "Piano.", "DELETE": "on"},
    ]
    # In the order of the inline, which is that of the languages.
    forms[0], forms[1] = forms[1], forms[0]
    data = {**BLANK, "status": "420", "message": "", "replaced_by": "", **translations(obj, *forms, there=2)}
    assert editor.post(page(obj), data).status_code == 302
    entry = LogEntry.objects.get()
    said = entry.get_change_message()
    assert "Status: (blank) → 420" in said
    assert "Message: “Not so fast.” → (blank)" in said
    assert "Replaced by: GONE → (blank)" in said
    assert "Changed Message: “Langsamer.” → “Viel langsamer.” for translation “de”." in said
    assert "Changed Message: “Pomalu.” → (blank) for translation “cs”." in said
    assert "Message: (blank) → “Doucement.”" in said
    assert "Piano" not in said


def test_an_added_code_is_logged_as_added(editor):
    editor.post(ADD, OWN)
    assert LogEntry.objects.get().get_change_message() == "Added."


# Without it

WITHOUT_THE_ADMIN = """
import sys
import django
from django.conf import settings
settings.configure(
    SECRET_KEY="tests",
    ALLOWED_HOSTS=["testserver"],
    ROOT_URLCONF="no_urls",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "django_apierrors"],
    MIDDLEWARE=["django_apierrors.middleware.ApiErrorMiddleware"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    REST_FRAMEWORK={
        "EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler",
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)
django.setup()
from django.core.management import call_command
from django.test import Client
call_command("migrate", verbosity=0)
sys.modules["no_urls"] = type(sys)("no_urls")
sys.modules["no_urls"].urlpatterns = []
print(Client().get("/api/nowhere").headers["X-Error-Code"])
print([name for name in sys.modules if name.startswith("django_apierrors.admin")])
"""


def test_the_package_works_where_the_admin_is_not_installed():
    run = subprocess.run([sys.executable, "-c", WITHOUT_THE_ADMIN], capture_output=True, text=True, check=False)
    assert run.stdout.splitlines() == ["ENDPOINT_NOT_FOUND", "[]"], run.stderr


# Permissions


@pytest.mark.parametrize(
    ("permissions", "seen", "saved", "reset", "deleted", "actions"),
    [
        ((), 403, 403, 403, 403, []),
        (("view",), 200, 403, 403, 403, ["export_codes"]),
        (
            ("view", "change"), 200, 302, 302, 403,
            ["list_codes", "unlist_codes", "deprecate_codes", "reset_codes", "export_codes"],
        ),
        (("view", "delete"), 200, 403, 403, 302, ["delete_selected", "export_codes"]),
    ],
)  # fmt: skip
def test_who_may_do_what(permissions, seen, saved, reset, deleted, actions, own):
    client, obj = staff(*permissions), edit(message="Not so fast.")
    assert client.get(LIST).status_code == seen
    assert client.get(page(obj)).status_code == seen
    assert client.post(page(obj), {**BLANK, "message": "No."}).status_code == saved
    assert client.post(page(obj, "delete"), {"post": "yes"}).status_code == reset
    assert client.post(page(own, "delete"), {"post": "yes"}).status_code == deleted
    if seen == 200:
        offered = [name for name, _ in client.get(LIST).context["action_form"].fields["action"].choices if name]
        assert sorted(offered) == sorted(actions)


def test_who_may_not_change_is_not_offered_a_reset():
    edit(message="Not so fast.")
    assert "Reset to default" not in staff("view").get(page(row())).content.decode()


def test_an_action_without_permission_does_nothing():
    obj = edit(message="Not so fast.", listed=True)
    client = staff("view")
    act(client, "unlist_codes", obj)
    act(client, "reset_codes", obj, post="yes")
    assert (row().listed, row().message) == (True, "Not so fast.")


def test_nobody_may_reset_from_another_site(editor):
    obj = edit(message="Not so fast.")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(User.objects.get(username="admin"))
    assert strict.post(page(obj, "delete"), {"post": "yes"}).status_code == 403
    assert row().message == "Not so fast."


def test_pages_of_the_admin_have_no_inline_script_or_style(editor, own):
    obj = edit(message="Not so fast.")
    for url in (LIST, ADD, page(obj), page(obj, "delete")):
        text = editor.get(url).content.decode()
        assert re.findall(r"<style|<script(?![^>]*\bsrc=)(?![^>]*application/json)[^>]*>|\sstyle=|\son\w+=", text) == []


def test_a_reset_by_deletion_takes_the_permission_to_change(own):
    obj = edit(message="Not so fast.")
    act(staff("view", "delete"), "delete_selected", obj, post="yes")
    assert row().message == "Not so fast."


def test_deleting_what_is_as_shipped_changes_and_logs_nothing(editor):
    act(editor, "delete_selected", row("GONE"), post="yes")
    done = editor.get(page(row("GONE"), "delete"), follow=True)
    assert told(done) == ["There is nothing to reset: everything is as shipped."]
    assert not LogEntry.objects.exists()


def test_a_code_that_python_dropped_is_gone_until_its_row_is_complete(editor):
    ErrorCode.objects.create(code="OLD_CODE", defined=True, status=400)
    assert "OLD_CODE" not in editor.get("/errors/catalog.json").content.decode()
    assert "Gone" in editor.get(LIST, {"q": "OLD_CODE"}).content.decode()
