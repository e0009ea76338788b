"""Rows of tasks and of the attempts at them."""

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, Text, cast, func, select, update

from nbyard.domain.attempts import Failure
from nbyard.domain.digest import KeyParts
from nbyard.domain.runs import Attempt, Run, Task, TaskPlan, ValueOf
from nbyard.domain.states import ATTEMPT, TASK, TaskState
from nbyard.store import transition
from nbyard.store.events import Subject
from nbyard.store.tables import attempts, runs, tasks

DIGEST = re.compile(r"(?:sha256|tree):[0-9a-f]{64}")


TURN = (runs.c.priority.desc(), tasks.c.queued_at, tasks.c.id)


class TaskRecord(msgspec.Struct, frozen=True):
    """A task with its plan, as the dispatcher needs it."""

    id: str
    run_id: str
    owner: str
    node: str
    state: TaskState
    cached: bool
    plan: TaskPlan
    cache_key: str
    reason: str
    queued_at: datetime | None

    @property
    def subject(self) -> Subject:
        return Subject(self.id, self.owner, self.run_id)


class AttemptRecord(msgspec.Struct, frozen=True):
    """An attempt with its secrets, as the dispatcher needs it."""

    id: str
    task_id: str
    run_id: str
    owner: str
    number: int
    state: str
    runtime: str
    site: str
    token: str
    mark: str
    gpus: list[str] = []

    @property
    def subject(self) -> Subject:
        return Subject(self.id, self.owner, self.run_id)


class TaskRows:
    """Queries on tasks."""

    def digests(self, c: Connection) -> Iterable[str]:
        """All that plans name, and what only looks like it."""
        for plan in c.execute(select(cast(tasks.c.plan, Text))).scalars():
            yield from DIGEST.findall(plan)

    def insert(self, c: Connection, run: Run, rows: list[dict[str, Any]]) -> None:
        """New tasks, waiting, in the order of the graph."""
        for row in rows:
            transition.begin(c, TASK, Subject(row["id"], run.owner, run.id), row)

    def move(self, c: Connection, task: TaskRecord, to: str, **columns: Any) -> bool:
        told = {k: columns[k] for k in ("reason", "cached") if k in columns} | {"node": task.node}
        return transition.move(c, TASK, task.subject, to, told=told, **columns)

    def note(self, c: Connection, task: TaskRecord, reason: str) -> None:
        """Why it is still queued; no event, readers poll the run."""
        c.execute(update(tasks).where(tasks.c.id == task.id).values(reason=reason))

    def of_run(self, c: Connection, run_id: str) -> list[TaskRecord]:
        query = (
            select(tasks, runs.c.owner)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(tasks.c.run_id == run_id)
            .order_by(tasks.c.place)
        )
        return [_record(row) for row in c.execute(query)]

    def states(self, c: Connection, run_id: str) -> dict[str, tuple[str, TaskState]]:
        """Id and state of each task of the run, by node, in the order of the graph; plans are
        not read for it."""
        query = select(tasks.c.node, tasks.c.id, tasks.c.state).where(tasks.c.run_id == run_id)
        rows = c.execute(query.order_by(tasks.c.place))
        return {row.node: (row.id, row.state) for row in rows}

    def get(self, c: Connection, task_id: str) -> TaskRecord | None:
        query = (
            select(tasks, runs.c.owner)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(tasks.c.id == task_id)
        )
        row = c.execute(query).first()
        return _record(row) if row else None

    def queued(self, c: Connection, limit: int) -> dict[str, datetime]:
        """The queue: ids, and when each was or will be queued. Runs of higher priority come
        first, else who was there first."""
        query = (
            select(tasks.c.id, tasks.c.queued_at)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(tasks.c.state == "queued")
            .order_by(*TURN)
            .limit(limit)
        )
        return {row.id: row.queued_at for row in c.execute(query)}

    def places(self, c: Connection, run_id: str) -> dict[str, int]:
        """The places in the queue of the run's queued tasks, counted from 1."""
        rank = func.row_number().over(order_by=TURN).label("place")
        queued = select(tasks.c.id, tasks.c.run_id, rank).join(runs, runs.c.id == tasks.c.run_id)
        queue = queued.where(tasks.c.state == "queued").subquery()
        query = select(queue.c.id, queue.c.place).where(queue.c.run_id == run_id)
        return {row.id: row.place for row in c.execute(query)}

    def last_parts(self, c: Connection, owner: str, task: TaskRecord) -> KeyParts | None:
        """What the newest earlier success of this node of this workflow depended on."""
        run = select(runs.c.workflow_id).where(runs.c.id == task.run_id).scalar_subquery()
        query = (
            select(tasks.c.parts)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(
                runs.c.owner == owner,
                runs.c.workflow_id == run,
                tasks.c.node == task.node,
                tasks.c.executable_id == task.plan.executable_id,
                tasks.c.state == "succeeded",
                tasks.c.id != task.id,
            )
            .order_by(tasks.c.id.desc())
            .limit(1)
        )
        found = c.execute(query).scalar_one_or_none()
        return msgspec.convert(found, KeyParts) if found else None

    def views(self, c: Connection, run_id: str) -> list[Task]:
        """Tasks for people, in the order of the graph, without attempts and artifacts."""
        query = select(tasks).where(tasks.c.run_id == run_id).order_by(tasks.c.place)
        return [_view(row) for row in c.execute(query)]

    def view(self, c: Connection, run_id: str, node: str) -> Task | None:
        """One task for people, without attempts and artifacts."""
        query = select(tasks).where(tasks.c.run_id == run_id, tasks.c.node == node)
        row = c.execute(query).first()
        return _view(row) if row else None

    def active_executables(self, c: Connection, executable_id: str) -> list[str]:
        """Ids of live runs that use the executable."""
        query = (
            select(tasks.c.run_id)
            .where(tasks.c.executable_id == executable_id, tasks.c.state.in_(sorted(TASK.live)))
            .distinct()
        )
        return list(c.execute(query).scalars())


def _record(row: Row[Any]) -> TaskRecord:
    return TaskRecord(
        id=row.id,
        run_id=row.run_id,
        owner=row.owner,
        node=row.node,
        state=row.state,
        cached=row.cached,
        plan=msgspec.convert(row.plan, TaskPlan),
        cache_key=row.cache_key,
        reason=row.reason,
        queued_at=row.queued_at,
    )


def _view(row: Row[Any]) -> Task:
    plan = msgspec.convert(row.plan, TaskPlan)
    return Task(
        id=row.id,
        run_id=row.run_id,
        node=row.node,
        label=plan.label,
        state=row.state,
        cached=row.cached,
        reason=row.reason,
        runtime=plan.runtime,
        created_at=row.created_at,
        failure=msgspec.convert(row.failure, Failure) if row.failure else None,
        queued_at=row.queued_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        needs=sorted(plan.needs()),
        arguments={k: b.value for k, b in plan.bindings.items() if isinstance(b, ValueOf)},
        executable_id=plan.executable_id,
        executable_version_id=plan.executable_version_id,
    )


class AttemptRows:
    """Queries on attempts."""

    def record(self, c: Connection, task: TaskRecord, row: dict[str, Any]) -> int:
        """A new attempt at the task; its number."""
        last = c.execute(
            select(func.max(attempts.c.number)).where(attempts.c.task_id == task.id)
        ).scalar()
        number = int(last or 0) + 1
        full = {
            "task_id": task.id,
            "number": number,
            "site": "",
            "reason": "",
            "usage": {},
            "created_at": datetime.now(UTC),
            **row,
        }
        transition.begin(c, ATTEMPT, Subject(row["id"], task.owner, task.run_id), full)
        return number

    def move(self, c: Connection, attempt: AttemptRecord, to: str, **columns: Any) -> bool:
        told = {"task_id": attempt.task_id}
        return transition.move(c, ATTEMPT, attempt.subject, to, told=told, **columns)

    def get(self, c: Connection, attempt_id: str) -> AttemptRecord | None:
        row = c.execute(_records().where(attempts.c.id == attempt_id)).first()
        return _attempt_record(row) if row else None

    def live(self, c: Connection) -> list[AttemptRecord]:
        query = _records().where(attempts.c.state.in_(sorted(ATTEMPT.live)))
        return [_attempt_record(row) for row in c.execute(query.order_by(attempts.c.id))]

    def ids(self, c: Connection) -> set[str]:
        """Of all attempts that are known."""
        return set(c.execute(select(attempts.c.id)).scalars())

    def newest(self, c: Connection, run_id: str) -> list[tuple[str, str, int]]:
        """Node, id and number of the newest attempt at each task of the run that is under way."""
        query = (
            select(tasks.c.node, attempts.c.id, attempts.c.number)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .where(tasks.c.run_id == run_id, tasks.c.state.in_(("preparing", "running")))
            .order_by(attempts.c.number)
        )
        found = {row.node: (row.node, row.id, row.number) for row in c.execute(query)}
        return list(found.values())

    def behind_cache(self, c: Connection, owner: str, task_id: str) -> list[Attempt]:
        """The attempts at the task whose result a cached one took."""
        taker = tasks.alias()
        origin = (
            select(tasks.c.id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .join(taker, taker.c.cache_key == tasks.c.cache_key)
            .where(
                taker.c.id == task_id,
                runs.c.owner == owner,
                tasks.c.state == "succeeded",
                tasks.c.cached.is_(False),
                tasks.c.finished_at <= taker.c.finished_at,
            )
            .order_by(tasks.c.finished_at.desc())
            .limit(1)
        )
        query = select(attempts).where(attempts.c.task_id == origin.scalar_subquery())
        return [_attempt(row) for row in c.execute(query.order_by(attempts.c.number))]

    def views(self, c: Connection, run_id: str) -> list[Attempt]:
        query = (
            select(attempts)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .where(tasks.c.run_id == run_id)
            .order_by(attempts.c.number)
        )
        return [_attempt(row) for row in c.execute(query)]

    def of_task(self, c: Connection, task_id: str) -> list[Attempt]:
        query = select(attempts).where(attempts.c.task_id == task_id)
        return [_attempt(row) for row in c.execute(query.order_by(attempts.c.number))]


def _records() -> Any:
    return (
        select(attempts, tasks.c.run_id, runs.c.owner)
        .join(tasks, tasks.c.id == attempts.c.task_id)
        .join(runs, runs.c.id == tasks.c.run_id)
    )


def _attempt_record(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(**{n: getattr(row, n) for n in AttemptRecord.__struct_fields__})


def _attempt(row: Row[Any]) -> Attempt:
    names = [name for name in Attempt.__struct_fields__ if name != "folder"]
    return Attempt(**{name: getattr(row, name) for name in names})
