"""The interface to tables and other files for the rest of nbyard.

They are read in a separate process, which is started when needed and after a crash. A file may make
its reader use too much memory, work endlessly, or crash. That then happens in the other process.
Its environment contains no secrets, only what Python needs to start.
"""

import contextlib
import copy
import math
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from nbyard.domain.contracts.structs import Breach, CheckedFile, Contract, ContractQuestion
from nbyard.domain.datasets.previews import MAX_ROWS, FilePreview
from nbyard.domain.datasets.table_descriptions import (
    BrokenTable,
    Profile,
    TableInfo,
    TablePage,
    UnreadableContent,
)
from nbyard.domain.file_formats import format_of
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason
from nbyard.runner.handoff.text_format import unpacked_name
from nbyard.tabular.format_detection import SUFFIXES
from nbyard.tabular.prepare_source import INFO, write_atomically
from nbyard.tabular.reader_answers import SAMPLE_FILE, Question

# A limit of address space, of which threads and allocators reserve more than they use.
MEMORY_BYTES = 8 << 30
IDLE_SECONDS = 120.0
# A library whose threads cannot get memory may wait for them forever.
STILL_SECONDS = 30.0
LEAST_TICKS = 2
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH")
QUICK_SECONDS = 30.0
SLOW_SECONDS = 600.0
PREVIEW_SECONDS = 10.0
PICTURE = "picture"
OWNERS = "of-"  # begins the names of the folders of owners
# A key is the name of a folder, so `../` in it would lead out of the cache.
KEY = re.compile(r"[A-Za-z0-9_-]{1,128}\Z")

T = TypeVar("T", TableInfo, TablePage, Profile, FilePreview, bool, list[Breach])

Metrics = dict[str, float | str]


class _Reply(msgspec.Struct):
    answer: msgspec.Raw = msgspec.Raw(b"")
    problem: Reason | None = None
    broken: bool = False
    permanent: bool = False


class Reader:
    """A reader process that answers one question at a time. Other callers wait."""

    def __init__(
        self, folder: Path, memory_bytes: int = MEMORY_BYTES, idle_seconds: float = IDLE_SECONDS
    ):
        self._folder = folder
        self.still_seconds = STILL_SECONDS
        self._limits = [str(memory_bytes), str(idle_seconds)]
        self._lock = threading.Lock()
        self.process: subprocess.Popen[bytes] | None = None

    def ask(self, question: bytes, timeout_seconds: float) -> msgspec.Raw:
        """Send a question to the process, which is started if needed.

        Return the answer as JSON.

        Raises:
            BrokenTable: The name promises a table that the file does not contain.
            UnreadableContent: The content cannot be read.
            Invalid: The reader has failed this time.
        """
        with self._lock:
            line = self._exchange(question, timeout_seconds)
            if not line and self._ended() == 0:
                # The process exited after its idle time, just when the question came.
                line = self._exchange(question, timeout_seconds)
            if not line:
                code = self._ended()
                if code is not None and code < 0:
                    name = signal.Signals(-code).name
                    raise Invalid(
                        f"the reader of this table was killed ({name}); it may need more memory"
                        " than allowed"
                    )
                raise Invalid(
                    "the reader of this table stopped early; the table may be damaged or need more"
                    " memory than allowed"
                )
        reply = msgspec.json.decode(line, type=_Reply)
        if reply.problem:
            if reply.broken:
                raise BrokenTable(reply.problem)
            raise (UnreadableContent if reply.permanent else Invalid)(reply.problem)
        return reply.answer

    def close(self) -> None:
        """Kill the reader process."""
        with self._lock:
            self._end()

    def _exchange(self, question: bytes, timeout_seconds: float) -> bytes:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            return b""
        try:
            process.stdin.write(question + b"\n")
            process.stdin.flush()
        except BrokenPipeError:
            return b""
        return self._receive(process, process.stdout.fileno(), time.monotonic() + timeout_seconds)

    def _receive(self, process: subprocess.Popen[bytes], fd: int, until: float) -> bytes:
        pieces, worked = [], _cpu_ticks(process.pid)
        while True:
            left = until - time.monotonic()
            if left <= 0:
                self._end()
                raise Invalid("reading this table took too long")
            if not select.select([fd], [], [], min(left, self.still_seconds))[0]:
                before, worked = worked, _cpu_ticks(process.pid)
                # NaN compares as False, so systems without /proc never stop a reader here.
                if left > self.still_seconds and worked - before < LEAST_TICKS:
                    self._end()
                    raise Invalid(
                        "reading this table came to a standstill; it may need more memory than"
                        " allowed"
                    )
                continue
            piece = os.read(fd, 1 << 20)
            pieces.append(piece)
            if piece.endswith(b"\n") or not piece:
                line = b"".join(pieces)
                return line if line.endswith(b"\n") else b""

    def _running(self) -> subprocess.Popen[bytes]:
        if self.process is None or self.process.poll() is not None:
            self._end()
            environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
            if places := environment.get("PYTHONPATH"):
                absolute = map(os.path.abspath, places.split(os.pathsep))
                environment["PYTHONPATH"] = os.pathsep.join(absolute)
            # -P and our own working directory: no module beside a user's file is imported.
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", "nbyard.tabular", *self._limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._folder,
                env=environment,
                # Ctrl-C in a terminal then reaches only the process that asks.
                start_new_session=True,
            )
        return self.process

    def _ended(self) -> int | None:
        if self.process is None:
            return None
        try:
            return self.process.wait(5)
        except subprocess.TimeoutExpired:
            return None

    def _end(self) -> None:
        if self.process is None:
            return
        self.process.kill()
        # Leaving the block closes the pipes and waits for the process.
        with self.process:
            pass
        self.process = None


def _cpu_ticks(pid: int) -> float:
    """Return the CPU time of a process in clock ticks, NaN if the system does not report it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return math.nan
    # The fields utime and stime of proc(5). The name before them may contain spaces and brackets.
    return float(int(fields[11]) + int(fields[12]))


class TableFile(msgspec.Struct, frozen=True):
    """A file that may contain a table, and the name that determines its format."""

    path: Path
    filename: str
    key: str = ""  # digest of its bytes, under which results are stored; empty: they are not
    sheet: str = ""  # of an Excel file
    info: TableInfo | None = None  # the stored schema


class Tables:
    """Reads files in three processes: for quick answers, for thorough ones, and for previews."""

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
        self.quick = Reader(folder, memory_bytes, idle_seconds)
        self._slow = Reader(folder, memory_bytes, idle_seconds)
        self._previews = Reader(folder, memory_bytes, idle_seconds)

    def of_owner(self, key: str) -> "Tables":
        """Return tables that find no stored results of other owners; these, without a key."""
        made = copy.copy(self)
        made.folder = self.folder / f"{OWNERS}{key}" if key else self.folder
        made.folder.mkdir(exist_ok=True, mode=0o700)
        return made

    def info(self, file: TableFile, *, count: bool = False, quick: bool = False) -> TableInfo:
        """Return the schema of a file. With `count`, all lines are checked and counted.

        With `quick`, counting must take seconds only, and waits for no question that may take
        minutes.

        Raises:
            BrokenTable: The name promises a table that the file does not contain.
            Invalid: The table cannot be shown.
        """
        return self._ask(
            Question("info", count=count),
            file,
            TableInfo,
            self._slow if count and not quick else self.quick,
        )

    def page(
        self,
        file: TableFile,
        offset: int = 0,
        limit: int = 100,
        *,
        sort: str = "",
        column_offset: int = 0,
    ) -> TablePage:
        """Return rows from `offset`.

        `sort` is the name of a column, with a leading - to sort descending.
        """
        question = Question(
            "page", offset=offset, limit=limit, sort=sort, column_offset=column_offset
        )
        return self._ask(question, file, TablePage, self._slow if sort else self.quick)

    def profile(self, file: TableFile, *, sample: bool, column_offset: int = 0) -> Profile:
        """Return the profile of all rows, which is stored.

        With `sample`, quickly profile a sample.
        """
        kept = self._folder(file) / f"profile-{column_offset}" if file.key else None
        if kept and kept.exists():
            return msgspec.json.decode(kept.read_bytes(), type=Profile)
        question = Question("sample" if sample else "profile", column_offset=column_offset)
        profile = self._ask(question, file, Profile, self.quick if sample else self._slow)
        # A sample is cheap, so only exact profiles are stored.
        if kept and not sample:
            write_atomically(kept, msgspec.json.encode(profile))
        return profile

    def whole_profile(self, file: TableFile) -> Profile:
        """Return the profile of all rows with all columns."""
        profile = self.profile(file, sample=False)
        columns = list(profile.columns)
        while len(columns) < profile.column_count:
            more = self.profile(file, sample=False, column_offset=len(columns))
            columns += more.columns
        return msgspec.structs.replace(profile, columns=columns)

    def known_preview(self, file: TableFile) -> FilePreview | None:
        """Return the stored preview of a file, None if there is none."""
        try:
            return msgspec.json.decode(self._preview_place(file).read_bytes(), type=FilePreview)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def preview(self, file: TableFile) -> FilePreview:
        """Return the preview of a file, which is created once and stored.

        The preview is empty if the content cannot be read.

        Raises:
            Invalid: The file cannot be read in a few seconds.
        """
        known = self.known_preview(file)
        if known is not None:
            return known
        question = Question("preview", limit=MAX_ROWS)
        try:
            preview = self._ask(question, file, FilePreview, self._previews)
        except UnreadableContent:
            preview = FilePreview()
        write_atomically(self._preview_place(file), msgspec.json.encode(preview))
        return preview

    def _preview_place(self, file: TableFile) -> Path:
        # Formats that are no tables share a folder, but the same bytes may be a text, too.
        # The first kind of these files names no inputs of models.
        return self._folder(file) / f"preview-2-{format_of(file.filename)}"

    def picture(self, file: TableFile) -> bytes:
        """Return the small picture of a file, b"" if the file has none.

        Raises:
            Invalid: The file cannot be read in a few seconds.
        """
        if not self.preview(file).picture:
            return b""
        return (self._folder(file) / PICTURE).read_bytes()

    @contextlib.contextmanager
    def sample_rows(self, file: TableFile, rows: int) -> Iterator[Path | None]:
        """Yield a file with a fair sample of a table, None if the whole file should be used.

        The file is deleted at the end of the block.

        Raises:
            Invalid: The file cannot be read in a few seconds.
        """
        # In a folder of its own, because another caller may copy other rows of the same file.
        whole = msgspec.structs.replace(file, key="")
        with self._kept_folder(whole) as folder:
            question = Question("sample-rows", limit=rows)
            is_cut = self._ask_in(folder, question, whole, bool, self.quick)
            yield folder / SAMPLE_FILE if is_cut else None

    def breaches(
        self,
        file: TableFile,
        contract: Contract,
        references: Mapping[str, TableFile],
        last: TableFile | None,
        metrics: tuple[Metrics, Metrics] = ({}, {}),
    ) -> list[Breach]:
        """Check the contract of a file; return the broken rules.

        `references` are its datasets, `last` is the output of the last good run. The `metrics` are
        those of the tasks of both outputs.

        Raises:
            Invalid: The file cannot be read.
        """
        with contextlib.ExitStack() as kept:

            def with_folder(other: TableFile, recorded: Metrics) -> CheckedFile:
                folder = kept.enter_context(self._kept_folder(other)).resolve()
                place = str(other.path.resolve())
                return CheckedFile(place, other.filename, str(folder), recorded)

            asked = ContractQuestion(
                contract,
                time.time(),
                metrics[0],
                {name: with_folder(other, {}) for name, other in references.items()},
                with_folder(last, metrics[1]) if last else None,
                last is not None and last.key == file.key,
            )
            question = Question("contract", contract=asked)
            return self._ask(question, file, list[Breach], self._slow)

    def forget(self, key: str) -> None:
        """Delete the stored results for bytes with this digest."""
        kept = self._kept(key)
        for folder in (kept, *self.folder.glob(f"{OWNERS}*/{kept.name}")):
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Stop the reader processes."""
        for reader in (self.quick, self._slow, self._previews):
            reader.close()

    def _ask(self, question: Question, file: TableFile, answer: type[T], reader: Reader) -> T:
        with self._kept_folder(file) as folder:
            return self._ask_in(folder, question, file, answer, reader)

    def _ask_in(
        self, folder: Path, question: Question, file: TableFile, answer: type[T], reader: Reader
    ) -> T:
        limits = {self._slow: self._slow_seconds, self._previews: PREVIEW_SECONDS}
        asked = msgspec.structs.replace(
            question,
            # The reader process has another working directory.
            path=str(file.path.resolve()),
            filename=file.filename,
            sheet=file.sheet,
            folder=str(folder.resolve()),
        )
        reply = reader.ask(msgspec.json.encode(asked), limits.get(reader, QUICK_SECONDS))
        return msgspec.json.decode(reply, type=answer)

    @contextlib.contextmanager
    def _kept_folder(self, file: TableFile) -> Iterator[Path]:
        if file.key:
            folder = self._folder(file)
            folder.mkdir(exist_ok=True, parents=True, mode=0o700)
            if file.info and not (folder / INFO).exists():
                # The cache may have been deleted; the store still has the schema.
                write_atomically(folder / INFO, msgspec.json.encode(file.info))
            yield folder
        else:
            with tempfile.TemporaryDirectory(dir=self.folder) as name:
                yield Path(name)

    def _folder(self, file: TableFile) -> Path:
        """Return the folder for results about a file.

        They depend on its suffix and its sheet, too.
        """
        ending = Path(unpacked_name(file.filename)).suffix.lower()
        name = ending[1:] if ending in SUFFIXES else "other"
        if file.sheet:
            import hashlib

            name += f"-{hashlib.sha256(file.sheet.encode()).hexdigest()[:16]}"
        return self._kept(file.key) / name

    def _kept(self, key: str) -> Path:
        name = key.replace(":", "-")
        if not KEY.match(name):
            raise Invalid.field("key", "is not a valid key")
        return self.folder / name
