"""The fate of revisions: requests, services and engines of all moods, drawn at random, against
the table."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbyard.dispatch.deployments.revision_phase_table import (
    TABLE,
    WISHES,
    Action,
    Event,
    Phase,
    wanted_event,
)
from nbyard.domain.deployments.deployment_status import TRIES, RevisionStatus, state_of
from nbyard.domain.state_machines import DEPLOYMENT
from nbyard.reasons.structs import text_reason

A, E, P = Action, Event, Phase
ENOUGH = 20  # steps until everything has come to rest


class Killed(Exception):
    """The dispatcher is, in the midst of a step."""


@dataclass
class Rev:
    """A revision: its record in the store, its container, and what its service is like.

    - `record`: waiting, starting, answered or over. `container`: none, running or exited.
    - `ends_with`: how its service ends, after each start if it `crashes`.
    - `is_ending`: only in memory.
    """

    number: int
    answers: bool = True
    has_image: bool = True
    gpu: bool = False
    has_ports: bool = True
    crashes: bool = False
    ends_with: Event = E.ENDED
    record: str = "waiting"
    container: str = "none"
    has_gpu: bool = False
    is_ending: bool = False
    has_failed: bool = False
    restarts: int = 0

    def phase(self) -> Phase:
        if self.record == "over":
            return P.OVER
        return P.ENDING if self.is_ending else P(self.record)

    def begin_again(self) -> None:
        if self.record == "over":
            self.record, self.has_failed, self.restarts = "waiting", False, 0

    def status(self, phase: Phase) -> RevisionStatus:
        reason = text_reason("why") if self.has_failed else None
        if phase is P.WAITING:
            return RevisionStatus(self.number, "pending", reason=reason)
        if phase is P.GONE:
            return RevisionStatus(self.number, "over", reason=reason, exit_code=0)
        runs = phase in (P.STARTING, P.ANSWERED) and self.container == "running"
        has_answered = runs and phase is P.ANSWERED
        return RevisionStatus(self.number, "alive", has_answered and self.answers, has_answered)


@dataclass
class World:
    """A deployment on a machine with one GPU, as the actions meet it."""

    revs: list[Rev]
    want: str = "wanted"
    state: str = "queued"
    serving: int = 0
    is_there: bool = True
    is_early: bool = False
    is_pulling: bool = False
    is_built: bool = True
    is_overtaken: bool = False
    is_late: bool = False
    is_used: bool = False
    obeys: bool = True
    removes: bool = True
    resumes: bool = False
    dies_in: int = 0
    wish: Event = E.WANTED
    gives_way: bool = False
    done: list[tuple[int, Action]] = field(default_factory=list)

    @property
    def newest(self) -> Rev:
        return self.revs[-1]

    def move(self, to: str) -> None:
        if to != self.state:
            assert to in DEPLOYMENT.moves[self.state], f"{self.state} to {to}"
            self.state = to

    # What people ask for

    def edit(self, rev: Rev) -> None:
        self.revs.append(rev)
        if self.state in ("failed", "completed"):
            self.move("queued")

    def stop(self) -> None:
        if self.want == "wanted":
            self.want = "stopped"
            self.move("stopping")

    def start(self) -> None:
        if self.state in (*DEPLOYMENT.rests, "stopping"):
            self.want = "wanted"
            self.move("queued")
            self.newest.begin_again()

    # The dispatcher's part

    def drive(self) -> None:
        """Let all revisions have their turn, unless the deployment rests."""
        self.done = []
        rests = self.want != "deleted" and self.state in DEPLOYMENT.rests
        if rests or not self.revs:
            return
        self.grant()
        try:
            ends = {rev.number: self.advance(rev) for rev in self.revs}
        except Killed:
            return self.replace_dispatcher()
        except ConnectionError:
            return self.move("down") if self.want == "wanted" else None
        if self.want == "wanted":
            kept = {n: one for n, one in ends.items() if self.wanted_event(n) is E.WANTED}
            is_leaving = any(one.phase != "over" for n, one in ends.items() if n not in kept)
            if self.state != "stopping":
                self.move(state_of(self.serving, kept, is_leaving=is_leaving)[0])
        elif all(one.phase == "over" for one in ends.values()):
            self.come_to_rest()

    def come_to_rest(self) -> None:
        assert not self.containers(), "a stopped deployment keeps no container"
        assert not any(rev.has_gpu for rev in self.revs)
        self.serving = 0
        if self.want == "deleted":
            self.revs = []
        else:
            self.move("stopped")

    def grant(self) -> None:
        rev, former = self.newest, self.serving_rev()
        lacks = rev.gpu and not rev.has_gpu and rev.record == "waiting" and self.want == "wanted"
        is_free = not any(one.has_gpu for one in self.revs)
        rev.has_gpu = rev.has_gpu or (lacks and is_free)
        self.gives_way = bool(lacks and not is_free and former and former.has_gpu)
        if former and former.record == "waiting" and rev.record == "over" and is_free:
            former.has_gpu = former.gpu

    def serving_rev(self) -> Rev | None:
        return next((rev for rev in self.revs if rev.number == self.serving), None)

    def wanted_event(self, number: int) -> Event:
        if self.want != "wanted":
            return E.STOPPED if self.want == "stopped" else E.DELETED
        return wanted_event(number, self.newest.number, self.serving, gives_way=self.gives_way)

    def advance(self, rev: Rev) -> RevisionStatus:
        self.wish = self.wanted_event(rev.number)
        return rev.status(self.react(rev, rev.phase(), self.wish))

    def react(self, rev: Rev, phase: Phase, event: Event) -> Phase:
        phase, actions = TABLE[phase, event]
        for action in actions:
            assert phase is not P.GONE, "nothing follows the end"
            self.done.append((rev.number, action))
            assert len(self.done) < 30
            self.check(rev, action)
            following = self.caused(rev, action)
            self.dies_in -= 1
            if self.dies_in == 0:
                raise Killed
            if following is not None:
                phase = self.react(rev, phase, following)
        return phase

    def check(self, rev: Rev, action: Action) -> None:
        serves = self.want == "wanted" and rev.number == self.serving and rev.record == "answered"
        if serves and rev.container == "running" and not rev.is_ending:
            is_let_go = action in (A.DRAIN, A.END, A.CLEAR, A.FAIL, A.RESTART)
            assert not is_let_go or self.gives_way, "what answers is kept until another answers"
        if action in (A.PREPARE, A.LAUNCH, A.SERVE):
            assert self.wish is E.WANTED, "only what is wanted starts"
        if action is A.LAUNCH:
            assert rev.has_gpu or not rev.gpu, "nothing starts without its GPU"
            assert rev.container != "running"
        if action in (A.RESTART, A.COMPLETE):
            assert rev.container != "running", "what runs has not ended"

    # What the actions do, and the events that they cause

    def caused(self, rev: Rev, action: Action) -> Event | None:
        asked = {
            A.PREPARE: self.prepare,
            A.LAUNCH: self.launch,
            A.LOOK: self.look,
            A.ATTEND: self.attend,
            A.DRAIN: self.drain,
            A.END: self.end,
            A.RECORD_STOP: self.record_stop,
            A.CLEAR: self.clear,
        }.get(action)
        if asked is None:
            self.record(rev, action)
        return asked(rev) if asked else None

    def record(self, rev: Rev, action: Action) -> None:
        match action:
            case A.BEGIN:
                rev.record = "starting"
            case A.SERVE:
                rev.record = "answered"
                if rev is self.newest or self.newest.record == "over":
                    self.serving = rev.number
            case A.RESTART:
                rev.record, rev.has_gpu, rev.restarts = "waiting", False, rev.restarts + 1
                rev.container = "none" if self.removes else rev.container
            case A.COMPLETE | A.FAIL:
                rev.record, rev.has_failed = "over", action is A.FAIL

    def prepare(self, rev: Rev) -> Event:
        if not self.is_built:
            return E.REFUSED
        has_gpu = rev.has_gpu or not rev.gpu
        return E.READY if has_gpu and not self.is_early else E.BLOCKED

    def drain(self, rev: Rev) -> Event:
        assert rev.record == "answered"
        return E.IN_USE if self.is_used else E.UNUSED

    def reach(self) -> None:
        if not self.is_there:
            raise ConnectionError

    def launch(self, rev: Rev) -> Event:
        self.reach()
        if not rev.has_image:
            return E.REFUSED
        if self.is_pulling:
            return E.PULLED_LATER
        if self.is_overtaken:
            return E.OVERTAKEN
        rev.container = "running"
        return E.RUNS

    def look(self, rev: Rev) -> Event:
        self.reach()
        if rev.crashes and rev.container == "running":
            rev.container = "exited"
        if rev.container == "running":
            return E.RUNS
        if rev.container == "none" and (rev.record == "starting" or not rev.has_ports):
            return E.MISSING
        if rev.ends_with is E.COMPLETED:
            return E.COMPLETED
        return E.ENDED if rev.restarts + 1 < TRIES else E.FAILED

    def attend(self, rev: Rev) -> Event:
        self.reach()
        if rev.record == "answered":
            return E.UNCHANGED if rev.answers else E.MOVED
        if rev.answers:
            return E.ANSWERS
        if self.is_late:
            return E.OVERDUE
        return E.MOVED if rev.has_ports else E.UNCHANGED

    def end(self, rev: Rev) -> Event:
        self.reach()
        if rev.container == "running":
            if not rev.is_ending:
                rev.is_ending = True
                rev.container = "exited" if self.obeys else "running"
                return E.ENDS
            if not self.is_late and not self.obeys:
                return E.ENDS
        if not self.removes and rev.container != "none":
            rev.is_ending = True
            return E.ENDS
        rev.container, rev.is_ending = "none", False
        return E.LEFT

    def record_stop(self, rev: Rev) -> Event:
        if self.resumes and self.want == "stopped":
            self.resumes = False
            self.start()
        is_over = self.wish is E.REPLACED or (self.wish is not E.WANTED and self.want != "wanted")
        rev.record = "over" if is_over else "waiting"
        return E.RECORDED if is_over else E.RESUMED

    def clear(self, rev: Rev) -> Event:
        self.reach()
        if not self.removes and rev.container != "none":
            return E.STAYS
        rev.container, rev.is_ending, rev.has_gpu = "none", False, False
        return E.CLEARED

    def replace_dispatcher(self) -> None:
        for rev in self.revs:
            rev.is_ending = False

    def containers(self) -> list[int]:
        return [rev.number for rev in self.revs if rev.container == "running"]


# What changes around the deployment: a field and its value.
WEATHER = {
    "the engine is away": ("is_there", False),
    "the engine is back": ("is_there", True),
    "the next try is not due": ("is_early", True),
    "it is due": ("is_early", False),
    "an image is pulled": ("is_pulling", True),
    "it is here": ("is_pulling", False),
    "its build has failed": ("is_built", False),
    "it is built": ("is_built", True),
    "requests come during a start": ("is_overtaken", True),
    "no request comes": ("is_overtaken", False),
    "limits are over": ("is_late", True),
    "limits begin anew": ("is_late", False),
    "somebody is connected": ("is_used", True),
    "nobody is": ("is_used", False),
    "services ignore signals": ("obeys", False),
    "services obey": ("obeys", True),
    "the engine cannot remove": ("removes", False),
    "the engine can": ("removes", True),
    "a start comes during a stop": ("resumes", True),
    "the dispatcher dies at once": ("dies_in", 2),
    "the dispatcher dies soon": ("dies_in", 5),
}
DRIVE, EDIT, STOP, START, DELETE = "drive", "edit", "stop", "start", "delete"
DIES, VANISHES, MOODY, REPLACED = "a service ends", "a container vanishes", "moods", "replaced"
SERVICES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {
        "answers": st.booleans(),
        "has_image": st.sampled_from([True, True, False]),
        "gpu": st.booleans(),
        "has_ports": st.booleans(),
        "crashes": st.sampled_from([False, False, True]),
        "ends_with": st.sampled_from([E.ENDED, E.COMPLETED]),
    }
)
REQUESTS = [EDIT, STOP, START] * 3
HAPPENINGS = [*WEATHER, *REQUESTS, DIES, VANISHES, MOODY, REPLACED, DELETE, *[DRIVE] * 16]


def happen(world: World, happening: str, data: st.DataObject) -> None:
    running = [rev for rev in world.revs if rev.container == "running"]
    if happening in WEATHER:
        setattr(world, *WEATHER[happening])
    elif happening == DRIVE:
        world.drive()
    elif world.want == "deleted":
        return
    elif happening == EDIT:
        world.edit(Rev(world.newest.number + 1, **data.draw(SERVICES)))
    elif happening in (STOP, START):
        (world.stop if happening == STOP else world.start)()
    elif happening == DELETE:
        world.want = "deleted"
    elif happening == REPLACED:
        world.replace_dispatcher()
    elif running:
        chosen = data.draw(st.sampled_from(running))
        if happening == MOODY:
            chosen.answers = not chosen.answers
        else:
            chosen.container = "exited" if happening == DIES else "none"


@settings(max_examples=300, deadline=None)
@given(SERVICES, st.lists(st.sampled_from(HAPPENINGS), max_size=40), st.data())
def test_every_sequence_of_events_reaches_the_wanted_state(service, story, data):
    """No revision stays in *stopping*, and a failed revision harms none that responds."""
    world = World([Rev(1, **service)])
    for happening in story:
        before = world.serving_rev()
        happen(world, happening, data)
        after = world.serving_rev()
        if before and after and before is not after:
            assert after.record == "answered", "requests go only to what answers"
    settle(world)
    if world.want == "deleted":
        assert world.revs == []
    elif world.want == "stopped":
        assert (world.state, world.containers(), world.serving) == ("stopped", [], 0)
    elif world.state == "running":
        assert world.containers() == [world.serving]
        assert world.serving == world.newest.number or world.newest.record == "over"
    else:
        assert world.state in ("completed", "failed") and world.containers() == []
        assert all(rev.record == "over" and not rev.has_gpu for rev in world.revs)


def settle(world: World) -> None:
    """Let everything go well, except that services without answers stay silent."""
    world.is_there = world.removes = world.obeys = world.is_built = True
    world.is_early = world.is_pulling = world.is_used = world.resumes = False
    world.is_overtaken = False
    world.is_late, world.dies_in = True, 0
    for rev in world.revs:
        rev.answers |= rev.record == "answered"
    for _ in range(ENOUGH):
        world.drive()


@given(st.integers(1, 9), st.integers(0, 9), st.integers(1, 9), st.booleans())
def test_at_most_one_revision_besides_the_newest_is_wanted(newest, serving, number, gives_way):
    wishes = {n: wanted_event(n, newest, serving, gives_way=gives_way) for n in range(1, 10)}
    assert wishes[newest] is E.WANTED
    others = [n for n, wish in wishes.items() if wish is E.WANTED and n != newest]
    assert others == ([serving] if serving not in (0, newest) and not gives_way else [])
    assert wishes[number] in (E.WANTED, E.REPLACED)


@pytest.mark.parametrize("wish", WISHES)
@pytest.mark.parametrize("phase", [phase for phase in P if phase is not P.GONE])
def test_each_request_has_an_action_in_each_phase(phase, wish):
    assert TABLE[phase, wish].actions


@pytest.mark.parametrize("event", Event)
def test_each_event_is_in_the_table(event):
    assert [phase for phase in Phase if (phase, event) in TABLE]


def test_each_row_follows_the_rules() -> None:
    for (phase, event), found in TABLE.items():
        row = f"{phase}, {event}"
        assert phase is not P.GONE, row
        if phase is P.OVER:
            assert found.phase in (P.OVER, P.GONE), row
        if found.phase is P.GONE:
            assert event is E.CLEARED, row
        if phase is not P.OVER and found.phase is P.OVER:
            assert found.actions[-1] is A.CLEAR, f"{row}: an end leaves no container"
        if A.LAUNCH in found.actions:
            assert found.phase in (P.STARTING, P.ANSWERED), row
        if phase is P.ENDING:
            assert found.phase is not P.STARTING, f"{row}: a container that ends is not kept"


def test_each_phase_is_reached_and_each_action_used() -> None:
    assert {P.WAITING, *(found.phase for found in TABLE.values())} == set(Phase)
    assert {action for found in TABLE.values() for action in found.actions} == set(Action)


def test_an_event_that_cannot_happen_is_a_fault() -> None:
    with pytest.raises(KeyError):
        TABLE[P.OVER, E.RUNS]
