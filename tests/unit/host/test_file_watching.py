"""Watched files of this machine, and hints that they change."""

import threading

import pytest
from watchdog.observers import Observer

from nbyard.host.file_watching import ChangeHints, TooManyFiles, is_remote, watched_files


def names(path, *, is_deep=True, most=100, matches=lambda _: True):
    found = watched_files(path, matches, is_deep=is_deep, most=most)
    return sorted(one.removeprefix(f"{path}/") for one in found)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub" / "deep").mkdir(parents=True)
    (tmp_path / ".hidden").mkdir()
    for name in ("a", "sub/b", "sub/deep/c", ".hidden/d"):
        (tmp_path / name).write_text(name)
    return tmp_path


def test_files_have_time_and_size(folder):
    found = watched_files(folder, lambda name: name == "a", is_deep=False, most=9)
    stat = (folder / "a").stat()
    assert found == {str(folder / "a"): (stat.st_mtime_ns, stat.st_size)}
    assert watched_files(folder / "a", lambda _: False, is_deep=False, most=9) == found


def test_subfolders_count_if_asked(folder):
    assert names(folder, is_deep=False) == ["a"]
    assert names(folder) == ["a", "sub/b", "sub/deep/c"]
    assert names(folder, matches=lambda name: name.startswith("sub/deep/")) == ["sub/deep/c"]


def test_links_and_special_files(folder):
    (folder / "link").symlink_to(folder / "a")
    (folder / "broken").symlink_to(folder / "none")
    (folder / "loop").symlink_to(folder)
    assert names(folder) == ["a", "link", "sub/b", "sub/deep/c"]


def test_a_missing_path_has_no_files(folder):
    assert names(folder / "none") == names(folder / "a" / "b") == []


def test_too_many_files(folder, monkeypatch):
    with pytest.raises(TooManyFiles):
        names(folder, most=2)
    monkeypatch.setattr("nbyard.host.file_watching.MOST_LOOKED_AT", 3)
    with pytest.raises(TooManyFiles):
        names(folder, matches=lambda _: False)


def test_network_file_systems_are_known(tmp_path):
    mounts = tmp_path / "mountinfo"
    mounts.write_text(
        "1 0 8:1 / / rw - ext4 /dev/sda rw\n"
        "2 1 0:40 / /home rw shared:1 - nfs4 server:/home rw\n"
        "3 2 8:2 / /home/fast\\040disk rw - xfs /dev/sdb rw\n"
        "4 1 0:41 / /cloud rw - fuse.sshfs host: rw\n"
    )
    places = {"/": False, "/home/ann": True, "/home/fast disk/x": False, "/cloud": True}
    for path, expected in places.items():
        assert is_remote(type(tmp_path)(path), mounts) is expected, path
    assert is_remote(tmp_path, tmp_path / "none") is False


def test_a_change_is_told(folder):
    hints, told = ChangeHints(), threading.Event()
    try:
        assert hints.watch("t", folder, True, told.set)
        (folder / "sub" / "new").write_text("1")
        assert told.wait(20)
        hints.unwatch("t")
        hints.unwatch("t")
    finally:
        hints.close()
    hints.close()


def test_without_hints_the_caller_looks_at_intervals(folder, monkeypatch):
    hints = ChangeHints()
    monkeypatch.setattr("nbyard.host.file_watching.is_remote", lambda _: True)
    assert not hints.watch("t", folder, False, lambda: None)
    monkeypatch.undo()

    def full(*_, **__):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(Observer, "schedule", full)
    try:
        assert not hints.watch("t", folder, False, lambda: None)
    finally:
        hints.close()
