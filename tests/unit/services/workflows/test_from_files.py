"""A folder of notebooks and scripts becomes a workflow, connected by their files."""

import json

import pytest

from nbyard.domain.workflows.structs import FilesOfWorkflow, read_document
from nbyard.errors import Conflict, Invalid, NotFound

CLEAN = {
    "metadata": {},
    "nbformat": 4,
    "nbformat_minor": 4,
    "cells": [
        {"cell_type": "code", "source": "import pandas as pd, utils\nd = pd.read_csv(utils.RAW)"},
        {"cell_type": "code", "source": "d.to_csv('data/clean.csv')"},
    ],
}
FILES = {
    "1 clean.ipynb": json.dumps(CLEAN),
    "train.py": "import joblib\nopen('data/clean.csv')\njoblib.dump({}, 'models/tree.joblib')\n",
    "report.py": "import joblib\njoblib.load('models/tree.joblib')\nopen('out.html', 'w')\n",
    "utils.py": "RAW = 'data/raw.csv'\n",
    "model.py": "from pathlib import Path\n\nclass Tree:\n    path = Path('models/tree.joblib')\n",
    "test_train.py": "import train\n",
    "train (1).py": "open('data/clean.csv')\n",
    "old/train.py": "open('../data/clean.csv')\n",
    "data/raw.csv": "x\n1\n",
    "Untitled1.ipynb": json.dumps(CLEAN),
    ".hidden/a.py": "",
    "package/__init__.py": "",
    "package/part.py": "open('data/clean.csv')\n",
}


@pytest.fixture
def lab(root):
    """A folder of code as people leave it, below the root."""
    for path, text in FILES.items():
        (root / "lab" / path).parent.mkdir(parents=True, exist_ok=True)
        (root / "lab" / path).write_text(text)
    return root / "lab"


def test_a_folder_becomes_a_connected_workflow_with_results(yard, ann, lab):
    made = yard.services.workflows.from_files(ann, FilesOfWorkflow(["lab"]))
    assert made.path == "lab/lab.nbflow"
    assert made.nodes == ["step_1_clean", "report", "train"]
    assert (made.connections, made.results, made.project) == (2, ["report.out"], "")
    document = read_document((lab / "lab.nbflow").read_bytes(), strict=True)
    assert {(edge.source, edge.target) for edge in document.edges.values()} == {
        ("step_1_clean", "train"),
        ("train", "report"),
    }
    assert document.positions == {}  # the canvas lays the nodes out
    assert document.meta.id
    views = yard.services.workflows.show(ann, made.path).items
    assert [line.problem for line in views] == [None, None, None]


def test_the_code_of_a_folder_is_listed_as_for_its_workflow(yard, ann, lab):
    assert yard.services.workflows.code_files(ann, "lab").items == [
        "lab/1 clean.ipynb",
        "lab/report.py",
        "lab/train.py",
    ]
    assert yard.services.workflows.code_files(ann, "lab/data").items == []


def test_the_workflow_of_a_folder_is_in_this_folder(yard, ann, root):
    (root / "lab/src").mkdir(parents=True)
    (root / "lab/src/train.py").write_text("")
    assert (
        yard.services.workflows.from_files(ann, FilesOfWorkflow(["lab"])).path == "lab/lab.nbflow"
    )


def test_chosen_files_are_nodes_whatever_their_names(yard, ann, lab):
    files = ["lab/train (1).py", "lab/1 clean.ipynb"]
    made = yard.services.workflows.from_files(ann, FilesOfWorkflow(files, "lab/two.nbflow"))
    assert (made.path, made.connections) == ("lab/two.nbflow", 1)
    assert made.nodes == ["step_1_clean", "train_1"]


def test_a_notebook_without_a_name_is_a_node_if_there_is_no_other_code(yard, ann, root):
    (root / "Untitled.ipynb").write_text(FILES["1 clean.ipynb"])
    assert yard.services.workflows.from_files(ann, FilesOfWorkflow(["."])).nodes == ["Untitled"]


def test_letters_with_marks_are_plain_in_the_ids_of_nodes(yard, ann, root):
    (root / "Übersicht für März.py").write_text("open('a.csv', 'w')\n")
    made = yard.services.workflows.from_files(ann, FilesOfWorkflow(["Übersicht für März.py"]))
    assert made.nodes == ["Ubersicht_fur_Marz"]


def test_an_existing_workflow_is_not_overwritten(yard, ann, lab):
    (lab / "lab.nbflow").write_text("{}")
    with pytest.raises(Conflict):
        yard.services.workflows.from_files(ann, FilesOfWorkflow(["lab"]))
    assert (lab / "lab.nbflow").read_text() == "{}"
    assert not list(lab.glob("*.nbexec"))


@pytest.mark.parametrize("files", [[], ["lab/data"], ["../other"]])
def test_files_without_code_are_refused(yard, ann, lab, files):
    with pytest.raises(Invalid) as caught:
        yard.services.workflows.from_files(ann, FilesOfWorkflow(files))
    assert caught.value.details[0].path == "files"


def test_files_that_do_not_exist_are_named(yard, ann, lab):
    with pytest.raises(NotFound):
        yard.services.workflows.from_files(ann, FilesOfWorkflow(["lab/train.py", "lab/gone.py"]))
    assert not list(lab.glob("*.nbexec"))


def test_data_that_copies_of_the_code_leave_out_is_a_dataset(yard, ann, lab):
    (lab / ".gitignore").write_text("data/\n")
    (lab / "nbyard.toml").touch()
    made = yard.services.workflows.from_files(ann, FilesOfWorkflow(["lab"]))
    document = read_document((lab / made.path.removeprefix("lab/")).read_bytes(), strict=True)
    assert document.nodes["raw"].path == "data/raw.csv"
    sources = {edge.source: edge.target for edge in document.edges.values()}
    assert sources == {"raw": "step_1_clean", "step_1_clean": "train", "train": "report"}


def test_a_left_out_file_that_is_the_default_of_an_option_is_a_dataset(yard, ann, root):
    (root / "src").mkdir()
    (root / "data").mkdir()
    (root / "data/load.csv").write_text("kw\n1\n")
    (root / "src/prepare.py").write_text(
        "import argparse\nfrom pathlib import Path\nparser = argparse.ArgumentParser()\n"
        "file = Path(__file__).parent.parent / 'data' / 'load.csv'\n"
        "parser.add_argument('--load', type=Path, default=file)\n"
        "print(open(parser.parse_args().load).read())\n"
    )
    (root / ".gitignore").write_text("data/\n")
    (root / "nbyard.toml").touch()
    made = yard.services.workflows.from_files(ann, FilesOfWorkflow(["src"], path="all.nbflow"))
    document = read_document((root / made.path).read_bytes(), strict=True)
    assert document.nodes["load"].path == "data/load.csv"
    assert [(e.source, e.target, e.input) for e in document.edges.values()] == [
        ("load", "prepare", "load")
    ]


def test_folders_with_equal_names_of_files_are_connected_apart(yard, ann, root):
    for folder in ("a", "b"):
        (root / folder / "data").mkdir(parents=True)
        (root / folder / "make.py").write_text("open('data/rows.csv', 'w').write('n')\n")
        (root / folder / "use.py").write_text("print(open('data/rows.csv').read())\n")
    made = yard.services.workflows.from_files(ann, FilesOfWorkflow(["a", "b"], path="w.nbflow"))
    nodes = read_document((root / made.path).read_bytes(), strict=True).nodes
    edges = read_document((root / made.path).read_bytes(), strict=True).edges.values()
    assert {(nodes[e.source].path, nodes[e.target].path) for e in edges} == {
        (f"{folder}/make.py", f"{folder}/use.py") for folder in ("a", "b")
    }


def test_scripts_that_change_a_file_in_place_lie_between_its_writer_and_its_readers(
    yard, ann, root
):
    read = "import pandas as pd\nd = pd.read_csv('rows.csv')\n"
    lab = root / "lab"
    lab.mkdir()
    (lab / "add.py").write_text("import os\nif os.path.exists('rows.csv'): open('rows.csv')\n")
    for name, lines in {"add.py": "", "mark.py": read, "count.py": read}.items():
        with (lab / name).open("a") as file:
            file.write(lines + ("" if name == "count.py" else "d.to_csv('rows.csv')\n"))
    (lab / "rows.csv").write_text("of an earlier day\n")
    (lab / ".gitignore").write_text("*.csv\n")
    made = yard.services.workflows.from_files(ann, FilesOfWorkflow(["lab"]))
    document = read_document((root / made.path).read_bytes(), strict=True)
    assert {(edge.source, edge.target) for edge in document.edges.values()} == {
        ("add", "mark"),
        ("mark", "count"),
    }
    assert [node.type for node in document.nodes.values()] == ["executable"] * 3
