"""Where it cannot be known yet what is installed, tasks wait: nothing is taken or kept for them."""

import pytest
from tests.support.fake_runtime_bench import Bench, FakeRuntime

from nbyard.dispatch.runs import ready_tasks
from nbyard.domain.environments.structs import Lock, Package
from nbyard.errors import Busy, Invalid, Unavailable
from nbyard.reasons.structs import because

WORDS = "no worker of here has reported its packages yet"
WAITS = f"waits: {WORDS}"
OLD, NEW = (Lock("3.11", "", "", "", [Package("numpy", one)]) for one in ("1.0", "2.0"))


class Elsewhere(FakeRuntime):
    """It works where somebody else decides what is installed."""

    def __init__(self) -> None:
        super().__init__()
        self.installed: list[Lock] = []
        self.asked = 0
        self.silence: Exception = Unavailable(WORDS)

    def locks(self) -> list[Lock]:
        self.asked += 1
        if not self.installed:
            raise self.silence
        return self.installed


@pytest.fixture
def runtime(bench: Bench, monkeypatch) -> Elsewhere:
    monkeypatch.setattr(ready_tasks, "PAUSE_SECONDS", 0.0)
    made = bench.context.runtimes["elsewhere"] = Elsewhere()
    return made


def submit(bench: Bench, *nodes: str, **plan: object) -> str:
    return bench.submit({node: [] for node in nodes or "a"}, runtime="elsewhere", **plan)


def finish(bench: Bench, runtime: Elsewhere, run: str) -> None:
    bench.until(lambda: bench.task(run).state == "running")
    runtime.end(bench.attempt(run), text="made")
    bench.until(lambda: bench.run(run).state == "succeeded")


def test_a_task_waits_for_its_environment_with_a_reason(bench, runtime):
    """Then its cache key has the known environment, and finds the result."""
    first, second = (submit(bench, cache=True) for _ in range(2))
    bench.until(lambda: bench.task(first).why == WAITS)
    bench.round(5)
    assert bench.task(second).why == WAITS
    assert (bench.task(first).state, runtime.starts) == ("queued", [])
    runtime.installed = [OLD]
    finish(bench, runtime, first)
    third = submit(bench, cache=True)
    bench.until(lambda: bench.run(third).state == "succeeded")
    assert bench.task(third).cached


@pytest.mark.parametrize("others", [[NEW], [OLD, NEW]])
def test_another_environment_changes_the_cache_key(bench, runtime, others):
    """The same holds for workers that differ."""
    runtime.installed = [OLD]
    finish(bench, runtime, submit(bench, cache=True))
    runtime.installed = others
    run = submit(bench, cache=True)
    finish(bench, runtime, run)
    assert not bench.task(run).cached


def test_a_result_after_a_changed_environment_is_not_cached(bench, runtime):
    runtime.installed = [OLD]
    run = submit(bench, cache=True)
    bench.until(lambda: bench.task(run).state == "running")
    runtime.installed = [NEW]
    bench.dispatcher.runs.candidates.identities.seen_environments.clear()
    finish(bench, runtime, run)
    assert bench.task(run).artifacts
    for there in (OLD, NEW):
        runtime.installed = [there]
        again = submit(bench, cache=True)
        finish(bench, runtime, again)
        assert not bench.task(again).cached


def test_a_reused_result_needs_no_environment(bench, runtime):
    """Neither does a pinned one."""
    runtime.installed = [OLD]
    first = submit(bench, cache=True)
    finish(bench, runtime, first)
    runtime.installed = []
    waiting = submit(bench)
    bench.until(lambda: bench.task(waiting).why == WAITS)
    again = submit(bench, reuse=bench.task(first).id)
    bench.until(lambda: bench.run(again).state == "succeeded")


def test_one_lookup_serves_all_tasks_at_intervals(bench, runtime, monkeypatch):
    """There is no busy loop while the environment is unknown."""
    monkeypatch.setattr(ready_tasks, "PAUSE_SECONDS", 1000.0)
    run = submit(bench, *"abcdef")
    bench.until(lambda: bench.task(run, "f").why == WAITS)
    asked = runtime.asked
    bench.round(20)
    assert (asked, runtime.asked) == (1, 1)
    assert bench.dispatcher.runs.seconds_until_due() > 1.0


def test_a_waiting_task_delays_no_others(bench, runtime, monkeypatch):
    monkeypatch.setattr(ready_tasks, "NEW_IN_A_ROUND", 2)
    submit(bench, *"abcdef")
    run = bench.submit()
    bench.until(lambda: bench.task(run).state == "running")


def test_a_waiting_task_can_be_cancelled(bench, runtime):
    run = submit(bench)
    bench.until(lambda: bench.task(run).why == WAITS)
    bench.cancel(run)
    bench.until(lambda: bench.run(run).state == "cancelled")
    asked = runtime.asked
    bench.round(3)
    assert (runtime.asked, runtime.starts) == (asked, [])


def test_a_waiting_task_has_a_time_limit(bench, runtime):
    run = submit(bench, queue_timeout_seconds=0.2)
    bench.until(lambda: bench.run(run).state == "failed", 10_000)
    assert bench.task(run).reason == because("queue-limit", seconds=0.2)


def test_earlier_reasons_are_kept_while_waiting(bench, runtime):
    runtime.installed = [OLD]
    run = submit(bench)
    bench.until(lambda: bench.task(run).state == "running")
    runtime.installed = []
    bench.dispatcher.runs.candidates.identities.seen_environments.clear()
    runtime.lose(bench.attempt(run))
    lost = "attempt 1 was lost: killed by the test"
    said = f"{lost} – {WAITS}"
    bench.until(lambda: bench.task(run).why == said)
    bench.round(5)
    assert bench.task(run).why == said
    runtime.installed = [OLD]
    bench.until(lambda: len(bench.task(run).attempts) == 2)
    assert bench.task(run).why == f"runs again: {lost}"


def test_a_refused_lookup_fails_the_task(bench, runtime):
    runtime.silence = Invalid("No cluster is set.")
    run = submit(bench, *"ab")
    bench.until(lambda: bench.run(run).state == "failed")
    assert {task.why for task in bench.detail(run).tasks} == {"No cluster is set."}


def test_a_busy_store_is_asked_at_intervals(bench, runtime, monkeypatch):
    runtime.silence = Busy()
    submit(bench)
    bench.round(20)
    assert runtime.asked == 1


@pytest.mark.parametrize("identity", ["", "sha256:1"])
def test_a_missing_image_is_never_reused(bench, monkeypatch, identity):
    """The meaning of its name is known only after the pull."""
    monkeypatch.setattr(bench.runtime, "image_id", lambda _: identity, raising=False)
    first = bench.submit(cache=True)
    bench.until(lambda: bench.task(first).state == "running")
    bench.runtime.end(bench.attempt(first), text="made")
    bench.until(lambda: bench.run(first).state == "succeeded")
    bench.dispatcher.runs.candidates.identities.seen_environments.clear()
    again = bench.submit(cache=True)
    bench.until(lambda: bench.task(again).state in ("running", "succeeded"))
    assert bench.task(again).cached == bool(identity)


def test_a_silent_engine_is_awaited(bench, monkeypatch):
    """The reason is shown, and no attempt starts."""
    monkeypatch.setattr(ready_tasks, "PAUSE_SECONDS", 0.0)
    silent = [Unavailable("no response in time")]

    def image_id(_: str) -> str:
        if silent:
            raise silent[0]
        return "sha256:1"

    monkeypatch.setattr(bench.runtime, "image_id", image_id, raising=False)
    run = bench.submit()
    bench.until(lambda: bench.task(run).why == "waits: no response in time")
    assert (bench.task(run).state, bench.runtime.starts) == ("queued", [])
    silent.clear()
    bench.until(lambda: bench.task(run).state == "running")


@pytest.mark.parametrize(("faults", "state"), [(2, "running"), (3, "failed")])
def test_an_unexpected_error_is_retried_before_the_task_fails(
    bench, runtime, monkeypatch, faults, state
):
    left = iter([KeyError("unexpected")] * faults)

    def locks() -> list[Lock]:
        if error := next(left, None):
            raise error
        return [OLD]

    monkeypatch.setattr(runtime, "locks", locks)
    run = submit(bench)
    bench.until(lambda: bench.task(run).state == state)
