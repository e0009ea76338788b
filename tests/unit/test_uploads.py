"""Uploads in pieces (D1, D7): they go on where they broke off, or are cleanly gone."""

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from nbyard.blobs import Blobs
from nbyard.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from nbyard.uploads import Uploads

CASES = json.loads((Path(__file__).parents[1] / "cases" / "names.json").read_text())


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path / "uploads", Blobs(tmp_path / "blobs"), max_bytes=1000)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "blobs")


def test_pieces_become_one_blob(uploads: Uploads, blobs: Blobs) -> None:
    upload = uploads.create("a.csv", 9)
    assert uploads.append(upload.id, 0, [b"a,b\n", b"1"]).offset == 5
    assert uploads.append(upload.id, 5, [b",2\n."]).offset == 9
    done, blob = uploads.finish(upload.id)
    assert done.filename == "a.csv"
    assert blobs.open(blob.digest).read() == b"a,b\n1,2\n."
    assert not list(uploads.root.iterdir())
    with pytest.raises(NotFound):
        uploads.get(upload.id)


def test_a_broken_piece_stays_and_the_upload_goes_on(uploads: Uploads, blobs: Blobs) -> None:
    upload = uploads.create("a.bin")

    def breaks() -> Iterator[bytes]:
        yield b"123"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        uploads.append(upload.id, 0, breaks())
    again = Uploads(uploads.root, blobs)
    assert again.get(upload.id).offset == 3
    again.append(upload.id, 3, [b"456"])
    assert blobs.open(again.finish(upload.id)[1].digest).read() == b"123456"


@pytest.mark.parametrize("offset", [0, 2, 4, 10**15, -1])
def test_a_wrong_offset_is_a_conflict_that_tells_the_right_one(
    uploads: Uploads, offset: int
) -> None:
    upload = uploads.create("a.bin")
    uploads.append(upload.id, 0, [b"123"])
    with pytest.raises(Conflict) as caught:
        uploads.append(upload.id, offset, [b"x"])
    assert caught.value.details[0].path == "offset"
    assert caught.value.details[0].message == "3"
    assert uploads.get(upload.id).offset == 3


def test_two_writers_at_once(uploads: Uploads) -> None:
    upload = uploads.create("a.bin")
    with uploads.appending(upload.id, 0) as piece:
        piece.write(b"1")
        for other in (
            lambda: uploads.append(upload.id, 1, [b"2"]),
            lambda: uploads.finish(upload.id),
        ):
            with pytest.raises(Conflict, match="another request"):
                other()
        assert uploads.sweep(0) == 0
    assert uploads.get(upload.id).offset == 1


def test_the_stated_size_is_kept_to(uploads: Uploads) -> None:
    upload = uploads.create("a.bin", 4)
    with pytest.raises(TooLarge, match="4 bytes"):
        uploads.append(upload.id, 0, [b"12", b"345"])
    assert uploads.get(upload.id).offset == 2
    with pytest.raises(Conflict, match="2 of 4 bytes"):
        uploads.finish(upload.id)


def test_the_limit_of_the_server(uploads: Uploads) -> None:
    with pytest.raises(TooLarge, match="1,000"):
        uploads.create("a", 1001)
    with pytest.raises(Invalid, match="size_bytes"):
        uploads.create("a", -1)
    upload = uploads.create("a")
    with pytest.raises(TooLarge, match="1,000"):
        uploads.append(upload.id, 0, [b"x" * 1001])


def test_no_room(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path / "u", Blobs(tmp_path / "b", reserve_bytes=1 << 60))
    with pytest.raises(Unavailable, match="disk full: needs 5 bytes"):
        uploads.create("a", 5)
    upload = uploads.create("a")
    with pytest.raises(Unavailable, match="disk full"):
        uploads.append(upload.id, 0, [b"x"])


def test_a_stated_checksum_is_compared(uploads: Uploads) -> None:
    upload = uploads.create("a")
    uploads.append(upload.id, 0, [b"x"])
    for wrong in ("0" * 64, "nonsense"):
        with pytest.raises(Invalid, match="sha256"):
            uploads.finish(upload.id, wrong)
    right = "2D711642B726B04401627CA9FBAC32F5C8530FB1903CC4DB02258717921A4881"
    assert uploads.finish(upload.id, right)[1].digest.endswith(right.lower())


def test_an_empty_file_is_a_file(uploads: Uploads) -> None:
    upload = uploads.create("empty", 0)
    assert uploads.finish(upload.id)[1].size_bytes == 0


@pytest.mark.parametrize("name", [*CASES["filenames"]["refused"], "a" * 300])
def test_file_names_are_checked(uploads: Uploads, name: str) -> None:
    with pytest.raises(Invalid, match="filename"):
        uploads.create(name)
    assert not list(uploads.root.iterdir())


@pytest.mark.parametrize("upload_id", ["", "..", "../blobs", "0" * 32, "x" * 32, "0" * 32 + "\n"])
def test_unknown_ids(uploads: Uploads, upload_id: str) -> None:
    for call in (uploads.get, uploads.finish, lambda i: uploads.append(i, 0, [b""])):
        with pytest.raises(NotFound):
            call(upload_id)


def test_abandoned_uploads_are_swept(uploads: Uploads) -> None:
    old, new = uploads.create("old"), uploads.create("new")
    past = time.time() - 90_000
    os.utime(uploads.root / old.id / "part", (past, past))
    (uploads.root / ("f" * 32)).mkdir()
    os.utime(uploads.root / ("f" * 32), (past, past))
    assert uploads.sweep() == 2
    assert [upload.id for upload in uploads.pending()] == [new.id]


def test_a_sweep_touches_nothing_but_uploads(uploads: Uploads) -> None:
    other = uploads.root / "blobs"
    other.mkdir()
    assert uploads.sweep(older_than_seconds=-1) == 0
    assert other.is_dir()


def test_reading_the_bytes_leaves_the_upload(uploads: Uploads) -> None:
    begun = uploads.create("a.py", 4)
    with pytest.raises(Conflict, match="0 of 4"):
        uploads.content(begun.id, 10)
    uploads.append(begun.id, 0, [b"ab", b"cd"])
    assert [uploads.content(begun.id, 4)[1] for _ in range(2)] == [b"abcd", b"abcd"]
    with pytest.raises(TooLarge, match="more than 3 bytes"):
        uploads.content(begun.id, 3)


def test_delete(uploads: Uploads) -> None:
    upload = uploads.create("a")
    uploads.delete(upload.id)
    uploads.delete(upload.id)
    assert uploads.pending() == []
