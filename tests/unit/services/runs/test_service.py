"""Runs as a service."""

import dataclasses
import json
import os
from types import SimpleNamespace

import pytest
from tests.support.refusals import refused_at

from nbyard.domain.runs.origins import Origin
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, Invalid, NameTaken, NotFound, TooLarge
from nbyard.reasons.structs import because
from nbyard.store import transition
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.yard import Yard


def test_a_dispatcher_with_other_settings_is_replaced_first(yard, ann, runs, flow):
    """After the run is stored, the dispatcher would be busy."""
    seen = []
    parts = dataclasses.replace(
        yard.context,
        retire_idle_dispatcher=lambda: seen.append([run.state for run in runs.list(ann).items]),
    )
    made = type(runs)(parts).create(ann, NewRun(path=flow, parameters={"n": 3}))
    runs.cancel(ann, made.id)
    assert seen == [[]]


def test_a_cancel_request_returns_at_once(runs, ann, flow):
    """No dispatcher needs to run."""
    made = runs.create(ann, NewRun(path=flow, parameters={"n": 3}))
    runs.cancel(ann, made.id)
    run = runs.get(ann, made.id).run
    assert (run.state, run.cancel_requested_at is None) == ("queued", False)


def test_a_cancel_request_uses_the_reserve_of_a_full_disk(yard, ann, runs, flow, monkeypatch):
    made = runs.create(ann, NewRun(path=flow, parameters={"n": 3}))
    reserve = yard.store.folder / "reserve"
    reserve.touch()
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    runs.cancel(ann, made.id)
    assert not reserve.exists()


def test_a_run_is_found_by_id_name_and_number(runs, ann, flow):
    made = runs.create(ann, NewRun(path=flow, name="seven"))
    for key in (made.id, "seven", str(made.number)):
        assert runs.get(ann, key).run.id == made.id
    for key in ("", "0", "none", "9" * 30, "\u0661"):
        with pytest.raises(NotFound):
            runs.get(ann, key)


@pytest.mark.parametrize("name", ["7", "٧", "019a1f5e-624e-765b-9cea-aedb8aeedbd0"])
def test_ambiguous_names_are_refused(runs, ann, flow, name):
    """Else `rm 7` would remove another run than number 7."""
    with refused_at("name"):
        runs.create(ann, NewRun(path=flow, name=name))
    assert runs.list(ann).items == []


def test_names_of_runs_are_unique(runs, ann, flow):
    runs.create(ann, NewRun(path=flow, name="nightly"))
    with pytest.raises(NameTaken):
        runs.create(ann, NewRun(path=flow, name="night\u200dly"))
    with pytest.raises(Invalid):
        runs.create(ann, NewRun(path=flow, name=""))


def test_the_same_key_gives_the_same_run(runs, ann, flow):
    made = runs.create(ann, NewRun(path=flow), idempotency_key="k")
    assert runs.create(ann, NewRun(path=flow), idempotency_key="k").id == made.id
    with pytest.raises(Conflict):
        runs.create(ann, NewRun(path=flow, force=True), idempotency_key="k")
    assert len(runs.list(ann).items) == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"path": "flow.nbflow", "executable": "x"},
        {"path": "none.nbflow"},
        {"path": "flow.nbflow", "parameters": {"unknown": 1}},
        {"path": "flow.nbflow", "parameters": {"n": "text"}},
        {"path": "flow.nbflow", "parameters": {"n": True}},
        {"path": "flow.nbflow", "texts": {"n": "1.5"}},
        {"path": "flow.nbflow", "scope": "selected"},
        {"path": "flow.nbflow", "scope": "selected", "nodes": ["zz"]},
        {"path": "flow.nbflow", "scope": "selected", "nodes": ["data"]},
        {"executable": "none"},
    ],
)
def test_an_invalid_run_is_not_stored(yard, ann, runs, flow, body):
    with pytest.raises((Invalid, NotFound)):
        runs.create(ann, NewRun(**body))
    assert runs.list(ann).items == []
    assert yard.services.executables.list(ann).items == []


def test_a_run_of_data_alone_is_refused_without_a_field(runs, ann, flow):
    with pytest.raises(Invalid, match=r"nothing to run: ") as refused:
        runs.create(ann, NewRun(path=flow, scope="selected", nodes=["data"]))
    assert refused.value.details == []


def test_only_inputs_of_selected_nodes_are_required(runs, ann, flow, root):
    document = json.loads((root / flow).read_text())
    document["meta"]["parameters"] |= {"n": {"type": "int"}, "other": {"type": "string"}}
    document["nodes"]["alone"] = {"type": "executable", "path": "alone.py"}
    (root / "alone.py").write_text("print(1)\n")
    (root / flow).write_text(json.dumps(document))
    with pytest.raises(Invalid, match=r"parameters\.n: a value"):
        runs.create(ann, NewRun(path=flow))
    assert runs.create(ann, NewRun(path=flow, scope="selected", nodes=["alone"])).parameters == {}
    assert runs.create(ann, NewRun(path=flow, parameters={"n": 1})).parameters == {"n": 1}


def test_a_live_run_is_not_deleted(runs, ann, flow):
    made = runs.create(ann, NewRun(path=flow))
    with pytest.raises(Conflict):
        runs.delete(ann, made.id)


def test_lists_are_filtered(runs, ann, flow):
    made = runs.create(ann, NewRun(path=flow, name="findme"))
    assert [r.id for r in runs.list(ann, state="queued").items] == [made.id]
    assert [r.id for r in runs.list(ann, workflow="flow.nbflow").items] == [made.id]
    assert [r.id for r in runs.list(ann, search="findme").items] == [made.id]
    assert made.origin == Origin("manual", person="ann")
    shell = runs.create(ann, NewRun(path=flow, origin="shell"))
    assert [r.id for r in runs.list(ann, origin="shell").items] == [shell.id]
    assert [r.id for r in runs.list(ann, origin="manual", search="findme").items] == [made.id]
    assert runs.list(ann, automation=made.id).items == []
    for unknown in ("nobody", "webhook"):  # runs of webhooks are runs of triggers
        with pytest.raises(Invalid, match=r"origin: .*backfill"):
            runs.list(ann, origin=unknown)
    assert runs.list(ann, state="failed").items == []
    with pytest.raises(Invalid):
        runs.list(ann, state="sleeping")
    with pytest.raises(Invalid):
        runs.log(ann, made.id, "one", after=2**63)
    with pytest.raises(NotFound):
        runs.log(ann, made.id, "zz")
    assert [a.run for a in runs.activity(ann, [made.id, "none"])] == []


def test_a_shell_and_a_server_see_the_same_runs(yard, ann, runs, root, flow, tool):
    """Paths are those of the caller, whatever started the run."""
    (root / "data.csv").write_text("a\n1\n")
    served, real = runs, os.path.realpath(root)
    with Yard.open(yard.settings, start=root) as opened:
        shell = opened.services.runs
        made = shell.create(ann, NewRun(path=flow))
        single = shell.create(ann, NewRun(path=tool, parameters={"source": "data.csv"}))
        assert (made.path, single.path) == (f"{real}/flow.nbflow", f"{real}/tool.py")
        assert served.get(ann, made.id).run.path == served.tasks(ann, made.id).run.path == flow
        found = served.list(ann, workflow=flow).items
        assert [(run.id, run.path) for run in found] == [(made.id, flow)]
        assert [run.id for run in served.list(ann, workflow=tool).items] == [single.id]
        again = served.create(ann, NewRun(path=found[0].path))
        assert (again.path, again.workflow_id) == (flow, made.workflow_id)
        names = (flow, f"{real}/{flow}", made.workflow_id)
        for name in names:
            seen = shell.list(ann, workflow=name).items
            assert [run.id for run in seen] == [again.id, made.id]


def test_runs_of_an_executable_are_found_by_its_name_file_and_id(yard, ann, runs, flow, tool, root):
    (root / "data.csv").write_text("a\n")
    (root / "one.sh").write_text("true\n")
    runs.create(ann, NewRun(path="one.sh"))
    made = runs.create(ann, NewRun(path=tool, parameters={"source": "data.csv"}))
    registered = yard.services.executables.list(ann, search="tool").items[0]
    for key in (registered.id, registered.name, tool, registered.path):
        assert [run.id for run in runs.list(ann, executable=key).items] == [made.id], key
    with pytest.raises(NotFound):
        runs.list(ann, executable="none")


def test_a_run_from_elsewhere_keeps_its_path(yard, ann, runs, tmp_path, flow):
    """It lies in no folder of this server: nothing is made up."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "one.py").write_text("print(1)\n")
    with Yard.open(yard.settings, start=elsewhere) as opened:
        made = opened.services.runs.create(ann, NewRun(path="one.py"))
    told = runs.get(ann, made.id).run.path
    assert told == f"{elsewhere.resolve()}/one.py"
    assert [run.id for run in runs.list(ann, workflow=told).items] == [made.id]
    with refused_at("workflow"):
        runs.list(ann, workflow="../elsewhere/one.py")


def test_outputs_have_no_chosen_path_and_texts_are_limited(runs, ann, tool, root):
    (root / "a.csv").write_text("a\n")
    given = {"source": "a.csv", "result": "/tmp/elsewhere.csv"}
    with refused_at("parameters.result"):
        runs.create(ann, NewRun(path=tool, parameters=given))
    with pytest.raises(TooLarge):
        runs.create(ann, NewRun(path=tool, parameters={"source": "x" * 1_000_001}))


def test_an_edge_without_a_node_is_refused(runs, ann, flow, root):
    text = (root / flow).read_text().replace('"target": "two"', '"target": "gone"')
    (root / flow).write_text(text)
    with refused_at("document.edges"):
        runs.create(ann, NewRun(path=flow))


def test_followers_of_a_run_get_changes(yard, ann, runs, flow):
    """Changed tasks and attempts, or everything if too many changes were forgotten."""
    run = runs.create(ann, NewRun(path=flow))
    before = runs.tasks(ann, run.id)
    assert runs.tasks(ann, run.id, since=before.last).items == []
    with yard.store.write() as c:
        one, two = yard.store.tasks.of_run(c, run.id)
        transition.move_all(
            c, [yard.store.tasks.step(one, "queued", {"reason": because("forced")})]
        )
    news = runs.tasks(ann, run.id, since=before.last)
    assert [(task.node, task.reason) for task in news.items] == [("one", because("forced"))]
    attempt = AttemptRecord(
        "a" * 32, two.id, run.id, ann.name, 1, "recorded", "process", "", token="t", mark="m"
    )
    with yard.store.write() as c:
        transition.move_all(c, [], yard.store.attempts.insertions([attempt]))
    after = runs.tasks(ann, run.id, since=news.last)
    assert [(task.node, len(task.attempts)) for task in after.items] == [("two", 1)]
    with yard.store.write() as c:
        yard.store.events.delete_oldest(c, 1)
    assert runs.tasks(ann, run.id, since=before.last).items == runs.get(ann, run.id).tasks
