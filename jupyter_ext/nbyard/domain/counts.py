"""How much of what there is: for those who watch an installation."""

import msgspec


class AttemptSum(msgspec.Struct, frozen=True):
    """The attempts of one runtime in one state, and how long those that ended took in all."""

    runtime: str
    state: str
    number: int
    seconds: float


class UsageSum(msgspec.Struct, frozen=True):
    """What the attempts that have ended used, of one owner at one kind of executable in one
    runtime: seconds of CPU and seconds that GPUs were granted, in all; the most memory of any, in
    bytes. `kind` is empty where the executable is no longer there."""

    owner: str
    kind: str
    runtime: str
    cpu_seconds: float
    peak_memory_bytes: float
    gpu_seconds: float


class Counts(msgspec.Struct, frozen=True):
    """Of all owners, of runs that are kept. `oldest_queued_seconds` is how long the first task of
    the queue has waited; `granted_gpus` are held by attempts under way, one that several share as
    often as it is granted."""

    runs: dict[str, int]
    tasks: dict[str, int]
    cached_tasks: int
    oldest_queued_seconds: float
    attempts: list[AttemptSum]
    dispatcher_lives: bool = False
    used: list[UsageSum] = []
    granted_gpus: int = 0
