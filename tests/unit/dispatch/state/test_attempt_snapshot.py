"""A case is what the board has now."""

import pytest

from nbyard.dispatch.state.attempt_snapshot import inputs_of
from nbyard.errors import NotFound


def test_a_snapshot_follows_the_board(bench, runtime):
    run = bench.start(memory_bytes=5, cpu=1.5)
    case = bench.snapshot(run)
    assert not case.is_cancelled
    assert (case.order.memory_bytes, case.order.cpu, case.order.site) == (5, 1.5, "here")
    assert case.order.folder == bench.folder(bench.attempt(run))
    runtime.obeys = False
    bench.cancel(run)
    bench.round()
    assert bench.snapshot(run).is_cancelled
    assert not case.is_cancelled


def test_retries_come_before_waiting_tasks(bench, runtime):
    """Runs of a higher priority precede both."""
    run, high = (bench.submit(priority=one) for one in (3, 4))
    bench.until_task(run, "running")
    assert bench.snapshot(run).order.priority == 3
    runtime.lose(bench.attempt(run))
    bench.until(lambda: len(bench.task(run).attempts) == 2)
    assert 3 < bench.snapshot(run).order.priority < bench.snapshot(high).order.priority == 4


def test_inputs_are_the_results_of_earlier_tasks(bench, runtime):
    run = bench.submit({"a": [], "b": ["a"]})
    bench.until_task(run, "running")
    board = bench.dispatcher.runs.board
    with pytest.raises(NotFound, match="create the output out"):
        inputs_of(board.runs[run].tasks["b"])
    runtime.end(bench.attempt(run))
    bench.until_task(run, "running", "b")
    (artifact,) = bench.task(run).artifacts
    (found,) = bench.snapshot(run, "b").inputs.values()
    assert (found.digest, found.filename, found.origin) == (artifact.digest, "out.txt", "a")
