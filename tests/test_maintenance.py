"""Maintenance through real requests: who is refused, who passes, and who is told of it."""

import asyncio
import contextlib
import logging
import math
import threading
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import django
import pytest
from asgiref.sync import SyncToAsync, async_to_sync, iscoroutinefunction
from django.core import mail
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.urls import URLResolver, include, path
from django.utils import timezone
from django.utils.decorators import method_decorator, sync_and_async_middleware
from django.views import View
from rest_framework.decorators import action, api_view
from rest_framework.routers import SimpleRouter
from rest_framework.viewsets import ViewSet
from support.clients import sender

from django_apierrors import maintenance, windows
from django_apierrors.logs import RequestContextFilter
from django_apierrors.maintenance import bypass, maintenance_exempt, responses
from django_apierrors.maintenance.decision import Reason, evaluate
from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.models import MaintenanceWindow, Revision
from django_apierrors.problems import Problem
from django_apierrors.signals import maintenance_changed, problem_sent
from django_apierrors.snapshot import polling as snapshots
from django_apierrors.snapshot import snapshot
from django_apierrors.testing import assert_api_error, maintenance_mode
from django_apierrors.windows import Window, Windows, monitor

OURS = "django_apierrors.middleware.ApiErrorMiddleware"
HOUR = timedelta(hours=1)


def fine(request, **kwargs):
    return HttpResponse("fine")


async def asynchronous(request):
    return HttpResponse("fine")


@maintenance_exempt
class Exempt(View):
    def get(self, request):
        return HttpResponse("fine")

    post = get


class Inherits(Exempt):
    pass


@method_decorator(maintenance_exempt, name="dispatch")
class Dispatched(View):
    def get(self, request):
        return HttpResponse("fine")


@maintenance_exempt
@api_view()
def of_drf(request):
    return HttpResponse("fine")


class Orders(ViewSet):
    """One action is exempt, by its place in the class, and one that is found by a router."""

    @maintenance_exempt
    def list(self, request):
        return HttpResponse("fine")

    def create(self, request):
        return HttpResponse("fine")

    @maintenance_exempt
    @action(detail=False)
    def above(self, request):
        return HttpResponse("fine")

    @action(detail=False)
    @maintenance_exempt
    def below(self, request):
        return HttpResponse("fine")


router = SimpleRouter()
router.register("api/orders-of-set", Orders, basename="orders")

urlpatterns = [
    path("", include("urls")),
    path("open/function", maintenance_exempt(fine)),
    path("open/async", maintenance_exempt(asynchronous)),
    path("open/class", Exempt.as_view()),
    path("open/inherits", Inherits.as_view()),
    path("open/dispatched", Dispatched.as_view()),
    path("open/drf", of_drf),
    path("open/<int:number>/", maintenance_exempt(fine)),
    path("site/fine", fine),
    *router.urls,
]
with_open_views = pytest.mark.urls(__name__)


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


@pytest.fixture(autouse=True)
def known_to_be_off():
    """Forget what the test before left on."""
    monitor._known = frozenset()
    yield
    snapshot.reset()


class Clock:
    """A clock that stands still until it is told to go on."""

    def __init__(self):
        self.now = timezone.now().timestamp()

    def __call__(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    for module in (windows, responses, bypass):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def force(settings):
    def forced(value):
        settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": value}}

    return forced


def ask(send, path="/api/plain/fine", method="get", **extra):
    """Return the code of the refusal of a request, ``None`` when it passes."""
    answer = send(method, path, **extra)
    code = answer.headers.get("X-Error-Code")
    if code in ("MAINTENANCE", "READ_ONLY"):
        assert answer.status_code == 503
        return code
    assert answer.status_code < 500
    return None


def test_maintenance_is_on_from_enable_to_disable(send, db):
    assert ask(send) is None
    maintenance.enable(reason="moving house")
    answer = send("get", "/api/plain/fine")
    assert_api_error(answer, "MAINTENANCE", 503)
    assert 3598 <= int(answer.headers["Retry-After"]) <= 3600
    maintenance.disable()
    assert ask(send) is None


def test_a_test_turns_it_on(send):
    with maintenance_mode(mode="read_only", path_prefixes=["/api/plain"]):
        assert send("get", "/api/plain/fine").headers["X-Maintenance"] == "read-only"
        assert_api_error(send("post", "/api/plain/fine"), "READ_ONLY")
    assert send("post", "/api/plain/fine").status_code == 200


# While nothing is on


@pytest.mark.django_db
def test_off_there_is_no_query(send, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert ask(send) is None
        maintenance_is_over = maintenance_mode(starts_at=timezone.now() - 2 * HOUR, ends_at=timezone.now() + HOUR)
        with maintenance_is_over, maintenance_mode(starts_at=timezone.now() + HOUR):
            assert ask(send) == "MAINTENANCE"


@pytest.mark.parametrize("is_scheduled", [False, True])
def test_off_no_url_is_resolved_by_us(send, monkeypatch, settings, is_scheduled):
    resolved = []
    resolve = URLResolver.resolve
    monkeypatch.setattr(URLResolver, "resolve", lambda self, path: resolved.append(path) or resolve(self, path))
    windows.install_windows(Windows([Window(begins=timezone.now().timestamp() + 1000)] if is_scheduled else []))
    ask(send)
    with_us = list(resolved)
    resolved.clear()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != OURS]
    ask(send)
    assert with_us
    assert with_us == resolved


@pytest.mark.parametrize("is_on", [False, True])
def test_no_request_leaves_the_loop_for_us(monkeypatch, settings, is_on):
    hops = []
    call = SyncToAsync.__call__

    async def counted(self, *args, **kwargs):
        hops.append(self.func)
        return await call(self, *args, **kwargs)

    monkeypatch.setattr(SyncToAsync, "__call__", counted)
    settings.MIDDLEWARE = []
    sender("async")("get", "/api/async/fine")
    without_us, settings.MIDDLEWARE = len(hops), [OURS]
    hops.clear()
    if is_on:
        with maintenance_mode():
            assert ask(sender("async"), "/api/async/fine") == "MAINTENANCE"
        # Django leaves it for each answer of 400 and above, to look whether it is logged already.
        assert len(hops) == without_us + 1
    else:
        assert ask(sender("async"), "/api/async/fine") is None
        assert len(hops) == without_us


# Who passes


PREFLIGHT = {"HTTP_ORIGIN": "https://client.example", "HTTP_ACCESS_CONTROL_REQUEST_METHOD": "POST"}


@with_open_views
def test_the_first_reason_counts(settings):
    """Each request has all by which the later reasons would let it pass, too."""
    full = Window(key="full", exempt_networks=(ip_network("10.0.0.0/8"),))
    read_only, elsewhere = replace(full, is_read_only=True), replace(full, path_prefixes=("/elsewhere",))
    login, held = "/admin/login/", f"{bypass.COOKIE}={bypass.token([full])}"

    def reason(path="/open/function", method="get", opened=(full,), cookie=held, peer="10.0.0.1", **meta):
        request = getattr(RequestFactory(), method)(path, REMOTE_ADDR=peer, HTTP_COOKIE=cookie, **meta)
        return evaluate(request, opened).reason

    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"EXEMPT_PATHS": ["/admin/login"]}}
    assert reason(opened=()) is Reason.NOTHING_ON
    assert reason(login, "options", [elsewhere]) is Reason.EXEMPT_PATH
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"EXEMPT_PATHS": []}}
    assert reason(login, "options", [elsewhere]) is Reason.OUT_OF_SCOPE
    assert reason(login, "options", [read_only]) is Reason.READ
    assert reason(login) is Reason.CONTROL_PLANE
    assert reason() is Reason.BYPASS
    assert reason(cookie="") is Reason.NETWORK
    assert reason(cookie="", peer="") is Reason.EXEMPT_VIEW
    assert reason("/site/fine", "options", cookie="", peer="", **PREFLIGHT) is Reason.PREFLIGHT
    assert reason("/open/function", "options", cookie="", peer="", **PREFLIGHT) is Reason.EXEMPT_VIEW
    assert reason("/site/fine", cookie="", peer="") is Reason.REFUSED
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": False}}
    assert reason(opened=()) is Reason.FORCED_OFF
    assert all(str(reason.value).endswith((".", ".")) for reason in Reason)


@pytest.mark.parametrize(
    ("window", "path", "method", "code"),
    [
        ({}, "/api/plain/fine", "get", "MAINTENANCE"),
        ({}, "/site/page", "get", "MAINTENANCE"),
        ({}, "/api/nowhere", "get", "MAINTENANCE"),
        ({}, "/api/drf", "delete", "MAINTENANCE"),
        ({"path_prefixes": ["/"]}, "/site/page", "get", "MAINTENANCE"),
        ({"path_prefixes": ["/api/plain"]}, "/api/plain", "get", "MAINTENANCE"),
        ({"path_prefixes": ["/api/plain"]}, "/api/plain/fine", "get", "MAINTENANCE"),
        ({"path_prefixes": ["/api/plain/"]}, "/api/plain", "get", "MAINTENANCE"),
        ({"path_prefixes": ["/api/pla"]}, "/api/plain/fine", "get", None),
        ({"path_prefixes": ["/api/x", "/api/plain"]}, "/api/plain/fine", "get", "MAINTENANCE"),
        ({"methods": ["POST"]}, "/api/plain/fine", "get", None),
        ({"methods": ["POST"]}, "/api/plain/fine", "post", "MAINTENANCE"),
        ({"methods": ["post"]}, "/api/plain/fine", "post", "MAINTENANCE"),
        ({"methods": ["GET"]}, "/api/plain/fine", "head", "MAINTENANCE"),
        ({"methods": ["HEAD"]}, "/api/plain/fine", "get", None),
        ({"methods": ["POST"], "path_prefixes": ["/api/drf"]}, "/api/plain/fine", "post", None),
        ({"methods": ["POST"], "path_prefixes": ["/api/drf"]}, "/api/drf/fine", "post", "MAINTENANCE"),
        ({"mode": "read_only"}, "/api/plain/fine", "get", None),
        ({"mode": "read_only"}, "/api/plain/fine", "head", None),
        ({"mode": "read_only"}, "/api/plain/fine", "options", None),
        ({"mode": "read_only"}, "/api/plain/fine", "post", "READ_ONLY"),
        ({"mode": "read_only"}, "/api/plain/fine", "put", "READ_ONLY"),
        ({"mode": "read_only"}, "/api/plain/fine", "patch", "READ_ONLY"),
        ({"mode": "read_only"}, "/api/plain/fine", "delete", "READ_ONLY"),
        ({"mode": "read_only"}, "/api/plain/fine", "trace", "READ_ONLY"),
        ({"mode": "read_only", "path_prefixes": ["/api/drf"]}, "/api/plain/fine", "post", None),
    ],
)
def test_a_window_refuses_what_it_covers(window, path, method, code, send):
    with maintenance_mode(**window):
        assert ask(send, path, method) == code
    assert ask(send, path, method) is None


def test_reading_says_that_only_reading_goes_on(send):
    with maintenance_mode(mode="read_only", path_prefixes=["/api"]):
        assert send("get", "/api/plain/fine").headers["X-Maintenance"] == "read-only"
        assert "X-Maintenance" not in send("get", "/site/page").headers
    with maintenance_mode():
        assert "X-Maintenance" not in send("get", "/api/plain/fine").headers


def test_of_several_windows_the_strictest_that_covers_the_request_answers(send):
    now = timezone.now()
    with (
        maintenance_mode(mode="read_only", message="Read only."),
        maintenance_mode(path_prefixes=["/api/plain"], ends_at=now + HOUR, message="Short."),
        maintenance_mode(path_prefixes=["/api"], ends_at=now + 2 * HOUR, methods=["GET"], message="Long."),
    ):
        answers = {
            (method, path): send(method, path)
            for method in ("get", "post")
            for path in ("/api/plain/fine", "/api/drf/fine", "/site/page")
        }
    said = {
        request: answer.json()["error"]["message"] for request, answer in answers.items() if answer.status_code == 503
    }
    assert said == {
        ("get", "/api/plain/fine"): "Long.",
        ("get", "/api/drf/fine"): "Long.",
        ("post", "/api/plain/fine"): "Short.",
        ("post", "/api/drf/fine"): "Read only.",
        ("post", "/site/page"): "Read only.",
    }
    assert int(answers["get", "/api/plain/fine"].headers["Retry-After"]) > 7000
    assert answers["get", "/site/page"].headers["X-Maintenance"] == "read-only"


def test_a_network_must_be_exempt_from_all_windows_that_cover_the_request(send):
    """The address of both clients is 127.0.0.1."""
    with maintenance_mode(exempt_networks=["127.0.0.0/8"]):
        assert ask(send) is None
        with maintenance_mode(path_prefixes=["/api/plain"], exempt_networks=["192.0.2.0/24"]):
            assert ask(send) == "MAINTENANCE"
            assert ask(sender("sync"), REMOTE_ADDR="192.0.2.1") == "MAINTENANCE"
            assert ask(send, "/api/drf/fine") is None
        with maintenance_mode(mode="read_only"):
            assert ask(send) is None
            assert ask(send, method="post") == "READ_ONLY"


@pytest.mark.parametrize(
    ("network", "peer", "forwarded", "passes"),
    [
        ("10.0.0.1/32", "10.0.0.1", "", True),
        ("10.0.0.1/32", "10.0.0.199", "", False),
        ("10.0.0.1", "10.0.0.1", "", True),
        ("10.0.0.1", "::ffff:10.0.0.1", "", True),
        ("::ffff:10.0.0.1", "10.0.0.1", "", True),
        ("2001:db8::/32", "2001:db8:1::1", "", True),
        ("2001:db8::/32", "2001:db9::1", "", False),
        ("0.0.0.0/0", "", "", False),
        ("0.0.0.0/0", "unknown", "", False),
        ("10.0.0.0/8", "203.0.113.5", "10.0.0.1", False),
        ("10.0.0.0/8", "192.0.2.80", "10.0.0.1", True),
        ("10.0.0.0/8", "192.0.2.80", "10.0.0.1, 203.0.113.5", False),
        ("10.0.0.0/8", "192.0.2.80", "203.0.113.5, 10.0.0.1:5678, 192.0.2.81", True),
        ("203.0.113.5", "192.0.2.80", "10.0.0.1, 203.0.113.5, 192.0.2.81", True),
        ("0.0.0.0/0", "192.0.2.80", "garbage", False),
        ("192.0.2.0/24", "192.0.2.80", "garbage", False),
    ],
)
def test_an_exempt_network_is_that_of_the_client(network, peer, forwarded, passes, settings):
    settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": ["192.0.2.80", "192.0.2.81"]}
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    with maintenance_mode(exempt_networks=[network]):
        assert ask(sender("sync"), REMOTE_ADDR=peer, headers=headers) == (None if passes else "MAINTENANCE")


@pytest.mark.parametrize("path", ["/livez", "/livez/", "/readyz", "/healthz", "/health", "/up"])
def test_orchestrators_are_answered(send, path):
    with maintenance_mode():
        assert send("get", path, headers={"Accept": "text/html"}).status_code == 404  # of Django: it passed
        assert ask(send, path + "/x") == "MAINTENANCE"


@with_open_views
def test_a_view_that_is_marked_goes_on(send):
    opened = [
        ("/open/function", "get"),
        ("/open/function", "post"),
        ("/open/async", "get"),
        ("/open/class", "get"),
        ("/open/class", "head"),
        ("/open/class", "delete"),
        ("/open/inherits", "get"),
        ("/open/dispatched", "get"),
        ("/open/drf", "get"),
        ("/open/7/", "get"),
        ("/api/orders-of-set/", "head"),
        ("/api/orders-of-set/", "get"),
        ("/api/orders-of-set/above/", "get"),
        ("/api/orders-of-set/below/", "get"),
    ]
    closed = [
        ("/open/seven/", "get"),
        ("/open/function/", "get"),
        ("/api/orders-of-set/", "post"),
        ("/api/orders-of-set/", "delete"),
        ("/site/fine", "get"),
    ]
    with maintenance_mode():
        assert [request for request in (*opened, *closed) if ask(send, *request) is None] == opened


def test_the_view_itself_stays_as_it_was(send):
    assert maintenance_exempt(fine).__name__ == "fine"
    assert not hasattr(fine, "maintenance_exempt")
    assert maintenance_exempt(fine)(None, a=1).content == b"fine"
    assert async_to_sync(maintenance_exempt(asynchronous))(None).content == b"fine"


class OfATenant:
    urlpatterns = [path("api/plain/fine", maintenance_exempt(fine))]


@sync_and_async_middleware
def of_a_tenant(get_response):
    """Give requests a URLconf of their own, as packages for hosts and tenants do."""

    def choose(request):
        request.urlconf = OfATenant

    if iscoroutinefunction(get_response):

        async def middleware(request):
            choose(request)
            return await get_response(request)

    else:

        def middleware(request):
            choose(request)
            return get_response(request)

    return middleware


@with_open_views
def test_a_view_is_looked_up_in_the_urlconf_of_the_request(send, settings):
    settings.MIDDLEWARE = ["test_maintenance.of_a_tenant", *settings.MIDDLEWARE]
    with maintenance_mode():
        assert ask(send) is None
        assert ask(send, "/open/function") == "MAINTENANCE"


class Unimportable:
    @property
    def urlpatterns(self):
        raise ZeroDivisionError("a module that cannot be imported")


def test_urls_that_fail_never_make_it_a_500(send, settings):
    settings.ROOT_URLCONF = Unimportable()
    with maintenance_mode():
        for path_ in ("/api/plain/fine", "/admin/", "/static/x.css"):
            assert ask(send, path_) == "MAINTENANCE"


def test_a_preflight_passes_and_the_refusal_that_follows_may_be_read(send):
    origin = {"Origin": "https://client.example"}
    with maintenance_mode():
        preflight = send("options", "/api/orders", headers={**origin, "Access-Control-Request-Method": "POST"})
        assert preflight.status_code == 200
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        refused = send("post", "/api/orders", headers=origin)
        assert_api_error(refused, "MAINTENANCE")
        assert refused.headers["Access-Control-Allow-Origin"] == "https://client.example"
        assert "Retry-After" in refused.headers["Access-Control-Expose-Headers"]


ORIGIN = {"Origin": "https://client.example"}
ASKS = {**ORIGIN, "Access-Control-Request-Method": "POST"}
#: How often the view of a preflight was called.
REACHED = []


@method_decorator(maintenance_exempt, name="dispatch")
class ExemptReached(View):
    def options(self, request):
        REACHED.append(request)
        return HttpResponse("from the view")


def reached(request):
    REACHED.append(request)
    return HttpResponse("from the view")


class WithPreflights:
    urlpatterns = [
        path("api/reached", reached),
        path("api/exempt", ExemptReached.as_view()),
        path("other/reached", reached),
    ]


@pytest.fixture
def preflight(send, settings):
    """Send a preflight through a project without a CORS middleware, and say whether a view got it."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "cors" not in name]
    settings.ROOT_URLCONF = WithPreflights

    def ask_(path_="/api/reached", **headers):
        REACHED.clear()
        answer = send("options", path_, headers={**ASKS, **headers})
        return answer, bool(REACHED)

    return ask_


def test_a_preflight_reaches_no_view_whatever_it_carries(preflight):
    assert preflight()[1]
    with maintenance_mode():
        for headers in ({}, {"Authorization": "Bearer good"}, {"Cookie": "sessionid=x"}):
            answer, is_reached = preflight(**headers)
            assert (answer.status_code, answer.content, is_reached) == (204, b"", False)
            assert "Content-Type" not in answer.headers
    assert preflight()[1]


@pytest.mark.parametrize("headers", [ORIGIN, {"Access-Control-Request-Method": "POST"}, {}])
def test_only_a_preflight_is_one(headers, send, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "cors" not in name]
    with maintenance_mode():
        assert ask(send, method="options", headers=headers) == "MAINTENANCE"
        assert ask(send, method="post", headers=ASKS) == "MAINTENANCE"


def test_a_preflight_that_no_window_refuses_reaches_its_view(preflight):
    with maintenance_mode(path_prefixes=["/api"]):
        assert preflight("/other/reached")[1]
        assert preflight("/api/exempt")[1]
        assert not preflight("/api/reached")[1]
    with maintenance_mode(mode="read_only"):
        answer, is_reached = preflight()
        assert (is_reached, answer.headers["X-Maintenance"]) == (True, "read-only")
    with maintenance_mode(exempt_networks=["127.0.0.1"]):
        assert preflight()[1]


def test_a_cors_middleware_below_answers_a_preflight(preflight, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "corsheaders.middleware.CorsMiddleware"]
    with maintenance_mode():
        answer, is_reached = preflight()
    assert (answer.status_code, is_reached) == (200, False)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]


@sync_and_async_middleware
def cors_by_hand(get_response):
    """Add headers to every response, as middleware of a project's own does."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            response = await get_response(request)
            response["Access-Control-Allow-Origin"] = "*"
            return response

    else:

        def middleware(request):
            response = get_response(request)
            response["Access-Control-Allow-Origin"] = "*"
            return response

    return middleware


def test_headers_of_others_stay_on_the_answer_to_a_preflight(preflight, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "test_maintenance.cors_by_hand"]
    with maintenance_mode():
        answer, is_reached = preflight()
        assert (answer.status_code, is_reached) == (204, False)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert preflight("/api/nowhere")[0].status_code == 404


def test_hooks_are_async_where_the_chain_is():
    """A sync one would cost every request a hop between threads."""

    async def get_response(request):
        return HttpResponse()

    middleware = ApiErrorMiddleware(get_response)
    assert iscoroutinefunction(middleware.process_view)
    assert not iscoroutinefunction(ApiErrorMiddleware(lambda request: HttpResponse()).process_view)


# FORCE


@with_open_views
def test_force_refuses_everything_but_the_exemptions(send, force):
    force(True)
    assert ask(send) == "MAINTENANCE"
    for path_ in ("/livez", "/admin/login/", "/errors/", "/static/nothing.css", "/open/function"):
        assert ask(send, path_, headers={"Accept": "text/html"}) is None
    assert send("options", "/site/fine", headers=ASKS).status_code < 300
    answer = send("get", "/api/plain/fine")
    assert answer.headers["Retry-After"] == "300"
    assert "details" not in answer.json()["error"]


def test_force_needs_no_database(send, force):
    """Without the mark of pytest-django each query would raise."""
    force(True)
    assert ask(send) == "MAINTENANCE"


@pytest.mark.parametrize("polls", [None, 1.0])
@pytest.mark.django_db(transaction=True)
def test_force_works_before_the_tables_exist(send, settings, polls):
    with connection.schema_editor() as editor:
        editor.delete_model(MaintenanceWindow)
    try:
        for value, code in ((True, "MAINTENANCE"), (False, None), (None, None)):
            settings.APIERRORS = {"REFRESH_SECONDS": polls, "MAINTENANCE": {"FORCE": value}}
            snapshot.reset()
            assert ask(send) == code
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(MaintenanceWindow)


def test_force_outranks_the_windows(send, force):
    with maintenance_mode():
        force(False)
        assert ask(send) is None
        force(None)
        assert ask(send) == "MAINTENANCE"
    with maintenance_mode(path_prefixes=["/elsewhere"], mode="read_only", starts_at=timezone.now() + HOUR):
        force(True)
        assert ask(send) == "MAINTENANCE"
        force(None)
        assert ask(send) is None


def test_force_refuses_reading_even_where_a_window_allows_it(send, force):
    force(True)
    with maintenance_mode(mode="read_only", message="Not these."):
        answer = send("get", "/api/plain/fine")
    assert_api_error(answer, "MAINTENANCE", 503, message="The service is down for maintenance. Please try again later.")


def test_force_takes_words_and_networks_of_the_strictest_full_window(send, force):
    force(True)
    ends_at = timezone.now() + HOUR
    with (
        maintenance_mode(mode="read_only", message="Not these.", exempt_networks=["127.0.0.1"]),
        maintenance_mode(path_prefixes=["/elsewhere"], message="These.", exempt_networks=["10.0.0.1"], ends_at=ends_at),
    ):
        answer = send("get", "/api/plain/fine")
        assert (answer.json()["error"]["message"], answer.headers["Retry-After"]) == ("These.", "300")
        assert ask(sender("sync"), REMOTE_ADDR="10.0.0.1") is None
        assert ask(sender("sync"), REMOTE_ADDR="127.0.0.1") == "MAINTENANCE"


@pytest.mark.parametrize("value", ["on", "", "0", 1, []], ids=repr)
@pytest.mark.parametrize("handler", [Client, AsyncClient])
def test_a_server_does_not_start_with_a_force_that_means_nothing(force, value, handler):
    force(value)
    with pytest.raises(ImproperlyConfigured, match=r"FORCE.* is .*must be True, False or None"):
        handler().handler.load_middleware()


# On time


def test_a_scheduled_window_begins_and_ends_on_time_without_a_read(send, clock, django_assert_num_queries, db):
    opened = maintenance.enable(starts_at=timezone.now() + HOUR, duration=HOUR)
    assert ask(send) is None
    with django_assert_num_queries(0):
        clock.now = opened.starts_at.timestamp() - 0.001
        assert ask(send) is None
        clock.now += 0.001
        assert ask(send) == "MAINTENANCE"
        clock.now = opened.ends_at.timestamp() - 0.001
        assert ask(send) == "MAINTENANCE"
        clock.now += 0.001
        assert ask(send) is None


def test_windows_follow_one_another_without_a_gap(send, clock):
    start = datetime.fromtimestamp(clock.now, UTC)
    with (
        maintenance_mode(starts_at=start, ends_at=start + HOUR, message="First."),
        maintenance_mode(starts_at=start + HOUR, ends_at=start + 2 * HOUR, mode="read_only", message="Second."),
    ):
        said = []
        for _ in range(5):
            answer = send("post", "/api/plain/fine")
            said.append(answer.json()["error"]["message"] if answer.status_code == 503 else None)
            clock.now += 1799.5
    assert said == ["First.", "First.", "First.", "Second.", "Second."]


# Who is told


@pytest.fixture(params=["def", "async def"])
def told(request):
    """What receivers of both kinds learn of changes."""
    seen = []

    def receiver(sender, is_on, windows, **kwargs):
        seen.append((sender, is_on, [window.key for window in windows]))

    async def asynchronous(sender, is_on, windows, **kwargs):
        seen.append((sender, is_on, [window.key for window in windows]))

    connected = asynchronous if request.param == "async def" else receiver
    maintenance_changed.connect(connected)
    yield seen
    maintenance_changed.disconnect(connected)


def lines_of(caplog):
    """Return what was logged of changes; nothing else may be logged above INFO, nothing at all as an ERROR."""
    records = [record for record in caplog.records if record.levelno > logging.INFO]
    assert {(record.name, record.levelname) for record in records} <= {("django_apierrors", "WARNING")}
    return [record.getMessage() for record in records]


@pytest.mark.django_db(transaction=True)
def test_each_change_is_told_once_as_soon_as_it_is_committed(send, told, caplog):
    with transaction.atomic():
        first = maintenance.enable(duration=None)
        assert (told, lines_of(caplog)) == ([], [])
    second = maintenance.enable(
        ends_at=datetime(2199, 1, 2, 3, 4, 5, tzinfo=UTC), methods=["PUT", "POST"], mode="read_only"
    )
    maintenance.enable(starts_at=timezone.now() + HOUR)
    for _ in range(3):
        ask(send)
    maintenance.disable()
    ask(send)
    assert told == [(Window, True, [first.key]), (Window, True, [first.key, second.key]), (Window, False, [])]
    assert lines_of(caplog) == [
        "Maintenance is on for everything until it is turned off",
        "Maintenance is on for everything until it is turned off; "
        "read-only for POST, PUT on every path until 2199-01-02 03:04:05+00:00",
        "Maintenance is off",
    ]


@pytest.mark.django_db(transaction=True)
def test_a_change_from_async_code_is_told_too(told):
    async def scenario():
        await maintenance.aenable()
        await maintenance.adisable()

    async_to_sync(scenario)()
    assert [is_on for _, is_on, _ in told] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_told_to_nobody(send, told, caplog):
    with contextlib.suppress(ZeroDivisionError), transaction.atomic():
        maintenance.enable()
        raise ZeroDivisionError
    assert ask(send) is None
    assert (told, lines_of(caplog)) == ([], [])


def test_a_change_by_the_clock_is_told_by_the_first_request_that_meets_it(send, told, caplog, clock):
    start = datetime.fromtimestamp(clock.now, UTC) + HOUR
    with maintenance_mode(starts_at=start, ends_at=start + HOUR, path_prefixes=["/api"]):
        for _ in range(4):
            for _ in range(2):
                ask(send)
            clock.now += 3600
    assert [is_on for _, is_on, _ in told] == [True, False]
    assert len(lines_of(caplog)) == 2


def test_force_is_a_change_too(send, told, force):
    force(True)
    ask(send)
    ask(send)
    force(None)
    ask(send)
    assert told == [(Window, True, ["force"]), (Window, False, [])]


def test_an_extension_is_no_change(send, told):
    opened = Window(key="a", ends=timezone.now().timestamp() + 1000)
    for ends in (opened.ends, opened.ends + 1000, math.inf):
        windows.install_windows(Windows([replace(opened, ends=ends)]))
        assert ask(send) == "MAINTENANCE"
    assert len(told) == 1


@pytest.mark.parametrize("is_async", [False, True])
def test_a_receiver_that_fails_costs_nobody_his_answer(send, is_async, caplog):
    def fails(**kwargs):
        raise ZeroDivisionError("secret")

    async def fails_asynchronously(**kwargs):
        raise ZeroDivisionError("secret")

    receiver = fails_asynchronously if is_async else fails
    for signal in (maintenance_changed, problem_sent):
        signal.connect(receiver)
    try:
        with maintenance_mode():
            answer = send("get", "/api/plain/fine")
    finally:
        for signal in (maintenance_changed, problem_sent):
            signal.disconnect(receiver)
    assert_api_error(answer, "MAINTENANCE")
    assert b"secret" not in answer.content
    assert "secret" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_fails_costs_no_operator_his_switch(caplog):
    def fails(**kwargs):
        raise ZeroDivisionError("secret")

    maintenance_changed.connect(fails)
    try:
        maintenance.enable()
    finally:
        maintenance_changed.disconnect(fails)
    assert maintenance.status().is_on
    assert "secret" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_nor_does_a_fault_of_ours(monkeypatch, caplog):
    def fails(request=None):
        raise ZeroDivisionError("secret")

    done = []
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "refresh", fails)
        with transaction.atomic():
            maintenance.enable()
            transaction.on_commit(lambda: done.append("what the project does"))
    assert maintenance.status().is_on
    assert done == ["what the project does"]
    assert "secret" in caplog.text


def test_each_refusal_is_a_problem_that_is_sent(send):
    sent = []

    def receiver(sender, problem, request, response, **kwargs):
        sent.append((sender, problem.code, problem.status, request.path, response.status_code))

    problem_sent.connect(receiver)
    try:
        with maintenance_mode():
            send("get", "/api/plain/fine")
            send("get", "/site/page", headers={"Accept": "text/html"})
            send("get", "/livez", headers={"Accept": "text/html"})
    finally:
        problem_sent.disconnect(receiver)
    assert sent == [(Problem, "MAINTENANCE", 503, path_, 503) for path_ in ("/api/plain/fine", "/site/page")]


def test_many_threads_tell_of_a_change_once(told, caplog):
    together, send = threading.Barrier(8), sender("sync")

    def run(number):
        together.wait(60)
        return [ask(send) for _ in range(5)]

    for opened, code in (([Window(key="a")], "MAINTENANCE"), ([], None)):
        windows.install_windows(Windows(opened))
        with ThreadPoolExecutor(8) as pool:
            assert list(pool.map(run, range(8))) == [[code] * 5] * 8
    assert [is_on for _, is_on, _ in told] == [True, False]
    assert len(lines_of(caplog)) == 2


def test_who_looked_earlier_does_not_speak_later(monkeypatch, caplog):
    is_looking, goes_on = threading.Event(), threading.Event()
    open_at = windows.open_at

    def held_once(now):
        found = open_at(now)
        if not is_looking.is_set():
            is_looking.set()
            assert goes_on.wait(60)
        return found

    monitor.invalidate()
    monkeypatch.setattr(windows, "open_at", held_once)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(monitor.check)
        assert is_looking.wait(60)
        windows.install_windows(Windows([Window(key="a")]))
        second = pool.submit(monitor.check)
        wait([second], 0.2)  # it could finish now, were it not for the lock
        goes_on.set()
        assert first.result(60) == ((), False)
        assert second.result(60)[1] is True
    assert monitor.check()[1] is False
    assert len(lines_of(caplog)) == 1


def test_a_child_does_not_inherit_a_lock_that_is_held():
    with maintenance_mode(), monitor._lock:
        monitor.after_fork()
        assert ask(sender("sync")) == "MAINTENANCE"


# Silence


@pytest.fixture
def admins(settings):
    settings.ADMINS = ["ana@example.com"] if django.VERSION >= (6, 0) else [("Ana", "ana@example.com")]
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}


@pytest.mark.usefixtures("admins")
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_thousand_refusals_are_no_record_and_no_mail(accept, caplog):
    with maintenance_mode():
        client = Client(headers={"Accept": accept})
        assert {client.get("/site/page").status_code for _ in range(1000)} == {503}
    assert len(lines_of(caplog)) == 1
    assert mail.outbox == []


@pytest.mark.usefixtures("admins")
def test_nor_are_fifty_under_asgi(caplog):
    async def ask_all():
        client = AsyncClient()
        return {(await client.get("/api/plain/fine")).status_code for _ in range(50)}

    with maintenance_mode():
        assert asyncio.run(ask_all()) == {503}
    assert len(lines_of(caplog)) == 1
    assert mail.outbox == []


@pytest.mark.usefixtures("admins")
def test_a_503_of_a_view_is_logged_and_mailed(send, set_view, caplog):
    """What the tests above would see, did we not say that a refusal is logged already."""
    set_view(lambda request: HttpResponse(status=503))
    send("get", "/api/plain")
    assert [record.levelname for record in caplog.records] == ["ERROR"]
    assert len(mail.outbox) == 1


def test_records_of_a_refused_request_name_it_and_its_code(send, caplog):
    def logs(sender, request, **kwargs):
        logging.getLogger("shop").warning("Refused.", extra={"request": request})

    problem_sent.connect(logs)
    caplog.handler.addFilter(context := RequestContextFilter())
    try:
        with maintenance_mode():
            answer = send("get", "/api/plain/fine", headers={"X-Request-ID": "mine-1"})
    finally:
        caplog.handler.removeFilter(context)
        problem_sent.disconnect(logs)
    assert answer.headers["X-Request-ID"] == "mine-1"
    (record,) = (record for record in caplog.records if record.name == "shop")
    assert (record.request_id, record.error_code) == ("mine-1", "MAINTENANCE")


# A database that fails


@pytest.fixture
def polling(settings, transactional_db):
    """Let each request find the copy too old."""
    settings.APIERRORS = {**settings.APIERRORS, "REFRESH_SECONDS": 0.000001}


def refuse(*args, **kwargs):
    raise OperationalError("the database is down")


@pytest.mark.usefixtures("polling")
def test_what_was_on_stays_on_while_the_database_is_down(send, monkeypatch, caplog):
    maintenance.enable()
    assert ask(send) == "MAINTENANCE"
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        for _ in range(5):
            assert ask(send) == "MAINTENANCE"
            assert ask(send, "/admin/login/") is None
    assert any("cannot be read" in line for line in lines_of(caplog))


@pytest.mark.usefixtures("polling")
def test_what_is_scheduled_begins_and_ends_while_the_database_is_down(send, monkeypatch, clock):
    opened = maintenance.enable(starts_at=timezone.now() + HOUR, duration=HOUR)
    assert ask(send) is None
    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        clock.now = opened.starts_at.timestamp()
        assert ask(send) == "MAINTENANCE"
        clock.now = opened.ends_at.timestamp()
        assert ask(send) is None


@pytest.mark.usefixtures("polling")
def test_what_was_on_stays_on_without_its_table(send):
    maintenance.enable()
    assert ask(send) == "MAINTENANCE"
    with connection.schema_editor() as editor:
        editor.delete_model(MaintenanceWindow)
    try:
        Revision.objects.update(token="another")
        for _ in range(3):
            assert ask(send) == "MAINTENANCE"
        snapshot.reset()  # a process that starts now
        assert ask(send) is None
    finally:
        with connection.schema_editor() as editor:
            editor.create_model(MaintenanceWindow)


@pytest.mark.usefixtures("polling")
@pytest.mark.parametrize(
    "column", ["mode", "path_prefixes", "methods", "exempt_networks", "message", "status_url", "reason", "key"]
)
def test_what_was_on_stays_on_with_a_row_that_makes_no_sense(send, column):
    maintenance.enable()
    with connection.cursor() as cursor:
        name = connection.ops.quote_name(column)
        cursor.execute(f"UPDATE django_apierrors_maintenancewindow SET {name} = 'garbage'")
    Revision.objects.update(token="another")
    for _ in range(2):
        assert ask(send) == "MAINTENANCE"
        snapshot.reset()


@pytest.mark.usefixtures("polling")
def test_a_row_that_cannot_be_read_at_all_leaves_what_was_known(send, monkeypatch):
    maintenance.enable()
    assert ask(send) == "MAINTENANCE"

    def fails(using):
        raise TypeError("no such type")

    monkeypatch.setitem(snapshots._PARTS, "windows", (fails, windows.install_windows))
    Revision.objects.update(token="another")
    assert ask(send) == "MAINTENANCE"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "given", [{"path_prefixes": [""]}, {"methods": ["POST", " "]}, {"exempt_networks": "10.0.0.1\n\n10.0.0.2"}]
)
def test_a_blank_item_is_refused_because_nothing_would_mean_everything(given):
    with pytest.raises(ValidationError) as refused:
        maintenance.enable(**given)
    assert list(refused.value.message_dict) == list(given)
    assert not MaintenanceWindow.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("url", ["ftp://status.example.com/", "status"])
def test_a_status_page_that_no_browser_opens_is_refused(url):
    with pytest.raises(ValidationError) as refused:
        maintenance.enable(status_url=url)
    assert list(refused.value.message_dict) == ["status_url"]


def test_a_proxy_that_nobody_named_is_not_exempt_for_all_its_clients(send, settings):
    forwarded = {"X-Forwarded-For": "203.0.113.9"}
    with maintenance_mode(exempt_networks=["127.0.0.0/8"]):
        assert ask(send) is None
        assert ask(send, headers=forwarded) == "MAINTENANCE"
        settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": ["127.0.0.1"]}
        assert ask(send, headers=forwarded) == "MAINTENANCE"
        assert ask(send, headers={"X-Forwarded-For": "127.0.0.9"}) is None
