"""The sweep asks an engine once for all leftovers, including those of deployments."""

import socket
from typing import Any

import pytest

from nbyard import dockerd
from nbyard.dockerd import DEPLOYMENT, REVISION, STORE, EngineInfo, OwnedObject
from nbyard.errors import Unavailable
from nbyard.runtimes.docker import DockerRuntime

OURS = {STORE: "s", DEPLOYMENT: "d", REVISION: "1"}


class Engine:
    """One that has the container of a deployment."""

    url = "unix:///none.sock"

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    def owned_objects(self, label: str, value: str) -> list[OwnedObject]:
        self.asked.append((label, value))
        return [OwnedObject("container", "nby-d-d-1", OURS, 0.0)]

    def fresh_info(self) -> EngineInfo:
        raise AssertionError("nothing of an attempt is there")


def test_one_query_serves_runs_and_deployments():
    runtime, heard = DockerRuntime(), list[OwnedObject]()
    engine, other = Engine(), Engine()
    known: Any = {"": engine, "ssh://far": other}
    runtime.engine, runtime.engines = known[""], known
    runtime.report_objects_to(heard.extend)
    assert runtime.sweep("s", []) == []
    assert engine.asked == other.asked == [(STORE, "s")]
    assert [one.name for one in heard] == ["nby-d-d-1"], "of the engine of the settings only"


def test_a_hanging_engine_does_not_mean_a_missing_image(tmp_path):
    """It accepts connections without responding."""
    place = str(tmp_path / "d.sock")
    with socket.socket(socket.AF_UNIX) as hung:
        hung.bind(place)
        hung.listen()
        engine = dockerd.Engine(f"unix://{place}", timeout=0.2)
        runtime = DockerRuntime()
        runtime.engine = engine
        with pytest.raises(Unavailable, match=f"{place}: no response"):
            runtime.image_id("alpine")
        engine.close()
