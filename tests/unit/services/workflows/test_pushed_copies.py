"""Lists have each workflow of a pushed project once, with the project active and without."""

import json
import shutil

import pytest

from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow

pytestmark = pytest.mark.slow

NIGHTLY = '[schedules.nightly]\npath = "flow.nbflow"\nwhen = "nightly"\n'


def test_a_push_lists_its_workflows_before_they_run(workflows, ann, push, listed, flow):
    push()
    assert listed("wine") == listed() == ([flow], [flow])
    (workflow,) = workflows.list(ann).items
    (file,) = workflows.unrun(ann).items
    # With this ID, the browser shows both as one row.
    assert file.pushed_id == workflow.id
    assert (workflow.pushed_path, workflow.title, workflow.has_runs) == (flow, "Twice", False)


def test_a_workflow_that_ran_in_its_folder_is_listed_once(
    runs, ann, push, listed, flow, root, fire
):
    runs.create(ann, NewRun(path=flow))
    push(NIGHTLY)
    fire("nightly")
    assert listed("wine") == listed() == ([str(root / flow)], [])
    (root / flow).unlink()
    assert listed("wine") == ([flow], [])


def test_a_file_and_its_pushed_copy_have_one_history(runs, ann, workflows, push, flow, root, fire):
    made = {runs.create(ann, NewRun(path=flow)).id}
    push(NIGHTLY)
    made |= {fire("nightly").id, runs.create(ann, NewRun(path=flow)).id}
    (workflow,) = workflows.list(ann, project="wine").items
    assert workflow.path == str(root / flow) and workflow.has_runs
    (copy,) = workflow.same_as
    for key in (flow, workflow.id, copy):
        assert {run.id for run in runs.list(ann, workflow=key).items} == made
        assert {run.id for run in runs.list(ann, workflow=key, state="queued").items} == made
    assert {run.id for run in runs.list(ann, project="wine").items} == made


def test_the_first_run_after_a_push_belongs_to_the_project(runs, ann, push, flow, root):
    push()
    shutil.copytree(root, root / "other")
    (root / "other" / "nbyard.toml").unlink()
    run = runs.create(ann, NewRun(path=flow))
    runs.create(ann, NewRun(path=f"other/{flow}"))
    assert [one.id for one in runs.list(ann, project="wine").items] == [run.id]


def test_a_renamed_file_is_listed_once_with_all_its_runs(
    runs, ann, workflows, push, listed, flow, root, fire
):
    made = {runs.create(ann, NewRun(path=flow)).id}
    push(NIGHTLY)
    made.add(fire("nightly").id)
    (root / flow).rename(root / "third.nbflow")
    push(NIGHTLY.replace(flow, "third.nbflow"), flow="third.nbflow")
    assert listed("wine") == listed() == (["third.nbflow"], ["third.nbflow"])
    (workflow,) = workflows.list(ann).items
    (file,) = workflows.unrun(ann).items
    assert file.pushed_id == workflow.id
    for key in ("third.nbflow", workflow.id):
        assert {run.id for run in runs.list(ann, workflow=key).items} == made
    assert {run.id for run in runs.list(ann, project="wine").items} == made
    runs.create(ann, NewRun(path="third.nbflow"))
    assert listed("wine") == listed() == ([str(root / "third.nbflow")], [])


def test_projects_with_copies_of_one_workflow_list_their_own(
    runs, ann, workflows, push, listed, flow, root
):
    shutil.copytree(root, root / "copy")
    push()
    push(name="beer", folder=root / "copy")
    for name, path in {"wine": flow, "beer": f"copy/{flow}"}.items():
        (workflow,) = workflows.list(ann, project=name).items
        ids = {file.path: file.pushed_id for file in workflows.unrun(ann).items}
        assert ids[path] == workflow.id
    runs.create(ann, NewRun(path=f"copy/{flow}"))
    assert listed("beer")[0] == [str(root / "copy" / flow)]
    assert listed("wine")[0] == [flow]


def test_a_copy_outside_of_the_pushed_folder_hides_no_workflow(
    runs, ann, workflows, push, flow, root
):
    shutil.copytree(root, root / "other")
    runs.create(ann, NewRun(path=f"other/{flow}"))
    document = json.loads((root / flow).read_text())
    document["meta"]["title"] = "Mine"
    (root / flow).write_text(json.dumps(document))
    push()
    (workflow,) = workflows.list(ann, project="wine").items
    assert (workflow.title, workflow.pushed_path) == ("Mine", flow)
    assert len(workflows.list(ann).items) == 2


def test_a_folder_has_the_copy_of_its_present_project(workflows, ann, push):
    push()
    push(name="beer")
    (file,) = workflows.unrun(ann).items
    (workflow,) = workflows.list(ann, project="beer").items
    assert file.pushed_id == workflow.id
    assert len(workflows.list(ann).items) == 2


def test_a_file_is_no_copy_of_its_pushed_copy(workflows, ann, push, flow, root):
    push()
    assert workflows.check(ann, CheckWorkflow(flow, (root / flow).read_text())).copy_of == ""


def test_pushed_workflows_cannot_be_linked(yard, ann, runs, workflows, push, flow):
    runs.create(ann, NewRun(path=flow))
    push()
    yard.services.projects.create(ann, NewProject("beer"))
    assert yard.services.projects.linkable(ann, "wine", kind="workflow").items == []
    (resource,) = yard.services.projects.linkable(ann, "beer", kind="workflow").items
    assert (resource.name, resource.id) == ("Twice", next(iter(workflows.list(ann).items)).id)


def test_another_project_has_no_pushed_workflows(yard, ann, push, listed):
    push()
    yard.services.projects.create(ann, NewProject("beer"))
    assert listed("beer")[0] == []


def test_pushed_files_below_the_root_are_no_files_of_the_folder(
    yard, push, listed, monkeypatch, root
):
    push()
    monkeypatch.setattr(yard.context.files, "start", root.parent)
    monkeypatch.setattr(yard.context.files, "root", root.parent)
    assert listed()[1] == ["root/flow.nbflow"]
