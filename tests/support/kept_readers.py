"""Keep the processes that read tables for later tests: each takes 0.3 s of processor to start.

Most tests open a store of their own, and each store has readers of its own.
"""

import atexit
import os
import subprocess
from collections import defaultdict

import msgspec

from nbyard.tabular import table_queries
from nbyard.tabular.table_queries import PASSED_ON, Reader

IDLE: defaultdict[tuple[str | None, ...], list[subprocess.Popen[bytes]]] = defaultdict(list)


class KeptReader(Reader):
    """A reader that leaves its process to the next one with the same limits and environment."""

    is_closed = False

    def ask(self, question: bytes, timeout_seconds: float) -> msgspec.Raw:
        idle = IDLE[self._key()]
        with self._lock:  # two threads may ask at once
            while self.process is None and idle:
                process = idle.pop()
                if process.poll() is None:
                    self.process = process
                else:
                    process.communicate()  # closes its pipes
        try:
            return super().ask(question, timeout_seconds)
        finally:
            if self.is_closed:  # a thread that outlives its store has started a process again
                self.close()

    def close(self) -> None:
        self.is_closed = True
        with self._lock:
            if self.process and self.process.poll() is None:
                IDLE[self._key()].append(self.process)
                self.process = None
        super().close()

    def _key(self) -> tuple[str | None, ...]:
        return (*self._limits, *map(os.environ.get, PASSED_ON))


def kept_processes() -> set[int]:
    """Return the ids of the processes that wait for a test."""
    return {process.pid for idle in IDLE.values() for process in idle}


def keep_readers() -> None:
    """Let all stores of this process keep the processes of their readers."""
    table_queries.Reader = KeptReader  # type: ignore[misc]
    atexit.register(_end)


def _end() -> None:
    for idle in IDLE.values():
        for process in idle:
            process.communicate()  # closes its pipes, so that it ends
