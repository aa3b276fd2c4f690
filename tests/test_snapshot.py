"""The copy of the catalog in each process: when it is read, by whom, and what happens when it cannot be."""

import asyncio
import contextlib
import os
import re
import signal
import threading
import unittest
import warnings
from datetime import timedelta

import pytest
from asgiref.sync import ThreadSensitiveContext, async_to_sync
from django.core import serializers
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import OperationalError, connection, transaction
from django.test import AsyncClient, Client, RequestFactory, SimpleTestCase, TestCase, TransactionTestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from shop.models import Account, Payment
from support.clients import sender

from django_apierrors import codes, maintenance
from django_apierrors.models import Edit, ErrorCode, ErrorCodeTranslation, MaintenanceWindow, Revision
from django_apierrors.snapshot import loader, single_flight, snapshot
from django_apierrors.snapshot import polling as snapshots
from django_apierrors.testing import override_error
from django_apierrors.windows import Windows

CODE = "ENDPOINT_NOT_FOUND"
SHIPPED = str(codes.get(CODE).message)
POLLING = {"STRICT": True, "REFRESH_SECONDS": 1.0}


def said(response):
    """Return the message of an answer that must be a structured 404."""
    assert (response.status_code, response.headers["X-Error-Code"]) == (404, CODE)
    return response.json()["error"]["message"]


def ask():
    return said(Client().get("/api/nowhere"))


def ask_async():
    return said(async_to_sync(AsyncClient().get)("/api/nowhere"))


def edit(message):
    ErrorCode.objects.filter(code=CODE).update(message=message)


@contextlib.contextmanager
def elsewhere():
    """Edit as another process would: this one only shares the database with it."""
    seen = Edit.last_committed
    yield
    Edit.last_committed = seen


def edit_elsewhere(message):
    with elsewhere():
        edit(message)


class Clock:
    """A clock that stands still until it is told to go on."""

    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(single_flight, "monotonic", clock)
    monkeypatch.setattr(snapshots, "monotonic", clock)
    return clock


class Store:
    """What the database would say, without a database: each read counts, and may wait or fail."""

    def __init__(self, clock):
        self.clock = clock
        self.message = "First."
        self.error = None
        self.reads = []
        self.is_reading = threading.Event()
        self.goes_on = threading.Event()
        self.goes_on.set()

    def tokens(self, using):
        self.reads.append(self.clock.now)
        self.is_reading.set()
        message, error = self.message, self.error
        assert self.goes_on.wait(60)
        if error is not None:
            raise error
        return {"catalog": message}

    def rows(self, using):
        yield {"code": CODE, "texts": {"message": self.message}}


@pytest.fixture
def store(monkeypatch, clock, settings):
    """Let this process poll a store that a test can stop."""
    store = Store(clock)
    monkeypatch.setattr(loader, "load_tokens", store.tokens)
    monkeypatch.setattr(loader, "load_rows", store.rows)
    monkeypatch.setitem(snapshots._PARTS, "windows", (lambda using: Windows(), lambda loaded: None))
    settings.APIERRORS = POLLING
    yield store
    store.goes_on.set()
    wait_for_probes()


@pytest.fixture(autouse=True)
def nothing_is_loaded():
    snapshot.reset()
    Edit.pending.clear()  # a transaction of a test before may have left some, until they are collected
    yield
    snapshot.reset()


@pytest.fixture
def polling(settings, clock, transactional_db):
    """Let this process poll the database of the test, outside any transaction."""
    settings.APIERRORS = POLLING


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    send = sender(request.param)
    return lambda: said(send("get", "/api/nowhere"))


def wait_for_probes():
    for thread in threading.enumerate():
        if thread.name == "apierrors-probe":
            thread.join(60)
            assert not thread.is_alive()


def in_threads(number, call):
    """Run a call in many threads at once, give the results as they come, and raise what it raises."""
    results, together = [], threading.Barrier(number)

    def run():
        together.wait(60)
        try:
            results.append(call())
        except BaseException as exc:
            results.append(exc)

    threads = [threading.Thread(target=run, daemon=True) for _ in range(number)]
    for thread in threads:
        thread.start()
    return threads, results


def join(threads):
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()


# What is read, and when


@pytest.mark.usefixtures("polling")
def test_an_edit_of_another_process_is_on_the_wire_after_the_refresh_time(send, clock):
    assert send() == SHIPPED
    edit_elsewhere("Edited.")
    clock.now += 0.9
    assert send() == SHIPPED
    clock.now += 0.1
    assert send() == "Edited."


@pytest.mark.usefixtures("polling")
def test_one_row_is_queried_once_in_the_refresh_time_and_all_rows_only_after_an_edit(clock, django_assert_num_queries):
    with django_assert_num_queries(4):
        ask()
    for _ in range(3):
        clock.now += 1
        with django_assert_num_queries(1) as queries:
            ask()
        assert "revision" in queries.captured_queries[0]["sql"]
        with django_assert_num_queries(0):
            ask()
    edit_elsewhere("Edited.")
    clock.now += 1
    with django_assert_num_queries(3):
        assert ask() == "Edited."


@pytest.mark.usefixtures("polling")
def test_what_is_written_while_the_rows_are_read_is_read_next_time(send, clock, monkeypatch):
    rows = loader.load_rows

    def read_and_edited(using):
        found = list(rows(using))
        edit_elsewhere("Edited.")
        return found

    monkeypatch.setattr(loader, "load_rows", read_and_edited)
    assert send() == SHIPPED
    monkeypatch.setattr(loader, "load_rows", rows)
    clock.now += 1
    assert send() == "Edited."


@pytest.mark.usefixtures("polling")
def test_an_edit_of_this_process_is_on_the_wire_at_once(send):
    assert send() == SHIPPED
    edit("Edited.")
    assert send() == "Edited."
    edit("")
    assert send() == SHIPPED


@pytest.mark.usefixtures("transactional_db")
def test_without_polling_only_edits_of_this_process_are_read(send, clock, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert send() == SHIPPED
    edit_elsewhere("Of another.")
    clock.now += 1000
    with django_assert_num_queries(0):
        assert send() == SHIPPED
    edit("Edited.")
    assert send() == "Edited."
    with django_assert_num_queries(0):
        assert send() == "Edited."


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/health", "/up", "/up/"])
@pytest.mark.parametrize("mode", ["sync", "async"])
def test_paths_of_orchestrators_never_wait_for_the_database(mode, path, django_assert_num_queries):
    with django_assert_num_queries(0):
        sender(mode)("get", path, headers={"Accept": "text/html"})


def test_a_setting_of_a_test_counts_at_once(store, settings):
    settings.APIERRORS = {**POLLING, "REFRESH_SECONDS": 1000.0}
    assert ask() == "First."
    store.message = "Second."
    store.clock.now += 10
    assert ask() == "First."
    settings.APIERRORS = POLLING
    assert ask() == "Second."


# What counts as an edit

ROW = {
    "model": "django_apierrors.errorcode",
    "fields": {"code": CODE, "defined": True, "message": "Edited.", "updated_at": "2026-01-01T00:00:00Z"},
}


def _save():
    row = ErrorCode.objects.get(code=CODE)
    row.message = "Edited."
    row.save()


def _bulk_update():
    row = ErrorCode.objects.get(code=CODE)
    row.message = "Edited."
    ErrorCode.objects.bulk_update([row], ["message"])


def _insert_in_bulk():
    ErrorCode.objects.filter(code=CODE).delete()
    ErrorCode.objects.bulk_create([ErrorCode(code=CODE, defined=True, message="Edited.")])


def _translate():
    ErrorCode.objects.get(code=CODE).translations.create(language="en", message="Edited.")


def _translate_in_bulk():
    ErrorCodeTranslation.objects.bulk_create(
        [ErrorCodeTranslation(entry=ErrorCode.objects.get(code=CODE), language="en", message="Edited.")]
    )


def _deserialize():
    for found in serializers.deserialize("python", [ROW]):
        found.save()


EDITS = {
    "save": _save,
    "asave": lambda: async_to_sync(
        ErrorCode(pk=ErrorCode.objects.get(code=CODE).pk, code=CODE, defined=True, message="Edited.").asave
    )(),
    "update": lambda: edit("Edited."),
    "aupdate": lambda: async_to_sync(ErrorCode.objects.filter(code=CODE).aupdate)(message="Edited."),
    "update_or_create": lambda: ErrorCode.objects.update_or_create({"message": "Edited."}, code=CODE),
    "bulk_update": _bulk_update,
    "bulk_create": _insert_in_bulk,
    "a translation": _translate,
    "translations in bulk": _translate_in_bulk,
    "a deserialized row": _deserialize,
}


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("how", EDITS)
def test_every_way_to_write_is_announced_to_other_processes(how, clock):
    assert ask() == SHIPPED
    with elsewhere():
        EDITS[how]()
    clock.now += 1
    assert ask() == "Edited."


@pytest.mark.usefixtures("polling")
def test_loaddata_is_announced_to_other_processes(clock, tmp_path):
    fixture = tmp_path / "rows.json"
    edit("Edited.")
    fixture.write_text(
        serializers.serialize("json", ErrorCode.objects.filter(code=CODE), use_natural_primary_keys=True)
    )
    edit("")
    assert ask() == SHIPPED
    with elsewhere():
        call_command("loaddata", fixture, verbosity=0)
    clock.now += 1
    assert ask() == "Edited."


DELETIONS = {
    "delete": lambda: ErrorCode.objects.get(code=CODE).delete(),
    "delete of a queryset": lambda: ErrorCode.objects.filter(code=CODE).delete(),
    "delete of all": lambda: ErrorCode.objects.all().delete(),
}


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("how", DELETIONS)
def test_every_way_to_delete_is_announced_to_other_processes(how, clock):
    edit("Edited.")
    assert ask() == "Edited."
    with elsewhere():
        DELETIONS[how]()
    clock.now += 1
    assert ask() == SHIPPED


@pytest.mark.usefixtures("polling")
def test_a_deserialized_row_is_announced_after_it_is_written_too(clock, monkeypatch):
    assert ask() == SHIPPED
    save_table = ErrorCode._save_table

    def read_by_another_before_it_is_written(self, *args, **kwargs):
        clock.now += 1
        assert ask() == SHIPPED
        return save_table(self, *args, **kwargs)

    monkeypatch.setattr(ErrorCode, "_save_table", read_by_another_before_it_is_written)
    with elsewhere():
        _deserialize()
    clock.now += 1
    assert ask() == "Edited."


@pytest.mark.usefixtures("polling")
def test_an_edit_is_announced_even_where_the_token_is_missing(clock):
    assert ask() == SHIPPED
    Revision.objects.all().delete()
    edit_elsewhere("Edited.")
    clock.now += 1
    assert ask() == "Edited."
    edit_elsewhere("Again.")
    clock.now += 1
    assert ask() == "Again."


@pytest.mark.django_db
def test_a_transaction_replaces_the_token_once_and_first(django_assert_max_num_queries):
    with django_assert_max_num_queries(50) as queries, transaction.atomic():
        for message in ("One.", "Two."):
            edit(message)
            _save()
    written = [query["sql"] for query in queries.captured_queries if query["sql"].startswith("UPDATE")]
    assert ["revision" in sql for sql in written] == [True, False, False, False, False]


@pytest.mark.django_db
def test_rows_of_other_models_are_deleted_as_fast_as_ever(django_assert_num_queries):
    account = Account.objects.create(number="A-17")
    Payment.objects.create(account=account, amount=1)
    # One statement; a receiver for all models would make Django fetch every row first.
    with django_assert_num_queries(1):
        Payment.objects.all().delete()


# Maintenance windows are edited in the same ways


def is_refused():
    return Client().get("/api/plain/fine").status_code == 503


def _open():
    return MaintenanceWindow(starts_at=timezone.now(), ends_at=None)


def _save_window():
    row = MaintenanceWindow.objects.get()
    row.ends_at = None
    row.save()


def _bulk_update_windows():
    row = MaintenanceWindow.objects.get()
    row.ends_at = None
    MaintenanceWindow.objects.bulk_update([row], ["ends_at"])


def _deserialize_window():
    data = serializers.serialize("python", [_open()])
    for found in serializers.deserialize("python", data):
        found.save()


OPENING = {
    "a new row": lambda: _open().save(),
    "save": _save_window,
    "asave": lambda: async_to_sync(_open().asave)(),
    "update": lambda: MaintenanceWindow.objects.update(ends_at=None),
    "update_or_create": lambda: MaintenanceWindow.objects.update_or_create({"ends_at": None}, reason="over"),
    "bulk_update": _bulk_update_windows,
    "bulk_create": lambda: MaintenanceWindow.objects.bulk_create([_open()]),
    "a deserialized row": _deserialize_window,
}
CLOSING = {
    "delete": lambda: MaintenanceWindow.objects.get().delete(),
    "delete of a queryset": lambda: MaintenanceWindow.objects.filter(reason="on").delete(),
    "update": lambda: MaintenanceWindow.objects.update(ends_at=timezone.now()),
}


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("how", OPENING)
def test_every_way_to_open_a_window_is_announced_to_other_processes(how, clock):
    now = timezone.now()
    MaintenanceWindow.objects.create(
        starts_at=now - timedelta(hours=2), ends_at=now - timedelta(hours=1), reason="over"
    )
    assert not is_refused()
    with elsewhere():
        OPENING[how]()
    clock.now += 1
    assert is_refused()


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize("how", CLOSING)
def test_every_way_to_close_a_window_is_announced_to_other_processes(how, clock):
    maintenance.enable(reason="on")
    assert is_refused()
    with elsewhere():
        CLOSING[how]()
    clock.now += 1
    assert not is_refused()


@pytest.mark.usefixtures("polling")
def test_a_window_of_a_fixture_is_announced_to_other_processes(clock, tmp_path):
    fixture = tmp_path / "windows.json"
    fixture.write_text(serializers.serialize("json", [_open()]))
    assert not is_refused()
    with elsewhere():
        call_command("loaddata", fixture, verbosity=0)
    clock.now += 1
    assert is_refused()


@pytest.mark.usefixtures("polling")
def test_only_the_part_that_was_edited_is_read(clock, django_assert_num_queries):
    ask()
    for written, table in (
        (lambda: edit_elsewhere("Edited."), "errorcode"),
        (lambda: _open().save(), "maintenancewindow"),
    ):
        with elsewhere():
            written()
        clock.now += 1
        with CaptureQueriesContext(connection) as queries:
            Client().get("/api/nowhere")
        tables = set(re.findall(r"FROM .django_apierrors_(\w+)", str(queries.captured_queries)))
        assert tables - {"errorcodetranslation"} == {"revision", table}


# Transactions


@pytest.mark.usefixtures("polling")
def test_an_edit_that_is_rolled_back_never_shows(send, clock):
    assert send() == SHIPPED
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        edit("Never.")
        raise ZeroDivisionError
    assert send() == SHIPPED
    clock.now += 1
    assert send() == SHIPPED


@pytest.mark.usefixtures("polling")
def test_only_the_transaction_itself_sees_its_edit_before_it_commits(clock):
    """On SQLite in memory all threads share one connection's data, so the other one does not read."""
    assert ask() == SHIPPED
    with transaction.atomic():
        edit("Edited.")
        assert ask() == "Edited."
        threads, results = in_threads(1, ask)
        join(threads)
        assert results == [SHIPPED]
    assert ask() == "Edited."


def run(*cases):
    """Run test cases of Django in this order, whatever order pytest would choose."""
    result = unittest.TestResult()
    unittest.TestSuite(case("test") for case in cases).run(result)
    assert result.wasSuccessful(), "\n".join(text for _, text in (*result.failures, *result.errors))
    assert result.testsRun == len(cases)


@pytest.fixture
def unblocked(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield


class Edits(TestCase):
    def test(self):
        edit("Edited.")
        assert ask() == ask_async() == "Edited."
        edit("Again.")
        assert ask_async() == ask() == "Again."


class Commits(TransactionTestCase):
    def test(self):
        edit("Committed.")
        assert ask() == ask_async() == "Committed."


class SeesWhatIsShipped(TestCase):
    def test(self):
        with self.assertNumQueries(0):
            assert ask() == ask_async() == SHIPPED


@pytest.mark.usefixtures("unblocked")
@pytest.mark.parametrize("seconds", [1.0, None])
@pytest.mark.parametrize("before", [Edits, Commits, SeesWhatIsShipped])
def test_a_test_case_sees_its_own_edits_and_none_of_the_test_before(before, seconds, settings):
    settings.APIERRORS = {**POLLING, "REFRESH_SECONDS": seconds}
    run(before, SeesWhatIsShipped, Edits, SeesWhatIsShipped, before, SeesWhatIsShipped)


@pytest.mark.usefixtures("unblocked")
def test_a_test_that_runs_its_callbacks_leaves_nothing_to_the_next():
    class RunsCallbacks(TestCase):
        def test(self):
            with self.captureOnCommitCallbacks(execute=True):
                edit("Edited.")
            assert ask() == "Edited."

    run(RunsCallbacks, SeesWhatIsShipped)


@pytest.mark.usefixtures("unblocked")
def test_what_the_test_data_of_a_class_says_is_seen_by_each_test_of_it():
    class Prepared(TestCase):
        @classmethod
        def setUpTestData(cls):
            edit("Prepared.")

        def test(self):
            assert ask() == ask_async() == "Prepared."
            with self.assertNumQueries(0):
                assert ask() == ask_async() == "Prepared."

        def test_own_edit(self):
            edit("Own.")
            assert ask() == "Own."

    result = unittest.TestResult()
    unittest.TestSuite([Prepared("test"), Prepared("test_own_edit"), Prepared("test"), SeesWhatIsShipped("test")]).run(
        result
    )
    assert result.wasSuccessful(), result.failures + result.errors


@pytest.mark.django_db
@pytest.mark.parametrize("ask", [ask, ask_async])
def test_an_edit_is_gone_with_its_savepoint(ask):
    edit("Outer.")
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        edit("Inner.")
        assert ask() == "Inner."
        raise ZeroDivisionError
    assert ask() == "Outer."
    with transaction.atomic():
        edit("Inner.")
    assert ask() == "Inner."


@pytest.mark.django_db
@pytest.mark.parametrize("ask", [ask, ask_async])
def test_what_was_committed_before_a_test_is_read_inside_it_too(ask, monkeypatch, django_assert_num_queries):
    monkeypatch.setattr(Edit, "last_committed", Edit(Revision.CATALOG, "default"))
    assert ask() == SHIPPED
    with django_assert_num_queries(0):
        assert ask() == SHIPPED


@pytest.mark.django_db
def test_a_read_that_fails_does_not_break_the_transaction(monkeypatch, caplog):
    edit("Edited.")
    with monkeypatch.context() as patch:
        patch.setattr(ErrorCodeTranslation._meta, "db_table", "nowhere")
        assert ask() == SHIPPED
    assert "The error catalog cannot be read" in caplog.text
    assert ErrorCode.objects.get(code=CODE).message == "Edited."
    assert ask() == "Edited."


@pytest.mark.django_db
def test_a_request_inside_a_transaction_without_edits_reads_nothing(send, settings, django_assert_num_queries):
    settings.APIERRORS = POLLING
    with django_assert_num_queries(0):
        assert send() == send() != ""


@pytest.mark.django_db
def test_what_a_command_loads_inside_a_transaction_stays_there():
    edit("Edited.")
    assert snapshot.load().entry(CODE, "en").message == "Edited."
    transaction.set_rollback(True)


def test_what_a_command_loads_answers_from_then_on(store):
    assert snapshot.load().entry(CODE, "en").message == "First."
    assert ask() == "First."
    assert len(store.reads) == 1


def test_a_command_is_told_why_nothing_can_be_loaded(store):
    store.error = OperationalError("no server")
    with pytest.raises(OperationalError, match="no server"):
        snapshot.load()


# A database that fails


def warnings_of(caplog):
    return [
        record.getMessage()
        for record in caplog.records
        if record.levelname == "WARNING" and record.name == "django_apierrors"
    ]


def test_after_a_failure_the_last_known_texts_stay_and_probes_run_ever_more_rarely(store, send, caplog):
    assert send() == "First."
    store.message, store.error = "Second.", OperationalError("connection refused")
    store.reads.clear()
    begun = store.clock.now = store.clock.now + 1
    while store.clock.now < begun + 30:
        assert send() == "First."
        wait_for_probes()
        store.clock.now += 0.5
    assert [read - begun for read in store.reads] == [0, 2, 6, 14, 22]
    assert warnings_of(caplog) == ["The error catalog cannot be read; the last known texts stay: connection refused"]


def test_after_recovery_edits_arrive_and_polling_goes_on(store, send, caplog, monkeypatch):
    caplog.set_level("INFO", "django_apierrors")
    store.error = OperationalError("connection refused")
    assert send() == SHIPPED
    store.error = None
    store.clock.now += 2
    store.goes_on.clear()
    assert send() == SHIPPED  # a probe runs, but not in this request
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "_seconds_to_wait", None)  # nor does one wait for it
        assert send() == SHIPPED
    store.goes_on.set()
    wait_for_probes()
    assert send() == "First."
    assert "The error catalog can be read again" in caplog.text
    store.message = "Second."
    store.clock.now += 1
    assert send() == "Second."


def test_an_edit_of_this_process_does_not_hurry_a_database_that_fails(store):
    assert ask() == "First."
    store.error = OperationalError("connection refused")
    Edit.last_committed = object()
    for _ in range(5):
        assert ask() == "First."
    assert len(store.reads) == 2


@pytest.mark.parametrize(
    "error",
    [AssertionError("no queries here"), RuntimeError("no database access"), ImproperlyConfigured("no DATABASES")],
)
def test_where_queries_are_forbidden_nothing_is_said(store, send, caplog, error):
    store.error = error
    for _ in range(3):
        assert send() == SHIPPED
        store.clock.now += 1
    assert warnings_of(caplog) == []
    store.error = None
    assert send() == "First."


@pytest.mark.usefixtures("clock")
def test_a_test_without_the_database_mark_sees_what_is_shipped(send, settings, caplog):
    settings.APIERRORS = POLLING
    assert send() == SHIPPED
    assert warnings_of(caplog) == []


@pytest.mark.usefixtures("unblocked")
def test_a_simple_test_case_sees_what_is_shipped(settings, caplog):
    settings.APIERRORS = POLLING

    class Simple(SimpleTestCase):
        def test(self):
            assert ask() == ask_async() == SHIPPED

    run(Commits, Simple)
    assert warnings_of(caplog) == []


@pytest.mark.usefixtures("polling")
def test_before_the_tables_exist_everything_is_as_shipped_and_one_line_says_so(send, clock, monkeypatch, caplog):
    with monkeypatch.context() as patch:
        patch.setattr(Revision._meta, "db_table", "nowhere")
        for _ in range(3):
            assert send() == SHIPPED
            clock.now += 0.5
    assert len(warnings_of(caplog)) == 1


def test_a_router_that_fails_costs_nobody_his_answer(send, settings, caplog, clock):
    class Router:
        def db_for_write(self, model, **hints):
            raise OperationalError("no tenant")

    settings.DATABASE_ROUTERS = [Router()]
    settings.APIERRORS = POLLING
    assert send() == SHIPPED
    clock.now += 2
    assert send() == SHIPPED
    wait_for_probes()
    assert len(warnings_of(caplog)) == 1


def test_a_process_that_can_start_no_thread_tries_again(store, monkeypatch, send):
    store.error = OperationalError("connection refused")
    send()
    store.clock.now += 2

    def refuse(self):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        assert snapshot.refresh(RequestFactory().get("/api/nowhere")) is None
    store.error = None
    store.clock.now += 1
    send()
    wait_for_probes()
    assert send() == "First."


# Many requests at once


def test_one_request_reads_and_the_others_go_on_with_the_copy(store):
    assert ask() == "First."
    store.message = "Second."
    store.reads.clear()
    store.goes_on.clear()
    store.clock.now += 1
    threads, results = in_threads(16, ask)
    until(lambda: len(results) == 15)
    assert results == ["First."] * 15
    store.goes_on.set()
    join(threads)
    assert results[-1] == "Second."
    assert len(store.reads) == 1


def test_as_long_as_there_is_no_copy_all_wait_for_the_one_that_reads(store):
    store.goes_on.clear()
    threads, results = in_threads(16, ask)
    assert store.is_reading.wait(60)
    assert results == []
    store.goes_on.set()
    join(threads)
    assert results == ["First."] * 16
    assert len(store.reads) == 1


def until(condition):
    patience = threading.Event()
    for _ in range(6000):
        if condition():
            return
        patience.wait(0.01)
    raise AssertionError("waited in vain")


def idle_for_a_minute(store):
    """Let a process that was idle find out that it has missed an edit, and hold the request that reads."""
    assert ask() == "First."
    store.message = "Second."
    store.reads.clear()
    store.is_reading.clear()
    store.goes_on.clear()
    store.clock.now += 60
    threads, held = in_threads(1, ask)
    assert store.is_reading.wait(60)
    return threads, held


def test_after_a_pause_others_wait_for_the_one_that_reads(store, monkeypatch):
    monkeypatch.setattr(snapshots, "_MAX_WAIT", 60)
    threads, results = idle_for_a_minute(store)
    waiting, answers = in_threads(8, ask)
    threading.Event().wait(0.3)  # enough to be answered, if they did not wait
    assert answers == []
    store.goes_on.set()
    join([*threads, *waiting])
    assert [*results, *answers] == ["Second."] * 9
    assert len(store.reads) == 1


def test_after_a_pause_nobody_waits_for_a_hung_database_for_long(store, monkeypatch):
    threads, held = idle_for_a_minute(store)
    waiting, answers = in_threads(8, ask)
    join(waiting)
    assert answers == ["First."] * 8
    # The wait counts from the begin of the read: who comes later does not wait at all.
    monkeypatch.setattr(snapshots, "_MAX_WAIT", 4)
    store.clock.now += 4
    assert ask() == "First."
    assert held == []
    store.goes_on.set()
    join(threads)
    assert held == ["Second."]
    assert ask() == "Second."


@pytest.mark.parametrize("error", [None, OperationalError("terminating connection")])
def test_a_hung_database_holds_the_one_request_that_met_it(store, caplog, error):
    assert ask() == "First."
    store.message, store.error = "Second.", error
    store.goes_on.clear()
    store.is_reading.clear()
    store.clock.now += 1
    threads, held = in_threads(1, ask)
    assert store.is_reading.wait(60)
    store.error = None
    store.clock.now += 4
    assert ask() == "First."
    assert warnings_of(caplog) == []
    store.clock.now += 2  # a read older than 5 s counts as failed
    assert ask() == "First."
    assert warnings_of(caplog) == ["The error catalog cannot be read; the last known texts stay: no answer within 5 s"]
    for _ in range(3):  # the probe hangs, too, but holds nobody
        store.clock.now += 3
        assert ask() == "First."
    assert len(store.reads) == 3
    assert held == []
    store.message = "Third."
    store.goes_on.set()
    join(threads)
    wait_for_probes()
    # What the two had read before it hung is answered or kept by nobody.
    store.clock.now += 1
    assert ask() == "Third."
    assert held[0] in ("First.", "Second.", "Third.")


def test_a_probe_that_hangs_is_given_up_for_another(store):
    store.error = OperationalError("connection refused")
    assert ask() == SHIPPED
    store.goes_on.clear()
    store.error = None
    store.clock.now += 2
    ask()
    until(lambda: len(store.reads) == 2)
    store.clock.now += 59
    ask()
    assert len(store.reads) == 2
    store.clock.now += 1
    ask()
    store.clock.now += 4
    ask()
    until(lambda: len(store.reads) == 3)
    store.goes_on.set()
    wait_for_probes()
    assert ask() == "First."


def test_who_has_no_copy_waits_for_a_hung_database_only_so_long(store):
    store.goes_on.clear()
    threads, results = in_threads(1, ask)
    assert store.is_reading.wait(60)

    store.clock.now += 4.9  # patience counts from the begin of the read, not of the wait
    waiting, answers = in_threads(4, ask)
    join(waiting)
    assert answers == [SHIPPED] * 4
    assert results == []
    store.goes_on.set()
    join(threads)


# ASGI


@pytest.fixture
def hops(monkeypatch):
    """Count how often a request leaves the loop to refresh."""
    hops = []
    sync_to_async = snapshots.sync_to_async

    def counted(call, **kwargs):
        hops.append(call)
        return sync_to_async(call, **kwargs)

    monkeypatch.setattr(snapshots, "sync_to_async", counted)
    return hops


def test_an_edit_that_is_pending_elsewhere_changes_nothing_under_asgi(store, hops):
    pending = Edit(Revision.CATALOG, "default")
    assert ask_async() == "First."
    del pending
    hops.clear()
    assert ask_async() == "First."
    assert hops == []


async def ask_as_a_server():
    async with ThreadSensitiveContext():  # Django gives each request a thread of its own
        return said(await AsyncClient().get("/api/nowhere"))


async def ask_together(number):
    return await asyncio.gather(*(ask_as_a_server() for _ in range(number)))


@pytest.mark.parametrize("is_loaded", [True, False])
def test_only_the_request_that_reads_leaves_the_loop(store, hops, is_loaded):
    if is_loaded:
        ask()
        store.clock.now += 1
        store.message = "Second."

    async def scenario():
        store.goes_on.clear()
        store.is_reading.clear()
        asked = [asyncio.ensure_future(ask_as_a_server()) for _ in range(20)]
        await asyncio.to_thread(store.is_reading.wait, 60)
        if is_loaded:
            while sum(one.done() for one in asked) < 19:
                await asyncio.sleep(0.01)
        else:
            await asyncio.sleep(0.05)
            assert not any(one.done() for one in asked)
        store.goes_on.set()
        return await asyncio.gather(*asked)

    answers = asyncio.run(scenario())
    assert sorted(answers) == (["First."] * 19 + ["Second."] if is_loaded else ["First."] * 20)
    assert asyncio.run(ask_together(3)) == [store.message] * 3
    assert len(hops) == 1


def test_under_asgi_too_who_has_no_copy_waits_only_so_long(store, hops):
    async def scenario():
        store.goes_on.clear()
        held = asyncio.ensure_future(ask_as_a_server())
        await asyncio.to_thread(store.is_reading.wait, 60)
        waiting = asyncio.ensure_future(ask_together(20))
        await asyncio.sleep(0.05)
        assert not waiting.done()
        store.clock.now += 6
        answers = await waiting
        assert not held.done()
        store.goes_on.set()
        await held
        return answers

    assert asyncio.run(scenario()) == [SHIPPED] * 20
    assert len(hops) == 1


@pytest.mark.parametrize("hurry", [60, 0.2])
def test_under_asgi_too_others_wait_after_a_pause_but_not_for_long(store, hops, monkeypatch, hurry):
    monkeypatch.setattr(snapshots, "_MAX_WAIT", hurry)
    ask()
    store.message = "Second."
    store.clock.now += 60

    async def scenario():
        store.goes_on.clear()
        store.is_reading.clear()
        held = asyncio.ensure_future(ask_as_a_server())
        await asyncio.to_thread(store.is_reading.wait, 60)
        waiting = asyncio.ensure_future(ask_together(20))
        await asyncio.sleep(0.05)
        if hurry < 1:
            store.clock.now += hurry
            answers = await waiting
            assert not held.done()
            store.goes_on.set()
            return await held, answers
        assert not waiting.done()
        store.goes_on.set()
        return await held, await waiting

    assert asyncio.run(scenario()) == ("Second.", ["Second." if hurry > 1 else "First."] * 20)
    assert len(hops) == 1


# Fork


def in_a_fork(call):
    """Return whether a call is true in a child of this process; a child that hangs is killed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of threads, which is the point
        child = os.fork()
    if not child:
        signal.alarm(30)
        status = 1
        try:
            status = 0 if call() else 1
        finally:
            os._exit(status)
    return os.waitpid(child, 0)[1] == 0


def test_what_only_the_parent_has_is_left_behind(store):
    """This is what a fork calls, without one."""
    with snapshot._lock:
        snapshot.after_fork()
        assert ask() == "First."


def test_a_child_does_not_inherit_a_lock_that_is_held(store):
    assert ask() == "First."
    store.clock.now += 1
    store.message = "Second."
    with snapshot._lock:
        assert in_a_fork(lambda: ask() == "Second.")


@pytest.mark.parametrize("is_loaded", [True, False])
def test_a_child_does_not_wait_for_a_read_of_its_parent(store, is_loaded):
    if is_loaded:
        assert ask() == "First."
        store.clock.now += 1
    store.goes_on.clear()
    store.is_reading.clear()
    threads, _ = in_threads(1, ask)
    assert store.is_reading.wait(60)

    def child():
        store.goes_on = threading.Event()
        store.goes_on.set()
        store.message = "Second."
        return ask() == "Second."

    assert in_a_fork(child)
    store.goes_on.set()
    join(threads)


# Rows that got past every check


def without_constraints():
    """Let the transaction of a test write what the constraints of its database forbid."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = ON")
        elif connection.vendor == "mysql":
            cursor.execute("SET check_constraint_checks = 0")
        else:
            for name in ("status_is_an_error", "complete_or_defined", "code_in_one_case"):
                cursor.execute(f"ALTER TABLE django_apierrors_errorcode DROP CONSTRAINT apierrors_{name}")


@pytest.fixture
def unconstrained(db):
    without_constraints()
    yield
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
        elif connection.vendor == "mysql":
            cursor.execute("SET check_constraint_checks = 1")


@pytest.mark.usefixtures("unconstrained")
@pytest.mark.parametrize(
    "garbage",
    [
        {"status": 200},
        {"status": 999},
        {"status": 500},
        {"type": "nonsense"},
        {"retry": "nonsense"},
        {"doc_url": "javascript:alert(1)"},
        {"doc_url": "https://docs.example/\r\nSet-Cookie: a=b"},
        {"doc_url": 'https://docs.example/>; rel="stylesheet"'},
        {"doc_url": "https://docs.example/\x01"},
        {"doc_url": "https://docs.example/\x7f"},
        {"doc_url": "https://docs.example/\u2028"},
        {"doc_url": "https://"},
    ],
    ids=str,
)
def test_a_row_that_makes_no_sense_changes_nothing(garbage):
    before = Client().get("/api/nowhere", headers={"X-Request-ID": "1"})
    ErrorCode.objects.filter(code=CODE).update(**garbage)
    after = Client().get("/api/nowhere", headers={"X-Request-ID": "1"})
    said(after)
    assert (before.content, before.headers) == (after.content, after.headers)


@pytest.mark.usefixtures("unconstrained")
def test_rows_and_translations_without_a_sound_name_are_not_there():
    ErrorCode.objects.bulk_create(
        [
            ErrorCode(code="<script>", status=400, title="x", message="x"),
            ErrorCode(code="NO_STATUS", status=200, title="x", message="x"),
        ]
    )
    row = ErrorCode.objects.get(code=CODE)
    for language in ("../../etc", "EN", ""):
        row.translations.create(language=language, message=f"In {language}.")
    assert ask() == "In EN."
    loaded = snapshot.load()
    assert "<script>" not in list(loaded)
    assert "NO_STATUS" not in list(loaded)
    assert loaded.status("NO_STATUS") is None
    assert set(loaded.row(CODE).translations) == {"en"}


@pytest.mark.django_db
def test_a_replacement_is_known_by_its_code_and_blank_texts_are_not_edits():
    ErrorCode.objects.filter(code=CODE).update(
        replaced_by=ErrorCode.objects.get(code="GONE"), message=" \n ", title="Nowhere", status=410
    )
    entry = snapshot.load().entry(CODE, "en")
    assert (entry.replaced_by, entry.message, entry.title, entry.status) == ("GONE", SHIPPED, "Nowhere", 410)
    assert not entry.edited


def test_what_a_test_overrides_outranks_what_is_stored(store):
    with override_error(CODE, message="Of the test."):
        assert ask() == "Of the test."
    assert ask() == "First."


@pytest.mark.usefixtures("polling")
def test_a_catalog_that_cannot_be_read_keeps_no_switch_from_being_known(monkeypatch):
    def fails(using):
        raise OperationalError("no such column")

    maintenance.enable()
    snapshot.reset()
    monkeypatch.setitem(snapshots._PARTS, "catalog", (fails, snapshots._PARTS["catalog"][1]))
    assert Client().get("/api/plain/fine").status_code == 503
    with elsewhere():
        maintenance.disable()
