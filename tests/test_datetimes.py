"""Formats and validation of times."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from django_apierrors import datetimes

NOON = datetime(2100, 1, 1, 12, tzinfo=UTC)


def test_times_are_in_the_current_time_zone():
    with timezone.override("Europe/Berlin"):
        assert datetimes.format_datetime(NOON) == "2100-01-01 13:00:00 CET"
        assert datetimes.format_time(NOON) == "Jan. 1, 2100, 13:00 CET"
        assert datetimes.format_utc(NOON) == "2100-01-01T12:00:00Z"


def test_a_naive_time_has_no_zone():
    assert datetimes.format_datetime(datetime(2100, 1, 1, 12)) == "2100-01-01 12:00:00"


def test_today_needs_no_date():
    now = timezone.now()
    assert datetimes.format_time(now) == f"{timezone.localtime(now):%H:%M %Z}"


@pytest.mark.parametrize(
    ("seconds", "remaining"), [(-5, "1 minute"), (61, "2 minutes"), (3600, "1 hour"), (3901, "1 hour, 6 minutes")]
)
def test_what_remains_is_rounded_up_to_minutes(seconds, remaining):
    assert datetimes.format_remaining(seconds) == remaining


def test_a_duration_is_added_across_a_change_of_the_clocks(settings):
    settings.TIME_ZONE = "Europe/Berlin"
    assert datetimes.add_duration(datetime(2027, 3, 28, 1, 30), timedelta(hours=2)) == datetime(2027, 3, 28, 4, 30)


@pytest.mark.parametrize("value", [datetime(1969, 12, 31), datetime(3000, 1, 1), datetime(3000, 1, 1, tzinfo=UTC)])
def test_a_year_far_away_is_refused(value):
    with pytest.raises(ValidationError, match="too far away"):
        datetimes.validate_datetime(value)


@pytest.mark.parametrize("value", [datetime(2027, 3, 28, 2, 30), datetime(2027, 10, 31, 2, 30)])
def test_a_local_time_that_does_not_exist_or_exists_twice_is_refused(value, settings):
    settings.TIME_ZONE = "Europe/Berlin"
    with pytest.raises(ValidationError, match="may be ambiguous or it may not exist"):
        datetimes.validate_datetime(value)
    datetimes.validate_datetime(value.replace(tzinfo=UTC))
