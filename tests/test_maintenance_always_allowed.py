"""The admin, logins, static files and the documentation stay open, wherever they are mounted."""

import itertools

import pytest
from asgiref.sync import iscoroutinefunction
from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.http import HttpResponse
from django.urls import ResolverMatch, clear_script_prefix, include, path, reverse_lazy, set_script_prefix
from django.utils.decorators import sync_and_async_middleware
from django.utils.translation import gettext_lazy
from django.views import View
from support.clients import sender

from django_apierrors import url_resolution
from django_apierrors.maintenance import always_allowed, maintenance_exempt
from django_apierrors.maintenance.decision import Reason, evaluate
from django_apierrors.testing import maintenance_mode
from django_apierrors.windows import Window


def fine(request, **kwargs):
    return HttpResponse("fine")


other_site = admin.AdminSite(name="back-office")


class Usual:
    urlpatterns = [
        path("backstage/", admin.site.urls),
        path("office/", other_site.urls),
        path("docs/errors/", include("django_apierrors.urls")),
        path("sign-in/", fine, name="sign-in"),
        path("api/fine", fine),
        path("", fine),
    ]


class BehindALoginOfItsOwn:
    """As packages for a second factor or a single sign-on tell one to do."""

    urlpatterns = [path("admin/login/", fine), path("admin/", admin.site.urls), path("api/fine", fine)]


class AtTheRoot:
    urlpatterns = [path("api/fine", fine), path("", admin.site.urls)]


class InLanguages:
    urlpatterns = [
        path("api/fine", fine),
        *i18n_patterns(path("admin/", admin.site.urls), path("errors/", include("django_apierrors.urls"))),
        *i18n_patterns(path("fine", fine), path(gettext_lazy("Yes"), fine, name="sign-in")),
    ]


class InLanguagesButTheDefault:
    urlpatterns = i18n_patterns(path("admin/", admin.site.urls), path("fine", fine), prefix_default_language=False)


class AtTheRootOfLanguages:
    urlpatterns = i18n_patterns(path("fine", fine), path("", admin.site.urls))


class Unusual:
    urlpatterns = [path("vérwaltung/", admin.site.urls)]


class ApiBelowTheDocumentation:
    urlpatterns = [path("api/v1/billing/", fine), path("api/", include("django_apierrors.urls"))]


class WithoutAnything:
    urlpatterns = [path("api/fine", fine)]


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


@pytest.fixture
def german(settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    settings.LANGUAGE_CODE = "en"


def passes(send, path_, method="get"):
    """Tell whether a request gets past the gate of a closed house."""
    with maintenance_mode():
        answer = send(method, path_, headers={"Accept": "text/html"})
    assert answer.status_code < 500 or answer.headers["X-Error-Code"] == "MAINTENANCE"
    return answer.status_code < 500


def open_paths(send, *paths):
    return {path_ for path_ in paths if passes(send, path_)}


def allowed_paths(rf, *paths):
    """Return the paths that the decision lets pass, also where pages of the admin cannot be rendered."""
    reasons = {path_: evaluate(rf.get(path_), [Window()]).reason for path_ in paths}
    assert set(reasons.values()) <= {Reason.CONTROL_PLANE, Reason.REFUSED}
    return {path_ for path_, reason in reasons.items() if reason is Reason.CONTROL_PLANE}


def test_the_admin_is_open_wherever_it_is_and_so_is_every_site(send, settings, db):
    settings.ROOT_URLCONF = Usual
    opened = {
        "/backstage", "/backstage/", "/backstage/login/", "/backstage/auth/user/7/change/", "/backstage/nothing",
        "/office/", "/office/login/", "/office/jsi18n/", "/docs/errors/", "/docs/errors/GONE/",
        "/docs/errors/catalog.json",
    }  # fmt: skip
    closed = {"/", "/backstagex/", "/back", "/admin/", "/api/fine", "/docs/", "/api/backstage/", "/nowhere"}
    assert open_paths(send, *opened, *closed) == opened
    assert passes(send, "/backstage/login/", "post")


def test_a_login_in_front_of_the_admin_is_open_too(send, settings):
    settings.ROOT_URLCONF = BehindALoginOfItsOwn
    assert open_paths(send, "/admin/login/", "/api/fine") == {"/admin/login/"}


def test_of_an_admin_at_the_root_its_own_views_are_open(send, settings, db):
    settings.ROOT_URLCONF = AtTheRoot
    settings.LOGIN_URL = "/login/"
    opened = {"/", "/login/", "/logout/", "/auth/", "/auth/user/", "/password_change/", "/jsi18n/"}
    closed = {"/api/fine", "/nowhere", "/authx/", "/api/"}
    assert open_paths(send, *opened, *closed) == opened


@pytest.mark.usefixtures("german", "db")
def test_an_admin_below_a_language_is_open_in_each_and_without_one(send, settings):
    settings.ROOT_URLCONF = InLanguages
    opened = {
        "/en/admin/", "/de/admin/", "/de/admin/login/", "/en/admin", "/admin/", "/de/errors/", "/de/errors/GONE/",
    }  # fmt: skip
    closed = {"/errors/", "/fr/admin/", "/EN/admin/", "/en/fine", "/de/fine", "/de/", "/en", "/api/fine", "/deadmin/"}
    assert open_paths(send, *opened, *closed) == opened
    # It must not depend on the language that the request before has left in this thread.
    assert open_paths(send, *sorted(closed | opened, reverse=True)) == opened


@pytest.mark.usefixtures("german")
def test_no_spelling_of_a_language_makes_another_of_it(settings, rf):
    settings.ROOT_URLCONF = InLanguages
    assert {url_resolution.language_of(rf.get(f"/{spelled}/fine")) for spelled in ("de", "DE", "dE")} == {"de"}
    assert url_resolution.language_of(rf.get("/fr/fine")) == "en"


@pytest.mark.usefixtures("german", "db")
def test_the_default_language_may_go_without_a_prefix(send, settings):
    settings.ROOT_URLCONF = InLanguagesButTheDefault
    opened = {"/admin/", "/de/admin/", "/de/admin/login/"}
    assert open_paths(send, *opened, "/fine", "/de/fine", "/fr/admin/") == opened


@pytest.mark.usefixtures("german", "db")
def test_an_admin_at_the_root_of_languages_does_not_open_the_rest(send, settings):
    settings.ROOT_URLCONF = AtTheRootOfLanguages
    settings.LOGIN_URL = "/en/login/"
    opened = {"/en/", "/de/", "/de/login/", "/en/auth/user/"}
    assert open_paths(send, *opened, "/en/fine", "/de/fine", "/en/nowhere") == opened


def test_letters_beyond_ascii_are_compared_as_they_are(settings, db):
    settings.ROOT_URLCONF = Unusual
    send = sender("sync")  # Django's client of ASGI garbles them
    for path_ in ("/v%C3%A9rwaltung/login/", "/v%C3%A9rwaltung", "/v%C3%A9rwaltung/nothing"):
        assert passes(send, path_)
    assert not passes(send, "/verwaltung/login/")


@pytest.mark.parametrize(
    ("login_url", "is_open"),
    [
        ("/sign-in/", True),
        ("/sign-in/?next=/", True),
        ("sign-in", True),
        (reverse_lazy("sign-in"), True),
        ("http://testserver/sign-in/", True),
        ("https://localhost:8000/sign-in/", False),
        ("//testserver/sign-in/", True),
        ("https://sso.example/sign-in/", False),
        ("//sso.example/sign-in/", False),
        ("/elsewhere/", False),
        ("sign-in/", False),
        ("no-such-name", False),
        (reverse_lazy("no-such-name"), False),
        ("", False),
    ],
    ids=itertools.count(),
)
def test_login_is_open_however_it_is_named_and_the_admin_is_in_any_case(login_url, is_open, settings, db):
    send = sender("sync")
    settings.ROOT_URLCONF = Usual
    settings.LOGIN_URL = login_url
    assert passes(send, "/sign-in/") is is_open
    assert passes(send, "/backstage/login/")
    assert not passes(send, "/")
    assert not passes(send, "/api/fine")


def test_an_api_below_the_documentation_of_its_errors_is_closed(send, settings):
    settings.ROOT_URLCONF = ApiBelowTheDocumentation
    opened = {"/api/", "/api/GONE/", "/api/catalog.json"}
    assert open_paths(send, *opened, "/api/v1/billing/", "/api/v1/nowhere/") == opened


def test_a_host_of_the_same_site_opens_no_path_of_this_one(send, settings):
    settings.ALLOWED_HOSTS = ["*"]
    settings.ROOT_URLCONF = Usual
    settings.LOGIN_URL = "https://sso.testserver/api"
    assert open_paths(send, "/api/fine") == set()


def test_a_login_at_the_root_is_that_one_path(send, settings):
    settings.ROOT_URLCONF = Usual
    settings.LOGIN_URL = "/"
    assert open_paths(send, "/", "/api/fine", "/nowhere") == {"/"}


@pytest.mark.usefixtures("german")
def test_a_login_in_the_language_of_the_path_is_open(send, settings):
    settings.ROOT_URLCONF = InLanguages
    settings.LOGIN_URL = "sign-in"
    assert open_paths(send, "/de/Ja", "/en/Yes", "/en/Ja", "/de/Yes") == {"/de/Ja", "/en/Yes"}


@pytest.mark.parametrize(
    ("static_url", "is_open"),
    [
        ("static/", True),
        ("/static/", True),
        ("http://testserver/static/", True),
        ("https://cdn.example/static/", False),
        ("/assets/", False),
        ("/", False),
        (None, False),
    ],
)
def test_static_files_are_open_where_they_are_served_here(static_url, is_open, settings):
    send = sender("sync")
    settings.STATIC_URL = static_url
    assert passes(send, "/static/nothing.css") is is_open
    for path_ in ("/", "/staticx/nothing.css", "/site/page"):
        assert not passes(send, path_)


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("urlconf", [Usual, InLanguages])
def test_the_script_name_is_no_part_of_a_path(settings, urlconf, rf):
    settings.ROOT_URLCONF = urlconf
    settings.LOGIN_URL = "/app/sign-in/"
    settings.STATIC_URL = "static/"
    set_script_prefix("/app/")
    try:
        held = {
            path_
            for path_ in (
                "/backstage/",
                "/admin/",
                "/sign-in/",
                "/static/x.css",
                "/api/fine",
                "/app/backstage/",
                "/app/",
                "/",
            )
            if always_allowed.matches_path(rf.get(path_))
        }
    finally:
        clear_script_prefix()
    assert held == {"/backstage/" if urlconf is Usual else "/admin/", "/sign-in/", "/static/x.css"}


def test_where_nothing_is_mounted_nothing_but_login_and_static_files_is_open(send, settings):
    settings.ROOT_URLCONF = WithoutAnything
    opened = {"/accounts/login/", "/static/x.css"}
    assert open_paths(send, *opened, "/admin/", "/errors/", "/", "/api/fine") == opened


@sync_and_async_middleware
def of_a_host(get_response):
    """Give requests a URLconf of their own, as packages for hosts and tenants do."""
    if iscoroutinefunction(get_response):

        async def middleware(request):
            request.urlconf = Usual
            return await get_response(request)

    else:

        def middleware(request):
            request.urlconf = Usual
            return get_response(request)

    return middleware


def test_the_urlconf_of_the_request_counts(send, settings, db):
    settings.MIDDLEWARE = ["test_maintenance_always_allowed.of_a_host", *settings.MIDDLEWARE]
    settings.ROOT_URLCONF = BehindALoginOfItsOwn
    assert open_paths(send, "/backstage/login/", "/admin/login/") == {"/backstage/login/"}


@pytest.mark.usefixtures("german", "db")
def test_another_urlconf_is_looked_at_anew(send, settings):
    for urlconf, path_ in (
        (Usual, "/backstage/login/"),
        (InLanguages, "/de/admin/login/"),
        (Usual, "/backstage/login/"),
    ):
        settings.ROOT_URLCONF = urlconf
        assert open_paths(send, "/backstage/login/", "/de/admin/login/") == {path_}


# Namespaces that are called "admin", and views that lie below the path of one


class OwnSite(admin.AdminSite):
    """An admin with pages of its own, which have no mark."""

    def get_urls(self):
        inner = ([path("index/", fine, name="index")], "reports")
        return [
            path("named/", fine, name="named"),
            path("unnamed/", fine),
            path("class/", View.as_view()),
            path("reports/", include(inner)),
            *super().get_urls(),
        ]


own_site = OwnSite(name="own")
API = [path("", fine, name="index"), path("login/", fine, name="login"), path("refunds/", fine, name="refunds")]
SELF = []
SELF.extend([path("self/", include(SELF)), path("again/", include((SELF, "admin"))), path("end/", fine, name="index")])
ADMIN_PAGES = {"/admin/", "/admin/auth/user/", "/admin/nothing"}
CLOSED = {"/api/", "/api/login/", "/api/login/x/", "/api/refunds/", "/api/nothing"}

NAMESPACES = {
    "of its own": ([path("api/", include((API, "admin"), namespace="backoffice"))], [path("admin/", admin.site.urls)]),
    "the same, before": ([path("api/", include((API, "admin")))], [path("admin/", admin.site.urls)]),
    "the same, after": ([path("admin/", admin.site.urls)], [path("api/", include((API, "admin")))]),
    "around an admin": (
        [path("api/", include(([*API, path("site/", own_site.urls)], "admin"), namespace="outer"))],
        [path("admin/", admin.site.urls)],
    ),
    "of itself": ([path("api/", include(SELF))], [path("admin/", admin.site.urls)]),
    "none": ([path("api/", include(API))], [path("", include([path("admin/", admin.site.urls)]))]),
}


@pytest.mark.parametrize("name", NAMESPACES)
def test_a_name_makes_no_admin_of_an_api(name, rf, settings):
    first, second = NAMESPACES[name]
    settings.ROOT_URLCONF = type("Urls", (), {"urlpatterns": [*first, *second]})
    found = allowed_paths(rf, *ADMIN_PAGES, *CLOSED)
    assert found & CLOSED == set()
    assert found >= ADMIN_PAGES - {"/admin/nothing"}  # an unknown path leads nowhere either way


@pytest.mark.parametrize("prefix", ["", "backstage/", "api/inner/"])
def test_pages_of_a_projects_own_in_an_admin_are_open(prefix, send, settings, db):
    class Urls:
        urlpatterns = [path("api/fine", fine), path(prefix, own_site.urls)]

    settings.ROOT_URLCONF = Urls
    pages = {f"/{prefix}{page}/" for page in ("named", "unnamed", "class", "reports/index", "login", "jsi18n")}
    assert open_paths(send, *pages, "/api/fine") == pages


def test_an_admin_in_another_namespace_and_below_a_converter_is_open(rf, settings):
    class Urls:
        urlpatterns = [
            path("staff/", include(([path("x/", fine), path("site/", own_site.urls)], "staff"))),
            path("<slug:tenant>/site/", include((own_site.get_urls(), "admin"), namespace="tenants")),
        ]

    settings.ROOT_URLCONF = Urls
    opened = {"/staff/site/named/", "/staff/site/nothing", "/acme/site/login/", "/acme/site/unnamed/"}
    assert allowed_paths(rf, *opened, "/staff/x/", "/staff/", "/acme/", "/acme/site/nothing") == opened


def test_a_view_below_the_path_of_an_admin_is_none_of_its_views(send, settings, db):
    class Urls:
        urlpatterns = [
            path("admin/api/refunds/", fine),
            path("admin/login/sso/", fine),
            path("admin/logout/", fine),
            path("admin/marked/", maintenance_exempt(fine)),
            path("admin/", admin.site.urls),
        ]

    settings.ROOT_URLCONF = Urls
    opened = {"/admin/", "/admin/login/sso/", "/admin/logout/", "/admin/marked/", "/admin/api/"}
    assert open_paths(send, *opened, "/admin/api/refunds/") == opened


def test_a_namespace_like_that_of_the_documentation_opens_nothing(send, settings):
    class Urls:
        urlpatterns = [
            path("api/", include(([path("refunds/", fine, name="index")], "apierrors"))),
            path("errors/", include("django_apierrors.urls", namespace="documentation")),
        ]

    settings.ROOT_URLCONF = Urls
    assert open_paths(send, "/errors/", "/errors/GONE/", "/api/refunds/") == {"/errors/", "/errors/GONE/"}


def test_a_part_of_a_urlconf_that_fails_makes_no_500_of_a_503(settings, rf):
    class Urls:
        @property
        def urlpatterns(self):
            raise ZeroDivisionError("a module that cannot be imported")

    settings.ROOT_URLCONF = Urls()
    request = rf.get("/admin/")
    match = ResolverMatch(fine, (), {}, app_names=["admin"], namespaces=["admin"])
    assert not always_allowed.matches_path(request)
    assert not always_allowed.is_admin_view(request, match)
    assert not always_allowed.matches_view(request, match)


def test_the_views_of_a_urlconf_are_looked_for_once(send, settings, db, monkeypatch):
    calls = []
    find = always_allowed._find_admin_views
    monkeypatch.setattr(always_allowed, "_find_admin_views", lambda *args: calls.append(args) or find(*args))

    class Urls:
        urlpatterns = [path("admin/", admin.site.urls), path("api/fine", fine)]

    settings.ROOT_URLCONF = Urls
    for _ in range(3):
        assert open_paths(send, "/admin/", "/api/fine") == {"/admin/"}
    assert len([args for args in calls if args[1:] == ((), ())]) == 1
