"""The folders of pushed projects in the store: `projects/<project ID>/<push>/`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.projects.definitions import FOLDER

if TYPE_CHECKING:
    from nbyard.store import Store


def folder_of(store: Store, project_id: str) -> Path:
    """Return the folder of a project in the store. Each push has a folder in it."""
    return folder_of_pushes(store) / project_id


def pushed_project(store: Store, path: Path) -> str:
    """Return the ID of the project whose pushed files contain a path; empty for other files."""
    folder = folder_of_pushes(store)
    return path.relative_to(folder).parts[0] if path.is_relative_to(folder) else ""


def pushed_path(folder: Path, path: str) -> str:
    """Return the path of a pushed file in its project; empty for other files.

    `folder` is that of all pushes.
    """
    place = Path(path)
    # It has a folder for each project, which has a folder for each push.
    return str(Path(*place.relative_to(folder).parts[2:])) if place.is_relative_to(folder) else ""


def push_of(store: Store, path: Path) -> Path | None:
    """Return the folder of the push that contains a file; None for other files."""
    folder = folder_of_pushes(store)
    if not path.is_relative_to(folder):
        return None
    return folder.joinpath(*path.relative_to(folder).parts[:2])


def in_push(push: Path, path: str) -> Path | None:
    """Return where a push has the file that is at `path` in a push of the same project.

    The result is None for other files. The file need not exist.
    """
    place = Path(path)
    if not place.is_relative_to(push.parent):
        return None
    return push.joinpath(*place.relative_to(push.parent).parts[1:])


def folder_of_pushes(store: Store) -> Path:
    """Return the folder of the store that has the pushed files of all projects."""
    # Schedules have real paths.
    return Path(os.path.realpath(store.folder), FOLDER)
