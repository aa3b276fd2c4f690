"""Clocks that step and windows at the ends of the calendar: nothing sticks, and no row hides another."""

import logging
import math
import time
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone
from shop import views

from django_apierrors import maintenance, windows
from django_apierrors.datetimes import localize
from django_apierrors.models import MaintenanceWindow
from django_apierrors.snapshot import loader, polling, snapshot
from django_apierrors.testing import maintenance_mode
from django_apierrors.windows import Window, Windows, current_windows, monitor, pin_window


@pytest.fixture
def clock(monkeypatch):
    """Set a clock some seconds ahead, or back, in this package."""
    real = time.time

    def step(seconds):
        for module in (windows, polling):
            monkeypatch.setattr(module, "time", lambda: real() + seconds)
        monkeypatch.setattr(timezone, "now", lambda: datetime.now(UTC) + timedelta(seconds=seconds))

    return step


@pytest.fixture(autouse=True)
def fine(set_view):
    set_view(views.FIXED["fine"])


def statuses(api, clock, *steps):
    found = []
    for seconds in steps:
        clock(seconds)
        found.append(api.get("/api/plain").status_code)
    return found


@pytest.mark.parametrize("begins_in", [-60, 600])
def test_an_open_window_follows_the_clock_in_both_directions(begins_in, api, clock):
    now = time.time()
    with pin_window(Window(key="a", begins=now + begins_in, ends=now + 1200)):
        is_open = begins_in < 0
        expected = [503 if is_open else 200, 503, 200, 503, 503 if is_open else 200]
        assert statuses(api, clock, 0, 900, 7200, 900, 0) == expected
        assert statuses(api, clock, -3600, 0) == [200, expected[0]]


def test_a_clock_that_steps_back_between_two_changes_costs_nothing(api, clock, monkeypatch):
    monkeypatch.setattr(windows, "_installed_windows", Windows([Window(key="a", begins=time.time() + 600)]))
    api.get("/api/plain")
    clock(-300)
    assert monitor.is_inactive()


@pytest.mark.django_db(transaction=True)
def test_windows_that_a_wrong_clock_took_for_over_are_loaded_again(api, clock, settings):
    settings.APIERRORS = {**settings.APIERRORS, "REFRESH_SECONDS": 0.01}
    maintenance.enable(duration=timedelta(minutes=10))
    try:
        clock(0)
        assert api.get("/api/plain").status_code == 503
        clock(7200)
        snapshot.reset()  # as in a process that starts now
        assert api.get("/api/plain").status_code == 200
        clock(0)
        time.sleep(0.02)
        assert api.get("/api/plain").status_code == 503
    finally:
        maintenance.disable()
        snapshot.reset()


@pytest.fixture
def rows(db):
    if connection.vendor != "sqlite":
        pytest.skip("other databases check what they store")
    now = timezone.now()
    times = {"starts_at": now - timedelta(hours=1), "ends_at": now + timedelta(hours=1)}
    return [MaintenanceWindow.objects.create(message=str(number), **times) for number in range(3)]


def write(window, **texts):
    """Write texts into the columns of a row, which no model would."""
    table = MaintenanceWindow._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        for name, text in texts.items():
            cursor.execute(f"UPDATE {table} SET {name} = %s WHERE key = %s", [text, window.key])
        cursor.execute("PRAGMA ignore_check_constraints = OFF")


@pytest.mark.parametrize("use_tz", [True, False])
@pytest.mark.parametrize(
    ("texts", "begins", "ends"),
    [
        ({"ends_at": "99999-01-01 00:00:00"}, None, math.inf),
        ({"ends_at": "infinity"}, None, math.inf),
        ({"starts_at": "0000-00-00 00:00:00"}, -math.inf, None),
        ({"starts_at": "infinity", "ends_at": "infinity"}, math.inf, math.inf),
        ({"starts_at": "20000-01-01 00:00:00", "ends_at": None}, math.inf, math.inf),
        ({"starts_at": "-infinity", "ends_at": "9999x"}, -math.inf, math.inf),
    ],
)
def test_a_time_beyond_the_calendar_lies_at_its_end(texts, begins, ends, use_tz, rows, caplog, settings):
    settings.USE_TZ = use_tz
    write(rows[1], **texts)
    loaded = {window.key: window for window in loader.load_windows("default")}
    assert loaded.keys() == {row.key for row in rows}
    odd, other = loaded[rows[1].key], loaded[rows[0].key]
    assert odd.message == "1"
    assert odd.begins == (pytest.approx(other.begins, abs=5) if begins is None else begins)
    assert odd.ends == (pytest.approx(other.ends, abs=5) if ends is None else ends)
    assert not caplog.records


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="no other database stores such times")
@pytest.mark.parametrize(
    ("start", "end", "begins", "ends"),
    [
        ("-infinity", "infinity", -math.inf, math.inf),
        ("0044-03-15 BC", "20000-01-01", -math.inf, math.inf),
        ("20000-01-01", None, math.inf, math.inf),
        ("0001-01-01", "9999-12-31 23:59:59+00", None, None),
    ],
)
def test_the_times_of_postgresql_beyond_those_of_python_are_read(start, end, begins, ends, caplog):
    rows = [MaintenanceWindow.objects.create(message=str(number)) for number in range(2)]
    with connection.cursor() as cursor:
        table = MaintenanceWindow._meta.db_table
        cursor.execute(f"UPDATE {table} SET starts_at = %s, ends_at = %s WHERE key = %s", [start, end, rows[1].key])
    odd, other = sorted(loader.load_windows("default"), key=lambda window: window.message, reverse=True)
    assert (odd.message, other.message) == ("1", "0")
    assert begins is None or (odd.begins, odd.ends) == (begins, ends)
    assert odd.begins < 0 or odd.begins == begins
    assert odd.ends > time.time() + 10**11
    assert not caplog.records


def test_a_row_that_cannot_be_read_hides_no_other(rows, caplog):
    with connection.cursor() as cursor:  # bytes that are no UTF-8, in a column of text
        table = MaintenanceWindow._meta.db_table
        cursor.execute(f"UPDATE {table} SET message = CAST(X'ff' AS TEXT) WHERE key = %s", [rows[1].key])
    assert {window.key for window in loader.load_windows("default")} == {rows[0].key, rows[2].key}
    (record,) = caplog.records
    assert (record.levelno, record.exc_info) == (logging.WARNING, None)
    assert f"primary key {rows[1].pk} cannot be read" in record.getMessage()


@pytest.mark.parametrize("year", [1, 9999])
@pytest.mark.parametrize("aware", [True, False])
def test_times_at_the_ends_of_the_calendar_are_read(year, aware, settings):
    settings.USE_TZ = aware
    edge = (datetime.min if year == 1 else datetime.max).replace(tzinfo=UTC if aware else None)
    window = loader.parse_window(MaintenanceWindow(starts_at=edge, ends_at=edge))
    assert (window.begins > time.time(), window.ends > time.time()) == (year > 1, year > 1)


@pytest.mark.parametrize("ends", [datetime(9999, 12, 31, 23, 59, tzinfo=UTC).timestamp(), math.inf, 1e18])
def test_a_window_until_the_end_of_the_calendar_is_answered(ends, api, caplog):
    with pin_window(Window(key="far", ends=ends)):
        response = api.get("/api/plain")
    assert response.status_code == 503
    assert 1 <= int(response["Retry-After"]) <= 86_400
    assert not any(record.exc_info for record in caplog.records)


def test_a_time_that_a_zone_cannot_express_is_left_as_it_is():
    with timezone.override("Pacific/Kiritimati"):
        assert localize(datetime.max.replace(tzinfo=UTC)) == datetime.max.replace(tzinfo=UTC)


def test_the_edges_of_no_windows_are_at_infinity():
    assert (Windows().last_change(0), Windows().next_change(0)) == (-math.inf, math.inf)
    with maintenance_mode():
        assert list(current_windows())
