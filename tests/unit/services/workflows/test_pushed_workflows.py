"""J2: lists have each workflow of a pushed project once, with the project active and without."""

import hashlib
import json

import pytest

from nbyard.domain.projects.definitions import FILE, ProjectFile, ProjectPush, read_definition
from nbyard.domain.projects.structs import NewProject
from nbyard.domain.runs.structs import NewRun
from nbyard.transfer.project_selection import SelectedFile, pack_files

pytestmark = pytest.mark.slow

NIGHTLY = '[schedules.nightly]\npath = "flow.nbflow"\nwhen = "nightly"\n'


@pytest.fixture
def push(yard, ann, flow, root):
    """Returns a function that pushes the folder of the root as the project `wine`."""

    def send(toml="", flow=flow, **files):
        paths = (flow, "tool.py", "tool.py.nbexec", "data.csv")
        contents = {FILE: f'[project]\nname = "wine"\n{toml}'.encode()}
        contents |= {path: (root / path).read_bytes() for path in paths} | files
        packed = pack_files({path: SelectedFile(c) for path, c in contents.items()}, contents)
        upload = yard.parts.uploads.create(ann.name, "project.zip", len(packed))
        yard.parts.uploads.append(ann.name, upload.id, 0, [packed])
        described = {
            path: ProjectFile(f"sha256:{hashlib.sha256(content).hexdigest()}", len(content))
            for path, content in contents.items()
        }
        definition = read_definition(contents[FILE])
        yard.services.projects.push(ann, ProjectPush(definition, described, archive=upload.id))

    return send


@pytest.fixture
def listed(yard, ann):
    """Returns a function that lists paths of workflows, and of files that never ran."""

    def paths(project=""):
        workflows = yard.services.workflows
        ran = [item.pushed_path or item.path for item in workflows.list(ann, project=project).items]
        return ran, [item.path for item in workflows.unrun(ann).items]

    return paths


def test_a_push_lists_its_workflows_before_they_run(yard, ann, push, listed, flow):
    push()
    assert listed("wine") == listed() == ([flow], [flow])
    (workflow,) = yard.services.workflows.list(ann).items
    (file,) = yard.services.workflows.unrun(ann).items
    # With this ID, the browser shows both as one row.
    assert (workflow.pushed_path, workflow.title) == (flow, "Twice")
    assert workflow.document_id == file.document_id == "w"


def test_a_workflow_that_ran_in_its_folder_is_listed_once(yard, ann, push, listed, flow, root):
    yard.services.runs.create(ann, NewRun(path=flow))
    push(NIGHTLY)
    yard.services.schedules.run(ann, "nightly")
    assert listed("wine") == listed() == ([str(root / flow)], [])


def test_another_project_has_no_pushed_workflows(yard, ann, push, listed, flow):
    push()
    yard.services.projects.create(ann, NewProject("beer"))
    assert listed("beer")[0] == []


@pytest.mark.parametrize("has_id", [False, True])
def test_the_next_push_keeps_the_history(yard, ann, push, listed, flow, root, has_id):
    document = json.loads((root / flow).read_text())
    if not has_id:
        del document["meta"]["id"]
        (root / flow).write_text(json.dumps(document))
    push(NIGHTLY)
    run = yard.services.schedules.run(ann, "nightly")
    document["meta"]["title"] = "Once more"
    (root / flow).write_text(json.dumps(document))
    push(NIGHTLY)
    (workflow,) = yard.services.workflows.list(ann, project="wine").items
    assert (workflow.id, workflow.title) == (run.workflow_id, "Once more")
    assert yard.services.schedules.run(ann, "nightly").workflow_id == run.workflow_id
    assert listed("wine")[0] == [flow]


def test_a_file_that_is_no_longer_pushed_leaves_the_lists(yard, ann, push, listed, flow, root):
    push()
    (root / flow).rename(root / "new.nbflow")
    push(flow="new.nbflow")
    assert listed("wine")[0] == listed()[0] == ["new.nbflow"]


def test_pushed_workflows_go_with_their_project_or_its_last_schedule(yard, ann, push, listed, flow):
    push()
    yard.services.projects.delete(ann, "wine")
    assert listed() == ([], [flow])
    push(NIGHTLY)
    yard.services.projects.delete(ann, "wine")
    assert listed() == ([flow], [flow])
    yard.services.schedules.delete(ann, "nightly")
    assert listed() == ([], [flow])


def test_damaged_workflows_are_left_out(push, listed, flow):
    push(**{"broken.nbflow": b"{"})
    assert listed("wine")[0] == [flow]


def test_pushed_files_below_the_root_are_no_files_of_the_folder(
    yard, ann, push, listed, monkeypatch, root
):
    push()
    monkeypatch.setattr(yard.parts.files, "start", root.parent)
    monkeypatch.setattr(yard.parts.files, "root", root.parent)
    assert listed()[1] == ["root/flow.nbflow"]
