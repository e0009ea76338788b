"""Saving files that a run wrote beside its declared outputs; more is in the integration tests."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest

from nbyard.cli.commands.runs.runs_files import Saved, _refuse_two, save_files
from nbyard.domain.attempts.other_files import OtherFile, OtherFileList, OtherFiles
from nbyard.errors import Invalid


def test_files_of_the_same_name_are_saved_for_each_node():
    same = [Saved(node, OtherFile("a", "sha256:1", 1), Path("a"), Path()) for node in "ab"]
    _refuse_two(same)
    with pytest.raises(click.ClickException, match="both wrote a,"):
        _refuse_two([*same, Saved("c", OtherFile("a", "sha256:2", 1), Path("a"), Path())])


def save(folder: str, path: str, told: str = "") -> None:
    """Save a file of that name, as a server tells it."""
    found = OtherFileList([OtherFile(path, "sha256:1", 1)], [], 0, told)
    runs = SimpleNamespace(files=lambda **_: found)
    task: Any = SimpleNamespace(node="a", other_files=OtherFiles("tree:1", 1, 1))
    save_files(SimpleNamespace(runs=runs), "r", [task], folder)


@pytest.mark.parametrize("path", ["../a", "/etc/a", "a/../../b", "a\nb"])
def test_a_server_cannot_name_a_path_outside_the_folder(path: str, tmp_path: Path):
    """Names come from work that may be hostile."""
    with pytest.raises(Invalid):
        save(str(tmp_path), path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("told", ["", "project", "/no/such/folder"])
def test_the_folder_of_the_code_may_be_unknown(told: str):
    with pytest.raises(click.ClickException, match="name one"):
        save("", "a", told)
