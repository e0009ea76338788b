"""The record of a run, as exports to other formats read it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import msgspec

from nbyard.domain.environments.structs import EnvironmentVersion
from nbyard.domain.executables.structs import ExecutableVersion
from nbyard.domain.runs.structs import Artifact, BytesOf, Run, Task
from nbyard.domain.workflows.structs import Edge


class UsedPackages(msgspec.Struct, frozen=True):
    """The packages where tasks ran outside the environments of nbyard.

    `name` is that of the kernel, image or runtime, `fingerprint` identifies the packages.
    """

    name: str
    fingerprint: str
    versions: Mapping[str, str]


class RunRecord(msgspec.Struct, frozen=True, dict=True):
    """A run, its tasks with their outputs in the order of the graph, and what they used.

    `code` has the versions of executables by their IDs, `environments` those of environments.
    Versions that were deleted are missing. `packages` has by node those of tasks without an
    environment. `document` is the frozen workflow, null for the run of one executable, and if the
    workflow was deleted.
    """

    run: Run
    tasks: list[Task]
    edges: list[Edge] = []
    code: Mapping[str, ExecutableVersion] = {}
    environments: Mapping[str, EnvironmentVersion] = {}
    document: Mapping[str, Any] | None = None
    packages: Mapping[str, UsedPackages] = {}

    @property
    def is_workflow(self) -> bool:
        """Return whether it is the run of a workflow, not of one executable."""
        return bool(self.run.workflow_id)

    @cached_property
    def _connected_results(self) -> Mapping[str, Sequence[tuple[str, Artifact]]]:
        """Return the results to which the inputs of each node are connected."""
        made = {
            (task.node, artifact.name): artifact
            for task in self.tasks
            for artifact in task.artifacts
        }
        by_node: dict[str, list[tuple[str, Artifact]]] = defaultdict(list)
        for edge in self.edges:
            if artifact := made.get((edge.source, edge.output)):
                by_node[edge.target].append((edge.input, artifact))
        return by_node

    def results_used(self, task: Task) -> Iterator[tuple[str, Artifact]]:
        """Yield the results of other tasks that a task used, by the name of its input."""
        for name, artifact in self._connected_results.get(task.node, ()):
            if name not in task.inputs:
                yield name, artifact

    def data_used(self) -> dict[str, BytesOf]:
        """Return the data from outside the run by digest and origin."""
        return {
            f"{content.digest} {content.origin}": content
            for task in self.tasks
            for content in task.inputs.values()
        }

    def results(self) -> list[Artifact]:
        """Return the outputs that no other task of the run uses."""
        used = {artifact.id for task in self.tasks for _, artifact in self.results_used(task)}
        return [
            artifact
            for task in self.tasks
            for artifact in task.artifacts
            if artifact.id not in used
        ]
