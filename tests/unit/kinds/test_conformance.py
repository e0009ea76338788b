"""Our kinds pass what strangers' must."""

import json

import pytest

from nbyard.kinds.command import CommandKind
from nbyard.kinds.container import DockerfileKind
from nbyard.kinds.function import FunctionKind
from nbyard.kinds.notebook import NotebookKind
from nbyard.kinds.protocol import Kind
from nbyard.testing.conformance.kinds import KindConformance


def notebook(source: str) -> bytes:
    cell = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": source}
    return json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}).encode()


class TestNotebookKind(KindConformance):
    good = ("a.ipynb", notebook("x = 1\ny: int"))
    other = notebook("x = 2\ny: int")
    broken = b'{"cells": 1}'
    values = {"y": 2}  # noqa: RUF012

    @pytest.fixture
    def kind(self) -> Kind:
        return NotebookKind()


class TestCommandKind(KindConformance):
    good = ("a.py", b"print(1)")
    other = b"print(2)"

    @pytest.fixture
    def kind(self) -> Kind:
        return CommandKind()


class TestFunctionKind(KindConformance):
    good = ("steps.py::clean", b"def clean(n: int) -> str: return 'x' * n")
    other = b"def clean(n: int) -> str: return 'y' * n"
    broken = b"def clean(:"
    values = {"n": 2}  # noqa: RUF012

    @pytest.fixture
    def kind(self) -> Kind:
        return FunctionKind()


class TestDockerfileKind(KindConformance):
    good = ("Dockerfile", b"FROM a")
    other = b"FROM b"
    broken = b"RUN a"

    @pytest.fixture
    def kind(self) -> Kind:
        return DockerfileKind()
