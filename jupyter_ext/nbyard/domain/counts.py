"""Counts of runs, tasks and attempts, for monitoring an installation."""

import msgspec


class AttemptSum(msgspec.Struct, frozen=True):
    """The number of attempts of one runtime in one state.

    `seconds` is the total duration of those that ended.
    """

    runtime: str
    state: str
    number: int
    seconds: float


class UsageSum(msgspec.Struct, frozen=True):
    """Usage of finished attempts by owner, kind of executable and runtime.

    CPU seconds and granted GPU seconds are totals. Memory is the maximum of any attempt, in
    bytes. `kind` is empty if the executable no longer exists.
    """

    owner: str
    kind: str
    runtime: str
    cpu_seconds: float
    peak_memory_bytes: float
    gpu_seconds: float


class Counts(msgspec.Struct, frozen=True):
    """Counts over all owners and all runs that are kept.

    `oldest_queued_seconds` is the waiting time of the first task in the queue. `granted_gpus`
    are held by running attempts; a shared GPU counts once per grant.
    """

    runs: dict[str, int]
    tasks: dict[str, int]
    cached_tasks: int
    oldest_queued_seconds: float
    attempts: list[AttemptSum]
    dispatcher_lives: bool = False
    used: list[UsageSum] = []
    granted_gpus: int = 0
