"""Copies a container's output from the engine's log into files of the attempt.

The engine, or a collector, always returns the output from the start. So the size of a file shows
where to continue, and nothing is missing or duplicated after a crash. The engine keeps only the end
of a long log. A process that followed the log has the rest. If none did, a line marks the gap.
"""

import codecs
import fcntl
import os
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from nbyard.dockerd import Container
from nbyard.domain.attempts.structs import CommandWork
from nbyard.runner.reasons import because
from nbyard.runner.secret_masking import masks_of
from nbyard.runner.supervision.work_log import (
    AT_LIMIT,
    LIMIT_BYTES,
    TAIL_BYTES,
    gap_line,
    log_limit,
    uncounted_gap_line,
)
from nbyard.runtimes.docker.attempt_container_spec import LOG_BASE, opens_files

STDOUT, STDERR = "stdout.part", "stderr.part"
FORGOTTEN = uncounted_gap_line(because("log-forgotten"))
UNSEEN = uncounted_gap_line(because("log-unseen"))
Over = tuple[int, int]


class LogCopy:
    """Writes a container's output to the log as UTF-8, with secrets masked.

    With `stdout_apart` or `stderr_apart`, that stream goes to a file of its own. `seen` is the
    `excess` of the process that followed the log before, None without one.
    """

    def __init__(
        self,
        folder: Path,
        base_bytes: int,
        *,
        stdout_apart: bool,
        stderr_apart: bool = False,
        seen: Over | None = None,
    ):
        self._log = _Copy(folder / "log", base_bytes, LIMIT_BYTES - TAIL_BYTES, seen)
        self._stdout = _Copy(folder / STDOUT, 0, None) if stdout_apart else self._log
        self._stderr = _Copy(folder / STDERR, 0, None) if stderr_apart else self._log
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._masks = masks_of(str(folder))
        self._recent = b""

    @property
    def excess(self) -> Over:
        """Return how many bytes and lines were beyond the limit of the log."""
        return self._log.over

    def close(self) -> None:
        for copy in (self._log, self._stdout, self._stderr):
            copy.close()

    def feed(self, is_stdout: bool, data: bytes) -> None:
        """Append a piece of output. Pieces must come in order from the very first one."""
        copy = self._stdout if is_stdout else self._stderr
        if copy is not self._log:
            copy.feed(data)
            return
        self._take(self._masks.feed(self._decode(data).encode()))

    def _take(self, text: bytes) -> None:
        self._recent = (self._recent + text)[-16384:]
        self._log.feed(text)

    def drain(self, pieces: Iterable[tuple[bool, bytes]], *, is_cut: bool = False) -> str:
        """Copy the whole output of an ended container. Return its last lines.

        With `is_cut`, the engine was down at the end: a line marks the gap there.
        """
        for is_stdout, data in pieces:
            self.feed(is_stdout, data)
        self._take(self._masks.feed(self._decode(b"", True).encode()) + self._masks.end())
        self._log.finish()
        if is_cut:
            self._log.mark_gap()
        self._stdout.sync()
        self._stderr.sync()
        lines = self._recent.decode("utf-8", "replace").splitlines()
        return "\n".join(lines[-40:])


def log_copy(
    folder: Path, container: Container, command: CommandWork | None, seen: Over | None = None
) -> LogCopy:
    """Return a writer that copies a container's output to the attempt folder.

    If the command declares its standard output or error as an output, it gets a file of its own.
    """
    base = int(container.labels.get(LOG_BASE) or 0)
    if command is None or opens_files(container):
        return LogCopy(folder, base, stdout_apart=False, seen=seen)
    apart = {"stdout_apart": bool(command.stdout), "stderr_apart": bool(command.stderr)}
    return LogCopy(folder, base, **apart, seen=seen)


class _Copy:
    """Appends to a file the part of a stream that is missing there.

    The stream always starts at its start.
    """

    def __init__(
        self, path: Path, base_bytes: int, space_bytes: int | None, seen: Over | None = None
    ):
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        self._file = os.open(path, flags, 0o644)
        self._base = base_bytes
        self._space = space_bytes
        self._position = 0
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._seen = seen
        self._has_begun = self._is_cut = self._is_there = False
        self.over = (0, 0)

    def close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def sync(self) -> None:
        os.fsync(self._file)

    def feed(self, data: bytes) -> None:
        if self._space is None:
            self._append(data)
        elif data:
            if not self._has_begun:
                self._has_begun = True
                self._begin(data, self._base + self._space)
            space = max(0, self._space - self._position)
            if not self._is_there:
                self._append(data[:space])
            over = b"" if self._is_there else data[space:]
            self._tail.append(data)
            self._tail_bytes += len(data)
            while self._tail_bytes - len(self._tail[0]) >= TAIL_BYTES:
                self._tail_bytes -= len(self._tail.popleft())
            if over:
                os.utime(self._file)  # a sign of life
                self.over = (self.over[0] + len(over), self.over[1] + over.count(b"\n"))
                if self.over[0] > TAIL_BYTES:
                    self._write_limit_note()

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Lock the file against other processes during the block, and yield its size."""
        # A dispatcher that has lost its lease may still copy the same log.
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield os.fstat(self._file).st_size
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _begin(self, data: bytes, end: int) -> None:
        """Find out where the first data from the engine belongs in the stream.

        It belongs at the start, or after a gap that was recorded earlier. Otherwise the engine has
        dropped data. If the file is full, all data is beyond the limit. Else a new gap is recorded,
        unless another process followed the log.
        """
        with self._locked() as there_are:
            size = min(there_are, end)
            known = os.pread(self._file, max(0, min(len(data), size - self._base)), self._base)
            if data.startswith(known):
                return
            self._is_cut = True
            there = os.pread(self._file, size, 0)
            start = there.rfind(FORGOTTEN) + len(FORGOTTEN)
            if start < len(FORGOTTEN) or not data.startswith(there[start : start + len(data)]):
                if size == end and self._seen != (0, 0):
                    self._position = end - self._base
                    return
                if self._seen is not None:
                    self._is_there = True
                    return
                os.write(self._file, FORGOTTEN)
                start = size + len(FORGOTTEN)
            self._base, self._space = start, max(0, end - start)

    def _append(self, data: bytes) -> None:
        if not data:
            return
        with self._locked() as size:
            there = size - self._base - self._position
            # An earlier process may have written the beginning of this piece.
            view = memoryview(data)[max(0, there) :]
            while view:
                view = view[os.write(self._file, view) :]
        self._position += len(data)

    def _write_limit_note(self) -> None:
        with self._locked() as size:
            if self._space is not None and size == self._base + self._space:
                os.write(self._file, AT_LIMIT)

    def finish(self) -> None:
        """Write the end of a log that exceeds the limit, after a line about the missing part."""
        seen = self._seen or (0, 0)
        over, lines = max(self.over, seen)
        if over and self._space is not None:
            end = b"".join(self._tail)[-min(over, TAIL_BYTES) :]
            is_least = self._is_cut or seen > self.over
            lost, lines = over - len(end), max(0, lines - end.count(b"\n"))
            gap = (
                gap_line(lines, lost, log_limit(), is_least=is_least)
                if lost
                else uncounted_gap_line(log_limit())
            )
            is_short = bool(lost) or self._is_cut
            if is_short:
                self._write_limit_note()
            with self._locked():
                full = self._base + self._space + (len(AT_LIMIT) if is_short else 0)
                # A call that a crash interrupted may have written a part of this end.
                os.ftruncate(self._file, full)
                os.write(self._file, (gap if is_short else b"") + end)
        self.sync()

    def mark_gap(self) -> None:
        """Write a line about missing output at the end, unless it is there."""
        with self._locked() as size:
            # A call that a crash interrupted may have written it.
            if os.pread(self._file, len(UNSEEN), max(0, size - len(UNSEEN))) != UNSEEN:
                os.write(self._file, UNSEEN)
        self.sync()
