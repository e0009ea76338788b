"""Selects the files of a project folder that a push sends: committed, tracked, or all."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from nbyard.domain.ignore_rules import CACHES, is_named, rule_for
from nbyard.domain.projects.definitions import FILE, ProjectFile
from nbyard.errors import Invalid, NotFound, TooLarge
from nbyard.host.git.git_process import repository_root, run_git
from nbyard.reasons.structs import because
from nbyard.transfer.bundles import IGNORE_FILES, OWN_RULES, SecretFilter, ignore_rules

FileSelection = Literal["committed", "tracked", "current"]
MOST_BYTES = 200 << 20
SECONDS = 60.0
MOST_PATHS = 200  # of one call of git
# Each entry has a fixed time, so that equal files make equal archives.
MOMENT = (1980, 1, 1, 0, 0, 0)


class SelectedFile(msgspec.Struct, frozen=True):
    """A file to push, with its content."""

    content: bytes
    executable: bool = False

    @property
    def described(self) -> ProjectFile:
        """Return the digest and size of the file."""
        digest = f"sha256:{hashlib.sha256(self.content).hexdigest()}"
        return ProjectFile(digest, len(self.content), self.executable)


def project_folder(start: Path) -> Path:
    """Return the nearest folder with a project file, at or above `start`.

    Raises:
        NotFound: No such folder has a project file.
    """
    folder = next(
        (candidate for candidate in (start, *start.parents) if (candidate / FILE).is_file()), None
    )
    if folder is None:
        raise NotFound(
            f"There is no nbyard.toml in {start} or above it.",
            hint="Create a project folder with: nbyard init NAME",
        )
    return folder


def select_files(
    folder: Path, choice: FileSelection, secrets: SecretFilter | None = None
) -> dict[str, SelectedFile]:
    """Return the files to push, by path, without those that .nbyardignore excludes.

    `secrets` lists the files that are left out because they may hold secrets.

    Raises:
        Invalid: The folder has no commit, or the project file is not among the files.
        TooLarge: The files have more than `MOST_BYTES` bytes.
    """
    candidates = _committed(folder) if choice == "committed" else _on_disk(folder, choice)
    files: dict[str, SelectedFile] = {}
    left, rules = MOST_BYTES, ignore_rules(folder, OWN_RULES)
    secrets = secrets or SecretFilter(folder)
    for path, file in candidates:
        if is_named(path, rules) or not secrets.passes(path):
            continue
        left -= len(file.content)
        if left < 0:
            raise TooLarge(
                f"The project's files have more than {MOST_BYTES} bytes. Ignore data with"
                " .nbyardignore."
            )
        files[path] = file
    if FILE not in files:
        code = "project-file-uncommitted" if choice == "committed" else "project-file-untracked"
        raise Invalid.field(FILE, because(code))
    return files


def pack_files(files: Mapping[str, SelectedFile], paths: Iterable[str]) -> bytes:
    """Return a zip of the files with these paths."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            info = zipfile.ZipInfo(path, MOMENT)
            mode = 0o755 if files[path].executable else 0o644
            info.external_attr = (stat.S_IFREG | mode) << 16
            archive.writestr(info, files[path].content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def uncommitted_files(folder: Path, paths: Sequence[str]) -> list[str]:
    """Return which of these files differ from the last commit, or are in no commit.

    Return nothing if the folder has no repository or commit.
    """
    known = set[str]()
    for start in range(0, len(paths), MOST_PATHS):  # as many as fit a command line
        part = paths[start : start + MOST_PATHS]
        try:
            changed = _git(folder, "diff", "--name-only", "--relative", "-z", "HEAD", "--", *part)
            others = _git(folder, "ls-files", "-z", "--others", "--", *part)
        except Invalid:
            return []
        known |= {*_listed(changed), *_listed(others)}
    return [path for path in paths if path in known]


def _committed(folder: Path) -> Iterator[tuple[str, SelectedFile]]:
    """Yield the files of the last commit in a folder, with the content that git would check out."""
    packed = _git(folder, "archive", "--format=tar", "HEAD", "--", ".")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        for member in archive:
            # Links could lead out of the folder.
            if member.isreg() and (content := archive.extractfile(member)) is not None:
                yield member.name, SelectedFile(content.read(), bool(member.mode & 0o100))


def _on_disk(folder: Path, choice: FileSelection) -> Iterator[tuple[str, SelectedFile]]:
    """Yield tracked files, or all files that no rule ignores, with their content on disk."""
    if choice == "tracked":
        names = _listed(_git(folder, "ls-files", "-z"))
    elif repository_root(folder) is None:
        names = list(_files_not_ignored(folder))
    else:
        others = ("--others", "--exclude-standard")
        names = _listed(_git(folder, "ls-files", "-z", "--cached", *others))
    for name in sorted({*names}):
        path = folder / name
        try:
            status = path.lstat()
        except FileNotFoundError:  # deleted, but not yet in a commit
            continue
        if stat.S_ISREG(status.st_mode):
            yield name, SelectedFile(path.read_bytes(), os.access(path, os.X_OK))


def _files_not_ignored(folder: Path) -> Iterator[str]:
    """Yield the paths of files in a folder that no ignore rule excludes."""
    rules = [*CACHES, *(f"!{name}" for name in IGNORE_FILES), *ignore_rules(folder)]
    for place, subfolders, names in os.walk(folder):
        inside = os.path.relpath(place, folder)
        prefix = "" if inside == "." else f"{inside}/"
        subfolders[:] = [name for name in subfolders if not rule_for(f"{prefix}{name}/", rules)]
        yield from (prefix + name for name in names if not rule_for(prefix + name, rules))


def _listed(printed: bytes) -> list[str]:
    return [os.fsdecode(name) for name in printed.split(b"\0") if name]


def _git(folder: Path, *arguments: str) -> bytes:
    printed = run_git(folder, *arguments, seconds=SECONDS)
    if printed is None:
        hint = "Commit the files, or send them as they are with --current"
        raise Invalid.field("folder", f"{folder} has no readable Git commit", hint=hint)
    return printed
