"""Counts of runs, tasks and attempts, and sums of their usage, over all owners."""

import time
from datetime import UTC, datetime

from sqlalchemy import Column, ColumnElement, Connection, Float, func, select, type_coerce

from nbyard.domain.counts import AttemptSum, Counts, UsageSum
from nbyard.domain.state_machines import ATTEMPT, RUN, TASK, Machine
from nbyard.store.schema.tables import HISTORY, attempts, executable_versions, runs, tasks

# Moments are stored as seconds, which the database can subtract.
TOOK = type_coerce(attempts.c.finished_at, Float) - type_coerce(attempts.c.started_at, Float)
# Pause this many seconds for each second that the query took.
PAUSE_SHARE = 20
GPUS = func.json_array_length(attempts.c.gpus)


class CountRows:
    """Queries for counts.

    Usage is summed over all attempts. On a large store that is slow, so the sum is kept for a
    while.
    """

    def __init__(self) -> None:
        self._used: list[UsageSum] = []
        self._known_until = 0.0

    def all(self, c: Connection) -> Counts:
        """Return all counts; states without rows count 0."""
        cached = select(func.count()).where(tasks.c.state == "succeeded", tasks.c.cached)
        queued = select(func.min(tasks.c.queued_at)).where(tasks.c.state == "queued")
        oldest = c.execute(queued).scalar()
        waited = (datetime.now(UTC) - oldest).total_seconds() if oldest else 0.0
        of = (attempts.c.runtime, attempts.c.state)
        sums = select(*of, func.count(), _sum(TOOK)).group_by(*of).order_by(*of)
        live = attempts.c.state.in_(ATTEMPT.live)
        granted = select(func.coalesce(func.sum(GPUS), 0)).where(live)
        begun = time.monotonic()
        if begun >= self._known_until:
            self._used = _usage_sums(c)
            now = time.monotonic()
            self._known_until = now + PAUSE_SHARE * (now - begun)
        return Counts(
            runs=_by_state(c, runs.c.state, RUN, HISTORY),
            tasks=_by_state(c, tasks.c.state, TASK),
            cached_tasks=c.execute(cached).scalar_one(),
            oldest_queued_seconds=max(0.0, waited),
            attempts=[AttemptSum(*row) for row in c.execute(sums)],
            used=self._used,
            granted_gpus=int(c.execute(granted).scalar_one()),
        )


def _by_state(
    c: Connection, state: Column[str], machine: Machine, *where: ColumnElement[bool]
) -> dict[str, int]:
    counts = c.execute(select(state, func.count()).where(*where).group_by(state)).all()
    return {**dict.fromkeys(machine.moves, 0), **{name: count for name, count in counts}}


def _usage_sums(c: Connection) -> list[UsageSum]:
    """Return the usage by owner, kind and runtime; all versions of an executable share a kind."""
    version = executable_versions.c
    kinds = select(version.executable_id, func.min(version.kind).label("kind"))
    kind = kinds.group_by(version.executable_id).subquery().c
    of = (runs.c.owner, func.coalesce(kind.kind, ""), attempts.c.runtime)
    memory = attempts.c.usage["max_rss_bytes"].as_float()
    sums = (
        _sum(attempts.c.usage["cpu_seconds"].as_float()),
        func.coalesce(func.max(memory), 0.0),
        _sum(TOOK * GPUS),
    )
    query = (
        select(*of, *sums)
        .join_from(attempts, tasks, tasks.c.id == attempts.c.task_id)
        .join(runs, runs.c.id == tasks.c.run_id)
        .outerjoin(kind.executable_id.table, kind.executable_id == tasks.c.executable_id)
        .where(attempts.c.state.in_(ATTEMPT.terminal))
        .group_by(*of)
    )
    return [UsageSum(*row) for row in c.execute(query.order_by(*of))]


def _sum(of: ColumnElement[float]) -> ColumnElement[float]:
    return func.coalesce(func.sum(of), 0.0)
