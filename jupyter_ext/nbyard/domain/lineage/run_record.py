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
    """The packages that a task could import, if it ran outside nbyard's environments.

    `name` is the name of the kernel, image or runtime. `fingerprint` identifies the packages.
    `versions` are by package name.
    """

    name: str
    fingerprint: str
    versions: Mapping[str, str]


class RunRecord(msgspec.Struct, frozen=True, dict=True):
    """A run, its tasks in the order of the graph with their outputs, and what the tasks used.

    `code` has the executable versions by ID, and `environments` the environment versions by ID.
    Deleted versions are missing. `packages` has, by node, the packages of tasks without an
    environment. `document` is the frozen workflow. It is null for the run of one executable, and
    if the workflow was deleted. `files` has, by node, the digests of data files beside the code
    that the task read, by path.
    """

    run: Run
    tasks: list[Task]
    edges: list[Edge] = []
    code: Mapping[str, ExecutableVersion] = {}
    environments: Mapping[str, EnvironmentVersion] = {}
    document: Mapping[str, Any] | None = None
    packages: Mapping[str, UsedPackages] = {}
    files: Mapping[str, Mapping[str, str]] = {}

    @property
    def is_workflow(self) -> bool:
        """Return whether the run is of a workflow, not of one executable."""
        return bool(self.run.workflow_id)

    @cached_property
    def _connected_results(self) -> Mapping[str, Sequence[tuple[str, Artifact]]]:
        """Return by node its connected inputs: pairs of the input's name and the artifact."""
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
        """Yield the results of other tasks that a task used, with the names of its inputs."""
        for name, artifact in self._connected_results.get(task.node, ()):
            # A pinned node has stored bytes as inputs, although connections still lead to them.
            if name not in task.inputs:
                yield name, artifact

    def data_used(self) -> dict[str, BytesOf]:
        """Return the data from outside the run, each once; keys are digest and origin."""
        return {
            # Two datasets may have equal bytes, so the digest alone would merge them.
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
