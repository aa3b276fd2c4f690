"""Random exceptions: whatever they hold, the answer keeps status, shape, size and framing."""

import json
import re

import pytest
from django.test import Client
from django.urls import path
from fuzz.strategies import odd_exceptions, profile, written_records
from hypothesis import given
from hypothesis import strategies as st
from shop import views

from django_apierrors.handlers import handler400, handler403, handler404, handler500

__all__ = ["handler400", "handler403", "handler404", "handler500", "urlpatterns"]

#: The keys that the body, or the object in its envelope, has at least.
KEYS = {
    "nested": {"code", "httpCode", "message"},
    "result": {"result", "message"},
    "detailed": {"code", "message"},
    "described": {"message", "description"},
    "oauth2": {"error", "error_description"},
    "typed": {"type", "code", "message", "param", "doc_url", "request_id"},
    "problem": {"type", "title", "status", "detail", "instance", "code", "request_id"},
    "standardized": {"type", "errors"},
}
ENVELOPED = {"nested", "detailed", "typed"}
_NAME, _VALUE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"), re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")

urlpatterns = [
    *(path(f"api/{name}/drf", views.Drf.as_view()) for name in KEYS),
    *(path(f"api/{name}/plain", views.plain) for name in KEYS),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture(autouse=True)
def quiet(settings):
    settings.APIERRORS = {"STRICT": False, "REFRESH_SECONDS": None, "FORMATS": {f"/api/{name}/": name for name in KEYS}}
    with written_records():
        yield


def check_answer(response, name):
    """Check what every answer in a format keeps."""
    assert len(response.content) <= 64_000
    for header, value in response.items():
        assert _NAME.fullmatch(header), header
        assert _VALUE.fullmatch(value), (header, value)
    assert not {"Content-Encoding", "Transfer-Encoding"} & response.headers.keys()
    assert response.get("Content-Length", str(len(response.content))) == str(len(response.content))
    body = json.loads(response.content.decode(), parse_constant=pytest.fail)
    error = body["error"] if name in ENVELOPED else body
    assert error.keys() >= KEYS[name], body
    assert response["Content-Type"] == ("application/problem+json" if name == "problem" else "application/json")
    for key, value in (("nested", "httpCode"), ("problem", "status")):
        assert name != key or error[value] == response.status_code
    if name == "described":
        assert body["message"].startswith(f"{response.status_code} ")
    for listed in error.get("errors", ()) if name in ("nested", "typed", "problem", "standardized") else ():
        assert isinstance(listed["code"], str)
        assert listed["code"]
    assert b"secret" not in response.content


@pytest.mark.parametrize("kind", ["drf", "plain"])
@profile("APIERRORS_FUZZ_EXCEPTIONS", parts=2)
@given(
    odd=odd_exceptions(),
    name=st.sampled_from(sorted(KEYS)),
    accept=st.sampled_from(["*/*", "application/json", "application/json; indent=8", "application/problem+json"]),
)
def test_an_exception_keeps_status_shape_size_and_framing(kind, batch, odd, name, accept):
    status = odd.status

    def view(request):
        raise odd.value.with_traceback(None)

    before, views.ACTION["do"] = views.ACTION["do"], view
    try:
        response = Client(raise_request_exception=False).get(f"/api/{name}/{kind}", headers={"Accept": accept})
    finally:
        views.ACTION["do"] = before
    is_answered_before = kind == "drf" and accept == "application/problem+json"  # 406, by DRF
    if not is_answered_before and not odd.is_without_code:
        assert response.status_code == status or (response.status_code != 500 and status < 500), odd
    check_answer(response, name)
