"""Detection of changed or missing files of registered executables."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.errors import NbyardError
from nbyard.host.project_files import file_of

if TYPE_CHECKING:
    from nbyard.domain.executables.structs import Executable
    from nbyard.host.project_files import ProjectFiles

COARSE_SECONDS = 2  # file systems may round times this much


def file_hints(files: ProjectFiles, executable: Executable) -> tuple[list[str], bool]:
    """Return hints about the file, and whether the next run creates a new version of it."""
    number, path = executable.current.number, Path(executable.path)
    if not executable.path:
        return [], False
    if not files.has(path):
        return [f"Its file is not in the folder that is served; runs use version {number}."], False
    file = file_of(path)
    if not os.path.isfile(file):
        return [f"Its file is gone; runs use version {number}."], False
    # An older file is unchanged, which saves reading it.
    if file.stat().st_mtime < executable.current.created_at.timestamp() - COARSE_SECONDS:
        return [], False
    digest = None
    # An unreadable file counts as changed.
    with contextlib.suppress(NbyardError):
        digest = f"sha256:{hashlib.sha256(files.content(file)).hexdigest()}"
    if digest == executable.current.content_digest:
        return [], False
    said = f"Its file has changed since version {number}; the next run makes a new one."
    return [said], True
