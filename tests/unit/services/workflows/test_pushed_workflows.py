"""Pushed workflows keep their history from push to push."""

import json
from contextlib import contextmanager

import pytest
from sqlalchemy import delete

from nbyard.domain.projects.structs import NewLink, ProjectPatch
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, StaleWrite
from nbyard.services.projects import service
from nbyard.services.projects.pushed_schedules import ScheduleSync
from nbyard.services.workflows.pushed_workflows import PushedCopies, pushed_documents
from nbyard.store.schema.tables import workflows

pytestmark = pytest.mark.slow

FIRST = '[schedules.first]\npath = "flow.nbflow"\nwhen = "daily"\n'
NIGHTLY = '[schedules.nightly]\npath = "flow.nbflow"\nwhen = "nightly"\n'


def test_a_pushed_workflow_has_runs_after_its_first(workflows, ann, push, fire):
    push(NIGHTLY)
    assert [item.has_runs for item in workflows.list(ann).items] == [False]
    fire("nightly")
    assert [item.has_runs for item in workflows.list(ann).items] == [True]


@pytest.mark.parametrize("has_id", [False, True])
def test_a_refused_push_keeps_workflows_and_their_history(
    yard, ann, workflows, push, listed, flow, root, has_id, fire
):
    document = json.loads((root / flow).read_text())
    if not has_id:
        del document["meta"]["id"]
        (root / flow).write_text(json.dumps(document))
    # Schedules are stored in the order of the file, so the first one uses the refused files.
    push(FIRST + NIGHTLY)
    runs = [fire("nightly")]
    document["meta"]["title"] = "Once more"
    (root / flow).write_text(json.dumps(document))
    wrong = NIGHTLY + "parameters = {nonsense = 3}\n"
    for toml, names in {FIRST + wrong: ["nightly", "first"], wrong: ["nightly"]}.items():
        with pytest.raises(Invalid):
            push(toml)
        runs += [fire(name) for name in names]
        assert listed("wine")[0] == [flow]
    push(FIRST + NIGHTLY)
    (workflow,) = workflows.list(ann, project="wine").items
    assert workflow.title == "Once more"
    found = [yard.services.runs.get(ann, run.id).run for run in runs]
    assert {(run.workflow_id, run.path) for run in found} == {(workflow.id, workflow.path)}


def test_a_push_without_the_files_of_a_node_changes_nothing(projects, ann, push, flow, root):
    (root / "sub").mkdir()
    (root / "sub" / flow).write_bytes((root / flow).read_bytes())
    with pytest.raises(Invalid, match="uses sub/data"):
        push(NIGHTLY.replace(flow, f"sub/{flow}"), flow=f"sub/{flow}")
    assert projects.list(ann).items == []


def test_a_push_reads_no_large_workflows(yard, ann, projects, push, monkeypatch):
    monkeypatch.setattr(service, "MAX_DOCUMENT", 10, raising=False)
    read, open_blob = [], yard.context.blobs.open

    def noted(name):
        read.append(name)
        return open_blob(name)

    monkeypatch.setattr(yard.context.blobs, "open", noted)
    push(NIGHTLY)
    large = projects.definition(ann, "wine").files["flow.nbflow"]
    assert large.size_bytes > 10 and large.digest not in read


def test_an_overtaken_push_moves_no_workflows(projects, ann, workflows, push, monkeypatch, root):
    push()
    (before,) = workflows.list(ann).items
    (root / "data.csv").write_text("a\n2\n")

    def change(*_):
        revision = projects.get(ann, "wine").revision
        projects.update(ann, "wine", ProjectPatch(revision, description="new"))
        return []

    monkeypatch.setattr(ScheduleSync, "apply", change)
    with pytest.raises(StaleWrite):
        push()
    assert workflows.list(ann).items == [before]


def test_a_pushed_workflow_keeps_its_runs_when_its_file_is_renamed(
    runs, ann, workflows, push, listed, flow, root, fire
):
    push(NIGHTLY)
    run = fire("nightly")
    (root / flow).rename(root / "new.nbflow")
    push(flow="new.nbflow")
    (workflow,) = workflows.list(ann, project="wine").items
    assert (workflow.id, workflow.pushed_path) == (run.workflow_id, "new.nbflow")
    assert runs.get(ann, run.id).run.path == workflow.path
    (root / "new.nbflow").rename(root / flow)
    push(NIGHTLY)  # its schedule stores the workflow first
    assert fire("nightly").workflow_id == run.workflow_id
    assert listed("wine")[0] == [flow]


@pytest.mark.parametrize("toml", ["", NIGHTLY])
def test_a_push_keeps_the_history_of_a_file_outside_of_it(runs, ann, push, flow, root, toml):
    run = runs.create(ann, NewRun(path=flow))
    content = (root / flow).read_bytes()
    (root / flow).rename(root / "renamed.nbflow")
    push(toml, flow="renamed.nbflow", **{flow: content})
    assert runs.create(ann, NewRun(path="renamed.nbflow")).workflow_id == run.workflow_id
    assert runs.get(ann, run.id).run.path == "renamed.nbflow"


@pytest.mark.parametrize("toml", ["", NIGHTLY])
@pytest.mark.parametrize("is_reversed", [False, True])
def test_a_push_lists_a_file_whose_id_another_one_has_now(
    workflows, ann, projects, push, listed, flow, root, monkeypatch, toml, is_reversed, fire
):
    push(NIGHTLY)
    run = fire("nightly")
    content = (root / flow).read_bytes()
    document = json.loads(content)
    del document["meta"]["id"]
    (root / flow).write_text(json.dumps(document))

    def documents(folder):  # folders of disks have no certain order
        return dict(sorted(pushed_documents(folder).items(), reverse=is_reversed))

    monkeypatch.setattr("nbyard.services.projects.service.pushed_documents", documents)
    push(toml, **{"new.nbflow": content})
    assert sorted(listed("wine")[0]) == [flow, "new.nbflow"]
    ids = {i.pushed_path: i.id for i in workflows.list(ann, project="wine").items}
    assert ids["new.nbflow"] == run.workflow_id


@pytest.mark.parametrize("toml", ["", NIGHTLY])
def test_a_workflow_that_is_pushed_again_has_its_runs(runs, ann, workflows, push, toml, fire):
    push(NIGHTLY)
    run = fire("nightly")
    push(flow="data.csv")
    assert workflows.list(ann, project="wine").items == []
    push(toml)
    (workflow,) = workflows.list(ann, project="wine").items
    assert workflow.id == run.workflow_id
    assert runs.get(ann, run.id).run.path == workflow.path


@pytest.mark.parametrize("toml", ["", NIGHTLY])
def test_a_push_keeps_the_history_of_a_file_that_was_replaced_outside_of_it(
    runs, ann, push, flow, root, toml
):
    run = runs.create(ann, NewRun(path=flow))
    content = (root / flow).read_bytes()
    (root / flow).write_bytes(content.replace(b'"id": "w"', b'"id": "other"'))
    runs.create(ann, NewRun(path=flow))
    push(toml, flow="data.csv", **{flow: content})
    (root / "again.nbflow").write_bytes(content)
    assert runs.create(ann, NewRun(path="again.nbflow")).workflow_id == run.workflow_id


def test_a_workflow_that_is_damaged_for_one_push_keeps_its_runs(
    workflows, ann, push, listed, flow, root, fire
):
    push(NIGHTLY)
    run = fire("nightly")
    good = (root / flow).read_text()
    (root / flow).write_text("{")
    push()
    assert listed("wine")[0] == [flow]
    (root / flow).write_text(good)
    push(NIGHTLY)
    assert fire("nightly").workflow_id == run.workflow_id
    assert [run.workflow_id] == [i.id for i in workflows.list(ann, project="wine").items]


def test_a_push_without_changes_stores_workflows_that_are_missing(yard, push, listed, flow):
    push()
    with yard.context.store.write() as c:
        c.execute(delete(workflows))
    push()
    assert listed("wine")[0] == [flow]


@pytest.mark.parametrize("has_id", [False, True])
def test_the_next_push_keeps_the_history(workflows, ann, push, listed, flow, root, has_id, fire):
    document = json.loads((root / flow).read_text())
    if not has_id:
        del document["meta"]["id"]
        (root / flow).write_text(json.dumps(document))
    push(NIGHTLY)
    run = fire("nightly")
    document["meta"]["title"] = "Once more"
    (root / flow).write_text(json.dumps(document))
    push(NIGHTLY)
    (workflow,) = workflows.list(ann, project="wine").items
    assert (workflow.id, workflow.title) == (run.workflow_id, "Once more")
    assert fire("nightly").workflow_id == run.workflow_id
    assert listed("wine")[0] == [flow]


def test_a_file_that_is_no_longer_pushed_leaves_the_lists(push, listed, flow, root):
    push()
    (root / flow).rename(root / "new.nbflow")
    push(flow="new.nbflow")
    assert listed("wine")[0] == listed()[0] == ["new.nbflow"]


def test_pushed_workflows_are_deleted_with_their_project_or_last_schedule(
    yard, ann, projects, push, listed, flow
):
    push()
    projects.delete(ann, "wine")
    assert listed() == ([], [flow])
    push(NIGHTLY)
    projects.delete(ann, "wine")
    assert listed() == ([flow], [flow])
    yard.services.automations.delete(ann, "nightly")
    assert listed() == ([], [flow])


def test_damaged_workflows_are_left_out(push, listed, flow):
    push(**{"broken.nbflow": b"{"})
    assert listed("wine")[0] == [flow]


def linked(yard, ann):
    return [one.id for one in yard.services.projects.links(ann, "wine", kind="workflow").items]


def test_policies_delete_no_runs_from_before_the_push(
    yard, ann, runs, projects, push, flow, finished
):
    run = finished(path=flow).run
    none = "[retention.none]\nkeep = 0\n"
    assert push(none).unlinked == push(none).unlinked == {run.workflow_id: flow}
    (policy,) = runs.preview_retention(ann, project="wine").policies
    assert policy.preview.count == 0 and linked(yard, ann) == []
    # The user may link the workflow, and sees what the policies delete.
    projects.link(ann, "wine", NewLink("workflow", run.workflow_id))
    (policy,) = runs.preview_retention(ann, project="wine").policies
    assert policy.preview.count == 1
    assert push(none).unlinked == {}
    projects.unlink(ann, "wine", "workflow", run.workflow_id)
    assert push(none).unlinked == {}


def test_a_push_without_policies_links_a_workflow_that_ran(yard, ann, push, flow, finished):
    run = finished(path=flow).run
    push()
    assert linked(yard, ann) == [run.workflow_id]


def test_an_unlinked_workflow_stays_unlinked(yard, ann, runs, projects, push, flow):
    workflow = runs.create(ann, NewRun(path=flow)).workflow_id
    push()
    projects.unlink(ann, "wine", "workflow", workflow)
    push(NIGHTLY)
    assert linked(yard, ann) == []
    projects.link(ann, "wine", NewLink("workflow", workflow))
    push()
    assert linked(yard, ann) == [workflow]


def test_files_are_read_outside_of_transactions(yard, ann, runs, push, flow, monkeypatch):
    store = yard.context.store
    writing, write = [], store.write

    @contextmanager
    def counted():
        with write() as c:
            writing.append(c)
            try:
                yield c
            finally:
                writing.pop()

    seen, name_in = [], PushedCopies.name_in

    def noted(copies, folder):
        seen.append(len(writing))
        return name_in(copies, folder)

    monkeypatch.setattr(store, "write", counted)
    monkeypatch.setattr(PushedCopies, "name_in", noted)
    push()
    runs.create(ann, NewRun(path=flow))
    assert seen == [0] and len(linked(yard, ann)) == 1
    push(NIGHTLY)
    assert seen == [0, 0]
    # A workflow that ran before needs no look at files.
    runs.create(ann, NewRun(path=flow))
    assert seen == [0, 0]
