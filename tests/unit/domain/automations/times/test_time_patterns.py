"""Patterns of times, days and intervals."""

import re

import pytest

from nbyard.domain.automations.times.time_patterns import (
    EVERY,
    TIME,
    Found,
    clock_of,
    seconds_of,
    unnamed,
)
from nbyard.errors import Invalid


def groups_of(pattern: str, text: str) -> Found:
    match = re.fullmatch(pattern, text)
    assert match is not None
    return match.groupdict()


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        *(("8", (8, 0)), ("at 8.30 pm", (20, 30)), ("12am", (0, 0)), ("12 p.m.", (12, 0))),
        *(("noon", (12, 0)), ("at midnight", (0, 0))),
    ],
)
def test_a_time_has_an_hour_and_a_minute(text, clock):
    assert clock_of(groups_of(TIME, text)) == clock


@pytest.mark.parametrize("text", ["24:00", "8:60", "13 pm", "0 am"])
def test_times_that_do_not_exist_are_refused(text):
    with pytest.raises(Invalid, match="a time of day"):
        clock_of(groups_of(TIME, text))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("every 10 secs", 10), ("each half an hour", 1800), ("every other w", 1_209_600)],
)
def test_an_interval_has_seconds(text, seconds):
    assert seconds_of(groups_of(EVERY, text)) == seconds
    assert groups_of(unnamed(EVERY), text) == {}
