"""The run of a firing: its key, its origin, its values and its files."""

from datetime import UTC, datetime, timedelta, timezone

import msgspec
import pytest
from tests.support.home_connections import DirectConnection

from nbyard.domain.automations.backfills import Backfill
from nbyard.domain.automations.structs import Fire, Firing, FiringRow, NewAutomation, due_key
from nbyard.domain.callers import Caller
from nbyard.domain.runs.origins import Origin
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NotFound
from nbyard.freezing.home_files import HomeFiles
from nbyard.freezing.runs.automation_runs import (
    create_automation_run,
    create_backfill_run,
    freeze_automation,
    template_of,
    with_event_values,
)
from nbyard.reasons.structs import because

ANN = Caller("ann")
DUE = datetime(2026, 11, 26, 6, tzinfo=UTC)


@pytest.fixture
def row_of(yard):
    (yard.context.files.root / "report.py").write_text("print()\n")

    def create(mode):
        body = {"run": {"path": "report.py"}, "on": {"kind": "phrase", "text": "daily"}}
        made = yard.services.automations.create(
            ANN, msgspec.convert(body | {"mode": mode}, NewAutomation)
        )
        with yard.store.read() as c:
            return yard.store.automations.by_id(c, made.id)

    return create


def start(yard, row, firing):
    parts = yard.context
    with parts.blobs.without_collection():
        frozen = freeze_automation(parts.settings, yard.store, parts.blobs, row, firing.given)
        assert (frozen is None) is (row.automation.mode == "pinned")
        with yard.store.write() as c:
            first = create_automation_run(yard.store, c, row, firing, frozen)
            assert create_automation_run(yard.store, c, row, firing, frozen) == first
            return yard.store.runs.by_id(c, first)


def test_the_key_is_the_due_time_in_utc():
    local = DUE.astimezone(timezone(timedelta(hours=2)))
    assert due_key(local) == due_key(DUE) == "due:2026-11-26T06:00:00+00:00"


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_a_due_time_creates_one_run(yard, row_of, mode):
    row = row_of(mode)
    fired = FiringRow(Firing("", row.automation.id, "started", DUE, due_at=DUE), due_key(DUE))
    run = start(yard, row, fired)
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


TOOL = {
    "version": 1,
    "arguments": [
        {"name": "source", "role": "input", "reach": {"kind": "option", "flag": "--source"}},
        {"name": "n", "type": "int", "default": 1, "reach": {"kind": "option", "flag": "--n"}},
    ],
}


@pytest.fixture
def fired(yard):
    root = yard.context.files.root
    (root / "tool.py").write_text("print()\n")
    (root / "tool.py.nbexec").write_bytes(msgspec.json.encode(TOOL))

    def fire(given, **body):
        body = {"run": {"path": "tool.py"}, "on": {"kind": "notebook"}, **body}
        made = yard.services.automations.create(ANN, msgspec.convert(body, NewAutomation))
        yard.services.automations.fire(ANN, made.id, given)
        with yard.store.read() as c:
            row = yard.store.automations.by_id(c, made.id)
            (firing,) = yard.store.firings.waiting_of(c, made.id, 2)
        return row, firing

    return fire


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_a_firing_creates_one_run(yard, fired, mode):
    row, firing = fired(Fire({"n": 2}), mode=mode)
    run = start(yard, row, firing)
    assert (run.origin.kind, run.origin.id) == ("automation", row.automation.id)
    assert (run.origin.cause, run.origin.chain) == (firing.firing.cause, [row.automation.id])
    assert run.parameters["n"] == 2


@pytest.mark.parametrize("mode", ["follows", "pinned"])
def test_texts_are_read_as_the_type_of_the_parameter(yard, fired, mode):
    assert start(yard, *fired(Fire(texts={"n": "3"}), mode=mode)).parameters["n"] == 3
    for given in (Fire(texts={"n": "x"}), Fire(texts={"m": "1"}), Fire({"n": "3"})):
        with pytest.raises(Invalid) as refused:
            start(yard, *fired(given, mode=mode))
        assert refused.value.details[0].path.startswith("parameters.")


def test_an_input_is_that_of_the_event(yard, fired):
    (yard.context.files.root / "a.csv").write_text("1")
    run = start(yard, *fired(Fire({"source": "a.csv"})))
    assert run.parameters["source"] == "a.csv"


def test_parameters_of_a_workflow_share_one_template(yard, fired):
    (yard.context.files.root / "flow.nbflow").write_text(
        '{"version": 1, "meta": {"parameters": {"n": {"type": "int"}}},'
        ' "nodes": {"a": {"type": "executable", "path": "tool.py",'
        ' "arguments": {"n": {"parameter": "n"}}}}, "edges": {}}'
    )
    run = {"path": "flow.nbflow"}
    runs = [start(yard, *fired(Fire({"n": n}), run=run)) for n in (1, 2)]
    assert [run.parameters for run in runs] == [{"n": 1}, {"n": 2}]
    with yard.store.read() as c:
        templates = {yard.store.runs.template_id(c, run.id) for run in runs}
    assert len(templates) == 1
    with pytest.raises(Invalid):
        start(yard, *fired(Fire(), run=run))


def test_given_values_replace_those_of_the_run():
    run = NewRun(path="a.py", parameters={"a": 1, "b": 2}, texts={"c": "3"})
    changed = with_event_values(run, Fire({"c": 4}, {"a": "5"}))
    assert (changed.parameters, changed.texts) == ({"b": 2, "c": 4}, {"a": "5"})


def test_a_due_run_uses_the_mirror_or_says_that_it_lacks_the_file(yard):
    service = DirectConnection(yard)
    report = yard.context.files.root / "p/report.py"
    report.parent.mkdir()
    report.write_text("print()\n")
    mine = HomeFiles(yard.context.files, service, yard.settings)
    mine.send(["p/report.py"])
    body = {"run": {"path": "p/report.py"}, "on": {"kind": "phrase", "text": "daily"}}
    automations = service.services.automations
    made = automations.create(ANN, msgspec.convert(body, NewAutomation))
    assert automations.get(ANN, made.id).run.path == "p/report.py"
    with yard.store.read() as c:
        row = yard.store.automations.by_id(c, made.id)
    fired = FiringRow(Firing("", made.id, "started", DUE, due_at=DUE), due_key(DUE))
    report.write_text("print(1)\n")
    mine.send(["p/report.py"])
    run = start(yard, row, fired)
    assert (run.owner, run.state) == ("ann", "queued")
    report.unlink()
    mine.send(["p/report.py"])
    with pytest.raises(NotFound) as refused:
        start(yard, row, fired)
    assert refused.value.reason == because("no-file-in-mirror", path="p/report.py")


def test_a_service_watches_no_files_of_a_mirror(yard):
    service = DirectConnection(yard)
    (yard.context.files.root / "a.py").write_text("")
    HomeFiles(yard.context.files, service, yard.settings).send(["a.py"])
    body = {"run": {"path": "a.py"}, "on": {"kind": "file", "path": "a.py"}}
    with pytest.raises(Invalid) as refused:
        service.services.automations.create(ANN, msgspec.convert(body, NewAutomation))
    assert refused.value.details[0].path == "on.path"
