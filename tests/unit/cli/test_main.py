"""Section 6: exit codes, clean output, errors in one sentence."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from nbyard.cli.all_commands import all_commands
from nbyard.cli.commands import datasets
from nbyard.cli.commands.runs.run_watch import TRACEBACK_LINES, _conclude, explain_failure
from nbyard.cli.generated_commands import GeneratedCommand
from nbyard.cli.main import nbyard
from nbyard.cli.output.errors import print_error
from nbyard.discover import Local
from nbyard.domain.attempts.structs import Failure
from nbyard.domain.doctor import Check, Diagnosis
from nbyard.domain.environments.requirements import read_requirements
from nbyard.domain.paging import Page
from nbyard.errors import Invalid, PolicyRefused, Unavailable
from nbyard.reasons.structs import because
from nbyard.rest.identity import local_name
from nbyard.services.operation_table import table
from nbyard.yard import Yard

from ..store.rows import Rows


def test_all_missing_parameters_are_named(shell, yard):
    """This also holds if one message covers several."""
    root = yard.context.files.root
    (root / "join.py").write_text("print(1)\n")
    reaches = [{"kind": "positional", "position": place} for place in (0, 1)]
    told = [
        {"name": name, "role": "input", "required": True, "reach": reach}
        for name, reach in zip(("left", "right"), reaches, strict=True)
    ]
    (root / "join.py.nbexec").write_text(json.dumps({"version": 1, "arguments": told}))
    said = shell("run", "./join.py")
    assert said.code == 2
    for name in ("left", "right"):
        assert f"-p {name}: " in said.err
    flow = {name: {"type": "int"} for name in ("first", "second")}
    bound = {"n": {"parameter": "first"}, "word": {"parameter": "second"}}
    node = {"type": "executable", "path": "echo.py", "arguments": bound}
    document = {"version": 1, "meta": {"parameters": flow}, "nodes": {"a": node}}
    (root / "echo.py").write_text("print(1)\n")
    values = [{"name": n, "reach": {"kind": "variable", "name": n.upper()}} for n in bound]
    (root / "echo.py.nbexec").write_text(json.dumps({"version": 1, "arguments": values}))
    (root / "f.nbflow").write_text(json.dumps(document))
    said = shell("run", "f.nbflow")
    assert said.code == 2
    assert "-p first: " in said.err
    assert "-p second: " in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "./echo.py", "-p", "wrod=1"),
        ("run", "./echo.py", "-p", "n=many"),
        ("run", "./echo.py", "-p", "word"),
        ("run", "./echo.py", "-p", "=1"),
        ("run", "./echo.py", "-p", "word=1", "-p", "word=2"),
        ("run", "./echo.py", "--pin", "main"),
        ("run", "./echo.py", "--pin", "main=7"),
        ("run", "./echo.py", "-p", "word=\udcff"),
        ("run", "./echo.py", "-p", "x = 1\nimport os=2"),
        ("run", "./echo.py", "--runtime", "nowhere"),
        ("run", "./echo.py", "--name", "a/b"),
        ("run",),
        ("run", "./echo.py", "--no-such-option"),
        ("no-such-noun",),
        ("runs", "no-such-verb"),
        ("runs", "ls", "--limit", "many"),
        ("runs", "ls", "--limit", "0"),
        ("runs", "ls", "--limit", "99999999999999999999"),
        ("datasets", "preview", "x", "--offset", "99999999999999999999"),
        ("datasets", "show", "\udcff"),
        ("datasets", "add", "/proc/self/environ"),
        ("datasets", "add", "/dev/stdin"),
        ("datasets", "add", "http://127.0.0.1:22/"),
        ("--server", "1"),
    ],
)
def test_usage(shell, echo, arguments):
    """2, one sentence, nothing on standard output, nothing stored."""
    said = shell(*arguments)
    assert (said.code, said.out) == (2, "")
    assert said.err
    assert "Traceback" not in said.err
    assert shell("runs", "ls", "--json").json["items"] == []


@pytest.mark.parametrize("noun", ["dataset", "executable", "workflow", "run"])
def test_nouns_may_be_singular(shell, noun):
    if noun == "run":
        return  # `nbyard run` starts one
    assert shell(noun, "ls", "--json").json["items"] == []
    assert shell(f"{noun}s", "ls", "--json").json["items"] == []


def test_missing_files_are_reported(shell):
    said = shell("datasets", "show", "none")
    assert (said.code, said.out) == (3, "")
    assert said.err == "Error: There is no dataset 'none'.\n"
    assert shell("runs", "cancel", "none").code == 3


def test_a_server_that_does_not_answer(shell):
    assert shell("runs", "ls", "--server", "http://127.0.0.1:9").code == 5
    assert shell("runs", "ls", "--server", "9").code == 5
    assert shell("runs", "ls", "--server", "nine").code == 2


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("in.ipynb", "-p", "alpha", "1"), "-p alpha: write NAME=VALUE"),
        (("in.ipynb", "out.ipynb"), "The run keeps the executed notebook"),
        (
            ("in.ipynb", "-f", "params.yaml"),
            "-f builds a Dockerfile. Set values with -p NAME=VALUE",
        ),
    ],
)
def test_papermill_options_suggest_those_of_nbyard(shell, words, told):
    said = shell("run", *words)
    assert said.code == 2 and told in said.err


def test_the_failed_notebook_cell_is_shown(capsys):
    """What lies between it and the error is of libraries."""

    def telling(lines: list[str]) -> list[str]:
        failure = Failure("error", because("text", text="no key"), traceback="\n".join(lines))
        task: Any = SimpleNamespace(
            node="main", title="main", failure=failure, attempts=[], missing=None
        )
        explain_failure(7, task, "", is_kept=False)
        first, *said = capsys.readouterr().err.splitlines()
        assert first == "main failed: no key"
        return [line.removeprefix("  ") for line in said]

    library = [f"File library.py:{n}" for n in range(30)]
    whole = ["KeyError", "Cell In[2], line 1", "----> 1 frame['x']", *library, "KeyError: 'x'"]
    told = telling(whole)
    assert len(told) <= TRACEBACK_LINES + 1
    assert "----> 1 frame['x']" in told
    assert told[-1] == "KeyError: 'x'"
    coloured = [
        line.replace("Cell In", "\x1b[36mCell\x1b[39m\x1b[36m \x1b[32mIn") for line in whole
    ]
    assert "----> 1 frame['x']" in telling(coloured)
    assert telling(whole[:5]) == whole[:5]
    assert telling(library) == library[-TRACEBACK_LINES:]


def test_executables_by_hand(shell, echo):
    said = shell("executables", "add", echo)
    assert said.code == 0
    assert "word" in said.err
    assert shell("executables", "inspect", echo, "--json").json["kind"] == "command"
    assert shell("executables", "help", echo, "--json").json["kind"] == "command"
    assert shell("executable", "show", "echo", "--json").json["id"] == said.out.strip()
    shown = shell("executables", "show", "echo").out
    assert "command line  python3 echo.py --word x -n 1\n" in shown
    source = Path("echo.py")
    source.write_text(source.read_text() + "print('more')\n")
    shell("executables", "add", echo)
    changes = shell("executables", "diff", "echo").out.splitlines()
    assert "+ print('more')" in changes
    assert shell("executables", "versions", "echo").out.count("\n") == 3


def test_an_unspellable_default_is_named(shell):
    Path("tool.sh").write_text("echo\n")
    word = {"name": "word", "default": "-x", "reach": {"kind": "positional", "position": 0}}
    Path("tool.sh.nbexec").write_text(json.dumps({"version": 1, "arguments": [word]}))
    assert shell("executables", "add", "tool.sh").code == 0
    shown = shell("executables", "show", "tool").out
    assert "none yet: arguments.word: " in shown


def test_a_function_has_no_command_line(shell):
    Path("steps.py").write_text("def one(x: int) -> int:\n    return x\n")
    assert shell("executables", "add", "steps.py::one").code == 0
    assert "command line" not in shell("executables", "show", "one").out


def test_registering_warns_of_problems(shell, yard):
    Path("windows.sh").write_bytes(b"#!/bin/sh\r\necho\r\n")
    assert "! windows.sh" in shell("executables", "add", "windows.sh").err


TOOL = """
cwlVersion: v1.2
class: CommandLineTool
baseCommand: cat
inputs:
  data: {type: File, inputBinding: {}}
  rest: {type: "File[]?", inputBinding: {}}
  place: {type: "Directory?", inputBinding: {}}
  word: {type: "string?", inputBinding: {}}
outputs:
  out: {type: stdout}
  table: {type: File, format: "http://edamontology.org/format_3752", outputBinding: {glob: t}}
"""


def test_files_are_passed_as_files(shell, yard):
    """The values of a CWL tool are shown as on the canvas."""
    (yard.context.files.root / "tool.cwl").write_text(TOOL)
    said = shell("executables", "add", "tool.cwl")
    assert said.code == 0, said.err
    added = {tuple(line.split(maxsplit=2)) for line in said.err.splitlines()}
    assert added == {
        ("input", "data", "any file"),
        ("input", "rest", "folder"),
        ("input", "place", "folder"),
        ("value", "word", "string"),
        ("output", "out", "any file"),
        ("output", "table", "csv"),
    }
    shown = shell("executables", "show", "tool").out
    assert [line.split()[2:] for line in shown.splitlines() if line.startswith("data ")] == [
        ["any", "file"]
    ]


def test_help_names_the_nouns_and_version():
    answer = CliRunner().invoke(nbyard, ["--help"])
    assert {"datasets", "executables", "runs", "run", "doctor"} <= set(answer.output.split())
    assert CliRunner().invoke(nbyard, ["-h"]).exit_code == 0
    assert "nbyard" in CliRunner().invoke(nbyard, ["--version"]).output


def test_the_line_that_opens_a_workflow_works_where_it_is_shown(tmp_path, monkeypatch, capsys):
    """The line activates an environment that is not active: terminals of JupyterLab need it."""
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/activate").touch()
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    run = SimpleNamespace(number=1, state="succeeded", started_at=None, finished_at=None)
    detail: Any = SimpleNamespace(run=run, tasks=[])
    _conclude(detail, "a.nbflow", {}, is_kept=True)
    assert ".venv/bin/activate && jupyter lab" in capsys.readouterr().err
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / ".venv"))
    _conclude(detail, "a.nbflow", {}, is_kept=True)
    assert "JupyterLab: jupyter lab" in capsys.readouterr().err


def test_the_nodes_of_a_workflow_are_listed(shell, echo, yard: Yard):
    nodes = {"a": {"type": "executable", "path": "echo.py"}, "b": {"type": "dataset", "path": "x"}}
    text = json.dumps({"version": 1, "nodes": nodes, "edges": {}})
    (yard.context.files.root / "flow.nbflow").write_text(text)
    said = shell("workflow", "show", "flow.nbflow")
    assert "a     command  echo.py" in said.out
    assert "no file x" in said.err
    assert len(shell("workflows", "show", "flow.nbflow", "--json").json["items"]) == 2


def test_the_nodes_of_a_workflow_show_the_classes_of_their_outputs(shell, echo, yard: Yard):
    """The class is declared in the description, or guessed."""
    arguments = [
        {"name": "fit", "role": "output", "output_class": "model"},
        {"name": "scores", "role": "output", "format": "csv"},
        {"name": "page", "role": "output", "format": "html"},
    ]
    description = json.dumps({"version": 1, "arguments": arguments})
    (yard.context.files.root / "echo.py.nbexec").write_text(description)
    nodes = {"a": {"type": "executable", "path": "echo.py"}}
    text = json.dumps({"version": 1, "nodes": nodes, "edges": {}})
    (yard.context.files.root / "flow.nbflow").write_text(text)
    shown = shell("workflows", "show", "flow.nbflow").out
    assert "fit (model), scores (data), " in shown and "page (report)" in shown
    (node,) = shell("workflows", "show", "flow.nbflow", "--json").json["items"]
    assert node["outputs"] == {"fit": "model", "scores": "data", "page": "report"}


def test_doctor_continues_without_a_store(shell, monkeypatch, tmp_path):
    monkeypatch.setattr("nbyard.discover.Local", _refuse)
    said = shell("doctor")
    assert said.code == 1
    assert "✗ store: It does not answer.\n    Start it." in said.out
    assert "slots: " in said.out and "docker: " in said.out


def test_doctor_prints_checks_without_a_text_plainly(shell, monkeypatch):
    """Members of a hub see which checks failed, but no places of its machine."""
    checks = [Check("platform", "ok", ""), Check("disk", "ok", "5 GB are free")]
    diagnosis = Diagnosis("1.0", checks)
    system = SimpleNamespace(doctor=lambda: diagnosis)
    module = "nbyard.cli.commands.doctor_and_openapi"
    monkeypatch.setattr(f"{module}.connect", lambda server: SimpleNamespace(system=system))
    assert shell("doctor").out == "nbyard 1.0\n✓ platform\n✓ disk: 5 GB are free\n"


def _refuse() -> None:
    raise Unavailable("It does not answer.", hint="Start it.")


@pytest.mark.parametrize("words", [("doctor",), ("run", "x.py")])
def test_an_invalid_setting_is_reported(shell, monkeypatch, words):
    monkeypatch.setenv("NBYARD_SLOTS", "two")
    said = shell(*words)
    assert said.code == 2 and said.err.startswith("Error: The variable NBYARD_SLOTS=two")


def test_refused_requirements_name_their_line(capsys):
    """The message has the first one, and the details have the others."""
    with pytest.raises(Invalid) as refused:
        read_requirements("a\n-r x\n-r y\n")
    print_error(refused.value)
    first, second, *others = capsys.readouterr().err.splitlines()
    assert first.startswith("Error: requirements, line 2: ")
    assert second.startswith("  requirements, line 3: ") and others == []


@pytest.mark.parametrize("line", ["pip", "uv>=1", "-r x"])
def test_a_refused_line_is_a_usage_error(shell, line):
    """The exit code is 2, also for a line that no user may install."""
    said = shell("environments", "create", "x", "--", line)
    assert (said.code, said.out) == (2, "")
    assert f"requirements, line 1: {line!r}" in said.err
    assert shell("environments", "ls", "--json").json["items"] == []
    assert print_error(PolicyRefused()) == 2


def test_settings_without_effect_on_an_import_are_named(monkeypatch):
    """The running dispatcher fetches the address."""
    here: Any = Local.__new__(Local)
    here.datasets = Mock()
    monkeypatch.setattr("nbyard.discover.connect", lambda _: here)
    monkeypatch.setattr(Local, "ignored_settings", lambda _: {"NBYARD_SLOTS": "4"})
    here.datasets.create.return_value.current = Mock(state="ready", columns=0, size_bytes=1)
    said = CliRunner().invoke(datasets.add, ["http://x.example/a.csv"])
    assert "NBYARD_SLOTS is ignored" in said.output


@pytest.mark.parametrize("next_page", [None, "7"])
def test_pages_of_nested_lists_name_the_next_page(capsys, next_page) -> None:
    """Such as the revisions of a deployment, whose verb is not `list`."""
    (operation,) = (one for one in table() if one.id == "deployments.revisions")
    GeneratedCommand(operation).print_answer(Page([], next=next_page), as_json=False)
    assert ("More with --after 7" in capsys.readouterr().err) == bool(next_page)


def test_a_command_uses_the_project_of_its_connection(monkeypatch):
    asked: list[tuple[str, ...]] = []

    def connect(*given: str) -> Any:
        asked.append(given)
        return SimpleNamespace(runs=SimpleNamespace(cancel=lambda **_: None))

    monkeypatch.setattr("nbyard.discover.connect", connect)
    for words in (["--project", "wine", "runs", "cancel", "1"], ["runs", "cancel", "1"]):
        CliRunner().invoke(nbyard, words)
    assert asked == [("", "wine"), ("",)]


def test_an_unknown_artifact_names_where_to_look(shell):
    for verb in ("lineage", "status"):
        said = shell("artifacts", verb, "scores")
        assert said.code == 3 and "nbyard artifacts ls" in said.err


def test_commands_have_hyphens_only():
    for one in all_commands():
        for name in getattr(one, "commands", {}):
            assert "_" not in name


def test_a_workflow_without_runs_is_noted(shell, yard):
    with yard.store.write() as c:
        Rows(yard.store, c).run("nightly", local_name(), path="/w.py")
    empty = shell("runs", "ls", "--workflow", "nosuch", "--json")
    assert (empty.code, empty.json["items"]) == (0, [])
    assert "'nosuch'" in empty.err
    filtered = shell("runs", "ls", "--workflow", "/w.py", "--state", "failed", "--json")
    assert (filtered.code, filtered.json["items"], filtered.err) == (0, [], "")
