"""Whether a workflow's file is still in its place is known before a run is stored."""

import json
import os
import shutil
from pathlib import Path

import pytest

from nbyard.domain.runs.structs import NewRun
from nbyard.freezing.workflow_files import is_there


@pytest.mark.parametrize("text", ['{"version": 1, "meta": {"id": "w"}}', "{"])
def test_a_file_is_known_until_its_document_changes(tmp_path, text):
    file = tmp_path / "a.nbflow"
    assert not is_there(str(file), "w") and not is_there(str(file / "b"), "w")
    file.write_text(text)
    assert is_there(str(file), "w")
    file.write_text(json.dumps({"version": 1, "meta": {"id": "other"}}))
    assert not is_there(str(file), "w")


def test_no_file_is_read_while_the_write_lock_is_held(yard, ann, flow, root, monkeypatch):
    first = yard.services.runs.create(ann, NewRun(path=flow))
    for name in ("b.nbflow", "c.nbflow"):
        shutil.copy(root / flow, root / name)
        yard.services.runs.create(ann, NewRun(path=name))
    os.rename(root / flow, root / "d.nbflow")
    read = []
    read_bytes = Path.read_bytes

    def noted(path):
        read.append((path.name, yard.store.database.write_lock.locked()))
        return read_bytes(path)

    monkeypatch.setattr(Path, "read_bytes", noted)
    again = yard.services.runs.create(ann, NewRun(path="d.nbflow"))
    assert again.workflow_id == first.workflow_id
    assert {name for name, _ in read} >= {"b.nbflow", "c.nbflow", "d.nbflow"}
    assert not any(is_writing for _, is_writing in read)
