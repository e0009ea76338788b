"""What comes next in a run, and how it ends."""

from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.runs.run_progress import Progress, TaskOutcome
from nbyard.domain.state_machines import TASK

ENDS = ("succeeded", "failed", "cancelled")


@st.composite
def graphs(draw):
    """What each node needs: only nodes that stand before it, then shuffled."""
    size = draw(st.integers(1, 9))
    needs = {
        f"n{i}": draw(st.sets(st.integers(0, i - 1), max_size=3)) if i else set()
        for i in range(size)
    }
    order = draw(st.permutations(sorted(needs)))
    return {node: {f"n{i}" for i in needs[node]} for node in order}


class Story:
    """A run whose nodes end as they are told; the state of each is looked at as a whole."""

    def __init__(self, needs):
        self.needs = needs
        self.states: dict[str, Any] = dict.fromkeys(needs, "waiting")
        self.started: list[str] = []
        self.progress = self.afresh()
        self.follow(self.progress.first_steps())

    def afresh(self) -> Progress:
        return Progress({n: TaskOutcome(self.states[n], self.needs[n]) for n in self.needs})

    def follow(self, steps):
        """Write down what moves, and what moves because of that."""
        steps = list(steps)
        while steps:
            node, to = steps.pop()
            if self.states[node] != "waiting":
                continue
            if to == "queued":
                assert all(self.states[need] == "succeeded" for need in self.needs[node])
                self.started.append(node)
            steps += self.move(node, to)

    def move(self, node, to):
        assert to in TASK.moves[self.states[node]]
        self.states[node] = to
        return self.progress.record(node, to)


@given(graphs(), st.data())
def test_runs_end_and_no_task_starts_too_early(needs, data):
    """Tasks after an unsuccessful one are skipped, and all others run once.

    A reader in the middle sees the same.
    """
    story = Story(needs)
    while ready := [n for n, state in story.states.items() if state == "queued"]:
        assert story.progress.end(False) is None
        if data.draw(st.booleans()):
            story.progress = story.afresh()
            assert story.progress.first_steps() == []
        node = data.draw(st.sampled_from(ready))
        story.follow(story.move(node, data.draw(st.sampled_from(ENDS))))
    assert set(story.states.values()) <= TASK.terminal
    assert len(story.started) == len(set(story.started))
    for node, state in story.states.items():
        assert (state == "skipped") == any(story.states[n] != "succeeded" for n in needs[node])
    end = story.progress.end(False)
    assert end == story.afresh().end(False)
    assert (end == "succeeded") == (set(story.states.values()) == {"succeeded"})


def test_a_repeated_terminal_state_changes_nothing():
    tasks = {"a": TaskOutcome("running", ()), "b": TaskOutcome("waiting", ("a",))}
    progress = Progress(tasks)
    assert progress.first_steps() == []
    assert progress.record("a", "succeeded") == [("b", "queued")]
    assert progress.record("a", "failed") == progress.record("a", "succeeded") == []


def test_unwritten_skips_are_due():
    tasks = {
        "c": TaskOutcome("waiting", ("b",)),
        "b": TaskOutcome("waiting", ("a",)),
        "a": TaskOutcome("failed", ()),
    }
    progress = Progress(tasks)
    assert progress.first_steps() == [("b", "skipped")]
    assert progress.record("b", "skipped") == [("c", "skipped")]


class Branches(Story):
    """A run some of whose tasks are left out by a condition. `optional` dependencies may be."""

    def __init__(self, needs, optional):
        self.optional = optional
        self.left_out: set[str] = set()
        super().__init__(needs)

    def afresh(self) -> Progress:
        return Progress(
            {
                n: TaskOutcome(self.states[n], self.needs[n], self.optional[n], n in self.left_out)
                for n in self.needs
            }
        )

    def follow(self, steps):
        for node, to in steps:
            if self.states[node] == "waiting":
                self.end(node, to, to == "skipped" and self.progress.leaves_out(node))

    def end(self, node, state, is_left_out):
        self.states[node] = state
        self.left_out |= {node} if is_left_out else set()
        self.follow(self.progress.record(node, state, is_left_out=is_left_out))


@given(graphs(), st.data())
def test_joins_run_if_any_branch_ran(needs, data):
    """A condition leaves a task out, and what reads only such tasks. Failures reach all others."""
    some = {node: st.sets(st.sampled_from(sorted(of))) for node, of in needs.items() if of}
    optional = {node: data.draw(some[node]) if of else set() for node, of in needs.items()}
    story = Branches(needs, optional)
    while ready := [n for n, state in story.states.items() if state == "queued"]:
        if data.draw(st.booleans()):
            story.progress = story.afresh()
            assert story.progress.first_steps() == []
        end = data.draw(st.sampled_from(("succeeded", "failed", "skipped")))
        story.end(data.draw(st.sampled_from(ready)), end, end == "skipped")
    assert set(story.states.values()) <= TASK.terminal
    has_failed = "failed" in story.states.values()
    assert story.progress.end(False) == ("failed" if has_failed else "succeeded")
    for node, of in needs.items():
        missing = {need for need in of if story.states[need] != "succeeded"}
        if missing <= story.left_out & optional[node] and (missing < of or not of):
            assert story.states[node] != "skipped" or node in story.left_out
        else:
            assert story.states[node] == "skipped"
            # one of its dependencies may fail later
            assert node not in story.left_out or missing & story.left_out
            assert node in story.left_out or missing - story.left_out


@pytest.mark.parametrize("states", list(product(sorted(TASK.moves), repeat=2)))
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_run_ends_when_all_tasks_have(states, cancelled):
    tasks = {f"n{at}": TaskOutcome(state, ()) for at, state in enumerate(states)}
    end = Progress(tasks).end(cancelled)
    if set(states) & TASK.live:
        assert end is None
    elif "failed" in states:
        assert end == "failed"
    elif "cancelled" in states:
        assert end == "cancelled"
    elif set(states) == {"succeeded"}:
        assert end == "succeeded", "asked to end too late: everything was done"
    else:
        assert end == ("cancelled" if cancelled else "succeeded")
