"""Rows of lineage: the connections of nodes, the nodes themselves, and their sources.

The record of a run, as exports to other formats read it.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, bindparam, insert, select

from nbyard.domain.caching.files_read import files_read
from nbyard.domain.lineage.run_record import RunRecord, UsedPackages
from nbyard.domain.lineage.structs import Direction, Found, LineageNode, Ref
from nbyard.domain.runs.structs import Artifact, BytesOf, Run, TaskPlan
from nbyard.store.environments.fingerprints import FingerprintRows
from nbyard.store.environments.queries import EnvironmentRows
from nbyard.store.executables import ExecutableRows
from nbyard.store.lineage.downstream import connections_from
from nbyard.store.lineage.nodes import nodes_for_viewer
from nbyard.store.lineage.upstream import connections_to
from nbyard.store.runs.artifacts_and_cache import ArtifactRows
from nbyard.store.runs.compared_rows import ComparedRows, ComparedTask
from nbyard.store.runs.queries import RunRows
from nbyard.store.runs.tasks import TaskRows
from nbyard.store.schema.lineage_tables import task_sources
from nbyard.store.schema.tables import workflow_versions

T = TypeVar("T")
VERSIONS = workflow_versions.c
DOCUMENT = select(VERSIONS.document).where(VERSIONS.id == bindparam("its_id"))


def read_run_record(c: Connection, run: Run) -> RunRecord:
    """Return a run with its tasks, results, code and packages.

    The caller checks that the user may see the run.
    """
    artifacts: dict[str, list[Artifact]] = {}
    for artifact in ArtifactRows().of_run(c, run.id):
        artifacts.setdefault(artifact.node, []).append(artifact)
    tasks = [
        msgspec.structs.replace(task, artifacts=artifacts.get(task.node, []))
        for task in TaskRows().views(c, run.id)
    ]
    code, locks = ExecutableRows(), EnvironmentRows()
    rows = ComparedRows().tasks(c, run.id)
    return RunRecord(
        run,
        tasks,
        RunRows().edges(c, run.id),
        _known(lambda key: code.version(c, key), (task.executable_version_id for task in tasks)),
        _known(
            lambda key: locks.version(c, key),
            (task.environment.version_id for task in tasks if task.environment),
        ),
        c.execute(DOCUMENT, {"its_id": run.workflow_version_id}).scalar(),
        _packages(c, rows),
        {row.node: files_read(row.parts, row.observed) for row in rows},
    )


def _packages(c: Connection, tasks: Sequence[ComparedTask]) -> dict[str, UsedPackages]:
    """Return by node the recorded packages of tasks outside the environments of nbyard."""
    rows = [row for row in tasks if row.parts]
    places = {row.node: row.parts.environment for row in rows if row.parts}
    packages_by_place = _known(lambda place: FingerprintRows().packages(c, place), places.values())
    code = ExecutableRows()
    versions = _known(
        lambda key: code.version(c, key), (row.plan.executable_version_id for row in rows)
    )
    packages = {}
    for row in rows:
        place, plan = places[row.node], row.plan
        if place in packages_by_place and plan.environment is None:
            version = versions.get(plan.executable_version_id)
            name = plan.image or plan.kernel or (version.kernel if version else "") or plan.runtime
            packages[row.node] = UsedPackages(name, place, packages_by_place[place])
    return packages


def _known(find: Callable[[str], T | None], keys: Iterable[str]) -> dict[str, T]:
    """Return the values that exist; look up each key once."""
    values_by_key = {key: find(key) for key in dict.fromkeys(keys)}
    return {key: value for key, value in values_by_key.items() if value is not None}


class LineageRows:
    """Queries on lineage. Links may lead to other owners; nodes hide what a user must not see."""

    def insert(self, c: Connection, plans: Iterable[tuple[str, TaskPlan]]) -> None:
        """Store the sources of tasks, given as (task ID, plan)."""
        rows = [
            {"task_id": task_id, "name": name, "source": binding.source}
            for task_id, plan in plans
            for name, binding in plan.bindings.items()
            if isinstance(binding, BytesOf) and binding.source
        ]
        if rows:
            c.execute(insert(task_sources), rows)

    def run_record(self, c: Connection, run: Run) -> RunRecord:
        """Return the record of a run that the user may see."""
        return read_run_record(c, run)

    def links(
        self, c: Connection, viewer: str, refs: Collection[Ref], direction: Direction, most: int
    ) -> Found:
        """Return the connections of nodes in one direction.

        For each node, at most `most` connections of each kind are returned. If a node has more,
        the totals contain the number of all of them.
        """
        if direction == "back":
            return connections_to(c, viewer, refs, most)
        return connections_from(c, viewer, refs, most)

    def nodes(self, c: Connection, viewer: str, hints: Mapping[Ref, str]) -> dict[Ref, LineageNode]:
        """Return nodes as a user may see them. A deleted node has its hint as a name."""
        return nodes_for_viewer(c, viewer, hints)
