"""What it means that work came to a result, of every kind."""

import shutil
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from tests.support.fake_runtime_bench import Bench, FakeRuntime

from nbyard.blobs import Blob
from nbyard.blobs.file_operations import disk_full
from nbyard.dispatch.attempts import attempt_driver
from nbyard.domain.attempts.structs import UNTYPED, Failure
from nbyard.reasons.structs import because


def test_success_publishes_the_output(bench):
    """The task is waiting, queued, preparing, running and succeeded. Then the run succeeds."""
    run = bench.finished("made")
    task = bench.task(run)
    assert (task.state, bench.states(run)) == ("succeeded", ["succeeded"])
    assert [artifact.name for artifact in task.artifacts] == ["out"]
    assert task.attempts[0].site == "here"
    with bench.store.read() as c:
        found = bench.store.events.events_after(c, "ada", 0, 500)
    told = [e.data["state"] for e in found if e.topic == "task"]
    assert told == ["waiting", "queued", "preparing", "running", "succeeded"]


def test_a_failure_keeps_its_reason_and_publishes_nothing(bench, runtime):
    """The executed notebook is kept, but no output."""
    run = bench.start()
    attempt = bench.attempt(run)
    (bench.folder(attempt) / "executed.ipynb").write_text("{}")
    (bench.folder(attempt) / "outputs" / "out" / "out.txt").write_text("half")
    runtime.end(
        attempt,
        "failed",
        failure=Failure("error", because("text", text="boom"), cell=2),
        outputs=["out"],
    )
    bench.until_run(run, "failed")
    task = bench.task(run)
    assert task.failure == Failure("error", because("text", text="boom"), cell=2)
    assert [artifact.name for artifact in task.artifacts] == ["executed.ipynb"]


@pytest.mark.parametrize("state", ["failed", "succeeded"])
def test_outputs_that_fill_the_disk_fail_and_are_deleted(bench, runtime, monkeypatch, state):
    """Failed work keeps its notebook. Outputs that can never be copied do not wait."""
    run = bench.start()
    attempt = bench.attempt(run)
    (bench.folder(attempt) / "executed.ipynb").write_text("{}")
    put, outputs = bench.context.blobs.put_fd, bench.folder(attempt) / "outputs"
    (outputs / "data").write_text("much")

    def put_if_there_is_space(*args: Any, **named: Any) -> Blob:
        if outputs.exists():
            raise disk_full(4)
        return put(*args, **named)

    monkeypatch.setattr(bench.context.blobs, "put_fd", put_if_there_is_space)
    usage = shutil.disk_usage(outputs)._replace(total=1)
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage)
    runtime.end(attempt, state, text="made")
    bench.until_run(run, "failed")
    task = bench.task(run)
    assert [artifact.name for artifact in task.artifacts] == ["executed.ipynb"]
    assert (task.failure and task.failure.kind) == ("error" if state == "failed" else "contract")


@pytest.fixture
def full_disk(bench: Bench, runtime: FakeRuntime, monkeypatch) -> tuple[str, Callable[[], None]]:
    """A run whose work is done, on a disk without room for what it made, and who makes room."""

    def full(*_: object, **__: object) -> None:
        raise disk_full(4)

    monkeypatch.setattr(attempt_driver, "FULL_SECONDS", 0.0)
    run = bench.start(timeout_seconds=60.0)
    make_room = partial(
        monkeypatch.setattr, bench.context.blobs, "put_fd", bench.context.blobs.put_fd
    )
    monkeypatch.setattr(bench.context.blobs, "put_fd", full)
    runtime.end(bench.attempt(run), text="made")
    bench.until(lambda: "waits: disk full: needs 4 bytes" in bench.task(run).why)
    return run, make_room


def test_outputs_wait_for_disk_space(bench, full_disk, monkeypatch):
    """No limit ends the wait, and its reason disappears with it."""
    run, make_room = full_disk
    monkeypatch.setattr(attempt_driver, "OVERTIME_SECONDS", -60.0)
    monkeypatch.setattr(attempt_driver, "FORCE_SECONDS", 0.0)
    bench.round(3)
    assert bench.states(run) == ["running"]
    make_room()
    bench.until_run(run, "succeeded")
    task = bench.task(run)
    assert [artifact.name for artifact in task.artifacts] == ["out"]
    assert task.reason == because("runs", cause=because("cache-off"))


def test_outputs_waiting_for_space_take_no_slot(bench, full_disk):
    """The work has ended, so other tasks may start."""
    nodes = [f"n{number}" for number in range(bench.context.settings.slots)]
    other = bench.submit({node: [] for node in nodes})
    bench.until(lambda: {bench.task(other, node).state for node in nodes} == {"running"})


def test_a_cancelled_task_stops_waiting_for_space(bench, full_disk):
    run, _ = full_disk
    bench.cancel(run)
    bench.until_run(run, "cancelled")


def test_a_dead_kernel_is_lost(bench, runtime):
    """A killed kernel is no failure of the code."""
    run = bench.start()
    dead = Failure("kernel-died", because("text", text="the kernel died (signal 9)"))
    runtime.end(bench.attempt(run), "failed", failure=dead)
    bench.until_attempts(run, ["lost", "running"])
    assert bench.task(run).attempts[0].why == dead.message


def test_externally_killed_work_is_lost(bench, runtime):
    """A supervisor that was told to stop by nobody of ours: the run is not cancelled."""
    run = bench.start()
    told = Failure("cancelled", because("text", text="the supervisor was told to stop (SIGTERM)"))
    runtime.end(bench.attempt(run), "cancelled", failure=told)
    bench.until_attempts(run, ["lost", "running"])


def test_a_result_with_another_token_is_refused(bench, runtime):
    """Only the started attempt may report a result."""
    run = bench.start()
    runtime.end(bench.attempt(run), token="forged")
    bench.until(lambda: bench.states(run)[0] == "lost")
    assert "token" in bench.task(run).attempts[0].why
    assert bench.task(run).artifacts == []


def test_a_result_is_not_reused_if_its_types_are_in_doubt(bench):
    """The file that lists inputs without types cannot be read."""
    first = bench.start(cache=True)
    (bench.folder(bench.attempt(first)) / UNTYPED).write_text("no JSON")
    bench.finish(first, "made")
    second = bench.finished("made", cache=True)
    third = bench.submit(cache=True)
    bench.until_run(third, "succeeded")
    assert not bench.task(second).cached and bench.task(third).cached
