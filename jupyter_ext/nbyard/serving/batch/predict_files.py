"""Predicts the rows of files piece by piece, and writes the predictions to files."""

from __future__ import annotations

import functools
import logging
import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from nbyard.serving.codec import ValueRefused
from nbyard.serving.models import ModelFailed, Spec, words_of

from .prediction_parts import Parts, part_dependencies
from .table_files import SUFFIXES, CannotRead, batch_of, files_of, frame_of, read_pieces

# the most bytes of read pieces that wait, without the piece that is being read
MAX_BYTES = 16 * 2**20

Numbered = Iterator[tuple[int, Any]]
log = logging.getLogger("nbyard.serving")
# A function that is called with numbered pieces in order, and yields a checked answer to each.
Over = Callable[[Numbered], Iterator[Any]]


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


def predict_here(spec: Spec, load: Callable[[Spec], Any]) -> Over:
    """Return a function that predicts in this process. `load` is called while it reads ahead."""
    loaded = functools.cache(lambda: load(spec))

    def over(pieces: Numbered) -> Iterator[Any]:
        with read_ahead(pieces) as read:
            for first, batch in read:
                yield predict_piece(spec, loaded(), batch, first)

    return over


def predict_all(spec: Spec, over: Over, source: str, target: str) -> int:
    """Predict each row of a dataset; return the number of rows.

    `over` predicts the pieces. `source` is a file or a folder. If `target` ends in .csv or
    .parquet, it becomes one file for all files of the dataset. Otherwise it becomes a folder with
    a file for each of them.

    Raises:
        CannotRead: The dataset is not readable.
        ValueRefused: A value or an answer does not fit its schema. The error names row and field.
        ModelFailed: The model raised an exception.
    """
    sources = files_of(source)
    if target.lower().endswith(SUFFIXES):
        targets = {target: sources}
    else:
        base = source if os.path.isdir(source) else os.path.dirname(source)
        names = {path: os.path.relpath(path, base) for path in sources}
        # Predictions of other text tables, such as x.tsv or x.csv.gz, are CSV.
        targets = {
            os.path.join(target, name if name.lower().endswith(SUFFIXES) else f"{name}.csv"): [path]
            for path, name in names.items()
        }
    known = part_dependencies(spec, source, targets)
    made = []
    for place, files in targets.items():
        os.makedirs(os.path.dirname(place), exist_ok=True)
        parts = Parts(place, spec.outputs, known[place])
        made.append(parts)
        if parts.is_done:
            continue
        if parts.rows:
            log.info("%d rows are already predicted", parts.rows)
        try:
            for answer in over(_pieces_from(spec, files, parts.rows)):
                parts.add(answer)
        except (CannotRead, ValueRefused, ModelFailed):
            # the next attempt resumes after these rows
            parts.keep()
            raise
        parts.finish()
    # The records are deleted last: after a failure, the next attempt skips complete targets.
    for parts in made:
        parts.forget()
    return sum(parts.rows for parts in made)


def _pieces_from(spec: Spec, files: list[str], done: int) -> Numbered:
    """Yield pieces with the numbers of their first rows, from row `done` on.

    Rows are counted over all files.
    """
    first = 0
    for path in files:
        for batch in read_pieces(path, spec.inputs, first):
            if first + batch.num_rows > done:
                skipped = max(done - first, 0)
                yield first + skipped, batch.slice(skipped)
            first += batch.num_rows


def predict_piece(spec: Spec, model: Any, batch: Any, first: int) -> Any:
    """Call the model with a piece; return the checked answer. `first` is the piece's first row.

    Raises:
        ValueRefused: A value or an answer does not fit its schema. The error names row and field.
        ModelFailed: The model raised an exception.
    """
    frame = frame_of(spec.inputs, batch, first)
    try:
        return batch_of(spec.outputs, model.predict(frame), batch.num_rows, first)
    except ValueRefused:
        raise
    except (Exception, SystemExit) as error:
        rows = f"rows {first} to {first + batch.num_rows - 1}"
        raise ModelFailed(f"{rows}: {words_of(error)}") from error
