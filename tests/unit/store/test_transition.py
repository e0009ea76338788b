"""One writer of states: compare-and-set, and an event in the same transaction."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from nbyard.domain.ids import new_id
from nbyard.domain.state_machines import DATASET_VERSION, MACHINES, RUN
from nbyard.reasons.structs import because
from nbyard.store import Store, transition
from nbyard.store.events import Move, Subject

from .rows import Rows

START = datetime(2026, 1, 2, tzinfo=UTC)


def add_run(store: Store) -> Subject:
    with store.write() as c:
        return Subject(Rows(store, c).run().id, "ada")


@pytest.fixture
def run(store: Store) -> Subject:
    return add_run(store)


def events_of(store: Store, subject: Subject) -> list[str]:
    with store.read() as c:
        found = store.events.events_after(c, "ada", 0, 500)
    return [e.data["state"] for e in found if e.subject_id == subject.id]


def test_many_transitions_have_separate_events(store: Store, run: Subject) -> None:
    other = add_run(store)
    with store.write() as c:
        transition.move_all(
            c,
            [
                a_move(run, "queued", "running", started_at=START),
                a_move(other, "queued", "failed", reason=because("forced")),
                a_move(run, "running", "succeeded", finished_at=START),
            ],
        )
        transition.move_all(c, [])
    with store.read() as c:
        assert transition.state_of(c, RUN, run.id) == "succeeded"
        assert transition.state_of(c, RUN, other.id) == "failed"
        found = store.runs.by_id(c, run.id)
        told = [(e.subject_id, e.data["state"]) for e in store.events.events_after(c, "ada", 0, 9)]
    assert found is not None and (found.started_at, found.finished_at) == (START, START)
    assert told[2:] == [(run.id, "running"), (other.id, "failed"), (run.id, "succeeded")]


@pytest.mark.parametrize(
    ("since", "to"), [("running", "succeeded"), ("queued", "succeeded"), ("failed", "running")]
)
def test_a_failed_transition_undoes_all(store: Store, run: Subject, since: str, to: str) -> None:
    """The row has another state, or the table lacks the move."""
    other = add_run(store)
    moves = [a_move(other, "queued", "running"), a_move(run, since, to)]
    with pytest.raises(transition.StaleState), store.write() as c:
        transition.move_all(c, moves)
    assert events_of(store, run) == events_of(store, other) == ["queued"]


def a_move(subject: Subject, since: str, to: str, **columns: object) -> Move:
    return Move(RUN, subject, since, to, columns, {})


def test_a_transition_needs_the_expected_state(store: Store, run: Subject) -> None:
    with store.write() as c:
        assert not transition.move(c, RUN, run, "failed", since=["running"])


def test_a_failed_transaction_writes_neither_state_nor_event(store: Store, run: Subject) -> None:
    with pytest.raises(ZeroDivisionError), store.write() as c:
        transition.move(c, RUN, run, "running")
        _ = 1 / 0
    with store.read() as c:
        assert transition.state_of(c, RUN, run.id) == "queued"
    assert events_of(store, run) == ["queued"]


def test_one_of_many_concurrent_transitions_wins(store: Store, run: Subject) -> None:
    start = threading.Barrier(8)

    def is_first(to: str) -> bool:
        start.wait()
        with store.write() as c:
            return transition.move(c, RUN, run, to)

    states = ["cancelled", "failed"] * 4
    with ThreadPoolExecutor(8) as pool:
        (won,) = (to for to, first in zip(states, pool.map(is_first, states), strict=True) if first)
    assert events_of(store, run) == ["queued", won]


def test_a_missing_row_is_reported(store: Store) -> None:
    with store.write() as c:
        assert not transition.move(c, DATASET_VERSION, Subject(new_id(), "ada"), "ready")
        assert transition.state_of(c, DATASET_VERSION, new_id()) is None


class RunMoves(RuleBasedStateMachine):
    """Random wishes in random order against the table."""

    store: Store

    @initialize()
    def begin(self) -> None:
        self.subject = add_run(self.store)
        self.states = [RUN.initial]

    @rule(to=st.sampled_from(sorted(RUN.moves)))
    def wish(self, to: str) -> None:
        with self.store.write() as c:
            moved = transition.move(c, RUN, self.subject, to)
        assert moved == (to in RUN.moves[self.states[-1]])
        self.states += [to] * moved

    @invariant()
    def store_agrees(self) -> None:
        """Each transition wrote its state and its event, and a refused one wrote nothing."""
        if hasattr(self, "states"):
            with self.store.read() as c:
                assert transition.state_of(c, RUN, self.subject.id) == self.states[-1]
            assert events_of(self.store, self.subject) == self.states


def test_random_transitions_follow_the_table(store: Store) -> None:
    RunMoves.store = store
    case = RunMoves.TestCase
    case.settings = settings(
        max_examples=15,
        stateful_step_count=8,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    case().runTest()


def test_every_machine_has_a_table() -> None:
    assert set(transition.TABLES) == set(MACHINES)
