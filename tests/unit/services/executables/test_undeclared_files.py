"""Nodes that never ran are connected by the files that their source names."""

import json
from pathlib import PurePath

import pytest

from nbyard.domain.attempts.undeclared_files import DeclareFiles
from nbyard.domain.workflows.structs import CheckWorkflow
from nbyard.errors import Invalid


def notebook(*cells):
    code = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"metadata": {}, "nbformat": 4, "nbformat_minor": 4, "cells": code})


CLEAN = notebook("import pandas as pd\nd = pd.read_csv('data/raw.csv')", "d.to_csv('data/a.csv')")
TRAIN = "import pandas as pd\npd.read_csv('data/a.csv')\n"


@pytest.fixture
def check(yard, ann, root):
    """Returns a function that writes files, and checks a workflow of some of them."""

    def checked(files, *paths):
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        shown = paths or files
        nodes = {PurePath(path).stem: {"type": "executable", "path": path} for path in shown}
        text = json.dumps({"version": 1, "nodes": nodes})
        return yard.services.workflows.check(ann, CheckWorkflow("flow.nbflow", text))

    return checked


def connections(checked):
    return {(p.source, p.writes, p.target, p.reads) for p in checked.proposals if p.by_file}


def test_notebooks_and_scripts_are_connected_before_their_first_run(check):
    checked = check({"clean.ipynb": CLEAN, "train.py": TRAIN})
    assert connections(checked) == {("clean", "data/a.csv", "train", "data/a.csv")}
    files = [(file.path, file.role) for file in checked.nodes["clean"].undeclared.files]
    assert files == [("data/raw.csv", "input"), ("data/a.csv", "output")]


def test_constants_and_functions_of_a_local_module_are_followed(check):
    files = {
        "utils.py": "F = 'a.csv'\ndef load():\n    return open(F)\n",
        "first.py": "from utils import F\nopen(F, 'w')\n",
        "second.ipynb": notebook("import utils\nutils.load()"),
    }
    checked = check(files, "first.py", "second.ipynb")
    assert connections(checked) == {("first", "a.csv", "second", "a.csv")}


def test_a_loop_over_a_folder_reads_what_other_nodes_write_there(check):
    files = {
        "split.py": "for n in 'x', 'y':\n    open(f'out/{n}.csv', 'w')\nopen('out/x.txt', 'w')\n",
        "join.py": "from pathlib import Path\nfor p in Path('out').glob('*.csv'):\n    open(p)\n",
    }
    assert connections(check(files)) == {
        ("split", "out/x.csv", "join", "out/x.csv"),
        ("split", "out/y.csv", "join", "out/y.csv"),
    }


def test_declared_files_are_not_named_again(yard, ann, check):
    files = {"clean.ipynb": CLEAN, "train.py": TRAIN}
    check(files)
    yard.services.executables.declare(ann, DeclareFiles("train.py", inputs=["data/a.csv"]))
    checked = check(files)
    assert checked.nodes["train"].undeclared is None
    assert connections(checked) == {("clean", "data/a.csv", "train", "")}


def test_a_folder_becomes_a_project_if_its_code_uses_files_above(yard, ann, root, check):
    files = {
        "lab/code/clean.py": "open('../data/a.csv', 'w')\n",
        "lab/code/train.py": "open('../data/a.csv')\n",
    }
    assert connections(check(files)) == {("clean", "../data/a.csv", "train", "../data/a.csv")}
    inside = DeclareFiles("lab/code/train.py", inputs=["../data/a.csv"])
    yard.services.executables.declare(ann, inside)
    assert (root / "lab/nbyard.toml").is_file()
    assert not (root / "nbyard.toml").exists()
    with pytest.raises(Invalid):
        outside = DeclareFiles("lab/code/clean.py", outputs=["../../a.csv"])
        yard.services.executables.declare(ann, outside)


def test_code_of_other_languages_names_no_files(check):
    assert check({"steps.sh": "cat a.csv\n"}).nodes["steps"].undeclared is None


SCRIPT = """import argparse
import pandas as pd
import config
from config import DATA

parser = argparse.ArgumentParser()
parser.add_argument("--input", default=str(DATA / "raw.csv"))
parser.add_argument("--output", default=config.TABLE)
parser.add_argument("--sep", default=";")
args = parser.parse_args()
pd.read_csv(args.input, sep=args.sep).to_parquet(args.output)
"""


def test_computed_defaults_of_options_are_the_files_of_their_ports(check):
    """A second port for the same file would never be written: the option is always passed."""
    files = {
        "src/config.py": "from pathlib import Path\nDATA = Path(__file__).parent.parent / 'data'\n"
        "TABLE = DATA / 'a.parquet'\n",
        "src/prepare.py": SCRIPT,
        "train.py": "import pandas as pd\npd.read_parquet('data/a.parquet')\n",
    }
    checked = check(files, "src/prepare.py", "train.py")
    view = checked.nodes["prepare"]
    defaults = {each.name: each.default for each in view.arguments}
    assert defaults == {"input": "../data/raw.csv", "output": "../data/a.parquet", "sep": ";"}
    assert (view.undeclared, view.hints) == (None, [])
    assert [each.format for each in view.arguments] == ["csv", "parquet", ""]
    assert connections(checked) == {("prepare", "", "train", "data/a.parquet")}
