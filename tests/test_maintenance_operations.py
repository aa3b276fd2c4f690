"""Maintenance from Python: on, off, status, and a window of one's own."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from asgiref.sync import async_to_sync, sync_to_async
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from support.clients import sender

from django_apierrors import maintenance
from django_apierrors.maintenance.operations import atomic_change
from django_apierrors.models import MaintenanceWindow
from django_apierrors.snapshot import snapshot

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)


class Sync:
    """The functions as they are."""

    enable = staticmethod(maintenance.enable)
    disable = staticmethod(maintenance.disable)
    status = staticmethod(maintenance.status)

    @staticmethod
    def window(inside, **kwargs):
        with maintenance.window(**kwargs) as opened:
            inside(opened)


class Async:
    """Their twins, from code that is not async."""

    enable = staticmethod(async_to_sync(maintenance.aenable))
    disable = staticmethod(async_to_sync(maintenance.adisable))
    status = staticmethod(async_to_sync(maintenance.astatus))

    @staticmethod
    @async_to_sync
    async def window(inside, **kwargs):
        async with maintenance.awindow(**kwargs) as opened:
            await sync_to_async(inside)(opened)


@pytest.fixture(params=[Sync, Async])
def switch(request):
    return request.param


@pytest.fixture(autouse=True)
def nothing_stays_on():
    yield
    snapshot.reset()


def is_on():
    return sender("sync")("get", "/api/plain/fine").status_code == 503


@pytest.fixture
def ana():
    return User.objects.create_user("ana")


# On


def test_on_means_now_and_for_an_hour(switch, ana):
    before = timezone.now()
    opened = switch.enable(reason="new ledger", user=ana)
    assert before <= opened.starts_at <= timezone.now()
    assert opened.ends_at - opened.starts_at == HOUR
    found = MaintenanceWindow.objects.get()
    assert (found.key, found.reason, found.created_by, found.mode) == (
        opened.key,
        "new ledger",
        f"{ana.pk} ana",
        "full",
    )
    assert (found.path_prefixes, found.methods, found.exempt_networks) == ([], [], [])
    assert is_on()


def test_everything_about_a_window_can_be_said(switch):
    switch.enable(
        duration=timedelta(minutes=30),
        starts_at=datetime(2199, 1, 1, tzinfo=UTC),
        mode="read_only",
        path_prefixes=["/api/v1"],
        methods=["post"],
        exempt_networks=["10.0.0.0/8"],
        message="Moving house.",
        status_url="https://status.example/7",
    )
    found = MaintenanceWindow.objects.get()
    assert found.ends_at == datetime(2199, 1, 1, 0, 30, tzinfo=UTC)
    assert (found.path_prefixes, found.methods, found.exempt_networks) == (["/api/v1"], ["POST"], ["10.0.0.0/8"])
    assert (found.mode, found.message, found.status_url) == ("read_only", "Moving house.", "https://status.example/7")
    assert not is_on()


@pytest.mark.parametrize("given", ["/api\n/site", ("/api", "/site"), {"/api": 1, "/site": 2}, iter(["/api", "/site"])])
def test_a_list_may_be_any_of_several_things(given):
    assert maintenance.enable(path_prefixes=given).path_prefixes == ["/api", "/site"]


@pytest.mark.parametrize("name", ["path_prefixes", "methods", "exempt_networks"])
@pytest.mark.parametrize("given", ["", " ", [""], ["/api", " "], "/api\n\n/site"])
def test_a_blank_item_must_not_mean_everything(name, given):
    with pytest.raises(ValidationError, match="has a blank item; leave it out"):
        maintenance.enable(**{name: given})
    assert not MaintenanceWindow.objects.exists()


def test_an_end_counts_before_a_duration_and_none_means_no_end(switch):
    ends_at = timezone.now() + 5 * HOUR
    assert switch.enable(ends_at=ends_at, duration=HOUR).ends_at == ends_at
    assert switch.enable(ends_at=ends_at, duration=None).ends_at == ends_at
    assert switch.enable(duration=None).ends_at is None


def test_a_duration_is_time_that_passes():
    berlin = ZoneInfo("Europe/Berlin")
    night = datetime(2199, 3, 31, 1, 30, tzinfo=berlin)  # the clocks go from 2 to 3
    assert maintenance.enable(starts_at=night, duration=HOUR).ends_at == night.astimezone(UTC) + HOUR


def test_without_time_zones_the_clock_is_that_of_the_project(switch, settings):
    settings.USE_TZ = False
    opened = switch.enable()
    assert opened.starts_at.tzinfo is None
    assert opened.ends_at - opened.starts_at == HOUR
    assert is_on()
    assert switch.status().is_on
    switch.disable()
    assert not is_on()


@pytest.mark.parametrize(
    ("given", "field", "told"),
    [
        ({"duration": timedelta(0)}, "ends_at", "is not after the start"),
        ({"duration": -HOUR}, "ends_at", "is not after the start"),
        ({"ends_at": datetime(2001, 1, 2, tzinfo=UTC)}, "ends_at", "The end, 2001-01-01 18:00:00 CST, is not after"),
        ({"starts_at": datetime(2001, 1, 1, tzinfo=UTC)}, "ends_at", "is in the past"),
        ({"starts_at": datetime(2199, 1, 1)}, "starts_at", "2199-01-01 00:00:00 has no time zone"),
        ({"ends_at": datetime(2199, 1, 1)}, "ends_at", "2199-01-01 00:00:00 has no time zone"),
        ({"mode": "off"}, "mode", "'off' is not a valid choice"),
        ({"path_prefixes": ["api"]}, "path_prefixes", "write /api"),
        ({"methods": ["PSOT"]}, "methods", "write one of GET"),
        ({"exempt_networks": ["10.0.0.1/8"]}, "exempt_networks", "10.0.0.1/8 is no network"),
        ({"status_url": "status.example"}, "status_url", "Enter a valid URL"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_on(given, field, told, switch):
    with pytest.raises(ValidationError) as caught:
        switch.enable(**given)
    assert told in " ".join(caught.value.message_dict[field])
    assert not MaintenanceWindow.objects.exists()
    assert not is_on()


@pytest.mark.parametrize("duration", [30, "30m", 1.5])
def test_a_duration_that_is_none_is_refused_with_one_that_is(duration, switch):
    with pytest.raises(TypeError, match=rf"duration={duration!r} is no timedelta; write timedelta\(minutes=30\)"):
        switch.enable(duration=duration)


def test_arguments_are_named_and_known(switch):
    with pytest.raises(TypeError):
        switch.enable(HOUR)
    with pytest.raises(TypeError):
        switch.enable(paths=["/api"])


# Off


def test_off_ends_what_is_open_and_leaves_what_is_scheduled(switch, ana):
    first, second = switch.enable(), switch.enable(path_prefixes=["/api"], duration=None)
    scheduled = switch.enable(starts_at=timezone.now() + HOUR)
    before = timezone.now()
    assert switch.disable(user=ana) == [first, second]
    assert not is_on()
    for opened in (first, second):
        opened.refresh_from_db()
        assert before <= opened.ends_at <= timezone.now()
        assert opened.ended_by == f"{ana.pk} ana"
    scheduled.refresh_from_db()
    assert scheduled.ended_by == ""
    assert switch.disable() == []


# Status


def test_status_says_what_is_on_and_what_is_to_come(switch, ana, django_assert_num_queries):
    now = switch.status()
    assert (now.is_on, now.open, now.upcoming, now.forced, now.ends_at) == (False, (), (), None, None)
    first, second = switch.enable(user=ana), switch.enable(duration=2 * HOUR)
    scheduled = switch.enable(starts_at=timezone.now() + HOUR)
    with django_assert_num_queries(2):
        now = switch.status()
        assert [opened.created_by for opened in now.open] == [f"{ana.pk} ana", ""]
    assert (now.is_on, now.open, now.upcoming) == (True, (first, second), (scheduled,))
    assert now.ends_at == second.ends_at
    switch.enable(duration=None)
    assert switch.status().ends_at is None


@pytest.mark.parametrize("forced", [True, False])
def test_status_says_what_the_setting_forces(forced, switch, settings):
    settings.APIERRORS = {**settings.APIERRORS, "MAINTENANCE": {"FORCE": forced}}
    switch.enable()
    now = switch.status()
    assert (now.forced, now.is_on, now.ends_at, len(now.open)) == (forced, forced, None, 1)
    switch.disable()
    assert switch.status().is_on is forced


def test_a_database_that_is_down_is_told(switch, monkeypatch):
    def refuse(*args, **kwargs):
        raise OperationalError("the database is down")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", refuse)
        for call in (switch.enable, switch.disable, switch.status):
            with pytest.raises(OperationalError, match="the database is down"):
                call()


# A window of one's own


def test_inside_the_block_it_is_on_and_only_this_window_ends(switch):
    other = switch.enable(mode="read_only", duration=None)
    seen = []

    def inside(opened):
        seen.append((opened.reason, is_on()))

    switch.window(inside, reason="rebuilding")
    assert seen == [("rebuilding", True)]
    assert not is_on()
    assert switch.status().open == (other,)


def test_an_exception_ends_it_too(switch):
    def fails(opened):
        assert is_on()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        switch.window(fails)
    assert not is_on()


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda opened: maintenance.disable(),
        lambda opened: MaintenanceWindow.objects.all().delete(),
        lambda opened: MaintenanceWindow.objects.update(ends_at=None, reason="extended"),
    ],
    ids=["ended", "deleted", "extended"],
)
def test_what_others_did_with_it_in_the_meantime_is_respected(meanwhile, switch):
    switch.window(meanwhile)
    assert not is_on()
    assert not switch.status().is_on


def test_who_ended_it_before_stays_on_record(ana):
    with maintenance.window():
        maintenance.disable(user=ana)
    assert MaintenanceWindow.objects.get().ended_by == f"{ana.pk} ana"


def test_a_window_that_has_not_begun_is_called_off(switch):
    switch.window(lambda opened: None, starts_at=timezone.now() + HOUR)
    assert not MaintenanceWindow.objects.exists()


def test_windows_of_ones_own_may_be_nested():
    with maintenance.window(mode="read_only"):
        with maintenance.window():
            assert is_on()
        assert not is_on()
        assert sender("sync")("post", "/api/plain/fine").status_code == 503
    assert sender("sync")("post", "/api/plain/fine").status_code == 200


# Transactions


@pytest.mark.django_db(transaction=True)
def test_inside_a_transaction_it_is_on_for_others_when_that_commits(switch):
    with transaction.atomic():
        switch.enable()
        MaintenanceWindow.objects.get()
    assert is_on()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        switch.disable()
        raise ZeroDivisionError
    assert is_on()
    assert switch.status().is_on


def test_changes_are_made_in_one_transaction_that_knows_its_database():
    with pytest.raises(ZeroDivisionError), atomic_change() as using:
        MaintenanceWindow.objects.using(using).create()
        raise ZeroDivisionError
    assert using == "default"
    assert not MaintenanceWindow.objects.exists()


def test_the_commit_of_a_test_case_is_told_as_well(django_capture_on_commit_callbacks, caplog):
    with django_capture_on_commit_callbacks(execute=True):
        maintenance.enable()
    assert "Maintenance is on for everything" in caplog.text
    assert is_on()
