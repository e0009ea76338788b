"""Modules that a worker receives as text."""

import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from nbyard.serving.dask_worker_code import EXPRESSION, WorkerCode

FIRST = "made = []\ndef add(word):\n    made.append(word)\n    return len(made)\n"
LAST = "from .first import add\ndef twice(word):\n    return add(word), add(word)\n"


@pytest.fixture
def modules(tmp_path: Path) -> list[ModuleType]:
    found = []
    for name, text in (("first", FIRST), ("last", LAST)):
        module = ModuleType(f"anywhere.{name}")
        module.__file__ = str(tmp_path / f"{name}.py")
        Path(module.__file__).write_text(text)
        found.append(module)
    return found


def test_a_worker_keeps_the_modules(modules: list[ModuleType]) -> None:
    code = WorkerCode("worker_test", *modules)
    assert eval(EXPRESSION, code.call("twice", "a")) == (1, 2)
    assert eval(EXPRESSION, code.call("twice", "b")) == (3, 4)
    assert sys.modules.pop(code.name).add("c") == 5
    sys.modules.pop(code.name.replace("last", "first"))


def test_changed_code_is_another_module(modules: list[ModuleType]) -> None:
    before = WorkerCode("worker_test", *modules).name
    assert WorkerCode("worker_test", *modules).name == before
    Path(str(modules[0].__file__)).write_text(f"{FIRST}# changed\n")
    assert WorkerCode("worker_test", *modules).name != before


def test_a_call_needs_no_nbyard(modules: list[ModuleType]) -> None:
    call = WorkerCode("worker_test", *modules).call("twice", "a")
    program = f"call = {call!r}\nprint(eval({EXPRESSION!r}, call))"
    command = [sys.executable, "-I", "-S", "-c", program]
    assert subprocess.check_output(command).strip() == b"(1, 2)"
