"""Deployments without an engine. With one: tests/integration/docker."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.dispatch.context import DispatchContext
from nbyard.dispatch.deployments.controller import DeploymentController
from nbyard.dockerd import DEPLOYMENT, REVISION, STORE, OwnedObject
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment
from nbyard.domain.runs.slots import Capacity, Slots
from nbyard.ipc.dispatcher_launcher import has_work
from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

pytestmark = pytest.mark.slow

ANN = Caller("ann")


@pytest.fixture
def no_engine(yard: Yard, tmp_path) -> Yard:
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"
    yard.settings.gpus = ["0"]
    yard.services.deployments.create(ANN, NewDeployment("cows:1", name="cows"))
    return yard


def test_without_an_engine_a_deployment_is_down_with_a_reason(no_engine):
    with Dispatching(no_engine.settings) as running:
        get = no_engine.services.deployments.get
        found = running.until(lambda: get(ANN, "cows"), lambda d: d.state == "down")
        assert "Docker cannot be reached" in str(found.reason)
        assert has_work(no_engine.store), "the dispatcher stays"


def test_a_deployment_with_too_many_gpus_waits(no_engine):
    no_engine.settings.gpus = []
    deployments = no_engine.services.deployments
    deployments.create(ANN, NewDeployment("cows:1", name="gpus", gpu=1))
    with Dispatching(no_engine.settings) as running:
        found = running.until(lambda: deployments.get(ANN, "gpus"), lambda d: d.reason)
        assert found.state == "queued" and "this machine has (0)" in str(found.reason)


class Swept:
    """An engine with what was left of some deployments, and of strangers."""

    def __init__(self, store_id: str, *ids: str):
        self.there: dict[tuple[str, str], dict[str, str]] = {}
        for number in ids:
            labels = {STORE: store_id, DEPLOYMENT: number}
            self.there["container", f"nby-d-{number}-1"] = labels | {REVISION: "1"}
            self.there["volume", f"nby-d-{number}"] = labels
            self.there["network", f"nby-d-{number}"] = labels
        self.there["container", "copied"] = {STORE: store_id, DEPLOYMENT: "gone", REVISION: "1"}
        self.there["volume", "nby-d-"] = {STORE: store_id}

    def owned_objects(self, label: str, value: str) -> list[OwnedObject]:
        assert label == STORE and value
        return [OwnedObject(kind, name, labels, 0.0) for (kind, name), labels in self.there.items()]  # type: ignore[arg-type]

    def remove(self, name: str) -> None:
        del self.there["container", name]

    def remove_volume(self, name: str) -> None:
        del self.there["volume", name]

    def remove_network(self, name: str) -> bool:
        return bool(self.there.pop(("network", name)))


def test_leftovers_of_deployments_that_do_not_run_are_deleted(yard, monkeypatch):
    """Their files are deleted if no deployment uses them.

    Running deployments and foreign containers stay.
    """
    deployments = yard.services.deployments
    live, rests = (
        deployments.create(ANN, NewDeployment("cows:1", name=name)).id for name in ("live", "rests")
    )
    deployments.stop(ANN, rests)
    with yard.store.write() as c:
        told = yard.store.deployments.under_way(c)
        (row,) = (one for one in told if one.id == rests)
        yard.store.deployments.move(c, row, "stopped", {})
    with yard.store.write() as c:
        lease = yard.store.leases.take(c, "dispatcher", "me", 30.0)
    nothing: Any = None
    reports: list[Callable[[list[OwnedObject]], None]] = []
    runtime: Any = SimpleNamespace(report_objects_to=reports.append)
    runtimes = {"process": nothing, "docker": runtime}
    context = DispatchContext(
        yard.settings, yard.store, nothing, nothing, nothing, runtimes, lease or nothing
    )
    workers: Any = SimpleNamespace(submit=lambda _, work, *__: work())
    controller = DeploymentController(context, workers, nothing, lambda _: Slots(Capacity(0)))
    engine: Any = Swept(yard.store.id, live, rests, "gone")
    monkeypatch.setattr("nbyard.dispatch.deployments.controller.Engine", lambda *_, **__: engine)
    reports[0](engine.owned_objects(STORE, yard.store.id))
    controller.sweep_orphans()
    left = {key for key in engine.there if "gone" not in engine.there[key].get(DEPLOYMENT, "")}
    assert left == {
        ("container", f"nby-d-{live}-1"),
        ("volume", f"nby-d-{live}"),
        ("network", f"nby-d-{live}"),
        ("volume", f"nby-d-{rests}"),
        ("volume", "nby-d-"),
    }
    assert ("container", "copied") in engine.there and ("volume", "nby-d-gone") not in engine.there


def test_a_revision_gives_way_only_while_another_waits(yard):
    made = yard.services.deployments.create(ANN, NewDeployment("cows:1", name="cows"))
    with yard.store.write() as c:
        lease = yard.store.leases.take(c, "dispatcher", "me", 30.0)
    nothing: Any = None
    workers: Any = SimpleNamespace(submit=lambda *_: True)
    context = DispatchContext(
        yard.settings, yard.store, nothing, nothing, nothing, {}, lease or nothing
    )
    controller = DeploymentController(context, workers, nothing, lambda _: Slots(Capacity(0)))
    controller.tick()
    controller.rollouts[made.id].gives_way = True
    controller.tick()
    assert not controller.rollouts[made.id].gives_way


@pytest.fixture
def shared(bench: Bench, tmp_path) -> Bench:
    """One GPU, which a task has, and no engine for deployments."""
    bench.context.settings.gpus = ["0"]
    bench.context.settings.docker_host = f"unix://{tmp_path}/none.sock"
    return bench


def wanting(bench: Bench, name: str) -> str:
    """A deployment that waits for the GPU from now on."""
    made = bench.yard.services.deployments.create(OWNER, NewDeployment("a:1", name=name, gpu=1))
    bench.until(lambda: bench.yard.services.deployments.get(OWNER, name).reason)
    return made.name


def has_it(bench: Bench, one: str) -> bool:
    """The task, or the deployment."""
    known = bench.yard.services.deployments
    named = {found.name: found.gpus for found in known.list(OWNER).items}
    return named[one] == ["0"] if one in named else bool(bench.task(one).attempts)


@pytest.mark.parametrize("order", ["task first", "deployment first"])
@pytest.mark.parametrize("is_followed", [False, True])
def test_a_gpu_is_granted_to_the_longest_waiting(shared, order, is_followed):
    """This holds for tasks, deployments and the next dispatcher."""
    first = shared.submit(gpu=1)
    shared.until(lambda: has_it(shared, first))

    def task() -> str:
        made = shared.submit(gpu=1)
        shared.until(lambda: shared.task(made).waits)
        return made

    if order == "task first":
        longer, shorter = task(), wanting(shared, "cows")
    else:
        longer, shorter = wanting(shared, "cows"), task()
    none = shared.submit()
    shared.until(lambda: bool(shared.task(none).attempts))
    if is_followed:
        shared.replace_dispatcher()
    shared.runtime.end(shared.attempt(first))
    shared.until(lambda: has_it(shared, longer))
    shared.round(3)
    assert not has_it(shared, shorter)


def test_a_task_of_higher_priority_comes_before_deployments(shared):
    first = shared.submit(gpu=1)
    shared.until(lambda: has_it(shared, first))
    cows, other = wanting(shared, "cows"), wanting(shared, "other")
    urgent = shared.submit(gpu=1, priority=5)
    shared.until(lambda: shared.task(urgent).waits)
    shared.runtime.end(shared.attempt(first))
    shared.until(lambda: has_it(shared, urgent))
    assert not has_it(shared, cows)
    shared.runtime.end(shared.attempt(urgent))
    shared.until(lambda: has_it(shared, cows))
    assert not has_it(shared, other)


def test_a_task_waiting_for_cores_blocks_no_gpu(shared):
    first = shared.submit(cpu=2.0)
    shared.until(lambda: has_it(shared, first))
    waits = shared.submit(gpu=1)
    shared.until(lambda: "slot" in shared.task(waits).why)
    shared.yard.services.deployments.create(OWNER, NewDeployment("a:1", name="cows", gpu=1))
    shared.until(lambda: has_it(shared, "cows"))


def test_a_sleeping_deployment_frees_its_gpu(shared):
    """No other deployment remains that would cause a new check of grants."""
    cows = shared.yard.services.deployments.create(OWNER, NewDeployment("a:1", name="cows", gpu=1))
    shared.until(lambda: has_it(shared, "cows"))
    waits = shared.submit(gpu=1)
    shared.until(lambda: "(0 free)" in shared.task(waits).why)
    rows = shared.yard.store.deployments
    shared.yard.services.deployments.stop(OWNER, cows.name)
    with shared.yard.store.write() as c:
        (row,) = rows.under_way(c)
        rows.set_revision(c, row.newest.revision.id, gpus=[])
        rows.move(c, row, "stopped", {})
    shared.until(lambda: has_it(shared, waits))
