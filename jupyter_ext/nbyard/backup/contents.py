"""Defines the members of a backup archive, in this order:

backup.json           the header
blobs/…, attempts/…   files as in the store's folder
crypt.key             the key of secrets, if requested
tables/NAME.jsonl     the rows of a table, one object in each line
end.json              the counts; an archive without this member is incomplete
"""

import hashlib
import io
from datetime import datetime
from typing import IO

import msgspec

HEADER, END, TABLES, KEY = "backup.json", "end.json", "tables/", "crypt.key"
FORMAT = 1


class Header(msgspec.Struct, frozen=True):
    """The format of a backup, and which nbyard wrote it from which store, and when.

    `schema` is the revision of the database schema. `folder` is the store's folder on its machine.
    """

    format: int
    nbyard: str
    schema: str
    store_id: str
    created_at: datetime
    folder: str


class Totals(msgspec.Struct, frozen=True):
    """What a backup contains: rows by table, number and size of files, and a checksum."""

    rows: dict[str, int]
    files: int
    size_bytes: int
    checksum: str
    has_key: bool = False


class Checksum:
    """The SHA-256 of the names and bytes of all members except the last."""

    def __init__(self) -> None:
        self._sum = hashlib.sha256()

    def through(self, name: str, file: IO[bytes]) -> io.BufferedReader:
        """Return a reader of a member's bytes. What is read is added to the checksum."""
        self._sum.update(f"{name}\n".encode())
        return io.BufferedReader(_Summed(file, self._sum), 1 << 16)

    def text(self) -> str:
        """Return the checksum of everything that was read so far, as hexadecimal digits."""
        return self._sum.hexdigest()


class _Summed(io.RawIOBase):
    def __init__(self, file: IO[bytes], total: "hashlib._Hash"):
        self._file = file
        self._total = total

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview[int]") -> int:  # type: ignore[override]
        chunk = self._file.read(len(buffer))
        buffer[: len(chunk)] = chunk
        self._total.update(chunk)
        return len(chunk)
