"""Arguments of a Dockerfile without a description."""

import json
from types import SimpleNamespace as Some
from unittest.mock import Mock

import click
import pytest

from nbyard.cli.commands import run_dockerfile
from nbyard.cli.commands.run_dockerfile import (
    _clear,
    _executables,
    _image,
    _run_of,
    arguments_of_values,
    check_target,
)
from nbyard.domain.images.structs import NewImage
from nbyard.errors import Unavailable


def test_arguments_reach_the_program():
    given = {"n": 3, "on": True, "x": 0.5, "name": "a", "many": [1], "none": None}
    found = arguments_of_values(given, {"data": "a.csv"}, has_output=True)
    types = {one.name: one.type for one in found if one.role == "value"}
    assert types == {
        "n": "int",
        "on": "bool",
        "x": "float",
        "name": "string",
        "many": "json",
        "none": "json",
    }
    assert [(one.name, one.role) for one in found[-2:]] == [("data", "input"), ("output", "output")]
    assert arguments_of_values({}, {}, has_output=False) == []


def test_values_are_passed_as_typed():
    """`-p n=3` becomes `--n 3`, together with other values and files."""
    wish = {"parameters": '{"on": true}', "params": ("n=3",), "inputs": ("data=a.csv",)}
    body = _run_of("Dockerfile", wish | {"output": "", "gpu": False})
    assert (body.parameters, body.texts) == ({"on": True}, {"n": "3", "data": "a.csv"})
    roles = [(one.name, one.role, one.type) for one in body.arguments]
    assert roles[:2] == [("n", "value", "string"), ("on", "value", "bool")]
    assert [one[:2] for one in roles[2:]] == [("data", "input")]


@pytest.mark.parametrize(
    "words", [["--priority", "0"], ["--only", "a"], ["--pin", "a=1"], ["--save-files"]]
)
def test_options_without_meaning_for_a_dockerfile_are_refused(shell, words):
    said = shell("run", "-f", "Dockerfile", *words)
    assert said.code == 2 and f"{words[0]} cannot be used" in said.err


def test_an_unwritable_output_is_refused_before_the_build(tmp_path):
    for fine in ("", "-", "out.csv", f"{tmp_path}/out.csv"):
        check_target(fine)
    with pytest.raises(click.UsageError, match="its folder is missing"):
        check_target(f"{tmp_path}/none/out.csv")


def test_missing_files_are_refused_before_the_build(shell, yard):
    (yard.context.files.root / "Dockerfile").write_text('FROM x\nENTRYPOINT ["y"]\n')
    said = shell("run", "-f", "Dockerfile", "--input-file", "x=missing.csv")
    assert said.code == 2 and "artifact 'missing.csv'" in said.err
    assert shell("images", "ls", "--json").json["items"] == []


@pytest.mark.parametrize("program", ["ENTRYPOINT echo ran; true", "CMD echo ran"])
def test_a_shell_that_drops_arguments_is_refused_with_its_line(shell, yard, program):
    """The refusal comes before the build."""
    (yard.context.files.root / "Dockerfile").write_text(f"FROM x\n{program}\n")
    said = shell("run", "-f", "Dockerfile", "--parameters", '{"n": 1}')
    assert said.code == 2 and "Dockerfile, line 2: " in said.err and '["program"' in said.err
    assert shell("images", "ls", "--json").json["items"] == []


def test_with_a_description_undeclared_parameters_are_refused(shell, yard):
    (yard.context.files.root / "Dockerfile").write_text('FROM a\nENTRYPOINT ["a"]\n')
    description = {"version": 1, "arguments": [{"name": "n", "type": "int"}]}
    (yard.context.files.root / "Dockerfile.nbexec").write_text(json.dumps(description))
    said = shell("run", "-f", "Dockerfile", "-p", "m=3")
    assert said.code == 2 and "-p m: root" in said.err
    assert shell("images", "ls", "--json").json["items"] == []


def test_an_invalid_dockerfile_names_its_path_once(shell, yard):
    (yard.context.files.root / "Dockerfile").write_text("RUN x\n")
    said = shell("run", "-f", "Dockerfile")
    assert said.code == 2 and "path: Dockerfile is not" in said.err
    assert "path: path" not in said.err


def test_a_single_option_requests_a_gpu():
    wish = {"parameters": "{}", "params": (), "inputs": (), "output": ""}
    assert [_run_of("Dockerfile", wish | {"gpu": gpu}).gpu for gpu in (True, False)] == [1, None]


def test_missing_gpus_are_refused(shell, yard):
    (yard.context.files.root / "Dockerfile").write_text("FROM x\n")
    said = shell("run", "-f", "Dockerfile", "--gpu")
    assert said.code == 1 and "No GPU is available" in said.err


def test_only_the_temporary_executable_is_deleted():
    connection, run = Mock(), Mock(id="r")
    pages = [Some(items=[Some(id="a")], next="x"), Some(items=[Some(id="b")], next=None)]
    connection.executables.list.side_effect = pages
    known = _executables(connection)
    assert known == {"a", "b"}
    for used in ("b", "c"):
        tasks = [Some(executable_id=used), Some(executable_id="")]
        connection.runs.get.return_value = Some(run=Some(state="failed"), tasks=tasks)
        _clear(connection, run, known)
    connection.executables.delete.assert_called_once_with(executable="c")


def test_a_failed_image_deletion_is_not_reported_as_done(monkeypatch, capsys):
    """The record, which is deleted first, is not reported as deleted either."""
    monkeypatch.setattr(run_dockerfile, "wait_for_image", Mock(return_value=Some(state="ready")))
    connection, run = Mock(), Mock(id="r")
    connection.runs.get.return_value = Some(run=Some(state="failed"), tasks=[])
    connection.images.delete.side_effect = Unavailable("the engine is away")
    with pytest.raises(Unavailable), _image(connection, NewImage(tag="t")):
        _clear(connection, run, known=set())
    assert capsys.readouterr().err == "The record of the run was deleted.\n"
    connection.images.delete.side_effect = None
    with _image(connection, NewImage(tag="t")):
        pass
    assert capsys.readouterr().err == "The image was deleted.\n"
