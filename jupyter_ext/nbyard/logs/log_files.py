"""Logs in files: growing ones, read in pieces from a byte, and rotating ones of bounded size.

A rotating log of a long-running process is stored as pieces in a folder:

    <name>.log.<first byte>   a piece; when it is full, a new one begins and the oldest is deleted

Offsets count from the very beginning of the log, so they never change. A lock on <name>.log.lock
separates writers: during a handover, two dispatchers write.
"""

import contextlib
import fcntl
import json
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from nbyard.domain.deployments.traffic import Counted
from nbyard.domain.runs.attempt_views import LogChunk

LOG_CHUNK = 256 * 1024
# as `runner/supervision/work_log.py` writes them
GAP = re.compile(r'^(\[nbyard: .*\]) (\{"code": "log-gap.*\})$', re.MULTILINE)
PIECE_BYTES = 4 * 2**20
PIECES = 2
NAME = "traffic"


def read_piece(path: Path, after: int, before: int = 0, *, done: bool) -> LogChunk:
    """Return a piece of a log after byte `after`, or the piece that ends at byte `before`.

    A piece never contains half a character. It ends within a line only if the log does, or if the
    line is too long. `done` states that the log is complete. A missing log counts as empty.
    """
    content, start, end = b"", after, True
    with contextlib.suppress(FileNotFoundError), path.open("rb") as handle:
        size = handle.seek(0, os.SEEK_END)
        stop = min(before or after + LOG_CHUNK, size)
        start = max(after, stop - LOG_CHUNK)
        if start < stop:  # no file system has a place far beyond the end
            handle.seek(start)
            content = handle.read(stop - start)
        end = start + len(content) >= size
        if before and start > after:
            # Cut off an incomplete line at the start, or at least an incomplete character.
            skipped = content.find(b"\n", 0, -1) + 1
            if not skipped:
                firsts = (at for at, byte in enumerate(content[:4]) if not 0x80 <= byte < 0xC0)
                skipped = next(firsts, 0)
            start, content = start + skipped, content[skipped:]
    if not end and not before:
        content = content[: content.rfind(b"\n") + 1] or content
    # The rest of a character may be written later; at the end there is no rest.
    if not (done and end):
        content = _whole_characters(content)
    text = content.decode("utf-8", "replace")
    return LogChunk(text, start + len(content), done and end, start=start)


def _whole_characters(content: bytes) -> bytes:
    """Return the content without an incomplete character at its end."""
    for back in range(1, min(4, len(content)) + 1):
        # In UTF-8, 0x80 to 0xBF continue a character, and 0xC0 or more begin one (RFC 3629).
        byte = content[-back]
        if byte < 0x80:
            break
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return content[:-back] if back < length else content
    return content


def has_more_than(path: Path, text: str) -> bool:
    """Return whether a log contains more than the line `text`."""
    try:
        return path.stat().st_size > len(text.encode()) + len(os.linesep)
    except OSError:
        return False


def without_gap_reasons(text: str) -> str:
    """Return a log for people, without the reasons in lines where output is missing."""
    return GAP.sub(_without_reason, text)


def _without_reason(line: re.Match[str]) -> str:
    try:
        json.loads(line[2])
    except (ValueError, RecursionError):
        return line[0]  # the work printed it
    return line[1]


class RotatingLog:
    """The log at `path`. Any number of processes may read and write it at the same time."""

    def __init__(self, path: Path, piece_bytes: int = PIECE_BYTES):
        self.path = path
        self._piece_bytes = piece_bytes
        self._known = 0

    @property
    def length(self) -> int:
        """Return how many bytes were written so far, including those in deleted pieces."""
        bases = self._pieces()
        return bases[-1] + self._piece(bases[-1]).stat().st_size if bases else 0

    @property
    def moment(self) -> int:
        """Return the time of the last write in nanoseconds, 0 if it had none."""
        bases = self._pieces()
        return self._piece(bases[-1]).stat().st_mtime_ns if bases else 0

    def resume(self) -> int:
        """Return the time of the last write, from which to continue copying.

        If another process writes the same content meanwhile, this object will not write it again.
        """
        with self._exclusively():
            self._known = self.moment
        return self._known

    def write(self, content: bytes, moment: int = 0) -> None:
        """Append content. `moment` is its time, in nanoseconds of any clock."""
        with self._exclusively():
            last = self.moment
            if moment and last != self._known and moment <= last:
                return  # another process wrote it
            self._add(content, moment)
            self._known = moment or self._known

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The lock file is separate, because pieces are replaced while writers wait.
        with self._lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @property
    def _lock(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def _add(self, content: bytes, moment: int) -> None:
        bases = self._pieces() or [0]
        last, length = bases[-1], self.length
        if length - last >= self._piece_bytes:
            last = length
            # The new piece is one of PIECES, so one less of the old ones stays.
            for old in bases[: 1 - PIECES]:
                self._piece(old).unlink()
        with self._piece(last).open("ab") as file:
            file.write(content)
        # The mtime stores the moment of the last write, so no separate index is needed.
        os.utime(self._piece(last), ns=(moment, moment))

    def remove(self) -> bool:
        """Delete the log. Return whether there was one."""
        bases = self._pieces()
        for base in bases:
            self._piece(base).unlink(missing_ok=True)
        self._lock.unlink(missing_ok=True)
        return bool(bases)

    def read(self, after: int, *, done: bool) -> LogChunk:
        """Return a piece of the log from byte `after`, or from the first byte that still exists.

        `done` states that the log is complete.
        """
        bases = self._pieces()
        if not bases:
            return LogChunk("", after, done, start=after)
        first = next((base for base in reversed(bases) if base <= after), bases[0])
        chunk = read_piece(self._piece(first), max(after - first, 0), done=done)
        is_last = first == bases[-1]
        # The piece is read to its end, so continue with the next one.
        if not is_last and not chunk.text:
            return self.read(bases[bases.index(first) + 1], done=done)
        end, start = first + chunk.next, first + chunk.start
        return LogChunk(chunk.text, end, chunk.done and is_last, start=start)

    def tail(self, many_bytes: int) -> str:
        """Return the last `many_bytes` bytes as text."""
        return self.read(max(self.length - many_bytes, 0), done=True).text

    def _pieces(self) -> list[int]:
        """Return the offsets at which the existing pieces begin, in order."""
        if not self.path.parent.is_dir():
            return []
        start = f"{self.path.name}."
        names = [e.name for e in os.scandir(self.path.parent) if e.name.startswith(start)]
        bases = [name.removeprefix(start) for name in names]
        return sorted(int(base) for base in bases if base.isdecimal())

    def _piece(self, base: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{base}")


class KeptTraffic:
    """The traffic log in the folder of a deployment.

    It contains more than a day, because each server writes at most one line in ten seconds.
    """

    def __init__(self, folder: Path):
        self._log = RotatingLog(folder / NAME)

    def add(self, counted: Iterable[Counted]) -> None:
        """Append one line for each count."""
        lines = b"".join(msgspec.json.encode(count) + b"\n" for count in counted)
        if lines:
            self._log.write(lines)

    def read(self) -> Iterator[Counted]:
        """Yield all counts that are still stored, in the order in which they were written."""
        decoder = msgspec.json.Decoder(Counted)
        after, is_over = 0, False
        while not is_over:
            chunk = self._log.read(after, done=True)
            after, is_over = chunk.next, chunk.done
            for line in chunk.text.splitlines():
                try:
                    yield decoder.decode(line)
                except msgspec.DecodeError:
                    continue  # the writer was killed in the middle of the line
