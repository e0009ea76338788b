"""A class with predict declares its inputs, and none of its code runs."""

import pytest

from nbyard.domain.models.model_classes import read_class
from nbyard.domain.models.structs import ModelColumn
from nbyard.errors import Invalid

ATTRIBUTES = """
import datetime
SHARED = [{"name": "y", "type": "bool", "nullable": True}]


class Churn:
    input_schema = {"age": int, "spent": "float?", "since": datetime.date}
    output_schema = SHARED

    def __init__(self, factor=2, *, near=1):
        self.factor = factor

    def predict(self, frame):
        return frame
"""
ANNOTATED = """
from typing import TypedDict
import numpy as np


class Flower(TypedDict):
    length: float
    width: np.float32


class Kind(TypedDict):
    kind: "int"
    sure: float | None


class Base:
    def predict(self, frame: "DataFrame[Flower]") -> list[Kind]:
        return frame


class Sorter(Base):
    pass
"""


def columns(text: str, name: str = "") -> tuple[list[ModelColumn], list[ModelColumn]]:
    found = read_class(text.encode(), "model.py", name)
    return found.inputs, found.outputs


def test_attributes_declare_the_columns():
    found = read_class(ATTRIBUTES.encode(), "model.py")
    assert (found.name, found.module, found.class_name) == ("Churn", "model", "Churn")
    assert (found.mode, found.src, found.flavour) == ("http", ".", "class")
    assert found.inputs == [
        ModelColumn("age", "int"),
        ModelColumn("spent", "float", True),
        ModelColumn("since", "date"),
    ]
    assert found.outputs == [ModelColumn("y", "bool", True)]


def test_annotations_declare_columns_also_if_inherited():
    inputs, outputs = columns(ANNOTATED, "Sorter")
    assert inputs == [ModelColumn("length", "float"), ModelColumn("width", "float")]
    assert outputs == [ModelColumn("kind", "int"), ModelColumn("sure", "float", True)]


PAIRS = "input_schema = [('x', float)]\n    output_schema = {'name': 'y', 'type': 'int'}"


def test_a_list_of_pairs_and_one_column_are_schemas():
    text = f"class A:\n    {PAIRS}\n    def predict(self, frame): ...\n"
    assert columns(text) == ([ModelColumn("x", "float")], [ModelColumn("y", "int")])


PLAIN = "class A:\n    def predict(self, frame): ...\n"


@pytest.mark.parametrize(
    ("text", "name", "path", "words"),
    [
        ("class A(:", "", "model.py", "line 1"),
        ("x = 1", "", "path", "has no class with a method predict"),
        (PLAIN + PLAIN.replace("A", "B"), "", "class_name", "several classes with predict: A, B"),
        (PLAIN, "C", "class_name", "has no class 'C' at its top level; it has: A"),
        ("class A: pass", "A", "class_name", "A has no method predict"),
        (PLAIN, "", "model.py:A.input_schema", "does not declare the input columns of predict"),
        (
            f"{PLAIN}    input_schema = {{'x': 'int'}}\n",
            "",
            "model.py:A.output_schema",
            "does not declare the output columns of predict",
        ),
        (
            f"{PLAIN}    input_schema = [read()]\n",
            "",
            "model.py:A.input_schema.0",
            "without running the code",
        ),
        (f"{PLAIN}    input_schema = {{'x': 'Frame'}}\n", "", "model.py:A.input_schema.0.type", ""),
        (
            f"class A:\n    def predict(self, frame: '{100_000 * '-'}'): ...\n",
            "",
            "model.py:A.input_schema",
            "does not declare the input columns of predict",
        ),
        (
            "class A:\n    def __init__(self, path, *, size): ...\n"
            "    def predict(self, frame): ...\n",
            "",
            "model.py:A.__init__",
            "needs path, size",
        ),
    ],
)
def test_missing_declarations_are_requested_at_their_place(text, name, path, words):
    with pytest.raises(Invalid) as caught:
        read_class(text.encode(), "model.py", name)
    assert caught.value.details[0].path == path
    assert words in caught.value.message


def test_all_that_is_missing_is_named_at_once_with_lines_to_add():
    with pytest.raises(Invalid) as caught:
        read_class(PLAIN.replace(": ...", ": ...\n    def __init__(self, n): ...").encode(), "a.py")
    assert [detail.path for detail in caught.value.details] == [
        "a.py:A.__init__", "a.py:A.input_schema", "a.py:A.output_schema"
    ]  # fmt: skip
    assert read_class(f"{PLAIN}{added(caught.value)}".encode(), "a.py").inputs


@pytest.mark.parametrize("values", ["menge, preis: int, n=3", "menge: float, preis: int, n=3"])
def test_the_line_to_add_to_a_typed_predict_is_its_signature(values):
    text = f"class A:\n    def predict(self, {values}): ...\n"
    with pytest.raises(Invalid) as caught:
        read_class(text.encode(), "a.py")
    found = read_class(f"class A:\n{added(caught.value)} ...\n".encode(), "a.py")
    assert found.inputs == [
        ModelColumn("menge", "float"),
        ModelColumn("preis", "int"),
        ModelColumn("n", "float", True),
    ]
    assert found.outputs == [ModelColumn("prediction", "float")]


def added(error: Invalid) -> str:
    """The lines of a hint that are to be copied."""
    return "\n".join(line[4:] for line in error.hint.splitlines() if line.startswith("    "))


TYPED = """
from dataclasses import dataclass

@dataclass
class Price:
    price: float
    sure: bool


class A:
    def predict(self, menge: float, tag: "str | None", rabatt: float = 0.0, *, {more}) -> {answer}:
        raise SystemExit("never executed")
"""


@pytest.mark.parametrize(
    ("answer", "columns_of_answer"),
    [
        ("Price", [ModelColumn("price", "float"), ModelColumn("sure", "bool")]),
        ("'int | None'", [ModelColumn("prediction", "int", True)]),
    ],
)
def test_a_typed_predict_takes_the_values_of_a_row(answer, columns_of_answer):
    text = TYPED.format(more="n: np.int64 = 1", answer=answer)
    found = read_class(text.encode(), "a.py", "A")
    assert (found.flavour, found.outputs) == ("row", columns_of_answer)
    assert found.inputs == [
        ModelColumn("menge", "float"),
        ModelColumn("tag", "str", True),
        ModelColumn("rabatt", "float", True),
        ModelColumn("n", "int", True),
    ]


@pytest.mark.parametrize(
    ("parameters", "flavour"),
    [
        ("frame", "class"),
        ("frame: pd.DataFrame, threshold: float = 0.5", "class"),
        ("rows: list[float]", "class"),
        ("menge: float", "row"),
        ("menge, preis", "row"),
    ],
)
def test_the_signature_decides_how_predict_is_called(parameters, flavour):
    text = f"class A:\n    {PAIRS}\n    def predict(self, {parameters}) -> list[float]: ...\n"
    assert read_class(text.encode(), "a.py").flavour == flavour


def test_a_list_of_a_plain_type_declares_the_answer():
    text = "class A:\n    input_schema = {'x': int}\n    def predict(self, f) -> list[float]: ...\n"
    assert columns(text)[1] == [ModelColumn("prediction", "float")]


def test_a_parameter_of_another_type_is_refused():
    with pytest.raises(Invalid, match="not a column type"):
        columns("class A:\n    def predict(self, a: float, b: Decimal) -> float: ...\n")
