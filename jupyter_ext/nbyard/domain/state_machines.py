"""State machines, each with the only table of its transitions."""

from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Literal

import msgspec

RunState = Literal["queued", "running", "succeeded", "failed", "cancelled"]
TaskState = Literal[
    "waiting", "queued", "preparing", "running", "succeeded", "failed", "cancelled", "skipped"
]
AttemptState = Literal[
    "recorded", "starting", "running", "succeeded", "failed", "cancelled", "lost"
]
DatasetState = Literal["importing", "ready", "failed"]
EnvironmentState = Literal["queued", "building", "ready", "failed"]
BackfillState = Literal["running", "done", "cancelled"]
BisectionState = Literal["running", "done", "failed", "cancelled"]
ImageState = Literal["queued", "building", "ready", "failed"]
DeploymentState = Literal[
    "queued",
    "starting",
    "running",
    "sleeping",
    "stopping",
    "stopped",
    "completed",
    "failed",
    "down",
]


class Machine(msgspec.Struct, frozen=True, dict=True):
    """States and the moves between them. A state without moves is terminal.

    In the states of `rests`, nothing runs either, but a restart is possible. `again` has the moves
    out of terminal states, which only a user can request.
    """

    name: str
    initial: str
    moves: Mapping[str, Collection[str]]
    rests: Collection[str] = ()
    again: Mapping[str, Collection[str]] = {}

    def allows(self, since: str, to: str) -> bool:
        """Return whether a move is in the table."""
        return to in self.moves[since] or to in self.again.get(since, ())

    @cached_property
    def terminal(self) -> frozenset[str]:
        """Return the states without moves."""
        return frozenset(state for state, after in self.moves.items() if not after)

    @cached_property
    def live(self) -> frozenset[str]:
        """Return the states in which something is under way."""
        return frozenset(self.moves) - self.terminal - frozenset(self.rests)

    def before(self, state: str) -> frozenset[str]:
        """Return the states from which `state` can be reached in one move."""
        return frozenset(s for s, after in self.moves.items() if state in after)


RUN = Machine(
    "run",
    "queued",
    {
        "queued": ("running", "failed", "cancelled"),
        "running": ("succeeded", "failed", "cancelled"),
        "succeeded": (),
        "failed": (),
        "cancelled": (),
    },
    again={"succeeded": ("running",), "failed": ("running",)},  # failed elements are retried
)

# back to queued: an attempt was lost, or its engine was unreachable
# From queued to succeeded: the result comes from the cache or from an earlier run.
# From queued to skipped: its condition does not hold.
# Back to waiting: a user retries an element, maybe of an ended map, which goes back to running.
TASK = Machine(
    "task",
    "waiting",
    {
        "waiting": ("queued", "skipped", "cancelled"),
        "queued": ("preparing", "succeeded", "failed", "cancelled", "skipped"),
        "preparing": ("running", "queued", "succeeded", "failed", "cancelled"),
        "running": ("queued", "succeeded", "failed", "cancelled"),
        "succeeded": (),
        "failed": (),
        "cancelled": (),
        "skipped": (),
    },
    again={
        **dict.fromkeys(("succeeded", "failed", "cancelled"), ("waiting", "running")),
        "skipped": ("waiting",),
    },
)

# From starting to succeeded: a short attempt may end before the dispatcher sees that it runs.
ATTEMPT = Machine(
    "attempt",
    "recorded",
    {
        "recorded": ("starting", "failed", "cancelled", "lost"),
        "starting": ("running", "succeeded", "failed", "cancelled", "lost"),
        "running": ("succeeded", "failed", "cancelled", "lost"),
        "succeeded": (),
        "failed": (),
        "cancelled": (),
        "lost": (),
    },
)

DATASET_VERSION = Machine(
    "dataset-version",
    "importing",
    {"importing": ("ready", "failed"), "ready": (), "failed": ()},
)

# back to queued: the dispatcher that built it has ended
ENVIRONMENT_VERSION = Machine(
    "environment-version",
    "queued",
    {
        "queued": ("building", "failed"),
        "building": ("ready", "failed", "queued"),
        "ready": (),
        "failed": (),
    },
)

# the same; images are *building* while they are pulled or pushed as well
IMAGE = Machine("image", ENVIRONMENT_VERSION.initial, ENVIRONMENT_VERSION.moves)

# The state is read from the containers each time, so that any of these may follow any other.
_LIVE = ("queued", "starting", "running", "down")
_ENDS = ("completed", "failed")


def _observed(state: str) -> tuple[str, ...]:
    return (*(other for other in _LIVE if other != state), *_ENDS, "stopping")


# A deployment that rests is left only on request.
DEPLOYMENT = Machine(
    "deployment",
    "queued",
    {
        **{state: _observed(state) for state in _LIVE},
        "running": (*_observed("running"), "sleeping"),
        "sleeping": ("queued", "stopping"),
        **dict.fromkeys(_ENDS, ("queued", "stopping")),
        "stopping": ("stopped", "queued"),
        "stopped": ("queued",),
    },
    rests=("stopped", "completed", "failed"),
)

BACKFILL = Machine(
    "backfill",
    "running",
    {"running": ("done", "cancelled"), "done": (), "cancelled": ()},
)

BISECTION = Machine(
    "bisection",
    "running",
    {"running": ("done", "failed", "cancelled"), "done": (), "failed": (), "cancelled": ()},
)

MACHINES = {
    machine.name: machine
    for machine in (
        *(RUN, TASK, ATTEMPT, DATASET_VERSION, ENVIRONMENT_VERSION, IMAGE, DEPLOYMENT),
        *(BACKFILL, BISECTION),
    )
}
