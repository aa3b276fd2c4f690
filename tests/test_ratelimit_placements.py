"""A limit in every place where a project may put it: request N + 1 is 429, in the format, with the wait."""

import functools
import json

import pytest
from django.http import Http404, HttpResponse
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View
from django.views.decorators.cache import never_cache
from django_ratelimit.decorators import ratelimit as theirs
from http_sfv import List
from rest_framework.decorators import action, api_view
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet
from support.clients import sender

from django_apierrors.formats import BUILTIN
from django_apierrors.handlers import handler400, handler403, handler404, handler500
from django_apierrors.ratelimit import RatelimitThrottle, ratelimit
from django_apierrors.testing import assert_api_error, freeze_window, reset_ratelimits

__all__ = ["handler400", "handler403", "handler404", "handler500"]

pytestmark = pytest.mark.urls(__name__)


def answer(request):
    """Do what the query string says, as views do."""
    wanted = request.GET.get("do")
    if wanted == "crash":
        raise ZeroDivisionError("secret")
    if wanted == "missing":
        raise Http404
    return HttpResponse("fine")


def placements(limit):
    """Return the places where both decorators may stand."""

    @limit
    def plain(request):
        return answer(request)

    class OfDjango(View):
        @method_decorator(limit)
        def get(self, request):
            return answer(request)

    @method_decorator(limit, name="dispatch")
    class Dispatched(APIView):
        def get(self, request):
            return answer(request)

    class OfDrf(APIView):
        @method_decorator(limit)
        def get(self, request):
            return answer(request)

    class OfSet(ViewSet):
        @method_decorator(limit)
        @action(detail=True)
        def act(self, request, pk=None):
            return answer(request)

    @limit
    @api_view(["GET"])
    def above(request):
        return answer(request)

    @api_view(["GET"])
    @limit
    def below(request):
        return answer(request)

    return {
        "plain": plain,
        "get-of-view": OfDjango.as_view(),
        "dispatch-of-apiview": Dispatched.as_view(),
        "get-of-apiview": OfDrf.as_view(),
        "action": functools.partial(OfSet.as_view({"get": "act"}), pk=1),
        "above-api-view": above,
        "below-api-view": below,
    }


def further_placements(limit):
    """Return places where only ours may stand, and such whose views have a name in common."""

    class OfDjango(View):
        @limit
        def get(self, request):
            return answer(request)

    class OfDrf(APIView):
        @limit
        def get(self, request):
            return answer(request)

    class OfSet(ViewSet):
        @limit
        @action(detail=True)
        def act(self, request, pk=None):
            return answer(request)

        @action(detail=True)
        @limit
        def act_below(self, request, pk=None):
            return answer(request)

    class AsyncOfDjango(View):
        @limit
        async def get(self, request):
            return answer(request)

    class AsyncDecorated(View):
        @method_decorator(limit)
        async def get(self, request):
            return answer(request)

    @method_decorator(limit, name="dispatch")
    class AsyncDispatched(View):
        async def get(self, request):
            return answer(request)

    class Stacked(View):
        @method_decorator([never_cache, limit])
        def get(self, request):
            return answer(request)

    class Throttled(APIView):
        throttle_classes = [RatelimitThrottle.of("two")]

        def get(self, request):
            return answer(request)

    class ThrottledByScope(APIView):
        throttle_classes = [RatelimitThrottle]
        throttle_scope = "two-scoped"

        def get(self, request):
            return answer(request)

    class Called:
        def __call__(self, request):
            return answer(request)

    return {
        "get-of-view-directly": OfDjango.as_view(),
        "get-of-apiview-directly": OfDrf.as_view(),
        "action-directly": functools.partial(OfSet.as_view({"get": "act"}), pk=1),
        "action-directly-below": functools.partial(OfSet.as_view({"get": "act_below"}), pk=1),
        "async-get": AsyncOfDjango.as_view(),
        "async-get-decorated": AsyncDecorated.as_view(),
        "async-dispatch": AsyncDispatched.as_view(),
        "as-view": limit(type("Viewed", (Plain,), {}).as_view()),
        "another-as-view": limit(type("AlsoViewed", (Plain,), {}).as_view()),
        "as-view-of-drf": limit(type("ViewedDrf", (PlainDrf,), {}).as_view()),
        "partial": limit(functools.partial(answer)),
        "instance": limit(Called()),
        "in-a-list": Stacked.as_view(),
        "throttle": Throttled.as_view(),
        "throttle-by-scope": ThrottledByScope.as_view(),
    }


def asynchronous(limit):
    @limit
    async def view(request):
        return answer(request)

    return {"async": view}


class Plain(View):
    def get(self, request):
        return answer(request)


class PlainDrf(APIView):
    def get(self, request):
        return answer(request)


class Typed(PlainDrf):
    error_format = "typed"


class Base(View):
    @ratelimit(key="ip", rate="2/m")
    def get(self, request):
        return answer(request)


class One(Base):
    pass


class Other(Base):
    pass


def typed(request):
    return answer(request)


typed.error_format = "typed"


def careless(view):
    """A decorator that forgets the name of the view."""

    def wrapper(request):
        return view(request)

    return wrapper


@ratelimit(key="ip", rate="2/m")
@careless
def wrapped_one(request):
    return answer(request)


@ratelimit(key="ip", rate="2/m")
@careless
def wrapped_two(request):
    return answer(request)


RATE = {"key": "ip", "rate": "2/m"}
NEVER = {"key": "ip", "rate": "0/m"}
OURS = placements(ratelimit(**RATE)) | asynchronous(ratelimit(**RATE)) | further_placements(ratelimit(**RATE))
#: The eight places, with limits that refuse the first request already.
REFUSING = {
    f"ours/{name}": view for name, view in (placements(ratelimit(**NEVER)) | asynchronous(ratelimit(**NEVER))).items()
}
REFUSING |= {f"theirs/{name}": view for name, view in placements(theirs(**NEVER)).items()}
LIMITED = {f"ours/{name}": view for name, view in OURS.items()}
LIMITED |= {f"theirs/{name}": view for name, view in placements(theirs(**RATE)).items()}

urlpatterns = [
    path("", include("urls")),
    *(path(f"api/{name}", view) for name, view in LIMITED.items()),
    *(path(f"{prefix}/refused/{name}", view) for name, view in REFUSING.items() for prefix in ("api", "v1", "site")),
    path("api/typed", ratelimit(**NEVER)(typed)),
    path("api/typed-above-drf", ratelimit(**NEVER)(Typed.as_view())),
    path("api/typed-below-drf", method_decorator(ratelimit(**NEVER), name="get")(type("T", (Typed,), {})).as_view()),
    path("api/one", One.as_view()),
    path("api/other", Other.as_view()),
    path("api/lambda/one", ratelimit(**RATE)(lambda request: HttpResponse("one"))),
    path("api/lambda/two", ratelimit(**RATE)(lambda request: HttpResponse("two"))),
    path("api/wrapped/one", wrapped_one),
    path("api/wrapped/two", wrapped_two),
    path("api/kwarg/<name>", ratelimit(**RATE)(lambda request, name: HttpResponse(name))),
]

POLICIES = {"two": RATE, "two-scoped": RATE}
every_format = pytest.mark.parametrize("format_", sorted(BUILTIN))
every_place_of_ours = pytest.mark.parametrize("place", sorted(OURS))
every_place = pytest.mark.parametrize("where", sorted(LIMITED))
every_refusal = pytest.mark.parametrize("where", sorted(REFUSING))


@pytest.fixture(autouse=True)
def _fresh(settings):
    settings.APIERRORS = {**settings.APIERRORS, "RATELIMIT": {"POLICIES": POLICIES}}
    reset_ratelimits()
    with freeze_window(now=1_000_000_000.25):
        yield


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


def third(send, url, **extra):
    """Return the answer to the request that is one too many."""
    for _ in range(2):
        response = send("get", url, **extra)
        assert response.status_code == 200
        assert response.content == b"fine"
    return send("get", url, **extra)


@every_place
def test_the_request_after_the_last_is_429_and_never_a_page(send, where):
    response = third(send, f"/api/{where}")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert response.headers["Content-Type"].startswith("application/json")
    assert "no-store" in response.headers["Cache-Control"]
    error = response.json()["error"]
    if where.startswith("ours"):
        seconds = int(response.headers["Retry-After"])
        assert 1 <= seconds <= 60
        assert error["message"] == f"Too many requests. Try again in {seconds} seconds."
        assert error["details"]["retry_after"] == seconds
        assert len(error["details"]["violated_policies"]) == 1
    else:
        assert "Retry-After" not in response.headers
        assert "RateLimit" not in response.headers


@every_place_of_ours
def test_headers_count_down_on_every_answer_and_parse(send, place):
    left = []
    for _ in range(4):
        response = send("get", f"/api/ours/{place}")
        policy, state = parsed(response)
        (name, said), (same_name, now) = policy[0], state[0]
        assert name == same_name
        assert said == {"q": 2, "w": 60}
        assert 1 <= now["t"] <= 60
        left.append(now["r"])
    assert left == [1, 0, 0, 0]
    assert response.headers["Retry-After"] == str(now["t"])


def parsed(response):
    """Read both headers as RFC 9651 says: pairs of a name and its parameters."""
    found = []
    for header in ("RateLimit-Policy", "RateLimit"):
        members = List()
        members.parse(response.headers[header].encode("ascii"))
        found.append([(member.value, dict(member.params)) for member in members])
    return found


@every_place
@pytest.mark.parametrize("query, status", [("?do=crash", 500), ("?do=missing", 404)])
def test_what_a_limited_view_answers_keeps_its_status(send, where, query, status):
    response = send("get", f"/api/{where}{query}")
    assert response.status_code == status
    assert ("RateLimit" in response.headers) is where.startswith("ours")
    assert response.headers["Content-Type"].startswith("application/json")


def methodless():
    """Return the places that see a request before its method is known to be wrong."""
    return [name for name in OURS if "dispatch" in name or "as-view" in name or "above" in name or "throttle" in name]


@pytest.mark.parametrize("place", methodless())
def test_a_405_of_a_limited_view_says_what_is_left(send, place):
    response = send("post", f"/api/ours/{place}")
    assert_api_error(response, "METHOD_NOT_ALLOWED", 405)
    assert parsed(response)[1][0][1]["r"] == 1


@every_format
@every_refusal
def test_the_format_is_the_configured_one(settings, format_, where):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": format_}
    response = sender("async" if "async" in where else "sync")("get", f"/api/refused/{where}")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert shape(response) == SHAPES[format_]


@every_refusal
def test_the_format_may_be_that_of_the_path(send, settings, where):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/v1/": "problem"}}
    response = send("get", f"/v1/refused/{where}")
    assert_api_error(response, "RATE_TOO_HIGH", 429)
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("url", ["/api/typed", "/api/typed-above-drf", "/api/typed-below-drf"])
def test_the_format_may_be_that_of_the_view(send, url):
    assert shape(send("get", url)) == SHAPES["typed"]


#: What tells the formats apart: the member that holds the error, and what stands in it beside what is optional.
SHAPES = {
    "nested": ("error", {"code", "httpCode", "message"}),
    "result": (None, {"message", "result"}),
    "detailed": ("error", {"code", "message"}),
    "described": (None, {"description", "message"}),
    "oauth2": (None, {"error", "error_description"}),
    "typed": ("error", {"code", "doc_url", "message", "param", "request_id", "type"}),
    "problem": (None, {"code", "detail", "instance", "request_id", "status", "title", "type"}),
    "standardized": (None, {"errors", "type"}),
}


def shape(response):
    body = json.loads(response.content)
    holder = "error" if isinstance(body.get("error"), dict) else None
    return holder, set(body[holder] if holder else body) - {"violated_policies", "retry_after", "details"}


@every_refusal
def test_a_website_path_gets_the_error_of_ours(send, where):
    response = send("get", f"/site/refused/{where}")
    # Of django-ratelimit's own, only what DRF or an API path shows to be the API's.
    is_api = where.startswith("ours") or not where.endswith(("plain", "get-of-view"))
    assert response.status_code == (429 if is_api else 403)
    assert ("X-Error-Code" in response.headers) is is_api


def test_every_place_counts_for_itself(settings):
    send = sender("sync")
    assert {send("get", f"/api/ours/{place}").headers["RateLimit"].split(";")[1] for place in OURS} == {"r=1"}


@pytest.mark.parametrize(
    ("one", "other"),
    [("/api/one", "/api/other"), ("/api/lambda/one", "/api/lambda/two"), ("/api/wrapped/one", "/api/wrapped/two")],
)
def test_views_that_share_a_method_or_a_name_count_apart(send, one, other):
    for _ in range(2):
        assert send("get", one).status_code == 200
    assert send("get", other).status_code == 200
    assert send("get", one).status_code == 429


def test_a_view_keeps_its_arguments(send):
    assert send("get", "/api/kwarg/tea").content == b"tea"


@every_refusal
def test_a_path_that_is_left_alone_answers_as_before(send, settings, where):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/v1/": None}}
    response = send("get", f"/v1/refused/{where}")
    assert response.status_code == 403
    assert "X-Error-Code" not in response.headers


def test_a_view_is_a_function_of_a_request():
    def method(one, other):
        raise AssertionError("it was not limited")

    limited = ratelimit(**RATE)(method)
    with pytest.raises(TypeError, match=r"method was called without a request"):
        limited("a form", "a request that comes too late")


def test_a_class_cannot_be_decorated():
    with pytest.raises(TypeError, match=r'@method_decorator\(ratelimit\(\.\.\.\), name="dispatch"\) on .*Plain'):
        ratelimit(**RATE)(Plain)
