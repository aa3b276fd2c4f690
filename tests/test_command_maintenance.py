"""``manage.py maintenance``: what it prints, what it changes, and how it exits."""

import json
import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django import forms
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.signals import pre_save
from django.utils import timezone

from django_apierrors.middleware import MISSING
from django_apierrors.models import MaintenanceWindow, Revision
from django_apierrors.models.window import describe_user
from django_apierrors.testing import assert_api_error

pytestmark = pytest.mark.django_db

LOCAL = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"


@pytest.fixture(autouse=True)
def configure(settings):
    """Change keys of APIERRORS; times are shown in UTC unless a test says otherwise."""
    settings.TIME_ZONE = "UTC"

    def change(**keys):
        settings.APIERRORS = {**settings.APIERRORS, **keys}

    change(REFRESH_SECONDS=1.0)
    return change


def run(*arguments):
    """Run the command and return its exit code, output and errors."""
    out, err = StringIO(), StringIO()
    code = 0
    try:
        call_command("maintenance", *map(str, arguments), stdout=out, stderr=err, no_color=True)
    except CommandError as exc:
        code = exc.returncode
        err.write(str(exc))
    except SystemExit as exc:
        code = exc.code
    return code, out.getvalue(), err.getvalue()


def done(*arguments):
    """Run the command, which must succeed without a warning, and return what it printed."""
    code, out, err = run(*arguments)
    assert (code, err) == (0, "")
    return out


def refusal(*arguments):
    """Run the command, which must fail as a whole, and return the reasons."""
    before = list(MaintenanceWindow.objects.values())
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert list(MaintenanceWindow.objects.values()) == before
    return err


def only():
    return MaintenanceWindow.objects.get()


def turn_on(**fields):
    """Make a window that is open, unless it is told otherwise."""
    return MaintenanceWindow.objects.create(**{"starts_at": in_minutes(-5), **fields})


def in_minutes(minutes):
    return timezone.now() + timedelta(minutes=minutes)


# on


def test_on_refuses_everything_for_an_hour(api):
    said = done("on")
    assert re.fullmatch(rf"Turned on for everything until {LOCAL}.\nProcesses that run follow within 1 s.\n", said)
    window = only()
    assert window.ends_at - window.starts_at == timedelta(hours=1)
    assert f"{window.ends_at + timedelta(seconds=1):%Y-%m-%d %H:%M:%S} UTC" in said
    assert_api_error(api.get("/api/plain/fine"), "MAINTENANCE", 503)


def test_on_takes_all_that_a_window_can_say(api):
    scope = ("--path", "/api/plain", "--path=/api/drf", "--method", "post", "--method", "PUT")
    words = ("--message", "Back soon.", "--status-url", "https://status.example", "--reason", "new ledger")
    exempt = ("--exempt", "10.0.0.0/8", "--exempt", "192.0.2.7")
    said = done("on", "--no-end", *scope, *words, *exempt)
    assert said.splitlines()[0] == (
        "Turned on for POST, PUT on /api/plain, /api/drf until it is turned off, but not from 10.0.0.0/8, 192.0.2.7/32."
    )
    window = only()
    assert (window.mode, window.ends_at, window.reason) == ("full", None, "new ledger")
    assert window.path_prefixes == ["/api/plain", "/api/drf"]
    answer = api.post("/api/plain/fine")
    assert_api_error(answer, "MAINTENANCE", message="Back soon.", details={"status_url": "https://status.example"})
    assert api.post("/api/plain/fine", REMOTE_ADDR="10.1.2.3").status_code == 200
    assert api.get("/api/plain/fine").status_code == 200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((), "everything"),
        (("--method", "GET", "--method", "DELETE"), "DELETE, GET on every path"),
        (("--path", "/api"), "/api"),
    ],
)
def test_read_only_refuses_changes(api, options, said):
    assert f"Turned on for {said} (read-only) until" in done("on", "--read-only", *options)
    assert api.get("/api/plain/fine").headers["X-Maintenance"] == "read-only"
    assert_api_error(api.delete("/api/plain/fine"), "READ_ONLY")


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        ("1d", timedelta(days=1)),
        ("1h30m", timedelta(minutes=90)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
    ],
)
def test_a_duration_is_written_with_its_units(text, span):
    done("on", "--for", text)
    window = only()
    assert window.ends_at - window.starts_at == span


@pytest.mark.parametrize("text", ["", "30", "30 m", "1.5h", "m", "30M", "2w", "30m1h", "0m", "-5m", "٣h", "9999999d"])
def test_a_duration_that_is_none_is_refused(text):
    assert refusal("on", f"--for={text}").splitlines() == [
        "Nothing was changed.",
        f"--for {text!r}: This is no duration; write it as in 90s, 30m, 2h, 1d or 1h30m.",
    ]


def test_the_ends_exclude_each_other():
    code, _out, err = run("on", "--for", "1h", "--no-end")
    assert code != 0
    assert "not allowed with" in err


@pytest.mark.parametrize(
    ("written", "meant", "shown"),
    [
        ("2199-07-01T12:30", datetime(2199, 7, 1, 10, 30, tzinfo=UTC), "2199-07-01 12:30:00 CEST"),
        ("2199-12-01 12:30:15", datetime(2199, 12, 1, 11, 30, 15, tzinfo=UTC), "2199-12-01 12:30:15 CET"),
        ("2199-12-01T12:30Z", datetime(2199, 12, 1, 12, 30, tzinfo=UTC), "2199-12-01 13:30:00 CET"),
        ("2199-12-01T12:30-05:00", datetime(2199, 12, 1, 17, 30, tzinfo=UTC), "2199-12-01 18:30:00 CET"),
        # What happens twice is told apart by its offset.
        ("2027-10-31T02:30+01:00", datetime(2027, 10, 31, 1, 30, tzinfo=UTC), "2027-10-31 02:30:00 CET"),
    ],
)
def test_a_time_is_in_the_time_zone_of_the_project_unless_it_has_an_offset(settings, written, meant, shown):
    settings.TIME_ZONE = "Europe/Berlin"
    assert f" until {shown}." in done("on", "--until", written)
    assert only().ends_at == meant


@pytest.mark.parametrize("option", ["--until", "--start"])
@pytest.mark.parametrize("local", ["2027-03-28T02:30", "2027-10-31T02:30"])
def test_a_local_time_that_does_not_exist_or_exists_twice_is_refused_as_django_does(settings, option, local):
    settings.TIME_ZONE = "Europe/Berlin"
    with pytest.raises(ValidationError) as caught:
        forms.DateTimeField().clean(local)
    assert f"{option} {local!r}: {caught.value.messages[0]}" in refusal("on", option, local)


@pytest.mark.parametrize("option", ["--until", "--start"])
@pytest.mark.parametrize(
    "text", ["", "soon", "22:00", "2027-12-01", "2027-13-01T22:00", "2027-12-01T25:00", "1700000000"]
)
def test_a_time_that_is_none_is_refused(option, text):
    assert f"{option} {text!r}: This is no time; write it as in 2026-12-01T22:00" in refusal("on", f"{option}={text}")


@pytest.mark.parametrize("text", ["9999-12-31T23:59", "0001-01-01T00:00+14:00", "3000-01-01T00:00Z"])
def test_a_time_that_is_too_far_away_is_refused(text):
    assert refusal("on", "--until", text).splitlines()[1] == f"--until '{text}': This time is too far away."


def test_time_passes_while_the_clocks_are_changed(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    said = done("on", "--start", "2027-03-28T01:30", "--for", "2h")
    assert "from 2027-03-28 01:30:00 CET until 2027-03-28 04:30:00 CEST." in said
    window = only()
    assert window.starts_at == datetime(2027, 3, 28, 0, 30, tzinfo=UTC)
    assert window.ends_at == datetime(2027, 3, 28, 2, 30, tzinfo=UTC)


def test_what_begins_later_is_scheduled(api):
    said = done("on", "--start", "2199-07-01T22:00Z", "--read-only", "--path", "/api")
    assert said.startswith(
        "Scheduled for /api (read-only) from 2199-07-01 22:00:00 UTC until 2199-07-01 23:00:00 UTC.\n"
    )
    assert api.post("/api/plain/fine").status_code == 200


def test_what_has_begun_is_on(api):
    starts_at = in_minutes(-10)
    said = done("on", "--start", starts_at.isoformat())
    assert said.startswith("Turned on for ")
    assert only().ends_at == starts_at + timedelta(hours=1)
    assert api.get("/api/plain/fine").status_code == 503


def test_on_names_what_else_is_on():
    turn_on(path_prefixes=["/api"], reason="moving house")
    turn_on(ends_at=in_minutes(-1))
    turn_on(starts_at=in_minutes(5))
    others = [line for line in done("on").splitlines() if line.startswith("Also")]
    assert len(others) == 1
    assert re.fullmatch(rf"Also on: /api from {LOCAL} until it is turned off \(moving house\)\.", others[0])


def test_everything_that_is_wrong_is_named_with_its_option_and_its_value():
    reasons = refusal(
        *("on", "--for", "soon", "--start", "never", "--path", "api", "--path", "/x?y", "--method", "G=T"),
        *("--exempt", "10.0.0.1/8", "--exempt", "nobody", "--status-url", "status", "--path=", "--exempt", " "),
    ).splitlines()
    assert reasons[0] == "Nothing was changed."
    for option, value in (
        ("--for", "'soon'"),
        ("--start", "'never'"),
        ("--path", "api "),
        ("--path", "/x?y"),
        ("--path", "''"),
        ("--method", "G=T"),
        ("--exempt", "10.0.0.1/8"),
        ("--exempt", "nobody"),
        ("--exempt", "' '"),
        ("--status-url", "'status'"),
    ):
        assert [reason for reason in reasons if reason.startswith(option) and value in reason]
    assert len(reasons) == 11


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--until", "2020-01-01T00:00"), "--until '2020-01-01T00:00': "),
        (("--start", "2199-07-01T00:00", "--until", "2199-06-01T00:00"), "--until '2199-06-01T00:00': "),
        (("--start", "2020-01-01T00:00", "--for", "2h"), "--for 2h: "),
        (("--start", "2020-01-01T00:00"), "--for 1h: "),
    ],
)
def test_an_end_that_is_over_or_before_the_start_is_refused(options, named):
    reasons = refusal("on", *options).splitlines()
    assert len(reasons) == 2
    assert reasons[1].startswith(named)
    assert "end" in reasons[1]


def test_a_read_only_window_that_would_refuse_nothing_is_refused():
    assert "\n--method: " in refusal("on", "--read-only", "--method", "GET")


def test_no_option_brings_a_control_character_onto_the_terminal():
    reasons = refusal("on", "--path", "/a\x1b[2J", "--for", "\x1b[2J", "--exempt", "\x1b[2J")
    assert "\x1b" not in reasons
    assert len(reasons.splitlines()) == 4


def test_a_rule_of_the_project_is_told_in_its_own_words():
    def refuse(**kwargs):
        raise ValidationError("Never on a Friday.")

    pre_save.connect(refuse, sender=MaintenanceWindow)
    try:
        assert refusal("on") == "Nothing was changed.\nNever on a Friday."
    finally:
        pre_save.disconnect(refuse, sender=MaintenanceWindow)


def test_without_the_middleware_on_is_refused_with_the_fix(settings):
    turn_on()
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "apierrors" not in name]
    assert refusal("on") == "\n".join(MISSING)
    assert run("status")[::2] == (3, f"{MISSING[0]}\n")
    code, out, err = run("off")
    assert (code, out.startswith("Turned off for "), err) == (0, True, f"{MISSING[0]}\n")


def test_processes_that_do_not_poll_are_named(configure):
    configure(REFRESH_SECONDS=None)
    warning = "REFRESH_SECONDS is None: processes that run notice nothing until they are started again.\n"
    assert run("on")[::2] == (0, warning)
    assert run("off")[::2] == (0, warning)


# without support of time zones


@pytest.fixture
def local(settings):
    """A project in Berlin that stores local times."""
    settings.USE_TZ = False
    settings.TIME_ZONE = "Europe/Berlin"


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("written", ["2199-07-01T12:30", "2199-07-01T10:30Z", "2199-07-01T05:30-05:00"])
def test_local_times_are_stored_as_they_are_shown(written):
    assert " until 2199-07-01 12:30:00 CEST." in done("on", "--until", written)
    assert only().ends_at == datetime(2199, 7, 1, 12, 30)
    assert json.loads(run("status", "--json")[1])["ends_at"] == "2199-07-01T10:30:00Z"


@pytest.mark.usefixtures("local")
@pytest.mark.parametrize("written", ["2027-03-28T02:30", "2027-10-31T02:30", "2027-10-31T02:30+01:00"])
def test_local_times_that_the_database_cannot_tell_apart_are_refused(written):
    assert (
        refusal("on", "--start", written)
        .splitlines()[1]
        .endswith("in time zone Europe/Berlin; it may be ambiguous or it may not exist.")
    )


@pytest.mark.usefixtures("local")
def test_time_passes_while_the_clocks_are_changed_without_time_zones_too(api):
    said = done("on", "--start", "2027-03-28T01:30", "--for", "2h")
    assert "from 2027-03-28 01:30:00 CET until 2027-03-28 04:30:00 CEST." in said
    assert only().ends_at == datetime(2027, 3, 28, 4, 30)
    done("on", "--for", "30m")
    answer = api.get("/api/plain/fine")
    assert_api_error(answer, "MAINTENANCE")
    assert 1790 <= int(answer["Retry-After"]) <= 1800
    assert "Turned off for " in done("off")
    assert api.get("/api/plain/fine").status_code == 200


# off


def test_off_ends_what_is_open_and_leaves_what_is_scheduled(api):
    turn_on(path_prefixes=["/api"], mode="read_only")
    turn_on()
    turn_on(starts_at=datetime(2199, 7, 1, tzinfo=UTC), ends_at=datetime(2199, 7, 2, tzinfo=UTC), reason="moving house")
    lines = done("off").splitlines()
    assert re.fullmatch(rf"Turned off for /api \(read-only\), on since {LOCAL}\.", lines[0])
    assert re.fullmatch(rf"Turned off for everything, on since {LOCAL}\.", lines[1])
    assert lines[2:] == [
        "Still scheduled: everything from 2199-07-01 00:00:00 UTC until 2199-07-02 00:00:00 UTC (moving house).",
        "Processes that run follow within 1 s.",
    ]
    assert not MaintenanceWindow.objects.open().exists()
    assert MaintenanceWindow.objects.upcoming().count() == 1
    assert api.post("/api/plain/fine").status_code == 200


def test_off_says_when_nothing_was_on():
    turn_on(ends_at=in_minutes(-1))
    before = list(MaintenanceWindow.objects.values())
    assert done("off").splitlines()[0] == "Nothing was on."
    assert list(MaintenanceWindow.objects.values()) == before


# status


def test_status_tells_by_its_exit_code_whether_maintenance_is_on():
    assert run("status") == (0, "Maintenance is off.\n", "")
    done("on")
    assert run("status")[0] == 3
    done("off")
    assert run("status")[0] == 0


def test_status_tells_of_each_window_who_made_it_when_and_why(django_user_model):
    ana = django_user_model.objects.create_user("ana", pk=7)
    turn_on(created_by=describe_user(ana), reason="new ledger", path_prefixes=["/api"], methods=["POST"])
    turn_on(created_by="7 ana", mode="read_only", exempt_networks=["10.0.0.0/8"], ends_at=in_minutes(5))
    turn_on(starts_at=datetime(2199, 7, 1, tzinfo=UTC))
    code, out, err = run("status")
    assert (code, err) == (3, "")
    head, first, second, third = out.splitlines()
    assert head == "Maintenance is on."
    assert re.fullmatch(rf"Open: POST on /api from {LOCAL} until it is turned off \(7 ana: new ledger\)\.", first)
    assert re.fullmatch(
        rf"Open: everything \(read-only\) from {LOCAL} until {LOCAL}, but not from 10\.0\.0\.0/8 \(7 ana\)\.", second
    )
    assert third == "Scheduled: everything from 2199-07-01 00:00:00 UTC until it is turned off."


def test_a_window_that_begins_after_all_calendars_end_is_shown_all_the_same():
    turn_on(starts_at=datetime(9999, 7, 1, tzinfo=UTC))
    assert "Scheduled: everything from an unknown time until it is turned off." in done("status")


def test_the_json_of_status_is_a_stable_document():
    assert json.loads(done("status", "--json")) == {
        "is_on": False,
        "forced": None,
        "mode": None,
        "ends_at": None,
        "open": [],
        "upcoming": [],
    }
    opened = turn_on(
        starts_at=datetime(2020, 7, 1, 12, 30, tzinfo=UTC),
        ends_at=datetime(2199, 7, 1, 12, 30, 15, 1, tzinfo=UTC),
        mode="read_only",
        path_prefixes=["/api"],
        methods=["POST"],
        exempt_networks=["10.0.0.0/8"],
        message="Back soon.",
        status_url="https://status.example",
        reason="new ledger",
        created_by="7 ana",
    )
    later = turn_on(starts_at=datetime(2199, 7, 2, tzinfo=UTC))
    code, out, err = run("status", "--json")
    assert (code, err) == (3, "")
    assert json.loads(out) == {
        "is_on": True,
        "forced": None,
        "mode": "read_only",
        "ends_at": "2199-07-01T12:30:16Z",
        "open": [
            {
                "id": opened.pk,
                "starts_at": "2020-07-01T12:30:00Z",
                "ends_at": "2199-07-01T12:30:16Z",
                "mode": "read_only",
                "path_prefixes": ["/api"],
                "methods": ["POST"],
                "exempt_networks": ["10.0.0.0/8"],
                "message": "Back soon.",
                "status_url": "https://status.example",
                "reason": "new ledger",
                "created_by": "7 ana",
            }
        ],
        "upcoming": [
            {
                "id": later.pk,
                "starts_at": "2199-07-02T00:00:00Z",
                "ends_at": None,
                "mode": "full",
                "path_prefixes": [],
                "methods": [],
                "exempt_networks": [],
                "message": "",
                "status_url": "",
                "reason": "",
                "created_by": None,
            }
        ],
    }


def test_the_strictest_of_all_open_windows_is_the_mode():
    turn_on(mode="read_only", ends_at=in_minutes(90))
    turn_on(ends_at=datetime(2199, 7, 1, tzinfo=UTC))
    stated = json.loads(run("status", "--json")[1])
    assert (stated["mode"], stated["ends_at"]) == ("full", "2199-07-01T00:00:00Z")
    turn_on(mode="read_only")
    assert json.loads(run("status", "--json")[1])["ends_at"] is None


def test_control_characters_that_are_stored_do_not_reach_the_terminal():
    harm = "\x1b[2J\x07\x7f\x9b"
    for _ in range(2):
        turn_on(path_prefixes=[f"/a{harm}"], methods=["POST"], message=harm, reason=f"one{harm}\ntwo")
    turn_on(starts_at=in_minutes(5), created_by=f"7 ana{harm}")
    said = [run("status"), run("status", "--json"), run("on"), run("off")]
    for _, out, err in said:
        assert not set(harm).difference("[2J").intersection(out + err)
    assert json.loads(said[1][1])["open"][0]["reason"] == f"one{harm}\ntwo"
    assert "one [2J" in said[0][1]


@pytest.mark.django_db(transaction=True)
def test_the_log_which_a_command_may_write_onto_the_terminal_holds_none_either(caplog):
    turn_on(path_prefixes=["/a\x1b[2J"])
    done("on", "--path", "/b")
    assert any(" for /a [2J until it is turned off" in message for message in caplog.messages)
    assert "\x1b" not in caplog.text


# FORCE


@pytest.mark.parametrize(
    ("forced", "code", "head", "warning"),
    [
        (True, 3, "Maintenance is on.", "everything is refused, whatever the windows say."),
        (False, 0, "Maintenance is off.", "everything passes, whatever the windows say."),
    ],
)
def test_the_setting_decides_and_every_action_says_so(configure, api, forced, code, head, warning):
    configure(MAINTENANCE={"FORCE": forced})
    warning = f'MAINTENANCE["FORCE"] is {forced}: {warning}\n'
    assert run("on", "--read-only")[::2] == (0, warning)
    assert api.get("/api/plain/fine").status_code == (503 if forced else 200)
    status, out, err = run("status")
    assert (status, out.splitlines()[0], err) == (code, head, warning)
    assert "Open: everything (read-only)" in out
    status, out, err = run("status", "--json")
    stated = json.loads(out)
    assert (status, err, stated["is_on"], stated["forced"]) == (code, warning, forced, forced)
    assert (stated["mode"], stated["ends_at"], len(stated["open"])) == ("full" if forced else None, None, 1)
    assert run("off")[::2] == (0, warning)


# A database that does not answer


@pytest.fixture
def renamed():
    """Rename a table or a column for a while."""
    undo = []

    def rename(statement, old, new):
        def execute(before, after):
            with connection.cursor() as cursor:
                cursor.execute(statement.format(before, after))

        execute(old, new)
        undo.append(lambda: execute(new, old))

    yield rename
    for call in undo:
        call()


WITHOUT = 'The setting MAINTENANCE["FORCE"] turns maintenance on and off without it.'


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", [MaintenanceWindow, Revision])
def test_a_missing_table_says_what_to_run_and_what_works_without_it(renamed, model):
    renamed("ALTER TABLE {} RENAME TO {}", model._meta.db_table, "elsewhere")
    message = "The tables of maintenance are not in the database 'default'. Run `manage.py migrate`."
    for action in ("on", "off", "status"):
        assert run(action) == (2, "", f"{message}\n{WITHOUT}")


@pytest.mark.django_db(transaction=True)
def test_a_database_that_refuses_is_told_with_its_own_words(renamed):
    renamed("ALTER TABLE django_apierrors_maintenancewindow RENAME COLUMN {} TO {}", "mode", "elsewhere")
    for action in ("on", "off", "status"):
        code, out, err = run(action)
        assert (code, out) == (2, "")
        assert err.startswith("The database 'default' cannot be reached, or refuses: ")
        assert "mode" in err
        assert err.endswith(WITHOUT)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("forced", "code", "is_on"), [(True, 3, "on"), (False, 0, "off")])
def test_without_a_table_the_setting_still_tells_the_state(configure, renamed, forced, code, is_on):
    configure(MAINTENANCE={"FORCE": forced})
    renamed("ALTER TABLE {} RENAME TO {}", MaintenanceWindow._meta.db_table, "elsewhere")
    status, out, err = run("status")
    assert (status, out) == (code, f"Maintenance is {is_on}.\n")
    assert err.startswith("The windows are not known. The tables of maintenance are not in the database")
    assert f'MAINTENANCE["FORCE"] is {forced}' in err
    status, out, err = run("status", "--json")
    assert status == code
    assert json.loads(out) == {
        "is_on": forced,
        "forced": forced,
        "mode": "full" if forced else None,
        "ends_at": None,
        "open": None,
        "upcoming": None,
    }
    assert run("on")[0] == run("off")[0] == 2
