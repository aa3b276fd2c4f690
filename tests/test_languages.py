"""The languages that ship, as clients get them: in bodies, on the documentation and on the page of maintenance."""

import gettext
import re
import shutil
from datetime import UTC, datetime
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.utils import translation
from rest_framework.exceptions import Throttled

import django_apierrors
from django_apierrors import catalog, codes
from django_apierrors.catalog import Catalog, Row
from django_apierrors.exceptions import ApiError
from django_apierrors.testing import maintenance_mode

LOCALE = Path(django_apierrors.__file__).parent / "locale"
#: Language as clients ask for it → the locale of the package.
LANGUAGES = {
    **{name: name for name in ("ar", "de", "es", "fa", "fr", "it", "ja", "ko", "nl", "pl", "ru", "tr")},
    "pt-br": "pt_BR",
    "zh-hans": "zh_Hans",
}
OF_PAGES = ["de", "es", "fr", "ja", "pt-br", "zh-hans"]
END = datetime(2999, 1, 1, tzinfo=UTC)
READ_ONLY = {"mode": "read_only", "path_prefixes": ["/api/a/"], "methods": ["PUT"], "ends_at": END}
BUILTIN = [definition["code"] for definition in codes.BUILTIN_CODES]
PHRASES = {text.phrase for text in codes.STATUSES.values()}
#: Titles that are spelled as in English.
SAME = {("fr", "MAINTENANCE")}
LIMITS = {
    "ip": {"key": "ip", "rate": "600000/m"},
    "keys": {"key": "header:x-api-key", "rate": "5/15m"},
    "names": {"key": "get:name", "rate": (2, 7200)},
    "either": {"key": "user_or_ip", "rate": "1/s"},
    "users": {"key": "user", "rate": "3/2d"},
}
CONFIGURATION = {
    "FORMATS": {"/v2/": "typed", "/v3/": "problem", "/v4/": "detailed", "/v5/": "result"},
    "RATELIMIT": {"POLICIES": LIMITS, "GLOBAL": ["ip"]},
    "DOCS": {"STATUS_URL": "https://up.example", "SUPPORT_URL": "https://help.example"},
}


def english(definition):
    with translation.override("en"):
        return {str(definition.title), str(definition.message), str(definition.message_without)} - {""}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_built_in_code_is_answered_in_the_language_of_the_client(language, api, set_view, settings):
    settings.APIERRORS = {**settings.APIERRORS, "FORMAT": "problem"}
    for code in BUILTIN:
        set_view(ApiError(code))
        response = api.get("/api/drf", headers={"Accept-Language": language})
        body = response.json()
        assert response["Content-Language"].lower() == language
        texts = {body["detail"]} if (language, code) in SAME else {body["title"], body["detail"]}
        assert not texts & english(codes.get(code)), body


WITH_VALUES = [
    (ApiError("PARAM_NOT_FOUND", param="amount"), "amount"),
    (ApiError("METHOD_NOT_ALLOWED"), "GET"),
    (ApiError("UNSUPPORTED_MEDIA_TYPE", params={"media_type": "text/csv"}), "text/csv"),
    (Throttled(wait=30), "30"),
    (Throttled(wait=150), "3"),
]


@pytest.mark.parametrize("language", LANGUAGES)
def test_values_stand_in_the_text_of_the_language(language, api, set_view):
    for exc, value in WITH_VALUES:
        set_view(exc)
        message = api.get("/api/drf", headers={"Accept-Language": language}).json()["error"]["message"]
        assert value in message
        assert not re.search(r"[{}%]|seconds|minute\b|Try again|parameter \"", message), message


@pytest.mark.parametrize(
    ("language", "wait", "message"),
    [
        ("de", 172_800, "Zu viele Anfragen. Versuchen Sie es in 2 Tagen erneut."),
        ("fr", 1, "Trop de requêtes. Réessayez dans 1 seconde."),
        ("pl", 3, "Zbyt wiele żądań. Spróbuj ponownie za 3 sekundy."),
        ("pl", 25, "Zbyt wiele żądań. Spróbuj ponownie za 25 sekund."),
        ("ru", 21, "Слишком много запросов. Повторите попытку через 21 секунду."),
        ("ar", 2, "عدد الطلبات كبير جدًا. يُرجى المحاولة مرة أخرى بعد ثانيتين."),
        ("ja", 7200, "リクエストが多すぎます。2 時間後にもう一度お試しください。"),
        ("zh-cn", 30, "请求过多。请在 30 秒后重试。"),
        ("de-at", 60, "Zu viele Anfragen. Versuchen Sie es in 1 Minute erneut."),
    ],
)
def test_a_wait_is_declined(language, wait, message, api, set_view):
    set_view(Throttled(wait=wait))
    response = api.get("/api/plain", headers={"Accept-Language": language})
    assert response.json()["error"]["message"] == message


def test_a_wait_is_in_the_language_of_its_text(api, set_view, settings):
    settings.LANGUAGE_CODE = "fr"
    set_view(Throttled(wait=30))
    row = Row(
        code="RATE_TOO_HIGH",
        texts={"message": "Encore {wait}."},
        translations={"de": {"message": "Noch {wait}."}},
    )
    with catalog.pinned(row):
        for language, message in (("de", "Noch 30 Sekunden."), ("ja", "Encore 30 secondes.")):
            response = api.get("/api/drf", headers={"Accept-Language": language})
            assert response.json()["error"]["message"] == message


def test_a_catalog_of_the_project_comes_first(api, set_view, settings, tmp_path):
    set_view(Throttled(wait=30))
    asked = {"Accept-Language": "fr"}
    assert "dans 30 secondes" in api.get("/api/drf", headers=asked).json()["error"]["message"]
    place = tmp_path / "fr" / "LC_MESSAGES"
    place.mkdir(parents=True)
    shutil.copy(LOCALE / "de" / "LC_MESSAGES" / "django.mo", place)
    settings.LOCALE_PATHS = [tmp_path]
    assert "in 30 Sekunden" in api.get("/api/drf", headers=asked).json()["error"]["message"]


BODIES = [
    ("/api/drf", b'{"name": "a\\u0000"}', "Der Wert von „name“ enthält ein NUL-Zeichen."),
    ("/api/drf", b"[" * 100_000, "Der Body ist mehr als 200 Ebenen tief verschachtelt."),
    ("/api/a%00b", b"", "Der Pfad enthält ein NUL-Zeichen."),
    ("/api/drf?q=%00", b"", "Der Query-Parameter „q“ enthält ein NUL-Zeichen."),
]


@pytest.mark.parametrize(("url", "body", "message"), BODIES)
def test_what_is_refused_before_a_view_is_said_in_the_language_of_the_client(url, body, message, api, set_view):
    set_view(lambda request: request.data)
    with translation.override("es"):  # of the request before
        response = api.post(url, body, content_type="application/json", headers={"Accept-Language": "de"})
    assert (response.status_code, response.json()["error"]["message"]) == (400, message)


# The pages


class Page(HTMLParser):
    """The texts of a page: those that people read, and those in samples."""

    #: Attributes that people read or hear.
    SPOKEN = ("aria-label", "title", "placeholder", "alt", "data-copy", "data-copied")

    def __init__(self, source):
        super().__init__()
        self.texts, self.samples, self.inside = [], [], []
        self.lang = self.dir = ""
        self.feed(source)

    def handle_starttag(self, tag, attrs):
        values = dict(attrs)
        if tag == "html":
            self.lang, self.dir = values["lang"], values["dir"]
        self.texts += [values[name] for name in self.SPOKEN if name in values]
        if tag not in ("meta", "link", "input", "br"):
            self.inside.append(tag)

    def handle_endtag(self, tag):
        while self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        is_sample = bool({"code", "pre", "script", "style"} & set(self.inside))
        (self.samples if is_sample else self.texts).append(unescape(data).strip())


@pytest.fixture
def pages(client, settings):
    """Return the pages of the documentation, in everything that they can show, in a language."""
    settings.APIERRORS = {**settings.APIERRORS, **CONFIGURATION}

    def get(language, *urls):
        headers = {"Accept-Language": language}
        return [Page(client.get(url, headers=headers).content.decode()) for url in urls]

    # One window is open, one is announced.
    with maintenance_mode(**READ_ONLY), maintenance_mode(starts_at=datetime(2998, 1, 1, tzinfo=UTC), ends_at=END):
        yield get


URLS = ["/errors/", "/errors/?q=nothing+at+all", *(f"/errors/{code}/" for code in BUILTIN if code != "GONE")]


@pytest.mark.parametrize("language", OF_PAGES)
def test_no_text_of_a_public_page_is_left_in_english(language, pages):
    known = compiled(language)
    left = {text for text, said in known.items() if said != text}
    long = {text for text in left if text.count(" ") >= 3}
    found = pages(language, *URLS)
    said = set()
    for page in found:
        assert page.lang.lower() == language
        said.update(page.texts)
        everything = " ".join(page.texts + page.samples)
        assert not [text for text in long if text in everything]
    assert said & left <= PHRASES


def compiled(language):
    """Return text → translation of the compiled catalog of the package, without placeholders."""
    with (LOCALE / LANGUAGES[language] / "LC_MESSAGES" / "django.mo").open("rb") as file:
        found = gettext.GNUTranslations(file)._catalog
    flat = {(key if isinstance(key, str) else key[0]).rpartition("\x04")[2]: said for key, said in found.items()}
    return {text: said for text, said in flat.items() if text and not re.search(r"[%{]", text)}


#: Words that are German, too, and names: of HTTP, OAuth and JSON, of formats and types, of a sample parameter.
GERMAN = "alarm an client clients code codes form format header id in minute name parameter so status support text was"
HTTP = "after api body csrf delete get grant head headers http ip jitter json key limit null oauth options patch put"
NAMES = "amount auth csv detailed idempotency idempotent markdown nested policy problem rate ratelimit refresh response"
MORE = "query result retry rfc scope secret token typed url urn utc validation xx"
COMMON = {word for line in (GERMAN, HTTP, NAMES, MORE) for word in line.split()}


def test_no_english_word_is_on_a_german_index(pages, monkeypatch):
    monkeypatch.setattr(codes, "registry", {code: codes.get(code) for code in BUILTIN})  # without those of the tests
    german, english_page = (words(page.texts) for page in (*pages("de", "/errors/"), *pages("en", "/errors/")))
    phrases = words(PHRASES)
    assert len(german) > 300
    assert german & english_page - phrases - COMMON == set()


def words(texts):
    return {word.lower() for text in texts for word in re.findall(r"[A-Za-zÄÖÜäöüß]{2,}", text)}


@pytest.mark.parametrize(("language", "of_page"), [("ar", "en"), ("fa", "en"), ("de", "de")])
def test_a_text_in_another_language_than_its_page_runs_in_its_own_direction(language, of_page, client, monkeypatch):
    row = Row(code="GONE", translations={language: {"message": "…"}})
    monkeypatch.setattr(catalog, "_installed", Catalog({"GONE": row}))
    html = client.get("/errors/GONE/", headers={"Accept-Language": language}).content.decode()
    assert f'<html lang="{of_page}" dir="ltr">' in html
    assert '<p class="message">…</p>' in html or f'<span lang="{language}" dir="auto">…</span>' in html
    assert (language == of_page) == (f'lang="{language}" dir="auto"' not in html)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_maintenance_is_in_the_language_of_the_client(language, client, settings):
    settings.APIERRORS = {**settings.APIERRORS, "DOCS": CONFIGURATION["DOCS"]}
    with maintenance_mode(ends_at=END):
        response = client.get("/site/plain", headers={"Accept-Language": language, "Accept": "text/html"})
    assert response.status_code == 503
    text = response.content.decode()
    assert f'lang="{language}"' in text.lower()
    assert not re.search("Expected end|Follow the progress|Ask for help|Request ID|down for maintenance", text)
