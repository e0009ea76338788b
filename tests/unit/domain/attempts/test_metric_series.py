"""Numbers that work recorded: from lines to what can be drawn."""

import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.attempts.metric_series import (
    MAX_METRICS,
    MAX_POINTS,
    Point,
    metrics_of,
    read_points,
    thin_points,
)

values = st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from(["nan", "inf", "-inf"])


def points(*found: float | str, name: str = "loss") -> list[Point]:
    return [Point(100.0 + at, name, value, float(at)) for at, value in enumerate(found)]


def test_metrics_are_grouped_by_name_in_order() -> None:
    found = metrics_of([*points(3.0, 2.0), *points(0.5, name="accuracy")], 2, done=False)
    assert [one.name for one in found.metrics] == ["loss", "accuracy"]
    loss = found.metrics[0]
    assert (loss.seconds, loss.values, loss.steps) == ([0, 1], [3, 2], [0, 1])
    assert (loss.count, loss.last, found.attempt, found.done) == (2, 2.0, 2, False)
    assert found.started_at is not None and found.started_at.timestamp() == 100


def test_non_finite_numbers_are_texts_for_javascript() -> None:
    (one,) = metrics_of(points("nan", "inf", "-inf"), 1, done=True).metrics
    assert one.values == ["NaN", "Infinity", "-Infinity"] and one.last == "-Infinity"
    assert msgspec.json.encode(one)


def test_all_points_have_steps_or_none() -> None:
    mixed = [Point(1.0, "x", 1.0, 1.0), Point(2.0, "x", 2.0)]
    assert metrics_of(mixed, 1, done=True).metrics[0].steps == []
    assert metrics_of([Point(1.0, "x", 1.0, "nan")], 1, done=True).metrics[0].steps == []


@given(st.lists(values, min_size=1, max_size=3000))
def test_long_series_are_thinned_and_keep_spikes(found: list[float | str]) -> None:
    (one,) = metrics_of(points(*found), 1, done=True).metrics
    assert len(one.seconds) == len(one.values) == len(one.steps) <= MAX_POINTS
    assert one.count == len(found) and one.seconds == sorted(one.seconds)
    numbers = [value for value in map(float, found) if not math.isnan(value)]
    shown = [value for value in map(float, one.values) if not math.isnan(value)]
    if numbers:
        assert max(shown) == max(numbers)
    if len(numbers) == len(found):
        assert min(shown) == min(numbers)
    assert (one.steps[0], one.steps[-1]) == (0, len(found) - 1)


def test_short_series_are_unchanged() -> None:
    found = points(*map(float, range(MAX_POINTS)))
    assert thin_points(found) == found


def test_invalid_lines_are_left_out() -> None:
    good = msgspec.json.encode(Point(1.0, "x", 1.0))
    odd = b'{"at": 2, "name": "x", "value": "high"}'
    lines = [b"", b"\xff", b"[" * 5000, b'{"at": 1}', odd, good, b'{"at": 3, "na']
    assert read_points(lines) == [Point(1.0, "x", 1.0)]


def test_nothing_recorded_and_too_many_names() -> None:
    assert metrics_of([], 0, done=False).metrics == []
    many = [Point(1.0, f"m{at}", 1.0) for at in range(MAX_METRICS + 5)]
    assert len(metrics_of(many, 1, done=True).metrics) == MAX_METRICS
