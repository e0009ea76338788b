"""States of files and folders."""

import os
from pathlib import Path

import pytest

from nbyard.runner.process import path_states
from nbyard.runner.process.path_states import (
    FOLDER,
    MISSING,
    describe_paths,
    digest_of_names,
    digests_at,
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
    """Files without a digest, which takes long. A missing path may begin a computed path."""
    table, folder, none, beginning = f"{data}/a.csv", str(data), f"{data}/none", f"{data}/a."
    names = digest_of_names(["a.csv file"])
    entries = digest_of_names([f"a.csv {state_of(table)[:3]}"])
    assert describe_paths([table, folder, none, beginning]) == {
        table: (state_of(table), "", ""),
        folder: (FOLDER, names, entries),
        none: (MISSING, digest_of_names([]), digest_of_names([])),
        beginning: (MISSING, names, entries),
    }


def test_digests_of_a_folder_cover_its_entries(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first contains names and kinds, also of what links lead to; the second also sizes."""
    (data / "link").symlink_to(data / "a.csv")
    (data / "self").symlink_to(data / "self")
    os.mkfifo(data / "pipe")
    names, entries = digests_at(str(data), FOLDER)
    kinds = ["a.csv file", "link file", "pipe special", "self unreachable"]
    assert names == digest_of_names(kinds)
    (data / "__pycache__").mkdir()
    assert digests_at(str(data), FOLDER) == (names, entries)
    (data / "a.csv").write_text("longer than before")
    longer = digests_at(str(data), FOLDER)
    assert longer[0] == names and longer[1] != entries
    (data / "a.csv").unlink()
    kinds = ["link missing", "pipe special", "self unreachable"]
    assert digests_at(str(data), FOLDER)[0] == digest_of_names(kinds)
    monkeypatch.setattr(path_states, "MOST_ENTRIES", 2)
    assert digests_at(str(data), FOLDER) == (digest_of_names(kinds), "")
