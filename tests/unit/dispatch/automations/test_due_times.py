"""What a due time leads to: one run, or the record why there is none."""

import json

import msgspec
import pytest
from tests.support.fake_runtime_bench import OWNER

from nbyard.dispatch.automations import controller, due_times
from nbyard.domain.automations.structs import AutomationPatch, Fire
from nbyard.errors import Conflict
from nbyard.freezing.runs.automation_runs import freeze_automation
from nbyard.services.automations import service

EVERY_HOUR = {"kind": "cron", "expression": "0 * * * *"}


def test_a_due_time_creates_its_run_once(scheduled):
    scheduled.create(on=EVERY_HOUR)
    scheduled.at("2026-11-25T21:59:59")
    assert scheduled.told() == []
    scheduled.at("2026-11-25T22:00:00")
    scheduled.at("2026-11-25T22:00:00")
    assert scheduled.told() == [["2026-11-25T22:00:00", "started", 1]]
    (run,), (firing,) = scheduled.runs(), scheduled.firings()
    assert (run.id, run.origin.kind, run.origin.id) == (firing.run_id, "automation", scheduled.id)
    assert run.origin.due_at == firing.due_at
    assert scheduled.now().next_due.hour == 23


@pytest.mark.parametrize("mode", ["follows", "pinned"])
@pytest.mark.parametrize(("run", "is_cached"), [({}, False), ({"force": False}, True)])
def test_a_due_run_of_unchanged_code_ignores_the_cache(scheduled, mode, run, is_cached):
    scheduled.create(run={"path": "work.py"} | run, on=EVERY_HOUR, mode=mode)
    for hour in (22, 23):
        scheduled.at(f"2026-11-25T{hour}:00:00")
        scheduled.finish_run()
    started = scheduled.service.fire(OWNER, scheduled.id, Fire())
    scheduled.finish_run()
    tasks = [scheduled.bench.task(run.id, "main") for run in scheduled.runs()]
    assert tasks[0].run_id == started.run_id
    assert [task.cached for task in tasks] == [is_cached, is_cached, False]
    text = "nothing changed" if is_cached else "the cache was ignored"
    assert text in tasks[0].why
    assert len(scheduled.bench.runtime.starts) == (1 if is_cached else 3)


def test_with_all_missed_ones_the_newest_waits_for_them_too(scheduled):
    """Three were missed, and the fourth is only half a minute late: no run of it may be lost."""
    scheduled.create(on=EVERY_HOUR, missed={"policy": "all", "window_seconds": 36_000})
    scheduled.at("2026-11-26T00:00:30")
    for _ in range(3):
        scheduled.finish_run()
        scheduled.look()
    day = [["2026-11-25T22:00:00"], ["2026-11-25T23:00:00"], ["2026-11-26T00:00:00"]]
    assert scheduled.told() == [[*due, "started", 1] for due in day]
    scheduled.at("2026-11-26T01:00:00")
    scheduled.at("2026-11-26T02:00:00")
    assert [firing.outcome for firing in scheduled.firings()][3:] == ["started", "overlapped"]


def test_very_many_missed_due_times_are_counted_in_one_step(scheduled):
    """For instance after a jump of the clock: each step writes, and the runs of others wait."""
    scheduled.create(on={"kind": "interval", "seconds": 10})
    first = scheduled.now().next_due
    scheduled.at("2026-12-15T22:00:00")
    missed = scheduled.firings()[0]
    assert (missed.outcome, missed.since) == ("missed", first)
    assert missed.count == (missed.due_at - first).total_seconds() / 10 + 1 > 170_000


def test_files_are_those_of_the_due_time(scheduled):
    scheduled.create(on=EVERY_HOUR)
    (scheduled.root / "work.py").unlink()
    scheduled.at("2026-11-25T22:00:00")
    (firing,) = scheduled.firings()
    assert (firing.outcome, firing.run_id) == ("failed", "")
    assert "work.py" in str(firing.reason)
    assert scheduled.runs() == [] and scheduled.now().counts.failed == 1
    (scheduled.root / "work.py").write_text("print()")
    scheduled.at("2026-11-25T23:00:00")
    assert [firing.outcome for firing in scheduled.firings()] == ["failed", "started"]


def test_a_pinned_automation_runs_without_its_file(scheduled):
    scheduled.create(on=EVERY_HOUR, mode="pinned")
    (scheduled.root / "work.py").unlink()
    scheduled.at("2026-11-25T22:00:00")
    assert [firing.outcome for firing in scheduled.firings()] == ["started"]


def test_it_ends_after_the_last_run(scheduled):
    scheduled.create(on=EVERY_HOUR, at_most=2)
    for hour in (22, 23):
        scheduled.at(f"2026-11-25T{hour}:00:00")
        scheduled.end_runs()
    assert scheduled.now().counts.started == 2 and scheduled.now().next_due is None
    scheduled.at("2026-11-26T12:00:00")
    assert len(scheduled.runs()) == 2


def test_due_times_without_a_run_do_not_end_it(scheduled):
    scheduled.create(on=EVERY_HOUR, at_most=1)
    (scheduled.root / "work.py").unlink()
    for hour in (22, 23):
        scheduled.at(f"2026-11-25T{hour}:00:00")
    assert scheduled.now().counts.failed == 2 and scheduled.now().next_due is not None
    (scheduled.root / "work.py").write_text("print()")
    scheduled.at("2026-11-26T00:00:00")
    assert scheduled.now().counts.started == 1 and scheduled.now().next_due is None


def test_replaced_runs_are_cancelled(scheduled):
    scheduled.create(on=EVERY_HOUR, overlap="replace")
    scheduled.at("2026-11-25T22:00:00")
    scheduled.at("2026-11-25T23:00:00")
    newer, older = scheduled.runs()
    assert older.cancel_requested_at is not None and newer.cancel_requested_at is None


def test_no_two_runs_share_an_output_path(scheduled):
    """Not even those of one automation that work at the same time."""
    runtime = scheduled.bench.runtime
    runtime.obeys = False  # replaced runs stay alive
    scheduled.create(on=EVERY_HOUR, overlap="replace")
    scheduled.at("2026-11-25T22:00:00")
    scheduled.bench.until(lambda: len(runtime.running) == 1)
    scheduled.at("2026-11-25T23:00:00")
    scheduled.bench.until(lambda: len(runtime.running) == 2)
    paths = []
    for order in runtime.orders.values():
        task = json.loads((order.folder / "task.json").read_text("utf-8"))
        own = [order.folder / output["path"] for output in task["outputs"].values()]
        assert own and all(path.resolve().is_relative_to(order.folder) for path in own)
        paths += own
    assert len(set(paths)) == len(paths) == 2
    assert len({order.run_id for order in runtime.orders.values()}) == 2


def test_queued_due_times_wait_in_order(scheduled):
    scheduled.create(on=EVERY_HOUR, overlap="queue")
    for hour in (22, 23):
        scheduled.at(f"2026-11-25T{hour}:00:00")
    scheduled.at("2026-11-26T00:00:00")
    assert [firing.outcome for firing in scheduled.firings()] == ["started", "waiting", "waiting"]
    scheduled.end_runs()
    scheduled.look()
    assert [firing.outcome for firing in scheduled.firings()] == ["started", "started", "waiting"]
    scheduled.service.disable(OWNER, scheduled.id)
    assert [firing.outcome for firing in scheduled.firings()][-1] == "overlapped"


def test_a_simultaneous_change_wins(scheduled, monkeypatch):
    """The automation is moved to another time while the dispatcher freezes the files."""
    scheduled.create(on=EVERY_HOUR)

    def change_first(*args):
        monkeypatch.setattr(due_times, "freeze_automation", freeze_automation)
        on = {"kind": "cron", "expression": "30 * * * *"}
        body = msgspec.convert({"revision": 1, "on": on}, AutomationPatch)
        scheduled.service.update(OWNER, scheduled.id, body)
        return freeze_automation(*args)

    monkeypatch.setattr(due_times, "freeze_automation", change_first)
    scheduled.at("2026-11-25T22:00:00")
    assert scheduled.told() == [] and scheduled.runs() == []
    assert scheduled.now().next_due.minute == 30


def test_a_run_that_a_person_starts_meanwhile_is_not_replaced(scheduled, monkeypatch):
    """The waiting due time waits for it, too."""
    scheduled.create(on=EVERY_HOUR, overlap="queue")
    for hour in (22, 23):
        scheduled.at(f"2026-11-25T{hour}:00:00")
    fired: list[str] = []

    def fire_first(*args):
        if not fired:
            fired.append(scheduled.service.fire(OWNER, scheduled.id, Fire()).run_id)
        return freeze_automation(*args)

    # The due time that waits may start as soon as the run has ended.
    monkeypatch.setattr(controller, "freeze_automation", fire_first)
    scheduled.end_runs()
    scheduled.bench.until(lambda: scheduled.look() or fired)
    assert scheduled.bench.run(fired[0]).cancel_requested_at is None
    assert [run.id for run in scheduled.runs()][:1] == fired
    scheduled.end_runs()
    scheduled.look()
    assert [firing.outcome for firing in scheduled.firings()] == ["started"] * 3


def test_runs_that_fire_their_own_automation_end(scheduled, monkeypatch):
    monkeypatch.setattr(service, "MOST_IN_CHAIN", 2)
    scheduled.create(on=EVERY_HOUR)
    caller = OWNER
    for _ in range(2):
        run = scheduled.service.fire(caller, scheduled.id, Fire()).run_id
        scheduled.bench.until_task(run, "running", "main")
        attempt = scheduled.bench.attempt(run, "main")
        caller = msgspec.structs.replace(OWNER, attempt_id=attempt)
    with pytest.raises(Conflict):
        scheduled.service.fire(caller, scheduled.id, Fire())
    assert scheduled.service.fire(OWNER, scheduled.id, Fire()).outcome == "started"
