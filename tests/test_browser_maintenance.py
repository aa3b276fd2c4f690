"""Maintenance in a real browser: the switch from sign-in to off, accessible, within its policy, on a small screen.

Needs what test_browser.py needs. The server is a process of its own, with a database in a file.
"""
# ruff: noqa: F811 (a fixture is used by its name)

import re

import pytest
from support.live_servers import running
from support.server_processes import COMMANDS, elsewhere, environment, migrate
from test_browser import SCHEMES, axe, chromium, keep_screenshots  # noqa: F401

pytestmark = pytest.mark.services

PAGE = "/admin/django_apierrors/maintenancewindow/"
PASSWORD = "open sesame"
FURNITURE = f"""
from datetime import timedelta
from django.contrib.auth.models import User
from django.utils import timezone
from django_apierrors.models import MaintenanceWindow
ana = User.objects.create_superuser("ana", password={PASSWORD!r})
ana_text = f"{{ana.pk}} ana"
now = timezone.now()
for hours, reason in ((30, "new ledger"), (60, "Rebuilding the search index"), (200, "")):
    start = now - timedelta(hours=hours)
    MaintenanceWindow(starts_at=start, ends_at=start + timedelta(hours=1), reason=reason, created_by=ana_text).save()
start = now + timedelta(hours=30)
MaintenanceWindow(
    starts_at=start, ends_at=start + timedelta(hours=2), mode="read_only", path_prefixes=["/api/v1/billing"],
    message="We are moving the ledger to a new house.", reason="new ledger", created_by=ana_text,
).save()
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The URL of a server with some history and a schedule."""
    url = f"sqlite:///{tmp_path_factory.mktemp('site') / 'db.sqlite3'}"
    migrate(url)
    elsewhere(url, FURNITURE)
    settings = {**environment(url), "DJANGO_SETTINGS_MODULE": "support.browser_settings"}
    with running("gunicorn with threads", COMMANDS["gunicorn with threads"], **settings) as server:
        yield f"http://127.0.0.1:{server.port}"


@pytest.fixture
def sign_in(chromium, site):
    """Open the page "Maintenance" through the login; what breaks the policy is in ``complaints``."""
    contexts = []

    def open_(**options):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.complaints = []
        page.on("console", lambda message: page.complaints.append(f"{message.text} {message.location['url']}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(f"{site}{PAGE}")
        page.get_by_label("Username").fill("ana")
        page.get_by_label("Password").fill(PASSWORD)
        follow(page, page.get_by_role("button", name="Log in"))
        return page

    yield open_
    for context in contexts:
        context.close()


def follow(page, button):
    """Click what leads to another page, and wait until that is there."""
    with page.expect_navigation():
        button.click()


@pytest.fixture
def off(sign_in, site):
    """Leave nothing on, whatever happened."""
    yield
    page = sign_in()
    page.get_by_role("heading", name="Maintenance is").first.wait_for()
    if page.get_by_role("button", name="Turn off").count():
        follow(page, page.get_by_role("button", name="Turn off"))
        page.get_by_role("heading", name="Maintenance is off").wait_for()


def turn_on(page, **fields):
    form = page.locator("#apierrors-on")
    for label, value in fields.items():
        form.get_by_label(label).fill(value)
    follow(page, page.get_by_role("button", name="Turn on").first)


def confirm(page):
    follow(page, page.get_by_role("button", name="Turn maintenance on"))


def violations(page, axe):
    page.wait_for_load_state()
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate(axe)
    # The breadcrumbs are Django's: before 6.0 nothing but colour told links from text there.
    found = page.evaluate("axe.run({exclude: ['.breadcrumbs']})")
    assert found["passes"]
    return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing_on_any_page(sign_in, axe, site, scheme, off):
    # The policy of the pages would keep axe itself out; it is tested below.
    page = sign_in(color_scheme=scheme, bypass_csp=True)
    found = {"off": violations(page, axe)}
    turn_on(page, Paths="api")
    found["errors"] = violations(page, axe)
    page.goto(site + PAGE)
    turn_on(page, Paths="/site/", Reason="new ledger")
    found["confirmation"] = violations(page, axe)
    confirm(page)
    page.locator("#tester").get_by_label("Path").fill("/site/page")
    follow(page, page.get_by_role("button", name="Test"))
    found["on"] = violations(page, axe)
    follow(page, page.get_by_role("button", name="Make a token for API clients"))
    found["token"] = violations(page, axe)
    for name, link in (("schedule", "Schedule maintenance"), ("edit", "Edit"), ("cancel", "Cancel")):
        page.goto(site + PAGE)
        follow(page, page.get_by_role("button", name=link).first)
        found[name] = violations(page, axe)
    page.goto(site + PAGE)
    follow(page, page.get_by_role("table").get_by_role("link").first)
    found["record"] = violations(page, axe)
    for name, place in (("button", f"{PAGE}on/"), ("people", f"{PAGE}preview/"), ("index", "/admin/")):
        page.goto(site + place)
        found[name] = violations(page, axe)
    page.context.clear_cookies()
    response = page.goto(f"{site}/site/page")
    assert response.status == 503
    found["refused"] = violations(page, axe)
    assert {name: each for name, each in found.items() if each} == {}


@pytest.mark.parametrize("has_scripts", [True, False])
def test_an_operator_turns_maintenance_on_and_off(sign_in, site, has_scripts, off):
    page = sign_in(java_script_enabled=has_scripts)
    page.get_by_role("heading", name="Maintenance is off").wait_for()
    said = page.locator(".apierrors-state").inner_text()
    assert re.search(r"Next: /api/v1/billing, in 1 day, [56] hours \(", said)
    page.get_by_label("30 minutes").check()
    turn_on(page, Paths="/site/\n/api/", Reason="new ledger")

    page.get_by_role("heading", name="Every request is refused for /site/, /api/.").wait_for()
    page.get_by_text("This browser gets a bypass cookie").wait_for()
    follow(page, page.get_by_role("button", name="Back"))
    assert page.locator("#apierrors-on").get_by_label("Paths").input_value() == "/site/\n/api/"
    follow(page, page.locator("#apierrors-on").get_by_role("button", name="Turn on"))
    confirm(page)

    page.get_by_role("heading", name="Maintenance is on").wait_for()
    state = page.locator(".apierrors-state").inner_text()
    assert "for /site/, /api/, ends in 30 minutes (" in state
    assert re.search(r"by \d+ ana\.", state)
    page.locator("#tester").get_by_label("Path").fill("/api/plain/fine")
    follow(page, page.get_by_role("button", name="Test"))
    assert "Refused: 503 MAINTENANCE" in page.get_by_role("status").inner_text()

    page.goto(f"{site}/admin/")
    banner = page.get_by_text("Maintenance is on for /site/, /api/ until")
    banner.wait_for()
    follow(page, banner.get_by_role("link", name="To the switch"))
    follow(page, page.get_by_role("button", name="Extend 30 min"))
    page.locator(".apierrors-state", has_text="ends in 1 hour (").wait_for()

    assert page.goto(f"{site}/site/page").status == 200  # this browser goes on using the site
    page.goto(site + PAGE)
    follow(page, page.get_by_role("button", name="Turn off"))
    page.get_by_role("heading", name="Maintenance is off").wait_for()
    page.get_by_text("1 window was ended.").wait_for()
    complaints = [text for text in page.complaints if "favicon.ico" not in text]
    assert complaints == []


def test_a_window_is_scheduled_edited_and_cancelled(sign_in, site, off):
    page = sign_in(timezone_id="Asia/Tokyo")  # the zone of the browser does not count
    follow(page, page.get_by_role("button", name="Schedule maintenance"))
    times = {"starts_at": ("2100-07-01", "22:00"), "ends_at": ("2100-07-01", "23:30")}
    for name, (day, clock) in times.items():
        page.locator(f"#id_{name}_0").fill(day)
        page.locator(f"#id_{name}_1").fill(clock)
    page.get_by_label("Paths").fill("/api/v2/")
    follow(page, page.get_by_role("button", name="Schedule"))
    line = page.get_by_text("from July 1, 2100, 22:00 CEST until July 1, 2100, 23:30 CEST, for /api/v2/.").first
    line.wait_for()
    follow(page, page.get_by_role("button", name="Edit").last)
    assert page.locator("#id_starts_at_1").input_value() == "22:00"
    page.get_by_label("No end").check()
    follow(page, page.get_by_role("button", name="Save"))
    page.get_by_text("keep one of them").wait_for()
    page.locator("#id_ends_at_0").fill("")
    page.locator("#id_ends_at_1").fill("")
    follow(page, page.get_by_role("button", name="Save"))
    page.get_by_text("from July 1, 2100, 22:00 CEST without an end, for /api/v2/.").first.wait_for()
    follow(page, page.get_by_role("button", name="Cancel").last)
    follow(page, page.get_by_role("button", name="Cancel this window"))
    page.get_by_text("Cancelled: /api/v2/, 2100-07-01 22:00:00 CEST.").wait_for()
    assert page.get_by_text("without an end, for /api/v2/").count() == 0


def test_no_page_scrolls_sideways(sign_in, site, off):
    page = sign_in()
    wide = []

    def look(name):
        for width in (390, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            if page.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((name, width))
            keep_screenshots(page, f"maintenance-{name}", width)

    look("off")
    turn_on(page, Paths="/site/" + "a_long_path_without_a_place_to_break" * 4, Reason="new ledger")
    look("confirmation")
    confirm(page)
    look("on")
    follow(page, page.get_by_role("button", name="Make a token for API clients"))
    look("token")
    for name, button in (("schedule", "Schedule maintenance"), ("cancel", "Cancel")):
        page.goto(site + PAGE)
        follow(page, page.get_by_role("button", name=button).first)
        look(name)
    page.goto(f"{site}/admin/")
    look("index")
    assert wide == []
