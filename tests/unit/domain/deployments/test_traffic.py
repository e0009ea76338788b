"""Requests to a live service, in spans of equal length."""

import math
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.deployments.traffic import (
    SPANS,
    Counted,
    Tally,
    latency_bin,
    latency_for_share,
    traffic_of,
)
from nbyard.errors import Invalid

NOW = 1_800_000_030.0  # half a minute into a minute
MINUTE = int(NOW // 60)


@given(st.lists(st.floats(0, 3600), min_size=1, max_size=200), st.sampled_from([0.5, 0.99, 1.0]))
def test_quantiles_are_accurate_to_a_fifth_of_their_step(seconds, share):
    tally = Tally()
    for one in seconds:
        tally.count(NOW, one, 200)
    (counted,) = tally.take()
    assert counted.requests == sum(counted.times.values()) == len(seconds)
    exact = sorted(seconds)[math.ceil(share * len(seconds)) - 1]
    found = latency_for_share(counted.times, share)
    assert found is not None and found <= max(exact, 0.0005) * 2**0.25 + 1e-9
    assert found >= exact / 2**0.25 - 0.0005
    assert counted.refused == 0 and tally.take() == [] and latency_for_share({}, share) is None


@pytest.mark.parametrize(
    ("status", "refused", "errors"), [(302, 0, 0), (404, 1, 0), (422, 1, 0), (500, 0, 1)]
)
def test_refusals_are_counted_apart_from_errors(status, refused, errors):
    tally = Tally()
    tally.count(NOW, 0.1, status)
    (counted,) = tally.take()
    assert (counted.requests, counted.refused, counted.errors) == (1, refused, errors)


@pytest.mark.parametrize(("seconds", "step"), [(0, 0), (0.0005, 0), (0.001, 4), (1e9, 100)])
def test_the_scale_has_two_ends(seconds, step):
    assert latency_bin(seconds) == step


def test_counts_of_a_minute_are_merged():
    told = [
        Counted(MINUTE, 2, 1, {4: 2}, 1),
        Counted(MINUTE, 1, 0, {4: 1}),
        Counted(MINUTE - 59, 5, 0, {0: 5}),
        Counted(MINUTE - 60, 7, 7, {0: 7}),
    ]
    found = traffic_of(told, "hour", NOW)
    assert (found.part_seconds, len(found.parts), found.requests, found.errors) == (60, 60, 8, 1)
    last, first = found.parts[-1], found.parts[0]
    assert (last.requests, last.errors, first.requests) == (3, 1, 5)
    assert (last.refused, first.refused, found.refused) == (1, 0, 1)
    assert last.at == datetime.fromtimestamp(MINUTE * 60, UTC)
    assert last.p99_seconds == pytest.approx(0.001, rel=0.2)
    assert (found.parts[1].requests, found.parts[1].p50_seconds) == (0, None)
    day = traffic_of(told, "day", NOW)
    assert (day.part_seconds, len(day.parts), day.requests, day.errors) == (900, 96, 15, 8)


def test_an_unknown_span_is_refused_with_the_known_ones():
    with pytest.raises(Invalid, match=", ".join(SPANS)):
        traffic_of([], "week", NOW)
