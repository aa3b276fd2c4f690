"""Limits from the client's side: how long to wait, what is left, and who is never refused."""

import asyncio
import math
import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from asgiref.sync import async_to_sync
from django.conf import settings as django_settings
from django.http import HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import include, path
from django_ratelimit.decorators import ratelimit as theirs
from django_ratelimit.exceptions import Ratelimited
from http_sfv import List
from rest_framework.response import Response
from rest_framework.throttling import UserRateThrottle
from rest_framework.views import APIView
from support.clients import sender

from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.ratelimit import RatelimitThrottle, RateTooHigh, Usage, acheck, check, ratelimit, usages
from django_apierrors.testing import assert_api_error, freeze_window, override_error, reset_ratelimits

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)

#: What the middleware of these tests saw of the last request.
SEEN = {}


def seeing(get_response):
    def middleware(request):
        response = get_response(request)
        SEEN["limited"] = getattr(request, "limited", None)
        return response

    return middleware


def plain(request):
    return JsonResponse({"limited": getattr(request, "limited", None)})


async def asynchronous(request):
    return plain(request)


class Drf(APIView):
    throttle_scope = None

    def get(self, request):
        return Response({"limited": getattr(request, "limited", None)})

    def post(self, request):
        return Response({"limited": getattr(request, "limited", None)})


class Soft(Drf):
    get = ratelimit(key="ip", rate="1/m", block=False)(Drf.get)


class Told(Drf):
    """A view that asks for itself."""

    def get(self, request):
        check(request, "burst")
        return Response([[usage.policy, usage.remaining, usage.limited] for usage in usages(request)])


async def told(request):
    await acheck(request, "burst", "daily", block="soft" not in request.GET)
    return JsonResponse([[usage.policy, usage.remaining, usage.limited] for usage in usages(request)], safe=False)


class ByDrf(UserRateThrottle):
    rate = "1/hour"
    scope = "tests"

    def get_cache_key(self, request, view):
        return f"{django_settings.RATELIMIT_CACHE_PREFIX}{self.get_ident(request)}"


class ThrottledByDrf(Drf):
    throttle_classes = [ByDrf]


class ThrottledBySoftToo(Drf):
    """DRF's own throttle refuses; what is violated beside it refuses nobody."""

    throttle_classes = [ByDrf]

    def initial(self, request, *args, **kwargs):
        check(request, "never", block=False)
        super().initial(request, *args, **kwargs)


class ThrottledByBoth(Drf):
    throttle_classes = [ByDrf, RatelimitThrottle.of("once"), RatelimitThrottle.of("burst")]


class OurThrottle(RatelimitThrottle):
    """A project's own base class, which names no policy."""


class Burst(OurThrottle):
    policy = "burst"


class ThrottledByPost(Drf):
    throttle_classes = [RatelimitThrottle.of("posts")]


class ThrottledByScope(Drf):
    throttle_classes = [RatelimitThrottle]


class ThrottledByClass(Drf):
    throttle_classes = [Burst]
    throttle_scope = "daily"


def site(request):
    raise RateTooHigh


def stacked(*limits):
    view = plain
    for limit in reversed(limits):
        view = limit(view)
    return view


ONCE = {"key": "ip", "rate": "1/m"}

urlpatterns = [
    path("", include("urls")),
    path("api/second", ratelimit(key="ip", rate="1/s")(plain)),
    path("api/two-seconds", ratelimit(key="ip", rate="1/2s")(plain)),
    path("api/minute", ratelimit(key="ip", rate="1/m")(plain)),
    path("api/awaited/second", ratelimit(key="ip", rate="1/s")(asynchronous)),
    path("api/awaited/minute", ratelimit(key="ip", rate="1/m")(asynchronous)),
    path("api/soft", ratelimit(**ONCE, block=False)(plain)),
    path("api/soft/async", ratelimit(**ONCE, block=False)(asynchronous)),
    path("api/soft/drf", Soft.as_view()),
    path("api/soft/off", ratelimit(key="ip", rate=None, block=False)(plain)),
    path("api/soft/post", ratelimit(**ONCE, method="POST", block=False)(plain)),
    path("api/soft/theirs-below", stacked(ratelimit(**ONCE, block=False), theirs(key="ip", rate="9/m"))),
    path("api/soft/theirs-above", stacked(theirs(key="ip", rate="1/m", block=False), ratelimit(key="ip", rate="9/m"))),
    path("api/get", ratelimit(**ONCE, method="GET")(plain)),
    path("api/get-and-post", stacked(ratelimit(**ONCE, method="GET"), ratelimit(**ONCE, method="POST"))),
    path("api/stacked", stacked(ratelimit(policy="daily"), ratelimit(key="ip", rate="2/m"), ratelimit(policy="burst"))),
    path("api/named", stacked(ratelimit(group='a"b\\\u00e9', key="ip", rate="5/m"), ratelimit(group="c d", **ONCE))),
    path("api/unnamed", stacked(ratelimit(key="ip", rate=(3, 60)), ratelimit(key="ip", rate=lambda *_: "4/m"))),
    path("api/policy", ratelimit(policy="burst")(plain)),
    path("api/grouped/one", ratelimit(group="both", **ONCE)(plain)),
    path("api/grouped/two", ratelimit(group="both", **ONCE)(asynchronous)),
    path("api/many", ratelimit(key="ip", rate="20/h")(asynchronous)),
    path("api/streamed", ratelimit(**ONCE)(lambda request: StreamingHttpResponse(iter([b"one ", b"two"])))),
    path("api/nothing-returned", ratelimit(**ONCE)(lambda request: None)),
    path("api/told", Told.as_view()),
    path("api/told/async", told),
    path("api/throttled/drf", ThrottledByDrf.as_view()),
    path("api/throttled/soft", ThrottledBySoftToo.as_view()),
    path("api/throttled/both", ThrottledByBoth.as_view()),
    path("api/throttled/post", ThrottledByPost.as_view()),
    path("api/throttled/nothing", ThrottledByScope.as_view()),
    path("api/throttled/scope", ThrottledByScope.as_view(throttle_scope="burst")),
    path("api/throttled/class", ThrottledByClass.as_view()),
    path("api/untouched", theirs(key="ip", rate="0/m")(plain)),
    path("site/raises", site),
]

POLICIES = {
    "burst": {"key": "ip", "rate": "3/10s"},
    "daily": {"key": "ip", "rate": "100/d"},
    "once": {"key": "ip", "rate": "1/m"},
    "posts": {"key": "ip", "rate": "1/m", "method": "POST"},
    "never": {"key": "ip", "rate": "0/d"},
}
START = 1_000_000_000.25


@pytest.fixture(autouse=True)
def clock(settings):
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {"POLICIES": POLICIES}}
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.seeing"]
    reset_ratelimits()
    with freeze_window(now=START) as clock:
        yield clock


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


def configure(settings, **given):
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {**settings.APIERRORS["RATELIMIT"], **given}}


def parsed(response, name):
    members = List()
    members.parse(response.headers[name].encode("ascii"))
    return {member.value: dict(member.params) for member in members}


# How long to wait


@pytest.mark.parametrize("offset", [0, 0.001, 0.25, 0.5, 0.999, 1, 1.5, 17.3, 31.75, 59, 59.999])
@pytest.mark.parametrize("url", ["/api/second", "/api/two-seconds", "/api/minute"])
def test_who_waits_as_long_as_told_passes_and_who_waits_a_second_less_does_not(clock, url, offset):
    clock.now = math.floor(START) + offset
    client = Client()
    assert client.get(url).status_code == 200
    refused = client.get(url)
    assert_api_error(refused, "RATE_TOO_HIGH", 429)
    seconds = int(refused.headers["Retry-After"])
    assert seconds >= 1
    clock.advance(seconds - 1)
    again = client.get(url)
    assert_api_error(again, "RATE_TOO_HIGH", 429)
    assert again.headers["Retry-After"] == "1"
    clock.advance(1)
    assert client.get(url).status_code == 200


@pytest.mark.parametrize("url", ["/api/awaited/second", "/api/awaited/minute"])
def test_who_waits_for_an_async_view_passes_too(clock, url):
    send = sender("async")
    assert send("get", url).status_code == 200
    refused = send("get", url)
    clock.advance(int(refused.headers["Retry-After"]) - 1)
    assert send("get", url).status_code == 429
    clock.advance(1)
    assert send("get", url).status_code == 200


def test_the_wait_is_exact_for_every_period_client_and_moment(settings, clock):
    chance = random.Random(5)
    for _ in range(60):
        period = chance.choice([1, 2, 3, 7, 60, 900, 3_600, 86_400, 366 * 86_400])
        configure(settings, POLICIES={"one": {"key": "ip", "rate": (1, period)}})
        clock.now = chance.uniform(1e9, 2e9)
        address = f"192.0.2.{chance.randrange(256)}"

        def ask(address=address):
            return check(RequestFactory().get("/", REMOTE_ADDR=address), "one", block=False)[0]

        reset_ratelimits()
        assert not ask().limited
        refused = ask()
        assert refused.limited
        assert 1 <= refused.reset <= period
        clock.advance(refused.reset - 1)
        assert ask().limited
        clock.advance(1)
        assert not ask().limited


def test_what_is_left_of_the_window_is_told_before_it_is_too_late(clock):
    client, url = Client(), "/api/minute"
    first = parsed(client.get(url), "RateLimit")["1/60s"]
    clock.advance(first["t"] - 1)
    assert client.get(url).status_code == 429
    clock.advance(1)
    assert client.get(url).status_code == 200


def test_the_wait_is_that_of_the_violated_limits_alone():
    client = Client()
    for _ in range(2):
        assert client.get("/api/stacked").status_code == 200
    refused = client.get("/api/stacked")
    states = parsed(refused, "RateLimit")
    assert states["daily"]["t"] > states["2/60s"]["t"]
    assert refused.headers["Retry-After"] == str(states["2/60s"]["t"])
    details = {"retry_after": states["2/60s"]["t"], "violated_policies": ["2/60s"]}
    assert_api_error(refused, "RATE_TOO_HIGH", details=details)


def test_of_two_violated_limits_the_longer_wait_is_told(send, set_view):
    found = {"fine": (1, 59), "short": (2, 2), "long": (3, 30)}
    exc = RateTooHigh(
        Usage(policy=name, limit=1, window=60, used=used, reset=reset) for name, (used, reset) in found.items()
    )
    assert isinstance(exc, Ratelimited)
    set_view(exc)
    for url in ("/api/plain", "/api/drf"):
        response = send("get", url)
        assert response.headers["Retry-After"] == "30"
        details = {"retry_after": 30, "violated_policies": ["short", "long"]}
        assert_api_error(response, "RATE_TOO_HIGH", details=details)


# What is told


def test_several_limits_are_told_in_lists_and_count_down_to_nothing(send):
    left = []
    for _ in range(4):
        response = send("get", "/api/stacked")
        states = parsed(response, "RateLimit")
        left.append([states[name]["r"] for name in states])
        last = parsed(response, "RateLimit-Policy")
    assert list(states) == list(last) == ["daily", "2/60s"]
    # The innermost is not asked any more once the middle one refuses.
    assert left == [[99, 1, 2], [98, 0, 1], [97, 0], [96, 0]]
    assert last == {"daily": {"q": 100, "w": 86400}, "2/60s": {"q": 2, "w": 60}}


def test_a_name_may_have_quotes_and_letters_that_are_not_ascii(send):
    for status in (200, 429):
        response = send("get", "/api/named")
        assert response.status_code == status
        assert list(parsed(response, "RateLimit")) == ['a"b\\?', "c d"]
        assert list(parsed(response, "RateLimit-Policy")) == ['a"b\\?', "c d"]
    assert response.json()["error"]["details"]["violated_policies"] == ["c d"]
    assert send("get", "/api/named").status_code == 429


def test_a_limit_without_a_name_is_called_by_its_rate_and_never_by_our_code(send):
    response = send("get", "/api/unnamed")
    assert list(parsed(response, "RateLimit")) == ["3/60s", "default"]
    assert __name__ not in str(response.headers)


def test_whatever_a_view_returns_says_what_is_left(send):
    streamed, nothing = send("get", "/api/streamed"), send("get", "/api/nothing-returned")
    assert streamed.streaming and streamed.status_code == 200
    assert_api_error(nothing, "INTERNAL_SERVER_ERROR", 500)
    for response in (streamed, nothing):
        assert parsed(response, "RateLimit")["1/60s"]["r"] == 0


LEGACY = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]


@pytest.mark.parametrize(("kind", "has_draft", "has_legacy"), [("off", 0, 0), ("draft", 1, 0), ("draft+legacy", 1, 1)])
def test_headers_are_as_the_settings_say(send, settings, kind, has_draft, has_legacy):
    configure(settings, HEADERS=kind)
    for status in (200, 429):
        response = send("get", "/api/minute")
        assert response.status_code == status
        assert ("RateLimit" in response.headers) is ("RateLimit-Policy" in response.headers) is bool(has_draft)
        assert [name in response.headers for name in LEGACY] == 3 * [bool(has_legacy)]
    assert int(response.headers["Retry-After"]) >= 1


def test_legacy_headers_are_of_the_limit_that_is_nearest_to_its_end(settings):
    configure(settings, HEADERS="draft+legacy")
    response = Client().get("/api/stacked")
    assert [response.headers[name] for name in LEGACY] == ["2", "1", str(parsed(response, "RateLimit")["2/60s"]["t"])]


@pytest.mark.parametrize("url", ["/api/plain/fine", "/api/nothing", "/site/page"])
def test_a_view_without_limits_has_no_headers(send, url):
    response = send("get", url)
    assert "RateLimit" not in response.headers
    assert "RateLimit-Policy" not in response.headers


# Soft limits


@pytest.mark.parametrize("url", ["/api/soft", "/api/soft/async", "/api/soft/drf"])
def test_a_soft_limit_refuses_nobody_and_tells_view_and_middleware(send, url):
    for used in range(3):
        response = send("get", url)
        assert response.status_code == 200
        assert response.json() == {"limited": used > 0}
        assert SEEN["limited"] is (used > 0)
        assert parsed(response, "RateLimit")["1/60s"]["r"] == 0


@pytest.mark.parametrize("url", ["/api/soft/off", "/api/soft/post"])
def test_a_soft_limit_that_does_not_hold_says_no(send, url):
    for _ in range(2):
        assert send("get", url).json() == {"limited": False}
        assert SEEN["limited"] is False


@pytest.mark.parametrize("url", ["/api/soft/theirs-below", "/api/soft/theirs-above"])
def test_ours_and_theirs_may_stand_on_one_view(url):
    client = Client()
    assert [client.get(url).json()["limited"] for _ in range(3)] == [False, True, True]


def test_soft_limits_of_drf_only_set_what_the_view_reads(send):
    for used in range(3):
        response = send("get", "/api/told/async?soft=1")
        assert response.status_code == 200
        assert response.json() == [["burst", 2 - used, False], ["daily", 99 - used, False]]
    assert send("get", "/api/told/async?soft=1").json()[0] == ["burst", 0, True]


# Methods and groups


def test_head_counts_with_get(send):
    assert send("head", "/api/get").status_code == 200
    assert send("get", "/api/get").status_code == 429
    assert send("head", "/api/get").status_code == 429
    assert send("post", "/api/get").status_code == 200


def test_limits_of_different_methods_count_apart(send):
    assert send("get", "/api/get-and-post").status_code == 200
    assert send("post", "/api/get-and-post").status_code == 200
    assert send("get", "/api/get-and-post").status_code == 429
    assert send("post", "/api/get-and-post").status_code == 429
    assert send("put", "/api/get-and-post").status_code == 200


def test_a_policy_may_count_some_methods(send):
    for _ in range(2):
        assert send("get", "/api/throttled/post").status_code == 200
    assert send("post", "/api/throttled/post").status_code == 200
    assert send("post", "/api/throttled/post").status_code == 429


def test_a_group_joins_views(send):
    assert send("get", "/api/grouped/one").status_code == 200
    assert send("get", "/api/grouped/two").status_code == 429


def test_one_policy_is_one_counter_wherever_it_stands(send):
    for url in ("/api/policy", "/api/told", "/api/throttled/scope"):
        assert send("get", url).status_code == 200
    for url in ("/api/policy", "/api/told", "/api/throttled/scope", "/api/throttled/class", "/api/told/async"):
        response = send("get", url)
        assert_api_error(response, "RATE_TOO_HIGH", 429)
        assert response.json()["error"]["details"]["violated_policies"] == ["burst"]


def test_a_policy_that_is_checked_twice_is_told_once(send):
    class Twice(Told):
        throttle_classes = [RatelimitThrottle.of("burst")]

    response = Twice.as_view()(RequestFactory().get("/"))
    assert response.data == [["burst", 1, False]]


def test_all_policies_of_one_check_are_counted_before_one_refuses():
    for _ in range(2):
        with pytest.raises(RateTooHigh) as caught:
            check(RequestFactory().get("/"), "never", "burst")
    assert [(usage.policy, usage.used, usage.limited) for usage in caught.value.usages] == [
        ("never", 2, True),
        ("burst", 2, False),
    ]


def test_a_check_returns_what_was_counted_and_a_request_keeps_it():
    request = RequestFactory().get("/")
    assert usages(request) == ()
    (usage,) = check(request, "posts", "daily")
    assert usage == Usage(policy="daily", limit=100, window=86_400, used=1, reset=usage.reset)
    assert 1 <= usage.reset <= 86_400
    assert usages(request) == (usage,)


def test_as_many_threads_as_there_may_be_pass_exactly_the_limit(settings):
    settings.APIERRORS = {"RATELIMIT": {"POLICIES": {"burst": {"key": "ip", "rate": "20/h"}}}}

    def one(_):
        return Client(raise_request_exception=False).get("/api/policy").status_code

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(one, range(64)))
    assert sorted(set(found)) == [200, 429]
    assert found.count(200) == 20


def test_as_many_coroutines_as_there_may_be_pass_exactly_the_limit():
    async def many():
        client = AsyncClient()
        return [answer.status_code for answer in await asyncio.gather(*(client.get("/api/many") for _ in range(48)))]

    found = async_to_sync(many)()
    assert (found.count(200), found.count(429)) == (20, 28)


# Throttles


def test_a_throttle_of_drf_answers_as_before(send):
    assert send("get", "/api/throttled/drf").status_code == 200
    response = send("get", "/api/throttled/drf")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert 3590 <= int(response.headers["Retry-After"]) <= 3600
    assert "details" not in response.json()["error"]
    assert "RateLimit" not in response.headers


def test_a_throttle_of_drf_never_speaks_of_a_soft_limit(send):
    assert send("get", "/api/throttled/soft").json() == {"limited": True}
    response = send("get", "/api/throttled/soft")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert int(response.headers["Retry-After"]) <= 3600
    assert "details" not in response.json()["error"]
    assert parsed(response, "RateLimit")["never"]["r"] == 0


def test_throttles_of_both_kinds_are_all_counted_and_the_longest_wait_is_told(send):
    assert send("get", "/api/throttled/both").status_code == 200
    response = send("get", "/api/throttled/both")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    seconds = int(response.headers["Retry-After"])
    assert 3590 <= seconds <= 3600
    assert response.json()["error"]["details"] == {"retry_after": seconds, "violated_policies": ["once"]}
    assert {name: state["r"] for name, state in parsed(response, "RateLimit").items()} == {"once": 0, "burst": 1}


def test_the_policy_of_the_throttle_beats_the_scope_of_the_view(send):
    assert list(parsed(send("get", "/api/throttled/class"), "RateLimit")) == ["burst"]


def test_a_throttle_without_a_policy_is_told_how_to_get_one():
    with pytest.raises(Exception, match=r"ThrottledByScope names no rate limit policy; give it a throttle_scope"):
        Client().get("/api/throttled/nothing")


def test_among_the_default_throttles_it_limits_the_views_with_a_scope(settings, monkeypatch):
    monkeypatch.setattr(APIView, "throttle_classes", [RatelimitThrottle])
    client = Client()
    scoped = Drf.as_view(throttle_scope="once")
    assert "RateLimit" not in client.get("/api/drf/fine").headers
    assert scoped(RequestFactory().get("/")).status_code == 200
    assert scoped(RequestFactory().get("/")).status_code == 429


def test_a_name_that_is_no_text_is_no_policy_of_a_throttle():
    with pytest.raises(Exception, match="7 is no name"):
        RatelimitThrottle.of(7)


# Exceptions


def test_an_untouched_limit_of_django_ratelimit_has_no_wait(send):
    response = send("get", "/api/untouched")
    assert_api_error(response, "RATE_TOO_HIGH", 429, message="Too many requests. Try again later.")


def test_a_limit_that_a_project_raises_is_answered_everywhere(send):
    response = send("get", "/site/raises", headers={"accept": "text/html"})
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert "Retry-After" not in response.headers


@pytest.mark.parametrize("url", ["/api/throttled/scope", "/api/policy", "/api/told"])
def test_a_project_may_give_limits_a_code_of_its_own(send, settings, url):
    settings.APIERRORS = {
        **settings.APIERRORS,
        "EXCEPTIONS": {
            "django_ratelimit.exceptions.Ratelimited": "QUOTA_GONE",
            "rest_framework.exceptions.Throttled": "QUOTA_GONE",
        },
    }
    with override_error("QUOTA_GONE", status=402, title="Gone", message="Gone for {retry_after} s."):
        for _ in range(3):
            send("get", url)
        response = send("get", url)
    seconds = int(response.headers["Retry-After"])
    assert_api_error(response, "QUOTA_GONE", 402, message=f"Gone for {seconds} s.")
    assert response.json()["error"]["details"]["violated_policies"] == ["burst"]


@pytest.mark.parametrize("url", ["/api/policy", "/api/told"])
def test_a_limit_may_be_mapped_to_a_server_error(send, settings, url):
    exceptions = {"django_ratelimit.exceptions.Ratelimited": "SERVICE_UNAVAILABLE"}
    settings.APIERRORS = {**settings.APIERRORS, "EXCEPTIONS": exceptions}
    for _ in range(3):
        assert send("get", url).status_code == 200
    response = send("get", url)
    assert_api_error(response, "SERVICE_UNAVAILABLE", 503)
    assert response.headers["Retry-After"] == str(parsed(response, "RateLimit")["burst"]["t"])


def test_what_catches_the_exception_of_django_ratelimit_catches_ours(send, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django_ratelimit.middleware.RatelimitMiddleware"]
    settings.RATELIMIT_VIEW = f"{__name__}.their_answer"
    assert send("get", "/api/minute").status_code == 200
    response = send("get", "/api/minute")
    assert (response.status_code, response.content) == (420, b"calm down")
    assert "RateLimit" in response.headers


def their_answer(request, exception):
    return HttpResponse("calm down", status=420, content_type="application/json")


# Settings


@pytest.mark.parametrize("url", ["/api/minute", "/api/awaited/minute", "/api/policy", "/api/throttled/scope"])
def test_django_ratelimits_switch_switches_all_limits_off(send, settings, url):
    settings.RATELIMIT_ENABLE = False
    for _ in range(5):
        response = send("get", url)
        assert response.status_code == 200
        assert "RateLimit" not in response.headers


def test_an_overridden_setting_counts_at_once(send, settings):
    client = Client()  # with the middleware of before
    assert client.get("/api/policy").status_code == 200
    configure(settings, POLICIES={"burst": {"key": "ip", "rate": "0/m"}})
    assert client.get("/api/policy").status_code == 429
    configure(settings, POLICIES={"burst": {"key": "ip", "rate": None}})
    assert client.get("/api/policy").status_code == 200
