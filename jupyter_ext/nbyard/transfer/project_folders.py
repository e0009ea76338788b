"""Selects the files of a project folder to push, and writes pulled ones to a folder."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

import msgspec

from nbyard.domain.ignore_rules import CACHES, is_named, rule_for
from nbyard.domain.naming.names import check_filename, check_folder_path
from nbyard.domain.projects.definitions import (
    FILE,
    ProjectDefinition,
    ProjectFile,
    ProjectPlan,
    changed_fields,
    differences,
    read_definition,
)
from nbyard.domain.projects.toml_writer import updated_toml
from nbyard.errors import Invalid, NotFound, TooLarge
from nbyard.host.git import repository_root, run_git
from nbyard.host.project_files import replace_atomically
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


class Pull(msgspec.Struct, frozen=True):
    """The differences between a project on a server and a local folder."""

    name: str
    folder: Path
    plan: ProjectPlan
    missing: list[str]  # files to fetch
    toml: str  # the text of the project file
    executable: frozenset[str] = frozenset()  # those of `missing` that are

    @classmethod
    def of(cls, connection: Any, project: str, folder: Path | None) -> Self:
        """Compare a project on a server with a folder, by default the folder of that project.

        Raises:
            NotFound: There is no such project, or no project folder to take its name from.
            Invalid: The project file in the folder is refused.
        """
        if not project:
            place = project_folder((folder or Path()).resolve())
            project = read_definition((place / FILE).read_bytes()).project.name
        stored = connection.projects.definition(project=project)
        name = stored.definition.project.name
        place = folder or _folder_for(name)
        pushed = b""
        if FILE in stored.files:
            source, _ = connection.project_file(project, FILE)
            with source:
                pushed = source.read()
        present = {
            path: file.described  # one at a time: together, the contents may fill the memory
            for path in {FILE, *stored.files}
            if (file := _present(_target(place, path)))
        }
        toml = _definition_text(place, pushed, stored.definition)
        is_executable = FILE in present and present[FILE].executable  # a pull keeps it
        wanted = stored.files | {FILE: SelectedFile(toml.encode(), is_executable).described}
        changes = [*differences({"file": wanted}, {"file": present})]
        missing = [change.name for change in changes if change.name != FILE]
        executable = frozenset(path for path, file in stored.files.items() if file.executable)
        return cls(project, place, ProjectPlan(changes), missing, toml, executable)

    @contextlib.contextmanager
    def writing(self, path: str) -> Iterator[BinaryIO]:
        """Open a new version of a file in the folder, which replaces the file after the block."""
        target = _target(self.folder, path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replace_atomically(target) as handle:
            yield handle
        # As `chmod +x`: each user with the right to read gets the right to execute.
        readable = target.stat().st_mode & 0o777 & ~0o111
        target.chmod(readable | (readable & 0o444) >> 2 if path in self.executable else readable)

    def write_definition(self) -> None:
        """Write the project file, unless it has the same text already."""
        target = self.folder / FILE
        target.parent.mkdir(parents=True, exist_ok=True)
        present = _present(target)
        if present is None or present.content.decode(errors="replace") != self.toml:
            with replace_atomically(target) as handle:
                handle.write(self.toml.encode())


def _definition_text(place: Path, pushed: bytes, wanted: ProjectDefinition) -> str:
    """Return the new text of the project file.

    It is the text in the folder, or else the pushed one, with differing fields updated.
    """
    own = _present(place / FILE)
    for content in (own.content if own else b"", pushed):
        if not content:
            continue
        known = read_definition(content)
        if not changed_fields(wanted, known):
            return content.decode()
        return updated_toml(content.decode(), known, wanted)
    return updated_toml("", ProjectDefinition(wanted.project), wanted)


def _folder_for(name: str) -> Path:
    """Return the folder for a project: the current project folder if it is of this project.

    Otherwise, this is a folder with the project's name in the working directory.
    """
    here = Path().resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            own = read_definition((folder / FILE).read_bytes()).project.name
            if own == name:
                return folder
            break
    return here / check_filename(name, "project")


def _target(folder: Path, path: str) -> Path:
    """Return the path of a project file in the folder."""
    target = folder / check_folder_path(path)
    root = os.path.realpath(folder)
    if not Path(os.path.realpath(target.parent)).is_relative_to(root):
        raise Invalid.field("folder", f"{path[:200]} leads outside the allowed folder")
    return target


def _present(target: Path) -> SelectedFile | None:
    if not target.is_file():
        return None
    return SelectedFile(target.read_bytes(), os.access(target, os.X_OK))
