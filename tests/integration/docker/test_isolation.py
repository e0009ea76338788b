"""What containers of different users reach, with and without the documented firewall rules."""

import re
import shlex
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from nbyard.dockerd import ContainerSpec, Engine

from .bench import Bench, until

PAGE = Path(__file__).parents[3] / "docs" / "explanation" / "security.md"
RULES = re.compile(r"<!-- firewall -->\n```sh\n(.+?)```", re.DOTALL)
DIAL = """
import socket, sys
from concurrent.futures import ThreadPoolExecutor

def dial(place):
    host, port = place.split(":")
    try:
        socket.create_connection((host, int(port)), 2).close()
        return "answers"
    except OSError:
        return "silent"

with ThreadPoolExecutor(9) as pool:
    print(*pool.map(dial, sys.argv[1:]))
"""
SERVE = (
    "import http.server as h; h.HTTPServer(('', 8000), h.SimpleHTTPRequestHandler).serve_forever()"
)
# Addresses of a private network and of a metadata service, behind a router that is this machine.
BEHIND = {"10.255.77.2": "10.255.77.1/30", "169.254.169.254": "169.254.169.253/30"}


class Reach:
    """Containers in networks of nbyard that dial and serve."""

    def __init__(self, bench: Bench, image: str):
        self.engine: Engine = bench.engine
        self._labels = {"nbyard.store": bench.store_id}
        self._image = image
        self._count = 0

    def run(self, network: str, *argv: str, ports: list[int] | None = None) -> str:
        self._count += 1
        name = f"{self._labels['nbyard.store']}-{self._count}"
        spec = ContainerSpec(
            name, self._image, [*argv], "65534:65534", self._labels, network=network,
            ports=ports or [],
        )  # fmt: skip
        self.engine.create(spec)
        self.engine.start(name)
        return name

    def network(self, name: str, **options: bool) -> tuple[str, str]:
        made = self.engine.network(
            f"{self._labels['nbyard.store']}-{name}", self._labels, **options
        )
        (known,) = self.engine.networks_named(f"{self._labels['nbyard.store']}-{name}")
        return made, known["Options"]["com.docker.network.bridge.name"]

    def dial(self, network: str, *places: str) -> list[str]:
        name = self.run(network, "python3", "-c", DIAL, *places)
        until(lambda: (found := self.engine.container(name)) and found.is_over)
        return b"".join(piece for _, piece in self.engine.log(name)).decode().split()

    def server(self, network: str) -> tuple[str, int]:
        name = self.run(network, "python3", "-c", SERVE, ports=[8000])
        found = until(lambda: (c := self.engine.container(name)) and c.published and c)
        until(lambda: _answers("127.0.0.1", found.published[8000]))
        return found.address, found.published[8000]


def _answers(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 2) as line:
            line.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            return bool(line.recv(1))
    except OSError:
        return False


@pytest.fixture
def reach(bench: Bench, python_base_image: str) -> Reach:
    return Reach(bench, python_base_image)


@pytest.fixture
def outside(tmp_path: Path) -> Iterator[list[str]]:
    """Another machine, with an address in a private network and one of a metadata service."""
    with ExitStack() as stack:
        space = f"nby{tmp_path.stat().st_ino % 10**6}"

        def ip(*words: str) -> None:
            subprocess.run(["ip", *words], check=True, capture_output=True)

        ip("netns", "add", space)
        stack.callback(ip, "netns", "delete", space)
        for number, (address, router) in enumerate(BEHIND.items()):
            ours, theirs = f"{space}{number}", f"{space}{number}x"
            ip("link", "add", ours, "type", "veth", "peer", "name", theirs, "netns", space)
            ip("addr", "add", router, "dev", ours)
            ip("link", "set", ours, "up")
            ip("-n", space, "addr", "add", f"{address}/30", "dev", theirs)
            ip("-n", space, "link", "set", theirs, "up")
        ip("-n", space, "link", "set", "lo", "up")
        ip("-n", space, "route", "add", "default", "via", "10.255.77.1")
        argv = ["ip", "netns", "exec", space, "python3", "-c", SERVE]
        process = subprocess.Popen(argv, stderr=subprocess.DEVNULL)
        stack.callback(process.wait)
        stack.callback(process.kill)
        until(lambda: all(_answers(address, 8000) for address in BEHIND))
        yield [f"{address}:8000" for address in BEHIND]


def test_containers_of_other_networks_are_out_of_reach(reach):
    """The engine's own rules keep networks apart; in that of a deployment, also containers."""
    run, _ = reach.network("run")
    deployment, _ = reach.network("deployment", apart=True)
    of_run, of_deployment = reach.server(run)[0], reach.server(deployment)[0]
    assert reach.dial(run, f"{of_run}:8000", f"{of_deployment}:8000") == ["answers", "silent"]
    assert reach.dial(deployment, f"{of_run}:8000", f"{of_deployment}:8000") == ["silent"] * 2


def test_the_documented_rules_hide_the_machine_and_its_networks(reach, listener, outside):
    network, bridge = reach.network("run")
    assert bridge.startswith("nbyn-") and len(bridge) <= 15
    (known,) = [one for one in reach.engine.client().networks(ids=[network])]
    gateway = known["IPAM"]["Config"][0]["Gateway"]
    server, published = reach.server(network)
    own = [f"{gateway}:{listener}", f"10.255.77.1:{listener}"]
    dialled = [*own, *outside, f"{server}:8000"]
    assert reach.dial(network, *dialled) == ["answers"] * 5
    # that of a deployment, as a shared store has it without any rule
    closed, _ = reach.network("closed", internal=True, apart=True)
    assert reach.dial(closed, *outside, f"{server}:8000") == ["silent"] * 3
    name = reach.run(closed, "python3", "-c", SERVE, ports=[8000])
    found = until(lambda: (c := reach.engine.container(name)) and c.address and c)
    until(lambda: _answers(found.address, 8000))
    match = RULES.search(PAGE.read_text())
    assert match
    # of this bridge only: others use the machine, too
    rules = [
        shlex.split(line.replace("nbyn-+", bridge), comments=True) for line in match[1].splitlines()
    ]
    with ExitStack() as stack:
        for rule in filter(None, rules):
            subprocess.run([*rule[:1], "--wait", *rule[1:]], check=True)
            undo = [rule[0], "--wait", "-D", *rule[2:]]
            stack.callback(subprocess.run, undo, check=True)
        assert reach.dial(network, *dialled) == ["silent"] * 4 + ["answers"]
        assert _answers("127.0.0.1", published)
