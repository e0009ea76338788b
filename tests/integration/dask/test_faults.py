"""Workers, schedulers and dispatchers that die: each is an ordinary case."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import distributed
import msgspec
import pytest

from nbyard.diagnostics import probe_dask
from nbyard.domain.attempts.structs import LOG, Output
from nbyard.errors import Invalid, Unavailable
from nbyard.reasons.structs import because
from nbyard.runner.process import processes
from nbyard.runtimes.dask import DaskRuntime
from nbyard.runtimes.protocol import Order
from nbyard.settings import Settings
from nbyard.testing.conformance.runtimes import STORE, finish, place_attempt, wait_until

from .ground import Ground, ground

GATE = 'echo ready; until [ -e "{gate}" ]; do sleep 0.05; done; echo made > ../outputs/o; echo end'
OUTPUT = {"o": Output("outputs/o")}
EMBEDDED = """
def embedded():
    from distributed import LocalCluster
    return LocalCluster(n_workers=1, processes=False, dashboard_address=":0")
"""
GROWING = """
def growing():
    from distributed import LocalCluster
    told = {"processes": False, "dashboard_address": ":0", "resources": {"CPU": 2}}
    cluster = LocalCluster(n_workers=0, threads_per_worker=1, **told)
    cluster.adapt(minimum=0, maximum=1, interval="100ms")
    return cluster
"""
STARTER = """
import sys, time
from pathlib import Path
import msgspec
from nbyard.runtimes.dask import DaskRuntime
from nbyard.runtimes.protocol import Order
from nbyard.settings import Settings
order = msgspec.json.decode(sys.argv[2], type=Order, dec_hook=lambda t, v: t(v))
runtime = DaskRuntime(Settings(dask_address=sys.argv[1]))
print(runtime.start(order), flush=True)
while True:
    runtime.logs(order)
    time.sleep(0.05)
"""

pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture


class Bench:
    def __init__(self, found: Ground, folder: Path, hidden: Path | None):
        self.ground = found
        self.hidden = hidden
        self.folder = folder
        self.gate = found.folder / "gate"
        self.settings = Settings(store_dir=str(folder / "store"), dask_address=found.address)
        self.runtime = DaskRuntime(self.settings)
        found.start_worker(hidden=hidden)

    def order(self) -> Order:
        script = GATE.format(gate=self.gate)
        (self.folder / "attempts").mkdir(exist_ok=True)
        return place_attempt(self.folder / "attempts", script, OUTPUT, "")

    def until_ready(self, order: Order, runtime: DaskRuntime | None = None) -> None:
        wait_until(lambda: log_of(runtime or self.runtime, order) == "ready\n")


def log_of(runtime: DaskRuntime, order: Order) -> str:
    runtime.logs(order)
    path = order.folder / LOG
    return path.read_text() if path.exists() else ""


ONE_IS_ENOUGH = pytest.mark.parametrize("bench", ["far"], indirect=True)


def be_hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbyard.runtimes.dask.cluster.CONNECT_SECONDS", 0.5)


@pytest.fixture(params=["shared", "far"])
def bench(
    request: pytest.FixtureRequest, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Bench]:
    hidden = tmp_path_factory.getbasetemp() if request.param == "far" else None
    with ground() as found:
        made = Bench(found, tmp_path, hidden)
        yield made
        made.runtime.close()


@pytest.mark.sample(1)
def test_dead_worker_loses_the_attempt_and_no_other_starts_it(bench: Bench) -> None:
    order = bench.order()
    bench.runtime.start(order)
    bench.until_ready(order)
    bench.ground.start_worker(hidden=bench.hidden)
    wait_until(lambda: len(bench.runtime.cluster.workers()) == 2)
    bench.ground.kill(bench.ground.workers[0])
    # its work ends with it, but not in the same moment
    wait_until(lambda: not processes.processes_with_mark(order.mark, processes.process_table()))
    bench.gate.touch()
    wait_until(lambda: bench.runtime.poll(order).state == "lost")
    assert "gone" in str(bench.runtime.poll(order).reason)
    assert not (order.folder / "outputs" / "o").exists()
    bench.runtime.stop(order, because("text", text="it is lost"))
    again = bench.order()
    bench.runtime.start(again)
    assert finish(bench.runtime, again).state == "succeeded"
    assert (again.folder / "outputs" / "o").read_text() == "made\n"


@pytest.mark.long
@ONE_IS_ENOUGH
def test_dead_scheduler_loses_the_attempt_and_the_next_one_works(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = bench.order()
    bench.runtime.start(order)
    bench.until_ready(order)
    be_hasty(monkeypatch)
    bench.ground.kill(bench.ground.scheduler)
    wait_until(lambda: is_unavailable(bench.runtime, order))
    with pytest.raises(Unavailable):
        bench.runtime.start(bench.order())
    bench.ground.start_scheduler()
    bench.ground.start_worker(hidden=bench.hidden)
    wait_until(lambda: state_of(bench.runtime, order) == "lost")
    assert bench.runtime.poll(order).reason
    bench.gate.touch()
    again = bench.order()
    bench.runtime.start(again)
    assert finish(bench.runtime, again).state == "succeeded"


@pytest.mark.sample(1)
def test_tasks_waiting_at_a_dead_scheduler_are_submitted_again(bench: Bench) -> None:
    """Running attempts are lost, waiting ones are not.

    Under the same name, each is started once."""
    begun, waiting = bench.order(), bench.order()
    bench.runtime.start(begun)
    bench.until_ready(begun)
    waiting = msgspec.structs.replace(waiting, site=bench.runtime.start(waiting))
    assert bench.runtime.poll(waiting).state == "starting"
    bench.ground.kill(bench.ground.scheduler)
    bench.ground.start_scheduler()
    wait_until(lambda: state_of(bench.runtime, waiting) == "unbegun")
    wait_until(lambda: state_of(bench.runtime, begun) == "lost")
    assert {bench.runtime.start(waiting) for _ in range(2)} == {waiting.site}
    assert bench.runtime.poll(waiting).state == "starting"
    bench.ground.start_worker(hidden=bench.hidden)
    bench.until_ready(waiting)
    bench.gate.touch()
    assert finish(bench.runtime, waiting).state == "succeeded"
    assert (waiting.folder / LOG).read_text() == "ready\nend\n"


@ONE_IS_ENOUGH
def test_tasks_at_the_scheduler_wait_by_priority(bench: Bench) -> None:
    """A retried task goes before a later new one, although it was submitted last."""
    first, turns = bench.order(), bench.ground.folder / "turns"
    bench.runtime.start(first)
    bench.until_ready(first)
    orders = []
    for name, priority in (("low", 0.0), ("next", 0.0), ("again", 0.5), ("high", 1.0)):
        order = place_attempt(bench.folder / "attempts", f"echo {name} >> {turns}", {}, "")
        orders.append(msgspec.structs.replace(order, priority=priority))
        bench.runtime.start(orders[-1])
    bench.gate.touch()
    wait_until(lambda: all([has_ended(bench.runtime, order) for order in (first, *orders)]))
    assert turns.read_text().split() == ["high", "again", "low", "next"]


@ONE_IS_ENOUGH
def test_task_waiting_for_resubmission_can_be_cancelled(bench: Bench) -> None:
    """The task never starts."""
    bench.ground.kill(bench.ground.workers[0])
    order = bench.order()
    order = msgspec.structs.replace(order, site=bench.runtime.start(order))
    bench.ground.kill(bench.ground.scheduler)
    bench.ground.start_scheduler()
    wait_until(lambda: state_of(bench.runtime, order) == "unbegun")
    bench.runtime.stop(order, because("text", text="no longer wanted"))
    assert finish(bench.runtime, order).state == "cancelled"


@pytest.mark.sample(2)
@pytest.mark.parametrize("is_late", [False, True])
def test_resubmitted_task_is_started_once(bench: Bench, is_late: bool) -> None:
    """Although the abandoned scheduler still runs, and gets a worker sooner or later."""
    bench.ground.kill(bench.ground.workers[0])
    order = bench.order()
    order = msgspec.structs.replace(order, site=bench.runtime.start(order))
    bench.runtime.close()
    with ground() as other:
        runtime = DaskRuntime(Settings(store_dir=str(bench.folder), dask_address=other.address))
        assert runtime.poll(order).state == "unbegun"
        runtime.start(order)
        for found in (other, bench.ground) if is_late else (bench.ground, other):
            found.start_worker(hidden=bench.hidden)
            wait_until(partial(has_reached, found, order))
        bench.gate.touch()
        wait_until(lambda: log_of(runtime, order) == "ready\nend\n")
        wait_until(lambda: state_of(runtime, order) in ("finished", "lost"))
        if is_late or bench.hidden:
            assert finish(runtime, order).state == "succeeded"
        assert log_of(runtime, order) == "ready\nend\n"
        runtime.close()


def has_ended(runtime: DaskRuntime, order: Order) -> bool:
    """Return whether the attempt has ended; its worker is then free for the next one."""
    if runtime.poll(order).state != "finished":
        return False
    runtime.stop(order, because("text", text="it is at its end"))
    return True


def has_reached(found: Ground, order: Order) -> bool:
    """Return whether a worker of that scheduler has started the attempt, or seen that another one
    has."""
    with distributed.Client(found.address, set_as_default=False) as client:
        if any(found.folder.rglob(f"nbyard-{order.attempt_id}-*")):
            return True
        future = client.get_dataset(f"nbyard/{STORE}/{order.attempt_id}")
        with contextlib.suppress(TimeoutError):
            why = future.result(timeout=1)
            return bool(why) and why["code"] == "dask-first-worker-gone"
    return False


def is_unavailable(runtime: DaskRuntime, order: Order) -> bool:
    return state_of(runtime, order) == "unavailable"


def state_of(runtime: DaskRuntime, order: Order) -> str:
    try:
        return runtime.poll(order).state
    except Unavailable:
        return "unavailable"


@pytest.mark.long
def test_next_dispatcher_adopts_attempts_of_a_killed_one(bench: Bench) -> None:
    """No attempt starts twice, and no line of the log is missing or repeated."""
    order = bench.order()
    packed = msgspec.json.encode(order, enc_hook=str).decode()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, bench.ground.address, packed], env=environment
    )
    try:
        wait_until(lambda: (order.folder / LOG).exists() and (order.folder / LOG).read_text() != "")
    finally:
        starter.send_signal(signal.SIGKILL)
        starter.wait()
    site = bench.runtime.start(order)
    order = msgspec.structs.replace(order, site=site)
    assert bench.runtime.poll(order).state == "running"
    bench.gate.touch()
    assert finish(bench.runtime, order).state == "succeeded"
    assert (order.folder / LOG).read_text() == "ready\nend\n"
    assert (order.folder / "outputs" / "o").read_text() == "made\n"


@pytest.mark.long
@ONE_IS_ENOUGH
def test_nothing_remains_after_the_results_were_fetched(bench: Bench) -> None:
    bench.gate.touch()
    order = bench.order()
    bench.runtime.start(order)
    assert finish(bench.runtime, order).state == "succeeded"
    bench.runtime.stop(order, because("text", text="it is at its end"))
    wait_until(lambda: not bench.runtime.cluster.published_names())
    wait_until(lambda: not bench.ground.made())


@ONE_IS_ENOUGH
def test_the_next_dispatcher_frees_the_worker_of_a_finished_attempt(bench: Bench) -> None:
    """The only thread of the worker waits until the files are fetched."""
    bench.gate.touch()
    order = bench.order()
    order = msgspec.structs.replace(order, site=bench.runtime.start(order))
    assert finish(bench.runtime, order).state == "succeeded"
    bench.runtime.close()
    successor = DaskRuntime(bench.settings)
    successor.stop(order, because("ended"))

    def is_free() -> bool:
        successor.sweep(STORE, [])
        return not bench.ground.made()

    wait_until(is_free)
    successor.close()


@pytest.mark.long
@ONE_IS_ENOUGH
def test_the_sweep_removes_what_no_live_attempt_owns(bench: Bench) -> None:
    dead, live = bench.order(), bench.order()
    bench.ground.start_worker(hidden=bench.hidden)
    for order in (dead, live):
        bench.runtime.start(order)
    for order in (dead, live):
        bench.until_ready(order)
    assert bench.runtime.sweep("another-store", []) == []
    swept = bench.runtime.sweep(STORE, [live.attempt_id])
    assert [name.rpartition("/")[2] for name in swept] == [dead.attempt_id]
    wait_until(lambda: len(bench.ground.made()) == 1)
    bench.gate.touch()
    assert finish(bench.runtime, live).state == "succeeded"


def test_attempt_waits_for_an_unreachable_cluster(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    be_hasty(monkeypatch)
    order = place_attempt(tmp_path, "true", {}, "")
    runtime = DaskRuntime(Settings(dask_address="tcp://127.0.0.1:9"))
    with pytest.raises(Unavailable, match=r"tcp://127\.0\.0\.1:9"):
        runtime.start(order)
    runtime.close()


def test_missing_cluster_setting_is_explained(tmp_path: Path) -> None:
    """The message says what is missing, and how to set it."""
    order = place_attempt(tmp_path, "true", {}, "")
    with pytest.raises(Invalid) as refused:
        DaskRuntime(Settings()).start(order)
    assert "dask_address" in refused.value.hint


@pytest.mark.filterwarnings("ignore:Mismatched versions")
def test_different_dask_versions_are_refused(
    tmp_path: Path, dask_ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The message names the difference."""
    versions = import_module("distributed.versions")
    monkeypatch.setattr(versions, "get_versions", partial(older, versions.get_versions))
    monkeypatch.setattr("distributed.client.get_versions", versions.get_versions, raising=False)
    settings = Settings(dask_address=dask_ground.address)
    with pytest.raises(Invalid, match=r"distributed .* 2020\.1\.0"):
        DaskRuntime(settings).start(place_attempt(tmp_path, "true", {}, ""))
    assert probe_dask(settings).state == "missing"


def older(get: Callable[..., Any], *words: Any, **more: Any) -> Any:
    found = get(*words, **more)
    return {**found, "packages": {**found["packages"], "distributed": "2020.1.0"}}


def test_cluster_is_created_by_a_callable(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For any cluster object of Dask, including embedded ones."""
    module = tmp_path_factory.mktemp("module") / "my_clusters.py"
    module.write_text(EMBEDDED)
    monkeypatch.syspath_prepend(module.parent)
    settings = Settings(store_dir=str(tmp_path), dask_cluster="my_clusters:embedded")
    assert "my_clusters:embedded" in str(probe_dask(settings).finding)
    runtime = DaskRuntime(settings)
    order = place_attempt(tmp_path, "echo done", {}, "")
    runtime.start(order)
    assert finish(runtime, order).state == "succeeded"
    runtime.close()


def test_requests_wait_until_a_worker_reports_its_resources(tmp_path: Path) -> None:
    """No resource is granted before, and the request is fulfilled afterwards."""
    with ground() as found:
        runtime = DaskRuntime(Settings(store_dir=str(tmp_path), dask_address=found.address))
        order = msgspec.structs.replace(place_attempt(tmp_path, "echo done", {}, ""), cpu=2.0)
        with pytest.raises(Unavailable, match="o Dask worker is"):
            runtime.start(order)
        found.start_worker("--resources", "CPU=1")
        wait_until(lambda: len(runtime.cluster.workers()) == 1)
        with pytest.raises(Unavailable, match="worker has CPU=2"):
            runtime.start(order)
        found.start_worker("--resources", "CPU=2", "--name", "large")
        wait_until(lambda: len(runtime.cluster.workers()) == 2)
        runtime.start(order)
        assert finish(runtime, order).state == "succeeded"
        sighting = msgspec.json.decode((order.folder / "dask.json").read_bytes())
        assert runtime.cluster.workers()[sighting["worker"]]["name"] == "large"
        runtime.close()


def test_adaptive_cluster_starts_a_worker_for_a_request(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Workers start when they are needed, also for a request that only they can judge."""
    module = tmp_path_factory.mktemp("module") / "growing_clusters.py"
    module.write_text(GROWING)
    monkeypatch.syspath_prepend(module.parent)
    settings = Settings(store_dir=str(tmp_path), dask_cluster="growing_clusters:growing")
    runtime = DaskRuntime(settings)
    order = msgspec.structs.replace(place_attempt(tmp_path, "echo done", {}, ""), cpu=2.0)
    with pytest.raises(Unavailable, match="o Dask worker is"):
        runtime.start(order)
    wait_until(lambda: len(runtime.cluster.workers()) == 1)
    runtime.start(order)
    assert finish(runtime, order).state == "succeeded"
    runtime.close()


@pytest.mark.parametrize("name", ["no.such.module:cluster", "os:nothing", "os:getcwd:x"])
def test_callable_that_returns_no_cluster_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Invalid, match="cannot create a cluster"):
        DaskRuntime(Settings(dask_cluster=name)).start(place_attempt(tmp_path, "true", {}, ""))
