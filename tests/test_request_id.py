"""The id of a request: the client's when it is sound, the project's when it names one, else ours."""

import re
import sys
import uuid
from types import SimpleNamespace

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from rest_framework.exceptions import NotFound
from support.clients import sender

from django_apierrors import rewriting
from django_apierrors.exceptions import ApiError
from django_apierrors.request_id import request_id
from django_apierrors.request_state import RequestState
from django_apierrors.signals import problem_sent

MADE = re.compile(r"[0-9a-f]{32}")


@pytest.fixture(params=["sync", "async"])
def send(request):
    return sender(request.param)


def id_of(request):
    return request_id(request, RequestState.of(request))


def named(request):
    return f"trace-{request.path.rpartition('/')[2]}"


def fails(request):
    raise ZeroDivisionError("no trace")


not_callable = 7


@pytest.mark.parametrize("sent", ["a", "A-1._z", "x" * 128])
def test_a_sound_id_of_the_client_is_kept(send, sent):
    assert send("get", "/api/nothing", headers={"x-request-id": sent})["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "a b", "a\n", "a\r\nX: y", "\u00e9", "\u0661", "a;b", '"a"', "<a>"])
def test_any_other_id_of_the_client_is_replaced(sent):
    assert MADE.fullmatch(id_of(RequestFactory().get("/", HTTP_X_REQUEST_ID=sent)))


def test_without_an_id_every_request_gets_its_own(send):
    first, second = (send("get", "/api/nothing")["X-Request-ID"] for _ in range(2))
    assert MADE.fullmatch(first) and MADE.fullmatch(second)
    assert first != second


def test_an_id_stays_the_same_for_a_request():
    request = RequestFactory().get("/")
    assert id_of(request) == id_of(request)


@pytest.mark.parametrize("source", [named, f"{__name__}.named"], ids=["callable", "dotted path"])
def test_the_projects_id_beats_the_clients(send, settings, source):
    settings.APIERRORS = {"REQUEST_ID": source}
    response = send("get", "/api/nothing", headers={"x-request-id": "theirs"})
    assert response["X-Request-ID"] == "trace-nothing"


def test_the_project_may_return_what_is_an_id_as_text(settings):
    made = uuid.uuid4()
    settings.APIERRORS = {"REQUEST_ID": lambda request: made}
    assert id_of(RequestFactory().get("/")) == str(made)


class Unspeakable:
    def __str__(self):
        raise ZeroDivisionError("no text")


@pytest.mark.parametrize(
    "source",
    [
        fails,
        "nowhere.at_all",
        f"{__name__}.not_callable",
        lambda request: None,
        lambda request: "",
        lambda request: "a\n",
        lambda request: "x" * 129,
        lambda request: Unspeakable(),
    ],
)
def test_a_project_that_names_no_sound_id_leaves_the_clients(send, settings, caplog, source):
    settings.APIERRORS = {"REQUEST_ID": source}
    response = send("get", "/api/nothing", headers={"x-request-id": "theirs"})

    assert response.status_code == 404
    assert response["X-Request-ID"] == "theirs"
    ours = [record for record in caplog.records if record.name == "django_apierrors"]
    assert len(ours) == 1
    assert "REQUEST_ID" in ours[0].getMessage()
    assert len(ours[0].getMessage()) < 400
    assert "\n" not in ours[0].getMessage()


# Ids that others know


@pytest.fixture
def package(monkeypatch, settings):
    """Pretend that a package which keeps the id in a context variable is installed, and its middleware too."""

    def install(name, **members):
        settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{name}.middleware.Middleware"]
        monkeypatch.setitem(sys.modules, name, SimpleNamespace(**members))

    return install


def structlog(package, value):
    package("django_structlog")
    package("structlog.contextvars", get_contextvars=lambda: {"request_id": value})


PACKAGES = {
    "django-guid": lambda package, value: package("django_guid", get_guid=lambda: value),
    "django-structlog": structlog,
    "asgi-correlation-id": lambda package, value: package(
        "asgi_correlation_id", correlation_id=SimpleNamespace(get=lambda: value)
    ),
}


@pytest.mark.parametrize("name", PACKAGES)
def test_the_id_of_a_package_that_keeps_one_is_taken(name, package):
    PACKAGES[name](package, "from-the-package")
    assert id_of(RequestFactory().get("/", headers={"X-Request-ID": "from-the-client"})) == "from-the-package"


@pytest.mark.parametrize("value", [None, "", "a b", "x" * 129, 7])
@pytest.mark.parametrize("name", PACKAGES)
def test_what_is_no_id_of_a_package_is_passed_over(name, value, package):
    PACKAGES[name](package, value)
    assert id_of(RequestFactory().get("/", headers={"X-Request-ID": "from-the-client"})) == "from-the-client"


def test_a_package_without_its_middleware_is_not_asked(package, settings):
    middleware = settings.MIDDLEWARE
    PACKAGES["django-guid"](package, "of-another-request")
    settings.MIDDLEWARE = middleware
    assert id_of(RequestFactory().get("/", headers={"X-Request-ID": "from-the-client"})) == "from-the-client"


def test_a_package_of_another_version_is_passed_over(package):
    package("django_guid")
    assert id_of(RequestFactory().get("/", headers={"X-Request-ID": "from-the-client"})) == "from-the-client"


@pytest.mark.parametrize("name", ["id", "request_id", "correlation_id"])
@pytest.mark.parametrize("value", ["project-1", uuid.UUID("5e1f0a9c2b7d4c638f109d4b6a7e3c21")])
def test_the_id_that_a_middleware_keeps_on_the_request_is_taken(name, value):
    request = RequestFactory().get("/", headers={"X-Request-ID": "from-the-client"})
    setattr(request, name, value)
    assert id_of(request) == str(value)


@pytest.mark.parametrize("value", [None, 12, "a b", object()])
def test_what_is_no_id_on_the_request_is_passed_over(value):
    request = RequestFactory().get("/", headers={"X-Request-ID": "from-the-client"})
    request.id = value
    assert id_of(request) == "from-the-client"


def naming(get_response):
    """A middleware that names requests on the way out, as django-log-request-id does."""

    def middleware(request):
        response = get_response(request)
        response["X-Request-ID"] = NAMED["id"]
        return response

    return middleware


NAMED = {"id": "named-later"}


@pytest.fixture
def named_later(settings, monkeypatch):
    def below(name="named-later", where=3):
        monkeypatch.setitem(NAMED, "id", name)
        names = settings.MIDDLEWARE
        settings.MIDDLEWARE = [*names[:where], f"{__name__}.naming", *names[where:]]

    return below


@pytest.mark.parametrize("format_", ["typed", "problem", "nested"])
@pytest.mark.parametrize("url", ["/api/drf", "/api/plain", "/api/class", "/api/nothing"])
@pytest.mark.parametrize("exc", [NotFound(), RuntimeError("x"), ApiError("RESOURCE_CONFLICT", details={"a": 1})])
def test_an_id_that_a_middleware_below_gives_the_response_is_the_one_id(
    url, exc, format_, named_later, api, set_view, settings
):
    settings.APIERRORS = {"STRICT": True, "FORMAT": format_}
    named_later()
    set_view(exc)
    sent = []
    receiver = lambda problem, **kwargs: sent.append(problem.request_id)  # noqa: E731
    problem_sent.connect(receiver)
    try:
        response = api.get(url)
    finally:
        problem_sent.disconnect(receiver)
    assert response["X-Request-ID"] == "named-later"
    assert sent == ["named-later"]
    assert int(response["Content-Length"]) == len(response.content)
    body = response.json()
    assert body.get("error", body).get("request_id", "named-later") == "named-later"


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
def test_an_error_that_a_view_returned_without_a_body_names_the_id_of_its_response(
    url, named_later, api, set_view, settings
):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "typed"}
    named_later()
    set_view(lambda request: HttpResponse(status=404))
    response = api.get(url)
    assert response["X-Request-ID"] == response.json()["error"]["request_id"] == "named-later"


def deleting(get_response):
    def middleware(request):
        response = get_response(request)
        del response["X-Request-ID"]
        return response

    return middleware


def test_an_id_that_a_middleware_deleted_is_put_back(api, set_view, settings):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.deleting"]
    set_view(NotFound())
    assert api.get("/api/drf", headers={"X-Request-ID": "mine-1"})["X-Request-ID"] == "mine-1"


def test_records_say_where_the_id_comes_from_once(named_later, api, set_view, caplog):
    rewriting._warn_of_id.cache_clear()
    named_later()
    set_view(NotFound())
    for _ in range(3):
        api.get("/api/plain")
    warnings = [record for record in caplog.records if "REQUEST_ID" in record.getMessage()]
    assert [record.levelname for record in warnings] == ["WARNING"]


@pytest.mark.parametrize("name", ["a b", "", "x" * 129])
def test_an_unsound_id_of_the_response_is_never_adopted(name, named_later, api, set_view, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "typed"}
    named_later(name)
    set_view(NotFound())
    response = api.get("/api/drf", headers={"X-Request-ID": "mine-1"})
    assert response["X-Request-ID"] == response.json()["error"]["request_id"] == "mine-1"


def test_an_answer_whose_body_was_changed_keeps_its_id(named_later, api, set_view, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "typed"}
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.changing"]
    named_later()
    set_view(NotFound())
    response = api.get("/api/drf", headers={"X-Request-ID": "mine-1"})
    assert response.content.endswith(b"\n")
    assert response["X-Request-ID"] == response.json()["error"]["request_id"] == "mine-1"


def changing(get_response):
    def middleware(request):
        response = get_response(request)
        response.content += b"\n"
        response["Content-Length"] = str(len(response.content))
        return response

    return middleware


def restating(get_response):
    def middleware(request):
        response = get_response(request)
        response.status_code = 422
        return response

    return middleware


@pytest.mark.parametrize("url", ["/api/drf", "/api/plain", "/api/nothing"])
def test_a_status_that_a_middleware_below_changes_is_that_of_the_body(url, api, set_view, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.restating"]
    set_view(ApiError("RESOURCE_CONFLICT"))
    response = api.get(url)
    assert response.status_code == response.json()["status"] == 422


def test_a_status_changed_without_common_middleware_is_that_of_the_body_too(api, set_view, settings):
    settings.MIDDLEWARE = ["django_apierrors.middleware.ApiErrorMiddleware", f"{__name__}.restating"]
    set_view(NotFound())
    response = api.get("/api/drf")
    assert response.status_code == response.json()["error"]["httpCode"] == 422
    assert "Content-Length" not in response
