"""A finished run as a bundle: permission and time."""

import zipfile

import pytest

from nbyard.blobs import open_download
from nbyard.domain.callers import Caller
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Conflict, NotFound

SCRIPT = "#!/bin/sh\necho hi\n"


@pytest.fixture
def run(yard, ann):
    (yard.context.files.root / "t.sh").write_text(SCRIPT)
    return yard.services.runs.create(ann, NewRun(path="t.sh", name="a b"))


def test_a_bundle_has_the_code_and_the_script(yard, ann, runs, run, dispatcher):
    dispatcher.until(lambda: runs.get(ann, run.id).run, lambda one: one.finished_at)
    source, name = open_download(yard.context.blobs, runs.bundle(ann, run.id))
    with source, zipfile.ZipFile(source) as packed:
        names = packed.namelist()
        assert packed.read("nodes/main/code/t.sh").decode() == SCRIPT
        assert b"(cd nodes/main/code && " in packed.read("repeat.sh")
    assert name == "a b-run-1.zip"
    assert {"README.md", "repeat.sh", "outputs.sha256"} <= set(names)
    assert len(names) == len(set(names))


def test_a_live_run_has_no_bundle(runs, ann, run):
    with pytest.raises(Conflict, match="Run 1 has not"):
        runs.bundle(ann, run.id)


def test_other_users_get_no_bundle(runs, ann, run):
    runs.cancel(ann, run.id)
    with pytest.raises(NotFound, match="no run"):
        runs.bundle(Caller("bob"), run.id)
    with pytest.raises(NotFound):
        runs.bundle(ann, "404")


def test_bytes_that_were_deleted_are_named(yard, ann, runs, run, dispatcher, monkeypatch):
    dispatcher.until(lambda: runs.get(ann, run.id).run, lambda one: one.finished_at)
    monkeypatch.setattr(type(yard.context.blobs), "exists", lambda self, digest: False)
    with pytest.raises(NotFound, match="nodes/main/code of the bundle"):
        runs.bundle(ann, run.id)
