"""Due times within limits, and which timings are refused."""

from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.automations.times.due_times import (
    TimingPlan,
    check_runs,
    first_due,
    plan_of_timing,
)
from nbyard.domain.automations.times.structs import Cron, Interval, Once, Phrase
from nbyard.errors import Invalid

NOW = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def test_words_become_a_timing_in_utc():
    plan = plan_of_timing(Phrase("tomorrow 8:00"), "Europe/Berlin", None, None, NOW)
    assert plan.timing == Once(datetime(2026, 11, 26, 7, 0, tzinfo=UTC))
    assert plan_of_timing(Phrase(" 0 8  * * * "), "UTC", None, None, NOW).timing == Cron(
        "0 8 * * *"
    )
    assert plan_of_timing(Phrase("in 60 seconds"), "UTC", None, None, NOW).timing == Once(
        NOW + timedelta(seconds=60)
    )


def test_limits_without_an_offset_are_of_the_zone():
    start, end = (
        datetime.fromisoformat("2026-11-26T01:00"),
        datetime.fromisoformat("2026-11-26T03:00"),
    )
    plan = plan_of_timing(Cron("0 * * * *"), "Asia/Tokyo", start, end, NOW - timedelta(days=1))
    dues = first_due(plan, NOW - timedelta(days=1), 10)
    assert [due.hour for due in dues] == [16, 17, 18]


@pytest.mark.parametrize(
    ("timing", "more", "path", "why"),
    [
        (Interval(0), {}, "on.seconds", "seconds must lie between"),
        (Interval(-5), {}, "on.seconds", "seconds must lie between"),
        (Interval(2**62), {}, "on.seconds", "must be between"),
        (Phrase("in 0 seconds"), {}, "on", "no time is due"),
        (Phrase("every 5 seconds"), {}, "on.text", "seconds must lie between"),
        (Phrase("every 9999 days"), {}, "on.text", "must be between"),
        (Once(NOW - HOUR), {}, "on", "no time is due"),
        (
            Once(datetime.fromisoformat("9999-12-31T23:59")),
            {"zone": "America/New_York"},
            "on.at",
            "the number is too",
        ),
        (Cron("0 8 * * *"), {"zone": "../../etc/passwd"}, "zone", "there is no time"),
        (Cron("0 8 * * *"), {"zone": "Europe"}, "zone", "there is no time"),
        (Cron("0 8 * * *"), {"zone": "Mars/Olympus"}, "zone", "there is no time"),
        (
            Cron("0 8 * * *"),
            {"starts_at": NOW + HOUR, "ends_at": NOW},
            "ends_at",
            "the end is before",
        ),
        (Cron("0 8 * * *"), {"ends_at": NOW - HOUR}, "ends_at", "the end has passed"),
        (Cron("0 8 * * *"), {"ends_at": NOW + HOUR}, "on", "no time is due"),
    ],
)
def test_these_are_refused_at_their_field(timing, more, path, why):
    given_fields = {"zone": "UTC", "starts_at": None, "ends_at": None, **more}
    with pytest.raises(Invalid) as refused:
        plan_of_timing(timing, **given_fields, now=NOW)
    (detail,) = refused.value.details
    assert detail.path == path and why in detail.message


@pytest.mark.parametrize("count", [0, -1, 10**9])
def test_the_number_of_runs_is_bounded(count):
    with pytest.raises(Invalid):
        check_runs(count)
    check_runs(1)
    check_runs(None)


@given(
    seconds=st.integers(10, 10**7),
    ahead=st.integers(-(10**8), 10**8),
    start=st.none() | st.integers(-(10**7), 10**7),
)
def test_intervals_keep_their_phase(seconds, ahead, start):
    """Whenever they are asked for, the due times are the same multiples."""
    starts_at = None if start is None else NOW + timedelta(seconds=start)
    plan = TimingPlan(Interval(seconds), "UTC", NOW, starts_at)
    moment = NOW + timedelta(seconds=ahead)
    dues = list(islice(plan.after(moment), 3))
    base = starts_at or NOW
    assert dues[0] > moment
    assert all((due - base).total_seconds() % seconds == 0 for due in dues)
    assert dues[0] - max(moment, base) <= timedelta(seconds=seconds)
    assert next(plan.after(dues[0])) == dues[1]
