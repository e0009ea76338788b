"""How much of what there is: for those who watch an installation."""

import msgspec


class AttemptSum(msgspec.Struct, frozen=True):
    """The attempts of one runtime in one state, and how long those that ended took in all."""

    runtime: str
    state: str
    number: int
    seconds: float


class Counts(msgspec.Struct, frozen=True):
    """Of all owners, of runs that are kept. `oldest_queued_seconds` is how long the first task of
    the queue has waited."""

    runs: dict[str, int]
    tasks: dict[str, int]
    cached_tasks: int
    oldest_queued_seconds: float
    attempts: list[AttemptSum]
    dispatcher_lives: bool = False
