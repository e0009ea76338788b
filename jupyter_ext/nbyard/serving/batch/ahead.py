"""Pieces that a thread reads while those before them are used."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

# of pieces that nobody has taken yet, beside the one that is being read
MAX_BYTES = 16 * 2**20

Numbered = Iterator[tuple[int, Any]]


@contextmanager
def ahead(pieces: Numbered, most: int = MAX_BYTES) -> Iterator[Numbered]:
    """The same pieces; what reading them raises comes after those that were read before it.

    The first is read here: what reading imports is there then, and no two threads import at once.
    """
    try:
        first = next(pieces)
    except StopIteration:
        yield iter(())
        return
    reader = _Reader(pieces, first, most)
    try:
        yield reader.taken()
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

    def taken(self) -> Numbered:
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
        """Nobody wants any more."""
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
        """As soon as there is room, as long as it is wanted."""
        with self._changed:
            self._changed.wait_for(lambda: self._is_over or self._has_room())
            if not self._is_over:
                self._read.append(piece)
                self._changed.notify_all()
            return not self._is_over

    def _has_room(self) -> bool:
        return not self._read or sum(batch.nbytes for _, batch in self._read) < self._most
