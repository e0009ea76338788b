"""A running backfill: one run for each past due time, at most N active, also across restarts."""

import msgspec
import pytest
from tests.support.fake_runtime_bench import OWNER

from nbyard.domain.automations.backfills import NewBackfill
from nbyard.errors import Conflict, Invalid

EVERY_HOUR = {"kind": "cron", "expression": "0 * * * *"}
DAY = {"since": "2026-11-24T00:00:00Z", "until": "2026-11-24T03:00:00Z"}


class Backfills:
    """The backfills of an automation on a bench."""

    def __init__(self, scheduled):
        self.scheduled = scheduled
        self.service = scheduled.bench.yard.services.backfills
        self.id = ""

    def start(self, **body):
        made = self.create(**body)
        self.scheduled.look()
        return made

    def create(self, **body):
        asked = msgspec.convert(DAY | body, NewBackfill)
        made = self.service.create(OWNER, self.scheduled.id, asked)
        self.id = made.id
        return made

    def now(self):
        return self.service.get(OWNER, self.id)

    def told(self):
        return [[f"{one.due_at:%H}", one.outcome] for one in self.now().firings]

    def end_runs(self):
        self.scheduled.end_runs()
        self.scheduled.look()


@pytest.fixture
def backfills(scheduled):
    scheduled.create(on=EVERY_HOUR)
    return Backfills(scheduled)


def test_each_due_time_has_its_run_the_earliest_first(backfills):
    backfills.start()
    for handled in range(1, 5):
        runs = backfills.scheduled.runs()
        assert len(runs) == handled and backfills.now().counts.active == 1
        origin = runs[0].origin
        assert (origin.kind, origin.id) == ("backfill", backfills.scheduled.id)
        assert origin.backfill_id == backfills.id
        assert origin.due_at == backfills.now().firings[handled - 1].due_at
        backfills.end_runs()
    done = backfills.now()
    assert (done.state, done.counts.cancelled, done.counts.waiting) == ("done", 4, 0)
    assert done.finished_at is not None
    assert len({run.origin.due_at for run in backfills.scheduled.runs()}) == 4


@pytest.mark.parametrize("force", [True, False])
def test_its_runs_use_the_cache_like_due_runs(scheduled, force):
    scheduled.create(run={"path": "work.py", "force": force}, on=EVERY_HOUR)
    backfills, bench = Backfills(scheduled), scheduled.bench
    backfills.start(until="2026-11-24T01:00:00Z")
    for _ in range(2):
        scheduled.finish_run()
        scheduled.look()
    assert backfills.now().state == "done"
    assert [bench.task(run.id, "main").cached for run in scheduled.runs()] == [not force, False]


def test_at_most_some_runs_are_active(backfills):
    backfills.start(at_once=3)
    assert backfills.now().counts.active == 3 and backfills.now().counts.waiting == 1
    backfills.scheduled.look()
    assert len(backfills.scheduled.runs()) == 3
    backfills.end_runs()
    assert len(backfills.scheduled.runs()) == 4


def test_the_end_of_a_run_starts_the_next_without_news(backfills):
    backfills.start()
    backfills.scheduled.end_runs()
    backfills.scheduled.controller.tick(has_news=False, has_time=False)
    backfills.scheduled.settle()
    assert len(backfills.scheduled.runs()) == 2


def test_the_dispatcher_stays_while_a_backfill_runs(backfills):
    backfills.scheduled.service.disable(OWNER, backfills.scheduled.id)
    backfills.start()
    assert backfills.scheduled.controller.is_enabled
    backfills.service.cancel(OWNER, backfills.id)
    backfills.scheduled.look()
    assert not backfills.scheduled.controller.is_enabled


def test_all_runs_use_the_files_of_the_start(backfills):
    backfills.start()
    (backfills.scheduled.root / "work.py").unlink()
    backfills.end_runs()
    assert [outcome for _, outcome in backfills.told()] == ["started"] * 2 + ["waiting"] * 2


def test_another_dispatcher_goes_on(backfills):
    backfills.start(at_once=2)
    former = backfills.scheduled.restart()
    for _ in range(2):
        for controller in (former, backfills.scheduled.controller, former):
            controller.tick()
        backfills.scheduled.settle()
    assert len(backfills.scheduled.runs()) == 2
    backfills.end_runs()
    assert len(backfills.scheduled.runs()) == 4
    backfills.end_runs()
    assert backfills.now().state == "done"


def test_a_cancelled_backfill_starts_nothing_more(backfills):
    backfills.start()
    backfills.service.cancel(OWNER, backfills.id)
    backfills.end_runs()
    assert len(backfills.scheduled.runs()) == 1
    assert [outcome for _, outcome in backfills.told()] == ["started"] + ["cancelled"] * 3
    assert backfills.now().state == "cancelled"


def test_a_simultaneous_cancellation_wins(backfills, monkeypatch):
    """The backfill is cancelled after the dispatcher has read it."""
    backfills.create()
    runs = backfills.scheduled.controller.backfill_runs
    start = runs.start

    def late(row, due):
        backfills.service.cancel(OWNER, backfills.id)
        start(row, due)

    monkeypatch.setattr(runs, "start", late)
    backfills.scheduled.look()
    assert backfills.scheduled.runs() == [] and backfills.now().state == "cancelled"


def test_a_deleted_automation_starts_nothing_more(backfills):
    backfills.start()
    backfills.scheduled.service.delete(OWNER, backfills.scheduled.id)
    backfills.end_runs()
    assert len(backfills.scheduled.runs()) == 1


def test_a_due_time_that_another_backfill_runs_is_left_out(backfills):
    """Whichever comes first; the other one goes on with its next due time."""
    backfills.create()
    first = backfills.id
    backfills.create(until="2026-11-24T00:00:00Z")
    backfills.scheduled.look()
    (skipped,) = [
        firing
        for key in (first, backfills.id)
        for firing in backfills.service.get(OWNER, key).firings
        if firing.outcome == "skipped"
    ]
    assert skipped.reason.code == "backfill-active"
    assert [run.origin.due_at for run in backfills.scheduled.runs()].count(skipped.due_at) == 1


def test_a_refused_run_is_recorded_and_the_next_tried(backfills, monkeypatch):
    def refuse(*_):
        raise Invalid.field("parameters.x", "refused")

    backfills.create()
    monkeypatch.setattr("nbyard.dispatch.automations.controller.create_backfill_run", refuse)
    backfills.scheduled.look()
    assert backfills.now().counts.failed == 4 and backfills.now().state == "done"
    assert all(firing.reason is not None for firing in backfills.now().firings)


def test_a_template_that_is_gone_is_recorded(backfills, monkeypatch):
    backfills.create()
    monkeypatch.setattr(backfills.scheduled.bench.yard.store.templates, "get", lambda *_: None)
    backfills.scheduled.controller.backfill_runs.handle(backfills.id)
    assert backfills.now().firings[0].reason.code == "no-template"


def test_the_automation_continues_during_a_backfill(backfills):
    """Runs of a backfill do not count as overlapping runs of the automation."""
    backfills.start()
    backfills.scheduled.at("2026-11-25T22:00:00")
    assert backfills.scheduled.told() == [["2026-11-25T22:00:00", "started", 1]]


def test_a_retry_takes_the_place_of_its_run(backfills):
    """Its success counts, for this backfill and for the next one."""
    scheduled = backfills.scheduled
    backfills.start(since="2026-11-24T00:00:00Z", until="2026-11-24T00:00:00Z")
    scheduled.end_runs()
    (failed,) = scheduled.runs()
    runs = scheduled.bench.yard.services.runs
    due = failed.origin.due_at
    first = runs.retry(OWNER, failed.id)
    assert backfills.now().firings[0].run_id == first.id
    scheduled.bench.cancel(first.id)
    scheduled.bench.until_run(first.id, "cancelled")
    again = runs.retry(OWNER, first.id)
    assert (again.origin.due_at, again.origin.backfill_id) == (due, backfills.id)
    assert again.scheduled_at == "2026-11-24T00:00:00Z"
    assert backfills.now().firings[0].run_id == again.id
    bench = scheduled.bench
    bench.until_task(again.id, "running", "main")
    bench.until(lambda: bench.attempt(again.id, "main") in bench.runtime.running)
    bench.runtime.end(bench.attempt(again.id, "main"), "succeeded")
    bench.until_run(again.id, "succeeded")
    scheduled.look()
    assert backfills.now().counts.succeeded == 1
    with pytest.raises(Conflict, match="succeeded"):
        backfills.start(since="2026-11-24T00:00:00Z", until="2026-11-24T00:00:00Z")
