"""Cron expressions: which are accepted, when they are due, and why others are refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.schedules.cron import looks_like_cron, parse_cron
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
    ("text", "code", "params"),
    [
        ("* * * *", "cron-field-count", {"count": 4}),
        ("", "cron-field-count", {"count": 0}),
        ("a b c d e", "cron-field", {"field": "minute", "position": 1, "text": "a"}),
        ("0 25 * * *", "cron-field", {"field": "hour", "position": 3, "text": "25"}),
        ("*/0 * * * *", "cron-field", {"field": "minute", "position": 1, "text": "*/0"}),
        ("0 0 * * 8", "cron-field", {"field": "day-of-week", "position": 9, "text": "8"}),
        ("0 0 5-1 * *", "cron-field", {"field": "day-of-month", "position": 5, "text": "5-1"}),
        ("1//2 * * * *", "cron-field", {"field": "minute", "position": 1, "text": "1//2"}),
        ("1, * * * *", "cron-field", {"field": "minute", "position": 1, "text": "1,"}),
        ("٣ * * * *", "cron-field", {"field": "minute", "position": 1, "text": "٣"}),
        ("0 0 * * MONDAY", "cron-field", {"field": "day-of-week", "position": 9, "text": "MONDAY"}),
        ("0 0 31 2 *", "cron-never", {}),
        ("0 0 31 4,6 *", "cron-never", {}),
        ("* * * * * *", "due-too-often", {"least": 10}),
        ("0,55 * * * * *", "due-too-often", {"least": 10}),
        # Quartz, Jenkins, Hangfire and others
        ("0 8 ? * MON", "cron-dialect", {"character": "?", "position": 5, "field": "day-of-month"}),
        ("0 8 15W * *", "cron-dialect", {"character": "W", "position": 7, "field": "day-of-month"}),
        ("0 8 * * 5#6", "cron-field", {"field": "day-of-week", "position": 9, "text": "5#6"}),
        ("0 8 L-3 * *", "cron-field", {"field": "day-of-month", "position": 5, "text": "L-3"}),
        ("0 8 last * *", "cron-field", {"field": "day-of-month", "position": 5, "text": "last"}),
        ("0 8 * * L", "cron-field", {"field": "day-of-week", "position": 9, "text": "L"}),
        ("H 8 * * *", "cron-dialect", {"character": "H", "position": 1, "field": "minute"}),
        ("0 8 * * 1~5", "cron-dialect", {"character": "~", "position": 10, "field": "day-of-week"}),
        ("0 0 12 * * ? 2026", "cron-year", {"text": "2026", "position": 14}),
        ("0 8 * * 1-5 2027", "cron-year", {"text": "2027", "position": 13}),
        ("0 8 1 1 * 2027-2030", "cron-year", {"text": "2027-2030", "position": 11}),
        ("@fortnightly", "cron-name", None),
        ("@reboot", "cron-name", None),
        ("1," * 500_000 + "1 * * * *", "too-long", {"most": 200}),
    ],
)
def test_these_are_refused_with_the_reason(text, code, params):
    with pytest.raises(Invalid) as refused:
        parse_cron(text)
    (detail,) = refused.value.details
    assert (detail.path, detail.why.code) == ("timing.expression", code)
    assert params is None or detail.why.params == params


@pytest.mark.parametrize(
    ("text", "hint", "written"),
    [
        ("0 8 ? * MON", "cron-any-day", None),
        ("0 8 15W * *", "cron-near-day", None),
        ("H/15 * * * *", "cron-spread", None),
        ("0~30 8 * * *", "cron-spread", None),
        ("0 8 * * Sunday", "cron-instead", "SUN"),
        ("0 8 * January mon", "cron-instead", "JAN"),
        ("0 8 * * FRI-MON", "cron-instead", "5-6,0-1"),
        ("0 8 * nov-feb *", "cron-instead", "11-12,1-2"),
        ("0 22-2 * * *", "cron-instead", "22-23,0-2"),
        ("0 23-1 * * *", "cron-instead", "23,0-1"),
        ("0 8 * * SAT-SUN", "cron-instead", "6,0"),
        ("0 8 * * fri-sunday", "cron-instead", "5-6,0"),
        ("0 8 * * 7-2", "cron-instead", "0-2"),
        ("0 8 * * FRIL", "cron-instead", "5L"),
        ("0 8 * * FridayL", "cron-instead", "5L"),
        ("0 8 * AprilL *", None, None),
        ("0 8 * JUNK *", None, None),
        ("0 8 * * MONTH", None, None),
        ("0 8 * * Fridays", None, None),
        ("0 0 8 * * 1 2027", "cron-without-year", None),
        ("0 8 * * Sundae-8", None, None),
        ("0 30-2 * * *", None, None),
        ("0 8 * * 8", None, None),
    ],
)
def test_a_refusal_shows_what_to_write_instead(text, hint, written):
    with pytest.raises(Invalid) as refused:
        parse_cron(text)
    shown = refused.value.hint_reason
    assert (shown and shown.code) == hint
    if shown and written:
        assert shown.params == {"text": written}
        whole = " ".join(
            written if word == refused.value.details[0].why.params["text"] else word
            for word in text.split()
        )
        parse_cron(whole)


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
def test_phrases_are_told_from_expressions(text, is_cron):
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
def test_due_times_are_in_order_and_do_not_depend_on_when_they_are_asked(
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
