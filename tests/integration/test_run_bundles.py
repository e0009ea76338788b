"""Plain papermill repeats an exported run in a separate folder, with equal results."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

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


@pytest.mark.long
def test_plain_papermill_repeats_a_run(flow, shell, dispatcher, tmp_path):
    ran = shell("run", "flow.nbflow")
    assert ran.code == 0, ran.err
    saved = tmp_path / "run.zip"
    assert shell("runs", "bundle", "1", "--output-file", str(saved)).code == 0
    again = tmp_path / "again"
    with zipfile.ZipFile(saved) as packed:
        packed.extractall(again)
    plain = {
        name: text
        for name, text in os.environ.items()
        if not name.startswith(("NBYARD", "JUPYTER"))
    }
    plain["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    script = ["sh", str(again / "repeat.sh")]
    done = subprocess.run(script, check=False, env=plain, cwd="/", capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    digests = (again / "outputs.sha256").read_text().splitlines()
    assert len(digests) == 3
    check = ["sha256sum", "--check", "outputs.sha256"]
    checked = subprocess.run(check, check=False, cwd=again, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout
    assert (again / "nodes/clean/executed.ipynb").exists()
    twice = next((again / "nodes/twice/outputs/twice").iterdir())
    assert json.loads(twice.read_text()) == {"rows": 4, "word": "it's $HOME"}
