"""A pickled model is probed for its inputs and outputs in a process of its own."""

import errno
import os
import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from nbyard.domain.models.model_probes import KnownTable, ReportedModel
from nbyard.domain.models.structs import ModelColumn
from nbyard.errors import Invalid
from nbyard.host.model_probe import Question, probe_model
from nbyard.images.model_images import serving_sources
from nbyard.serving.model_probe import lacks_memory

pytestmark = pytest.mark.sample(1)

FRAME = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "b": [1, 2, 3, 5]})
KINDS = ["x", "y", "x", "y"]
COLUMNS = [ModelColumn("b", "int"), ModelColumn("a", "float"), ModelColumn("kind", "str")]
TABLE = KnownTable("t.csv", COLUMNS, ["b", "a", "kind"], [[None, 1.0, "x"], [2, 2.0, "y"]])
HOLEY = KnownTable(
    "h.csv",
    [ModelColumn("a", "float", True), ModelColumn("b", "float", True)],
    ["a", "b"],
    [[None, 1.0], [2.0, 2.0]],
)
Looked = Callable[..., ReportedModel]


@pytest.fixture
def look(tmp_path: Path) -> Looked:
    """Probe a model that was written with one library or the other."""

    def asked(model: Any, *tables: KnownTable, name: str = "joblib", **more: Any) -> ReportedModel:
        file, code = tmp_path / f"model.{name}", tmp_path / "code"
        code.mkdir(exist_ok=True)
        if isinstance(model, bytes):
            file.write_bytes(model)
        elif name == "pickle":
            file.write_bytes(pickle.dumps(model))
        else:
            joblib.dump(model, file, compress=3 if name == "gz" else 0)
        question = Question(file, code, tables, serving_sources())
        return probe_model(question, sys.executable, {}, **more)

    return asked


def classifier() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression()).fit(FRAME, KINDS)


@pytest.mark.parametrize("name", ["joblib", "gz", "pickle"])
def test_classifier_has_columns_packages_and_a_sample(look: Looked, name: str) -> None:
    told = look(classifier(), TABLE, name=name)
    assert told.inputs == [ModelColumn("a", "float"), ModelColumn("b", "int")]
    assert told.outputs == [ModelColumn("prediction", "str")]
    assert (told.sample, told.table) == ({"a": 2.0, "b": 2}, 0)
    assert told.classes == ["x", "y"]
    names = {line.partition("==")[0] for line in told.requirements}
    written = {"numpy", "scikit-learn"} | (set() if name == "pickle" else {"joblib"})
    assert written <= names <= written | {"scipy"}
    assert (told.files, told.elsewhere, told.unknown) == ([], [], [])


@pytest.mark.long
def test_columns_are_numbers_without_a_table(look: Looked) -> None:
    told = look(LinearRegression().fit(FRAME, [1.0, 2.0, 3.0, 4.0]))
    assert told.inputs == [ModelColumn("a", "float"), ModelColumn("b", "float")]
    assert (told.outputs, told.sample) == ([ModelColumn("prediction", "float")], {})
    assert (told.classes, told.table) == (None, None)


@pytest.mark.long
def test_columns_with_missing_values_are_nullable_if_the_model_allows(look: Looked) -> None:
    from sklearn.ensemble import HistGradientBoostingRegressor

    grown = HistGradientBoostingRegressor(max_iter=2).fit(FRAME, [1.0, 2.0, 3.0, 4.0])
    assert [one.nullable for one in look(grown, HOLEY).inputs] == [True, True]
    assert [one.nullable for one in look(classifier(), HOLEY).inputs] == [False, False]


MODULE = """
import statistics
import near

class Sorter:
    input_schema = {"x": float}
    output_schema = [{"name": "y", "type": "int"}]

    def predict(self, frame):
        import later
        return [near.sign(one) for one in frame["x"]]
"""


def test_needed_modules_beside_the_code_are_included(
    look: Looked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = tmp_path / "code"
    code.mkdir()
    (code / "sorting.py").write_text(MODULE)
    (code / "near.py").write_text("import msgspec\ndef sign(x): return int(x > 0)\n")
    (code / "later.py").write_text("")
    (code / "other.py").write_text("")
    monkeypatch.syspath_prepend(str(code))
    import sorting  # type: ignore[import-not-found]

    told = look(sorting.Sorter(), name="pickle")
    assert told.inputs == [ModelColumn("x", "float")]
    assert told.outputs == [ModelColumn("y", "int")]
    assert told.files == ["later.py", "near.py", "sorting.py"]
    assert [line.partition("==")[0] for line in told.requirements] == ["msgspec"]


PRICES = """
class Price:
    def __init__(self, unit):
        self.unit = unit

    def predict(self, menge: float, rabatt: "float" = 0.0) -> float:
        return self.unit * menge * (1 - rabatt)
"""


def test_a_typed_predict_of_an_object_names_its_columns(
    look: Looked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code/prices.py").write_text(PRICES)
    monkeypatch.syspath_prepend(str(tmp_path / "code"))
    import prices  # type: ignore[import-not-found]

    told = look(prices.Price(2.0), name="pickle")
    assert told.inputs == [ModelColumn("menge", "float"), ModelColumn("rabatt", "float", True)]
    assert told.outputs == [ModelColumn("prediction", "float")]
    assert told.files == ["prices.py"]


NAMED_HERE = b"\x80\x04\x8c\x08__main__\x8c\x05Model\x93)\x81."
MISSING = b"\x80\x04\x8c\x0bno_such_mod\x8c\x05Model\x93)\x81."


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ({"a": 1}, "the file contains a dict, which has no method predict"),
        (b"\x80\x04 and nothing that is one", "neither pickle nor joblib can read"),
        (NAMED_HERE, "Model is defined in the notebook or script itself"),
        (MISSING, "the module no_such_mod was not found by the interpreter"),
        (LogisticRegression().fit(FRAME.to_numpy(), KINDS), "has no feature_names_in_"),
    ],
)
def test_model_without_known_columns_is_refused_with_a_way_out(
    look: Looked, model: Any, words: str
) -> None:
    with pytest.raises(Invalid) as caught:
        look(model, name="pickle")
    assert caught.value.details[0].path == "output"
    assert words in caught.value.message
    assert "write a model file" in caught.value.hint


@pytest.mark.long
def test_failing_prediction_names_the_row(look: Looked) -> None:
    texts = KnownTable(
        "words.csv", [ModelColumn(n, "str") for n in "ab"], ["a", "b"], [["no", "number"]]
    )
    with pytest.raises(Invalid, match=r"a row of words\.csv: .*"):
        look(classifier(), texts)


def test_probe_is_limited_in_time_and_memory(look: Looked) -> None:
    with pytest.raises(Invalid, match=r"more than 0\.01 s"):
        look(classifier(), seconds=0.01)
    with pytest.raises(Invalid, match="memory"):
        look(classifier(), memory_bytes=120 << 20)


@pytest.mark.parametrize(
    "error",
    [
        ImportError("x.so: failed to map segment from shared object"),
        ImportError("x.so: cannot create shared object descriptor: Cannot allocate memory"),
        OSError(errno.ENOMEM, os.strerror(errno.ENOMEM)),
        RuntimeError("can't start new thread"),
    ],
)
def test_all_memory_errors_are_recognized(error: Exception) -> None:
    assert lacks_memory(error)
    assert not lacks_memory(ImportError("x.so: cannot open shared object file"))


def test_missing_interpreter_is_reported(tmp_path: Path) -> None:
    question = Question(tmp_path / "m", tmp_path, [], {})
    with pytest.raises(Invalid, match="cannot be started"):
        probe_model(question, str(tmp_path / "python"), {})


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("{", "the result of inspecting the model cannot be read"),
        ('{"inputs": 1}', "the result of inspecting the model cannot be read"),
        (
            '{"inputs": [{"name": "x", "type": "int"}, {"name": "x", "type": "int"}],'
            ' "outputs": [], "sample": {}, "table": null, "classes": null, "requirements": [],'
            ' "elsewhere": [], "unknown": [], "files": []}',
            "'x' appears twice",
        ),
    ],
)
def test_answer_of_the_probe_is_validated(tmp_path: Path, answer: str, words: str) -> None:
    text = f"import pathlib, sys\npathlib.Path(sys.argv[2]).write_text({answer!r})\n"
    stub = {"nbyard/__init__.py": "", "nbyard/serving/__init__.py": ""}
    question = Question(tmp_path, tmp_path, [], stub | {"nbyard/serving/model_probe.py": text})
    with pytest.raises(Invalid, match=words):
        probe_model(question, sys.executable, {})


def test_message_of_a_crashed_probe_is_shown(tmp_path: Path) -> None:
    stub = {"nbyard/__init__.py": "", "nbyard/serving/__init__.py": ""}
    question = Question(tmp_path, tmp_path, [], stub)
    with pytest.raises(Invalid, match=r"No module named nbyard\.serving\.model_probe"):
        probe_model(question, sys.executable, {})
