"""Inputs and outputs of a function are read from source."""

import os

import msgspec
import pytest

from nbyard.domain.arguments.structs import Argument
from nbyard.domain.inspection.functions import (
    FunctionPath,
    Signature,
    is_function,
    read_function,
    split_function_path,
)
from nbyard.errors import Invalid

UNSET = msgspec.UNSET


def read(source: str, name: str = "f") -> Signature:
    return read_function(source.encode(), f"steps.py::{name}")


def by_name(source: str, name: str = "f") -> dict[str, Argument]:
    return {argument.name: argument for argument in read(source, name).arguments}


@pytest.mark.parametrize(
    ("path", "file", "function"),
    [
        ("steps.py::clean", "steps.py", "clean"),
        ("a/b::c/steps.PY::clean", "a/b::c/steps.PY", "clean"),
        ("steps.py::", "steps.py", ""),
        ("steps.py", "steps.py", ""),
        ("steps.py::a.b", "steps.py::a.b", ""),
        ("table.csv::clean", "table.csv::clean", ""),
        ("::clean", "::clean", ""),
    ],
)
def test_a_function_has_one_spelling(path: str, file: str, function: str) -> None:
    assert split_function_path(path) == FunctionPath(file, function)
    assert is_function(path) == (path != file)


def test_parameters_are_typed_by_annotation_or_default() -> None:
    found = by_name(
        "SIZE = 2 + 2\n"
        "def f(a: int, b: float = 0.5, c='x', d: bool = True, e: list[int] | None = None,"
        " g=SIZE, h=open('x'), *, i: dict): pass"
    )
    types = {name: (one.role, one.type) for name, one in found.items()}
    assert types == {
        "a": ("value", "int"),
        "b": ("value", "float"),
        "c": ("value", "string"),
        "d": ("value", "bool"),
        "e": ("value", "list"),
        "g": ("value", "int"),
        "h": ("value", "json"),
        "i": ("value", "json"),
    }
    assert [name for name, one in found.items() if one.required] == ["a", "i"]
    assert (found["e"].nullable, found["g"].default, found["h"].default) == (True, 4, UNSET)


def test_paths_are_files() -> None:
    found = by_name(
        "from pathlib import Path\n"
        "def f(table_csv: Path, out: Path, prefix: Path, more=Path('a') / 'b.json',"
        " name: str = 'input.csv'): pass"
    )
    assert [(one.role, one.format) for one in found.values()] == [
        ("input", "csv"),
        ("output", ""),
        ("input", ""),
        ("input", "json"),
        ("value", ""),
    ]
    assert found["more"].default == "a/b.json"


@pytest.mark.parametrize(
    ("source", "outputs"),
    [
        ("def f(): pass", {}),
        ("def f(): return", {}),
        ("def f(): return None", {}),
        ("def f() -> None: ...", {}),
        ("def f():\n  def g(): return 1\n  h = lambda: 2", {}),
        ("def f(): return 1", {"result": "json"}),
        ("def f() -> str: ...", {"result": "txt"}),
        ("def f() -> 'str': ...", {"result": "txt"}),
        ("def f() -> bytes: ...", {"result": ""}),
        ("def f() -> pathlib.Path: ...", {"result": ""}),
        ("def f() -> list[str]: ...", {"result": "json"}),
        ("@nbyard.executable\ndef f() -> str: ...", {"result": "txt"}),
        ("@executable()\ndef f() -> str: ...", {"result": "txt"}),
        ("@nbyard.executable(outputs={'a': 'csv', 'b': ''})\ndef f(): ...", {"a": "csv", "b": ""}),
        ("O = {'a': 'csv'}\n@executable(outputs=O)\ndef f(): ...", {"a": "csv"}),
        ("@executable(outputs={})\ndef f(): return 1", {}),
        ("@other(outputs={'a': 'csv'})\ndef f(): return 1", {"result": "json"}),
    ],
)
def test_returned_values_are_outputs(source: str, outputs: dict[str, str]) -> None:
    assert {name: one.format for name, one in by_name(source).items()} == outputs


def test_an_output_may_be_a_parameter() -> None:
    found = by_name("@executable(outputs={'out': 'csv'})\ndef f(n: int, out): ...")
    assert [(one.name, one.role, one.format) for one in found.values()] == [
        ("n", "value", ""),
        ("out", "output", "csv"),
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("def f(:", "line 1"),
        ("def g(): ...", "has no function 'f'; it has: g"),
        ("class A:\n  def f(self): ...", "has no function 'f'; it has no functions"),
        ("async def f(): ...", "asynchronous"),
        ("def f(): yield 1", "generator"),
        ("def f(): x = [(yield)]", "generator"),
        ("@executable(outputs=which())\ndef f(): ...", "line 1"),
        (
            "@executable(outputs={'a b': 'csv'})\ndef f(): ...",
            "a plain dictionary of names and formats",
        ),
        ("@executable(outputs={'n': 'csv'})\ndef f(n: int): ...", "a parameter that is not a path"),
        ("@executable(outputs={'a': 1})\ndef f(): ...", "a plain dictionary of names and formats"),
        ("x = " + "(" * 5000, ""),
    ],
)
def test_uncallable_functions_are_refused(source: str, words: str) -> None:
    with pytest.raises(Invalid) as refused:
        read(source)
    assert words in refused.value.message and refused.value.details[0].path


def test_the_last_definition_counts() -> None:
    assert list(by_name("def f(a): ...\ndef f(b): ...")) == ["b"]


def test_left_out_parameters_are_reported() -> None:
    hints = read("def f(*args, **more): ...").hints
    assert [str(hint).split(":")[0] for hint in hints] == [
        "args receives no values",
        "more receives no values",
    ]


def test_reading_never_runs_anything() -> None:
    """HOUSE rule 9."""
    run = "os.system('touch /tmp/nby_canary')"
    read(f"import os\n{run}\ndef f(x={run}): ...")
    assert not os.path.lexists("/tmp/nby_canary")


def test_data_frames_are_files() -> None:
    """Arguments with the annotation of a data frame are read and written as files."""
    source = "def f(table: pd.DataFrame, a: np.ndarray, n: int = 1) -> pl.DataFrame: return table"
    found = {a.name: (a.role, a.format, a.required) for a in read(source, "f").arguments}
    assert found == {
        "table": ("input", "", True),
        "a": ("input", "", True),
        "n": ("value", "", False),
        "result": ("output", "parquet", False),
    }
