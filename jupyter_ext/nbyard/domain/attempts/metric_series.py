"""Metrics and resource usage that a task recorded while it ran: columns for charts."""

import math
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import msgspec

# CPU time is counted in steps, and the last sample may follow the one before at once: a shorter
# interval would show cores that the machine does not have.
LEAST_SECONDS = 0.5
MAX_POINTS = 500
MAX_METRICS = 100
# JSON has no such numbers; these are JavaScript's names
WORDS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


class UsageSample(msgspec.Struct, frozen=True):
    """A line of usage.jsonl: seconds since 1970, CPU seconds so far, memory and processes now.

    `memory` is in bytes. `gpus` has the utilisation in percent and the bytes of memory of each
    granted GPU.
    """

    at: float
    cpu: float
    memory: float
    processes: int
    gpus: dict[str, tuple[float, float]] = {}


class GpuUsage(msgspec.Struct, frozen=True):
    """One GPU: utilisation in percent and bytes of memory; null where unknown."""

    percent: list[float | None]
    memory_bytes: list[float | None]


class Usage(msgspec.Struct, frozen=True):
    """The usage of an attempt as columns of equal length, at most 500 points.

    `seconds` count from the first sample, at `started_at`. `cores` is the CPU time since the
    previous point, per second. Memory and processes are the maximum between two points.
    `attempt` is 0 and the columns are empty if nothing was recorded. `done` means that no more
    samples will arrive.
    """

    attempt: int
    done: bool
    started_at: datetime | None = None
    seconds: list[float] = []
    cores: list[float] = []
    memory_bytes: list[float] = []
    processes: list[int] = []
    gpus: dict[str, GpuUsage] = {}
    cpu_seconds: float = 0


def read_samples(lines: Iterable[bytes]) -> list[UsageSample]:
    """Return the valid samples with increasing times.

    The task controls the file, so other lines are skipped.
    """
    samples: list[UsageSample] = []
    for line in lines:
        try:
            sample = msgspec.json.decode(line, type=UsageSample)
        except (msgspec.DecodeError, RecursionError):
            continue
        # the clock may be set back
        if not samples or sample.at > samples[-1].at:
            samples.append(sample)
    return samples


def thin_samples(samples: Sequence[UsageSample], most: int = MAX_POINTS) -> list[UsageSample]:
    """Thin out samples to at most `most` groups of neighbours, each with its maximum."""
    # rounded up; 1 without samples
    size = -(-len(samples) // most) or 1
    groups = [samples[place : place + size] for place in range(0, len(samples), size)]
    thinned = []
    for group in groups:
        gpus = {
            name: (
                max(sample.gpus[name][0] for sample in group if name in sample.gpus),
                max(sample.gpus[name][1] for sample in group if name in sample.gpus),
            )
            for name in dict.fromkeys(name for sample in group for name in sample.gpus)
        }
        memory = max(sample.memory for sample in group)
        processes = max(sample.processes for sample in group)
        # times and CPU seconds count up, so the last sample has them
        thinned.append(UsageSample(group[-1].at, group[-1].cpu, memory, processes, gpus))
    return thinned


def usage_of(samples: Sequence[UsageSample], attempt: int, done: bool) -> Usage:
    """Convert the samples of an attempt to columns, thinned out.

    `attempt` and `done` are stored in the result as they are.
    """
    if not samples:
        return Usage(attempt, done)
    cpu = samples[-1].cpu
    samples = thin_samples(samples)
    first = samples[0].at
    rates = [
        max(0.0, after.cpu - before.cpu) / max(after.at - before.at, LEAST_SECONDS)
        for before, after in pairwise(samples)
    ]
    gpus = {
        name: GpuUsage(
            [sample.gpus[name][0] if name in sample.gpus else None for sample in samples],
            [sample.gpus[name][1] if name in sample.gpus else None for sample in samples],
        )
        for name in dict.fromkeys(name for sample in samples for name in sample.gpus)
    }
    return Usage(
        attempt,
        done,
        started_at=datetime.fromtimestamp(first, UTC),
        seconds=[round(sample.at - first, 2) for sample in samples],
        cores=[0.0, *(round(rate, 3) for rate in rates)],
        memory_bytes=[sample.memory for sample in samples],
        processes=[sample.processes for sample in samples],
        gpus=gpus,
        cpu_seconds=cpu,
    )


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
