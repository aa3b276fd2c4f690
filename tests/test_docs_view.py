"""The documentation view: what it shows, to whom, in which form, and for how long it may be kept."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import Permission
from django.test import Client, override_settings
from django.urls import clear_script_prefix, set_script_prefix
from django.utils import timezone, translation
from rest_framework import fields

import django_apierrors
from django_apierrors import catalog, codes, maintenance
from django_apierrors.catalog import Catalog, Row
from django_apierrors.docs import format_aliases
from django_apierrors.docs.languages import DOCS_TEXT
from django_apierrors.exceptions import ApiError
from django_apierrors.formats import BUILTIN
from django_apierrors.maintenance.responses import PAGE_TEXT
from django_apierrors.testing import assert_api_error, maintenance_mode, override_error

JSON = {"Accept": "application/json"}
FORMATS = {"/oauth/": "oauth2", "/v2/": "detailed", "/old/": None}
ALL_CODES = [definition.code for definition in codes.definitions()]
OWN = {"status": 402, "title": "Card declined", "message": "The card was declined."}


@pytest.fixture
def configure(settings):
    """Change keys of APIERRORS."""

    def change(**keys):
        settings.APIERRORS = {**settings.APIERRORS, **keys}

    return change


@pytest.fixture
def user(db, django_user_model):
    return django_user_model.objects.create_user("ana", password="x")


@pytest.fixture
def staff(db, django_user_model):
    return django_user_model.objects.create_superuser("sam", password="x")


def html(response, status=200):
    assert response.status_code == status
    assert response["Content-Type"] == "text/html; charset=utf-8"
    return response.content.decode()


def section(page, id_):
    """Return what stands under a heading, up to the next one of the second level."""
    return page.split(f'id="{id_}"', 1)[1].split("<h2", 1)[0]


def codes_in(text):
    return re.findall(r'<th scope="row"><a href="/errors/(\w+)/">', text)


# The list of all codes


def test_the_index_lists_every_code_in_the_section_of_its_class(client):
    page = html(client.get("/errors/"))
    by_section = {
        class_: codes_in(section(page, "codes").split(f'id="codes-{class_}xx"')[1].split("</section>")[0])
        for class_ in (4, 5)
    }
    current = catalog.current()
    for class_, found in by_section.items():
        assert found
        assert {current.status(code) // 100 for code in found} == {class_}
    assert sorted(by_section[4] + by_section[5]) == sorted(current)


def test_the_statuses_of_the_api_are_explained_with_their_codes(client):
    statuses = section(html(client.get("/errors/")), "statuses")
    assert re.findall(r'class="number">(\d+)</span> <span lang="en">([\w ]+)<', statuses)[:4] == [
        ("200", "OK"),
        ("201", "Created"),
        ("204", "No Content"),
        ("400", "Bad Request"),
    ]
    assert "The request can be taken" not in statuses
    assert str(codes.STATUSES[503].meaning) in statuses
    assert '<a href="/errors/RATE_TOO_HIGH/">' in statuses
    assert ">402<" not in statuses
    with override_error("CARD_DECLINED", **OWN):
        statuses = section(html(client.get("/errors/")), "statuses")
        assert '>402</span> <span lang="en">Payment Required</span>' in statuses


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_the_envelope_is_explained_by_an_answer_of_the_format_and_its_keys(client, configure, name):
    configure(FORMAT=name)
    shape = section(html(client.get("/errors/")), "shape")
    sample = re.search(r'<pre dir="ltr" class="copied".*?<code>(.*?)</code>', shape, re.DOTALL)[1]
    body = json.loads(unescaped(sample))
    documented = set(re.findall(r'<th scope="row"><code>([\w.]+)</code>', shape))
    assert keys_of(body) <= documented
    assert ("rate_limit_error</code></dt>" in shape) == (name == "typed")


@pytest.mark.parametrize("name", sorted(BUILTIN))
def test_every_key_that_a_format_writes_has_a_meaning(api, set_view, configure, name):
    configure(FORMAT=name, MAX_ERRORS=1)
    format_ = BUILTIN[name]
    prefix = f"{format_.envelope}." if format_.envelope else ""
    documented = {prefix + field.name for field in format_.fields}
    set_view(ApiError("RESOURCE_CONFLICT", details={"by": "ana"}))
    order = {"items": [{"name": "Tea", "price": "x"}, {"name": "Coffee"}]}
    for response in (api.get("/api/plain"), api.post("/api/orders", order, content_type="application/json")):
        assert keys_of(response.json()) <= documented


def unescaped(text):
    return text.replace("&quot;", '"').replace("&lt;", "<").replace("&gt;", ">").replace("&#x27;", "'")


def keys_of(body):
    """Return the keys of an error object as the documentation names them."""
    if isinstance(body.get("error"), dict):
        return {f"error.{key}" for key in body["error"]}
    return set(body)


def test_a_flat_typed_format_is_documented_flat(client, configure):
    configure(FORMAT="test_docs_view.Flat")
    shape = section(html(client.get("/errors/")), "shape")
    assert "<code>doc_url</code></th>" in shape
    assert "error.doc_url" not in shape


class Flat(BUILTIN["typed"]):
    envelope = None


class Bare(BUILTIN["nested"]):
    """A format that documents nothing."""

    fields = ()


def test_a_format_without_documented_keys_has_no_table(client, configure):
    configure(FORMAT="test_docs_view.Bare")
    shape = section(html(client.get("/errors/")), "shape")
    assert "<table>" not in shape
    assert "RATE_TOO_HIGH" in shape


def test_other_formats_are_shown_with_their_paths(client, configure):
    configure(FORMATS=FORMATS)
    shape = section(html(client.get("/errors/")), "shape")
    assert [
        summary.strip() for summary in re.findall(r"<summary>Errors have another shape under: (.*?)</summary>", shape)
    ] == [
        "<code>/oauth/</code>",
        "<code>/v2/</code>",
    ]
    assert "error_description" in shape
    assert "RATE_LIMIT_EXCEEDED" in shape


def test_oauth_errors_have_a_section_of_their_own_when_a_path_speaks_oauth(client, configure):
    assert "codes-oauth" not in html(client.get("/errors/"))
    configure(FORMATS=FORMATS)
    page = html(client.get("/errors/"))
    found = codes_in(page.split('id="codes-oauth"')[1].split("</section>")[0])
    assert set(found) == set(BUILTIN["oauth2"].codes)
    assert not set(found) & set(codes_in(page.split('id="codes-oauth"')[0]))


def test_the_section_of_oauth_says_at_which_endpoint_each_error_occurs(client, configure):
    configure(FORMATS=FORMATS)
    page = html(client.get("/errors/"))
    oauth = page.split('id="codes-oauth"')[1].split("</section>")[0]
    places = {
        code: {place for place in ("token endpoint", "authorization endpoint") if place in row}
        for code, row in re.findall(r'errors/(\w+)/"><code>\w+</code></a>(.*?)</tr>', oauth, re.DOTALL)
    }
    assert set(places) == set(BUILTIN["oauth2"].codes)
    assert all(places.values())
    assert places["OAUTH_INVALID_CLIENT"] == {"token endpoint"}
    assert places["OAUTH_UNSUPPORTED_RESPONSE_TYPE"] == {"authorization endpoint"}
    assert places["OAUTH_INVALID_SCOPE"] == {"token endpoint", "authorization endpoint"}
    assert "Returned " not in page.replace(oauth, "")


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ("OAUTH_INVALID_GRANT", "by the token endpoint"),
        ("OAUTH_UNSUPPORTED_RESPONSE_TYPE", "by the authorization endpoint"),
        ("INSUFFICIENT_SCOPE", "for protected resources"),
    ],
)
def test_the_page_and_the_exports_of_a_code_say_where_it_occurs(client, code, place):
    sentence = f"Returned {place}"
    assert sentence in html(client.get(f"/errors/{code}/"))
    assert client.get(f"/errors/{code}.json").json()["description"].startswith(sentence)
    for export in ("csv", "md"):
        assert sentence in client.get(f"/errors/catalog.{export}").content.decode()


@pytest.mark.parametrize(
    "query, wanted",
    [
        ("q=rate_too", ["RATE_TOO_HIGH"]),
        ("q=MANY+requests", ["RATE_TOO_HIGH"]),
        ("q=revoked", ["AUTH_KEY_INVALID"]),
        ("q=rate_limit_exceeded", ["RATE_TOO_HIGH"]),
        ("status=410", ["GONE"]),
        ("type=rate_limit_error", ["RATE_TOO_HIGH"]),
        ("retry=safe&status=409", ["IDEMPOTENCY_KEY_IN_USE"]),
        ("q=upstream&retry=idempotent&status=504", ["GATEWAY_TIMEOUT"]),
        ("q=nothing+like+this", []),
    ],
)
def test_the_form_finds_codes(client, configure, query, wanted):
    configure(FORMATS=FORMATS)
    page = html(client.get(f"/errors/?{query}"))
    assert codes_in(page) == wanted
    assert f'<p role="status">{len(wanted)} code{"" if len(wanted) == 1 else "s"}</p>' in page
    assert "Show all" in page
    assert ("No code matches." in page) == (not wanted)


def test_the_form_keeps_what_was_asked(client):
    page = html(client.get("/errors/", {"q": '"><i>', "status": "404", "retry": "never"}))
    assert 'value="&quot;&gt;&lt;i&gt;"' in page
    assert '<option value="404" selected>' in page
    assert '<option value="never" selected>' in page


@pytest.mark.parametrize("query", ["status=200", "status=x", "type=x", "retry=x", "page=0", "page=x", "page=99"])
def test_a_query_that_means_nothing_is_no_filter(client, query):
    assert len(codes_in(html(client.get(f"/errors/?{query}")))) == len(ALL_CODES)


@pytest.fixture
def many():
    """A catalog of a thousand codes more."""
    rows = {
        f"OF_TEST_{number:04}": Row(
            code=f"OF_TEST_{number:04}", status=418, texts={"title": f"Title {number}", "message": "Message."}
        )
        for number in range(1000)
    }
    catalog.install(Catalog(rows))
    yield rows
    catalog.install(Catalog())


@pytest.mark.usefixtures("many")
def test_a_long_catalog_comes_in_pages(client):
    first = html(client.get("/errors/?status=418"))
    assert len(codes_in(first)) == 200
    assert "1000 codes, page 1 of 5" in first
    assert "?status=418&amp;page=2#codes" in first
    last = html(client.get("/errors/?status=418&page=5"))
    assert codes_in(last)[-1] == "OF_TEST_0999"
    assert 'page=5#codes" aria-current="page"' in last
    assert '<a href="?status=418#codes">and 992 more</a>' in section(first, "statuses")
    assert '"?page=2#codes"' in html(client.get("/errors/"))


def test_an_empty_catalog_is_a_page_too(client, monkeypatch):
    monkeypatch.setattr(codes, "registry", {})
    page = html(client.get("/errors/"))
    assert "0 codes" in page
    assert "RATE_TOO_HIGH" not in page


def test_the_pages_of_the_project_are_linked(client, configure):
    assert "status.example" not in html(client.get("/errors/"))
    configure(DOCS={"STATUS_URL": "https://status.example/?a=1&b", "SUPPORT_URL": "https://help.example/"})
    page = html(client.get("/errors/"))
    assert '<a href="https://status.example/?a=1&amp;b">' in section(page, "handling")
    assert '<a href="https://help.example/">' in section(page, "handling")
    assert "status.example" in section(html(client.get("/errors/MAINTENANCE/")), "remedy")
    assert "help.example" in section(html(client.get("/errors/INTERNAL_SERVER_ERROR/")), "remedy")
    assert "help.example" not in section(html(client.get("/errors/GONE/")), "remedy")


def test_the_remedy_of_a_5xx_is_at_least_where_to_ask(client, configure):
    own = {"status": 599, "title": "Odd", "message": "Odd."}
    with override_error("ODD", **own):
        assert 'id="remedy"' not in html(client.get("/errors/ODD/"))
        configure(DOCS={"SUPPORT_URL": "https://help.example/"})
        assert "help.example" in section(html(client.get("/errors/ODD/")), "remedy")


def test_what_clients_do_about_errors_is_said(client):
    page = html(client.get("/errors/"))
    assert section(page, "handling").count("<li>") == 7
    assert re.findall(r'href="([^"]+)"', section(page, "downloads"))[:3] == [
        "/errors/catalog.json",
        "/errors/catalog.csv",
        "/errors/catalog.md",
    ]
    for name in ("X-Error-Code", "X-Request-ID", "Retry-After", "WWW-Authenticate", "Allow", "Link"):
        assert f"<code>{name}</code>" in section(page, "headers")


# One code


@pytest.mark.parametrize("code", ALL_CODES)
def test_every_code_has_a_page_with_its_texts_and_snippets(client, code):
    page = html(client.get(f"/errors/{code}/"))
    entry = catalog.current().entry(code, "en")
    assert f'<h1 class="code"><code>{code}</code></h1>' in page
    assert f'>{entry.status}</span> <span lang="en">{codes.phrase(entry.status)}</span>' in page
    assert section(page, "causes").count("<li>") == len(entry.causes) if entry.causes else 'id="causes"' not in page
    assert section(page, "remedy").count("<li>") == len(entry.remedy) if entry.remedy else 'id="remedy"' not in page
    handle = page.split('id="handle"')[1]
    assert "curl -i" in handle
    assert handle.count(f"&quot;{code}&quot;") + handle.count(f'"{code}"') == 2


@pytest.mark.parametrize("format_", sorted(BUILTIN))
@pytest.mark.parametrize(
    "code, view",
    [("RATE_TOO_HIGH", "throttled"), ("AUTH_KEY_NOT_FOUND", "no-key"), ("INTERNAL_SERVER_ERROR", "unhandled")],
)
def test_the_example_is_what_is_on_the_wire(api, configure, code, view, format_):
    configure(FORMAT=format_, CHALLENGE='Bearer realm="shop"')
    example = section(html(api.get(f"/errors/{code}/")), "example")
    head, body = (unescaped(text) for text in re.findall(r"<pre.*?<code>(.*?)</code>", example, re.DOTALL))
    request_id = re.search(r"X-Request-ID: (\S+)", head)[1]
    response = api.get(f"/api/plain/{view}", headers={"X-Request-ID": request_id})
    assert json.loads(body) == response.json()
    lines = head.splitlines()
    assert lines[0] == f"HTTP/1.1 {response.status_code} {codes.phrase(response.status_code)}"
    shown = dict(line.split(": ", 1) for line in lines[1:])
    assert shown.items() <= {**response.headers, "Vary": shown.get("Vary")}.items()
    assert {"X-Error-Code", "Cache-Control", "Content-Type"} <= shown.keys()


def test_examples_have_the_headers_and_errors_of_their_status(client):
    assert "Allow: GET, HEAD, OPTIONS" in html(client.get("/errors/METHOD_NOT_ALLOWED/"))
    assert "Retry-After: 30" in html(client.get("/errors/SERVICE_UNAVAILABLE/"))
    assert "Retry-After: " not in section(html(client.get("/errors/GONE/")), "example")
    example = section(html(client.get("/errors/VALIDATION_FAILED/")), "example")
    assert "A valid number is required." in example
    assert "&quot;errors&quot;" in example
    assert "&quot;required&quot;" in section(html(client.get("/errors/PARAM_NOT_FOUND/")), "example")


def test_the_credentials_of_the_reader_are_not_in_the_example(client):
    page = html(client.get("/errors/AUTH_KEY_INVALID/", headers={"Authorization": "Bearer secret"}))
    assert "invalid_token" not in page


def test_the_example_names_the_host_and_scheme_of_the_page(client):
    assert "https://localhost/errors/GONE/" in html(
        client.get("/errors/GONE/", secure=True, headers={"Host": "localhost"})
    )


def test_an_oauth_error_is_shown_in_its_own_format_under_its_own_path(client, configure):
    configure(FORMATS=FORMATS)
    page = html(client.get("/errors/OAUTH_INVALID_GRANT/"))
    assert "&quot;error&quot;: &quot;invalid_grant&quot;" in section(page, "example")
    assert "Pragma: no-cache" in section(page, "example")
    configure(FORMATS={})
    assert "OAUTH_INVALID_GRANT" in section(html(client.get("/errors/OAUTH_INVALID_GRANT/")), "example")


@pytest.mark.parametrize(
    "code, curl", [("RATE_TOO_HIGH", "--retry 5"), ("IDEMPOTENCY_KEY_IN_USE", "curl -i -H"), ("GONE", "curl -i -H")]
)
def test_curl_retries_what_it_can_and_may(client, code, curl):
    assert curl in section(html(client.get(f"/errors/{code}/")), "handle")


def test_a_deprecated_code_stays_with_a_banner_and_leads_to_its_replacement(client):
    with override_error("GONE", deprecated=True, replaced_by="RESOURCE_NOT_FOUND"):
        page = html(client.get("/errors/GONE/"))
        assert "Deprecated." in page
        assert '<a href="/errors/RESOURCE_NOT_FOUND/">' in page
        assert ">Deprecated</span>" in html(client.get("/errors/?q=gone"))
        assert client.get("/errors/GONE.json").json()["replaced_by"] == "RESOURCE_NOT_FOUND"
    with override_error("GONE", deprecated=True):
        assert "Replaced by" not in html(client.get("/errors/GONE/"))


def test_a_replacement_that_is_unlisted_is_not_named(client):
    with (
        override_error("GONE", deprecated=True, replaced_by="RESOURCE_CONFLICT"),
        override_error("RESOURCE_CONFLICT", listed=False),
    ):
        for path in ("/errors/GONE/", "/errors/GONE.json", "/errors/", "/errors/catalog.json"):
            assert b"RESOURCE_CONFLICT" not in client.get(path).content


def test_a_code_of_another_spelling_is_moved_to_its_own(client):
    response = client.get("/errors/rate_Too_high/")
    assert (response.status_code, response["Location"]) == (301, "/errors/RATE_TOO_HIGH/")
    response = client.get("/errors/rate_too_high.json")
    assert (response.status_code, response["Location"]) == (301, "/errors/RATE_TOO_HIGH.json")
    assert response["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("path", ["/errors/NO_SUCH_CODE/", "/errors/x.y/", "/errors/%E2%82%AC/"])
def test_what_is_no_code_is_not_found(client, path):
    assert client.get(path).status_code == 404
    assert_api_error(client.get(path, headers=JSON), "RESOURCE_NOT_FOUND")
    assert_api_error(client.get(path.rstrip("/") + ".json"), "RESOURCE_NOT_FOUND")


@pytest.mark.parametrize("path", ["/errors/", "/errors/GONE/", "/errors/GONE.json", "/errors/catalog.csv"])
def test_the_documentation_is_only_read(client, path):
    assert client.post(path).status_code == 405
    assert client.head(path).status_code == 200


# Names that formats write


def test_a_name_leads_to_the_only_code_behind_it(client, configure):
    assert client.get("/errors/RATE_LIMIT_EXCEEDED/").status_code == 404
    configure(FORMATS=FORMATS)
    for path, target in [
        ("/errors/RATE_LIMIT_EXCEEDED/", "/errors/RATE_TOO_HIGH/"),
        ("/errors/rate_limit_exceeded.json", "/errors/RATE_TOO_HIGH.json"),
        ("/errors/invalid_grant/", "/errors/OAUTH_INVALID_GRANT/"),
    ]:
        assert client.get(path)["Location"] == target
        assert client.get(path).status_code == 301
    page = html(client.get("/errors/RATE_TOO_HIGH/"))
    assert "<dt>Written as</dt><dd><code>RATE_LIMIT_EXCEEDED</code>" in page
    assert "written as <code>RATE_LIMIT_EXCEEDED</code>" in html(client.get("/errors/"))


def test_a_name_of_several_codes_lists_them(client, configure):
    configure(FORMAT="detailed")
    page = html(client.get("/errors/UNAUTHENTICATED/"))
    assert codes_in(page) == ["AUTH_KEY_NOT_FOUND", "AUTH_KEY_INVALID"]
    found = client.get("/errors/unauthenticated.json").json()
    assert [one["code"] for one in found["codes"]] == ["AUTH_KEY_NOT_FOUND", "AUTH_KEY_INVALID"]
    assert client.get("/errors/UNAUTHENTICATED/", headers=JSON).json() == found


def test_a_name_that_is_a_code_shows_its_entry_and_the_codes_written_as_it(client, configure):
    assert 'id="written-as-it"' not in html(client.get("/errors/INVALID_REQUEST/"))
    configure(FORMAT="detailed")
    page = html(client.get("/errors/INVALID_REQUEST/"))
    assert '<h1 class="code"><code>INVALID_REQUEST</code></h1>' in page
    assert codes_in(section(page, "written-as-it")) == ["REQUEST_MALFORMED", "PARAM_NOT_FOUND", "VALIDATION_FAILED"]
    assert client.get("/errors/INVALID_REQUEST.json").json()["code"] == "INVALID_REQUEST"


def test_unlisted_codes_are_not_behind_a_name_either(client, configure):
    configure(FORMAT="detailed")
    with override_error("AUTH_KEY_INVALID", listed=False):
        assert client.get("/errors/UNAUTHENTICATED/")["Location"] == "/errors/AUTH_KEY_NOT_FOUND/"
    with override_error("RATE_TOO_HIGH", listed=False):
        assert client.get("/errors/RATE_LIMIT_EXCEEDED/").status_code == 404


def test_names_are_those_of_the_configured_formats():
    assert format_aliases.get_aliases() == {}
    with override_settings(APIERRORS={"FORMAT": "detailed", "FORMATS": FORMATS}):
        assert format_aliases.get_aliases()["MAINTENANCE"] == ("SERVICE_UNAVAILABLE",)
        assert format_aliases.get_oauth_format_name() == "oauth2"


# What a response points to


@pytest.mark.parametrize("format_", ["typed", "problem"])
@pytest.mark.parametrize("code", ALL_CODES)
def test_what_an_error_points_to_is_there_for_everybody(api, set_view, configure, code, format_):
    configure(FORMAT=format_)
    set_view(ApiError(code, params=dict(codes.get(code).params)))
    with override_error(code, deprecated=True):
        response = api.get("/api/plain")
        body = response.json()
        link = response["Link"].split(">")[0].strip("<")
        assert link == (body["type"] if format_ == "problem" else body["error"]["doc_url"])
        assert Client().get(link).status_code == 200
    with override_error(code, listed=False):
        response = api.get("/api/plain")
        assert "Link" not in response
        assert Client().get(link).status_code == 404


# Who may read


def test_anybody_reads_public_pages_without_a_query(client, django_assert_num_queries, db):
    for path in ("/errors/", "/errors/GONE/", "/errors/catalog.json", "/errors/catalog.csv", "/errors/GONE.json"):
        with django_assert_num_queries(0):
            assert client.get(path).status_code == 200


PATHS = ["/errors/", "/errors/GONE/", "/errors/catalog.csv", "/errors/catalog.md"]
DATA_PATHS = ["/errors/catalog.json", "/errors/GONE.json"]


@pytest.mark.parametrize("path", PATHS + DATA_PATHS)
def test_where_users_read_others_log_in_first(client, configure, user, path):
    configure(DOCS={"ACCESS": "authenticated"})
    if path in PATHS:
        response = client.get(path)
        assert (response.status_code, response["Location"]) == (302, f"/accounts/login/?next={path}")
    else:
        assert_api_error(client.get(path), "AUTH_KEY_NOT_FOUND", 401)
    assert_api_error(client.get(path, headers=JSON), "AUTH_KEY_NOT_FOUND", 401)
    client.force_login(user)
    response = client.get(path)
    assert response.status_code == 200
    assert response["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize("path", PATHS + DATA_PATHS)
def test_where_staff_reads_others_are_forbidden(client, configure, user, staff, path):
    configure(DOCS={"ACCESS": "staff"})
    assert client.get(path).status_code == 403
    client.force_login(user)
    assert client.get(path).status_code == 403
    assert_api_error(client.get(path, headers=JSON), "PERMISSION_DENIED", 403)
    client.force_login(staff)
    assert client.get(path).status_code == 200


def test_without_authentication_everybody_is_anonymous(client, settings, configure):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "auth" not in name and "messages" not in name]
    assert client.get("/errors/").status_code == 200
    configure(DOCS={"ACCESS": "staff"})
    assert client.get("/errors/").status_code == 403


def test_unlisted_codes_are_for_those_who_may_view_the_catalog(client, user):
    with override_error("GONE", listed=False):
        for path in ("/errors/GONE/", "/errors/gone/", "/errors/GONE.json"):
            assert client.get(path).status_code == 404
        for path in ("/errors/", "/errors/catalog.json", "/errors/catalog.csv", "/errors/catalog.md"):
            assert b"GONE" not in client.get(path).content
        client.force_login(user)
        assert client.get("/errors/GONE/").status_code == 404
        user.user_permissions.add(Permission.objects.get(codename="view_errorcode"))
        client.force_login(user)
        assert "Unlisted" in html(client.get("/errors/GONE/"))
        for path in ("/errors/", "/errors/catalog.json", "/errors/catalog.csv", "/errors/catalog.md"):
            response = client.get(path)
            assert b"GONE" in response.content
            assert response["Cache-Control"] == "private, max-age=60"


def test_staff_sees_every_format_and_where_to_edit(client, staff):
    from django_apierrors.models import ErrorCode

    row = ErrorCode.objects.get(code="GONE")
    assert "<details>" not in html(client.get("/errors/GONE/"))
    client.force_login(staff)
    page = html(client.get("/errors/GONE/"))
    assert set(re.findall(r"In the format <code>(\w+)</code>", page)) == set(BUILTIN) - {"nested"}
    assert f'<a href="/admin/django_apierrors/errorcode/{row.pk}/change/">Edit in the admin</a>' in page
    with override_error("CARD_DECLINED", **OWN):
        assert "Edit in the admin" not in html(client.get("/errors/CARD_DECLINED/"))


def test_without_the_admin_there_is_nothing_to_edit_with(client, staff, settings):
    settings.ROOT_URLCONF = "support.docs_urls"
    client.force_login(staff)
    assert "Edit in the admin" not in html(client.get("/reference/GONE/"))


# Maintenance


ENDS_AT = datetime(2199, 7, 1, 10, 30, 15, tzinfo=UTC)


def announced(client):
    """Return the paragraphs that announce maintenance."""
    page = " ".join(html(client.get("/errors/")).split())
    banner = re.search(r'<h1>[^<]*</h1> <div class="banner" role="status">(.*?)</div>', page)
    return re.findall(r"<p> (.*?) </p>", banner[1]) if banner else []


def in_minutes(minutes):
    return timezone.now() + timedelta(minutes=minutes)


def test_maintenance_that_is_on_is_told_with_its_end_in_utc(client, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    assert announced(client) == []
    with maintenance_mode(ends_at=ENDS_AT):
        assert announced(client) == [
            "<strong>Maintenance is on.</strong> Requests are answered <code>MAINTENANCE</code>. "
            'It ends at <time datetime="2199-07-01T10:30:15+00:00">2199-07-01 10:30 UTC</time>.'
        ]
    assert announced(client) == []


def test_maintenance_is_announced_half_an_hour_before_it_begins(client, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    starts_at = in_minutes(29)
    shown = (starts_at + timedelta(seconds=1)).astimezone(UTC)
    with maintenance_mode(starts_at=starts_at, mode="read_only"):
        assert re.sub(r"T[\d:]+", "T", announced(client)[0]) == (
            f'<strong>Maintenance begins at <time datetime="{shown:%Y-%m-%d}T+00:00">{shown:%Y-%m-%d %H:%M} UTC</time>.'
            "</strong> Requests that change something are answered <code>READ_ONLY</code>; "
            "GET, HEAD, OPTIONS and QUERY go on."
        )
    with maintenance_mode(starts_at=in_minutes(31)):
        assert announced(client) == []


def test_the_announcement_names_the_scope_the_words_and_where_to_follow(client, configure):
    configure(DOCS={"STATUS_URL": "https://status.example/all"})
    bills = {"path_prefixes": ["/api/bills", "/api/<b>"], "methods": ["PUT", "POST"], "message": "Moving <house>."}
    with maintenance_mode(**bills, status_url="https://status.example/bills"), maintenance_mode(mode="read_only"):
        first, second = announced(client)
    assert "It covers: <code>POST</code>, <code>PUT</code>. Only some paths are affected." in first
    assert "/api/bills" not in first
    assert '<span lang="" dir="auto">Moving &lt;house&gt;.</span>' in first
    assert '<a href="https://status.example/bills">Follow the progress</a>' in first
    assert "<code>READ_ONLY</code>" in second
    assert "It covers" not in second
    assert '<a href="https://status.example/all">' in second


@pytest.mark.parametrize(("forced", "said"), [(True, ["MAINTENANCE"]), (False, [])])
def test_the_announcement_says_what_the_setting_decides(client, configure, forced, said):
    configure(MAINTENANCE={"FORCE": forced})
    with maintenance_mode(mode="read_only"), maintenance_mode(starts_at=in_minutes(10)):
        assert [re.search("<code>(.*?)</code>", line)[1] for line in announced(client)] == said


@pytest.mark.django_db
def test_the_announcement_never_tells_the_internal_reason(client):
    maintenance.enable(reason="The disk is broken.", message="Back soon.")
    page = html(client.get("/errors/"))
    assert "Back soon." in page
    assert "disk" not in page


def test_who_keeps_the_page_gets_a_new_one_when_maintenance_comes_and_goes(client):
    before = client.get("/errors/")
    data = client.get("/errors/catalog.json")
    with maintenance_mode(methods=["PUT", "POST", "PATCH", "DELETE"]):
        during = client.get("/errors/", headers={"If-None-Match": before["ETag"]})
        assert during.status_code == 200
        assert client.get("/errors/", headers={"If-None-Match": during["ETag"]}).status_code == 304
        assert client.get("/errors/catalog.json", headers={"If-None-Match": data["ETag"]}).status_code == 304
        assert "Maintenance is on." not in html(client.get("/errors/GONE/"))
    after = client.get("/errors/", headers={"If-None-Match": during["ETag"]})
    assert (after.status_code, after["ETag"]) == (200, before["ETag"])


# Forms, languages and caches


def test_programs_get_json_from_the_pages(client):
    assert client.get("/errors/", headers=JSON).json() == client.get("/errors/catalog.json").json()
    assert client.get("/errors/GONE/", headers=JSON).json() == client.get("/errors/GONE.json").json()
    assert client.get("/errors/gone/", headers=JSON)["Location"] == "/errors/GONE/"


@pytest.mark.parametrize(
    "path", ["/errors/", "/errors/GONE/", *DATA_PATHS, "/errors/catalog.csv", "/errors/catalog.md"]
)
def test_an_answer_is_kept_for_a_minute_and_not_sent_twice(client, path):
    response = client.get(path)
    assert response["Cache-Control"] == "public, max-age=60"
    assert {"Accept", "Accept-Language"} <= set(re.split(", *", response["Vary"]))
    assert response["X-Content-Type-Options"] == "nosniff"
    again = client.get(path, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    with override_error("GONE", title="Vanished"):
        changed = client.get(path, headers={"If-None-Match": response["ETag"]})
        assert changed.status_code == 200
        assert b"Vanished" in changed.content


# The tests ask for Czech, for which this package ships nothing: DRF and rows have some texts.


def test_texts_are_in_the_language_of_the_reader_and_marked(client, many_languages):
    czech = {"Accept-Language": "cs"}
    response = client.get("/errors/GONE/", headers=czech)
    page = html(response)
    assert '<html lang="en" dir="ltr">' in page
    assert '<p class="message"><span lang="cs" dir="auto">To je pryč.</span></p>' in page
    assert f"<h2>{codes.get('GONE').title}</h2>" in page
    assert response["Content-Language"] == "en, cs"
    assert client.get("/errors/GONE.json", headers=czech).json()["message"] == "To je pryč."
    assert "To je pryč." in section(page, "example")
    assert '<code lang="cs">' in section(page, "example")
    assert "To je pryč." not in html(client.get("/errors/GONE/"))


def test_a_sample_value_is_in_the_language_of_its_text(client):
    with translation.override("cs"):
        wrong = str(fields.DecimalField.default_error_messages["invalid"])
    page = html(client.get("/errors/VALIDATION_FAILED/", headers={"Accept-Language": "cs"}))
    assert f'<p class="message"><span lang="cs" dir="auto">amount: {wrong}</span></p>' in page
    assert wrong in section(page, "example")


def test_a_text_of_which_nobody_knows_the_language_is_marked(client):
    with override_error("GONE", message="To je pryč.", title="Pryč", causes="Smazáno.", description="Dlouze."):
        response = client.get("/errors/GONE/")
        page, index = html(response), html(client.get("/errors/?q=GONE"))
    for text in ("To je pryč.", "Pryč", "Smazáno.", "Dlouze."):
        assert f'<span lang="" dir="auto">{text}</span>' in page
    assert '<code lang="">' in section(page, "example")
    assert '<td><span lang="" dir="auto">To je pryč.</span></td>' in index
    assert response["Content-Language"] == "en"  # of the words around, and of the remedy


def test_pages_that_a_project_translated_are_in_its_language(client, locale_path):
    locale_path("cs", {"How to fix it": "Jak to opravit", codes.get("GONE").title: "Pryč"})
    response = client.get("/errors/GONE/", headers={"Accept-Language": "cs"})
    assert '<html lang="cs" dir="ltr">' in html(response)
    assert "<h2>Pryč</h2>" in html(response)
    assert '<p class="message"><span lang="en" dir="auto">' in html(response)
    assert response["Content-Language"] == "cs, en"


def test_the_text_that_tells_whether_pages_are_translated_is_on_them():
    templates = Path(django_apierrors.__file__).parent / "templates"
    texts = {DOCS_TEXT.text: "docs/detail.html", PAGE_TEXT.text: "maintenance.html"}
    for text, name in texts.items():
        assert f'{{% translate "{text}" %}}' in (templates / "django_apierrors" / name).read_text()


@pytest.fixture
def many_languages():
    with catalog.pinned(Row(code="GONE", translations={"cs": {"message": "To je pryč."}})):
        yield


# Text that wants to be more than text

HOSTILE = "<script>alert(1)</script> `<b>` {x.__class__} {0} } \"' & {{ 7 }} {% now %}"


@pytest.mark.parametrize("path", ["/errors/", "/errors/GONE/", "/errors/?q=gone"])
def test_text_is_text_on_every_page(client, path):
    texts = dict.fromkeys(codes.TEXTS, HOSTILE)
    with override_error("GONE", **texts):
        page = html(client.get(path))
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; <code>&lt;b&gt;</code> {x.__class__} {0} }" in page
    assert "{{ 7 }} {% now %}" in page


def test_text_is_text_on_the_wire(api, set_view):
    set_view(ApiError("GONE"))
    with override_error("GONE", message=HOSTILE):
        assert api.get("/api/plain").json()["error"]["message"] == HOSTILE


def test_samples_are_text_too(client):
    hostile = codes.ErrorDefinition(
        code="OF_TEST", status=400, title="T", message="{a}", params={"a": "<script>alert(1)</script>`"}
    )
    codes.register(hostile)
    try:
        assert "<script>alert" not in html(client.get("/errors/OF_TEST/"))
    finally:
        codes.registry.pop("OF_TEST")


def test_a_message_without_samples_shows_the_title(client):
    with override_error("CARD_DECLINED", status=402, title="Card declined", message="{who} declined."):
        assert '<p class="message"><span lang="" dir="auto">Card declined</span></p>' in html(
            client.get("/errors/CARD_DECLINED/")
        )


def test_a_row_that_got_past_its_validation_is_shown_as_it_is(client):
    with override_error("GONE", retry="sometimes", type="odd_error"):
        assert "<code>sometimes</code>" in html(client.get("/errors/GONE/"))
        assert "<td>sometimes</td>" in html(client.get("/errors/?q=gone"))


# The project's own templates


def test_a_project_changes_a_block_and_keeps_the_rest(client, settings, tmp_path):
    place = tmp_path / "django_apierrors" / "docs"
    place.mkdir(parents=True)
    own = "{% extends 'django_apierrors/docs/index.html' %}{% block handling %}<p>Ask Ana.</p>{% endblock %}"
    (place / "index.html").write_text(own)
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    page = html(client.get("/errors/"))
    assert "<p>Ask Ana.</p>" in page
    assert 'id="handling"' not in page
    assert 'id="statuses"' in page


@pytest.mark.parametrize(
    ("asked", "page", "spoken"),
    [
        ("en-gb", "en-gb", "en-gb"),
        ("fr", "fr", "fr"),
        ("de-at", "de", "de"),
        ("it", "en", "en, it"),
        ("cs", "en", "en, cs"),
        ("cs-cz", "en", "en, cs"),
    ],
)
def test_a_page_names_the_language_it_is_in(asked, page, spoken):
    response = Client().get("/errors/", headers={"accept-language": asked})
    assert response["Content-Language"] == spoken
    assert f'<html lang="{page}" dir="ltr">' in response.content.decode()


# Rate limits


def a_rate(group, request):
    return "1/s"


LIMITS = {
    "anon_ip": {"key": "ip", "rate": "600/m"},
    "burst": {"key": "user_or_ip", "rate": "1/s"},
    "keys": {"key": "header:x-api-key", "rate": "5/15m", "method": "GET"},
    "names": {"key": "get:name", "rate": (2, 7200)},
    "users": {"key": "user", "rate": a_rate},
    "mine": {"key": a_rate, "rate": "3/2d"},
    "off": {"key": "ip", "rate": None},
    "wrong": {"key": "ip", "rate": "10/week"},
}


def test_the_index_lists_the_live_rate_limits_those_of_every_address_first(client, settings):
    settings.APIERRORS = {"RATELIMIT": {"POLICIES": LIMITS, "GLOBAL": ["keys"]}}
    table = client.get("/errors/").content.decode().partition('<h2 id="limits">')[2].partition("</table>")[0]
    rows = [re.sub(r"<[^>]+>", "|", row) for row in table.split("<tbody>")[1].split("</tr>")][:-1]
    rows = [[cell for cell in row.strip("|\n").split("|") if cell] for row in rows]
    assert rows == [
        ["keys", "5 requests per 15 minutes", "value of the header x-api-key", "all endpoints (GET, HEAD)"],
        ["anon_ip", "600 requests per minute", "IP address", "some endpoints"],
        ["burst", "1 request per second", "user, or IP address without one", "some endpoints"],
        ["names", "2 requests per 2 hours", "value of the parameter name", "some endpoints"],
        ["users", "depends on the request", "user", "some endpoints"],
        ["mine", "3 requests per 2 days", "—", "some endpoints"],
    ]


def test_without_rate_limits_the_index_has_no_section_of_them(client):
    assert 'id="limits"' not in client.get("/errors/").content.decode()


# One base, and no key without encryption

SAMPLES = ["curl", "python", "javascript"]


def snippets(page):
    """Return the samples of a page that send a key."""
    return [unescaped(text) for text in re.findall(r"<pre.*?<code>(.*?)</code>", page, re.DOTALL) if "Authoriz" in text]


def test_documents_samples_and_links_have_one_base_whatever_host_was_asked(client, configure):
    configure(DOCS={"BASE_URL": "https://api.example.org/"}, FORMAT="problem")
    for path in ("/errors/", "/errors/GONE/", "/errors/GONE.json", "/errors/catalog.json", "/errors/catalog.csv"):
        response = client.get(path, headers={"Host": "localhost"})
        assert response.status_code == 200
        assert "localhost" not in response.content.decode()
    page = html(client.get("/errors/GONE/", headers={"Host": "localhost"}))
    assert [text.count("https://api.example.org/api/") for text in snippets(page)] == [1, 1, 1]
    assert "https://api.example.org/errors/GONE/" in section(page, "example")


@pytest.mark.parametrize(
    ("docs", "is_secure", "base"),
    [
        ({}, True, "https://localhost"),
        ({}, False, "https://api.example.com"),
        ({"BASE_URL": "http://api.shop.example"}, True, "https://api.example.com"),
        ({"BASE_URL": "HTTPS://api.shop.example"}, False, "HTTPS://api.shop.example"),
    ],
)
@pytest.mark.parametrize("code", ["GONE", "RATE_TOO_HIGH", "INTERNAL_SERVER_ERROR"])
def test_a_sample_with_a_key_is_encrypted(client, configure, code, docs, is_secure, base):
    configure(DOCS=docs)
    found = snippets(html(client.get(f"/errors/{code}/", secure=is_secure, headers={"Host": "localhost"})))
    assert len(found) == len(SAMPLES)
    assert all(f"{base}/api/" in text and "http://" not in text for text in found)


def test_samples_know_the_script_name(client, configure):
    configure(API_PATHS=["/v1/"])
    set_script_prefix("/shop/")  # as the handler of WSGI does; the test client does not
    try:
        page = html(client.get("/errors/GONE/", secure=True))
    finally:
        clear_script_prefix()
    assert [text.count("https://testserver/shop/v1/") for text in snippets(page)] == [1, 1, 1]


# What a cookie chose is not public


@pytest.mark.parametrize("path", ["/errors/", "/errors/GONE.json", "/errors/catalog.md"])
@pytest.mark.parametrize("cookie", ["cs", "en", "nonsense"])
def test_a_page_whose_language_a_cookie_chose_is_private(client, settings, many_languages, path, cookie):
    assert client.get(path)["Cache-Control"] == "public, max-age=60"
    client.cookies["django_language"] = cookie
    response = client.get(path)
    assert ("cs" in response["Content-Language"]) is (cookie == "cs")
    assert response["Cache-Control"] == "private, max-age=60"
    settings.USE_I18N = False
    assert client.get(path)["Cache-Control"] == "public, max-age=60"


def test_without_a_middleware_that_asks_no_cookie_and_no_header_chooses_the_language(client, settings, many_languages):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "locale" not in name]
    client.cookies["django_language"] = "cs"
    with translation.override("en-us"):  # as in a process that serves nothing but this project
        response = client.get("/errors/GONE/", headers={"Accept-Language": "cs"})
    assert response["Content-Language"] == "en-us"
    assert response["Cache-Control"] == "public, max-age=60"
    assert "Accept-Language" not in response["Vary"]


def profile_middleware(get_response):
    """Choose the language of a user, as projects do."""

    def middleware(request):
        request.LANGUAGE_CODE = "cs"
        with translation.override("cs"):
            return get_response(request)

    return middleware


def test_a_page_whose_language_a_session_chose_is_private(client, settings, many_languages):
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, f"{__name__}.profile_middleware"]
    response = client.get("/errors/GONE/")
    assert response["Content-Language"] == "en, cs"
    assert response["Cache-Control"] == "private, max-age=60"
    assert client.get("/errors/GONE/", headers={"Accept-Language": "cs"})["Cache-Control"] == "public, max-age=60"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "locale" not in name]
    assert client.get("/errors/GONE/")["Cache-Control"] == "private, max-age=60"


@pytest.mark.parametrize(("path", "language"), [("/cs/errors/", "en, cs"), ("/errors/", "en-us")])
@pytest.mark.parametrize("cookie", ["", "cs", "sv"])
def test_a_language_in_the_url_is_public_whatever_the_cookie_says(
    client, settings, many_languages, path, language, cookie
):
    settings.ROOT_URLCONF = "support.docs_urls_by_language"
    client.cookies["django_language"] = cookie
    response = client.get(path, headers={"Accept-Language": "sv"})
    assert response["Content-Language"] == language
    assert response["Cache-Control"] == "public, max-age=60"


def test_a_page_of_somebody_who_is_logged_in_is_private(client, user):
    client.force_login(user)
    assert client.get("/errors/")["Cache-Control"] == "private, max-age=60"
