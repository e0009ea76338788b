"""A Python class described by a model file is an executable."""

import json

import pytest

from nbyard.domain.attempts.structs import CommandWork
from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.errors import Invalid
from nbyard.kinds.model import ModelKind, with_spec_as_file
from nbyard.kinds.protocol import kind_of
from nbyard.testing.conformance.kinds import KindConformance

FILE = b"""
name: Churn
deployment: {mode: http}
src: src
interface: {model_module: model, model_class: M}
input_schema: [{name: x, type: float}]
output_schema: {name: y, type: int}
"""
DATA = {"data": "{attempt}/inputs/data/a.csv", "predictions": "{attempt}/outputs/p/p.parquet"}


class TestModel(KindConformance):
    good = ("nervosum.yaml", FILE)
    other = FILE.replace(b"Churn", b"Other")
    broken = FILE.replace(b"name: Churn", b"nme: Churn")
    values = DATA

    @pytest.fixture
    def kind(self) -> ModelKind:
        return ModelKind()


@pytest.mark.parametrize("name", ["nervosum.yaml", "model.yml", "churn/MLmodel"])
def test_a_model_file_is_known_by_its_name(name):
    assert kind_of(name, b"").name == "model"


def test_a_model_predicts_each_row_of_a_dataset():
    reading = ModelKind().read("nervosum.yaml", FILE)
    assert [(one.name, one.role) for one in reading.arguments] == [
        ("data", "input"),
        ("predictions", "output"),
    ]
    work = ModelKind().work("a/nervosum.yaml", reading, DATA, EnvironmentRef(interpreter="/py"))
    assert isinstance(work, CommandWork)
    assert work.argv[:4] == ["/py", "-m", "nbyard.serving", "nbyard.serving.batch:BatchMode"]
    assert work.argv[4:6] == ["--model", "{attempt}/code/.nbyard/model.json"]
    assert json.loads(with_spec_as_file(reading.command)[1])["class"] == "M"
    assert work.argv[-4:] == ["--input", DATA["data"], "--output", DATA["predictions"]]
    assert work.environment == {"PYTHONPATH": "{attempt}/code/.nbyard"}


def test_many_columns_are_not_on_the_command_line():
    """Linux takes words of 128 KiB."""
    columns = ", ".join(f"{{name: column{n}, type: float}}" for n in range(5000))
    file = FILE.replace(b"{name: x, type: float}", columns.encode())
    reading = ModelKind().read("nervosum.yaml", file)
    work = ModelKind().work("nervosum.yaml", reading, DATA, EnvironmentRef())
    assert isinstance(work, CommandWork)
    assert max(map(len, work.argv)) < 1000
    assert len(json.loads(with_spec_as_file(reading.command)[1])["input_schema"]) == 5000


@pytest.mark.parametrize(
    "command", [[], ["{image}"], ["x", "--model"], ["x", "--model", "{attempt}/mine"]]
)
def test_the_command_of_a_description_is_unchanged(command):
    assert with_spec_as_file(command) == (command, "")


@pytest.mark.parametrize(("values", "field"), [({}, "data"), ({**DATA, "n": 1}, "n")])
def test_unfit_values_are_refused(values, field):
    reading = ModelKind().read("nervosum.yaml", FILE)
    with pytest.raises(Invalid) as caught:
        ModelKind().work("nervosum.yaml", reading, values, EnvironmentRef())
    assert caught.value.details[0].path == f"arguments.{field}"


@pytest.mark.parametrize(
    "source",
    [
        "from impl import *",
        "from impl import A as M",
        "class A: pass\nM: type = A",
        "class A: pass\nN, M = A, A",
        "M, *rest = make()",
        "(M, N), x = make(), 3",
        "M = None\nfor M in classes(): pass",
        "def __getattr__(name): return load(name)",
        "__getattr__, __all__ = attach(__name__)",
        "globals()['M'] = make()",
        "@as_class\ndef M(): pass",
        "if x:\n    class M: pass",
    ],
)
def test_a_module_may_define_its_class_in_any_way(tmp_path, source):
    (tmp_path / "src").mkdir()
    (tmp_path / "src/model.py").write_text(source)
    ModelKind().check_files(tmp_path / "nervosum.yaml", FILE)
