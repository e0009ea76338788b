"""A workflow keeps its runs wherever its file is, and a copy has its own."""

import json
import os
import shutil

import msgspec
import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.projects.structs import NewLink, NewProject
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Forbidden, Invalid, NbyardError, NotFound

pytestmark = pytest.mark.slow


@pytest.fixture
def runs_of(yard, ann):
    return lambda path: [run.id for run in yard.services.runs.list(ann, workflow=path).items]


def check(yard, ann, path):
    text = (yard.context.files.root / path).read_text()
    return yard.services.workflows.check(ann, CheckWorkflow(path, text))


def test_a_moved_file_keeps_its_runs(yard, ann, runs, flow, root, runs_of):
    made = runs.create(ann, NewRun(path=flow))
    (root / "deep").mkdir()
    os.rename(root / flow, root / "deep" / "other.nbflow")
    assert runs_of("deep/other.nbflow") == [made.id]
    assert check(yard, ann, "deep/other.nbflow").copy_of == ""


def test_a_run_after_a_move_belongs_to_the_same_workflow(runs, ann, workflows, flow, root, runs_of):
    first = runs.create(ann, NewRun(path=flow))
    os.rename(root / flow, root / "other.nbflow")
    second = runs.create(ann, NewRun(path="other.nbflow"))
    assert second.workflow_id == first.workflow_id
    assert runs_of("other.nbflow") == runs_of(first.workflow_id) == [second.id, first.id]
    assert runs_of(flow) == []
    (seen,) = workflows.list(ann).items
    assert seen.path == str(root / "other.nbflow")
    found = runs.get(ann, first.id).run
    assert (found.path, found.workflow_id) == ("other.nbflow", seen.id)


def test_saves_are_versions_with_who_saved_them_and_their_runs(ann, runs, workflows, flow, root):
    with pytest.raises(NotFound):
        workflows.versions(ann, flow)
    document = json.loads((root / flow).read_text())
    ben = msgspec.structs.replace(ann, person="ben")
    workflows.saved(ben, flow)
    first = runs.create(ann, NewRun(path=flow))
    document["nodes"]["one"]["label"] = "First"
    for person, cpu in ((ann, 1), (ben, 3), (ben, 2)):
        document["nodes"]["two"]["cpu"] = cpu
        for x in (100, 200):
            document["positions"] = {"one": [x, 0]}
            (root / flow).write_text(json.dumps(document))
            workflows.saved(person, flow)  # a moved card makes no version
    second = runs.create(ann, NewRun(path=flow))
    seen = workflows.versions(ann, flow).items
    assert [(version.number, version.runs, version.person) for version in seen] == [
        (3, [second.number], "ben"), (2, [], "ann"), (1, [first.number], "ben"),
    ]  # fmt: skip
    assert workflows.versions(ann, flow, limit=1).next == seen[0].id
    changes = workflows.compare(ann, flow, 1).changes
    assert [(change.kind, change.place, change.new) for change in changes] == [
        ("added", ["nodes", "one", "label"], "First"),
        ("added", ["nodes", "two", "cpu"], 2.0),
    ]
    compared = workflows.compare(ann, flow, 2, 3)
    assert [(change.old, change.new) for change in compared.changes] == [(1.0, 2.0)]
    assert compared.old.positions == {"one": (100, 0)}
    with pytest.raises(NotFound):
        workflows.compare(ann, flow, 4)
    with pytest.raises(NotFound):
        workflows.versions(Caller("ben"), flow)


def test_a_restored_version_replaces_the_file_and_what_was_there_stays(
    ann, runs, workflows, flow, root
):
    before = json.loads((root / flow).read_text()) | {"positions": {"one": [1, 1], "two": [2, 2]}}
    (root / flow).write_text(json.dumps(before))
    first = runs.create(ann, NewRun(path=flow))
    edited = {
        **before,
        "meta": before["meta"] | {"title": "Edited", "other": [1]},
        "nodes": {"one": before["nodes"]["one"], "new": {"type": "dataset", "path": "x.csv"}},
        "edges": {},
        "positions": {"one": [7, 8], "new": [9, 9], "#1": [1, 1]},
        "comments": {"#1": {"text": "note"}},
    }
    (root / flow).write_text(json.dumps(edited))  # by another program: there is no version of it
    newest = workflows.restore(ann, flow, 1)
    now = json.loads((root / flow).read_text())
    assert (now["nodes"], now["edges"]) == (before["nodes"], before["edges"])
    assert now["meta"] == before["meta"] | {"other": [1]}
    assert (
        now["positions"] == {"one": [7, 8], "two": [2, 2], "#1": [1, 1]} and "#1" in now["comments"]
    )
    assert newest.number == 3 and workflows.versions(ann, flow).items[0] == newest
    assert workflows.compare(ann, flow, 3).changes == []
    assert [*workflows.compare(ann, flow, 2, 1).new.nodes] == ["data", "one", "two"]
    assert workflows.restore(ann, flow, 2).number == 4
    assert json.loads((root / flow).read_text())["nodes"] == edited["nodes"]
    assert workflows.restore(ann, flow, 3).number == 5
    assert runs.create(ann, NewRun(path=flow)).workflow_id == first.workflow_id


def test_a_missing_file_is_restored_with_its_history(ann, runs, workflows, flow, root, runs_of):
    made = runs.create(ann, NewRun(path=flow))
    (root / flow).unlink()
    assert workflows.restore(ann, flow, 1).number == 1
    assert runs_of(flow) == [made.id]
    again = runs.create(ann, NewRun(path=flow))
    assert again.workflow_id == made.workflow_id


def test_a_moved_file_is_restored_where_it_is(ann, runs, workflows, flow, root):
    runs.create(ann, NewRun(path=flow))
    text = (root / flow).read_text()
    (root / flow).unlink()
    (root / "other.nbflow").write_text(text.replace("Twice", "Changed"))
    assert workflows.restore(ann, "other.nbflow", 1).number == 3
    assert "Twice" in (root / "other.nbflow").read_text() and not (root / flow).exists()


def test_a_file_that_cannot_be_replaced_is_kept(ann, runs, workflows, flow, root, monkeypatch):
    (root / "deep").mkdir()
    for name in (flow, "tool.py", "tool.py.nbexec", "data.csv"):
        os.rename(root / name, root / "deep" / name)
    file = root / "deep" / flow
    runs.create(ann, NewRun(path=f"deep/{flow}"))

    def restore(version=1, caller=ann):
        workflows.restore(caller, f"deep/{flow}", version)

    for version, caller in ((2, ann), (1, Caller("ben"))):
        with pytest.raises(NotFound):
            restore(version, caller)
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)  # this test may run as root
        with pytest.raises(Forbidden):
            restore()
    for content in (b"{", b'{"version": 2}', b"\xff"):
        file.write_bytes(content)
        with pytest.raises(Invalid):
            restore()
        assert file.read_bytes() == content
    shutil.rmtree(root / "deep")
    with pytest.raises(NotFound):
        restore()


def test_a_workflow_that_never_ran_has_a_history_and_is_listed_once(
    yard, ann, runs, workflows, flow, root, runs_of
):
    def listed():
        linkable = yard.services.projects.linkable(ann, project.id, "workflow").items
        shown = ([w.path for w in workflows.list(ann).items], [w.path for w in unrun(ann)])
        return (*(len(paths) for paths in shown), len(linkable))

    def unrun(caller):
        return workflows.unrun(caller).items

    project = yard.services.projects.create(ann, NewProject("p"))
    assert listed() == (0, 1, 1)
    workflows.saved(ann, flow)
    assert [version.runs for version in workflows.versions(ann, flow).items] == [[]]
    assert listed() == (0, 1, 1)
    saved = workflows.versions(ann, flow).items
    made = runs.create(ann, NewRun(path=flow))
    assert listed() == (1, 0, 1) and runs_of(flow) == [made.id]
    assert [version.id for version in workflows.versions(ann, flow).items] == [saved[0].id]
    (root / "empty.nbflow").write_text('{"version": 1}')
    workflows.saved(ann, "empty.nbflow")
    with pytest.raises(NotFound):
        workflows.versions(ann, "empty.nbflow")


def test_a_linked_workflow_that_was_only_saved_is_listed(yard, ann, workflows, flow):
    project = yard.services.projects.create(ann, NewProject("p"))
    workflows.saved(ann, flow)
    yard.services.projects.link(ann, project.id, NewLink("workflow", flow))
    assert len(workflows.list(ann, project=project.id).items) == 1
    assert workflows.unrun(ann).items == []


def test_another_workflow_in_the_place_of_a_file_is_no_version(ann, runs, workflows, flow, root):
    document = json.loads((root / flow).read_text())

    def save_as(document_id):
        document["meta"]["id"] = document_id
        (root / flow).write_text(json.dumps(document))

    save_as("mine")
    runs.create(ann, NewRun(path=flow))
    save_as("other")
    workflows.saved(ann, flow)
    save_as("mine")
    assert len(workflows.versions(ann, flow).items) == 1


def test_a_copy_has_no_runs_and_names_its_original(yard, ann, runs, flow, root, runs_of):
    made = runs.create(ann, NewRun(path=flow))
    shutil.copy(root / flow, root / "copy.nbflow")
    assert runs_of("copy.nbflow") == []
    assert check(yard, ann, "copy.nbflow").copy_of == flow
    own = runs.create(ann, NewRun(path="copy.nbflow"))
    assert own.workflow_id != made.workflow_id
    assert (runs_of(flow), runs_of("copy.nbflow")) == ([made.id], [own.id])
    assert check(yard, ann, flow).copy_of == ""
    assert check(yard, ann, "copy.nbflow").copy_of == flow
    (root / flow).unlink()
    assert runs_of("copy.nbflow") == [own.id]
    assert check(yard, ann, "copy.nbflow").copy_of == ""


@pytest.fixture
def undecided(yard, ann, flow, root):
    """The run of a workflow whose file was moved to `b`, with a copy of it beside."""
    made = yard.services.runs.create(ann, NewRun(path=flow))
    shutil.copy(root / flow, root / "copy.nbflow")
    os.rename(root / flow, root / "b.nbflow")
    return made


@pytest.mark.parametrize("opened", [("copy", "b"), ("b", "copy")])
def test_opening_a_copy_first_changes_nothing(
    yard, ann, workflows, flow, root, runs_of, store, undecided, opened
):
    with store.read() as c:
        before = store.events.events_after(c, "ann", 0, 100)
    for name in opened:
        assert check(yard, ann, f"{name}.nbflow").copy_of == ""
        assert runs_of(f"{name}.nbflow") == [undecided.id]
    (seen,) = workflows.list(ann).items
    assert seen.path == str(root / flow)
    with store.read() as c:
        assert store.events.events_after(c, "ann", 0, 100) == before
    os.rename(root / "b.nbflow", root / flow)
    assert runs_of(flow) == [undecided.id]
    assert (check(yard, ann, "copy.nbflow").copy_of, runs_of("copy.nbflow")) == (flow, [])


@pytest.mark.parametrize(("ran", "other"), [("copy", "b"), ("b", "copy")])
def test_the_first_copy_that_runs_keeps_the_history(
    yard, ann, runs, runs_of, undecided, ran, other
):
    for name in ("copy", "b"):
        check(yard, ann, f"{name}.nbflow")
    again = runs.create(ann, NewRun(path=f"{ran}.nbflow"))
    assert runs_of(f"{ran}.nbflow") == [again.id, undecided.id]
    assert (check(yard, ann, f"{other}.nbflow").copy_of, runs_of(f"{other}.nbflow")) == (
        f"{ran}.nbflow",
        [],
    )


def test_a_moved_original_of_a_copy_that_ran_is_no_copy(yard, ann, runs, flow, root, runs_of):
    made = runs.create(ann, NewRun(path=flow))
    shutil.copy(root / flow, root / "copy.nbflow")
    own = runs.create(ann, NewRun(path="copy.nbflow"))
    os.rename(root / flow, root / "b.nbflow")
    assert check(yard, ann, "b.nbflow").copy_of == ""
    assert (runs_of("b.nbflow"), runs_of("copy.nbflow")) == ([made.id], [own.id])


def test_a_copy_that_gets_its_own_id_keeps_its_runs(runs, ann, flow, root, runs_of):
    runs.create(ann, NewRun(path=flow))
    document = json.loads((root / flow).read_text())
    (root / "copy.nbflow").write_text(json.dumps(document))
    own = runs.create(ann, NewRun(path="copy.nbflow"))
    document["meta"]["id"] = "w2"
    (root / "copy.nbflow").write_text(json.dumps(document))
    again = runs.create(ann, NewRun(path="copy.nbflow"))
    assert again.workflow_id == own.workflow_id
    assert runs_of("copy.nbflow") == [again.id, own.id]


def test_a_document_without_an_id_is_known_by_its_path(runs, ann, flow, root, runs_of):
    document = json.loads((root / flow).read_text())
    del document["meta"]["id"]
    (root / flow).write_text(json.dumps(document))
    first = runs.create(ann, NewRun(path=flow))
    shutil.copy(root / flow, root / "copy.nbflow")
    assert (runs_of(flow), runs_of("copy.nbflow")) == ([first.id], [])
    document["meta"]["id"] = "first"
    (root / flow).write_text(json.dumps(document))
    second = runs.create(ann, NewRun(path=flow))
    assert runs_of(flow) == [second.id, first.id]


def test_a_deleted_file_still_names_its_runs(runs, ann, flow, root, runs_of):
    made = runs.create(ann, NewRun(path=flow))
    (root / flow).unlink()
    assert runs_of(flow) == [made.id]


@pytest.mark.parametrize("text", ["{", '{"version": 2}'])
def test_an_unreadable_file_keeps_its_path(runs, ann, flow, root, runs_of, text):
    made = runs.create(ann, NewRun(path=flow))
    shutil.copy(root / flow, root / "copy.nbflow")
    (root / flow).write_text(text)
    assert (runs_of(flow), runs_of("copy.nbflow")) == ([made.id], [])


def test_workflows_follow_a_renamed_folder(runs, ann, workflows, flow, root, runs_of):
    (root / "old").mkdir()
    (root / "old2.nbflow").write_text((root / flow).read_text().replace('"w"', '"w2"'))
    for name in (flow, "tool.py", "tool.py.nbexec", "data.csv"):
        shutil.copy(root / name, root / "old")
    (root / flow).unlink()
    made = runs.create(ann, NewRun(path=f"old/{flow}"))
    other = runs.create(ann, NewRun(path="old2.nbflow"))
    os.rename(root / "old", root / "new")
    workflows.renamed("old", "new")
    places = {one.id: one.path for one in workflows.list(ann).items}
    assert places[made.workflow_id] == str(root / "new" / flow)
    assert places[other.workflow_id] == str(root / "old2.nbflow")
    with pytest.raises(NbyardError):
        workflows.renamed("new", "../out")


def test_the_rename_of_any_other_file_writes_nothing(yard, ann, runs, workflows, flow, monkeypatch):
    """Each write takes the store's one turn and wakes the dispatcher."""
    runs.create(ann, NewRun(path=flow))
    monkeypatch.setattr(yard.store, "write", lambda: pytest.fail("this writes"))
    workflows.renamed("data.csv", "data2.csv")
