"""The log."""

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.reasons.structs import read_reason
from nbyard.runner.reasons import because, is_reason
from nbyard.runner.supervision import work_log
from nbyard.runner.supervision import work_log as module
from nbyard.runner.supervision.work_log import Log

pytestmark = pytest.mark.slow

LIMIT = module.TAIL_BYTES + 1000


def written(path: Path, chunks: list[bytes], limit: int = 10**9) -> bytes:
    log = Log(str(path), limit)
    for chunk in chunks:
        log.feed(chunk)
    log.close()
    return path.read_bytes()


@given(chunks=st.lists(st.binary(max_size=20), max_size=10))
def test_every_byte_is_logged_as_utf8(
    tmp_path_factory: pytest.TempPathFactory, chunks: list
) -> None:
    """A character may be cut by the pipe; what is no UTF-8 becomes U+FFFD."""
    path = tmp_path_factory.mktemp("log") / "log"
    assert written(path, chunks).decode() == b"".join(chunks).decode("utf-8", "replace")


def test_a_log_is_full_at_its_limit(tmp_path: Path) -> None:
    """Otherwise, nobody would see later output."""
    log = Log(str(tmp_path / "log"), LIMIT)
    log.feed(b"x" * 1000)
    assert not log.is_full
    log.feed(b"y")
    assert log.is_full and (tmp_path / "log").stat().st_size == 1000
    log.close()


@pytest.mark.parametrize("size", [1, 7, 1000, 100_000, 10_000_000])
def test_beyond_the_limit_the_end_is_kept_and_the_gap_counted(tmp_path: Path, size: int) -> None:
    lines = b"".join(b"line %d\n" % number for number in range(50_000))
    chunks = [lines[start : start + size] for start in range(0, len(lines), size)]
    found = written(tmp_path / "log", chunks, LIMIT)
    assert len(found) < LIMIT + 400
    head, rest = found.replace(module.AT_LIMIT, b"", 1).split(b"\n[nbyard: ")
    note, tail = rest.split(b"\n", 1)
    gap_params = json.loads(note.split(b"] ")[1])["params"]
    missing = gap_params["size"]
    assert len(head) + missing + len(tail) == len(lines)
    assert lines.startswith(head) and lines.endswith(tail) and len(tail) > 200_000
    gap = lines[len(head) : len(lines) - len(tail)]
    assert gap_params["lines"] == gap.count(b"\n")


def test_a_followed_log_reports_at_once_that_it_is_full(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log"), LIMIT)
    for _ in range(3):
        log.feed(b"x" * module.TAIL_BYTES)
    assert (tmp_path / "log").read_bytes() == b"x" * 1000 + module.AT_LIMIT
    log.close()
    assert (tmp_path / "log").read_bytes().count(module.AT_LIMIT) == 1


def test_at_the_limit_no_line_is_missing(tmp_path: Path) -> None:
    assert written(tmp_path / "log", [b"x" * LIMIT], LIMIT) == b"x" * LIMIT


def test_notes_are_on_separate_lines(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log"))
    log.note("first")
    log.feed(b"no end of line")
    log.note("second")
    log.close()
    text = (tmp_path / "log").read_text()
    assert text == "[nbyard: first]\nno end of line\n[nbyard: second]\n"


def test_last_lines(tmp_path: Path) -> None:
    log = Log(str(tmp_path / "log"))
    log.feed(b"".join(b"%d\n" % number for number in range(1000)))
    assert log.last_lines().splitlines() == [str(number) for number in range(960, 1000)]
    log.close()


def test_a_full_disk_loses_lines_but_not_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = Log(str(tmp_path / "log"))
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    log.feed(b"one\n")
    monkeypatch.setattr(os, "write", full)
    log.feed(b"two\nthree\n")
    monkeypatch.setattr(os, "write", real)
    log.close()
    assert "No space left" in log.trouble
    text = (tmp_path / "log").read_text()
    gap = "[nbyard: lines missing here: 2 (10 B): No space left on device] "
    assert text.startswith(f"one\n\n{gap}{{") and text.endswith("}\n")


CASES = json.loads((Path(__file__).parents[3] / "cases/log_gaps.json").read_text("utf-8"))
GAPS = [case for case in CASES if case["gap"]]


@pytest.mark.parametrize("case", GAPS, ids=lambda case: case["text"])
def test_a_line_has_the_english_text_and_the_reason(case: dict[str, Any]) -> None:
    gap, why = case["gap"], case["gap"]["params"]["why"]
    if gap["code"] == "log-gap-uncounted":
        line = work_log.uncounted_gap_line(why)
    else:
        is_least = gap["code"] == "log-gap-at-least"
        params = gap["params"]
        line = work_log.gap_line(params["lines"], params["size"], why, is_least=is_least)
    assert line.decode() == f"\n{case['line']}\n"


@pytest.mark.parametrize("case", GAPS, ids=lambda case: case["text"])
def test_the_text_is_the_one_of_the_catalogue(case: dict[str, Any]) -> None:
    assert str(read_reason(case["gap"])) == case["text"]
    assert case["line"].startswith(f"[nbyard: {case['text']}] ")


def test_a_refused_write_has_the_message_of_the_system() -> None:
    error = OSError(28, os.strerror(28))
    assert work_log.refused_write(error) == GAPS[1]["gap"]["params"]["why"]


@pytest.mark.parametrize("why", [work_log.log_limit(), because("log-forgotten")])
def test_its_reasons_are_known_to_the_runner(why: dict[str, Any]) -> None:
    assert is_reason(why)
