"""Blobs that are only hashed: the same digests as stored ones, and nothing is written."""

import os
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
def dry(blobs: Blobs) -> DryBlobs:
    made = DryBlobs(blobs)
    made.allow(1000)
    return made


def test_digests_are_those_of_stored_bytes_and_nothing_is_written(
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


def test_held_bytes_are_bounded(dry: DryBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_HELD_BYTES", 3)
    first, second = dry.put_bytes(b"aa"), dry.put_bytes(b"bb")
    assert dry.open(second.digest).read() == b"bb"
    with pytest.raises(NotFound):
        dry.open(first.digest)
