"""Times at which a run is due, as requests send them."""

import msgspec
import pytest

from nbyard.domain.automations.times.structs import Cron, Interval, Missed, Once, OnTime, Phrase


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
