"""Maintenance through real requests: who is refused, with what, and who passes."""

import pytest
from sending import sender

from django_apierrors import maintenance
from django_apierrors.testing import assert_api_error, maintenance_mode

pytestmark = pytest.mark.django_db


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


def test_maintenance_is_on_from_enable_to_disable(send):
    assert send("get", "/api/plain/fine").status_code == 200
    maintenance.enable(reason="moving house")
    answer = send("get", "/api/plain/fine")
    assert_api_error(answer, "MAINTENANCE", 503)
    assert 3598 <= int(answer.headers["Retry-After"]) <= 3600
    maintenance.disable()
    assert send("get", "/api/plain/fine").status_code == 200


def test_a_test_turns_it_on(send):
    with maintenance_mode(mode="read_only", path_prefixes=["/api/plain"]):
        assert send("get", "/api/plain/fine").headers["X-Maintenance"] == "read-only"
        assert_api_error(send("post", "/api/plain/fine"), "READ_ONLY")
    assert send("post", "/api/plain/fine").status_code == 200
