"""Unpack zip and tar archives into stored folders.

Each file goes into the store while it is read. No file is written under a name from the archive.
Formats: APPNOTE.TXT of PKWARE (zip), POSIX.1-2017 pax (tar).
"""

import bz2
import gzip
import lzma
import stat
import struct
import tarfile
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, BinaryIO, NamedTuple

from nbyard.blobs.file_operations import Blob
from nbyard.blobs.store import Blobs
from nbyard.blobs.trees import MAX_FILES, Tree, TreeEntry
from nbyard.domain.ignore_rules import may_hold_secrets
from nbyard.domain.naming.names import check_member_path
from nbyard.errors import Invalid, TooLarge

# Plain text shrinks to a twentieth. A much higher ratio points to an archive bomb.
MAX_RATIO = 100
ALWAYS_BYTES = 64 * 2**20
# zipfile reads the whole central directory into memory.
# Each entry has 46 bytes, a name, and optional fields.
MAX_LIST_BYTES = 400 * MAX_FILES
CHUNK = 1 << 20
# End-of-central-directory records, for zip and zip64.
END = struct.Struct("<4s4H2LH")
LOCATOR = struct.Struct("<4sLQL")
END_64 = struct.Struct("<4sQ2H2L4Q")
DAMAGED = (
    *(EOFError, ValueError, zlib.error, lzma.LZMAError, gzip.BadGzipFile),
    *(tarfile.TarError, zipfile.BadZipFile, NotImplementedError, struct.error),
)


class ArchiveMember(NamedTuple):
    """A file of an archive, or a folder if `content` is None."""

    path: str
    executable: bool
    content: IO[bytes] | None


def put_archive(blobs: Blobs, digest: str, max_bytes: int) -> Blob:
    """Unpack a stored archive and store its files as a folder.

    `digest` names the archive; `max_bytes` limits the unpacked size. Return the blob of the folder.

    Raises:
        Invalid: The bytes are not an archive, or are damaged. Or the archive contains links,
            devices, encrypted files, duplicate names or names that lead out of the folder.
        TooLarge: The archive has too many files, or unpacks to an implausible size.
    """
    packed = blobs.path(digest).stat().st_size
    # Small archives may shrink by more than the ratio, for example one file of zeros.
    limit = min(max_bytes, max(ALWAYS_BYTES, MAX_RATIO * packed))
    names, files, folders = _Names(), list[TreeEntry](), set[str]()
    with blobs.open_seekable(digest) as file:
        try:
            for path, executable, content in _members(file, limit):
                name = names.take(path, is_folder=content is None)
                if content is None:
                    folders.add(name)
                    continue
                # The size that the archive declares may be wrong, so the bytes are counted.
                with blobs.writer() as writer:
                    while piece := content.read(CHUNK):
                        limit -= len(piece)
                        if limit < 0:
                            raise TooLarge(
                                f"The archive expands too far (at most {MAX_RATIO} times its own"
                                " size)."
                            )
                        writer.write(piece)
                    blob = writer.commit()
                is_secret = may_hold_secrets(name)
                files.append(TreeEntry(name, blob.digest, blob.size_bytes, executable, is_secret))
        except DAMAGED as error:
            raise Invalid(f"The archive is damaged or was cut off: {error}") from error
    if not files:
        raise Invalid("The archive holds no files.")
    # Folders that contain files follow from the paths of the files.
    return blobs.put_tree(Tree(files, sorted(folders - names.used)))


class _Names:
    """The names of an archive seen so far. Any two must differ on every file system."""

    def __init__(self) -> None:
        self._spelled: dict[str, str] = {}
        self._files: set[str] = set()
        self.used: set[str] = set()  # folders that exist because they contain files

    def take(self, path: str, is_folder: bool) -> str:
        """Check a name and return it without a trailing slash.

        Raises:
            Invalid: The name repeats another one, or is both a file and a folder.
            TooLarge: The archive has too many names.
        """
        name = check_member_path(path.removesuffix("/") if is_folder else path)
        parts = name.split("/")
        parents = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        for each in [*parents, name]:
            # as a case-insensitive, normalizing file system compares names
            folded = unicodedata.normalize("NFC", each.casefold())
            if self._spelled.setdefault(folded, each) != each or each in self._files:
                raise Invalid(f"The archive has '{each[:80]}' twice, or in two spellings.")
        if not is_folder:
            if name in self.used:
                raise Invalid(f"The archive has '{name[:80]}' as a file and as a folder.")
            self._files.add(name)
        self.used.update(parents)
        if len(self._spelled) > MAX_FILES:
            raise TooLarge(f"An archive may have at most {MAX_FILES:,} files.")
        return name


def _members(file: BinaryIO, limit: int) -> Iterator[ArchiveMember]:
    start = file.read(6)
    file.seek(0)
    # The content decides about the format, because names can be wrong.
    if start[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return _members_of_zip(file)
    for magic, opened in ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\0", lzma.open)):
        if start.startswith(magic):
            return _members_of_tar(_Bounded(opened(file), limit))
    file.seek(257)
    is_tar = file.read(5) == b"ustar"
    file.seek(0)
    if not is_tar:
        raise Invalid(
            "This file is not a supported archive. Supported formats: zip, tar, tar.gz, tar.bz2,"
            " tar.xz."
        )
    return _members_of_tar(_Bounded(file, limit))


class _Bounded:
    """Input of tarfile with a size limit, because headers can unpack to a huge size too."""

    def __init__(self, file: Any, limit: int):
        self._file = file
        # In a tar archive, each file adds a header of 512 bytes, and up to 511 bytes of padding.
        self._left = limit + 1024 * MAX_FILES

    def read(self, size: int) -> bytes:
        piece: bytes = self._file.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise TooLarge("The archive expands to far more than its own size.")
        return piece


def _members_of_tar(file: _Bounded) -> Iterator[ArchiveMember]:
    with tarfile.open(fileobj=file, mode="r|") as archive:  # type: ignore[call-overload]
        for member in archive:
            archive.members = []  # tarfile would keep every member in memory
            if not (member.isreg() or member.isdir()) or member.issparse():
                raise Invalid(f"The archive holds a link or device: '{member.name[:80]}'.")
            yield ArchiveMember(member.name, bool(member.mode & 0o100), archive.extractfile(member))
    while file.read(CHUNK):  # the checksum follows the last member
        pass


def _members_of_zip(file: BinaryIO) -> Iterator[ArchiveMember]:
    # Check the length of the central directory before zipfile reads it.
    size = file.seek(0, 2)
    # A comment of up to 65,535 bytes may follow the end record.
    file.seek(max(0, size - (END.size + 2**16 + LOCATOR.size + END_64.size)))
    tail = file.read()
    place = tail.rfind(b"PK\x05\x06")
    if place < 0:
        raise Invalid("The archive is damaged or was cut off: its end is missing.")
    # Use the larger of both lengths, because zipfile may read either record.
    length = END.unpack_from(tail, place)[5]
    located = place - LOCATOR.size
    if located >= END_64.size and tail[located : located + 4] == b"PK\x06\x07":
        length = max(length, END_64.unpack_from(tail, located - END_64.size)[8])
    file.seek(0)
    if length > MAX_LIST_BYTES:
        raise TooLarge(f"An archive may have at most {MAX_FILES:,} files.")
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            mode = member.external_attr >> 16
            # A wrong end record shifts all offsets, and zipfile accepts negative ones.
            if member.header_offset < 0:
                raise zipfile.BadZipFile(f"{member.filename[:80]!r} claims to begin before it")
            if member.flag_bits & 1:
                raise Invalid(f"The archive is encrypted: '{member.filename[:80]}'.")
            # Archives from Windows have no Unix mode, so that it is 0.
            if stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise Invalid(f"The archive holds a link or device: '{member.filename[:80]}'.")
            if member.is_dir():
                # zipfile cuts `filename` at a NUL character. The name is checked as it was written.
                yield ArchiveMember(member.orig_filename, False, None)
                continue
            with archive.open(member) as content:
                yield ArchiveMember(member.orig_filename, bool(mode & 0o100), content)
