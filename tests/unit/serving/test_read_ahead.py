"""Pieces that are read before they are asked for."""

import threading
from collections.abc import Iterator
from itertools import count
from typing import Any

import pyarrow
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.serving.batch.predict_files import read_ahead

ROW_BYTES = 8
PATIENCE = 30


def piece(number: int, rows: int = 1) -> tuple[int, Any]:
    return number, pyarrow.record_batch({"n": pyarrow.array([number] * rows, pyarrow.int64())})


@given(st.lists(st.integers(0, 50)), st.integers(0, 200))
def test_items_are_unchanged_and_in_order(sizes, most):
    pieces = [piece(number, rows) for number, rows in enumerate(sizes)]
    with read_ahead(iter(pieces), most) as read:
        assert list(read) == pieces


def test_reading_continues_between_requests():
    is_read = threading.Event()

    def pieces() -> Iterator[tuple[int, Any]]:
        yield piece(0)
        yield piece(1)
        is_read.set()

    with read_ahead(pieces()) as read:
        assert is_read.wait(PATIENCE)
        assert [number for number, _ in read] == [0, 1]


def test_the_buffered_bytes_are_limited():
    taken = 0
    gone_ahead = []

    def pieces() -> Iterator[tuple[int, Any]]:
        for number in range(200):
            gone_ahead.append(number - taken)
            yield piece(number)

    with read_ahead(pieces(), most=4 * ROW_BYTES) as read:
        for number, _ in read:
            assert number == taken
            taken += 1
    assert max(gone_ahead) <= 4 + 1


@pytest.mark.parametrize("broken_at", [0, 1, 5])
def test_errors_follow_the_items_read_before(broken_at):
    def pieces() -> Iterator[tuple[int, Any]]:
        yield from map(piece, range(broken_at))
        raise ValueError("no table any more")

    seen: list[int] = []
    with pytest.raises(ValueError, match="no table any more"), read_ahead(pieces()) as read:
        seen.extend(number for number, _ in read)
    assert seen == list(range(broken_at))


def test_closing_ends_the_reading():
    before = threading.active_count()
    with pytest.raises(RuntimeError), read_ahead(map(piece, count()), most=ROW_BYTES) as read:
        next(read)
        raise RuntimeError("the model failed")
    assert threading.active_count() == before
