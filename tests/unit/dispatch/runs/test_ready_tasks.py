"""Queued tasks are looked at: together, level by level, and none keeps the others waiting."""

import threading
import time
from types import SimpleNamespace

import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch.cache import keys
from nbyard.dispatch.runs import ready_tasks
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.domain.runs.structs import TaskPlan
from nbyard.errors import Unavailable


class Ground:
    """What is installed where work is done, and a clock by which that was long ago."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch):
        self.installed = "numpy 1"
        self.silent = ""
        self._ahead = 0.0
        monkeypatch.setattr(keys, "environment_of", self._look)
        monkeypatch.setattr(keys, "time", SimpleNamespace(monotonic=self._now))

    def _look(self, _: object, plan: TaskPlan, __: object) -> EnvironmentRef:
        if plan.runtime == self.silent:
            raise Unavailable("no word")
        return EnvironmentRef(fingerprint=self.installed)

    def _now(self) -> float:
        return time.monotonic() + self._ahead

    def install(self, installed: str) -> None:
        self.installed = installed
        self.wait()

    def wait(self) -> None:
        """Until what was seen before is old."""
        self._ahead += 2 * keys.FRESH_SECONDS


@pytest.fixture
def ground(bench: Bench, monkeypatch) -> Ground:
    """With one slot."""
    bench.context.settings.slots = 1
    return Ground(monkeypatch)


CHAIN = {f"n{at}": [f"n{at - 1}"] if at else [] for at in range(6)}


def run_once(bench: Bench, graph: dict[str, list[str]]) -> str:
    run = bench.submit(graph, cache=True)
    for node in graph:
        bench.until_task(run, "running", node)
        bench.runtime.end(bench.attempt(run, node), text=node)
    bench.until_run(run, "succeeded")
    return run


def test_an_unchanged_graph_is_one_write(bench, runtime):
    """Levels are planned in memory, followed by one commit."""
    run_once(bench, CHAIN)
    with bench.store.read() as c:
        before = bench.store.database.writes
        assert c is not None
    again = bench.submit(CHAIN, cache=True)
    submitted = bench.store.database.writes
    bench.until_run(again, "succeeded")
    assert submitted - before == 1
    assert bench.store.database.writes - submitted <= 2, "begun, then all of it"
    detail = bench.detail(again)
    assert all(task.cached and task.artifacts for task in detail.tasks)
    assert len(runtime.starts) == len(CHAIN)


def test_a_round_is_bounded_and_the_next_follows(bench, runtime, monkeypatch):
    """The next round follows at once."""
    run_once(bench, CHAIN)
    monkeypatch.setattr(ready_tasks, "NEW_IN_A_ROUND", 2)
    again = bench.submit(CHAIN, cache=True)
    runs = bench.dispatcher.runs
    bench.until(lambda: runs.candidates.is_behind)
    assert runs.seconds_until_due() == 0.0
    bench.until_run(again, "succeeded")
    assert len(runtime.starts) == len(CHAIN)


def test_code_is_looked_up_once_for_all_tasks(bench, monkeypatch):
    """The lookup runs beside the loop, because an engine may hang."""
    looked, seen = keys.environment_of, list[str]()

    def noted(*args: object) -> object:
        seen.append(threading.current_thread().name)
        return looked(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(keys, "environment_of", noted)
    run = bench.submit({f"n{at}": [] for at in range(5)})
    bench.until(lambda: len(bench.runtime.running) == 2)
    bench.cancel(run)
    assert len(seen) == 1 and seen[0].startswith("nbyard-work")


def installed_by_key(bench: Bench, run: str) -> str:
    with bench.store.read() as c:
        parts = bench.store.tasks.key_of(c, bench.task(run).id)["parts"]
    return str(parts["environment"])


def test_installations_while_a_task_waits_count(bench, ground):
    """Key and reason are those of the environment in which the task runs."""
    before, waiting = bench.submit(n=1), bench.submit(cache=True)
    bench.until_task(before, "running")
    bench.round(2)
    ground.install("numpy 2")
    bench.runtime.end(bench.attempt(before))
    bench.until_task(waiting, "running")
    assert installed_by_key(bench, waiting) == "numpy 2"
    bench.finish(waiting)
    ground.install("numpy 1")
    downgraded = bench.submit(cache=True)
    bench.until_task(downgraded, "running")
    assert "environment changed" in bench.task(downgraded).why
    bench.finish(downgraded)
    ground.install("numpy 2")
    again = bench.submit(cache=True)
    bench.until_run(again, "succeeded")
    assert bench.task(again).cached


def test_installations_during_a_run_are_not_recorded(bench, ground):
    """It is unknown which of the two environments gave the result."""
    run = bench.submit(cache=True)
    bench.until_task(run, "running")
    ground.install("numpy 2")
    bench.finish(run)
    for installed in ("numpy 1", "numpy 2"):
        ground.install(installed)
        again = bench.submit(cache=True)
        bench.until_task(again, "running")
        bench.finish(again)


def test_a_failing_lookup_delays_no_other_tasks(bench, ground, monkeypatch):
    """The next task gets the slot. The first one continues when the engine responds."""
    monkeypatch.setattr(ready_tasks, "PAUSE_SECONDS", 0.0)
    bench.context.runtimes["other"] = bench.runtime
    before, waiting = bench.submit(), bench.submit()
    bench.until_task(before, "running")
    bench.round(2)
    next_one = bench.submit(runtime="other")
    bench.round(2)
    ground.wait()
    ground.silent = "fake"
    bench.runtime.end(bench.attempt(before))
    bench.until_task(next_one, "running")
    assert (bench.task(waiting).state, bench.task(waiting).why) == ("queued", "waits: no word")
    ground.silent = ""
    bench.runtime.end(bench.attempt(next_one))
    bench.until_task(waiting, "running")


def test_many_lookups_hide_no_tasks(bench, monkeypatch):
    """A silent engine delays only its own tasks."""
    monkeypatch.setattr(ready_tasks, "NEW_IN_A_ROUND", 2)
    answers = threading.Event()

    def look(_: object, plan: TaskPlan, __: object) -> EnvironmentRef:
        assert plan.runtime != "far" or answers.wait(60)
        return EnvironmentRef()

    monkeypatch.setattr(keys, "environment_of", look)
    there = bench.submit({"a": [], "b": [], "c": []}, runtime="far")
    here = bench.submit()
    bench.until_now(lambda: bench.task(here).state == "running")
    assert {bench.task(there, node).state for node in "abc"} == {"queued"}
    answers.set()
    bench.until_task(there, "running")
