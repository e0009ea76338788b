"""Named artifacts from a shell."""

import json
import zipfile
from pathlib import Path

import pytest

from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

TABLE = {"kind": "variable", "variable": "TABLE"}
ARGUMENTS = [
    {"name": "source", "role": "input", "reach": {"kind": "positional", "position": 0}},
    {"name": "other", "role": "input", "reach": {"kind": "option", "flag": "--other"}},
    {"name": "table", "role": "output", "format": "csv", "reach": TABLE},
    {"name": "code", "type": "int", "default": 0, "reach": {"kind": "option", "flag": "--code"}},
]  # fmt: skip
SCRIPT = """\
import os, sys
words = sys.argv
print("begins")
with open(os.environ["TABLE"], "w") as made:
    for word in words[1:]:
        if os.path.isfile(word):
            made.write(open(word).read())
print("ends")
sys.exit(int(words[words.index("--code") + 1]))
"""


@pytest.fixture
def root(yard: Yard) -> Path:
    return yard.context.files.root


@pytest.fixture
def tool(root: Path) -> str:
    """Write a script that concatenates its inputs and exits with the given code."""
    (root / "tool.py").write_text(SCRIPT)
    (root / "tool.py.nbexec").write_text(json.dumps({"version": 1, "arguments": ARGUMENTS}))
    (root / "a b.txt").write_text("1\n")
    (root / "c=d.txt").write_text("2\n")
    return "tool.py"


def test_artifact_is_created_with_a_name(shell, tool, dispatcher: Dispatching):
    said = shell(
        *("artifact", "create", "--executable", tool, "--name", "test1", "--parameters"),
        *('{"code": 0}', "--input-file", "source=a b.txt", "other=c=d.txt", "--wait", "--log"),
    )
    assert said.code == 0, said.err
    assert said.out.startswith("begins\nends\n")
    assert "main.table" in said.out
    assert "test1  succeeded  table.csv" in shell("artifacts", "ls").out
    assert shell("artifacts", "parameters", "test1").json == {
        "code": 0, "source": "a b.txt", "other": "c=d.txt",
    }  # fmt: skip
    assert shell("artifacts", "status", "test1").out == "succeeded\n"
    assert shell("artifacts", "log", "test1", "--follow").out == "begins\nends\n"
    assert shell("artifacts", "show", "test1", "--json").json["filename"] == "table.csv"


def test_failed_artifact_has_its_log_and_exit_code(shell, tool, dispatcher: Dispatching):
    said = shell(
        *("artifacts", "create", "--executable", tool, "--name", "bad", "--log"),
        *("--parameters", '{"code": 3}', "--input-file", "source=a b.txt"),
    )
    assert (said.code, said.out) == (1, "begins\nends\n")
    assert "exit code 3: ends\n" in said.err
    assert said.err.count("ends") == 1, "the log has said the rest"
    said = shell("artifacts", "status", "bad")
    assert (said.code, said.out) == (1, "failed\n")
    said = shell("artifacts", "export", "bad")
    assert said.code == 3 and "run 1 is failed" in said.err


def test_existing_name_is_refused_and_unchanged(shell, tool, dispatcher: Dispatching):
    make = ("artifacts", "create", "--executable", tool, "--name", "one", "--input-file")
    assert shell(*make, "source=a b.txt", "--wait").code == 0
    said = shell(*make, "source=c=d.txt", "--wait")
    assert said.code == 1 and "'one 2' is free" in said.err
    assert shell("artifacts", "parameters", "one").json["source"] == "a b.txt"
    assert shell("artifacts", "parameters", "one").json["code"] == 0  # its default
    assert shell(*make, "source=c=d.txt", "--wait", "--force").code == 0
    assert shell("artifacts", "parameters", "one").json["source"] == "c=d.txt"
    assert len(shell("artifacts", "ls", "--json").json["items"]) == 1
    assert shell("runs", "status", "1").out == "succeeded\n", "the older run has its number"


def test_input_files_have_one_spelling(shell, tool, root, dispatcher: Dispatching):
    """It also works for `nbyard run`, as the hint says."""
    positional = {"kind": "positional", "position": 0}
    needed = {"name": "source", "role": "input", "required": True, "reach": positional}
    (root / "needy.py").write_text(SCRIPT)
    (root / "needy.py.nbexec").write_text(json.dumps({"version": 1, "arguments": [needed]}))
    said = shell("run", "needy.py")
    assert said.code == 2 and "--input-file source=path" in said.err
    given = ("--input-file", "source=a b.txt", "other=c=d.txt", "--parameters", '{"code": 0}')
    assert shell("run", tool, *given, "--containers", "FRESH").code == 0
    assert shell("runs", "show", "1", "--json").json["run"]["parameters"]["code"] == 0
    assert "works only with -f" in shell("run", tool, "--output-file", "o.csv").err
    for words, told in (
        (("--input-file", "source=a b.txt", "source=c=d.txt"), "several files for it are a folder"),
        (("--input-file", "source=a b.txt", "-p", "source=x"), "source: given twice"),
        (("source=a b.txt",), "Name one file"),
    ):
        said = shell("run", tool, *words)
        assert said.code == 2 and told in said.err


def test_refusal_of_a_taken_name_names_the_option_to_replace_it(
    shell, tool, root, dispatcher: Dispatching
):
    make = ("artifacts", "create", "--executable", tool, "--name", "one", "--input-file")
    assert shell(*make, "source=a b.txt", "--wait").code == 0
    assert "--force" in shell(*make, "source=a b.txt").err
    add = ("datasets", "add", "a b.txt", "--name", "rows")
    assert shell(*add).code == 0
    assert "--replace" in shell(*add).err
    assert shell(*add, "--replace").code == 0


def test_export_saves_one_file_or_a_zip(shell, tool, root, dispatcher: Dispatching):
    (root / "two.sh").write_text('echo 1 > "$ONE"; echo 2 > "$TWO"\n')
    outputs = [
        {"name": n, "role": "output", "reach": {"kind": "variable", "variable": n.upper()}}
        for n in ("one", "two")
    ]
    (root / "two.sh.nbexec").write_text(json.dumps({"version": 1, "arguments": outputs}))
    make = ("artifacts", "create", "--wait", "--executable")
    assert shell(*make, "two.sh", "--name", "v1.0").code == 0
    assert shell(*make, tool, "--name", "single", "--input-file", "source=a b.txt").code == 0
    assert shell("artifacts", "export", "single", "--output-file", "own.csv").code == 0
    assert (root / "own.csv").read_text() == "1\n"
    assert shell("artifacts", "export", "v1.0").code == 0
    with zipfile.ZipFile(root / "v1.0.zip") as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {
            "one": b"1\n", "two": b"2\n",
        }  # fmt: skip
    said = shell("artifacts", "export", "v1.0", "--output-file", "both.csv")
    assert said.code == 0 and said.err.endswith(", a zip of all its files\n")
    assert shell("artifacts", "export", "v1.0.two").code == 0
    assert (root / "two").read_text() == "2\n"
    said = shell("artifacts", "show", "v1.0")
    assert said.code == 2 and "v1.0.one, v1.0.two" in said.err
    said = shell("artifacts", "export", "single", "--output-file", "-")
    assert (said.out, said.err) == ("1\n", "") and not (root / "-").exists()
    said = shell("artifacts", "export", "single", "--output-file", "none/own.csv")
    assert said.code == 2 and "No such file" in said.err


def test_artifact_is_deleted_with_its_run(shell, tool, dispatcher: Dispatching):
    make = ("artifacts", "create", "--executable", tool, "--input-file", "source=a b.txt")
    assert shell(*make, "--name", "one", "--wait").code == 0
    assert shell("artifacts", "rm", "one").code == 0
    for verb in ("rm", "status", "log", "parameters", "export"):
        said = shell("artifacts", verb, "one")
        assert said.code == 3 and "no artifact 'one'" in said.err
    assert shell("runs", "status", "1").code == 3


def test_run_of_a_workflow_is_not_an_artifact(shell, root, tool, dispatcher: Dispatching):
    (root / "one.sh").write_text("true\n")
    nodes = {"one": {"type": "executable", "path": "one.sh"}}
    (root / "flow.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes, "edges": {}}))
    assert shell("run", "flow.nbflow", "--name", "nightly").code == 0
    assert shell("artifacts", "rm", "nightly").code == 3
    assert shell("artifacts", "ls", "--json").json["items"] == []


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--parameters", "{"), "--parameters"),
        (("--parameters", "[1]"), "an object is needed"),
        (("--parameters", '{"code": 1, "code": 2}'), "--parameters"),
        (("--parameters", '{"none": 1}'), "does not have this parameter"),
        (("--input-file", "a b.txt"), "write NAME=FILE"),
        (("--input-file", "source=none.txt"), "no file, dataset or artifact"),
        (("source=a b.txt",), "with --input-file"),
        (("--executable", "flow.nbflow"), "is a workflow"),
    ],
)
def test_unreadable_values_create_no_artifact(shell, tool, words, told):
    said = shell("artifacts", "create", "--executable", tool, "--name", "one", *words)
    assert said.code == 2 and told in said.err
    assert shell("artifacts", "ls", "--json").json["items"] == []


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    "name",
    [
        "two words.csv",
        "naïve ☂ 表.csv",
        "-rf.csv",
        "--name",
        "a=b.csv",
        "'\"$x`.csv",
    ],
)
def test_unusual_file_names_are_kept(shell, tool, root, name, dispatcher: Dispatching):
    """The names are kept for inputs, in the record and for the saved result."""
    (root / name).write_text("awkward\n")
    make = ("artifacts", "create", "--executable", tool, "--name", "one", "--wait")
    said = shell(*make, "--input-file", f"source={name}")
    assert said.code == 0, said.err
    assert shell("artifacts", "parameters", "one").json["source"] == name
    assert shell("artifacts", "export", "one", "--output-file", f"out {name}").code == 0
    assert (root / f"out {name}").read_text() == "awkward\n"


def test_a_name_with_a_line_break_is_refused(shell, tool, root, dispatcher: Dispatching):
    """Dataset names as well. Beside the code, such a file is left out."""
    (root / "line\nbreak.csv").write_text("x")
    (root / "a.csv").write_text("x")
    make = ("artifacts", "create", "--executable", tool, "--name", "one", "--wait", "--input-file")
    said = shell(*make, "source=line\nbreak.csv")
    assert said.code == 2 and "--input-file source: " in said.err
    said = shell(*make, "source=a.csv")
    assert said.code == 0, said.err
