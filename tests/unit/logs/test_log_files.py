"""Pieces of a log; how they come together again is shown with the logs of attempts."""

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.domain.deployments.traffic import Counted
from nbyard.logs import log_files
from nbyard.logs.log_files import KeptTraffic, RotatingLog


@pytest.mark.parametrize("done", [True, False])
def test_a_missing_log_is_empty(tmp_path, done):
    chunk = log_files.read_piece(tmp_path / "log", 5, done=done)
    assert (chunk.text, chunk.start, chunk.next, chunk.done) == ("", 5, 5, done)


def test_a_growing_log_is_read_on(tmp_path):
    log = tmp_path / "log"
    log.write_bytes(b"one\ntw")
    chunk = log_files.read_piece(log, 0, done=False)
    assert (chunk.text, chunk.next, chunk.done) == ("one\ntw", 6, False)
    log.write_bytes(b"one\ntwo\n")
    chunk = log_files.read_piece(log, chunk.next, done=True)
    assert (chunk.text, chunk.next, chunk.done) == ("o\n", 8, True)


@pytest.mark.parametrize("after", [7, 2**44, 2**63 - 1])
@pytest.mark.parametrize("before", [0, 3, 2**63 - 1])
def test_nothing_follows_a_place_beyond_the_end(tmp_path, after, before):
    (log := tmp_path / "log").write_bytes(b"one\ntw")
    chunk = log_files.read_piece(log, after, before, done=True)
    assert (chunk.text, chunk.next) == ("", after)
    assert RotatingLog(log).read(after, done=True).text == ""


def test_a_log_with_one_line_has_no_more_than_this_line(tmp_path):
    log = tmp_path / "log"
    assert not log_files.has_more_than(log, "no such file")
    log.write_text("no such file\n")
    assert not log_files.has_more_than(log, "no such file")
    log.write_text("Step 1\nno such file\n")
    assert log_files.has_more_than(log, "no such file")


def test_a_log_is_read_from_any_byte(tmp_path):
    log = RotatingLog(tmp_path / "deep/1.log")
    assert (log.length, log.read(0, done=True).text) == (0, "")
    assert not log.read(0, done=False).done
    log.write(b"one\ntwo\n")
    log.write(b"three\n")
    chunk = log.read(4, done=False)
    assert (chunk.text, chunk.next, chunk.done) == ("two\nthree\n", 14, False)
    assert log.read(14, done=True).done
    assert log.tail(6) == "three\n"
    assert log.remove() and not log.remove() and log.length == 0


@given(st.lists(st.integers(1, 40), max_size=60), st.integers(0, 900))
def test_the_newest_part_is_kept_with_its_positions(tmp_path_factory, sizes, after):
    log = RotatingLog(tmp_path_factory.mktemp("log") / "1.log", piece_bytes=100)
    whole = b""
    for number, size in enumerate(sizes):
        line = f"{number:>{size}}\n".encode()
        whole += line
        log.write(line)
    assert log.length == len(whole)
    found, place = b"", min(after, len(whole))
    first = None
    while True:
        chunk = log.read(place, done=True)
        first = chunk.start if first is None else first
        found += chunk.text.encode()
        place = chunk.next
        if chunk.done:
            break
    assert found == whole[first:]
    assert len(whole) - first >= min(len(whole) - min(after, len(whole)), 100)
    assert sum(path.stat().st_size for path in log.path.parent.iterdir()) <= 2 * (100 + 42)


def test_lines_of_another_writer_are_not_repeated(tmp_path):
    """A line of nbyard without a time does not end a copy."""
    one, other = RotatingLog(tmp_path / "1.log"), RotatingLog(tmp_path / "1.log")
    assert (one.resume(), other.resume()) == (0, 0)
    one.write(b"a\n", 5)
    one.write(b"b\n", 5)
    other.write(b"a\n", 5)
    other.write(b"b\n", 5)
    other.write(b"c\n", 6)
    one.write(b"c\n", 6)
    RotatingLog(tmp_path / "1.log").write(b"ours\n")
    one.write(b"d\n", 7)
    other.write(b"d\n", 7)
    other.write(b"e\n", 8)
    assert one.read(0, done=True).text == "a\nb\nc\nours\nd\ne\n"
    assert one.resume() == 8
    assert one.remove() and list(tmp_path.iterdir()) == []


ONE, TWO = Counted(1, 2, 0, {3: 2}), Counted(2, 1, 1, {0: 1})


def test_counts_of_several_servers_are_merged(tmp_path):
    here, there = KeptTraffic(tmp_path), KeptTraffic(tmp_path)
    assert list(here.read()) == []
    here.add([ONE])
    there.add([TWO, ONE])
    there.add([])
    assert list(here.read()) == [ONE, TWO, ONE]


def test_a_partial_line_of_a_killed_writer_hides_no_others(tmp_path):
    kept = KeptTraffic(tmp_path)
    kept.add([ONE])
    RotatingLog(tmp_path / log_files.NAME).write(b'[2,1\n"?"\n')
    kept.add([TWO])
    assert list(kept.read()) == [ONE, TWO]


def test_only_the_newest_part_is_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(log_files, "RotatingLog", partial(RotatingLog, piece_bytes=1000))
    kept = KeptTraffic(tmp_path)
    for minute in range(1000):
        kept.add([Counted(minute, 1, 0, {1: 1})])
    found = [one.minute for one in kept.read()]
    assert found == list(range(found[0], 1000)) and found[0] > 0
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 2100
