"""A case is what the store has now, not what somebody saw a while ago."""

from nbyard.dispatch.cases import live_case
from nbyard.testing.bench import Bench, FakeRuntime


def test_a_case_follows_the_store(bench: Bench, runtime: FakeRuntime) -> None:
    run = bench.submit({"a": []}, memory_bytes=5, cpu=1.5)
    bench.until(lambda: bench.task(run).state == "running")
    attempt = bench.attempt(run)
    case = live_case(bench.room, attempt)
    assert case is not None and not case.is_cancelled
    assert (case.order.memory_bytes, case.order.cpu, case.order.site) == (5, 1.5, "here")
    assert case.order.folder == bench.folder(attempt)
    bench.cancel(run)
    again = live_case(bench.room, attempt)
    assert again is not None and again.is_cancelled
    bench.until(lambda: bench.run(run).state == "cancelled")
    assert live_case(bench.room, attempt) is None
    assert live_case(bench.room, "never there") is None
