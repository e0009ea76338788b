"""The number of calls for each worker, and when another worker pays off."""

from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.dispatch.runs.ready_tasks import (
    AHEAD_AT_FIRST,
    KIND,
    MOST_AHEAD,
    WorkerAssignment,
    group_of,
)
from nbyard.dispatch.state.live_runs import LiveWorker
from nbyard.domain.attempts.structs import Result
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.structs import TaskPlan, ValueOf

PLAN: Any = SimpleNamespace(executable_version_id="v")


def worker(name: str, count: int, group: tuple[str, ...] = ("g",), **more: Any) -> LiveWorker:
    attempts: Any = {f"{name}{at}": None for at in range(count)}
    run: Any = None
    return LiveWorker(name, "m", run, group, attempts, **more)


def placing(*workers: LiveWorker) -> WorkerAssignment:
    board: Any = SimpleNamespace(workers={one.id: one for one in workers})
    return WorkerAssignment(board)


def took(seconds: float) -> Result:
    return Result("a", "t", "succeeded", 10.0, 10.0 + seconds)


@pytest.mark.parametrize(
    ("seconds", "most"),
    [(None, AHEAD_AT_FIRST), (0.0, MOST_AHEAD), (2**-7, 128), (0.25, 4), (60.0, 1)],
)
def test_a_worker_has_work_for_about_a_second(seconds, most):
    found = placing()
    if seconds is not None:
        found.learn_duration(PLAN, took(seconds))
    assert found.has_room(worker("a", most - 1), PLAN)
    assert not found.has_room(worker("a", most), PLAN)


def test_recent_durations_count_most() -> None:
    found = placing()
    for seconds in (0.001, 60.0, 60.0):
        found.learn_duration(PLAN, took(seconds))
    assert not found.has_room(worker("a", 1), PLAN)


def test_long_work_is_worth_another_worker() -> None:
    found = placing()
    assert not found.is_enough(worker("a", 1), PLAN)
    found.learn_duration(PLAN, took(0.00001))
    assert found.is_enough(worker("a", 500), PLAN)
    found.learn_duration(PLAN, took(10.0))
    assert not found.is_enough(worker("a", 1), PLAN)


def test_the_least_busy_worker_is_chosen() -> None:
    one, two, other = worker("a", 3), worker("b", 2), worker("c", 1, ("other",))
    idle, adopted, left = worker("d", 0), worker("e", 1, ()), worker("f", 1, has_left=True)
    found = placing(one, two, other, idle, adopted, left)
    assert found.busy_workers() == {("g",): two, ("other",): other}


def test_an_idle_worker_is_used_before_a_new_one() -> None:
    task: Any = SimpleNamespace(run=None)
    idle, gone = worker("a", 0), worker("b", 0, has_left=True)
    assert placing(gone, idle).idle_or_new_worker(task, ("g",)) is idle
    assert placing(gone).idle_or_new_worker(task, ("g",)).id not in ("a", "b")
    assert placing(idle).idle_or_new_worker(task, ("other",)) is not idle


@pytest.mark.parametrize(
    ("value", "shares"),
    [(1, True), ("a/b", True), ("/", True), ("/data/a", False), (["~/a"], False)],
)
def test_a_call_with_an_absolute_path_has_its_own_process(value, shares):
    """The runner watches paths from the start of a process."""
    plan = TaskPlan(
        *("n", "label", "e", "v"), arguments=[], bindings={"n": ValueOf(value)}, runtime=PROCESS
    )
    task: Any = SimpleNamespace(is_prunable=False, record=SimpleNamespace(plan=plan, run_id="r"))
    version = SimpleNamespace(kind=KIND, file="steps.py::f", bundle_digest="b")
    code: Any = SimpleNamespace(version=version)
    environment: Any = SimpleNamespace(fingerprint="f")
    assert bool(group_of(task, code, environment)) == shares
