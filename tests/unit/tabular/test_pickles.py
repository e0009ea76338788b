"""The class of a model is read from its file, which is never loaded."""

import gzip
import pickle
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pandas as pd
import pytest

from nbyard.domain.datasets.previews import ShownModel
from nbyard.tabular.previews import model_in


class Harmful:
    """Creates a file when it is loaded."""

    def __init__(self, path: Path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "model"


@pytest.fixture(scope="module")
def fitted() -> Any:
    # imported late: it takes a second of each worker that collects tests
    from sklearn.linear_model import LinearRegression

    return LinearRegression().fit([[1, 2, 3], [3, 4, 5]], [1, 2])


@pytest.fixture
def pipeline() -> Any:
    """Return a scaler with a regression, not fitted."""
    from sklearn.linear_model import LinearRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    return make_pipeline(StandardScaler(), LinearRegression())


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pickled_model(path, fitted, protocol):
    path.write_bytes(pickle.dumps(fitted, protocol))
    assert model_in(path) == ShownModel("LinearRegression", 3)


@pytest.mark.parametrize("compress", [0, ("zlib", 3), ("gzip", 3)])
def test_a_model_of_joblib(path, fitted, compress):
    joblib.dump(fitted, path, compress=compress)
    found = model_in(path)
    assert found and found.class_name == "LinearRegression"


def test_a_pipeline_is_named_as_a_whole(path, pipeline):
    path.write_bytes(pickle.dumps(pipeline))
    assert model_in(path) == ShownModel("Pipeline")


@pytest.mark.parametrize("names", [["length"], ["length", "depth", "mass"]])
def test_the_names_of_features_are_inputs(path, pipeline, names):
    frame = pd.DataFrame([[float(at + row) for at in range(len(names))] for row in range(4)])
    frame.columns = pd.Index(names)
    model = pipeline.fit(frame, [1, 2, 3, 4])
    joblib.dump(model, path)
    assert model_in(path) == ShownModel("Pipeline", len(names), names)
    path.write_bytes(pickle.dumps(model))
    assert model_in(path) == ShownModel("Pipeline", len(names), names)


def test_only_the_first_of_many_features_are_named(path, pipeline):
    names = [f"f{n}" for n in range(1500)]
    frame = pd.DataFrame(np.ones((2, 1500)), columns=pd.Index(names))
    path.write_bytes(pickle.dumps(pipeline["standardscaler"].fit(frame)))
    assert model_in(path) == ShownModel("StandardScaler", 1500, names[:50])


def test_data_is_no_model(path):
    for value in ([1, 2], {"a": 1}, np.arange(3), pd.DataFrame({"a": [1]}), "text", None):
        path.write_bytes(pickle.dumps(value))
        assert model_in(path) is None


def test_nothing_is_loaded(path, tmp_path):
    trap = tmp_path / "trap"
    path.write_bytes(pickle.dumps(Harmful(trap)))
    model_in(path)
    assert not trap.exists()


def test_invalid_pickles_have_no_preview(path):
    bomb = zlib.compress(b"\0" * 50_000_000)
    for content in (
        b"",
        b"\x80",
        b"\x80\x04\x95",
        b"text\n",
        b"\x78\x9c\0",
        gzip.compress(b"x"),
        bomb,
    ):
        path.write_bytes(content)
        assert model_in(path) is None


def test_invalid_names_are_left_out(path):
    path.write_bytes(b"csklearn.x\n<script>\n.")
    assert model_in(path) is None
