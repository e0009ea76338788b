"""After a crash: what belongs to nobody goes, what lives stays."""

import threading
from datetime import UTC, datetime

from tests.support.fake_runtime_bench import FakeRuntime

from nbyard.dispatch.recovery import LiveAttempts
from nbyard.dispatch.threads import THREADS
from nbyard.domain.callers import Caller
from nbyard.domain.deployments.structs import NewDeployment, check_name


def test_folders_of_ended_attempts_are_reduced(bench, runtime):
    """The former dispatcher was killed before the clean-up."""
    ended, live = bench.submit(), bench.submit()
    bench.until(lambda: len(runtime.running) == 2)
    bench.finish(ended)
    for run in (ended, live):
        (bench.folder(bench.attempt(run)) / "code").mkdir(exist_ok=True)
    forgotten = bench.folder("00000000-0000-7000-8000-000000000000")
    forgotten.mkdir()
    (forgotten / "log").write_text("x")
    runtime.stops.clear()
    bench.replace_dispatcher()
    bench.until(lambda: not (bench.folder(bench.attempt(ended)) / "code").exists())
    assert [attempt_id for attempt_id, _ in runtime.stops] == [bench.attempt(ended)]
    assert (bench.folder(bench.attempt(ended)) / "result.json").exists()
    assert (bench.folder(bench.attempt(live)) / "code").exists()
    assert not forgotten.exists()


def test_the_sweep_removes_objects_without_a_live_attempt(bench, runtime):
    run = bench.start()
    runtime.states["orphan"] = "running"
    bench.replace_dispatcher()
    bench.round(2)
    assert runtime.swept == ["orphan"]
    assert bench.task(run).state == "running"


class Hanging(FakeRuntime):
    """Answers nobody before its gate is opened."""

    queues_itself = True

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.entered = 0

    def _reach(self) -> None:
        self.entered += 1
        assert self.gate.wait(60)


def test_a_hanging_engine_delays_no_runs(bench, runtime):
    """It has more tasks than threads. Nothing is lost or started twice."""
    hanging = bench.context.runtimes["far"] = Hanging()
    far = bench.submit({f"n{number}": [] for number in range(THREADS + 4)}, runtime="far")

    try:
        bench.until_now(lambda: hanging.entered >= THREADS)
        run = bench.submit()
        bench.until_now(lambda: bench.task(run).state == "running")
        runtime.end(bench.attempt(run))
        bench.until_now(lambda: bench.run(run).state == "succeeded")
        assert hanging.entered == THREADS
    finally:
        hanging.gate.set()
    bench.until(lambda: len(hanging.running) == THREADS + 4)
    for attempt_id in hanging.running:
        hanging.end(attempt_id)
    bench.until_run(far, "succeeded")
    assert len(hanging.starts) == THREADS + 4


def test_an_attempt_that_starts_during_a_sweep_is_kept(bench):
    live = LiveAttempts(bench.store)
    assert len(live) == 0
    run = bench.start()
    assert bench.attempt(run) in live
    assert list(live) == [bench.attempt(run)]
    bench.finish(run)
    assert bench.attempt(run) not in live


def test_events_are_trimmed(bench):
    """Retention keeps a low-water mark; runs go on all the same."""
    bench.round()
    with bench.store.write() as c:
        bench.store.events.delete_oldest(c, 0)
    bench.start()


def test_a_check_of_gpus_is_not_swept_while_its_deployment_starts(yard):
    made = yard.services.deployments.create(Caller("ann"), NewDeployment("cows:1", name="cows"))
    live, name = LiveAttempts(yard.store), check_name(made.id, 1)
    assert name not in live
    rows = yard.store.deployments
    with yard.store.write() as c:
        row = rows.revision(c, made.id, 1)
        assert row is not None
        one = row.revision
        rows.set_revision(c, one.id, started_at=datetime.now(UTC))
    assert name in live
    with yard.store.write() as c:
        rows.set_revision(c, one.id, ended_at=datetime.now(UTC))
    assert name not in live
