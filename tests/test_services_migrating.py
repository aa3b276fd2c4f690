"""The migration guides, done step by step on projects that use the other package: each table is what clients get."""

import json
from importlib.util import find_spec

import pytest
from support.guides import GUIDES, REQUESTS, blocks, cell, matches, rows
from support.projects import Project

pytestmark = pytest.mark.services

SHOP = """
from django.http import HttpResponse
from rest_framework import exceptions, permissions, serializers, throttling
from rest_framework.views import APIView


class Line(serializers.Serializer):
    sku = serializers.CharField()


class Order(serializers.Serializer):
    customer = serializers.CharField()
    amount = serializers.DecimalField(max_digits=6, decimal_places=2)
    lines = Line(many=True)


class Broke(exceptions.APIException):
    status_code = 422
    default_code = "insufficient_balance"
    default_detail = "The balance is too low."


class Orders(APIView):
    authentication_classes = []

    def get(self, request, pk):
        raise {1: exceptions.NotFound(), 2: ZeroDivisionError("secret"), 3: Broke()}[pk]

    def post(self, request):
        Order(data=request.data).is_valid(raise_exception=True)


class Private(APIView):
    permission_classes = [permissions.IsAuthenticated]


class Owner(permissions.BasePermission):
    message = "Only the owner may do this."

    def has_permission(self, request, view):
        return False


class Refused(APIView):
    authentication_classes = []
    permission_classes = [Owner]


class Never(throttling.BaseThrottle):
    def allow_request(self, request, view):
        return False

    def wait(self):
        return 30


class Slow(APIView):
    throttle_classes = [Never]


def page(request):
    return HttpResponse("<h1>Welcome</h1>")
"""
URLS = """
from shop import views as shop

urlpatterns += [
    path("api/orders", shop.Orders.as_view()),
    path("api/orders/<int:pk>", shop.Orders.as_view()),
    path("api/private", shop.Private.as_view()),
    path("api/refused", shop.Refused.as_view()),
    path("api/slow", shop.Slow.as_view()),
    path("page", shop.page),
]
"""
RATELIMIT = """

from django_ratelimit.decorators import ratelimit


@ratelimit(key="ip", rate="1/h")
def limited(request):
    return HttpResponse("fine")


@ratelimit(key="ip", rate="1/h")
def api_limited(request):
    return HttpResponse("fine")


def too_many(request, exception):
    return HttpResponse("<h1>Too many</h1>", status=429)
"""


def handler(path):
    return f'REST_FRAMEWORK = {{"EXCEPTION_HANDLER": "{path}"}}\n'


#: Guide → the package that is left, and what the project has of it, by file.
PROJECTS = {
    "drf-standardized-errors.md": (
        "drf_standardized_errors",
        {
            "config/settings.py": 'INSTALLED_APPS += ["drf_standardized_errors"]\n'
            + handler("drf_standardized_errors.handler.exception_handler")
            + 'DRF_STANDARDIZED_ERRORS = {"EXCEPTION_FORMATTER_CLASS": "shop.formatter.Formatter"}\n',
            "shop/formatter.py": """
from drf_standardized_errors.formatter import ExceptionFormatter


class Formatter(ExceptionFormatter):
    def format_error_response(self, error_response):
        return {**super().format_error_response(error_response), "support": "help@example.com"}
""",
        },
    ),
    "drf-exceptions-hog.md": (
        "exceptions_hog",
        {
            "config/settings.py": handler("exceptions_hog.exception_handler")
            + 'EXCEPTIONS_HOG = {"SUPPORT_MULTIPLE_EXCEPTIONS": True}\n'
        },
    ),
    "drf-problems.md": (
        "drf_problems",
        {
            "config/settings.py": 'INSTALLED_APPS += ["drf_problems"]\n'
            + handler("drf_problems.exceptions.exception_handler"),
            "config/urls.py": "from django.urls import include\n"
            'urlpatterns += [path("", include("drf_problems.urls"))]\n',
        },
    ),
    "own-handler.md": (
        "rest_framework",
        {
            "config/settings.py": handler("shop.errors.handler"),
            "shop/errors.py": """
from rest_framework.views import exception_handler


def handler(exc, context):
    response = exception_handler(exc, context)
    if response is not None:
        response.data = {"success": False, "status": response.status_code, "error": response.data}
    return response
""",
        },
    ),
    "drf-detail.md": ("rest_framework", {}),
    "django-maintenance-mode.md": (
        "maintenance_mode",
        {
            "config/settings.py": 'INSTALLED_APPS += ["maintenance_mode"]\n'
            'MIDDLEWARE += ["maintenance_mode.middleware.MaintenanceModeMiddleware"]\n'
            "MAINTENANCE_MODE = True\nMAINTENANCE_MODE_RETRY_AFTER = 600\n"
            'MAINTENANCE_MODE_RESPONSE_TYPE = "html"\n',
            "templates/503.html": "<h1>Closed</h1>",
        },
    ),
    "django-ratelimit.md": (
        "django_ratelimit",
        {
            "config/settings.py": 'MIDDLEWARE += ["django_ratelimit.middleware.RatelimitMiddleware"]\n'
            'RATELIMIT_VIEW = "shop.views.too_many"\n'
            'SILENCED_SYSTEM_CHECKS = ["django_ratelimit.E003", "django_ratelimit.W001", "django_apierrors.W006"]\n',
            "shop/views.py": RATELIMIT,
            "config/urls.py": 'urlpatterns += [path("api/limited", shop.api_limited), path("limited", shop.limited)]\n',
        },
    ),
}
SETTINGS = 'INSTALLED_APPS += ["shop"]\nTEMPLATES[0]["DIRS"] = [BASE_DIR / "templates"]\n'


def test_every_guide_is_tried():
    assert set(GUIDES) == set(PROJECTS)


@pytest.fixture
def project(tmp_path):
    made = Project(tmp_path)
    made.append("config/settings.py", SETTINGS)
    (tmp_path / "shop").mkdir()
    made.write("shop/__init__.py", "")
    made.write("shop/views.py", SHOP)
    made.append("config/urls.py", URLS)
    return made


def ask(project, guide):
    """Send what the table of a guide names; what is limited is sent twice, and the second answer counts."""
    names = list(rows(guide))
    exchanges = []
    for name in names:
        method, path, headers, body = REQUESTS[name]
        sent = (method, path, {"Host": "api.example.com", "X-Request-ID": "order-17", **headers}, body)
        exchanges.append([sent] * (2 if "second time" in name else 1))
    answers = iter(project.ask(*(exchange for pair in exchanges for exchange in pair)))
    return {name: [next(answers) for _ in pair][-1] for name, pair in zip(names, exchanges, strict=True)}


def put(project, name, text):
    """Append a text to a file, which may be new."""
    path = project.folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    project.append(name, text) if path.exists() else project.write(name, text)


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_done_step_by_step_leads_where_it_says(guide, project):
    package, files = PROJECTS[guide]
    if find_spec(package) is None:
        pytest.skip(f"{package} is not installed")
    for name, text in files.items():
        put(project, name, text)
    before = ask(project, guide)
    project.adopt()
    for name, code in blocks(guide):
        put(project, name, code)
    project.run("manage.py", "migrate", "--verbosity", "0")
    project.run("manage.py", "check", "--fail-level", "WARNING")
    after = ask(project, guide)
    wrong = {
        name: (cell(before[name]), cell(after[name]))
        for name, (old, new) in rows(guide).items()
        if not (matches(old, before[name]) and matches(new, after[name]))
    }
    assert not wrong, json.dumps(wrong, indent=2)
    assert before
