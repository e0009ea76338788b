"""Find which versions of environments live runs and pins use."""

from typing import Any

from sqlalchemy import Connection, Select, select

from nbyard.domain.environments.references import split_reference
from nbyard.domain.state_machines import TASK
from nbyard.store.database.query_parts import with_newest_version
from nbyard.store.schema.tables import (
    environment_versions,
    environments,
    executable_versions,
    executables,
    tasks,
    workflow_versions,
    workflows,
)

Pin = tuple[str, str, int]


class UseRows:
    """Queries for what uses versions of environments."""

    def by_runs(self, c: Connection) -> dict[str, str]:
        """Return the versions that live tasks use: a run ID by version ID."""
        query = select(tasks.c.run_id, tasks.c.plan).where(tasks.c.state.in_(sorted(TASK.live)))
        run_environments = ((row.run_id, row.plan.get("environment")) for row in c.execute(query))
        return {used["version_id"]: run_id for run_id, used in run_environments if used}

    def by_pins(self, c: Connection) -> set[str]:
        """Return IDs of versions that the newest version of a workflow or executable pins."""
        newest = with_newest_version(workflows, workflow_versions, "workflow_id")
        query: Select[Any] = select(workflows.c.owner, workflow_versions.c.document)
        pins: set[Pin] = set()
        for row in c.execute(query.select_from(newest)):
            for node in row.document.get("nodes", {}).values():
                pins.add((row.owner, *split_reference(node.get("environment", ""))))
        newest = with_newest_version(executables, executable_versions, "executable_id")
        query = select(executables.c.owner, executable_versions.c.resources)
        for row in c.execute(query.select_from(newest)):
            pins.add((row.owner, *split_reference(row.resources.get("environment", ""))))
        # References without a version number follow the newest version and pin nothing.
        pins = {pin for pin in pins if pin[2]}
        if not pins:
            return set()
        v, e = environment_versions.c, environments.c
        query = select(v.id, v.number, e.name, e.owner).join(environments, e.id == v.environment_id)
        return {row.id for row in c.execute(query) if (row.owner, row.name, row.number) in pins}
