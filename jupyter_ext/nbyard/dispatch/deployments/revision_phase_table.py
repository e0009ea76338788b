"""The fate of a revision as a table: phase × event → next phase and actions.

At each step, every revision of a deployment gets one wish: what the deployment wants of it.
`revision_driver` carries out the actions, which can cause further events. The phase at the
beginning of a step is read from the store; only a requested shutdown is known from memory.
"""

from collections.abc import Iterable
from enum import StrEnum, auto
from typing import NamedTuple


class Phase(StrEnum):
    """What the dispatcher knows of a revision.

    - `WAITING`: no container was requested.
    - `STARTING`: its container was requested, and has not answered since.
    - `ANSWERED`: it has answered since its last start.
    - `ENDING`: its container got the signal to stop.
    - `OVER`: its end is recorded; its container may still exist.
    - `GONE`: its container does not exist, and its GPUs are free.
    """

    WAITING = auto()
    STARTING = auto()
    ANSWERED = auto()
    ENDING = auto()
    OVER = auto()
    GONE = auto()


class Event(StrEnum):
    """What happened to a revision.

    The wish of the deployment, one at each step:

    - `WANTED`: it is the newest revision, or the serving one.
    - `REPLACED`: another revision serves, or needs its GPUs.
    - `STOPPED`, `DELETED`: the deployment was stopped, or deleted.

    Before a start and during it:

    - `BLOCKED`: it waits for its image's build, for GPUs or for the next try.
    - `READY`: it waits for nothing.
    - `REFUSED`: it can never start.
    - `PULLED_LATER`: its image is being pulled.
    - `OVERTAKEN`: another request arrived meanwhile.

    Of its container:

    - `MISSING`: it was not created or not started.
    - `RUNS`: it runs.
    - `ANSWERS`: its first port responds for the first time since the start.
    - `MOVED`, `UNCHANGED`: whether what its ports do differs from the record.
    - `OVERDUE`: it has not answered within its limit.
    - `COMPLETED`, `ENDED`, `FAILED`: it ended: as it should, too early, or too often.

    Of its shutdown:

    - `IN_USE`, `UNUSED`: whether it has open connections.
    - `ENDS`, `LEFT`: its container got the signal and still exists, or does not exist.
    - `RECORDED`, `RESUMED`: its end is recorded, or it is wanted again.
    - `STAYS`, `CLEARED`: the engine still has its container, or has removed it.
    """

    WANTED = auto()
    REPLACED = auto()
    STOPPED = auto()
    DELETED = auto()
    BLOCKED = auto()
    READY = auto()
    REFUSED = auto()
    PULLED_LATER = auto()
    OVERTAKEN = auto()
    MISSING = auto()
    RUNS = auto()
    ANSWERS = auto()
    MOVED = auto()
    UNCHANGED = auto()
    OVERDUE = auto()
    COMPLETED = auto()
    ENDED = auto()
    FAILED = auto()
    IN_USE = auto()
    UNUSED = auto()
    ENDS = auto()
    LEFT = auto()
    RECORDED = auto()
    RESUMED = auto()
    STAYS = auto()
    CLEARED = auto()


class Action(StrEnum):
    """What `RevisionDriver` does after an event.

    - `PREPARE`: check what the revision waits for before its start.
    - `BEGIN`: record the start.
    - `LAUNCH`: create the container.
    - `LOOK`: check the container.
    - `ATTEND`: check the ports of a running container.
    - `SERVE`: record the first response; requests go to this revision.
    - `NOTE_PLACES`: record which ports respond.
    - `RESTART`: record the end of the container, remove it, and try again later.
    - `COMPLETE`, `FAIL`: record the end of the revision.
    - `DRAIN`: check for open connections.
    - `END`: request the end of the container, and kill it after its limit.
    - `RECORD_STOP`: record the requested end.
    - `CLEAR`: remove the container, and free the GPUs.
    """

    PREPARE = auto()
    BEGIN = auto()
    LAUNCH = auto()
    LOOK = auto()
    ATTEND = auto()
    SERVE = auto()
    NOTE_PLACES = auto()
    RESTART = auto()
    COMPLETE = auto()
    FAIL = auto()
    DRAIN = auto()
    END = auto()
    RECORD_STOP = auto()
    CLEAR = auto()


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
