"""What a refused request is answered: in its format, its language, or as a page."""

import json
import logging
import math
from datetime import UTC, datetime, timedelta

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from django.utils import timezone
from support.clients import sender

from django_apierrors import maintenance, windows
from django_apierrors.catalog import Catalog
from django_apierrors.formats import BUILTIN
from django_apierrors.maintenance import responses
from django_apierrors.middleware import ApiErrorMiddleware
from django_apierrors.models import ErrorCode
from django_apierrors.snapshot import snapshot
from django_apierrors.testing import assert_api_error, maintenance_mode, override_error
from django_apierrors.windows import Window

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
JSON = {"Accept": "application/json"}
HOUR = timedelta(hours=1)
MESSAGE = "The service is down for maintenance. Please try again later."

urlpatterns = [
    path("", include("urls")),
    *i18n_patterns(path("shop/", lambda request: HttpResponse("fine"))),
]


@pytest.fixture(params=["sync", "async"])
def send(request):
    """Ask through WSGI or ASGI."""
    return sender(request.param)


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is told to go on."""

    class Clock:
        now = math.ceil(timezone.now().timestamp()) + 0.25

        def __call__(self):
            return self.now

    clock = Clock()
    for module in (windows, responses):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def german(settings):
    settings.LANGUAGES = [("en", "English"), ("de", "German"), ("ar", "Arabic")]
    settings.LANGUAGE_CODE = "en"


@pytest.fixture
def catalog(db):
    """Edit the texts of a code, in the base language or in another."""

    def edited(language="", **texts):
        row = ErrorCode.objects.get(code="MAINTENANCE")
        if language:
            row.translations.create(language=language, **texts)
        else:
            ErrorCode.objects.filter(pk=row.pk).update(**texts)

    yield edited
    snapshot.reset()


@pytest.fixture
def templates(settings):
    """Put templates of a project before ours."""

    def found(**texts):
        loaders = [
            (
                "django.template.loaders.locmem.Loader",
                {f"django_apierrors/{name}.html": text for name, text in texts.items()},
            ),
            "django.template.loaders.app_directories.Loader",
        ]
        engine = settings.TEMPLATES[0]
        settings.TEMPLATES = [{**engine, "APP_DIRS": False, "OPTIONS": {**engine["OPTIONS"], "loaders": loaders}}]

    return found


# Headers


def test_the_wait_falls_with_time_and_agrees_with_the_end(send, clock):
    ends_at = datetime.fromtimestamp(clock.now, UTC) + timedelta(seconds=90.5)
    with maintenance_mode(ends_at=ends_at):
        waits = []
        for _ in range(4):
            answer = send("get", "/api/plain/fine")
            waits.append(int(answer.headers["Retry-After"]))
            told = datetime.fromisoformat(answer.json()["error"]["details"]["ends_at"])
            assert ends_at <= told < ends_at + timedelta(seconds=1)
            assert 0 <= clock.now + waits[-1] - ends_at.timestamp() < 1
            clock.now += 30.1
    assert waits == [91, 61, 31, 1]


@pytest.mark.parametrize(("ends", "wait"), [(timedelta(days=1), 86_400), (timedelta(days=30), 86_400), (None, 300)])
def test_the_wait_is_a_day_at_most_and_that_of_the_setting_without_an_end(ends, wait, send, clock):
    ends_at = None if ends is None else datetime.fromtimestamp(clock.now, UTC) + ends
    with maintenance_mode(ends_at=ends_at):
        answer = send("get", "/api/plain/fine")
    assert answer.headers["Retry-After"] == str(wait)
    assert ("details" in answer.json()["error"]) is (ends is not None)


def test_the_project_says_how_long_to_wait_without_an_end(send, settings):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"RETRY_AFTER": 77}}
    with maintenance_mode():
        assert send("get", "/api/plain/fine").headers["Retry-After"] == "77"


@pytest.mark.parametrize("year", [9998, 9999])
def test_an_end_that_never_comes_is_not_told(send, year):
    with maintenance_mode(ends_at=datetime(year, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)):
        for headers in (JSON, BROWSER):
            answer = send("get", "/site/page", headers=headers)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "86400")
            assert str(year) not in answer.content.decode()


@pytest.mark.parametrize("headers", [JSON, BROWSER], ids=["JSON", "page"])
def test_every_answer_has_the_same_headers(send, headers):
    with maintenance_mode():
        answer = send("get", "/site/page", headers={**headers, "X-Request-ID": "mine-1"})
    assert answer.status_code == 503
    assert answer.headers["X-Error-Code"] == "MAINTENANCE"
    assert answer.headers["X-Request-ID"] == "mine-1"
    assert answer.headers["Retry-After"] == "300"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Length"] == str(len(answer.content))
    assert {"Accept", "Accept-Language"} <= set(answer.headers["Vary"].split(", "))
    assert "Location" not in answer.headers
    assert not answer.cookies


@pytest.mark.parametrize("path_", ["/api/plain/fine", "/site/page", "/site/nowhere"])
@pytest.mark.parametrize("headers", [JSON, BROWSER, {}], ids=["JSON", "page", "none"])
def test_head_is_answered_with_the_same_headers_and_no_body(send, headers, path_):
    with maintenance_mode():
        headers = {**headers, "X-Request-ID": "mine-1"}
        got, head = (send(method, path_, headers=headers) for method in ("get", "head"))
    assert (head.status_code, head.content) == (503, b"")
    assert dict(head.headers) == dict(got.headers)
    assert int(head.headers["Content-Length"]) == len(got.content)


def test_head_has_no_body_even_where_the_server_would_send_one(rf):
    """Django's client takes it away, as some servers do."""
    middleware = ApiErrorMiddleware(lambda request: HttpResponse("fine"))
    with maintenance_mode():
        answer = middleware(rf.head("/api/plain/fine"))
    assert (answer.status_code, answer.content) == (503, b"")
    assert int(answer.headers["Content-Length"]) > 0


# What the response would have been makes no difference


@pytest.mark.parametrize(
    ("method", "path_", "headers"),
    [
        ("get", "/api/nowhere", {}),
        ("delete", "/api/drf", {}),
        ("post", "/api/class", {}),
        ("get", "/api/drf", {"Accept": "image/png"}),
        ("get", "/api/drf?format=nonsense", {}),
        ("get", "/api/private", {}),
        ("post", "/api/orders", {"Content-Type": "text/csv"}),
        ("get", "/api/broken/initialize_request", {}),
        ("get", "/api/plain/unhandled", {}),
        ("get", "/api/plain", {"Host": "unknown.example"}),
    ],
)
def test_nothing_else_that_is_wrong_with_a_request_wins(method, path_, headers, send, settings):
    with maintenance_mode():
        if "Host" in headers:  # which Django's own middleware refuses first, where it is above ours
            settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Security" not in name]
        assert_api_error(send(method, path_, headers=headers), "MAINTENANCE")


@pytest.mark.parametrize(
    "accept",
    [
        "text/html;q=x", "text/html;q=nan", ";;;,,,", "a" * 50_000, "text/html;a*=nonsense''b", "text/html;" * 3000,
        "/", "*", "\xff\xfe", "text/html;q=1e999",
    ],
    ids=lambda accept: accept[:20],
)  # fmt: skip
@pytest.mark.parametrize(
    "name", ["Accept", "Accept-Language", "Cookie", "X-Request-ID", "X-Forwarded-For", "Host", "Origin"]
)
def test_no_header_makes_it_anything_but_a_503(name, accept, send, settings):
    settings.APIERRORS = {**settings.APIERRORS, "TRUSTED_PROXIES": ["127.0.0.1"]}
    settings.MIDDLEWARE = ["django_apierrors.middleware.ApiErrorMiddleware"]
    with maintenance_mode(exempt_networks=["10.0.0.0/8"]):
        answer = send("get", "/site/page", headers={name: accept})
        assert (answer.status_code, answer.headers["X-Error-Code"]) == (503, "MAINTENANCE")


@pytest.mark.parametrize(
    "path_", ["//", "/%00", "/%ff%fe", "/" + "a/" * 5000, "/..%2f..%2f", "/\u2028", "/%F0%9F%92%A9"]
)
def test_no_path_makes_it_anything_but_a_503(path_, send, settings):
    with maintenance_mode():
        for headers in (JSON, BROWSER):
            assert send("get", path_, headers=headers).status_code == 503


# Formats


@pytest.mark.parametrize("format_", sorted(BUILTIN))
def test_every_format_says_it_and_the_words_of_the_window_win(format_, send, settings, catalog):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": format_}
    catalog(message="Edited in the admin.", title="Edited")
    for message in ("", "Back at {noon}, 5 % faster."):
        with maintenance_mode(message=message, status_url="https://status.example/7"):
            answer = send("get", "/api/plain/fine")
        assert_api_error(answer, "MAINTENANCE", 503)
        assert (message or "Edited in the admin.") in answer.content.decode()
        assert ("Edited in the admin." in answer.content.decode()) is (message == "")
        expected = "application/problem+json" if format_ == "problem" else "application/json"
        assert answer.headers["Content-Type"] == expected
        if format_ in ("nested", "detailed", "typed", "problem"):
            body = answer.json()
            assert body.get("error", body)["details"] == {"status_url": "https://status.example/7"}


def test_oauth_clients_get_ascii_only(send, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "oauth2"}
    with maintenance_mode(message="Wir räumen auf."):
        body = send("get", "/api/plain/fine").json()
    assert body == {"error": "temporarily_unavailable", "error_description": MESSAGE}


@pytest.mark.parametrize(
    ("formats", "path_", "headers", "key"),
    [
        ({}, "/api/plain/fine", BROWSER, "error"),
        ({"/api/plain": "problem"}, "/api/plain/fine", BROWSER, "title"),
        ({"/site": "result"}, "/site/page", BROWSER, "result"),
        ({"/api": None}, "/api/plain/fine", JSON, "error"),
        ({"/api": None}, "/api/plain/fine", {}, "error"),
        ({"/api": None}, "/api/plain/fine", BROWSER, None),
        ({"/api": None}, "/api/drf/fine", BROWSER, None),
        ({"/api": None}, "/api/typed/plain", BROWSER, "error"),
        ({"/api": "problem"}, "/api/typed/drf", {}, "error"),
        ({"/api": "problem"}, "/api/typed/class", {}, "error"),
        ({"/api": "problem"}, "/api/typed/plain", {}, "error"),
    ],
)
def test_path_and_view_choose_the_format(formats, path_, headers, key, send, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMATS": formats}
    with maintenance_mode():
        answer = send("get", path_, headers=headers)
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (503, "MAINTENANCE")
    if key is None:
        assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    else:
        assert key in answer.json()
    if "typed" in path_:
        assert answer.json()["error"]["type"] == "api_error"


@pytest.mark.parametrize(
    ("path_", "accept", "is_page"),
    [
        ("/site/page", BROWSER["Accept"], True),
        ("/site/nowhere", BROWSER["Accept"], True),
        ("/site/page", "text/html", True),
        ("/site/page", "application/xhtml+xml", True),
        ("/site/page", "text/html, application/json;q=0.9", True),
        ("/site/page", "application/json, text/html;q=0.9", False),
        ("/site/page", "application/json", False),
        ("/site/page", "*/*", False),
        ("/site/page", None, False),
        ("/site/page", "image/png", False),
        ("/site/page", "text/html;q=0", False),
        ("/api/plain/fine", BROWSER["Accept"], False),
        ("/api/nowhere", BROWSER["Accept"], False),
        ("/site/drf", BROWSER["Accept"], False),
    ],
)
def test_only_browsers_outside_the_api_get_a_page(path_, accept, is_page, send):
    with maintenance_mode():
        answer = send("get", path_, headers={} if accept is None else {"Accept": accept})
    assert answer.headers["Content-Type"] == ("text/html; charset=utf-8" if is_page else "application/json")
    if not is_page:
        assert_api_error(answer, "MAINTENANCE")


def test_a_status_that_was_edited_counts_here_too(send):
    with maintenance_mode(), override_error("MAINTENANCE", status=529):
        assert send("get", "/api/plain/fine").status_code == 529


# Where to follow how it goes


def test_the_status_url_is_that_of_the_window_else_that_of_the_project(send, settings):
    docs = {"STATUS_URL": "https://status.example", "SUPPORT_URL": "https://support.example"}
    settings.APIERRORS = {**settings.APIERRORS, "DOCS": docs}
    for own, told in (("", "https://status.example"), ("https://status.example/7", "https://status.example/7")):
        with maintenance_mode(status_url=own):
            assert send("get", "/api/plain/fine").json()["error"]["details"] == {"status_url": told}
            page = send("get", "/site/page", headers=BROWSER).content.decode()
            assert f'<a href="{told}">' in page
            assert '<a href="https://support.example">' in page


# Languages


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("headers", [JSON, BROWSER], ids=["JSON", "page"])
def test_a_translation_is_told_to_who_asks_for_it(send, catalog, headers, settings):
    settings.LANGUAGES = [*settings.LANGUAGES, ("cs", "Czech")]  # the words of the page are not translated to it
    catalog("cs", message="Uklízíme.", title="Údržba")
    is_page = headers is BROWSER
    for wanted, message, language in (
        ("cs-CZ, en;q=0.5", "Uklízíme.", "cs, en" if is_page else "cs"),
        ("en", MESSAGE, "en"),
        ("sv", MESSAGE, "en"),
    ):
        with maintenance_mode():
            answer = send("get", "/site/page", headers={**headers, "Accept-Language": wanted})
        assert message in answer.content.decode()
        assert answer.headers["Content-Language"] == language
        if is_page:
            assert f'<html lang="{language[:2]}">' in answer.content.decode()
            assert ('<div lang="en" dir="auto">' in answer.content.decode()) is (language == "cs, en")


@pytest.mark.usefixtures("german")
def test_a_page_is_in_one_language_where_its_words_are_translated(send, catalog, locale_path, settings):
    settings.LANGUAGES = [*settings.LANGUAGES, ("cs", "Czech")]
    locale_path("cs", {responses.PAGE_TEXT.text: "Sledujte stav"})
    catalog("cs", message="Uklízíme.")
    with maintenance_mode(status_url="https://status.example"):
        answer = send("get", "/site/page", headers={**BROWSER, "Accept-Language": "cs"})
    page = answer.content.decode()
    assert answer.headers["Content-Language"] == "cs, en"
    assert '<h1 lang="en" dir="auto">Maintenance</h1>' in page
    assert "Sledujte stav" in page
    assert "<div>" in page


@pytest.mark.usefixtures("german")
def test_the_words_of_a_page_of_a_projects_own_are_taken_for_those_of_its_message(send, catalog, settings, tmp_path):
    settings.LANGUAGES = [*settings.LANGUAGES, ("cs", "Czech")]
    (tmp_path / "django_apierrors").mkdir()
    (tmp_path / responses.TEMPLATE).write_text("Naše {{ message }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    catalog("cs", message="Uklízíme.", title="Údržba")
    with maintenance_mode():
        answer = send("get", "/site/page", headers={**BROWSER, "Accept-Language": "cs"})
    assert (answer.content.decode(), answer.headers["Content-Language"]) == ("Naše Uklízíme.", "cs")


@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("format_", sorted(BUILTIN))
def test_nobody_claims_to_know_the_language_of_an_operator(send, catalog, settings, format_):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": format_}
    catalog("de", message="Wir räumen auf.", title="Wartung")
    with maintenance_mode(message="Moving house."):
        answer = send("get", "/api/plain/fine", headers={"Accept-Language": "de"})
    assert "Moving house." in answer.content.decode()
    assert "Content-Language" not in answer.headers


@pytest.mark.usefixtures("german")
def test_on_a_page_the_words_of_an_operator_are_marked(send, catalog):
    catalog("de", message="Wir räumen auf.", title="Wartung")
    with maintenance_mode(message="Moving <b>house</b>."):
        answer = send("get", "/site/page", headers={**BROWSER, "Accept-Language": "de"})
    page = answer.content.decode()
    assert '<html lang="de">' in page
    assert "<h1>Wartung</h1>" in page
    assert '<p lang="" dir="auto">Moving &lt;b&gt;house&lt;/b&gt;.</p>' in page
    assert "Content-Language" not in answer.headers


@pytest.mark.usefixtures("german")
def test_texts_without_a_language_are_marked_among_words_of_the_project(send, catalog, settings):
    settings.LANGUAGE_CODE = "de"
    catalog(message="Wir räumen auf.", title="Wartung")
    with maintenance_mode():
        answer = send("get", "/site/page", headers={**BROWSER, "Accept-Language": "en"})
    page = answer.content.decode()
    assert '<html lang="de">' in page
    assert '<title lang="">Wartung</title>' in page
    assert '<h1 lang="" dir="auto">Wartung</h1>' in page
    assert '<p lang="" dir="auto">Wir räumen auf.</p>' in page
    assert "<div>" in page
    assert "Content-Language" not in answer.headers


@pytest.mark.usefixtures("german")
def test_a_title_alone_without_a_language_is_marked_too(send, catalog):
    catalog("de", message="Wir räumen auf.")
    catalog(title="Wartung")
    with maintenance_mode():
        answer = send("get", "/site/page", headers={**BROWSER, "Accept-Language": "de"})
    page = answer.content.decode()
    assert '<h1 lang="" dir="auto">Wartung</h1>' in page
    assert "<p>Wir räumen auf.</p>" in page
    assert "Content-Language" not in answer.headers


@pytest.mark.usefixtures("german")
def test_a_message_that_gives_way_to_its_title_has_its_language(send, catalog, settings):
    settings.LANGUAGE_CODE = "de"
    catalog(message="Zurück um {hour}.")
    with maintenance_mode():
        answer = send("get", "/site/page", headers={**BROWSER, "Accept-Language": "de"})
    assert "<p>Wartung.</p>" in answer.content.decode()


@pytest.mark.usefixtures("german")
def test_a_page_is_written_in_the_direction_of_its_language(send, catalog):
    catalog("ar", message="صيانة", title="صيانة")
    with maintenance_mode():
        answer = send("get", "/site/page", headers={**BROWSER, "Accept-Language": "ar"})
    assert '<html lang="ar" dir="rtl">' in answer.content.decode()


@pytest.mark.urls(__name__)
@pytest.mark.usefixtures("german")
@pytest.mark.parametrize("headers", [JSON, BROWSER], ids=["JSON", "page"])
def test_the_language_of_the_path_counts_first_as_everywhere(send, catalog, headers):
    catalog("de", message="Wir räumen auf.")
    for path_, message in (("/de/shop/", "Wir räumen auf."), ("/en/shop/", MESSAGE), ("/shop/", MESSAGE)):
        with maintenance_mode():
            answer = send("get", path_, headers={**headers, "Accept-Language": "en"})
        assert message in answer.content.decode()


def test_without_translation_nothing_varies_with_the_language(send, settings):
    settings.USE_I18N = False
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Locale" not in name]
    with maintenance_mode():
        for headers in (JSON, BROWSER):
            answer = send("get", "/site/page", headers={**headers, "Accept-Language": "de"})
            assert answer.status_code == 503
            assert "Accept-Language" not in answer.headers["Vary"]


# The page


def test_the_page_tells_the_end_in_the_zone_of_the_project(send, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    with maintenance_mode(ends_at=datetime(2199, 7, 1, 10, 30, tzinfo=UTC)):
        answer = send("get", "/site/page", headers={**BROWSER, "X-Request-ID": "mine-1"})
    page = answer.content.decode()
    assert '<time datetime="2199-07-01T10:30:00Z">July 1, 2199, 12:30 p.m. CEST</time>' in page
    assert "mine-1" in page


def test_a_project_without_time_zones_has_a_page_too(send, settings):
    settings.USE_TZ = False
    with maintenance_mode(ends_at=datetime(2199, 7, 1, 10, 30)):
        page = send("get", "/site/page", headers=BROWSER).content.decode()
        assert send("get", "/api/plain/fine").json()["error"]["details"]["ends_at"] in page
    assert "2199" in page


def test_a_project_has_a_page_of_its_own(send, templates):
    templates(maintenance="<!doctype html><title>{{ title }}</title>{{ problem.code }} {{ window.is_read_only }}")
    with maintenance_mode(mode="read_only"):
        answer = send("post", "/site/page", headers=BROWSER)
    assert answer.status_code == 503
    assert "Read only" in answer.content.decode()
    assert "READ_ONLY True" in answer.content.decode()


def test_a_page_of_ours_is_rendered_once_and_has_the_id_of_each_request(send, monkeypatch):
    rendered = []
    render = responses._render_template
    monkeypatch.setattr(responses, "_render_template", lambda *args: rendered.append(args) or render(*args))
    with maintenance_mode(message="Moving."):
        pages = [
            send("get", "/site/page", headers={**BROWSER, "X-Request-ID": f"id-{number}"}).content.decode()
            for number in range(3)
        ]
    assert len(rendered) == 1
    assert all(page.count(f"id-{number}") == 1 for number, page in enumerate(pages))
    assert len({page.replace(f"id-{number}", "") for number, page in enumerate(pages)}) == 1
    with maintenance_mode(message="Moved."):
        assert "Moved." in send("get", "/site/page", headers=BROWSER).content.decode()


def test_the_number_of_windows_whose_answers_are_kept_is_limited(monkeypatch):
    monkeypatch.setattr(responses, "_MAX_CACHED", 2)
    responses.clear_pages()
    for number in range(4):
        window = Window(key=f"w{number}", ends=2.0**31, message="Moving.")
        request = HttpRequest()
        found = responses.make_problem(window, request)
        assert found.details["ends_at"].startswith("2038")
        assert "Moving." in responses.render_page(window, found, Catalog().entry("MAINTENANCE", "en"))[0]
        assert len(responses._page_cache) <= 2
        assert len(responses._details_cache) <= 2


FAILING = {
    "no such tag": "{% nonsense %}",
    "no such file": '{% extends "nowhere.html" %}',
    "no such URL": '{% url "nowhere" %}',
    "a query": "{% for row in problem.rows %}{% endfor %}{{ window.no_such.attribute }}{% include message %}",
}


@pytest.mark.parametrize("name", FAILING)
def test_a_page_that_fails_is_replaced_and_one_line_says_so(name, send, templates, caplog):
    templates(maintenance=FAILING[name])
    with maintenance_mode():
        for _ in range(3):
            answer = send("get", "/site/page", headers=BROWSER)
            assert (answer.status_code, answer.headers["Retry-After"]) == (503, "300")
            assert answer.content.decode() == responses._FALLBACK_PAGE
            assert answer.headers["Content-Length"] == str(len(answer.content))
    errors = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert [record.getMessage() for record in errors] == [
        "The template django_apierrors/maintenance.html failed; a fixed page is sent"
    ]


def test_a_project_without_templates_of_django_has_the_last_page(send, settings):
    settings.TEMPLATES = []
    with maintenance_mode():
        assert send("get", "/site/page", headers=BROWSER).content.decode() == responses._FALLBACK_PAGE


def test_the_number_of_cached_pages_is_limited(send, monkeypatch):
    monkeypatch.setattr(responses, "_MAX_CACHED", 2)
    for number in range(4):
        with maintenance_mode(message=f"Message {number}"):
            assert f"Message {number}" in send("get", "/site/page", headers=BROWSER).content.decode()
    assert len(responses._page_cache) <= 2


@pytest.mark.django_db
def test_no_answer_needs_a_query(send, django_assert_num_queries):
    with maintenance_mode(), django_assert_num_queries(0):
        for headers in (JSON, BROWSER):
            assert send("get", "/site/page", headers=headers).status_code == 503


def test_the_problem_of_a_window_has_its_message_and_its_end():
    made = responses.make_problem(Window(message="Moving house."), HttpRequest())
    assert (made.code, made.message, made.is_final, made.details, made.retry_after) == (
        "MAINTENANCE", "Moving house.", True, None, 300,
    )  # fmt: skip
    ended = responses.make_problem(Window(ends=0), HttpRequest())
    assert json.dumps(dict(ended.details)) == '{"ends_at": "1970-01-01T00:00:00Z"}'


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_nothing_internal_reaches_a_client(send, accept):
    maintenance.enable(
        path_prefixes=["/site/hidden-ledger", "/site"],
        exempt_networks=["10.11.12.13"],
        reason="disk broken",
        user="7 zoe",
        status_url="https://status.example/ä",
    )
    answer = send("get", "/site/page", headers={"Accept": accept})
    assert answer.status_code == 503
    sent = answer.content.decode() + str(dict(answer.headers))
    assert not [word for word in ("ledger", "broken", "zoe", "10.11.12.13") if word in sent]
    assert "https://status.example/%C3%A4" in sent
    assert all(value.isascii() and value.isprintable() for value in answer.headers.values())
    maintenance.disable()


def test_a_page_of_a_projects_own_is_given_nothing_internal(send, templates):
    templates(maintenance="{{ window }} {{ window.path_prefixes }} {{ window.exempt_networks }}")
    with maintenance_mode(path_prefixes=["/site", "/hidden"], exempt_networks=["10.11.12.13"]):
        page = send("get", "/site/page", headers={"Accept": "text/html"}).content.decode()
    assert "is_partial=True" in page
    assert "hidden" not in page
    assert "10.11.12.13" not in page
