"""A timing in words, and what clocks do at its due times."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest

from nbyard.domain.automations.times.due_times import TimingPlan, first_due, plan_of_timing
from nbyard.domain.automations.times.sentences import due_times, sentence_of
from nbyard.domain.automations.times.structs import Cron, Interval, Once, Phrase
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("weekdays 8:00", "Monday to Friday at 08:00 (Europe/Berlin)"),
        ("daily at 6", "Every day at 06:00 (Europe/Berlin)"),
        ("sun, tue 9:30", "Tuesday, Sunday at 09:30 (Europe/Berlin)"),
        ("every 15 minutes", "Every 15 min"),
        ("every 90 s", "Every 90 seconds"),
        ("every 2 hours", "Every 2 h"),
        ("every 3 days", "Every 3 × 24 h"),
        ("hourly", "Every hour at minute 0 (Europe/Berlin)"),
        ("tomorrow 8:00", "Once, at 2026-11-26 08:00 (Europe/Berlin)"),
        ("15th of each month 7:00", "On day 15 of each month at 07:00 (Europe/Berlin)"),
        (
            "*/5 8-18 * * 1-5",
            "Every fifth minute from 08:00 through 18:59 on Monday through Friday",
        ),
    ],
)
def test_a_timing_in_words(text, sentence):
    plan = plan_of_timing(Phrase(text), "Europe/Berlin", None, None, NOW)
    assert str(sentence_of(plan)).startswith(sentence)


def test_limits_are_part_of_the_sentence():
    start, end = (
        datetime.fromisoformat("2027-01-01T00:00"),
        datetime.fromisoformat("2027-06-30T12:30"),
    )
    plan = plan_of_timing(Cron("0 6 * * *"), "Europe/Berlin", start, end, NOW)
    assert str(sentence_of(plan, 3)) == (
        "Every day at 06:00 (Europe/Berlin); from 2027-01-01 00:00; until 2027-06-30 12:30;"
        " runs: at most 3"
    )


@pytest.mark.parametrize(
    ("timing", "moment", "notes"),
    [
        (Cron("30 2 * * *"), "2027-03-27T12:00", ["clock-skips", "", ""]),
        (Cron("30 2 * * *"), "2026-10-24T12:00", ["clock-repeats", "clock-back", ""]),
        (Cron("0 8 * * *"), "2027-03-27T12:00", ["", "", ""]),
        (Cron("0 8 * * *"), "2027-03-27T00:00", ["", "clock-forward", ""]),
        (Cron("15 * * * *"), "2026-10-24T23:20", ["clock-repeats", "clock-repeated", ""]),
        (Interval(7200), "2026-10-24T23:00", ["clock-repeated", ""]),
    ],
)
def test_notes_where_the_clock_changes(timing, moment, notes):
    now = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    plan = plan_of_timing(timing, "Europe/Paris", None, None, now)
    shown = due_times(plan, first_due(plan, now, len(notes)))
    assert [one.note.code if one.note else "" for one in shown] == notes
    assert all(datetime.fromisoformat(one.local) == one.at for one in shown)


ENDS = ["0001-01-01T00:00:00", "9999-12-31T00:00:00", "9999-12-31T23:59:59"]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "UTC"])
@pytest.mark.parametrize("offset", ["", "Z", "+14:00", "-12:00"])
@pytest.mark.parametrize("starts", [None, *ENDS])
@pytest.mark.parametrize("ends", [None, *ENDS])
def test_timings_at_the_ends_of_the_calendar_are_refused_or_shown(zone, offset, starts, ends):
    first, last = (at and datetime.fromisoformat(at + offset) for at in (starts, ends))
    now = datetime(2026, 7, 1, tzinfo=UTC)
    at = first or last or now
    for timing in (Cron("0 0 * * *"), Cron("*/20 0 0 29 2 *"), Interval(86_400), Once(at)):
        with suppress(Invalid):
            plan = plan_of_timing(timing, zone, first, last, now)
            due_times(plan, first_due(plan, now, 10))
            sentence_of(plan)


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles"])
@pytest.mark.parametrize(
    "at", [datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)]
)
def test_a_stored_limit_without_a_local_time_is_shown(zone, at):
    plan = TimingPlan(Once(at), zone, NOW, at, at)
    assert [*plan.after(NOW)] in ([], [at])
    assert due_times(plan, [at])[0].at == at
    sentence_of(plan)
