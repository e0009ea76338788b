"""Deployments on engines that are killed, and on one with simulated GPUs."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.images import tiny_image
from tests.support.private_engine import PrivateEngine, started_engine

from nbyard.dockerd import Engine
from nbyard.domain.deployments.structs import DeploymentChange

from .deploying import ANN, Yards, opened

UUIDS = ["GPU-00000000", "GPU-00000001"]
STAY = {"command": ["sleep", "600"], "ports": []}


@pytest.fixture(scope="module")
def private(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateEngine]:
    """Provide an engine with two GPUs, whose containers stop when it is killed."""
    folder = tmp_path_factory.mktemp("g")
    (folder / "gpus").write_text("\n".join(UUIDS))
    (folder / "journal").touch()
    hooks = f"{Path(__file__).parent}:{os.environ['PATH']}"
    environment = {"PATH": hooks, "FAKE_GPUS": str(folder)}
    with started_engine(folder / "e", live_restore=False, environment=environment) as made:
        yield made


@pytest.fixture
def yards(private: PrivateEngine, tmp_path: Path) -> Iterator[Yards]:
    private.start()
    engine = Engine(private.url)
    image = tiny_image(engine)
    with opened(tmp_path, engine, image, gpus=UUIDS) as (found, _):
        yield found
    engine.close()


def running_names(yards: Yards) -> list[str]:
    return sorted(d.name for d in yards.deployments.list(ANN, state="running", limit=99).items)


@pytest.mark.long
def test_deployments_return_after_their_engine_was_killed(yards, private):
    yards.create(**STAY)
    with yards.dispatching() as running:
        yards.until(running, "running")
        private.kill()
        found = yards.until(running, "down")
        assert "Docker cannot be reached" in str(found.reason)
        private.start()
        assert yards.until(running, "running").serving == 1


@pytest.mark.long
def test_twenty_deployments_share_two_gpus(yards):
    """The others wait. A stopped or deleted deployment releases its GPU."""
    for number in range(20):
        yards.create(f"n{number:02}", gpu=1, **STAY)
    with yards.dispatching() as running:
        running.until(lambda: running_names(yards), lambda names: names == ["n00", "n01"])
        waiting = running.until(lambda: yards.get("n19"), lambda d: d.reason)
        words = "waits for 1 of 2 GPUs (0 free)"
        assert (waiting.state, str(waiting.reason)) == ("queued", words)
        granted = [yards.get(name).gpus for name in ("n00", "n01")]
        assert sorted(granted) == [[uuid] for uuid in UUIDS]
        for number in range(2, 8):
            gone = f"n{number - 2:02}"
            if number % 2:
                yards.deployments.delete(ANN, gone)
            else:
                yards.deployments.stop(ANN, gone)
            running.until(
                lambda n=number: running_names(yards), lambda names, n=number: f"n{n:02}" in names
            )
            held = [gpu for d in yards.deployments.list(ANN, limit=99).items for gpu in d.gpus]
            assert len(held) == len(set(held)) <= 2


@pytest.mark.long
def test_a_new_revision_takes_over_the_only_gpus(yards):
    """Without GPUs for both, the earlier revision stops first."""
    for name in ("a", "b"):
        yards.create(name, gpu=1, **STAY)
    with yards.dispatching() as running:
        for name in ("a", "b"):
            yards.until(running, "running", name=name)
        before = yards.get("a").gpus
        yards.deployments.edit(ANN, "a", DeploymentChange(environment={"A": "1"}))
        yards.until_serving(running, 2, "a")
        assert yards.get("a").gpus == before
