"""``manage.py apierrors adopt``: what it prints, done literally, passes the checks, and clients see what it says."""

import json

import pytest
from support.projects import Project

VIEWS = """
from django.http import HttpResponse
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response
from rest_framework.views import APIView, exception_handler
from rest_framework.exceptions import NotFound, ValidationError


class Order(APIView):
    def get(self, request, pk):
        if pk == 2:
            raise ZeroDivisionError("secret")
        if pk == 3:
            raise ValidationError({"amount": ["Too much."]})
        raise NotFound()


class Private(APIView):
    permission_classes = [IsAuthenticated]


class OwnHandler(APIView):
    def get_exception_handler(self):
        return exception_handler

    def get(self, request):
        raise NotFound()


def plain(request):
    return HttpResponse(status=405)


def page(request, exception=None):
    return HttpResponse("<h1>Our page</h1>", status=404)


def crash_page(request):
    return HttpResponse("<h1>Our crash page</h1>", status=500)


def handler(exc, context):
    response = exception_handler(exc, context)
    if response is not None:
        response.data = {"ok": False, "why": response.data}
    return response


class Refusing:
    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        if request.path == "/v1/refused":
            return HttpResponse("<h1>No</h1>", status=403)
        return self.get_response(request)
"""
URLS = """
import shop
urlpatterns += [
    path("v1/orders/<int:pk>", shop.Order.as_view()),
    path("v1/private", shop.Private.as_view()),
    path("v1/own", shop.OwnHandler.as_view()),
    path("v1/plain", shop.plain),
]
"""
FOUND, CRASH, INVALID = (("GET", f"/v1/orders/{pk}", {}) for pk in (1, 2, 3))
PRIVATE, OWN, PLAIN = (("GET", f"/v1/{name}", {}) for name in ("private", "own", "plain"))
NOWHERE, WEBSITE = ("GET", "/v1/nowhere", {}), ("GET", "/nowhere", {"Accept": "text/html"})
PREFERS_JSON = ("GET", "/nowhere", {"Accept": "application/json"})


@pytest.fixture
def project(tmp_path):
    """A project with an app that is not ready, and views of each kind."""
    made = Project(tmp_path)
    made.write("shop.py", VIEWS)
    made.append("config/urls.py", URLS)
    return made


def code(answer):
    return answer[1].get("X-Error-Code")


def is_page(answer):
    return answer[1]["Content-Type"].startswith("text/html")


def test_a_new_project_with_drf(project):
    exchanges = (FOUND, CRASH, PRIVATE, OWN, PLAIN, NOWHERE, WEBSITE, PREFERS_JSON)
    before = project.ask(*exchanges)
    said = project.adopt()
    project.check()
    found, crash, private, own, plain, nowhere, website, preferring = project.ask(*exchanges)

    assert before[0][2] == '{"detail":"Not found."}'
    assert f"{before[0][2]} becomes {found[2]}" in said
    assert "403 becomes 401, with WWW-Authenticate.\n    shop.Private at /v1/private\n" in said
    assert (before[2][0], private[0], "WWW-Authenticate" in private[1]) == (403, 401, True)
    assert "Views with a get_exception_handler() of their own: nothing changes.\n    shop.OwnHandler at /v1/own" in said
    assert own == before[3]
    assert (
        "Empty and HTML errors of these views become JSON; JSON of their own stays.\n    shop.plain at /v1/plain"
        in said
    )
    assert (before[4][2], code(plain)) == ("", "METHOD_NOT_ALLOWED")
    assert f"An unknown URL under /api/, /v1/: the HTML page becomes {nowhere[2]}." in said
    assert is_page(before[5])
    assert "A crash in a DRF view, or in any view under /api/, /v1/: the HTML page becomes JSON" in said
    assert (is_page(before[1]), code(crash)) == (True, "INTERNAL_SERVER_ERROR")
    assert website == before[6]
    assert "A client that prefers JSON to HTML by its Accept header gets JSON for Django's pages, too." in said
    assert (is_page(before[7]), code(preferring)) == (True, "ENDPOINT_NOT_FOUND")
    assert "becomes" not in project.run("manage.py", "apierrors", "adopt")


@pytest.mark.exhaustive
def test_drf_standardized_errors_with_a_formatter_of_its_own(project):
    pytest.importorskip("drf_standardized_errors", reason="the package that is left")
    project.append(
        "config/settings.py",
        'INSTALLED_APPS += ["drf_standardized_errors"]\n'
        'REST_FRAMEWORK = {"EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler"}\n'
        'DRF_STANDARDIZED_ERRORS = {"EXCEPTION_FORMATTER_CLASS": "formatter.Formatter"}\n',
    )
    project.write(
        "formatter.py",
        "from drf_standardized_errors.formatter import ExceptionFormatter\n\n"
        "class Formatter(ExceptionFormatter):\n"
        "    def format_error_response(self, error_response):\n"
        '        return {"support": "help@example.com", **super().format_error_response(error_response)}\n',
    )
    exchanges = (FOUND, CRASH, INVALID, PRIVATE, NOWHERE)
    before = project.ask(*exchanges)
    said = project.adopt()
    project.check()
    after = project.ask(*exchanges)

    assert f"the body that drf_standardized_errors.handler.exception_handler makes becomes {after[0][2]}" in said
    assert "What formatter.Formatter makes is gone" in said
    for old, new in zip(before[:3], after, strict=False):
        body = json.loads(old[2])
        assert body.pop("support") == "help@example.com"
        assert json.loads(new[2]) == body
    assert "403 becomes 401, with WWW-Authenticate.\n    shop.Private at /v1/private\n" in said
    assert (before[3][0], after[3][0]) == (403, 401)
    assert f"An unknown URL under /api/, /v1/: the HTML page becomes {after[4][2]}." in said
    assert is_page(before[4])
    assert "docs/migrating/drf-standardized-errors.md" in said


@pytest.mark.exhaustive
def test_a_handler_error_views_and_an_order_of_its_own(project):
    project.append(
        "config/settings.py",
        'MIDDLEWARE = [*MIDDLEWARE[1:], MIDDLEWARE[0], "shop.Refusing"]\n'  # Security below Session, to be moved
        'REST_FRAMEWORK = {"EXCEPTION_HANDLER": "shop.handler"}\n',
    )
    project.append("config/urls.py", 'handler404 = "shop.page"\nhandler500 = shop.crash_page\n')
    refused = ("GET", "/v1/refused", {})
    exchanges = (FOUND, CRASH, NOWHERE, WEBSITE, refused, PRIVATE)
    before = project.ask(*exchanges)
    said = project.adopt()
    project.check()
    found, crash, nowhere, website, no, private = project.ask(*exchanges)

    assert before[0][2] == '{"ok":false,"why":{"detail":"Not found."}}'
    assert f"the body that shop.handler makes becomes {found[2]}" in said
    assert "docs/migrating/own-handler.md" in said
    assert "handler404, handler500 of the project: requests of the API get JSON, the website keeps the pages." in said
    assert ("Our page" in before[2][2], code(nowhere)) == (True, "ENDPOINT_NOT_FOUND")
    assert ("Our crash page" in before[1][2], code(crash)) == (True, "INTERNAL_SERVER_ERROR")
    assert website == before[3]
    assert "Our page" in website[2]
    assert "Middleware that answers itself: its JSON passes; its empty and HTML errors of the API become JSON." in said
    assert "    shop.Refusing\n" in said
    assert (is_page(before[4]), code(no)) == (True, "PERMISSION_DENIED")
    assert "403 becomes 401" in said
    assert (before[5][0], private[0]) == (403, 401)
