"""Values of headers, read and written as their RFCs say."""

import time

import pytest
from django.utils.http import http_date
from http_sfv import List

from django_apierrors import headers
from django_apierrors.usage import Usage


@pytest.mark.parametrize(
    "value, seconds",
    [
        (1, 1),
        (0, 1),
        (-1, 1),
        (0.01, 1),
        (1.01, 2),
        ("7", 7),
        ("7.5", 8),
        (10**400, None),
        (1e300, 2**31 - 1),
        (float("inf"), None),
        (float("nan"), None),
        ("nan", None),
        ("soon", None),
        ("", None),
        (None, None),
        ([], None),
        (object(), None),
        (http_date(0), 1),
        ("Sun, 99 Foo 2026 00:00:00 GMT", None),
    ],
)
def test_a_wait_is_a_whole_number_of_seconds_or_nothing(value, seconds):
    assert headers.retry_after(value) == seconds


def test_a_date_is_as_many_seconds_as_it_is_away():
    assert 59_000 < headers.retry_after(http_date(time.time() + 60_000)) <= 60_000


@pytest.mark.parametrize(
    "challenge, is_bearer",
    [("Bearer", True), ('bearer realm="x"', True), ("Bearerish", False), ("Basic", False), ("", False)],
)
def test_a_bearer_challenge_is_known_by_its_scheme(challenge, is_bearer):
    assert headers.is_bearer(challenge) is is_bearer


@pytest.mark.parametrize(
    "credentials, has_token",
    [
        ("Bearer abc", True),
        ("BEARER abc", True),
        ("Bearer", False),
        ("Bearer ", False),
        ("Basic abc", False),
        ("", False),
    ],
)
def test_a_bearer_token_is_more_than_its_scheme(credentials, has_token):
    assert headers.has_bearer_token(credentials) is has_token


def test_attributes_of_a_challenge_are_quoted():
    assert headers.with_error("Bearer", "e", scope='a"b\\c\r\nd\u00e9') == 'Bearer error="e", scope="abcd"'


@pytest.mark.parametrize(
    "challenge, is_added",
    [
        ('Bearer realm="a, Basic realm"', True),
        ('Bearer realm="error=1", charset="UTF-8"', True),
        ('Bearer realm="a \\" b", scope="x"', True),
        ('Bearer realm="a", Basic realm="b"', False),
        ('Basic realm="a", Bearer realm="b"', False),
        ('Bearer realm="a", error="expired"', False),
    ],
)
def test_an_error_is_added_to_a_single_bearer_challenge_alone(challenge, is_added):
    added = headers.with_error(challenge, "invalid_token")
    assert added == (f'{challenge}, error="invalid_token"' if is_added else challenge)


def test_no_name_of_a_header_appears_twice():
    names = [name.lower() for name in headers.OF_THE_BODY]
    assert len(set(names)) == len(names)


def usage(policy="burst", limit=10, used=1, window=1, reset=1):
    return Usage(policy=policy, limit=limit, window=window, used=used, reset=reset)


def test_limits_are_lists_of_structured_fields():
    told = headers.rate_limits([usage(), usage("daily", 1000, 1001, 86_400, 3_599)], legacy=False)
    assert told == {
        "RateLimit-Policy": '"burst";q=10;w=1, "daily";q=1000;w=86400',
        "RateLimit": '"burst";r=9;t=1, "daily";r=0;t=3599',
    }


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("burst", "burst"),
        ('a"b', 'a"b'),
        ("a\\b", "a\\b"),
        ('a"b\\\u00e9', 'a"b\\?'),
        ("\\", "\\"),
        ('"', '"'),
        ("a, b;c=d", "a, b;c=d"),
        ("", ""),
        ("\r\nSet-Cookie: x", "??Set-Cookie: x"),
        ("\x00\x7f\ud800\u20ac", "????"),
    ],
)
def test_any_name_of_a_policy_is_read_back_by_a_parser(name, read):
    for value in headers.rate_limits([usage(name), usage("other")], legacy=False).values():
        members = List()
        members.parse(value.encode("ascii"))
        assert [member.value for member in members] == [read, "other"]


def test_the_largest_limit_is_still_an_integer_of_structured_fields():
    (state, policy) = headers.rate_limits([usage(limit=10**15 - 1, window=366 * 86_400)], legacy=False).values()
    for value in (state, policy):
        List().parse(value.encode("ascii"))


@pytest.mark.parametrize(
    ("usages", "legacy"),
    [
        ([usage()], ("10", "9", "1")),
        ([usage(limit=1000, used=5), usage("burst", used=9)], ("10", "1", "1")),
        ([usage(limit=5, used=5, reset=2), usage("burst", 7, 9, 60, 30)], ("7", "0", "30")),
    ],
)
def test_legacy_headers_are_of_the_limit_that_is_nearest_to_its_end(usages, legacy):
    told = headers.rate_limits(usages, legacy=True)
    assert tuple(told[f"X-RateLimit-{name}"] for name in ("Limit", "Remaining", "Reset")) == legacy
