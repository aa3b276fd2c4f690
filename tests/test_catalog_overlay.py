"""What the team's rows change about the shipped catalog, and what they leave alone."""

import threading

import pytest
from asgiref.sync import async_to_sync
from django.http import HttpResponse
from django.test import AsyncClient, Client
from django.urls import include, path
from django.utils import translation
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import NotFound
from shop import views

from django_apierrors import catalog, codes
from django_apierrors.catalog import Catalog, Row
from django_apierrors.codes import ErrorDefinition, register
from django_apierrors.exceptions import ApiError
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.models import ErrorCode
from django_apierrors.testing import assert_api_error, override_error

__all__ = ["handler400", "handler403", "handler404", "handler500"]

CONFLICT = str(codes.get("RESOURCE_CONFLICT").message)
#: Whose words Django itself has translated.
TRANSLATED = "TRANSLATED_FOR_TESTS"
REQUIRED = {"en": "This field is required.", "de": "Dieses Feld ist zwingend erforderlich."}

documentation = ([path("", HttpResponse, name="index")], "apierrors")
urlpatterns = [path("api/plain", views.plain), path("help/errors/", include(documentation))]


@pytest.fixture(autouse=True)
def languages(settings, monkeypatch):
    settings.LANGUAGES = [("en", "English"), ("de", "German"), ("de-at", "Austrian German"), ("fr", "French")]
    monkeypatch.setattr(codes, "registry", dict(codes.registry))
    register(
        ErrorDefinition(code=TRANSLATED, status=409, title="Required", message=gettext_lazy("This field is required."))
    )


def rows(**rows):
    return Catalog({code: Row(code=code, **fields) for code, fields in rows.items()})


def in_german(*, override="", base="", exact=""):
    texts = {"message": override} if override else {}
    of_languages = {"de": {"message": base} if base else {}, "de-at": {"message": exact} if exact else {}}
    return rows(TRANSLATED_FOR_TESTS={"texts": texts, "translations": of_languages})


# Languages


@pytest.mark.parametrize(
    ("given", "language", "message", "said_in", "edited"),
    [
        ({"exact": "Servus.", "base": "Hallo.", "override": "Hi."}, "de-at", "Servus.", "de-at", True),
        ({"base": "Hallo.", "override": "Hi."}, "de-at", "Hallo.", "de", True),
        ({"exact": "Servus.", "base": "Hallo.", "override": "Hi."}, "de", "Hallo.", "de", True),
        ({"exact": "Servus.", "override": "Hi."}, "de", "Hi.", "", True),
        ({"exact": "Servus."}, "de", REQUIRED["de"], "de", False),
        ({"override": "Hi."}, "de-at", "Hi.", "", True),
        ({}, "de-at", REQUIRED["de"], "de-at", False),
        ({}, "de", REQUIRED["de"], "de", False),
        ({}, "en", REQUIRED["en"], "en", False),
        ({"exact": "Servus.", "base": "Hallo."}, "en", REQUIRED["en"], "en", False),
    ],
)
def test_a_language_falls_back_to_its_base_to_the_override_and_to_what_is_shipped(
    given, language, message, said_in, edited
):
    entry = in_german(**given).entry(TRANSLATED, language)
    assert (entry.message, entry.language, entry.edited) == (message, said_in, edited)


def test_each_text_falls_back_for_itself():
    of_languages = {"de-at": {"title": "Griaß di"}, "de": {"title": "Hallo", "causes": "Eins\n\n Zwei "}}
    row = {"texts": {"title": "Hi", "remedy": "Wait.\nAsk again."}, "translations": of_languages}
    entry = rows(RESOURCE_CONFLICT=row).entry("RESOURCE_CONFLICT", "de-at")
    with translation.override("de"):
        assert (entry.title, entry.message) == ("Griaß di", translation.gettext(CONFLICT))
    assert entry.message != CONFLICT
    assert (entry.causes, entry.remedy) == (("Eins", "Zwei"), ("Wait.", "Ask again."))
    assert not entry.edited


@pytest.mark.parametrize(
    ("accepted", "message", "content_language"),
    [("de-at", "Servus.", "de-at"), ("de", "Hallo.", "de"), ("fr", "Hi.", None), ("en", "Hi.", None)],
)
def test_the_language_of_the_request_chooses_on_the_wire(accepted, message, content_language, set_view, monkeypatch):
    monkeypatch.setattr(catalog, "_installed", in_german(exact="Servus.", base="Hallo.", override="Hi."))
    set_view(ApiError(TRANSLATED))
    response = Client().get("/api/plain", headers={"Accept-Language": accepted})
    assert_api_error(response, TRANSLATED, 409, message=message)
    assert response.headers.get("Content-Language") == content_language


# Contract


@pytest.mark.parametrize(
    ("row", "status", "type_", "retry"),
    [
        ({}, 401, "auth_error", "never"),
        ({"status": 400}, 400, "validation_error", "never"),
        ({"status": 429}, 429, "rate_limit_error", "never"),
        ({"status": 400, "type": "auth_error"}, 400, "auth_error", "never"),
        ({"retry": "safe"}, 401, "auth_error", "safe"),
    ],
)
def test_a_row_changes_the_contract_and_the_type_follows_the_status(row, status, type_, retry):
    changed = rows(AUTH_KEY_INVALID=row)
    entry = changed.entry("AUTH_KEY_INVALID", "en")
    assert (entry.status, entry.type, entry.retry) == (status, type_, retry)
    assert changed.status("AUTH_KEY_INVALID") == status


def test_a_type_that_a_definition_chose_stays_when_a_row_changes_the_status():
    assert (
        rows(IDEMPOTENCY_KEY_IN_USE={"status": 425}).entry("IDEMPOTENCY_KEY_IN_USE", "en").type == "idempotency_error"
    )


def test_a_code_that_only_the_database_defines_is_whole():
    known = rows(OF_THE_TEAM={"status": 403, "texts": {"title": "Ours", "message": "Only {x}."}})
    entry = known.entry("OF_THE_TEAM", "de")
    assert (entry.status, entry.type, entry.retry) == (403, "auth_error", "never")
    assert (entry.title, entry.message, entry.language) == ("Ours", "Only {x}.", "")
    assert (entry.params, entry.since, entry.pass_detail) == ({}, "", False)
    assert list(known)[-1] == "OF_THE_TEAM"
    assert list(known).count("RESOURCE_CONFLICT") == 1


def test_a_code_that_is_defined_nowhere_is_an_error():
    known = rows(HALF={"texts": {"title": "No status"}})
    for code in ("NOWHERE", "HALF"):
        assert known.status(code) is None
        assert code not in list(known)
        with pytest.raises(KeyError, match=code):
            known.entry(code, "en")


def test_flags_of_a_row_reach_the_entry():
    row = {"listed": False, "deprecated": True, "replaced_by": "GONE", "doc_url": "https://docs.example/x"}
    entry = rows(RESOURCE_CONFLICT=row).entry("RESOURCE_CONFLICT", "en", "https://api.example/errors/")
    assert (entry.listed, entry.deprecated, entry.replaced_by) == (False, True, "GONE")
    assert entry.doc_url == "https://docs.example/x"


def test_the_status_of_a_row_is_on_the_wire_unless_the_raise_site_names_one(set_view):
    with override_error("AUTH_KEY_INVALID", status=400):
        set_view(ApiError("AUTH_KEY_INVALID"))
        assert_api_error(Client().get("/api/plain"), "AUTH_KEY_INVALID", 400)
        set_view(ApiError("AUTH_KEY_INVALID", status=418))
        assert_api_error(Client().get("/api/plain"), "AUTH_KEY_INVALID", 418)


# Whose words win


def test_an_edited_message_outranks_the_raise_site(set_view):
    set_view(ApiError("RESOURCE_CONFLICT", "Taken by ana."))
    assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", message="Taken by ana.")
    with override_error("RESOURCE_CONFLICT", message="Somebody was faster."):
        assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", message="Somebody was faster.")


@pytest.mark.parametrize("path", ["/api/plain", "/api/drf"])
def test_other_edits_leave_the_words_of_the_raise_site(path, set_view):
    set_view(ApiError("RESOURCE_CONFLICT", "Taken by ana."))
    with override_error("RESOURCE_CONFLICT", title="Too late", description="x", doc_url="https://docs.example/"):
        assert_api_error(Client().get(path), "RESOURCE_CONFLICT", message="Taken by ana.")


def test_a_translation_of_the_message_outranks_the_raise_site_in_its_language(set_view, monkeypatch):
    row = {"translations": {"de": {"message": "Schon vergeben."}}}
    monkeypatch.setattr(catalog, "_installed", rows(RESOURCE_CONFLICT=row))
    set_view(ApiError("RESOURCE_CONFLICT", "Taken by ana."))
    for language, message in {"de": "Schon vergeben.", "en": "Taken by ana."}.items():
        response = Client().get("/api/plain", headers={"Accept-Language": language})
        assert_api_error(response, "RESOURCE_CONFLICT", message=message)


def test_placeholders_of_an_edited_message_are_filled_in_and_missing_ones_do_not_show(set_view, settings):
    with override_error("ACCOUNT_LOCKED", message="Locked: {account}."):
        set_view(ApiError("ACCOUNT_LOCKED", params={"account": "A-17"}))
        assert_api_error(Client().get("/api/plain"), "ACCOUNT_LOCKED", message="Locked: A-17.")
        settings.APIERRORS = {"STRICT": False}
        set_view(ApiError("ACCOUNT_LOCKED"))
        assert_api_error(Client().get("/api/plain"), "ACCOUNT_LOCKED", message="Account locked.")


def test_attributes_and_positions_in_an_edited_message_are_inert(set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    for message in ("{x.__class__}", "{0} and }", "<b>{</b>"):
        with override_error("RESOURCE_CONFLICT", message=message):
            assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", message=message)


# override_error


def test_an_override_ends_with_its_block_also_when_that_fails(set_view):
    set_view(NotFound())
    with pytest.raises(ZeroDivisionError), override_error("RESOURCE_NOT_FOUND", message="Gone fishing."):
        assert_api_error(Client().get("/api/drf"), "RESOURCE_NOT_FOUND", message="Gone fishing.")
        raise ZeroDivisionError
    assert Client().get("/api/drf").json()["error"]["message"] != "Gone fishing."


@override_error("RESOURCE_CONFLICT", message="Decorated.")
def test_an_override_decorates_a_test(set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", message="Decorated.")


def test_overrides_nest_and_add_up(set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    with override_error("RESOURCE_CONFLICT", message="Outer."):
        with override_error("RESOURCE_CONFLICT", status=410), override_error("GONE", title="Away"):
            assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", 410, message="Outer.")
            assert catalog.current().entry("GONE", "en").title == "Away"
        assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", 409, message="Outer.")
    assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", 409, message=CONFLICT)


def test_an_override_holds_in_every_thread():
    seen = []
    with override_error("RESOURCE_CONFLICT", message="Everywhere."):
        thread = threading.Thread(
            target=lambda: seen.append(catalog.current().entry("RESOURCE_CONFLICT", "en").message)
        )
        thread.start()
        thread.join()
    assert seen == ["Everywhere."]


@pytest.mark.django_db
def test_an_override_outranks_an_edit_and_keeps_what_it_does_not_name(set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    ErrorCode.objects.filter(code="RESOURCE_CONFLICT").update(message="Edited.")
    with override_error("RESOURCE_CONFLICT", message="Overridden."):
        assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", message="Overridden.")
    assert_api_error(Client().get("/api/plain"), "RESOURCE_CONFLICT", message="Edited.")


def test_an_override_may_define_a_code(set_view):
    with override_error("OF_THE_TEST", status=418, title="Teapot", message="Short and stout."):
        set_view(ApiError("OF_THE_TEST"))
        assert_api_error(Client().get("/api/plain"), "OF_THE_TEST", 418, message="Short and stout.")


def test_an_override_of_a_field_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="mesage"), override_error("GONE", mesage="x"):
        raise AssertionError("never reached")


# Where the documentation is


@pytest.fixture
def documented(set_view):
    set_view(ApiError("RESOURCE_CONFLICT"))
    return lambda **extra: Client().get("/api/plain", **extra).headers.get("Link")


@pytest.mark.urls(__name__)
def test_an_answer_links_the_page_of_its_code(documented):
    assert documented() == '<http://testserver/help/errors/RESOURCE_CONFLICT/>; rel="help"'
    link = documented(headers={"Host": "localhost"}, secure=True)
    assert link == '<https://localhost/help/errors/RESOURCE_CONFLICT/>; rel="help"'
    assert documented(headers={"Host": "evil.example"}) is None


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("base", ["https://docs.example", "https://docs.example/"])
def test_the_base_of_the_links_may_be_another_host(base, documented, settings):
    settings.APIERRORS = {"DOCS": {"BASE_URL": base}}
    assert documented() == '<https://docs.example/help/errors/RESOURCE_CONFLICT/>; rel="help"'


@pytest.mark.urls(__name__)
@pytest.mark.parametrize("access", ["authenticated", "staff"])
def test_pages_that_not_everybody_may_read_are_not_linked(access, documented, settings):
    settings.APIERRORS = {"DOCS": {"ACCESS": access}}
    assert documented() is None


@pytest.mark.urls(__name__)
def test_an_unlisted_code_has_no_page_and_a_url_of_its_own_comes_first(documented):
    with override_error("RESOURCE_CONFLICT", listed=False):
        assert documented() is None
    with override_error("RESOURCE_CONFLICT", listed=False, doc_url="https://wiki.example/conflict"):
        assert documented() == '<https://wiki.example/conflict>; rel="help"'


def test_without_mounted_pages_nothing_is_linked(documented, settings):
    settings.ROOT_URLCONF = (path("api/plain", views.plain),)
    assert documented() is None


# Resolving


def test_an_entry_is_resolved_once_until_its_definition_changes():
    known = Catalog()
    entry = known.entry("GONE", "en")
    assert known.entry("GONE", "en") is entry
    register(ErrorDefinition(code="GONE", status=410, title="Away", message="Away."))
    assert known.entry("GONE", "en").title == "Away"


def test_no_more_entries_are_kept_than_there_is_room_for(monkeypatch):
    monkeypatch.setattr(catalog, "_MOST_RESOLVED", 3)
    known = Catalog()
    for language in ("de", "fr", "it", "es", "nl"):
        assert known.entry("GONE", language).code == "GONE"
        assert len(known._entries) <= 3


def test_of_all_hosts_only_the_last_one_is_kept():
    known = Catalog()
    for number in range(10):
        assert known.entry("GONE", "en", f"https://{number}.example/").doc_url == f"https://{number}.example/GONE/"
    assert len(known._entries) == 1
    assert known.entry("GONE", "en").doc_url == ""


@override_error("ENDPOINT_NOT_FOUND", message="Nowhere.")
async def coroutine():
    return await AsyncClient().get("/api/nothing")


def test_a_decorated_coroutine_runs_inside_the_override():
    assert_api_error(async_to_sync(coroutine)(), "ENDPOINT_NOT_FOUND", message="Nowhere.")


def test_a_class_is_not_decorated():
    with pytest.raises(TypeError, match="enterContext"):
        override_error("GONE", message="x")(type("Tests", (), {}))


@pytest.mark.parametrize("status", [200, 600])
def test_an_override_makes_no_success_of_an_error(status):
    with pytest.raises(ValueError, match=str(status)):
        override_error("GONE", status=status)


def test_an_override_of_a_code_that_does_not_exist_is_refused():
    with pytest.raises(LookupError, match="'TYPO'"), override_error("TYPO", message="x"):
        pass


def test_other_codes_may_be_edited_inside_an_override(monkeypatch, set_view):
    with override_error("GONE", message="Away."):
        monkeypatch.setattr(catalog, "_installed", rows(RESOURCE_CONFLICT={"status": 410}))
        set_view(ApiError("RESOURCE_CONFLICT"))
        assert Client().get("/api/plain").status_code == 410


def test_the_text_of_an_override_counts_in_every_language(monkeypatch):
    translated = {"translations": {"de": {"message": "Nichts."}}}
    monkeypatch.setattr(catalog, "_installed", rows(ENDPOINT_NOT_FOUND=translated))
    with override_error("ENDPOINT_NOT_FOUND", message="Nowhere."):
        response = Client().get("/api/nothing", headers={"accept-language": "de"})
    assert response.json()["error"]["message"] == "Nowhere."
