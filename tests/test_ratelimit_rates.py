"""Rates are read strictly, and what makes no sense is named before the first request."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import RequestFactory
from django.utils.decorators import method_decorator
from django.views import View

from django_apierrors.ratelimit import ALL, UNSAFE, RateTooHigh, check, policies, ratelimit, rates
from django_apierrors.testing import freeze_window, reset_ratelimits

ANSWER = HttpResponse("fine")


def view(request):
    return ANSWER


def ten_a_week(group, request):
    return "10/week"


def two_a_minute(group, request):
    return "2/m"


async def later(group, request):
    return "2/m"


class Rates:
    """A callable that is no function."""

    def __call__(self, group, request):
        return (1, 60)


not_callable = 7


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("5/s", (5, 1)),
        ("5/m", (5, 60)),
        ("5/h", (5, 3600)),
        ("5/d", (5, 86_400)),
        ("5/15m", (5, 900)),
        ("100/1s", (100, 1)),
        ("0/s", (0, 1)),
        ("007/010s", (7, 10)),
        ("999999999999999/366d", (999_999_999_999_999, 366 * 86_400)),
        ((5, 60), (5, 60)),
        ((0, 1), (0, 1)),
        (None, None),
    ],
)
def test_a_rate_is_requests_and_seconds(text, rate):
    assert rates.parse_rate(text) == rate


#: Each of them is a limit that django-ratelimit misreads, or a 500 in each request.
WRONG = [
    "10/week",
    "5/M",
    "5/H",
    "5/D",
    "5/S",
    "5/minute",
    "5/min",
    "5/5ms",
    "",
    "5",
    "5/",
    "/m",
    "5m",
    "5/5",
    "-1/m",
    "+1/m",
    "5/-1m",
    "5/0s",
    "5/0d",
    "5.5/m",
    "5/1.5m",
    "1e3/m",
    "1_000/m",
    "0x10/m",
    "5/m/h",
    "5,000/h",
    " 5/m",
    "5/m ",
    "5 /m",
    "5/ m",
    "5/m\n",
    "\n5/m",
    "\u0665/m",
    "5/\u0665m",
    "\uff15/m",
    "\u00b2/m",
    "5\u2044m",
    "1000000000000000/s",
    "5/367d",
    "5/" + 99 * "9" + "d",
    99 * "9" + "/s",
    5,
    5.0,
    True,
    False,
    b"5/m",
    [5, 60],
    {"5": 60},
    (5,),
    (5, 60, 1),
    ("5", 60),
    (5, "60"),
    (5.0, 60),
    (True, 60),
    (-1, 60),
    (5, 0),
    (5, -1),
    (10**15, 1),
    (5, 10**9),
]


@pytest.mark.parametrize("rate", WRONG, ids=ascii)
def test_a_wrong_rate_fails_at_import_with_its_text(rate):
    with pytest.raises(ImproperlyConfigured) as caught:
        ratelimit(key="ip", rate=rate)
    assert repr(rate) in str(caught.value)
    assert '"100/h"' in str(caught.value)


@pytest.mark.parametrize("rate", WRONG, ids=ascii)
def test_a_wrong_rate_of_the_settings_is_named_with_its_policy(settings, rate):
    settings.APIERRORS = {"RATELIMIT": {"POLICIES": {"burst": {"key": "ip", "rate": rate}}}}
    with pytest.raises(ImproperlyConfigured) as caught:
        policies.get_policy("burst")
    assert repr(rate) in str(caught.value)
    assert "'burst'" in str(caught.value)


def test_a_method_is_told_at_import_too():
    with pytest.raises(ImproperlyConfigured, match="10/week"):

        class Limited(View):
            @method_decorator(ratelimit(key="ip", rate="10/week"))
            def get(self, request):
                raise AssertionError("it was not refused")


@pytest.mark.parametrize(
    ("rate", "passing"),
    [
        (two_a_minute, 2),
        (f"{__name__}.two_a_minute", 2),
        (Rates(), 1),
        (lambda group, request: (3, 60), 3),
        (lambda group, request: "0/m", 0),
        (lambda group, request: "4/m" if request.GET.get("paid") else "1/m", 1),
        ("0/m", 0),
        ((2, 60), 2),
    ],
)
@freeze_window()
def test_a_rate_may_be_asked_for_at_each_request(rate, passing):
    reset_ratelimits()
    limited = ratelimit(key="ip", rate=rate)(view)
    for _ in range(passing):
        assert limited(RequestFactory().get("/")) is ANSWER
    with pytest.raises(RateTooHigh):
        limited(RequestFactory().get("/"))


@pytest.mark.parametrize("rate", [None, lambda group, request: None, f"{__name__}.none"])
def test_no_rate_is_no_limit(rate):
    limited = ratelimit(key="ip", rate=rate)(view)
    for _ in range(5):
        request = RequestFactory().get("/")
        assert limited(request) is ANSWER
        assert request.limited is False


def none(group, request):
    return None


@pytest.mark.parametrize("rate", [ten_a_week, f"{__name__}.ten_a_week"])
def test_a_callable_that_returns_a_wrong_rate_is_told_with_the_text(rate):
    with pytest.raises(ImproperlyConfigured, match="10/week"):
        ratelimit(key="ip", rate=rate)(view)(RequestFactory().get("/"))


@pytest.mark.parametrize("rate", [f"{__name__}.nothing", "nowhere.at_all"])
def test_a_path_that_names_nothing_is_told_when_it_is_used(rate):
    with pytest.raises(ImportError):
        ratelimit(key="ip", rate=rate)(view)(RequestFactory().get("/"))


@pytest.mark.parametrize("part", ["key", "rate"])
@pytest.mark.parametrize(("name", "told"), [("later", "is async"), ("not_callable", "cannot be called")])
def test_a_path_that_names_no_usable_function_is_told_when_it_is_used(part, name, told):
    given = {"key": "ip", "rate": "5/m", part: f"{__name__}.{name}"}
    with pytest.raises(ImproperlyConfigured, match=f"{name} {told}"):
        ratelimit(**given)(view)(RequestFactory().get("/"))


@pytest.mark.parametrize("part", ["key", "rate"])
def test_an_async_callable_fails_at_import(part):
    with pytest.raises(ImproperlyConfigured, match="later is async"):
        ratelimit(**{"key": "ip", "rate": "5/m", part: later})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "either the name of a policy, or a key and a rate"),
        ({"key": "ip"}, "either the name of a policy, or a key and a rate"),
        ({"rate": "5/m"}, "either the name of a policy, or a key and a rate"),
        ({"group": "logins"}, "either the name of a policy, or a key and a rate"),
        ({"policy": "burst", "key": "ip"}, "'burst' says what is counted"),
        ({"policy": "burst", "rate": "5/m"}, "'burst' says what is counted"),
        ({"policy": "burst", "rate": None}, "'burst' says what is counted"),
        ({"policy": "burst", "group": "logins"}, "'burst' says what is counted"),
        ({"policy": "burst", "method": "GET"}, "'burst' says what is counted"),
        ({"policy": "burst", "on_store_error": "open"}, "'burst' says what is counted"),
        ({"policy": 7}, "7 is no name"),
        ({"policy": ["burst"]}, r"\['burst'\] is no name"),
        ({"key": "ip", "rate": "5/m", "group": len}, "is no group"),
        ({"key": "ip", "rate": "5/m", "group": 7}, "7 is no group"),
        ({"key": "ip", "rate": "5/m", "on_store_error": "shut"}, "'shut'; it must be one of"),
        ({"key": "ip", "rate": "5/m", "method": "GTE"}, "'GTE' is no method; use one of CONNECT, DELETE, GET"),
        ({"key": "ip", "rate": "5/m", "method": "GET,POST"}, "'GET,POST' is no method"),
        ({"key": "ip", "rate": "5/m", "method": ["GET", None]}, "None.* is no method"),
        ({"key": "ip", "rate": "5/m", "method": []}, r"\[\] is no method"),
        ({"key": "ip", "rate": "5/m", "method": ""}, "'' is no method"),
        ({"key": "ip", "rate": "5/m", "method": 7}, "7 is no method"),
    ],
)
def test_what_makes_no_sense_fails_at_import(given, told):
    with pytest.raises(ImproperlyConfigured, match=told):
        ratelimit(**given)


@pytest.mark.parametrize(
    ("method", "counted", "passed"),
    [
        (ALL, ["GET", "HEAD", "POST", "OPTIONS", "QUERY", "PROPFIND"], []),
        (ratelimit.ALL, ["GET", "DELETE"], []),
        (None, ["GET", "DELETE"], []),
        ("GET", ["GET", "HEAD"], ["POST", "OPTIONS", "QUERY"]),
        ("query", ["QUERY"], ["GET", "HEAD", "POST"]),
        ("get", ["GET", "HEAD"], ["POST"]),
        ("HEAD", ["HEAD"], ["GET"]),
        ("POST", ["POST"], ["GET", "HEAD", "PUT"]),
        (["GET", "POST"], ["GET", "HEAD", "POST"], ["PUT"]),
        (("post", "put"), ["POST", "PUT"], ["GET"]),
        ({"PATCH"}, ["PATCH"], ["GET"]),
        (UNSAFE, ["POST", "PUT", "PATCH", "DELETE"], ["GET", "HEAD", "OPTIONS", "QUERY"]),
        (ratelimit.UNSAFE, ["POST"], ["GET"]),
    ],
)
def test_a_limit_counts_only_its_methods(method, counted, passed):
    reset_ratelimits()
    limited = ratelimit(key="ip", rate="0/m", method=method)(view)
    for name in counted:
        with pytest.raises(RateTooHigh):
            limited(RequestFactory().generic(name, "/"))
    for name in passed:
        request = RequestFactory().generic(name, "/")
        assert limited(request) is ANSWER
        assert request.limited is False


@pytest.mark.parametrize(
    ("name", "fields", "told"),
    [
        ("bur st", {"key": "ip", "rate": "5/m"}, "'bur st' has other characters"),
        ('a"b\\\u00e9', {"key": "ip", "rate": "5/m"}, "has other characters"),
        ("", {"key": "ip", "rate": "5/m"}, "'' has other characters"),
        ("burst\n", {"key": "ip", "rate": "5/m"}, "has other characters"),
        (65 * "x", {"key": "ip", "rate": "5/m"}, "has other characters"),
        ("burst", {"rate": "5/m"}, "'burst' has no 'key'"),
        ("burst", {"key": "ip"}, "'burst' has no 'rate'"),
        ("burst", {"key": "ip", "rate": "5/m", "methods": "GET"}, "unknown key 'methods'; use key, rate, method"),
        ("burst", {"key": "ip", "rate": "5/m", "method": "GTE"}, "'burst': 'GTE' is no method"),
        ("burst", {"key": "ipp", "rate": "5/m"}, "'burst': 'ipp' is no key"),
        ("burst", {"key": "ip", "rate": "5/m", "on_store_error": "shut"}, "'burst': on_store_error is 'shut'"),
    ],
)
def test_a_policy_that_makes_no_sense_is_told_with_its_name(settings, name, fields, told):
    settings.APIERRORS = {"RATELIMIT": {"POLICIES": {name: fields}}}
    with pytest.raises(ImproperlyConfigured, match=told):
        check(RequestFactory().get("/"), name)


@pytest.mark.parametrize(
    ("given", "known"), [({}, "there is: none"), ({"a": {"key": "ip", "rate": "5/m"}}, "there is: a")]
)
def test_an_unknown_policy_is_told_with_the_known_ones(settings, given, known):
    settings.APIERRORS = {"RATELIMIT": {"POLICIES": given}}
    with pytest.raises(ImproperlyConfigured, match=f"no rate limit policy 'burst' in APIERRORS; {known}"):
        check(RequestFactory().get("/"), "burst")


@freeze_window()
def test_a_policy_is_read_again_when_the_settings_change(settings):
    reset_ratelimits()
    for limit in (3, 7):
        settings.APIERRORS = {"RATELIMIT": {"POLICIES": {"burst": {"key": "ip", "rate": f"{limit}/m"}}}}
        assert check(RequestFactory().get("/"), "burst")[0].limit == limit
    settings.APIERRORS["RATELIMIT"]["POLICIES"]["burst"]["rate"] = "9/m"
    assert check(RequestFactory().get("/"), "burst")[0].limit == 9
