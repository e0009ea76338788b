"""Podman through its Docker socket (P11): the same suite as for Docker, and what it does not do."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.dockerd import Engine
from nbyard.errors import NbyardError
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.testing.conformance_runtimes import RuntimeConformance
from nbyard.testing.images import tiny_image

from .bench import Bench, log_of, output, until

PROGRAMS = ("podman", "runc", "catatonit")
# Podman asks for more open files than machines without CAP_SYS_RESOURCE may give.
WITHOUT_LIMITS = """#!/usr/bin/env python3
import json, os, sys
words = sys.argv[1:]
if "--bundle" in words:
    path = os.path.join(words[words.index("--bundle") + 1], "config.json")
    with open(path) as file:
        told = json.load(file)
    told["process"].pop("rlimits", None)
    with open(path, "w") as file:
        json.dump(told, file)
os.execvp("runc", ["runc", *words])
"""
CONFIGURATION = """
[engine]
runtime = "runc-without-limits"
cgroup_manager = "cgroupfs"
events_logger = "file"
[engine.runtimes]
runc-without-limits = ["{folder}/runc-without-limits"]
[containers]
log_driver = "k8s-file"
"""


def why_not() -> str:
    if os.getuid() != 0:
        return "an engine of our own needs root"
    programs = f"{os.environ['PATH']}:/usr/libexec/podman"
    missing = [name for name in PROGRAMS if shutil.which(name, path=programs) is None]
    names = ", ".join(missing)
    return f"{names} not found (apt-get install podman runc catatonit)" if names else ""


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    if why_not():
        pytest.skip(why_not())
    folder = tmp_path_factory.mktemp("p")
    (folder / "containers.conf").write_text(CONFIGURATION.format(folder=folder))
    (folder / "runc-without-limits").write_text(WITHOUT_LIMITS)
    (folder / "runc-without-limits").chmod(0o755)
    url = f"unix://{folder}/s"
    words = ["podman", "--root", f"{folder}/data", "--runroot", f"{folder}/run"]
    words += ["--storage-driver", "vfs", "system", "service", "--time", "0", url]
    environment = os.environ | {"CONTAINERS_CONF": f"{folder}/containers.conf"}
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen(words, env=environment, stdout=log, stderr=log)
    engine = Engine(url)
    try:
        until((folder / "s").exists)
        yield engine
    finally:
        engine.close()
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def podman_image(podman: Engine) -> str:
    return tiny_image(podman, "nbyard-test/tiny:latest")


@pytest.fixture
def podman_bench(podman: Engine, podman_image: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, podman, podman_image)
    yield made
    made.close()


class TestPodman(RuntimeConformance):
    """P11, R12."""

    @pytest.fixture
    def runtime(self, podman: Engine, podman_image: str) -> Iterator[DockerRuntime]:
        made = DockerRuntime(docker_host=podman.url, base_image=podman_image)
        yield made
        made.close()

    def lose(self, runtime: Runtime, order: Order) -> None:
        assert isinstance(runtime, DockerRuntime)
        runtime.engine.remove(f"nby-{order.attempt_id}")


@pytest.mark.parametrize("staging", ["auto", "volume"])
def test_podman_reads_and_writes_every_byte(podman_bench: Bench, staging: str):
    """P11: as the user, with the same hardening."""
    data = os.urandom(200_000) + b"\nno newline at the end"
    check = "id -u >&2; touch /etc/x 2>/dev/null && echo WRITABLE >&2; touch ~/x"
    order = podman_bench.shell(
        f"{check}; cat ../inputs/i/data.bin > ../outputs/o/copy.bin",
        outputs={"o": output("outputs/o/copy.bin")},
    )
    (order.folder / "inputs/i").mkdir()
    (order.folder / "inputs/i/data.bin").write_bytes(data)
    runtime = podman_bench.runtime(staging=staging)
    assert podman_bench.run(order, runtime).state == "succeeded", log_of(order)
    assert (order.folder / "outputs/o/copy.bin").read_bytes() == data
    assert log_of(order) == f"{os.getuid() or 65534}\n"
    container = podman_bench.engine.container(f"nby-{order.attempt_id}")
    expected = {"auto": "bind", "volume": "volume"}[staging]
    assert container and container.labels["nbyard.staging"] == expected
    runtime.stop(order, "finished")
    until(lambda: not podman_bench.left())


@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_podman_is_not_trusted_with_standard_streams(podman_bench: Bench, stream: str):
    """What was sent to it was lost at times, and the work had succeeded all the same."""
    order = podman_bench.shell("cat", **{stream: "outputs/o/x"})
    with pytest.raises(NbyardError, match="read and write files instead"):
        podman_bench.runtime().start(order)


def test_podman_gives_no_gpu_and_is_found_out(podman_bench: Bench):
    """R11, F38: it takes the request and says nothing."""
    order = podman_bench.shell("echo worked", gpus=["0"])
    with pytest.raises(NbyardError, match="a container sees none") as caught:
        podman_bench.runtime().start(order)
    assert "Podman" in caught.value.hint
    assert log_of(order) == "" and podman_bench.left() == []
