"""Undeclared files of a run, in a shell."""

import json
import sys
from pathlib import Path

import pytest

from nbyard.testing.dispatcher_thread import Dispatching
from nbyard.yard import Yard

BODY = """#!/bin/sh
mkdir plots dist
echo "$1" > result.csv
echo svg > plots/a.svg
echo wheel > dist/w
"""


@pytest.fixture
def root(yard: Yard) -> Path:
    """Create the folder of a script that writes files without declaring them."""
    folder = yard.context.files.root
    (folder / "work.sh").write_text(BODY)
    return folder


def test_run_lists_its_written_files(shell, root: Path, dispatcher: Dispatching):
    """The second run, which is cached, lists them as well."""
    for number in (1, 2):
        said = shell("run", "work.sh")
        told = f"To save them: nbyard runs files {number} --node main --save DIR"
        assert "main wrote 2 files" in said.err and f"(5 B). {told}" in said.err
        assert "main: dist/ (6 B)" in said.err
        assert told in shell("runs", "show", str(number)).out
    listed = shell("runs", "files", "2")
    assert [line.split() for line in listed.out.splitlines()] == [
        ["node", "file", "size"],
        ["main", "plots/a.svg", "4", "B"],
        ["main", "result.csv", "1", "B"],
    ]
    assert "dist/" in listed.err
    found = shell("runs", "files", "2", "--node", "main", "--json").json["main"]
    assert [one["path"] for one in found["files"]] == ["plots/a.svg", "result.csv"]
    assert shell("runs", "files", "2", "--node", "none").code == 2


def test_existing_files_are_not_replaced_silently(
    shell, root: Path, dispatcher: Dispatching, monkeypatch: pytest.MonkeyPatch
):
    """Equal bytes are not a conflict. A user is asked, and a script is refused."""
    shell("run", "work.sh")
    out = root / "out"
    assert shell("runs", "files", "1", "--save", "out").err == f"2 files saved in {out}\n"
    assert (out / "result.csv").read_text() == "\n"
    assert shell("runs", "files", "1", "--save", "out").code == 0
    (out / "result.csv").write_text("mine")
    (out / "plots" / "a.svg").unlink()
    said = shell("runs", "files", "1", "--save", "out")
    assert said.code == 2
    assert "Replace out/result.csv?" in said.err and "--overwrite" in said.err
    assert ((out / "result.csv").read_text(), (out / "plots" / "a.svg").exists()) == ("mine", False)
    monkeypatch.setattr("click.confirm", lambda *_, **__: sys.exit(9))
    assert shell("runs", "files", "1", "--save", "out").code == 9
    assert shell("runs", "files", "1", "--save", "out", "--overwrite").code == 0
    (out / "result.csv").write_text("mine")
    assert shell("runs", "files", "1", "--save", "out", "--yes").code == 0
    assert (out / "result.csv").read_text() == "\n"


def test_files_are_saved_where_papermill_writes_them(shell, root: Path, dispatcher: Dispatching):
    """Files of a failed run are saved as well. A named folder is possible."""
    (root / "nbyard.toml").touch()
    (root / "jobs").mkdir()
    (root / "jobs" / "work.sh").write_text(BODY + "echo up > ../up.txt\nexit 3\n")
    assert "--save-files took jobs/work.sh" in shell("run", "--save-files", "jobs/work.sh").err
    said = shell("run", "jobs/work.sh", "--save-files")
    assert said.code == 1
    assert f"3 files saved in {root}\n" in said.err
    assert (root / "jobs" / "result.csv").read_text() == "\n"
    assert (root / "up.txt").read_text() == "up\n"
    assert shell("run", "work.sh", "--save-files", "kept").code == 0
    assert (root / "kept" / "result.csv").read_text() == "\n"


MODEL = """\
import argparse, os

parser = argparse.ArgumentParser()
parser.add_argument("--output-model")
parser.add_argument("--output-plots")
options = parser.parse_args()
open(options.output_model, "w").write("weights")
os.makedirs(options.output_plots)
open(os.path.join(options.output_plots, "a.svg"), "w").write("svg")
"""


def test_outputs_are_saved_under_their_names(shell, root: Path, dispatcher: Dispatching):
    (root / "train.py").write_text(MODEL)
    described = shell("executables", "add", "train.py").code
    assert described == 0
    said = shell("run", "train.py", "--output", "output_model=m.pkl")
    assert said.code == 0, said.err
    assert (root / "m.pkl").read_text() == "weights"
    assert shell("runs", "save", "1", "main.output_model", "-o", "again.pkl").code == 0
    assert (root / "again.pkl").read_text() == "weights"
    refused = shell("runs", "save", "1", "weights")
    assert refused.code == 3
    assert "main.output_model" in refused.err


def test_the_table_of_a_failed_map_is_saved(shell, root: Path, dispatcher: Dispatching):
    (root / "part.py").write_text("def part(n: int) -> float:\n    return 1 / n\n")
    own = {"each": {"kind": "grid", "values": {"n": [4, *[0] * 11]}}, "on_failure": "10"}
    node = {"type": "executable", "path": "part.py::part", "map": own}
    (root / "f.nbflow").write_text(json.dumps({"version": 1, "nodes": {"part": node}}))
    failed = shell("run", "f.nbflow")
    assert failed.code == 1
    # of very many failures, only the first are explained: the map and nine elements
    assert failed.err.count("Traceback") == 9
    assert shell("runs", "save", "1", "part.@all", "-o", "all.jsonl").code == 0
    rows = map(json.loads, (root / "all.jsonl").read_text().splitlines())
    states = {"n=4": "succeeded", "n=0": "failed"}
    assert {row["label"]: row["state"] for row in rows} == states


def test_outputs_of_failed_and_running_runs_are_not_saved(
    shell, root: Path, dispatcher: Dispatching
):
    (root / "bad.py").write_text("raise SystemExit(1)\n")
    assert shell("run", "bad.py", "--output", "main.x=x.pkl").code == 1
    assert shell("run", "bad.py", "--output", "x=x.pkl", "--detach").code == 2
    assert not (root / "x.pkl").exists()
