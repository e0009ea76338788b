"""Slots: never more than there are, and nobody overtakes."""

from hypothesis import given
from hypothesis import strategies as st

from nbyard.dispatch.resources import Slots, capacity
from nbyard.domain.runs import TaskPlan
from nbyard.settings import Settings

CPUS = st.none() | st.floats(0.1, 8)


def plan(cpu: float | None) -> TaskPlan:
    return TaskPlan("a", "a", "", "", [], {}, "process", cpu=cpu)


def test_the_setting_counts_else_the_cores() -> None:
    assert capacity(Settings(slots=3)) == 3
    assert capacity(Settings()) >= 1


def test_a_task_that_wants_too_much_runs_alone() -> None:
    slots = Slots(2, [])
    assert slots.grant(plan(64))
    assert not slots.grant(plan(0.1))


def test_nobody_overtakes() -> None:
    """F25."""
    slots = Slots(2, [plan(1)])
    assert not slots.grant(plan(2))
    assert not slots.grant(plan(1))


@given(st.lists(CPUS), st.integers(1, 8))
def test_never_more_than_there_are(wanted: list[float | None], total: int) -> None:
    """R1."""
    slots = Slots(total, [])
    granted = [cpu for cpu in wanted if slots.grant(plan(cpu))]
    assert sum(min(cpu or 1, total) for cpu in granted) <= total + 1e-6
    assert granted == wanted[: len(granted)]
