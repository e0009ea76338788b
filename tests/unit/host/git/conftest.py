"""A repository with one commit."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Git = Callable[..., str]
IDENTITY = ("-c", "user.name=Ann", "-c", "user.email=ann@example.org")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "repository"
    made.mkdir()
    return made


@pytest.fixture
def git(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """Runs git in the folder, which is a repository with the committed file `a.py`."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")

    def run(*words: str) -> str:
        done = subprocess.run(
            ["git", *IDENTITY, *words], cwd=folder, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    run("init", "--quiet", "--initial-branch=main")
    (folder / "a.py").write_text("print()\n")
    run("add", "a.py")
    run("commit", "--quiet", "-m", "Add a")
    return run
