"""Rows of the attempts at tasks."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, select

from nbyard.domain.runs.structs import Attempt
from nbyard.domain.states import ATTEMPT, TASK
from nbyard.store.events import Subject
from nbyard.store.schema.tables import attempts, runs, tasks
from nbyard.store.transition import Begun, Move

RECORDED = ("id", "task_id", "number", "runtime", "site", "token", "mark", "gpus", "worker")
WITHOUT_RESULT = sorted(ATTEMPT.terminal - {"succeeded"})
STATE = select(attempts.c.state).where(attempts.c.id == bindparam("its_id"))
TRIES = (
    select(
        attempts.c.task_id,
        func.max(attempts.c.number),
        func.count().filter(attempts.c.state == "lost"),
        # by our own clock where both are there
        func.max(func.coalesce(attempts.c.published_at, attempts.c.finished_at)),
    )
    .join(tasks, tasks.c.id == attempts.c.task_id)
    .where(tasks.c.run_id == bindparam("of"))
    .group_by(attempts.c.task_id)
)


class AttemptRecord(msgspec.Struct, frozen=True):
    """An attempt with its secrets, as the dispatcher needs it. `worker` is the worker of functions
    that it was given to, whose `mark` it has; empty where it has a process of its own."""

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
    worker: str = ""

    @property
    def subject(self) -> Subject:
        return Subject(self.id, self.owner, self.run_id)


class Newest(NamedTuple):
    """The newest attempt at a task that is under way, by its node; `worker` as in AttemptRecord."""

    run_id: str
    node: str
    attempt_id: str
    number: int
    worker: str


class AttemptRows:
    """Queries on attempts."""

    def begun(self, made: Sequence[AttemptRecord]) -> Begun:
        """New attempts; to be written with others."""
        now = datetime.now(UTC)
        rows = [
            {
                **{name: getattr(attempt, name) for name in RECORDED},
                "reason": "",
                "usage": {},
                "created_at": now,
            }
            for attempt in made
        ]
        return Begun(ATTEMPT, [attempt.subject for attempt in made], rows)

    def step(self, attempt: AttemptRecord, to: str, columns: Mapping[str, Any]) -> Move:
        """From where the attempt is to its next state; to be written with others."""
        told = {"task_id": attempt.task_id}
        return Move(ATTEMPT, attempt.subject, attempt.state, to, columns, told)

    def tries(self, c: Connection, run_id: str) -> dict[str, tuple[int, int, datetime | None]]:
        """How many attempts there were at each task of the run, how many of them were lost, and
        when the last that has ended came to its end."""
        return {
            name: (number, lost, at) for name, number, lost, at in c.execute(TRIES, {"of": run_id})
        }

    def get(self, c: Connection, attempt_id: str) -> AttemptRecord | None:
        row = c.execute(_records().where(attempts.c.id == attempt_id)).first()
        return _attempt_record(row) if row else None

    def state(self, c: Connection, attempt_id: str) -> str | None:
        return c.execute(STATE, {"its_id": attempt_id}).scalar_one_or_none()

    def live(self, c: Connection, run_id: str = "") -> list[AttemptRecord]:
        """Of all runs, or of one."""
        query = _records().where(attempts.c.state.in_(sorted(ATTEMPT.live)))
        if run_id:
            query = query.where(tasks.c.run_id == run_id)
        return [_attempt_record(row) for row in c.execute(query.order_by(attempts.c.id))]

    def ids(self, c: Connection) -> set[str]:
        """Of all attempts that are known."""
        return set(c.execute(select(attempts.c.id)).scalars())

    def before(self, c: Connection, attempt: AttemptRecord) -> list[str]:
        """The ids of those that were at the same task, all of them over."""
        same = attempts.c.task_id == attempt.task_id
        query = select(attempts.c.id).where(same, attempts.c.number < attempt.number)
        return list(c.execute(query).scalars())

    def alike(self, c: Connection, names: Collection[str], owner: str, key: str) -> set[str]:
        """Those of them that came to no result at what has this key, for the same owner."""
        query = (
            select(attempts.c.id)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(attempts.c.id.in_(names), attempts.c.state.in_(WITHOUT_RESULT))
            .where(runs.c.owner == owner, tasks.c.cache_key == key)
        )
        return set(c.execute(query).scalars())

    def may_go_on(self, c: Connection, names: Collection[str], since: datetime) -> set[str]:
        """Those of them whose task is under way, or ended without a result after that."""
        is_late = tasks.c.state.in_(("failed", "cancelled")) & (tasks.c.finished_at > since)
        query = (
            select(attempts.c.id)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .where(attempts.c.id.in_(names), tasks.c.state.in_(sorted(TASK.live)) | is_late)
        )
        return set(c.execute(query).scalars())

    def newest(self, c: Connection, owner: str, run_ids: Collection[str]) -> list[Newest]:
        """At each task of the owner's own among these runs that is under way."""
        query = (
            select(
                tasks.c.run_id, tasks.c.node, attempts.c.id, attempts.c.number, attempts.c.worker
            )
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(runs.c.id.in_(run_ids), runs.c.owner == owner)
            .where(tasks.c.state.in_(("preparing", "running")))
            .order_by(attempts.c.number)
        )
        found = {(row.run_id, row.node): Newest(*row) for row in c.execute(query)}
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

    def views(self, c: Connection, run_id: str, of: Collection[str] | None = None) -> list[Attempt]:
        """All attempts of the run, or those at some of its tasks, the first ones first."""
        query = (
            select(attempts)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .where(tasks.c.run_id == run_id)
        )
        if of is not None:
            query = query.where(tasks.c.id.in_(of))
        return [_attempt(row) for row in c.execute(query.order_by(attempts.c.number))]

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
    names = [name for name in Attempt.__struct_fields__ if name not in ("folder", "links")]
    return Attempt(**{name: getattr(row, name) for name in names})
