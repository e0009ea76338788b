"""P3, P4: deployments where there is no engine; with one: tests/integration/docker."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from nbyard.calling import has_work
from nbyard.dispatch.deployments import DeploymentController
from nbyard.dispatch.room import Room
from nbyard.domain.callers import Caller
from nbyard.domain.deployments import NewDeployment
from nbyard.domain.slots import Capacity, Slots
from nbyard.testing.dispatching import Dispatching
from nbyard.yard import Yard

ANN = Caller("ann")


@pytest.fixture
def no_engine(yard: Yard, tmp_path: Path) -> Yard:
    yard.settings.docker_host = f"unix://{tmp_path}/none.sock"
    yard.settings.gpus = ["0"]
    yard.services.deployments.create(ANN, NewDeployment("cows:1", name="cows"))
    return yard


def test_without_an_engine_it_is_down_and_says_so(no_engine: Yard) -> None:
    with Dispatching(no_engine.settings) as running:
        get = no_engine.services.deployments.get
        found = running.until(lambda: get(ANN, "cows"), lambda d: d.state == "down")
        assert "Docker cannot be reached" in found.reason
        assert has_work(no_engine.store), "the dispatcher stays"


def test_one_that_wants_more_gpus_than_there_are_waits(no_engine: Yard) -> None:
    no_engine.settings.gpus = []
    deployments = no_engine.services.deployments
    deployments.create(ANN, NewDeployment("cows:1", name="gpus", gpu=1))
    with Dispatching(no_engine.settings) as running:
        found = running.until(lambda: deployments.get(ANN, "gpus"), lambda d: d.reason)
        assert found.state == "queued" and "this machine has none" in found.reason


def test_a_revision_gives_way_only_while_another_waits(yard: Yard) -> None:
    made = yard.services.deployments.create(ANN, NewDeployment("cows:1", name="cows"))
    with yard.store.write() as c:
        lease = yard.store.leases.take(c, "dispatcher", "me", 30.0)
    nothing: Any = None
    workers: Any = SimpleNamespace(submit=lambda *_: True)
    room = Room(yard.settings, yard.store, nothing, nothing, nothing, {}, lease or nothing)
    controller = DeploymentController(room, workers, nothing, lambda: Slots(Capacity(0)))
    controller.tick()
    controller._rollouts[made.id].gives_way = True
    controller.tick()
    assert not controller._rollouts[made.id].gives_way
