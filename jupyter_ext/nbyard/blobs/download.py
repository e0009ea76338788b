"""Prepare stored bytes for download: a file as it is, a folder or several files as a zip."""

import contextlib
import io
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from typing import IO, BinaryIO

import msgspec

from nbyard.blobs.store import Blobs

CHUNK = 1 << 20


class DownloadRequest(msgspec.Struct, frozen=True):
    """A stored file or folder to download under a name. `members` groups several of them.

    A member with `content` has these bytes instead of stored ones.
    """

    digest: str
    filename: str
    members: tuple["DownloadRequest", ...] = ()
    content: bytes | None = None

    @property
    def is_folder(self) -> bool:
        """Return whether the download is a zip of a folder or of several files."""
        return bool(self.members) or self.digest.startswith("tree:")


def open_download(blobs: Blobs, wanted: DownloadRequest) -> tuple[BinaryIO, str]:
    """Return an open file with the bytes, and its file name. The caller closes the file.

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
        with zipfile.ZipFile(handle, "w", zipfile.ZIP_STORED) as archive:
            for place, source_of in _files(blobs, wanted):
                member = zipfile.ZipInfo(place)
                with (
                    source_of() as source,
                    # The header precedes bytes of unknown number, perhaps more than 2 GiB.
                    archive.open(member, "w", force_zip64=True) as target,
                ):
                    while chunk := source.read(CHUNK):
                        target.write(chunk)
        handle.seek(0)
        undone.pop_all()
    return handle, f"{wanted.filename}.zip"


def _files(
    blobs: Blobs, wanted: DownloadRequest
) -> Iterator[tuple[str, Callable[[], AbstractContextManager[IO[bytes]]]]]:
    """Yield the path of each file in the zip, with a function that opens the file."""
    for member in wanted.members:
        if member.content is not None:
            yield member.filename, partial(io.BytesIO, member.content)
        elif member.is_folder:
            for place, source_of in _files(blobs, member):
                yield f"{member.filename}/{place}", source_of
        else:
            yield member.filename, partial(blobs.open, member.digest)
    if not wanted.members:
        for entry in blobs.tree(wanted.digest).files:
            yield entry.path, partial(blobs.open, entry.digest)
