"""What an attempt used over time: from usage.jsonl to columns that can be drawn."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import msgspec

MAX_POINTS = 500


class UsageSample(msgspec.Struct, frozen=True):
    """A line of usage.jsonl: seconds since 1970, seconds of CPU so far, bytes of memory and
    processes now; of each granted GPU percent of its time and bytes."""

    at: float
    cpu: float
    memory: float
    processes: int
    gpus: dict[str, tuple[float, float]] = {}


class GpuUsage(msgspec.Struct, frozen=True):
    """One GPU: percent of its time, and bytes of its memory; null where nothing was said."""

    percent: list[float | None]
    memory_bytes: list[float | None]


class Usage(msgspec.Struct, frozen=True):
    """What an attempt used, as columns of equal length, at most 500 points. `seconds` count from
    the first look, at `started_at`; `cores` is the CPU time used since the point before, for each
    second; memory and processes are the most between two points. `attempt` is 0 and the columns
    are empty where nothing was recorded. `done` tells that no more will come."""

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
    """The whole lines that are samples, in the order of their times; work may have done anything
    to the file."""
    found: list[UsageSample] = []
    for line in lines:
        try:
            sample = msgspec.json.decode(line, type=UsageSample)
        except (msgspec.DecodeError, RecursionError):
            continue
        if not found or sample.at > found[-1].at:
            found.append(sample)
    return found


def thinned(samples: Sequence[UsageSample], most: int = MAX_POINTS) -> list[UsageSample]:
    """At most so many: groups of neighbours, each with the most of what they held."""
    size = -(-len(samples) // most) or 1
    groups = [samples[place : place + size] for place in range(0, len(samples), size)]
    return [_most(group) for group in groups]


def _most(group: Sequence[UsageSample]) -> UsageSample:
    """The group as its last sample, whose times and sums count, with the most of the others."""
    last = group[-1]
    return UsageSample(
        last.at,
        last.cpu,
        max(sample.memory for sample in group),
        max(sample.processes for sample in group),
        {
            name: (
                max(sample.gpus[name][0] for sample in group if name in sample.gpus),
                max(sample.gpus[name][1] for sample in group if name in sample.gpus),
            )
            for name in dict.fromkeys(name for sample in group for name in sample.gpus)
        },
    )


def usage_of(samples: Sequence[UsageSample], attempt: int, done: bool) -> Usage:
    """The columns."""
    if not samples:
        return Usage(attempt, done)
    cpu = samples[-1].cpu
    samples = thinned(samples)
    first = samples[0].at
    rates = [
        max(0.0, after.cpu - before.cpu) / (after.at - before.at)
        for before, after in pairwise(samples)
    ]
    return Usage(
        attempt,
        done,
        started_at=datetime.fromtimestamp(first, UTC),
        seconds=[round(sample.at - first, 2) for sample in samples],
        cores=[0.0, *(round(rate, 3) for rate in rates)],
        memory_bytes=[sample.memory for sample in samples],
        processes=[sample.processes for sample in samples],
        gpus=_gpus(samples),
        cpu_seconds=cpu,
    )


def _gpus(samples: Sequence[UsageSample]) -> dict[str, GpuUsage]:
    """Columns of each GPU that was ever named."""
    names = dict.fromkeys(name for sample in samples for name in sample.gpus)
    return {
        name: GpuUsage(
            [sample.gpus[name][0] if name in sample.gpus else None for sample in samples],
            [sample.gpus[name][1] if name in sample.gpus else None for sample in samples],
        )
        for name in names
    }
