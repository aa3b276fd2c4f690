"""The system checks: every wrong set-up is named, and the hint is the fix."""

import gc
import sys

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import run_checks
from django.core.management import call_command

from django_apierrors import codes
from django_apierrors.codes import ErrorDefinition
from django_apierrors.exceptions import ApiError
from django_apierrors.middleware import ApiErrorMiddleware

OURS = "django_apierrors.middleware.ApiErrorMiddleware"
CORS = "corsheaders.middleware.CorsMiddleware"
SECURITY = "django.middleware.security.SecurityMiddleware"
GZIP = "django.middleware.gzip.GZipMiddleware"
SESSION = "django.contrib.sessions.middleware.SessionMiddleware"
COMMON = "django.middleware.common.CommonMiddleware"


class TheirsOfOurs(ApiErrorMiddleware):
    """A project's subclass of our middleware."""


class TheirsOfSession(SessionMiddleware):
    """A project's subclass of Django's middleware."""


class NotAFormat:
    pass


not_callable = 7


def a_function(request):
    return "id"


def their_handler(exc, context):
    return None


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
        assert "nested, result, detailed, described, oauth2, typed, problem" in message.hint


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
    monkeypatch.setitem(codes._definitions, "OF_TEST", definition)
    message = the_message("E009")
    assert "OF_TEST" in message.msg and "{name}" in message.msg
    assert 'params={"name": ...}' in message.hint


def test_e010_a_missing_middleware_is_named_with_the_line_to_add(settings):
    settings.MIDDLEWARE = [SECURITY]
    assert f'"{OURS}"' in the_message("E010").hint


def test_e011_drfs_own_handler_is_named_with_the_setting_to_paste(settings):
    settings.REST_FRAMEWORK = {}
    message = the_message("E011")
    assert message.hint == 'REST_FRAMEWORK = {"EXCEPTION_HANDLER": "django_apierrors.handlers.exception_handler"}'


def test_w001_another_handler_is_named(settings):
    settings.REST_FRAMEWORK = {"EXCEPTION_HANDLER": f"{__name__}.their_handler"}
    message = the_message("W001")
    assert f"{__name__}.their_handler" in message.msg
    assert "django_apierrors.handlers.exception_handler" in message.hint


@pytest.mark.parametrize("above", [CORS, SECURITY, GZIP])
@pytest.mark.parametrize("ours", [OURS, f"{__name__}.TheirsOfOurs"])
def test_e012_a_middleware_whose_headers_our_answers_would_lack_is_named(settings, above, ours):
    settings.MIDDLEWARE = [ours, COMMON, above]
    message = the_message("E012")
    assert above.rpartition(".")[2] in message.msg
    assert f'below "{above}"' in message.hint
    settings.MIDDLEWARE = [above, ours, COMMON]
    assert messages() == []


@pytest.mark.parametrize(
    "below",
    [
        SESSION,
        COMMON,
        "django.middleware.locale.LocaleMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.cache.UpdateCacheMiddleware",
        "django.middleware.http.ConditionalGetMiddleware",
    ],
)
def test_e013_a_middleware_whose_errors_we_never_see_is_named(settings, below):
    settings.MIDDLEWARE = [below, OURS]
    message = the_message("E013")
    assert below.rpartition(".")[2] in message.msg
    assert f'above "{below}"' in message.hint


def test_subclasses_of_other_middleware_are_known(settings):
    settings.MIDDLEWARE = [f"{__name__}.TheirsOfSession", f"{__name__}.TheirsOfOurs"]
    assert f"{__name__}.TheirsOfSession" in the_message("E013").hint


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
    settings.ROOT_URLCONF = "bare_urls"
    message = the_message("W002")
    assert "bare_urls" in message.msg
    assert "from django_apierrors.handlers import handler400, handler403, handler404, handler500" in message.hint


def test_w002_needs_a_urlconf(settings):
    settings.ROOT_URLCONF = None
    assert messages() == []


def test_w003_another_csrf_failure_view_is_named(settings):
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
