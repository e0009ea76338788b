"""Which workflows use a dataset."""

import json
from pathlib import Path

import pytest

from nbyard.domain.credentials import NewCredential
from nbyard.domain.runs.structs import NewRun
from nbyard.domain.workflows.structs import Document
from nbyard.errors import InUse, NotFound
from nbyard.services.workflows import dependents
from nbyard.services.workflows.dependents import workflows_using


@pytest.fixture
def using(root, tool):
    """Write a workflow that uses a dataset, by its ID or name."""

    def write(path: str, key: str) -> None:
        document = {
            "version": 1,
            "nodes": {
                "d": {"type": "dataset", "dataset": key},
                "t": {"type": "executable", "path": tool},
            },
            "edges": {"e": {"source": "d", "output": "data", "target": "t", "input": "source"}},
        }
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_text(json.dumps(document))

    return write


def test_saved_workflow_files_count_as_dependents(yard, ann, imported, using, root):
    """This does not depend on runs.

    Hidden folders, other datasets and broken files do not count."""
    using("drawn.nbflow", imported.id)
    using("below/by-name.nbflow", imported.name)
    using(".hidden/copy.nbflow", imported.id)
    using("other.nbflow", "another")
    (root / "broken.nbflow").write_text("{")
    found = [
        yard.context.files.without_root(path) for path in workflows_using(yard.context, imported)
    ]
    assert found == ["below/by-name.nbflow", "drawn.nbflow"]


@pytest.mark.parametrize("name", ["api", 'an "üni" key'])
@pytest.mark.parametrize("is_ascii", [True, False])
def test_workflows_that_do_not_name_a_credential_are_not_parsed(
    yard, ann, root, monkeypatch, name, is_ascii
):
    made = yard.services.credentials.create(ann, NewCredential(name, "token", {"secret": "abcd"}))
    for path, default in (("flow", name), ("by-id", made.id), ("other", "another")):
        meta = {"parameters": {"t": {"type": "secret", "default": default}}}
        document = {"version": 1, "nodes": {}, "edges": {}, "meta": meta}
        (root / f"{path}.nbflow").write_text(json.dumps(document, ensure_ascii=is_ascii))
    read: list[str] = []

    def reading(path: Path) -> Document | None:
        read.append(path.name)
        return saved(path)

    saved = dependents.read_saved
    monkeypatch.setattr(dependents, "read_saved", reading)
    found = yard.services.credentials.get(ann, name).used_by
    assert found == ["by-id.nbflow", "flow.nbflow"]
    assert read == found


def test_workflow_that_ran_counts_with_its_current_content(
    yard, ann, imported, using, root, dispatcher
):
    using("flow.nbflow", imported.id)
    with dispatcher.standing_still():
        run = yard.services.runs.create(ann, NewRun(path="flow.nbflow"))
        with pytest.raises(InUse, match=r"flow\.nbflow"):
            yard.services.datasets.delete(ann, imported.id)
        (root / "flow.nbflow").write_text("{")  # what ran last is known
        assert len(workflows_using(yard.context, imported)) == 1
        (root / "flow.nbflow").write_text('{"version": 1}')
        assert workflows_using(yard.context, imported) == []
        using("flow.nbflow", imported.id)
        (root / "flow.nbflow").unlink()
        assert workflows_using(yard.context, imported) == []
        with pytest.raises(InUse, match=rf"run {run.number}"):  # it has not finished
            yard.services.datasets.delete(ann, imported.id)
        yard.services.datasets.delete(ann, imported.id, force=True)


def test_workflow_in_a_missing_folder_counts_as_it_ran(yard, ann, imported, using, root):
    using("far/flow.nbflow", imported.id)
    (root / "far/tool.py").write_bytes((root / "tool.py").read_bytes())
    (root / "far/tool.py.nbexec").write_bytes((root / "tool.py.nbexec").read_bytes())
    yard.services.runs.create(ann, NewRun(path="far/flow.nbflow"))
    (root / "far").rename(root / "away")
    (root / "away/flow.nbflow").unlink()
    assert [path.rsplit("/", 2)[-2:] for path in workflows_using(yard.context, imported)] == [
        ["far", "flow.nbflow"]
    ]


def test_a_forced_deletion_keeps_the_record_of_past_runs(yard, ann, imported, using, finished):
    """Past runs still name their inputs, and the bytes are kept."""
    using("flow.nbflow", imported.id)
    run = finished(path="flow.nbflow").run
    yard.services.datasets.delete(ann, imported.id, force=True)
    (task,) = yard.services.runs.get(ann, run.id).tasks
    given = task.inputs["source"]
    assert (given.origin, given.filename) == ("a.csv v1", "a.csv")
    found = yard.services.runs.content(ann, run.id, "t", "source")
    assert yard.context.blobs.open(found.digest).read() == b"x,y\n1,2\n3,4\n"
    with pytest.raises(NotFound, match="no data for 'none'"):
        yard.services.runs.content(ann, run.id, "t", "none")
