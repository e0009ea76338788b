"""Plain papermill repeats an exported run in a separate folder, with equal results."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from ..notebooks import PARAMETERS, notebook

CLEAN = """
import csv
rows = [row for row in csv.DictReader(open(input_csv)) if float(row["n"]) >= least]
with open(output_csv, "w", newline="") as made:
    writer = csv.DictWriter(made, ["n"])
    writer.writeheader()
    writer.writerows(rows)
"""
COUNT = """
import json, sys
table, target, word = sys.argv[1:]
json.dump({"rows": len(open(table).readlines()) - 1, "word": word}, open(target, "w"))
"""
HANDED = """
import nbyard
counted = nbyard.input("counted")
nbyard.output("twice", {"rows": 2 * counted["rows"], "word": counted["word"]})
"""
ARGUMENTS = [
    {"name": "table", "role": "input", "reach": {"kind": "positional", "position": 0}},
    {
        "name": "made",
        "role": "output",
        "format": "json",
        "reach": {"kind": "positional", "position": 1},
    },
    {"name": "word", "default": "it's $HOME", "reach": {"kind": "positional", "position": 2}},
]
FLOW = {
    "version": 1,
    "meta": {"id": "3f0c8f0e-3a52-4d0b-9d2e-0d5b8f7f0c19", "title": "Counted"},
    "nodes": {
        "data": {"type": "dataset", "path": "n.csv"},
        "clean": {
            "type": "executable",
            "path": "sub/clean.ipynb",
            "arguments": {"least": {"value": 2}},
        },
        "count": {"type": "executable", "path": "count.py"},
        "twice": {"type": "executable", "path": "twice.ipynb"},
    },
    "edges": {
        "e1": {"source": "data", "output": "data", "target": "clean", "input": "input_csv"},
        "e2": {"source": "clean", "output": "output_csv", "target": "count", "input": "table"},
        "e3": {"source": "count", "output": "made", "target": "twice", "input": "counted"},
    },
}


@pytest.fixture
def flow(yard) -> Path:
    root = yard.context.files.root
    (root / "sub").mkdir()
    (root / "n.csv").write_text("n\n1\n2\n3\n")
    parameters = 'input_csv = "n.csv"\noutput_csv = "out.csv"\nleast = 0'
    (root / "sub/clean.ipynb").write_text(notebook(parameters, CLEAN, tags=[PARAMETERS]))
    (root / "count.py").write_text(COUNT)
    (root / "count.py.nbexec").write_text(json.dumps({"version": 1, "arguments": ARGUMENTS}))
    (root / "twice.ipynb").write_text(notebook(HANDED))
    (root / "flow.nbflow").write_text(json.dumps(FLOW))
    return root / "flow.nbflow"


def repeat(shell, folder: Path, again: Path) -> None:
    """Repeat run 1 below `again`, without nbyard's folders, and compare all digests."""
    saved = folder / "run.zip"
    assert shell("runs", "bundle", "1", "--output-file", str(saved)).code == 0
    with zipfile.ZipFile(saved) as packed:
        packed.extractall(again)
    plain = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("NBYARD", "JUPYTER"))
    }
    plain["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    for _ in range(2):  # the second time, files of the first one are there
        script = ["sh", str(again / "repeat.sh")]
        done = subprocess.run(script, check=False, env=plain, cwd="/", capture_output=True)
        assert done.returncode == 0, done.stdout + done.stderr
    check = ["sha256sum", "--check", "outputs.sha256"]
    checked = subprocess.run(check, check=False, cwd=again, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.long
def test_plain_papermill_repeats_a_run(flow, shell, dispatcher, tmp_path):
    ran = shell("run", "flow.nbflow")
    assert ran.code == 0, ran.err
    again = tmp_path / "again"
    repeat(shell, tmp_path, again)
    assert len((again / "outputs.sha256").read_text().splitlines()) == 3
    assert (again / "nodes/clean/executed.ipynb").exists()
    twice = next((again / "nodes/twice/outputs/twice").iterdir())
    assert json.loads(twice.read_text()) == {"rows": 4, "word": "it's $HOME"}


NUMBERS = "open(output_json, 'w').write('[3, 13, 1, 1]')"
SQUARE = """
import nbyard
assert n != 13, "unlucky"
nbyard.output("score", {"square": n * n, "unit": "m"})
"""
DOUBLE = """
import json, sys
json.dump(2 * json.load(open(sys.argv[1]))["square"], open(sys.argv[2], "w"))
"""
TOTAL = """
import json, pathlib, sys
files = sorted(pathlib.Path(sys.argv[1]).iterdir())
rows = [json.loads(line) for line in open(sys.argv[2])]
total = {
    "names": [file.name for file in files],
    "doubles": [json.loads(file.read_text()) for file in files],
    "squares": [row["metrics"].get("square") for row in rows],
}
json.dump(total, open(sys.argv[3], "w"))
"""
SCORE = {"name": "score", "role": "input", "required": True}
SCORES = {"name": "files", "role": "input", "type": "list", "required": True}
TABLE = {"name": "table", "role": "input", "required": True}
MADE = {"name": "made", "role": "output", "format": "json"}


def script(root: Path, name: str, text: str, *arguments: dict[str, Any]) -> None:
    positional = [
        {**argument, "reach": {"kind": "positional", "position": place}}
        for place, argument in enumerate(arguments)
    ]
    (root / name).write_text(text)
    described = json.dumps({"version": 1, "arguments": positional})
    (root / f"{name}.nbexec").write_text(described)


@pytest.fixture
def mapped(yard) -> Path:
    root = yard.context.files.root
    output = 'output_json = "out.json"'
    (root / "numbers.ipynb").write_text(notebook(output, NUMBERS, tags=[PARAMETERS]))
    (root / "square.ipynb").write_text(notebook("n = 1", SQUARE, tags=[PARAMETERS]))
    script(root, "double.py", DOUBLE, SCORE, MADE)
    script(root, "total.py", TOTAL, SCORES, TABLE, MADE)
    nodes: dict[str, Any] = {
        name: {"type": "executable", "path": path}
        for name, path in {
            **{"numbers": "numbers.ipynb", "square": "square.ipynb"},
            **{"double": "double.py", "total": "total.py"},
        }.items()
    }
    nodes["square"]["map"] = {"each": {"kind": "list", "over": "n"}, "on_failure": "all"}
    edges = {
        f"e{place}": dict(zip(("source", "output", "target", "input"), edge, strict=True))
        for place, edge in enumerate(
            [
                ("numbers", "output_json", "square", "@each"),
                ("square", "score", "double", "score"),
                ("double", "made", "total", "files"),
                ("square", "@all", "total", "table"),
            ]
        )
    }
    (root / "mapped.nbflow").write_text(json.dumps({"version": 1, "nodes": nodes, "edges": edges}))
    return root / "mapped.nbflow"


@pytest.mark.long
def test_plain_papermill_repeats_a_map(mapped, shell, dispatcher, tmp_path):
    ran = shell("run", "mapped.nbflow")
    assert ran.code == 0, ran.err
    again = tmp_path / "again"
    repeat(shell, tmp_path, again)
    whole = json.loads(next((again / "nodes/total/outputs").glob("*/*")).read_text())
    assert whole == {
        "names": [f"0000{place}-made.json" for place in (1, 3, 4)],
        "doubles": [18, 2, 2],
        "squares": [9, None, 1, 1],
    }
    keys = (again / "nodes/square/elements.txt").read_text().split()
    assert [key.endswith("-2") for key in keys] == [False, False, True]
