"""What a container prints, copied from the engine's log into files of the attempt.

The engine tells the log from its first byte each time, so a file's size says where to go on:
after a crash nothing is missing and nothing is there twice, whoever copies.
"""

import codecs
import fcntl
import os
from collections import deque
from collections.abc import Iterable
from pathlib import Path

from nbyard.dockerd import Container
from nbyard.domain.attempts import CommandWork
from nbyard.runner.log import AT_LIMIT, LIMIT_BYTES, TAIL_BYTES
from nbyard.runner.masks import masks_of
from nbyard.runtimes.docker.specs import LOG_BASE, opens_files

STDOUT, STDERR = "stdout.part", "stderr.part"


class LogCopy:
    """The log as UTF-8, and standard output and error apart where the task wants them in files."""

    def __init__(
        self, folder: Path, base_bytes: int, *, stdout_apart: bool, stderr_apart: bool = False
    ):
        self._log = _Copy(folder / "log", base_bytes, LIMIT_BYTES - TAIL_BYTES)
        self._stdout = _Copy(folder / STDOUT, 0, None) if stdout_apart else self._log
        self._stderr = _Copy(folder / STDERR, 0, None) if stderr_apart else self._log
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._masks = masks_of(str(folder))
        self._recent = b""

    def close(self) -> None:
        for copy in (self._log, self._stdout, self._stderr):
            copy.close()

    def feed(self, is_stdout: bool, data: bytes) -> None:
        copy = self._stdout if is_stdout else self._stderr
        if copy is not self._log:
            copy.feed(data)
            return
        self._take(self._masks.feed(self._decode(data).encode()))

    def _take(self, text: bytes) -> None:
        self._recent = (self._recent + text)[-16384:]
        self._log.feed(text)

    def drain(self, pieces: Iterable[tuple[bool, bytes]]) -> str:
        """All of a log that has ended; its last lines."""
        for is_stdout, data in pieces:
            self.feed(is_stdout, data)
        self._take(self._masks.feed(self._decode(b"", True).encode()) + self._masks.end())
        self._log.finish()
        self._stdout.sync()
        self._stderr.sync()
        lines = self._recent.decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-40:])


def log_copy(folder: Path, container: Container, command: CommandWork | None) -> LogCopy:
    """What copies the log of this container."""
    base = int(container.labels.get(LOG_BASE) or 0)
    if command is None or opens_files(container):
        return LogCopy(folder, base, stdout_apart=False)
    apart = {"stdout_apart": bool(command.stdout), "stderr_apart": bool(command.stderr)}
    return LogCopy(folder, base, **apart)


class _Copy:
    """Appends what is not there yet of a stream that is told from its start."""

    def __init__(self, path: Path, base_bytes: int, room_bytes: int | None):
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o644)
        self._base = base_bytes
        self._room = room_bytes
        self._position = 0
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._over_bytes = 0
        self._lines_over = 0

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def sync(self) -> None:
        os.fsync(self._file)

    def feed(self, data: bytes) -> None:
        room = len(data) if self._room is None else max(0, self._room - self._position)
        self._keep_end(data[room:])
        self._append(data[:room])

    def _append(self, data: bytes) -> None:
        if not data:
            return
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            there = os.fstat(self._file).st_size - self._base - self._position
            view = memoryview(data)[max(0, there) :]
            while view:
                view = view[os.write(self._file, view) :]
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._position += len(data)

    def _keep_end(self, data: bytes) -> None:
        if not data:
            return
        os.utime(self._file)  # a sign of life
        self._tail.append(data)
        self._tail_bytes += len(data)
        self._over_bytes += len(data)
        self._lines_over += data.count(b"\n")
        while self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
            self._tail_bytes -= len(self._tail.popleft())
        if self._over_bytes > TAIL_BYTES and self._room is not None:
            self._say_that_it_is_full(self._base + self._room)

    def _say_that_it_is_full(self, end: int) -> None:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            if os.fstat(self._file).st_size == end:
                os.write(self._file, AT_LIMIT)
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def finish(self) -> None:
        """Beyond the room only the end is kept; a line counts what is missing."""
        if self._over_bytes and self._room is not None:
            end = b"".join(self._tail)[-TAIL_BYTES:]
            lost = self._over_bytes - len(end)
            lines = self._lines_over - end.count(bytes([10]))
            words = (
                f"\n[nbyard: {lines:,} lines ({lost:,} bytes)"
                " are missing here: the log has reached its limit]\n"
            )
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                full = self._base + self._room + (len(AT_LIMIT) if lost else 0)
                os.ftruncate(self._file, full)
                os.write(self._file, (words.encode() if lost else b"") + end)
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)
        self.sync()
