"""Whose requests are counted together: by address, user, header, parameter, or what a project says."""

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.client import AsyncClientHandler
from django.urls import include, path
from django.utils.decorators import method_decorator
from rest_framework.authentication import BaseAuthentication
from rest_framework.decorators import api_view
from rest_framework.response import Response
from rest_framework.views import APIView
from support.clients import sender

from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.ratelimit import RatelimitThrottle, RateTooHigh, keys, ratelimit
from django_apierrors.testing import assert_api_error, freeze_window, reset_ratelimits

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)


def plain(request):
    return HttpResponse("fine")


async def asynchronous(request):
    return HttpResponse("fine")


class Throttled(APIView):
    throttle_classes = [RatelimitThrottle.of("user")]

    def get(self, request):
        return Response(str(request.user))


class OnMethod(APIView):
    @method_decorator(ratelimit(key="user", rate="1/m"))
    def get(self, request):
        return Response(str(request.user))

    @ratelimit(key="user_or_ip", rate="1/m")
    def put(self, request):
        return Response(str(request.user))

    @ratelimit(key="post:email", rate="1/m")
    def post(self, request):
        return Response(request.data)


class Service:
    """A user that is no model, as those of gateways are, and has no key."""

    is_authenticated = True


class ServiceAuthentication(BaseAuthentication):
    def authenticate(self, request):
        return Service(), None


class OfService(OnMethod):
    authentication_classes = [ServiceAuthentication]


@api_view(["GET"])
def decorated(request):
    return Response("fine")


def by_tenant(group, request):
    return request.GET.get("tenant")


class ByTenant:
    def __call__(self, group, request):
        return request.GET.get("tenant", "")


urlpatterns = [
    path("", include("urls")),
    path("api/ip", ratelimit(key="ip", rate="1/m")(plain)),
    path("api/throttled", Throttled.as_view()),
    path("api/on-method", OnMethod.as_view()),
    path("api/service", OfService.as_view()),
    path("api/above", ratelimit(key="user", rate="1/m")(decorated)),
    path("api/above-or-ip", ratelimit(key="user_or_ip", rate="1/m")(decorated)),
    path("api/awaited", ratelimit(key="user", rate="1/m")(asynchronous)),
    path("api/header", ratelimit(key="header:x-api-key", rate="1/m")(plain)),
    path("api/get", ratelimit(key="get:name", rate="1/m")(plain)),
    path("api/post", ratelimit(key="post:name", rate="1/m")(plain)),
    path("api/callable", ratelimit(key=by_tenant, rate="1/m")(plain)),
    path("api/instance", ratelimit(key=ByTenant(), rate="1/m")(plain)),
    path("api/dotted", ratelimit(key=f"{__name__}.by_tenant", rate="1/m")(plain)),
    path("api/two", ratelimit(key="ip", rate="2/m")(ratelimit(key="header:x-api-key", rate="2/m")(plain))),
]

WARNING_OF_USERS = "A rate limit by user met a request without one"


@pytest.fixture(autouse=True)
def _fresh(settings, monkeypatch):
    policies = {"user": {"key": "user", "rate": "1/m"}}
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {"POLICIES": policies}}
    monkeypatch.setattr(keys, "_warned", set())
    reset_ratelimits()
    with freeze_window():
        yield


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


def key_of(name):
    return {"headers": {"authorization": f"Bearer {name}"}}


def warnings(caplog):
    return [record.getMessage() for record in caplog.records if record.name == "django_apierrors"]


# Users


@pytest.mark.parametrize(
    "method, url", [("get", "/api/throttled"), ("get", "/api/on-method"), ("put", "/api/on-method")]
)
def test_users_of_tokens_never_share(send, caplog, method, url):
    for key in ("good", "bens", "cleos"):
        assert send(method, url, **key_of(key)).status_code == 200
    for key in ("good", "bens", "cleos"):
        assert_api_error(send(method, url, **key_of(key)), "RATE_TOO_HIGH")
    assert warnings(caplog) == []


def test_a_user_with_another_address_is_the_same_user():
    assert Client(REMOTE_ADDR="192.0.2.1").get("/api/throttled", **key_of("good")).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.2").get("/api/throttled", **key_of("good")).status_code == 429


@pytest.mark.parametrize("url", ["/api/throttled", "/api/on-method", "/api/above"])
def test_without_a_user_the_address_counts_and_one_warning_says_so(caplog, url):
    for _ in range(2):
        for address in ("192.0.2.1", "192.0.2.2"):
            last = Client(REMOTE_ADDR=address).get(url)
    assert last.status_code == 429
    assert [message[: len(WARNING_OF_USERS)] for message in warnings(caplog)] == [WARNING_OF_USERS]


def test_above_authentication_users_of_tokens_are_counted_by_address(caplog):
    assert Client(REMOTE_ADDR="192.0.2.1").get("/api/above", **key_of("good")).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.2").get("/api/above", **key_of("bens")).status_code == 200
    assert Client(REMOTE_ADDR="192.0.2.2").get("/api/above", **key_of("good")).status_code == 429
    assert warnings(caplog)[0].startswith(WARNING_OF_USERS)


def test_a_user_or_an_address_is_what_was_asked_for(caplog):
    for address in ("192.0.2.1", "192.0.2.2"):
        assert Client(REMOTE_ADDR=address).get("/api/above-or-ip").status_code == 200
        assert Client(REMOTE_ADDR=address).get("/api/above-or-ip").status_code == 429
    assert warnings(caplog) == []


@pytest.mark.django_db
def test_users_of_sessions_are_known_above_authentication_too(django_user_model):
    ana, ben = (django_user_model.objects.create_user(name) for name in ("ana", "ben"))
    for user in (ana, ben):
        client = Client()
        client.force_login(user)
        assert client.get("/api/above").status_code == 200
        assert client.get("/api/above").status_code == 429


@pytest.mark.django_db(transaction=True)  # the user is read in a thread of the event loop
def test_users_of_sessions_are_known_to_async_views(django_user_model):
    for name in ("ana", "ben"):
        client = AsyncClient()
        client.force_login(django_user_model.objects.create_user(name))
        assert async_to_sync(client.get)("/api/awaited").status_code == 200
        assert async_to_sync(client.get)("/api/awaited").status_code == 429


def test_a_user_without_a_key_is_counted_by_address(send):
    assert send("get", "/api/service").status_code == 200
    assert_api_error(send("get", "/api/service"), "RATE_TOO_HIGH")
    assert Client(REMOTE_ADDR="192.0.2.2").get("/api/service").status_code == 200


@pytest.mark.parametrize("user", [None, AnonymousUser()])
def test_a_request_without_a_user_is_counted_by_address(user):
    limited = ratelimit(key="user_or_ip", rate="1/m")(plain)

    def request(address):
        request = RequestFactory().get("/", REMOTE_ADDR=address)
        request.user = user
        return request

    limited(request("192.0.2.1"))
    limited(request("192.0.2.2"))
    with pytest.raises(RateTooHigh):
        limited(request("192.0.2.2"))


# What a client sends


@pytest.mark.parametrize(
    ("url", "ana", "ben"),
    [
        ("/api/header", {"headers": {"x-api-key": "ana"}}, {"headers": {"x-api-key": "ben"}}),
        ("/api/get", {"query_params": {"name": "ana"}}, {"query_params": {"name": "ben"}}),
        ("/api/callable", {"query_params": {"tenant": "ana"}}, {"query_params": {"tenant": "ben"}}),
        ("/api/instance", {"query_params": {"tenant": "ana"}}, {"query_params": {"tenant": "ben"}}),
        ("/api/dotted", {"query_params": {"tenant": "ana"}}, {"query_params": {"tenant": "ben"}}),
    ],
)
def test_who_sends_something_else_is_somebody_else(send, url, ana, ben):
    assert send("get", url, **ana).status_code == 200
    assert send("get", url, **ben).status_code == 200
    assert send("get", url).status_code == 200
    for again in (ana, ben, {}):
        assert_api_error(send("get", url, **again), "RATE_TOO_HIGH")


@pytest.mark.parametrize("url", ["/api/header", "/api/get", "/api/callable", "/api/instance", "/api/dotted"])
def test_who_sends_nothing_is_counted_by_address(url):
    for address in ("192.0.2.1", "192.0.2.2"):
        assert Client(REMOTE_ADDR=address).get(url, headers={"x-api-key": ""}).status_code == 200
        assert Client(REMOTE_ADDR=address).get(url + "?name=&tenant=").status_code == 429


def test_a_field_of_a_form_is_a_key(send):
    for name in ("ana", "ben"):
        assert send("post", "/api/post", data={"name": name}).status_code == 200
        assert send("post", "/api/post", data={"name": name}).status_code == 429


def test_a_field_of_a_form_is_a_key_for_drf_and_the_body_can_still_be_read(send):
    for name in ("ana", "ben"):
        answer = send("post", "/api/on-method", data={"email": name})
        assert answer.json() == {"email": name}
        assert send("post", "/api/on-method", data={"email": name}).status_code == 429
    json = {"data": '{"email": "cleo"}', "content_type": "application/json"}
    assert send("post", "/api/on-method", **json).json() == {"email": "cleo"}


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", "{", 400),
        ("application/json", 60_000 * "[", 400),
        ("multipart/form-data", "--x", 400),
        ("text/csv", "a,b", 415),
        ("application/x-www-form-urlencoded", "&".join(f"{n}=1" for n in range(1001)), 400),
        # Counted, but the view sends half a surrogate pair back, which no JSON can hold.
        ("application/x-www-form-urlencoded; charset=raw_unicode_escape", "email=\\ud800", 400),
        ("application/x-www-form-urlencoded", "email=%ff%fe%01", 200),
        ("application/x-www-form-urlencoded", "email=" + 100_000 * "x", 200),
    ],
)
def test_a_body_that_cannot_be_read_is_the_clients_fault(send, caplog, content_type, body, status):
    assert send("post", "/api/on-method", data=body, content_type=content_type).status_code == status
    assert not any("store" in message for message in warnings(caplog))


@pytest.mark.parametrize(
    ("content_type", "query"),
    [
        ("text/plain", "name=%ff%fe%01%0d%0a"),
        ("text/plain; charset=raw_unicode_escape", "name=\\ud7ff"),
        ("text/plain; charset=unicode_escape", "name=\\ud7ff"),
        ("text/plain; charset=utf-16", "name=ab"),
        ("text/plain", "name=" + 10_000 * "x"),
        ("text/plain", "name=\u00e9\u20ac\U0001f600"),
    ],
)
def test_whatever_a_client_sends_is_counted_and_never_looks_like_a_fault_of_the_store(
    send, caplog, content_type, query
):
    for status in (200, 429):
        assert send("post", f"/api/get?{query}", data="x", content_type=content_type).status_code == status
    assert warnings(caplog) == []


def test_values_that_join_to_the_same_text_are_apart():
    view_by_key = {}
    for group, key in [("a", "b|c"), ("a|b", "c"), ("ab", "c"), ("a", "bc"), ("a", "('b', 'c')"), ("", "abc")]:
        limited = ratelimit(group=group, key=lambda group, request, key=key: key, rate="1/m")(plain)
        view_by_key[group, key] = limited
    for limited in view_by_key.values():
        assert limited(RequestFactory().get("/")).content == b"fine"
    for limited in view_by_key.values():
        with pytest.raises(RateTooHigh):
            limited(RequestFactory().get("/"))


def test_what_a_client_sends_is_never_taken_for_an_address():
    client = Client(REMOTE_ADDR="192.0.2.1")
    assert client.get("/api/header").status_code == 200
    for forged in ("192.0.2.1", "ip", "('ip', '192.0.2.1')", "ip:192.0.2.1"):
        assert client.get("/api/header", headers={"x-api-key": forged}).status_code == 200


def test_two_limits_that_fall_back_to_the_address_count_apart():
    assert Client().get("/api/two").status_code == 200
    assert Client().get("/api/two").status_code == 200
    assert Client().get("/api/two").status_code == 429


@pytest.mark.parametrize("name", ["content-type", "CONTENT_TYPE", "Content-Length"])
def test_headers_of_the_body_can_be_keys(name):
    limited = ratelimit(key=f"header:{name}", rate="1/m")(plain)
    for data in ({"content_type": "text/plain", "data": "1"}, {"content_type": "text/csv", "data": "22"}):
        limited(RequestFactory().post("/", **data))
    with pytest.raises(RateTooHigh):
        limited(RequestFactory().post("/", **data))


@pytest.mark.parametrize(
    "key",
    [
        "",
        "ipp",
        "IP",
        " ip",
        "ip ",
        "user ",
        "header",
        "header:",
        "header:x api key",
        "header:x-key\n",
        "header: x-key",
        "heder:x-key",
        "get",
        "get:",
        ":name",
        ":",
        "cookie:session",
        "shop.",
        ".shop",
        "1.2",
        "shop keys.by_tenant",
        7,
        b"ip",
        ("ip",),
        ["ip"],
        False,
    ],
)
def test_a_key_that_there_is_not_fails_at_import(key):
    with pytest.raises(ImproperlyConfigured) as caught:
        ratelimit(key=key, rate="1/m")
    assert repr(key) in str(caught.value)
    assert '"user_or_ip", "header:x-api-key"' in str(caught.value)


def test_what_a_key_of_the_project_raises_is_a_fault_of_the_project(caplog):
    def failing(group, request):
        raise KeyError("tenant")

    with pytest.raises(KeyError):
        ratelimit(key=failing, rate="1/m")(plain)(RequestFactory().get("/"))
    assert warnings(caplog) == []


# Addresses


def over_asgi(client, **headers):
    """Ask as a server does whose peer has an address and a port, or a socket of the file system."""
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "path": "/api/ip",
        "query_string": b"",
        "headers": [(b"host", b"testserver"), *((name.encode(), value.encode()) for name, value in headers.items())],
        "client": client,
    }
    return async_to_sync(AsyncClientHandler())(scope).status_code


def over_wsgi(client, **headers):
    environ = {"REMOTE_ADDR": client[0] if client else ""}
    return Client(headers=headers).get("/api/ip", **environ).status_code


@pytest.fixture(params=[over_wsgi, over_asgi])
def ask(request):
    """Ask from an address, and return the status."""
    return request.param


@pytest.mark.parametrize(
    ("first", "second", "is_one"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("::ffff:192.0.2.1", "::ffff:192.0.2.2", False),
        ("::FFFF:C000:0201", "192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("2001:db8:1:2::1%eth0", "2001:db8:1:2::1", True),
        ("[2001:db8::1]:443", "2001:db8::2", True),
        ("192.0.2.1:5678", "192.0.2.1", True),
        ("192.0.2.1:5678", "192.0.2.1:5679", True),
        ("::1", "127.0.0.1", False),
        ("garbage", "192.0.2.1", False),
        ("garbage", "more garbage", True),
        ("", "garbage", True),
        ("999.0.0.1", "192.0.2.1", False),
        ("192.0.2.1", "192.0.2.01", False),
    ],
)
def test_an_address_is_one_client(ask, first, second, is_one):
    assert ask((first, 1)) == 200
    assert ask((second, 1)) == (429 if is_one else 200)


def test_a_socket_without_an_address_is_no_error_and_is_warned_of_once(ask, caplog):
    assert [ask(None), ask(None), ask(None)] == [200, 429, 429]
    assert len([message for message in warnings(caplog) if "TRUSTED_PROXIES" in message]) == 1


@pytest.mark.parametrize(
    ("proxies", "peer", "forwarded", "other"),
    [
        # Nobody is trusted: what is forwarded means nothing.
        ([], "192.0.2.1", "198.51.100.1", ("192.0.2.1", "198.51.100.2")),
        # A client that is no proxy forges.
        (["10.0.0.0/8"], "192.0.2.1", "198.51.100.1", ("192.0.2.1", "198.51.100.2")),
        # A client puts something before what the proxy writes.
        (["10.0.0.0/8"], "10.0.0.1", "1.1.1.1, 198.51.100.1", ("10.0.0.1", "2.2.2.2, 198.51.100.1")),
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.1", ("10.0.0.2", "198.51.100.1:5678")),
        # Several hops, each of them trusted.
        (["10.0.0.0/8"], "10.0.0.1", "198.51.100.1, 10.0.0.9", ("10.0.0.1", "198.51.100.1, 10.0.0.8, 10.0.0.7")),
        (["10.0.0.0/8"], "10.0.0.1", "2001:db8::1", ("::ffff:10.0.0.1", "x, [2001:db8::2]:443")),
        (["10.0.0.0/8"], "10.0.0.1", "::ffff:198.51.100.1", ("10.0.0.1", " 198.51.100.1 ")),
    ],
)
def test_who_is_behind_a_proxy_is_one_client(settings, ask, proxies, peer, forwarded, other):
    settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": proxies}
    assert ask((peer, 1), **{"x-forwarded-for": forwarded}) == 200
    assert ask((other[0], 1), **{"x-forwarded-for": other[1]}) == 429


@pytest.mark.parametrize("forwarded", ["", ",", ", ,", "garbage", "198.51.100.1, garbage", 3000 * "1,", "\"';--", "\t"])
def test_nothing_that_is_forwarded_is_an_error(settings, ask, forwarded):
    settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": ["10.0.0.0/8", "unix"]}
    for client in (("10.0.0.1", 1), None):
        assert ask(client, **{"x-forwarded-for": forwarded}) in (200, 429)


def test_a_proxy_on_a_socket_is_believed_when_it_is_named(settings, ask):
    settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": ["unix"]}
    assert ask(None, **{"x-forwarded-for": "198.51.100.1"}) == 200
    assert ask(None, **{"x-forwarded-for": "198.51.100.2"}) == 200
    assert ask(None, **{"x-forwarded-for": "198.51.100.1"}) == 429
