"""Two who save at the same time: neither loses anything, neither waits for ever, and a reader sees both."""

import threading

import pytest
from django.core import serializers
from django.core.management import call_command
from django.db import connections, transaction
from support.services import configuration, database

from django_apierrors.models import ErrorCode, Revision
from django_apierrors.snapshot import loader, snapshot

pytestmark = pytest.mark.services

ALIAS = "service"


class ToTheService:
    def db_for_write(self, model, **hints):
        return ALIAS


@pytest.fixture(scope="module", params=["postgresql", "mysql"])
def service(request, django_db_blocker):
    """Give this process a database of its own on a service, beside the one of the tests."""
    with database(request.param) as url, django_db_blocker.unblock():
        connections.settings[ALIAS] = connections.configure_settings(
            {"default": connections.settings["default"], ALIAS: configuration(url)}
        )[ALIAS]
        try:
            call_command("migrate", database=ALIAS, verbosity=0)
            yield
        finally:
            connections[ALIAS].close()
            del connections[ALIAS]
            del connections.settings[ALIAS]


@pytest.fixture(autouse=True)
def rows(service, django_db_blocker, settings):
    settings.DATABASE_ROUTERS = [ToTheService()]
    with django_db_blocker.unblock():
        ErrorCode.objects.using(ALIAS).update(title="", message="")
        yield ErrorCode.objects.using(ALIAS)
    snapshot.reset()


def in_a_thread(call):
    """Run a call in a thread and return how to wait for it; what it raises is raised there."""
    raised = []

    def run():
        try:
            call()
        except BaseException as exc:
            raised.append(exc)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def join():
        thread.join(60)
        assert not thread.is_alive(), "a saver waits for ever"
        assert raised == []

    return join


def _save(code):
    row = ErrorCode.objects.using(ALIAS).get(code=code)
    row.message = "Second."
    row.save(using=ALIAS, update_fields=["message"])


def _bulk_update(code):
    row = ErrorCode.objects.using(ALIAS).get(code=code)
    row.message = "Second."
    ErrorCode.objects.using(ALIAS).bulk_update([row], ["message"])


def _deserialize(code):
    row = ErrorCode.objects.using(ALIAS).get(code=code)
    row.message = "Second."
    for found in serializers.deserialize("python", serializers.serialize("python", [row]), using=ALIAS):
        found.object.title = "First"  # a fixture writes whole rows
        found.save(using=ALIAS)


WAYS = {
    "save": _save,
    "update": lambda code: ErrorCode.objects.using(ALIAS).filter(code=code).update(message="Second."),
    "update_or_create": lambda code: ErrorCode.objects.using(ALIAS).update_or_create({"message": "Second."}, code=code),
    "bulk_update": _bulk_update,
    "loaddata": _deserialize,
}


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("has_token", [True, False], ids=["", "first edit ever"])
def test_savers_whose_transactions_overlap_lose_nothing_and_do_not_deadlock(how, has_token, rows):
    if not has_token:
        Revision.objects.using(ALIAS).all().delete()
    before = loader.load_tokens(ALIAS).get("catalog")
    first_has_written, second_has_begun = threading.Event(), threading.Event()

    def second():
        assert first_has_written.wait(60)
        with transaction.atomic(using=ALIAS):
            rows.filter(code="GONE").exists()  # now its transaction is really open
            second_has_begun.set()
            for code in ("RATE_TOO_HIGH", "GONE"):
                WAYS[how](code)

    join = in_a_thread(second)
    with transaction.atomic(using=ALIAS):
        rows.filter(code="GONE").update(title="First")
        first_has_written.set()
        assert second_has_begun.wait(60)
        # If it did not wait for our token it would now take the row that we want next.
        threading.Event().wait(0.2)
        rows.filter(code="RATE_TOO_HIGH").update(title="First")
        assert in_another_connection(lambda: loader.load_tokens(ALIAS).get("catalog")) == before
        first = loader.load_tokens(ALIAS)["catalog"]
    join()
    # Each commit brought a token of its own, so that whoever read between the two reads again.
    assert len({before, first, loader.load_tokens(ALIAS)["catalog"]}) == 3
    written = set(rows.filter(code__in=["GONE", "RATE_TOO_HIGH"]).values_list("title", "message"))
    assert written == {("First", "Second.")}
    loaded = snapshot.load()
    assert {loaded.entry(code, "en").message for code in ("GONE", "RATE_TOO_HIGH")} == {"Second."}


def in_another_connection(call):
    results = []
    in_a_thread(lambda: results.append(call()))()
    return results[0]


def test_a_reader_between_two_commits_reads_again_after_the_second(rows):
    tokens = []
    for title in ("One", "Two"):
        rows.filter(code="GONE").update(title=title)
        tokens.append(loader.load_tokens(ALIAS)["catalog"])
    with transaction.atomic(using=ALIAS):
        rows.filter(code="GONE").update(title="Three")
        transaction.set_rollback(True, using=ALIAS)
    tokens.append(loader.load_tokens(ALIAS)["catalog"])
    assert len(set(tokens)) == 2
    assert tokens[1] == tokens[2]
