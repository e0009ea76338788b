"""Captures what other code than a kernel's own Python prints to its standard streams."""

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
    """Captures what libraries and child processes print on one of the kernel's streams.

    The output is passed on once. ipykernel would also write it to its original stream, which here
    is the log that gets it from the runner. The output is passed on before the cell ends.
    """

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._turn = threading.Lock()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def watch(self) -> None:
        """Pass output on until the stream is closed, in the stream's own thread."""
        with contextlib.suppress(OSError, ValueError):  # the stream is closed
            while self._stream._should_watch:
                select.select([self._stream._fid], [], [])
                if not self.pass_on():
                    return

    def pass_on(self) -> bool:
        """Pass on the output that has come. Return whether more can come."""
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
    """The pipes of all streams. Each is created together with its stream."""

    def __init__(self) -> None:
        self._pipes: list[Pipe] = []

    def watch(self, stream: Any) -> Callable[[], None]:
        """Return the function that the thread of this stream runs."""
        pipe = Pipe(stream)
        self._pipes.append(pipe)
        return pipe.watch

    def pass_on_all(self) -> None:
        """Pass on the output of all pipes."""
        for pipe in self._pipes:
            pipe.pass_on()
