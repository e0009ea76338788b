"""Uploads in pieces: they go on where they broke off, or are cleanly gone."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nbyard.blobs import Blobs
from nbyard.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from nbyard.transfer.uploads import Uploads

ANN = "ann"
CASES = json.loads((Path(__file__).parents[2] / "cases" / "names.json").read_text())


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", Blobs(tmp_path / "blobs"), max_bytes=1000)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def test_pieces_become_one_blob(uploads: Uploads, blobs: Blobs) -> None:
    upload = uploads.create(ANN, "a.csv", 9)
    assert uploads.append(ANN, upload.id, 0, [b"a,b\n", b"1"]).offset == 5
    assert uploads.append(ANN, upload.id, 5, [b",2\n."]).offset == 9
    done, blob = uploads.finish(ANN, upload.id)
    assert done.filename == "a.csv"
    assert blobs.open(blob.digest).read() == b"a,b\n1,2\n."
    uploads.delete(ANN, upload.id)
    assert not list(uploads.root.iterdir())
    with pytest.raises(NotFound):
        uploads.get(ANN, upload.id)


def test_an_upload_belongs_to_its_owner(uploads: Uploads) -> None:
    """Other users do not see it."""
    upload = uploads.create(ANN, "a.bin")
    for call in (
        lambda: uploads.get("bob", upload.id),
        lambda: uploads.append("bob", upload.id, 0, [b"x"]),
        lambda: uploads.content("bob", upload.id, 10),
        lambda: uploads.finish("bob", upload.id),
    ):
        with pytest.raises(NotFound):
            call()
    uploads.delete("bob", upload.id)
    assert uploads.get(ANN, upload.id).offset == 0


def test_a_finished_upload_returns_its_blob_again(uploads: Uploads, blobs: Blobs) -> None:
    """Until a row names the bytes."""
    upload = uploads.create(ANN, "a.bin", 3)
    uploads.append(ANN, upload.id, 0, [b"abc"])
    _, blob = uploads.finish(ANN, upload.id)
    again = Uploads(uploads.root, blobs)
    assert again.finish(ANN, upload.id, blob.digest.partition(":")[2])[1] == blob
    assert again.get(ANN, upload.id).offset == 3
    assert list(again.finished_digests()) == [blob.digest]
    with pytest.raises(Invalid, match="sha256"):
        again.finish(ANN, upload.id, "0" * 64)
    with pytest.raises(NotFound):
        again.append(ANN, upload.id, 3, [b"x"])
    assert blobs.open(blob.digest).read() == b"abc"
    again.delete(ANN, upload.id)
    assert list(again.finished_digests()) == []


@pytest.mark.parametrize("step", ["fchmod", "fsync", "replace"])
def test_an_upload_survives_a_kill_while_storing(
    uploads: Uploads, blobs: Blobs, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Replies are stored before the bytes move, so the same request succeeds later."""

    class Killed(BaseException):
        pass

    def kill(source: object, *_: object, **__: object) -> None:
        if step != "replace" or Path(str(source)).name == "part":
            raise Killed

    upload = uploads.create(ANN, "a.bin")
    uploads.append(ANN, upload.id, 0, [b"abc"])
    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, step, kill)
        uploads.finish(ANN, upload.id)
    blob = uploads.finish(ANN, upload.id)[1]
    assert blobs.open(blob.digest).read() == b"abc"


def test_a_late_writer_never_changes_the_blob(
    uploads: Uploads, blobs: Blobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploads.create(ANN, "a.bin")
    uploads.append(ANN, upload.id, 0, [b"abc"])
    lock = fcntl.flock
    done: list[Any] = []

    def late(fd: int, how: int) -> None:
        if not done:
            done.append(None)
            done[0] = uploads.finish(ANN, upload.id)[1]  # just between opening and locking
        lock(fd, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(NotFound):
        uploads.append(ANN, upload.id, 3, [b"x"])
    assert blobs.open(done[0].digest).read() == b"abc"


def test_an_upload_continues_after_a_broken_piece(uploads: Uploads, blobs: Blobs) -> None:
    upload = uploads.create(ANN, "a.bin")

    def breaks() -> Iterator[bytes]:
        yield b"123"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        uploads.append(ANN, upload.id, 0, breaks())
    again = Uploads(uploads.root, blobs)
    assert again.get(ANN, upload.id).offset == 3
    again.append(ANN, upload.id, 3, [b"456"])
    assert blobs.open(again.finish(ANN, upload.id)[1].digest).read() == b"123456"


@pytest.mark.parametrize("offset", [0, 2, 4, 10**15, -1])
def test_a_wrong_offset_returns_the_right_one(uploads: Uploads, offset: int) -> None:
    upload = uploads.create(ANN, "a.bin")
    uploads.append(ANN, upload.id, 0, [b"123"])
    with pytest.raises(Conflict) as caught:
        uploads.append(ANN, upload.id, offset, [b"x"])
    assert caught.value.details[0].path == "offset"
    assert caught.value.details[0].message == "3"
    assert uploads.get(ANN, upload.id).offset == 3


def test_two_concurrent_writers_conflict(uploads: Uploads) -> None:
    upload = uploads.create(ANN, "a.bin")
    with uploads.appending(ANN, upload.id, 0) as piece:
        piece.write(b"1")
        for other in (
            lambda: uploads.append(ANN, upload.id, 1, [b"2"]),
            lambda: uploads.finish(ANN, upload.id),
        ):
            with pytest.raises(Conflict, match="another request"):
                other()
        assert uploads.sweep(0) == 0
    assert uploads.get(ANN, upload.id).offset == 1


def test_the_stated_size_is_enforced(uploads: Uploads) -> None:
    upload = uploads.create(ANN, "a.bin", 4)
    with pytest.raises(TooLarge, match="4 bytes"):
        uploads.append(ANN, upload.id, 0, [b"12", b"345"])
    assert uploads.get(ANN, upload.id).offset == 2
    with pytest.raises(Conflict, match="2 of 4 bytes"):
        uploads.finish(ANN, upload.id)


def test_the_limit_of_the_server(uploads: Uploads) -> None:
    with pytest.raises(TooLarge, match="1,000"):
        uploads.create(ANN, "a", 1001)
    with pytest.raises(Invalid, match="size_bytes"):
        uploads.create(ANN, "a", -1)
    upload = uploads.create(ANN, "a")
    with pytest.raises(TooLarge, match="1,000"):
        uploads.append(ANN, upload.id, 0, [b"x" * 1001])


def test_a_full_disk_is_reported(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "u", Blobs(tmp_path / "b", reserve_bytes=1 << 60))
    with pytest.raises(Unavailable, match="needs 5 bytes"):
        uploads.create(ANN, "a", 5)
    upload = uploads.create(ANN, "a")
    with pytest.raises(Unavailable, match="disk full"):
        uploads.append(ANN, upload.id, 0, [b"x"])


def test_a_stated_checksum_is_compared(uploads: Uploads) -> None:
    upload = uploads.create(ANN, "a")
    uploads.append(ANN, upload.id, 0, [b"x"])
    for wrong in ("0" * 64, "nonsense"):
        with pytest.raises(Invalid, match="sha256"):
            uploads.finish(ANN, upload.id, wrong)
    right = "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881"
    assert uploads.finish(ANN, upload.id, right)[1].digest.endswith(right.lower())


def test_an_empty_file_is_uploaded(uploads: Uploads) -> None:
    upload = uploads.create(ANN, "empty", 0)
    assert uploads.finish(ANN, upload.id)[1].size_bytes == 0


@pytest.mark.parametrize("name", [*CASES["filenames"]["refused"], "a" * 300])
def test_file_names_are_checked(uploads: Uploads, name: str) -> None:
    with pytest.raises(Invalid, match="filename"):
        uploads.create(ANN, name)
    assert not list(uploads.root.iterdir())


@pytest.mark.parametrize("upload_id", ["", "..", "../blobs", "0" * 32, "x" * 32, "0" * 32 + "\n"])
def test_unknown_ids(uploads: Uploads, upload_id: str) -> None:
    for call in (uploads.get, uploads.finish, lambda owner, i: uploads.append(owner, i, 0, [b""])):
        with pytest.raises(NotFound):
            call(ANN, upload_id)


def test_abandoned_uploads_are_swept(uploads: Uploads) -> None:
    old, new = uploads.create(ANN, "old"), uploads.create(ANN, "new")
    past = time.time() - 90_000
    os.utime(uploads.root / old.id / "part", (past, past))
    (uploads.root / ("f" * 32)).mkdir()
    os.utime(uploads.root / ("f" * 32), (past, past))
    assert uploads.sweep() == 2
    assert [folder.name for folder in uploads.root.iterdir()] == [new.id]


def test_a_sweep_deletes_only_uploads(uploads: Uploads) -> None:
    other = uploads.root / "blobs"
    other.mkdir()
    assert uploads.sweep(older_than_seconds=-1) == 0
    assert other.is_dir()


def test_reading_the_bytes_keeps_the_upload(uploads: Uploads) -> None:
    begun = uploads.create(ANN, "a.py", 4)
    with pytest.raises(Conflict, match="0 of 4"):
        uploads.content(ANN, begun.id, 10)
    uploads.append(ANN, begun.id, 0, [b"ab", b"cd"])
    assert [uploads.content(ANN, begun.id, 4)[1] for _ in range(2)] == [b"abcd", b"abcd"]
    with pytest.raises(TooLarge, match="more than 3 bytes"):
        uploads.content(ANN, begun.id, 3)


def test_delete(uploads: Uploads) -> None:
    upload = uploads.create(ANN, "a")
    uploads.delete(ANN, upload.id)
    uploads.delete(ANN, upload.id)
    assert not list(uploads.root.iterdir())
