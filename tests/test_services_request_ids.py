"""The id of a request with the packages that name requests, above and below our middleware: one id for one error."""

import os

import pytest
from django.apps import apps
from rest_framework.exceptions import NotFound

from django_apierrors.exceptions import ApiError
from django_apierrors.signals import problem_sent

pytestmark = pytest.mark.services

OURS = "django_apierrors.middleware.ApiErrorMiddleware"
PACKAGES = {
    "django_guid": (
        "django_guid.middleware.guid_middleware",
        {"DJANGO_GUID": {"GUID_HEADER_NAME": "X-Request-ID", "RETURN_HEADER": True}},
    ),
    "log_request_id": (
        "log_request_id.middleware.RequestIDMiddleware",
        {
            "LOG_REQUEST_ID_HEADER": "HTTP_X_REQUEST_ID",
            "GENERATE_REQUEST_ID_IF_NOT_IN_HEADER": True,
            "REQUEST_ID_RESPONSE_HEADER": "X-Request-ID",
        },
    ),
    "django_structlog": (
        "django_structlog.middlewares.RequestMiddleware",
        {"DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID": True},
    ),
}


@pytest.fixture(params=PACKAGES)
def package(request, settings):
    """Put the middleware of a package above or below ours."""
    try:
        __import__(request.param)
    except ImportError:
        if os.environ.get("APIERRORS_REQUIRE_SERVICES"):
            raise
        pytest.skip(f"{request.param} is not installed")
    middleware, own = PACKAGES[request.param]
    for name, value in own.items():
        setattr(settings, name, value)

    def put(place):
        names = [name for name in settings.MIDDLEWARE if "corsheaders" not in name]
        position = names.index(OURS) + (place == "below")
        settings.MIDDLEWARE = [*names[:position], middleware, *names[position:]]
        if not apps.is_installed(request.param) and request.param == "django_guid":
            settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, request.param]

    return put


@pytest.fixture
def sent():
    """The problems that were announced."""
    problems = []
    receiver = lambda problem, **kwargs: problems.append(problem)  # noqa: E731
    problem_sent.connect(receiver)
    yield problems
    problem_sent.disconnect(receiver)


@pytest.mark.parametrize("place", ["above", "below"])
@pytest.mark.parametrize("exc", [NotFound(), ApiError("RESOURCE_CONFLICT"), RuntimeError("x")], ids=repr)
@pytest.mark.parametrize("url", ["/api/drf", "/api/plain"])
@pytest.mark.parametrize("given", [None, "6f1e2d3c4b5a49788796a5b4c3d2e1f0"])
def test_header_body_and_signal_carry_one_id(place, exc, url, given, package, settings, set_view, api, sent):
    settings.APIERRORS = {"STRICT": True, "FORMAT": "typed"}
    package(place)
    set_view(exc)
    response = api.get(url, headers={"X-Request-ID": given} if given else {})
    ids = {response["X-Request-ID"], response.json()["error"]["request_id"], *(problem.request_id for problem in sent)}
    assert len(ids) == 1
    assert given is None or ids == {given}
