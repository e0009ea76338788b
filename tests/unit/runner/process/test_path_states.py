"""States of files and folders."""

import os
from pathlib import Path

import pytest

from nbyard.runner.process.path_states import (
    MISSING,
    describe_paths,
    digest_of_names,
    entries_of,
    names_in,
    state_of,
)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text("0123456789")
    return tmp_path


def test_states_of_paths(data: Path) -> None:
    assert state_of(f"{data}/a.csv")[:2] == ["file", 10]
    assert state_of(str(data)) == ["folder"]
    assert state_of(f"{data}/none") == state_of(f"{data}/a.csv/b") == MISSING
    os.mkfifo(data / "pipe")
    assert state_of(f"{data}/pipe") == ["special"]
    (data / "self").symlink_to(data / "self")
    assert state_of(f"{data}/self") == ["unreachable"]


def test_names_in_folders(data: Path) -> None:
    for name in ("__pycache__", ".ipynb_checkpoints", os.fsdecode(b"\xe9")):
        (data / name).mkdir()
    assert names_in(str(data)) == ["a.csv", os.fsdecode(b"\xe9")]
    assert len(entries_of(str(data))) == 4
    assert digest_of_names(names_in(str(data))) != digest_of_names(["a.csv"])
    assert names_in(f"{data}/none") == names_in(f"{data}/a.csv") == []


def test_descriptions_of_paths(data: Path) -> None:
    """Files without a digest, which takes long."""
    table, folder, none = f"{data}/a.csv", str(data), f"{data}/none"
    names = digest_of_names(["a.csv"])
    assert describe_paths([table, folder, none]) == {
        table: (state_of(table), ""),
        folder: (["folder"], names),
        none: (MISSING, ""),
    }
