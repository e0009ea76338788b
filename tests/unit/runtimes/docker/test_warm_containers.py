"""One bound folder becomes the folder of one attempt after the other, whatever comes between."""

import os
import shutil
from pathlib import Path

import pytest

from nbyard.runtimes.docker.warm_containers import WarmMount

ME = (os.getuid(), os.getgid())


@pytest.fixture
def mount(tmp_path) -> WarmMount:
    made = WarmMount(tmp_path / "containers" / "one")
    made.make(ME)
    return made


def attempt(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "attempts" / name
    for place in ("code", "inputs/i", "outputs"):
        (folder / place).mkdir(parents=True)
    (folder / "task.json").write_text(name)
    (folder / "inputs/i/data").write_text("data")
    return folder


def content(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_the_mount_serves_one_attempt_after_another(mount, tmp_path):
    bound, inputs = (os.stat(path).st_ino for path in (mount.folder, mount.folder / "inputs"))
    assert (mount.home / "runner/__main__.py").exists()
    for name in ("a", "b"):
        folder = attempt(tmp_path, name)
        before = content(folder)
        mount.become_attempt_folder(folder)
        assert content(folder) == before and not mount.folder.exists()
        assert (os.stat(folder).st_ino, os.stat(folder / "inputs").st_ino) == (bound, inputs)
        (folder / "outputs/o").write_text(name)
        (folder / "outputs").chmod(0o500)
        (folder / "result.json").touch()
        mount.leave_attempt(folder, ME)
        assert content(folder) == sorted([*before, "outputs/o", "result.json"])
        assert os.stat(folder).st_ino != bound
        assert os.stat(mount.folder).st_ino == bound and content(mount.folder) == ["inputs"]
        assert not mount.was_leaving()


def test_a_late_cancel_hits_no_other_attempt(mount, tmp_path):
    (mount.folder / "cancel").touch()
    folder = attempt(tmp_path, "a")
    mount.become_attempt_folder(folder)
    assert not (folder / "cancel").exists()


@pytest.mark.parametrize("steps", range(8))
def test_releasing_continues_after_a_crash(mount, tmp_path, steps, monkeypatch):
    """The attempt loses nothing, and is not over without its result."""
    folder = attempt(tmp_path, "a")
    mount.become_attempt_folder(folder)
    (folder / "result.json").touch()
    before = content(folder)
    rename, left = Path.rename, [steps]

    def crash(self: Path, target: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        try:
            mount.leave_attempt(folder, ME)
        except KeyboardInterrupt:
            assert not (folder / "result.json").exists() or left == [0]
    again = WarmMount(mount.home)
    if again.was_leaving():
        again.leave_attempt(folder, ME)
    assert content(folder) == before
    assert content(mount.folder) == ["inputs"]


def test_a_partially_mounted_folder_has_no_task(mount, tmp_path, monkeypatch):
    """Who comes after the crash fills it anew."""
    folder = attempt(tmp_path, "a")
    rename = Path.rename
    moved: list[Path] = []

    def crash(self: Path, target: Path) -> Path:
        if moved:
            raise KeyboardInterrupt
        moved.append(self)
        return rename(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            mount.become_attempt_folder(folder)
    assert not (folder / "task.json").exists()
    shutil.rmtree(folder)
    folder = attempt(tmp_path, "a")
    before = content(folder)
    mount.become_attempt_folder(folder)
    assert content(folder) == before
