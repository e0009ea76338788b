"""The run of a due time: its key, its origin and its files."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest

from nbyard.domain.automations.backfills import Backfill
from nbyard.domain.automations.structs import Firing, FiringRow, NewAutomation, due_key
from nbyard.domain.callers import Caller
from nbyard.domain.runs.origins import Origin
from nbyard.errors import NotFound
from nbyard.freezing.runs.automation_runs import (
    create_automation_run,
    create_backfill_run,
    freeze_automation,
    template_of,
)

ANN = Caller("ann")
DUE = datetime(2026, 11, 26, 6, tzinfo=UTC)


@pytest.fixture
def row_of(yard):
    (yard.parts.files.root / "report.py").write_text("print()\n")

    def create(mode):
        body = {"run": {"path": "report.py"}, "on": {"kind": "phrase", "text": "daily"}}
        made = yard.services.automations.create(
            ANN, msgspec.convert(body | {"mode": mode}, NewAutomation)
        )
        with yard.store.read() as c:
            return yard.store.automations.by_id(c, made.id)

    return create


def test_the_key_is_the_due_time_in_utc():
    local = DUE.astimezone(timezone(timedelta(hours=2)))
    assert due_key(local) == due_key(DUE) == "due:2026-11-26T06:00:00+00:00"


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_a_due_time_creates_one_run(yard, row_of, mode):
    row, parts = row_of(mode), yard.parts
    fired = FiringRow(Firing("", row.automation.id, "started", DUE, due_at=DUE), due_key(DUE))
    with parts.blobs.without_collection():
        frozen = freeze_automation(parts.settings, yard.store, parts.blobs, row)
        assert (frozen is None) is (mode == "pinned")
        with yard.store.write() as c:
            first = create_automation_run(yard.store, c, row, fired, frozen)
            assert create_automation_run(yard.store, c, row, fired, frozen) == first
            run = yard.store.runs.by_id(c, first)
    assert (run.origin.kind, run.origin.id, run.origin.due_at) == (
        "automation",
        row.automation.id,
        DUE,
    )
    assert run.scheduled_at == "2026-11-26T06:00:00Z"


def test_a_template_that_is_gone_is_reported(yard, row_of):
    row = msgspec.structs.replace(row_of("pinned"), template_id="gone")
    with yard.store.read() as c, pytest.raises(NotFound):
        template_of(yard.store, c, row, None)


def test_a_due_time_has_one_run_in_each_backfill(yard, row_of):
    row = row_of("pinned")
    one = Backfill(
        *("b1", row.automation.id, "report", "UTC", "ann", "running"),
        *(DUE, DUE, 1, False, DUE, None),
    )
    with yard.store.write() as c:
        template = template_of(yard.store, c, row, None)
        first = create_backfill_run(yard.store, c, template, one, DUE)
        local = DUE.astimezone(timezone(timedelta(hours=2)))
        assert create_backfill_run(yard.store, c, template, one, local) == first
        other = msgspec.structs.replace(one, id="b2")
        assert create_backfill_run(yard.store, c, template, other, DUE) != first
        run = yard.store.runs.by_id(c, first)
    assert run.origin == Origin(
        "backfill", row.automation.id, DUE, backfill_id="b1", source_id=row.automation.id
    )
