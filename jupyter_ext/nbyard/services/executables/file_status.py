"""Detection of changed or missing files of registered executables."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.errors import NbyardError
from nbyard.host.project_files import file_of

if TYPE_CHECKING:
    from nbyard.domain.executables.structs import Executable, ExecutableVersion
    from nbyard.host.project_files import ProjectFiles

COARSE_SECONDS = 2  # file systems may round times this much


def file_hints(files: ProjectFiles, found: Executable) -> tuple[list[str], bool]:
    """Return hints about the file, and whether the next run creates a new version of it."""
    number, path = found.current.number, Path(found.path)
    if found.path and not files.has(path):
        return [f"Its file is not in the folder that is served; runs use version {number}."], False
    if found.path and not os.path.isfile(file_of(path)):
        return [f"Its file is gone; runs use version {number}."], False
    if found.path and _has_changed(files, path, found.current):
        said = f"Its file has changed since version {number}; the next run makes a new one."
        return [said], True
    return [], False


def _has_changed(files: ProjectFiles, path: Path, since: ExecutableVersion) -> bool:
    path = file_of(path)
    # An older file is unchanged, which saves reading it.
    if path.stat().st_mtime < since.created_at.timestamp() - COARSE_SECONDS:
        return False
    try:
        content = files.content(path)
    # An unreadable file counts as changed.
    except NbyardError:
        return True
    return since.content_digest != f"sha256:{hashlib.sha256(content).hexdigest()}"
