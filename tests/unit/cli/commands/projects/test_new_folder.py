"""`nbyard init` creates a folder that runs at once."""

import tomllib

import pytest

from nbyard.domain.callers import Caller
from nbyard.domain.projects.starters import STARTERS
from nbyard.domain.runs.structs import NewRun

ANN = Caller("ann")


@pytest.mark.parametrize("starter", STARTERS)
def test_each_starter_runs_at_once(shell, yard, dispatcher, starter):
    made = shell("init", "wine", "--starter", starter)
    assert made.code == 0, made.err
    assert made.out.strip() == "wine"
    first = made.err.split()[-1]
    runs = yard.services.runs
    run = runs.create(ANN, NewRun(path=f"wine/{first}"))
    ended = dispatcher.until(
        lambda: runs.get(ANN, run.id), lambda d: d.run.state not in ("queued", "running")
    )
    assert ended.run.state == "succeeded", ended.run.reason


def test_existing_folders_are_kept(shell, yard):
    assert shell("init", "wine").code == 0
    again = shell("init", "wine")
    assert again.code == 2 and "wine is a project" in again.err
    other = shell("init", "wine", "--folder", "projects/new")
    assert other.out.strip() == "projects/new/wine"
    assert (yard.context.files.root / "projects/new/wine/nbyard.toml").is_file()


@pytest.mark.parametrize("name", [".", "wine"])
def test_files_of_an_existing_folder_are_kept(shell, yard, monkeypatch, name):
    root = yard.context.files.root
    folder = root if name == "." else root / name
    folder.mkdir(exist_ok=True)
    (folder / "README.md").write_text("mine")
    made = shell("init", name)
    assert made.code == 0, made.err
    assert (folder / "README.md").read_text() == "mine"
    assert "Kept: README.md" in made.err
    assert (folder / "visitors.nbflow").is_file()
    definition = tomllib.loads((folder / "nbyard.toml").read_text())
    assert definition["project"]["name"] == folder.name


@pytest.mark.parametrize("name", ["../wine", "..", " ", "a/b", "wine\n"])
def test_a_name_is_a_single_folder(shell, yard, name):
    refused = shell("init", name)
    assert refused.code == 2, refused.out
    assert list(yard.context.files.root.iterdir()) == []


def test_a_folder_that_cannot_be_created_is_named(shell, yard):
    (yard.context.files.root / "file").write_text("")
    refused = shell("init", "wine", "--folder", "file/deeper")
    assert refused.code == 2 and "cannot be created" in refused.err


def test_a_folder_of_code_becomes_a_workflow(shell, yard):
    folder = yard.context.files.root / "lab"
    folder.mkdir()
    (folder / "clean.py").write_text("open('a.csv', 'w')\n")
    (folder / "train.py").write_text("open('a.csv')\nopen('model.pkl', 'wb')\n")
    made = shell("init", "--from", "lab")
    assert made.code == 0, made.err
    assert made.out.strip() == "lab/lab.nbflow"
    assert "train.model" in made.err
    named = shell("init", "flow", "--from", "lab")
    assert named.out.strip() == "lab/flow.nbflow"
    again = shell("init", "--from", "lab")
    assert again.code == 1, again.out


@pytest.mark.parametrize("words", [["init"], ["init", "--from", "empty"]])
def test_a_name_or_a_folder_of_code_is_needed(shell, yard, words):
    (yard.context.files.root / "empty").mkdir()
    assert shell(*words).code == 2
