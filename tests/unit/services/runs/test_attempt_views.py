"""What people see of attempts: log, cells, use and metrics, as far as they are written."""

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbyard.attempts import folders
from nbyard.domain.attempts import structs as contract
from nbyard.domain.attempts.metric_series import Metrics, Usage
from nbyard.domain.attempts.structs import Image, Surroundings
from nbyard.domain.datasets.previews import ShownMetric, one_line
from nbyard.domain.environments.structs import Lock, Package
from nbyard.domain.runs.attempt_views import Activity
from nbyard.domain.runs.structs import Attempt, Task
from nbyard.logs import log_files
from nbyard.services.runs import attempt_views as views

NOW = datetime(2024, 2, 29, tzinfo=UTC)
GAPS = json.loads((Path(__file__).parents[3] / "cases/log_gaps.json").read_text("utf-8"))


def _task(*states, state="running"):
    tries = [
        Attempt(f"a{n}", "t", n, each, "process", "here", NOW) for n, each in enumerate(states, 1)
    ]
    return Task("t", "r", "clean", "Clean", state, False, None, "process", NOW, attempts=tries)


@pytest.fixture
def folder(tmp_path):
    place = folders.attempt_folder_of(tmp_path, "a1")
    place.mkdir(parents=True)
    return place


def _read_all(store, task):
    text, after, chunks = "", 0, 0
    while True:
        chunk = views.log(store, task, after)
        assert chunk.next >= after
        text, after, chunks = text + chunk.text, chunk.next, chunks + 1
        if chunk.done or not chunk.text:
            return text, chunks, chunk.done


def test_before_an_attempt_there_is_no_log(tmp_path):
    waiting = views.log(tmp_path, _task(state="queued"), 0)
    assert (waiting.text, waiting.done) == ("", False)
    assert views.log(tmp_path, _task(state="skipped"), 0).done
    assert views.log(tmp_path, _task("starting"), 0).text == ""


def test_the_log_is_that_of_the_newest_attempt(tmp_path):
    for name in ("a1", "a2"):
        folders.attempt_folder_of(tmp_path, name).mkdir(parents=True)
        (folders.attempt_folder_of(tmp_path, name) / contract.LOG).write_text(name)
    chunk = views.log(tmp_path, _task("lost", "running"), 0)
    assert (chunk.text, chunk.attempt, chunk.done, chunk.next) == ("a2", 2, False, 2)
    assert views.log(tmp_path, _task("lost", "succeeded"), 1).text == "2"
    assert views.log(tmp_path, _task("lost", "succeeded"), 1).done
    beyond = views.log(tmp_path, _task("lost", "succeeded"), 99)
    assert (beyond.text, beyond.next, beyond.done) == ("", 99, True)


@given(text=st.text("aä€😀\n", max_size=40), size=st.integers(4, 9), done=st.booleans())
def test_a_log_is_read_completely_without_cut_characters(tmp_path_factory, text, size, done):
    """The log is live, and read in pieces."""
    store = tmp_path_factory.mktemp("store")
    place = folders.attempt_folder_of(store, "a1")
    place.mkdir(parents=True)
    (place / contract.LOG).write_bytes(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_files, "LOG_CHUNK", size)
        read, _, ended = _read_all(store, _task("succeeded" if done else "running"))
    assert read == text
    assert ended is done


@given(text=st.text("aä€😀\n", max_size=60), size=st.integers(4, 9))
def test_a_log_is_read_from_its_end_too(tmp_path_factory, text, size):
    """The end of a long log comes first, then the lines before it."""
    store = tmp_path_factory.mktemp("store")
    place = folders.attempt_folder_of(store, "a1")
    place.mkdir(parents=True)
    (place / contract.LOG).write_bytes(text.encode())
    task, read, before = _task("succeeded"), "", 2**53 - 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(log_files, "LOG_CHUNK", size)
        while before:
            chunk = views.log(store, task, 0, before)
            assert chunk.start < before or not text
            assert chunk.done is (before == 2**53 - 1)
            read, before = chunk.text + read, chunk.start
    assert read == text


def test_reading_from_the_end_starts_with_a_line(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(log_files, "LOG_CHUNK", 10)
    (folder / contract.LOG).write_bytes(b"first\nsecond\nthird\n")
    last = views.log(tmp_path, _task("running"), 0, 99)
    assert (last.text, last.start, last.next, last.done) == ("third\n", 13, 19, False)
    more = views.log(tmp_path, _task("running"), 0, last.start)
    assert (more.text, more.start, more.next) == ("second\n", 6, 13)
    assert views.log(tmp_path, _task("running"), 8, 13).text == "cond\n"
    assert views.log(tmp_path, _task("running"), 13, 6).text == ""


def test_a_full_piece_ends_with_a_line(tmp_path, folder, monkeypatch):
    monkeypatch.setattr(log_files, "LOG_CHUNK", 8)
    (folder / contract.LOG).write_bytes(b"first\nsecond")
    assert views.log(tmp_path, _task("running"), 0).next == 6
    assert views.log(tmp_path, _task("running"), 6).text == "second"


def test_partial_characters_are_read_later(tmp_path, folder):
    log = folder / contract.LOG
    log.write_bytes(b"a\xe2\x82")
    chunk = views.log(tmp_path, _task("running"), 0)
    assert (chunk.text, chunk.next) == ("a", 1)
    log.write_bytes("a€".encode())
    assert views.log(tmp_path, _task("running"), 1).text == "€"
    log.write_bytes(b"a\xe2\x82")
    assert views.log(tmp_path, _task("failed"), 1).text == "\ufffd", "there is no other half"


@pytest.mark.parametrize("content", [b"\xff" * 50, b"\x80" * 50, bytes(range(256))])
def test_undecodable_bytes_are_replaced(tmp_path, folder, content, monkeypatch):
    monkeypatch.setattr(log_files, "LOG_CHUNK", 16)
    (folder / contract.LOG).write_bytes(content)
    text, chunks, done = _read_all(tmp_path, _task("succeeded"))
    assert done
    assert chunks < 30
    assert len(text) >= len(content) // 4


def _event(seq, state, index=0, **more):
    """The second of four cells holds the values that were put in; three are the source's."""
    cell = {0: {"cell": 0}, 1: {}}.get(index, {"cell": index - 1})
    place = {"index": index, "of": 4, "cells": 3, **cell, **more}
    return {"seq": seq, "at": 1.0, "type": "cell", **place, "state": state}


def _write_events(folder, *events, rest=b""):
    lines = b"".join(json.dumps(event).encode() + b"\n" for event in events)
    (folder / contract.EVENTS).write_bytes(lines + rest)


def test_invalid_event_lines_are_skipped(tmp_path, folder):
    junk = [b"5", b"[1]", b"null", b'"x"', b"\xff", b"{", b"", b'{"seq": "2"}', b"[" * 100_000]
    half = json.dumps(_event(3, "running", 2)).encode()
    _write_events(folder, _event(1, "done"), rest=b"\n".join([*junk, half]))
    found = views.Progress(tmp_path).of("r", "clean", "a1", 1)
    assert (found.done, found.total, found.current) == (1, 3, None)


@pytest.mark.parametrize("case", GAPS, ids=lambda case: case["text"][:20])
def test_the_last_line_has_no_reason_of_a_gap(tmp_path, folder, case):
    (folder / contract.LOG).write_text(f"1\n{case['line']}\n")
    shown = f"[nbyard: {case['text']}]" if case["gap"] else case["text"]
    assert views.Progress(tmp_path).of("r", "clean", "a1", 1).last_line == one_line(shown, 80)


def test_the_progress_of_an_attempt_is_shown(tmp_path, folder):
    progress = views.Progress(tmp_path)

    def seen(done: int, total: int, current: int | None = None) -> Activity:
        return Activity("r", "clean", 1, 5, done, total, current, last_line="12345")

    assert progress.of("r", "clean", "a1", 1) == Activity("r", "clean", 1, 0, 0, 0)
    (folder / contract.LOG).write_bytes(b"12345")
    events = [_event(1, "running"), _event(2, "done"), _event(3, "running", 1)]
    _write_events(folder, *events)
    assert progress.of("r", "clean", "a1", 1) == Activity(
        "r", "clean", 1, 5, 1, 3, 1, last_line="12345"
    )
    _write_events(folder, *events, _event(4, "done", 1), _event(5, "running", 3))
    assert progress.of("r", "clean", "a1", 1) == Activity(
        "r", "clean", 1, 5, 2, 3, 3, last_line="12345"
    )
    _write_events(folder, _event(1, "done", cell="1"))
    assert progress.of("r", "clean", "a1", 1).done == 0
    _write_events(folder, _event(1, "running"), _event(2, "failed"))
    assert progress.of("r", "clean", "a1", 1) == Activity(
        "r", "clean", 1, 5, 0, 3, last_line="12345"
    )


def test_the_last_line_and_the_newest_metrics_of_an_attempt(tmp_path, folder):
    progress = views.Progress(tmp_path)
    (folder / contract.LOG).write_text("x" * 9000 + "\nepoch 1\n 10 %\r\x1b[32m 20 %\x1b[0m\r\n")
    point = {"at": 1.0, "name": "loss", "value": 0.5}
    (folder / contract.METRICS).write_text(f"{json.dumps(point)}\n")
    found = progress.of("r", "clean", "a1", 1)
    assert (found.last_line, found.metrics) == ("20 %", [ShownMetric("loss", 0.5)])
    (folder / contract.LOG).write_text("done\n")
    assert progress.of("r", "clean", "a1", 1).last_line == "done"
    (folder / contract.METRICS).write_text(f"{json.dumps(point | {'value': 0.25})}\n")
    found = progress.of("r", "clean", "a1", 1)
    assert (found.last_line, found.metrics) == ("done", [ShownMetric("loss", 0.25)])


def test_the_last_line_is_that_of_the_running_cell(tmp_path, folder):
    progress = views.Progress(tmp_path)
    _write_events(folder, _event(1, "running"))
    (folder / contract.LOG).write_text("of cell 1\n")
    assert progress.of("r", "clean", "a1", 1).last_line == "of cell 1"
    _write_events(folder, _event(1, "done"), _event(2, "running", 1, log_bytes=10))
    found = progress.of("r", "clean", "a1", 1)
    assert (found.last_line, found.log_start) == ("", 10)
    (folder / contract.LOG).write_text("of cell 1\n2\n")
    assert progress.of("r", "clean", "a1", 1).last_line == "2"
    # Output may have been removed from the log, such as by its limit.
    _write_events(folder, _event(3, "running", 2, log_bytes=99), _event(4, "done", log_bytes="5"))
    assert progress.of("r", "clean", "a1", 1).last_line == ""


@pytest.mark.parametrize("lines", [3, 2_000, 2_001, 2_002])
def test_metrics_keep_the_order_in_which_the_code_first_logged_them(tmp_path, folder, lines):
    """Wherever the end that is read begins."""
    names = ["loss", "accuracy", "rate"]
    points = [{"at": float(n), "name": names[n % 3], "value": float(n)} for n in range(lines)]
    (folder / contract.METRICS).write_text("".join(f"{json.dumps(one)}\n" for one in points))
    found = views.Progress(tmp_path).of("r", "clean", "a1", 1).metrics
    last = {names[n % 3]: float(n) for n in range(lines)}
    assert found == [ShownMetric(name, last[name]) for name in names]


def test_the_last_line_is_not_that_of_another_file(tmp_path, folder):
    (tmp_path / "secret").write_text("secret")
    (folder / contract.LOG).unlink(missing_ok=True)
    (folder / contract.LOG).symlink_to(tmp_path / "secret")
    assert views.Progress(tmp_path).of("r", "clean", "a1", 1).last_line == ""


def test_the_executed_notebook_is_shown_during_the_run(tmp_path, folder):
    assert views.cells(tmp_path, _task()).notebook is None
    _write_events(folder, _event(1, "running"), _event(2, "done"))
    assert views.cells(tmp_path, _task("running")).notebook is None
    (folder / contract.EXECUTED).write_text('{"cells": []}')
    found = views.cells(tmp_path, _task("running"))
    assert (found.notebook, found.done, found.total, found.current) == ({"cells": []}, 1, 3, None)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b"[" * 100_000])
def test_an_invalid_notebook_is_not_shown(tmp_path, folder, content, monkeypatch):
    (folder / contract.EXECUTED).write_bytes(content)
    assert views.cells(tmp_path, _task("running")).notebook is None
    (folder / contract.EXECUTED).write_text('{"cells": []}')
    monkeypatch.setattr(views, "MAX_NOTEBOOK", 5)
    assert views.cells(tmp_path, _task("running")).notebook is None


def test_the_usage_of_an_attempt_is_shown(tmp_path, folder):
    attempt = _task("running").attempts[-1]
    assert views.usage(tmp_path, attempt) == Usage(1, done=False)
    line = '{"at": %d, "cpu": %d, "memory": 7, "processes": 2}\n'
    (folder / contract.USAGE).write_text(line % (10, 1) + "nonsense\n" + line % (12, 5) + "{")
    found = views.usage(tmp_path, attempt)
    assert (found.seconds, found.cores, found.memory_bytes) == ([0, 2], [0, 2], [7, 7])
    assert (found.processes, found.cpu_seconds, found.done) == ([2, 2], 5, False)
    assert views.usage(tmp_path, _task("failed").attempts[-1]).done


def test_the_metrics_of_an_attempt_are_shown(tmp_path, folder):
    attempt = _task("running").attempts[-1]
    assert views.metrics(tmp_path, attempt) == Metrics(1, done=False)
    line = '{"at": %d, "name": "loss", "value": %s, "step": %d}\n'
    (folder / contract.METRICS).write_text(line % (10, "2", 1) + "no\n" + line % (12, '"nan"', 2))
    (found,) = views.metrics(tmp_path, attempt).metrics
    assert (found.name, found.seconds, found.steps) == ("loss", [0, 2], [1, 2])
    assert found.values == [2, "NaN"] and found.last == "NaN"
    (folder / contract.METRICS).unlink()
    (folder / contract.METRICS).symlink_to(folder / contract.LOG)
    assert views.metrics(tmp_path, attempt).metrics == []


@pytest.mark.parametrize("odd", ["fifo", "folder", "link"])
def test_invalid_usage_lines_are_skipped(tmp_path, folder, odd):
    place = folder / contract.USAGE
    if odd == "fifo":
        os.mkfifo(place)
    elif odd == "folder":
        place.mkdir()
    else:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_text('{"at": 1, "cpu": 1, "memory": 7, "processes": 2}\n')
        place.symlink_to(elsewhere)
    assert views.usage(tmp_path, _task("running").attempts[-1]) == Usage(1, done=False)


def test_the_environment_of_an_attempt_is_shown(tmp_path, folder):
    """In a container, the image's lock counts."""
    assert views.surroundings(tmp_path, _task("running")) is None
    lock = Lock("3.11.7", "", "cpython", "linux-x86_64", [Package("numpy", "2.1", "sha256:1")])
    plain = Surroundings({"host": "h"}, "python3", "python3", "f", "v", "c", "b", lock)
    (folder / contract.SURROUNDINGS).write_bytes(msgspec.json.encode(plain))
    assert views.surroundings(tmp_path, _task("running")) == plain
    inside = msgspec.structs.replace(lock, packages=[])
    image = Image("base:1", "sha256:2", inside)
    (folder / contract.IMAGE).write_bytes(msgspec.json.encode(image))
    found = views.surroundings(tmp_path, _task("running"))
    assert found == msgspec.structs.replace(plain, image=image, lock=inside)
