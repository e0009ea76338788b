"""Reads pieces ahead in a thread, while earlier pieces are processed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

# the most bytes of read pieces that wait, without the piece that is being read
MAX_BYTES = 16 * 2**20

Numbered = Iterator[tuple[int, Any]]


@contextmanager
def read_ahead(pieces: Numbered, most: int = MAX_BYTES) -> Iterator[Numbered]:
    """Yield an iterator over the same pieces, which a thread reads ahead.

    An error of reading is raised after the earlier pieces. The first piece is read in the calling
    thread, so that two threads never import at once.
    """
    try:
        first = next(pieces)
    except StopIteration:
        yield iter(())
        return
    reader = _Reader(pieces, first, most)
    try:
        yield reader.pieces()
    finally:
        reader.end()


class _Reader:
    def __init__(self, pieces: Numbered, first: tuple[int, Any], most: int):
        self._pieces = pieces
        self._read = deque([first])
        self._most = most
        self._is_over = False
        self._changed = threading.Condition()
        self._pool = ThreadPoolExecutor(1, "reader")
        self._all = self._pool.submit(self._run)

    def pieces(self) -> Numbered:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._read or self._is_over)
                if not self._read:
                    break
                piece = self._read.popleft()
                self._changed.notify_all()
            yield piece
        self._all.result()

    def end(self) -> None:
        """Stop reading."""
        with self._changed:
            self._is_over = True
            self._changed.notify_all()
        self._pool.shutdown()

    def _run(self) -> None:
        try:
            for piece in self._pieces:
                if not self._add(piece):
                    break
        finally:
            with self._changed:
                self._is_over = True
                self._changed.notify_all()

    def _add(self, piece: tuple[int, Any]) -> bool:
        """Add a piece as soon as there is room; return False if reading was stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._has_room())
            if not self._is_over:
                self._read.append(piece)
                self._changed.notify_all()
            return not self._is_over

    def _has_room(self) -> bool:
        return not self._read or sum(batch.nbytes for _, batch in self._read) < self._most
