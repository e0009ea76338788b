"""Numbers that work records while it runs."""

import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy
import pytest

import nbyard
from nbyard.runner.handoff import metric_function


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NBYARD_ATTEMPT", str(tmp_path / "attempt"))
    return tmp_path / "attempt"


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]


def test_each_metric_is_a_line(folder: Path) -> None:
    nbyard.log_metric("loss", 0.5, 1)
    nbyard.log_metric("loss", numpy.float32(0.25), step=numpy.int64(2))
    nbyard.log_metric("good", True)
    found = [{key: value for key, value in line.items() if key != "at"} for line in lines(folder)]
    assert found == [
        {"name": "loss", "value": 0.5, "step": 1},
        {"name": "loss", "value": 0.25, "step": 2.0},
        {"name": "good", "value": 1.0},
    ]
    assert all(line["at"] > 1e9 for line in lines(folder))


def test_non_finite_numbers_are_texts(folder: Path) -> None:
    for value in (math.nan, math.inf, -math.inf):
        nbyard.log_metric("x", value)
    assert [line["value"] for line in lines(folder)] == ["nan", "inf", "-inf"]


@pytest.mark.parametrize("value", ["high", None, [1], object()])
def test_values_that_are_no_numbers_are_refused(folder: Path, value: Any) -> None:
    with pytest.raises(nbyard.Unfit, match="a metric is"):
        nbyard.log_metric("x", value)


def test_integers_beyond_floats_are_refused(folder: Path) -> None:
    for value in (10**400, -(10**5000)):
        with pytest.raises(nbyard.Unfit, match="between -1"):
            nbyard.log_metric("x", value)
    nbyard.log_metric("x", 10**300)
    assert [line["value"] for line in lines(folder)] == [10**300]


@pytest.mark.parametrize("name", ["", "x" * 201, 3])
def test_a_name_is_text(folder: Path, name: Any) -> None:
    with pytest.raises(nbyard.Unfit, match="at most 200 characters"):
        nbyard.log_metric(name, 1)


def test_the_file_is_thinned_and_then_stops_growing(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metric_function, "SPARSE", ((6000, 0), (3000, 10)))
    monkeypatch.setattr(metric_function, "_counts", Counter())
    for step in range(10_000):
        nbyard.log_metric("x", step, step)
    steps = [line["step"] for line in lines(folder)]
    assert 5900 < (folder / "metrics.jsonl").stat().st_size < 6200
    assert steps[:3] == [0, 1, 2] and steps[-1] - steps[-2] == 10 and steps[-1] > 400


def test_outside_of_a_run_metrics_are_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NBYARD_ATTEMPT", raising=False)
    monkeypatch.chdir(tmp_path)
    nbyard.log_metric("x", 1)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_loses_only_the_line(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NBYARD_ATTEMPT", str(tmp_path / "file"))
    nbyard.log_metric("x", 1)
