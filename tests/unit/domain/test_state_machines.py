"""The transition tables."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain import state_machines
from nbyard.domain.state_machines import MACHINES

ALL = list(MACHINES.values())
LITERALS = {
    "run": state_machines.RunState,
    "task": state_machines.TaskState,
    "attempt": state_machines.AttemptState,
    "dataset-version": state_machines.DatasetState,
    "environment-version": state_machines.EnvironmentState,
    "image": state_machines.ImageState,
    "deployment": state_machines.DeploymentState,
    "backfill": state_machines.BackfillState,
    "bisection": state_machines.BisectionState,
}


@pytest.fixture(params=ALL, ids=lambda machine: machine.name)
def machine(request):
    return request.param


def test_states_are_those_of_its_type(machine):
    assert set(machine.moves) == set(get_args(LITERALS[machine.name]))
    assert {state for after in machine.moves.values() for state in after} <= set(machine.moves)


def test_every_state_is_reached_from_the_initial_one(machine):
    seen, todo = {machine.initial}, [machine.initial]
    while todo:
        for state in machine.moves[todo.pop()]:
            if state not in seen:
                seen.add(state)
                todo.append(state)
    assert seen == set(machine.moves)


def test_an_end_is_reached_from_every_state(machine):
    ends = set(machine.terminal) | set(machine.rests)
    while more := {s for s, after in machine.moves.items() if ends & set(after)} - ends:
        ends |= more
    assert ends == set(machine.moves)


def test_terminal_states_have_no_moves_and_live_ones_do(machine):
    assert machine.terminal | machine.live | set(machine.rests) == set(machine.moves)
    assert not machine.terminal & machine.live
    assert not set(machine.rests) & (machine.live | machine.terminal)
    assert all(not machine.moves[state] for state in machine.terminal)
    assert all(machine.moves[state] for state in machine.live)
    assert machine.initial in machine.live


@given(st.sampled_from(ALL), st.data())
def test_before_is_the_inverse_of_moves(machine, data):
    one, other = (data.draw(st.sampled_from(sorted(machine.moves))) for _ in range(2))
    assert (one in machine.before(other)) == (other in machine.moves[one])


def test_no_state_follows_itself(machine):
    assert all(state not in after for state, after in machine.moves.items())


def test_live_work_can_be_cancelled_or_lost():
    assert all("cancelled" in state_machines.RUN.moves[s] for s in state_machines.RUN.live)
    assert all(
        {"lost", "cancelled"} <= set(state_machines.ATTEMPT.moves[s])
        for s in state_machines.ATTEMPT.live
    )
    assert state_machines.TASK.before("queued") == {"waiting", "preparing", "running"}


def test_resting_states_of_deployments_can_be_left():
    """They can start again, and stop from any state."""
    machine = state_machines.DEPLOYMENT
    assert not machine.terminal
    assert all("queued" in machine.moves[state] for state in machine.rests)
    assert all("stopping" in machine.moves[s] for s in machine.live - {"stopping"})
