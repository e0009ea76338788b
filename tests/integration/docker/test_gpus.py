"""GPUs in containers, on an engine whose NVIDIA hook is a stub."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.support.images import TINY, system_image, tiny_image
from tests.support.private_engine import PrivateEngine, why_no_engine

from nbyard.dockerd import Engine
from nbyard.domain.attempts.structs import USAGE, FunctionWork
from nbyard.domain.callers import Caller
from nbyard.errors import NbyardError
from nbyard.ipc.dispatcher_launcher import LEASE, is_dead
from nbyard.rest.identity import local_name
from nbyard.settings import Settings
from nbyard.yard import Yard

from .bench import Bench, log_of, until

UUIDS = [f"GPU-0000000{number}" for number in range(4)]
BROKEN = "the engine did not provide the granted GPUs: "
BUSY = """
import os, pathlib, time


def busy():
    told = pathlib.Path(os.environ["NBYARD_ATTEMPT"], "usage.jsonl")
    while not told.exists() or "gpus" not in told.read_text():
        time.sleep(0.05)
"""
LOOK = 'echo "[$NVIDIA_VISIBLE_DEVICES]"; ls /dev; nvidia-smi -L'


class Machine:
    """The engine and its simulated GPUs."""

    def __init__(self, folder: Path):
        self.folder = folder / "gpus"
        self.folder.mkdir()
        (self.folder / "gpus").write_text("\n".join(UUIDS))
        hooks = f"{Path(__file__).parent}:{os.environ['PATH']}"
        environment = {"PATH": hooks, "FAKE_GPUS": str(self.folder)}
        self.private = PrivateEngine(folder / "e", environment=environment)

    def journal(self) -> list[dict[str, Any]]:
        path = self.folder / "journal"
        return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machine]:
    if why_no_engine():
        pytest.skip(why_no_engine())
    made = Machine(tmp_path_factory.mktemp("g"))
    made.private.start()
    yield made
    made.private.stop()


@pytest.fixture
def gpu_bench(machine: Machine, tmp_path: Path) -> Iterator[Bench]:
    for name in ("journal", "deaf", "bare"):
        (machine.folder / name).unlink(missing_ok=True)
    (machine.folder / "journal").touch()
    engine = Engine(machine.private.url)
    bench = Bench(tmp_path, engine, tiny_image(engine))
    yield bench
    bench.close()
    engine.close()


@pytest.mark.sample(1)
@pytest.mark.parametrize("granted", [[UUIDS[3], UUIDS[1]], ["1", "3"]])
def test_container_has_exactly_the_granted_gpus(gpu_bench: Bench, machine: Machine, granted):
    """Requested by ID, never by number. A label has the IDs."""
    order = gpu_bench.shell(LOOK, gpus=granted)
    assert gpu_bench.run(order).state == "succeeded", log_of(order)
    lines = log_of(order).splitlines()
    assert f"[{','.join(granted)}]" in lines
    assert sorted(line for line in lines if line.startswith("nvidia")) == ["nvidia1", "nvidia3"]
    assert sum(line.startswith("GPU ") for line in lines) == 2
    told = gpu_bench.engine.client().inspect_container(f"nby-{order.attempt_id}")
    (request,) = told["HostConfig"]["DeviceRequests"]
    assert (request["Count"], request["DeviceIDs"]) == (0, granted)
    assert told["Config"]["Labels"]["nbyard.gpus"] == ",".join(granted)
    assert {order.attempt_id, ""} == {line["attempt"] for line in machine.journal()}


@pytest.mark.sample(1)
@pytest.mark.parametrize(("granted", "seen"), [(UUIDS[1], UUIDS[1]), ("3", "0")])
def test_gpu_usage_in_a_container_is_recorded(gpu_bench: Bench, granted: str, seen: str):
    """Over time, with nbyard's runner. In the container, indexes start at zero."""
    gpu_bench.image = system_image(gpu_bench.engine)
    order = gpu_bench.order(
        FunctionWork("code/busy.py", "busy", {}),
        gpus=[granted],
        environment={"CUDA_VISIBLE_DEVICES": seen},
    )
    (order.folder / "code/busy.py").write_text(BUSY)
    runtime = gpu_bench.runtime(image_for=lambda *_: gpu_bench.image)
    assert gpu_bench.run(order, runtime).state == "succeeded", log_of(order)
    told = [json.loads(line) for line in (order.folder / USAGE).read_text().splitlines()]
    uuid = granted if granted in UUIDS else UUIDS[int(granted)]
    assert {uuid: [41, 512 * 2**20]} in [line.get("gpus") for line in told]


def test_container_without_a_grant_sees_no_gpu(gpu_bench: Bench, machine: Machine):
    """The GPUs of the engine are hidden, also if the task sets variables for them."""
    order = gpu_bench.shell(LOOK, environment={"NVIDIA_VISIBLE_DEVICES": "all"})
    result = gpu_bench.run(order)
    assert result.failure and result.failure.exit_code == 127, "nvidia-smi is not installed"
    assert "[void]" in log_of(order) and "nvidia0" not in log_of(order)
    assert machine.journal() == []


def test_gpus_are_detected_without_nvidia_smi_in_the_image(gpu_bench: Bench, machine: Machine):
    (machine.folder / "bare").touch()
    order = gpu_bench.shell("ls /dev", gpus=[UUIDS[2]])
    assert gpu_bench.run(order).state == "succeeded"
    assert "nvidia2" in log_of(order).split()


def test_engine_that_ignores_the_grant_is_detected(gpu_bench: Bench, machine: Machine):
    """The work never runs without its GPU."""
    (machine.folder / "deaf").touch()
    order = gpu_bench.shell("echo worked", gpus=[UUIDS[0]])
    with pytest.raises(NbyardError) as caught:
        gpu_bench.runtime().start(order)
    assert caught.value.message.startswith(BROKEN + "a container sees no")
    assert "NVIDIA Container Toolkit" in caught.value.hint
    assert gpu_bench.left() == [] and log_of(order) == ""


@pytest.mark.long
def test_missing_gpu_is_named(gpu_bench: Bench):
    with pytest.raises(NbyardError) as caught:
        gpu_bench.runtime().start(gpu_bench.shell("true", gpus=["GPU-gone"]))
    assert caught.value.message.startswith(BROKEN + "nvidia-container-cli: device error: GPU-gone")
    assert gpu_bench.left() == []


@pytest.mark.long
def test_missing_gpu_toolkit_is_explained(bench: Bench):
    with pytest.raises(NbyardError) as caught:
        bench.runtime().start(bench.shell("true", gpus=["0"]))
    assert BROKEN + "this engine has no" in caught.value.message
    assert "NVIDIA Container Toolkit" in caught.value.hint
    assert bench.left() == []


class Place:
    """A folder with eight nodes that request one GPU each, and a dispatcher process."""

    def __init__(self, folder: Path, machine: Machine, engine: Engine):
        self.engine = engine
        store = folder / "store"
        self.root = folder / "root"
        self.root.mkdir()
        self._write()
        self._environment = os.environ | {
            "NBYARD_STORE_DIR": str(store),
            "NBYARD_IDLE_SECONDS": "1",
            "NBYARD_SLOTS": "8",
            "NBYARD_GPUS": ",".join(UUIDS),
            "NBYARD_DOCKER_HOST": machine.private.url,
        }
        self.yard = Yard.open(Settings(store_dir=str(store), inline_dispatch=True))

    def _write(self) -> None:
        (self.root / "work.sh").write_text("nvidia-smi -L; sleep 5\n")
        described = {"version": 1, "kind": "command", "arguments": []}
        (self.root / "work.sh.nbexec").write_text(json.dumps(described))
        node = {"type": "executable", "path": "work.sh", "gpu": 1, "cache": False}
        whole: dict[str, Any] = {"version": 1, "meta": {}, "edges": {}, "positions": {}}
        whole["nodes"] = {f"n{at}": node | {"runtime": "docker", "image": TINY} for at in range(8)}
        (self.root / "flow.nbflow").write_text(json.dumps(whole))

    def call(self, *words: str) -> str:
        command = [sys.executable, "-m", "nbyard.cli.main", *words]
        done = subprocess.run(
            command,
            cwd=self.root,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def tasks(self, *states: str) -> list[Any]:
        detail = self.yard.services.runs.get(Caller(local_name()), "1")
        return [task for task in detail.tasks if task.state in states]

    def dispatcher(self) -> int:
        """Return the process that holds the lease, or 0."""
        with self.yard.store.read() as c:
            lease = self.yard.store.leases.get(c, LEASE)
        return 0 if lease is None or is_dead(lease.holder) else int(lease.holder.split(":")[1])


@pytest.fixture
def place(tmp_path: Path, machine: Machine, gpu_bench: Bench) -> Iterator[Place]:
    made = Place(tmp_path, machine, gpu_bench.engine)
    yield made
    until(lambda: not made.dispatcher())
    made.yard.close()


@pytest.mark.long
@pytest.mark.leaves_running  # the dispatcher leaves by itself a second after the last task
@pytest.mark.timeout(180)
def test_eight_tasks_share_four_gpus(place: Place, machine: Machine):
    """No GPU is granted twice, also when a container and the dispatcher are killed."""
    place.call("run", "flow.nbflow", "--detach")
    until(lambda: len(place.tasks("preparing", "running")) == 4)
    until(lambda: any("of 4 GPUs" in task.why for task in place.tasks("queued")))
    killed = until(lambda: place.tasks("running"))[0].attempts[-1]
    place.engine.signal(f"nby-{killed.id}", "SIGKILL")
    pid = place.dispatcher()
    os.kill(pid, signal.SIGKILL)
    until(lambda: place.dispatcher() != pid)
    place.call("runs", "show", "1")
    until(lambda: len(place.tasks("succeeded", "failed")) == 8, 90)
    assert len(place.tasks("succeeded")) == 8
    journal = [line for line in machine.journal() if line["attempt"]]
    assert [line["clashes"] for line in machine.journal()] == [[]] * len(machine.journal())
    granted = {a.id: a.gpus for task in place.tasks("succeeded") for a in task.attempts}
    assert {line["attempt"]: line["gpus"] for line in journal} == granted
    assert len(granted) == 9 and all(len(gpus) == 1 for gpus in granted.values())
    assert msgspec.to_builtins(killed)["gpus"] == granted[killed.id]
