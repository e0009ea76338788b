"""The short spelling `PROJECT:PATH` of pushed files, instead of their paths in the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from nbyard.freezing.pushed_folders import (
    folder_of,
    folder_of_pushes,
    pushed_path,
    pushed_project,
)

if TYPE_CHECKING:
    from nbyard.domain.workflows.structs import Workflow
    from nbyard.store import Connection, Store


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
