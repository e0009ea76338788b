"""Bytes on their way out: one file as it is, more as a zip."""

import zipfile
from pathlib import Path

import pytest

from nbyard.blobs import Blobs, DownloadRequest, open_download
from nbyard.errors import NotFound


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "made"
    (made / "deep").mkdir(parents=True)
    (made / "a.txt").write_bytes(b"a")
    (made / "deep/ä b.txt").write_bytes(b"b" * 3_000_000)
    return made


def test_a_single_file_is_downloaded_unchanged(blobs: Blobs, folder: Path) -> None:
    stored = blobs.put_file(folder / "a.txt")
    source, name = open_download(blobs, DownloadRequest(stored.digest, "own.txt"))
    with source:
        assert (source.read(), name) == (b"a", "own.txt")


def test_a_folder_is_downloaded_as_zip(blobs: Blobs, folder: Path) -> None:
    stored = blobs.put_folder(folder)
    source, name = open_download(blobs, DownloadRequest(stored.digest, "made"))
    with source, zipfile.ZipFile(source) as archive:
        assert name == "made.zip"
        assert {entry.filename: entry.file_size for entry in archive.infolist()} == {
            "a.txt": 1, "deep/ä b.txt": 3_000_000,
        }  # fmt: skip


def test_several_files_are_members_of_one_zip(blobs: Blobs, folder: Path) -> None:
    one, whole = blobs.put_file(folder / "a.txt"), blobs.put_folder(folder / "deep")
    members = (DownloadRequest(one.digest, "one.txt"), DownloadRequest(whole.digest, "whole"))
    source, name = open_download(blobs, DownloadRequest("", "all", members))
    with source, zipfile.ZipFile(source) as archive:
        assert (name, archive.namelist()) == ("all.zip", ["one.txt", "whole/ä b.txt"])
        assert archive.read("one.txt") == b"a"


def test_missing_bytes_leave_no_file(blobs: Blobs, folder: Path) -> None:
    stored = blobs.put_folder(folder)
    blobs.path(blobs.put_file(folder / "a.txt").digest).unlink()
    before = sorted(blobs.temp.iterdir())
    with pytest.raises(NotFound):
        open_download(blobs, DownloadRequest(stored.digest, "made"))
    assert sorted(blobs.temp.iterdir()) == before
