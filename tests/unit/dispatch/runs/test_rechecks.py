"""The nightly sample: which cached nodes run again, and what becomes of their code."""

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace
from sqlalchemy import select, update
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.runs.rechecks import RecheckController, is_sampled
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.origins import RECHECK
from nbyard.domain.users.isolation import Isolation
from nbyard.domain.users.quotas import NewQuota
from nbyard.reasons.structs import because, separate
from nbyard.store.schema.tables import runs, tasks

NIGHT = datetime.now(UTC).replace(hour=2)
YESTERDAY = NIGHT - timedelta(hours=12)
CHAIN = {"a": (), "b": ("a",)}


class Nights:
    """A controller of the sample, whose nights the test calls."""

    def __init__(self, bench: Bench):
        self.bench, self.night, self.project = bench, NIGHT, ""
        self.controller = self.restarted()

    def restarted(self) -> RecheckController:
        return RecheckController(self.bench.context, self.bench.dispatcher.threads)

    def cached(self, graph=CHAIN, **plan) -> str:
        """Return the ID of a run whose nodes came from the cache, at noon of the day before."""
        bench = self.bench
        run = bench.submit(graph, **{"cache": True, **plan})
        if self.project:
            bench.yard.services.projects.link(OWNER, self.project, NewLink("run", run))
        for node in graph:
            bench.until(partial(self.has_begun, run, node))
            if bench.task(run, node).state == "running":
                bench.runtime.end(bench.attempt(run, node), text=f"made by {node}")
        bench.until_run(run, "succeeded")
        with bench.store.write() as c:
            noon = self.night - timedelta(hours=12)
            c.execute(update(tasks).where(tasks.c.run_id == run).values(finished_at=noon))
        return run

    def has_begun(self, run: str, node: str) -> bool:
        return self.bench.task(run, node).state in ("running", "succeeded")

    def look(self) -> list[str]:
        """Look; return the IDs of all rechecks."""
        settings = self.bench.context.settings
        settings.reproducibility_sample = 100  # not in other rounds, at the time of the test
        self.controller.look(self.night)
        settings.reproducibility_sample = 0
        with self.bench.store.read() as c:
            ids = select(runs.c.id).where(runs.c.origin == RECHECK).order_by(runs.c.id)
            return [*c.execute(ids).scalars()]

    def end(self, run: str, text: str) -> None:
        """Let the node of a recheck write this, and compare it."""
        (node,) = (task.node for task in self.bench.yard.services.runs.get(OWNER, run).tasks)
        self.bench.until_task(run, "running", node)
        self.bench.runtime.end(self.bench.attempt(run, node), text=text)
        self.bench.until_run(run, "succeeded")
        self.look()


@pytest.fixture
def nights(bench) -> Nights:
    return Nights(bench)


def test_other_bytes_mark_the_code_and_its_cached_uses(nights):
    bench = nights.bench
    nights.cached(), nights.cached()
    (of_a, of_b) = nights.look()
    assert nights.look() == [of_a, of_b]  # once
    run = bench.run(of_a)
    assert (run.priority, run.workflow_id, run.path, run.is_scratch) == (-100, "", "", False)
    nights.end(of_a, "made by a")
    nights.end(of_b, "something else")
    told = [bench.task(name, node).reason for name, node in ((of_a, "a"), (of_b, "b"))]
    assert [reason.code for reason in told] == ["reproduced", "not-reproduced"]
    assert told[1].params["outputs"] == ["out"]
    found = bench.yard.services.executables.get(OWNER, bench.version[0]).current.not_reproducible
    assert found == because("not-reproducible", outputs=["out"], at=f"{run.created_at:%Y-%m-%d}")
    # The cache stays in force, with the recorded bytes, and says so once.
    for _ in range(2):
        again = nights.cached()
        task = bench.task(again, "b")
        assert task.cached and separate(task.warning) == [found]
    nights.controller = nights.restarted()
    assert len(nights.look()) == 2


def test_new_code_has_no_mark(nights, monkeypatch):
    bench = nights.bench
    nights.cached({"a": ()}), nights.cached({"a": ()})
    (recheck,) = nights.look()
    nights.end(recheck, "something else")
    monkeypatch.setattr("tests.support.fake_runtime_bench.SCRIPT", "print('new')")
    bench.version = bench.register()
    assert bench.yard.services.executables.get(OWNER, bench.version[0]).current.number > 1
    assert not bench.yard.services.executables.get(OWNER, bench.version[0]).current.not_reproducible
    nights.cached({"a": ()})
    task = bench.task(nights.cached({"a": ()}))
    assert task.cached and task.warning is None


def test_other_code_or_data_is_not_compared(nights):
    bench = nights.bench
    nights.cached({"a": ()})
    kept = nights.cached({"a": ()})
    (recheck,) = nights.look()
    with bench.store.write() as c:
        c.execute(update(tasks).where(tasks.c.run_id == kept).values(parts={"code": "another"}))
    nights.end(recheck, "something else")
    assert bench.task(recheck).reason == because("not-comparable")
    assert not bench.yard.services.executables.get(OWNER, bench.version[0]).current.not_reproducible


def test_only_computed_and_cached_nodes_of_the_day_count(nights):
    bench = nights.bench
    first = nights.cached({"a": ()})
    assert nights.look() == []  # nothing came from the cache
    nights.night += timedelta(days=1)
    reused = nights.cached({"a": ()}, reuse=bench.task(first).id)
    assert bench.task(reused).cached and nights.look() == []
    nights.night += timedelta(days=1)
    nights.cached({"a": ()})
    nights.night += timedelta(days=1)
    nights.cached({"a": ()})
    assert len(nights.look()) == 1  # equal results once, also of two days


def test_a_recheck_runs_by_the_right_of_the_project_of_its_run(nights):
    """The Dask cluster is for runs of a project. The recheck itself belongs to no project."""
    bench, projects = nights.bench, nights.bench.yard.services.projects
    nights.project = projects.create(OWNER, NewProject("wine")).id
    projects.create(OWNER, NewProject("beer"))
    bench.context.runtimes["dask"] = bench.runtime
    rules = Isolation(is_shared=True, dask_users=("project:ada/wine",))
    bench.store.isolation = rules
    nights.cached({"a": ()}, runtime="dask"), nights.cached({"a": ()}, runtime="dask")
    (recheck,) = nights.look()
    nights.end(recheck, "something else")
    assert bench.task(recheck).reason.code == "not-reproduced"
    nights.night += timedelta(days=1)
    nights.cached({"a": ()}, runtime="dask")
    bench.store.isolation = replace(rules, dask_users=("project:ada/beer",))
    assert nights.look() == [recheck]


def test_a_full_quota_ends_no_night(nights):
    bench = nights.bench
    nights.cached({"a": ()}), nights.cached({"a": ()})
    bench.submit({"a": ()}, n=5)
    bench.yard.services.quotas.set(OWNER, "everyone", NewQuota(queued_runs=1))
    assert nights.look() == []
    bench.yard.services.quotas.set(OWNER, "everyone", NewQuota())
    assert nights.look() == []


def test_it_is_off_by_default(nights):
    nights.cached({"a": ()}), nights.cached({"a": ()})
    nights.controller.tick()
    assert nights.bench.dispatcher.settle(10)
    with nights.bench.store.read() as c:
        assert nights.bench.store.facts.get(c, "rechecked_at") is None


@given(st.floats(0, 100), st.text(), st.text())
def test_a_larger_sample_has_the_smaller_one(percent, owner, key):
    picked = is_sampled(percent, NIGHT, owner, key)
    assert picked <= is_sampled(100, NIGHT, owner, key) and not is_sampled(0, NIGHT, owner, key)
    assert picked == is_sampled(percent, NIGHT, owner, key)
    assert not picked or is_sampled(min(percent * 1.5, 100), NIGHT, owner, key)


def test_the_sample_has_its_size():
    picked = [is_sampled(1, NIGHT, "ada", str(key)) for key in range(10_000)]
    assert 60 < sum(picked) < 140
