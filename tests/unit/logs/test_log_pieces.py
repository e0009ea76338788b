"""Pieces of a log; how they come together again is shown with the logs of attempts."""

import pytest

from nbyard.logs import log_pieces
from nbyard.logs.rotating_log import RotatingLog


@pytest.mark.parametrize("done", [True, False])
def test_a_missing_log_is_empty(tmp_path, done):
    chunk = log_pieces.read_piece(tmp_path / "log", 5, done=done)
    assert (chunk.text, chunk.start, chunk.next, chunk.done) == ("", 5, 5, done)


def test_a_growing_log_is_read_on(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"one\ntw")
    chunk = log_pieces.read_piece(log, 0, done=False)
    assert (chunk.text, chunk.next, chunk.done) == ("one\ntw", 6, False)
    log.write_bytes(b"one\ntwo\n")
    chunk = log_pieces.read_piece(log, chunk.next, done=True)
    assert (chunk.text, chunk.next, chunk.done) == ("o\n", 8, True)


@pytest.mark.parametrize("after", [7, 2**44, 2**63 - 1])
@pytest.mark.parametrize("before", [0, 3, 2**63 - 1])
def test_nothing_follows_a_place_beyond_the_end(tmp_path, after, before):
    (log := tmp_path / "log").write_bytes(b"one\ntw")
    chunk = log_pieces.read_piece(log, after, before, done=True)
    assert (chunk.text, chunk.next) == ("", after)
    assert RotatingLog(log).read(after, done=True).text == ""


def test_a_log_with_one_line_has_no_more_than_this_line(tmp_path):
    log = tmp_path / "log"
    assert not log_pieces.has_more_than(log, "no such file")
    log.write_text("no such file\n")
    assert not log_pieces.has_more_than(log, "no such file")
    log.write_text("Step 1\nno such file\n")
    assert log_pieces.has_more_than(log, "no such file")
