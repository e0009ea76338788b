"""Reads facts about runs from their records, for comparisons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from nbyard.domain.attempts.structs import EXECUTED
from nbyard.domain.cache_policy import IDENTITY
from nbyard.domain.comparison.facts import CodeVersion, InputFacts, OutputFile, RunFacts, TaskFacts
from nbyard.domain.digest import canonical_text
from nbyard.domain.naming.runtime_names import PROCESS
from nbyard.domain.runs.structs import Artifact, BytesOf, ResultOf, Run, SecretOf, TaskPlan, ValueOf

if TYPE_CHECKING:
    from nbyard.domain.executables.structs import ExecutableVersion
    from nbyard.store import Connection, Store
    from nbyard.store.runs.compared_rows import ComparedTask

Metrics = Mapping[str, Mapping[str, float | str]]


def only_metrics(run: Run, metrics: Metrics) -> RunFacts:
    """Return facts with only the metrics of a run, in the order of the nodes."""
    tasks = {
        node: TaskFacts(node, node, place, "succeeded", metrics=own)
        for place, (node, own) in enumerate(metrics.items())
    }
    return RunFacts(run, tasks)


class FactReader:
    """Reads facts about several runs.

    Versions and environments that the runs share are read once.
    """

    def __init__(self, store: Store, c: Connection) -> None:
        self._store = store
        self._c = c
        self._versions: dict[str, ExecutableVersion | None] = {}
        self._packages: dict[str, Mapping[str, str]] = {}

    def read(self, run: Run, metrics: Metrics, pictures: Mapping[str, str]) -> RunFacts:
        """Return the facts about a run.

        `metrics` has those of its nodes, `pictures` the digests of pictures in their notebooks.
        """
        files: dict[str, dict[str, OutputFile]] = {}
        for artifact in self._store.artifacts.of_run(self._c, run.id):
            picture = pictures.get(artifact.node, "") if artifact.name == EXECUTED else ""
            if artifact.name != EXECUTED or picture:
                files.setdefault(artifact.node, {})[artifact.name] = output_file(artifact, picture)
        rows = self._store.compared.tasks(self._c, run.id)
        tasks = {row.node: self._task(row, files, metrics.get(row.node, {})) for row in rows}
        seconds = None
        if run.started_at and run.finished_at:
            seconds = max(0.0, (run.finished_at - run.started_at).total_seconds())
        # the parameters of a run of one executable are the arguments of its only task
        given = run.parameters if run.workflow_id else {}
        values = {name: canonical_text(value) for name, value in given.items()}
        return RunFacts(run, tasks, values, seconds)

    def _task(
        self,
        row: ComparedTask,
        files: Mapping[str, Mapping[str, OutputFile]],
        metrics: Mapping[str, float | str],
    ) -> TaskFacts:
        plan, version = row.plan, self.version(row.plan.executable_version_id)
        code = None
        if version is not None:
            numbered = (plan.executable_id, version.id, version.number)
            code = CodeVersion(*numbered, version.file, version.code_digest)
        inputs = {}
        for name, binding in plan.bindings.items():
            if isinstance(binding, BytesOf):
                inputs[name] = InputFacts(
                    binding.digest, binding.origin or binding.filename, filename=binding.filename
                )
            elif isinstance(binding, ResultOf):
                file = files.get(binding.node, {}).get(binding.output)
                digest = file.digest if file else ""
                inputs[name] = InputFacts(digest, node=binding.node, output=binding.output)
        return TaskFacts(
            row.node,
            plan.label,
            row.place,
            row.state,
            row.cached,
            plan.pinned,
            code=code,
            values=self._values(plan),
            inputs=inputs,
            outputs=files.get(row.node, {}),
            metrics=metrics,
            parts=row.parts,
            observed=row.observed,
            environment=self._environment_name(plan, version),
            packages=self.packages_of(row),
            seconds=row.seconds,
        )

    def _values(self, plan: TaskPlan) -> dict[str, str]:
        values = {}
        for name, binding in plan.bindings.items():
            if isinstance(binding, ValueOf) and name not in IDENTITY:
                values[name] = canonical_text(binding.value)
            elif isinstance(binding, SecretOf):
                # The value of a secret is never shown. A changed credential has a new version.
                values[name] = f"{binding.name} (version {binding.version})"
        return values

    def _environment_name(self, plan: TaskPlan, version: ExecutableVersion | None) -> str:
        """Return the name of a task's environment, image, kernel or runtime, as shown to users."""
        if plan.environment:
            return plan.environment.shown
        if plan.image:
            return plan.image
        kernel = plan.kernel or (version.kernel if version else "")
        return kernel if plan.runtime == PROCESS and kernel else plan.runtime

    def version(self, version_id: str) -> ExecutableVersion | None:
        """Return the version of an executable, None if the version was deleted."""
        if version_id not in self._versions:
            self._versions[version_id] = self._store.executables.version(self._c, version_id)
        return self._versions[version_id]

    def packages_of(self, row: ComparedTask) -> Mapping[str, str]:
        """Return the packages where a task ran, by name, or those of its environment's lock."""
        used = row.plan.environment
        place = row.parts.environment if row.parts else ""
        key = f"{place} {used.version_id if used else ''}"
        if key not in self._packages:
            packages = self._store.fingerprints.packages(self._c, place) if place else None
            if not packages and used:
                locked = self._store.environments.version(self._c, used.version_id)
                packages = (
                    {package.name: package.version for package in locked.packages}
                    if locked
                    else None
                )
            self._packages[key] = packages or {}
        return self._packages[key]


def output_file(artifact: Artifact, picture: str = "") -> OutputFile:
    """Return an artifact as a file to compare.

    `picture` is the digest of the picture in a notebook.
    """
    return OutputFile(
        artifact.id,
        artifact.filename,
        artifact.format,
        artifact.digest,
        artifact.size_bytes,
        picture,
    )
