"""Prepared answers: kept as long as they are true, and only where they are the same for every request."""

import json
from decimal import Decimal

import pytest
from django.urls import include, path
from rest_framework.exceptions import MethodNotAllowed, NotFound, Throttled
from rest_framework.renderers import JSONRenderer
from rest_framework.views import APIView

from django_apierrors import catalog, codes
from django_apierrors.codes import ErrorDefinition
from django_apierrors.exceptions import ApiError
from django_apierrors.formats import MOST_BYTES, Nested
from django_apierrors.testing import assert_api_error, override_error

pytestmark = pytest.mark.urls(__name__)


class Numbered(Nested):
    """A format of a project, each of whose bodies is another one."""

    numbers = iter(range(1000))

    def body(self, problem, entry):
        return {"number": next(self.numbers), **super().body(problem, entry)}


class Sorted(JSONRenderer):
    """A renderer of a project, whose JSON is its own."""

    def render(self, data, *args, **kwargs):
        return json.dumps(data, sort_keys=True, indent=1).encode()


class Rendered(APIView):
    renderer_classes = [Sorted]

    def get(self, request):
        raise NotFound()


urlpatterns = [path("", include("urls")), path("api/sorted", Rendered.as_view())]
URLS = ["/api/drf", "/api/plain"]


@pytest.fixture
def message(api):
    def of(url, **headers):
        return api.get(url, headers=headers).json()["error"]["message"]

    return of


@pytest.mark.parametrize("url", URLS)
def test_an_edit_counts_for_the_next_answer(url, set_view, message):
    set_view(NotFound())
    shipped = message(url)
    with override_error("RESOURCE_NOT_FOUND", message="Gone fishing."):
        assert message(url) == "Gone fishing."
    assert message(url) == shipped


@pytest.mark.parametrize("url", URLS)
def test_a_replaced_definition_counts_for_the_next_answer(url, set_view, message, monkeypatch):
    set_view(ApiError("RESOURCE_CONFLICT"))
    message(url)
    made = ErrorDefinition(code="RESOURCE_CONFLICT", status=409, title="Conflict", message="Another one.")
    monkeypatch.setitem(codes.registry, made.code, made)
    assert message(url) == "Another one."


@pytest.mark.parametrize("url", URLS)
def test_a_plain_assignment_of_the_settings_counts_for_the_next_answer(url, set_view, api, settings):
    set_view(NotFound())
    assert "httpCode" in api.get(url).json()["error"]
    settings.APIERRORS = {"STRICT": True, "FORMAT": "result"}
    assert api.get(url).json()["result"] == "error"


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Throttled(wait=3), Throttled(wait=4)),
        (NotFound(), ApiError("RESOURCE_NOT_FOUND", status=410)),
        (ApiError("RESOURCE_CONFLICT"), ApiError("RESOURCE_CONFLICT", "Version 3 is newer.")),
        (ApiError("RESOURCE_CONFLICT"), ApiError("RESOURCE_CONFLICT", details={"version": 3})),
        (MethodNotAllowed("GET"), ApiError("METHOD_NOT_ALLOWED", params={"method": "A"})),
        (MethodNotAllowed("GET"), ApiError("METHOD_NOT_ALLOWED", params={"method": ["odd"]})),
        *[
            # Equal numbers with different texts.
            [ApiError("METHOD_NOT_ALLOWED", params={"method": Decimal(text)}) for text in ("1.0", "1.00")]
        ],
    ],
    ids=["wait", "status", "message", "details", "params", "odd params", "equal params"],
)
def test_what_an_error_says_of_itself_is_never_that_of_another(one, other, url, set_view, api):
    answers = []
    for exc in (one, other, one):
        set_view(exc)
        response = api.get(url)
        answers.append((response.status_code, response.content))
        body = response.json()["error"]
        assert body["httpCode"] == response.status_code
        assert int(response["Content-Length"]) == len(response.content)
    assert answers[0] == answers[2]
    assert answers[0] != answers[1]


def test_details_that_are_changed_between_two_errors_are_sent_as_they_are_then(set_view, api):
    details = {"version": 3}
    seen = []
    for details["version"] in (3, 4):
        set_view(ApiError("RESOURCE_CONFLICT", details=details))
        seen.append(api.get("/api/drf").json()["error"]["details"]["version"])
    assert seen == [3, 4]


@pytest.mark.parametrize("url", URLS)
def test_a_format_of_the_project_makes_every_body(url, set_view, api, settings):
    settings.APIERRORS = {"STRICT": True, "FORMAT": f"{__name__}.Numbered"}
    set_view(NotFound())
    first, second = (api.get(url).json()["number"] for _ in range(2))
    assert second == first + 1


@pytest.mark.parametrize("accept", ["application/json; indent=4", "application/json; indent=2"])
def test_indented_json_is_indented(accept, set_view, api):
    set_view(NotFound())
    plain, asked = api.get("/api/drf").content, api.get("/api/drf", headers={"Accept": accept}).content
    assert json.loads(plain) == json.loads(asked)
    assert b'\n  "error"' in asked or b'\n    "error"' in asked


def test_an_indent_never_makes_a_body_larger_than_its_bound(set_view, api):
    set_view(ApiError("RESOURCE_CONFLICT", details={"numbers": [1] * 9000}))
    response = api.get("/api/drf", headers={"Accept": "application/json; indent=8"})
    assert len(response.content) <= MOST_BYTES
    assert response.content.count(b"1,") == 8999


def test_a_renderer_of_json_of_the_project_changes_no_error(api):
    response = api.get("/api/sorted")
    assert_api_error(response, "RESOURCE_NOT_FOUND")
    assert response.content.startswith(b'{"error":{"code"')


def test_no_host_and_no_header_of_a_client_fills_the_prepared_answers(set_view, api, settings):
    settings.ALLOWED_HOSTS = ["*"]
    set_view(NotFound())
    api.get("/api/drf")
    count = len(catalog.current().prepared)
    for number in range(20):
        headers = {"Host": f"host{number}.example", "Accept-Language": f"en;q=0.{number}", "Accept": f"*/*;n={number}"}
        response = api.get("/api/drf", headers=headers)
        assert response["Link"] == f'<http://host{number}.example/errors/RESOURCE_NOT_FOUND/>; rel="help"'
    assert len(catalog.current().prepared) == count


def test_the_number_of_prepared_answers_is_limited(set_view, api, monkeypatch):
    monkeypatch.setattr("django_apierrors.answer_cache._MOST_PREPARED", 2)
    for status in range(400, 406):
        set_view(ApiError("RESOURCE_CONFLICT", status=status))
        assert api.get("/api/drf").status_code == status
    assert len(catalog.current().prepared) <= 2


def test_a_test_may_name_a_code_in_the_other_case(set_view, message):
    set_view(NotFound())
    with override_error("resource_not_found", message="Gone fishing."):
        assert message("/api/drf") == "Gone fishing."
