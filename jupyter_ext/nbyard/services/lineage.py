"""Service operations on lineage: where results come from, and what was made with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nbyard.domain.callers import Caller
from nbyard.domain.lineage.graph import Walk
from nbyard.domain.lineage.structs import Lineage, Ref, check_start, hidden_node
from nbyard.domain.naming.unique_names import no_such
from nbyard.errors import Invalid, NotFound
from nbyard.freezing.artifact_files import files_named
from nbyard.services.datasets.service import DatasetService
from nbyard.services.deployments import DeploymentService
from nbyard.services.images import ImageService
from nbyard.services.models.service import ModelService
from nbyard.services.operation import operation
from nbyard.services.service_context import Service

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from nbyard.domain.lineage.structs import (
        Direction,
        Found,
        LineageKind,
        LineageNode,
        LineageStart,
    )
    from nbyard.store import Connection

# Who may not read a noun sees its nodes without names.
SCOPES: Mapping[LineageKind, str] = {
    "artifact": "runs:read",
    "code": "executables:read",
    "dataset": "datasets:read",
    "deployment": "deployments:read",
    "environment": "environments:read",
    "file": "runs:read",
    "image": "images:read",
    "model": "models:read",
    "run": "runs:read",
    "task": "runs:read",
}


class LineageService(Service):
    """The lineage of datasets, results, models, images and deployments."""

    noun = "lineage"

    @operation("GET", "/lineage", scope="runs:read")
    def get(  # noqa: PLR0913, PLR0917  these are the query's parameters
        self,
        caller: Caller,
        kind: str,
        key: str,
        version: int = 0,
        node: str = "",
        output: str = "",
        limit: int = 200,
    ) -> Lineage:
        """Show where something comes from, and what was made with it.

        `kind` is artifact, dataset, model, image, deployment or run, and `key` an ID or a name as
        in their own operations. Of a dataset, `version` selects a version, by default the current
        one. Of a run, `node` selects a node, and `output` one of its results. The graph has at most
        `limit` nodes; `more_before` and `more_after` of a node count neighbours beyond them.

        Raises:
            Forbidden: the caller lacks the scope of the start.
        """
        start = check_start(kind)
        caller.check(SCOPES[start])
        refs = self._starts(caller, start, key, version, (node, output))
        # One transaction, so that all levels show the same moment.
        with self._store.read() as c:
            # A run may have more tasks than the graph may have nodes.
            return self._walk(c, caller, limit).of(refs[:limit])

    def _walk(self, c: Connection, caller: Caller, limit: int) -> Walk:
        rows = self._store.lineage

        def expand(refs: Collection[Ref], direction: Direction) -> Found:
            return rows.links(c, caller.name, refs, direction, limit)

        def describe(hints: Mapping[Ref, str]) -> Mapping[Ref, LineageNode]:
            nodes = rows.nodes(c, caller.name, hints)
            forbidden = (ref for ref in nodes if not caller.may(SCOPES[ref.kind]))
            return nodes | {ref: hidden_node(ref.kind) for ref in forbidden}

        return Walk(expand, describe, limit)

    def _starts(
        self,
        caller: Caller,
        kind: LineageStart,
        key: str,
        version: int,
        result: tuple[str, str],
    ) -> Sequence[Ref]:
        if kind == "dataset":
            return [Ref(kind, self._version(caller, key, version))]
        if kind == "model":
            return [Ref(kind, ModelService(self._context).get(caller, key).id)]
        if kind == "image":
            return [Ref(kind, ImageService(self._context).get(caller, key).id)]
        if kind == "deployment":
            return [Ref(kind, DeploymentService(self._context).get(caller, key).id)]
        if kind == "run":
            return self._refs_of_run(caller, key, *result)
        with self._store.read() as c:
            return [Ref(kind, file.id) for file in files_named(self._store, c, caller.name, key)]

    def _version(self, caller: Caller, dataset: str, number: int) -> str:
        record = DatasetService(self._context).get(caller, dataset)
        if not number:
            return record.current.id
        with self._store.read() as c:
            version = self._store.datasets.version(c, caller.name, record.id, number)
        if version is None:
            raise NotFound(f"There is no version {number}.")
        return version.id

    def _refs_of_run(self, caller: Caller, run: str, node: str, output: str) -> Sequence[Ref]:
        if output and not node:
            raise Invalid.field("node", "a value is needed")
        with self._store.read() as c:
            record = self._store.runs.get(c, caller.name, run)
            if record is None:
                raise no_such("run", run, self._store.runs.names(c, caller.name).values())
            if not node:
                states = self._store.tasks.states(c, record.id)
                return [Ref("task", task_id) for task_id, _ in states.values()]
            task = self._store.tasks.view(c, record.id, node)
            if task is None:
                raise NotFound(f"The run has no node '{node[:80]}'.")
            if not output:
                return [Ref("task", task.id)]
            made = self._store.artifacts.of_task(c, task.id).get(output)
        if made is None:
            raise NotFound(f"'{node[:80]}' has no output '{output[:80]}'.")
        return [Ref("artifact", made.id)]
