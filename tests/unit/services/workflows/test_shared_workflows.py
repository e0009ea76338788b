"""A viewer of a workflow sees its versions, and edits and runs a copy in an own file."""

import json

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.projects.members import NewMember
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid, NbyardError, NotFound

pytestmark = pytest.mark.slow
BOB, EVE = Caller("bob"), Caller("eve")


@pytest.fixture
def shared(yard, ann, runs, workflows, flow, root):
    """A workflow of ann with two versions, which bob may see."""
    made = runs.create(ann, NewRun(path=flow)).workflow_id
    document = json.loads((root / flow).read_text())
    document["nodes"]["two"]["cpu"] = 2
    (root / flow).write_text(json.dumps(document))
    workflows.saved(ann, flow)
    yard.services.shares.grant(ann, "workflow", made, NewMember("bob"))
    return made


def numbers(workflows, caller, key):
    return [version.number for version in workflows.versions(caller, key).items]


def test_a_viewer_sees_versions_and_nodes(workflows, ann, shared, flow):
    assert numbers(workflows, BOB, shared) == numbers(workflows, ann, flow) == [2, 1]
    assert [version.runs for version in workflows.versions(ann, flow).items] == [[], [1]]
    assert [version.runs for version in workflows.versions(BOB, shared).items] == [[], []]
    changes = workflows.compare(BOB, shared, 1).changes
    assert [(change.place, change.new) for change in changes] == [(["nodes", "two", "cpu"], 2.0)]
    nodes = workflows.show(BOB, shared).items
    assert nodes == workflows.show(ann, flow).items and nodes


def test_others_get_the_answer_for_a_missing_workflow(workflows, shared, root):
    for ask in (
        lambda key: workflows.versions(EVE, key),
        lambda key: workflows.compare(EVE, key, 1),
        lambda key: workflows.show(EVE, key),
        lambda key: workflows.images(EVE, key),
        lambda key: workflows.restore(EVE, "own.nbflow", workflow=key),
        lambda key: workflows.restore(BOB, key),
    ):
        answers = set()
        for key in (shared, shared[:-4] + "0000"):
            with pytest.raises(NotFound) as refused:
                ask(key)
            answers.add(str(refused.value).replace(key, "KEY"))
        assert len(answers) == 1
    assert not (root / "own.nbflow").exists()


@pytest.mark.parametrize("version", [0, 1])
def test_a_copy_is_an_own_workflow(workflows, ann, runs, shared, flow, root, version):
    before = (root / flow).read_text()
    made = workflows.restore(BOB, "own.nbflow", version, shared)
    copied, original = json.loads((root / "own.nbflow").read_text()), json.loads(before)
    assert made.number == 1 and made.person == "bob"
    assert copied["nodes"]["two"].get("cpu") == (None if version else 2)
    assert copied["meta"]["id"] != original["meta"]["id"]
    assert copied["meta"]["title"] == original["meta"]["title"]
    assert copied["edges"] == original["edges"]
    assert [file.path for file in workflows.unrun(BOB).items if file.path == "own.nbflow"]
    run = runs.create(BOB, NewRun(path="own.nbflow"))
    assert (run.owner, run.workflow_id != shared) == ("bob", True)
    copied["nodes"]["two"]["cpu"] = 3
    (root / "own.nbflow").write_text(json.dumps(copied))
    workflows.saved(BOB, "own.nbflow")
    assert (root / flow).read_text() == before
    assert numbers(workflows, ann, flow) == [2, 1]
    listed = {item.id: item.same_as for item in workflows.list(BOB).items}
    assert listed == {run.workflow_id: [], shared: []}
    assert [item.id for item in workflows.list(ann).items] == [shared]


def test_two_copies_have_two_histories(workflows, shared):
    for name in ("a.nbflow", "b.nbflow"):
        workflows.restore(BOB, name, workflow=shared)
    workflows.restore(BOB, "a.nbflow", 1, shared)
    assert numbers(workflows, BOB, "a.nbflow") == [2, 1]
    assert numbers(workflows, BOB, "b.nbflow") == [1]


def test_a_copy_replaces_what_an_own_file_had(workflows, shared, root, yard):
    """The file keeps its ID, and what was there is a version, also without a history."""
    text = {"version": 1, "meta": {"id": "mine"}, "nodes": {"n": {"type": "dataset", "path": "x"}}}
    (root / "own.nbflow").write_text(json.dumps(text))
    assert workflows.restore(BOB, "own.nbflow", workflow=shared).number == 2
    assert json.loads((root / "own.nbflow").read_text())["meta"]["id"] == "mine"
    assert [*workflows.compare(BOB, "own.nbflow", 1).old.nodes] == ["n"]
    (root / "empty.nbflow").write_text("")
    assert workflows.restore(BOB, "empty.nbflow", workflow=shared).number == 1
    (root / "notes.nbflow").write_text("notes")
    for path in ("notes.nbflow", "own.txt", "none/own.nbflow", "../own.nbflow"):
        with pytest.raises((Invalid, NotFound)):
            workflows.restore(BOB, path, workflow=shared)
    assert (root / "notes.nbflow").read_text() == "notes" and not (root / "own.txt").exists()
    with pytest.raises(NotFound):
        workflows.restore(BOB, "own.nbflow", 3, shared)


def test_names_in_a_copy_mean_what_their_owner_shares(yard, ann, imported, workflows, shared, root):
    """An own dataset or environment of the same name is another one."""
    nodes = {
        "name": {"type": "dataset", "dataset": "a.csv"},
        "id": {"type": "dataset", "dataset": imported.id},
        "named": {"type": "dataset", "dataset": "carl/a.csv"},
        "two": {"type": "executable", "path": "none.py", "environment": "ml@2"},
    }
    document = {"version": 1, "meta": {"id": "names", "environment": "ml"}, "nodes": nodes}
    (root / "w.nbflow").write_text(json.dumps(document))
    workflows.saved(ann, "w.nbflow")
    with yard.store.read() as c:
        (source,) = yard.store.workflows.of_document(c, "ann", "names")
    yard.services.shares.grant(ann, "workflow", source.id, NewMember("bob"))
    yard.services.shares.grant(ann, "dataset", imported.id, NewMember("bob"))
    workflows.restore(BOB, "own.nbflow", workflow=source.id)
    workflows.restore(ann, "mine.nbflow", workflow=source.id)
    copied = json.loads((root / "own.nbflow").read_text())
    assert copied["meta"]["environment"] == "ann/ml"
    assert copied["nodes"]["two"]["environment"] == "ann/ml@2"
    data = {name: node.get("dataset") for name, node in copied["nodes"].items()}
    assert data == {"name": "ann/a.csv", "id": imported.id, "named": "carl/a.csv", "two": None}
    mine = json.loads((root / "mine.nbflow").read_text())
    assert mine["nodes"] == copied["nodes"] and mine["meta"]["id"] != copied["meta"]["id"]
    problems = {
        line.node: str(line.problem or "") for line in workflows.show(BOB, "own.nbflow").items
    }
    assert problems["name"] == problems["id"] == ""
    assert "none.py" in problems["two"] and problems["named"]
    shown = {line.node: str(line.problem or "") for line in workflows.show(BOB, source.id).items}
    assert shown == problems


def test_a_copy_ends_with_the_share(yard, ann, workflows, shared, root):
    """A copy that was made stays."""
    workflows.restore(BOB, "own.nbflow", workflow=shared)
    yard.services.shares.revoke(ann, "workflow", shared, "bob")
    with pytest.raises(NbyardError):
        workflows.restore(BOB, "own.nbflow", workflow=shared)
    assert numbers(workflows, BOB, "own.nbflow") == [1]


def test_members_of_a_pushed_project_run_its_workflows_with_their_files(
    yard, ann, runs, workflows, push, flow, root
):
    """What a copy lacks, a push shares."""
    push()
    projects = yard.services.projects
    yard.services.shares.grant(ann, "project", projects.get(ann, "wine").id, NewMember("bob"))
    nodes = workflows.show(BOB, f"ann/wine:{flow}").items
    assert nodes and not any(line.problem for line in nodes)
    run = runs.create(BOB, NewRun(path=f"ann/wine:{flow}"))
    assert (run.owner, len(runs.list(ann).items)) == ("bob", 0)
    assert "tool.py" in projects.definition(BOB, "ann/wine").files
    assert projects.file(BOB, "ann/wine", "tool.py").digest
    with pytest.raises(NotFound):
        runs.create(EVE, NewRun(path=f"ann/wine:{flow}"))
