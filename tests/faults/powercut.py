"""A disk in memory for SQLite whose power can be cut: written but unsynced data is kept, lost or
torn at random."""

import contextlib
import random
import secrets
from pathlib import Path
from typing import Any

import apsw

SECTOR = 512
Write = tuple[int, bytes]


class Content:
    """A file: what reads return, what is durable, and the writes since the last sync (an offset
    below 0 truncates to that length)."""

    def __init__(self) -> None:
        self.seen = bytearray()
        self.durable = bytearray()
        self.pending: list[Write] = []

    def write(self, offset: int, data: bytes) -> None:
        _apply(self.seen, (offset, data))
        self.pending.append((offset, data))

    def truncate(self, size: int) -> None:
        del self.seen[size:]
        self.pending.append((-1 - size, b""))

    def sync(self) -> None:
        self.durable = bytearray(self.seen)
        self.pending = []

    def after_cut(self, chance: random.Random) -> bytes:
        """Return the content after the cut; writes may have reached the disk in any order."""
        found = bytearray(self.durable)
        for write in self.pending:
            if chance.random() < 0.5:
                _apply(found, _torn(write, chance) if chance.random() < 0.3 else write)
        return bytes(found)


def _apply(content: bytearray, write: Write) -> None:
    offset, data = write
    if offset < 0:
        del content[-1 - offset :]
        return
    content.extend(b"\0" * (offset + len(data) - len(content)))
    content[offset : offset + len(data)] = data


def _torn(write: Write, chance: random.Random) -> Write:
    """Return only the first sectors of a write."""
    offset, data = write
    return offset, data[: chance.randint(0, len(data) // SECTOR) * SECTOR]


class Disk(apsw.VFS):
    """A disk that cuts at chosen operations; each cut leaves an image and the `acknowledged` of
    that moment."""

    def __init__(self, chance: random.Random, cuts: set[int]):
        self.files: dict[str, Content] = {}
        self.acknowledged = 0
        self.images: list[tuple[int, dict[str, bytes]]] = []
        self.operations = 0
        self._chance = chance
        self._cuts = cuts
        self.name = secrets.token_hex(8)
        super().__init__(self.name, "")

    def before(self) -> None:
        """Cut the power if this operation is chosen, then count it."""
        if self.operations in self._cuts:
            image = {name: file.after_cut(self._chance) for name, file in self.files.items()}
            self.images.append((self.acknowledged, image))
        self.operations += 1

    def xOpen(self, name: Any, flags: list[int]) -> "OpenFile":
        path = name.filename() if hasattr(name, "filename") else str(name)
        flags[1] = flags[0]
        return OpenFile(self, self.files.setdefault(path, Content()))

    def xDelete(self, name: str, syncdir: bool) -> None:
        self.before()
        self.files.pop(name, None)

    def xAccess(self, name: str, flags: int) -> bool:
        return name in self.files

    def xFullPathname(self, name: str) -> str:
        return name


class OpenFile:
    """An open file, as SQLite uses it."""

    def __init__(self, disk: Disk, content: Content):
        self._disk = disk
        self._content = content

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(self._content.seen[offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:
        self._disk.before()
        self._content.write(offset, bytes(data))

    def xTruncate(self, size: int) -> None:
        self._disk.before()
        self._content.truncate(size)

    def xSync(self, flags: int) -> None:
        self._disk.before()
        self._content.sync()

    def xFileSize(self) -> int:
        return len(self._content.seen)

    def xClose(self) -> None:
        """Do nothing."""

    def xLock(self, level: int) -> None:
        """Do nothing, because there is only one user."""

    xUnlock = xLock

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return SECTOR

    def xDeviceCharacteristics(self) -> int:
        return 0


def replay(
    transactions: list[list[str]], synchronous: str, chance: random.Random, cuts: set[int]
) -> Disk:
    """Repeat recorded statements on such a disk."""
    disk = Disk(chance, cuts)
    connection = apsw.Connection("store.sqlite", vfs=disk.name)
    # alone, SQLite keeps the index of its log in memory
    for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", f"synchronous={synchronous}"):
        connection.execute(f"pragma {pragma}")
    connection.execute("pragma wal_autocheckpoint=0")
    for transaction in transactions:
        for statement in transaction:
            connection.execute(statement)
        with contextlib.suppress(apsw.SQLError):  # the first make the schema
            newest = connection.execute("select max(id) from events").fetchone()
            disk.acknowledged = (newest and newest[0]) or 0
    connection.close()
    return disk


def write_image(image: dict[str, bytes], folder: Path) -> None:
    folder.mkdir()
    for name, content in image.items():
        (folder / name).write_bytes(content)
