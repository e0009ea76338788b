"""The folders of users' files in the store.

projects/<project ID>/<push>/   the files of a pushed project
homes/<owner>/                  the mirror of a user's files, on a shared service
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import quote

from nbyard.domain.ids import new_id
from nbyard.domain.projects.definitions import FOLDER, HOMES, push_name
from nbyard.freezing.freezing_context import FreezingContext
from nbyard.host.project_files import ProjectFiles

if TYPE_CHECKING:
    from nbyard.store import Store

T = TypeVar("T", bound=FreezingContext)
MOST_SEGMENT = 200


def home_folder(folder: Path, owner: str) -> Path:
    """Return the folder with the mirror of a user's files. `folder` is that of the store."""
    # Without dots, so that no owner is "..", and no mirror has the name of another one's record.
    segment = quote(owner, safe="").replace(".", "%2E") or "%"
    if len(segment) > MOST_SEGMENT:  # no other owner's segment has a % before a hyphen
        segment = f"{segment[:100]}%-{hashlib.sha256(owner.encode()).hexdigest()}"
    return Path(os.path.realpath(folder), HOMES, segment)


def is_mirror(store: Store, root: Path) -> bool:
    """Return whether a root is the mirror of a user's files, which are on another server."""
    return root.parent == Path(os.path.realpath(store.folder), HOMES)


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
    # Automations have real paths.
    return Path(os.path.realpath(store.folder), FOLDER)


def place_of(context: FreezingContext, project_id: str, digest: str) -> Path:
    """Return the path of the folder with the files of a push."""
    return folder_of(context.store, project_id) / push_name(digest)


def ensure_pushed_files(context: FreezingContext, project_id: str, digest: str) -> Path:
    """Return the folder with the files of a push, after creating it if it is missing."""
    made = place_of(context, project_id, digest)
    if not made.is_dir():
        made.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        # An interrupted push leaves no half of a folder under the final name.
        part = made.with_name(f".{made.name}.{new_id()}")
        try:
            context.blobs.stage(digest, part)
            part.rename(made)
        except OSError:
            if not made.is_dir():  # otherwise, another request with the same push was faster
                raise
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return made


def pushed_context(context: T, owner: str, path: str) -> tuple[T, str] | None:
    """Return the context of a pushed project and a path in it, for `PROJECT:PATH`.

    The result is None for other paths, and for a file that has such a name itself.
    """
    name, colon, inside = path.partition(":")
    if not colon or context.files.locate(path).exists():
        return None
    with context.store.read() as c:
        project = context.store.projects.get(c, owner, name)
    if project is None or not project.files:
        return None
    folder = ensure_pushed_files(context, project.id, project.files)
    return dataclasses.replace(context, files=ProjectFiles(folder)), inside
