"""Deployments on a real engine."""

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby

import pytest

from nbyard.dockerd import DEPLOYMENT, STORE, Engine
from nbyard.domain.deployments.structs import DeploymentChange
from nbyard.ipc.dispatcher_launcher import has_work
from nbyard.reasons.structs import reason_text

from .bench import until
from .deploying import ANN, Yards, opened, server_image


@pytest.fixture(scope="session")
def served(docker_engine: Engine, python_base_image: str) -> str:
    return server_image(docker_engine, python_base_image)


@pytest.fixture
def made(tmp_path, docker_engine, served):
    with opened(tmp_path, docker_engine, served) as found:
        yield found


def test_deployment_starts_responds_stops_and_restarts(made):
    yards, dispatching = made
    yards.create(environment={"VERSION": "7"})
    with dispatching() as running:
        found = yards.until(running, "running")
        assert (found.serving, found.reason, found.started_at is not None) == (1, None, True)
        assert [link.answers for link in found.links] == [True]
        assert yards.ask() == (200, "version 7")
        assert yards.ask("/keep/a") == (200, "a")
        running.until(yards.log, lambda text: "serving version 7\n" in text)
        yards.deployments.stop(ANN, "web")
        stopped = yards.until(running, "stopped")
        assert (stopped.serving, [link.answers for link in stopped.links]) == (0, [False])
        assert yards.owned_objects() == [f"nby-d-{stopped.id}"], "its files, and no network"
        secrets = yards.yard.store.folder.glob("deployments/*/*.secret")
        assert [*secrets] == [], "its image would not ask for one"
        assert "serving version 7" in yards.log()
        yards.deployments.start(ANN, "web")
        yards.until(running, "running")
        assert yards.ask("/keep/b") == (200, "ab"), "its files stay"
        states = [e.state for e in yards.deployments.events(ANN, "web").items if e.state]
        # A service that answers at once may be seen running without having been seen starting.
        seen = [state for state in states if state != "starting"]
        assert seen == ["running", "queued", "stopped", "stopping", "running", "queued"]
        # The old revision uses its network until the new one serves.
        running.dispatcher.context.settings.container_network = "internal"
        yards.deployments.edit(ANN, "web", DeploymentChange(environment={"VERSION": "8"}))
        yards.until_serving(running, 2)
        assert yards.ask() == (200, "version 8")
        yards.deployments.stop(ANN, "web")
        yards.until(running, "stopped")
        assert yards.owned_objects() == [f"nby-d-{stopped.id}"]


@pytest.mark.long
def test_edited_revision_takes_over_and_is_rolled_back(made):
    """No request is refused meanwhile, however long its response takes."""
    yards, dispatching = made
    yards.create()
    with dispatching() as running:
        yards.until(running, "running")
        with Requests(yards) as requests:
            slow = requests.ask_once("/slow/4")
            yards.deployments.edit(ANN, "web", DeploymentChange(environment={"VERSION": "2"}))
            assert yards.get().state == "running"
            yards.until_serving(running, 2)
            assert slow() == (200, "version 1"), "the old one lets its last answer finish"
            running.until(yards.owned_objects, lambda left: not any(n.endswith("-1") for n in left))
            yards.deployments.rollback(ANN, "web")
            yards.until_serving(running, 3)
            running.until(yards.owned_objects, lambda left: not any(n.endswith("-2") for n in left))
        assert {status for status, _ in requests.answers} == {200}
        assert [text for text, _ in groupby(text for _, text in requests.answers)] == [
            "version 1", "version 2", "version 1"
        ]  # fmt: skip
        assert "serving version 2" in yards.log(revision=2)


def test_failed_revision_does_not_take_over(made):
    """The reason is shown, and the earlier revision keeps responding."""
    yards, dispatching = made
    yards.create()
    with dispatching() as running:
        yards.until(running, "running")
        yards.deployments.edit(ANN, "web", DeploymentChange(image="nbyard-test/none:1"))
        found = running.until(yards.get, lambda d: d.reason)
        assert (found.state, found.serving, found.revision) == ("running", 1, 2)
        assert (found.reason.code, found.reason.params["number"]) == ("no-takeover", 2)
        assert "The image nbyard-test/none:1" in str(found.reason)
        assert found.reproduce.endswith("pull nbyard-test/none:1")
        assert yards.ask()[0] == 200
        yards.deployments.rollback(ANN, "web", revision=1)
        assert yards.until_serving(running, 3).reason is None


TWICE = """
import socket
first = socket.create_server(("", 8000))
second = socket.create_server(("", 8000))
"""
REASONS = [
    ({"image": "nbyard-test/none:1"}, "The image nbyard-test/none:1 is not present", "pull"),
    (
        {"command": ["python3", "-c", "import sys; sys.exit('no model')"]},
        "exited with code 1: no model",
        "run",
    ),
    (
        {"command": ["python3", "-c", TWICE]},
        "exited with code 1: OSError: [Errno 98] Address already in use",
        "run",
    ),
    (
        {"command": ["sleep", "60"], "start_seconds": 2},
        "did not respond on port 8000 (/) within 2 s",
        "run",
    ),
    ({"command": ["no-such-program"]}, "exec no-such-program failed", "run"),
    (
        {"command": ["python3", "-c", "x = [b'x' * (1 << 26) for _ in range(99)]"], "memory_gb": 2},
        "the service ran out of memory: its limit is 2 GB",
        "run",
    ),
]


@pytest.mark.sample(1)
@pytest.mark.parametrize(("wish", "words", "verb"), REASONS, ids=[w for _, w, _ in REASONS])
def test_failure_has_a_reason_and_a_command_that_reproduces_it(made, wish, words, verb):
    yards, dispatching = made
    yards.create(**wish)
    with dispatching() as running:
        # one of them fills 2 GB at each of its starts
        found = yards.until(running, "failed", seconds=180)
        assert words in str(found.reason), found.reason
        assert found.reproduce.startswith("docker ") and f" {verb} " in found.reproduce
        assert words in yards.log()
        told = yards.deployments.events(ANN, "web").items[0]
        assert (told.state, told.reason) == ("failed", found.reason)
        (revision,) = yards.deployments.revisions(ANN, "web").items
        assert revision.gpus == [] and revision.ended_at is not None
        assert not any(name.endswith("-1") for name in yards.owned_objects())
        yards.deployments.edit(ANN, "web", DeploymentChange(image=yards.image, command=[]))
        if verb == "pull":
            yards.until(running, "running")


@pytest.mark.long
def test_reproducing_command_creates_an_equal_container(made):
    """User, limits and hardening are the same, so the failure is the same."""
    yards, dispatching = made
    write = "import time; time.sleep(5); open('/etc/a', 'w')"  # it can be looked at before
    yards.create(command=["python3", "-c", write], environment={"A": "b c"})
    with dispatching() as running:
        running.until(yards.owned_objects, lambda there: any(name.endswith("-1") for name in there))
        ours = yards.engine.client().inspect_container(container(yards))
        found = yards.until(running, "failed")
    assert "Read-only file system" in str(found.reason)
    words = shlex.split(found.reproduce)
    assert f" {yards.image} " in found.reproduce
    shown = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert shown.returncode == 1 and "Read-only file system" in shown.stderr
    words[words.index("run")] = "create"
    by_hand = subprocess.run(words, capture_output=True, text=True, timeout=60, check=True)
    theirs = yards.engine.client().inspect_container(by_hand.stdout.strip())
    yards.engine.remove(by_hand.stdout.strip())
    names = (
        *("CapDrop", "SecurityOpt", "ReadonlyRootfs", "Tmpfs", "PidsLimit", "Memory", "MemorySwap"),
        *("NanoCpus", "Init", "Ulimits", "ShmSize", "IpcMode", "Privileged"),
    )
    for part, known in (("HostConfig", names), ("Config", ("User", "WorkingDir", "Healthcheck"))):
        assert [ours[part][name] for name in known] == [theirs[part][name] for name in known]
    mounts = [
        [(m["Source"], m["Target"]) for m in one["HostConfig"]["Mounts"]] for one in (ours, theirs)
    ]
    assert mounts[0] == mounts[1]
    assert sorted(ours["Config"]["Env"]) == sorted(theirs["Config"]["Env"])


def reasons(yards: Yards) -> list[str]:
    return [reason_text(one.reason) for one in yards.deployments.events(ANN, "web").items]


# it is killed first, and may be seen so
WORDS_OF_REMOVAL = re.compile(r"removed outside nbyard|was killed \(exit code 137\)")


@pytest.mark.long
def test_deployment_without_a_port_runs_while_its_process_does(made):
    """A program that cannot start is never shown as running, although its container runs for a
    moment."""
    yards, dispatching = made
    yards.create("gone", ports=[], command=["/no/such/program"])
    yards.create("there", ports=[], command=["sleep", "600"])
    with dispatching() as running:
        yards.until(running, "running", name="there")
        assert "/no/such/program" in str(yards.until(running, "failed", name="gone").reason)
    seen = [one.state for one in yards.deployments.events(ANN, "gone").items]
    assert "running" not in seen and "starting" in seen


def test_exited_deployment_is_completed_and_a_crashed_one_restarts(made):
    yards, dispatching = made
    yards.create()
    with dispatching() as running:
        yards.until(running, "running")
        with pytest.raises(OSError):
            yards.ask("/exit/3")
        told = running.until(lambda: reasons(yards), any)
        assert any("exited with code 3" in reason for reason in told)
        again = running.until(yards.get, lambda d: d.state == "running" and not d.reason)
        assert again.serving == 1
        yards.engine.remove(container(yards))
        running.until(
            lambda: reasons(yards),
            lambda told: any(WORDS_OF_REMOVAL.search(reason) for reason in told),
        )
        running.until(yards.get, lambda d: d.state == "running" and not d.reason)
        with pytest.raises(OSError):
            yards.ask("/exit/0")
        assert yards.until(running, "completed").reason is None
        assert not has_work(yards.yard.store), "the dispatcher may leave"


def test_limits_hold_in_the_container_and_gpus_are_hidden(made):
    yards, dispatching = made
    yards.create(memory_gb=3, cpu=1)
    with dispatching() as running:
        yards.until(running, "running")
        told = dict(line.split("=") for line in yards.ask("/limits")[1].splitlines())
        memory = told.get("memory.max") or told["memory/memory.limit_in_bytes"]
        quota = (told.get("cpu.max") or told["cpu/cpu.cfs_quota_us"]).split()[0]
        assert (int(memory), int(quota)) == (3 * 2**30, 100_000)
        assert "('NVIDIA_VISIBLE_DEVICES', 'void')" in yards.ask("/env")[1]
        inspected = yards.engine.client().inspect_container(container(yards))
        host = inspected["HostConfig"]
        assert host["CapDrop"] == ["ALL"] and host["ReadonlyRootfs"] and host["Init"]
        assert host["SecurityOpt"] == ["no-new-privileges:true"]
        assert inspected["Config"]["User"] == "65534:65534"
        bound = host["PortBindings"]["8000/tcp"]
        assert [one["HostIp"] for one in bound] == ["127.0.0.1"]


def test_stuck_deployment_can_be_deleted(made):
    """While its image is missing, and when its process ignores the stop request."""
    yards, dispatching = made
    stubborn = [
        "python3",
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); time.sleep(999)",
    ]
    yards.create(command=stubborn)
    with dispatching() as running:
        running.until(yards.owned_objects, lambda there: any(name.endswith("-1") for name in there))
        yards.deployments.delete(ANN, "web")
        assert yards.deployments.list(ANN).items == []
        running.until(yards.owned_objects, lambda there: not there)
        yards.create()
        yards.until(running, "running")


@pytest.mark.long
def test_deployment_with_a_silent_registry_can_be_deleted_at_once(made):
    """Other deployments are handled meanwhile."""
    yards, dispatching = made
    with socket.create_server(("127.0.0.1", 0)) as registry, dispatching() as running:
        host = f"127.0.0.1:{registry.getsockname()[1]}"
        yards.create("stuck", image=f"{host}/cows:1")
        asking, _ = registry.accept()
        with asking:
            yards.create()
            yards.until(running, "running")
            assert yards.get("stuck").state == "starting"
            yards.deployments.stop(ANN, "stuck")
            assert yards.until(running, "stopped", name="stuck").reason is None
            yards.deployments.start(ANN, "stuck")
            yards.until(running, "starting", name="stuck")
            yards.deployments.delete(ANN, "stuck")
            running.until(yards.ids, lambda left: left == {yards.get().id})


def test_next_dispatcher_adopts_running_deployments(made):
    """The container stays, and its log has no gap."""
    yards, dispatching = made
    count = (
        "import itertools, time\nfor n in itertools.count(): print(n, flush=True); time.sleep(.02)"
    )
    yards.create(command=["python3", "-c", count], ports=[])
    process = subprocess.Popen(
        [sys.executable, "-m", "nbyard.dispatch"],
        env=os.environ | yards.settings.environment(),
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: yards.get().state == "running" and "\n9\n" in yards.log(), 60)
    finally:
        process.kill()
        process.wait()
    before = yards.engine.container(container(yards))
    with dispatching() as running:
        seen = len(yards.log().splitlines())
        running.until(yards.log, lambda text: len(text.splitlines()) > seen + 50)
        after = yards.engine.container(container(yards))
        assert before and after and before.id == after.id
        lines = [line for line in yards.log().splitlines() if not line.startswith("nbyard: ")]
        numbers = [int(line) for line in lines]
        assert numbers == list(range(len(numbers)))


@pytest.mark.long
@pytest.mark.parametrize("point", ["deployment-begun", "deployment-launched"])
def test_next_dispatcher_completes_an_interrupted_start(made, point):
    """The deployment responds, and there is no second container."""
    yards, dispatching = made
    yards.create()
    told = yards.settings.environment() | {"NBYARD_CRASH_AT": point}
    words = [sys.executable, "-m", "nbyard.dispatch"]
    done = subprocess.run(
        words, env=os.environ | told, stderr=subprocess.DEVNULL, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    with dispatching() as running:
        yards.until(running, "running")
        assert yards.ask() == (200, "version 1")
        assert len([name for name in yards.owned_objects() if name.endswith("-1")]) == 1
        (revision,) = yards.deployments.revisions(ANN, "web").items
        assert revision.restarts == 0


@pytest.mark.long
def test_sweep_removes_only_containers_without_a_deployment(made):
    """The row is gone, as after a dispatcher that lost its lease without noticing."""
    yards, dispatching = made
    gone = yards.create()
    told = yards.settings.environment() | {"NBYARD_CRASH_AT": "deployment-launched"}
    words = [sys.executable, "-m", "nbyard.dispatch"]
    subprocess.run(words, env=os.environ | told, stderr=subprocess.DEVNULL, timeout=60, check=False)
    theirs = {STORE: "another", DEPLOYMENT: "theirs"}
    yards.engine.create_volume("nby-d-theirs", theirs)
    yards.engine.network("nby-d-theirs", theirs)
    try:
        assert len(yards.owned_objects()) == 3, "container, volume and network"
        with yards.yard.store.write() as c:
            yards.yard.store.deployments.delete(c, gone.id)
        with dispatching() as running:
            running.until(yards.owned_objects, lambda left: not left)
        assert len(yards.engine.owned_objects(STORE, "another")) == 2
    finally:
        yards.engine.remove_volume("nby-d-theirs")
        yards.engine.remove_network("nby-d-theirs")


def container(yards: Yards) -> str:
    found = yards.get()
    return f"nby-d-{found.id}-{found.serving or found.revision}"


class Requests:
    """Send requests without a pause and without retries until the block ends."""

    def __init__(self, yards: Yards):
        self._yards = yards
        self._threads = ThreadPoolExecutor(3)
        self._is_over = threading.Event()
        self.answers: list[tuple[int, str]] = []

    def __enter__(self) -> "Requests":
        self._asking = self._threads.submit(self._ask)
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._asking.result()
        self._threads.shutdown()

    def _ask(self) -> None:
        while not self._is_over.is_set():
            self.answers.append(self._yards.ask())

    def ask_once(self, path: str) -> Callable[[], tuple[int, str]]:
        return self._threads.submit(self._yards.ask, path).result
