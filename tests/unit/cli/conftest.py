"""A script that the tests of the command line run."""

import json

import pytest

from nbyard.yard import Yard


@pytest.fixture
def echo(yard: Yard) -> str:
    """A script that prints its option."""
    root = yard.context.files.root
    (root / "echo.py").write_text("import sys\nprint(sys.argv[1:])\n")
    argument = {"name": "word", "default": "x", "reach": {"kind": "option", "flag": "--word"}}
    count = {"name": "n", "type": "int", "default": 1, "reach": {"kind": "option", "flag": "-n"}}
    description = {"version": 1, "arguments": [argument, count]}
    (root / "echo.py.nbexec").write_text(json.dumps(description))
    return "./echo.py"
