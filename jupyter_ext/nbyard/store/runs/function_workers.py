"""Assignments of attempts to function workers, as columns of the attempts."""

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, select, update

from nbyard.domain.state_machines import RUN
from nbyard.store.database.compiled_statements import Prepared
from nbyard.store.runs.attempts import AttemptRecord
from nbyard.store.schema.tables import attempts, runs, tasks

ASSIGN = Prepared(
    update(attempts)
    .where(attempts.c.id == bindparam("its_id"))
    .values({"worker": bindparam("worker"), "mark": bindparam("mark")})
)
NAMED = select(attempts.c.worker, attempts.c.mark).where(attempts.c.worker != "").distinct()


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
        """Return the marks of all workers that have attempts, by worker ID."""
        return {row.worker: row.mark for row in c.execute(NAMED)}

    def of_run(self, c: Connection, run_id: str) -> dict[str, str]:
        """Return the marks of the worker processes of a run, by worker ID."""
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
