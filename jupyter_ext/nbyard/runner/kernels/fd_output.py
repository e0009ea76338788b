"""Captures output of a kernel that comes from native libraries or child processes."""

from __future__ import annotations

import codecs
import contextlib
import os
import select
import threading
from collections.abc import Callable
from typing import Any

PIECE_BYTES = 64 * 1024
WAKE = b"\0"  # ipykernel writes it to a stream that it closes


class Pipe:
    """Captures what native libraries and child processes print on one stream of a kernel.

    ipykernel would also copy this output to the original stream. Here, the original stream is the
    attempt's log, which receives the output from the runner. So each output is passed on only once,
    and before its cell ends.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        # Two threads read the pipe: that of the stream, and that of the kernel at the end of a
        # cell.
        self._turn = threading.Lock()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def watch(self) -> None:
        """Pass on output until the stream is closed.

        Runs in the stream's own thread.
        """
        with contextlib.suppress(OSError, ValueError):  # the stream is closed
            while self._stream._should_watch:
                select.select([self._stream._fid], [], [])
                if not self.pass_on():
                    return

    def pass_on(self) -> bool:
        """Write the output that is in the pipe to the stream.

        Return False once the pipe is closed.
        """
        with self._turn:
            while select.select([self._stream._fid], [], [], 0)[0]:
                piece = os.read(self._stream._fid, PIECE_BYTES)
                if not piece:
                    return False
                if not self._stream._should_watch:
                    piece = piece.removesuffix(WAKE)
                self._stream.write(self._decode(piece))
        return True


class Printed:
    """The `Pipe` objects of all output streams of a kernel."""

    def __init__(self) -> None:
        self._pipes: list[Pipe] = []

    def watch(self, stream: Any) -> Callable[[], None]:
        """Create the pipe of a stream.

        Return the function that the stream's thread runs.
        """
        pipe = Pipe(stream)
        self._pipes.append(pipe)
        return pipe.watch

    def pass_on_all(self) -> None:
        """Pass on the output of all pipes."""
        for pipe in self._pipes:
            pipe.pass_on()
