"""Files that pickle or joblib wrote, in the image of their model."""

import importlib.util
import json
import pickle
import sys
from pathlib import Path
from typing import Any

import joblib
import pytest

from nbyard.domain.models.model_classes import read_class
from nbyard.serving.models import Predictor, load_model, read_pickle, read_spec

TOLD: dict[str, Any] = {"name": "m", "version": "1", "flavour": "pickle", "src": "."}
TOLD |= {"module": "", "class": "", "file": "model.joblib", "metadata": {}}
COLUMNS = {"input_schema": [{"name": "x", "type": "int"}]}
COLUMNS["output_schema"] = COLUMNS["input_schema"]
MODULE = "class Twice:\n    def predict(self, frame):\n        return frame * 2\n"


@pytest.mark.parametrize("compress", [0, 3])
def test_files_of_joblib_are_read_also_if_compressed(tmp_path: Path, compress: int) -> None:
    joblib.dump({"a": 1}, tmp_path / "m", compress=compress)
    assert read_pickle(str(tmp_path / "m")) == {"a": 1}


@pytest.mark.parametrize("has_joblib", [True, False])
def test_files_of_pickle_are_read_with_and_without_joblib(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_joblib: bool
) -> None:
    if not has_joblib:
        monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    (tmp_path / "m").write_bytes(pickle.dumps({"a": 1}))
    assert read_pickle(str(tmp_path / "m")) == {"a": 1}


def test_a_package_is_loaded_with_the_modules_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "twice_as_much.py").write_text(MODULE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "model.joblib").write_bytes(b"\x80\x04\x8c\rtwice_as_much\x8c\x05Twice\x93)\x81.")
    model = load_model(read_spec(json.dumps(TOLD | COLUMNS), str(tmp_path)))
    assert model.predict(2) == 4


BY_ROW = """
from dataclasses import dataclass

@dataclass
class Price:
    price: float
    note: str | None

class Prices:
    def predict(self, menge: float, tag: str | None, rabatt: float = 0.5):
        if ANSWER == "value":
            return menge * rabatt
        return Price(menge * rabatt, tag) if ANSWER == "object" else {"price": rabatt, "note": tag}
"""


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("value", [[1.0, 6.0]]),
        ("object", [[1.0, 6.0], ["a", None]]),
        ("dict", [[0.5, 2.0], ["a", None]]),
    ],
)
def test_a_typed_predict_is_called_with_the_values_of_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, expected: list[list[Any]]
) -> None:
    """A missing value is left out where the parameter has a default, and None elsewhere."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    (tmp_path / f"by_row_{answer}.py").write_text(f"ANSWER = {answer!r}\n{BY_ROW}")
    outputs = [
        {"name": "price", "type": "float"},
        {"name": "note", "type": "str", "nullable": True},
    ]
    told = TOLD | {"flavour": "row", "module": f"by_row_{answer}", "class": "Prices"}
    told["input_schema"] = [
        {"name": "menge", "type": "float"},
        {"name": "tag", "type": "str", "nullable": True},
        {"name": "rabatt", "type": "float", "nullable": True},
    ]
    told["output_schema"] = outputs[: len(expected)]
    spec = read_spec(json.dumps(told), str(tmp_path))
    predict = Predictor(spec, load_model(spec))
    records = [{"menge": 2, "tag": "a"}, {"menge": 3, "tag": None, "rabatt": 2}]
    assert predict(spec.inputs.read(records)) == expected


BY_RECORD = """
from __future__ import annotations
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypedDict

@dataclass
class Plain:
    menge: int
    ort: str = "Ulm"

class Typed(TypedDict):
    menge: int
    ort: str

class Named(NamedTuple):
    menge: int
    ort: str = "Ulm"

class Prices:
    def predict(self, rows: {kind}) -> list[float]:
        if isinstance(rows, list):
            return [self.price(row) for row in rows]
        return self.price(rows)

    def price(self, row):
        menge, ort = row.values() if isinstance(row, dict) else (row.menge, row.ort)
        return menge * len(ort or "Ulm")
"""


@pytest.mark.parametrize("kind", ["list[Plain]", "Sequence[Typed]", "list[Named]", "Named"])
def test_a_predict_of_records_is_called_with_records(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """The class of the rows is a dataclass, a TypedDict or a named tuple."""
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    name = f"by_record_{kind.replace('[', '_').strip(']')}"
    text = BY_RECORD.replace("{kind}", kind)
    (tmp_path / f"{name}.py").write_text(text)
    found = read_class(text.encode(), f"{name}.py", "Prices")
    assert [column.name for column in found.inputs] == ["menge", "ort"]
    assert found.inputs[1].nullable == ("Typed" not in kind)
    told = TOLD | {"flavour": found.flavour, "module": name, "class": "Prices"}
    told["input_schema"] = [
        {"name": "menge", "type": "int"},
        {"name": "ort", "type": "str", "nullable": True},
    ]
    told["output_schema"] = [{"name": "price", "type": "float"}]
    spec = read_spec(json.dumps(told), str(tmp_path))
    records = [{"menge": 2, "ort": "Köln"}, {"menge": 3, "ort": None}]
    assert Predictor(spec, load_model(spec))(spec.inputs.read(records)) == [[8.0, 9.0]]


def test_an_object_with_a_typed_predict_is_called_with_the_values_of_each_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "by_row_pickled.py").write_text(f"ANSWER = 'value'\n{BY_ROW.replace('| None', '')}")
    (tmp_path / "model.joblib").write_bytes(
        b"\x80\x04\x8c\x0eby_row_pickled\x8c\x06Prices\x93)\x81."
    )
    columns = {
        "input_schema": [{"name": "menge", "type": "float"}, {"name": "tag", "type": "str"}],
        "output_schema": [{"name": "price", "type": "float"}],
    }
    spec = read_spec(json.dumps(TOLD | columns), str(tmp_path))
    predict = Predictor(spec, load_model(spec))
    assert predict(spec.inputs.read([{"menge": 2, "tag": "a"}])) == [[1.0]]
