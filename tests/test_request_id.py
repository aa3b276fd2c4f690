"""The id of a request: the client's when it is sound, the project's when it names one, else ours."""

import re
import uuid

import pytest
from django.test import RequestFactory
from support.clients import sender

from django_apierrors.request_id import request_id
from django_apierrors.request_state import RequestState

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
