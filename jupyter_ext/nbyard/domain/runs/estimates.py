"""How long work will take, as far as its past tells; nothing is said where it has none."""

from collections.abc import Collection, Mapping, Sequence
from math import inf
from statistics import median

import msgspec

from nbyard.domain.limits import Limits
from nbyard.domain.runs.slots import Capacity, Slots

SAMPLES = 5


class Usual(msgspec.Struct, frozen=True):
    """The seconds that a step usually takes: the median of the last successes of its executable,
    and how many those were. `starts_in_seconds` of one in the queue is when it is its turn, as far
    as what those before it usually take tells."""

    seconds: float
    samples: int
    starts_in_seconds: float | None = None


class Estimate(msgspec.Struct, frozen=True):
    """What is known of the time that a live run still takes: at least `remaining_seconds` by the
    longest way through its steps and by what the machine has to give, null when nothing is known or
    a step waits for more GPUs than there are. `nodes` says what its unfinished steps usually take;
    of `unknown` ones nothing is known."""

    remaining_seconds: float | None = None
    unknown: int = 0
    nodes: dict[str, Usual] = {}


class Past(msgspec.Struct, frozen=True):
    """A success of an executable: which version it was, and how long it worked."""

    version_id: str
    seconds: float


class Ahead(msgspec.Struct, frozen=True):
    """An unfinished step: what it waits for, how long it has worked, and what it takes of this
    machine; None where it is not this machine that works."""

    needs: Collection[str] = ()
    usual: Usual | None = None
    elapsed_seconds: float = 0.0
    limits: Limits | None = Limits()

    @property
    def starts_in(self) -> float:
        return (self.usual and self.usual.starts_in_seconds) or 0.0

    @property
    def left(self) -> float:
        """Nothing when it takes longer than usual, or nothing is known."""
        return max(0.0, self.usual.seconds - self.elapsed_seconds) if self.usual else 0.0


def usual(past: Sequence[Past], version_id: str) -> Usual | None:
    """From the successes of an executable, newest first: those of the same version where there
    are some, else those of the others."""
    same = [one.seconds for one in past if one.version_id == version_id]
    seconds = (same or [one.seconds for one in past])[:SAMPLES]
    return Usual(median(seconds), len(seconds)) if seconds else None


def estimate(ahead: Mapping[str, Ahead], capacity: Capacity) -> Estimate:
    """Of the unfinished steps of a run, which come in an order of the graph."""
    nodes = {name: one.usual for name, one in ahead.items() if one.usual is not None}
    unknown = len(ahead) - len(nodes)
    here = [(one.left, one.limits) for one in ahead.values() if one.limits is not None]
    if not nodes or any(Slots(capacity).is_too_much(limits) for _, limits in here):
        return Estimate(None, unknown, nodes)
    ends: dict[str, float] = {}
    for name, one in ahead.items():
        ends[name] = one.left + max([one.starts_in, *(ends.get(need, 0.0) for need in one.needs)])
    work = [[left * share for share in _shares(limits, capacity)] for left, limits in here]
    busy = map(sum, zip(*work, strict=True))
    return Estimate(max([*ends.values(), *busy]), unknown, nodes)


def _shares(limits: Limits, capacity: Capacity) -> tuple[float, ...]:
    """The parts of the cores, the memory and the GPUs that a step has while it runs."""
    memory_bytes = min(limits.memory_bytes or 0, capacity.memory_bytes)
    gpus = len(capacity.gpus) * capacity.tasks_per_gpu
    return (
        min(limits.cpu or 1.0, capacity.cores) / capacity.cores,
        memory_bytes / (capacity.memory_bytes or 1),
        (limits.gpu or 0) / (gpus or 1),
    )


def turns(
    running: Collection[tuple[Ahead, Sequence[str]]],
    queue: Mapping[str, Ahead],
    capacity: Capacity,
    held: Collection[str] = (),
) -> dict[str, float]:
    """In how many seconds it is the turn of those in the queue, which stand in its order, when all
    take as long as usual. Whatever has to wait for somebody of whom that is not known is left out.

    What runs is told with its GPUs; `held` are those that others have.
    """
    now, found, left = 0.0, dict[str, float](), dict(queue)
    busy = [(_end(one, 0.0), one.limits, gpus) for one, gpus in running if one.limits]
    while left and now < inf:
        slots = Slots(capacity, [(limits, gpus) for _, limits, gpus in busy], held)
        for name, one in queue.items():
            limits = one.limits
            if name not in left or limits is None or slots.is_full:
                continue
            if lacking := slots.lacks(limits):
                slots.refuse([] if slots.is_too_much(limits) else lacking)
                continue
            del left[name]
            found[name] = now
            busy.append((_end(one, now), limits, slots.grant(limits)))
        now = min((end for end, _, _ in busy), default=inf)
        busy = [one for one in busy if one[0] > now]
    return found


def _end(one: Ahead, now: float) -> float:
    return now + one.left if one.usual else inf
