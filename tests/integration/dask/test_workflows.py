"""Workflows on a cluster: equal results, and no lost task when a process dies."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import distributed
import pytest

from nbyard.domain.runs.structs import RunDetail, Task
from nbyard.reasons.structs import because
from nbyard.testing.conformance.runtimes import wait_until

from ..test_runs import (
    ADA,
    ENDED,
    LOOKED_AT,
    Project,
    assert_gpu_usage,
    install_driver_stub,
    option,
)
from .ground import Ground, ground

pytestmark = pytest.mark.leaves_running  # processes of the ground are ended by the fixture

SQUARE = """
import os, time
with open(os.path.join({witness!r}, "begun"), "a") as begun:
    begun.write("{number} ")
while not os.path.exists({gate!r}):
    time.sleep(0.02)
with open(output_txt, "w") as file:
    file.write(str({number} ** 2))
"""
CLIENT = """
import os
from dask.distributed import Client
with Client(os.environ["NBYARD_DASK_ADDRESS"]) as client:
    total = sum(client.gather(client.map(abs, range(100))))
with open(output_txt, "w") as file:
    file.write(str(total))
"""
TABLE = """
import os
import dask.dataframe, pandas
from dask.distributed import Client
with Client(os.environ["NBYARD_DASK_ADDRESS"]):
    table = dask.dataframe.from_pandas(pandas.DataFrame({"x": range(100)}), npartitions=4)
    total = int(table.x.sum().compute())
with open(output_txt, "w") as file:
    file.write(str(total))
"""
MAKE = """
import json
with open(output_json, "w") as file:
    json.dump([seed * n for n in range(5)], file)
"""
REPORT = """
import json, os
print("sum", sum(json.load(open(input_json))), os.environ["NBYARD_WORKFLOW"])
with open(output_txt, "w") as file:
    file.write(str(sum(json.load(open(input_json)))))
"""
UNKNOWN = "waits: no worker of {} has reported its packages yet"


@pytest.fixture
def cluster() -> Iterator[Ground]:
    with ground() as made:
        yield made


@pytest.fixture
def project(tmp_path: Path, cluster: Ground) -> Iterator[Project]:
    with Project.opened(tmp_path, slots=2, dask_address=cluster.address) as made:
        yield made


def begin_squares(project: Project, cluster: Ground, count: int, threads: int) -> tuple[str, Path]:
    """Start a run of many notebooks on two workers, and wait until all threads work.

    Return its ID and the gate at which the notebooks wait. Each has written its number into
    `begun`."""
    gate = cluster.folder / "gate"
    for number in range(count):
        told = {"witness": str(cluster.folder), "gate": str(gate), "number": number}
        project.notebook(f"n{number}", "output_txt = 'o.txt'", SQUARE.format(**told))
    for _ in range(2):
        cluster.start_worker("--nthreads", str(threads))
    run = project.start(runtime="dask")
    wait_until(lambda: len(begun(cluster)) == 2 * threads)
    return run, gate


def begun(cluster: Ground) -> list[int]:
    path = cluster.folder / "begun"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def end_squares(project: Project, cluster: Ground, run: str, count: int) -> RunDetail:
    """Wait for the end, and check all results. No attempt was started twice."""
    detail = project.dispatching.until(
        lambda: project.detail(run), lambda seen: seen.run.state in ENDED, 60.0 + count * 8.0
    )
    values = {int(project.bytes_of(detail, f"n{number}", "output_txt")) for number in range(count)}
    assert values == {number**2 for number in range(count)}
    again = tried_again(detail)
    assert {task.attempts[0].state for task in again} <= {"lost"}
    assert len(begun(cluster)) == count + len(again), "no attempt is begun twice"
    return detail


def tried_again(detail: RunDetail) -> list[Task]:
    return [task for task in detail.tasks if len(task.attempts) > 1]


def squares(project: Project, cluster: Ground, count: int) -> RunDetail:
    """Run many notebooks on two workers of two threads, one of which dies half way."""
    run, gate = begin_squares(project, cluster, count, 2)
    cluster.kill(cluster.workers[0])
    gate.touch()
    detail = end_squares(project, cluster, run, count)
    assert 1 <= len(tried_again(detail)) <= 3
    return detail


@pytest.mark.long
@pytest.mark.timeout(900)
def test_hundred_notebooks_succeed_although_one_of_two_workers_dies(
    project: Project, cluster: Ground
) -> None:
    assert squares(project, cluster, 100).run.state == "succeeded"


@pytest.mark.long
@pytest.mark.timeout(600)
def test_dead_scheduler_loses_only_the_running_notebooks(project: Project, cluster: Ground) -> None:
    """Only the two running notebooks of thirty are retried."""
    run, gate = begin_squares(project, cluster, 30, 1)
    at_work = {f"n{number}" for number in begun(cluster)}
    sent = project.dispatching.until(lambda: project.detail(run), all_sent)
    cluster.kill(cluster.scheduler)
    cluster.start_scheduler()
    gate.touch()
    for _ in range(2):
        cluster.start_worker()
    detail = end_squares(project, cluster, run, 30)
    assert detail.run.state == "succeeded"
    assert {task.node for task in tried_again(detail)} <= at_work
    first = {task.node: task.attempts[0].id for task in sent.tasks}
    assert {task.node: task.attempts[0].id for task in detail.tasks} == first


@pytest.mark.long
@pytest.mark.timeout(600)
def test_hanging_scheduler_does_not_delay_other_runs(
    project: Project, cluster: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There are more notebooks than threads, and waiting tasks show the reason.

    When the scheduler continues, all of them end, each started once."""
    monkeypatch.setattr("nbyard.runtimes.dask.cluster.ANSWER_SECONDS", 1.0)
    run, gate = begin_squares(project, cluster, 24, 1)
    project.dispatching.until(lambda: project.detail(run), all_sent)
    cluster.scheduler.send_signal(signal.SIGSTOP)
    try:
        project.nodes = {}
        project.script("here", "true")
        while not says_that_it_hangs(project.detail(run)):
            assert project.run(force=True).run.state == "succeeded"
    finally:
        cluster.scheduler.send_signal(signal.SIGCONT)
    gate.touch()
    detail = end_squares(project, cluster, run, 24)
    assert detail.run.state == "succeeded"
    assert tried_again(detail) == []
    assert not says_that_it_hangs(detail)


def says_that_it_hangs(seen: RunDetail) -> bool:
    return any("The Dask cluster does not respond" in task.why for task in seen.tasks)


def all_sent(seen: RunDetail) -> bool:
    """Return whether all tasks were submitted to the cluster."""
    states = {attempt.state for task in seen.tasks for attempt in task.attempts}
    return all(task.attempts for task in seen.tasks) and states <= {"starting", "running"}


def test_processes_and_a_cluster_give_equal_results(
    project: Project, cluster: Ground, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """On a worker without access to nbyard's files, chosen for the run or for a node."""
    cluster.start_worker(hidden=tmp_path_factory.getbasetemp())
    project.notebook("make", "seed = 2; output_json = 'o.json'", MAKE)
    takes = option("source", role="input"), option("out", role="output", format="json")
    project.script("copy", 'cp "$2" "$4"', *takes)
    project.notebook("report", "input_json = ''; output_txt = 'o.txt'", REPORT, runtime="process")
    project.arrow("make", "copy", "output_json")
    project.arrow("copy", "report", "out", "input_json")
    here = project.run()
    there = project.run(runtime="dask")
    assert (here.run.state, there.run.state) == ("succeeded", "succeeded")
    assert [task.cached for task in there.tasks] == [False] * 3
    assert project.bytes_of(there, "report", "output_txt") == b"20"
    for node, name in (("make", "output_json"), ("copy", "out"), ("report", "output_txt")):
        assert project.bytes_of(here, node, name) == project.bytes_of(there, node, name)
    assert "sum 20" in project.log(there.run.id, "report")
    again = project.run(runtime="dask")
    assert [(task.cached, task.reason) for task in again.tasks if not task.cached] == []
    project.nodes["make"]["runtime"] = "dask"
    mixed = project.run(force=True)
    assert project.bytes_of(mixed, "report", "output_txt") == b"20"
    assert {task.node: task.attempts[0].runtime for task in mixed.tasks} == {
        "make": "dask",
        "copy": "process",
        "report": "process",
    }


@pytest.mark.long
def test_notebook_is_a_client_of_the_cluster_that_it_runs_on(
    project: Project, cluster: Ground
) -> None:
    """Two notebooks wait for tasks of their own on two workers of one thread, without a
    deadlock."""
    for name in ("left", "right"):
        project.notebook(name, "output_txt = 'o.txt'", CLIENT)
        cluster.start_worker()
    detail = project.run(runtime="dask")
    assert detail.run.state == "succeeded", project.log(detail.run.id, "left")
    for name in ("left", "right"):
        assert project.bytes_of(detail, name, "output_txt") == b"4950"


@pytest.mark.long
def test_local_process_is_a_client_of_the_cluster(project: Project, cluster: Ground) -> None:
    cluster.start_worker()
    project.notebook("here", "output_txt = 'o.txt'", TABLE)
    assert project.bytes_of(project.run(), "here", "output_txt") == b"4950"


def test_task_waits_until_the_packages_of_its_worker_are_known(
    project: Project, cluster: Ground, tmp_path: Path
) -> None:
    """Before, the cache is neither read nor written; then matching results are used."""
    project.script("step", 'echo made > "$2"', option("out", role="output", format="txt"))
    started = project.start(runtime="dask")
    until_task(project, started, "step", lambda task: task.why == UNKNOWN.format(cluster.address))
    assert project.task(started, "step").state == "queued"
    cancelled = project.start(runtime="dask")
    project.yard.services.runs.cancel(ADA, cancelled)
    assert project.end(cancelled).run.state == "cancelled"
    worker = cluster.start_worker()
    first = project.end(started)
    assert (first.run.state, first.tasks[0].cached) == ("succeeded", False)
    assert project.run(runtime="dask").tasks[0].cached
    cluster.kill(worker)
    with_another = tmp_path / "another"
    made = with_another / "another-1.0.dist-info"
    made.mkdir(parents=True)
    made.joinpath("METADATA").write_text("Metadata-Version: 2.1\nName: another\nVersion: 1.0\n")
    worker = cluster.start_worker(packages=with_another)
    second = project.run(runtime="dask")
    assert (second.run.state, second.tasks[0].cached) == ("succeeded", False)
    assert "another" in second.tasks[0].why
    cluster.kill(worker)
    cluster.start_worker()
    assert project.run(runtime="dask").tasks[0].cached


@pytest.mark.long
def test_task_waits_for_a_suitable_worker_and_shows_the_reason(
    project: Project, cluster: Ground
) -> None:
    """A resource that no worker has delays only the task that requests it."""
    steps = {"any": None, "little": 1.0, "much": 4.0}
    for name, cpu in steps.items():
        project.script(name, "true", cpu=cpu)
    run = project.start(runtime="dask")
    for name in steps:
        waiting = until_task(project, run, name, lambda task: "worker" in task.why)
        assert waiting.why == UNKNOWN.format(cluster.address)
    cluster.start_worker("--resources", "CPU=2")
    until_task(project, run, "any", lambda task: task.state == "succeeded")
    until_task(project, run, "little", lambda task: task.state == "succeeded")
    much = until_task(project, run, "much", lambda task: "CPU" in task.why)
    assert much.why.endswith("(the most is CPU=2)")
    cluster.start_worker("--resources", "CPU=4")
    assert project.end(run).run.state == "succeeded"


def test_task_with_a_gpu_has_a_worker_of_its_own(
    project: Project, cluster: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The task sees the GPU of that worker.

    The third task waits although threads are free."""
    seen, gate = cluster.folder / "seen", cluster.folder / "gate"
    look = f'echo "$CUDA_VISIBLE_DEVICES" >> {seen}; until [ -e {gate} ]; do sleep 0.05; done'
    names = ("first", "second", "third")
    for name in names:
        project.script(name, look, gpu=1)
    project.script("plain", "true")
    for device in ("GPU-a", "GPU-b"):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", device)
        cluster.start_worker("--resources", "GPU=1", "--nthreads", "2")
    run = project.start(runtime="dask")

    def devices() -> list[str]:
        return sorted(seen.read_text().split()) if seen.exists() else []

    wait_until(lambda: devices() == ["GPU-a", "GPU-b"])
    until_task(project, run, "plain", lambda task: task.state == "succeeded")
    project.dispatching.until(lambda: project.detail(run), waits_for_a_worker)
    assert devices() == ["GPU-a", "GPU-b"]
    gate.touch()
    detail = project.end(run)
    assert detail.run.state == "succeeded"
    assert len(devices()) == 3 and set(devices()) == {"GPU-a", "GPU-b"}
    granted = [attempt.gpus for task in detail.tasks for attempt in task.attempts]
    assert granted == [[]] * 4, "those of this machine are nobody's"


def waits_for_a_worker(seen: RunDetail) -> bool:
    """Return whether exactly one task waits for a worker."""
    states = sorted(task.state for task in seen.tasks)
    waiting = [task for task in seen.tasks if "waits for a free Dask worker" in task.why]
    return len(waiting) == 1 and states == ["preparing", "running", "running", "succeeded"]


@pytest.mark.long
def test_request_that_no_single_worker_fulfils_waits_with_a_reason(
    project: Project, cluster: Ground
) -> None:
    """One worker has the GPU, another one the memory."""
    project.script("both", "true", gpu=1, memory_bytes=32_000_000_000)
    cluster.start_worker("--resources", "GPU=1")
    cluster.start_worker("--resources", "MEMORY=64e9")
    with distributed.Client(cluster.address, timeout=60, set_as_default=False) as client:
        client.wait_for_workers(2)
    run = project.start(runtime="dask")
    words = "no Dask worker has GPU=1 with MEMORY=3.2e+10 (the most is GPU=1, MEMORY=6.4e+10)"
    until_task(project, run, "both", lambda task: task.why.endswith(words))
    cluster.start_worker("--resources", "GPU=1 MEMORY=64e9")
    assert project.end(run).run.state == "succeeded"


@pytest.mark.long
def test_task_that_waits_too_long_for_a_worker_fails_unstarted(
    project: Project, cluster: Ground
) -> None:
    gate, begun_at = cluster.folder / "gate", cluster.folder / "begun"
    project.script("busy", f"echo busy; until [ -e {gate} ]; do sleep 0.05; done")
    cluster.start_worker()
    first = project.start(runtime="dask")
    project.until_logged(first, "busy", "busy")
    project.nodes = {}
    project.script("late", f"touch {begun_at}", queue_timeout_seconds=0.5, retries=2)
    second = project.end(project.start(runtime="dask"))
    (late,) = second.tasks
    assert late.failure is not None and late.failure.kind == "queue-timeout"
    assert late.reason == because("queue-limit", seconds=0.5)
    assert len(late.attempts) == 1, "no retry follows, as in our own queue"
    gate.touch()
    assert project.end(first).run.state == "succeeded"
    assert not begun_at.exists()


def until_task(project: Project, run: str, name: str, good: Callable[[Task], bool]) -> Task:
    return project.dispatching.until(lambda: project.task(run, name), good)


def test_gpu_usage_of_a_worker_is_recorded(
    project: Project, cluster: Ground, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only the GPUs that the worker shows to its work count."""
    install_driver_stub(tmp_path, monkeypatch)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-a")
    cluster.start_worker("--resources", "GPU=1")
    project.script("busy", LOOKED_AT, gpu=1)
    detail = project.run(runtime="dask")
    assert detail.run.state == "succeeded"
    assert_gpu_usage(project, detail.run.id, "busy")
