"""G8, section 6: exit codes, clean output, errors in one sentence."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from click.testing import CliRunner

from nbyard.cli.by_hand import add_dataset
from nbyard.cli.main import _tell, nbyard
from nbyard.cli.run import TRACEBACK_LINES, _jupyter, _telling
from nbyard.discover import Local
from nbyard.domain.requirements import read_requirements
from nbyard.errors import Invalid, PolicyRefused, Unavailable
from nbyard.testing.dispatching import Dispatching
from nbyard.yard import Yard


@pytest.fixture
def echo(yard: Yard) -> str:
    """A script that prints its option."""
    root = yard.parts.files.root
    (root / "echo.py").write_text("import sys\nprint(sys.argv[1:])\n")
    argument = {"name": "word", "default": "x", "reach": {"kind": "option", "flag": "--word"}}
    count = {"name": "n", "type": "int", "default": 1, "reach": {"kind": "option", "flag": "-n"}}
    description = {"version": 1, "arguments": [argument, count]}
    (root / "echo.py.nbexec").write_text(json.dumps(description))
    return "./echo.py"


def test_a_run_that_succeeds(shell, echo, dispatcher: Dispatching):
    """0; the second = belongs to the value; progress is on standard error."""
    said = shell("run", echo, "-p", "word=a=b=c", "--name", "first")
    assert said.code == 0, said.err
    assert "succeeded" in said.err
    assert "a=b=c" in shell("runs", "log", "first").out
    assert shell("runs", "status", "first").out == "succeeded\n"


def test_a_pin_for_one_run(shell, echo, dispatcher: Dispatching):
    """K8: the result of that run, told with its number."""
    assert shell("run", echo, "--name", "first").code == 0
    said = shell("run", echo, "-p", "word=other", "--pin", "main=first")
    assert "pinned to the result of run 1" in said.err
    assert "pinned" not in shell("run", echo, "-p", "word=other", "--pin", "main=").err


def test_json_is_clean(shell, echo, dispatcher: Dispatching):
    said = shell("run", echo, "--json")
    assert (said.code, said.err) == (0, "")
    assert said.json["run"]["state"] == "succeeded"
    assert shell("runs", "ls", "--json").json["items"][0]["state"] == "succeeded"
    assert shell("run", "show", "1", "--json").code == 2


def test_all_that_is_missing_is_told(shell, yard):
    """A1, E5: also where the same words say it of several."""
    root = yard.parts.files.root
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
        assert f"parameters.{name}: a file, a dataset or an artifact is needed" in said.err
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
    assert "parameters.first: a value is needed" in said.err
    assert "parameters.second: a value is needed" in said.err


def test_a_run_that_fails(shell, yard, dispatcher: Dispatching):
    """1; the failure and its log are named."""
    (yard.parts.files.root / "bad.sh").write_text("#!/bin/sh\nexit 4\n")
    said = shell("run", "bad.sh")
    assert said.code == 1
    assert "main failed" in said.err
    assert "nbyard runs log" in said.err
    assert said.err.endswith("with the same code: nbyard runs retry 1\n")
    assert shell("runs", "status", "1").code == 1


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


def test_what_is_not_there(shell):
    said = shell("datasets", "show", "none")
    assert (said.code, said.out) == (3, "")
    assert said.err == "Error: There is no dataset 'none'.\n"
    assert shell("runs", "cancel", "none").code == 3


def test_a_server_that_does_not_answer(shell):
    assert shell("runs", "ls", "--server", "http://127.0.0.1:9").code == 5
    assert shell("runs", "ls", "--server", "9").code == 5
    assert shell("runs", "ls", "--server", "nine").code == 2


def test_datasets_by_hand(shell, yard, dispatcher: Dispatching):
    (yard.parts.files.root / "a.csv").write_text("x,y\n1,2\n")
    said = shell("datasets", "add", "a.csv", "--name", "Mine")
    assert said.code == 0
    assert "1 × 2" in said.err
    assert "Mine" in shell("datasets", "ls").out
    assert shell("dataset", "show", "Mine", "--json").json["id"] == said.out.strip()
    shown = shell("datasets", "show", "Mine").out
    assert "1 × 2" in shown
    assert "sha256:" in shown
    assert "ready" in shell("datasets", "versions", "Mine").out
    assert shell("datasets", "rm", "Mine").code == 0
    assert shell("datasets", "show", "Mine").code == 3


def test_runs_are_shown_for_people(shell, echo, dispatcher: Dispatching):
    shell("run", echo, "-p", "word=hello")
    shown = shell("runs", "show", "1")
    assert shown.code == 0
    assert "succeeded" in shown.out
    assert "runs because it has no earlier result" in shown.out
    assert shell("runs", "show", "1", "--json").json["run"]["number"] == 1


def test_the_frame_of_the_notebook_is_told():
    """What lies between it and the error is of libraries."""
    library = [f"File library.py:{n}" for n in range(30)]
    whole = ["KeyError", "Cell In[2], line 1", "----> 1 frame['x']", *library, "KeyError: 'x'"]
    told = _telling(whole)
    assert len(told) <= TRACEBACK_LINES + 1
    assert "----> 1 frame['x']" in told
    assert told[-1] == "KeyError: 'x'"
    assert _telling(whole[:5]) == whole[:5]
    assert _telling(library) == library[-TRACEBACK_LINES:]


def test_names_and_logs_do_not_act_on_the_terminal(shell, yard, dispatcher: Dispatching):
    """Links, clipboards and cursor moves; colours would show on a terminal."""
    evil = "\\033]8;;javascript:alert(1)\\033\\\\x\\033]52;c;eA==\\007\\033[2J\\033[31mred\\033[0m"
    script = f"#!/bin/sh\nprintf '{evil}\\n'\nprintf '10%%\\r20%%\\n'\n"
    (yard.parts.files.root / "evil.sh").write_text(script)
    shell("run", "evil.sh")
    out = shell("runs", "log", "1").out
    assert "red" in out
    assert "\x1b" not in out
    assert "\x07" not in out
    assert "10%\n20%\n" in out


def test_executables_by_hand(shell, echo):
    said = shell("executables", "add", echo)
    assert said.code == 0
    assert "word" in said.err
    assert shell("executables", "inspect", echo).json["kind"] == "command"
    assert shell("executables", "help", echo).json["kind"] == "command"
    assert shell("executable", "show", "echo", "--json").json["id"] == said.out.strip()
    assert "word" in shell("executables", "show", "echo").out
    source = Path("echo.py")
    source.write_text(source.read_text() + "print('more')\n")
    shell("executables", "add", echo)
    changes = shell("executables", "diff", "echo").out.splitlines()
    assert "+ print('more')" in changes
    assert shell("executables", "versions", "echo").out.count("\n") == 3


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


def test_files_are_no_strings(shell, yard):
    """A2: what a tool of CWL takes is shown as the canvas shows it."""
    (yard.parts.files.root / "tool.cwl").write_text(TOOL)
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


def test_the_installed_command_answers(tmp_path: Path):
    """G7: doctor, in a process of its own."""
    program = Path(sys.executable).with_name("nbyard")
    done = subprocess.run(
        [program, "doctor", "--json"],
        capture_output=True,
        text=True,
        env={"PATH": "/usr/bin:/bin", "NBYARD_STORE_DIR": str(tmp_path / "store")},
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 1), done.stderr
    assert {check["state"] for check in json.loads(done.stdout)["checks"]} <= {
        "ok", "missing", "failed",
    }  # fmt: skip


def test_the_line_that_opens_a_workflow_works_where_it_is_shown(tmp_path, monkeypatch):
    """Without an active environment the command is named by its path."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.setattr(sys, "executable", str(tmp_path / ".venv/bin/python"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert _jupyter() == ".venv/bin/jupyter"
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / ".venv"))
    assert _jupyter() == "jupyter"


def test_two_versions_of_a_dataset_are_compared(shell, yard: Yard, dispatcher):
    """D8."""
    folder = yard.parts.files.root / "t"
    folder.mkdir()
    for text in ("1", "2"):
        (folder / "a").write_text(text)
        assert shell("datasets", "add", "t", "--replace").code == 0
    said = shell("datasets", "compare", "t", "1", "2")
    assert said.code == 0, said.err
    assert said.out.startswith("version  1 → 2\n") and "~ a  1 B\n" in said.out
    assert shell("datasets", "compare", "t", "--json").json["file_changes"] == 1
    assert "The bytes are the same." in shell("datasets", "compare", "t", "2", "2").err
    assert shell("datasets", "compare", "t", "9").code == 3


def test_a_dataset_in_use_is_deleted_by_force_only(shell, yard: Yard, dispatcher):
    """D9."""
    root = yard.parts.files.root
    (root / "t.csv").write_text("a\n1\n")
    assert shell("datasets", "add", "t.csv").code == 0
    nodes = {"t": {"type": "dataset", "dataset": "t.csv"}}
    (root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes, "edges": {}}))
    said = shell("datasets", "rm", "t.csv")
    assert said.code == 1 and "'t.csv' is used by " in said.err and "flow.nbflow" in said.err
    assert shell("datasets", "rm", "t.csv", "--force").code == 0


def test_the_nodes_of_a_workflow_are_listed(shell, echo, yard: Yard):
    """A5."""
    nodes = {"a": {"type": "executable", "path": "echo.py"}, "b": {"type": "dataset", "path": "x"}}
    text = json.dumps({"version": 1, "nodes": nodes, "edges": {}})
    (yard.parts.files.root / "flow.nbflow").write_text(text)
    said = shell("workflow", "show", "flow.nbflow")
    assert "a     command  echo.py" in said.out
    assert "b: There is no file x." in said.err
    assert len(shell("workflows", "show", "flow.nbflow", "--json").json["items"]) == 2


def test_doctor_looks_at_the_rest_where_the_store_does_not_open(shell, monkeypatch, tmp_path):
    """G7."""
    monkeypatch.setattr("nbyard.discover.Local", _refuse)
    said = shell("doctor")
    assert said.code == 1
    assert "✗ store: It does not answer.\n    Start it." in said.out
    assert "slots: " in said.out and "docker: " in said.out


def _refuse() -> None:
    raise Unavailable("It does not answer.", hint="Start it.")


@pytest.mark.parametrize("words", [("doctor",), ("run", "x.py")])
def test_a_setting_that_is_none_is_told_in_a_sentence(shell, monkeypatch, words):
    monkeypatch.setenv("NBYARD_SLOTS", "two")
    said = shell(*words)
    assert said.code == 2 and said.err.startswith(
        "Error: The variable NBYARD_SLOTS=two is no setting"
    )


def test_refused_lines_of_requirements_are_called_alike(capsys):
    """G7: the first in the sentence, the others below it."""
    with pytest.raises(Invalid) as refused:
        read_requirements("a\n-r x\n-r y\n")
    _tell(refused.value)
    first, second, *others = capsys.readouterr().err.splitlines()
    assert first.startswith("Error: requirements, line 2: ")
    assert second.startswith("  requirements, line 3: ") and others == []


@pytest.mark.parametrize("line", ["pip", "uv>=1", "-r x"])
def test_a_line_that_is_refused_is_wrong_usage_whatever_refuses_it(shell, line):
    """L6, R1: 2; also where the line is one that nobody may install."""
    said = shell("environments", "create", "x", "--", line)
    assert (said.code, said.out) == (2, "")
    assert f"requirements, line 1: {line!r}" in said.err
    assert shell("environments", "ls", "--json").json["items"] == []
    assert _tell(PolicyRefused()) == 2


def test_settings_that_do_not_count_for_an_import_are_told(monkeypatch):
    """G5: an address is fetched by the dispatcher that is up."""
    here: Any = Local.__new__(Local)
    here.datasets = Mock()
    monkeypatch.setattr("nbyard.discover.connect", lambda _: here)
    monkeypatch.setattr(Local, "unheard", lambda _: {"NBYARD_SLOTS": "4"})
    here.datasets.create.return_value.current = Mock(state="ready", columns=0, size_bytes=1)
    said = CliRunner().invoke(add_dataset, ["http://x.example/a.csv"])
    assert "NBYARD_SLOTS does not count" in said.output


def test_the_end_of_the_command_goes_through_nothing():
    """All that was made is frozen when the interpreter looks for garbage for the last time."""
    code = """
import atexit, gc
atexit.register(lambda: print(gc.get_freeze_count() > 0))
from nbyard.cli.main import main
main()
"""
    words = [sys.executable, "-c", code, "--version"]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "True"
