"""A script that writes a model, and its runs."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nbyard.domain.runs.structs import RunDetail

TRAIN = """
import sys
import joblib
import pandas as pd
from near import fitted

data = pd.read_csv(sys.argv[1])
joblib.dump(fitted(data), sys.argv[2])
"""
NEAR = """
class Means:
    def __init__(self, data):
        self.feature_names_in_ = [name for name in data.columns if name != "kind"]
        self.classes_ = sorted(set(data["kind"]))

    def predict(self, frame):
        return [self.classes_[int(one > 2)] for one in frame["length"]]


def fitted(data):
    return Means(data)
"""
DATA = "length,width,kind\n,1,a\n1.5,2,a\n4,3,b\n"
ARGUMENTS: list[dict[str, Any]] = [
    {"name": "data", "role": "input", "format": "csv", "required": True},
    {"name": "model", "role": "output"},
]


def describe(root: Path, name: str, file_format: str) -> None:
    arguments = [dict(one) for one in ARGUMENTS]
    arguments[1]["format"] = file_format
    for position, one in enumerate(arguments):
        one["reach"] = {"kind": "positional", "position": position}
    (root / f"{name}.nbexec").write_text(json.dumps({"version": 1, "arguments": arguments}))


@pytest.fixture
def models(yard):
    return yard.services.models


@pytest.fixture
def trained(root: Path, finished: Callable[..., RunDetail]) -> Callable[..., RunDetail]:
    """Return a function that runs one script to its end."""

    def run(text: str = TRAIN, file_format: str = "joblib", **more: Any) -> RunDetail:
        (root / "train.py").write_text(text)
        (root / "near.py").write_text(NEAR)
        (root / "unneeded.py").write_text("")
        (root / "flowers.csv").write_text(DATA)
        describe(root, "train.py", file_format)
        detail = finished(path="train.py", texts={"data": "flowers.csv"}, **more)
        assert detail.run.state == "succeeded", [task.reason for task in detail.tasks]
        return detail

    return run
