"""Runs as a whole: random graphs, random facts in random order, dispatchers that come and go."""

import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import create_engine, text
from tests.support.fake_runtime_bench import OWNER, Bench, FakeRuntime, Graph

from nbyard.dispatch.attempts import attempt_driver
from nbyard.dispatch.loop import Dispatcher
from nbyard.domain import limits
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.limits import LOST_RETRIES
from nbyard.domain.runs.structs import Task
from nbyard.domain.state_machines import ATTEMPT, MACHINES, RUN, TASK
from nbyard.reasons.structs import because
from nbyard.settings import Settings
from nbyard.store.leases import LeaseLost
from nbyard.store.schema.tables import metadata
from nbyard.yard import Yard

T = TypeVar("T")
# Of what is there when it comes to it: what is drawn depends on no thread.
WHICH = st.integers(0, 59)
GRAPHS: list[Graph] = [
    {"a": []},
    {"a": [], "b": ["a"], "c": ["b"]},
    {"a": [], "b": ["a"], "c": ["a"], "d": ["a"]},
    {"a": [], "b": ["a"], "c": ["a"], "d": ["b", "c"]},
    {"a": [], "b": [], "c": ["a", "b"]},
]
FAILURES = [
    Failure("error", because("text", text="boom")),
    Failure("exit-code", because("text", text="exit code 3"), exit_code=3),
    Failure("kernel-died", because("text", text="the kernel died (signal 9)")),
]
SLOTS = 2
TEXT = "[3, 1, 2]"  # always the same, so that cached results fit


class Runs(RuleBasedStateMachine):
    """What may happen to a store; the test says which database, and how one begins."""

    database_url = ""
    empty_database = b""
    most_attempts = LOST_RETRIES + 1
    repeated: Collection[str] = ()

    @initialize()
    def open(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="nbyard-model-")
        place = Path(self._folder.name)
        (place / "root").mkdir()
        self._empty(place / "store")
        config = Settings(
            store_dir=str(place / "store"),
            database_url=self.database_url,
            inline_dispatch=True,
            slots=SLOTS,
            gpus=["0"],
        )
        self.yard = Yard.open(config, place / "root", place / "root")
        self.bench = Bench(self.yard, place / "root")
        self.runtimes = [self.bench.runtime, self.bench.far]
        self.runs: list[str] = []
        self.former: Dispatcher | None = None
        self.cursor = 0
        self.last: dict[str, str] = {}

    def _empty(self, folder: Path) -> None:
        """A database of PostgreSQL is used for all examples: rows go, and so does the lease."""
        folder.mkdir(mode=0o700)
        if not self.database_url:
            (folder / "store.sqlite").write_bytes(self.empty_database)
            return
        engine = create_engine(self.database_url)
        with engine.begin() as c:
            c.execute(text("truncate " + ", ".join(metadata.tables)))
        engine.dispose()

    @precondition(lambda self: len(self.runs) < 4)
    @rule(
        graph=st.sampled_from(GRAPHS),
        cache=st.booleans(),
        n=st.integers(0, 1),
        cpu=st.sampled_from([None, 0.5, 2.0]),
        gpu=st.sampled_from([None, None, 1]),
        runtime=st.sampled_from(["fake", "far"]),
    )
    def submit(self, graph: Graph, runtime: str, **plan: Any) -> None:
        self.runs.append(self.bench.submit(graph, runtime=runtime, **plan))

    @rule(times=st.integers(1, 3))
    def round(self, times: int) -> None:
        self.bench.round(times)

    @rule(which=WHICH)
    def finish(self, which: int) -> None:
        self._end(which, "succeeded", None)

    @rule(which=WHICH, failure=st.sampled_from(FAILURES))
    def fail(self, which: int, failure: Failure) -> None:
        self._end(which, "failed", failure)

    def _end(self, which: int, state: str, failure: Failure | None) -> None:
        for runtime, attempt in one_of(self._running(), which):
            runtime.end(attempt, state, text=TEXT, failure=failure)

    def _running(self) -> list[tuple[FakeRuntime, str]]:
        return [(runtime, attempt) for runtime in self.runtimes for attempt in runtime.running]

    @rule(which=WHICH)
    def lose(self, which: int) -> None:
        for runtime, attempt in one_of(self._running(), which):
            runtime.lose(attempt)

    @rule()
    def power_cut(self) -> None:
        """All that runs is lost, and what comes after it is begun."""
        for runtime, attempt in self._running():
            runtime.lose(attempt)
        self.bench.round(3)

    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        live = [run for run in self.runs if self.bench.run(run).state in RUN.live]
        for run in one_of(live, which):
            self.bench.cancel(run)

    @rule(which=st.integers(0, 1), reach=st.booleans(), obeys=st.booleans())
    def weather(self, which: int, reach: bool, obeys: bool) -> None:
        self.runtimes[which].out_of_reach = "" if reach else "no engine"
        self.runtimes[which].obeys = obeys

    @precondition(lambda self: len(self.runs) < 4)
    @rule(graph=st.sampled_from(GRAPHS), gpu=st.sampled_from([None, 1]))
    def an_engine_comes_back(self, graph: Graph, gpu: int | None) -> None:
        """Others have taken what it gave back."""
        self.weather(1, reach=False, obeys=True)
        for runtime in ("far", "fake"):
            self.submit(graph, runtime, gpu=gpu)
            self.bench.round(3)
        self.weather(1, reach=True, obeys=True)
        self.bench.round(3)

    @rule()
    def kill_the_dispatcher(self) -> None:
        self.former = self.bench.replace_dispatcher()

    @rule()
    def the_former_wakes_up(self) -> None:
        """After a long suspension, it may read but not write."""
        if self.former is None:
            return
        before = self._events()
        try:
            self.former.tick()
        except LeaseLost:
            self.former = None
        else:
            self.former.settle(10)
        assert self._events() == before

    @rule()
    def time_passes(self) -> None:
        self.bench.dispatcher.sweeper.next_sweep_at = 0.0

    def _events(self) -> int:
        with self.bench.store.read() as c:
            return self.bench.store.events.newest_id(c)

    @invariant()
    def moves_are_those_of_the_table(self) -> None:
        with self.bench.store.read() as c:
            new = self.bench.store.events.events_after(c, OWNER.name, self.cursor, 10_000)
        for one in new:
            self.cursor = one.id
            machine = MACHINES.get(one.topic)
            if machine is None or "change" in one.data or "state" not in one.data:
                continue
            before = self.last.get(one.subject_id)
            after = one.data["state"]
            assert after == machine.initial if before is None else machine.allows(before, after)
            self.last[one.subject_id] = after

    @invariant()
    def tasks_and_attempts_fit(self) -> None:
        for run in self.runs:
            detail = self.bench.detail(run)
            for task in detail.tasks:
                live = [a for a in task.attempts if a.state in ATTEMPT.live]
                assert len(live) <= 1, "I3: one live attempt of a task"
                assert len(task.attempts) <= self.most_attempts
                assert not (live and task.state in TASK.terminal)
                done = [a for a in task.attempts if a.state == "succeeded"]
                if task.node not in self.repeated:
                    assert len(done) <= 1, "I7: what is finished is not executed again"
                    assert not done or task.attempts[-1].state == "succeeded"
                published = [a.name for a in task.artifacts]
                assert published in self.outputs(task), "I6: published once, and by success only"
                assert task.state != "queued" or task.waits, "I4: queued, and says why"

    def outputs(self, task: Task) -> list[list[str]]:
        """What a task in its state may have published."""
        return [["out"] if task.state == "succeeded" else []]

    def after_failure(self, task: Task) -> set[str]:
        """The states of a task that needs one without success, after its run."""
        return {"skipped"}

    @invariant()
    def no_more_is_granted_than_there_is(self) -> None:
        """This counts all live work, whatever the store and the dispatcher know."""
        orders = [runtime.orders[attempt] for runtime, attempt in self._running()]
        assert sum(order.cpu or 1.0 for order in orders) <= SLOTS
        gpus = [gpu for order in orders for gpu in order.gpus]
        assert len(gpus) == len(set(gpus)) == sum(order.gpu or 0 for order in orders)

    def teardown(self) -> None:
        if hasattr(self, "yard"):
            try:
                self._everything_ends()
            finally:
                self.bench.close()
                self.yard.close()
                self._folder.cleanup()

    def _everything_ends(self) -> None:
        """Without faults, every run ends, and nothing remains."""
        for runtime in self.runtimes:
            runtime.out_of_reach, runtime.obeys = "", True
        for _ in range(100):
            for runtime, attempt in self._running():
                runtime.end(attempt, text=TEXT)
            self.bench.round()
            self.moves_are_those_of_the_table()
            self.no_more_is_granted_than_there_is()
            if all(self.bench.run(run).state in RUN.terminal for run in self.runs):
                break
        for run in self.runs:
            detail = self.bench.detail(run)
            assert detail.run.state in RUN.terminal
            states = {task.node: task.state for task in detail.tasks}
            assert set(states.values()) <= TASK.terminal
            for task in detail.tasks:
                bad = [need for need in task.needs if states[need] != "succeeded"]
                if bad:
                    assert task.state in self.after_failure(task), "no success is upstream"
        self.tasks_and_attempts_fit()
        self.time_passes()
        self.bench.round(2)
        assert self._running() == []


def one_of(found: list[T], which: int) -> list[T]:
    """None of nothing."""
    return [found[which % len(found)]] if found else []


@pytest.mark.first
@pytest.mark.slow
@pytest.mark.timeout(600)  # --full has it draw many times as much
@pytest.mark.parametrize(
    ("database_url", "examples"), [("sqlite", 25), ("postgresql", 5)], indirect=["database_url"]
)
def test_runs(database_url, examples, empty_database, monkeypatch):
    draw_stories(Runs, database_url, examples, empty_database, monkeypatch)


def draw_stories(
    machine: type[Runs],
    database_url: str,
    examples: int,
    empty_database: bytes,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Run random stories; --full draws many times as much."""
    monkeypatch.setattr(limits, "BACKOFF_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr("nbyard.blobs.file_operations.os.fsync", lambda _: None)
    monkeypatch.setattr(machine, "database_url", database_url)
    monkeypatch.setattr(machine, "empty_database", empty_database)
    default = settings.default
    assert default is not None
    wanted = settings(
        max_examples=max(1, examples * default.max_examples // 100),
        stateful_step_count=25,
        deadline=None,
        phases=[Phase.generate],  # a long story soon rather than a short one too late
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine, settings=wanted)
