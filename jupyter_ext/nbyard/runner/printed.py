"""What is printed on the streams of a kernel's process, by whatever is not its own Python."""

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
    """What libraries and child processes print on one of the kernel's streams. It is told once:
    ipykernel writes it to where its own output goes as well, which here is the log that has it
    from the runner. And it is told before the cell is at its end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._turn = threading.Lock()
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def watch(self) -> None:
        """The life of the stream's own thread."""
        with contextlib.suppress(OSError, ValueError):  # it is closed at the end
            while self._stream._should_watch:
                select.select([self._stream._fid], [], [])
                if not self.tell():
                    return

    def tell(self) -> bool:
        """Pass on what there is; whether more can come."""
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
    """The pipes of all streams; each is made when its stream is."""

    def __init__(self) -> None:
        self._pipes: list[Pipe] = []

    def watch(self, stream: Any) -> Callable[[], None]:
        """What the thread of this stream is to do."""
        pipe = Pipe(stream)
        self._pipes.append(pipe)
        return pipe.watch

    def tell(self) -> None:
        for pipe in self._pipes:
            pipe.tell()
