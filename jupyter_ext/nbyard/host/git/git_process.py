"""Runs git without a shell, and without settings of a repository that start programs."""

import os
import shutil
import subprocess
from pathlib import Path

# The start of a run waits for git.
SECONDS = 2.0
# The configuration of a repository may name programs that git starts while it only reads.
QUIET = ("-c", "core.fsmonitor=false", "-c", f"core.hooksPath={os.devnull}")
# With its optional lock, `git status` could make a commit of the user fail.
SETTINGS = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def run_git(folder: Path, *arguments: str, seconds: float = SECONDS) -> bytes | None:
    """Return what git prints in a folder, None if git fails.

    It fails if git is missing, takes longer than `seconds`, or refuses the repository, such as one
    of another user.
    """
    program = shutil.which("git")
    if program is None:
        return None
    # Variables such as GIT_DIR would select another repository.
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            # A file may have a name such as `*.py`, which is otherwise a pattern.
            [program, *QUIET, "--literal-pathspecs", *arguments],
            cwd=folder,
            env=kept | SETTINGS,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=seconds,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def repository_root(path: Path) -> Path | None:
    """Return the folder with `.git` that contains a file or folder, without running git."""
    return next((folder for folder in (path, *path.parents) if (folder / ".git").exists()), None)
