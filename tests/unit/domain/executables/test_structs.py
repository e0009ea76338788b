"""What is asked about executables."""

import json
from pathlib import Path

import msgspec
import pytest

from nbyard.domain.arguments.bindings import Flag, Option
from nbyard.domain.arguments.structs import Argument
from nbyard.domain.executables.structs import (
    ExecutablePatch,
    Inspect,
    NewExecutable,
    Resources,
    TagCell,
    display_name,
)

CALLED = json.loads((Path(__file__).parents[3] / "cases" / "called.json").read_text())


@pytest.mark.parametrize("case", CALLED["cases"], ids=lambda case: case["path"] or "none")
def test_a_file_gets_a_free_name(case):
    """Several Dockerfiles are named after their folders."""
    assert display_name(case["path"]) == case["called"]


def test_arguments_declare_how_they_reach_a_command():
    told = [
        {"name": "alpha", "type": "float", "reach": {"kind": "option", "flag": "-a"}},
        {"name": "fast", "type": "bool", "reach": {"kind": "flag", "flag": "--fast"}},
    ]
    asked = msgspec.convert({"path": "a.sh", "arguments": told}, NewExecutable)
    assert asked.arguments == [
        Argument("alpha", type="float", reach=Option("-a")),
        Argument("fast", type="bool", reach=Flag("--fast")),
    ]
    assert (asked.command, asked.resources) == (None, None), "read from the file"


@pytest.mark.parametrize(
    ("plain", "kind", "words"),
    [
        ({"arguments": [{"name": "a", "reach": {"kind": "shell"}}]}, NewExecutable, "shell"),
        ({"arguments": [{"name": "a", "role": "both"}]}, NewExecutable, "both"),
        ({"comand": []}, NewExecutable, "comand"),
        ({"command": "rm -rf"}, NewExecutable, "array"),
        ({"resources": {"gpus": 1}}, NewExecutable, "gpus"),
        ({"revision": 1, "path": "b"}, ExecutablePatch, "path"),
        ({"name": "x"}, ExecutablePatch, "revision"),
        ({"file": "x"}, Inspect, "file"),
        ({"path": "x", "cell": "0"}, TagCell, "cell"),
        ({"memory_bytes": 0.5}, Resources, "memory_bytes"),
    ],
)
def test_a_wrong_field_is_refused_by_name(plain, kind, words):
    with pytest.raises(msgspec.ValidationError, match=words):
        msgspec.convert(plain, kind)


def test_unset_resources_are_omitted():
    assert msgspec.to_builtins(Resources(cpu=0.5)) == {"cpu": 0.5}
    patch = msgspec.convert({"revision": 1, "command": []}, ExecutablePatch)
    assert (patch.command, patch.arguments) == ([], msgspec.UNSET)
