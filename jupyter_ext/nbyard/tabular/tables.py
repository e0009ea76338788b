"""What the rest of the program asks about tables."""

import contextlib
import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from nbyard.domain.tables import Profile, TableInfo, TablePage
from nbyard.errors import Invalid
from nbyard.tabular.answers import Question
from nbyard.tabular.reader import IDLE_SECONDS, MEMORY_BYTES, Reader

QUICK_SECONDS = 30.0
SLOW_SECONDS = 600.0
KEY = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")

T = TypeVar("T", TableInfo, TablePage, Profile)


class TableFile(msgspec.Struct, frozen=True):
    """A file that may hold a table, and the name that tells its format.

    `key` stands for its bytes (their digest): what was learnt about them is kept under it; without
    a key nothing is kept. `sheet` picks one of an Excel file.
    """

    path: Path
    filename: str
    key: str = ""
    sheet: str = ""


class Tables:
    """Reads tables in processes of their own: one for quick answers, one for thorough ones."""

    def __init__(
        self,
        folder: Path,
        memory_bytes: int = MEMORY_BYTES,
        idle_seconds: float = IDLE_SECONDS,
        slow_seconds: float = SLOW_SECONDS,
    ):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.folder = folder
        self._slow_seconds = slow_seconds
        self._quick = Reader(folder, memory_bytes, idle_seconds)
        self._slow = Reader(folder, memory_bytes, idle_seconds)

    def info(self, file: TableFile, *, count: bool = False) -> TableInfo:
        """Format and columns; with `count` all lines are checked and counted.

        Raises:
            BrokenTable: the name promises a table which the file is not.
            Invalid: it cannot be shown.
        """
        return self._ask(Question("info", count=count), file, TableInfo, slow=count)

    def page(
        self, file: TableFile, offset: int = 0, limit: int = 100, *, sort: str = ""
    ) -> TablePage:
        """Rows from `offset` on; `sort` is a column's name, with a - in front for falling order."""
        question = Question("page", offset=offset, limit=limit, sort=sort)
        return self._ask(question, file, TablePage, slow=bool(sort))

    def profile(self, file: TableFile, *, sample: bool) -> Profile:
        """The profile of all rows, kept for the next time; or at once of a sample."""
        kept = self._folder(file.key) / "profile" if file.key and not file.sheet else None
        if kept and kept.exists():
            return msgspec.json.decode(kept.read_bytes(), type=Profile)
        question = Question("sample" if sample else "profile")
        found = self._ask(question, file, Profile, slow=not sample)
        if kept and not sample:
            beside = kept.with_name(f"profile.{id(found)}")
            beside.write_bytes(msgspec.json.encode(found))
            beside.rename(kept)
        return found

    def forget(self, key: str) -> None:
        """Remove what was kept for these bytes."""
        shutil.rmtree(self._folder(key), ignore_errors=True)

    def close(self) -> None:
        self._quick.close()
        self._slow.close()

    def _ask(self, question: Question, file: TableFile, answer: type[T], slow: bool) -> T:
        reader, seconds = self._quick, QUICK_SECONDS
        if slow:
            reader, seconds = self._slow, self._slow_seconds
        with self._kept_folder(file.key) as folder:
            asked = msgspec.structs.replace(
                question,
                path=str(file.path.resolve()),
                filename=file.filename,
                sheet=file.sheet,
                folder=str(folder.resolve()),
            )
            found = reader.ask(msgspec.json.encode(asked), seconds)
        return msgspec.json.decode(found, type=answer)

    @contextlib.contextmanager
    def _kept_folder(self, key: str) -> Iterator[Path]:
        if key:
            folder = self._folder(key)
            folder.mkdir(exist_ok=True, mode=0o700)
            yield folder
        else:
            with tempfile.TemporaryDirectory(dir=self.folder) as name:
                yield Path(name)

    def _folder(self, key: str) -> Path:
        name = key.replace(":", "-")
        if not KEY.match(name):
            raise Invalid.field("key", "is not a key")
        return self.folder / name
