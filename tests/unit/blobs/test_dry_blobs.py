"""Blobs that are only hashed: the same digests as stored ones, and nothing is written."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.blobs import Blobs, DryBlobs, file_operations
from nbyard.blobs import dry_blobs as module
from nbyard.errors import NotFound

OLD = 1_000_000_000


def write(path: Path, text: str) -> Path:
    """A file that has not changed for long, so that its digest may be kept."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (OLD, OLD))
    return path


@pytest.fixture
def dry(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> Iterator[DryBlobs]:
    monkeypatch.setattr(module, "MOST_HASHED_BYTES", 1000)
    made = DryBlobs(blobs)
    with made.one_request():
        yield made


def test_digests_equal_those_of_stored_bytes_and_nothing_is_written(
    blobs: Blobs, dry: DryBlobs, tmp_path: Path
) -> None:
    write(tmp_path / "d/a.txt", "a")
    write(tmp_path / "d/b/c.txt", "c")
    told = [dry.put_bytes(b"x"), dry.put_file(tmp_path / "d/a.txt"), dry.put_folder(tmp_path / "d")]
    assert list(blobs.stored()) == []
    assert dry.open(told[1].digest).read() == b"a"
    assert [entry.path for entry in dry.tree(told[2].digest).files] == ["a.txt", "b/c.txt"]
    stored = [blobs.put_bytes(b"x"), blobs.put_file(tmp_path / "d/a.txt")]
    assert told == [*stored, blobs.put_folder(tmp_path / "d")]
    assert dry.open(told[0].digest).read() == b"x"


def test_a_file_is_hashed_once_and_within_the_budget(
    blobs: Blobs, dry: DryBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = write(tmp_path / "small", "s" * 600), write(tmp_path / "large", "l" * 600)
    known = dry.put_file(small)
    unread = dry.put_file(large)
    assert (dry.is_unread(known.digest), dry.is_unread(unread.digest)) == (False, True)
    assert dry.put_file(large) == unread, "one substitute for the same file"
    with pytest.raises(NotFound):
        dry.open(unread.digest)
    monkeypatch.setattr(file_operations, "hash_file", lambda fd: pytest.fail("hashed again"))
    assert dry.put_file(small) == known
    monkeypatch.undo()
    assert blobs.put_file(large).digest == dry.put_file(large).digest, "known once it is stored"


def test_a_file_that_does_not_fit_leaves_the_budget_to_later_ones(
    dry: DryBlobs, tmp_path: Path
) -> None:
    large, small = write(tmp_path / "large", "l" * 1001), write(tmp_path / "small", "s" * 600)
    assert dry.is_unread(dry.put_file(large).digest)
    assert not dry.is_unread(dry.put_file(small).digest)


def test_a_folder_with_an_unread_file_is_unread(
    blobs: Blobs, dry: DryBlobs, tmp_path: Path
) -> None:
    """Its list can still be read, because code beside a large file is looked at."""
    write(tmp_path / "d/a.txt", "a")
    assert not dry.is_unread(dry.put_folder(tmp_path / "d").digest)
    write(tmp_path / "d/large", "l" * 1001)
    folder = dry.put_folder(tmp_path / "d")
    assert dry.is_unread(folder.digest)
    assert dry.put_folder(tmp_path / "d") == folder, "one substitute for the same folder"
    files = dry.tree(folder.digest).files
    assert [(one.path, dry.is_unread(one.digest)) for one in files] == [
        ("a.txt", False),
        ("large", True),
    ]
    assert blobs.put_folder(tmp_path / "d").digest == dry.put_folder(tmp_path / "d").digest


def test_bytes_in_memory_are_bounded(
    dry: DryBlobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest ones are forgotten, but no list of a folder during the request."""
    write(tmp_path / "d/a.txt", "a")
    folder = dry.put_folder(tmp_path / "d")
    monkeypatch.setattr(module, "MOST_HELD_BYTES", 5)
    first, second, third = dry.put_bytes(b"aa"), dry.put_bytes(b"bb"), dry.put_bytes(b"cc")
    assert [dry.open(one.digest).read() for one in (second, third)] == [b"bb", b"cc"]
    with pytest.raises(NotFound):
        dry.open(first.digest)
    assert dry.tree(folder.digest).files[0].path == "a.txt"


def test_lists_of_folders_are_cleared_after_the_request(dry: DryBlobs, tmp_path: Path) -> None:
    write(tmp_path / "d/a.txt", "a")
    with dry.one_request():
        folder = dry.put_folder(tmp_path / "d")
    with pytest.raises(NotFound):
        dry.tree(folder.digest)
