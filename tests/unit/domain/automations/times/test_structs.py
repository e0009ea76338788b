"""Times at which a run is due, as requests send them."""

from datetime import UTC, datetime

import msgspec
import pytest

from nbyard.domain.automations.times.structs import (
    Cron,
    Interval,
    Missed,
    Once,
    OnTime,
    Phrase,
    read_moment,
    write_moment,
)


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ({"kind": "cron", "expression": "@daily"}, Cron),
        ({"kind": "interval", "seconds": 60}, Interval),
        ({"kind": "once", "at": "2026-11-26T06:00:00Z"}, Once),
        ({"kind": "phrase", "text": "weekdays 8:00"}, Phrase),
    ],
)
def test_each_kind_of_time_is_read_and_written(sent, expected):
    read = msgspec.convert(sent, OnTime)
    assert type(read) is expected
    assert msgspec.to_builtins(read) == sent


@pytest.mark.parametrize(
    "sent",
    [{"kind": "delay", "seconds": 5}, {"kind": "interval", "seconds": 5, "minutes": 1}, {"at": 1}],
)
def test_an_unknown_kind_or_field_is_refused(sent):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(sent, OnTime)


def test_by_default_only_the_newest_missed_time_of_an_hour_runs():
    assert Missed() == Missed(policy="last", window_seconds=3600, most=10)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2026-12-01", "2026-12-01T00:00"),
        ("2026-12-01 18:05", "2026-12-01T18:05"),
        ("2026-12-01T18:05:09", "2026-12-01T18:05:09"),
    ],
)
def test_a_typed_moment_is_read_and_written(text, written):
    assert write_moment(read_moment(text)) == written


def test_no_text_stands_for_a_fixed_time():
    for at in (datetime(2026, 12, 1, tzinfo=UTC), read_moment("2026-12-01").replace(microsecond=1)):
        with pytest.raises(ValueError):
            write_moment(at)
    with pytest.raises(ValueError):
        read_moment("tomorrow")
