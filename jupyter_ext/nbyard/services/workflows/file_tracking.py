"""Tracks workflow files that were renamed, moved or copied."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.workflows.structs import Meta, Workflow, WorkflowFile, read_document
from nbyard.errors import NbyardError
from nbyard.freezing.pushed_folders import pushed_project
from nbyard.freezing.workflow_files import document_id_of, is_there, store_workflow
from nbyard.host.project_files import DOCUMENT, MAX_DOCUMENT
from nbyard.services.workflows.pushed_workflows import PushedCopies

if TYPE_CHECKING:
    from nbyard.domain.callers import Caller
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection


def saved_workflow(
    context: ServiceContext, c: Connection, owner: str, path: Path
) -> Workflow | None:
    """Return the workflow in a file or, if the file is missing, the workflow that was in it."""
    try:
        document_id = document_id_of(path) if path.stat().st_size <= MAX_DOCUMENT else ""
    except (OSError, NbyardError):
        document_id = ""
    return context.store.workflows.find(c, owner, str(path), document_id, is_there)


def record_file(context: ServiceContext, c: Connection, owner: str, path: Path) -> Workflow | None:
    """Store the workflow in a file, as a version; return None for other and missing files.

    Raises:
        Invalid: The file contains no workflow.
    """
    if path.suffix != DOCUMENT or not path.is_file():
        return None
    document = read_document(context.files.content(path))
    workflow = store_workflow(context.store, c, owner, str(path), document, is_there)
    context.store.workflows.version_of(c, workflow, document)
    return workflow


def follow_rename(context: ServiceContext, source: Path, target: Path) -> None:
    """Update the stored paths of all workflows in a file or folder that was renamed."""
    rows = context.store.workflows
    with context.store.read() as c:
        # Most renames concern other files. For these, do not take the write lock.
        if not rows.below(c, str(source)):
            return
    with context.store.write() as c:
        for workflow in rows.below(c, str(source)):
            rows.move(c, workflow, str(target / Path(workflow.path).relative_to(source)))


def record_save(context: ServiceContext, caller: Caller, path: Path) -> None:
    """Store the version in a workflow file that the caller saved."""
    document = read_document(context.files.content(path))
    if not document.nodes:
        return  # the file was just created
    rows, owner = context.store.workflows, caller.name
    with context.store.write() as c:
        saved = rows.create_or_update(c, owner, str(path), document, is_there, listed=False)
        rows.save(c, saved, document, caller.submitter)


def place_of(context: ServiceContext, owner: str, path: Path, document_id: str) -> tuple[str, str]:
    """Return the stored path of a file's workflow, and for a copy, the path of the original.

    Either path is empty if it does not exist. A pushed copy is never the original. The stored path
    stays until a run or a reported rename. If the workflow's own file is missing, several files may
    have its ID. Each of them shows its runs.
    """
    rows = context.store.workflows
    with context.store.read() as c:
        known = rows.find(c, owner, str(path), document_id, is_there)
        same = rows.of_document(c, owner, document_id) if document_id else []
    oldest = next(
        (
            workflow
            for workflow in same
            if workflow == known
            or (
                not pushed_project(context.store, Path(workflow.path))
                and is_there(workflow.path, document_id)
            )
        ),
        None,
    )
    original = oldest.path if oldest and oldest != known else ""
    return known.path if known else "", original


def unrun_files(context: ServiceContext, owner: str) -> list[WorkflowFile]:
    """Return saved workflows that have never run from their path, newest first."""
    with context.store.read() as c:
        known = {workflow.path for workflow in context.store.workflows.placed(c, owner)}
        copies = PushedCopies(context.store, c, owner)
    workflow_files = []
    for file in context.files.documents():
        if str(file) in known or pushed_project(context.store, file):
            continue
        try:
            stat = file.stat()
            content = file.read_bytes() if stat.st_size <= MAX_DOCUMENT else b""
            meta = read_document(content).meta
        except OSError:
            continue
        # A file that is too large or damaged is listed without a title.
        except NbyardError:
            meta = Meta()
        saved_at = datetime.fromtimestamp(stat.st_mtime, UTC)
        shown = context.files.shown(file)
        pushed = next((copy.id for copy in copies.of(str(file))), "")
        workflow_files.append(WorkflowFile(shown, meta.title, saved_at, pushed))
    return sorted(workflow_files, key=lambda workflow_file: workflow_file.saved_at, reverse=True)
