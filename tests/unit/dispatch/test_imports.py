"""Imports: bytes, then their table, then ready; each step again after a crash."""

from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.datasets import Dataset, FileSource, NewDataset
from nbyard.testing.bench import OWNER, Bench


def imported(bench: Bench, source: FileSource) -> Dataset:
    return bench.yard.services.datasets.create(OWNER, NewDataset(source=source, name="d"))


def look(bench: Bench, made: Dataset) -> Dataset:
    return bench.yard.services.datasets.get(OWNER, made.id)


def a_table(tmp_path: Path) -> FileSource:
    (tmp_path / "root" / "t.csv").write_text("a,b\n1,x\n2,y\n")
    return FileSource(path="t.csv")


def test_a_file_becomes_ready(bench: Bench, tmp_path: Path) -> None:
    """D1: with rows and columns, and shown in the resources folder."""
    made = imported(bench, a_table(tmp_path))
    bench.until(lambda: look(bench, made).current.state == "ready")
    version = look(bench, made).current
    assert (version.format, version.rows, version.columns) == ("csv", 2, 2)
    shown = bench.store.folder / "resources" / made.id / "t.csv"
    assert shown.read_text() == "a,b\n1,x\n2,y\n"


def test_another_dispatcher_takes_it_over(bench: Bench, tmp_path: Path) -> None:
    """I7: what a killed one left importing is imported."""
    made = imported(bench, a_table(tmp_path))
    bench.replace_dispatcher()
    bench.until(lambda: look(bench, made).current.state == "ready")


def test_a_file_that_vanished_fails_with_words(bench: Bench, tmp_path: Path) -> None:
    made = imported(bench, a_table(tmp_path))
    (tmp_path / "root" / "t.csv").unlink()
    bench.until(lambda: look(bench, made).current.state == "failed")
    assert look(bench, made).current.reason


def test_a_dataset_deleted_while_it_is_imported_leaves_no_folder(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    links, linked = bench.room.links, []
    link = links.link

    def deleted_first(dataset_id: str, *rest: Any) -> Path:
        bench.yard.services.datasets.delete(OWNER, dataset_id)
        linked.append(link(dataset_id, *rest))
        return linked[-1]

    monkeypatch.setattr(links, "link", deleted_first)
    made = imported(bench, a_table(tmp_path))
    bench.until(lambda: bool(linked))
    assert bench.dispatcher.settle(10)
    assert not (bench.store.folder / "resources" / made.id).exists()
    assert not (bench.store.folder / "resources" / ".versions" / made.id).exists()
