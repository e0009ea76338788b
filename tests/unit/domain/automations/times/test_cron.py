"""Cron expressions: which are accepted, when they are due, and why others are refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.times.cron import looks_like_cron, parse_cron
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)
ZONES = (
    *("UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"),
    *("America/Santiago", "Africa/Casablanca", "Pacific/Apia", "Antarctica/Troll"),
)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("0 8 * * 1-5", "2026-11-26T08:00:00"),
        ("*/15 * * * *", "2026-11-25T21:15:00"),
        ("5/20 * * * *", "2026-11-25T21:05:00"),
        ("0 6 * * sun", "2026-11-29T06:00:00"),
        ("0 6 1 JAN *", "2027-01-01T06:00:00"),
        ("0 6 * * MON-FRI", "2026-11-26T06:00:00"),
        ("0 6 * * 7", "2026-11-29T06:00:00"),
        ("30 0 6 * * *", "2026-11-26T06:00:30"),
        ("*/20 * * * * *", "2026-11-25T21:00:20"),
        ("  0\t8 * *  * ", "2026-11-26T08:00:00"),
        ("0 6 L * *", "2026-11-30T06:00:00"),
        ("0 6 LW 1 *", "2027-01-29T06:00:00"),
        ("0 6 * * 5L", "2026-11-27T06:00:00"),
        ("0 6 * * tue#2", "2026-12-08T06:00:00"),
        ("0 6 L,15 * *", "2026-11-30T06:00:00"),
        ("@daily", "2026-11-26T00:00:00"),
        ("@Midnight", "2026-11-26T00:00:00"),
        ("@hourly", "2026-11-25T22:00:00"),
        ("@weekly", "2026-11-29T00:00:00"),
        ("@monthly", "2026-12-01T00:00:00"),
        ("@yearly", "2027-01-01T00:00:00"),
        ("@annually", "2027-01-01T00:00:00"),
    ],
)
def test_these_are_due(text, first):
    due = next(parse_cron(text).after(NOW, ZoneInfo("UTC")))
    assert due == datetime.fromisoformat(first).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "why", "values"),
    [
        ("* * * *", "a cron expression has", [4]),
        ("", "a cron expression has", [0]),
        ("a b c d e", "is not a valid", ["minute", 1, "a"]),
        ("0 25 * * *", "is not a valid", ["hour", 3, "25"]),
        ("*/0 * * * *", "is not a valid", ["minute", 1, "*/0"]),
        ("0 0 * * 8", "is not a valid", ["day-of-week", 9, "8"]),
        ("0 0 5-1 * *", "is not a valid", ["day-of-month", 5, "5-1"]),
        ("1//2 * * * *", "is not a valid", ["minute", 1, "1//2"]),
        ("1, * * * *", "is not a valid", ["minute", 1, "1,"]),
        ("٣ * * * *", "is not a valid", ["minute", 1, "٣"]),
        ("0 0 * * MONDAY", "is not a valid", ["day-of-week", 9, "MONDAY"]),
        ("0 0 31 2 *", "no calendar has such", []),
        ("0 0 31 4,6 *", "no calendar has such", []),
        ("* * * * * *", "seconds must lie between", [10]),
        ("0,55 * * * * *", "seconds must lie between", [10]),
        # Quartz, Jenkins, Hangfire and others
        ("0 8 ? * MON", "is not a valid", ["?", 5, "day-of-month"]),
        ("0 8 15W * *", "is not a valid", ["15W", 5, "day-of-month"]),
        ("0 8 * * 5#6", "is not a valid", ["day-of-week", 9, "5#6"]),
        ("0 8 L-3 * *", "is not a valid", ["day-of-month", 5, "L-3"]),
        ("0 8 last * *", "is not a valid", ["day-of-month", 5, "last"]),
        ("0 8 * * L", "is not a valid", ["day-of-week", 9, "L"]),
        ("H 8 * * *", "is not a valid", ["H", 1, "minute"]),
        ("0 8 * * 1~5", "is not a valid", ["1~5", 9, "day-of-week"]),
        ("0 0 12 * * ? 2026", "a cron expression has", [7]),
        ("0 8 * * 1-5 2027", "is not a valid", ["day-of-week", 13, "2027"]),
        ("0 8 1 1 * 2027-2030", "is not a valid", ["2027-2030", 11]),
        ("@fortnightly", "is not one of", []),
        ("@reboot", "is not one of", []),
        ("1," * 500_000 + "1 * * * *", "may have at most", [200]),
    ],
)
def test_these_are_refused_with_the_reason(text, why, values):
    with pytest.raises(Invalid) as refused:
        parse_cron(text)
    (detail,) = refused.value.details
    assert detail.path == "on.expression" and why in detail.message
    assert all(str(value) in detail.message for value in values)


@pytest.mark.parametrize(
    ("text", "is_cron"),
    [
        ("0 8 * * 1-5", True),
        ("* * * *", True),
        ("@daily", True),
        ("0 0 12 ? * MON", True),
        ("weekdays 8:00", False),
        ("8:00 on every weekday", False),
        ("15 of each month 8:00", False),
        ("in 2 hours", False),
    ],
)
def test_phrases_are_distinguished_from_expressions(text, is_cron):
    assert looks_like_cron(text) is is_cron


@given(
    zone=st.sampled_from(ZONES),
    moment=st.datetimes(
        datetime.fromisoformat("2011-12-25T00:00"),
        datetime.fromisoformat("2030-01-01T00:00"),
        timezones=st.just(UTC),
    ),
    minute=st.sampled_from(["0", "30", "*/30", "15,45"]),
    hour=st.sampled_from(["*", "2", "1-3", "0", "23"]),
)
def test_due_times_are_in_order_and_do_not_depend_on_the_time_of_the_request(
    zone, moment, minute, hour
):
    place, known = ZoneInfo(zone), parse_cron(f"{minute} {hour} * * *")
    dues = list(islice(known.after(moment, place), 8))
    assert all(before < after for before, after in pairwise(dues))
    assert dues[0] > moment
    for number, due in enumerate(dues[:-1]):
        assert next(known.after(due, place)) == dues[number + 1]
        assert next(known.after(due - timedelta(seconds=1), place)) == due


@given(zone=st.sampled_from(ZONES), day=st.dates(), hour=st.integers(0, 23))
def test_each_day_has_one_due_time(zone, day, hour):
    """Also a day whose hour the clock skips or repeats."""
    place = ZoneInfo(zone)
    noon = datetime(day.year % 30 + 2012, day.month, min(day.day, 28), 12, tzinfo=place)
    begin = noon.astimezone(UTC) - timedelta(days=1)
    dues = list(islice(parse_cron(f"30 {hour} * * *").after(begin, place), 5))
    days = [due.astimezone(place).date() for due in dues]
    assert len(set(days)) == len(days)
    assert all(timedelta(hours=20) < b - a < timedelta(hours=28) for a, b in pairwise(dues))
