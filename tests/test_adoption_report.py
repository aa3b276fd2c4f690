"""The report of ``manage.py apierrors adopt`` for one property of a project after another."""

import io
import random
import sys
import types
from functools import partial

import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.urls import include, path, re_path
from django.views.generic import TemplateView
from django_ratelimit.decorators import ratelimit
from rest_framework.authentication import BasicAuthentication, SessionAuthentication
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.renderers import BaseRenderer, JSONRenderer, StaticHTMLRenderer
from rest_framework.response import Response
from rest_framework.routers import APIRootView
from rest_framework.views import APIView
from rest_framework.views import exception_handler as drf_handler
from rest_framework.viewsets import ViewSet

from django_apierrors import handlers
from django_apierrors.checks import check_middleware_order
from django_apierrors.checks.middleware_order import ordered
from django_apierrors.handlers import answer


class Orders(APIView):
    permission_classes = [AllowAny]

    def get(self, request):
        return Response([])


class Things(ViewSet):
    def list(self, request):
        return Response([])


class OwnHandler(APIView):
    def get_exception_handler(self):
        return own_handler


class Handling(APIView):
    def handle_exception(self, exc):
        return Response({"own": True}, status=400)


class Wrapping(JSONRenderer):
    def render(self, data, accepted_media_type=None, renderer_context=None):
        return super().render({"data": data}, accepted_media_type, renderer_context)


class Csv(BaseRenderer):
    media_type = "text/csv"
    format = "csv"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return b"csv"


def plain(request):
    return HttpResponse("fine")


def page(request, exception=None):
    return HttpResponse("page", status=404)


def asking(request, exception=None):
    return answer(request, exception) or page(request)


def csrf_page(request, reason=""):
    return HttpResponse("page", status=403)


def own_handler(exc, context):
    return drf_handler(exc, context)


def passing(get_response):
    return get_response


class Formatter:
    """Stands for a formatter of drf-standardized-errors."""


def refusing(get_response):
    def middleware(request):
        return HttpResponse(status=403) if request.GET else get_response(request)

    return middleware


def urlconf(*patterns, **names):
    module = types.ModuleType("project_urls")
    module.urlpatterns = list(patterns)
    vars(module).update(names)
    return module


@pytest.fixture
def report(settings):
    """Return the report of the test project with some other settings and patterns."""

    def made(*patterns, names=None, **values):
        settings.ROOT_URLCONF = urlconf(*patterns, **(names or {}))
        for name, value in values.items():
            setattr(settings, name, value)
        out = io.StringIO()
        call_command("apierrors", "adopt", stdout=out)
        return out.getvalue()

    return made


@pytest.fixture
def bare_report(report, settings):
    """The same of a project that has nothing of the package but the app."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("django_apierrors")]
    settings.REST_FRAMEWORK = {}
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
    return report


ERROR_VIEWS = {name: getattr(handlers, name) for name in ("handler400", "handler403", "handler404", "handler500")}
DOCS = path("errors/", include("django_apierrors.urls"))


def test_a_project_that_has_everything_reads_so(report):
    said = report(DOCS, names=ERROR_VIEWS)
    assert said.startswith("Nothing was changed.\nNothing is missing either")
    assert said.endswith("Clients will notice nothing.\n")


def test_a_project_without_a_root_urlconf_has_no_lines_for_it(report, settings):
    report()
    settings.ROOT_URLCONF = None
    out = io.StringIO()
    call_command("apierrors", "adopt", stdout=out)
    assert "urlpatterns" not in out.getvalue()


def test_a_urlconf_that_cannot_be_read_is_named(settings):
    settings.ROOT_URLCONF = "no_such_urls"
    with pytest.raises(CommandError, match="The project cannot be read: ModuleNotFoundError"):
        call_command("apierrors", "adopt")


@pytest.mark.parametrize(
    "wrong", [{"FORMAT": 5}, "nested", {"FORMAT": "no.such.Format"}, {"EXCEPTIONS": {"X": "GONE"}}]
)
def test_settings_of_ours_that_are_wrong_are_named_first(wrong, report):
    with pytest.raises(CommandError, match=r"Correct the settings first.\nAPIERRORS"):
        report(APIERRORS=wrong)


# Lines


def test_settings_that_exist_are_kept_but_for_the_keys_that_change(bare_report):
    said = bare_report(path("v1/orders", Orders.as_view()), APIERRORS={"API_PATHS": ["/rpc/"], "FORMAT": "typed"})
    assert 'REST_FRAMEWORK = {\n        **REST_FRAMEWORK,\n        "EXCEPTION_HANDLER": "django_apierrors' in said
    assert '"API_PATHS": [\n            "/rpc/",\n            "/v1/",\n        ],' in said
    assert '"FORMAT"' not in said


def test_settings_that_are_in_no_module_have_a_name(bare_report, settings, monkeypatch):
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE")
    said = bare_report()
    assert "Add at the end of the settings, or change" in said
    assert "**REST_FRAMEWORK" not in said


def test_an_order_that_a_check_objects_to_is_put_right(report, settings):
    ours, others = settings.MIDDLEWARE[2], [*settings.MIDDLEWARE[:2], *settings.MIDDLEWARE[3:]]
    assert "MIDDLEWARE = [" not in report(MIDDLEWARE=[*others[:2], f"{__name__}.passing", ours, *others[2:]])
    said = report(MIDDLEWARE=[*others, ours])
    assert f'SecurityMiddleware",\n        "{ours}",\n' in said
    assert "# new" not in said


KNOWN = [
    "django.middleware.cache.UpdateCacheMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    f"{__name__}.passing",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django_apierrors.middleware.ApiErrorMiddleware",
]


def test_of_any_order_one_is_made_that_no_check_objects_to_and_nothing_is_lost(settings):
    rng = random.Random(14)
    for _ in range(300):
        paths = rng.sample(KNOWN, rng.randint(0, len(KNOWN)))
        settings.MIDDLEWARE = ordered(paths)
        assert check_middleware_order() == [], paths
        assert sorted(settings.MIDDLEWARE) == sorted({*paths, KNOWN[-1]})


def test_parsers_of_the_project_stay_beside_ours(bare_report):
    parsers = ["rest_framework.parsers.JSONParser", "rest_framework.parsers.FileUploadParser"]
    said = bare_report(REST_FRAMEWORK={"DEFAULT_PARSER_CLASSES": parsers})
    assert (
        '    "django_apierrors.parsers.JSONParser",\n            "rest_framework.parsers.FileUploadParser",\n' in said
    )


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], "errors/"),
        ([re_path("^.*$", plain)], "errors/"),  # takes every path: the documentation stands above
        ([path("errors/", plain)], "error-codes/"),
        ([path("errors/", plain), path("error-codes/", plain), path("apierrors/", plain)], "errors/"),
    ],
)
def test_the_documentation_has_a_path_that_is_not_taken(patterns, expected, report):
    said = report(*patterns, names=ERROR_VIEWS)
    assert f'urlpatterns = [path("{expected}", include("django_apierrors.urls")), *urlpatterns]' in said


def test_error_views_of_the_project_ask_ours_first(report):
    names = {"handler404": f"{__name__}.page", "handler500": plain, "handler403": asking}
    said = report(names=names)
    assert "from django_apierrors.handlers import answer, handler400\n" in said
    assert f"from {__name__} import page as own_handler404\n" in said
    assert (
        "    def handler404(request, exception):\n        return answer(request, exception) or own_handler404" in said
    )
    assert (
        "    own_handler500 = handler500\n\n\n    def handler500(request):\n        return answer(request) or own"
        in said
    )
    assert "handler404, handler500 of the project" in said


def test_the_guard_is_put_where_it_is_not(report, settings, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "adopted_site").mkdir()
    (tmp_path / "adopted_site" / "wsgi.py").write_text("application = None\n")
    (tmp_path / "adopted_site" / "asgi.py").write_text("from django_apierrors.asgi import guard\n")
    said = report(WSGI_APPLICATION="adopted_site.wsgi.app")
    assert f"{tmp_path / 'adopted_site' / 'wsgi.py'}, or change what is there" in said
    assert "from django_apierrors.wsgi import guard\n\n    app = guard(app)\n" in said
    assert "asgi" not in said
    settings.ROOT_URLCONF = "adopted_site.urls"
    (tmp_path / "adopted_site" / "urls.py").write_text("urlpatterns = []\n")
    (tmp_path / "adopted_site" / "asgi.py").write_text("application = None\n")
    out = io.StringIO()
    call_command("apierrors", "adopt", stdout=out)
    assert "from django_apierrors.asgi import guard" in out.getvalue()


@pytest.mark.parametrize("application", ["no_such_package.wsgi.application", "adopted.site..application", None])
def test_a_server_file_that_is_not_there_has_no_lines(application, report):
    assert "guard" not in report(WSGI_APPLICATION=application)


@pytest.mark.parametrize(
    ("handler", "format_"),
    [("drf_standardized_errors.handler", "standardized"), ("drf_problems.exceptions", "problem")],
)
def test_the_format_is_the_closest_to_that_of_another_package(handler, format_, report, settings, monkeypatch):
    module = types.ModuleType(handler)
    exec("def exception_handler(exc, context): pass", vars(module))
    monkeypatch.setitem(sys.modules, handler.partition(".")[0], types.ModuleType(handler.partition(".")[0]))
    monkeypatch.setitem(sys.modules, handler, module)
    formatter = {"EXCEPTION_FORMATTER_CLASS": f"{__name__}.Formatter"}
    said = report(
        REST_FRAMEWORK={"EXCEPTION_HANDLER": f"{handler}.exception_handler"}, DRF_STANDARDIZED_ERRORS=formatter
    )
    assert f'"FORMAT": "{format_}",' in said
    assert f"What {__name__}.Formatter makes is gone" in said
    assert f"the body that {handler}.exception_handler makes becomes" in said
    assert f"docs/migrating/{handler.partition('.')[0].replace('_', '-')}.md" in said


# Paths


@pytest.mark.parametrize(
    ("route", "prefix"),
    [
        (path("v1/orders", Orders.as_view()), "/v1/"),
        (path("orders", Orders.as_view()), "/orders"),
        (re_path(r"^v2/orders/(\d+)$", Orders.as_view()), "/v2/"),
        (path("v3/", include([path("orders", Orders.as_view())])), "/v3/"),
        (path("orders<int:pk>", Orders.as_view()), None),
        (path("<slug:shop>/orders", Orders.as_view()), None),
        (path("", Orders.as_view()), None),
        (path("api/orders", Orders.as_view()), None),
        (path("site/page", plain), None),
    ],
)
def test_the_shortest_prefixes_of_drf_views_become_api_paths(route, prefix, report):
    said = report(route, names=ERROR_VIEWS)
    assert ("API_PATHS" in said) is (prefix is not None)
    assert prefix is None or f'"{prefix}",' in said


PAGES = [path("shop/", plain), path("shop/cart/", TemplateView.as_view()), re_path("^shop/item/([^/]+)/$", plain)]


@pytest.mark.parametrize(
    ("route", "prefix"),
    [
        ("shop/api/private/", "/shop/api/"),
        ("shop/orders/<int:pk>/lines/", "/shop/orders/"),
        ("shop/cart/lines/", "/shop/cart/lines/"),
        ("shops/", "/shops/"),
        ("v2/orders", "/v2/"),  # says itself what it is: a plain view below is the API's, too
    ],
)
def test_pages_are_under_no_proposed_path(route, prefix, report):
    pages = [*PAGES, path("v2/hook", plain), path("errors/", include("django_apierrors.urls"))]
    said = report(*pages, path(route, Orders.as_view()), names=ERROR_VIEWS)
    assert f'"API_PATHS": [\n            "/api/",\n            "{prefix}",\n        ],' in said


def test_a_view_that_has_its_prefix_has_no_other(report):
    apart = path("shop/orders/x/", Orders.as_view())
    said = report(*PAGES, apart, names=ERROR_VIEWS, APIERRORS={"API_PATHS": ["/shop/orders/"]})
    assert "API_PATHS" not in said


def test_views_of_drf_among_pages_are_named(bare_report):
    routes = [path("shop/<int:pk>", Orders.as_view()), path("shop/", APIRootView.as_view())]
    said = bare_report(*PAGES, *routes)
    assert 'API_PATHS"' not in said
    assert f"beside them stays a page.\n    {__name__}.Orders at /shop/<int:pk>\n  Give them a prefix" in said
    assert "beside them" not in bare_report(*PAGES, *routes, path("shop/orders/", Orders.as_view()))


def test_of_views_among_pages_nothing_changes_once_the_package_is_in_place(report):
    said = report(*PAGES, DOCS, path("shop/<int:pk>", Orders.as_view()), names=ERROR_VIEWS)
    assert "beside them" not in said


# Changes


@pytest.mark.parametrize(
    ("authenticators", "permissions", "is_403"),
    [
        ([SessionAuthentication, BasicAuthentication], [IsAuthenticated], True),
        ([SessionAuthentication], [AllowAny], False),
        ([BasicAuthentication, SessionAuthentication], [IsAuthenticated], False),
        ([], [IsAuthenticated], False),
    ],
)
def test_a_403_that_becomes_401_is_named(authenticators, permissions, is_403, bare_report):
    view = Orders.as_view(authentication_classes=authenticators, permission_classes=permissions)
    said = bare_report(path("api/orders", view))
    assert ("403 becomes 401" in said) is is_403
    assert "403 becomes 401" not in bare_report(path("api/orders", view), APIERRORS={"UNAUTHENTICATED": "drf"})


def test_a_status_that_is_changed_already_is_not_named(report):
    view = Orders.as_view(authentication_classes=[SessionAuthentication], permission_classes=[IsAuthenticated])
    limited = path("api/limited", ratelimit(key="ip", rate="1/m")(plain))
    assert "403 becomes" not in report(path("api/orders", view), limited, DOCS, names=ERROR_VIEWS)


def test_of_a_view_set_the_class_is_named(bare_report):
    view = Things.as_view(
        {"get": "list"}, permission_classes=[IsAuthenticated], authentication_classes=[SessionAuthentication]
    )
    assert f"    {__name__}.Things at /api/things\n" in bare_report(path("api/things", view))


def test_renderers_that_write_no_errors_are_named(report):
    view = Orders.as_view(renderer_classes=[Wrapping, Csv, JSONRenderer, StaticHTMLRenderer])
    said = report(path("api/orders", view))
    assert f"gone from them.\n    {__name__}.Csv\n    {__name__}.Wrapping\n" in said
    assert "Errors in JSON" not in report(path("api/orders", Orders.as_view()))


def test_views_with_a_handler_of_their_own_stay(report):
    said = report(path("api/own", OwnHandler.as_view()))
    assert f"handler() of their own: nothing changes.\n    {__name__}.OwnHandler at /api/own\n" in said


def test_views_that_handle_exceptions_themselves_stay_as_far_as_they_do(report):
    said = report(path("api/own", Handling.as_view()), path("api/orders", Orders.as_view()))
    assert f"what they answer without DRF's stays.\n    {__name__}.Handling at /api/own\n" in said
    assert "Orders" not in said


def test_views_with_parsers_of_drf_are_named(report):
    said = report(path("api/orders", Orders.as_view(parser_classes=[JSONParser])))
    assert f"Views with parsers of DRF: nothing changes.\n    {__name__}.Orders\n" in said


def test_middleware_that_answers_itself_is_named(report, settings):
    others = [f"{__name__}.refusing", f"{__name__}.passing"]
    said = report(MIDDLEWARE=[*settings.MIDDLEWARE, *others])
    assert f"errors of the API become JSON.\n    {__name__}.refusing\n" in said
    assert "passing" not in said
    assert "no_such" not in report(MIDDLEWARE=[*settings.MIDDLEWARE, "no_such.Middleware"])


def test_a_csrf_page_of_the_project_is_named(report):
    said = report(CSRF_FAILURE_VIEW=f"{__name__}.csrf_page")
    assert f"{__name__}.csrf_page answers a failed CSRF check as before" in said
    assert "CSRF_FAILURE_VIEW =" not in said


def test_views_that_django_ratelimit_limits_change_their_status(bare_report):
    said = bare_report(path("api/limited", ratelimit(key="ip", rate="1/m")(plain)))
    assert "A request that django-ratelimit refuses: 403 becomes 429" in said
    assert "docs/migrating/django-ratelimit.md" in said


def test_a_handler_that_calls_ours_is_left(report, settings):
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "EXCEPTION_HANDLER": f"{__name__}.calling_handler"}
    said = report(path("api/orders", Orders.as_view()))
    assert "EXCEPTION_HANDLER" not in said
    assert "every error gets that shape" not in said


def calling_handler(exc, context):
    return handlers.exception_handler(exc, context)


def test_a_handler_of_the_project_is_named_with_both_ways(bare_report):
    said = bare_report(path("v1/x", partial(plain)), REST_FRAMEWORK={"EXCEPTION_HANDLER": f"{__name__}.own_handler"})
    assert f"the body that {__name__}.own_handler makes becomes" in said
    assert "docs/migrating/own-handler.md" in said
    assert said == bare_report(path("v1/x", partial(plain)), REST_FRAMEWORK={"EXCEPTION_HANDLER": partial(own_handler)})
    assert "Django logs and signals it" in said


def test_a_plain_view_that_is_structured_already_is_not_named(report):
    assert "Empty and HTML errors" not in report(path("api/plain", plain))


def test_a_plain_view_under_an_api_path_is_named_with_its_class_or_its_function(bare_report):
    said = bare_report(path("api/plain", plain), path("api/part", partial(plain)), path("site/page", plain))
    assert f"JSON of their own stays.\n    {__name__}.plain at /api/plain\n    " in said
    assert "/site/page" not in said
