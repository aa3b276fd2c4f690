"""The state of a request: what was counted for it, and which limits refuse it."""

import gc

import pytest
from django.test import RequestFactory
from rest_framework.request import Request

from django_apierrors.ratelimit.checking import _store_usages as record
from django_apierrors.request_state import RequestState
from django_apierrors.usage import Usage, exceeded, longest_wait


def usage(policy="burst", used=1, reset=5, limit=3):
    return Usage(policy=policy, limit=limit, window=10, used=used, reset=reset)


@pytest.fixture
def request_():
    return RequestFactory().get("/")


@pytest.mark.parametrize(
    ("used", "remaining", "limited"), [(0, 3, False), (1, 2, False), (3, 0, False), (4, 0, True), (99, 0, True)]
)
def test_a_usage_knows_what_remains_and_whether_it_is_one_too_many(used, remaining, limited):
    assert usage(used=used).remaining == remaining
    assert usage(used=used).limited is limited


def recorded(request):
    return RequestState.of(request).usages


def test_usages_are_kept_in_the_order_of_the_checks(request_):
    assert recorded(request_) == ()
    record(request_, [usage("b"), usage("a")])
    record(request_, [usage("c")])
    assert [kept.policy for kept in recorded(request_)] == ["b", "a", "c"]


def test_nothing_recorded_still_says_that_nothing_is_limited(request_):
    record(request_, [])
    assert request_.limited is False


def test_who_was_limited_once_stays_limited(request_):
    record(request_, [usage(used=4)])
    record(request_, [usage("other")])
    record(request_, [])
    assert request_.limited is True


def test_a_request_that_another_limited_stays_limited(request_):
    request_.limited = True
    record(request_, [usage()])
    assert request_.limited is True


@pytest.mark.parametrize(
    ("first", "second", "kept"),
    [
        (usage(used=1), usage(used=2), 2),
        (usage(used=3), usage(used=1), 1),
        (usage(used=4, limit=4), usage(used=4, limit=3), 2),
        (usage(used=4, reset=9), usage(used=5, reset=2), 1),
    ],
)
def test_of_two_usages_with_one_name_the_stricter_is_told(request_, first, second, kept):
    record(request_, [first, usage("between"), second])
    assert [known.policy for known in recorded(request_)] == ["burst", "between"]
    assert recorded(request_)[0] is (first, second)[kept - 1]


def test_a_request_of_drf_has_the_state_of_that_of_django(request_):
    wrapped = Request(request_)
    record(wrapped, [usage(used=4)])
    RequestState.of(wrapped).add_violations([usage(used=4), usage("fine")])
    assert RequestState.of(request_) is RequestState.of(wrapped)
    assert recorded(request_) == RequestState.of(request_).violations == (usage(used=4),)
    assert request_.limited is wrapped.limited is True


def test_a_request_is_not_kept_by_its_state():
    request = RequestFactory().get("/")
    references = {id(value) for value in gc.get_referents(RequestState.of(request))}
    assert id(request) not in references


def test_only_the_exceeded_are_waited_for():
    fine, short, long = usage(reset=60), usage("short", used=4, reset=2), usage("long", used=4, reset=7)
    assert exceeded([fine, short, long]) == (short, long)
    assert longest_wait([fine, short, long]) == 7
    assert longest_wait([fine]) is None
    assert longest_wait([]) is None
