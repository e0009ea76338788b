"""Reads the commit, the branch and the changes of a working tree."""

from collections.abc import Iterable
from pathlib import Path

from nbyard.domain.runs.git_states import GitState
from nbyard.host.git.git_process import repository_root, run_git

# Listing untracked files takes long in a large tree. `ls-files` checks the few that matter. -z
# turns off the quotes around unusual names.
STATUS = ("status", "--porcelain=v2", "--branch", "--untracked-files=no", "-z")
OID, HEAD = b"# branch.oid ", b"# branch.head "
NO_COMMIT, NO_BRANCH = "(initial)", "(detached)"


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
