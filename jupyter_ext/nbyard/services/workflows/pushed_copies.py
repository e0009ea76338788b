"""Find which workflows are pushed copies of other files on this server."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.domain.projects.definitions import FILE, MOST_BYTES, definition_of
from nbyard.domain.workflows.structs import PushedFiles, Workflow
from nbyard.errors import NbyardError
from nbyard.freezing.pushed_folders import folder_of_pushes, pushed_path, pushed_project

if TYPE_CHECKING:
    from collections.abc import Iterable

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
                    known = definition_of(file.read(MOST_BYTES + 1)).project.name
            except (OSError, NbyardError):
                known = ""
            self._project_by_folder[folder] = known
        return known
