"""The fate of an attempt as a table: phase × event → next phase and actions.

`attempt_driver` gathers events and carries out the actions, which can cause further events. The
phase only affects speed and patience: a new dispatcher begins with `UNCERTAIN` for each attempt.
An end is reported, not remembered: as long as it is not stored, the same events report it again.
"""

from collections.abc import Iterable
from enum import StrEnum, auto
from typing import NamedTuple


class Phase(StrEnum):
    """What the dispatcher knows of an attempt."""

    UNCERTAIN = auto()  # an earlier dispatcher may have started it; its engine was not asked yet
    UNREACHED = auto()  # the same, and its engine does not answer
    ADMITTED = auto()  # it has its slots, or needs none: it may start
    SILENT = auto()  # its start failed, and its engine does not answer; its slots are free
    HELD = auto()  # its start failed, although its engine answers; its slots are free
    ASKING = auto()  # its engine answers again, and it requests slots
    SENT = auto()  # its runtime has accepted it
    STOPPING = auto()  # it has to stop, but its runtime has not accepted the request yet
    STOPPED = auto()  # its runtime has accepted the request to stop


class Event(StrEnum):
    """What happened to an attempt."""

    # Of the dispatcher
    ADMIT = auto()  # it got its slots, or needs none because its runtime has its own queue
    START_DUE = auto()  # its turn, before its start is stored
    LOOK_DUE = auto()  # its turn, after its start is stored
    STOP_DUE = auto()  # its run was cancelled
    NOTHING_TO_STOP = auto()  # it has to stop, and was never started
    GRACE_OVER = auto()  # it has to stop, and did not stop in time
    # Of its engine, asked before a start and after a failed one
    THERE = auto()  # the engine knows the attempt
    ABSENT = auto()  # the engine does not know it
    NO_ANSWER = auto()
    ANSWER_LOST = auto()  # after a failed start: the engine knows the attempt
    NOT_THERE = auto()  # after a failed start: the engine does not know it
    STARTED = auto()
    REFUSED = auto()  # the start can never succeed
    NOT_STARTED = auto()  # the start failed for now, here
    NOT_SENT = auto()  # the start failed for now, on a runtime with its own queue
    HEARD = auto()  # the runtime has accepted the request to stop
    # Of the attempt
    WAITS = auto()  # it waits on its engine, within its limit
    OVERDUE = auto()  # it waits on its engine for too long
    RUNS = auto()  # it runs, within its limits
    OVER_LIMIT = auto()  # it runs, beyond a limit
    DROPPED = auto()  # its engine forgot it before it began
    FINISHED = auto()  # it has a result
    GONE = auto()  # it is gone without a result
    UNHEARD = auto()  # its engine does not answer
    UNHEARD_FOR_LONG = auto()
    DISK_FULL = auto()  # its outputs need more space here


class Action(StrEnum):
    """What `AttemptDriver` does after an event."""

    PROBE = auto()  # ask the engine whether it knows the attempt, before a start
    RECHECK = auto()  # ask it after a failed start, whose answer may be lost
    START = auto()
    LOOK = auto()  # check the attempt
    STOP = auto()
    PAUSE_LONGER = auto()  # extend the pause before the next start
    CONCLUDE = auto()  # take the result and report the outcome
    WAIT_FOR_SPACE = auto()  # try again later to take the result
    # Report the end.
    FAIL = auto()  # the start failed
    LOSE = auto()  # the attempt is gone
    GIVE_UP = auto()  # it has stopped as requested, as far as the dispatcher can tell
    # Report what the attempt does or waits for.
    REPORT_STARTED = auto()
    REPORT_RUNNING = auto()
    REPORT_WAIT = auto()
    REPORT_SLOT_WAIT = auto()
    REPORT_SILENCE = auto()


class Step(NamedTuple):
    """The next phase, and the actions in their order."""

    phase: Phase
    actions: tuple[Action, ...] = ()


P, E, A = Phase, Event, Action
UNSURE = (P.UNCERTAIN, P.UNREACHED)
WAITING = (*UNSURE, P.SILENT, P.HELD)
BEFORE_START = (*WAITING, P.ASKING, P.ADMITTED)
ASKED_TO_STOP = (P.STOPPING, P.STOPPED)
WATCHED = (P.SENT, *ASKED_TO_STOP)
STARTABLE = (P.ADMITTED, *WATCHED)
WITH_SLOTS = STARTABLE
ENDS = frozenset({A.CONCLUDE, A.FAIL, A.LOSE, A.GIVE_UP})
# Events that cannot happen in a phase are missing.
TABLE: dict[tuple[Phase, Event], Step] = {}


def _when(phases: Iterable[Phase], event: Event, *actions: Action, to: Phase | None = None) -> None:
    """Add rows to the table; without `to`, the phase stays."""
    for phase in phases:
        assert (phase, event) not in TABLE
        TABLE[phase, event] = Step(to or phase, actions)


# Turns
_when(BEFORE_START, E.ADMIT, to=P.ADMITTED)
# The controller admits attempts of runtimes with their own queue at each check.
_when(WATCHED, E.ADMIT)
_when(WAITING, E.START_DUE, A.PROBE)
# The queue has not granted the slots yet.
_when([P.ASKING], E.START_DUE)
_when(STARTABLE, E.START_DUE, A.START)
# The store records the start, but this dispatcher is new and has no memory of it.
_when(BEFORE_START, E.LOOK_DUE, A.LOOK, to=P.SENT)
_when(WATCHED, E.LOOK_DUE, A.LOOK)

# Start
_when(WAITING, E.THERE, A.START, to=P.ADMITTED)
_when(WAITING, E.ABSENT, A.REPORT_SLOT_WAIT, to=P.ASKING)
_when(UNSURE, E.NO_ANSWER, A.REPORT_WAIT, to=P.UNREACHED)
_when([P.SILENT, P.HELD], E.NO_ANSWER, A.REPORT_WAIT, to=P.SILENT)
_when([P.ADMITTED], E.STARTED, A.REPORT_STARTED, A.LOOK, to=P.SENT)  # short work may have ended
_when([P.SENT], E.STARTED, A.REPORT_STARTED)
_when(ASKED_TO_STOP, E.STARTED, A.REPORT_STARTED, A.LOOK)
_when([P.ADMITTED], E.NOT_STARTED, A.RECHECK, A.REPORT_WAIT, to=P.SILENT)
_when(WATCHED, E.NOT_STARTED, A.REPORT_WAIT)
_when([P.SILENT], E.ANSWER_LOST, A.PAUSE_LONGER, to=P.ADMITTED)
_when([P.SILENT], E.NOT_THERE, A.PAUSE_LONGER, to=P.HELD)
_when(STARTABLE, E.NOT_SENT, A.REPORT_WAIT)
_when(Phase, E.REFUSED, A.FAIL)

# Work
_when(WATCHED, E.WAITS, A.REPORT_WAIT)
_when(WATCHED, E.RUNS, A.REPORT_RUNNING)
# For example, a Dask scheduler was restarted while the attempt was in its queue.
_when([P.SENT], E.DROPPED, A.START)
_when(ASKED_TO_STOP, E.DROPPED)
_when(WATCHED, E.FINISHED, A.CONCLUDE)
_when(WATCHED, E.GONE, A.LOSE)
_when(WATCHED, E.UNHEARD, A.REPORT_SILENCE)
_when(WATCHED, E.UNHEARD_FOR_LONG, A.LOSE)
_when(WATCHED, E.DISK_FULL, A.WAIT_FOR_SPACE)

# Stop
# The look follows at once, so an attempt that has stopped is reported by the same check.
_when([*BEFORE_START, P.SENT, P.STOPPING], E.STOP_DUE, A.STOP, A.LOOK, to=P.STOPPING)
_when([P.STOPPED], E.STOP_DUE, A.LOOK)
_when([P.ADMITTED, P.SENT, P.STOPPING], E.OVERDUE, A.STOP, A.REPORT_WAIT, to=P.STOPPING)
_when([P.STOPPED], E.OVERDUE, A.REPORT_WAIT)
_when([P.SENT, P.STOPPING], E.OVER_LIMIT, A.STOP, A.REPORT_RUNNING, to=P.STOPPING)
_when([P.STOPPED], E.OVER_LIMIT, A.REPORT_RUNNING)
_when([P.STOPPING], E.HEARD, to=P.STOPPED)
_when(Phase, E.NOTHING_TO_STOP, A.GIVE_UP)
_when(ASKED_TO_STOP, E.GRACE_OVER, A.GIVE_UP)
