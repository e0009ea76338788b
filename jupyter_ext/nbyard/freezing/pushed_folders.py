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
    return _folder(store) / project_id


def pushed_project(store: Store, path: Path) -> str:
    """Return the ID of the project whose pushed files contain a path; empty for other files."""
    folder = _folder(store)
    return path.relative_to(folder).parts[0] if path.is_relative_to(folder) else ""


def _folder(store: Store) -> Path:
    # Schedules have real paths.
    return Path(os.path.realpath(store.folder), FOLDER)
