"""Containers that a run keeps warm: attempts one after another, each in a state like new."""

import os
from collections.abc import Iterator

import msgspec
import pytest

from nbyard.dockerd import Engine
from nbyard.reasons.structs import because
from nbyard.runtimes.docker import DockerRuntime
from nbyard.runtimes.docker import runtime as runtime_module
from nbyard.runtimes.protocol import Order, Runtime
from nbyard.testing.conformance.runtimes import Supervised

from .bench import BOTH, BUILD, Bench, log_of, output, result_of, until
from .test_notebooks import notebook
from .test_survival import site_of_killed_starter

pytestmark = pytest.mark.sample(1)


class Warm(DockerRuntime):
    def attempt(self, order: Order):
        return super().attempt(msgspec.structs.replace(order, warm=True))


class WarmContainers(Supervised):
    """The conformance suite on warm containers."""

    staging: str

    @pytest.fixture
    def runtime(self, docker_engine: Engine, python_base_image: str) -> Iterator[DockerRuntime]:
        made = Warm(
            docker_host=docker_engine.url, base_image=python_base_image, staging=self.staging
        )
        yield made
        made.end_run("run-7")
        made.close()

    def lose(self, runtime: Runtime, order: Order) -> None:
        assert isinstance(runtime, DockerRuntime)
        runtime.engine.remove(name_of(runtime, order))


@pytest.mark.long
class TestWarmContainers(WarmContainers):
    staging = "bind"


@pytest.mark.long
class TestWarmContainersThatDoNotSeeOurFiles(WarmContainers):
    """An engine without access to nbyard's files."""

    staging = "volume"


def name_of(runtime: DockerRuntime, order: Order) -> str:
    return runtime.attempt(order).site.partition("#")[2]


@pytest.fixture
def warm_bench(bench: Bench, python_base_image: str) -> Bench:
    bench.image = python_base_image
    bench.folder = bench.folder / "attempts"
    return bench


def in_turn(runtime: DockerRuntime, bench: Bench, *orders: Order) -> list[str]:
    """Run orders one after another; return their containers."""
    names = []
    for order in orders:
        result = bench.run(order, runtime, 90)
        assert result.state == "succeeded", (result, log_of(order))
        names.append(name_of(runtime, order))
        runtime.stop(order, because("text", text="finished"))
    return names


LEAVE = """
import os, sys, subprocess, ctypes, json
os.environ["LEFT"] = "yes"
os.chdir("/")
sys.modules["left"] = json
for place in ("/tmp/left", "/dev/shm/left", os.path.expanduser("~/left")):
    os.makedirs(place + "/deeper"); open(place + "/deeper/file", "w").write("x")
    os.chmod(place + "/deeper", 0)
print("shm", ctypes.CDLL(None).shmget(4711, 4096, 0o1600) >= 0)
words = ["setsid", "--fork", "env", "-i", "/bin/sh", "-c", "exec sleep 4711"]
subprocess.Popen(words).wait()
open(os.environ["NBYARD_ATTEMPT"] + "/outputs/secret", "w").write("secret")
"""

LOOK = """
import os, sys, ctypes, glob
places = ("/tmp", "/dev/shm", os.path.expanduser("~"))
found = [place for place in places if "left" in os.listdir(place)]
assert not found, found
assert "LEFT" not in os.environ and "left" not in sys.modules
assert os.getcwd() == os.environ["NBYARD_ATTEMPT"] + "/code", os.getcwd()
assert ctypes.CDLL(None).shmget(4711, 4096, 0) == -1
assert not os.path.exists(os.environ["NBYARD_ATTEMPT"] + "/outputs/secret")
lines = [open(path, "rb").read() for path in glob.glob("/proc/[0-9]*/cmdline")]
assert not [line for line in lines if b"4711" in line], lines
print("clean")
"""


def starts_its_kernel(order: Order) -> bool:
    return '"kernel-start"' in (order.folder / "events.jsonl").read_text()


@BOTH
def test_attempt_sees_no_state_of_the_one_before(warm_bench: Bench, staging):
    """No variable, module, directory, file, process or shared memory, in the same container."""
    runtime = warm_bench.runtime(staging=staging, image_for=BUILD)
    first = notebook(warm_bench, LEAVE, warm=True)
    second = notebook(
        warm_bench,
        LOOK,
        "open(out, 'w').write(str(n))",
        warm=True,
        parameters={"n": 21, "out": "{attempt}/outputs/o/x.txt"},
        outputs={"o": output("outputs/o/x.txt")},
    )
    one, two = in_turn(runtime, warm_bench, first, second)
    assert one and one == two
    assert starts_its_kernel(first) and not starts_its_kernel(second), "one stood by"
    assert (first.folder / "outputs/secret").read_text() == "secret"
    assert (second.folder / "outputs/o/x.txt").read_text() == "21"
    assert result_of(second).outputs == ["o"]
    owners = {path.lstat().st_uid for path in second.folder.rglob("*")}
    assert owners == {os.getuid()}
    runtime.end_run(warm_bench.run_id)
    until(lambda: not warm_bench.left())


def test_warm_container_runs_one_matching_attempt_at_a_time(warm_bench: Bench):
    """A simultaneous attempt, another limit and another run get other containers."""
    runtime = warm_bench.runtime()
    held = warm_bench.shell("while [ ! -e go ]; do sleep 0.05; done", warm=True)
    runtime.start(held)
    beside, again, limited, stranger = (
        warm_bench.shell("true", warm=True, **more)
        for more in ({}, {}, {"memory_bytes": 128 * 2**20}, {"run_id": "another-run"})
    )
    limited = msgspec.structs.replace(limited, memory_bytes=128 * 2**20)
    names = in_turn(runtime, warm_bench, beside, again, limited, stranger)
    assert names[0] == names[1]
    assert len({name_of(runtime, held), *names}) == 4
    assert warm_bench.memory_limit(names[2]) == 128 * 2**20
    (held.folder / "code/go").touch()
    warm_bench.wait(held, runtime)
    runtime.end_run(warm_bench.run_id)
    runtime.end_run("another-run")
    until(lambda: not warm_bench.left())


def test_killed_supervisor_loses_only_its_attempt(warm_bench: Bench):
    runtime = warm_bench.runtime()
    order = warm_bench.shell("kill -9 $PPID; sleep 60", warm=True)
    runtime.start(order)
    seen = warm_bench.over(order, runtime)
    assert (seen.state, str(seen.reason)) == ("lost", "its supervisor was killed")
    name = name_of(runtime, order)
    assert in_turn(runtime, warm_bench, warm_bench.shell("true", warm=True)) == [name]


@pytest.mark.long
def test_a_killed_container_is_replaced(warm_bench: Bench):
    runtime = warm_bench.runtime()
    order = warm_bench.shell("echo here; sleep 60", warm=True)
    runtime.start(order)
    until(lambda: "here" in log_of(order))
    name = name_of(runtime, order)
    warm_bench.engine.signal(name, "SIGKILL")
    seen = warm_bench.over(order, runtime)
    assert (seen.state, seen.reason) == ("lost", because("container-killed", signal=9))
    runtime.stop(order, because("text", text="it is lost"))
    until(lambda: f"container {name}" not in warm_bench.left())
    assert in_turn(runtime, warm_bench, warm_bench.shell("true", warm=True)) != [name]


@BOTH
def test_cancel_stops_the_attempt_and_keeps_the_container(warm_bench: Bench, staging):
    runtime = warm_bench.runtime(staging=staging)
    order = warm_bench.shell("trap '' TERM; echo ready; while true; do sleep 0.1; done", warm=True)
    order = warm_bench.start(order, runtime)

    def ready() -> bool:
        runtime.logs(order)
        return "ready" in log_of(order)

    until(ready)
    name = name_of(runtime, order)
    runtime.stop(order, because("text", text="cancelled by ada"))
    assert warm_bench.wait(order, runtime).state == "cancelled"
    assert in_turn(runtime, warm_bench, warm_bench.shell("true", warm=True)) == [name]


def test_lack_of_memory_ends_only_the_attempt(warm_bench: Bench):
    limit = 160 * 2**20
    runtime = warm_bench.runtime()
    script = "python3 -c 'x = bytearray(400 * 2**20)'"
    order = warm_bench.shell(script, memory_bytes=limit, warm=True)
    order = msgspec.structs.replace(order, memory_bytes=limit)
    result = warm_bench.run(order, runtime)
    assert result.failure and result.failure.kind == "memory", result


def test_kill_9_of_the_starter_keeps_the_attempt(warm_bench: Bench, monkeypatch):
    """Another process adopts it. Its container ends afterwards, and is swept."""
    order = warm_bench.shell("while [ ! -e go ]; do sleep 0.05; done; echo went on", warm=True)
    site = site_of_killed_starter(warm_bench, order)
    runtime = warm_bench.runtime()
    assert runtime.start(order) == site, "whose site was not written down"
    order = msgspec.structs.replace(order, site=site)
    assert runtime.poll(order).state == "running"
    monkeypatch.setattr(runtime_module, "GRACE_SECONDS", -1)
    assert runtime.sweep(warm_bench.store_id, [order.attempt_id]) == []
    (order.folder / "code/go").touch()
    assert warm_bench.wait(order, runtime).state == "succeeded"
    assert log_of(order) == "went on\n"
    runtime.stop(order, because("text", text="finished"))
    until(lambda: runtime.sweep(warm_bench.store_id, []) is not None and not warm_bench.left())


def test_an_image_without_python_gets_fresh_containers(bench: Bench):
    runtime = bench.runtime()
    order = bench.shell("echo fine", warm=True)
    assert bench.run(order, runtime).state == "succeeded"
    assert name_of(runtime, order) == ""
