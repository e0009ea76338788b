"""Compares a project on a server with a local folder, and writes the differences to the folder."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Self

import msgspec

from nbyard.domain.naming.names import check_filename, check_folder_path
from nbyard.domain.projects.definitions import (
    FILE,
    ProjectDefinition,
    ProjectPlan,
    changed_fields,
    differences,
    read_definition,
)
from nbyard.domain.projects.toml_writer import updated_toml
from nbyard.errors import Invalid
from nbyard.host.project_files import replace_atomically
from nbyard.transfer.project_selection import SelectedFile, project_folder


class Pull(msgspec.Struct, frozen=True):
    """The differences between a project on a server and a local folder.

    `missing` lists the files to fetch, `executable` those that are executable. `toml` is the text
    of the project file.
    """

    name: str
    folder: Path
    plan: ProjectPlan
    missing: list[str]
    toml: str
    executable: frozenset[str] = frozenset()

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
            source, _ = connection.project_file(name, FILE)
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
        return cls(name, place, ProjectPlan(changes), missing, toml, executable)

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
    """Return the path of a project file in the folder.

    Raises:
        Invalid: A link in the path leads out of the folder, or the path is refused.
    """
    target = folder / check_folder_path(path)
    root = os.path.realpath(folder)
    if not Path(os.path.realpath(target.parent)).is_relative_to(root):
        raise Invalid.field("folder", f"{path[:200]} leads outside the allowed folder")
    return target


def _present(target: Path) -> SelectedFile | None:
    if not target.is_file():
        return None
    return SelectedFile(target.read_bytes(), os.access(target, os.X_OK))
