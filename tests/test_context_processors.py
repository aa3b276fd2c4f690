"""What the pages of a project tell of maintenance, beforehand and while it is on."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from django_apierrors import context_processors, maintenance
from django_apierrors.testing import maintenance_mode

TEMPLATES = {
    "facts.html": "{{ maintenance.is_on }}|{{ maintenance.open.code }}|{{ maintenance.upcoming.code }}",
    "notice.html": '<main>{% include "django_apierrors/maintenance_notice.html" %}</main>',
    "silent.html": "Nothing about it.",
}
ENDS_AT = datetime(2199, 7, 1, 10, 30, 15, tzinfo=UTC)


def show(request, name):
    return render(request, f"{name}.html")


def show_without_context(request):
    return render(request, "notice.html", using="without")


urlpatterns = [
    path("open/<name>", maintenance.maintenance_exempt(show)),
    path("site/<name>", show),
    path("without", show_without_context),
]


@pytest.fixture(autouse=True)
def project(settings):
    """A project with some pages, and a second engine that has no context processor."""
    engine = settings.TEMPLATES[0]
    options = {
        "loaders": [
            ("django.template.loaders.locmem.Loader", TEMPLATES),
            "django.template.loaders.app_directories.Loader",
        ],
        "context_processors": ["django_apierrors.context_processors.maintenance"],
    }
    settings.TEMPLATES = [
        {**engine, "NAME": "with", "APP_DIRS": False, "OPTIONS": options},
        {**engine, "NAME": "without", "APP_DIRS": False, "OPTIONS": {**options, "context_processors": []}},
    ]
    settings.ROOT_URLCONF = __name__
    return settings


@pytest.fixture
def shown(client):
    """Return what a page shows."""

    def get(address="/open/notice", **headers):
        response = client.get(address, headers=headers)
        assert response.status_code == 200
        return " ".join(response.content.decode().split())

    return get


def in_minutes(minutes):
    return timezone.now() + timedelta(minutes=minutes)


def force(settings, value):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": value}}


# The facts


def test_nothing_is_on(shown):
    assert shown("/open/facts") == "False||"


def test_a_window_is_open(shown):
    with maintenance_mode(mode="read_only"):
        assert shown("/open/facts") == "True|READ_ONLY|"


def test_of_several_windows_the_strictest_is_named():
    with maintenance_mode(mode="read_only"), maintenance_mode(path_prefixes=["/api"], ends_at=in_minutes(5)):
        notice = context_processors.maintenance(None)["maintenance"]
        assert (notice.open.code, len(notice.announcements)) == ("MAINTENANCE", 2)


@pytest.mark.parametrize(("minutes", "facts"), [(29, "False||MAINTENANCE"), (31, "False||")])
def test_a_window_is_announced_half_an_hour_before_it_begins(shown, minutes, facts):
    with maintenance_mode(starts_at=in_minutes(minutes)):
        assert shown("/open/facts") == facts


def test_of_several_windows_to_come_the_next_is_named():
    with maintenance_mode(starts_at=in_minutes(20)), maintenance_mode(starts_at=in_minutes(10), mode="read_only"):
        notice = context_processors.maintenance(None)["maintenance"]
        assert notice.upcoming.code == "READ_ONLY"
        assert [announced.is_open for announced in notice.announcements] == [False, False]


@pytest.mark.parametrize(("forced", "facts"), [(True, "True|MAINTENANCE|"), (False, "False||")])
def test_the_setting_decides_whatever_the_windows_say(project, shown, forced, facts):
    force(project, forced)
    with maintenance_mode(mode="read_only"), maintenance_mode(starts_at=in_minutes(10)):
        assert shown("/open/facts") == facts


@pytest.mark.django_db
def test_a_page_asks_no_database(shown, django_assert_num_queries):
    maintenance.enable(mode="read_only")
    maintenance.enable(starts_at=in_minutes(10))
    shown("/open/facts")
    with django_assert_num_queries(0):
        assert shown("/open/facts") == "True|READ_ONLY|MAINTENANCE"


def test_a_page_that_does_not_look_pays_nothing(shown, monkeypatch):
    with maintenance_mode(mode="read_only"):
        monkeypatch.setattr("django_apierrors.context_processors.Notice", None)
        assert shown("/site/silent") == "Nothing about it."


# The notice


def test_the_notice_is_empty_when_there_is_nothing_to_tell(shown):
    assert shown() == "<main> </main>"
    with maintenance_mode(starts_at=in_minutes(31)):
        assert shown() == "<main> </main>"


def test_the_notice_is_empty_without_the_context_processor(shown):
    with maintenance_mode(path_prefixes=["/api"]):
        assert shown("/without") == "<main> </main>"


def test_the_notice_tells_what_is_on_and_until_when_in_the_time_zone_of_the_project(project, shown):
    project.TIME_ZONE = "Europe/Berlin"
    with maintenance_mode(ends_at=ENDS_AT):
        assert shown() == (
            '<main><div class="apierrors-maintenance" role="status"> <p> <strong>Maintenance is on.</strong> '
            'It ends at <time datetime="2199-07-01T12:30:15+02:00">July 1, 2199, 12:30 p.m. CEST</time>. </p> '
            "</div> </main>"
        )


def test_the_notice_has_local_times_without_time_zone_support_too(project, shown):
    project.TIME_ZONE = "Europe/Berlin"
    project.USE_TZ = False
    with maintenance_mode(ends_at=datetime(2199, 7, 1, 12, 30)):
        assert '<time datetime="2199-07-01T12:30:00+02:00">July 1, 2199, 12:30 p.m. CEST</time>' in shown()


def test_the_notice_has_times_as_the_reader_writes_them(project, shown):
    project.TIME_ZONE = "UTC"
    with maintenance_mode(ends_at=ENDS_AT):
        assert ">1. Juli 2199 10:30 UTC</time>" in shown(**{"Accept-Language": "de"})


def test_the_notice_tells_when_a_window_begins(project, shown):
    project.TIME_ZONE = "Asia/Tokyo"
    with maintenance_mode(starts_at=in_minutes(10), mode="read_only"):
        begins = r'Maintenance begins at <time datetime="[\d-]+T[\d:]+\+09:00">[^<]+ JST</time>\.</strong>'
        assert re.search(rf"<strong>{begins} Reading goes on; nothing can be changed. </p>", shown())


def test_the_notice_tells_of_every_window_with_its_scope_its_words_and_its_link(project, shown):
    project.APIERRORS = {**project.APIERRORS, "DOCS": {"STATUS_URL": "https://status.example/all"}}
    billing = {"path_prefixes": ["/api/bills", "/api/<b>"], "methods": ["PUT", "POST"], "message": "Moving <house>."}
    with (
        maintenance_mode(**billing, status_url="https://status.example/bills?a=1&b=2"),
        maintenance_mode(starts_at=in_minutes(5)),
    ):
        page = shown("/site/notice")
    bills, everything = re.findall(r"<p>(.*?)</p>", page)
    assert "Maintenance is on." in bills
    assert "It covers: <code>POST</code>, <code>PUT</code>. Only some paths are affected." in bills
    assert "/api/" not in page
    assert '<span lang="" dir="auto">Moving &lt;house&gt;.</span>' in bills
    assert '<a href="https://status.example/bills?a=1&amp;b=2">Follow the progress</a>' in bills
    assert "Maintenance begins at" in everything
    assert "It covers" not in everything
    assert "Only some paths" not in everything
    assert '<a href="https://status.example/all">' in everything


def test_a_template_gets_nothing_that_is_internal():
    internal = {"path_prefixes": ["/api/bills"], "exempt_networks": ["10.0.0.0/8"]}
    with maintenance_mode(**internal), maintenance_mode(**internal, starts_at=in_minutes(5)):
        notice = context_processors.maintenance(None)["maintenance"]
        for announcement in (notice.open, notice.upcoming, *notice.announcements):
            assert announcement.is_partial
            assert not {"path_prefixes", "exempt_networks", "key", "window", "reason"}.intersection(dir(announcement))
            assert "bills" not in repr(announcement)


@pytest.mark.django_db
def test_the_reason_stays_inside_the_house(shown):
    maintenance.enable(reason="The disk is broken.", message="Back soon.")
    page = shown()
    assert "Back soon." in page
    assert "disk" not in page
