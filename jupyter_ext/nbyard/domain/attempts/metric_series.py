"""Metrics that a task recorded while it ran: from metrics.jsonl to columns for charts."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

import msgspec

MAX_POINTS = 500
MAX_METRICS = 100
# JSON has no such numbers; these are JavaScript's names
WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class Point(msgspec.Struct, frozen=True):
    """A line of metrics.jsonl: seconds since 1970, the metric and its value.

    `step` is the step of the task, if the task counts steps. NaN and infinities are text.
    """

    at: float
    name: str
    value: float | str
    step: float | str | None = None


class Metric(msgspec.Struct, frozen=True):
    """One metric as columns of equal length, with at most 500 points.

    `count` is the number of points that the task recorded. Thinning keeps the minimum and maximum
    between points. `seconds` count from the first point of all metrics. `steps` is empty if the
    task counts none. Values that are not numbers are "NaN", "Infinity" or "-Infinity". `last` is
    the newest value.
    """

    name: str
    count: int
    last: float | str
    seconds: list[float]
    values: list[float | str]
    steps: list[float] = []


class Metrics(msgspec.Struct, frozen=True):
    """The metrics of an attempt, at most a hundred, in the order of their first points.

    `attempt` is 0 if there is no attempt. `done` means that no more points will arrive.
    """

    attempt: int
    done: bool
    started_at: datetime | None = None
    metrics: list[Metric] = []


def read_points(lines: Iterable[bytes]) -> list[Point]:
    """Return the valid points of metrics.jsonl.

    The task controls the file, so other lines are skipped.
    """
    decode = msgspec.json.Decoder(Point).decode
    points: list[Point] = []
    for line in lines:
        try:
            point = decode(line)
        except (msgspec.DecodeError, RecursionError):
            continue
        if isinstance(point.value, float) or point.value in WORDS:
            points.append(point)
    return points


def metrics_of(points: Sequence[Point], attempt: int, done: bool) -> Metrics:
    """Group the points of an attempt by metric, and thin them out.

    `attempt` and `done` are stored in the result as they are.
    """
    series: dict[str, list[Point]] = {}
    for point in points:
        # further metrics are dropped; known ones continue
        if point.name in series or len(series) < MAX_METRICS:
            series.setdefault(point.name, []).append(point)
    if not series:
        return Metrics(attempt, done)
    # The clock may be set back, so the first line may not be the earliest.
    first = min(point.at for point in points)
    metrics = []
    for name, own in series.items():
        kept = thin_points(own)
        steps = [point.step for point in kept if isinstance(point.step, float)]
        metric = Metric(
            name,
            len(own),
            _shown(own[-1]),
            seconds=[round(point.at - first, 3) for point in kept],
            values=[_shown(point) for point in kept],
            # steps are an axis only if every point has one
            steps=steps if len(steps) == len(kept) else [],
        )
        metrics.append(metric)
    return Metrics(attempt, done, datetime.fromtimestamp(first, UTC), metrics)


def thin_points(points: Sequence[Point], most: int = MAX_POINTS) -> list[Point]:
    """Thin out points to at most `most`.

    Each group of neighbours keeps its minimum and maximum, in order. The first and last points
    stay.
    """
    if len(points) <= most:
        return list(points)
    inner = points[1:-1]
    # each group keeps up to two points, so it is twice as large (rounded up)
    size = -(-2 * len(inner) // (most - 2))
    kept = [points[0]]
    for start in range(0, len(inner), size):
        group = inner[start : start + size]
        places = {min(range(len(group)), key=lambda at: _height(group[at]))}
        places.add(max(range(len(group)), key=lambda at: _height(group[at])))
        kept += [group[at] for at in sorted(places)]
    return [*kept, points[-1]]


def _height(point: Point) -> float:
    """Return the value for comparison. NaN sorts below everything, so that it hides no value."""
    value = float(point.value)
    return -math.inf if math.isnan(value) else value


def _shown(point: Point) -> float | str:
    return WORDS[point.value] if isinstance(point.value, str) else point.value
