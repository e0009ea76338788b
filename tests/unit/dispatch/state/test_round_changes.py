"""One round is one write; what does not hurry waits for it."""

import pytest
from tests.support.fake_runtime_bench import OWNER, Bench

from nbyard.reasons.structs import Reason, because


def writes(bench: Bench) -> int:
    return bench.store.database.writes


def quiet(bench: Bench, times: int = 1) -> None:
    """Rounds as of somebody who was woken by a thread, not by the clock."""
    for _ in range(times):
        bench.dispatcher.tick(set(), has_news=False)
        assert bench.dispatcher.settle(30)


def test_an_end_and_its_effects_are_one_write(bench, runtime):
    """Readers never see an intermediate state of the node, its outputs and the next attempts."""
    run = bench.submit({"a": [], "b": ["a"], "c": ["a"]})
    bench.until_task(run, "running")
    attempt = bench.attempt(run)
    runtime.end(attempt)
    before = writes(bench)
    bench.dispatcher.tick({attempt}, has_news=False)
    assert bench.dispatcher.settle(30)
    quiet(bench)
    assert writes(bench) - before == 1
    found = {task.node: (task.state, len(task.attempts)) for task in bench.detail(run).tasks}
    assert found == {"a": ("succeeded", 1), "b": ("preparing", 1), "c": ("preparing", 1)}


def test_a_failed_run_has_the_reason_of_its_first_failure(bench, runtime):
    """Also if another dispatcher saw that failure."""
    run = bench.submit({"a": [], "b": [], "c": ["a"]})
    bench.until(lambda: len(runtime.running) == 2)
    for node, words in (("b", "first"), ("a", "second")):
        bench.fail(run, words, node)
        bench.until_task(run, "failed", node)
        bench.replace_dispatcher()
    bench.until_run(run, "failed")
    assert bench.run(run).reason == because("text", text="first")
    with bench.store.read() as c:
        (listed,) = bench.store.runs.page(c, "ada", 9, "")
        found = bench.store.events.events_after(c, "ada", 0, 100)
    assert listed.reason == because("text", text="first")
    assert str(Reason(**found[-1].data["reason"])) == "first"


def test_a_failed_retry_has_both_reasons(bench, runtime):
    """That of its first failure after the run that it retries, also in the list and the event."""
    first = bench.start()
    bench.fail(first, "no")
    bench.until_run(first, "failed")
    second = bench.yard.services.runs.retry(OWNER, first).id
    bench.until_task(second, "running")
    bench.fail(second, "no")
    bench.until_run(second, "failed")
    no = because("text", text="no")
    retry = because("retry-of-run", run=bench.run(first).number)
    both = because("all", reasons=[retry, no])
    with bench.store.read() as c:
        listed = bench.store.runs.page(c, "ada", 9, "")
        found = bench.store.events.events_after(c, "ada", 0, 100)
    assert [one.reason for one in listed] == [both, no]
    assert Reason(**found[-1].data["reason"]) == both


def test_a_start_is_written_with_the_next_change(bench, runtime, monkeypatch):
    """It is written with the next end, or when its time has come."""
    monkeypatch.setattr("nbyard.dispatch.runs.controller.LINGER_SECONDS", 3600.0)
    run = bench.submit()
    bench.until(lambda: bench.task(run).attempts)
    before = writes(bench)
    quiet(bench, 3)
    assert len(runtime.running) == 1
    assert writes(bench) == before and bench.task(run).state == "preparing"
    assert bench.dispatcher.runs.board.runs[run].tasks["a"].record.state == "running"
    attempt = bench.attempt(run)
    runtime.end(attempt)
    bench.dispatcher.tick({attempt}, has_news=False)
    assert bench.dispatcher.settle(30)
    quiet(bench)
    assert writes(bench) - before == 1
    with bench.store.read() as c:
        found = bench.store.events.events_after(c, "ada", 0, 100)
    told = [e.data["state"] for e in found if e.topic == "attempt"]
    assert told == ["recorded", "starting", "running", "succeeded"]
    assert bench.run(run).state == "succeeded"


def test_a_run_begins_with_its_first_attempt(bench, monkeypatch):
    """While its environment is looked at nothing of it is written: the two are one write."""
    monkeypatch.setattr("nbyard.dispatch.runs.controller.LINGER_SECONDS", 3600.0)
    run = bench.submit()
    bench.dispatcher.tick(set(), has_news=True)
    assert bench.dispatcher.settle(30)
    assert bench.run(run).state == "queued"
    before = writes(bench)
    quiet(bench)
    assert writes(bench) - before == 1
    assert bench.run(run).state == "running" and len(bench.task(run).attempts) == 1


def test_a_start_is_written_after_its_delay(bench, monkeypatch):
    monkeypatch.setattr("nbyard.dispatch.runs.controller.LINGER_SECONDS", 0.0)
    run = bench.submit()
    bench.until(lambda: bench.task(run).attempts)
    quiet(bench, 3)
    assert bench.task(run).state == "running"


@pytest.mark.parametrize(
    ("origin", "is_kept"), [("manual", True), ("check", False), ("bisect", False)]
)
def test_results_of_scratch_runs_stay_out_of_the_cache(bench, origin, is_kept):
    """This includes tasks that had all of their data."""
    bench.finished(origin=origin, cache=True)
    again = bench.submit(cache=True)
    bench.until(lambda: bench.task(again).state in ("running", "succeeded"))
    assert bench.task(again).cached == is_kept
