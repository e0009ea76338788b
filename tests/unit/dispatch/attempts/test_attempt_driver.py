"""One check after the other: starts, limits, requests to stop, engines and disks in trouble."""

import errno
import json
import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench, FakeRuntime

from nbyard.attempts import folders
from nbyard.dispatch import threads
from nbyard.dispatch.attempts import attempt_driver
from nbyard.dispatch.attempts.attempt_driver import UNREACHABLE_SECONDS
from nbyard.domain.attempts.structs import CANCEL, EVENTS, IMAGE_STAGE, LOG, TASK, Failure
from nbyard.errors import Invalid, NbyardError, Unavailable
from nbyard.reasons.structs import because
from nbyard.runner.process import clock
from nbyard.runtimes.protocol import Order


def test_a_running_attempt_is_cancelled(bench, runtime):
    run = bench.start()
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert bench.states(run) == ["cancelled"]
    assert bench.task(run).why == "the run was cancelled"
    assert runtime.running == []


def test_a_cancelled_recorded_attempt_never_starts(bench, runtime):
    """The engine is unreachable, so the attempt did not start yet."""
    runtime.out_of_reach = "no engine"
    run = bench.submit()
    bench.until(lambda: "no engine" in bench.task(run).why)
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    runtime.out_of_reach = ""
    bench.round(3)
    assert runtime.starts == []


def test_an_attempt_of_a_dead_dispatcher_is_cancelled(bench, runtime):
    """The container runs although the store does not know it."""
    runtime.out_of_reach = "not yet"
    run = bench.submit()
    bench.until(lambda: "not yet" in bench.task(run).why)
    runtime.out_of_reach = ""
    runtime.start(bench.snapshot(run).order)
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert runtime.running == []
    assert runtime.stops[0][0] == bench.attempt(run)


def test_cancel_always_ends(bench, runtime, monkeypatch):
    """This holds without any response. The sweep removes the rest."""
    monkeypatch.setattr(attempt_driver, "FORCE_SECONDS", 0.0)
    runtime.obeys = False
    run = bench.start()
    bench.cancel(run)
    bench.until_run(run, "cancelled")
    assert bench.states(run) == ["cancelled"]


def test_an_engine_that_cannot_stop_it_is_asked_again(bench, runtime):
    run = bench.start()
    runtime.out_of_reach = "gone for lunch"
    bench.cancel(run)
    bench.round(3)
    assert bench.states(run) == ["running"]
    runtime.out_of_reach = ""
    bench.until_run(run, "cancelled")


def test_a_cancel_writes_a_file_too(bench, runtime):
    """The file reaches an attempt whose thread is busy with a slow start."""
    runtime.obeys = False
    run = bench.start()
    bench.cancel(run)
    bench.round()
    assert folders.cancel_reason(bench.folder(bench.attempt(run))) == because("cancelled")


class Slow:
    """A start that makes an image, and goes on when it may; it looks then whether it is wanted."""

    def __init__(self, runtime: FakeRuntime, monkeypatch: pytest.MonkeyPatch) -> None:
        self.may_continue = threading.Event()
        start = runtime.start

        def slow(order: Order) -> str:
            event = {"seq": 0, "type": "stage", "stage": IMAGE_STAGE}
            (order.folder / EVENTS).write_text(json.dumps(event) + "\n")
            self.may_continue.wait(60)
            site = start(order)
            if (order.folder / CANCEL).exists():
                reason = (order.folder / CANCEL).read_text()
                runtime.end(
                    order.attempt_id,
                    "cancelled",
                    failure=Failure("cancelled", because("text", text=reason)),
                )
            return site

        monkeypatch.setattr(runtime, "start", slow)


@pytest.fixture
def slow(runtime: FakeRuntime, monkeypatch) -> Iterator[Slow]:
    found = Slow(runtime, monkeypatch)
    yield found
    found.may_continue.set()


def test_an_image_build_is_shown_while_it_runs(bench, slow):
    run = bench.submit()
    bench.until_now(lambda: "waits for its image" in bench.task(run).why)
    assert bench.task(run).state == "preparing"
    assert bench.yard.services.runs.estimate(OWNER, run).unknown == 1
    slow.may_continue.set()
    bench.until_task(run, "running")
    assert "waits" not in bench.task(run).why


def test_an_attempt_is_cancelled_during_its_image_build(bench, slow):
    """The thread that starts the attempt read the run earlier."""
    run = bench.submit()
    bench.until_now(lambda: "image" in bench.task(run).why)
    attempt = bench.attempt(run)
    bench.cancel(run)
    bench.until_now((bench.folder(attempt) / CANCEL).exists)
    slow.may_continue.set()
    bench.until(lambda: bench.run(run).state not in ("running", "queued"))
    assert bench.run(run).state == "cancelled"
    assert bench.states(run) == ["cancelled"]


@pytest.mark.parametrize("first", ["cancel", "finish"])
def test_cancel_and_finish_give_one_result(bench, runtime, first):
    """The first of both decides, with one terminal state."""
    run = bench.start()
    attempt = bench.attempt(run)
    runtime.obeys = False
    for step in (first, {"cancel": "finish", "finish": "cancel"}[first]):
        if step == "cancel":
            bench.cancel(run)
        else:
            runtime.end(attempt)
    bench.until(lambda: bench.run(run).state in ("succeeded", "cancelled"))
    assert bench.run(run).state == "succeeded"  # the work was done
    with bench.store.read() as c:
        found = bench.store.events.events_after(c, "ada", 0, 500)
    ends = [e for e in found if e.topic == "task" and e.data["state"] == "succeeded"]
    assert len(ends) == 1


def test_a_missed_time_limit_is_enforced(bench, runtime, monkeypatch):
    monkeypatch.setattr(attempt_driver, "OVERTIME_SECONDS", 0.0)
    run = bench.start(timeout_seconds=0.01)
    bench.until_run(run, "failed")
    assert bench.failure(run) == Failure("timeout", because("time-limit", seconds=0.01))
    assert runtime.running == []


def test_a_missed_time_limit_is_enforced_by_a_kill(bench, runtime, monkeypatch):
    monkeypatch.setattr(attempt_driver, "OVERTIME_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "FORCE_SECONDS", 0.0)
    runtime.obeys = False
    run = bench.start(timeout_seconds=0.01)
    bench.until_run(run, "failed")
    assert bench.failure(run).kind == "timeout"


def test_an_unreachable_engine_is_awaited_with_a_reason(bench, runtime):
    """The task is preparing and not failed, and continues by itself."""
    runtime.out_of_reach = "the engine cannot be reached"
    run = bench.submit()
    bench.until(lambda: "cannot be reached" in bench.task(run).why)
    bench.round(3)
    task = bench.task(run)
    assert (task.state, bench.states(run)) == ("preparing", ["recorded"])
    assert task.why.endswith("engine cannot be reached")
    runtime.out_of_reach = ""
    bench.until_task(run, "running")
    assert bench.task(run).reason == because("runs", cause=because("cache-off"))


@pytest.mark.parametrize("told", ["out_of_reach", "unheard"])
def test_an_engine_unreachable_for_long_loses_attempts(bench, runtime, monkeypatch, told):
    """No attempt runs forever without a sign of life. Until then, no limit counts."""
    run = bench.start(timeout_seconds=0.001)
    setattr(runtime, told, "gone")
    monkeypatch.setattr(attempt_driver, "OVERTIME_SECONDS", 0.0)
    bench.round(3)
    assert bench.states(run) == ["running"]
    monkeypatch.setattr(attempt_driver, "UNREACHABLE_SECONDS", 0.0)
    bench.until(lambda: bench.states(run)[0] == "lost")


def test_remote_results_wait_for_local_space(bench, runtime, monkeypatch):
    """The log and the result of a container are copied after its end."""
    run = bench.start()
    runtime.end(bench.attempt(run), text="made")
    monkeypatch.setattr(attempt_driver, "FULL_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "UNREACHABLE_SECONDS", 0.0)
    problem = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    with monkeypatch.context() as full:
        full.setattr(runtime, "poll", Mock(side_effect=problem))
        bench.until(lambda: "waits: disk full" in bench.task(run).why)
        bench.round(5)
        assert bench.states(run) == ["running"]
    bench.until_run(run, "succeeded")
    assert "disk full" not in bench.task(run).why


@pytest.mark.parametrize("is_wanted", [True, False])
def test_attempts_of_a_former_dispatcher_wait_for_space(bench, runtime, monkeypatch, is_wanted):
    """The former dispatcher did not record the full disk."""
    run = bench.submit()
    while not runtime.starts:
        bench.round()
    bench.replace_dispatcher()
    runtime.end(runtime.starts[0], text="made")
    monkeypatch.setattr(threads, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(attempt_driver, "FORCE_SECONDS", 0.0)
    with monkeypatch.context() as full:
        full.setattr(runtime, "poll", Mock(side_effect=OSError(errno.ENOSPC, "full")))
        bench.until(lambda: "waits: disk full" in bench.task(run).why)
        if not is_wanted:
            bench.cancel(run)
        bench.round(5)
    bench.until(lambda: bench.run(run).state not in ("queued", "running"))
    assert bench.run(run).state == ("succeeded" if is_wanted else "cancelled")


def test_a_full_disk_does_not_count_as_silence(bench, runtime, monkeypatch):
    """The engine was unreachable for a moment before and after."""
    run = bench.start()
    moment = [time.monotonic()]
    monkeypatch.setattr(attempt_driver, "time", SimpleNamespace(monotonic=lambda: moment[0]))
    silence, full = Unavailable("a hiccup"), OSError(errno.ENOSPC, "full")
    for problem in (silence, full, silence):
        with monkeypatch.context() as troubled:
            troubled.setattr(runtime, "poll", Mock(side_effect=problem))
            bench.round(3)
        moment[0] += 0.9 * UNREACHABLE_SECONDS
    bench.round(2)
    assert bench.states(run) == ["running"]


def test_other_file_errors_are_no_full_disk(bench, runtime, monkeypatch):
    run = bench.start()
    monkeypatch.setattr(threads, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(runtime, "poll", Mock(side_effect=OSError(errno.EIO, "broken")))
    bench.until_run(run, "failed")
    assert "unexpected: OSError" in bench.task(run).why


def test_an_attempt_that_can_never_start_fails(bench, runtime):
    runtime.refusal = Invalid("no such image")
    run = bench.submit()
    bench.until_run(run, "failed")
    failure = bench.failure(run)
    assert (failure.kind, failure.message) == ("preparation", "no such image")


def test_a_program_that_an_engine_cannot_start_is_explained(bench, runtime):
    """The image has no Python."""
    message = 'exec: "python3": executable file not found in $PATH'
    runtime.refusal = NbyardError(because("engine-refused", message=message))
    run = bench.submit()
    bench.until_run(run, "failed")
    failure = bench.failure(run)
    assert failure.reason.code == "start-hinted"
    assert failure.reason.params["cause"]["code"] == "engine-refused"
    assert failure.reason.params["hint"]["code"] == "suffix-program-missing"


def test_a_partial_folder_is_filled_again(bench, runtime):
    """Whoever died while filling it left no task.json."""
    runtime.out_of_reach = "no engine"
    run = bench.submit()
    bench.until(lambda: "no engine" in bench.task(run).why)
    folder = bench.folder(bench.attempt(run))
    (folder / TASK).unlink()
    (folder / "code" / "half").write_text("x")
    runtime.out_of_reach = ""
    bench.until_task(run, "running")
    assert (folder / TASK).exists() and not (folder / "code" / "half").exists()


@pytest.mark.parametrize("is_sent", [True, False])
def test_waiting_too_long_in_a_remote_queue_fails(bench, runtime, is_sent):
    """The limit holds for the queue of a cluster too.

    As in nbyard's own queue, no retry follows.
    """
    runtime.queues_itself, runtime.begins, runtime.waits = True, False, "for a worker"
    runtime.refusal = None if is_sent else Unavailable("no worker has that")
    patient = bench.submit(queue_timeout_seconds=3600)
    run = bench.submit(queue_timeout_seconds=0.001, retries=2)
    bench.until_run(run, "failed")
    failure = bench.failure(run)
    assert failure.kind == "queue-timeout"
    assert failure.reason == because("queue-limit", seconds=0.001)
    assert len(bench.states(run)) == 1
    assert bench.task(patient).state == "preparing"


def test_an_attempt_dropped_while_stopping_ends(bench, runtime, monkeypatch):
    """No dispatcher starts it again, so it must not wait."""
    runtime.queues_itself, runtime.begins, runtime.waits = True, False, "for a worker"
    runtime.obeys = False
    run = bench.submit(queue_timeout_seconds=0.001)
    bench.until(lambda: runtime.stops)
    runtime.states[bench.attempt(run)] = "unbegun"
    bench.round(3)
    assert bench.task(run).state == "preparing"
    monkeypatch.setattr(attempt_driver, "FORCE_SECONDS", 0.0)
    bench.until_run(run, "failed")
    assert bench.failure(run).kind == "queue-timeout"


def test_a_served_attempt_does_not_wait(bench, runtime):
    """Neither does an attempt that is just starting."""
    runtime.queues_itself, runtime.begins = True, False
    run = bench.submit(queue_timeout_seconds=0.001)
    bench.until_task(run, "preparing")
    bench.round(3)
    runtime.states[bench.attempt(run)] = "running"
    bench.until_task(run, "running")
    bench.round(3)
    assert bench.task(run).state == "running"


@pytest.fixture
def moment(monkeypatch) -> list[float]:
    """What silence is counted by."""
    found = [1000.0]
    monkeypatch.setattr(clock, "time", SimpleNamespace(monotonic=lambda: found[0]))
    return found


def later(bench: Bench, run: str, moment: list[float], seconds: float) -> str:
    """The state of its task after as many seconds and some rounds."""
    moment[0] += seconds
    bench.round(3)
    return bench.task(run).state


@pytest.mark.parametrize("name", [LOG, EVENTS])
def test_a_missed_silence_limit_is_enforced(bench, moment, name):
    run = bench.start(silence_timeout_seconds=5.0)
    assert later(bench, run, moment, 14) == "running"
    (bench.folder(bench.attempt(run)) / name).write_text("still here")
    assert later(bench, run, moment, 14) == "running"
    assert later(bench, run, moment, 14) == "running"
    assert later(bench, run, moment, 2) == "failed"
    assert bench.failure(run) == Failure("timeout", because("silence-limit", seconds=5))


@pytest.mark.parametrize("days", [-1, 1])
def test_clock_changes_do_not_affect_the_silence_limit(bench, moment, days):
    """Signs of life are compared, and not their times."""
    run = bench.start(silence_timeout_seconds=5.0)
    log = bench.folder(bench.attempt(run)) / LOG
    log.write_text("a log that is full")
    there = time.time() + days * 86_400
    for sign in range(3):
        os.utime(log, (there + sign, there + sign))
        assert later(bench, run, moment, 0) == "running"
        assert later(bench, run, moment, 14) == "running"
    assert later(bench, run, moment, 2) == "failed"


def test_silence_is_counted_from_the_reconnection(bench, runtime, moment):
    """Output that was written earlier could not arrive."""
    run = bench.start(silence_timeout_seconds=5.0)
    runtime.out_of_reach = "the engine hangs"
    for _ in range(10):
        assert later(bench, run, moment, 10) == "running"
    runtime.out_of_reach = ""
    assert later(bench, run, moment, 10) == "running"
    assert later(bench, run, moment, 14) == "running"
    assert later(bench, run, moment, 2) == "failed"


def waiting(bench: Bench, runtime: FakeRuntime) -> str:
    """A run whose only attempt waits where it was sent."""
    runtime.begins = False
    run = bench.submit()
    bench.until(lambda: bench.task(run).attempts[-1:] and bench.states(run) == ["starting"])
    return run


def test_an_unstarted_attempt_is_sent_again(bench, runtime):
    """The same attempt is sent again each time the cluster loses it."""
    run = waiting(bench, runtime)
    for times in range(2, 6):
        runtime.forget(bench.attempt(run))
        bench.until(lambda times=times: len(runtime.starts) == times)
    runtime.begins = True
    runtime.forget(bench.attempt(run))
    bench.until_task(run, "running")
    bench.finish(run)
    assert bench.states(run) == ["succeeded"]
    assert set(runtime.starts) == {bench.attempt(run)}


def test_a_running_attempt_is_never_sent_again(bench, runtime):
    run = bench.start()
    runtime.forget(bench.attempt(run))
    bench.until_attempts(run, ["lost", "running"])
    assert len(runtime.starts) == 2


def test_a_cancelled_unstarted_attempt_is_not_sent_again(bench, runtime):
    run = waiting(bench, runtime)
    runtime.obeys = False
    runtime.forget(bench.attempt(run))
    bench.cancel(run)
    bench.round(3)
    assert len(runtime.starts) == 1
    runtime.end(
        bench.attempt(run),
        "cancelled",
        failure=Failure("cancelled", because("text", text="the run was")),
    )
    bench.until_run(run, "cancelled")


def test_a_former_dispatcher_sends_nothing_again(bench, runtime):
    """It asks the store first."""
    run = waiting(bench, runtime)
    case, former = bench.snapshot(run), bench.replace_dispatcher()
    runtime.forget(case.attempt.id)
    late = replace(case, since=case.since - attempt_driver.FRESH_SECONDS)
    (report,) = former.runs.attempts.drive(late)
    assert report.facts == []
    assert len(runtime.starts) == 1
    bench.until(lambda: len(runtime.starts) == 2)
