"""Reused results of earlier tasks. See also test_queue."""

import pytest
from tests.support.fake_runtime_bench import OWNER

from nbyard.reasons.structs import because


@pytest.mark.parametrize("wish", [{"force": True}, {"cache": False}, {"n": 7}])
def test_a_pinned_task_uses_its_result_despite_other_settings(bench, runtime, wish):
    """The same bytes with their original key."""
    old = bench.finished("of then")
    run = bench.submit(reuse=bench.task(old).id, pinned=1, **wish)
    bench.until_run(run, "succeeded")
    task = bench.task(run)
    assert (task.cached, task.pinned, task.attempts) == (True, 1, [])
    assert task.reason == because("pinned", run=1)
    assert [a.digest for a in task.artifacts] == [a.digest for a in bench.task(old).artifacts]
    assert len(runtime.starts) == 1
    with bench.store.read() as c:
        assert bench.store.tasks.key_of(c, task.id) == bench.store.tasks.key_of(
            c, bench.task(old).id
        )


@pytest.mark.parametrize("loss", ["run", "bytes"])
def test_a_missing_pinned_result_is_never_replaced(bench, runtime, loss):
    """A pinned result is not computed again silently."""
    old = bench.finished("of then")
    task = bench.task(old)
    run = bench.submit(reuse=task.id, pinned=1)
    if loss == "run":
        bench.yard.services.runs.delete(OWNER, old)
    else:
        bench.yard.context.blobs.delete(task.artifacts[0].digest)
    bench.until_run(run, "failed")
    assert bench.task(run).reason == because("pinned-result-gone", run=1)
    assert len(runtime.starts) == 1


def test_a_cancelled_run_reuses_nothing(bench, monkeypatch):
    old = bench.finished("of then")
    run = bench.submit(reuse=bench.task(old).id, pinned=1)
    bench.cancel_before_write(run, monkeypatch)
    bench.until(lambda: bench.run(run).cancel_requested_at)
    assert bench.task(run).artifacts == []
    bench.until_run(run, "cancelled")
    again = bench.yard.services.runs.retry(OWNER, run).id
    bench.until_run(again, "succeeded")
    assert bench.task(again).pinned == 1
