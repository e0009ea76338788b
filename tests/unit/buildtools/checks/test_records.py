"""The record of a check: the files that it ran on."""

import subprocess
from pathlib import Path

import pytest

from checks.records import changed_files, changes, state


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    def git(*words: str) -> None:
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "kept.py").write_text("1")
    (tmp_path / ".gitignore").write_text("ignored.txt\n")
    git("init")
    git("add", "--all")
    git("commit", "-m", "first")
    return tmp_path


def test_changed_new_and_deleted_files_are_named(repository: Path):
    (repository / "going.py").write_text("not committed")
    before = state(repository)
    assert before.commit
    assert changed_files(before, repository) == []
    (repository / "kept.py").write_text("2")
    (repository / "new.py").write_text("")
    (repository / "going.py").unlink()
    (repository / "ignored.txt").write_text("")
    assert changed_files(before, repository) == ["going.py", "kept.py", "new.py"]


def test_staged_files_stay_staged(repository: Path):
    (repository / "new.py").write_text("")
    state(repository)
    command = ["git", "status", "--porcelain"]
    done = subprocess.run(command, cwd=repository, check=True, capture_output=True, text=True)
    assert done.stdout == "?? new.py\n"


def test_outside_of_a_repository_no_file_is_named(tmp_path: Path):
    before = state(tmp_path)
    assert (before.commit, before.tree) == ("", "")
    (tmp_path / "new.py").write_text("")
    assert changed_files(before, tmp_path) == []


def test_the_summary_names_some_of_many_files():
    assert list(changes([])) == []
    (line,) = changes([f"{n}.py" for n in range(9)])
    assert "4.py and 4 more" in line
