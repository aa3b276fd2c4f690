"""A real authorization server and real clients: each client raises its own error for each key, and reads why."""

import contextlib
import http.client
import json
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from django.test import RequestFactory
from support.live_servers import HOST, running
from support.server_processes import COMMANDS, elsewhere, environment, migrate, until
from support.services import missing

pytestmark = pytest.mark.services

NEEDED = {"oauth2_provider": "django-oauth-toolkit", "authlib": "Authlib", "requests_oauthlib": "requests-oauthlib"}
CALLBACK = "https://client.example/callback"
WITH_QUERY = f"{CALLBACK}?app=1"
APP = "com.example.app:/callback"
SECRET = "correct horse"

SAMPLE = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application
user = User.objects.create_user("ana")
def application(name, grant, **fields):
    fields = {{"client_type": "confidential", "client_secret": {SECRET!r}, "hash_client_secret": False, **fields}}
    return Application.objects.create(client_id=name, name=name, user=user, authorization_grant_type=grant, **fields)
application("machine", "client-credentials", redirect_uris="{CALLBACK} {WITH_QUERY}")
web = application("web", "authorization-code", redirect_uris="{CALLBACK} {WITH_QUERY}")
application("page", "implicit", redirect_uris="{CALLBACK}")
for token, scope, hours in (("reader", "read", 1), ("writer", "read write", 1), ("nobody", "", 1), ("old", "read", -1)):
    expires = timezone.now() + timedelta(hours=hours)
    AccessToken.objects.create(token=token, application=web, user=user, scope=scope, expires=expires)
client = Client()
client.force_login(user)
print(client.cookies["sessionid"].value)
"""


@dataclass(frozen=True)
class Answer:
    """What came back: status, headers and body."""

    status: int
    headers: http.client.HTTPMessage
    content: bytes

    def json(self):
        return json.loads(self.content)

    @property
    def challenge(self):
        return self.headers["WWW-Authenticate"]

    def assert_is(self, status, key, code):
        """Assert an answer of the package in the shape of OAuth."""
        assert self.status == status, self.content
        assert self.headers.get_content_type() == "application/json"
        body = self.json()
        assert list(body) == ["error", "error_description"]
        assert body["error"] == key
        assert body["error_description"]
        assert self.headers["X-Error-Code"] == code
        assert self.headers["X-Request-ID"]
        assert (self.headers["Cache-Control"], self.headers["Pragma"]) == ("no-store", "no-cache")


@dataclass
class Site:
    """A server, and the session of somebody who is logged in there."""

    port: int
    session: str
    database: str

    def url(self, path):
        return f"http://{HOST}:{self.port}{path}"

    def send(self, path, method="GET", form=None, **headers):
        """Send a request and follow nothing."""
        content = None if form is None else urlencode(form)
        given = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        if form is not None:
            given["Content-Type"] = "application/x-www-form-urlencoded"
        with contextlib.closing(http.client.HTTPConnection(HOST, self.port, timeout=30)) as connection:
            connection.request(method, path, content, given)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def visit(self, url, method="GET", form=None, **headers):
        """Send a request as the browser of the resource owner does."""
        parts = urlsplit(url)
        cookies = f"sessionid={self.session}; csrftoken={'a' * 32}"
        return self.send(f"{parts.path}?{parts.query}", method, form, Cookie=cookies, Accept="text/html", **headers)


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    for module, name in NEEDED.items():
        if find_spec(module) is None:
            missing(f"{name} is not installed")
    url = f"sqlite:///{tmp_path_factory.mktemp('oauth') / 'db.sqlite3'}"
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        # The clients refuse http, even to this machine.
        patch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
        patch.setenv("APIERRORS_OAUTH", "with the package")
        migrate(url)
        session = elsewhere(url, SAMPLE).strip()
        command = COMMANDS["gunicorn with threads"]
        started = [
            stack.enter_context(running("gunicorn", command, **environment(url), APIERRORS_OAUTH=how))
            for how in ("with the package", "alone")
        ]
        yield [Site(server.port, session, url) for server in started]


@pytest.fixture
def site(sites):
    return sites[0]


@pytest.fixture
def toolkit(sites):
    """The same server without the package."""
    return sites[1]


# The clients


class Oauthlib:
    """requests-oauthlib, which raises an exception class of oauthlib for each key."""

    def __init__(self):
        from oauthlib.oauth2 import BackendApplicationClient, MobileApplicationClient
        from oauthlib.oauth2.rfc6749.errors import CustomOAuth2Error, OAuth2Error
        from requests_oauthlib import OAuth2Session

        self.session, self.backend, self.mobile = OAuth2Session, BackendApplicationClient, MobileApplicationClient
        self.error, self.custom = OAuth2Error, CustomOAuth2Error

    def fetch(self, url, *, grant_type, client_id, secret, **form):
        client = self.backend(client_id)
        client.grant_type = grant_type
        with self.session(client=client) as session, pytest.raises(self.error) as caught:
            session.fetch_token(url, client_secret=secret, timeout=30, **form)
        self._assert_typed(caught.value)
        return caught.value.error, caught.value.description

    def authorize(self, site, url, client_id, redirect_uri, scope=None, response_type="code"):
        with self.session(client_id, redirect_uri=redirect_uri, scope=scope) as session:
            address, state = session.authorization_url(url)
            address = address.replace("response_type=code", f"response_type={response_type}")
            location = site.visit(address).headers["Location"]
            with pytest.raises(self.error) as caught:  # a state that differs is another error
                session.fetch_token(site.url("/oauth/token/"), authorization_response=location)
        assert caught.value.state == state
        self._assert_typed(caught.value)
        return location, caught.value.error, caught.value.description

    def authorize_at_once(self, site, url, client_id, redirect_uri):
        with self.session(client=self.mobile(client_id), redirect_uri=redirect_uri) as session:
            address, _ = session.authorization_url(url)
            location = site.visit(address).headers["Location"]
            with pytest.raises(self.error) as caught:
                session.token_from_fragment(location)
        return location, caught.value.error, caught.value.description

    def _assert_typed(self, exc):
        """Assert that the exception has a class of its own, which only an extension has not."""
        assert (type(exc) is self.custom) == (exc.error == "forbidden_scope")


class Authlib:
    """Authlib, which raises one exception class with the key in it."""

    def __init__(self):
        from authlib.integrations.django_client import OAuth
        from authlib.integrations.requests_client import OAuth2Session, OAuthError

        self.session, self.registry, self.error = OAuth2Session, OAuth, OAuthError

    def fetch(self, url, *, grant_type, client_id, secret, method="client_secret_basic", **form):
        from requests import HTTPError

        session = self.session(client_id, secret, token_endpoint_auth_method=method)
        with session, pytest.raises((self.error, HTTPError)) as caught:
            session.fetch_token(url, grant_type=grant_type, timeout=30, **form)
        if isinstance(caught.value, HTTPError):  # Authlib reads no body of a 5xx; whoever catches this does
            assert caught.value.response.status_code >= 500
            body = caught.value.response.json()
            return body["error"], body["error_description"]
        return caught.value.error, caught.value.description

    def authorize(self, site, url, client_id, redirect_uri, **form):
        with self.session(client_id, redirect_uri=redirect_uri) as session:
            address, state = session.create_authorization_url(url, **form)
        location = site.visit(address).headers["Location"]
        parts = urlsplit(location)
        assert parse_qs(parts.query)["state"] == [state]
        client = self.registry().register("server", client_id=client_id)
        with pytest.raises(self.error) as caught:
            client.authorize_access_token(RequestFactory().get(f"{parts.path}?{parts.query}"))
        return location, caught.value.error, caught.value.description


@pytest.fixture(params=[Oauthlib, Authlib], ids=["requests-oauthlib", "Authlib"])
def client(request, sites):
    return request.param()


# The token endpoint

#: What the toolkit refuses, by key; the client "machine" with the right secret is the default.
REFUSED = {
    "invalid_request": {"grant_type": "refresh_token", "client_id": "web"},
    "invalid_client": {"secret": "wrong"},
    "invalid_grant": {"grant_type": "authorization_code", "client_id": "web", "code": "no such code"},
    "unauthorized_client": {"client_id": "web"},
    "unsupported_grant_type": {"grant_type": "telepathy"},
    "invalid_scope": {"scope": "everything"},
}
#: What the views of the test project raise, by key: its status.
RAISED = {
    "invalid_request": 400,
    "invalid_client": 401,
    "invalid_grant": 400,
    "unauthorized_client": 400,
    "unsupported_grant_type": 400,
    "invalid_scope": 400,
    "server_error": 500,
    "temporarily_unavailable": 503,
}
DEFAULTS = {"grant_type": "client_credentials", "client_id": "machine", "secret": SECRET}


@pytest.mark.parametrize("key", REFUSED)
def test_a_client_reads_what_the_token_endpoint_of_the_toolkit_refuses(site, client, key):
    error, _ = client.fetch(site.url("/oauth/token/"), **{**DEFAULTS, **REFUSED[key]})
    assert error == key


@pytest.mark.parametrize("key", RAISED)
def test_a_client_reads_what_a_token_endpoint_raises(site, client, key):
    text = "Do it “again”."
    error, description = client.fetch(site.url(f"/oauth/refusing/token/{key}/"), **DEFAULTS, description=text)
    assert error == key
    # Where the code allows it; the text of others is fixed.
    assert (description == "Do it again .") == (RAISED[key] == 400)
    assert description


@pytest.mark.parametrize("key", RAISED)
def test_a_token_endpoint_answers_with_the_status_and_the_headers_of_the_key(site, key):
    answer = site.send(
        f"/oauth/refusing/token/{key}/", "POST", {}, Accept_Language="de", Origin="https://client.example"
    )
    answer.assert_is(RAISED[key], key, f"OAUTH_{key.upper()}")
    assert (answer.challenge is not None) == (key == "invalid_client")
    assert answer.headers["Retry-After"] == ("7" if key == "temporarily_unavailable" else None)
    assert answer.headers["Access-Control-Allow-Origin"] == "https://client.example"


BASIC = "Basic bWFjaGluZTp3cm9uZw=="  # machine:wrong
BODY = {"grant_type": "client_credentials", "client_id": "machine", "client_secret": "wrong"}


@pytest.mark.parametrize("path", ["/oauth/strict/token/", "/oauth/refusing/token/invalid_client/"])
def test_a_wrong_secret_is_challenged_in_the_scheme_of_the_client(site, path):
    basic = site.send(path, "POST", {"grant_type": "client_credentials"}, Authorization=BASIC)
    basic.assert_is(401, "invalid_client", "OAUTH_INVALID_CLIENT")
    assert basic.challenge == 'Basic realm="api"'
    # RFC 9110 asks for a challenge with every 401; only Basic and Digest make a browser ask for a password.
    in_body = site.send(path, "POST", BODY)
    in_body.assert_is(401, "invalid_client", "OAUTH_INVALID_CLIENT")
    assert in_body.challenge == 'Bearer realm="api"'


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_a_client_reads_that_its_secret_is_wrong_however_it_was_sent(site, client, method):
    if isinstance(client, Authlib):
        asked = {"method": method, "secret": "wrong"}
    else:
        asked = {"include_client_id": method == "client_secret_post", "secret": "wrong"}
    error, description = client.fetch(site.url("/oauth/strict/token/"), **{**DEFAULTS, **asked})
    assert (error, description) == ("invalid_client", "The client ID or the client secret was not accepted.")


# The authorization endpoint

#: What the toolkit refuses by a redirect, by key.
SENT_BACK = {
    "unsupported_response_type": {"client_id": "web", "response_type": "telepathy"},
    "invalid_scope": {"client_id": "web", "scope": "everything"},
    "unauthorized_client": {"client_id": "machine"},
}
AUTHORIZATION_KEYS = (
    "invalid_request",
    "unsupported_response_type",
    "invalid_scope",
    "forbidden_scope",
    "access_denied",
    "unauthorized_client",
    "server_error",
    "temporarily_unavailable",
)
HOSTILE = 'a"b\\c\r\nSet-Cookie: d=e\r\n😀ö%0d%0a'


@pytest.mark.parametrize("key", AUTHORIZATION_KEYS)
@pytest.mark.parametrize("redirect_uri", [CALLBACK, WITH_QUERY, APP])
@pytest.mark.parametrize("ending", ["", "async/"])
def test_a_client_parses_the_redirect_of_every_key(site, client, key, redirect_uri, ending):
    url = site.url(f"/oauth/refusing/authorize/{key}/{ending}")
    location, error, description = client.authorize(site, url, "web", redirect_uri)
    assert location.startswith(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}error={key}&")
    assert error == key
    assert description


@pytest.mark.parametrize("key", AUTHORIZATION_KEYS)
def test_a_client_that_asks_for_a_token_at_once_parses_the_fragment(site, key):
    # Authlib looks for no error in a fragment.
    url = site.url(f"/oauth/refusing/authorize/{key}/")
    location, error, description = Oauthlib().authorize_at_once(site, url, "web", WITH_QUERY)
    assert location.startswith(f"{WITH_QUERY}#error={key}&")
    assert error == key
    assert description


@pytest.mark.parametrize("key", SENT_BACK)
@pytest.mark.parametrize("redirect_uri", [CALLBACK, WITH_QUERY])
def test_a_client_parses_the_redirects_of_the_toolkit(site, client, key, redirect_uri):
    url = site.url("/oauth/authorize/")
    location, error, _ = client.authorize(site, url, redirect_uri=redirect_uri, **SENT_BACK[key])
    assert location.startswith(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}error={key}")
    assert error == key


@pytest.mark.parametrize("name", ["state", "description"])
def test_nothing_that_is_sent_can_add_a_header(site, name):
    asked = {"client_id": "web", "redirect_uri": CALLBACK, name: HOSTILE}
    answer = site.visit(site.url(f"/oauth/refusing/authorize/access_denied/?{urlencode(asked)}"))
    assert answer.status == 302
    assert "Set-Cookie" not in answer.headers
    assert len(answer.headers.get_all("Location")) == 1
    members = dict(parse_qsl(urlsplit(answer.headers["Location"]).query))
    description = "a b c Set-Cookie: d=e %0d%0a" if name == "description" else members["error_description"]
    assert members == {
        "error": "access_denied",
        "error_description": description,
        **({"state": HOSTILE} if name == "state" else {}),
    }


@pytest.mark.parametrize(
    "asked",
    [
        {"client_id": "nobody", "redirect_uri": CALLBACK},
        {"client_id": "web", "redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": CALLBACK},
        {"client_id": "web"},
    ],
    ids=["unknown client", "unknown redirect URI", "no client", "no redirect URI"],
)
def test_an_unknown_client_or_redirect_uri_is_never_redirected_to(site, asked):
    query = urlencode({"response_type": "code", "state": "xyz", **asked})
    answer = site.visit(site.url(f"/oauth/refusing/authorize/access_denied/?{query}"))
    answer.assert_is(400, "access_denied", "OAUTH_ACCESS_DENIED")
    assert "Location" not in answer.headers
    if asked != {"client_id": "web"}:  # the toolkit takes the first of several that are registered
        page = site.visit(site.url(f"/oauth/authorize/?{query}"))
        assert (page.status, page.headers.get_content_type()) == (400, "text/html")
        assert "Location" not in page.headers
        # A client that does not ask for HTML by name gets what the page would tell people.
        told = site.send(f"/oauth/authorize/?{query}", Cookie=f"sessionid={site.session}")
        told.assert_is(400, "invalid_request", "INVALID_REQUEST")


# What the toolkit answers passes through

TOKEN = "/oauth/token/"
FORM = {"grant_type": "client_credentials", "client_id": "machine", "client_secret": SECRET}
ASKED = {"client_id": "web", "redirect_uri": WITH_QUERY, "response_type": "code", "state": "a b&c"}
UNTOUCHED = {
    "a secret by Basic that is wrong": (TOKEN, {"grant_type": "client_credentials"}, {"Authorization": BASIC}),
    "a secret in the body that is wrong": (TOKEN, BODY, {}),
    "no client": (TOKEN, {"grant_type": "client_credentials"}, {}),
    "no grant type": (TOKEN, {**FORM, "grant_type": ""}, {}),
    "an unknown grant type": (TOKEN, {**FORM, "grant_type": "telepathy"}, {}),
    "a code that nobody gave": (
        TOKEN,
        {**FORM, "client_id": "web", "grant_type": "authorization_code", "code": "x"},
        {},
    ),
    "no refresh token": (TOKEN, {**FORM, "client_id": "web", "grant_type": "refresh_token"}, {}),
    "a grant that the client may not use": (TOKEN, {**FORM, "client_id": "web"}, {}),
    "an unknown scope": (TOKEN, {**FORM, "scope": "everything"}, {}),
    "a token to revoke, by a wrong secret": ("/oauth/revoke_token/", {**BODY, "token": "reader"}, {}),
    "no token to revoke": ("/oauth/revoke_token/", FORM, {}),
    "a redirect for an unknown scope": (f"/oauth/authorize/?{urlencode({**ASKED, 'scope': 'x'})}", None, {}),
    "a redirect for an unknown response type": (
        f"/oauth/authorize/?{urlencode({**ASKED, 'response_type': 'x'})}",
        None,
        {},
    ),
    "a redirect to the login page": (f"/oauth/authorize/?{urlencode(ASKED)}", None, {"Cookie": "sessionid=none"}),
}


@pytest.mark.parametrize("case", UNTOUCHED)
@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html"])
def test_what_the_toolkit_answers_passes_byte_for_byte(site, toolkit, case, accept):
    path, form, headers = UNTOUCHED[case]
    ours, alone = (
        server.send(
            path,
            "GET" if form is None else "POST",
            form,
            **{"Cookie": f"sessionid={server.session}", "Accept": accept, **headers},
        )
        for server in (site, toolkit)
    )
    assert ours.status == alone.status
    assert ours.status in (302, 400, 401)
    assert ours.content == alone.content
    assert told(ours) == told(alone)
    assert "X-Error-Code" not in ours.headers


def told(answer):
    """Return the headers, in their order, without those that differ from answer to answer."""
    return [(name, value) for name, value in answer.headers.items() if name not in ("Date", "X-Process")]


def test_a_refusal_of_the_resource_owner_passes_byte_for_byte(site, toolkit):
    form = {**ASKED, "scope": "read", "csrfmiddlewaretoken": "a" * 32}
    ours, alone = (server.visit(server.url("/oauth/authorize/"), "POST", form) for server in (site, toolkit))
    assert ours.headers["Location"] == alone.headers["Location"] == f"{WITH_QUERY}&error=access_denied&state=a+b%26c"
    assert told(ours) == told(alone)


def test_a_page_of_the_toolkit_stays_a_page(site):
    page = site.visit(site.url(f"/oauth/authorize/?{urlencode(ASKED)}"))
    assert (page.status, page.headers.get_content_type()) == (200, "text/html")
    assert b"<form" in page.content


# What the toolkit does not answer is answered in the shape of OAuth


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html"])
@pytest.mark.parametrize(
    ("method", "path", "status", "key", "code"),
    [
        ("GET", "/oauth/nowhere/", 404, "invalid_request", "ENDPOINT_NOT_FOUND"),
        ("GET", "/oauth", 404, "invalid_request", "ENDPOINT_NOT_FOUND"),
        ("POST", "/oauth/introspect/", 403, "invalid_request", "PERMISSION_DENIED"),
        ("GET", "/oauth/token/", 405, "invalid_request", "METHOD_NOT_ALLOWED"),
        ("DELETE", "/oauth/authorize/", 405, "invalid_request", "METHOD_NOT_ALLOWED"),
        ("GET", "/oauth/throttled/", 429, "temporarily_unavailable", "RATE_TOO_HIGH"),
        ("GET", "/oauth/crash/", 500, "server_error", "INTERNAL_SERVER_ERROR"),
    ],
    ids=str,
)
def test_an_error_that_the_toolkit_does_not_make_has_the_shape_of_oauth(site, method, path, status, key, code, accept):
    form = {} if method == "POST" else None
    cookie = f"sessionid={site.session}; csrftoken={'a' * 32}"
    answer = site.send(path, method, form, Accept=accept, Cookie=cookie, X_CSRFToken="a" * 32, Accept_Language="de")
    answer.assert_is(status, key, code)
    assert answer.headers["Allow"] == {
        "/oauth/token/": "POST, OPTIONS",
        "/oauth/authorize/": "GET, POST, PUT, HEAD, OPTIONS",
    }.get(path)
    assert answer.headers["Retry-After"] == ("5" if status == 429 else None)
    assert b"swordfish" not in answer.content
    assert answer.headers["Content-Language"] == "en"


def test_maintenance_has_the_shape_of_oauth_for_every_client(site, client):
    on = "from django_apierrors import maintenance; maintenance.enable(path_prefixes=['/oauth'])"
    elsewhere(site.database, on)
    try:
        for path in ("/oauth/token/", "/oauth/authorize/", "/oauth/nowhere/"):
            until(lambda path=path: site.send(path, "POST", FORM).status == 503)
            answer = site.send(path, "POST", FORM)
            answer.assert_is(503, "temporarily_unavailable", "MAINTENANCE")
            assert 0 < int(answer.headers["Retry-After"]) <= 3600
        error, description = client.fetch(site.url("/oauth/token/"), **DEFAULTS)
        assert (error, description) == (
            "temporarily_unavailable",
            "The service is down for maintenance. Please try again later.",
        )
        # The rest of the API goes on.
        assert site.send("/api/cards/", Authorization="Bearer reader").status == 200
    finally:
        elsewhere(site.database, "from django_apierrors import maintenance; maintenance.disable()")
        until(lambda: site.send("/oauth/nowhere/").status == 404)


# Protected resources


@pytest.mark.parametrize("path", ["/api/accounts/", "/api/cards/"])
def test_a_request_without_a_token_gets_a_bare_challenge(site, path):
    answer = site.send(path)
    assert (answer.status, answer.headers["X-Error-Code"]) == (401, "AUTH_KEY_NOT_FOUND")
    assert answer.challenge == 'Bearer realm="api"'


@pytest.mark.parametrize("path", ["/api/accounts/", "/api/cards/"])
@pytest.mark.parametrize("token", ["unknown", "old", '"quoted"', "a,b=c"])
def test_a_token_that_is_unknown_or_expired_is_invalid(site, path, token):
    answer = site.send(path, Authorization=f"Bearer {token}")
    assert (answer.status, answer.headers["X-Error-Code"]) == (401, "AUTH_KEY_INVALID")
    assert answer.challenge.startswith('Bearer realm="api"')
    assert answer.challenge.count("error=") == 1
    assert 'error="invalid_token"' in answer.challenge


def test_a_token_without_the_scope_is_told_which_one_it_needs(site):
    answer = site.send("/api/accounts/", Authorization="Bearer reader")
    assert (answer.status, answer.headers["X-Error-Code"]) == (403, "INSUFFICIENT_SCOPE")
    assert answer.challenge == 'Bearer error="insufficient_scope", scope="read write"'


def test_a_permission_can_say_by_its_code_that_a_scope_is_missing(site):
    answer = site.send("/api/cards/", Authorization="Bearer nobody")
    assert (answer.status, answer.headers["X-Error-Code"]) == (403, "INSUFFICIENT_SCOPE")
    assert answer.challenge == 'Bearer error="insufficient_scope"'


def test_a_token_with_the_scope_opens_the_resource(site):
    assert site.send("/api/accounts/", Authorization="Bearer writer").status == 200
    assert site.send("/api/cards/", Authorization="Bearer reader").status == 200
