"""Workflows in the files of pushes: stored, linked, named, and matched with the files they copy."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.projects.definitions import FILE, MOST_BYTES, read_definition
from nbyard.domain.workflows.structs import Document, PushedFiles, Workflow, read_document
from nbyard.errors import NbyardError
from nbyard.freezing.pushed_folders import (
    folder_of,
    folder_of_pushes,
    in_push,
    pushed_path,
    pushed_project,
)
from nbyard.freezing.workflow_files import store_workflow, was_pushed
from nbyard.host.project_files import MAX_DOCUMENT, ProjectFiles

if TYPE_CHECKING:
    from collections.abc import Iterable

    from nbyard.domain.projects.structs import Project
    from nbyard.domain.workflows.structs import Workflow
    from nbyard.store import Connection, Store


class PushedCopies:
    """The pushed workflows of a user.

    A workflow is the copy of a file if a folder has the file at the same path, and `nbyard.toml` in
    this folder names the project.
    """

    def __init__(self, store: Store, c: Connection, owner: str):
        self._store = store
        self._folder = folder_of_pushes(store)
        self._project_by_folder: dict[str, str] = {}
        self._by_name: dict[str, list[Workflow]] = {}
        self._by_document: dict[str, list[Workflow]] = {}
        for workflow in store.workflows.ending(c, owner, str(self._folder), ""):
            self._by_name.setdefault(Path(workflow.path).name, []).append(workflow)
            if workflow.document_id:
                self._by_document.setdefault(workflow.document_id, []).append(workflow)
        self._names = store.projects.names(c, owner) if self._by_name else {}

    def __bool__(self) -> bool:
        """Return whether the user has pushed workflows."""
        return bool(self._by_name)

    def of(self, file: str) -> list[Workflow]:
        """Return the copies of a file that is not pushed itself."""
        return [
            workflow
            for workflow in self._by_name.get(file.rpartition("/")[2], ())
            if self._is_source(file, workflow.path)
        ]

    def listed(self, workflows: Iterable[Workflow], project: str) -> PushedFiles:
        """Return how to list workflows, so that those with another file are listed once.

        `project` is the ID of the only project to list, "" for all.
        """
        hidden, sources = set(), set()
        same_as: dict[str, list[str]] = {}
        renamed = []
        for workflow in workflows:
            if self._is_copy(workflow):
                continue
            for copy in self._copies(workflow):
                if project not in ("", self._project_of(copy.path)):
                    continue
                if not Path(workflow.path).is_file():
                    renamed.append((workflow, copy))
                    continue
                hidden.add(copy.id)
                sources.add(workflow.id)
                same_as.setdefault(workflow.id, []).append(copy.id)
        for workflow, copy in renamed:
            # Its file was renamed or deleted, so the pushed copy is listed instead.
            if copy.id not in hidden:
                hidden.add(workflow.id)
                same_as.setdefault(copy.id, []).append(workflow.id)
        return PushedFiles(str(self._folder), project, hidden, sources, same_as)

    def same_as(self, c: Connection, workflow: Workflow) -> list[str]:
        """Return the IDs of other workflows whose runs belong to the history of a workflow."""
        if not self:
            return []
        if not self._is_copy(workflow):
            return [copy.id for copy in self._copies(workflow)]
        known = self._store.workflows.placed(c, workflow.owner)
        return [
            other.id
            for other in known
            if not self._is_copy(other) and workflow in self._copies(other)
        ]

    def projects_of(self, workflow: Workflow) -> set[str]:
        """Return the IDs of the projects that pushed the file of a workflow."""
        if self._is_copy(workflow):
            return set()
        return {self._project_of(copy.path) for copy in self._copies(workflow)}

    def _is_copy(self, workflow: Workflow) -> bool:
        return workflow.path.startswith(f"{self._folder}/")

    def _copies(self, workflow: Workflow) -> list[Workflow]:
        """Return the pushed copies of a file or, after its file is gone, of the same document."""
        if Path(workflow.path).is_file():
            return self.of(workflow.path)
        return self._by_document.get(workflow.document_id, [])

    def _is_source(self, file: str, copy: str) -> bool:
        end = f"/{pushed_path(self._folder, copy)}"
        name = self._names.get(self._project_of(copy))
        return bool(name) and file.endswith(end) and self.name_in(file.removesuffix(end)) == name

    def _project_of(self, copy: str) -> str:
        return pushed_project(self._store, Path(copy))

    def name_in(self, folder: str) -> str:
        """Return the name of the project that a folder is pushed as; empty for other folders."""
        known = self._project_by_folder.get(folder)
        if known is None:
            try:
                with Path(folder, FILE).open("rb") as file:
                    known = read_definition(file.read(MOST_BYTES + 1)).project.name
            except (OSError, NbyardError):
                known = ""
            self._project_by_folder[folder] = known
        return known


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
                store.projects.link_automatically(c, project, workflow_id)
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
        chosen = store.projects.with_link_choice(c, project) if ran else set()
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
            store.projects.link_automatically(c, project, run.workflow_id)


def release_workflows(store: Store, c: Connection, folder: Path) -> None:
    """Remove the workflows of deleted pushed files from lists. Their runs are kept."""
    for workflow in store.workflows.below(c, str(folder)):
        store.workflows.release(c, workflow)


class PushedNames:
    """Spells the pushed files of an owner's projects, and finds what such a spelling names."""

    def __init__(self, store: Store, c: Connection, owner: str):
        self._store = store
        self._folder = folder_of_pushes(store)
        self._names = store.projects.names(c, owner)

    def shown(self, path: str) -> str:
        """Return a path as users see it: `PROJECT:PATH` for a pushed file."""
        name = self._names.get(pushed_project(self._store, Path(path)))
        return f"{name}:{pushed_path(self._folder, path)}" if name else path

    def real(self, c: Connection, text: str) -> str:
        """Return the real path of the pushed workflow that a text names; empty for other texts.

        The path changes with each push. The ID of the workflow stays.
        """
        workflow = self.workflow(c, text)
        return workflow.path if workflow else ""

    def workflow(self, c: Connection, text: str) -> Workflow | None:
        """Return the pushed workflow that a text names."""
        for project_id, name in self._names.items():
            if not text.startswith(f"{name}:"):
                continue
            for workflow in self._store.workflows.below(c, str(folder_of(self._store, project_id))):
                if self.shown(workflow.path) == text:
                    return workflow
        return None
