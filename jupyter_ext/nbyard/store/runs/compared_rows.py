"""Rows that comparisons of runs read: everything recorded about tasks and their data."""

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, select

from nbyard.domain.attempts.structs import Observed
from nbyard.domain.digest import KeyParts
from nbyard.domain.runs.structs import TaskPlan
from nbyard.domain.state_machines import TaskState
from nbyard.store.schema.tables import dataset_versions, datasets, tasks
from nbyard.store.visibility import may_see


class ComparedTask(msgspec.Struct, frozen=True):
    """A task with its plan, the parts of its cache key and what it read."""

    id: str
    node: str
    place: int
    state: TaskState
    cached: bool
    plan: TaskPlan
    parts: KeyParts | None
    observed: Observed | None
    seconds: float | None


class VersionOfBytes(msgspec.Struct, frozen=True):
    """The version of a dataset that has these bytes."""

    dataset: str
    name: str
    number: int


class ComparedRows:
    """Queries for comparisons."""

    def tasks(self, c: Connection, run_id: str) -> list[ComparedTask]:
        """Return the tasks of a run in the order of the graph."""
        query = select(tasks).where(tasks.c.run_id == run_id).order_by(tasks.c.place)
        return [
            ComparedTask(
                row.id,
                row.node,
                row.place,
                row.state,
                row.cached,
                msgspec.convert(row.plan, TaskPlan),
                msgspec.convert(row.parts or None, KeyParts | None),
                msgspec.convert(row.observed or None, Observed | None),
                # The clock may have been set back in between.
                max(0.0, (row.finished_at - row.started_at).total_seconds())
                if row.started_at and row.finished_at
                else None,
            )
            for row in c.execute(query)
        ]

    def versions_of(
        self, c: Connection, owner: str, digests: Collection[str]
    ) -> dict[str, list[VersionOfBytes]]:
        """Return the dataset versions with these bytes, newest first, by digest."""
        v = dataset_versions.c
        query = (
            select(v.digest, datasets.c.id, datasets.c.name, v.number)
            .join(datasets, datasets.c.id == v.dataset_id)
            .where(may_see(owner, datasets.c.owner), v.digest.in_(digests))
            .order_by(v.id.desc())
        )
        versions_by_digest: dict[str, list[VersionOfBytes]] = {}
        for digest, *version in c.execute(query):
            versions_by_digest.setdefault(digest, []).append(VersionOfBytes(*version))
        return versions_by_digest
