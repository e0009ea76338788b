"""Functions that run on a Dask worker, where nbyard is not installed.

The module uses the standard library only. Its text is sent with each piece, and the worker caches
the module by the digest of the text.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import select
import shutil
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
from collections.abc import Callable
from typing import Any

CHILD = "nbyard.serving.batch.child_process"
# The native byte order suffices, because both ends of the pipe are on one machine.
HEAD = struct.Struct("=QQ")
TRIES = 2
LOOK_SECONDS = 0.3
# the state of a running task that was released meanwhile
CANCELLED = "cancelled"

_lock = threading.Lock()
idle_children: dict[str, list[Child]] = {}


class UnwantedPiece(Exception):
    """The result of a piece is no longer needed."""


def predicted(key: str, archive: bytes, first: int, piece: bytes) -> tuple[dict[str, Any], bytes]:
    """Predict a piece in a process with the model; return its answer and the bytes.

    `key` identifies the model, `archive` has the model, and `first` is the piece's first row.

    Raises:
        UnwantedPiece: The result is no longer needed. The process was killed.
    """
    wanted = _cancellation_check()
    for _ in range(TRIES):
        ready: Child | None = None
        with _lock:
            idle = idle_children.get(key, [])
            while idle and ready is None:
                candidate = idle.pop()
                # a process that was idle too long has ended
                if candidate.code is None:
                    ready = candidate
                else:
                    candidate.end()
        child = ready or Child(archive)
        try:
            said = child.ask(first, piece, wanted)
        except (OSError, EOFError):
            child.end()
            continue
        except UnwantedPiece:
            child.kill()
            raise
        with _lock:
            idle_children.setdefault(key, []).append(child)
        return said
    message = f"the process that predicts from row {first} on died (exit code {child.code})"
    return {"kind": "failed", "message": message, "said": ""}, b""


def _cancellation_check() -> Callable[[], bool]:
    """Return a function that checks whether the scheduler still needs this thread's task.

    The scheduler releases the task when the client that submitted it is lost.
    """
    from distributed import get_worker

    worker = get_worker()
    key, tasks = worker.get_current_task(), worker.state.tasks

    def is_wanted() -> bool:
        task = tasks.get(key)
        return task is not None and task.state != CANCELLED

    return is_wanted


def end(key: str) -> None:
    """Stop the idle processes of a model."""
    with _lock:
        children = idle_children.pop(key, [])
    for child in children:
        child.end()


class Child:
    """A process with the model, which is unpacked from `archive` into a new folder."""

    def __init__(self, archive: bytes):
        from distributed import get_worker

        place = tempfile.mkdtemp(prefix="nbyard-model-", dir=get_worker().local_directory)
        self._place = place
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            if hasattr(tarfile, "data_filter"):  # missing before Python 3.11.4
                packed.extraction_filter = tarfile.data_filter
            packed.extractall(place)
        self.process = subprocess.Popen(
            [sys.executable, "-m", CHILD, place],
            env={**os.environ, "PYTHONPATH": os.path.join(place, "lib")},
            cwd=os.path.join(place, "model"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        # a blocked write could not notice that the piece is no longer wanted
        os.set_blocking(self.process.stdin.fileno(), False)  # type: ignore[union-attr]

    @property
    def code(self) -> int | None:
        """Return the exit code of the process; None while it runs."""
        return self.process.poll()

    def ask(
        self, first: int, piece: bytes, wanted: Callable[[], bool]
    ) -> tuple[dict[str, Any], bytes]:
        """Send a piece to the process and wait for the answer while `wanted` returns True.

        Raises:
            OSError: The process has ended.
            EOFError: The process has ended.
            UnwantedPiece: The result is no longer needed.
        """
        assert self.process.stdout is not None
        self._write(HEAD.pack(first, len(piece)) + piece, wanted)
        while not select.select([self.process.stdout], [], [], LOOK_SECONDS)[0]:
            if not wanted():
                raise UnwantedPiece
        head, content = HEAD.unpack(self._read(HEAD.size))
        answer: dict[str, Any] = json.loads(self._read(head))
        return answer, self._read(content)

    def _write(self, content: bytes, wanted: Callable[[], bool]) -> None:
        """Write to the process, which only starts to read when the model is loaded."""
        assert self.process.stdin is not None
        target, left = self.process.stdin.fileno(), memoryview(content)
        while left:
            if select.select([], [target], [], LOOK_SECONDS)[1]:
                left = left[os.write(target, left) :]
            elif not wanted():
                raise UnwantedPiece

    def _read(self, size: int) -> bytes:
        assert self.process.stdout is not None
        content = self.process.stdout.read(size)
        if len(content) < size:
            raise EOFError
        return content

    def kill(self) -> None:
        """Kill the process and all processes that it has started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.end()

    def end(self) -> None:
        """Close the pipes, wait until the process exits, and delete its folder."""
        for pipe in (self.process.stdin, self.process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        self.process.wait()
        shutil.rmtree(self._place, ignore_errors=True)
