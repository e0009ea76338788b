"""Functions as executables."""

import pytest

from nbyard.domain.environments.structs import EnvironmentRef
from nbyard.errors import Invalid
from nbyard.kinds.function import FunctionKind
from nbyard.kinds.protocol import kind_of

KIND = FunctionKind()
SOURCE = b"""
from pathlib import Path
def clean(table: Path, n: int = 1, out: Path = Path("out.csv")) -> str: ...
"""
NAME = "pkg/steps.py::clean"


def test_the_name_of_a_function_sets_the_kind() -> None:
    assert kind_of("steps.py::clean", b"").name == "function"
    assert kind_of("steps.py", b"").name == "command"


def test_a_function_becomes_work() -> None:
    reading = KIND.read(NAME, SOURCE)
    values = {
        "table": "{attempt}/inputs/table/t.csv",
        "n": 2,
        "out": "{attempt}/outputs/out/out.csv",
        "result": "{attempt}/outputs/result/result.txt",
    }
    work = KIND.work(NAME, reading, values, EnvironmentRef(interpreter="/opt/python"))
    assert (work.path, work.function) == ("code/pkg/steps.py", "clean")
    assert work.parameters == {"table": "{attempt}/inputs/table/t.csv", "n": 2}
    assert (work.files, work.interpreter) == (["table"], "/opt/python")
    assert KIND.work(NAME, reading, values, EnvironmentRef(interpreter="python3")).interpreter == ""


def test_values_are_checked() -> None:
    reading = KIND.read(NAME, SOURCE)
    for values in ({}, {"table": "t.csv", "n": "two"}, {"table": 3}):
        with pytest.raises(Invalid):
            KIND.work(NAME, reading, values, EnvironmentRef())
