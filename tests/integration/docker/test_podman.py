"""Podman through its socket: the same suite as for Docker, and its differences."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import msgspec
import pytest
from tests.support.images import base_image, tiny_image

from nbyard.dockerd import Engine
from nbyard.domain.attempts.structs import CommandWork
from nbyard.domain.deployments.creation_form import complete_request
from nbyard.domain.deployments.structs import NewDeployment, Port
from nbyard.errors import NbyardError
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.docker.deployment_containers import Deployed, launch_revision
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.testing.conformance.runtimes import RuntimeConformance

from .bench import BUILD, Bench, log_of, output, until
from .test_notebooks import notebook

pytestmark = pytest.mark.long

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
CDI = Path("/etc/cdi")
DEVICES = {"0": 0, "1": 1, "GPU-0002": 2}
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
    told = subprocess.run(["stat", "-f", "-c", "%T", folder], capture_output=True, check=True)
    driver = "vfs" if b"overlay" in told.stdout else "overlay"  # which cannot lie on its like
    words += ["--storage-driver", driver, "system", "service", "--time", "0", url]
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
        subprocess.run(["umount", "--quiet", f"{folder}/data/{driver}"], check=False)


@pytest.fixture(scope="module")
def cdi() -> Iterator[None]:
    """Describe GPUs that have only device files, as `nvidia-ctk cdi generate` does."""
    if any("nvidia.com/gpu" in path.read_text() for path in CDI.glob("*")):
        pytest.skip("this machine has CDI devices of its own")
    devices = [
        {
            "name": name,
            "containerEdits": {
                "env": [f"CDI_TEST={number}"],
                "deviceNodes": [{"path": f"/dev/nvidia{number}", "hostPath": "/dev/null"}],
            },
        }
        for name, number in DEVICES.items()
    ]
    CDI.mkdir(exist_ok=True)
    path = CDI / f"nbyard-test-{os.getpid()}.json"
    told = {"cdiVersion": "0.5.0", "kind": "nvidia.com/gpu", "devices": devices}
    path.write_text(json.dumps(told))
    yield
    path.unlink()


@pytest.fixture(scope="module")
def podman_image(podman: Engine) -> str:
    return tiny_image(podman)


@pytest.fixture
def podman_bench(podman: Engine, podman_image: str, tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, podman, podman_image)
    yield made
    made.close()


class TestPodman(RuntimeConformance):
    """The conformance suite on Podman."""

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
    """The command runs as the user, with the same hardening."""
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
    podman_bench.clear(runtime, order)


@pytest.mark.parametrize("staging", ["auto", "volume"])
def test_podman_passes_standard_streams_completely(podman_bench: Bench, staging: str):
    """Through files that a shell opens, because Podman's socket truncates data at times."""
    data = os.urandom(300_000) + b"\nno newline at the end"
    order = podman_bench.order(
        CommandWork(["cat", "-"], stdin="inputs/i/a $(b).bin", stdout="outputs/o/copy.bin"),
        outputs={"o": output("outputs/o/copy.bin")},
    )
    (order.folder / "inputs/i").mkdir()
    (order.folder / "inputs/i/a $(b).bin").write_bytes(data)
    runtime = podman_bench.runtime(staging=staging)
    assert podman_bench.run(order, runtime).state == "succeeded", log_of(order)
    assert (order.folder / "outputs/o/copy.bin").read_bytes() == data
    assert (order.folder / "outputs/o/copy.bin").stat().st_uid == os.getuid()
    assert log_of(order) == ""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("staging", ["auto", "volume"])
def test_a_notebook_runs_on_podman(
    podman_bench: Bench, pytestconfig: pytest.Config, staging: str
) -> None:
    """In an image that Podman built for it."""
    locks = sorted(pytestconfig.rootpath.glob("examples/*/requirements.txt"))
    base = base_image(podman_bench.engine, locks)
    order = notebook(
        podman_bench,
        "print('n is', n)\nopen(out, 'w').write(str(n * 2))",
        parameters={"n": 21, "out": "{attempt}/outputs/o/answer.txt"},
        outputs={"o": output("outputs/o/answer.txt")},
    )
    runtime = podman_bench.runtime(staging=staging, image_for=BUILD, base_image=base)
    result = podman_bench.run(order, runtime, 300)
    assert (result.state, result.outputs) == ("succeeded", ["o"]), (result, log_of(order))
    assert (order.folder / "outputs/o/answer.txt").read_text() == "42"
    assert "n is 21" in log_of(order)
    podman_bench.clear(runtime, order)


LOOK = 'echo "gpu $CDI_TEST"; ls /dev; id -u; touch /etc/x 2>/dev/null && echo WRITABLE; touch ~/x'


@pytest.mark.parametrize("granted", [["1"], ["0", "GPU-0002"]])
@pytest.mark.parametrize("network", ["bridge", "none"])
def test_podman_provides_the_granted_gpus(
    podman_bench: Bench, cdi: None, granted: list[str], network: str
):
    """CDI devices through Podman's own API, with all hardening."""
    order = podman_bench.shell(LOOK, gpus=granted, memory_bytes=2**28, cpu=0.5)
    runtime = podman_bench.runtime(network=network)
    assert podman_bench.run(order, runtime).state == "succeeded", log_of(order)
    lines = log_of(order).splitlines()
    devices = [line for line in lines if line.startswith("nvidia")]
    assert devices == [f"nvidia{DEVICES[name]}" for name in granted]
    assert f"gpu {DEVICES[granted[-1]]}" in lines and str(os.getuid() or 65534) in lines
    assert "WRITABLE" not in lines
    told = podman_bench.engine.client().inspect_container(f"nby-{order.attempt_id}")["HostConfig"]
    assert (told["Memory"], told["NanoCpus"], told["Init"]) == (2**28, 5e8, True)
    assert told["SecurityOpt"] == ["no-new-privileges"] and told["ReadonlyRootfs"]
    assert (told["NetworkMode"] == "none") == (network == "none")
    podman_bench.clear(runtime, order)


SERVES = "touch ~/made-by-$WHO; exec python3 -m http.server --directory ~ 8000"


@pytest.mark.timeout(600)
@pytest.mark.parametrize("granted", [[], ["1"]])
def test_deployment_on_podman_is_reachable_and_keeps_its_files(
    podman_bench: Bench, cdi: None, granted: list[str]
):
    """Through both of its APIs."""
    engine, command, ports = podman_bench.engine, ["sh", "-c", SERVES], [Port("web", 8000)]
    wish = NewDeployment(base_image(engine), "own", "web", command=command, ports=ports)
    one = Deployed(
        podman_bench.store_id, uuid4().hex, "web", 1, complete_request(wish)[1], granted, "/"
    )
    seen = ""
    for number in (1, 2):
        spec = msgspec.structs.replace(one.spec, environment={"WHO": str(number)})
        revision = msgspec.structs.replace(one, number=number, spec=spec)
        made = launch_revision(engine, revision, lambda _: None, lambda: True, False)
        seen = until(partial(page, f"http://127.0.0.1:{made.published[8000]}/"))
        assert made.published.keys() == {8000} and f"made-by-{number}" in seen
        engine.remove(revision.container)
    assert "made-by-1" in seen


def page(address: str) -> str:
    """Return the page, or nothing as long as no server responds."""
    with suppress(OSError), urlopen(address, timeout=5) as answer:
        return str(answer.read().decode())
    return ""


def test_unknown_podman_device_is_reported(podman_bench: Bench, cdi: None):
    order = podman_bench.shell("echo worked", gpus=["7"])
    with pytest.raises(NbyardError, match="find the CDI device") as caught:
        podman_bench.runtime().start(order)
    assert "nvidia-ctk cdi generate" in caught.value.hint
    assert log_of(order) == "" and podman_bench.left() == []
