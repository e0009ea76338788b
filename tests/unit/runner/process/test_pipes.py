"""What a process that was forked hears."""

import os
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.runner.process.pipes import Lines

WORDS = st.lists(st.binary(max_size=300).map(lambda line: line.replace(b"\n", b"")), max_size=12)


@given(WORDS, st.lists(st.integers(1, 400), max_size=40))
def test_lines_are_read_one_by_one(lines: list[bytes], cuts: list[int]) -> None:
    """Also several at once, and the half of one."""
    hear, tell = os.pipe()
    whole = b"".join(line + b"\n" for line in lines)

    def say() -> None:
        rest = whole
        for cut in cuts:
            os.write(tell, rest[:cut])
            rest = rest[cut:]
        os.write(tell, rest)
        os.close(tell)

    thread = threading.Thread(target=say)
    thread.start()
    found = Lines(hear)
    assert [found.next() for _ in lines] == lines
    assert not found.has_come and found.next() == b""
    thread.join()
    os.close(hear)


def test_a_dropped_line_is_reported() -> None:
    hear, tell = os.pipe()
    os.write(tell, b"one\ntwo\n")
    lines = Lines(hear)
    assert not lines.has_come and lines.next() == b"one" and lines.has_come
    assert lines.next() == b"two" and not lines.has_come
    for end in (hear, tell):
        os.close(end)


@pytest.mark.parametrize("come", [b"", b"one\n", b"one\ntwo\n"])
def test_writing_to_a_closing_reader_is_refused(come: bytes) -> None:
    """An attempt given to a kernel that ends in that moment is told to another one."""
    hear, tell = socket.socketpair()
    with hear, tell:
        os.write(tell.fileno(), come)
        lines = Lines(hear.fileno())
        assert lines.read_last() == come.partition(b"\n")[0]
        with pytest.raises(BrokenPipeError):
            os.write(tell.fileno(), b"more\n")
