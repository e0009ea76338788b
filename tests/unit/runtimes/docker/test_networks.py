"""R16: ports of a container are opened where its network lets somebody reach them."""

import pytest

from nbyard.dockerd import ContainerSpec
from nbyard.runtimes.docker.networks import Networks


@pytest.mark.parametrize(("kind", "ports"), [("bridge", [8000]), ("internal", []), ("none", [])])
def test_only_a_bridge_opens_ports(kind: str, ports: list[int]) -> None:
    spec = ContainerSpec("nby-a", "image", [], "1:1", {}, ports=[8000])
    placed = Networks(kind).placed(spec, "its network")
    assert (placed.network, placed.ports) == ("its network", ports)
