"""Git merges two branches of a workflow by its nodes, with the driver that init sets up."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from nbyard.domain.parsing.canonical_json import canonical


@pytest.fixture
def git(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def run(*words, code=0):
        identity = ("-c", "user.name=a", "-c", "user.email=a@b")
        done = subprocess.run(
            ["git", *identity, *words], capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stderr
        return done.stdout

    run("init", "-b", "main", ".")
    return run


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Run nbyard as an installed program, which Git finds too."""
    folder = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("NBYARD_STORE_DIR", str(tmp_path.with_name("store")))
    return lambda *words: subprocess.run(
        ["nbyard", *words], capture_output=True, text=True, check=True
    )


def edit(change, path=Path("visitors.nbflow")):
    document = json.loads(path.read_text())
    change(document["nodes"])
    path.write_text(canonical(document))


def test_branches_that_edit_different_nodes_merge(git, command):
    command("init", ".")
    git("add", ".")
    git("commit", "-m", "start")
    git("switch", "-c", "theirs")
    edit(lambda nodes: nodes["report"].update(label="Report", cpu=2))
    git("commit", "-am", "theirs")
    before = Path("visitors.nbflow").read_text()
    git("switch", "main")
    edit(lambda nodes: nodes["summarise"].update(label="Summary", cpu=1))
    git("commit", "-am", "mine")
    git("merge", "theirs")
    nodes = json.loads(Path("visitors.nbflow").read_text())["nodes"]
    assert (nodes["report"]["label"], nodes["summarise"]["label"]) == ("Report", "Summary")
    Path("before.nbflow").write_text(before)
    shown = command("workflows", "diff", "before.nbflow", "visitors.nbflow").stdout
    assert shown.splitlines() == ["+ nodes.summarise.cpu", "+ nodes.summarise.label"]

    git("switch", "theirs")
    edit(lambda nodes: nodes["report"].update(cpu=8))
    git("commit", "-am", "clash")
    git("switch", "main")
    edit(lambda nodes: nodes["report"].update(cpu=4))
    git("commit", "-am", "mine again")
    git("merge", "theirs", code=1)
    assert json.loads(Path("visitors.nbflow").read_text())["nodes"]["report"]["cpu"] == 4
