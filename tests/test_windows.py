"""Windows in memory: which are open, which of them is the strictest, and what they cover."""

import math
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network

import pytest

from django_apierrors import windows
from django_apierrors.windows import Window, Windows


@pytest.mark.parametrize(
    ("now", "is_open"), [(99.9, False), (100, True), (199.9, True), (200, False), (-math.inf, False)]
)
def test_a_window_is_open_from_its_first_moment_until_its_end(now, is_open):
    assert Window(begins=100, ends=200).is_open(now) is is_open


def test_a_window_without_bounds_is_always_open():
    assert Window().is_open(0)
    assert (Window().starts_at, Window().ends_at) == (None, None)


def test_times_are_in_utc_and_whoever_waits_until_the_end_is_not_refused():
    window = Window(begins=1_000_000_000.0, ends=1_000_000_000.2)
    assert window.starts_at == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert window.ends_at == datetime(2001, 9, 9, 1, 46, 41, tzinfo=UTC)


@pytest.mark.parametrize("year", [9998, 9999])
def test_an_end_that_not_every_calendar_has_is_none_that_is_told(year):
    ends = datetime(year, 12, 31, 23, 59, 59, 900_000, tzinfo=UTC).timestamp()
    window = Window(ends=ends)
    assert window.ends_at is None
    assert window.retry_after(0, 300) == 86_400


@pytest.mark.parametrize(
    ("left", "wait"),
    [(0.001, 1), (1, 1), (1.001, 2), (3599.5, 3600), (86_399.1, 86_400), (86_401, 86_400), (-5, 1), (math.inf, 300)],
)
def test_the_wait_is_until_the_end_in_whole_seconds_of_a_day_at_most(left, wait):
    assert Window(ends=1000 + left).retry_after(1000, 300) == wait


@pytest.mark.parametrize(
    ("methods", "method", "is_covered"),
    [
        ((), "GET", True),
        ((), "BREW", True),
        (("POST",), "POST", True),
        (("POST",), "GET", False),
        (("POST",), "HEAD", False),
        (("GET",), "HEAD", True),
        (("HEAD",), "GET", False),
        (("GET",), "OPTIONS", False),
    ],
)
def test_a_window_covers_its_methods_and_head_with_get(methods, method, is_covered):
    assert Window(methods=frozenset(methods)).covers("/api", method) is is_covered


def test_a_window_covers_any_of_its_paths_and_needs_the_method_too():
    window = Window(path_prefixes=("/api/a", "/api/b"), methods=frozenset({"POST"}))
    assert window.covers("/api/b/1", "POST")
    assert not window.covers("/api/b/1", "GET")
    assert not window.covers("/api/c", "POST")


@pytest.mark.parametrize(
    "method", ["GET", "HEAD", "OPTIONS", "QUERY", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW", ""]
)
def test_a_read_only_window_refuses_what_may_change_something(method):
    assert Window().refuses(method)
    assert Window(is_read_only=True).refuses(method) is (method not in ("GET", "HEAD", "OPTIONS", "QUERY"))


def test_only_addresses_that_are_known_are_exempt():
    window = Window(exempt_networks=(ip_network("10.0.0.1/32"), ip_network("2001:db8::/32")))
    assert window.exempts(ip_address("10.0.0.1"))
    assert window.exempts(ip_address("2001:db8::1"))
    for other in (ip_address("10.0.0.199"), ip_address("::1"), None):
        assert not window.exempts(other)


def test_the_strictest_window_is_a_full_one_and_that_with_the_latest_end():
    early, late, never = Window(key="early", ends=10), Window(key="late", ends=20), Window(key="never")
    read_only = Window(key="read-only", is_read_only=True)
    opened = Windows([read_only, early, never, late]).open_at(5)
    assert [window.key for window in opened] == ["never", "late", "early", "read-only"]
    assert [window.key for window in Windows([read_only, early, late]).open_at(10)] == ["late", "read-only"]


def test_what_is_to_come_is_told_in_order():
    first, second, third = Window(key="1", begins=10), Window(key="2", begins=20), Window(key="3", begins=30)
    known = Windows([third, first, second])
    assert [window.key for window in known.upcoming(10)] == ["2", "3"]
    assert [window.key for window in known.upcoming(5, 15)] == ["1", "2"]
    assert (known.next_change(5), known.next_change(10), known.next_change(30)) == (10, 20, math.inf)
    assert Windows([Window(begins=10, ends=15), second]).next_change(10) == 15
    assert set(known) == {first, second, third}


def test_what_is_pinned_counts_besides_what_is_installed_even_within_itself():
    window = Window(key="pinned")
    with windows.pin_window(window):
        with windows.pin_window(window):
            assert list(windows.current_windows()) == [window, window]
        assert list(windows.current_windows()) == [window]
    assert list(windows.current_windows()) == []


def test_an_empty_transaction_counts_too():
    windows.install_windows(Windows([Window(key="installed")]))
    try:
        with windows.override_windows(Windows()):
            assert list(windows.current_windows()) == []
        assert [window.key for window in windows.current_windows()] == ["installed"]
    finally:
        windows.install_windows(Windows())


@pytest.mark.parametrize(
    ("path", "is_covered"),
    [
        ("/api/v1/billing.json", True),
        ("/api/v1/billing.json/", True),
        ("/api/v1/billing/7.csv", True),
        ("/api/v1/billingx.json", False),
        ("/api/v1/billing.json/7", False),
        ("/api/v1/billing.5", False),
        ("/api/v1.json", False),
    ],
)
def test_a_suffix_of_drf_is_no_way_around_a_window(path, is_covered):
    assert Window(path_prefixes=("/api/v1/billing",)).covers(path, "GET") is is_covered
