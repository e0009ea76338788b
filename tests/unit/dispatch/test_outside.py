"""States of files and datasets outside of the code."""

import os
from pathlib import Path

import msgspec
import pytest

from nbyard.dispatch import outside
from nbyard.dispatch.outside import Outside
from nbyard.domain.outside import Mentions
from nbyard.domain.runs import ValueOf
from nbyard.store.tasks import TaskRecord
from nbyard.testing.bench import Bench


@pytest.fixture
def task(bench: Bench) -> TaskRecord:
    made = bench.submit({"a": []})
    bench.until(lambda: bench.task(made).state == "running")
    record = bench.case(made, "a").task
    return msgspec.structs.replace(record, plan=_of(record, runtime="process"))


def _of(record: TaskRecord, **plan: object):
    return msgspec.structs.replace(record.plan, **plan)


def _mention(*paths: object) -> Mentions:
    return Mentions(frozenset(map(str, paths)))


def test_files(bench: Bench, task: TaskRecord, tmp_path: Path) -> None:
    looked, path = Outside(bench.room), tmp_path / "a.csv"
    there = _mention(path)
    assert looked.states(task, there) == {str(path): ""}
    path.write_text("1")
    first = looked.states(task, there)
    os.utime(path, (1, 1))
    assert looked.states(task, there) == first, "the same bytes"
    path.write_text("2")
    assert looked.states(task, there) != first
    assert looked.states(task, _mention(tmp_path)) == {str(tmp_path): "folder"}


def test_large_files_count_by_size_and_time(
    bench: Bench, task: TaskRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outside, "DIGESTED_BYTES", 1)
    path = tmp_path / "a.csv"
    path.write_text("12")
    os.utime(path, ns=(5, 5))
    assert Outside(bench.room).states(task, _mention(path)) == {str(path): "2 5"}


def test_patterns(bench: Bench, task: TaskRecord, tmp_path: Path) -> None:
    looked, asked = Outside(bench.room), _mention(tmp_path / "*.csv")
    seen = [looked.states(task, asked)]
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("1")
        seen.append(looked.states(task, asked))
    (tmp_path / "b.csv").write_text("2")
    seen.append(looked.states(task, asked))
    (tmp_path / "c.txt").write_text("1")
    assert len({str(one) for one in seen}) == 4
    assert looked.states(task, asked) == seen[-1]


def test_home(bench: Bench, task: TaskRecord, tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.csv").write_text("1")
    assert Outside(bench.room).states(task, _mention("~/a.csv"))["~/a.csv"].startswith("sha256:")


def test_what_nobody_asks_for(bench: Bench, task: TaskRecord) -> None:
    looked = Outside(bench.room)
    own = _mention(bench.room.folder / "a.csv")
    assert not looked.is_asked(task, Mentions())
    assert not looked.is_asked(task, own)
    assert looked.is_asked(task, _mention("/a.csv"))
    elsewhere = msgspec.structs.replace(task, plan=_of(task, runtime="docker"))
    assert not looked.is_asked(elsewhere, _mention("/a.csv"))
    given = msgspec.structs.replace(task, plan=_of(task, bindings={"path": ValueOf("/a.csv")}))
    assert looked.states(given, Mentions()) == {"/a.csv": ""}


def test_datasets(bench: Bench, task: TaskRecord) -> None:
    looked = Outside(bench.room)
    assert looked.is_asked(task, Mentions(asks_datasets=True))
    assert looked.states(task, Mentions(asks_datasets=True)) == {}, "there are none"
