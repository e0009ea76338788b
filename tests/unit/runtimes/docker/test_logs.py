"""Copying a log that is told from its start each time: no gap, nothing twice (I8, I16)."""

import contextlib
import os

from hypothesis import given
from hypothesis import strategies as st

from nbyard.runner.log import AT_LIMIT, TAIL_BYTES
from nbyard.runtimes.docker import logs
from nbyard.runtimes.docker.logs import STDOUT, LogCopy


def copied(folder, pieces, *, base=0, apart=False):
    copy = LogCopy(folder, base, stdout_apart=apart)
    said = copy.drain(pieces)
    copy.close()
    return said


def fed(folder, pieces, base=0):
    copy = LogCopy(folder, base, stdout_apart=False)
    for is_stdout, data in pieces:
        copy.feed(is_stdout, data)
    copy.close()


PIECES = st.lists(st.tuples(st.booleans(), st.binary(max_size=12)), max_size=12)


@given(pieces=PIECES, cuts=st.lists(st.integers(0, 12), max_size=4))
def test_whoever_copied_how_far_the_log_is_the_same(tmp_path_factory, pieces, cuts):
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
    """I11: only the dispatcher sees whether a command in a container is silent."""
    monkeypatch.setattr(logs, "LIMIT_BYTES", TAIL_BYTES + 10)
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


def test_beyond_the_limit_the_end_is_kept_and_the_rest_counted(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LIMIT_BYTES", 200)
    monkeypatch.setattr(logs, "TAIL_BYTES", 100)
    pieces = [(True, b"%04d\n" % i) for i in range(100)]
    for _ in range(2):  # done again after a crash it is the same
        copied(tmp_path, pieces)
        text = (tmp_path / "log").read_text()
        assert text.startswith("0000\n") and text.endswith("0099\n")
        full, rest = text.split("[nbyard: 60 lines (300 bytes) are missing here")
        assert full.endswith(AT_LIMIT.decode() + "\n") and AT_LIMIT.decode() not in rest


def test_a_log_that_is_followed_says_at_once_that_it_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(logs, "LIMIT_BYTES", 200)
    monkeypatch.setattr(logs, "TAIL_BYTES", 100)
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
