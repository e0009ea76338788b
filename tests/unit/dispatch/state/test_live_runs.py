"""The board says what the store says, whoever wrote it."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import msgspec
import pytest
from tests.support.fake_runtime_bench import Bench

from nbyard.dispatch.state import live_runs as module
from nbyard.dispatch.state.live_runs import LiveRuns
from nbyard.dispatch.state.round_changes import RoundChanges
from nbyard.domain.state_machines import TASK
from nbyard.reasons.structs import because
from nbyard.store import transition


@pytest.fixture
def board(bench: Bench) -> LiveRuns:
    found: LiveRuns = bench.dispatcher.runs.board
    return found


def test_a_cancel_request_reads_only_the_run(bench, board):
    """The tasks of a large graph are not read again."""
    run = bench.submit({"a": [], "b": ["a"]})
    bench.until_task(run, "running")
    before = board.runs[run].tasks
    with bench.store.read() as c:
        last = bench.store.events.newest_id(c)
    bench.runtime.obeys = False
    bench.cancel(run)
    with bench.store.read() as c:
        board.catch_up(c, bench.store.events.all_subjects_after(c, last))
    assert board.runs[run].is_cancelled
    assert board.runs[run].tasks is before
    assert run in board.untouched


def test_a_run_cancelled_at_its_start_starts_once(bench, board):
    """The start may be undecided when the request is read."""
    run = bench.submit()
    with bench.store.read() as c:
        board.read(c, run)
        last = bench.store.events.newest_id(c)
    changes = RoundChanges(bench.store, board)
    changes.begin(board.runs[run])
    bench.cancel(run)
    with bench.store.read() as c:
        board.catch_up(c, bench.store.events.all_subjects_after(c, last))
    assert board.runs[run].is_cancelled and run in board.untouched
    changes.begin(board.runs[run])
    with bench.store.write() as c:
        changes.write(c)
        told = [
            one
            for one in bench.store.events.events_after(c, "ada", last, 100)
            if one.topic == "run"
        ]
    changes.hold.close()
    states = [one.data["state"] for one in told if "change" not in one.data]
    assert states == ["running", "cancelled"]


@pytest.mark.parametrize("days", [-1, 1])
def test_the_duration_of_a_run_is_measured(bench, board, monkeypatch, days):
    """The clock is set during the run."""
    run = bench.start()
    set_to = datetime.now(UTC) + timedelta(days=days)
    monkeypatch.setattr(module, "datetime", SimpleNamespace(now=lambda _: set_to))
    live = board.runs[run]
    assert live.run.started_at is not None
    assert timedelta(0) <= live.monotonic_now - live.run.started_at < timedelta(minutes=5)
    live.begun = None  # another dispatcher had begun it
    assert live.monotonic_now == max(live.run.started_at, set_to)


def test_changes_of_other_writers_are_read_again(bench, board):
    """Nobody should; but the store is right, not the board."""
    run = bench.start()
    record = board.runs[run].tasks["a"].record
    with bench.store.read() as c:
        last = bench.store.events.newest_id(c)
    with bench.store.write() as c:
        assert transition.move(c, TASK, record.subject, "failed")
    with bench.store.read() as c:
        board.catch_up(c, bench.store.events.all_subjects_after(c, last))
    assert board.runs[run].tasks["a"].record.state == "failed"
    with bench.store.write() as c:
        changed = msgspec.structs.replace(record, reason=because("forced"))
        bench.store.tasks.note_all(c, [changed])
    kept = board.runs[run]
    with bench.store.read() as c:
        board.read_all(c)
    assert board.runs[run] is kept, "it looks alike"


def test_a_write_on_a_stale_board_is_undone_and_repeated(bench, board, runtime):
    """No state replaces one that was unknown."""
    run, other = bench.submit(), bench.submit()
    bench.until(lambda: len(runtime.running) == 2)
    attempt, record = bench.attempt(run), board.runs[run].tasks["a"].record
    with bench.store.write() as c:
        assert transition.move(c, TASK, record.subject, "failed", reason=because("cancelled"))
    runtime.end(attempt)
    bench.finish(other)
    assert bench.task(run).reason == because("cancelled")
    assert bench.task(run).artifacts == []


def test_a_cleared_board_is_empty(bench, board):
    bench.start()
    bench.submit(cpu=2.0)
    bench.round(2)
    assert len(board.queue.ids) == len(board.attempts) == 1
    board.clear()
    assert not board.runs and not board.attempts and not board.queue.ids and not board.fresh
