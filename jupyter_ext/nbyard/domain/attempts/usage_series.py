"""Resource usage of an attempt over time: from usage.jsonl to columns for charts."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from itertools import pairwise

import msgspec

MAX_POINTS = 500
# CPU time is counted in steps, and the last sample may follow the one before at once: a shorter
# interval would show cores that the machine does not have.
LEAST_SECONDS = 0.5


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
