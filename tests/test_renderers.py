"""The two renderers: one for a content type, one for the success bodies of the result format."""

import pytest
from django.urls import path
from rest_framework.exceptions import NotFound
from rest_framework.renderers import BrowsableAPIRenderer, JSONRenderer
from rest_framework.response import Response
from shop import views

from django_apierrors.renderers import ProblemJSONRenderer, ResultJSONRenderer

pytestmark = pytest.mark.urls(__name__)


class Problems(views.Drf):
    renderer_classes = [JSONRenderer, ProblemJSONRenderer, BrowsableAPIRenderer]


class OnlyProblems(views.Drf):
    renderer_classes = [ProblemJSONRenderer]


class Results(views.Drf):
    renderer_classes = [ResultJSONRenderer]


urlpatterns = [
    path("api/problems", Problems.as_view()),
    path("api/only", OnlyProblems.as_view()),
    path("api/results", Results.as_view()),
]
PROBLEM = "application/problem+json"


@pytest.fixture
def problem_format(settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "problem"}


def missing(request):
    raise NotFound


def returned(request):
    serializer = views.OrderSerializer(data={})
    serializer.is_valid()
    return Response(serializer.errors, status=400)


@pytest.mark.parametrize("url", ["/api/problems", "/api/only"])
def test_what_succeeds_is_plain_json_for_a_client_that_accepts_only_problems(url, api, set_view, problem_format):
    set_view(lambda request: Response({"a": 1}))
    response = api.get(url, headers={"Accept": PROBLEM})
    assert (response.status_code, response["Content-Type"]) == (200, "application/json")
    assert response.json() == {"a": 1}


@pytest.mark.parametrize("what", [missing, returned])
@pytest.mark.parametrize("url", ["/api/problems", "/api/only"])
@pytest.mark.parametrize("accept", [PROBLEM, f"{PROBLEM}, text/html;q=0.1", "*/*"])
def test_an_error_of_the_problem_format_is_labelled_as_one(accept, url, what, api, set_view, problem_format):
    set_view(what)
    response = api.get(url, headers={"Accept": accept})
    assert response["Content-Type"] == PROBLEM
    assert response.json()["status"] == response.status_code


@pytest.mark.parametrize("what", [missing, returned])
def test_an_error_of_another_format_is_plain_json(what, api, set_view):
    set_view(what)
    response = api.get("/api/problems", headers={"Accept": PROBLEM})
    assert response["Content-Type"] == "application/json"
    assert response.json()["error"]["httpCode"] == response.status_code


@pytest.mark.parametrize("what", [missing, returned])
def test_html_is_never_labelled_as_a_problem(what, api, set_view, problem_format):
    set_view(what)
    response = api.get("/api/problems", headers={"Accept": "text/html"})
    assert response["Content-Type"] == "text/html; charset=utf-8"


def test_the_problem_renderer_can_be_asked_for_by_name(api, set_view, problem_format):
    set_view(missing)
    response = api.get("/api/problems?format=problem")
    assert response["Content-Type"] == PROBLEM


def test_the_renderers_can_be_called_without_a_response():
    assert ProblemJSONRenderer().render({"a": 1}) == b'{"a":1}'
    assert ResultJSONRenderer().render({"a": 1}) == b'{"result":"success","a":1}'


@pytest.mark.parametrize(
    ("data", "body"),
    [
        ({"a": 1}, {"result": "success", "a": 1}),
        ({}, {"result": "success"}),
        ([1, 2], {"result": "success", "data": [1, 2]}),
        ([], {"result": "success", "data": []}),
        (0, {"result": "success", "data": 0}),
        ("text", {"result": "success", "data": "text"}),
        ({"result": "mine"}, {"result": "success", "data": {"result": "mine"}}),
    ],
    ids=str,
)
def test_what_succeeds_says_so(data, body, api, set_view):
    set_view(lambda request: Response(data, status=201))
    assert api.get("/api/results").json() == body


@pytest.mark.parametrize("status", [200, 204])
def test_an_answer_without_content_stays_without(status, api, set_view):
    set_view(lambda request: Response(status=status))
    assert api.get("/api/results").content == b""


@pytest.mark.parametrize("what", [missing, returned])
def test_an_error_is_not_called_a_success(what, api, set_view, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "result"}
    set_view(what)
    assert api.get("/api/results").json()["result"] == "error"


def test_an_error_that_a_view_wrote_itself_is_left_as_it_is(api, set_view):
    set_view(lambda request: Response({"oops": 1}, status=400))
    assert api.get("/api/results").json() == {"oops": 1}
