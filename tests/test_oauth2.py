"""Errors of OAuth 2: what a view raises, and how the authorization endpoint sends its errors to the client."""

import os
import pickle
import subprocess
import sys
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.contrib.auth.views import redirect_to_login
from django.test import RequestFactory
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import NotAuthenticated
from support.clients import sender

from django_apierrors import codes, oauth2
from django_apierrors.catalog import Row, pinned
from django_apierrors.oauth2 import AUTHORIZATION_ERRORS, authorization_error
from django_apierrors.problems import Problem
from django_apierrors.signals import problem_sent
from django_apierrors.testing import assert_api_error

CALLBACK = "https://client.example/callback"
#: Class → what the client reads as `error`, and the status.
KEYS = {
    oauth2.InvalidRequest: ("invalid_request", 400),
    oauth2.InvalidClient: ("invalid_client", 401),
    oauth2.InvalidGrant: ("invalid_grant", 400),
    oauth2.UnauthorizedClient: ("unauthorized_client", 400),
    oauth2.UnsupportedGrantType: ("unsupported_grant_type", 400),
    oauth2.UnsupportedResponseType: ("unsupported_response_type", 400),
    oauth2.InvalidScope: ("invalid_scope", 400),
    oauth2.ForbiddenScope: ("forbidden_scope", 400),
    oauth2.AccessDenied: ("access_denied", 400),
    oauth2.AuthorizationPending: ("authorization_pending", 400),
    oauth2.SlowDown: ("slow_down", 400),
    oauth2.ExpiredToken: ("expired_token", 400),
    oauth2.ServerError: ("server_error", 500),
    oauth2.TemporarilyUnavailable: ("temporarily_unavailable", 503),
}
#: Those of RFC 6749, 4.1.2.1, and the extension.
AUTHORIZATION_KEYS = {
    "invalid_request",
    "unauthorized_client",
    "access_denied",
    "unsupported_response_type",
    "invalid_scope",
    "forbidden_scope",
    "server_error",
    "temporarily_unavailable",
}
#: RFC 6749, A.8: what an `error_description` may hold.
ALLOWED = {chr(number) for number in range(0x20, 0x7F)} - {'"', "\\"}
HOSTILE = 'No "such"\\grant\r\nSet-Cookie: a=b\n\x00😀 größe\u2028\ud800.'

VIEWS = [("sync", "/api/plain"), ("sync", "/api/drf"), ("async", "/api/async"), ("async", "/api/drf")]
every_view = pytest.mark.parametrize(("mode", "path"), VIEWS)


@pytest.fixture(autouse=True)
def oauth_format(settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": {"/api/": "oauth2"}}


@pytest.fixture
def redirected(set_view, api):
    """What an authorization endpoint answers that refuses, to a request with a query string."""

    def to(redirect_uri=CALLBACK, error="access_denied", query="", path="/api/plain", headers=None, **arguments):
        set_view(lambda request: authorization_error(request, redirect_uri, error, **arguments))
        return api.get(f"{path}?{query}", headers=headers or {})

    return to


def told(response, *, in_fragment=False):
    """Return what the client reads in its redirect URI."""
    assert response.status_code == 302, response.content
    parts = urlsplit(response["Location"])
    pairs = parse_qsl(parts.fragment if in_fragment else parts.query, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


# What a view raises


@every_view
@pytest.mark.parametrize("cls", KEYS, ids=lambda cls: cls.__name__)
def test_every_key_has_an_exception_for_every_kind_of_view(set_view, mode, path, cls):
    set_view(cls())
    response = sender(mode)("get", path)
    key, status = KEYS[cls]
    assert (response.json()["error"], response.status_code) == (key, status)
    assert response["X-Error-Code"] == f"OAUTH_{key.upper()}"
    assert (response["Cache-Control"], response["Pragma"]) == ("no-store", "no-cache")


def test_no_key_of_the_format_is_without_an_exception():
    assert {key for key, _ in KEYS.values()} == set(oauth2.formats.OAuth2.codes.values())
    assert set(KEYS) == set(oauth2.OAuthError.__subclasses__())


def test_a_description_is_what_the_client_reads(set_view, api):
    set_view(oauth2.InvalidGrant("The code was used before."))
    assert api.get("/api/plain").json()["error_description"] == "The code was used before."


@pytest.mark.parametrize("cls", [oauth2.InvalidClient, oauth2.ServerError, oauth2.TemporarilyUnavailable])
def test_a_description_of_what_may_tell_too_much_is_withheld(set_view, api, cls):
    set_view(cls("The secret of app 17 is swordfish."))
    response = api.get("/api/plain")
    assert "swordfish" not in response.content.decode()
    assert response.json()["error_description"]


def test_an_exception_takes_what_every_error_takes(set_view, api):
    set_view(oauth2.TemporarilyUnavailable(retry_after=7, headers={"X-Queue": "long"}))
    response = api.get("/api/plain")
    assert (response["Retry-After"], response["X-Queue"]) == ("7", "long")


@pytest.mark.parametrize("exc", [oauth2.InvalidGrant("Used before."), oauth2.InsufficientScope("accounts:write")])
def test_an_exception_can_be_sent_to_another_process(exc):
    sent = pickle.loads(pickle.dumps(exc))
    assert (type(sent), sent.message, sent.params) == (type(exc), exc.message, exc.params)


@pytest.mark.parametrize("text", [HOSTILE, gettext_lazy("This field is required."), "ä", "😀", "", " \n "])
def test_a_description_comes_out_within_the_grammar(set_view, api, settings, text):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    set_view(oauth2.InvalidGrant(text))
    description = api.get("/api/plain", headers={"accept-language": "de"}).json()["error_description"]
    assert description
    assert set(description) <= ALLOWED
    assert "Feld" not in description


def test_a_description_of_no_letters_that_a_client_can_read_is_the_phrase_of_the_status(set_view, api):
    set_view(oauth2.InvalidGrant("授权码已被使用"))
    assert api.get("/api/plain").json()["error_description"] == "Bad Request"


@every_view
def test_a_translation_in_the_catalog_never_reaches_a_client_of_oauth(set_view, mode, path, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    set_view(oauth2.InvalidGrant())
    german = Row(code="OAUTH_INVALID_GRANT", translations={"de": {"message": "Der Code gilt nicht mehr."}})
    with pinned(german):
        response = sender(mode)("get", path, headers={"accept-language": "de"})
    expected = "The authorization code or refresh token is no longer usable."
    assert response.json()["error_description"] == expected
    assert response["Content-Language"] == "en"


PERMISSION = """
from django_apierrors.oauth2 import InsufficientScope
from rest_framework.permissions import BasePermission
class HasScope(BasePermission):
    error = InsufficientScope
"""
PROJECT = """
import django
from django.conf import settings
apps = ["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages"]
settings.configure(
    INSTALLED_APPS=[*apps, "rest_framework", "django_apierrors"],
    REST_FRAMEWORK={"DEFAULT_PERMISSION_CLASSES": ["permissions_of_a_project.HasScope"]},
)
django.setup()
from rest_framework.views import APIView
print(APIView.permission_classes[0].error.code)
"""


@pytest.mark.parametrize("first", ["", "import django_apierrors.oauth2", "import rest_framework.exceptions"])
def test_a_default_permission_of_drf_may_import_the_exceptions(tmp_path, first):
    # DRF imports its defaults half-way through its own views, whoever imports those first.
    (tmp_path / "permissions_of_a_project.py").write_text(PERMISSION)
    source = PROJECT.replace("django.setup()", f"django.setup()\n{first}")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", source],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("INSUFFICIENT_SCOPE\n", "")


# Challenges


@every_view
@pytest.mark.parametrize(
    ("sent", "challenge"),
    [
        ("Basic YTpi", 'Basic realm="api"'),
        ("basic YTpi", 'Basic realm="api"'),
        (None, 'Bearer realm="api"'),
        ("Bearer good", 'Bearer realm="api", error="invalid_token"'),
    ],
)
def test_a_client_is_challenged_in_the_scheme_it_used_and_in_the_body_of_a_request_without_a_prompt(
    set_view, mode, path, sent, challenge
):
    # Also where the authenticators of a DRF view have a challenge for users.
    set_view(oauth2.InvalidClient())
    response = sender(mode)("post" if path == "/api/drf" else "get", path, headers={"authorization": sent or ""})
    assert response["WWW-Authenticate"] == challenge


@pytest.mark.parametrize(
    ("configured", "sent", "challenge"),
    [
        ('Basic realm="shop"', "Basic YTpi", 'Basic realm="shop"'),
        ('Basic realm="shop"', "", 'Bearer realm="shop"'),
        ('Bearer realm="one", Basic realm="two"', "", 'Bearer realm="one"'),
        ('Bearer realm="one", Basic realm="two"', "Basic YTpi", 'Bearer realm="one", Basic realm="two"'),
        ('Bearer realm="basic"', "", 'Bearer realm="basic"'),
        ('Bearer realm="basic"', "Basic YTpi", 'Basic realm="basic"'),
        ("Bearer", "Basic YTpi", 'Basic realm="api"'),
    ],
)
def test_the_configured_challenge_is_taken_where_its_scheme_fits(set_view, api, settings, configured, sent, challenge):
    settings.APIERRORS = {**settings.APIERRORS, "CHALLENGE": configured}
    set_view(oauth2.InvalidClient())
    assert api.get("/api/plain", headers={"authorization": sent})["WWW-Authenticate"] == challenge


@every_view
def test_a_challenge_of_the_raise_site_is_kept(set_view, mode, path):
    set_view(oauth2.InvalidClient(headers={"WWW-Authenticate": 'Basic realm="apps"'}))
    assert sender(mode)("get", path)["WWW-Authenticate"] == 'Basic realm="apps"'


def test_the_authenticators_of_a_view_go_on_challenging_its_users(set_view, api):
    set_view(NotAuthenticated())
    assert api.get("/api/drf")["WWW-Authenticate"] == 'Bearer realm="shop"'


@every_view
def test_a_missing_scope_is_named_in_the_challenge(set_view, mode, path):
    set_view(oauth2.InsufficientScope("accounts:read accounts:write"))
    response = sender(mode)("get", path, headers={"authorization": "Bearer good"})
    assert_api_error(response, "INSUFFICIENT_SCOPE", 403)
    expected = 'Bearer error="insufficient_scope", scope="accounts:read accounts:write"'
    assert response["WWW-Authenticate"] == expected


def test_a_scope_that_is_not_told_is_not_named(set_view, api):
    set_view(oauth2.InsufficientScope())
    assert api.get("/api/plain")["WWW-Authenticate"] == 'Bearer error="insufficient_scope"'


# The redirect of the authorization endpoint


@pytest.mark.parametrize("key", sorted(AUTHORIZATION_KEYS))
def test_every_key_is_sent_to_the_client(redirected, key):
    response = redirected(error=key, state="xyz")
    members = told(response)
    assert list(members) == ["error", "error_description", "state"]
    assert (members["error"], members["state"]) == (key, "xyz")
    assert members["error_description"]
    assert response.content == b""
    assert response["Cache-Control"] == "no-store"
    assert response["X-Error-Code"] == f"OAUTH_{key.upper()}"
    assert response["X-Request-ID"]


def test_the_endpoint_answers_the_keys_of_the_rfc_and_the_catalog_says_so():
    assert set(AUTHORIZATION_ERRORS) == AUTHORIZATION_KEYS
    assert all(KEYS[cls][0] == key for key, cls in AUTHORIZATION_ERRORS.items())
    told = {code for code in oauth2.formats.OAuth2.codes if "authorization" in str(codes.get(code).description)}
    assert told == {cls.code for cls in AUTHORIZATION_ERRORS.values()}


@every_view
def test_every_kind_of_view_can_redirect(set_view, mode, path):
    set_view(lambda request: authorization_error(request, CALLBACK, oauth2.InvalidScope("No scope is called x.")))
    members = told(sender(mode)("get", f"{path}?state=a%26b"))
    assert members == {"error": "invalid_scope", "error_description": "No scope is called x.", "state": "a&b"}


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("https://client.example/callback", "https://client.example/callback?error="),
        ("https://client.example", "https://client.example?error="),
        ("https://client.example/callback?app=1&b=%20c", "https://client.example/callback?app=1&b=%20c&error="),
        ("https://client.example/callback?", "https://client.example/callback?error="),
        ("https://client.example/callback?app=1&", "https://client.example/callback?app=1&error="),
        ("HTTPS://Client.Example:8443/a//b/../c", "HTTPS://Client.Example:8443/a//b/../c?error="),
        ("http://127.0.0.1:51004/callback", "http://127.0.0.1:51004/callback?error="),
        ("http://[::1]:51004/", "http://[::1]:51004/?error="),
        ("com.example.app:/callback", "com.example.app:/callback?error="),
        ("com.example.app:///callback?a=1", "com.example.app:///callback?a=1&error="),
        ("myapp://callback", "myapp://callback?error="),
        ("urn:ietf:wg:oauth:2.0:oob", "urn:ietf:wg:oauth:2.0:oob?error="),
    ],
)
def test_the_redirect_uri_stays_as_it_is_registered(redirected, uri, expected):
    response = redirected(uri)
    assert response["Location"].startswith(f"{expected}access_denied&error_description=")


@pytest.mark.parametrize(
    "uri",
    [
        None,
        "",
        "/callback",
        "//client.example/callback",
        "client.example/callback",
        "https:client.example",
        "https:/client.example",
        "https:///client.example",
        "https://\\client.example",
        "https://client.example/callback#fragment",
        "https://client.example/callback#",
        "https://client.example/call back",
        "https://client.example/callback\r\nSet-Cookie: a=b",
        "https://client.example/callback\n",
        "https://müller.example/callback",
        "https://client.example/\u212aelvin",  # which matches a `k` that ignores case
        "myapp:",
        "1app:/callback",
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "view-source:https://client.example",
        "intent://client",
        "https://evil.example\\@client.example",
        'https://client.example/"<b>',
    ],
    ids=repr,
)
def test_without_a_valid_redirect_uri_there_is_no_redirect(redirected, uri):
    response = redirected(uri, "access_denied", state="xyz")
    assert_api_error(response, "OAUTH_ACCESS_DENIED", 400)
    assert "Location" not in response
    assert "Set-Cookie" not in response
    assert response.json() == {
        "error": "access_denied",
        "error_description": "The user or the authorization server refused the request.",
    }


def test_an_error_that_is_shown_says_all_that_the_exception_says(redirected):
    response = redirected(None, oauth2.TemporarilyUnavailable(retry_after=7))
    assert (response.status_code, response["Retry-After"]) == (503, "7")


def test_a_redirect_is_not_held_back(redirected):
    response = redirected(error=oauth2.TemporarilyUnavailable(retry_after=7, headers={"Retry-After": "8"}))
    assert told(response)["error"] == "temporarily_unavailable"
    assert "Retry-After" not in response


@pytest.mark.parametrize("response_type", ["token", "id_token token", "code%20token"])
def test_a_client_that_asks_for_a_token_at_once_reads_the_fragment(redirected, response_type):
    response = redirected(f"{CALLBACK}?app=1", query=f"response_type={response_type}&state=xyz")
    assert response["Location"].startswith(f"{CALLBACK}?app=1#error=access_denied&")
    assert told(response, in_fragment=True)["state"] == "xyz"


@pytest.mark.parametrize("query", ["", "response_type=code", "response_type=tokens", "response_type="])
def test_any_other_client_reads_the_query(redirected, query):
    assert told(redirected(query=query))["error"] == "access_denied"


@pytest.mark.parametrize(
    ("query", "given", "expected"),
    [
        ("state=abc", None, "abc"),
        ("state=abc", "given", "given"),
        ("state=abc", "", None),
        ("state=", None, None),
        ("", None, None),
        ("state=%C3%A4%26%3D%23+%2B%25", None, "ä&=# +%"),
    ],
)
def test_the_state_comes_back_as_it_was_sent(redirected, query, given, expected):
    assert told(redirected(query=query, state=given)).get("state") == expected


def test_the_form_of_an_authorization_endpoint_may_be_posted(set_view, api):
    set_view(lambda request: authorization_error(request, CALLBACK, "access_denied"))
    response = api.post("/api/plain", {"state": "xyz", "response_type": "token"})
    assert told(response, in_fragment=True)["state"] == "xyz"


@pytest.mark.parametrize("content", [{"state": "xyz"}, None], ids=["form", "json"])
def test_a_drf_view_has_read_the_body_before(set_view, api, content):
    def refuse(request):
        assert request.data
        return authorization_error(request, CALLBACK, "access_denied")

    set_view(refuse)
    body = {"data": content} if content else {"data": '{"state": "xyz"}', "content_type": "application/json"}
    assert told(api.post("/api/drf", **body)).get("state") == (content or {}).get("state")


def test_what_was_sent_to_another_method_counts_for_nothing():
    request = RequestFactory().put("/authorize", "state=xyz", content_type="application/x-www-form-urlencoded")
    assert "state" not in told(authorization_error(request, CALLBACK, "access_denied"))


@pytest.mark.parametrize("text", [HOSTILE, "a\r\nLocation: https://evil.example", "%0d%0aSet-Cookie: a=b", "\x00"])
def test_neither_state_nor_description_can_add_a_header(redirected, text):
    response = redirected(state=text, description=text)
    assert set(response["Location"]) <= {chr(number) for number in range(0x21, 0x7F)}
    assert "Set-Cookie" not in response
    members = told(response)
    assert members["state"] == text.replace("\ud800", "?")
    assert set(members["error_description"]) <= ALLOWED


def test_a_description_outranks_that_of_an_exception(redirected):
    members = told(redirected(error=oauth2.InvalidScope("One."), description="Two."))
    assert members["error_description"] == "Two."


def test_a_server_error_says_nothing_of_its_own(redirected):
    members = told(redirected(error="server_error", description="swordfish"))
    assert members["error_description"] == "The authorization server met an unexpected condition."


def test_a_redirect_is_never_localised(redirected, settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German")]
    with pinned(Row(code="OAUTH_ACCESS_DENIED", translations={"de": {"message": "Verweigert."}})):
        response = redirected(headers={"accept-language": "de"})
    assert told(response)["error_description"] == "The user or the authorization server refused the request."


def test_the_words_of_the_team_are_sent_too(redirected):
    with pinned(Row(code="OAUTH_ACCESS_DENIED", texts={"message": "Ask “Ana” first."})):
        assert told(redirected())["error_description"] == "Ask Ana first."


@pytest.mark.parametrize(
    "error", ["invalid_grant", "invalid_client", "ACCESS_DENIED", "", None, oauth2.InvalidGrant(), ValueError()]
)
def test_what_the_endpoint_does_not_answer_is_refused_with_what_it_does(rf, error):
    with pytest.raises(ValueError, match=r"does not answer .*use one of invalid_request, .*access_denied"):
        authorization_error(rf.get("/authorize"), CALLBACK, error)


def test_an_authorization_endpoint_that_is_left_alone_sends_people_to_the_login_page(settings, set_view, api):
    formats = {"/api/": "oauth2", "/api/plain/": None}
    settings.APIERRORS = {"FORMATS": formats, "LOGIN_REDIRECT_AS_401": True}
    set_view(lambda request: redirect_to_login(request.path))
    assert api.get("/api/plain").status_code == 302
    assert_api_error(api.get("/api/async"), "AUTH_KEY_NOT_FOUND")


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_redirect_counts_as_an_error_that_was_sent(set_view, mode):
    sent = []

    def count(problem, response, **kwargs):
        sent.append((problem.code, response.status_code))

    problem_sent.connect(count, sender=Problem)
    try:
        set_view(lambda request: authorization_error(request, CALLBACK, "access_denied"))
        sender(mode)("get", "/api/plain")
    finally:
        problem_sent.disconnect(count, sender=Problem)
    assert sent == [("OAUTH_ACCESS_DENIED", 302)]
