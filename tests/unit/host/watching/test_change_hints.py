"""Hints that files of this machine change."""

import threading
from pathlib import Path

import pytest
from watchdog.observers import Observer

from nbyard.host.watching import ChangeHints, is_remote


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "sub").mkdir()
    return tmp_path


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
        assert is_remote(Path(path), mounts) is expected, path
    assert is_remote(tmp_path, tmp_path / "none") is False


def test_a_change_is_reported(folder):
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


def test_two_watches_of_a_folder_end_independently(folder):
    hints, first, second = ChangeHints(), threading.Event(), threading.Event()
    try:
        assert hints.watch("a", folder, False, first.set)
        assert hints.watch("b", folder, False, second.set)
        hints.unwatch("a")
        (folder / "new").write_text("1")
        assert second.wait(20) and not first.is_set()
        hints.unwatch("b")
    finally:
        hints.close()


def test_only_watchers_of_a_changed_file_are_notified(folder):
    hints, first, second, all_of_it = ChangeHints(), *(threading.Event() for _ in range(3))
    try:
        assert hints.watch("a", folder / "a.csv", False, first.set)
        assert hints.watch("b", folder / "b.csv", False, second.set)
        assert hints.watch("c", folder, False, all_of_it.set)
        (folder / "b.csv").write_text("1")
        assert second.wait(20) and all_of_it.wait(20) and not first.is_set()
        hints.unwatch("b")
        (folder / "b.csv").rename(folder / "a.csv")
        assert first.wait(20)
    finally:
        hints.close()


def test_without_hints_the_caller_checks_at_intervals(folder, monkeypatch):
    hints = ChangeHints()
    monkeypatch.setattr("nbyard.host.watching.is_remote", lambda _: True)
    assert not hints.watch("t", folder, False, lambda: None)
    monkeypatch.undo()

    def full(*_, **__):
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(Observer, "schedule", full)
    try:
        assert not hints.watch("t", folder, False, lambda: None)
    finally:
        hints.close()
