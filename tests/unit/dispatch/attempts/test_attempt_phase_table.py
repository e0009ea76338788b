"""The fate of attempts: engines of all moods, drawn at random, against the table."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbyard.dispatch.attempts.attempt_phase_table import (
    ASKED_TO_STOP,
    ENDS,
    TABLE,
    WATCHED,
    WITH_SLOTS,
    Action,
    Event,
    Phase,
)

A, E, P = Action, Event, Phase
LOCAL, REMOTE = "with slots here", "with a queue of its own"


@dataclass
class World:
    """An attempt, its engine and the queue, as the actions meet them.

    - `state`: of the work. `absent`: never started; `waiting` and `running` obey a stop.
    - `record`: of the store, which learns of a start only if `stores` is set.
    - `is_granted`: whether the queue counts it as one that has its slots.
    """

    runtime: str
    phase: Phase = P.UNCERTAIN
    state: str = "absent"
    record: str = "recorded"
    answers: bool = True
    loses_answers: bool = False
    is_able: bool = True
    is_refused: bool = False
    is_silent_for_long: bool = False
    hears: bool = True
    stores: bool = True
    obeys: bool = True
    begins: bool = True
    has_space: bool = True
    is_late: bool = False
    is_cancelled: bool = False
    grace: int = 3
    is_granted: bool = False
    starts: int = 0
    stops: int = 0
    is_heard: bool = False
    ended: Action | None = None
    done: list[Action] = field(default_factory=list)

    # The controller's part

    def drive(self) -> None:
        """Let the attempt have its turn."""
        self.done = []
        if self.runtime == REMOTE:
            admit(self)
        if self.is_cancelled:
            self.react(self.to_stop(E.STOP_DUE))
        else:
            self.react(E.START_DUE if self.record == "recorded" else E.LOOK_DUE)
        if A.REPORT_STARTED in self.done and self.stores:
            self.record = "starting"
        if A.REPORT_RUNNING in self.done and self.stores:
            self.record = "running"
        if self.runtime == LOCAL and self.phase is P.ADMITTED:
            assert self.is_granted, "R11: what it returned is not its own"
        if self.done and self.done[-1] in ENDS:
            self.check_end(self.done[-1])
            self.ended = self.done[-1] if self.stores else None

    def check_end(self, end: Action) -> None:
        """The recorded end is the real one."""
        if end is A.FAIL:
            assert self.is_refused and self.answers
        if end is A.CONCLUDE:
            assert self.state == "finished"
        if end is A.LOSE:
            gone = ("absent", "dropped", "lost")
            assert self.state in gone if self.answers else self.is_silent_for_long
        if end is A.GIVE_UP:
            assert self.stops or self.state == "absent" or not self.answers

    def to_stop(self, event: Event) -> Event:
        if self.record == "recorded" and (self.state == "absent" or not self.answers):
            return E.NOTHING_TO_STOP
        if self.phase in ASKED_TO_STOP:
            self.grace -= 1
            if self.grace < 0:
                return E.GRACE_OVER
        return event

    def react(self, event: Event) -> None:
        before = self.phase
        if event in (E.THERE, E.ANSWER_LOST):
            self.is_granted = True  # what lives has them, whoever started it
        elif event is E.NOT_STARTED:
            self.is_granted = False
        self.phase, actions = TABLE[before, event]
        if before in ASKED_TO_STOP:
            assert self.phase in ASKED_TO_STOP, "what has to stop does not go on"
        if self.phase is P.ASKING and before is not P.ASKING:
            assert self.answers, "nothing asks for slots without its engine"
        for action in actions:
            assert not (self.done and self.done[-1] in ENDS), "nothing follows the end"
            self.done.append(action)
            assert len(self.done) < 20
            following = self.caused(action)
            if following is not None:
                self.react(following)

    # The engine's part

    def caused(self, action: Action) -> Event | None:
        match action:
            case A.PROBE:
                if not self.answers:
                    return E.NO_ANSWER
                return E.ABSENT if self.state == "absent" else E.THERE
            case A.RECHECK:
                if not self.answers:
                    return None
                return E.NOT_THERE if self.state == "absent" else E.ANSWER_LOST
            case A.START:
                return self.start()
            case A.LOOK:
                return self.look()
            case A.STOP:
                return self.stop()
            case A.CONCLUDE:
                return None if self.has_space else self.full()
        return None

    def start(self) -> Event:
        assert self.phase in WITH_SLOTS
        assert self.is_granted or self.state != "absent", "R11: nothing starts without its slots"
        if self.record != "recorded":
            assert self.phase not in ASKED_TO_STOP, "R7: what has to stop is not sent again"
        if self.answers and self.is_refused:
            return E.REFUSED
        is_done = self.answers and self.is_able
        if is_done and self.state in ("absent", "dropped"):
            self.starts += 1
            self.state = "running" if self.begins else "waiting"
        if is_done and not self.loses_answers:
            return E.STARTED
        if self.runtime == LOCAL:
            return E.NOT_STARTED
        return self.to_stop(E.OVERDUE) if self.is_late else E.NOT_SENT

    def look(self) -> Event:
        assert self.phase in WATCHED
        if not self.answers:
            return E.UNHEARD_FOR_LONG if self.is_silent_for_long else E.UNHEARD
        match self.state:
            case "waiting":
                return self.to_stop(E.OVERDUE) if self.is_late else E.WAITS
            case "running":
                return self.to_stop(E.OVER_LIMIT) if self.is_late else E.RUNS
            case "dropped" if self.record != "running":
                return self.to_stop(E.DROPPED) if self.phase in ASKED_TO_STOP else E.DROPPED
            case "finished":
                return E.FINISHED
        return E.GONE

    def stop(self) -> Event | None:
        assert not self.is_heard, "a runtime that has accepted it is not asked again"
        self.stops += 1
        if not self.answers or not self.hears:
            return None
        self.is_heard = True
        if self.obeys and self.state in ("waiting", "running"):
            self.state = "finished"
        return E.HEARD

    def full(self) -> Event:
        self.done.remove(A.CONCLUDE)
        return E.DISK_FULL


def admit(world: World) -> None:
    world.phase, world.is_granted = TABLE[world.phase, E.ADMIT].phase, True


# What changes around the attempt: a field and its value.
WEATHER = {
    "the engine hangs": ("answers", False),
    "the engine answers": ("answers", True),
    "the engine cannot start it": ("is_able", False),
    "the engine can": ("is_able", True),
    "the engine refuses it": ("is_refused", True),
    "the engine hangs for long": ("is_silent_for_long", True),
    "its answers are lost": ("loses_answers", True),
    "a stop is refused": ("hears", False),
    "a stop is accepted": ("hears", True),
    "the store is away": ("stores", False),
    "the store is back": ("stores", True),
    "it does not obey": ("obeys", False),
    "it will wait there": ("begins", False),
    "the disk is full": ("has_space", False),
    "it is late": ("is_late", True),
    "it is cancelled": ("is_cancelled", True),
}
# What the work does: its state before and after.
WORK = {
    "it begins": ("waiting", "running"),
    "it is dropped": ("waiting", "dropped"),
    "it is killed": ("running", "lost"),
    "it finishes": ("running", "finished"),
}
DRIVE, SLOTS, REPLACED = "drive", "there are slots", "another dispatcher takes over"


def happen(world: World, happening: str) -> None:
    if happening in WEATHER:
        setattr(world, *WEATHER[happening])
    elif happening in WORK:
        before, after = WORK[happening]
        world.state = after if world.state == before else world.state
    elif happening == DRIVE:
        world.drive()
    elif happening == REPLACED:
        world.phase, world.is_granted, world.is_heard, world.grace = P.UNCERTAIN, False, False, 3
    elif world.phase is P.ASKING:
        admit(world)


SOON = st.booleans()
STORIES = st.lists(st.sampled_from([*WEATHER, *WORK, SLOTS, REPLACED, *[DRIVE] * 12]), max_size=30)
WORLDS = st.one_of(
    st.builds(
        World,
        runtime=st.sampled_from([LOCAL, REMOTE]),
        state=st.sampled_from(["absent", "waiting", "running", "finished", "lost"]),
        record=st.sampled_from(["recorded", "starting"]),
        answers=SOON,
        hears=SOON,
        stores=SOON,
        obeys=SOON,
    ),
    st.builds(
        World,
        runtime=st.sampled_from([LOCAL, REMOTE]),
        phase=st.just(P.ADMITTED),
        is_granted=st.just(True),
        answers=SOON,
        loses_answers=SOON,
        is_able=SOON,
        stores=SOON,
        begins=SOON,
    ),
)


@settings(max_examples=300, deadline=None)
@given(WORLDS, STORIES)
def test_every_sequence_of_events_ends_once(world, story):
    """Both new attempts and those of an earlier dispatcher."""
    for happening in story:
        happen(world, happening)
        lives = world.state in ("waiting", "running") and world.answers
        if happening == DRIVE and lives and A.PROBE in world.done:
            assert world.phase in WITH_SLOTS, "R11: what lives has slots"
        if world.ended:
            return
    world.answers = world.is_able = world.stores = world.has_space = world.hears = True
    world.loses_answers = False
    world.is_cancelled |= not world.obeys
    for _ in range(12):
        if world.phase is P.ASKING:
            admit(world)
        if world.state == "running" and not world.is_cancelled:
            world.state = "finished"
        if world.state == "waiting":
            world.state = "running"
        world.drive()
        if world.ended:
            return
    raise AssertionError(f"it hangs: {world}")


@pytest.mark.parametrize("event", Event)
def test_each_event_is_in_the_table(event):
    assert [phase for phase in Phase if (phase, event) in TABLE]


def test_each_row_follows_the_rules() -> None:
    for (phase, event), found in TABLE.items():
        row = f"{phase}, {event}"
        assert phase not in ASKED_TO_STOP or found.phase in ASKED_TO_STOP, row
        assert A.START not in found.actions or found.phase in WITH_SLOTS, row
        if phase in ASKED_TO_STOP and A.START in found.actions:
            assert event is E.START_DUE, row  # its start was never stored
        if found.phase is P.ASKING:
            assert phase is P.ASKING or event is E.ABSENT, row
        if phase is P.STOPPED:
            assert A.STOP not in found.actions, row
        assert not ENDS & set(found.actions[:-1]), row


def test_each_phase_is_reached_and_each_action_used() -> None:
    assert {P.UNCERTAIN, *(found.phase for found in TABLE.values())} == set(Phase)
    assert {action for found in TABLE.values() for action in found.actions} == set(Action)


def test_an_event_that_cannot_happen_is_a_fault() -> None:
    with pytest.raises(KeyError):
        TABLE[P.ASKING, E.RUNS]
