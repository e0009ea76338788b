"""Reads tables in a separate process, which is started when needed and after a crash.

A file may make its reader use too much memory, work endlessly, or crash. That then happens in the
other process. Its environment contains no secrets, only what Python needs to start.
"""

import math
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec

from nbyard.domain.datasets.table_descriptions import BrokenTable, UnreadableContent
from nbyard.errors import Invalid
from nbyard.reasons.structs import Reason

# A limit of address space, of which threads and allocators reserve more than they use.
MEMORY_BYTES = 8 << 30
IDLE_SECONDS = 120.0
# A library whose threads cannot get memory may wait for them forever.
STILL_SECONDS = 30.0
LEAST_TICKS = 2
PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "PYTHONPATH", "LD_LIBRARY_PATH")


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
            # -P and our own folder as working directory: no module beside a user's file is
            # imported.
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
