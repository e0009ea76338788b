"""Refuses automations that would cause their own event, as far as the store shows it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from nbyard.domain.automations.loops import Link, find_loop
from nbyard.domain.runs.structs import NewRun
from nbyard.errors import Invalid

if TYPE_CHECKING:
    from nbyard.services.service_context import ServiceContext
    from nbyard.store import Connection

# Only for these events does the store know in advance which code may cause them.
LINKED = ("dataset", "run")


class LoopCheck:
    """Finds loops among the automations of an owner, in one transaction.

    A dataset leads to the runs that its automations start. So does a workflow or executable, which
    also leads to the datasets that its runs have published.
    """

    def __init__(self, parts: ServiceContext, c: Connection, owner: str):
        self._parts = parts
        self._store = parts.store
        self._c = c
        self._owner = owner

    def check(
        self, kind: str, source_id: str, source_path: str, run: NewRun, own: str = ""
    ) -> None:
        """Check that an automation's run does not lead to the automation's own event.

        `own` is the ID of the automation when it is changed, so that its old event does not count.

        Raises:
            Invalid: There is a loop. The message names the places along it.
        """
        if kind not in LINKED:
            return
        new = self._link(kind, source_id, source_path, run)
        loop = find_loop(self._links(own), new)
        if loop is not None:
            raise Invalid.field("on", f"would close a loop: {' → '.join(loop)}")

    def _links(self, own: str) -> Iterator[Link]:
        for row in self._store.automations.all_of(self._c, self._owner):
            if row.kind in LINKED and row.automation.id != own:
                yield self._link(row.kind, row.source_id, row.source_path, row.automation.run)
        for path, dataset_id, name in self._store.automations.publishers(self._c, self._owner):
            yield Link(self._place(path), dataset_id, name)

    def _link(self, kind: str, source_id: str, source_path: str, run: NewRun) -> Link:
        source = source_id if kind == "dataset" else self._place(source_path, source_id)
        if run.path:
            return Link(source, self._place(run.path), self._parts.files.without_root(run.path))
        executable = self._store.executables.get(self._c, self._owner, run.executable)
        return Link(source, executable.id if executable else run.executable, run.executable)

    def _place(self, path: str, known_id: str = "") -> str:
        """Return the ID of a workflow, which stays when its file moves, else the code's path."""
        if known_id:
            return known_id
        workflow = self._store.workflows.by_path(self._c, self._owner, path)
        return workflow.id if workflow else path
