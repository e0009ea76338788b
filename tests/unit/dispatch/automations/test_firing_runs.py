"""What a firing leads to: one run, or the record why there is none."""

import pytest
from tests.support.fake_runtime_bench import OWNER

from nbyard.dispatch.automations import controller
from nbyard.domain.automations.structs import AutomaticRun, AutomationPatch
from nbyard.freezing.runs.automation_runs import freeze_automation

NOTEBOOK = {"kind": "notebook"}


def test_values_reach_the_run(fired):
    made = fired.create(NOTEBOOK)
    fired.fire(made, n=7)
    fired.look()
    (run,) = fired.runs(made)
    assert run.parameters["n"] == 7 and run.origin.cause.run_id == ""


@pytest.mark.parametrize(("run", "is_cached"), [({}, False), ({"force": False}, True)])
def test_a_run_of_unchanged_code_ignores_the_cache(fired, run, is_cached):
    made = fired.create(NOTEBOOK, run={"path": "work.py"} | run)
    fired.fire(made)
    fired.look()
    fired.end(fired.runs(made)[0].id)
    fired.fire(made)
    fired.look()
    again = fired.runs(made)[0].id
    if not is_cached:
        fired.end(again)
    fired.bench.until_run(again, "succeeded")
    assert fired.bench.task(again, "main").cached == is_cached


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_a_refused_value_is_recorded(fired, mode):
    made = fired.create(NOTEBOOK, mode=mode)
    fired.fire_unchecked(made, n="seven")
    fired.fire_unchecked(made, m=1)
    fired.look()
    assert fired.outcomes(made) == ["failed", "failed"] and fired.runs(made) == []
    assert "parameters.n" in str(fired.firings(made)[0].reason)
    assert fired.service.get(OWNER, made.id).counts.failed == 2


def test_a_missing_file_is_recorded(fired):
    follows, pinned = fired.create(NOTEBOOK), fired.create(NOTEBOOK, mode="pinned")
    (fired.root / "work.py").unlink()
    for made in (follows, pinned):
        fired.fire(made)
    fired.look()
    assert fired.outcomes(follows) == ["failed"] and fired.outcomes(pinned) == ["started"]


def test_an_automation_that_is_repaired_in_time_starts_its_run(fired, monkeypatch):
    made = fired.create(NOTEBOOK)
    (fired.root / "work.py").rename(fired.root / "new.py")
    fired.fire(made)

    def mended(*args):
        monkeypatch.setattr(controller, "freeze_automation", freeze_automation)
        patch = AutomationPatch(made.revision, run=AutomaticRun(path="new.py"))
        fired.service.update(OWNER, made.id, patch)
        return freeze_automation(*args)

    monkeypatch.setattr(controller, "freeze_automation", mended)
    fired.look()
    assert fired.outcomes(made) == ["started"]


def test_events_queue_while_a_run_is_active(fired, monkeypatch):
    monkeypatch.setattr(controller, "MOST_WAITING", 2)
    made = fired.create(NOTEBOOK, overlap="queue")
    for _ in range(4):
        fired.fire(made)
        fired.look()
    assert fired.outcomes(made) == ["started", "waiting", "waiting", "overlapped"]
    fired.end_runs(made)
    fired.look()
    assert fired.outcomes(made) == ["started", "started", "waiting", "overlapped"]
    fired.service.disable(OWNER, made.id)
    assert fired.outcomes(made) == ["started", "started", "overlapped", "overlapped"]


def test_events_are_skipped_while_a_run_is_active(fired):
    made = fired.create(NOTEBOOK, overlap="skip")
    for _ in range(2):
        fired.fire(made)
        fired.look()
    assert fired.outcomes(made) == ["started", "overlapped"]
    assert fired.firings(made)[1].reason.code == "firing-overlapped"


def test_the_newest_event_replaces_the_run(fired):
    made = fired.create(NOTEBOOK, overlap="replace")
    fired.fire(made)
    fired.look()
    for _ in range(2):
        fired.fire(made)
    fired.look()
    assert fired.outcomes(made) == ["started", "overlapped", "started"]
    newer, older = fired.runs(made)
    assert older.cancel_requested_at is not None and newer.cancel_requested_at is None


def test_a_simultaneous_change_counts(fired, monkeypatch):
    """The automation is disabled while the dispatcher freezes the files."""
    made = fired.create(NOTEBOOK)

    def disable_first(*args):
        monkeypatch.setattr(controller, "freeze_automation", freeze_automation)
        fired.service.disable(OWNER, made.id)
        return freeze_automation(*args)

    monkeypatch.setattr(controller, "freeze_automation", disable_first)
    fired.fire(made)
    fired.look()
    assert fired.outcomes(made) == ["overlapped"] and fired.runs(made) == []


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_an_automation_sweeps_parameters(fired, mode):
    made = fired.create(NOTEBOOK, run={"path": "work.py", "sweep": {"n": "1..3"}}, mode=mode)
    fired.fire(made)
    fired.look()
    (run,) = fired.runs(made)
    fired.bench.until(lambda: len(fired.bench.detail(run.id).tasks) == 4)
    labels = [task.element.label for task in fired.bench.detail(run.id).tasks[1:]]
    assert labels == ["n=1", "n=2", "n=3"]
