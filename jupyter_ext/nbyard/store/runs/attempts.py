"""Rows of attempts, with their function workers and the access to their Monitor links."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, bindparam, func, select, update

from nbyard.domain.runs.structs import Attempt
from nbyard.domain.state_machines import ATTEMPT, RUN, TASK
from nbyard.store.database.query_parts import Prepared
from nbyard.store.events import Move, Subject
from nbyard.store.named_rows import columns_of
from nbyard.store.schema.tables import HISTORY, attempts, runs, tasks
from nbyard.store.transition import Begun
from nbyard.store.visibility import is_own, may_see

RECORDED = ("id", "task_id", "number", "runtime", "site", "token", "mark", "gpus", "worker")
WITHOUT_RESULT = sorted(ATTEMPT.terminal - {"succeeded"})
STATE = select(attempts.c.state).where(attempts.c.id == bindparam("its_id"))
TRIES = (
    select(
        attempts.c.task_id,
        func.max(attempts.c.number),
        func.count().filter(attempts.c.state == "lost"),
        # prefer the clock of this machine if both times exist
        func.max(func.coalesce(attempts.c.published_at, attempts.c.finished_at)),
    )
    .join(tasks, tasks.c.id == attempts.c.task_id)
    .where(tasks.c.run_id == bindparam("of"))
    .group_by(attempts.c.task_id)
)
ASSIGN = Prepared(
    update(attempts)
    .where(attempts.c.id == bindparam("its_id"))
    .values({"worker": bindparam("worker"), "mark": bindparam("mark")})
)
NAMED = select(attempts.c.worker, attempts.c.mark).where(attempts.c.worker != "").distinct()


class AttemptRecord(msgspec.Struct, frozen=True):
    """An attempt with its secrets, for the dispatcher.

    `worker` is the function worker that executes the attempt and shares its `mark`. It is empty if
    the attempt has its own process.
    """

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
        """Return the subject of the attempt's events."""
        return Subject(self.id, self.owner, self.run_id)


class Newest(NamedTuple):
    """The newest attempt at a live task; `worker` as in `AttemptRecord`."""

    run_id: str
    node: str
    attempt_id: str
    number: int
    worker: str


class AttemptRows:
    """Queries on attempts."""

    def insertions(self, made: Sequence[AttemptRecord]) -> Begun:
        """Return the insertion of new attempts, to be written in a batch."""
        now = datetime.now(UTC)
        rows = [
            {
                **{name: getattr(attempt, name) for name in RECORDED},
                "reason": None,
                "usage": {},
                "created_at": now,
            }
            for attempt in made
        ]
        return Begun(ATTEMPT, [attempt.subject for attempt in made], rows)

    def step(self, attempt: AttemptRecord, to: str, columns: Mapping[str, Any]) -> Move:
        """Return the move of the attempt to its next state, to be written in a batch."""
        event_data = {"task_id": attempt.task_id}
        return Move(ATTEMPT, attempt.subject, attempt.state, to, columns, event_data)

    def tries(self, c: Connection, run_id: str) -> dict[str, tuple[int, int, datetime | None]]:
        """Return by task ID: the number of attempts, of lost ones, and when the last one ended."""
        return {
            name: (number, lost, at) for name, number, lost, at in c.execute(TRIES, {"of": run_id})
        }

    def get(self, c: Connection, attempt_id: str) -> AttemptRecord | None:
        """Return an attempt of any owner, or None."""
        row = c.execute(_records().where(attempts.c.id == attempt_id)).first()
        return _attempt_record(row) if row else None

    def run_of(self, c: Connection, owner: str, attempt_id: str) -> str:
        """Return the ID of the run that an attempt belongs to; empty without such an attempt."""
        query = _records().with_only_columns(tasks.c.run_id)
        query = query.where(attempts.c.id == attempt_id, is_own(owner, runs.c.owner))
        return str(c.execute(query).scalar() or "")

    def state(self, c: Connection, attempt_id: str) -> str | None:
        """Return the state of an attempt, or None."""
        return c.execute(STATE, {"its_id": attempt_id}).scalar_one_or_none()

    def live(self, c: Connection, run_id: str = "") -> list[AttemptRecord]:
        """Return the live attempts of all runs, or of one."""
        query = _records().where(attempts.c.state.in_(sorted(ATTEMPT.live)))
        if run_id:
            query = query.where(tasks.c.run_id == run_id)
        return [_attempt_record(row) for row in c.execute(query.order_by(attempts.c.id))]

    def ids(self, c: Connection) -> set[str]:
        """Return the IDs of all attempts."""
        return set(c.execute(select(attempts.c.id)).scalars())

    def earlier_ids(self, c: Connection, attempt: AttemptRecord) -> list[str]:
        """Return the IDs of earlier attempts at the same task."""
        same = attempts.c.task_id == attempt.task_id
        query = select(attempts.c.id).where(same, attempts.c.number < attempt.number)
        return list(c.execute(query).scalars())

    def without_result(
        self, c: Connection, names: Collection[str], owner: str, key: str
    ) -> set[str]:
        """Return those IDs whose attempt had no result and the same owner and cache key."""
        query = (
            select(attempts.c.id)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(attempts.c.id.in_(names), attempts.c.state.in_(WITHOUT_RESULT))
            .where(is_own(owner, runs.c.owner), tasks.c.cache_key == key)
        )
        return set(c.execute(query).scalars())

    def may_continue(self, c: Connection, names: Collection[str], since: datetime) -> set[str]:
        """Return those IDs whose task is live, or ended without a result after `since`."""
        is_late = tasks.c.state.in_(("failed", "cancelled")) & (tasks.c.finished_at > since)
        query = (
            select(attempts.c.id)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .where(attempts.c.id.in_(names), tasks.c.state.in_(sorted(TASK.live)) | is_late)
        )
        return set(c.execute(query).scalars())

    def newest_active(self, c: Connection, owner: str, run_ids: Collection[str]) -> list[Newest]:
        """Return the newest attempt at each active task of those runs that a user may see."""
        query = (
            select(
                tasks.c.run_id, tasks.c.node, attempts.c.id, attempts.c.number, attempts.c.worker
            )
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(runs.c.id.in_(run_ids), may_see(owner, runs.c.owner))
            .where(tasks.c.state.in_(("preparing", "running")))
            .order_by(attempts.c.number)
        )
        # Ordered by number: later attempts replace earlier ones.
        newest_by_node = {(row.run_id, row.node): Newest(*row) for row in c.execute(query)}
        return list(newest_by_node.values())

    def origin_attempts(self, c: Connection, owner: str, task_id: str) -> list[Attempt]:
        """Return the attempts at the task whose result a cached task reused."""
        taker = tasks.alias()
        origin = (
            select(tasks.c.id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .join(taker, taker.c.cache_key == tasks.c.cache_key)
            .where(taker.c.id == task_id, *_origin_conditions(taker, owner, c))
            .order_by(is_own(owner, runs.c.owner).desc(), tasks.c.finished_at.desc())
            .limit(1)
        )
        query = select(attempts).where(attempts.c.task_id == origin.scalar_subquery())
        return [attempt_of_row(row) for row in c.execute(query.order_by(attempts.c.number))]

    def newest_origin_attempts(
        self, c: Connection, owner: str, task_ids: Collection[str]
    ) -> dict[str, Attempt]:
        """Return the newest of `origin_attempts` for each cached task.

        The keys are the IDs of the cached tasks.
        """
        if not task_ids:
            return {}
        taker = tasks.alias()
        origins = (
            taker.join(tasks, tasks.c.cache_key == taker.c.cache_key)
            .join(runs, runs.c.id == tasks.c.run_id)
            .join(attempts, attempts.c.task_id == tasks.c.id)
        )
        own = is_own(owner, runs.c.owner)
        order = (own.desc(), tasks.c.finished_at.desc(), attempts.c.number.desc())
        rank = func.row_number().over(partition_by=taker.c.id, order_by=order).label("rank")
        ranked = (
            select(taker.c.id.label("taker"), attempts.c.id, rank)
            .select_from(origins)
            .where(taker.c.id.in_(task_ids), *_origin_conditions(taker, owner, c))
            .subquery()
        )
        # Forced runs repeat a key many times, so only the newest attempts are read.
        query = (
            select(ranked.c.taker, *attempts.c)
            .join(ranked, ranked.c.id == attempts.c.id)
            .where(ranked.c.rank == 1)
        )
        return {row.taker: attempt_of_row(row) for row in c.execute(query)}

    def views(self, c: Connection, run_id: str, of: Collection[str] | None = None) -> list[Attempt]:
        """Return the attempts of the run, or of some of its tasks, by number."""
        query = (
            select(attempts)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .where(tasks.c.run_id == run_id)
        )
        if of is not None:
            query = query.where(tasks.c.id.in_(of))
        return [attempt_of_row(row) for row in c.execute(query.order_by(attempts.c.number))]

    def of_task(self, c: Connection, task_id: str) -> list[Attempt]:
        """Return the attempts at a task, by number."""
        query = select(attempts).where(attempts.c.task_id == task_id)
        return [attempt_of_row(row) for row in c.execute(query.order_by(attempts.c.number))]

    def newest_of(self, c: Connection, task_ids: Collection[str]) -> dict[str, Attempt]:
        """Return the newest attempt at each of these tasks, by task ID."""
        query = select(attempts).where(attempts.c.task_id.in_(task_ids))
        rows = c.execute(query.order_by(attempts.c.number))
        # Ordered by number: later attempts replace earlier ones.
        return {row.task_id: attempt_of_row(row) for row in rows}


def _origin_conditions(taker: Any, owner: str, c: Connection) -> Iterator[Any]:
    """Yield the conditions of tasks whose results the cached task `taker` may have reused.

    The caller joins both by their cache key. Those of colleagues count as far as `owner` sees them.
    """
    yield tasks.c.cache_key != ""  # a pinned task has no key
    yield may_see(owner, runs.c.owner, c)
    yield HISTORY
    yield tasks.c.state == "succeeded"
    yield tasks.c.cached.is_(False)
    yield tasks.c.finished_at <= taker.c.finished_at


def _records() -> Any:
    return (
        select(attempts, tasks.c.run_id, runs.c.owner)
        .join(tasks, tasks.c.id == attempts.c.task_id)
        .join(runs, runs.c.id == tasks.c.run_id)
    )


def _attempt_record(row: Row[Any]) -> AttemptRecord:
    return AttemptRecord(**{n: getattr(row, n) for n in AttemptRecord.__struct_fields__})


def attempt_of_row(row: Row[Any]) -> Attempt:
    return Attempt(**columns_of(row, Attempt))


class WorkerRows:
    """Queries on function workers."""

    def assign_all(self, c: Connection, moved: Iterable[AttemptRecord]) -> None:
        """Reassign attempts that have not begun to other workers."""
        rows = [
            {"its_id": attempt.id, "worker": attempt.worker, "mark": attempt.mark}
            for attempt in moved
        ]
        if rows:
            ASSIGN.run(c, rows)

    def marks(self, c: Connection) -> dict[str, str]:
        """Return the marks of workers with attempts, by worker ID."""
        return {row.worker: row.mark for row in c.execute(NAMED)}

    def of_run(self, c: Connection, run_id: str) -> dict[str, str]:
        """Return the marks of the workers of a run, by worker ID."""
        query = NAMED.join(tasks, tasks.c.id == attempts.c.task_id)
        query = query.where(tasks.c.run_id == run_id)
        return {row.worker: row.mark for row in c.execute(query)}

    def live(self, c: Connection) -> set[str]:
        """Return the IDs of workers that may still get attempts, because their run is live."""
        query = (
            NAMED.join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(runs.c.state.in_(sorted(RUN.live)))
        )
        return set(c.execute(query).scalars())


class MonitorRows:
    """Queries for Monitor links. The links have no rows: they disappear with the attempt."""

    def is_running(self, c: Connection, owner: str, attempt_id: str) -> bool:
        """Return whether the owner has a running attempt with that ID."""
        query = (
            select(attempts.c.id)
            .join(tasks, tasks.c.id == attempts.c.task_id)
            .join(runs, runs.c.id == tasks.c.run_id)
            .where(attempts.c.id == attempt_id, attempts.c.state == "running")
            .where(is_own(owner, runs.c.owner))
        )
        return c.execute(query).first() is not None
