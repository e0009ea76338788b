"""The commit of the code that a request for runs freezes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.errors import NbyardError
from nbyard.freezing.pushed_folders import pushed_project
from nbyard.host.git import repository_state
from nbyard.host.project_files import file_of

if TYPE_CHECKING:
    from nbyard.domain.runs.git_states import GitState
    from nbyard.domain.runs.structs import NewRun
    from nbyard.domain.workflows.structs import Document
    from nbyard.freezing.freezing_context import FreezingContext


def commit_of(
    context: FreezingContext, owner: str, body: NewRun, document: Document
) -> GitState | None:
    """Return the state of the Git repository of the code; None without a repository.

    For the files of a pushed project, it is the state that the push recorded.
    """
    files = list(_code_files(context, owner, body, document))
    if files and (project := pushed_project(context.store, files[0])):
        with context.store.read() as c:
            return context.store.projects.git_of(c, project)
    return repository_state(files)


def _code_files(
    context: FreezingContext, owner: str, body: NewRun, document: Document
) -> Iterator[Path]:
    """Yield the real paths of the requested file, and of the files that its nodes name."""
    if body.executable:
        with context.store.read() as c:
            known = context.store.executables.get(c, owner, body.executable)
        if known is not None and known.path:
            yield file_of(Path(known.path))
        return
    real = file_of(context.files.locate_code(body.path))
    yield real
    base = context.files.shown(real.parent)
    paths = {node.path for node in document.nodes.values() if node.type == "executable"}
    for path in sorted(paths - {""}):  # many nodes may follow one file
        # The only node of a single file names the file that was yielded above.
        if not body.path.endswith(path):
            try:
                yield file_of(context.files.locate_code(path, base=base))
            except NbyardError:  # freezing names a wrong path at its node
                continue
