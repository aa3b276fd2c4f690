"""What a project's tests use: an assertion about an error answer, and limits that hold still."""

import json
import threading
import time
from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client, RequestFactory, override_settings
from django.utils import timezone
from django_ratelimit.core import get_usage
from rest_framework.test import APIClient

from django_apierrors.exceptions import ApiError
from django_apierrors.formats import BUILTIN
from django_apierrors.ratelimit import acheck, check
from django_apierrors.testing import assert_api_error, freeze_window, maintenance_mode, reset_ratelimits


@pytest.fixture
def conflict(set_view):
    set_view(ApiError("RESOURCE_CONFLICT", "Taken.", details={"by": "ana"}))


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
    "fields", [{"mode": "off"}, {"path_prefixes": ["api"]}, {"ends_at": timezone.now() - timedelta(hours=1)}], ids=list
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


# Limits

BURST = {"RATELIMIT": {"POLICIES": {"burst": {"key": "ip", "rate": "5/s"}}}}


def used():
    return check(RequestFactory().get("/"), "burst")[0].used


@pytest.fixture
def _limited(settings):
    settings.APIERRORS = BURST
    reset_ratelimits()


@pytest.mark.usefixtures("_limited")
def test_the_window_stays_until_the_clock_is_moved():
    with freeze_window() as clock:
        assert abs(clock.time() - time.time()) < 60
        assert [used(), used()] == [1, 2]
        clock.advance(1)
        assert used() == 1
        clock.advance(0.0)
        assert used() == 2


@pytest.mark.usefixtures("_limited")
@pytest.mark.parametrize("now", [0, 1_000_000_000, 1_999_999_999.999, 2**33])
def test_the_clock_may_stand_anywhere(now):
    with freeze_window(now=now) as clock:
        assert clock.now == now
        usage = check(RequestFactory().get("/"), "burst")[0]
        assert (usage.used, usage.reset) == (1, 1)


@pytest.mark.usefixtures("_limited")
def test_the_window_stays_for_django_ratelimits_own_limits_too():
    request = RequestFactory().get("/")
    with freeze_window(now=1_000_000_000):
        for count in (1, 2):
            found = get_usage(request, group="tests", key="ip", rate="5/s", increment=True)
            assert (found["count"], found["time_left"]) == (count, 0)


@pytest.mark.usefixtures("_limited")
def test_the_window_stays_in_every_thread():
    found = []
    with freeze_window(now=1_000_000_000):
        for _ in range(3):
            thread = threading.Thread(target=lambda: found.append(used()))
            thread.start()
            thread.join()
    assert found == [1, 2, 3]


@pytest.mark.usefixtures("_limited")
@freeze_window(now=1_000_000_000)
def test_it_decorates_a_test():
    assert [used(), used()] == [1, 2]


@pytest.mark.usefixtures("_limited")
def test_it_decorates_an_async_test():
    @freeze_window(now=1_000_000_000)
    async def a_test():
        return [(await acheck(RequestFactory().get("/"), "burst"))[0].used for _ in range(2)]

    assert async_to_sync(a_test)() == [1, 2]


def test_it_decorates_no_class():
    with pytest.raises(TypeError, match="freeze_window decorates functions"):
        freeze_window()(type("Tests", (), {}))


@pytest.mark.usefixtures("_limited")
def test_inside_another_one_the_inner_clock_counts():
    with freeze_window(now=1_000_000_000) as outer:
        assert used() == 1
        with freeze_window(now=2_000_000_000) as inner:
            assert used() == 1
            assert inner is not outer
        assert used() == 2


@pytest.mark.usefixtures("_limited")
def test_the_clock_runs_again_when_the_block_ends_or_fails():
    with pytest.raises(KeyError), freeze_window(now=0):
        raise KeyError
    before = int(time.time())
    found = get_usage(RequestFactory().get("/"), group="tests", key="ip", rate="5/d")
    assert 0 <= found["time_left"] <= 86_400
    assert before > 1_000_000_000


@freeze_window(now=1_000_000_000)
def test_counts_are_forgotten_under_overridden_settings_as_well():
    with override_settings(APIERRORS=BURST):
        reset_ratelimits()
        assert [used(), used()] == [1, 2]
        reset_ratelimits()
        assert [used(), used()] == [1, 2]
    with override_settings(APIERRORS=BURST):
        reset_ratelimits()
        assert used() == 1


@pytest.mark.usefixtures("_limited")
@freeze_window(now=1_000_000_000)
def test_what_others_keep_in_the_cache_stays():
    cache.set("theirs", "kept")
    used()
    reset_ratelimits()
    assert cache.get("theirs") == "kept"
