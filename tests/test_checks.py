"""The system checks: every wrong set-up is named, and the hint is the fix."""

import functools
import gc
import itertools
import random
import re
import sys
import types

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.checks import ERROR, INFO, WARNING, run_checks
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.urls import clear_url_caches, include, path
from django.views.defaults import page_not_found
from rest_framework import views as drf_views
from rest_framework.views import APIView

from django_apierrors import codes
from django_apierrors.checks import check_middleware_order
from django_apierrors.codes import ErrorDefinition
from django_apierrors.exceptions import ApiError
from django_apierrors.handlers import answer, exception_handler, handler400, handler403, handler404, handler500
from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.ratelimit import RatelimitThrottle, keys, policies, ratelimit

OURS = "django_apierrors.middleware.ApiErrorMiddleware"
PARSERS = {
    "DEFAULT_PARSER_CLASSES": [f"django_apierrors.parsers.{kind}Parser" for kind in ("JSON", "Form", "MultiPart")]
}
CORS = "corsheaders.middleware.CorsMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"
CACHE = "django.middleware.cache.UpdateCacheMiddleware"
#: The other middleware of Django, in the order of its documentation.
EVERY_OTHER = [
    "django.middleware.http.ConditionalGetMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    COMMON,
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.common.BrokenLinkEmailsMiddleware",
    "django.contrib.sites.middleware.CurrentSiteMiddleware",
    "django.middleware.cache.FetchFromCacheMiddleware",
    "django.contrib.flatpages.middleware.FlatpageFallbackMiddleware",
    "django.contrib.redirects.middleware.RedirectFallbackMiddleware",
]


class TheirsOfOurs(ApiErrorMiddleware):
    """A project's subclass of our middleware."""


class TheirsOfSession(SessionMiddleware):
    """A project's subclass of Django's middleware."""


class NotAFormat:
    pass


class TheirsOfLocMem(LocMemCache):
    """A project's subclass of Django's cache."""


class Redis(BaseCache):
    def __init__(self, location, params):
        super().__init__(params)


not_callable = 7


def a_function(request):
    return "id"


def their_handler(exc, context):
    return None


def their_other_handler(exc, context):
    """Calls DRF's own, which has the same name as ours."""
    return drf_views.exception_handler(exc, context)


def a_wrapper_of_ours(exc, context):
    response = exception_handler(exc, context)
    if response is not None:
        response["X-Shop"] = "1"
    return response


async def an_async_function(group, request):
    return "5/m"


@pytest.fixture(autouse=True)
def _without_limits_of_other_tests(monkeypatch):
    monkeypatch.setattr(policies, "DECLARED_LIMITS", set())
    monkeypatch.setattr(policies, "_parsed", {})
    monkeypatch.setattr(keys, "DOTTED_PATHS", set())


def messages():
    return run_checks(tags=["django_apierrors"])


def the_message(number):
    """The one message there is."""
    found = messages()
    assert [message.id for message in found] == [f"django_apierrors.{number}"], found
    return found[0]


def test_a_right_setup_gives_no_message():
    assert messages() == []
    call_command("check", verbosity=0)


def test_no_settings_are_a_right_setup(settings):
    del settings.APIERRORS
    assert messages() == []


@pytest.mark.parametrize(
    "given",
    [
        {"FORMAT": "problem", "FORMATS": {"/oauth/": "oauth2", "/old/": None}, "API_PATHS": ("/", "/api/")},
        {"FORMAT": "django_apierrors.formats.Typed", "MAX_ERRORS": 1, "CHALLENGE": "Basic", "STRICT": None},
        {"EXCEPTIONS": {"builtins.TimeoutError": "GATEWAY_TIMEOUT"}, "REQUEST_ID": f"{__name__}.a_function"},
        {"REQUEST_ID": a_function, "DEBUG_ERRORS": True, "LOGIN_REDIRECT_AS_401": True, "STRICT": False},
        {"REQUEST_ID": None},
        {"MAINTENANCE": {"FORCE": False, "RETRY_AFTER": 60, "EXEMPT_PATHS": ("/ping",)}},
        {"RATELIMIT": {"HEADERS": "off", "ON_STORE_ERROR": "closed", "BREAKER_SECONDS": 0.5, "GLOBAL": ()}},
        {"TRUSTED_PROXIES": ["10.0.0.0/8", "2001:db8::1", "::ffff:192.0.2.0/120", "unix"]},
    ],
)
def test_right_settings_give_no_message(settings, given):
    settings.APIERRORS = given
    assert messages() == []


@pytest.mark.parametrize("given", [[], "nested", 7])
def test_e001_settings_are_a_dict(settings, given):
    settings.APIERRORS = given
    message = the_message("E001")
    assert repr(given) in message.msg
    assert 'APIERRORS = {"FORMAT": "nested"}' in message.hint


def test_e001_an_unknown_key_is_named_with_the_known_ones(settings):
    settings.APIERRORS = {"FORMATT": "nested"}
    message = the_message("E001")
    assert "'FORMATT'" in message.msg
    assert "FORMAT, FORMATS" in message.hint


@pytest.mark.parametrize(
    "key, value, fix",
    [
        ("FORMAT", None, "format name or dotted path"),
        ("FORMATS", ["/a/"], '{"/oauth/": "oauth2"}'),
        ("FORMATS", {1: "nested"}, '{"/oauth/": "oauth2"}'),
        ("FORMATS", {"/a/": 1}, '{"/oauth/": "oauth2"}'),
        ("API_PATHS", "/api/", '["/api/"]'),
        ("API_PATHS", [None], '["/api/"]'),
        ("EXCEPTIONS", [], '{"builtins.TimeoutError": "GATEWAY_TIMEOUT"}'),
        ("EXCEPTIONS", {TimeoutError: "GATEWAY_TIMEOUT"}, '{"builtins.TimeoutError": "GATEWAY_TIMEOUT"}'),
        ("EXCEPTIONS", {"builtins.TimeoutError": 504}, '{"builtins.TimeoutError": "GATEWAY_TIMEOUT"}'),
        ("MAX_ERRORS", 0, "greater than 0"),
        ("MAX_ERRORS", True, "greater than 0"),
        ("MAX_ERRORS", "100", "greater than 0"),
        ("CHALLENGE", "", 'Bearer realm="api"'),
        ("CHALLENGE", None, 'Bearer realm="api"'),
        ("DEBUG_ERRORS", 1, "True or False"),
        ("STRICT", "yes", "True, False or None"),
        ("REQUEST_ID", 7, "dotted path"),
        ("LOGIN_REDIRECT_AS_401", "no", "True or False"),
        ("TRUSTED_PROXIES", "10.0.0.0/8", '["10.0.0.0/8"]'),
        ("TRUSTED_PROXIES", [10], '["10.0.0.0/8"]'),
        ("MAINTENANCE", True, '{"RETRY_AFTER": 300}'),
        ("RATELIMIT", ["anon_ip"], '{"GLOBAL": ["anon_ip"]}'),
    ],
)
def test_e002_a_wrong_type_is_named_with_the_right_one(settings, key, value, fix):
    settings.APIERRORS = {key: value}
    message = the_message("E002")
    assert repr(key) in message.msg
    assert repr(value) in message.msg
    assert fix in message.hint


@pytest.mark.parametrize("name", ["nestd", "nowhere.Format", f"{__name__}.NotAFormat", f"{__name__}.a_function"])
def test_e003_an_unknown_format_is_named_with_the_known_ones(settings, name):
    for given in ({"FORMAT": name}, {"FORMATS": {"/v1/": name}}):
        settings.APIERRORS = given
        message = the_message("E003")
        assert repr(name) in message.msg
        assert next(iter(given)) in message.msg
        assert "nested, result, detailed, described, oauth2, typed, problem, standardized" in message.hint


@pytest.mark.parametrize("given", [{"API_PATHS": ["api/"]}, {"FORMATS": {"api/": "nested"}}])
def test_e004_a_prefix_begins_with_a_slash(settings, given):
    settings.APIERRORS = given
    message = the_message("E004")
    assert "'api/'" in message.msg
    assert next(iter(given)) in message.msg
    assert '"/api/"' in message.hint


@pytest.mark.parametrize(
    "path, fix",
    [
        ("TimeoutError", "builtins.TimeoutError"),
        ("builtins.TimeoutErorr", "Correct the path"),
        ("nowhere.at.All", "Correct the path"),
        ("builtins.str", "Name a class"),
        ("builtins.len", "Name a class"),
        ("shop.models.Account.Nothing", "Correct the path"),
        ("builtins.Exception", "hides every crash"),
        ("builtins.BaseException", "hides every crash"),
    ],
)
def test_e005_an_exception_that_cannot_be_imported_is_named(settings, path, fix):
    settings.APIERRORS = {"EXCEPTIONS": {path: "GATEWAY_TIMEOUT"}}
    message = the_message("E005")
    assert repr(path) in message.msg
    assert fix in message.hint


def test_e006_an_unknown_code_in_the_settings_is_named(settings):
    settings.APIERRORS = {"EXCEPTIONS": {"builtins.TimeoutError": "GATEWAY_TIMOUT"}}
    message = the_message("E006")
    assert "'GATEWAY_TIMOUT'" in message.msg
    assert "builtins.TimeoutError" in message.msg
    assert "api_errors.py" in message.hint


def test_e006_a_subclass_with_an_unknown_code_is_named():
    class Base(ApiError):
        pass

    class Mistyped(Base):
        code = "RESOURCE_CONFLCT"

    try:
        message = the_message("E006")
        assert "'RESOURCE_CONFLCT'" in message.msg
        assert "Mistyped" in message.msg
        assert "api_errors.py" in message.hint
    finally:
        del Base, Mistyped
        gc.collect()  # a class stays among the subclasses of its base until it is collected


@pytest.mark.parametrize(
    "path, fix", [("nowhere.at_all", "Correct the dotted path"), (f"{__name__}.not_callable", "Name a function")]
)
def test_e007_a_request_id_that_cannot_be_called_is_named(settings, path, fix):
    settings.APIERRORS = {"REQUEST_ID": path}
    message = the_message("E007")
    assert repr(path) in message.msg
    assert fix in message.hint


def test_e008_a_code_that_is_defined_twice_with_different_status_is_named(monkeypatch):
    monkeypatch.setattr(codes, "_conflicts", [])
    codes.register(ErrorDefinition(code="ACCOUNT_LOCKED", status=409, title="Locked", message="Locked."))
    message = the_message("E008")
    assert "ACCOUNT_LOCKED" in message.msg
    assert "423" in message.msg and "409" in message.msg
    assert "give both status 423" in message.hint
    assert codes.get("ACCOUNT_LOCKED").status == 423


@pytest.mark.parametrize("text", [{"message": "{name}"}, {"description": "{name}"}, {"causes": ["{name}"]}])
def test_e009_a_placeholder_that_is_not_declared_is_named(monkeypatch, text):
    definition = ErrorDefinition(**{"code": "OF_TEST", "status": 409, "title": "Test", "message": "x", **text})
    monkeypatch.setitem(codes.registry, "OF_TEST", definition)
    message = the_message("E009")
    assert "OF_TEST" in message.msg and "{name}" in message.msg
    assert 'params={"name": ...}' in message.hint


def test_e010_a_missing_middleware_is_named_with_the_line_to_add(settings):
    settings.MIDDLEWARE = [SECURITY]
    assert f'"{OURS}"' in the_message("E010").hint


def test_e011_drfs_own_handler_is_named_with_the_setting_to_paste(settings):
    settings.REST_FRAMEWORK = PARSERS
    message = the_message("E011")
    assert message.hint == 'REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler"}'


@pytest.mark.parametrize("name", ["their_handler", "their_other_handler"])
def test_e011_a_handler_that_does_not_call_ours_is_named(settings, name):
    settings.REST_FRAMEWORK = {**PARSERS, "EXCEPTION_HANDLER": f"{__name__}.{name}"}
    message = the_message("E011")
    assert f"{__name__}.{name}" in message.msg and "passes untouched" in message.msg
    assert 'REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler"}' in message.hint
    assert "call django_apierrors.handlers.exception_handler from your handler" in message.hint


def test_a_handler_that_calls_ours_is_right(settings):
    settings.REST_FRAMEWORK = {**PARSERS, "EXCEPTION_HANDLER": f"{__name__}.a_wrapper_of_ours"}
    assert messages() == []


@pytest.mark.parametrize(
    ("formats", "is_right"),
    [
        ({"/": None}, True),
        ({"/": None, "/old/": None}, True),
        ({"/": None, "/api/v2/": "nested"}, False),
        ({"/old/": None}, False),
    ],
)
def test_e011_is_silent_where_nothing_is_to_be_structured(settings, formats, is_right):
    settings.REST_FRAMEWORK = {**PARSERS, "EXCEPTION_HANDLER": f"{__name__}.their_handler"}
    settings.APIERRORS = {"FORMATS": formats}
    assert [message.id for message in messages()] == ([] if is_right else ["django_apierrors.E011"])


def test_e011_is_silent_without_drf(settings, monkeypatch):
    settings.REST_FRAMEWORK = PARSERS
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "rest_framework"]
    settings.ROOT_URLCONF = routes(monkeypatch, path("a", view))
    assert messages() == []
    clear_url_caches()
    settings.ROOT_URLCONF = routes(monkeypatch, path("b", APIView.as_view()))
    assert the_message("E011")
    settings.ROOT_URLCONF = None
    assert messages() == []


@pytest.mark.parametrize(("above", "number"), [(CORS, "E012"), (GZIP, "E012"), (SECURITY, "W010")])
@pytest.mark.parametrize("ours", [OURS, f"{__name__}.TheirsOfOurs"])
def test_a_middleware_whose_headers_our_responses_would_lack_is_named(settings, above, number, ours):
    settings.MIDDLEWARE = [ours, above, COMMON]
    message = the_message(number)
    assert above.rpartition(".")[2] in message.msg
    assert message.hint == f'Move "{OURS}" below "{above}" and above "{COMMON}" in MIDDLEWARE.'
    settings.MIDDLEWARE = [above, ours, COMMON]
    assert messages() == []


@pytest.mark.parametrize(
    "below",
    [
        SESSION,
        COMMON,
        CACHE,
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
)
def test_w011_a_middleware_whose_errors_we_never_see_is_named(settings, below):
    settings.MIDDLEWARE = [below, OURS]
    message = the_message("W011")
    assert below.rpartition(".")[2] in message.msg
    assert message.hint == f'Move "{OURS}" above "{below}" in MIDDLEWARE.'


def test_security_below_session_is_a_warning_wherever_we_stand(settings):
    for place, number in enumerate(("W010", "W010", "W011")):
        settings.MIDDLEWARE = [SESSION, SECURITY]
        settings.MIDDLEWARE.insert(place, OURS)
        found = messages()
        assert f"django_apierrors.{number}" in {message.id for message in found}
        assert {message.level for message in found} == {WARNING}
        hint = f'Move "{SECURITY}" above "{SESSION}" in MIDDLEWARE, as Django\'s documentation does, and "{OURS}"'
        assert all(message.hint == f"{hint} between them." for message in found)


def test_the_order_of_djangos_documentation_is_right(settings):
    # "Middleware ordering": the cache above GZip, everything else below it.
    settings.MIDDLEWARE = [SECURITY, CACHE, GZIP, OURS, SESSION, *EVERY_OTHER]
    assert messages() == []


def follow(hint, middleware):
    """Return the middleware after the moves of a hint."""
    paths = re.findall(r'"([^"]+)"', hint)
    if "between them" in hint:
        *moved, target, _ours = paths
        rest = [path for path in middleware if path not in (*moved, OURS)]
        index = rest.index(target)
        return [*rest[:index], *moved, OURS, *rest[index:]]
    rest = [path for path in middleware if path != OURS]
    index = rest.index(paths[-1]) if "above" in hint else rest.index(paths[-1]) + 1
    return [*rest[:index], OURS, *rest[index:]]


def orders():
    """Yield every order of the middleware that have a place, and random orders of all middleware."""
    yield from itertools.permutations([SECURITY, SESSION, GZIP, CACHE, CORS])
    everything = [SECURITY, SESSION, GZIP, CACHE, CORS, *EVERY_OTHER]
    shuffle = random.Random(12).sample
    yield from (shuffle(everything, len(everything)) for _ in range(20))


def test_every_order_has_a_place_without_an_error_and_its_hints_lead_to_one_without_a_message(settings):
    for order in orders():
        levels = []
        for place in range(len(order) + 1):
            settings.MIDDLEWARE = [*order[:place], OURS, *order[place:]]
            found = check_middleware_order()
            levels.append(max((message.level for message in found), default=0))
            assert all(
                message.id == "django_apierrors.E012" and re.search("CorsM|GZipM", message.msg)
                for message in found
                if message.level >= ERROR
            )
            for hint in {message.hint for message in found}:
                settings.MIDDLEWARE = follow(hint, settings.MIDDLEWARE)
                assert check_middleware_order() == [], (order, place, hint)
        assert min(levels) < ERROR, order


def test_subclasses_of_other_middleware_are_known(settings):
    settings.MIDDLEWARE = [f"{__name__}.TheirsOfSession", f"{__name__}.TheirsOfOurs"]
    assert f"{__name__}.TheirsOfSession" in the_message("W011").hint


def test_a_middleware_that_is_a_function_or_of_nobody_has_no_place(settings):
    settings.MIDDLEWARE = ["shop.middleware.before_the_view", OURS, "shop.middleware.after_the_view"]
    assert messages() == []


def test_the_place_of_cors_is_known_without_the_package(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "corsheaders.middleware", None)
    settings.MIDDLEWARE = [OURS, COMMON]
    assert messages() == []
    settings.MIDDLEWARE = [OURS, CORS]
    assert "CorsMiddleware" in the_message("E012").msg


def test_w002_error_views_that_are_not_ours_are_named_with_the_import(settings):
    settings.ROOT_URLCONF = "support.urls_without_handlers"
    message = the_message("W002")
    assert "support.urls_without_handlers" in message.msg
    assert "from django_apierrors.handlers import handler400, handler403, handler404, handler500" in message.hint


def test_w002_needs_a_urlconf(settings):
    settings.ROOT_URLCONF = None
    assert messages() == []


DEFAULT_404 = "django.views.defaults.page_not_found"


def our_page(request, exception=None):
    return HttpResponse("lost", status=404)


def our_page_after_ours(request, exception=None):
    return answer(request, exception) or our_page(request)


def our_csrf_page(request, reason=""):
    return HttpResponse("forged", status=403)


def our_csrf_page_after_ours(request, reason=""):
    from django_apierrors.handlers import csrf_failure

    response = csrf_failure(request, reason)
    return response if "X-Error-Code" in response.headers else our_csrf_page(request, reason)


def error_view(settings, monkeypatch, value):
    """Set handler404 of the root URLconf, whose other error views are ours by dotted path."""
    settings.ROOT_URLCONF = routes(monkeypatch)
    urlconf = sys.modules[settings.ROOT_URLCONF]
    for name in ("handler400", "handler403", "handler500"):
        setattr(urlconf, name, f"django_apierrors.handlers.{name}")
    urlconf.handler404 = value


@pytest.mark.parametrize(
    "view",
    [
        handler404,
        "django_apierrors.handlers.handler404",
        our_page_after_ours,
        f"{__name__}.our_page_after_ours",
        functools.partial(our_page_after_ours),
    ],
)
def test_an_error_view_that_is_ours_or_asks_ours_is_right(settings, monkeypatch, view):
    error_view(settings, monkeypatch, view)
    assert messages() == []


@pytest.mark.parametrize("view", [None, DEFAULT_404, page_not_found])
def test_w002_djangos_own_error_view_is_missing_and_only_it_is_imported(settings, monkeypatch, view):
    error_view(settings, monkeypatch, view)
    message = the_message("W002")
    assert message.msg == "limited_routes lacks handler404: errors above the middleware stay HTML."
    assert message.hint == "Add to limited_routes: from django_apierrors.handlers import handler404"


@pytest.mark.parametrize("view", [our_page, f"{__name__}.our_page"])
def test_i002_a_page_of_the_project_is_kept(settings, monkeypatch, view):
    error_view(settings, monkeypatch, view)
    message = the_message("I002")
    assert message.level == INFO
    assert message.msg.startswith("handler404 of limited_routes")
    assert "import" not in message.hint
    assert "return answer(request, exception) or my_page(request)" in message.hint


def test_an_error_view_that_cannot_be_imported_is_left_to_django(settings, monkeypatch):
    error_view(settings, monkeypatch, "nowhere.at_all")
    assert messages() == []


def test_i003_a_csrf_page_of_the_project_is_kept(settings):
    settings.CSRF_FAILURE_VIEW = f"{__name__}.our_csrf_page"
    message = the_message("I003")
    assert message.level == INFO
    assert "django_apierrors.handlers.csrf_failure(request, reason) first" in message.hint
    for view in ("our_csrf_page_after_ours", "no_page"):
        settings.CSRF_FAILURE_VIEW = f"{__name__}.{view}"
        assert messages() == []


def test_w003_djangos_csrf_failure_view_is_named(settings):
    settings.CSRF_FAILURE_VIEW = "django.views.csrf.csrf_failure"
    assert 'CSRF_FAILURE_VIEW = "django_apierrors.handlers.csrf_failure"' in the_message("W003").hint


@pytest.mark.parametrize(
    "django_version, drf_version, is_supported",
    [
        ((5, 2), "3.16.1", True),
        ((5, 2), "3.18.3", True),
        ((6, 0), "3.17.0", True),
        ((6, 1), "3.18.0", True),
        ((6, 1), "3.17.1", False),
        ((5, 1), "3.16.0", False),
        ((5, 2), "3.15.2", False),
        ((6, 0), "3.19.0", False),
        ((6, 2), "3.18.0", False),
    ],
)
def test_w004_an_unsupported_pair_is_named(monkeypatch, django_version, drf_version, is_supported):
    monkeypatch.setattr("django.VERSION", (*django_version, 0, "final", 0))
    monkeypatch.setattr("rest_framework.VERSION", drf_version)
    if is_supported:
        assert messages() == []
    else:
        message = the_message("W004")
        assert drf_version in message.msg
        assert "Django 6.1 with DRF 3.18" in message.hint


@pytest.mark.parametrize(
    "exposed, missing",
    [
        ([], "X-Error-Code, X-Request-ID, Retry-After"),
        (["x-error-code", "RETRY-AFTER"], "X-Request-ID"),
    ],
)
def test_i001_headers_that_browsers_hide_are_named(settings, exposed, missing):
    settings.CORS_EXPOSE_HEADERS = exposed
    message = the_message("I001")
    assert message.msg.endswith(f"cannot read {missing}.")
    assert message.hint == "Set CORS_EXPOSE_HEADERS = ['X-Error-Code', 'X-Request-ID', 'Retry-After']."


def test_i001_is_silent_without_the_package(settings):
    settings.INSTALLED_APPS = [name for name in settings.INSTALLED_APPS if name != "corsheaders"]
    settings.CORS_EXPOSE_HEADERS = []
    assert messages() == []


@pytest.mark.parametrize(
    ("docs", "number", "named", "fix"),
    [
        ({"ACESS": "staff"}, "E001", "'ACESS'", "ACCESS"),
        ({"ACCESS": "everybody"}, "E002", "'everybody'", "public, authenticated, staff"),
        ({"BASE_URL": "docs.example"}, "E002", "'docs.example'", "absolute URL"),
    ],
)
def test_the_settings_of_the_documentation_are_checked_too(settings, docs, number, named, fix):
    settings.APIERRORS = {"DOCS": docs}
    message = the_message(number)
    assert named in message.msg
    assert fix in message.hint


def test_e014_a_middleware_that_is_listed_twice_is_named(settings):
    settings.MIDDLEWARE = [SECURITY, OURS, f"{__name__}.TheirsOfOurs", SESSION]
    assert OURS in the_message("E014").hint


@pytest.mark.parametrize(
    "key, value, fix",
    [
        ("FORCE", "1", "os.environ"),
        ("FORCE", 1, "True, False or None"),
        ("RETRY_AFTER", 0, "greater than 0"),
        ("RETRY_AFTER", "300", "greater than 0"),
        ("EXEMPT_PATHS", "/livez", '["/livez"]'),
        ("EXEMPT_PATHS", [None], '["/livez"]'),
    ],
)
def test_e002_names_what_is_wrong_with_maintenance(settings, key, value, fix):
    settings.APIERRORS = {"MAINTENANCE": {key: value}}
    message = the_message("E002")
    assert f"['MAINTENANCE'][{key!r}] is {value!r}" in message.msg
    assert fix in message.hint


def test_e001_names_an_unknown_key_of_maintenance(settings):
    settings.APIERRORS = {"MAINTENANCE": {"FORCED": True}}
    message = the_message("E001")
    assert "'FORCED'" in message.msg
    assert "FORCE, RETRY_AFTER, EXEMPT_PATHS" in message.hint


def test_e004_an_exempt_path_without_a_slash_is_named(settings):
    settings.APIERRORS = {"MAINTENANCE": {"EXEMPT_PATHS": ["livez"]}}
    message = the_message("E004")
    assert "['MAINTENANCE']['EXEMPT_PATHS'] has 'livez'" in message.msg
    assert '"/livez"' in message.hint


@pytest.mark.parametrize("text", ["10.0.0.1/8", "proxy.example.com", "", "10.0.0.0/33"])
def test_e015_a_proxy_that_is_no_network_is_named(settings, text):
    settings.APIERRORS = {"TRUSTED_PROXIES": ["192.0.2.1", text]}
    message = the_message("E015")
    assert repr(text) in message.msg
    assert '"10.0.0.0/8"' in message.hint


# Rate limits

LOCMEM = "django.core.cache.backends.locmem.LocMemCache"
DJANGOS_REDIS = "django.core.cache.backends.redis.RedisCache"
MEMCACHED = "django.core.cache.backends.memcached.PyMemcacheCache"
BOUNDED = {"SOCKET_CONNECT_TIMEOUT": 0.25, "SOCKET_TIMEOUT": 0.25}
SHARED = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": "redis://127.0.0.1:6379/1",
        "OPTIONS": BOUNDED,
    }
}


def view(request):
    return HttpResponse("fine")


@pytest.fixture
def limits(settings, monkeypatch):
    """Set rate limits in a project whose cache is the recommended one."""
    # Stands for django-redis, which need not be installed; checks ask what a backend is, never that it does anything.
    module = types.ModuleType("django_redis.cache")
    module.RedisCache = type("RedisCache", (Redis,), {"__module__": module.__name__})
    module.TheirsOfRedis = type("TheirsOfRedis", (module.RedisCache,), {"__module__": __name__})
    monkeypatch.setitem(sys.modules, "django_redis", types.ModuleType("django_redis"))
    monkeypatch.setitem(sys.modules, module.__name__, module)
    settings.CACHES = SHARED
    settings.CORS_EXPOSE_HEADERS = [*settings.CORS_EXPOSE_HEADERS, "RateLimit", "RateLimit-Policy"]

    def given(burst=None, **others):
        policy = {"key": "ip", "rate": "10/s"}
        settings.APIERRORS = {"RATELIMIT": {"POLICIES": {"burst": {**policy, **(burst or {})}}, **others}}

    given()
    return given


def cache(settings, backend, **others):
    settings.CACHES = {"default": {"BACKEND": backend, **others}}


def routes(monkeypatch, *patterns):
    """Make a root URLconf."""
    module = types.ModuleType("limited_routes")
    module.urlpatterns = list(patterns)
    for handler in (handler400, handler403, handler404, handler500):
        setattr(module, handler.__name__, handler)
    monkeypatch.setitem(sys.modules, "limited_routes", module)
    return module.__name__


@pytest.mark.usefixtures("limits")
def test_right_limits_give_no_message(limits):
    limits({"key": f"{__name__}.a_function", "rate": f"{__name__}.a_function"}, GLOBAL=["burst"])
    ratelimit(policy="burst")(view)
    RatelimitThrottle.of("burst")
    assert messages() == []


@pytest.mark.parametrize(
    ("key", "value", "fix"),
    [
        ("POLICIES", ["burst"], '{"burst": {"key": "user_or_ip", "rate": "10/s"}}'),
        ("POLICIES", {"burst": "10/s"}, '{"burst": {"key": "user_or_ip", "rate": "10/s"}}'),
        ("POLICIES", {7: {}}, '{"burst": {"key": "user_or_ip", "rate": "10/s"}}'),
        ("GLOBAL", "anon_ip", '["anon_ip"]'),
        ("GLOBAL", [None], '["anon_ip"]'),
        ("EXEMPT_PATHS", "/livez", '["/livez"]'),
        ("HEADERS", "on", "off, draft, draft+legacy"),
        ("HEADERS", True, "off, draft, draft+legacy"),
        ("ON_STORE_ERROR", "shut", "open, closed"),
        ("BREAKER_SECONDS", 0, "greater than 0"),
        ("BREAKER_SECONDS", "2", "greater than 0"),
        ("BREAKER_SECONDS", True, "greater than 0"),
    ],
)
def test_e002_names_what_is_wrong_with_rate_limits(settings, key, value, fix):
    settings.APIERRORS = {"RATELIMIT": {key: value}}
    message = the_message("E002")
    assert f"['RATELIMIT'][{key!r}] is {value!r}" in message.msg
    assert fix in message.hint


def test_e001_names_an_unknown_key_of_rate_limits(settings):
    settings.APIERRORS = {"RATELIMIT": {"POLICYS": {}}}
    message = the_message("E001")
    assert "'POLICYS'" in message.msg
    assert "POLICIES, GLOBAL, EXEMPT_PATHS, HEADERS, ON_STORE_ERROR, BREAKER_SECONDS" in message.hint


def test_e004_a_path_exempt_from_limits_without_a_slash_is_named(settings):
    settings.APIERRORS = {"RATELIMIT": {"EXEMPT_PATHS": ["livez"]}}
    message = the_message("E004")
    assert "['RATELIMIT']['EXEMPT_PATHS'] has 'livez'" in message.msg
    assert '"/livez"' in message.hint


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"rate": "10/week"}, "'10/week'"),
        ({"rate": "5/M"}, "'5/M'"),
        ({"rate": ""}, "''"),
        ({"rate": "-1/m"}, "'-1/m'"),
        ({"rate": "5/0s"}, "'5/0s'"),
        ({"rate": "\u0665/m"}, "'\u0665/m'"),
        ({"rate": " 5/m"}, "' 5/m'"),
        ({"rate": "5/m\n"}, r"'5/m\n'"),
        ({"rate": (5, 0)}, "(5, 0)"),
        ({"rate": "1.5/m"}, "'1.5/m'"),
        ({"key": "ipp"}, "'ipp'"),
        ({"key": "heder:x"}, "'heder:x'"),
        ({"key": an_async_function}, "an_async_function is async"),
        ({"method": "GTE"}, "'GTE'"),
        ({"methods": "GET"}, "'methods'"),
        ({"on_store_error": "shut"}, "'shut'"),
    ],
)
def test_e016_a_policy_that_makes_no_sense_is_named_with_its_text(limits, wrong, named):
    limits(wrong)
    message = the_message("E016")
    assert "'burst'" in message.msg
    assert named in message.msg
    assert message.hint == "Correct APIERRORS['RATELIMIT']['POLICIES']['burst']."
    with pytest.raises(CommandError):  # and the command that a deployment runs fails
        call_command("check", verbosity=0)


@pytest.mark.parametrize("name", ['a"b\\\u00e9', "two words", ""])
def test_e016_a_name_that_clients_could_not_read_is_named(limits, settings, name):
    settings.APIERRORS = {"RATELIMIT": {"POLICIES": {name: {"key": "ip", "rate": "5/m"}}}}
    assert repr(name) in the_message("E016").msg


def test_e017_an_unknown_global_limit_is_named_with_the_known_ones(limits):
    limits(GLOBAL=["burst", "brust"])
    message = the_message("E017")
    assert message.msg == "APIERRORS['RATELIMIT']['GLOBAL'] names an unknown rate limit policy 'brust'."
    assert "there is: burst." in message.hint


@pytest.mark.usefixtures("limits")
def test_e017_unknown_limits_of_views_are_named_with_their_places():
    ratelimit(policy="brust")(view)
    ratelimit(policy="bursts")(ratelimit(policy="burst")(view))
    found = messages()
    assert [message.id for message in found] == 2 * ["django_apierrors.E017"]
    assert [message.msg.rpartition(" ")[2] for message in found] == ["'brust'.", "'bursts'."]
    assert all(message.msg.startswith(f"{__name__}, line ") for message in found)


@pytest.mark.usefixtures("limits")
def test_e017_unknown_limits_of_throttles_are_named_with_their_classes():
    class Brust(RatelimitThrottle):
        policy = "brust"

    RatelimitThrottle.of("bursts")
    by_class, by_name = (message.msg for message in messages())
    assert "Brust names an unknown rate limit policy 'brust'" in by_name + by_class
    assert "RatelimitThrottle.of('bursts') names an unknown rate limit policy 'bursts'" in by_name + by_class


def test_e017_an_unknown_scope_of_a_view_in_the_urlconf_is_named(limits, settings, monkeypatch):
    class Limited(APIView):
        throttle_classes = [RatelimitThrottle]
        throttle_scope = "brust"

    class Fine(APIView):
        throttle_classes = [RatelimitThrottle, RatelimitThrottle.of("burst")]
        throttle_scope = "burst"

    class OfDrf(APIView):
        throttle_classes = ["no class", APIView]
        throttle_scope = "brust"

    class ByProperty(APIView):
        throttle_classes = property(lambda self: [RatelimitThrottle])
        throttle_scope = property(lambda self: "brust")

    class OfTwoKinds(APIView):
        throttle_classes = property(lambda self: [RatelimitThrottle])
        throttle_scope = "brust"

    monkeypatch.setitem(sys.modules, "nowhere_routes", types.ModuleType("nowhere_routes"))  # has no patterns
    patterns = [
        path("h", ByProperty.as_view()),
        path("i", OfTwoKinds.as_view()),
        path("j", include("nowhere_routes")),
        path("a", Limited.as_view()),
        path("b", include([path("c", Fine.as_view()), path("d", Fine.as_view(throttle_scope="bursts"))])),
        path("e", OfDrf.as_view()),
        path("f", Limited.as_view(throttle_classes=[RatelimitThrottle.of("burst")])),
        path("g", view),
    ]
    settings.ROOT_URLCONF = routes(monkeypatch, *patterns)
    found = sorted(message.msg for message in messages())
    assert [message.split(" names an unknown rate limit policy ")[1] for message in found] == ["'bursts'.", "'brust'."]
    assert all(f"{__name__}." in message for message in found)
    assert "Fine" in found[0] and "Limited" in found[1]


@pytest.mark.usefixtures("limits")
def test_a_urlconf_that_cannot_be_read_is_left_to_django(settings, monkeypatch):
    monkeypatch.setitem(sys.modules, "limited_routes", types.ModuleType("limited_routes"))
    settings.ROOT_URLCONF = "limited_routes"
    assert {message.id for message in messages()} == {"django_apierrors.W002"}


@pytest.mark.parametrize("part", ["key", "rate"])
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nowhere.at_all", "No module named 'nowhere'"),
        (f"{__name__}.nothing", "nothing"),
        (f"{__name__}.not_callable", "cannot be called"),
        (f"{__name__}.an_async_function", "is async"),
    ],
)
def test_e018_a_path_that_names_no_function_is_named(limits, part, name, told):
    limits({part: name})
    message = the_message("E018")
    assert repr(name) in message.msg
    assert told in message.msg
    assert "sync function of group and request" in message.hint


@pytest.mark.usefixtures("limits")
def test_e018_paths_of_decorators_are_named_too():
    ratelimit(key="nowhere.at_all", rate="5/m")(view)
    assert "'nowhere.at_all'" in the_message("E018").msg


@pytest.mark.parametrize(
    ("key", "told"),
    [("user", "counts by user"), ("user_or_ip", "counts by user"), ("post:email", "the body of every request")],
)
def test_w005_a_global_limit_that_knows_too_little_is_named(limits, key, told):
    limits({"key": key})
    assert messages() == []
    limits({"key": key}, GLOBAL=["burst"])
    message = the_message("W005")
    assert "'burst'" in message.msg
    assert told in message.msg
    assert '"ip" or a header' in message.hint


@pytest.mark.parametrize(
    ("backend", "told"),
    [
        (LOCMEM, "each process counts for itself"),
        (f"{__name__}.TheirsOfLocMem", "each process counts for itself"),
        ("django.core.cache.backends.dummy.DummyCache", "nothing is counted"),
        ("django.core.cache.backends.db.DatabaseCache", "not atomic"),
        ("django.core.cache.backends.filebased.FileBasedCache", "not atomic"),
    ],
)
def test_w006_a_store_that_forgets_or_miscounts_is_named_and_refused_by_a_deployment(limits, settings, backend, told):
    cache(settings, backend, LOCATION="limits")
    message = the_message("W006")
    assert "'default'" in message.msg and backend.rpartition(".")[2] in message.msg
    assert told in message.msg
    assert "django_redis.cache.RedisCache" in message.hint and "RATELIMIT_USE_CACHE" in message.hint
    found = run_checks(tags=["django_apierrors"], include_deployment_checks=True)
    assert [(found.id, found.msg, found.hint) for found in found] == [
        ("django_apierrors.W006", message.msg, message.hint),
        ("django_apierrors.E019", message.msg, message.hint),
    ]


@pytest.mark.usefixtures("limits")
def test_the_recommended_store_is_fit_for_a_deployment():
    assert run_checks(tags=["django_apierrors"], include_deployment_checks=True) == []


@pytest.mark.usefixtures("limits")
def test_the_store_may_be_another_cache_than_the_default(settings):
    settings.CACHES = {"default": {"BACKEND": LOCMEM}, "limits": SHARED["default"]}
    assert the_message("W006")
    settings.RATELIMIT_USE_CACHE = "limits"
    assert messages() == []


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"RATELIMIT_USE_CACHE": "nowhere"}, "'nowhere', which is not in CACHES"),
        ({"CACHES": {"default": {"BACKEND": "nowhere.Cache"}}}, "ModuleNotFoundError: No module named 'nowhere'"),
    ],
)
def test_e019_a_store_that_is_not_there_is_named_in_any_case(settings, changes, told):
    for name, value in changes.items():
        setattr(settings, name, value)
    message = the_message("E019")
    assert told in message.msg
    assert "django-apierrors[redis]" in message.hint


@pytest.mark.parametrize("given", [{}, {"RATELIMIT": {"GLOBAL": []}}])
def test_a_project_without_limits_may_have_any_store(settings, given):
    settings.APIERRORS = given
    cache(settings, "nowhere.Cache")
    settings.USE_X_FORWARDED_HOST = True
    assert messages() == []
    settings.APIERRORS = {**given, "TRUSTED_PROXIES": ["unix"]}
    assert run_checks(tags=["django_apierrors"], include_deployment_checks=True) == []


def test_limits_of_views_alone_ask_for_a_store_too():
    ratelimit(key="ip", rate="5/m")(view)
    assert {message.id for message in messages()} == {"django_apierrors.W006", "django_apierrors.I001"}


@pytest.mark.usefixtures("limits")
def test_w007_djangos_redis_under_asgi_is_named(settings):
    options = {"socket_connect_timeout": 0.25, "socket_timeout": 0.25}
    cache(settings, DJANGOS_REDIS, LOCATION="redis://127.0.0.1", OPTIONS=options)
    assert messages() == []
    settings.ASGI_APPLICATION = "project.asgi.application"
    message = the_message("W007")
    assert "'default' opens a connection to Redis for each request" in message.msg
    assert "django_redis.cache.RedisCache" in message.hint


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(
    ("backend", "others", "missing"),
    [
        ("django_redis.cache.RedisCache", {}, ["SOCKET_CONNECT_TIMEOUT", "SOCKET_TIMEOUT"]),
        ("django_redis.cache.TheirsOfRedis", {}, ["SOCKET_CONNECT_TIMEOUT", "SOCKET_TIMEOUT"]),
        ("django_redis.cache.RedisCache", {"OPTIONS": {"SOCKET_TIMEOUT": 1}}, ["SOCKET_CONNECT_TIMEOUT"]),
        ("django_redis.cache.RedisCache", {"OPTIONS": {**BOUNDED, "SOCKET_TIMEOUT": None}}, ["SOCKET_TIMEOUT"]),
        ("django_redis.cache.RedisCache", {"OPTIONS": BOUNDED}, []),
        (
            "django_redis.cache.RedisCache",
            {"OPTIONS": {"CONNECTION_POOL_KWARGS": {"socket_timeout": 1, "socket_connect_timeout": 1}}},
            [],
        ),
        (DJANGOS_REDIS, {}, ["socket_connect_timeout", "socket_timeout"]),
        (DJANGOS_REDIS, {"LOCATION": "redis://h/1?socket_timeout=1&socket_connect_timeout=1"}, []),
        (DJANGOS_REDIS, {"LOCATION": ["redis://h/1?socket_timeout=1"]}, ["socket_connect_timeout"]),
        (DJANGOS_REDIS, {"LOCATION": []}, ["socket_connect_timeout", "socket_timeout"]),
        (MEMCACHED, {"LOCATION": "127.0.0.1:11211"}, ["connect_timeout", "timeout"]),
        (MEMCACHED, {"OPTIONS": {"connect_timeout": 1, "timeout": 1}}, []),
        (f"{__name__}.a_function", {}, []),
    ],
)
def test_w008_a_store_that_may_hang_is_named_with_the_options_to_set(settings, backend, others, missing):
    cache(settings, backend, **others)
    if not missing:
        assert messages() == []
        return
    message = the_message("W008")
    assert " and ".join(missing) in message.msg
    assert message.hint.startswith("Set it in CACHES['default']['OPTIONS']: ")
    assert message.hint.count(": 0.25") == len(missing)


@pytest.mark.usefixtures("limits")
@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"USE_X_FORWARDED_HOST": True}, "Requests come through a proxy"),
        ({"USE_X_FORWARDED_PORT": True}, "Requests come through a proxy"),
        ({"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")}, "Requests come through a proxy"),
        ({"RATELIMIT_IP_META_KEY": "HTTP_X_REAL_IP"}, "RATELIMIT_IP_META_KEY is not read"),
    ],
)
def test_w009_a_proxy_that_is_not_named_is_told(settings, changes, told):
    for name, value in changes.items():
        setattr(settings, name, value)
    message = the_message("W009")
    assert told in message.msg
    assert '"TRUSTED_PROXIES": ["10.0.0.0/8"]' in message.hint
    settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": ["10.0.0.0/8"]}
    assert messages() == []


@pytest.mark.usefixtures("limits")
def test_i001_headers_of_limits_that_browsers_hide_are_named(settings, limits):
    settings.CORS_EXPOSE_HEADERS = ["X-Error-Code", "X-Request-ID", "Retry-After"]
    assert the_message("I001").msg.endswith("cannot read RateLimit, RateLimit-Policy.")
    limits(HEADERS="off")
    assert messages() == []
