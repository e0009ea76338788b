"""Hints about registered executables: changed or missing files, and problems in their code."""

from __future__ import annotations

import contextlib
import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from nbyard.errors import NbyardError
from nbyard.host.project_files import file_of
from nbyard.kinds.notebook import has_same_code
from nbyard.reasons.structs import Reason, because

if TYPE_CHECKING:
    from nbyard.domain.executables.nbexec_files import Description
    from nbyard.domain.executables.structs import Executable
    from nbyard.freezing.executable_versions import Code, Freezer
    from nbyard.host.project_files import ProjectFiles

COARSE_SECONDS = 2  # file systems may round times this much


def file_hints(files: ProjectFiles, executable: Executable) -> tuple[list[Reason], bool]:
    """Return hints about an executable's file, and whether its code has changed.

    Changed code becomes a new version with the next run.
    """
    number, path = executable.current.number, Path(executable.path)
    if not executable.path:
        return [], False
    if not files.has(path):
        return [because("file-not-served", number=number)], False
    file = file_of(path)
    if not os.path.isfile(file):
        return [because("file-gone", number=number)], False
    # An older file is unchanged, which saves reading it.
    if file.stat().st_mtime < executable.current.created_at.timestamp() - COARSE_SECONDS:
        return [], False
    current = executable.current
    # An unreadable file counts as changed.
    with contextlib.suppress(NbyardError):
        content = files.content(file)
        has_same_bytes = f"sha256:{hashlib.sha256(content).hexdigest()}" == current.content_digest
        # JupyterLab fills in IDs and metadata when it saves a notebook.
        is_notebook = current.kind == "notebook"
        if has_same_bytes or (is_notebook and has_same_code(content, current)):
            return [], False
    return [because("file-changed-since", number=number)], True


def with_code_hints(
    freezer: Freezer, executable: Executable, code: Code, description: Description | None
) -> Executable:
    """Return the executable with hints about its new code added.

    `description` describes the code.
    """
    read = freezer.inspect(msgspec.structs.replace(code, description=description))
    return msgspec.structs.replace(executable, hints=[*read.hints, *executable.hints])
