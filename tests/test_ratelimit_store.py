"""A store of the counters that fails, hangs and returns: open and closed policies, and never a 500."""

import os
import signal
import threading
import time
import warnings

import pytest
from django.core.cache.backends.locmem import LocMemCache
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import include, path
from rest_framework.response import Response
from rest_framework.views import APIView
from support.clients import sender

from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.ratelimit import RatelimitThrottle, check, ratelimit, store
from django_apierrors.testing import assert_api_error, freeze_window, reset_ratelimits

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)


class Store(LocMemCache):
    """A cache that does what a test says before it counts."""

    calls = 0

    @staticmethod
    def does():
        """Nothing: it is fine."""

    def add(self, *args, **kwargs):
        type(self).calls += 1
        self.does()
        return super().add(*args, **kwargs)


class Memcached(Store):
    """A cache that says nothing when its server is away, as those of memcached do."""

    def add(self, *args, **kwargs):
        type(self).calls += 1
        return False

    def incr(self, *args, **kwargs):
        raise ValueError("there is no such key")


class Ignoring(Memcached):
    """The same as django-redis does it with IGNORE_EXCEPTIONS."""

    def incr(self, *args, **kwargs):
        return None


class Dropping(Store):
    """A full cache, which has the counter when it is made, and not when it is counted up."""

    def add(self, key, *args, **kwargs):
        added = super().add(key, *args, **kwargs)
        if type(self).calls == 1:
            self.delete(key)
            return False
        return added


def fail():
    raise ConnectionError("Connection refused.")


def plain(request):
    return HttpResponse("fine")


async def asynchronous(request):
    return HttpResponse("fine")


class Throttled(APIView):
    throttle_classes = [RatelimitThrottle.of("open")]

    def get(self, request):
        return Response("fine")


class ThrottledClosed(Throttled):
    throttle_classes = [RatelimitThrottle.of("closed")]


class Soft(Throttled):
    throttle_classes = []

    def get(self, request):
        check(request, "closed", block=False)
        return Response(request.limited)


urlpatterns = [
    path("", include("urls")),
    path("api/open/plain", ratelimit(policy="open")(plain)),
    path("api/open/async", ratelimit(policy="open")(asynchronous)),
    path("api/open/throttle", Throttled.as_view()),
    path("api/open/unnamed", ratelimit(key="ip", rate="2/m", on_store_error="open")(plain)),
    path("api/closed/plain", ratelimit(policy="closed")(plain)),
    path("api/closed/async", ratelimit(policy="closed")(asynchronous)),
    path("api/closed/throttle", ThrottledClosed.as_view()),
    path("api/closed/unnamed", ratelimit(key="ip", rate="2/m", on_store_error="closed")(plain)),
    path("api/unsaid", ratelimit(policy="unsaid")(plain)),
    path("api/soft/plain", ratelimit(policy="closed", block=False)(plain)),
    path("api/soft/async", ratelimit(policy="closed", block=False)(asynchronous)),
    path("api/soft/drf", Soft.as_view()),
]

POLICIES = {
    "open": {"key": "ip", "rate": "2/m", "on_store_error": "open"},
    "closed": {"key": "ip", "rate": "2/m", "on_store_error": "closed"},
    "unsaid": {"key": "ip", "rate": "2/m"},
}
OPEN = ("/api/open/plain", "/api/open/async", "/api/open/throttle", "/api/open/unnamed", "/api/unsaid")
CLOSED = ("/api/closed/plain", "/api/closed/async", "/api/closed/throttle", "/api/closed/unnamed")
WARNING = "The store of the rate limits does not answer: "


class Watch:
    """The clock of the breaker."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture(autouse=True)
def _fresh(settings, monkeypatch):
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {"POLICIES": POLICIES}}
    use(settings, Store)
    for cls in (Store, Memcached, Ignoring):
        monkeypatch.setattr(cls, "calls", 0)
    reset_ratelimits()
    with freeze_window():
        yield
    reset_ratelimits()


@pytest.fixture
def watch(monkeypatch):
    watch = Watch()
    monkeypatch.setattr(store, "monotonic", watch)
    return watch


@pytest.fixture
def does(monkeypatch):
    """Let the store do something before it counts."""
    return lambda what: monkeypatch.setattr(Store, "does", staticmethod(what))


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


def use(settings, cls):
    settings.CACHES = {"default": {"BACKEND": f"{__name__}.{cls.__name__}"}}


def configure(settings, **given):
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {**settings.APIERRORS["RATELIMIT"], **given}}


def told(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "django_apierrors"]


def assert_unavailable(response, seconds=2):
    assert_api_error(response, "RATE_LIMITER_UNAVAILABLE", 503)
    assert response.headers["Retry-After"] == str(seconds)
    assert "RateLimit" not in response.headers


# Open and closed


@pytest.mark.parametrize("url", OPEN)
def test_open_lets_requests_pass_uncounted_with_one_warning(send, caplog, does, url):
    does(fail)
    for _ in range(4):
        response = send("get", url)
        assert response.status_code == 200
        assert "RateLimit" not in response.headers
    assert told(caplog) == [WARNING + "ConnectionError: Connection refused."]


@pytest.mark.parametrize("url", CLOSED)
def test_closed_refuses_with_a_wait(send, caplog, does, url):
    does(fail)
    for _ in range(3):
        assert_unavailable(send("get", url))
    assert [message for message in told(caplog) if message.startswith(WARNING)] == [
        WARNING + "ConnectionError: Connection refused."
    ]


@pytest.mark.parametrize("format_", ["problem", "oauth2", "result"])
@pytest.mark.parametrize("url", CLOSED)
def test_closed_refuses_in_the_format(send, does, settings, url, format_):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": format_}
    does(fail)
    assert_unavailable(send("get", url))


@pytest.mark.parametrize("said", ["open", "closed"])
def test_what_a_policy_does_not_say_the_settings_say(send, settings, does, said):
    configure(settings, ON_STORE_ERROR=said, BREAKER_SECONDS=2.5)
    does(fail)
    response = send("get", "/api/unsaid")
    if said == "open":
        assert response.status_code == 200
    else:
        assert_unavailable(response, seconds=3)
    assert send("get", "/api/open/plain").status_code == 200
    assert_unavailable(send("get", "/api/closed/plain"), seconds=3)


@pytest.mark.parametrize("url", ["/api/soft/plain", "/api/soft/async", "/api/soft/drf"])
def test_a_soft_limit_refuses_nobody_even_when_it_is_closed(send, does, url):
    does(fail)
    for _ in range(2):
        response = send("get", url)
        assert response.status_code == 200
        assert response.content in (b"fine", b"false")


def test_a_limit_that_is_violated_is_told_rather_than_one_that_could_not_be_counted(does, settings):
    configure(settings, POLICIES={**POLICIES, "never": {"key": "ip", "rate": "0/m"}}, GLOBAL=["never", "closed"])

    def fail_after_the_first():
        if Store.calls > 1:
            fail()

    does(fail_after_the_first)
    response = Client().get("/api/plain/fine")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert response.json()["error"]["details"]["violated_policies"] == ["never"]


@pytest.mark.parametrize(("name", "status"), [("open", 200), ("closed", 503)])
def test_global_limits_are_open_and_closed_too(send, settings, does, caplog, name, status):
    configure(settings, GLOBAL=[name])
    does(fail)
    for _ in range(3):
        assert send("get", "/api/plain/fine").status_code == status
    assert [record.levelname for record in caplog.records] == ["WARNING"]  # and none of Django for the 503


@pytest.mark.parametrize("cls", [Memcached, Ignoring])
@pytest.mark.parametrize("fail_open", [False, True])
def test_a_store_that_says_nothing_did_not_count(send, settings, caplog, cls, fail_open):
    use(settings, cls)
    settings.RATELIMIT_FAIL_OPEN = fail_open  # of django-ratelimit; on_store_error decides
    for _ in range(3):
        assert send("get", "/api/open/plain").status_code == 200
        assert_unavailable(send("get", "/api/closed/plain"))
    assert cls.calls == 2  # once more, lest a counter was dropped in between
    assert [message for message in told(caplog) if message.startswith(WARNING)] == [
        WARNING + "StoreError: it did not count"
    ]


@pytest.mark.parametrize(
    "cache", [{"RATELIMIT_USE_CACHE": "nowhere"}, {"CACHES": {"default": {"BACKEND": "nowhere.Cache"}}}]
)
def test_a_store_that_is_not_there_is_no_500(send, settings, cache):
    for name, value in cache.items():
        setattr(settings, name, value)
    assert send("get", "/api/open/plain").status_code == 200
    assert_unavailable(send("get", "/api/closed/plain"))


def test_a_second_that_passed_while_it_counted_is_no_failure(does, caplog):
    with freeze_window(now=1_000_000_000.9) as clock:
        does(lambda: clock.advance(61))
        response = Client().get("/api/closed/plain")
    assert response.status_code == 200
    assert response.headers["RateLimit"] == '"closed";r=1;t=1'
    assert told(caplog) == []


# The breaker


def test_a_store_that_failed_is_left_alone_until_one_request_tries_again(does, watch, caplog):
    does(fail)
    client = Client()
    for _ in range(5):
        client.get("/api/open/plain")
    assert Store.calls == 1
    watch.now += 1.9
    client.get("/api/open/plain")
    assert Store.calls == 1
    for period in (2, 3, 4):
        watch.now += 2
        for _ in range(5):
            client.get("/api/open/plain")
        assert Store.calls == period
    assert told(caplog) == 4 * [WARNING + "ConnectionError: Connection refused."]


def test_limits_hold_again_as_soon_as_the_store_answers(does, watch, caplog):
    caplog.set_level("INFO", logger="django_apierrors")
    does(fail)
    client = Client()
    assert client.get("/api/open/plain").status_code == 200
    does(lambda: None)
    assert "RateLimit" not in client.get("/api/open/plain").headers
    watch.now += 2
    assert [client.get("/api/open/plain").status_code for _ in range(3)] == [200, 200, 429]
    assert told(caplog)[1:] == ["The store of the rate limits answers again"]


def test_only_one_request_tries_while_the_store_hangs(does, watch):
    is_trying, may_end = threading.Event(), threading.Event()

    def hang():
        is_trying.set()
        assert may_end.wait(10)
        raise TimeoutError("timed out")

    does(fail)
    assert_unavailable(Client().get("/api/closed/plain"))
    does(hang)
    watch.now += 2
    found = []
    trying = threading.Thread(target=lambda: found.append(Client().get("/api/closed/plain")))
    trying.start()
    try:
        assert is_trying.wait(10)
        for _ in range(3):
            assert_unavailable(Client().get("/api/closed/plain"))
        assert Store.calls == 2
        watch.now += 2  # it hangs for longer than a period: another may try
        does(lambda: None)
        assert Client().get("/api/closed/plain").status_code == 200
    finally:
        may_end.set()
        trying.join(10)
    assert_unavailable(found[0])


def test_many_requests_that_fail_together_warn_once(does, watch, caplog):
    everybody = threading.Barrier(4, timeout=10)

    def fail_together():
        everybody.wait()
        fail()

    assert Client().get("/api/open/plain").status_code == 200  # the first goes alone
    does(fail_together)
    threads = [threading.Thread(target=Client().get, args=["/api/open/plain"]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert Store.calls == 5
    assert told(caplog) == [WARNING + "ConnectionError: Connection refused."]


class Overtaken:
    """A lock that is got only after another request has closed the breaker."""

    def __enter__(self):
        store.breaker._open_until = 0.0

    def __exit__(self, *exc):
        pass


@pytest.mark.parametrize("method", ["raise_if_open", "record_success"])
def test_two_requests_may_close_the_breaker_at_once(watch, caplog, monkeypatch, method):
    caplog.set_level("INFO", logger="django_apierrors")
    store.breaker.record_failure(ConnectionError())
    watch.now += 2
    monkeypatch.setattr(store.breaker, "_lock", Overtaken())
    getattr(store.breaker, method)()
    assert store.breaker._open_until == 0
    assert len(told(caplog)) == 1


def test_an_exception_that_is_no_error_is_no_fault_of_the_store(does):
    def stop():
        raise KeyboardInterrupt

    does(stop)
    with pytest.raises(RuntimeError, match="The view raised KeyboardInterrupt"):
        Client().get("/api/open/plain")
    does(lambda: None)
    assert Client().get("/api/open/plain").status_code == 200


def test_a_test_begins_with_a_closed_breaker(does):
    does(fail)
    assert_unavailable(Client().get("/api/closed/plain"))
    does(lambda: None)
    assert_unavailable(Client().get("/api/closed/plain"))
    reset_ratelimits()
    assert Client().get("/api/closed/plain").status_code == 200


def test_in_real_time_the_breaker_lets_limits_hold_again(settings, does):
    configure(settings, BREAKER_SECONDS=0.05)
    does(fail)
    assert_unavailable(Client().get("/api/closed/plain"), seconds=1)
    does(lambda: None)
    deadline = time.monotonic() + 10
    while Client().get("/api/closed/plain").status_code == 503:
        assert time.monotonic() < deadline
    assert check(RequestFactory().get("/"), "closed")[0].used == 2


def test_a_forked_process_begins_with_a_closed_breaker(watch):
    store.breaker.record_failure(ConnectionError())
    with store.breaker._lock, warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python warns of threads
        child = os.fork()
        if not child:
            signal.alarm(30)
            status = 1
            try:
                status = int(Client().get("/api/closed/plain").status_code != 200)
            finally:
                os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert_unavailable(Client().get("/api/closed/plain"))


def test_the_answer_to_an_uncounted_request_is_not_logged_for_each(send, does, caplog):
    does(fail)
    for _ in range(3):
        assert_unavailable(send("get", "/api/closed/plain"))
    assert [record.levelname for record in caplog.records] == ["WARNING"]


def test_a_counter_that_a_full_store_dropped_is_counted_once_more(send, settings, caplog):
    use(settings, Dropping)
    Dropping.calls = 0
    response = send("get", "/api/closed/plain")
    assert (response.status_code, Dropping.calls, told(caplog)) == (200, 2, [])
