"""Prepare stored bytes for download: a file as it is, a folder or several files as a zip."""

import contextlib
import tempfile
import zipfile
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from nbyard.blobs.store import Blobs

CHUNK = 1 << 20


class DownloadRequest(msgspec.Struct, frozen=True):
    """Stored bytes with a file name. `members` groups several of them into one download."""

    digest: str
    filename: str
    members: tuple["DownloadRequest", ...] = ()

    @property
    def is_folder(self) -> bool:
        """Return whether the download is a zip of a folder or of several files."""
        return bool(self.members) or self.digest.startswith("tree:")


def open_download(blobs: Blobs, wanted: DownloadRequest) -> tuple[BinaryIO, str]:
    """Return an open file with the bytes and its download name; the caller closes the file.

    Raises:
        NotFound: The bytes are no longer stored.
        Damaged: The bytes do not match their digest.
    """
    if not wanted.is_folder:
        return blobs.open_seekable(wanted.digest), wanted.filename
    handle = tempfile.TemporaryFile(dir=blobs.temp)  # noqa: SIM115  the caller closes it
    # Close the file only if packing fails: otherwise the caller owns it.
    with contextlib.ExitStack() as undone:
        undone.callback(handle.close)
        with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
            for place, digest in _files(blobs, wanted):
                member = zipfile.ZipInfo(place)
                with (
                    blobs.open(digest) as source,
                    archive.open(member, "w", force_zip64=True) as target,
                ):
                    while chunk := source.read(CHUNK):
                        target.write(chunk)
        handle.seek(0)
        undone.pop_all()
    return handle, f"{wanted.filename}.zip"


def _files(blobs: Blobs, wanted: DownloadRequest) -> Iterator[tuple[str, str]]:
    """Yield the path and the digest of each file."""
    for member in wanted.members:
        if member.is_folder:
            for place, digest in _files(blobs, member):
                yield f"{member.filename}/{place}", digest
        else:
            yield member.filename, member.digest
    if not wanted.members:
        for entry in blobs.tree(wanted.digest).files:
            yield entry.path, entry.digest
