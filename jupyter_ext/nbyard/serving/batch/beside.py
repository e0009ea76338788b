"""What is done on a Dask worker, where nothing of ours is installed: standard library only. The
text of this module travels with each piece, and is kept there by its digest."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import threading
from typing import Any

CHILD = "nbyard.serving.batch.child"
HEAD = struct.Struct("=QQ")
TRIES = 2

_lock = threading.Lock()
_idle: dict[str, list[Child]] = {}


def predicted(key: str, archive: bytes, first: int, piece: bytes) -> tuple[dict[str, Any], bytes]:
    """What a process of that model says to a piece, whose first row is `first`."""
    for _ in range(TRIES):
        child = _taken(key) or Child(archive)
        try:
            said = child.ask(first, piece)
        except (OSError, EOFError):
            child.end()
            continue
        with _lock:
            _idle.setdefault(key, []).append(child)
        return said
    words = f"the process that predicts from row {first} on died (exit code {child.code})"
    return {"kind": "failed", "words": words, "said": ""}, b""


def _taken(key: str) -> Child | None:
    """One that waits; those that waited too long have ended."""
    with _lock:
        found = _idle.get(key, [])
        while found:
            child = found.pop()
            if child.code is None:
                return child
            child.end()
    return None


def end(key: str) -> None:
    """Nobody needs that model any more."""
    with _lock:
        found = _idle.pop(key, [])
    for child in found:
        child.end()


class Child:
    """A process with the model, in a folder of its own."""

    def __init__(self, archive: bytes):
        from distributed import get_worker

        place = tempfile.mkdtemp(prefix="nbyard-model-", dir=get_worker().local_directory)
        self._place = place
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            if hasattr(tarfile, "data_filter"):  # not before Python 3.11.4
                packed.extraction_filter = tarfile.data_filter
            packed.extractall(place)
        self._process = subprocess.Popen(
            [sys.executable, "-m", CHILD, place],
            env={**os.environ, "PYTHONPATH": os.path.join(place, "lib")},
            cwd=os.path.join(place, "model"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    @property
    def code(self) -> int | None:
        return self._process.poll()

    def ask(self, first: int, piece: bytes) -> tuple[dict[str, Any], bytes]:
        """Raises OSError or EOFError where it is no more."""
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(HEAD.pack(first, len(piece)))
        self._process.stdin.write(piece)
        self._process.stdin.flush()
        head, content = HEAD.unpack(self._read(HEAD.size))
        told: dict[str, Any] = json.loads(self._read(head))
        return told, self._read(content)

    def _read(self, size: int) -> bytes:
        assert self._process.stdout is not None
        found = self._process.stdout.read(size)
        if len(found) < size:
            raise EOFError
        return found

    def end(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]
        self._process.wait()
        shutil.rmtree(self._place, ignore_errors=True)
