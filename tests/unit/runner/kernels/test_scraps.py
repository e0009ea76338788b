"""Numbers that notebooks glue with scrapbook are metrics."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from nbyard.runner.kernels.session import numbers_of, record_scraps

from .test_session import session_in


def scrap(name: Any, data: Any, encoder: str = "json") -> dict[str, Any]:
    """The output of `scrapbook.glue`, version 0.5."""
    value = {"name": name, "data": data, "encoder": encoder, "version": 1}
    return {
        "output_type": "display_data",
        "data": {f"application/scrapbook.scrap.{encoder}+json": value},
        "metadata": {"scrapbook": {"name": name, "data": True, "display": False}},
    }


def points(folder: Path) -> list[tuple[str, Any]]:
    lines = (folder / "metrics.jsonl").read_text().splitlines()
    return [(line["name"], line["value"]) for line in map(json.loads, lines)]


def test_numbers_are_recorded_in_order(tmp_path: Path) -> None:
    outputs = [
        {"output_type": "stream", "name": "stdout", "text": "0.5"},
        scrap("auc", 0.91),
        {"output_type": "execute_result", "data": {"text/plain": "1"}},
        scrap("rows", 12),
        scrap("auc", math.inf),
    ]
    record_scraps(str(tmp_path), outputs)
    assert points(tmp_path) == [("auc", 0.91), ("rows", 12), ("auc", "inf")]


@pytest.mark.parametrize(
    "output",
    [
        scrap("text", "0.5", "text"),
        scrap("flag", True),
        scrap("list", [1, 2]),
        scrap("nothing", None),
        scrap("", 1),
        scrap("x" * 201, 1),
        scrap(3, 1),
        {"data": {"application/scrapbook.scrap.json+json": "text"}},
        {"output_type": "error"},
    ],
)
def test_other_scraps_are_no_metrics(output: dict[str, Any]) -> None:
    assert [*numbers_of([output])] == []


def test_integers_beyond_floats_stay_in_the_notebook(tmp_path: Path) -> None:
    record_scraps(str(tmp_path), [scrap("big", 10**400), scrap("auc", 0.5)])
    assert points(tmp_path) == [("auc", 0.5)]


def test_scraps_are_recorded_after_each_cell(tmp_path: Path) -> None:
    session = session_in(tmp_path)
    reply = {"content": {"payload": [{"source": "ask_exit"}]}}
    session.client.on_cell_executed(cell={"outputs": [scrap("auc", 0.5)]}, execute_reply=reply)
    assert points(tmp_path) == [("auc", 0.5)] and session.has_exited
