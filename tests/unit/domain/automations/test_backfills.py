"""Backfills: their range, their due times, and what happens to each."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.backfills import (
    MOST_DUE_TIMES,
    BackfillCounts,
    NewBackfill,
    PastRun,
    Range,
    checked_range,
    counts_of,
    forecast_of,
    past_due,
)
from nbyard.domain.automations.structs import Outcome
from nbyard.domain.automations.times.due_times import TimingPlan
from nbyard.domain.automations.times.structs import Cron, Interval, Once
from nbyard.domain.state_machines import RunState
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 25, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
TIMINGS = [Cron("30 2 * * *"), Cron("*/15 * * * *"), Cron("0 1-3 * * 0"), Interval(4_000)]


def hourly(**more):
    return TimingPlan(Cron("0 * * * *"), "UTC", NOW, **more)


def test_moments_without_an_offset_are_of_the_zone():
    body = NewBackfill(datetime(2026, 11, 1), datetime(2026, 11, 2))  # noqa: DTZ001
    found = checked_range(body, "Asia/Tokyo", NOW)
    assert found.since == datetime(2026, 10, 31, 15, tzinfo=UTC)
    assert found.until - found.since == DAY
    assert checked_range(NewBackfill(NOW - DAY), "UTC", NOW).until == NOW


@pytest.mark.parametrize(
    ("fields", "path", "why"),
    [
        ({"since": NOW, "until": NOW + HOUR}, "until", "a backfill covers past"),
        ({"since": NOW + HOUR}, "since", "the start is after"),
        ({"since": NOW, "until": NOW - HOUR}, "since", "the start is after"),
        ({"since": NOW, "at_once": 0}, "at_once", "must be between"),
        ({"since": NOW, "at_once": 101}, "at_once", "must be between"),
        ({"since": datetime(1, 1, 1, tzinfo=UTC)}, "since", "the range starts in"),
        ({"since": datetime(1, 1, 1)}, "since", "the number is too"),  # noqa: DTZ001
    ],
)
def test_these_are_refused_at_their_field(fields, path, why):
    with pytest.raises(Invalid) as refused:
        checked_range(NewBackfill(**fields), "Asia/Tokyo", NOW)
    (detail,) = refused.value.details
    assert detail.path == path and why in detail.message


def test_both_ends_are_included():
    found = past_due(hourly(), Range(NOW - 2 * HOUR, NOW), None)
    assert found == [NOW - 2 * HOUR, NOW - HOUR, NOW]


def test_the_automation_itself_handles_its_next_due_time():
    assert past_due(hourly(), Range(NOW - 2 * HOUR, NOW), NOW) == [NOW - 2 * HOUR, NOW - HOUR]


def test_limits_of_the_automation_hold():
    plan = hourly(starts_at=NOW - HOUR, ends_at=NOW - HOUR)
    assert past_due(plan, Range(NOW - DAY, NOW), None) == [NOW - HOUR]
    with pytest.raises(Invalid) as refused:
        past_due(hourly(starts_at=NOW), Range(NOW - DAY, NOW - HOUR), None)
    assert "no past due time" in refused.value.details[0].message


def test_once_in_the_past():
    plan = TimingPlan(Once(NOW - HOUR), "UTC", NOW)
    assert past_due(plan, Range(NOW - DAY, NOW), None) == [NOW - HOUR]


def test_too_many_due_times_are_refused_with_the_last_possible_end():
    since = NOW - (MOST_DUE_TIMES - 1) * HOUR
    assert len(past_due(hourly(), Range(since, NOW), None)) == MOST_DUE_TIMES
    with pytest.raises(Invalid) as refused:
        past_due(hourly(), Range(since - HOUR, NOW), None)
    assert refused.value.details[0].path == "until"
    assert (NOW - HOUR).isoformat() in str(refused.value.hint)


@given(
    timing=st.sampled_from(TIMINGS),
    zone=st.sampled_from(ZONES),
    since=st.integers(0, 400 * 24 * 3600),
    length=st.integers(0, 8 * 24 * 3600),
)
def test_due_times_are_those_of_the_schedule(timing, zone, since, length):
    """Also where clocks change: a range never adds, drops or repeats a due time."""
    plan = TimingPlan(timing, zone, datetime(2025, 1, 1, tzinfo=UTC))
    start = datetime(2025, 9, 1, tzinfo=UTC) + timedelta(seconds=since)
    end = start + timedelta(seconds=length)
    every = takewhile(lambda due: due <= end, plan.after(start - timedelta(days=2)))
    own = [due for due in every if due >= start]
    if not own:
        with pytest.raises(Invalid):
            past_due(plan, Range(start, end), None)
        return
    assert past_due(plan, Range(start, end), None) == own
    assert len(set(own)) == len(own) == len(past_due(plan, Range(own[0], own[-1]), None))


@pytest.mark.parametrize(
    ("states", "again", "expected"),
    [
        ((), False, ("run", "")),
        (("failed", "cancelled"), False, ("run", "")),
        (("failed", "succeeded"), False, ("succeeded", "1")),
        (("failed", "succeeded"), True, ("run", "")),
        (("succeeded", "queued"), True, ("active", "1")),
        (("running", "succeeded"), False, ("active", "0")),
    ],
)
def test_what_happens_to_a_due_time(states, again, expected):
    runs = [PastRun(str(place), place, state) for place, state in enumerate(states)]
    forecast, run = forecast_of(runs, again=again)
    assert (forecast, run.id if run else "") == expected


def test_counts() -> None:
    times: list[tuple[Outcome, RunState | None, int]] = [
        ("waiting", None, 3),
        ("skipped", "succeeded", 2),
        ("started", "queued", 1),
        ("started", "running", 1),
        ("started", "failed", 1),
        ("started", None, 5),
        ("failed", None, 1),
        ("started", "cancelled", 1),
        ("cancelled", None, 1),
    ]
    assert counts_of(times) == BackfillCounts(3, 2, 0, 2, 2, 2)
