"""What happens after ``migrate``, and when a setting changes."""

import pytest
from django.core.management import call_command
from django.core.signals import got_request_exception
from django.db import connection
from django.test import Client
from django.utils.translation import gettext_lazy

from django_apierrors import codes
from django_apierrors.codes import ErrorDefinition, register
from django_apierrors.exceptions import ApiError
from django_apierrors.models import ErrorCode, Revision
from django_apierrors.snapshot import snapshot
from django_apierrors.testing import assert_api_error


@pytest.fixture(autouse=True)
def own_definitions(monkeypatch):
    """Forget after each test what it defined."""
    monkeypatch.setattr(codes, "registry", dict(codes.registry))


def migrate(*arguments):
    call_command("migrate", *arguments, verbosity=0)


def state():
    return set(ErrorCode.objects.values_list("pk", "code", "message", "defined", "updated_at")), Revision.objects.get(
        part=Revision.CATALOG
    ).token


@pytest.mark.django_db
def test_every_code_of_python_has_a_row_that_says_nothing_yet():
    rows = ErrorCode.objects.all()
    assert {row.code for row in rows} == {definition.code for definition in codes.definitions()}
    assert {(row.defined, row.status, row.title, row.message) for row in rows} == {(True, None, "", "")}


@pytest.mark.django_db
def test_a_second_migrate_changes_nothing():
    ErrorCode.objects.filter(code="GONE").update(message="Edited.")
    before = state()
    migrate()
    assert state() == before


@pytest.mark.django_db
def test_a_new_code_gets_its_row_and_a_code_of_the_team_that_python_now_defines_says_so():
    ErrorCode.objects.create(code="TAKEN_OVER", status=409, title="Ours", message="Ours.")
    for code in ("NEW_CODE", "TAKEN_OVER"):
        register(ErrorDefinition(code=code, status=409, title="Shipped", message="Shipped."))
    migrate()
    assert ErrorCode.objects.get(code="NEW_CODE").defined
    taken_over = ErrorCode.objects.get(code="TAKEN_OVER")
    assert (taken_over.defined, taken_over.message) == (True, "Ours.")


@pytest.mark.django_db
def test_a_database_that_a_router_keeps_free_of_our_tables_gets_no_rows(settings):
    class Elsewhere:
        def allow_migrate(self, db, app_label, **hints):
            return app_label != "django_apierrors"

    ErrorCode.objects.all().delete()
    settings.DATABASE_ROUTERS = [Elsewhere()]
    migrate()
    assert not ErrorCode.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_the_tables_can_be_taken_away_and_made_again():
    ErrorCode.objects.filter(code="GONE").update(message="Edited.")
    assert snapshot.load().entry("GONE", "en").message == "Edited."
    migrate("django_apierrors", "zero")
    assert not [name for name in connection.introspection.table_names() if name.startswith("django_apierrors")]
    migrate("django_apierrors")
    assert ErrorCode.objects.get(code="GONE").message == ""
    assert Revision.objects.filter(part=Revision.CATALOG).exists()
    assert snapshot.load().entry("GONE", "en").message == str(codes.get("GONE").message)


def test_texts_are_resolved_again_when_a_test_changes_the_languages(settings, set_view):
    text = gettext_lazy("This field is required.")
    register(ErrorDefinition(code="TRANSLATED_TEXT", status=409, title="x", message=text))
    set_view(ApiError("TRANSLATED_TEXT"))
    client = Client(headers={"Accept-Language": "de"})
    assert_api_error(client.get("/api/plain"), "TRANSLATED_TEXT", message="Dieses Feld ist zwingend erforderlich.")
    settings.USE_I18N = False
    assert_api_error(client.get("/api/plain"), "TRANSLATED_TEXT", message="This field is required.")


def test_an_alarm_without_an_exception_is_nothing_to_remember(rf):
    for request in (None, rf.get("/")):
        got_request_exception.send(None, request=request)
