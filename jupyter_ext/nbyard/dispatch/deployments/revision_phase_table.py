"""The fate of a revision as a table: phase × event → next phase and actions.

At each step, every revision of a deployment gets one wish: what the deployment wants of it.
`revision_driver` carries out the actions, which can cause further events. The phase at the
beginning of a step is read from the store; only a requested shutdown is known from memory.
"""

from collections.abc import Iterable
from enum import StrEnum, auto
from typing import NamedTuple


class Phase(StrEnum):
    """What the dispatcher knows of a revision."""

    WAITING = auto()  # no container was requested
    STARTING = auto()  # its container was requested, and has not answered since
    ANSWERED = auto()  # it has answered since its last start
    ENDING = auto()  # its container got the signal to stop
    OVER = auto()  # its end is recorded; its container may still exist
    GONE = auto()  # its container does not exist, and its GPUs are free


class Event(StrEnum):
    """What happened to a revision."""

    # The wish of the deployment, one at each step
    WANTED = auto()  # it is the newest revision, or the serving one
    REPLACED = auto()  # another revision serves, or needs its GPUs
    STOPPED = auto()  # the deployment was stopped
    DELETED = auto()  # the deployment was deleted
    # Before a start and during it
    BLOCKED = auto()  # it waits for its image's build, for GPUs or for the next try
    READY = auto()  # it waits for nothing
    REFUSED = auto()  # it can never start
    PULLED_LATER = auto()  # its image is being pulled
    OVERTAKEN = auto()  # another request arrived meanwhile
    # Of its container
    MISSING = auto()  # it was not created or not started
    RUNS = auto()
    ANSWERS = auto()  # its first port responds for the first time since the start
    MOVED = auto()  # what its ports do differs from the record
    UNCHANGED = auto()  # what its ports do is what the record has
    OVERDUE = auto()  # it has not answered within its limit
    COMPLETED = auto()  # it ended as it should
    ENDED = auto()  # it ended too early
    FAILED = auto()  # it ended too often
    # Of its shutdown
    IN_USE = auto()  # it has open connections
    UNUSED = auto()  # it has no open connections
    ENDS = auto()  # its container got the signal and still exists
    LEFT = auto()  # its container does not exist
    RECORDED = auto()  # its end is recorded
    RESUMED = auto()  # it is wanted again
    STAYS = auto()  # the engine still has its container
    CLEARED = auto()  # the engine has removed its container


class Action(StrEnum):
    """What `RevisionDriver` does after an event."""

    PREPARE = auto()  # check what the revision waits for before its start
    BEGIN = auto()  # record the start
    LAUNCH = auto()  # create the container
    LOOK = auto()  # check the container
    ATTEND = auto()  # check the ports of a running container
    SERVE = auto()  # record the first response; requests go to this revision
    NOTE_PLACES = auto()  # record which ports respond
    RESTART = auto()  # record the end of the container, remove it, and try again later
    COMPLETE = auto()  # record that the revision ended as it should
    FAIL = auto()  # record that the revision failed
    DRAIN = auto()  # check for open connections
    END = auto()  # request the end of the container, and kill it after its limit
    RECORD_STOP = auto()  # record the requested end
    CLEAR = auto()  # remove the container, and free the GPUs


class Step(NamedTuple):
    """The next phase, and the actions in their order."""

    phase: Phase
    actions: tuple[Action, ...] = ()


P, E, A = Phase, Event, Action
WISHES = (E.WANTED, E.REPLACED, E.STOPPED, E.DELETED)
ALIVE = (P.STARTING, P.ANSWERED)
BEFORE_END = (P.WAITING, *ALIVE, P.ENDING)
# Events that cannot happen in a phase are missing.
TABLE: dict[tuple[Phase, Event], Step] = {}


def _when(phases: Iterable[Phase], event: Event, *actions: Action, to: Phase | None = None) -> None:
    """Add rows to the table; without `to`, the phase stays."""
    for phase in phases:
        assert (phase, event) not in TABLE
        TABLE[phase, event] = Step(to or phase, actions)


# Wishes
_when([P.WAITING], E.WANTED, A.PREPARE)
_when(ALIVE, E.WANTED, A.LOOK)
_when([P.ENDING], E.WANTED, A.END)  # a container that ends cannot be called back
_when([P.ANSWERED], E.REPLACED, A.DRAIN)
# These revisions do not answer yet, or already got the signal, so there is nothing to drain.
_when([P.WAITING, P.STARTING, P.ENDING], E.REPLACED, A.END)
_when(BEFORE_END, E.STOPPED, A.END)
_when(BEFORE_END, E.DELETED, A.CLEAR)
for _wish in WISHES:
    _when([P.OVER], _wish, A.CLEAR)

# Start
_when([P.WAITING], E.BLOCKED)
_when([P.WAITING], E.READY, A.BEGIN, A.LAUNCH, to=P.STARTING)
# The image is still being pulled, or a dispatcher was killed before it started the container.
_when(ALIVE, E.MISSING, A.LAUNCH)
_when(ALIVE, E.PULLED_LATER)
_when(ALIVE, E.OVERTAKEN)
_when([P.WAITING, *ALIVE], E.REFUSED, A.FAIL, A.CLEAR, to=P.OVER)

# Work
_when(ALIVE, E.RUNS, A.ATTEND)
_when([P.STARTING], E.ANSWERS, A.SERVE, to=P.ANSWERED)
_when(ALIVE, E.MOVED, A.NOTE_PLACES)
_when(ALIVE, E.UNCHANGED)
_when([P.STARTING], E.OVERDUE, A.FAIL, A.CLEAR, to=P.OVER)
_when(ALIVE, E.COMPLETED, A.COMPLETE, A.CLEAR, to=P.OVER)
_when(ALIVE, E.ENDED, A.RESTART, to=P.WAITING)
_when(ALIVE, E.FAILED, A.FAIL, A.CLEAR, to=P.OVER)

# Shutdown
_when([P.ANSWERED], E.IN_USE)
_when([P.ANSWERED], E.UNUSED, A.END)
_when(BEFORE_END, E.ENDS, to=P.ENDING)
_when(BEFORE_END, E.LEFT, A.RECORD_STOP)
_when(BEFORE_END, E.RECORDED, A.CLEAR, to=P.OVER)
_when(BEFORE_END, E.RESUMED, to=P.WAITING)
_when([*BEFORE_END, P.OVER], E.STAYS)
_when([*BEFORE_END, P.OVER], E.CLEARED, to=P.GONE)


def wanted_event(number: int, newest: int, serving: int, *, gives_way: bool) -> Event:
    """Return what a wanted deployment wants of one of its revisions.

    The serving revision is kept beside the newest, unless it `gives_way` because the newest needs
    its GPUs.
    """
    is_kept = number == newest or (number == serving and not gives_way)
    return E.WANTED if is_kept else E.REPLACED
