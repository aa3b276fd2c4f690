"""Maintenance in the admin: the switch, the schedule, who may what, what is logged, and two operators at once."""

import json
import re
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import clear_script_prefix, include, path, reverse, set_script_prefix
from django.utils import timezone
from support.clients import sender

from django_apierrors import maintenance
from django_apierrors.admin import MaintenanceWindowAdminMixin
from django_apierrors.admin.maintenance.conflicts import dump_page_state
from django_apierrors.maintenance import bypass, maintenance_exempt
from django_apierrors.middleware import MISSING
from django_apierrors.models import MaintenanceWindow, Revision
from django_apierrors.testing import assert_api_error, maintenance_mode

pytestmark = pytest.mark.django_db

PAGE = "/admin/django_apierrors/maintenancewindow/"
ADD = f"{PAGE}add/"
BUTTONS = ["on", "off", "end", "extend", "bypass", "token"]
#: What a browser sends of the form of the switch when nobody touches it.
UNTOUCHED = {
    "ends": "60", "ends_at": "", "mode": "full", "path_prefixes": "", "message": "", "reason": "", "methods": "",
    "exempt_networks": "", "status_url": "",
}  # fmt: skip


class ThemedModelAdmin(admin.ModelAdmin):
    save_on_top = True


class ThemedMaintenanceAdmin(MaintenanceWindowAdminMixin, ThemedModelAdmin):
    pass


def page_of_a_theme(request, **context):
    """A page that shows messages in a template of its own."""
    source = """<ul>{% for message in messages %}<li class="{{ message.tags }}">{{ message }}</li>{% endfor %}</ul>"""
    return TemplateResponse(request, engines["django"].from_string(source), {"site_header": "Theme", **context})


def with_messages(request):
    return page_of_a_theme(request, messages=["its own"])


def at_the_end(request):
    """A page that takes so long that maintenance is over before it is rendered."""
    STILL_ON.pop().__exit__(None, None, None)
    return page_of_a_theme(request)


STILL_ON = []


@maintenance_exempt
def webhook(request):
    raise AssertionError("nobody calls it")


class OwnSite(admin.AdminSite):
    """An admin with pages of its own, which have no mark, one of them without a name."""

    def get_urls(self):
        return [path("messages", with_messages), path("end", at_the_end, name="end"), *super().get_urls()]


themed = admin.AdminSite(name="themed")
themed.register(MaintenanceWindow, ThemedMaintenanceAdmin)
urlpatterns = [
    path("themed/", themed.urls),
    path("own/", OwnSite(name="own").urls),
    path("api/own/", include(([path("messages", with_messages, name="index")], "admin"), namespace="backoffice")),
    path("site/theme", page_of_a_theme),
    path("api/webhook", webhook),
    path("admin/", admin.site.urls),
]


def signed_in(name, *permissions, client_class=Client):
    user = User.objects.create_user(name, is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = client_class()
    client.force_login(user)
    return client


@pytest.fixture
def ana():
    """Somebody with the one permission that it takes."""
    return signed_in("ana", "toggle_maintenance")


@pytest.fixture
def bob():
    return signed_in("bob", "toggle_maintenance")


@pytest.fixture
def looker():
    return signed_in("looker", "view_maintenancewindow")


@pytest.fixture
def berlin(settings):
    settings.TIME_ZONE = "Europe/Berlin"


def window(**fields):
    """Make a row of a window, open for an hour unless told otherwise."""
    now = timezone.now()
    fields = {"starts_at": now - timedelta(minutes=5), "ends_at": now + timedelta(hours=1), **fields}
    return MaintenanceWindow.objects.create(**fields)


def scheduled(hours=5, **fields):
    now = timezone.now()
    times = {"starts_at": now + timedelta(hours=hours), "ends_at": now + timedelta(hours=hours + 1)}
    return window(**{**times, **fields})


def only():
    return MaintenanceWindow.objects.get()


def user(name):
    return User.objects.get(username=name)


def recorded(name):
    """What stands on record of a user."""
    return f"{user(name).pk} {name}"


def url(name, *rows):
    return reverse(f"admin:django_apierrors_maintenancewindow_{name}", args=[row.pk for row in rows])


def page_state(client):
    """What the forms carry of the state that a page showed."""
    return client.get(PAGE).context["page_state"]


def press(client, name, *rows, **data):
    """Press a button of the page as it is now."""
    return client.post(url(name, *rows), {"page_state": page_state(client), **data}, follow=True)


def turn_on(client, **data):
    return press(client, "on", **{**UNTOUCHED, **data, "confirmed": "yes"})


def text(response):
    """What stands on a page, without tags."""
    return " ".join(re.sub(r"<[^>]*>", " ", response.content.decode()).replace("&quot;", '"').split())


def told(response):
    return [str(message) for message in response.context["messages"]]


def logged():
    return [entry.get_change_message() for entry in LogEntry.objects.order_by("pk")]


def local(moment, pattern="%H:%M %Z"):
    return f"{timezone.localtime(moment):{pattern}}"


def schedule_data(starts_at, ends_at, **more):
    """What a browser sends of the form of the schedule."""
    data = {"mode": "full", "path_prefixes": "", "methods": "", "exempt_networks": "", "message": "", "status_url": ""}
    for name, moment in (("starts_at", starts_at), ("ends_at", ends_at)):
        moment = timezone.localtime(moment) if moment and timezone.is_aware(moment) else moment
        data |= {f"{name}_0": f"{moment:%Y-%m-%d}" if moment else "", f"{name}_1": f"{moment:%H:%M}" if moment else ""}
    return {**data, "reason": "", **more}


def in_hours(hours):
    return timezone.now().replace(second=0, microsecond=0) + timedelta(hours=hours)


def add(client, starts_at, ends_at, **more):
    data = {"page_state": client.get(ADD).context["page_state"], **schedule_data(starts_at, ends_at, **more)}
    return client.post(ADD, data, follow=True)


def errors(response):
    form = response.context["form"] if "form" in response.context else response.context["adminform"].form
    return {name: list(found) for name, found in form.errors.items()}


def form_errors(response):
    return {name: list(found) for name, found in response.context["adminform"].form.errors.items()}


# What the page says


def test_the_page_says_that_nothing_is_on(ana):
    said = text(ana.get(PAGE))
    assert "Maintenance is off Every request passes, and nothing is scheduled." in said
    assert "Nothing is scheduled." in said
    assert "There was none yet." in said


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        ({}, "everything"),
        ({"path_prefixes": ["/api/"]}, "/api/"),
        ({"methods": ["PUT", "POST"]}, "POST, PUT on every path"),
        ({"methods": ["POST"], "path_prefixes": ["/a", "/b"]}, "POST on /a, /b"),
        ({"path_prefixes": [f"/{n}" for n in range(7)]}, "/0, /1, /2, /3 and 3 more"),
    ],
)
def test_what_is_on_is_said_in_words(fields, scope, ana, berlin):
    now = timezone.now()
    row = window(created_by=recorded("ana"), ends_at=now + timedelta(minutes=35, seconds=-5), **fields)
    since, ends = local(row.starts_at), local(row.ends_at)
    said = text(ana.get(PAGE)).replace(f"{local(row.starts_at, '%b. %d, %Y')}, ", "")
    assert "Maintenance is on " in said
    assert re.search(rf"On since {since} for {re.escape(scope)}, ends in 35 minutes \(.*{ends}\), by \d+ ana\.", said)


@pytest.mark.parametrize(
    ("has_end", "has_author", "rest"),
    [
        (True, False, r"ends in 1 hour \(.*\)\. "),
        (False, True, r"without an end, by \d+ ana\. "),
        (False, False, r"without an end\. "),
    ],
)
def test_an_end_and_an_author_are_said_where_there_are_any(has_end, has_author, rest, ana):
    window(created_by=recorded("ana") if has_author else "", **({} if has_end else {"ends_at": None}))
    assert re.search(rf"On since .* for everything, {rest}", text(ana.get(PAGE)))


def test_the_next_window_is_said_while_nothing_is_on(ana, berlin):
    row = scheduled(hours=50, path_prefixes=["/api/"])
    day = local(row.starts_at, "%Y, %H:%M CE")
    assert re.search(
        rf"Every request passes\. Next: /api/, in 2 days, 2 hours \([^)]*{day}S?T\)\.", text(ana.get(PAGE))
    )


def test_times_are_in_the_time_zone_of_who_reads(ana):
    row = window()
    with timezone.override("Asia/Kathmandu"):
        ana.get(PAGE)
        said = text(ana.get(PAGE))
        assert re.search(f"On since .*{local(row.starts_at, '%H:%M')} \\+0545 for everything", said)
        assert "In the time zone Asia/Kathmandu." in said


def test_a_read_only_window_is_called_so(ana):
    window(mode="read_only")
    response = ana.get(PAGE)
    assert "Maintenance is on: read-only" in text(response)
    assert "apierrors-state apierrors-reading" in response.content.decode()


def test_everything_else_that_is_known_of_a_window_is_shown(ana):
    window(
        message="Back soon.", reason="new ledger", exempt_networks=["10.0.0.0/8"], status_url="https://status.example"
    )
    said = text(ana.get(PAGE))
    for fact in (
        "Refuses everything",
        "Message Back soon.",
        "Reason new ledger",
        "Lets through 10.0.0.0/8",
        "Status URL https://status.example",
    ):
        assert fact in said


@pytest.mark.parametrize(
    ("forced", "headline", "rule"),
    [
        (True, "Maintenance is on, by the settings", "every request is refused, on every path and without an end"),
        (False, "Maintenance is off, by the settings", "every request passes, whatever is switched here"),
    ],
)
def test_a_setting_that_decides_is_explained(forced, headline, rule, ana, settings):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": forced}}
    said = text(ana.get(PAGE))
    assert headline in said
    assert rule in said
    response = turn_on(ana)
    assert any(message.startswith("The window is open.") and rule in message for message in told(response))
    assert headline in text(response)
    assert "On since" in text(response)


def test_a_page_takes_the_same_queries_however_much_there_is(ana):
    def count():
        with CaptureQueriesContext(connection) as queries:
            assert ana.get(PAGE, {"path": "/api/", "method": "GET"}).status_code == 200
        return len(queries)

    window(created_by=recorded("ana"))
    scheduled(created_by=recorded("ana"))
    window(ends_at=timezone.now() - timedelta(minutes=1), created_by=recorded("ana"), ended_by=recorded("ana"))
    ana.get(PAGE)
    before = count()
    for n in range(2, 30):
        window(created_by=recorded("ana"), path_prefixes=[f"/{n}"])
        scheduled(hours=n, created_by=recorded("ana"))
        window(
            ends_at=timezone.now() - timedelta(minutes=1),
            created_by=recorded("ana"),
            ended_by=f"nr {n}",
        )
    ana.get(PAGE)
    assert count() == before


# Turning on


def test_it_takes_two_steps_to_turn_maintenance_on(ana, berlin):
    data = {**UNTOUCHED, "ends": "30", "path_prefixes": "/api/\r\n/v2/", "message": "Back soon.", "reason": "ledger"}
    response = press(ana, "on", **data)
    assert not MaintenanceWindow.objects.exists()
    said = text(response)
    assert "Every request is refused for /api/, /v2/." in said
    assert re.search(r"From the moment you confirm until [\w., ]*\d\d:\d\d CES?T, which is in 30 minutes\.", said)
    assert "The admin and its login stay reachable" in said
    assert "This browser gets a bypass cookie" in said
    assert "HTTP/1.1 503 Service Unavailable" in said
    assert "Back soon." in said
    hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', response.content.decode()))
    assert hidden["confirmed"] == "yes"

    response = ana.post(url("on"), {**hidden, "path_prefixes": "/api/\r\n/v2/"}, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    row = only()
    assert (row.created_by, row.mode, row.path_prefixes) == (recorded("ana"), "full", ["/api/", "/v2/"])
    assert (row.message, row.reason) == ("Back soon.", "ledger")
    assert timedelta(minutes=29) < row.ends_at - timezone.now() <= timedelta(minutes=30)
    assert re.search(
        r"Maintenance is on for /api/, /v2/ until .*, which is in 30 minutes\. This browser is let", told(response)[0]
    )
    assert_api_error(Client().get("/api/plain/fine"), "MAINTENANCE", message="Back soon.")


def test_the_confirmation_of_a_read_only_window_says_what_goes_on(ana):
    said = text(press(ana, "on", **{**UNTOUCHED, "mode": "read_only", "ends": "none"}))
    assert "Changes are refused for everything; GET, HEAD, OPTIONS and QUERY go on." in said
    assert "From the moment you confirm until somebody turns it off." in said
    assert "READ_ONLY" in said


@pytest.mark.parametrize("minutes", [15, 30, 60])
def test_a_quick_end_counts_from_now(minutes, ana):
    turn_on(ana, ends=str(minutes))
    row = only()
    assert row.ends_at - row.starts_at == timedelta(minutes=minutes)


def test_an_hour_is_proposed(ana):
    assert re.search(r'name="ends" value="60"[^>]* checked', ana.get(PAGE).content.decode())


def test_no_end_is_a_choice_of_its_own(ana):
    turn_on(ana, ends="none")
    assert only().ends_at is None


def test_an_end_can_be_a_local_time(ana, berlin):
    turn_on(ana, ends="custom", ends_at="2100-07-01T12:04")
    assert only().ends_at == datetime(2100, 7, 1, 10, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"ends": "custom"}, "ends_at", "Give the time at which it ends, or choose another end."),
        ({"ends": "custom", "ends_at": "2020-01-01T12:00"}, "ends_at", "The end is in the past."),
        ({"ends": "custom", "ends_at": "soon"}, "ends_at", "Enter a valid date/time."),
        ({"ends": "custom", "ends_at": "9999-12-31T23:59"}, "ends_at", "This time is too far away."),
        ({"ends": "custom", "ends_at": "0001-01-01T00:00"}, "ends_at", "This time is too far away."),
        ({"ends": "15", "ends_at": "2100-07-01T12:04"}, "ends_at", "Choose “Until a time” for this time to count"),
        ({"ends": "none", "ends_at": "2100-07-01T12:04"}, "ends_at", "Choose “Until a time” for this time to count"),
        ({"ends": "custom", "ends_at": "2030-03-31T02:30"}, "ends_at", "it may be ambiguous or it may not exist"),
        ({"ends": "custom", "ends_at": "2030-10-27T02:30"}, "ends_at", "it may be ambiguous or it may not exist"),
        ({"ends": "5"}, "ends", "Select a valid choice. 5 is not one of the available choices."),
        ({"mode": "none"}, "mode", "Select a valid choice."),
        ({"path_prefixes": "api"}, "path_prefixes", "api begins with no slash; write /api."),
        ({"exempt_networks": "10.0.0.1/8"}, "exempt_networks", "10.0.0.1/8 is no network"),
        ({"methods": "get", "mode": "read_only"}, "methods", "A read-only window lets these pass"),
        ({"status_url": "status"}, "status_url", "Enter a valid URL."),
        ({"message": "x" * 2001}, "message", "Ensure this value has at most 2000 characters"),
    ],
)
def test_what_makes_no_sense_is_refused_and_kept(typed, field, said, ana, berlin):
    response = press(ana, "on", **{**UNTOUCHED, "reason": "new ledger", **typed, "confirmed": "yes"})
    assert response.status_code == 200
    assert said in errors(response)[field][0]
    assert "new ledger</textarea>" in response.content.decode()
    assert "<title>Error:" in " ".join(response.content.decode().split())
    assert not MaintenanceWindow.objects.exists()


def test_without_time_zones_a_local_time_that_is_no_time_is_refused_all_the_same(ana, settings):
    settings.USE_TZ, settings.TIME_ZONE = False, "Europe/Berlin"
    for typed in ("2030-03-31T02:30", "2030-10-27T02:30"):
        response = press(ana, "on", **{**UNTOUCHED, "ends": "custom", "ends_at": typed})
        assert "it may be ambiguous or it may not exist" in errors(response)["ends_at"][0]


def test_the_way_back_keeps_what_was_typed(ana):
    response = press(ana, "on", **{**UNTOUCHED, "reason": "new ledger", "back": "yes", "confirmed": "yes"})
    assert "new ledger</textarea>" in response.content.decode()
    assert errors(response) == {}
    assert not MaintenanceWindow.objects.exists()


def test_a_second_window_can_be_turned_on_beside_the_first(ana):
    turn_on(ana, path_prefixes="/a")
    response = turn_on(ana, path_prefixes="/b")
    assert text(response).count("On since") == 2
    assert 'action="/admin/django_apierrors/maintenancewindow/on/"' in response.content.decode()


@pytest.mark.parametrize("is_secure", [False, True])
def test_whoever_turns_it_on_gets_a_cookie(is_secure, ana, settings):
    settings.SESSION_COOKIE_SECURE = False
    data = {**UNTOUCHED, "page_state": page_state(ana), "confirmed": "yes", "ends": "30"}
    cookie = ana.post(url("on"), data, secure=is_secure).cookies[bypass.COOKIE]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "Lax", "/")
    assert bool(cookie["secure"]) is is_secure
    assert 29 * 60 < cookie["max-age"] <= 30 * 60
    assert ana.get("/api/plain/fine", secure=is_secure).status_code == 200
    assert Client().get("/api/plain/fine").status_code == 503


def test_a_cookie_goes_on_counting_for_what_it_was_made_for(ana):
    turn_on(ana, path_prefixes="/api/plain", ends="30")
    add(ana, in_hours(2), in_hours(3))
    row = MaintenanceWindow.objects.upcoming().get()
    turn_on(ana, path_prefixes="/api/drf")
    keys = {row.key for row in MaintenanceWindow.objects.all()}
    assert len(keys) == 3
    ana.cookies.load({name: morsel.value for name, morsel in ana.cookies.items()})
    assert bypass._load_keys(ana.cookies[bypass.COOKIE].value) == sorted(keys)
    assert row.key in keys


def test_without_the_middleware_nothing_can_be_turned_on(ana, settings):
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if not name.startswith("django_apierrors")]
    client = Client()
    client.cookies = ana.cookies
    window()
    page = client.get(PAGE)
    assert all(part in text(page) for part in MISSING)
    assert "Maintenance refuses nothing On since" in text(page)
    for name in ("on", "off", "bypass", "token"):
        assert f'"{url(name)}"' not in page.content.decode()
    MaintenanceWindow.objects.all().delete()
    response = client.post(url("on"), {**UNTOUCHED, "confirmed": "yes"})
    assert response.status_code == 409
    assert all(part in text(response) for part in MISSING)
    response = add(client, in_hours(2), in_hours(3))
    assert form_errors(response)["__all__"] == [" ".join(MISSING)]
    assert not MaintenanceWindow.objects.exists()


# Extending and turning off


def test_an_open_window_is_extended_by_half_an_hour(ana):
    row = window()
    response = press(ana, "extend", row)
    assert only().ends_at == row.ends_at + timedelta(minutes=30)
    assert re.fullmatch(r"Extended: maintenance goes on until .*, which is in 1 hour, 30 minutes\.", told(response)[0])


def test_a_browser_that_is_let_through_stays_so_when_a_window_is_extended(ana, bob):
    turn_on(ana, ends="15")
    held = ana.post(url("extend", only()), {"page_state": page_state(ana)})
    assert held.cookies[bypass.COOKIE]["max-age"] > 44 * 60
    assert bypass.COOKIE not in bob.post(url("extend", only()), {"page_state": page_state(bob)}).cookies


@pytest.mark.parametrize("what", ["without an end", "over", "to come", "gone", "nonsense"])
def test_only_an_open_window_with_an_end_is_extended(what, ana):
    row = window()
    pk = {"gone": row.pk + 1, "nonsense": "nonsense"}.get(what, row.pk)
    moments = {
        "without an end": {"ends_at": None},
        "over": {"ends_at": timezone.now() - timedelta(minutes=1)},
        "to come": {"starts_at": timezone.now() + timedelta(minutes=1)},
    }
    MaintenanceWindow.objects.filter(pk=row.pk).update(**moments.get(what, {"reason": ""}))
    row.refresh_from_db()
    token = Revision.objects.get(part=Revision.WINDOWS).token
    response = ana.post(f"{PAGE}{pk}/extend/", {"page_state": page_state(ana)}, follow=True)
    assert told(response)[-1] == "This window is over or has no end; nothing was extended."
    assert (only().ends_at, logged()) == (row.ends_at, [])
    assert Revision.objects.get(part=Revision.WINDOWS).token == token


def test_one_window_is_ended_and_the_others_stay(ana):
    first, second = window(path_prefixes=["/a"]), window(path_prefixes=["/b"])
    assert told(press(ana, "end", first)) == ["1 window was ended."]
    assert [row.pk for row in MaintenanceWindow.objects.open()] == [second.pk]
    first.refresh_from_db()
    assert first.ended_by == recorded("ana")


def test_turning_off_ends_all_that_is_open_and_nothing_else(ana):
    window(), window(ends_at=None), scheduled()
    response = press(ana, "off")
    assert told(response) == ["2 windows were ended."]
    assert not MaintenanceWindow.objects.open().exists()
    assert MaintenanceWindow.objects.upcoming().count() == 1
    assert Client().get("/api/plain/fine").status_code == 200


def test_what_is_over_cannot_be_turned_off(ana):
    row = window(ends_at=timezone.now() - timedelta(minutes=1))
    for name, rows in (("off", ()), ("end", (row,))):
        assert told(press(ana, name, *rows)) == ["It was over already; there was nothing to turn off."]
    assert only().ended_by == ""


# Who is let through


def test_a_browser_is_let_through(bob):
    window()
    assert bob.get("/api/plain/fine").status_code == 503
    page = bob.get(PAGE)
    assert "This browser has none." in text(page)
    response = press(bob, "bypass")
    assert told(response) == ["This browser is let through until maintenance ends, for 12 hours at most."]
    assert "This browser has one." in text(response)
    assert bob.get("/api/plain/fine").headers["Cache-Control"] == "private, no-store"


def test_a_token_is_shown_once(ana, caplog):
    window()
    caplog.set_level("DEBUG")
    response = ana.post(url("token"))
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
    (token,) = re.findall(r'aria-label="Token">([^<]+)<', response.content.decode())
    # Nobody sends it over plain HTTP because this page does.
    command = f"curl -H 'X-Maintenance-Bypass: {token}' 'https://api.example.com/api/'"
    assert command in text(response).replace("&#x27;", "'")
    assert Client().get("/api/plain/fine", headers={"X-Maintenance-Bypass": token}).status_code == 200
    assert token not in caplog.text
    assert token not in str(list(LogEntry.objects.values()))
    assert token not in str(ana.session.items())
    assert token not in str(ana.cookies)
    assert token not in ana.get(PAGE).content.decode()


@pytest.mark.parametrize("name", ["bypass", "token"])
def test_while_nothing_is_on_nobody_needs_to_be_let_through(name, ana):
    scheduled()
    response = press(ana, name)
    assert told(response) == ["Nothing is on, so there is nothing to be let through."]
    assert bypass.COOKIE not in ana.cookies
    assert url(name) not in ana.get(PAGE).content.decode()


def test_nobody_is_let_through_what_the_settings_force(ana, settings):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": True}}
    assert told(press(ana, "bypass"))[-1] == "Nothing is on, so there is nothing to be let through."
    window()
    press(ana, "bypass")
    assert ana.get("/api/plain/fine").status_code == 503


# The schedule


def test_a_window_is_scheduled(ana, berlin):
    start, end = in_hours(30), in_hours(31)
    fields = {"path_prefixes": "/api/", "methods": "post", "exempt_networks": "10.0.0.0/8", "message": "Back\r\nsoon."}
    response = add(ana, start, end, mode="read_only", **fields, status_url="status.example", reason="ledger")
    assert response.redirect_chain == [(PAGE, 302)], form_errors(response)
    row = only()
    assert (row.starts_at, row.ends_at, row.created_by) == (start, end, recorded("ana"))
    assert (row.methods, row.message, row.status_url) == (["POST"], "Back\nsoon.", "https://status.example")
    (message,) = told(response)
    assert re.fullmatch(r"Scheduled\. In 1 day, \d+ hours?.*, from .* until .*, for POST on /api/\.", message)
    assert "for POST on /api/. Refuses changes" in text(response)
    assert bypass.COOKIE not in ana.cookies


def test_who_schedules_a_window_of_the_next_hours_will_be_let_through(ana):
    response = add(ana, in_hours(2), in_hours(3))
    assert told(response)[1] == "This browser will be let through."
    assert bypass._load_keys(ana.cookies[bypass.COOKIE].value) == [only().key]


def test_a_window_without_an_end_takes_a_tick(ana):
    response = add(ana, in_hours(2), None)
    assert form_errors(response) == {"ends_at": ["Give an end, or tick “no end”."]}
    response = add(ana, in_hours(2), None, no_end="on")
    assert only().ends_at is None
    assert "without an end, for everything." in told(response)[0]
    assert re.search(r'name="no_end"[^>]* checked', ana.get(url("change", only())).content.decode())


@pytest.mark.parametrize(
    ("starts_at", "ends_at", "more", "field", "said"),
    [
        (-1, 2, {}, "starts_at", "The start is in the past. To begin now, use the switch."),
        (3, 2, {}, "ends_at", "is not after the start"),
        (2, 3, {"no_end": "on"}, "ends_at", "There is an end here, and “no end” is ticked: keep one of them."),
        (None, 2, {}, "starts_at", "This field is required."),
        (2, 3, {"ends_at_1": ""}, "ends_at", "Enter a valid time."),
        (2, 3, {"starts_at_0": "2030-03-31", "starts_at_1": "02:30"}, "starts_at", "it may not exist"),
        (2, 3, {"ends_at_0": "2030-10-27", "ends_at_1": "02:30"}, "ends_at", "it may be ambiguous"),
        (2, 3, {"ends_at_0": "9999-12-31"}, "ends_at", "This time is too far away."),
        (2, 3, {"path_prefixes": "/a b"}, "path_prefixes", "/a b is no path"),
    ],
)
def test_a_schedule_that_makes_no_sense_is_refused_and_kept(starts_at, ends_at, more, field, said, ana, berlin):
    moments = [None if hours is None else in_hours(hours) for hours in (starts_at, ends_at)]
    response = add(ana, *moments, **{"reason": "new ledger", **more})
    assert said in form_errors(response)[field][0]
    assert "new ledger</textarea>" in response.content.decode()
    assert not MaintenanceWindow.objects.exists()


def test_the_form_names_the_time_zone_and_proposes_a_full_hour(ana, berlin):
    page = ana.get(ADD)
    assert text(page).count("In the time zone Europe/Berlin.") == 2
    assert "Schedule maintenance" in text(page)
    start, end = (page.context["adminform"].form.initial[name] for name in ("starts_at", "ends_at"))
    assert (start.minute, end - start) == (0, timedelta(hours=1))
    assert timezone.now() < start < timezone.now() + timedelta(hours=2)
    assert '<input type="time" name="starts_at_1" value="' in page.content.decode()


def test_a_scheduled_window_is_edited(ana, berlin):
    row = scheduled(path_prefixes=["/a"], created_by=recorded("ana"))
    row.starts_at = row.starts_at.replace(second=7)
    row.save()
    page = ana.get(url("change", row))
    assert "What clients will be answered" in text(page)
    assert f'value="{local(row.starts_at, "%H:%M:%S")}"' in page.content.decode()  # no second is lost
    start, end = in_hours(6), in_hours(7)
    data = schedule_data(start, end, path_prefixes="/a\n/b", reason="ledger")
    response = ana.post(url("change", row), {"page_state": page.context["page_state"], **data}, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    row.refresh_from_db()
    assert (row.starts_at, row.path_prefixes, row.created_by) == (start, ["/a", "/b"], recorded("ana"))


def test_a_scheduled_window_is_cancelled(ana):
    row = scheduled(path_prefixes=["/a"], reason="ledger")
    page = ana.get(url("delete", row))
    assert "Cancel maintenance? In 5 hours, from" in text(page)
    assert "Reason ledger" in text(page)
    response = ana.post(url("delete", row), {"post": "yes", "page_state": page.context["page_state"]}, follow=True)
    assert response.redirect_chain == [(PAGE, 302)]
    assert told(response) == [f"Cancelled: {row}."]
    assert not MaintenanceWindow.objects.exists()


@pytest.mark.parametrize("ends_in", [1, -1])
def test_what_has_begun_is_never_edited(ends_in, ana):
    row = window(ends_at=timezone.now() + timedelta(minutes=ends_in), reason="ledger", path_prefixes=["/a", "/b"])
    page = ana.get(url("change", row))
    assert "<textarea" not in page.content.decode()
    assert "All times are in the time zone" in text(page)
    assert "/a, /b" in text(page)
    assert ana.get(url("delete", row)).status_code == 403
    for name, data in (("change", schedule_data(in_hours(1), in_hours(2))), ("delete", {"post": "yes"})):
        response = ana.post(url(name, row), {"page_state": page_state(ana), **data}, follow=True)
        assert told(response)[-1] == "This window has begun: it can be extended or ended, and no longer edited."
    assert (only().reason, logged()) == ("ledger", [])


def test_without_time_zones_everything_is_in_local_time(ana, settings):
    settings.USE_TZ, settings.TIME_ZONE = False, "Europe/Berlin"
    turn_on(ana, ends="30")
    row = MaintenanceWindow.objects.open().get()
    now = datetime.now()
    assert timedelta(minutes=29) < row.ends_at - now <= timedelta(minutes=30)
    assert re.search(rf"On since .*{row.starts_at:%H:%M} CES?T for everything, ends in 30 minutes", text(ana.get(PAGE)))
    press(ana, "extend", row)
    start = now.replace(second=0, microsecond=0) + timedelta(hours=3)
    add(ana, start, start + timedelta(hours=1))
    assert MaintenanceWindow.objects.upcoming().get().starts_at == start
    assert told(press(ana, "off")) == ["1 window was ended."]
    window(ends_at=now - timedelta(minutes=1))
    assert ana.get(PAGE).status_code == 200


# Who may what


@pytest.mark.parametrize("name", BUTTONS)
@pytest.mark.parametrize("who", ["ana", "nobody"])
def test_a_get_changes_nothing(name, who, ana):
    row = window()
    before = MaintenanceWindow.objects.values().get()
    rows = [row] if name in ("end", "extend") else []
    response = (ana if who == "ana" else Client()).get(url(name, *rows), {**UNTOUCHED, "confirmed": "yes"})
    assert (response.status_code, response.headers["Allow"]) == (405, "POST")
    assert "This address takes only what a button of the maintenance page sends." in text(response)
    assert (MaintenanceWindow.objects.values().get(), logged()) == (before, [])
    assert bypass.COOKIE not in response.cookies


def test_the_page_itself_takes_no_post(ana):
    row = scheduled()
    data = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    response = ana.post(PAGE, data)
    assert (response.status_code, response.headers["Allow"]) == (405, "GET, HEAD")
    assert MaintenanceWindow.objects.count() == 1


@pytest.mark.parametrize("name", [*BUTTONS, "add", "change", "delete"])
def test_without_the_permission_every_post_is_refused(name, looker):
    opened, coming = window(), scheduled()
    rows = {"end": [opened], "extend": [opened], "change": [coming], "delete": [coming]}.get(name, [])
    data = {**UNTOUCHED, **schedule_data(in_hours(3), in_hours(4)), "confirmed": "yes", "post": "yes"}
    before = list(MaintenanceWindow.objects.values())
    response = looker.post(url(name, *rows), {"page_state": page_state(looker), **data})
    assert response.status_code == 403
    assert (list(MaintenanceWindow.objects.values()), logged()) == (before, [])


@pytest.mark.parametrize("name", BUTTONS)
def test_a_post_needs_a_csrf_token(name):
    client = signed_in("ana", "toggle_maintenance", client_class=lambda: Client(enforce_csrf_checks=True))
    rows = [window()] if name in ("end", "extend") else []
    assert client.post(url(name, *rows), UNTOUCHED).status_code == 403


def test_who_is_not_signed_in_is_led_to_the_login():
    assert Client().post(url("off")).headers["Location"] == f"/admin/login/?next={url('off')}"


def test_who_may_only_look_sees_no_switch(looker):
    opened, coming = window(reason="ledger"), scheduled()
    page = looker.get(PAGE)
    assert "On since" in text(page)
    assert "Reason ledger" in text(page)
    content = page.content.decode().partition('id="content-main"')[2]
    assert 'method="post"' not in content
    for name, rows in (("add", []), ("change", [coming]), ("delete", [coming])):
        assert url(name, *rows) not in content
    assert looker.get(url("change", opened)).status_code == 200
    assert looker.get(url("preview")).status_code == 200
    assert looker.get(ADD).status_code == 403
    assert PAGE in looker.get("/admin/").content.decode()


def test_who_may_neither_sees_nothing():
    stranger = signed_in("stranger", "view_errorcode")
    window()
    for name in ("changelist", "preview", "add"):
        assert stranger.get(url(name)).status_code == 403
    assert PAGE not in stranger.get("/admin/").content.decode()


def test_toggling_implies_looking(ana):
    row = window()
    assert PAGE in ana.get("/admin/").content.decode()
    assert ana.get(url("change", row)).status_code == 200
    assert ana.get(url("history", row)).status_code == 200
    assert ana.get(url("preview")).status_code == 200


# The log


def stamp(moment):
    return local(moment, "%Y-%m-%d %H:%M:%S %Z")


def test_every_toggle_is_logged_in_words(ana, berlin):
    turn_on(ana, ends="30", path_prefixes="/api/")
    row = only()
    end = row.ends_at
    press(ana, "extend", row)
    press(ana, "bypass")
    ana.post(url("token"))
    press(ana, "end", row)
    row.refresh_from_db()
    later = end + timedelta(minutes=30)
    assert logged() == [
        f"Turned on: refuses everything for /api/ until {stamp(end)}.",
        f"Extended for /api/ until {stamp(later)}.",
        f"Let a browser through for /api/, for 12 hours at most and until {stamp(later)}.",
        f"Made a token that lets API clients through for /api/, for 12 hours at most and until {stamp(later)}.",
        f"Turned off for /api/ at {stamp(row.ends_at)}; planned was {stamp(later)}.",
    ]
    entries = LogEntry.objects.all()
    assert {(entry.user, entry.object_id) for entry in entries} == {(user("ana"), str(row.pk))}
    assert "Extended for /api/" in text(ana.get(url("history", row)))


def test_what_has_no_end_is_logged_so(ana):
    turn_on(ana, ends="none", mode="read_only")
    press(ana, "off")
    assert logged()[0] == "Turned on: refuses changes for everything until it is turned off."
    assert re.fullmatch(r"Turned off for everything at .*; planned was no end\.", logged()[1])


def test_the_schedule_is_logged_with_old_and_new_values(ana, berlin):
    start, end, later = in_hours(5), in_hours(6), in_hours(7)
    add(ana, start, end, path_prefixes="/a")
    row = only()
    page = ana.get(url("change", row))
    data = schedule_data(start, later, path_prefixes="/a\n/b", mode="read_only")
    ana.post(url("change", row), {"page_state": page.context["page_state"], **data})
    ana.post(url("change", row), {"page_state": page_state(ana), **data})
    ana.post(url("delete", row), {"post": "yes", "page_state": page_state(ana)})
    assert logged() == [
        f"Scheduled: refuses everything for /a from {stamp(start)} until {stamp(end)}.",
        f"Edited. Ends at: “{stamp(end)}” → “{stamp(later)}”; Mode: “full” → “read_only”; "
        "Path prefixes: “/a” → “/a, /b”.",
        "Edited, and nothing changed.",
        f"Cancelled: it was to refuse changes for /a, /b from {stamp(start)} until {stamp(later)}.",
    ]


# Two operators


def by(name):
    return rf"\d+ {name}, at [\w., ]*\d\d:\d\d \w+,"


def test_the_later_one_is_told_that_it_is_on_already(ana, bob):
    seen = page_state(bob)
    turn_on(ana, path_prefixes="/api/")
    for step in ({}, {"confirmed": "yes"}):
        response = bob.post(url("on"), {**UNTOUCHED, "reason": "mine", "page_state": seen, **step})
        (said,) = errors(response)["__all__"]
        expected = "turned maintenance on for /api/. Nothing was changed here; look again and decide."
        assert re.fullmatch(f"In the meantime {by('ana')} {expected}", said)
        assert response.status_code == 409
        assert "mine</textarea>" in response.content.decode()
    assert MaintenanceWindow.objects.count() == 1
    # The page that told him has shown him the state: now it is his decision.
    again = bob.post(url("on"), {**UNTOUCHED, "page_state": response.context["page_state"], "confirmed": "yes"})
    assert again.status_code == 302
    assert MaintenanceWindow.objects.count() == 2


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        (lambda row: maintenance.enable(path_prefixes=["/b"]), r"somebody .* admin, at .*, turned .* on for /b"),
        (
            lambda row: maintenance.enable(starts_at=in_hours(1), user=user("ana")),
            rf"{by('ana')} scheduled maintenance for everything, from [\w., ]*\d\d:\d\d \w+",
        ),
        (lambda row: maintenance.disable(), "somebody outside the admin, at .*, ended the maintenance for /a"),
        (lambda row: maintenance.disable(user=user("ana")), f"{by('ana')} ended the maintenance for /a"),
        (
            lambda row: MaintenanceWindow.objects.update(ends_at=None),
            "somebody outside the admin changed the maintenance for /a, which now has no end",
        ),
        (
            lambda row: MaintenanceWindow.objects.update(ends_at=in_hours(40)),
            r"somebody outside the admin changed the maintenance for /a, which now ends at .*\d\d:\d\d \w+",
        ),
        (lambda row: row.delete(), r"somebody outside the admin cancelled the scheduled window \d+"),
    ],
)
@pytest.mark.parametrize("name", ["off", "end", "extend"])
def test_whatever_was_done_in_the_meantime_is_told_and_nothing_is_done(name, deed, said, ana, bob):
    row = window(path_prefixes=["/a"])
    seen = page_state(bob)
    deed(row)
    before = list(MaintenanceWindow.objects.values())
    response = bob.post(url(name, *([] if name == "off" else [row])), {"page_state": seen}, follow=True)
    assert re.fullmatch(
        f"In the meantime {said}\\. Nothing was changed here; look again and decide\\.", told(response)[0]
    )
    assert (list(MaintenanceWindow.objects.values()), logged()) == (before, [])


def test_who_extended_a_window_is_named(ana, bob):
    row = window()
    seen = page_state(bob)
    press(ana, "extend", row)
    said = told(bob.post(url("off"), {"page_state": seen}, follow=True))[0]
    assert re.match(f"In the meantime {by('ana')} changed the maintenance for everything, which now ends at", said)


def test_an_old_entry_of_the_log_does_not_name_who_changed_a_window_by_program(ana, bob):
    row = window()
    press(ana, "extend", row)
    LogEntry.objects.update(action_time=timezone.now() - timedelta(minutes=1))
    seen = page_state(bob)
    MaintenanceWindow.objects.update(ends_at=None)
    said = told(bob.post(url("off"), {"page_state": seen}, follow=True))[0]
    assert said.startswith("In the meantime somebody outside the admin changed the maintenance for everything")


def test_several_deeds_are_told_at_once(ana, bob):
    seen = page_state(bob)
    turn_on(ana, path_prefixes="/a")
    add(ana, in_hours(2), in_hours(3), path_prefixes="/b")
    said = told(bob.post(url("off"), {"page_state": seen}, follow=True))[0]
    assert re.search(
        r"\d+ ana.* turned maintenance on for /a; \d+ ana.* scheduled maintenance for /b, from .*\. Nothing", said
    )


def test_who_schedules_is_told_too_and_keeps_what_was_typed(ana, bob):
    seen = bob.get(ADD).context["page_state"]
    turn_on(ana)
    data = schedule_data(in_hours(3), in_hours(4), reason="mine")
    response = bob.post(ADD, {"page_state": seen, **data})
    assert re.match(f"In the meantime {by('ana')} turned", form_errors(response)["__all__"][0])
    assert "mine</textarea>" in response.content.decode()
    assert MaintenanceWindow.objects.count() == 1
    assert bob.post(ADD, {"page_state": response.context["page_state"], **data}).status_code == 302
    assert MaintenanceWindow.objects.count() == 2


def test_who_edits_or_cancels_what_another_edited_is_told(ana, bob):
    row = scheduled()
    seen = page_state(bob)
    data = schedule_data(in_hours(3), in_hours(4))
    ana.post(url("change", row), {"page_state": page_state(ana), **data, "reason": "hers"})
    response = bob.post(url("change", row), {"page_state": seen, **data, "reason": "his"})
    assert re.match(f"In the meantime {by('ana')} changed", form_errors(response)["__all__"][0])
    response = bob.post(url("delete", row), {"page_state": seen, "post": "yes"}, follow=True)
    assert re.match(f"In the meantime {by('ana')} changed", told(response)[0])
    assert only().reason == "hers"


def test_who_cancels_what_another_cancelled_is_told(ana, bob):
    row = scheduled()
    seen = page_state(bob)
    ana.post(url("delete", row), {"page_state": seen, "post": "yes"})
    for name in ("delete", "change"):
        response = bob.post(
            url(name, row), {"page_state": seen, **schedule_data(in_hours(3), in_hours(4)), "post": "yes"}, follow=True
        )
        said = f"In the meantime {by('ana')} cancelled the scheduled window {re.escape(str(row))}"
        if name == "delete":
            assert re.match(said, told(response)[0])
    assert not MaintenanceWindow.objects.exists()


def test_what_the_clock_did_is_nobodys_deed(ana):
    """A window has ended as it was to be, another has begun, since the page was shown."""
    begun, over = window(), window(ends_at=timezone.now() - timedelta(seconds=1))
    assert told(ana.post(url("off"), {"page_state": dump_page_state([begun, over])}, follow=True)) == [
        "1 window was ended."
    ]


@pytest.mark.parametrize("garbage", ["", "x", "99999999999999999999:0", "1:2:3 ::", "9" * 30 + ":" + "0" * 16])
def test_garbage_in_the_place_of_what_was_shown_counts_as_nothing(garbage, ana):
    window()
    assert "In the meantime" in told(ana.post(url("off"), {"page_state": garbage}, follow=True))[0]
    assert MaintenanceWindow.objects.open().exists()


# The banner


def banner(response):
    """The messages of a page that are the banner, of the HTML that was sent."""
    return re.findall(r'<li class="apierrors-maintenance error">(.*?)</li>', response.content.decode())


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize(
    "page",
    [
        "/admin/",
        "/admin/django_apierrors/",
        "/admin/django_apierrors/errorcode/",
        "/admin/django_apierrors/errorcode/add/",
        "/admin/password_change/",
        ADD,
    ],
)
def test_every_page_of_the_admin_says_that_maintenance_is_on(page, mode, berlin):
    User.objects.create_superuser("root")
    client = Client()
    client.force_login(user("root"))
    send = sender(mode, {name: morsel.value for name, morsel in client.cookies.items()})
    assert banner(send("get", page)) == []
    row = window(path_prefixes=["/api/"])
    for _ in range(2):
        (said,) = banner(send("get", page))
        link = f'<a href="{PAGE}">To the switch</a>'
        assert re.fullmatch(
            rf"Maintenance is on for /api/ until [\w., ]*{local(row.ends_at + timedelta(seconds=1))[:3]}\d\d CES?T\. "
            + link,
            said,
        )


def test_the_page_of_maintenance_says_it_by_itself(ana):
    window()
    assert banner(ana.get(PAGE)) == []
    assert banner(ana.post(url("on"), {**UNTOUCHED, "ends": "custom"})) == []


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ([{"ends_at": None}], "Maintenance is on for everything until somebody turns it off."),
        (
            [{"mode": "read_only", "ends_at": None}],
            "Maintenance is on for everything until somebody turns it off: only reading goes on.",
        ),
        ([{"mode": "read_only"}], r"Maintenance is on for everything until .*: only reading goes on\."),
        (
            [{"ends_at": None}, {"mode": "read_only"}],
            r"Maintenance is on for everything until somebody .* off\. 1 more window is open\.",
        ),
        (
            [{"ends_at": None}, {}, {}],
            r"Maintenance is on for everything until somebody .* off\. 2 more windows are open\.",
        ),
    ],
)
def test_the_banner_says_what_is_on(fields, said, ana):
    for each in fields:
        window(**each)
    (found,) = banner(ana.get("/admin/"))
    assert re.fullmatch(f"{said} <a href.*", found)


def test_the_banner_says_what_the_settings_force(ana, settings):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": True}}
    (found,) = banner(ana.get("/admin/"))
    assert found.startswith("Maintenance is on for everything: MAINTENANCE[&quot;FORCE&quot;] is True in the settings.")
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": False}}
    window()
    assert banner(ana.get("/admin/")) == []


def test_paths_in_the_banner_are_escaped(ana):
    window(path_prefixes=["/<script>"])
    (found,) = banner(ana.get("/admin/"))
    assert "/&lt;script&gt;" in found
    assert "<script>" not in found


def test_the_login_says_it_without_a_link(ana):
    window()
    for client in (Client(), signed_in("customer")):
        User.objects.filter(username="customer").update(is_staff=False)
        (said,) = banner(client.get("/admin/login/"))
        assert re.fullmatch(r"Maintenance is on for everything until [^<]*\.", said)


def test_who_may_not_look_gets_neither_a_link_nor_paths_nor_settings(settings):
    window(path_prefixes=["/api/ledger"], methods=["POST"], reason="The ledger is wrong.")
    pages = [(Client(), "/admin/login/"), (signed_in("stranger", "view_errorcode"), "/admin/")]
    for client, page in pages:
        (said,) = banner(client.get(page))
        assert re.fullmatch(r"Maintenance is on for some paths until [^<]*\.", said)
        assert b"ledger" not in client.get(page).content
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": True}}
    for client, page in pages:
        assert banner(client.get(page))[0].startswith("Maintenance is on for everything.")
        assert b"FORCE" not in client.get(page).content


def test_who_may_not_look_reads_no_path_and_no_reason(ana, own_urls):
    window(
        path_prefixes=["/hidden/ledger"], reason="disk broken", created_by="7 zoe", message="Back soon.", ends_at=None
    )
    for client in (Client(), signed_in("stranger", "view_errorcode")):
        for page in ("/admin/login/", "/admin/", "/own/login/", "/own/"):
            response = client.get(page, follow=True)
            assert banner(response)[0] == "Maintenance is on for some paths until somebody turns it off."
            sent = response.content.decode() + str(response.headers)
            assert not [word for word in ("ledger", "broken", "zoe") if word in sent]
    (said,) = banner(ana.get("/own/"))
    assert said.startswith("Maintenance is on for /hidden/ledger until")


def test_who_may_look_gets_the_link(looker):
    window()
    assert PAGE in banner(looker.get("/admin/"))[0]


def test_the_banner_costs_no_query(ana):
    def count():
        with CaptureQueriesContext(connection) as queries:
            response = ana.get("/admin/")
        return len(queries), len(banner(response))

    assert count()[1] == 0
    without = count()
    with maintenance_mode():
        assert count() == (without[0], 1)


def test_the_banner_is_left_behind_nowhere(ana):
    row = window()
    ana.get("/admin/")
    ana.get("/admin/autocomplete/", {"app_label": "x", "model_name": "y", "field_name": "z"})
    ana.get("/admin/jsi18n/")
    ana.get("/site/page")
    MaintenanceWindow.objects.filter(pk=row.pk).update(ends_at=timezone.now())
    response = ana.get("/admin/")
    assert (banner(response), told(response)) == ([], [])


def test_other_messages_stay_beside_the_banner_and_are_shown_once(ana):
    window()
    scheduled()
    press_off = {"page_state": "x"}
    ana.post(url("off"), press_off)
    response = ana.get("/admin/")
    assert len(banner(response)) == 1
    assert len(told(response)) == 2
    assert len(told(ana.get("/admin/"))) == 1


def test_what_is_no_page_of_the_admin_has_no_banner(ana):
    window(path_prefixes=["/nowhere"])
    json_ = ana.get(
        "/admin/autocomplete/",
        {"app_label": "django_apierrors", "model_name": "errorcode", "field_name": "replaced_by"},
    )
    assert b"Maintenance is on" not in json_.content
    for page in ("/errors/", "/errors/GONE/", "/site/page"):
        assert banner(ana.get(page)) == []


def test_a_page_of_the_website_has_no_banner(ana, own_urls):
    window(path_prefixes=["/nowhere"])
    assert ana.get("/site/theme").content == b"<ul></ul>"


def test_a_page_that_is_rendered_after_the_end_has_no_banner(ana, own_urls):
    STILL_ON.append(maintenance_mode(path_prefixes=["/nowhere"]))
    STILL_ON[0].__enter__()
    assert ana.get("/own/end").content == b"<ul></ul>"


@pytest.fixture
def own_urls(settings):
    settings.ROOT_URLCONF = __name__


def test_an_admin_of_another_theme_has_the_banner_and_the_page(ana, own_urls):
    turn_on_ = {**UNTOUCHED, "page_state": ana.get("/themed/django_apierrors/maintenancewindow/").context["page_state"]}
    assert ana.post("/themed/django_apierrors/maintenancewindow/on/", {**turn_on_, "confirmed": "yes"}).headers[
        "Location"
    ] == ("/themed/django_apierrors/maintenancewindow/")
    assert '<a href="/themed/django_apierrors/maintenancewindow/">' in banner(ana.get("/themed/"))[0]


def test_an_admin_without_maintenance_has_the_banner_without_a_link(ana, settings):
    settings.ROOT_URLCONF = "support.themed_admin_urls"
    window()
    (said,) = banner(ana.get("/themed/"))
    assert "<a" not in said


def test_messages_that_a_view_passes_itself_are_kept(ana, own_urls):
    window(path_prefixes=["/nowhere"])
    response = ana.get("/own/messages")
    assert [str(message) for message in response.context["messages"]][1:] == ["its own"]
    assert len(banner(response)) == 1
    assert banner(ana.get("/api/own/messages")) == []  # its namespace is "admin", too


def test_a_middleware_that_is_listed_twice_puts_one_banner(ana, settings):
    name = "django_apierrors.middleware.ApiErrorMiddleware"
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, name]
    window()
    client = Client()
    client.cookies = ana.cookies
    assert len(banner(client.get("/admin/"))) == 1


# The tester


def verdict(client, path="/api/plain/fine", method="GET", address=""):
    response = client.get(PAGE, {"path": path, "method": method, "address": address})
    found = response.context["decision"]
    return found and found.reason.name, text(response)


@pytest.mark.parametrize(
    ("asked", "reason", "said"),
    [
        ({}, "REFUSED", "Refused: 503 MAINTENANCE An open window covers it. Refused is: /api/."),
        ({"path": "https://testserver/api/x?y=1"}, "REFUSED", "Refused: 503 MAINTENANCE"),
        ({"path": "/api/x?y=1"}, "REFUSED", "Refused: 503 MAINTENANCE"),
        ({"path": "/ap%69/x"}, "REFUSED", "Refused: 503 MAINTENANCE"),
        ({"path": "https://testserver"}, "OUT_OF_SCOPE", "No open window covers this path and method."),
        ({"method": "PREFLIGHT"}, "PREFLIGHT", "It is answered 204, unless a middleware answers it. A CORS preflight"),
        ({"method": "OPTIONS"}, "REFUSED", "Refused: 503 MAINTENANCE"),
        ({"method": "QUERY"}, "REFUSED", "Refused: 503 MAINTENANCE"),
        ({"path": "/livez"}, "EXEMPT_PATH", "by which orchestrators look after the process"),
        ({"path": "/admin/"}, "CONTROL_PLANE", "Operators need it"),
        ({"address": "10.1.2.3"}, "NETWORK", "Its address is in the exempt networks of the window."),
        ({"address": "11.1.2.3"}, "REFUSED", "Refused: 503 MAINTENANCE"),
        ({"path": "/api/webhook", "method": "POST"}, "EXEMPT_VIEW", "marked with @maintenance_exempt"),
    ],
)
def test_the_tester_tells_what_becomes_of_a_request(asked, reason, said, ana, own_urls):
    window(path_prefixes=["/api/", "/livez", "/admin"], exempt_networks=["10.0.0.0/8"])
    press(ana, "bypass")  # the cookie of the operator must not count
    found, page = verdict(ana, **asked)
    assert found == reason
    assert said.replace("/api/.", "/api/, /livez, /admin.") in page
    assert "Against the windows that are open now, and without any bypass." in page


def test_the_tester_tells_that_reading_goes_on(ana):
    window(mode="read_only")
    assert verdict(ana)[0] == "READ"
    found, page = verdict(ana, method="POST")
    assert found == "REFUSED"
    assert "Refused: 503 READ_ONLY" in page


def test_while_nothing_is_on_the_tester_asks_the_next_scheduled_window(ana, berlin):
    assert verdict(ana)[0] == "NOTHING_ON"
    row = scheduled(hours=2, path_prefixes=["/api/"])
    scheduled(hours=9)
    found, page = verdict(ana)
    assert found == "REFUSED"
    assert re.search(
        rf"Against the next scheduled window, from .*{local(row.starts_at)} for /api/; nothing is on", page
    )
    assert verdict(ana, path="/site/page")[0] == "OUT_OF_SCOPE"


def test_the_tester_knows_the_setting(ana, settings):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": False}}
    window()
    assert verdict(ana)[0] == "FORCED_OFF"
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": True}}
    MaintenanceWindow.objects.all().delete()
    assert verdict(ana, path="/anywhere")[0] == "REFUSED"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"path": "api"}, "api begins with no slash; write /api."),
        ({"path": ""}, "This field is required."),
        ({"address": "10.0.0"}, "10.0.0 is no address; write it as in 192.0.2.7 or 2001:db8::1."),
        ({"method": "BREW"}, "Select a valid choice."),
    ],
)
def test_a_question_that_makes_no_sense_is_not_answered(asked, said, ana):
    found, page = verdict(ana, **asked)
    assert found is None
    assert said in page


def test_the_tester_reads_paths_below_a_script_name(ana):
    window(path_prefixes=["/api/"])
    set_script_prefix("/app/")  # as a handler does, and the client does not
    try:
        assert verdict(ana, path="/app/api/x")[0] == "REFUSED"
        assert verdict(ana, path="/api/x")[0] == "REFUSED"
        assert verdict(ana, path="/app/static/x")[0] == "OUT_OF_SCOPE"
    finally:
        clear_script_prefix()


def test_the_tester_asks_the_urls_that_a_middleware_chose(ana, settings, own_urls):
    settings.MIDDLEWARE = ["test_admin_maintenance.choose_urls", *settings.MIDDLEWARE]
    settings.ROOT_URLCONF = "urls"
    window()
    client = Client()
    client.cookies = ana.cookies
    assert verdict(client, path="/api/webhook")[0] == "EXEMPT_VIEW"


def choose_urls(get_response):
    def middleware(request):
        request.urlconf = __name__
        return get_response(request)

    return middleware


# The answers


def test_the_previews_are_what_is_answered(ana, settings):
    settings.APIERRORS = {
        **settings.APIERRORS,
        "FORMATS": {"/api/typed/": "problem", "/api/drf/": "problem", "/x": None},
    }
    window(ends_at=None, message="Back soon.", status_url="https://status.example/")
    previews = ana.get(PAGE).context["previews"]
    assert [label for label, _example in previews] == ["nested (by default)", "problem (/api/typed/, /api/drf/)"]
    for (_label, preview), place in zip(previews, ("/api/x", "/api/typed/x"), strict=True):
        sent = Client().get(place, headers={"X-Request-ID": "same"})
        head, *lines = preview.head.splitlines()
        assert head == "HTTP/1.1 503 Service Unavailable"
        shown_ = dict(line.split(": ", 1) for line in lines)
        for name in ("Content-Type", "Cache-Control", "Retry-After", "X-Error-Code", "Link"):
            assert shown_[name] == sent.headers[name]
        body = json.loads(preview.body)
        for each in (body, answered := sent.json()):
            each.pop("instance", None)
            each.pop("request_id", None)
        assert body == answered


def test_without_any_window_an_example_is_shown(ana):
    page = ana.get(PAGE)
    assert "An example, for an hour and with the words of the catalog" in text(page)
    assert "Retry-After: 3600" in text(page)


def test_the_page_for_people_is_shown_as_a_success(ana):
    window(message="Back <soon>.")
    response = ana.get(url("preview"))
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert "no-store" in response.headers["Cache-Control"]
    assert "Retry-After" not in response.headers
    assert "X-Error-Code" not in response.headers
    assert "Back &lt;soon&gt;." in response.content.decode()
    sent = Client().get("/site/page", headers={"Accept": "text/html"})
    without_id = [re.sub(r"Request ID: \w+", "", each.content.decode()) for each in (response, sent)]
    assert without_id[0] == without_id[1]


# The record


def test_the_history_tells_who_refused_what_and_why(ana, berlin):
    first = datetime(2026, 3, 1, 11, 4, tzinfo=UTC)
    past = {"starts_at": first, "ends_at": first + timedelta(hours=1), "created_by": recorded("ana")}
    row = window(**past, mode="read_only", path_prefixes=["/api/"], reason="new ledger", ended_by=recorded("ana"))
    window(starts_at=first, ends_at=first + timedelta(days=30))
    said = text(ana.get(PAGE))
    said = said.replace("\N{EN DASH}", "-")
    ana_text = recorded("ana")
    assert f"March 1, 2026, 12:04 - 13:04 CET changes /api/ {ana_text} {ana_text} new ledger" in said
    assert "March 1, 2026, 12:04 CET - March 31, 2026, 13:04 CEST everything everything - - -" in said
    assert url("change", row) in ana.get(PAGE).content.decode()


def test_the_history_has_pages(ana):
    long_ago = datetime(2026, 1, 1, 12, tzinfo=UTC)
    MaintenanceWindow.objects.bulk_create(
        MaintenanceWindow(starts_at=long_ago, ends_at=long_ago + timedelta(minutes=1), reason=f"nr. {n}")
        for n in range(250)
    )
    page = ana.get(PAGE)
    assert ("nr. 249" in text(page), "nr. 230" in text(page), "nr. 229" in text(page)) == (True, True, False)
    assert f'href="{PAGE}?p=2#apierrors-history"' in page.content.decode()
    last = ana.get(PAGE, {"p": "13"})
    assert "nr. 0" in text(last)
    assert '<span aria-current="page">13</span>' in last.content.decode()
    assert "…" in text(last)
    assert ana.get(PAGE, {"p": "nonsense"}).status_code == HTTPStatus.OK
