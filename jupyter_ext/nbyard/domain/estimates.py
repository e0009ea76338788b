"""How long work will take, as far as its past tells; nothing is said where it has none."""

from collections.abc import Collection, Mapping, Sequence
from statistics import median

import msgspec

SAMPLES = 5


class Usual(msgspec.Struct, frozen=True):
    """The seconds that a step usually takes: the median of the last successes of its executable,
    and how many those were."""

    seconds: float
    samples: int


class Estimate(msgspec.Struct, frozen=True):
    """What is known of the time that a live run still takes: at least `remaining_seconds` by the
    longest way through its steps and by what the machine has to give, null when nothing is known.
    `nodes` says what its unfinished steps usually take; of `unknown` ones nothing is known."""

    remaining_seconds: float | None = None
    unknown: int = 0
    nodes: dict[str, Usual] = {}


class Past(msgspec.Struct, frozen=True):
    """A success of an executable: which version it was, and how long it worked."""

    version_id: str
    seconds: float


class Ahead(msgspec.Struct, frozen=True):
    """An unfinished step: what it waits for, how long it has worked, the cores it is counted for
    (0 where it is not this machine that works)."""

    needs: Collection[str] = ()
    usual: Usual | None = None
    elapsed_seconds: float = 0.0
    cores: float = 1.0

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


def estimate(ahead: Mapping[str, Ahead], cores: float) -> Estimate:
    """Of the unfinished steps of a run, which come in an order of the graph."""
    nodes = {name: one.usual for name, one in ahead.items() if one.usual is not None}
    if not nodes:
        return Estimate(unknown=len(ahead))
    ends: dict[str, float] = {}
    for name, one in ahead.items():
        ends[name] = one.left + max((ends.get(need, 0.0) for need in one.needs), default=0.0)
    work = sum(one.left * min(one.cores, cores) for one in ahead.values())
    return Estimate(max(*ends.values(), work / cores), len(ahead) - len(nodes), nodes)
