"""Runs Git, and reads the state of the repository of files."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from pathlib import Path

from nbyard.domain.runs.origins import GitState

# The start of a run waits for git.
SECONDS = 2.0
# Settings that start programs while git only reads. A repository may come from a stranger, so only
# those of the user and the system count.
PROGRAMS = re.compile(
    r"filter\..*\.(clean|smudge|process|required)|diff\..*\.(command|textconv)|diff\.external"
    r"|core\.(fsmonitor|hookspath|sshcommand|gitproxy|askpass|alternaterefscommand)",
    re.DOTALL,
)
TRUSTED = ("system", "global")
# Submodules have settings of their own, which their git would read.
QUIET = ("--literal-pathspecs", "-c", "diff.ignoreSubmodules=dirty")
SETTINGS = {
    # With its optional lock, `git status` could make a commit of the user fail.
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    # Missing objects of a partial clone are not fetched, with whatever program the clone names.
    "GIT_ALLOW_PROTOCOL": "",
    "GIT_NO_LAZY_FETCH": "1",
    "LC_ALL": "C",
}
# Listing untracked files takes long in a large tree. `ls-files` checks the few that matter. -z
# turns off the quotes around unusual names.
STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=no", "-z")
OID, HEAD = b"# branch.oid ", b"# branch.head "
NO_COMMIT, NO_BRANCH = "(initial)", "(detached)"


def run_git(folder: Path, *arguments: str, seconds: float = SECONDS) -> bytes | None:
    """Return what git prints in a folder, None if git fails.

    It fails if git is missing, takes longer than `seconds`, or refuses the repository, such as one
    of another user.
    """
    try:
        return checked_git(folder, *arguments, seconds=seconds)
    except (OSError, subprocess.SubprocessError):
        return None


def checked_git(folder: Path, *arguments: str, seconds: float) -> bytes:
    """Return what git prints in a folder.

    Raises:
        FileNotFoundError: Git is not installed.
        CalledProcessError: Git fails; its `stderr` has the message.
        TimeoutExpired: Git takes longer than `seconds`.
    """
    # Variables such as GIT_DIR would select another repository.
    kept = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    listed = _call(folder, kept, ("config", "--list", "--show-scope", "-z"), seconds)
    replaced = {"core.fsmonitor": "false", "core.hookspath": os.devnull, **dict(_replaced(listed))}
    # As variables, since a key in an option ends at its first `=`.
    for number, (key, value) in enumerate(replaced.items()):
        kept |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    kept["GIT_CONFIG_COUNT"] = str(len(replaced))
    return _call(folder, kept, (*QUIET, *arguments), seconds)


def _replaced(listed: bytes) -> Iterator[tuple[str, str]]:
    """Yield the settings of a repository that start programs, with the values of the user."""
    parts = listed.decode("utf-8", "surrogateescape").split("\0")
    # a scope before each entry; the last part is empty
    pairs = zip(parts[::2], parts[1::2], strict=False)
    entries = [(scope, *entry.partition("\n")[::2]) for scope, entry in pairs]
    of_user = {key: value for scope, key, value in entries if scope in TRUSTED}
    for scope, key, _ in entries:
        if scope not in TRUSTED and PROGRAMS.fullmatch(key):
            yield key, of_user.get(key, "false" if key.endswith(".required") else "")


def _call(
    folder: Path, variables: dict[str, str], arguments: tuple[str, ...], seconds: float
) -> bytes:
    program = shutil.which("git")
    if program is None:
        raise FileNotFoundError("git is not installed")
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=variables | SETTINGS,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=seconds,
        check=True,
    )
    return done.stdout


def repository_root(path: Path) -> Path | None:
    """Return the folder with `.git` that contains a file or folder, without running git."""
    return next((folder for folder in (path, *path.parents) if (folder / ".git").exists()), None)


def repository_state(files: Iterable[Path]) -> GitState | None:
    """Return the state of the first file's repository, None without a readable repository.

    It is dirty if a tracked file has changes, or if one of the files is not tracked.
    """
    paths = list(files)
    root = repository_root(paths[0].parent) if paths else None
    if root is None or (printed := run_git(root, *STATUS)) is None:
        return None
    lines = printed.split(b"\0")
    commit, branch = _after(lines, OID), _after(lines, HEAD)
    if commit in ("", NO_COMMIT):
        return None
    has_changes = any(line and not line.startswith(b"#") for line in lines)
    names = {str(path.relative_to(root)) for path in paths if path.is_relative_to(root)}
    printed = None if has_changes else run_git(root, "ls-files", "-z", "--", *sorted(names))
    is_dirty = printed is None or len({*printed.split(b"\0")} - {b""}) < len(names)
    return GitState(commit, "" if branch == NO_BRANCH else branch, is_dirty)


def repository_version(folder: Path) -> str:
    """Return the newest tag of a folder's repository.

    Return the short commit if no tag exists, and "" without a readable repository.
    """
    newest_tag = run_git(folder, "describe", "--tags", "--abbrev=0")
    printed = newest_tag or run_git(folder, "rev-parse", "--short", "HEAD") or b""
    return printed.decode(errors="replace").strip()


def _after(lines: Iterable[bytes], head: bytes) -> str:
    matching_line = next((line for line in lines if line.startswith(head)), head)
    return matching_line.removeprefix(head).decode(errors="replace")
