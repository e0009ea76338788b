"""Rows of artifacts, and the cache that points at them."""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, insert, select

from nbyard.domain.ids import new_id
from nbyard.domain.runs import Artifact
from nbyard.store.tables import artifacts, cache, runs, tasks
from nbyard.store.tasks import TaskRecord


class ArtifactRows:
    """Queries on artifacts; those with an `owner` see only what belongs to it."""

    def insert(self, c: Connection, task: TaskRecord, rows: list[dict[str, Any]]) -> None:
        now = datetime.now(UTC)
        full = [
            {**row, "id": new_id(), "run_id": task.run_id, "task_id": task.id, "created_at": now}
            for row in rows
        ]
        if full:
            c.execute(insert(artifacts), full)

    def digests(self, c: Connection) -> Iterable[str]:
        return c.execute(select(artifacts.c.digest).distinct()).scalars()

    def link(self, c: Connection, task: TaskRecord, from_task_id: str) -> None:
        """The results of another task become this one's too."""
        query = select(artifacts).where(artifacts.c.task_id == from_task_id)
        names = ("name", "filename", "format", "digest", "size_bytes")
        found = [{n: getattr(row, n) for n in names} for row in c.execute(query)]
        self.insert(c, task, found)

    def of_run(self, c: Connection, run_id: str) -> list[Artifact]:
        query = _query().where(artifacts.c.run_id == run_id).order_by(artifacts.c.id)
        return [_artifact(row) for row in c.execute(query)]

    def of_task(self, c: Connection, task_id: str) -> dict[str, Artifact]:
        query = _query().where(artifacts.c.task_id == task_id)
        return {row.name: _artifact(row) for row in c.execute(query)}

    def get(self, c: Connection, owner: str, artifact_id: str) -> Artifact | None:
        query = (
            _query()
            .join(runs, runs.c.id == artifacts.c.run_id)
            .where(artifacts.c.id == artifact_id, runs.c.owner == owner)
        )
        row = c.execute(query).first()
        return _artifact(row) if row else None


def _query() -> Any:
    return select(*artifacts.c, tasks.c.node).select_from(
        artifacts.join(tasks, tasks.c.id == artifacts.c.task_id)
    )


def _artifact(row: Row[Any]) -> Artifact:
    return Artifact(**{name: getattr(row, name) for name in Artifact.__struct_fields__})


class Hit(msgspec.Struct, frozen=True):
    """The task that has a result, and the number of its run."""

    task_id: str
    run_number: int


class CacheRows:
    """Results by cache key, per owner."""

    def find(self, c: Connection, keys: Collection[str]) -> dict[tuple[str, str], Hit]:
        """What is known of these keys, by owner and key."""
        query = (
            select(cache.c.owner, cache.c.key, cache.c.task_id, runs.c.number)
            .join(tasks, tasks.c.id == cache.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(cache.c.key.in_(keys))
        )
        return {(r.owner, r.key): Hit(r.task_id, r.number) for r in c.execute(query)}

    def keep(self, c: Connection, owner: str, key: str, task_id: str) -> None:
        """The newest result for a key counts."""
        c.execute(cache.delete().where(cache.c.owner == owner, cache.c.key == key))
        row = {"owner": owner, "key": key, "task_id": task_id, "created_at": datetime.now(UTC)}
        c.execute(insert(cache), [row])
