"""What is synced, and what need not be once more."""

import os
from pathlib import Path

import pytest

from nbyard.blobs import store as module
from nbyard.blobs.store import SyncedPaths


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was synced, in order."""
    done: list[Path] = []
    fsync = os.fsync

    def noted(fd: int) -> None:
        fsync(fd)
        done.append(Path(os.readlink(f"/proc/self/fd/{fd}")))

    monkeypatch.setattr(os, "fsync", noted)
    return done


def keep(durable: SyncedPaths, path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        durable.keep(path, fd)
    finally:
        os.close(fd)


def test_a_file_with_several_names_is_synced_once(tmp_path: Path, synced: list[Path]) -> None:
    path, durable = tmp_path / "blob", SyncedPaths()
    path.write_bytes(b"abc")
    keep(durable, path)
    assert synced == [path, tmp_path]
    os.link(path, tmp_path / "staged")
    keep(durable, path)
    assert synced == [path, tmp_path]


def test_a_file_that_is_stored_again_is_synced_again(tmp_path: Path, synced: list[Path]) -> None:
    """The process that stored it may have been killed before its sync."""
    path, durable = tmp_path / "blob", SyncedPaths()
    path.write_bytes(b"abc")
    keep(durable, path)
    held = path.open("rb")  # so that its number is not given again
    path.unlink()
    path.write_bytes(b"abc")
    keep(durable, path)
    held.close()
    assert synced == [path, tmp_path] * 2
    os.utime(path, ns=(1, 1))
    keep(durable, path)
    assert synced == [path, tmp_path] * 3


def test_syncs_of_other_processes_are_unknown(tmp_path: Path, synced: list[Path]) -> None:
    (tmp_path / "blob").write_bytes(b"abc")
    keep(SyncedPaths(), tmp_path / "blob")
    keep(SyncedPaths(), tmp_path / "blob")
    assert len(synced) == 4


def test_a_failed_sync_is_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[Path]
) -> None:
    path, durable = tmp_path / "blob", SyncedPaths()
    path.write_bytes(b"abc")
    noted = os.fsync

    def failed(_fd: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", failed)
    with pytest.raises(OSError, match="Input/output"):
        keep(durable, path)
    monkeypatch.setattr(os, "fsync", noted)
    keep(durable, path)
    assert synced == [path, tmp_path]


def test_remembered_paths_are_bounded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, synced: list[Path]
) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 1)
    durable = SyncedPaths()
    for name in "ab":
        (tmp_path / name).write_text(name)
    for name in "aba":
        keep(durable, tmp_path / name)
    assert [path.name for path in synced[::2]] == ["a", "b", "a"]


def test_a_folder_is_created_and_synced_once(tmp_path: Path, synced: list[Path]) -> None:
    durable = SyncedPaths()
    for _ in range(2):
        durable.make(tmp_path / "ab")
    assert (tmp_path / "ab").is_dir() and synced == [tmp_path]
