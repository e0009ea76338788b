"""backfills.*: what is stored, refused, previewed and cancelled."""

from datetime import UTC, datetime

import msgspec
import pytest
from tests.support.refusals import refused_at

from nbyard.domain.automations.backfills import NewBackfill
from nbyard.domain.automations.structs import Fire
from nbyard.domain.callers import Caller
from nbyard.errors import Conflict, NotFound
from nbyard.host import clock
from nbyard.store.schema.tables import runs

from .test_service import new

NOW = datetime(2026, 11, 25, 21, 30, tzinfo=UTC)
HOURLY = {"kind": "cron", "expression": "0 * * * *"}
RANGE = {"since": "2026-11-24T01:00:00", "until": "2026-11-24T03:00:00"}


@pytest.fixture
def automation(yard, root, ann, monkeypatch):
    monkeypatch.setattr(clock, "now", lambda: NOW)
    (root / "report.py").write_text("print()\n")
    return yard.services.automations.create(ann, new(on=HOURLY))


@pytest.fixture
def backfills(yard):
    return yard.services.backfills


def asked(**body):
    return msgspec.convert(RANGE | body, NewBackfill)


def set_run(yard, automation, due, state):
    """Let a run of the automation have been due then, with this state."""
    run_id = yard.services.automations.fire(Caller(automation.owner), automation.id, Fire()).run_id
    with yard.store.write() as c:
        c.execute(runs.update().where(runs.c.id == run_id).values(due_at=due, state=state))
    return run_id


def test_a_backfill_is_stored_with_its_due_times(backfills, ann, automation):
    made = backfills.create(ann, "report", asked(at_once=2))
    assert (made.state, made.automation, made.at_once) == ("running", "report", 2)
    assert [one.due_at.hour for one in made.firings] == [0, 1, 2]  # 1 h ahead of UTC
    assert made.counts.waiting == 3
    assert backfills.get(ann, made.id) == made
    (listed,) = backfills.list(ann, automation="report").items
    assert listed == msgspec.structs.replace(made, firings=[])
    assert backfills.list(ann).items == [listed]


def test_a_preview_starts_nothing(backfills, ann, automation, yard):
    first = set_run(yard, automation, datetime(2026, 11, 24, 0, tzinfo=UTC), "succeeded")
    second = set_run(yard, automation, datetime(2026, 11, 24, 1, tzinfo=UTC), "running")
    shown = backfills.preview(ann, "report", asked())
    assert [(one.forecast, one.run_id) for one in shown.times] == [
        ("succeeded", first),
        ("active", second),
        ("run", ""),
    ]
    assert shown.runs == 1 and shown.times[0].local == "2026-11-24T01:00:00+01:00"
    again = backfills.preview(ann, "report", asked(again=True))
    assert [one.forecast for one in again.times] == ["run", "active", "run"]
    assert backfills.list(ann).items == []


def test_due_times_with_a_succeeded_run_are_left_out(backfills, ann, automation, yard):
    first = set_run(yard, automation, datetime(2026, 11, 24, 0, tzinfo=UTC), "succeeded")
    made = backfills.create(ann, "report", asked())
    assert (made.counts.skipped, made.counts.waiting) == (1, 2)
    assert made.firings[0].run_id == first
    assert made.firings[0].reason.code == "backfill-succeeded"
    only = {"until": "2026-11-24T01:00:00"}
    with pytest.raises(Conflict) as refused:
        backfills.create(ann, "report", asked(**only))
    assert "succeeded or is active" in refused.value.message and refused.value.hint
    assert backfills.create(ann, "report", asked(**only, again=True)).counts.waiting == 1


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"at_once": 0}, "at_once"),
        ({"until": "2027-01-01T00:00:00"}, "until"),
        ({"since": "2026-11-24T02:00:01", "until": "2026-11-24T02:30:00"}, "since"),
        ({"since": "2026-01-01T00:00:00", "until": "2026-06-01T00:00:00"}, "until"),
    ],
)
def test_bad_ranges_are_refused_at_their_field(backfills, ann, automation, body, path):
    for call in (backfills.create, backfills.preview):
        with refused_at(path):
            call(ann, "report", asked(**body))
    assert backfills.list(ann).items == []


def test_other_people_do_not_see_it(backfills, ann, automation):
    made, eve = backfills.create(ann, "report", asked()), Caller("eve")
    assert backfills.list(eve).items == []
    for call in (backfills.get, backfills.cancel):
        with pytest.raises(NotFound):
            call(eve, made.id)
    for call in (backfills.create, backfills.preview):
        with pytest.raises(NotFound):
            call(eve, automation.id, asked())


def test_the_same_key_creates_one_backfill(backfills, ann, automation):
    first = backfills.create(ann, "report", asked(), idempotency_key="k")
    assert backfills.create(ann, "report", asked(), idempotency_key="k") == first
    assert len(backfills.list(ann).items) == 1


def test_its_template_stays_until_it_ends(backfills, ann, automation, yard):
    made = backfills.create(ann, "report", asked())
    with yard.store.write() as c:
        yard.store.templates.delete_unused(c)
        row = yard.store.backfills.by_id(c, made.id)
        assert yard.store.templates.get(c, ann.name, row.template_id) is not None
    backfills.cancel(ann, made.id)
    with yard.store.write() as c:
        yard.store.templates.delete_unused(c)
        assert yard.store.templates.get(c, ann.name, row.template_id) is None


def test_a_pinned_automation_uses_its_template(backfills, ann, automation, yard, root):
    automations = yard.services.automations
    pinned = automations.create(ann, new(on=HOURLY, mode="pinned", name="pinned"))
    (root / "report.py").unlink()
    made = backfills.create(ann, "pinned", asked())
    with pytest.raises(NotFound):
        backfills.create(ann, "report", asked())
    with yard.store.read() as c:
        template = yard.store.automations.by_id(c, pinned.id).template_id
        assert yard.store.backfills.by_id(c, made.id).template_id == template


def test_a_disabled_automation_can_be_backfilled(backfills, ann, automation, yard):
    yard.services.automations.disable(ann, "report")
    assert backfills.create(ann, "report", asked()).state == "running"


def test_its_runs_are_cancelled_on_request(backfills, ann, automation, yard):
    made = backfills.create(ann, "report", asked())
    run_id = yard.services.automations.fire(ann, "report", Fire()).run_id
    with yard.store.write() as c:
        yard.store.backfills.conclude(c, made.firings[0], "started", None, run_id)
    backfills.cancel(ann, made.id)
    assert yard.services.runs.get(ann, run_id).run.cancel_requested_at is None
    ended = backfills.cancel(ann, made.id, cancel_runs=True)
    assert yard.services.runs.get(ann, run_id).run.cancel_requested_at is not None
    assert ended.state == "cancelled" and ended.counts.cancelled == 2


def test_an_event_has_no_past_to_run(backfills, ann, root, yard):
    (root / "report.py").write_text("print()\n")
    made = yard.services.automations.create(ann, new(on={"kind": "notebook"}, zone=""))
    for call in (backfills.create, backfills.preview):
        with pytest.raises(Conflict):
            call(ann, made.id, asked())
