"""The documentation in a real browser: accessible, without JavaScript, from nowhere else, within its policy.

Needs the package ``playwright``, a ``chromium`` on the path and axe-core: the path of its
``axe.min.js`` in ``APIERRORS_AXE``, or ``npm``, which then fetches it. Skipped without them,
unless ``APIERRORS_REQUIRE_SERVICES`` is 1. ``APIERRORS_SCREENSHOTS`` names a directory that
is to receive screenshots.
"""

import os
import shutil
import subprocess
import threading
from pathlib import Path

import pytest
from django.conf import settings
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import override_settings

from django_apierrors import catalog
from django_apierrors.catalog import Row

pytestmark = pytest.mark.services

PAGES = ["/errors/", "/errors/GONE/", "/errors/INVALID_REQUEST/", "/errors/UNAUTHENTICATED/", "/errors/?q=nothing"]
SCHEMES = ["light", "dark"]
# Chromium must not call home: what leaves for another host is then the page's.
ARGUMENTS = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update"]
POLICY = "default-src 'self'"


class ContentSecurityPolicy:
    """Middleware that allows a page nothing but what its own host serves as a file."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        response = self.get_response(request)
        response["Content-Security-Policy"] = POLICY
        return response


def missing(what):
    if os.environ.get("APIERRORS_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{what} is missing, and APIERRORS_REQUIRE_SERVICES is 1")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The source of axe-core."""
    given = os.environ.get("APIERRORS_AXE")
    if given:
        return Path(given).read_text()
    if shutil.which("npm") is None:
        missing("axe-core (APIERRORS_AXE or npm)")
    place = tmp_path_factory.mktemp("axe")
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(place), "axe-core@4"]
    if subprocess.run(command, check=False, timeout=120, capture_output=True).returncode:
        missing("axe-core (npm cannot install it)")
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def chromium():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("playwright")
    path = shutil.which("chromium")
    if path is None:
        missing("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site():
    """The URL of a server whose catalog has something of everything the pages can show."""
    apierrors = {
        **settings.APIERRORS,
        "FORMAT": "detailed",
        "FORMATS": {"/oauth/": "oauth2", "/v2/": "typed"},
        "DOCS": {"STATUS_URL": "https://status.example/", "SUPPORT_URL": "https://help.example/"},
    }
    middleware = ["test_browser.ContentSecurityPolicy", *settings.MIDDLEWARE]
    long = {"message": "A_long_word_without_a_place_to_break_" * 8, "description": "In `code` and <b>text</b>."}
    row = Row(code="GONE", deprecated=True, replaced_by="RESOURCE_NOT_FOUND", texts=long)
    with override_settings(APIERRORS=apierrors, MIDDLEWARE=middleware), catalog.pinned(row):
        server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
        server.set_app(get_wsgi_application())
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def visit(chromium, site):
    """Open a page; what it asked for and complained about is in ``requests`` and ``complaints``."""
    contexts = []

    def open_(path, **options):
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.requests, page.complaints = [], []
        page.add_init_script(
            "violations = []; addEventListener('securitypolicyviolation', (event) => violations.push(event.blockedURI))"
        )
        page.on("request", lambda request: page.requests.append(request.url))
        page.on("console", lambda message: page.complaints.append(f"{message.text} {message.location['url']}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto(site + path)
        return page

    yield open_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_nothing(visit, axe, path, scheme):
    # The policy of the page would keep axe itself out; it is tested below.
    page = visit(path, color_scheme=scheme, bypass_csp=True)
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")
    assert [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]] == []
    assert found["passes"]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_loads_from_its_host_alone_and_breaks_no_policy(visit, site, path):
    page = visit(path)
    page.wait_for_load_state("networkidle")
    # A browser asks for an icon of its own accord.
    complaints = [text for text in page.complaints if "favicon.ico" not in text]
    assert complaints == []
    assert page.evaluate("violations") == []
    assert {url.split("/", 3)[2] for url in page.requests} == {site.split("/")[2]}
    assert {url.rsplit("/", 1)[1] for url in page.requests} >= {"docs.css", "docs.js"}
    assert page.evaluate("getComputedStyle(document.querySelector('.skip')).position") == "absolute"


def test_the_policy_of_these_tests_is_in_force(visit):
    page = visit("/errors/")
    page.evaluate("document.body.setAttribute('style', 'color: red')")
    page.wait_for_function("violations.length")
    assert page.evaluate("violations") == ["inline"]


def test_without_javascript_nothing_is_lost(visit):
    page = visit("/errors/", java_script_enabled=False)
    page.get_by_label("Search", exact=True).fill("many requests")
    page.get_by_label("Type", exact=True).select_option("rate_limit_error")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_role("status").inner_text() == "1 code"
    page.locator(".codes").get_by_role("link", name="RATE_TOO_HIGH").click()
    assert page.get_by_role("heading", level=1).inner_text() == "RATE_TOO_HIGH"
    page.get_by_text("time.sleep").wait_for()
    assert page.get_by_role("button").count() == 0


def test_the_skip_link_is_first_and_leads_to_the_content(visit):
    page = visit("/errors/")
    page.keyboard.press("Tab")
    link = page.get_by_role("link", name="Skip to the content")
    assert link.evaluate("link => link === document.activeElement")
    assert link.bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"


def test_an_example_can_be_copied(visit):
    page = visit("/errors/RATE_TOO_HIGH/", permissions=["clipboard-read", "clipboard-write"])
    buttons = page.get_by_role("button", name="Copy")
    assert buttons.count() == 4
    buttons.nth(1).click()
    page.get_by_role("button", name="Copied").wait_for()
    assert "curl -i --retry 5" in page.evaluate("navigator.clipboard.readText()")


@pytest.mark.parametrize("path", PAGES)
def test_a_page_never_scrolls_sideways(visit, path):
    page = visit(path)
    for width in (320, 768, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        keep_screenshots(page, path, width)


def keep_screenshots(page, path, width):
    place = os.environ.get("APIERRORS_SCREENSHOTS")
    for scheme in SCHEMES if place else ():
        page.emulate_media(color_scheme=scheme)
        name = "".join(c if c.isalnum() else "-" for c in path).strip("-")
        page.screenshot(path=f"{place}/{name}-{scheme}-{width}.png", full_page=True)
