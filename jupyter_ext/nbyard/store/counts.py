"""Counts of rows, of all owners."""

from datetime import UTC, datetime

from sqlalchemy import Column, Connection, Float, func, select, type_coerce

from nbyard.domain.counts import AttemptSum, Counts
from nbyard.domain.states import RUN, TASK, Machine
from nbyard.store.tables import attempts, runs, tasks


class CountRows:
    """One answer for all."""

    def all(self, c: Connection) -> Counts:
        """Each state is there, also where nothing is in it."""
        cached = select(func.count()).where(tasks.c.state == "succeeded", tasks.c.cached)
        return Counts(
            runs=_by_state(c, runs.c.state, RUN),
            tasks=_by_state(c, tasks.c.state, TASK),
            cached_tasks=c.execute(cached).scalar_one(),
            oldest_queued_seconds=_oldest_queued(c),
            attempts=_attempts(c),
        )


def _by_state(c: Connection, state: Column[str], machine: Machine) -> dict[str, int]:
    found = c.execute(select(state, func.count()).group_by(state)).all()
    return {**dict.fromkeys(machine.moves, 0), **{name: count for name, count in found}}


def _oldest_queued(c: Connection) -> float:
    query = select(func.min(tasks.c.queued_at)).where(tasks.c.state == "queued")
    oldest = c.execute(query).scalar()
    return max(0.0, (datetime.now(UTC) - oldest).total_seconds()) if oldest else 0.0


def _attempts(c: Connection) -> list[AttemptSum]:
    took = type_coerce(attempts.c.finished_at, Float) - type_coerce(attempts.c.started_at, Float)
    of = (attempts.c.runtime, attempts.c.state)
    query = select(*of, func.count(), func.coalesce(func.sum(took), 0.0)).group_by(*of)
    return [AttemptSum(*row) for row in c.execute(query.order_by(*of))]
