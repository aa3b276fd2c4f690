"""Rows of maintenance windows: what makes no sense is refused, with the value and the fix."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from django_apierrors.models import MaintenanceWindow
from django_apierrors.models.window import describe_user, new_key
from django_apierrors.snapshot import loader

HOUR = timedelta(hours=1)


def window(**fields):
    now = timezone.now()
    return MaintenanceWindow(**{"starts_at": now, "ends_at": now + HOUR, **fields})


def refusals(**fields):
    """Return what is wrong with a window, by field."""
    with pytest.raises(ValidationError) as caught:
        window(**fields).clean()
    return caught.value.message_dict


def refusal(field, **fields):
    """Return the one thing that is wrong with a window."""
    (found,) = refusals(**fields)[field]
    return found


# Times


def test_a_window_without_an_end_and_one_without_anything_else_are_right():
    window(ends_at=None).clean()
    window().clean()


@pytest.mark.parametrize("later", [timedelta(0), -HOUR])
def test_an_end_that_is_not_after_the_start_is_refused_with_both(later):
    start = datetime(2100, 1, 1, 12, tzinfo=UTC)
    with timezone.override(ZoneInfo("Europe/Berlin")):
        message = refusal("ends_at", starts_at=start, ends_at=start + later)
    shown = "13:00:00" if not later else "12:00:00"
    assert message == (
        f"The end, 2100-01-01 {shown} CET, is not after the start, 2100-01-01 13:00:00 CET: choose a later one."
    )


def test_an_end_in_the_past_is_refused():
    start = datetime(2001, 1, 1, 12, tzinfo=UTC)
    with timezone.override(UTC):
        message = refusal("ends_at", starts_at=start, ends_at=start + HOUR)
    assert message == "The end, 2001-01-01 13:00:00 UTC, is in the past: choose a later one."


def test_a_time_without_a_zone_is_refused():
    naive = datetime(2100, 1, 1)
    assert refusal("starts_at", starts_at=naive) == (
        "2100-01-01 00:00:00 has no time zone: give it one, as django.utils.timezone.make_aware() does."
    )
    assert set(refusals(starts_at=naive, ends_at=naive)) == {"starts_at", "ends_at"}
    assert set(refusals(ends_at=naive)) == {"ends_at"}


def test_without_time_zones_a_time_has_none(settings):
    settings.USE_TZ = False
    window().clean()
    assert "has a time zone, but USE_TZ is False" in refusal("ends_at", ends_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert "2001-01-01 00:00:00, is in the past" in refusal(
        "ends_at", starts_at=datetime(2000, 1, 1), ends_at=datetime(2001, 1, 1)
    )


def test_what_a_form_has_found_wrong_already_is_not_said_twice():
    window(starts_at=None).clean()
    window(starts_at=None, ends_at=None).clean()


# Paths, methods, networks


@pytest.mark.parametrize("path", ["/", "/api", "/api/v1/billing/", "/über", "/a/~b/(c)/d.json", "/a:b@c;d,e"])
def test_a_path_begins_with_a_slash(path):
    window(path_prefixes=[path]).clean()


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("api/v1", "api/v1 begins with no slash; write /api/v1."),
        ("https://api.example/v1", "https://api.example/v1 begins with no slash"),
        ("/api?x=1", "/api?x=1 is no path: it has no query, no pattern, no blank and no percent sign."),
        ("/api#x", "/api#x is no path"),
        ("/api/*", "/api/* is no path"),
        ("/a b", "/a b is no path"),
        ("/a\u00a0b", "is no path"),
        ("/a\x00b", "is no path"),
        ("/%C3%BCber", "/%C3%BCber is no path"),
    ],
)
def test_what_is_no_path_is_refused(path, message):
    assert message in refusal("path_prefixes", path_prefixes=[path])


def test_each_wrong_line_is_named_in_its_own_words():
    assert len(refusals(path_prefixes=["a", "/b", "c"])["path_prefixes"]) == 2
    found = refusals(path_prefixes=["a"], methods=["PSOT"], exempt_networks=["x"], ends_at=datetime(2100, 1, 1))
    assert set(found) == {"ends_at", "path_prefixes", "methods", "exempt_networks"}


def test_methods_are_written_in_capitals():
    made = window(methods=["post", "Delete"])
    made.clean()
    assert made.methods == ["POST", "DELETE"]


@pytest.mark.parametrize("method", ["PSOT", "POST GET", "BREW", "*", "POST,"])
def test_what_is_no_method_is_refused_with_those_that_are(method):
    assert refusal("methods", methods=[method]) == (
        f"{method} is no method; write one of GET, HEAD, OPTIONS, QUERY, POST, PUT, PATCH, DELETE, TRACE."
    )


@pytest.mark.parametrize("network", ["10.0.0.1", "10.0.0.0/8", "2001:db8::/32", "::1", "::ffff:10.0.0.1"])
def test_a_network_is_an_address_or_a_block(network):
    window(exempt_networks=[network]).clean()


@pytest.mark.parametrize("network", ["10.0.0.1/8", "10.0.0.0/33", "x", "10.0.0.*", "10.0.0.1:80"])
def test_what_is_no_network_is_refused(network):
    assert refusal("exempt_networks", exempt_networks=[network]) == (
        f"{network} is no network: write an address, or a CIDR block without host bits, as in 10.0.0.0/8."
    )


@pytest.mark.parametrize(
    ("methods", "is_right"), [([], True), (["POST"], True), (["GET", "POST"], True), (["GET", "head", "QUERY"], False)]
)
def test_a_read_only_window_must_refuse_something(methods, is_right):
    made = {"mode": "read_only", "methods": methods}
    if is_right:
        window(**made).clean()
    else:
        assert refusal("methods", **made) == "A read-only window lets these pass: nothing would be refused."


def test_what_is_no_list_is_read_as_one():
    made = window(methods="post\nput", path_prefixes="/a\n/b", exempt_networks=None)
    made.clean_fields()
    made.clean()
    assert (made.methods, made.path_prefixes) == (["POST", "PUT"], ["/a", "/b"])


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("https://status.example/\x0b", "The character U+000B cannot stand in a URL"),
        ("https://status.example/a b", "The character U+0020 SPACE cannot stand in a URL"),
        ("ftp://status.example/", "ftp://status.example/ is nothing that a browser opens: it begins with https://."),
    ],
)
def test_a_status_url_is_one_that_clients_can_be_sent_to(url, message):
    assert message in refusal("status_url", status_url=url)
    for right in ("", "HTTPS://status.example/é?a=b#c", "status.example"):  # the field itself refuses the last
        window(status_url=right).clean()


# Where a window stands in time


@pytest.mark.parametrize(
    ("begins", "ends", "state"),
    [
        (-2, -1, {"begun", "over"}),
        (-1, 0, {"begun", "over"}),
        (-1, 1, {"begun", "open"}),
        (0, 1, {"begun", "open"}),
        (-1, None, {"begun", "open"}),
        (1, 2, {"upcoming"}),
        (1, None, {"upcoming"}),
    ],
)
@pytest.mark.django_db
def test_a_row_and_a_queryset_say_the_same(begins, ends, state):
    now = timezone.now()
    made = window(starts_at=now + begins * HOUR, ends_at=ends if ends is None else now + ends * HOUR)
    made.save()
    says = {"begun": made.has_begun(now), "over": made.is_over(now), "open": made.is_open(now)}
    assert {name for name, is_so in says.items() if is_so} == state - {"upcoming"}
    rows = MaintenanceWindow.objects
    assert rows.open(now).exists() is ("open" in state)
    assert rows.upcoming(now).exists() is ("upcoming" in state)
    assert rows.not_over(now).exists() is ("over" not in state)
    assert loader.parse_window(made).is_open(now.timestamp()) is ("open" in state)


@pytest.mark.django_db
def test_now_is_now():
    window().save()
    window(starts_at=timezone.now() + HOUR, ends_at=None).save()
    rows = MaintenanceWindow.objects
    assert (rows.open().count(), rows.upcoming().count(), rows.not_over().count()) == (1, 1, 2)
    opened, coming = rows.open().get(), rows.upcoming().get()
    assert (opened.is_open(), opened.has_begun(), opened.is_over()) == (True, True, False)
    assert (coming.is_open(), coming.has_begun(), coming.is_over()) == (False, False, False)


@pytest.mark.django_db
def test_without_time_zones_windows_open_at_the_same_moment(settings):
    settings.USE_TZ = False
    now = timezone.now()
    window(starts_at=now - HOUR, ends_at=now + HOUR).save()
    made = MaintenanceWindow.objects.open().get()
    assert loader.parse_window(made).begins == made.starts_at.timestamp()
    with_a_gap = MaintenanceWindow(starts_at=datetime.min, ends_at=datetime.max)
    assert loader.parse_window(with_a_gap).is_open(now.timestamp())


# What the database holds


@pytest.mark.django_db
def test_the_database_refuses_an_end_before_the_start():
    now = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        window(starts_at=now, ends_at=now - HOUR).save()
    window(starts_at=now, ends_at=now).save()  # turned off at once


@pytest.mark.django_db
def test_a_window_outlives_those_who_turned_it_on_and_off():
    user = User.objects.create_user("ana")
    text = describe_user(user)
    made = window(created_by=text, ended_by=text)
    made.save()
    user.delete()
    made.refresh_from_db()
    assert (made.created_by, made.ended_by) == (text, text)


class Robot:
    """A user of a project that is no model."""

    def __str__(self):
        return "robot"


@pytest.mark.parametrize(
    ("user", "text"),
    [
        (User(pk=12, username="zoë"), "12 zoë"),
        (User(pk=12, username="z" * 400), "12 " + "z" * 252),
        (User(pk=12, username=""), "12"),
        (User(username="unsaved"), "unsaved"),
        (AnonymousUser(), ""),
        (SimpleLazyObject(lambda: User(pk=3, username="lazy")), "3 lazy"),
        (Robot(), "robot"),
        ("nightly job", "nightly job"),
        ("a\nb\x00c\x1b[31m\ud800", "a b c [31m\ufffd"),
        ("x" * 400, "x" * 255),
        ("", ""),
        (None, ""),
    ],
)
def test_a_user_is_a_text_of_key_and_name_that_fits(user, text):
    assert describe_user(user) == text
    window(created_by=text).clean_fields()


@pytest.mark.parametrize(
    ("fields", "scope"),
    [
        ({}, "everything"),
        ({"methods": ["POST"]}, "POST on every path"),
        ({"path_prefixes": ["/a", "/b"]}, "/a, /b"),
        ({"methods": ["POST", "PUT"], "path_prefixes": ["/a"]}, "POST, PUT on /a"),
    ],
)
def test_a_window_is_named_by_its_scope_and_start(fields, scope):
    made = window(starts_at=datetime(2100, 1, 1, 12, tzinfo=UTC), **fields)
    with timezone.override("Europe/Berlin"):
        assert str(made) == f"{scope}, 2100-01-01 13:00:00 CET"


def test_no_two_windows_have_the_same_key():
    assert len({new_key() for _ in range(1000)}) == 1000
    assert len(new_key()) == MaintenanceWindow._meta.get_field("key").max_length


# What got past every check


def write(**columns):
    """Write into the row what no model would."""
    with connection.cursor() as cursor:
        for name, value in columns.items():
            column = connection.ops.quote_name(name)
            cursor.execute(f"UPDATE django_apierrors_maintenancewindow SET {column} = %s", [value])


GARBAGE = [
    {"mode": "garbage"},
    {"mode": ""},
    {"path_prefixes": "garbage"},
    {"path_prefixes": "/a\nb"},
    {"path_prefixes": " \n "},
    {"methods": "garbage"},
    {"methods": "POST\n<script>"},
    {"exempt_networks": "garbage\n10.0.0.1/8\n127.0.0.1/x"},
    {"status_url": "javascript:alert(1)"},
    {"status_url": 'https://a.example/"><script>'},
    {"status_url": "https://a.example/\x1b[2J"},
    {"message": " \n\t"},
    {"key": "x" * 32},
]


@pytest.mark.django_db
@pytest.mark.parametrize("columns", GARBAGE, ids=str)
def test_what_cannot_be_read_covers_as_much_and_exempts_as_few_as_it_can(columns):
    window(mode="full").save()
    write(**columns)
    (found,) = loader.load_windows("default")
    assert found.covers("/anything", "GET")
    assert found.refuses("GET")
    assert found.is_open(timezone.now().timestamp())
    assert (found.exempt_networks, found.message, found.status_url) == ((), "", "")


@pytest.mark.django_db
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="other databases refuse what is no time")
@pytest.mark.parametrize("columns", [{"starts_at": "garbage"}, {"ends_at": "garbage"}, {"starts_at": ""}], ids=str)
def test_a_time_that_is_none_is_no_bound(columns):
    window().save()
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            write(**columns)
        finally:
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
    (found,) = loader.load_windows("default")
    assert found.is_open(timezone.now().timestamp())
