"""assert_api_error: what a project's tests say about an error answer."""

import json
import threading
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, override_settings
from django.utils import timezone
from rest_framework.test import APIClient

from django_apierrors.exceptions import ApiError
from django_apierrors.formats import BUILTIN
from django_apierrors.testing import assert_api_error, maintenance_mode


@pytest.fixture
def conflict(door):
    door(ApiError("RESOURCE_CONFLICT", "Taken.", details={"by": "ana"}))


def failure(response, *args, **fields):
    with pytest.raises(AssertionError) as caught:
        assert_api_error(response, *args, **fields)
    return str(caught.value)


@pytest.mark.usefixtures("conflict")
@pytest.mark.parametrize("format_", sorted(BUILTIN))
@pytest.mark.parametrize("path", ["/api/plain", "/api/drf"])
def test_the_canonical_code_is_asserted_in_every_format(path, format_):
    with override_settings(APIERRORS={"FORMAT": format_}):
        assert_api_error(APIClient().get(path), "RESOURCE_CONFLICT")


@pytest.mark.usefixtures("conflict")
def test_members_of_the_error_are_asserted_wherever_the_format_puts_them(api, settings):
    expected = {"message": "Taken.", "details": {"by": "ana"}}
    assert_api_error(api.get("/api/plain"), "RESOURCE_CONFLICT", 409, **expected)
    settings.APIERRORS = {"FORMAT": "problem"}
    assert_api_error(api.get("/api/plain"), "RESOURCE_CONFLICT", detail="Taken.", status=409)


@pytest.mark.usefixtures("conflict")
@pytest.mark.parametrize(
    "args, fields, told",
    [
        (("GONE",), {}, "X-Error-Code: expected 'GONE', got 'RESOURCE_CONFLICT'\n  status: expected 410, got 409"),
        (("RESOURCE_CONFLICT", 400), {}, "status: expected 400, got 409"),
        (("RESOURCE_CONFLICT",), {"message": "Free."}, "message: expected 'Free.', got 'Taken.'"),
        (("RESOURCE_CONFLICT",), {"param": None}, "param: expected None, got '(absent)'"),
    ],
)
def test_a_wrong_answer_fails_with_what_is_wrong_and_the_whole_answer(api, args, fields, told):
    message = failure(api.get("/api/plain"), *args, **fields)
    assert told in message
    assert "HTTP 409" in message
    assert "X-Error-Code: RESOURCE_CONFLICT" in message
    assert '"by":"ana"' in message


def test_a_status_must_be_given_for_a_code_that_nothing_defines(api):
    assert "no code 'NOT_DEFINED'" in failure(api.get("/api/nothing"), "NOT_DEFINED")


def test_a_success_is_no_error(api):
    assert "got 200" in failure(HttpResponse(b"{}"), "GONE")


@pytest.mark.parametrize(
    "response, told",
    [
        (HttpResponse(b"<html>", status=404), "The body is not JSON"),
        (HttpResponse(b"", status=404), "The body is not JSON"),
        (HttpResponse(b"[]", status=404), "The body is not a JSON object"),
        (StreamingHttpResponse([b"{}"], status=404), "(streamed)"),
    ],
)
def test_a_body_that_is_no_json_object_fails_with_the_answer(response, told):
    message = failure(response, "RESOURCE_NOT_FOUND")
    assert told in message
    assert "HTTP 404" in message


def test_any_object_with_a_status_headers_and_content_will_do():
    class Answer:
        status_code = 410
        headers = {"X-Error-Code": "GONE"}
        content = json.dumps({"error": "gone", "message": "x"}).encode()

    assert_api_error(Answer(), "GONE", error="gone", message="x")


# maintenance_mode, without the database throughout: each query would raise


def status():
    return Client().get("/api/plain/fine").status_code


def test_maintenance_is_on_inside_the_block_in_every_thread():
    seen = []
    with maintenance_mode():
        thread = threading.Thread(target=lambda: seen.append(status()))
        thread.start()
        thread.join(60)
        assert status() == 503
    assert (seen, status()) == ([503], 200)


def test_maintenance_ends_with_the_block_that_fails():
    with pytest.raises(ZeroDivisionError), maintenance_mode():
        raise ZeroDivisionError
    assert status() == 200


@maintenance_mode(mode="read_only", message="Moving house.")
def decorated(path):
    return Client().post(path)


@maintenance_mode(mode="read_only", message="Moving house.")
async def decorated_asynchronously(path):
    return await AsyncClient().post(path)


@pytest.mark.parametrize("call", [decorated, async_to_sync(decorated_asynchronously)])
def test_a_decorated_test_runs_during_maintenance(call):
    for _ in range(2):
        assert_api_error(call("/api/plain/fine"), "READ_ONLY", message="Moving house.")
        assert status() == 200


def test_blocks_may_be_nested_even_the_same():
    mode = maintenance_mode(path_prefixes=["/api"])
    with mode, maintenance_mode(mode="read_only"):
        with mode:
            assert status() == 503
        assert status() == 503
    assert status() == 200


def test_what_is_scheduled_in_a_test_is_not_on():
    now, hour = timezone.now(), timedelta(hours=1)
    with maintenance_mode(starts_at=now + hour), maintenance_mode(starts_at=now - hour, ends_at=now + hour):
        answer = Client().get("/api/plain/fine")
    assert 3500 < int(answer.headers["Retry-After"]) <= 3600
    with maintenance_mode(starts_at=now + hour):
        assert status() == 200


@pytest.mark.parametrize(
    "fields", [{"mode": "off"}, {"path_prefixes": ["api"]}, {"ends_at": timezone.now() - timedelta(hours=1)}], ids=str
)
def test_what_the_admin_would_refuse_is_refused(fields):
    with pytest.raises(ValidationError):
        maintenance_mode(**fields)


def test_a_field_that_does_not_exist_is_refused():
    with pytest.raises(TypeError, match="paths"):
        maintenance_mode(paths=["/api"])


def test_a_class_is_no_function():
    with pytest.raises(TypeError, match=r"maintenance_mode decorates functions; .* self.enterContext\(\) in setUp"):
        maintenance_mode()(type("Case", (), {}))
