"""The signed pass: worth something for its windows, until they end, and unchanged; else nothing, and never a 500."""

import json
import logging
import zlib
from datetime import timedelta

import pytest
from django.core import signing
from django.http import HttpResponse, StreamingHttpResponse
from django.test import RequestFactory
from django.urls import clear_script_prefix, set_script_prefix
from django.utils import timezone
from support.clients import sender

from django_apierrors import maintenance, windows
from django_apierrors.maintenance import bypass
from django_apierrors.models import MaintenanceWindow
from django_apierrors.snapshot import loader, snapshot
from django_apierrors.testing import maintenance_mode
from django_apierrors.windows import Window

HOUR = timedelta(hours=1)
SALT = "django_apierrors.maintenance.bypass"


@pytest.fixture(params=["sync", "async"])
def mode(request):
    """Ask through WSGI or ASGI."""
    return request.param


@pytest.fixture(params=["cookie", "header"])
def ask(request, mode):
    """Return the answer to a request that carries a pass."""

    def asked(token, path="/api/plain/fine", **extra):
        if request.param == "cookie":
            return sender(mode, cookies={bypass.COOKIE: token})("get", path, **extra)
        return sender(mode)("get", path, headers={"X-Maintenance-Bypass": token}, **extra)

    return asked


@pytest.fixture(autouse=True)
def nothing_stays_on():
    yield
    snapshot.reset()


@pytest.fixture
def opened(db):
    """A window that is open, and a pass for it."""
    window = loader.parse_window(maintenance.enable())
    return bypass.token([window])


def test_a_pass_lets_through_and_what_it_gets_is_kept_by_nobody(ask, opened, set_view):
    answer = ask(opened)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    for made in (
        HttpResponse("fine", headers={"Cache-Control": "public, max-age=3600"}),
        StreamingHttpResponse([b"fine"], headers={"Cache-Control": "public"}),
    ):
        set_view(lambda request, made=made: made)
        assert ask(opened, "/api/plain").headers["Cache-Control"] == "private, no-store"
    assert ask(opened, "/api/nowhere").headers["Cache-Control"] == "private, no-store"


def test_without_maintenance_a_pass_changes_nothing(ask, opened):
    maintenance.disable()
    assert "Cache-Control" not in ask(opened).headers


def test_what_passes_in_any_case_is_not_marked(ask, opened):
    for path in ("/livez", "/static/nothing.css"):
        assert "private" not in ask(opened, path).headers.get("Cache-Control", "")


def test_a_pass_of_another_window_is_worth_nothing(ask, opened):
    maintenance.disable()
    maintenance.enable()
    assert ask(opened).status_code == 503


def test_a_pass_ends_with_its_window(ask, opened, monkeypatch):
    with maintenance_mode(mode="read_only"):
        later = timezone.now().timestamp() + 3601
        monkeypatch.setattr(windows, "time", lambda: later)
        assert ask(opened).status_code == 200
        assert windows.open_at(later)
    with maintenance_mode():
        assert ask(opened).status_code == 503


def test_a_pass_ends_with_the_row_of_its_window(ask, opened):
    assert ask(opened).status_code == 200
    MaintenanceWindow.objects.all().delete()
    maintenance.enable()
    assert ask(opened).status_code == 503


def test_a_pass_is_good_for_as_long_as_its_window_is_extended_but_for_12_hours_only(ask, db, monkeypatch):
    now = timezone.now()
    window = maintenance.enable(duration=timedelta(days=2))
    for hours, status in ((11.9, 200), (12.1, 503)):
        monkeypatch.setattr(signing.time, "time", lambda hours=hours: now.timestamp() - hours * 3600)
        token = bypass.token([loader.parse_window(window)])
        monkeypatch.undo()
        assert ask(token).status_code == status


def test_all_windows_that_refuse_a_request_must_be_passed(ask, db):
    first = loader.parse_window(maintenance.enable())
    second = loader.parse_window(maintenance.enable(path_prefixes=["/api/plain"]))
    assert ask(bypass.token([first])).status_code == 503
    assert ask(bypass.token([first]), "/api/drf/fine").status_code == 200
    assert ask(bypass.token([second])).status_code == 503
    assert ask(bypass.token([second, first])).status_code == 200


def test_a_cookie_and_a_header_add_up(mode, db):
    first, second = (loader.parse_window(maintenance.enable()) for _ in range(2))
    send = sender(mode, cookies={bypass.COOKIE: bypass.token([first])})
    assert send("get", "/api/plain/fine").status_code == 503
    both = send("get", "/api/plain/fine", headers={"X-Maintenance-Bypass": bypass.token([second])})
    assert both.status_code == 200


def test_one_window_may_be_passed_by_a_bypass_and_another_by_its_network(ask, db):
    first = loader.parse_window(maintenance.enable())
    maintenance.enable(exempt_networks=["127.0.0.1"])
    assert ask(bypass.token([first])).status_code == 200


def test_no_bypass_opens_what_force_has_closed(ask, settings):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": True}}
    forced = windows.open_at(0)
    assert ask(bypass.token(forced)).status_code == 503


# What somebody made up


def held(token):
    return bypass.keys(RequestFactory().get("/", HTTP_COOKIE=f"{bypass.COOKIE}={token}"))


@pytest.mark.parametrize("other", "A-:.")
def test_one_changed_character_anywhere_makes_it_worthless(other, opened):
    assert held(opened)
    for place, character in enumerate(opened):
        assert character == other or not held(opened[:place] + other + opened[place + 1 :])
        assert not held(opened[:place])
    assert not held(opened + other)


@pytest.mark.django_db
def test_one_changed_character_is_a_refusal(ask, opened):
    assert ask(opened).status_code == 200
    assert ask(opened[:-1] + ("A" if opened[-1] != "A" else "B")).status_code == 503


def signed(value, **kwargs):
    return signing.dumps(value, **{"salt": SALT, **kwargs})


JUNK = {
    "nothing": "",
    "blank": " ",
    "colons": ":::::",
    "no base64": "ä:ö:ü".encode().decode("latin-1"),
    "binary": "".join(map(chr, range(128, 256))),
    "huge": "a" * 200_000,
    "huge with colons": "a:" * 100_000,
    "compressed without a signature": "." + signing.b64_encode(zlib.compress(b"x" * 1_000_000)).decode() + ":1:x",
    "JSON": json.dumps(["key"]),
}
SIGNED = {
    "no list": "key",
    "a dict": {"key": True},
    "a number": 7,
    "null": None,
    "a list of other things": [None, 7, ["key"], {"key": 1}],
    "a deep list": json.loads("[" * 500 + "]" * 500),
}


@pytest.mark.parametrize("name", JUNK)
@pytest.mark.usefixtures("opened")
def test_junk_is_worth_nothing(name, ask, caplog):
    answer = ask(JUNK[name])
    assert (answer.status_code, answer.headers["X-Error-Code"]) == (503, "MAINTENANCE")
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.usefixtures("opened")
def test_what_we_signed_for_something_else_is_worth_nothing(name, ask):
    assert ask(signed(SIGNED[name])).status_code == 503


def test_neither_another_salt_nor_another_key_will_do(ask, opened, settings):
    (key,) = signing.loads(opened, salt=SALT)
    assert ask(signed([key])).status_code == 200
    assert ask(signed([key], salt="django.core.signing")).status_code == 503
    assert ask(signed([key], key="another")).status_code == 503
    settings.SECRET_KEY = "another"
    assert ask(opened).status_code == 503
    settings.SECRET_KEY_FALLBACKS = ["tests"]
    assert ask(opened).status_code == 200


# The cookie


def handed_out(windows, *, is_secure=False):
    response = HttpResponse()
    request = RequestFactory().get("/", secure=is_secure)
    bypass.set_bypass_cookie(response, request, windows)
    return response.cookies[bypass.COOKIE]


def test_the_cookie_is_for_this_site_and_no_script():
    cookie = handed_out([Window(key="a")])
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert signing.loads(cookie.value, salt=SALT) == ["a"]


@pytest.mark.parametrize(
    ("is_secure", "setting", "says"), [(True, False, True), (False, True, True), (False, False, False)]
)
def test_the_cookie_is_secure_under_https_and_where_that_of_the_session_is(is_secure, setting, says, settings):
    settings.SESSION_COOKIE_SECURE = setting
    assert bool(handed_out([Window()], is_secure=is_secure)["secure"]) is says


def test_the_cookie_reaches_the_whole_site_and_the_hosts_of_the_session(settings):
    settings.SESSION_COOKIE_DOMAIN = ".example.com"
    settings.SESSION_COOKIE_PATH = "/admin/"  # which needs no pass
    set_script_prefix("/app/")
    try:
        cookie = handed_out([Window()])
    finally:
        clear_script_prefix()
    assert (cookie["domain"], cookie["path"]) == (".example.com", "/app/")


@pytest.mark.parametrize(
    ("left", "age"),
    [([60], 60), ([60, 600], 600), ([12 * 3600 + 1], 12 * 3600), ([None], 12 * 3600), ([-5], 0), ([], 0)],
)
def test_the_cookie_lasts_as_long_as_its_windows_and_12_hours_at_most(left, age, monkeypatch):
    monkeypatch.setattr(bypass, "time", lambda: 1000.0)
    windows = [Window() if seconds is None else Window(ends=1000.0 + seconds) for seconds in left]
    assert handed_out(windows)["max-age"] == age


def test_who_holds_all_of_some_windows_is_told():
    first, second = Window(key="1"), Window(key="2")
    for token, is_held in (("", (False, False, True)), (bypass.token([first]), (True, False, True))):
        request = RequestFactory().get("/", HTTP_COOKIE=f"{bypass.COOKIE}={token}")
        assert tuple(bypass.has_bypass(request, asked) for asked in ([first], [first, second], [])) == is_held


@pytest.mark.parametrize("more", [{"exempt_networks": ["127.0.0.1"]}, {"mode": "read_only"}])
def test_what_also_needed_a_bypass_is_not_stored_either(more):
    send = sender("sync")
    with maintenance_mode(), maintenance_mode(**more):
        first, *_others = windows.current_windows()
        token = bypass.token([first])
        answer = send("get", "/api/plain/fine", headers={bypass.HEADER: token})
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers.get("X-Maintenance") == ("read-only" if "mode" in more else None)
