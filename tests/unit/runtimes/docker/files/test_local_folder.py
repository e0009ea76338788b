"""The attempt folder is made ready and taken back without following a link."""

import os

import pytest

from nbyard.domain.attempts.structs import CommandWork, NotebookWork, Output, TaskFile
from nbyard.errors import NbyardError
from nbyard.runtimes.docker.files import local_folder as files

COMMAND = TaskFile("a", "t", "m", CommandWork(["x"]), {"o": Output("outputs/deep/o.csv")})
NOTEBOOK = TaskFile("a", "t", "m", NotebookWork("code/n.ipynb", "", "python", {}), {})
as_root = pytest.mark.skipif(os.getuid() != 0, reason="owners change for root only")


def test_links_in_inputs_become_their_targets(tmp_path):
    folder = tmp_path / "f"
    (folder / "inputs/i").mkdir(parents=True)
    (tmp_path / "data.csv").write_text("a,b\n")
    (folder / "task.json").touch(0o600)
    (folder / "inputs/i/data.csv").symlink_to(tmp_path / "data.csv")
    files.prepare_folder(folder, COMMAND, (os.getuid(), os.getgid()))
    found = folder / "inputs/i/data.csv"
    assert not found.is_symlink() and found.read_text() == "a,b\n"
    assert (folder / "outputs/deep").is_dir()
    found = sorted(os.listdir(folder / ".runner"))
    assert found == ["handoff", "pythonpath_shim"], "what it may import"


def test_a_notebook_brings_the_runner(tmp_path):
    files.prepare_folder(tmp_path, NOTEBOOK, (os.getuid(), os.getgid()))
    assert (tmp_path / ".runner/__main__.py").exists()


@as_root
def test_a_shared_file_keeps_its_owner_and_mode(tmp_path):
    """A hard link into the blob store must not change there."""
    blob = tmp_path / "blob"
    blob.write_text("x")
    blob.chmod(0o400)
    folder = tmp_path / "f"
    for name in ("inputs", "code"):
        (folder / name).mkdir(parents=True)
        os.link(blob, folder / name / "x")
    (folder / "task.json").touch(0o600)
    files.prepare_folder(folder, COMMAND, (65534, 65534))
    found = blob.stat()
    assert (found.st_uid, found.st_mode & 0o777, found.st_nlink) == (0, 0o400, 1)
    assert (folder / "inputs/x").stat().st_mode & 0o004
    assert (folder / "code/x").stat().st_uid == 65534
    task, metrics = (folder / "task.json").stat(), (folder / "metrics.jsonl").stat()
    assert (task.st_uid, task.st_mode & 0o777, metrics.st_uid) == (0, 0o644, 65534)


@as_root
def test_files_of_the_container_get_the_owner_of_this_process(tmp_path):
    (tmp_path / "outside").write_text("x")
    os.chown(tmp_path / "outside", 65534, 65534)
    folder = tmp_path / "f"
    (folder / "outputs").mkdir(parents=True)
    (folder / "outputs/x").write_text("x")
    (folder / "outputs/link").symlink_to(tmp_path / "outside")
    os.chown(folder / "outputs/x", 65534, 65534)
    os.chown(folder / "outputs/link", 65534, 65534, follow_symlinks=False)
    files.restore_owner(folder, (65534, 65534))
    assert (folder / "outputs/x").stat().st_uid == 0
    assert (folder / "outputs/link").lstat().st_uid == 0
    assert (tmp_path / "outside").stat().st_uid == 65534


def test_standard_output_is_not_written_through_a_link(tmp_path):
    folder = tmp_path / "f"
    folder.mkdir()
    (folder / "stdout.part").write_text("x")
    (folder / "outputs").symlink_to(tmp_path)
    with pytest.raises(NbyardError):
        files.place_captured_output(folder, CommandWork(["x"], stdout="outputs/o"))


@pytest.mark.parametrize("path", ["../x", "code/none.txt", "code/link"])
def test_requirements_stay_in_the_bundle(tmp_path, path):
    folder = tmp_path / "f"
    (folder / "code").mkdir(parents=True)
    (tmp_path / "x").write_text("evil")
    (folder / "code/link").symlink_to(tmp_path / "x")
    with pytest.raises(NbyardError):
        files.requirements_text(folder, path)


@as_root
def test_concurrently_renamed_files_are_skipped(tmp_path, monkeypatch):
    """Two that take the same folder back write the same result."""
    theirs = (65534, 65534)
    for name in ("a", "b", "c"):
        (tmp_path / name).touch()
        os.chown(tmp_path / name, *theirs)
    chown = os.chown

    def rename_first(name, *args, **options):
        os.rename(tmp_path / name, tmp_path.parent / name)
        for other in os.listdir(tmp_path):
            os.rename(tmp_path / other, tmp_path.parent / other)
        chown(name, *args, **options)

    monkeypatch.setattr(os, "chown", rename_first)
    files.restore_owner(tmp_path, theirs)
    assert os.listdir(tmp_path) == []
