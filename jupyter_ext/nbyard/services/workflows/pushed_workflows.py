"""The workflows among the files of a push, so that lists have them before they run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.workflows.structs import Document, read_document
from nbyard.errors import NbyardError
from nbyard.freezing.pushed_folders import in_push, pushed_project
from nbyard.freezing.workflow_files import store_workflow, was_pushed
from nbyard.host.project_files import MAX_DOCUMENT, ProjectFiles
from nbyard.services.workflows.pushed_copies import PushedCopies

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbyard.domain.projects.structs import Project
    from nbyard.store import Connection, Store


def pushed_documents(folder: Path) -> dict[Path, Document]:
    """Return the documents in a folder of pushed files; damaged ones are left out."""
    documents = {}
    for file in ProjectFiles(folder).documents():
        try:
            if file.stat().st_size <= MAX_DOCUMENT:
                documents[file] = read_document(file.read_bytes())
        except (OSError, NbyardError):
            continue
    return documents


def store_workflows(
    store: Store, c: Connection, owner: str, folder: Path, documents: dict[Path, Document]
) -> None:
    """Store the workflows of a push, which replace those of other pushes of the project.

    A workflow keeps its history if its document has the same ID, or no ID and the same path. With
    an ID, this holds also after a push without the file. A workflow whose file is damaged stays as
    it was.
    """
    rows = store.workflows

    def is_there(path: str, document_id: str) -> bool:
        target = in_push(folder, path)
        if target is None:
            return not was_pushed(store, c, folder, path)
        if target in documents:
            return documents[target].meta.id == document_id
        return target.is_file()

    # A document without an ID takes the row at its path, unless another file has the row's ID.
    for file in sorted(documents, key=lambda file: (not documents[file].meta.id, file)):
        document = documents[file]
        store_workflow(store, c, owner, str(file), document, is_there)
    for workflow in rows.below(c, str(folder.parent)):
        target = in_push(folder, workflow.path)
        if target is None or str(target) == workflow.path:
            continue
        if target not in documents and target.is_file():
            rows.move(c, workflow, str(target))
        else:
            rows.release(c, workflow)
    # Rules for a file that this push lacks or damages apply again after a push with the file.
    for path in {stored.rule.path for stored in store.rules.of_owner(c, owner)}:
        target = in_push(folder, path)
        if target is not None:
            store.rules.move(c, owner, path, str(target))


def link_sources(store: Store, project: Project) -> dict[str, str]:
    """Link the workflows that were pushed from files on this server, so that their runs count.

    Return the paths, by ID, of those that are left out. Files are read outside of the transactions.
    """
    ids, left_out = unlinked_sources(store, project)
    if ids:
        with store.write() as c:
            for workflow_id in ids:
                store.projects.link_automatically(c, project, "workflow", workflow_id)
    return left_out


def unlinked_sources(store: Store, project: Project) -> tuple[list[str], dict[str, str]]:
    """Return the IDs of workflows to link to a project, and those to leave out.

    If the project has policies, workflows that ran are left out: their runs would be deleted.
    """
    with store.read() as c:
        copies = PushedCopies(store, c, project.owner)
        placed = store.workflows.placed(c, project.owner)
    sources = {w.id: w.path for w in placed if project.id in copies.projects_of(w)}
    with store.read() as c:
        has_policies = bool(store.retention.of_project(c, project))
        ran = store.workflows.with_runs(c, sources) if has_policies and sources else set()
        chosen = store.projects.with_link_choice(c, project, "workflow") if ran else set()
    left_out = {key: path for key, path in sources.items() if key in ran - chosen}
    return [key for key in sources if key not in ran], left_out


def projects_with_copy(store: Store, owner: str, file: Path) -> set[str]:
    """Return the IDs of the projects that pushed a workflow file, if it has not run yet.

    Files are read outside of the transaction.
    """
    if pushed_project(store, file):
        return set()
    with store.read() as c:
        workflow = store.workflows.by_path(c, owner, str(file))
        if workflow and store.workflows.with_runs(c, [workflow.id]):
            return set()
        copies = PushedCopies(store, c, owner)
    return {pushed_project(store, Path(copy.path)) for copy in copies.of(str(file))}


def link_new_source(store: Store, c: Connection, run_id: str, projects: Iterable[str]) -> None:
    """Link the workflow of a run to the projects that pushed its file, if no run is older."""
    for project_id in projects:
        run = store.runs.by_id(c, run_id)
        project = store.projects.get(c, run.owner, project_id) if run else None
        if run is None or project is None:
            continue
        if len(store.runs.page(c, run.owner, 2, "", workflow=run.workflow_id)) == 1:
            store.projects.link_automatically(c, project, "workflow", run.workflow_id)


def release_workflows(store: Store, c: Connection, folder: Path) -> None:
    """Remove the workflows of deleted pushed files from lists. Their runs are kept."""
    for workflow in store.workflows.below(c, str(folder)):
        store.workflows.release(c, workflow)
