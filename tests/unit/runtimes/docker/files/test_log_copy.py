"""Copying a log that is told from its start each time: no gap, nothing twice."""

import contextlib
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.runner.supervision.work_log import (
    AT_LIMIT,
    TAIL_BYTES,
    gap_line,
    log_limit,
    uncounted_gap_line,
)
from nbyard.runtimes.docker.files import log_copy
from nbyard.runtimes.docker.files.log_copy import FORGOTTEN, STDOUT, LogCopy


def copied(folder, pieces, *, base=0, apart=False, seen=None):
    copy = LogCopy(folder, base, stdout_apart=apart, seen=seen)
    said = copy.drain(pieces)
    copy.close()
    return said


def fed(folder, pieces, base=0):
    copy = LogCopy(folder, base, stdout_apart=False)
    for is_stdout, data in pieces:
        copy.feed(is_stdout, data)
    copy.close()
    return copy.excess


PIECES = st.lists(st.tuples(st.booleans(), st.binary(max_size=12)), max_size=12)


@given(pieces=PIECES, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_the_log_is_the_same_after_any_interruption(tmp_path_factory, pieces, cuts):
    folder = tmp_path_factory.mktemp("log")
    (folder / "log").write_bytes(b"before\n")
    for cut in cuts:
        fed(folder, pieces[:cut], base=7)
    copied(folder, pieces, base=7)
    text = b"".join(data for _, data in pieces).decode("utf-8", "replace")
    assert (folder / "log").read_bytes() == b"before\n" + text.encode()


def test_a_half_written_line_is_completed(tmp_path):
    (tmp_path / "log").write_bytes(b"hel")
    copied(tmp_path, [(True, b"hello\n"), (False, b"world\n")])
    assert (tmp_path / "log").read_bytes() == b"hello\nworld\n"


def test_a_full_log_shows_that_something_was_printed(tmp_path, monkeypatch):
    """Only the dispatcher knows whether a command in a container is silent."""
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", TAIL_BYTES + 10)
    with contextlib.closing(LogCopy(tmp_path, 0, stdout_apart=False)) as copy:
        copy.feed(True, b"0123456789")
        for _ in range(2):
            os.utime(tmp_path / "log", (1, 1))
            copy.feed(True, b"more")
            found = (tmp_path / "log").stat()
            assert found.st_size == 10 and found.st_mtime > 1


def test_standard_output_apart_keeps_its_bytes(tmp_path):
    said = copied(tmp_path, [(True, b"\xff\x00"), (False, b"\xff\n"), (True, b"x")], apart=True)
    assert (tmp_path / STDOUT).read_bytes() == b"\xff\x00x"
    assert (tmp_path / "log").read_text() == "\ufffd\n" and said == "\ufffd"


def test_beyond_the_limit_the_end_is_kept_and_lines_are_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 200)
    monkeypatch.setattr(log_copy, "TAIL_BYTES", 100)
    pieces = [(True, b"%04d\n" % i) for i in range(100)]
    for _ in range(2):  # done again after a crash it is the same
        copied(tmp_path, pieces)
        text = (tmp_path / "log").read_text()
        assert text.startswith("0000\n") and text.endswith("0099\n")
        full, rest = text.split("[nbyard: lines missing here: 60 (300 B)")
        assert full.endswith(AT_LIMIT.decode() + "\n") and AT_LIMIT.decode() not in rest


@pytest.fixture
def small(monkeypatch):
    """A log with room for 20 lines of 5 bytes, and as many at its end."""
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 200)
    monkeypatch.setattr(log_copy, "TAIL_BYTES", 100)


def lines(first, last):
    return [(True, b"%04d\n" % i) for i in range(first, last)]


def test_a_follower_knows_lines_that_the_engine_dropped(tmp_path, small):
    """The engine has the last 50 of 1,000 lines, or fewer."""
    seen = fed(tmp_path, lines(0, 1000))
    for first in (950, 990, 950):
        copied(tmp_path, lines(first, 1000), seen=seen)
        text = (tmp_path / "log").read_text()
        kept = "".join(f"{i:04d}\n" for i in range(max(first, 980), 1000))
        lost = 980 - min(1000 - first, 20)
        gap = gap_line(lost, 5 * lost, log_limit(), is_least=True)
        assert text.endswith(gap.decode() + kept)
        assert text.startswith("0000\n") and "0019\n" + AT_LIMIT.decode() in text


def test_equal_lines_are_counted_too(tmp_path, small):
    seen = fed(tmp_path, [(True, b"tick\n")] * 1000)
    copied(tmp_path, [*[(True, b"tick\n")] * 10, (True, b"died\n")], seen=seen)
    text = (tmp_path / "log").read_text()
    assert "at least 969" in text
    assert text.endswith("tick\ndied\n")


def test_a_followed_log_is_unchanged(tmp_path, small):
    """The engine keeps fewer bytes than allowed if lines are short."""
    seen = fed(tmp_path, lines(0, 20))
    copied(tmp_path, lines(15, 20), seen=seen)
    assert (tmp_path / "log").read_bytes() == b"".join(data for _, data in lines(0, 20))


def test_unfollowed_lines_are_reported_as_missing(tmp_path, small, monkeypatch):
    """A later reader continues after the gap."""
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 500)
    (tmp_path / "log").write_bytes(b"before\n")
    fed(tmp_path, lines(0, 2), base=7)
    kept = b"before\n0000\n0001\n" + FORGOTTEN
    assert fed(tmp_path, lines(90, 92), base=7) == (0, 0)
    assert (tmp_path / "log").read_bytes() == kept + b"0090\n0091\n"
    for seen in (None, (0, 0), None):
        copied(tmp_path, lines(90, 95), base=7, seen=seen)
        written = b"".join(data for _, data in lines(90, 95))
        assert (tmp_path / "log").read_bytes() == kept + written


def test_a_full_unfollowed_log_has_its_end(tmp_path, small):
    fed(tmp_path, lines(0, 60))
    for _ in range(2):
        copied(tmp_path, lines(900, 905))
        text = (tmp_path / "log").read_bytes()
        assert text.startswith(b"0000\n") and b"0019\n" + AT_LIMIT in text
        assert text.endswith(uncounted_gap_line(log_limit()) + b"0900\n0901\n0902\n0903\n0904\n")


def test_a_followed_log_reports_at_once_that_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(log_copy, "LIMIT_BYTES", 200)
    monkeypatch.setattr(log_copy, "TAIL_BYTES", 100)
    for _ in range(2):  # by whoever copies after a crash, too
        copy = LogCopy(tmp_path, 0, stdout_apart=False)
        for letter in b"abc":
            copy.feed(True, bytes([letter]) * 100)
        copy.close()
        assert (tmp_path / "log").read_bytes() == b"a" * 100 + AT_LIMIT


def test_a_link_in_place_of_the_log_is_not_followed(tmp_path):
    (tmp_path / "log").symlink_to(tmp_path / "elsewhere")
    with contextlib.suppress(OSError):
        copied(tmp_path, [(True, b"x")])
    assert not (tmp_path / "elsewhere").exists()


def test_an_end_that_the_engine_did_not_see_is_marked_once(tmp_path):
    for _ in range(2):  # as after a crash before the result was written
        with contextlib.closing(LogCopy(tmp_path, 0, stdout_apart=False)) as copy:
            assert copy.drain([(True, b"line 1\n")], is_cut=True) == "line 1"
    assert (tmp_path / "log").read_bytes() == b"line 1\n" + log_copy.UNSEEN
