"""Ports of a container are opened if its network is reachable."""

from pathlib import Path
from typing import cast

import pytest

from nbyard.dockerd import ContainerSpec, Engine
from nbyard.runtimes.docker.networks import Networks
from nbyard.runtimes.protocol import Order


@pytest.mark.parametrize(("kind", "ports"), [("bridge", [8000]), ("internal", []), ("none", [])])
def test_only_a_bridge_opens_ports(kind, ports):
    spec = ContainerSpec("nby-a", "image", [], "1:1", {}, ports=[8000])
    placed = Networks(kind).with_network(spec, "its network")
    assert (placed.network, placed.ports) == ("its network", ports)


def test_offline_containers_get_no_network() -> None:
    order = Order("a", "s", "r", "n", Path("/a"), "m", offline=True)
    engine = cast(Engine, None)  # nothing is asked of it
    with Networks("bridge").use(engine, order) as network:
        assert network() == "none"
