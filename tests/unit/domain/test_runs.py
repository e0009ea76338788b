"""What comes next in a run, and how it ends."""

from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.runs import (
    BytesOf,
    NewRun,
    ResultOf,
    TaskOutcome,
    TaskPlan,
    ValueOf,
    advance,
    run_state,
)
from nbyard.domain.states import TASK

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


@given(graphs(), st.data())
def test_runs_come_to_an_end_and_nothing_starts_too_early(needs, data):
    """R7: what stands after a task that did not succeed is skipped; all else runs, once."""
    states: dict[str, Any] = dict.fromkeys(needs, "waiting")
    started = []
    while True:
        moves = advance({n: TaskOutcome(states[n], needs[n]) for n in needs})
        for node, to in moves.items():
            assert to in TASK.moves[states[node]]
            states[node] = to
            if to == "queued":
                assert all(states[need] == "succeeded" for need in needs[node])
                started.append(node)
        ready = [n for n, state in states.items() if state == "queued"]
        if not ready:
            break
        states[data.draw(st.sampled_from(ready))] = data.draw(st.sampled_from(ENDS))
    assert set(states.values()) <= TASK.terminal
    assert len(started) == len(set(started))
    for node, state in states.items():
        assert (state == "skipped") == any(states[n] != "succeeded" for n in needs[node])
    end = run_state(list(states.values()), False)
    assert (end == "succeeded") == (set(states.values()) == {"succeeded"})


def test_a_second_look_moves_nothing():
    tasks = {"a": TaskOutcome("waiting", ()), "b": TaskOutcome("waiting", ("a",))}
    assert advance(tasks) == {"a": "queued"}
    assert advance({**tasks, "a": TaskOutcome("running", ())}) == {}
    assert advance({}) == {}


def test_skips_go_through_at_once_in_whatever_order():
    tasks = {
        "c": TaskOutcome("waiting", ("b",)),
        "b": TaskOutcome("waiting", ("a",)),
        "a": TaskOutcome("failed", ()),
    }
    assert advance(tasks) == {"b": "skipped", "c": "skipped"}


@pytest.mark.parametrize("states", list(product(sorted(TASK.moves), repeat=2)))
@pytest.mark.parametrize("cancelled", [False, True])
def test_a_run_ends_when_all_tasks_have(states, cancelled):
    end = run_state(states, cancelled)
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


def test_bindings_keep_their_kind_in_json():
    bindings: dict[str, Any] = {
        "a": ValueOf(None),
        "b": BytesOf("sha256:1", "x.csv"),
        "c": ResultOf("clean", "tidy"),
    }
    plan = TaskPlan("train", "Train", "e", "v", [], bindings, "process")
    assert plan.needs() == {"clean"}
    assert msgspec.json.decode(msgspec.json.encode(plan), type=TaskPlan) == plan


def test_a_wish_with_an_unknown_field_is_refused():
    with pytest.raises(msgspec.ValidationError, match="paramters"):
        msgspec.convert({"path": "a.nbflow", "paramters": {}}, NewRun)
    with pytest.raises(msgspec.ValidationError, match="scope"):
        msgspec.convert({"path": "a.nbflow", "scope": "half"}, NewRun)
